"""Thresholds: an output, a norm and a slope, at least of a YES-instance and at most of a NO-instance.

e = e^{−a} is the exponential of the least distance there can be, r = e^{−D} of the least in a NO-instance;
x and y are Σ_j e^{−u_j} and Σ_j u_j e^{−u_j} of a row.  In a NO-instance x = N r s and y = N D r t with s, t
≤ 1, as u e^{−u} falls from u = 1 on; that is how the hypotheses are built into the inputs.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Interval, Kind, Positive, all_of, at_most
from reductions.claims.embeddings import SOURCE

entrywise = Claim(
    "red:entrywise",
    kind=Kind.DERIVED,
    title="Thresholds of one output",
    source=SOURCE,
    quote="o ≥ e/(e + N) where x = e + rest, rest ≥ 0; o ≤ r/(r + 1) where x ≤ N r.",
    formula=r"\frac{e}{e+N} \le o,\qquad o \le \frac{r}{r+1}\ \text{ for } x \le N r",
    # e and r are exponentials, positive; x = e + rest, and in a NO-instance x = N r t with t ≤ 1.
    given={"e": Positive(), "rest": Positive(), "r": Positive(), "t": Interval(0, 1), "v": Positive("N")},
)


@entrywise.printed
def _(xp: Any, e: Any, rest: Any, r: Any, t: Any, v: Any, N: Any) -> Any:
    x, low = e + rest, N * r * t
    return all_of(
        at_most(e / (e + N), x / (x + N), gap=N * rest / ((e + N) * (x + N))),
        at_most(low / (low + N), r / (r + 1), gap=N * r * (1 - t) / ((low + N) * (r + 1))),
    )


rising = Claim(
    "red:rising",
    kind=Kind.DERIVED,
    title="The slope of a row rises with x",
    source=SOURCE,
    quote="x/(x + N)³ rises up to x = N/2: e (x + N)³ ≤ x (e + N)³ for 0 ≤ e ≤ x ≤ N/2.",
    formula=r"e\,(x+N)^3 \le x\,(e+N)^3,\quad 0 \le e \le x \le N/2",
    # x = s N/2 and e = t x, one for each of the N rows.
    given={"s": Interval(0, 1, "N"), "t": Interval(0, 1, "N")},
)


@rising.printed
def _(xp: Any, s: Any, t: Any, N: Any) -> Any:
    x, e = s * N / 2, t * s * N / 2
    # N³ − 3N xe − xe(x + e), over N³.
    room = 3 * (1 - s * s * t) / 4 + (1 - s * s * s * t) / 8 + (1 - s * s * s * t * t) / 8
    return at_most(e * (x + N) ** 3, x * (e + N) ** 3, gap=s * N * (1 - t) / 2 * N**3 * room)


norm = Claim(
    "red:norm",
    kind=Kind.DERIVED,
    title="Thresholds of the squared norm",
    source=SOURCE,
    quote="f(1) = Σ o² over 2N rows. YES: a row, which occurs twice, has o ≥ e/(e + N), so f(1) ≥ "
    "2 (e/(e + N))². NO: f(1) ≤ 2N (r/(1 + r))², at most ½/(N + 1)² where r ≤ 1/(2√N (N + 1)).",
    formula=r"f_{\mathrm{YES}} \ge \frac{2 e^2}{(e+N)^2},\qquad "
    r"f_{\mathrm{NO}} \le \frac{2N r^2}{(1+r)^2} \le \frac{1}{2(N+1)^2}",
    # Rows of a NO-instance have o = s r/(1 + r); W = 2√N (N + 1), so that 2N/W² = ½/(N + 1)², and r = t/W.
    given={
        "e": Positive(),
        "rest": Positive(),
        "others": Positive("N"),
        "r": Positive(),
        "s": Interval(0, 1, "N"),
        "W": Positive(),
        "t": Interval(0, 1),
    },
    uses=("red:entrywise",),
)


@norm.printed
def _(xp: Any, e: Any, rest: Any, others: Any, r: Any, s: Any, W: Any, t: Any, N: Any) -> Any:
    reached, x = e / (e + N), e + rest
    o = x / (x + N)
    more = N * rest / ((e + N) * (x + N))
    # Of a NO-instance the largest row.
    most = r / (1 + r)
    return all_of(
        at_most(
            2 * reached**2,
            2 * (o * o + xp.inner(others, others)),
            gap=2 * more * (more + 2 * reached) + 2 * xp.inner(others, others),
        ),
        at_most(
            2 * xp.inner(s * most, s * most),
            2 * N * most**2,
            gap=2 * most * most * xp.sum(1 - s * s),
        ),
        # 2N (r/(1 + r))² ≤ 2N/W², multiplied by (W + t)² W²/(2N).
        at_most(W**2 * t**2, (W + t) ** 2, gap=W * W * (1 - t * t) + 2 * W * t + t * t),
    )


slope_no = Claim(
    "red:slope.no",
    kind=Kind.DERIVED,
    title="The slope of a NO-instance",
    source=SOURCE,
    quote="NO, M − c_no = D/γ with D ≥ 1: |f'(1)| = 4 Σ_i x_i y_i N/(x_i + N)³ ≤ 4 N D e^{−2D}.",
    formula=r"|f'(1)| = 4 \sum_i \frac{N x_i y_i}{(x_i+N)^3} \le 4 N D e^{-2D}",
    given={"D": Positive(), "r": Positive(), "s": Interval(0, 1, "N"), "t": Interval(0, 1, "N")},
)


@slope_no.printed
def _(xp: Any, D: Any, r: Any, s: Any, t: Any, N: Any) -> Any:
    x, y = N * r * s, N * D * r * t
    # (1 + r s)³ − s t, over (1 + r s)³.
    room = ((1 - s * t) + 3 * r * s + 3 * r * r * s * s + r * r * r * s * s * s) / (1 + r * s) ** 3
    return at_most(4 * N * xp.sum(x * y / (x + N) ** 3), 4 * N * D * r**2, gap=4 * D * r * r * xp.sum(room))


slope_yes = Claim(
    "red:slope.yes",
    kind=Kind.DERIVED,
    title="The slope of a YES-instance",
    source=SOURCE,
    quote="YES, a ≥ 1: a row, which occurs twice, has y ≥ a e and e ≤ x ≤ N/2, so |f'(1)| ≥ "
    "4 a e² N/(e + N)³; no term has another sign.",
    formula=r"|f'(1)| \ge \frac{4 N a e^2}{(e+N)^3},\qquad e = e^{-a}",
    # z = e/(e + N)³, and x/(x + N)³ = z + risen by red:rising; y = a e + more; other rows add more still.
    given={
        "a": Positive(),
        "e": Positive(),
        "z": Positive(),
        "risen": Positive(),
        "more": Positive(),
        "others": Positive("N"),
    },
    uses=("red:rising",),
)


@slope_yes.printed
def _(xp: Any, a: Any, e: Any, z: Any, risen: Any, more: Any, others: Any, N: Any) -> Any:
    y = a * e + more
    return at_most(
        4 * N * a * e * z,
        4 * N * y * (z + risen) + xp.sum(others),
        gap=4 * N * (a * e * risen + more * (z + risen)) + xp.sum(others),
    )
