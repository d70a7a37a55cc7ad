"""AS23, *Fast Attention Requires Bounded Entries*: how a relative error of exp carries over to attention.

The approximation of a positive matrix A, such as exp(Q Kᵀ/d), is A (1 + ε R) with entries of R in [-1, 1]:
any matrix of relative error ε.
With m = Σ f R for a row f of D^{-1} A, the approximate row is f (1 + ε R) / (1 + ε m).

The bound 2ε‖V‖_∞ is slack by a factor of nearly 2: the worst error is max_m ε (1 − m²)/(1 + ε m) ‖V‖_∞, which
is 2 (1 − √(1 − ε²))/ε ‖V‖_∞ = (ε + O(ε³)) ‖V‖_∞, taken where R = V = ±1.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from proofcheck.claims import (
    Claim,
    Declaration,
    Interval,
    Kind,
    Positive,
    Real,
    all_of,
    at_most,
    equal,
    vanishes,
    within,
)
from proofcheck.paper.rank import exponent_of_dimension, exponent_of_rank

SOURCE = "Alman & Song 2023 (AS23), Fast Attention Requires Bounded Entries,"
# ε is below 0.1 in the polynomial's statement; the lemmas hold as far as 1/2.
RELATIVE: dict[str, Declaration] = {
    "A": Positive("n", "n"),
    "R": Interval(-1, 1, "n", "n"),
    "eps": Interval(0, Fraction(1, 2)),
}

as23_poly = Claim(
    "as23:poly",
    kind=Kind.CITED,
    title="A polynomial of low degree for exp",
    source="Aggarwal & Alman 2022, as cited in AS23",
    quote="For B > 1, ε ∈ (0, 0.1) there is a polynomial P of degree g = Θ(max{log(1/ε)/log(log(1/ε)/B), B}) "
    "with |P(x) − e^x| ≤ ε on [0,B]; hence a relative form |P(x) − e^x| ≤ ε e^x on [−B,B].",
    formula=r"g = \Theta\Bigl(\max\Bigl\{\frac{\log(1/\varepsilon)}{\log(\log(1/\varepsilon)/B)}, "
    r"B\Bigr\}\Bigr)",
)

as23_entry = Claim(
    "as23:entry",
    kind=Kind.LEMMA,
    title="The range of the scores",
    source=f"{SOURCE} Section 3",
    quote="with ‖Q‖_∞, ‖K‖_∞ ≤ B apply P on |x| ≤ B²",
    formula=r"\|QK^\top/d\|_\infty \le B^2",
    # Q = B M and K = B N.
    given={"M": Interval(-1, 1, "n", "d"), "N": Interval(-1, 1, "n", "d"), "B": Positive()},
)


@as23_entry.printed
def _(xp: Any, M: Any, N: Any, B: Any, n: Any, d: Any) -> Any:
    scores = (B * M) @ (B * N).T / d

    def room(sign: int) -> Any:
        """B² − sign·S, as a mean of B² (1 − sign·M_ik N_jk) over k."""
        return B * B * xp.sum_over(lambda k: 1 - sign * xp.outer(M[:, k], N[:, k]), d) / d

    rows = xp.outer(xp.ones(n), xp.ones(d))
    return all_of(
        at_most(scores, B * B, gap=room(1)),
        at_most(-scores, B * B, gap=room(-1)),
        # Attained, where all entries are B.
        equal((B * rows) @ (B * rows).T / d, B * B * xp.ones(n, n)),
    )


as23_row_sum = Claim(
    "as23:row-sum",
    kind=Kind.LEMMA,
    title="The error of D",
    source=f"{SOURCE} Lemmas 3.5 to 3.7",
    quote="relative ε on A gives relative ε on D",
    formula=r"|\tilde D_{ii} - D_{ii}| \le \varepsilon D_{ii}",
    given=RELATIVE,
)


@as23_row_sum.printed
def _(xp: Any, A: Any, R: Any, eps: Any) -> Any:
    change = xp.row_sums(A * (1 + eps * R)) - xp.row_sums(A)
    bound = eps * xp.row_sums(A)
    return all_of(
        at_most(change, bound, gap=eps * xp.row_sums(A * (1 - R))),
        at_most(-change, bound, gap=eps * xp.row_sums(A * (1 + R))),
    )


as23_output = Claim(
    "as23:output",
    kind=Kind.LEMMA,
    title="The error of the output",
    source=f"{SOURCE} Lemmas 3.5 to 3.7",
    quote="relative ε on A gives 2ε‖V‖_∞ on D^{-1}AV",
    formula=r"\|\tilde D^{-1} \tilde A V - D^{-1} A V\|_\infty \le 2 \varepsilon \|V\|_\infty",
    given={**RELATIVE, "W": Interval(-1, 1, "n", "d"), "v": Positive()},
    uses=("as23:row-sum",),
)


def row_weights(xp: Any, A: Any) -> Any:
    """``D^{-1} A`` with ``D = diag(A 1_n)``."""
    return xp.scale_rows(1 / xp.row_sums(A), A)


def output_gap(xp: Any, A: Any, R: Any, eps: Any, W: Any, n: Any, d: Any) -> Any:
    """(1 + ε m) (2 − change/(ε v)): with a = Σ f ω, ω = (1 + W)/2, twice a sum of what is ≥ 0.

    That sum is 2 (a − 1/2)² + (1/2 − ε) + ε Σ f ω (1 + R) + ε Σ f (1 − ω)(1 + R) + (1 − a) Σ f ω (1 − R)
    + a Σ f (1 − ω)(1 + R).
    """
    f = row_weights(xp, A)
    high, low = (1 + W) / 2, (1 - W) / 2
    a, rest, ones = f @ high, f @ low, xp.ones(n, d)
    more, less = f * (1 + R), f * (1 - R)
    small = ones / 2 - eps * ones
    return 2 * (
        2 * (a - ones / 2) ** 2
        + small
        + eps * (more @ high + more @ low)
        + rest * (less @ high)
        + a * (more @ low)
    )


def approximate_average(xp: Any, A: Any, R: Any, eps: Any, W: Any) -> Any:
    """``D̃^{-1} Ã W`` with ``Ã = A (1 + ε R)``; D̃ is written as a sum of what is positive."""
    D = xp.row_sums(A * (1 - eps) + eps * A * (1 + R))
    return xp.scale_rows(1 / D, (A * (1 + eps * R)) @ W)


@as23_output.printed
def _(xp: Any, A: Any, R: Any, eps: Any, W: Any, v: Any, n: Any, d: Any) -> Any:
    change = approximate_average(xp, A, R, eps, v * W) - row_weights(xp, A) @ (v * W)
    share = xp.outer(xp.row_sums(A) / xp.row_sums(A * (1 - eps) + eps * A * (1 + R)), xp.ones(d))
    bound = 2 * eps * v
    return all_of(
        at_most(change, bound, gap=eps * v * share * output_gap(xp, A, R, eps, W, n, d)),
        at_most(-change, bound, gap=eps * v * share * output_gap(xp, A, R, eps, -W, n, d)),
    )


as23_forward = Claim(
    "as23:forward",
    kind=Kind.THEOREM,
    title="Attention in almost linear time",
    source=f"{SOURCE} Theorem 1.4",
    quote="AAttC(n, d = O(log n), B = o(√log n), ε_a = 1/poly(n)) in n^{1+o(1)} time: from P(QKᵀ/d) = U Vᵀ, "
    "D̃ = diag(U Vᵀ 1_n) and T = D̃^{-1} U (Vᵀ V').",
    formula=r"T = \tilde D^{-1} U (V^\top V'),\quad \tilde D = \operatorname{diag}(U V^\top 1_n),\quad "
    r"n^{1+o(1)}",
    given={"U": Real("n", "k"), "V": Real("n", "k"), "W": Real("n", "d")},
    uses=("as23:poly", "as23:rank", "as23:rank.best", "as23:entry", "as23:output"),
)


def low_rank_attention(xp: Any, U: Any, V: Any, W: Any) -> Any:
    """``D̃^{-1} U (Vᵀ W)``: O(n k d) operations, and nothing is n × n."""
    return xp.scale_rows(1 / (U @ xp.row_sums(V.T)), U @ (V.T @ W))


@as23_forward.printed
def _(xp: Any, U: Any, V: Any, W: Any, n: Any, d: Any, k: Any) -> Any:
    return all_of(
        equal(low_rank_attention(xp, U, V, W), row_weights(xp, U @ V.T) @ W),
        within(low_rank_attention, (U, V, W), bound=n * k * d),
        vanishes(exponent_of_rank),
        vanishes(exponent_of_dimension),
    )
