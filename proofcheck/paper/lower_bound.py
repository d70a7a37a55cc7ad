"""Appendix E: attention computation, the function f(λ) and its derivatives, and the left Riemann sum.

A matrix of Lemma E.3 is B·P with P ∈ [0, 1]^{n×n}, at least half of each row of P equal to 1.  One row of it
gives the weights p = softmax(λ B P_i), and with a column v of V the averages

    o = Σ p v,   x1 = Σ p v P,   x0 = Σ p (1 − v) P,   x = x1 + x0,

in which f = Σ o², f' = 2B Σ o ((1 − o) x1 − o x0), both sums over rows and columns.  Every bound below is
proved for all sizes by a gap: right − left as sums and products of what is ≥ 0 as it is written.

How slack: |f'| ≤ (8/27) B n d is attained, at n = 3, d = 1, λ = 0, with (1, 1, 0) for each row of P and
for V.  For f'' the largest value known is 2 o² (1 − o)(2 − 3o) = 0.15405… times B² n d, at n = 2, d = 1 with
(1, 0) for each row of P and for V, and λ such that o = (15 − √33)/24; 8/27 is 1.92 times that.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from proofcheck.claims import (
    Bits,
    Claim,
    Declaration,
    HalfMax,
    Interval,
    Kind,
    Level,
    Positive,
    Real,
    Seriousness,
    all_of,
    at_most,
    bounded,
    equal,
    has_shape,
)
from proofcheck.paper.formulas import row_softmax, squared_norm

SOURCE = "Alman & Song 2024, Lemma E.3"
# A name where 8/27 stands for f'': smaller constants may hold too, so that no check tells them from this one.
CURVATURE = Fraction(8, 27)
E3: dict[str, Declaration] = {
    "P": HalfMax("n", "n"),
    "V": Bits("n", "d"),
    "lam": Real(),
    "B": Positive(),
}
# The same function where V and P need not be 0-1 or half maximal: the bounds need neither.
FREE: dict[str, Declaration] = {
    "P": Interval(0, 1, "n", "n"),
    "V": Interval(0, 1, "n", "d"),
    "lam": Real(),
    "B": Positive(),
}

# --- the problem, and what is cited ---------------------------------------------------------------

hyp_3_1 = Claim(
    "hyp:3.1",
    kind=Kind.HYPOTHESIS,
    title="Strong exponential time hypothesis",
    source="Alman & Song 2024, Hypothesis 3.1",
    quote="For every ε > 0 there is k ≥ 3 such that k-SAT on n variables cannot be solved in "
    "O(2^{(1−ε)n}) time, randomised algorithms included.",
    formula=r"\forall \varepsilon > 0\ \exists k \ge 3:\ k\text{-SAT} \notin "
    r"\mathrm{RTIME}\bigl(2^{(1-\varepsilon) n}\bigr)",
)

def_E_1 = Claim(
    "def:E.1",
    kind=Kind.DEFINITION,
    title="Attention computation",
    source="Alman & Song 2024, Definition E.1",
    quote="Q, K, V ∈ R^{n×d}, ε > 0: output T with ‖T − D^{-1} A V‖_∞ ≤ ε, A = exp(Q Kᵀ), D = diag(A 1_n).",
    formula=r"\|T - D^{-1} A V\|_\infty \le \varepsilon,\quad A = \exp(Q K^\top),\quad "
    r"D = \operatorname{diag}(A 1_n)",
    given={"Q": Real("n", "d"), "K": Real("n", "d"), "V": Real("n", "d"), "u": Real("d")},
)


@def_E_1.printed
def _(xp: Any, Q: Any, K: Any, V: Any, u: Any, n: Any, d: Any) -> Any:
    output = row_softmax(xp, Q @ K.T) @ V
    # Sanity: each row is an average of the rows of V, so that equal rows give that row.
    same = xp.outer(xp.ones(n), u)
    return all_of(has_shape(output, (n, d)), equal(row_softmax(xp, Q @ K.T) @ same, same))


lem_E_2 = Claim(
    "lem:E.2",
    kind=Kind.CITED,
    title="Attention is hard",
    source="Alman & Song 2024, Lemma E.2 (= AS23 Lemma 4.7)",
    quote="Under SETH no O(n^{2−δ}) algorithm for E.1 even when, for any κ ≥ 0: d = O(log n); "
    "V ∈ {0,1}^{n×d}; some B ≤ O(log² n (1+κ)) such that every entry of QKᵀ lies in [0,B] and at least half "
    "the entries of each row equal B; ‖Q‖_∞, ‖K‖_∞ ≤ O(√(log n (1+κ))); ε < n^{κ−O(1)}.",
    formula=r"\text{SETH} \Rightarrow \text{attention} \notin \mathrm{TIME}(n^{2-\delta})",
    uses=("def:E.1",),
    assumes=("hyp:3.1",),
)


# --- f and its derivatives -------------------------------------------------------------------------


def f_of(xp: Any, P: Any, V: Any, lam: Any, B: Any) -> Any:
    """``f(λ) = ‖diag(M_λ 1_n)^{-1} M_λ V‖_F²`` of Lemma E.3."""
    return squared_norm(xp, row_softmax(xp, lam * B * P) @ V)


def f_first(xp: Any, P: Any, V: Any, lam: Any, B: Any) -> Any:
    """f'(λ)."""
    return xp.gradient(lambda t: f_of(xp, P, V, t, B), lam)


