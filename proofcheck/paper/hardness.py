"""Theorem E.5: f' of Lemma E.3 as a gradient of attention, and what the reduction takes for granted.

With Y = I, X = λI and E = 0 the loss of Definition 1.2 is half of f(λ) = ‖D^{-1} exp(λ A) A3‖_F² with
A = A1 A2ᵀ/d, so that f'(λ) = 2 tr(dL/dX).  The theorem has "B = 0" where E = 0 is meant: by Definition 1.4
‖A2‖_∞ ≤ 0 leaves A2 = 0 alone, and then every gradient is 0.

The printed proof adds up f' at O(log⁴ n) points, each to within O(1/(log n)⁴), for f(1) = ‖T‖_F², while
Lemma E.2 is about all of T and has QKᵀ where Definition 1.2 has QKᵀ/d. That so few values to such an
accuracy decide is a hypothesis of its own here, and not one that the printed sum supports: its error is
of the order of B² n over the number of points. How many points and what accuracy do decide is a claim of
the reductions.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Interval, Kind, Positive, Real, all_of, at_most, equal, vanishes, within
from proofcheck.paper.definitions import N_BY_D
from proofcheck.paper.formulas import attention_loss, row_softmax, squared_norm

SOURCE = "Alman & Song 2024,"

lem_E_5_slopes = Claim(
    "lem:E.5.slopes",
    kind=Kind.HYPOTHESIS,
    title="Few slopes decide",
    source=f"taken for granted in the proof of {SOURCE} Theorem E.5",
    quote="The instances of Lemma E.2, with QKᵀ/d in the place of QKᵀ and ‖Q‖_∞, ‖K‖_∞ ≤ O(√(log n) κ), are "
    "decided by n^{o(1)} values of f'(λ), λ ∈ [0,1], each up to O(1/(log n)⁴).",
    formula=r"f'(\lambda_1) \pm \varepsilon, \ldots, f'(\lambda_m) \pm \varepsilon,\ m = n^{o(1)},\ "
    r"\varepsilon = O\bigl((\log n)^{-4}\bigr) \text{ decide the instances of Lemma E.2}",
)

prf_E_5_slope = Claim(
    "prf:E.5.slope",
    kind=Kind.PROOF,
    title="f' as a gradient",
    source=f"{SOURCE} proof of Theorem E.5",
    quote="A1 = Q, A2 = K, A3 = V of Lemma E.2, A = A1 A2ᵀ, f of Lemma E.3, Y = I, X = λI with λ ∈ [0,1]: "
    "f' is evaluated by AAttLGC. (Here: f'(λ) = 2 tr(dL/dX).)",
    formula=r"f'(\lambda) = 2 \operatorname{tr} \frac{dL}{dX}\Big|_{X = \lambda I}",
    given={**dict.fromkeys(("A1", "A2", "A3", "E"), N_BY_D), "lam": Interval(0, 1)},
    uses=("def:1.2", "lem:E.3"),
)


def slope_by_gradient(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, lam: Any, d: Any) -> Any:
    """2 tr(dL/dX) at X = λI, with Y = I."""
    gradient = xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, xp.eye(d), d), lam * xp.eye(d))
    return 2 * xp.sum(gradient * xp.eye(d))


def norm_of_output(xp: Any, scores: Any, V: Any) -> Any:
    """``‖D^{-1} exp(scores) V‖_F²``."""
    return squared_norm(xp, row_softmax(xp, scores) @ V)


@prf_E_5_slope.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, lam: Any, d: Any) -> Any:
    slope = xp.gradient(lambda t: norm_of_output(xp, t * (A1 @ A2.T), A3), lam)
    return equal(slope, slope_by_gradient(xp, A1, A2, A3, E, lam, d))


@prf_E_5_slope.mended(because="the loss has a 1/d inside exp, so A = A1 A2ᵀ/d; and E is to be 0")
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, lam: Any, d: Any) -> Any:
    slope = xp.gradient(lambda t: norm_of_output(xp, t * (A1 @ A2.T) / d, A3), lam)
    return equal(slope, slope_by_gradient(xp, A1, A2, A3, 0 * E, lam, d))


thm_E_5 = Claim(
    "thm:E.5",
    kind=Kind.THEOREM,
    title="The gradient is hard",
    source=f"{SOURCE} Theorem E.5",
    quote="κ(n) = ω(1), κ(n) = o(log n). Under SETH no O(n^{2−δ}) algorithm for AAttLGC even when "
    "d = O(log n), ‖A1‖_∞, ‖A2‖_∞, ‖A3‖_∞ ≤ O(√(log n) · κ(n)), B = 0, Y = I, X = λI "
    "with λ ∈ [0,1], ε = O(1/(log n)⁴).",
    formula=r"\text{SETH} \Rightarrow \text{AAttLGC} \notin \mathrm{TIME}(n^{2-\delta}),\quad "
    r"\|A_1\|_\infty, \|A_2\|_\infty, \|A_3\|_\infty \le O(\sqrt{\log n}\,\kappa),\ B = 0",
    # A1 = b M1, A2 = b M2 with b = O(√(log n) κ).
    given={
        "M1": Interval(-1, 1, "n", "d"),
        "M2": Interval(-1, 1, "n", "d"),
        "A3": Real("n", "d"),
        "b": Positive(),
        "lam": Interval(0, 1),
    },
    uses=("prf:E.5.slope", "lem:E.2", "lem:E.3", "lem:E.4", "def:1.4"),
    assumes=("hyp:3.1", "lem:E.5.slopes"),
)


def instance(xp: Any, M1: Any, M2: Any, b: Any, lam: Any, B: Any, d: Any) -> Any:
    """``‖A1 X‖_∞ ≤ B`` and ``‖A2‖_∞ ≤ B`` of Definition 1.4 at A1 = b M1, A2 = b M2, X = λI."""
    product = (b * M1) @ (lam * xp.eye(d))
    return all_of(
        *(at_most(sign * product, B) for sign in (1, -1)),
        *(at_most(sign * b * M2, B) for sign in (1, -1)),
    )


def gradient_without_keys(xp: Any, A1: Any, A3: Any, lam: Any, d: Any) -> Any:
    """dL/dX at A2 = 0, which is all that ‖A2‖_∞ ≤ B = 0 leaves; with E = A3."""
    return xp.gradient(lambda X: attention_loss(xp, A1, 0 * A1, A3, A3, X, xp.eye(d), d), lam * xp.eye(d))


def start(xp: Any, V: Any) -> Any:
    """f(0): at λ = 0 every row of the output is the mean of the rows of V."""
    total = xp.row_sums(V.T)
    return xp.inner(total, total) / V.shape[0]


@thm_E_5.printed
def _(xp: Any, M1: Any, M2: Any, A3: Any, b: Any, lam: Any, n: Any, d: Any) -> Any:
    return all_of(
        instance(xp, M1, M2, b, lam, 0, d),
        equal(norm_of_output(xp, 0 * (b * M1) @ (b * M2).T, A3), start(xp, A3)),
        within(start, (A3,), bound=n * d),
    )


@thm_E_5.mended(because="‖A2‖_∞ ≤ B = 0 would leave A2 = 0 and the gradient 0: E = 0 is meant, and B = b")
def _(xp: Any, M1: Any, M2: Any, A3: Any, b: Any, lam: Any, n: Any, d: Any) -> Any:
    return all_of(
        at_most((b * M1) @ (lam * xp.eye(d)), b, gap=b * ((1 - lam) + lam * (1 - M1))),
        at_most(-(b * M1) @ (lam * xp.eye(d)), b, gap=b * ((1 - lam) + lam * (1 + M1))),
        at_most(b * M2, b, gap=b * (1 - M2)),
        at_most(-b * M2, b, gap=b * (1 + M2)),
        equal(gradient_without_keys(xp, M1, A3, lam, d), 0 * xp.eye(d)),
        equal(norm_of_output(xp, 0 * (b * M1) @ (b * M2).T, A3), start(xp, A3)),
        within(start, (A3,), bound=n * d),
    )


thm_1_5 = Claim(
    "thm:1.5",
    kind=Kind.THEOREM,
    title="The gradient is hard, informally",
    source=f"{SOURCE} Theorem 1.5",
    quote="Under SETH no O(n^{2−q}) algorithm, any q > 0, for AAttLGC(n, d = O(log n)) with B = ω(√log n).",
    formula=r"\text{SETH} \Rightarrow \text{AAttLGC}(n, O(\log n)) \notin \mathrm{TIME}(n^{2-q})\ "
    r"\text{ for } B = \omega(\sqrt{\log n})",
    # b = β B is as small as Theorem E.5 wants it.
    given={
        "M1": Interval(-1, 1, "n", "d"),
        "M2": Interval(-1, 1, "n", "d"),
        "beta": Interval(0, 1),
        "B": Positive(),
        "lam": Interval(0, 1),
    },
    uses=("thm:E.5",),
    assumes=("hyp:3.1",),
)


def slow_growth(xp: Any, s: Any) -> Any:
    """κ/log n for κ = log log n, with s = log n: κ = o(log n)."""
    return xp.log(s) / s


def inverse_growth(xp: Any, s: Any) -> Any:
    """1/κ for κ = log log n, with s = log n: κ = ω(1)."""
    return 1 / xp.log(s)


@thm_1_5.printed
def _(xp: Any, M1: Any, M2: Any, beta: Any, B: Any, lam: Any, d: Any) -> Any:
    # With κ = min(B/√(log n), log log n) an instance of Theorem E.5 has ‖A1 X‖_∞, ‖A2‖_∞ ≤ B.
    A1X, A2 = (beta * B * M1) @ (lam * xp.eye(d)), beta * B * M2
    room = B * (1 - beta)
    return all_of(
        at_most(A1X, B, gap=room + beta * B * ((1 - lam) + lam * (1 - M1))),
        at_most(-A1X, B, gap=room + beta * B * ((1 - lam) + lam * (1 + M1))),
        at_most(A2, B, gap=room + beta * B * (1 - M2)),
        at_most(-A2, B, gap=room + beta * B * (1 + M2)),
        vanishes(slow_growth),
        vanishes(inverse_growth),
    )
