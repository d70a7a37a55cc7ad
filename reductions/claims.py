"""Claims about the reductions: embeddings, scores, outputs, thresholds and how many points a decoder takes.

Found by the entry point group ``proofcheck.claims``.  What is proved here is proved about formulas; that the
code of the steps computes them is tested by brute force.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import (
    Bits,
    Claim,
    Interval,
    Kind,
    Positive,
    Real,
    all_of,
    at_most,
    equal,
)

SOURCE = "derived here, for the chain behind Alman & Song 2024, Theorem E.5"

direct = Claim(
    "red:direct",
    kind=Kind.DERIVED,
    title="The direct embedding",
    source=SOURCE,
    quote="a → (1−a, a, 0), b → (1, 1−b, b): inner product m − ⟨a,b⟩, Hamming distance m + 2⟨a,b⟩.",
    formula=r"\langle a', b' \rangle = m - \langle a, b \rangle,\quad "
    r"\|a' - b'\|_1 = m + 2 \langle a, b \rangle",
    given={"a": Bits("m"), "b": Bits("m")},
)


@direct.printed
def _(xp: Any, a: Any, b: Any, m: Any) -> Any:
    product = xp.inner(1 - a, xp.ones(m)) + xp.inner(a, 1 - b)
    left = xp.sum(1 - a) + xp.sum(a)
    right = m + xp.sum(1 - b) + xp.sum(b)
    return all_of(
        equal(product, m - xp.inner(a, b)),
        # |a'| + |b'| − 2⟨a', b'⟩, which is the Hamming distance of bits.
        equal(left + right - 2 * product, m + 2 * xp.inner(a, b)),
    )


scores = Claim(
    "red:scores",
    kind=Kind.DERIVED,
    title="Scores of the hard instances",
    source=SOURCE,
    quote="Q = σ [a', p], K = σ [b', 0] and σ [0, p]: the scores QKᵀ/d are γ⟨a',b'⟩ and γM, with "
    "γ = σ²/d and M = ‖p‖².",
    formula=r"QK^\top/d = \gamma \langle a', b' \rangle \text{ and } \gamma M",
    given={"a": Bits("D"), "b": Bits("D"), "p": Real("k"), "sigma": Positive(), "d": Positive()},
)


@scores.printed
def _(xp: Any, a: Any, b: Any, p: Any, sigma: Any, d: Any) -> Any:
    gamma = sigma * sigma / d

    def product(query: tuple[Any, Any], key: tuple[Any, Any]) -> Any:
        return sum(xp.inner(sigma * x, sigma * y) for x, y in zip(query, key, strict=True)) / d

    return all_of(
        equal(product((a, p), (b, 0 * p)), gamma * xp.inner(a, b)),
        equal(product((a, p), (0 * b, p)), gamma * xp.inner(p, p)),
    )


output = Claim(
    "red:output",
    kind=Kind.DERIVED,
    title="One row of the output, and its slope",
    source=SOURCE,
    quote="With N keys of scores B − u_j and N of B, o(λ) = x/(x + N), x = Σ_j e^{−λ u_j}, and "
    "o'(1) = −N Σ_j u_j e^{−u_j}/(x + N)².",
    formula=r"o = \frac{x}{x+N},\quad o' = -\frac{N \sum_j u_j e^{-u_j}}{(x+N)^2},\quad x = \sum_j e^{-u_j}",
    given={"u": Real("N"), "B": Real(), "lam": Real()},
)


@output.printed
def _(xp: Any, u: Any, B: Any, lam: Any, N: Any) -> Any:
    def first(t: Any) -> Any:
        return xp.exp(t * (B * xp.ones(N) - u))

    def o(t: Any) -> Any:
        return xp.sum(first(t)) / (xp.sum(first(t)) + xp.sum(xp.exp(t * B * xp.ones(N))))

    kept = xp.exp(-lam * u)
    x = xp.sum(kept)
    return all_of(
        equal(o(lam), x / (x + N)),
        equal(xp.gradient(o, lam), -N * xp.sum(u * kept) / (x + N) ** 2),
    )


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