def f_second(xp: Any, P: Any, V: Any, lam: Any, B: Any) -> Any:
    """f''(λ)."""
    return xp.gradient(lambda t: f_first(xp, P, V, t, B), lam)


def by_columns(xp: Any, m: Any, d: Any) -> Any:
    """Row sums, one copy for each column of V."""
    return xp.outer(xp.row_sums(m), xp.ones(d))


def averages(xp: Any, P: Any, V: Any, lam: Any, B: Any, d: Any) -> tuple[Any, ...]:
    """o, 1 − o, x1, x0 and x as n×d arrays, each a sum of what is ≥ 0."""
    p = row_softmax(xp, lam * B * P)
    return p @ V, p @ (1 - V), (p * P) @ V, (p * P) @ (1 - V), by_columns(xp, p * P, d)


lem_E_3_first = Claim(
    "lem:E.3.first",
    kind=Kind.DERIVED,
    title="f' in averages",
    source=f"derived here, for {SOURCE}",
    quote="f'(λ) = 2B Σ o ((1 − o) x1 − o x0), summed over rows and columns",
    formula=r"f'(\lambda) = 2B \sum_{i,\ell} o_{i\ell} \bigl((1-o_{i\ell}) x^1_{i\ell} "
    r"- o_{i\ell} x^0_{i\ell}\bigr)",
    given={"P": Real("n", "n"), "V": Real("n", "d"), "lam": Real(), "B": Real()},
)


@lem_E_3_first.printed
def _(xp: Any, P: Any, V: Any, lam: Any, B: Any, d: Any) -> Any:
    o, rest, x1, x0, _ = averages(xp, P, V, lam, B, d)
    return equal(f_first(xp, P, V, lam, B), 2 * B * xp.sum(o * (rest * x1 - o * x0)))


lem_E_3_second = Claim(
    "lem:E.3.second",
    kind=Kind.DERIVED,
    title="f'' in averages",
    source=f"derived here, for {SOURCE}",
    quote="f''(λ) = 2B² Σ (o'² + (1 − o) o m1 − o² m0), o' = (1 − o) x1 − o x0, m1 = Σ p v (P − x)², "
    "m0 = Σ p (1 − v) (P − x)²",
    formula=r"f''(\lambda) = 2B^2 \sum_{i,\ell} \bigl(o'^2 + (1-o)\,o\,m_1 - o^2 m_0\bigr)",
    given=lem_E_3_first.given,
)


def below(xp: Any, P: Any, V: Any, lam: Any, B: Any) -> Any:
    """Σ p v (1 − P), which is o − x1."""
    return (row_softmax(xp, lam * B * P) * (1 - P)) @ V


def second_moments(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any) -> tuple[Any, Any]:
    """m1 = Σ p v (P − x)² and m0 = Σ p (1 − v) (P − x)²."""
    p = row_softmax(xp, lam * B * P)
    spread = p * (P - xp.outer(xp.row_sums(p * P), xp.ones(n))) ** 2
    return spread @ V, spread @ (1 - V)


@lem_E_3_second.printed
def _(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any, d: Any) -> Any:
    o, rest, x1, x0, _ = averages(xp, P, V, lam, B, d)
    m1, m0 = second_moments(xp, P, V, lam, B, n)
    first = rest * x1 - o * x0
    return equal(
        f_second(xp, P, V, lam, B),
        2 * B * B * xp.sum(first * first + o * rest * m1 - o * o * m0),
    )


# --- Lemma E.3 -------------------------------------------------------------------------------------

lem_E_3 = Claim(
    "lem:E.3",
    kind=Kind.LEMMA,
    title="Bounds on f' and f''",
    source=SOURCE,
    quote="A ∈ R^{n×n} with entries in [0,B], at least half the entries of each row equal to B; "
    "V ∈ {0,1}^{n×d}; M_λ = exp(λA); f(λ) = ‖diag(M_λ 1_n)^{-1} M_λ V‖_F². Then for all λ ∈ R: "
    "|f'(λ)| ≤ O(Bn), |f''(λ)| ≤ O(B²n).",
    formula=r"|f'(\lambda)| \le O(Bn),\quad |f''(\lambda)| \le O(B^2 n)",
    given=E3,
    uses=("lem:E.3.first", "lem:E.3.second"),
)


