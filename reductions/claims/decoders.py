"""How many gradients a decoder takes, and how exact: the printed numbers, and numbers that do.

s stands for log n.  On hard instances D = γ(M − c_no) ≥ log n, and f(1) has to be known to within the room
between YES and NO, which is at most 2/(N + 1)².  The NO-instance in which all distances are D has f(λ) = 2N
(1 + e^{λD})^{−2}.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from proofcheck.claims import Claim, Interval, Kind, Level, Positive, Real, all_of, at_most, equal, vanishes
from reductions.claims.embeddings import SOURCE

PROOF = "Alman & Song 2024, proof of Theorem E.5"

#: ½/(N + 1)² at N = 4, which a NO-instance does not exceed.
NO_AT_4 = Fraction(1, 50)
#: How far the points of the example may be moved, in intervals.
SHIFT = Fraction(1, 10**4)
#: Above √2/4; the radius 8/5 times 0.911, the least of a normaliser over N; what a Chebyshev term counts.
EXPONENT, LIMIT, TERM = Fraction(1415, 4000), Fraction(8, 5) * Fraction(911, 1000), Fraction(32, 15)

convex = Claim(
    "red:convex",
    kind=Kind.DERIVED,
    title="A left Riemann sum falls short by its first interval at least",
    source=SOURCE,
    quote="g(t) = (1 + e^t)^{−2} has g'' ≥ 0 for t ≥ 0, so f' rises and each interval of a left sum falls "
    "short; the first, of length h in t, by g(h) − g(0) − h g'(0).",
    formula=r"g'' = \frac{2e^t (2e^t - 1)}{(1+e^t)^4} \ge 0,\quad g(t) = (1+e^t)^{-2},\ t \ge 0",
    given={"t": Real("n"), "w": Positive("n")},
)


@convex.printed
def _(xp: Any, t: Any, w: Any) -> Any:
    def g(t: Any) -> Any:
        return xp.sum(1 / (1 + xp.exp(t)) ** 2)

    def rise(t: Any) -> Any:
        return xp.gradient(g, t)

    def total(t: Any) -> Any:
        return xp.sum(rise(t))

    def second(y: Any) -> Any:
        return 2 * y * (2 * y - 1) / (1 + y) ** 4

    # The n entries are as many points t; t ≥ 0 is e^t = 1 + w.
    return all_of(
        equal(xp.gradient(total, t), second(xp.exp(t))),
        equal(rise(0 * t), 0 * t - 1 / 4),
        at_most(0 * w, second(1 + w), gap=2 * (1 + w) * (1 + 2 * w) / (2 + w) ** 4),
    )


def planted(xp: Any, lam: Any, N: int, D: int) -> Any:
    """f(λ) where one of the N² pairs has the distance 0 and all others D."""
    far = N * xp.exp(-D * lam)
    near = 1 + (N - 1) * xp.exp(-D * lam)
    return 2 * (near / (near + N)) ** 2 + 2 * (N - 1) * (far / (far + N)) ** 2


def left_sum(xp: Any, shift: Any) -> Any:
    """f(0) and the left sum of 81 slopes for N = 4 and D = 6; all points are moved by shift/81."""

    def f(lam: Any) -> Any:
        return planted(xp, lam, 4, 6)

    slopes = xp.sum_over(lambda i: xp.gradient(f, (shift + (i - 1)) / 81), 81)
    return f(0 * shift) + slopes / 81


example = Claim(
    "red:printed.example",
    kind=Kind.DERIVED,
    title="log₂⁴ n points take a YES-instance for a NO-instance",
    source=SOURCE,
    quote="N = 4, n = 8, D = 6 ≥ γ, one pair of distance 0 and all others D: the left sum of ⌈log₂⁴ 8⌉ = 81 "
    "exact slopes gives f(1) ≤ ½/(N + 1)², as a NO-instance does; in truth it is 2/(N + 1)² at least.",
    formula=r"f(0) + \tfrac{1}{81} \sum_{i=0}^{80} f'(i/81) \le \tfrac{1}{50} < \tfrac{2}{25}",
    # A shift of the points, so that the bound is seen to have room.
    given={"u": Interval(0, 1)},
    uses=("red:norm",),
)


@example.printed
def _(xp: Any, u: Any) -> Any:
    return at_most(left_sum(xp, SHIFT * u), NO_AT_4)


# Exact arithmetic would bring 81 fractions to one denominator.
example.check(Level.EXACT, sizes=())


def printed_points(xp: Any, s: Any, c: Any) -> Any:
    """What c log⁴ n points miss in the first interval, over the room 2/(N + 1)²; D = s, N = e^s/2."""
    N = xp.exp(s) / 2
    h = s / (c * s**4)
    short = 2 * N * (1 / (1 + xp.exp(h)) ** 2 - (1 - h) / 4)
    return short * (N + 1) ** 2 / 2


def printed_accuracy(xp: Any, s: Any, c: Any) -> Any:
    """The accuracy c/log⁴ n over the room 2/(N + 1)²."""
    return c / s**4 * (xp.exp(s) / 2 + 1) ** 2 / 2


def mended_points(xp: Any, s: Any, c: Any) -> Any:
    """The bound b/(2m) of a left sum, b = (8/27) B² n with B = c s², at m = n³ log⁵ n, over the room."""
    n = xp.exp(s)
    return 4 * c**2 * s**4 * n / (27 * n**3 * s**5) * (n / 2 + 1) ** 2 / 2


def mended_accuracy(xp: Any, s: Any, c: Any) -> Any:
    """The accuracy c/(n² log n) over the room."""
    return c / (xp.exp(2 * s) * s) * (xp.exp(s) / 2 + 1) ** 2 / 2


prf_E_5 = Claim(
    "prf:E.5",
    kind=Kind.PROOF,
    title="How many points, and how exact",
    source=PROOF,
    quote="By Lemma E.4 evaluate f' at O(log² n κ²) = O(log⁴ n) points, each up to O(1/(log n)⁴), and output "
    "f(1).",
    formula=r"m = O(\log^4 n),\quad \epsilon = O(1/(\log n)^4)",
    given={"u": Interval(0, 1)},
    uses=("red:convex", "red:norm"),
)


@prf_E_5.printed
def _(xp: Any, u: Any) -> Any:
    # The last: at n = 8 a YES-instance has to be told from what is at most ½/(N + 1)².
    return all_of(
        vanishes(printed_points),
        vanishes(printed_accuracy),
        at_most(NO_AT_4, left_sum(xp, SHIFT * u)),
    )


@prf_E_5.mended(
    because="the room between YES and NO is of order 1/n²: what decides are m ≥ 2b(N + 1)² points, "
    "|f''| ≤ b, which are n³ up to logarithms, with slopes within ¼/(N + 1)²",
    # w and v are what the left sum and the oracle leave open: f(1) is found within b/(2m) + keen/(4(N + 1)²).
    given={
        "b": Positive(),
        "w": Interval(-1, 1),
        "v": Interval(-1, 1),
        "above": Positive("N"),
        "below": Interval(0, 1),
        "extra": Positive(),
        "keen": Interval(0, 1),
    },
)
def _(xp: Any, b: Any, w: Any, v: Any, above: Any, below: Any, extra: Any, keen: Any, N: Any) -> Any:
    # All that follows is multiplied by (N + 1)²: YES is 2 at least and NO ½ at most; 5/4 is the middle.
    m = 2 * b * (N + 1) ** 2 + extra
    quadrature = b * (N + 1) ** 2 / (2 * m)
    error = quadrature * w + keen * v / 4
    spare = extra / (4 * m)
    return all_of(
        vanishes(mended_points),
        vanishes(mended_accuracy),
        at_most(
            5 / 4,
            2 + xp.sum(above) + error,
            gap=1 / 4 + xp.sum(above) + spare + quadrature * (1 + w) + ((1 - keen) + keen * (1 + v)) / 4,
        ),
        at_most(
            below / 2 + error,
            5 / 4,
            gap=1 / 4 + (1 - below) / 2 + spare + quadrature * (1 - w) + ((1 - keen) + keen * (1 - v)) / 4,
        ),
    )


prf_E_5.check(Level.EXACT, sizes=())


size = Claim(
    "red:gauss.size",
    kind=Kind.DERIVED,
    title="The size of an output on the ellipse",
    source=SOURCE,
    quote="On the Bernstein ellipse with sinh²σ = √2/B a sum of first-half weights is at most "
    "e^{√2/4}/(1 − 0.089) < 8/5.",
    formula=r"\frac{e^{\sqrt 2/4}}{1 - 0.089} \le \frac{8}{5}",
    given={"t": Interval(0, 1)},
)


@size.printed
def _(xp: Any, t: Any) -> Any:
    return at_most(xp.exp(EXPONENT * t), LIMIT)


terms = Claim(
    "red:gauss.terms",
    kind=Kind.DERIVED,
    title="What one Chebyshev term counts",
    source=SOURCE,
    quote="|∫T_k| + |rule| ≤ 2/(k² − 1) + 2 ≤ 32/15 for k ≥ 4.",
    formula=r"\frac{2}{k^2-1} + 2 \le \frac{32}{15}\ (k \ge 4)",
    # k = 4/v.
    given={"v": Interval(0, 1, "K")},
)


@terms.printed
def _(xp: Any, v: Any) -> Any:
    square = v * v
    # 16 − v² is 15 + (1 − v²).
    return at_most(2 * square / (16 - square) + 2, TERM, gap=32 * (1 - square) / (15 * (15 + (1 - square))))


count = Claim(
    "red:gauss.count",
    kind=Kind.DERIVED,
    title="Points of Gauss–Legendre that suffice",
    source=SOURCE,
    quote="The error A e^{−2mσ}, A = (32/15) G/(1 − e^{−2σ}), is τ e^{−2kσ} ≤ τ for m = log(A/τ)/(2σ) + k.",
    formula=r"A e^{-2m\sigma} = \tau e^{-2k\sigma} \le \tau,\quad m = \frac{\log(A/\tau)}{2\sigma} + k",
    given={"A": Positive(), "tau": Positive(), "sigma": Positive(), "more": Positive("K")},
)


@count.printed
def _(xp: Any, A: Any, tau: Any, sigma: Any, more: Any) -> Any:
    m = (xp.log(A) - xp.log(tau)) / (2 * sigma) + xp.sum(more)
    return equal(A * xp.exp(-2 * m * sigma), tau * xp.exp(-2 * sigma * xp.sum(more)))


def over_log(xp: Any, s: Any, c: Any) -> Any:
    """Log n/B for a gap of 1: γ = s and M = c s."""
    return s / (s * (c * s))


def direct_above(xp: Any, s: Any, c: Any) -> Any:
    """B over log³ n, for a gap of 1."""
    return s * (c * s) / s**3


def constant_gap(xp: Any, s: Any, c: Any, g: Any) -> Any:
    """B over log² n where Δ = g M, M = c s: γ = s/(g c s)."""
    return s / (g * c * s) * (c * s) / s**2


regimes = Claim(
    "red:regimes",
    kind=Kind.DERIVED,
    title="Which B each chain reaches",
    source=SOURCE,
    quote="With γ = Θ(log n)/Δ and M = Θ(log n), B = γM: for Δ = 1 (direct) B grows faster than log n and "
    "slower than log³ n; for Δ = Θ(M) (codes) slower than log² n.",
    formula=r"\frac{\log n}{B},\ \frac{B}{\log^3 n} \to 0\ (\Delta = 1);\qquad "
    r"\frac{B}{\log^2 n} \to 0\ (\Delta = \Theta(M))",
    given={},
)


@regimes.printed
def _(xp: Any) -> Any:
    return all_of(vanishes(over_log), vanishes(direct_above), vanishes(constant_gap))
