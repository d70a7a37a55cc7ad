"""AS23, *Fast Attention Requires Bounded Entries*: how a relative error of exp carries over to attention.

The approximation of A = exp(S) is A (1 + ε R) with entries of R in [-1, 1]: any matrix of relative error ε.
With m = Σ f R for a row f of D^{-1} A, the approximate row is f (1 + ε R) / (1 + ε m).

The bound 2ε‖V‖_∞ is slack by a factor of nearly 2: the worst error is max_m ε (1 − m²)/(1 + ε m) ‖V‖_∞, which
is 2 (1 − √(1 − ε²))/ε ‖V‖_∞ = (ε + O(ε³)) ‖V‖_∞, taken where R = V = ±1.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from proofcheck.claims import Claim, Declaration, Interval, Kind, Positive, Real, all_of, at_most
from proofcheck.paper.formulas import row_softmax

SOURCE = "Alman & Song 2023 (AS23), Fast Attention Requires Bounded Entries,"
# ε is below 0.1 in the polynomial's statement.
RELATIVE: dict[str, Declaration] = {
    "S": Real("n", "n"),
    "R": Interval(-1, 1, "n", "n"),
    "eps": Interval(0, Fraction(1, 10)),
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
def _(xp: Any, S: Any, R: Any, eps: Any) -> Any:
    A = xp.exp(S)
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


def output_gap(xp: Any, S: Any, R: Any, eps: Any, W: Any, n: Any, d: Any) -> Any:
    """(1 + ε m) (2 − change/(ε v)): with a = Σ f ω, ω = (1 + W)/2, twice a sum of what is ≥ 0.

    That sum is 2 (a − 1/2)² + (1/2 − ε) + ε Σ f ω (1 + R) + ε Σ f (1 − ω)(1 + R) + (1 − a) Σ f ω (1 − R)
    + a Σ f (1 − ω)(1 + R).
    """
    f = row_softmax(xp, S)
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


@as23_output.printed
def _(xp: Any, S: Any, R: Any, eps: Any, W: Any, v: Any, n: Any, d: Any) -> Any:
    A = xp.exp(S)
    approximate = A * (1 + eps * R)
    # D̃ = D (1 + ε m) is positive, as a sum of A (1 − ε + ε (1 + R)).
    D = xp.row_sums(A * (1 - eps) + eps * A * (1 + R))
    change = xp.scale_rows(1 / D, approximate @ (v * W)) - row_softmax(xp, S) @ (v * W)
    share = xp.outer(xp.row_sums(A) / D, xp.ones(d))
    bound = 2 * eps * v * xp.ones(n, d)
    return all_of(
        at_most(change, bound, gap=eps * v * share * output_gap(xp, S, R, eps, W, n, d)),
        at_most(-change, bound, gap=eps * v * share * output_gap(xp, S, R, eps, -W, n, d)),
    )