@lem_E_3.printed
def _(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any) -> Any:
    first, second = f_first(xp, P, V, lam, B), f_second(xp, P, V, lam, B)
    return all_of(
        bounded(first, by=B * n),
        bounded(-first, by=B * n),
        bounded(second, by=B * B * n),
        bounded(-second, by=B * B * n),
    )


@lem_E_3.family(
    "V = v 1_tᵀ, t equal columns",
    given={"P": HalfMax("n", "n"), "v": Bits("n"), "lam": Real(), "B": Positive()},
)
def _(xp: Any, P: Any, v: Any, lam: Any, B: Any, n: Any, t: Any) -> Any:
    return {"P": P, "V": xp.outer(v, xp.ones(t)), "lam": lam, "B": B, "n": n, "d": t}


def cubic_gap(o: Any, ones: Any) -> Any:
    """4/27 − o² (1 − o), which touches 0 at o = 2/3."""
    return (o - 2 * ones / 3) ** 2 * (o + ones / 3)


def slope_gaps(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any, d: Any) -> tuple[Any, Any]:
    """4/27 ∓ o ((1 − o) x1 − o x0), for every row and column, as sums of what is ≥ 0."""
    o, rest, x1, x0, _ = averages(xp, P, V, lam, B, d)
    touching = cubic_gap(o, xp.ones(n, d))
    return (
        touching + o * rest * below(xp, P, V, lam, B) + o * o * x0,
        touching + o * rest * x1 + o * o * below(xp, P, 1 - V, lam, B),
    )


@lem_E_3.mended(
    because="each column of V adds to f: the bounds grow with d, which O(Bn) does not allow",
    given=FREE,
    serious=Seriousness.CONSTANT,
)
def _(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any, d: Any) -> Any:
    ones = xp.ones(n, d)
    o, rest, x1, x0, x = averages(xp, P, V, lam, B, d)
    m1, m0 = second_moments(xp, P, V, lam, B, n)
    p = row_softmax(xp, lam * B * P)
    first, second = f_first(xp, P, V, lam, B), f_second(xp, P, V, lam, B)
    slope = rest * x1 - o * x0
    up, down = slope_gaps(xp, P, V, lam, B, n, d)
    # o'² ≤ o m1 and o'² ≤ (1 − o) m0 by Cauchy–Schwarz; half the sum of squares of differences is the gap.
    apart1 = xp.columns(lambda k: pairs(xp, p, P, V[:, k], n), d)
    apart0 = xp.columns(lambda k: pairs(xp, p, P, 1 - V[:, k], n), d)
    spread = (x - ones / 2) ** 2 + by_columns(xp, p * P * (1 - P), d)
    bulge = (
        5 * ones / 216
        + 2 * (ones * (o - ones / 2) ** 2 / 4 + o * rest * spread)
        + o * m0
        + rest * apart1
        + o * apart0
    )
    room = (p * (1 - P + xp.outer(xp.row_sums(p * P), xp.ones(n)))) * (
        P + xp.outer(xp.row_sums(p * (1 - P)), xp.ones(n))
    )
    dip = cubic_gap(o, ones) + o * o * (room @ (1 - V)) + o * rest * m1 + slope**2
    return all_of(
        at_most(first, 8 * B * n * d / 27, gap=2 * B * xp.sum(up)),
        at_most(-first, 8 * B * n * d / 27, gap=2 * B * xp.sum(down)),
        at_most(second, CURVATURE * B * B * n * d, gap=2 * B * B * xp.sum(bulge)),
        at_most(-second, CURVATURE * B * B * n * d, gap=2 * B * B * xp.sum(dip)),
    )


# Over free symbols there is no certificate at larger sizes, which takes long to find out.
lem_E_3.check(Level.EXACT, sizes=({"n": 1, "d": 1}, {"n": 1, "d": 2}))


def pairs(xp: Any, p: Any, P: Any, v: Any, n: Any) -> Any:
    """½ Σ_{j,k} p_j p_k v_j v_k (P_j − P_k)² for each row."""
    ones = xp.ones(n)

    def of_row(i: Any) -> Any:
        weights = p[i, :] * v
        apart = (xp.outer(P[i, :], ones) - xp.outer(ones, P[i, :])) ** 2
        return xp.sum(xp.outer(weights, weights) * apart) / 2

    return xp.rows(lambda i: of_row(i) * xp.ones(1), n)[:, 1]
