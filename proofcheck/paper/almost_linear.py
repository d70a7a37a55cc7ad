"""Lemma D.1 and Theorem D.6: the gradient in almost linear time, and the chain of its errors.

Factors of n × k columns stand for n × n matrices throughout: f̃ = U1 V1ᵀ by Lemma D.1, then c̃, q̃ = c̃ hᵀ,
p̃1 = f̃ ∘ q̃ and p̃2 = diag(r̃) f̃.  The algorithm forms none of the latter.

The chain of errors.  With P(S) = e^S (1 + δ R) entrywise, |R| ≤ 1, Lemma D.1 gives |f̃ − f| ≤ δ' f with
δ' = 2δ/(1 − δ).  From there, with η = ‖h‖_∞, ψ = ‖q‖_∞ and rows of f adding up to σ = 1,

    |c̃ − c| ≤ δ' η,   |q̃ − q| ≤ θ = d δ' η²,   |p̃1 − p1| ≤ ρ f and |r̃ − r| ≤ ρ with ρ = (1 + δ') θ + δ' ψ,
    |p̃2 − p2| ≤ ((1 + δ') ρ + δ' ψ) f,   ‖g̃ − dL/dX‖_∞ ≤ n ‖A1‖_∞ ‖A2‖_∞ ((2 + δ') ρ + δ' ψ)/d.

An n × n matrix that is at most ρ f adds up to ρ n, and not ρ n²: so the n² of the printed chain is an n here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from proofcheck.claims import (
    Claim,
    Declaration,
    Interval,
    Kind,
    Level,
    Positive,
    Real,
    all_of,
    at_most,
    equal,
    has_shape,
    vanishes,
    within,
)
from proofcheck.paper.definitions import D_BY_D
from proofcheck.paper.formulas import attention_loss, row_softmax
from proofcheck.paper.forward import row_weights
from proofcheck.paper.rank import exponent_of_dimension, exponent_of_rank
from proofcheck.paper.upper_bound import LAYER, N_BY_D, UNIT, UNIT_D, both_ways, row_corrections

SOURCE = "Alman & Song 2024,"
THIN = Real("n", "k")

# --- Lemma D.1 -------------------------------------------------------------------------------------

lem_D_1 = Claim(
    "lem:D.1",
    kind=Kind.LEMMA,
    title="f from factors",
    source=f"{SOURCE} Lemma D.1 (from AS23 Section 3)",
    quote="For B = o(√log n) there is k1 = n^{o(1)} such that if ‖A1ᵀ X‖_∞ ≤ B, ‖A2‖_∞ ≤ B then "
    "U1, V1 ∈ R^{n×k1} with ‖U1 V1ᵀ − f(x)‖_∞ ≤ ε/poly(n) are built in n^{1+o(1)} time, where "
    "f(x) = D^{-1} exp(A1 X A2ᵀ / d).",
    formula=r"\|U_1 V_1^\top - f(x)\|_\infty \le \frac{\varepsilon}{\mathrm{poly}(n)},\quad "
    r"U_1, V_1 \in \mathbb{R}^{n \times k_1},\quad k_1 = n^{o(1)}",
    given={
        "A1": N_BY_D,
        "X": D_BY_D,
        "A": Positive("n", "n"),
        "R": UNIT,
        "delta": Interval(0, Fraction(1, 10)),
        "U": THIN,
        "V": THIN,
    },
    uses=("as23:poly", "as23:entry", "as23:rank", "as23:rank.best"),
)


def next_features(xp: Any, earlier: Any, variables: Any) -> Any:
    """Each feature is an earlier one times a variable (`as23:rank`): O(n k) operations for k of them."""
    return earlier * variables


def normalised(xp: Any, U: Any, V: Any) -> Any:
    """U1 of f̃ = U1 Vᵀ, the rows of U Vᵀ divided by their sums: O(n k) operations."""
    return xp.scale_rows(1 / (U @ xp.row_sums(V.T)), U)


def factors_of_f(xp: Any, A: Any, R: Any, delta: Any, U: Any, V: Any, n: Any, k: Any) -> Any:
    """What Lemma D.1 says of any A = exp(S), of A (1 + δR) in its place, and of factors U Vᵀ of that."""
    # Row sums of A (1 + δ R), written as a sum of what is positive.
    sums = xp.row_sums(A * (1 - delta) + delta * A * (1 + R))
    f = row_weights(xp, A)
    off = xp.scale_rows(1 / sums, A * (1 + delta * R)) - f
    # 1 ± m with m = Σ f R, for every row; off = f δ (R − m)/(1 + δ m).
    above, under = (xp.outer(xp.row_sums(f * (1 + s * R)), xp.ones(n)) for s in (1, -1))
    share = xp.outer(xp.row_sums(A) / sums, xp.ones(n)) * f * delta
    return all_of(
        has_shape(normalised(xp, U, V), (n, k)),
        equal(normalised(xp, U, V) @ V.T, row_weights(xp, U @ V.T)),
        within(next_features, (U, V), bound=n * k),
        within(normalised, (U, V), bound=n * k),
        at_most((1 - delta) * off, 2 * delta * f, gap=share * ((1 - R) * (1 - delta) + above * (1 + delta))),
        at_most(
            -(1 - delta) * off, 2 * delta * f, gap=share * ((1 + R + under) * (1 - delta) + 2 * delta * above)
        ),
        vanishes(exponent_of_rank),
    )


@lem_D_1.printed
def _(xp: Any, A1: Any, X: Any, A: Any, R: Any, delta: Any, U: Any, V: Any, n: Any, d: Any, k: Any) -> Any:
    return all_of(has_shape(A1.T @ X, (n, d)), factors_of_f(xp, A, R, delta, U, V, n, k))


@lem_D_1.mended(because="A1ᵀ X does not exist, A1 being n×d and X d×d: the bound is on A1 X")
def _(xp: Any, A1: Any, X: Any, A: Any, R: Any, delta: Any, U: Any, V: Any, n: Any, d: Any, k: Any) -> Any:
    return all_of(has_shape(A1 @ X, (n, d)), factors_of_f(xp, A, R, delta, U, V, n, k))


# --- the chain of errors ---------------------------------------------------------------------------

thm_D_6_errors = Claim(
    "thm:D.6.errors",
    kind=Kind.DERIVED,
    title="The chain of errors, from f to the gradient",
    source="derived here, for Alman & Song 2024, Theorem D.6",
    quote="For f with row sums σ: |f̃ − f| ≤ δ' f gives |c̃ − c| ≤ δ' η σ, |q̃ − q| ≤ θ = d η ‖c̃ − c‖_∞, "
    "|p̃1 − p1| ≤ ρ f and |r̃ − r| ≤ ρ σ with ρ = (1 + δ') θ + δ' ψ, |p̃2 − p2| ≤ ((1 + δ') ρ + δ' ψ) f, and "
    "p̃ − p within π f adds at most π ‖A1‖_∞ ‖A2‖_∞ Σ σ to an entry of A1ᵀ p A2. (Here: σ = 1.)",
    formula=r"\|\tilde g - \tfrac{dL}{dX}\|_\infty \le \frac{n}{d}\, \|A_1\|_\infty \|A_2\|_\infty "
    r"\bigl((2 + \delta')\rho + \delta' \psi\bigr)",
    # f̃ − f = δ' f ∘ R, h = η H, c̃ − c = γ T, q = ψ G, q̃ − q = θ S, r = ψ t, r̃ − r = ρ u, for any row sums.
    given={
        "f": Positive("n", "n"),
        **dict.fromkeys(("R", "S", "G"), UNIT),
        **dict.fromkeys(("H", "T", "M1", "M2"), UNIT_D),
        **dict.fromkeys(("t", "u"), Interval(-1, 1, "n")),
        **dict.fromkeys(("delta", "eta", "gamma", "psi", "theta", "rho", "a1", "a2"), Positive()),
    },
    uses=("lem:D.1", "lem:D.2", "lem:D.3", "lem:D.4", "lem:D.5"),
)


@thm_D_6_errors.printed
def _(
    xp: Any,
    f: Any,
    R: Any,
    S: Any,
    G: Any,
    H: Any,
    T: Any,
    M1: Any,
    M2: Any,
    t: Any,
    u: Any,
    delta: Any,
    eta: Any,
    gamma: Any,
    psi: Any,
    theta: Any,
    rho: Any,
    a1: Any,
    a2: Any,
    n: Any,
    d: Any,
) -> Any:
    change = (f + delta * f * R) * (psi * G + theta * S) - f * (psi * G)
    wide_t, wide_u = xp.outer(t, xp.ones(n)), xp.outer(u, xp.ones(n))
    scaled = xp.scale_rows(psi * t + rho * u, f + delta * f * R) - xp.scale_rows(psi * t, f)

    def of_c(sign: int) -> Any:
        """Σ_l f_jl (1 − sign·R_jl H_li)."""
        return xp.columns(lambda i: xp.row_sums(f * (1 - sign * R * xp.outer(xp.ones(n), H[:, i]))), d)

    def of_q(sign: int) -> Any:
        """Σ_i (1 − sign·T_ji H_ki)."""
        return xp.sum_over(lambda i: 1 - sign * xp.outer(T[:, i], H[:, i]), d)

    def of_p1(sign: int) -> Any:
        """(1 + δ') θ + δ' ψ less the change over f, entry by entry."""
        return theta * (1 - sign * S) + delta * theta * (1 - sign * R * S) + delta * psi * (1 - sign * R * G)

    def of_p2(sign: int) -> Any:
        """(1 + δ') ρ + δ' ψ less the change over f, entry by entry."""
        own = rho * (1 - sign * wide_u) + delta * rho * (1 - sign * wide_u * R)
        return own + delta * psi * (1 - sign * wide_t * R)

    def of_gradient(sign: int) -> Any:
        """Σ_jk f_jk (1 − sign·M1_ja R_jk M2_kb)."""

        def term(j: Any, k: Any) -> Any:
            return f[j, k] * (1 - sign * R[j, k] * xp.outer(M1[j, :], M2[k, :]))

        return xp.sum_over(lambda j: xp.sum_over(lambda k: term(j, k), n), n)

    return all_of(
        both_ways(
            (delta * f * R) @ (eta * H),
            delta * eta * xp.outer(xp.row_sums(f), xp.ones(d)),
            lambda sign: delta * eta * of_c(sign),
        ),
        both_ways((gamma * T) @ (eta * H).T, d * gamma * eta, lambda sign: gamma * eta * of_q(sign)),
        both_ways(change, ((1 + delta) * theta + delta * psi) * f, lambda sign: f * of_p1(sign)),
        both_ways(
            xp.row_sums(change),
            ((1 + delta) * theta + delta * psi) * xp.row_sums(f),
            lambda sign: xp.row_sums(f * of_p1(sign)),
        ),
        both_ways(scaled, ((1 + delta) * rho + delta * psi) * f, lambda sign: f * of_p2(sign)),
        both_ways(
            (a1 * M1).T @ (rho * f * R) @ (a2 * M2),
            a1 * a2 * rho * xp.sum(f),
            lambda sign: a1 * a2 * rho * of_gradient(sign),
        ),
    )


# Eighteen inputs: GENERIC proves every size at once.
thm_D_6_errors.check(Level.EXACT, sizes=({"n": 1, "d": 1},))

# --- Theorem D.6 -----------------------------------------------------------------------------------

FACTORS: dict[str, Declaration] = {"U1": THIN, "V1": THIN}

thm_D_6 = Claim(
    "thm:D.6",
    kind=Kind.THEOREM,
    title="The gradient in almost linear time",
    source=f"{SOURCE} Theorem D.6",
    quote="A1, A2, X, A3, Y, E of O(log n)-bit entries, d = O(log n), B = o(√log n). "
    "g̃ = vec(A1ᵀ (U3 V3ᵀ − U4 V4ᵀ) A2) satisfies ‖dL/dx − g̃‖_∞ ≤ 1/poly(n), in n^{1+o(1)} time.",
    formula=r"\tilde g = \operatorname{vec}\bigl(A_1^\top (U_3 V_3^\top - U_4 V_4^\top) A_2\bigr),\quad "
    r"\bigl\|\tfrac{dL}{dx} - \tilde g\bigr\|_\infty \le \frac{1}{\mathrm{poly}(n)},\quad n^{1+o(1)}",
    given={**LAYER, **FACTORS},
    uses=("lem:D.1", "lem:D.4", "lem:D.5", "lem:C.7", "thm:D.6.errors"),
)


def low_rank_gradient(xp: Any, U1: Any, V1: Any, A1: Any, A2: Any, A3: Any, E: Any, Y: Any) -> Any:
    """``A1ᵀ (U3 V3ᵀ − U4 V4ᵀ) A2`` from factors of f̃: O((n + d) k d²) operations, and nothing is n × n."""
    h = A3 @ Y
    c = U1 @ (V1.T @ h) - E
    U3, V3 = xp.row_kron(U1, c), xp.row_kron(V1, h)
    U4 = xp.scale_rows(row_corrections(xp, U1, V1, c, h), U1)
    return (A1.T @ U3) @ (V3.T @ A2) - (A1.T @ U4) @ (V1.T @ A2)


def dense_gradient(xp: Any, f: Any, A1: Any, A2: Any, h: Any, E: Any) -> Any:
    """``A1ᵀ (f ∘ q − diag(r) f) A2`` for any n × n matrix f, with q = (f h − E) hᵀ and r = rowsum(f ∘ q)."""
    q = (f @ h - E) @ h.T
    return A1.T @ (f * q - xp.scale_rows(xp.row_sums(f * q), f)) @ A2


def exact_case(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> tuple[Any, Any]:
    """dL/dX, and the dense form of g̃ with f in the place of f̃.

    An error below every 1/poly(n) leaves no room for the two to differ.
    """
    gradient = xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X)
    return gradient, dense_gradient(xp, row_softmax(xp, A1 @ X @ A2.T / d), A1, A2, A3 @ Y, E)


def scores_factor(xp: Any, A1: Any, X: Any) -> Any:
    """``A1 X``, of which with A2 the features are made: O(n d²) operations."""
    return A1 @ X


def algorithm(
    xp: Any, U1: Any, V1: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any, k: Any
) -> Any:
    """The factors give the dense form of g̃, in n^{1+o(1)} operations."""
    found = low_rank_gradient(xp, U1, V1, A1, A2, A3, E, Y)
    return all_of(
        equal(found, dense_gradient(xp, U1 @ V1.T, A1, A2, A3 @ Y, E)),
        within(scores_factor, (A1, X), bound=n * d * d),
        within(low_rank_gradient, (U1, V1, A1, A2, A3, E, Y), bound=(n + d) * k * d * d),
        vanishes(exponent_of_rank),
        vanishes(exponent_of_dimension),
    )


@thm_D_6.printed
def _(
    xp: Any,
    A1: Any,
    A2: Any,
    A3: Any,
    E: Any,
    X: Any,
    Y: Any,
    U1: Any,
    V1: Any,
    n: Any,
    d: Any,
    k: Any,
) -> Any:
    gradient, dense = exact_case(xp, A1, A2, A3, E, X, Y, d)
    return all_of(equal(gradient, dense), algorithm(xp, U1, V1, A1, A2, A3, E, X, Y, n, d, k))


@thm_D_6.mended(because="the derivative of the 1/d inside exp is missing outside: g̃ is to be divided by d")
def _(
    xp: Any,
    A1: Any,
    A2: Any,
    A3: Any,
    E: Any,
    X: Any,
    Y: Any,
    U1: Any,
    V1: Any,
    n: Any,
    d: Any,
    k: Any,
) -> Any:
    gradient, dense = exact_case(xp, A1, A2, A3, E, X, Y, d)
    return all_of(equal(gradient, dense / d), algorithm(xp, U1, V1, A1, A2, A3, E, X, Y, n, d, k))


thm_1_6 = Claim(
    "thm:1.6",
    kind=Kind.THEOREM,
    title="Almost linear time, informally",
    source=f"{SOURCE} Theorem 1.6",
    quote="n^{1+o(1)} time for AAttLGC(n, d = O(log n)) with B = o(√log n), up to 1/poly(n).",
    formula=r"\text{AAttLGC}(n, O(\log n)) \in \mathrm{TIME}(n^{1+o(1)})\ \text{ for } B = o(\sqrt{\log n})",
    given={**LAYER, **FACTORS},
    uses=("thm:D.6", "def:1.4"),
)


@thm_1_6.printed
def _(
    xp: Any, U1: Any, V1: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any, k: Any
) -> Any:
    return all_of(
        has_shape(low_rank_gradient(xp, U1, V1, A1, A2, A3, E, Y), (d, d)),
        within(scores_factor, (A1, X), bound=n * d * d),
        within(low_rank_gradient, (U1, V1, A1, A2, A3, E, Y), bound=(n + d) * k * d * d),
        vanishes(exponent_of_rank),
        vanishes(exponent_of_dimension),
    )
