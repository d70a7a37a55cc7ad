"""Appendix D as algebra: what factors in the place of f do to c, q, p and the gradient, constants written.

f̃ = U1 V1ᵀ and q̃ = U2 V2ᵀ are any products of thin factors here.  Errors and sizes are given as a positive
number times a matrix of entries in [-1, 1]: f = φ F, f̃ − f = δ R, q = ψ G, q̃ − q = θ S and so on, so that
each number is a ‖·‖_∞; where the paper writes ε/poly(n) the constant is written out.  Each bound has a gap.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import (
    Claim,
    Declaration,
    Interval,
    Kind,
    Level,
    Positive,
    Real,
    Seriousness,
    all_of,
    at_most,
    equal,
    has_shape,
)
from proofcheck.paper.definitions import D_BY_D
from proofcheck.paper.formulas import attention_loss, p_matrix, row_softmax

SOURCE = "Alman & Song 2024,"
N_BY_N = Real("n", "n")
N_BY_D = Real("n", "d")
UNIT = Interval(-1, 1, "n", "n")
UNIT_D = Interval(-1, 1, "n", "d")
FIRST: dict[str, Declaration] = {"U1": Real("n", "k"), "V1": Real("n", "k")}
SECOND: dict[str, Declaration] = {"U2": Real("n", "m"), "V2": Real("n", "m")}
F_AND_Q: dict[str, Declaration] = {
    **dict.fromkeys(("F", "R", "G", "S"), UNIT),
    **dict.fromkeys(("phi", "delta", "psi", "theta"), Positive()),
}


def both_ways(left: Any, right: Any, gap: Any) -> Any:
    """|left| ≤ right; ``gap(1)`` is right − left and ``gap(-1)`` is right + left."""
    return all_of(at_most(left, right, gap=gap(1)), at_most(-left, right, gap=gap(-1)))


def product_gap(xp: Any, M: Any, N: Any, sign: int, count: Any) -> Any:
    """``count − sign·M N`` for entries in [-1, 1]: a sum of ``1 − sign·M_ik N_kj`` over k."""
    return xp.sum_over(lambda k: 1 - sign * xp.outer(M[:, k], N[k, :]), count)


lem_D_2 = Claim(
    "lem:D.2",
    kind=Kind.LEMMA,
    title="c from factors of f",
    source=f"{SOURCE} Lemma D.2",
    quote="‖U1 V1ᵀ h(y) − E − c(x)‖_∞ ≤ ε/poly(n), since it equals ‖(U1 V1ᵀ − f(x)) h(y)‖_∞. "
    "(Here: at most n ‖f̃ − f‖_∞ ‖h‖_∞.)",
    formula=r"U_1 V_1^\top h - E - c = (U_1 V_1^\top - f)\, h,\quad \|\cdot\|_\infty \le n\, \delta\, \eta",
    given={**FIRST, "f": N_BY_N, "h": N_BY_D, "E": N_BY_D, "R": UNIT, "H": UNIT_D}
    | dict.fromkeys(("delta", "eta"), Positive()),
    uses=("def:3.6",),
)


@lem_D_2.printed
def _(
    xp: Any, U1: Any, V1: Any, f: Any, h: Any, E: Any, R: Any, H: Any, delta: Any, eta: Any, n: Any, d: Any
) -> Any:
    return all_of(
        equal(U1 @ (V1.T @ h) - E - (f @ h - E), (U1 @ V1.T - f) @ h),
        both_ways(
            (delta * R) @ (eta * H),
            n * delta * eta * xp.ones(n, d),
            lambda sign: delta * eta * product_gap(xp, R, H, sign, n),
        ),
    )


lem_D_3 = Claim(
    "lem:D.3",
    kind=Kind.LEMMA,
    title="q from factors of f",
    source=f"{SOURCE} Lemma D.3",
    quote="With q(x) := h(y) c(x)ᵀ (in Definition C.3 q(x) = c(x) h(y)ᵀ): q̃ = h (U1 V1ᵀ h − E)ᵀ = "
    "h hᵀ V1 U1ᵀ − h Eᵀ; ‖q̃ − q‖_∞ ≤ d ‖h‖_∞ ‖U1 V1ᵀ h − E − c‖_∞.",
    formula=r"\tilde q = h\,(U_1 V_1^\top h - E)^\top = h h^\top V_1 U_1^\top - h E^\top,\quad "
    r"\|\tilde q - q\|_\infty \le d\, \|h\|_\infty \|\tilde c - c\|_\infty",
    given={**FIRST, "c": N_BY_D, "h": N_BY_D, "E": N_BY_D, "T": UNIT_D, "H": UNIT_D}
    | dict.fromkeys(("gamma", "eta"), Positive()),
    uses=("def:C.3", "lem:D.2"),
)


@lem_D_3.printed
def _(
    xp: Any, U1: Any, V1: Any, c: Any, h: Any, E: Any, T: Any, H: Any, gamma: Any, eta: Any, n: Any, d: Any
) -> Any:
    return all_of(
        equal(h @ c.T, c @ h.T),
        equal(h @ (U1 @ (V1.T @ h) - E).T, h @ (h.T @ V1) @ U1.T - h @ E.T),
        both_ways(
            (eta * H) @ (gamma * T).T,
            d * eta * gamma * xp.ones(n, n),
            lambda sign: eta * gamma * product_gap(xp, H, T.T, sign, d),
        ),
    )


@lem_D_3.mended(
    because="h cᵀ is the transpose of q = c hᵀ of Definition C.3: q̃ = c̃ hᵀ, with d columns",
    serious=Seriousness.TYPOGRAPHICAL,
)
def _(
    xp: Any, U1: Any, V1: Any, c: Any, h: Any, E: Any, T: Any, H: Any, gamma: Any, eta: Any, n: Any, d: Any
) -> Any:
    U2 = U1 @ (V1.T @ h) - E
    return all_of(
        equal(U2 @ h.T, U1 @ (V1.T @ h) @ h.T - E @ h.T),
        has_shape(U2, (n, d)),
        # Where c̃ and h have rank d the right side is invertible: no fewer columns do.
        equal(U2.T @ (U2 @ h.T) @ h, (U2.T @ U2) @ (h.T @ h)),
        both_ways(
            (gamma * T) @ (eta * H).T,
            d * eta * gamma * xp.ones(n, n),
            lambda sign: eta * gamma * product_gap(xp, T, H.T, sign, d),
        ),
    )


lem_D_4 = Claim(
    "lem:D.4",
    kind=Kind.LEMMA,
    title="p1 from factors of f and q",
    source=f"{SOURCE} Lemma D.4",
    quote="p1(x) := f(x) ∘ q(x); U3 = U1 ⊘ U2, V3 = V1 ⊘ V2 give ‖U3 V3ᵀ − p1(x)‖_∞ ≤ ε/poly(n), by A.2 and "
    "the triangle inequality through f̃ ∘ q.",
    formula=r"(U_1 \oslash U_2)(V_1 \oslash V_2)^\top = \tilde f \circ \tilde q,\quad "
    r"\|\tilde f \circ \tilde q - f \circ q\|_\infty \le (\varphi + \delta)\,\theta + \psi\,\delta",
    given={**FIRST, **SECOND, **F_AND_Q},
    uses=("fact:A.2", "lem:D.3"),
)


@lem_D_4.printed
def _(
    xp: Any,
    U1: Any,
    V1: Any,
    U2: Any,
    V2: Any,
    F: Any,
    R: Any,
    G: Any,
    S: Any,
    phi: Any,
    delta: Any,
    psi: Any,
    theta: Any,
    n: Any,
    k: Any,
    m: Any,
) -> Any:
    f, q = phi * F, psi * G
    return all_of(
        has_shape(xp.row_kron(U1, U2), (n, k * m)),
        equal(xp.row_kron(U1, U2) @ xp.row_kron(V1, V2).T, (U1 @ V1.T) * (U2 @ V2.T)),
        both_ways(
            (f + delta * R) * (q + theta * S) - f * q,
            ((phi + delta) * theta + psi * delta) * xp.ones(n, n),
            lambda sign: (
                phi * theta * (1 - sign * F * S)
                + delta * theta * (1 - sign * R * S)
                + psi * delta * (1 - sign * G * R)
            ),
        ),
    )


lem_D_5 = Claim(
    "lem:D.5",
    kind=Kind.LEMMA,
    title="p2 from factors of f and q",
    source=f"{SOURCE} Lemma D.5",
    quote="r̃(x)_{j0} = ⟨f̃(x)_{j0}, q̃(x)_{j0}⟩ = (U1 V1)_{j0,*} · (U2 V2)_{j0,*}ᵀ = "
    "(U1)_{j0,*} V1 V2ᵀ (U2)_{j0,*}ᵀ; p̃2(x) = f̃(x) diag(r̃(x)), so U4 = U1, V4 = diag(r̃(x)) V1, give "
    "‖U4 V4ᵀ − p2(x)‖_∞ ≤ ε/poly(n), p2(x)_{j0} = f(x)_{j0} f(x)_{j0}ᵀ q(x)_{j0}.",
    formula=r"\tilde r_{j_0} = (U_1)_{j_0,*} V_1^\top V_2 (U_2)_{j_0,*}^\top,\quad "
    r"\tilde p_2 = \operatorname{diag}(\tilde r)\,\tilde f",
    given={**FIRST, **SECOND, "F": UNIT, "R": UNIT}
    | dict.fromkeys(("t", "T"), Interval(-1, 1, "n"))
    | dict.fromkeys(("phi", "delta", "kappa", "rho"), Positive()),
    uses=("def:C.5", "lem:D.3"),
)


def rank_one_part(xp: Any, f: Any, q: Any, n: Any) -> Any:
    """The matrix with rows (f_j f_jᵀ q_j)ᵀ, which Definition C.5 takes off diag(f_j) q_j."""
    return f * q - p_matrix(xp, f, q, n)


@lem_D_5.printed
def _(xp: Any, U1: Any, V1: Any, U2: Any, V2: Any, n: Any) -> Any:
    f, q = U1 @ V1.T, U2 @ V2.T
    r = xp.row_sums((U1 @ V1) * (U2 @ V2))
    return all_of(
        equal(r, xp.row_sums((U1 @ V1 @ V2.T) * U2)),
        equal(U1 @ xp.scale_rows(r, V1).T, rank_one_part(xp, f, q, n)),
    )


def row_corrections(xp: Any, U1: Any, V1: Any, U2: Any, V2: Any) -> Any:
    """``(U1)_{j,*} V1ᵀ V2 (U2)_{j,*}ᵀ`` for every row j."""
    return xp.row_sums((U1 @ (V1.T @ V2)) * U2)


@lem_D_5.mended(
    because="the products U1 V1 and V1 V2ᵀ do not exist: U1 V1ᵀ and V1ᵀ V2; and r̃ scales rows, not columns"
)
def _(
    xp: Any,
    U1: Any,
    V1: Any,
    U2: Any,
    V2: Any,
    F: Any,
    R: Any,
    t: Any,
    T: Any,
    phi: Any,
    delta: Any,
    kappa: Any,
    rho: Any,
    n: Any,
) -> Any:
    f, q = U1 @ V1.T, U2 @ V2.T
    r = row_corrections(xp, U1, V1, U2, V2)
    # r = κ t and r̃ = κ t + ρ T, one number a row.
    wide_t, wide_T = xp.outer(t, xp.ones(n)), xp.outer(T, xp.ones(n))
    return all_of(
        equal(r, xp.row_sums(f * q)),
        has_shape(xp.scale_rows(r, U1), U1.shape),
        equal(xp.scale_rows(r, U1) @ V1.T, rank_one_part(xp, f, q, n)),
        both_ways(
            xp.scale_rows(kappa * t + rho * T, phi * F + delta * R) - xp.scale_rows(kappa * t, phi * F),
            (rho * (phi + delta) + kappa * delta) * xp.ones(n, n),
            lambda sign: (
                rho * phi * (1 - sign * wide_T * F)
                + rho * delta * (1 - sign * wide_T * R)
                + kappa * delta * (1 - sign * wide_t * R)
            ),
        ),
    )


LAYER: dict[str, Declaration] = {
    **dict.fromkeys(("A1", "A2", "A3", "E"), N_BY_D),
    **dict.fromkeys(("X", "Y"), D_BY_D),
}

prf_D_6 = Claim(
    "prf:D.6",
    kind=Kind.PROOF,
    title="The gradient from p1 and p2",
    source=f"{SOURCE} proof of Theorem D.6",
    quote="dL/dx = vec(A1ᵀ p(x) A2), p = p1 − p2, for L of Definition 1.2 with "
    "f(x) = D^{-1} exp(A1 X A2ᵀ/d).",
    formula=r"\frac{dL}{dx} = \operatorname{vec}(A_1^\top (p_1 - p_2) A_2)",
    given=LAYER,
    uses=("lem:C.7", "lem:D.4", "lem:D.5"),
)


def by_parts(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    """``A1ᵀ (p1 − p2) A2`` with p1 = f ∘ q and p2 = diag(r) f."""
    f, h = row_softmax(xp, A1 @ X @ A2.T / d), A3 @ Y
    q = (f @ h - E) @ h.T
    return A1.T @ (f * q - xp.scale_rows(xp.row_sums(f * q), f)) @ A2


@prf_D_6.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    gradient = xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X)
    return equal(gradient, by_parts(xp, A1, A2, A3, E, X, Y, d))


@prf_D_6.mended(
    because="the derivative of the 1/d inside exp is missing outside", serious=Seriousness.CONSTANT
)
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    gradient = xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X)
    return equal(gradient, by_parts(xp, A1, A2, A3, E, X, Y, d) / d)


prf_D_6_error = Claim(
    "prf:D.6.error",
    kind=Kind.PROOF,
    title="The error of the gradient from those of p1 and p2",
    source=f"{SOURCE} proof of Theorem D.6",
    quote="‖A1ᵀ (p − p̃) A2‖_∞ ≤ ‖A1‖_∞ ‖A2‖_∞ n² (‖p1 − p̃1‖_∞ + ‖p2 − p̃2‖_∞).",
    formula=r"\|A_1^\top (p - \tilde p) A_2\|_\infty \le \|A_1\|_\infty \|A_2\|_\infty\, n^2\, "
    r"(\|p_1 - \tilde p_1\|_\infty + \|p_2 - \tilde p_2\|_\infty)",
    # A1 = a1 M1, A2 = a2 M2, p1 − p̃1 = π1 P1, p2 − p̃2 = π2 P2.
    given={"P1": UNIT, "P2": UNIT, "M1": UNIT_D, "M2": UNIT_D}
    | dict.fromkeys(("pi1", "pi2", "a1", "a2"), Positive()),
)


@prf_D_6_error.printed
def _(
    xp: Any, P1: Any, P2: Any, M1: Any, M2: Any, pi1: Any, pi2: Any, a1: Any, a2: Any, n: Any, d: Any
) -> Any:
    def gap(sign: int) -> Any:
        def term(j: Any, k: Any) -> Any:
            weight = xp.outer(M1[j, :], M2[k, :])
            return pi1 * (1 - sign * P1[j, k] * weight) + pi2 * (1 + sign * P2[j, k] * weight)

        return a1 * a2 * xp.sum_over(lambda j: xp.sum_over(lambda k: term(j, k), n), n)

    left = (a1 * M1).T @ (pi1 * P1 - pi2 * P2) @ (a2 * M2)
    return both_ways(left, a1 * a2 * n * n * (pi1 + pi2), gap)


# 2^16 corners at n = d = 2: GENERIC proves every size at once.
prf_D_6_error.check(Level.EXACT, sizes=({"n": 1, "d": 1}, {"n": 1, "d": 2}))
