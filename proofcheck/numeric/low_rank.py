"""The paper's almost linear time gradient (Appendix D), every factor explicit: for small n, to inspect.

Source: [P] J. Alman and Z. Song, arXiv 2402.04497.  S = A1 X A2ᵀ/d, f = row-softmax(S), h = A3 Y,
c = f h − E, q = c hᵀ (Definition C.3) and p = f∘q − diag(r) f with r_j = ⟨f_j, q_j⟩ over rows (Definition
C.5).  Then

    dL/dX = A1ᵀ p A2 / d                                                                      (1)

for L of Definition 1.2.  Lemma C.7 has no 1/d, because Appendix B drops the one inside exp; Appendix D puts
that one back, and Theorem D.6 still has none outside: hence ``scaled``.

Where a statement does not stand as printed, ``form="printed"`` computes what the print says and
``form="mended"`` what it takes for (1).  Everything works in the dtype of its arguments, float32 or
float64, on any library that keeps the array API standard, and forms no n × n matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from proofcheck.namespaces.arrays import Array
from proofcheck.numeric.low_rank_features import (
    MAX_ENTRIES,
    Form,
    checked_degree,
    checked_form,
    entry_bound,
    matched_namespace,
    normalised,
    polynomial_factors,
    rank_bound,
    refuse_size,
    row_kronecker,
    softmax_factors,
)
from proofcheck.numeric.problem import checked_problem

__all__ = [
    "Form",
    "LowRankGradient",
    "entry_bound",
    "gradient",
    "low_rank_gradient",
    "p1_factors",
    "p2_factors",
    "q_factors",
    "rank_bound",
    "residual",
    "row_correction",
    "row_kronecker",
    "softmax_factors",
]


def residual(U1: Array, V1: Array, h: Array, E: Array) -> Array:
    """c̃ = U1 (V1ᵀ h) − E: Lemma D.2, which stands as printed.

    Args:
        U1: (n, k1).
        V1: (n, k1), f̃ = U1 V1ᵀ.
        h: (n, d).
        E: (n, d).

    Returns:
        (n, d).  O(n k1 d) time.

    Raises:
        UserInputError: shapes that do not match.
    """
    xp = matched_namespace({"U1": U1, "V1": V1}, {"h": h, "E": E})
    return U1 @ (xp.matrix_transpose(V1) @ h) - E


def q_factors(U1: Array, V1: Array, h: Array, E: Array, *, form: Form = "mended") -> tuple[Array, Array]:
    """U2, V2 with U2 V2ᵀ = q̃: Lemma D.3.

    Printed: q̃ = h (U1 V1ᵀ h − E)ᵀ = h hᵀ V1 U1ᵀ − h Eᵀ, so U2 = [h hᵀV1, −h] and V2 = [U1, E].  These k1 + d
    columns are the printed k2 = max{d, k} + d from degree 1 on, where k1 > d (k is not declared; read as k1).
    They approximate h cᵀ, the transpose of q = c hᵀ of Definition C.3: in row j, h_j times all of c
    instead of c_j times all of h.

    Mended: U2 = c̃, V2 = h, for q̃ = c̃ hᵀ and k2 = d.  No fewer columns do in general: where c̃ and h have
    rank d, c̃ᵀ(c̃ hᵀ)h = (c̃ᵀc̃)(hᵀh) is invertible, so that c̃ hᵀ has rank d.

    In both forms ‖q̃ − q‖_∞ ≤ d ‖h‖_∞ ‖c̃ − c‖_∞, as printed: an entry is a sum of d products.

    Args:
        U1: (n, k1).
        V1: (n, k1), f̃ = U1 V1ᵀ.
        h: (n, d).
        E: (n, d).
        form: of the statement.

    Returns:
        Two arrays (n, k2).  O(n k1 d) time.

    Raises:
        UserInputError: an unknown form; shapes that do not match.
    """
    if not checked_form(form):
        return residual(U1, V1, h, E), h
    xp = matched_namespace({"U1": U1, "V1": V1}, {"h": h, "E": E})
    return xp.concat([h @ (xp.matrix_transpose(h) @ V1), -h], axis=1), xp.concat([U1, E], axis=1)


def p1_factors(
    U1: Array, V1: Array, U2: Array, V2: Array, *, max_entries: int = MAX_ENTRIES
) -> tuple[Array, Array]:
    """U3 = U1 ⊘ U2 and V3 = V1 ⊘ V2, with U3 V3ᵀ = f̃ ∘ q̃: Lemma D.4, which stands given q̃.

    Args:
        U1: (n, k1).
        V1: (n, k1), f̃ = U1 V1ᵀ.
        U2: (n, k2).
        V2: (n, k2), q̃ = U2 V2ᵀ.
        max_entries: refuse factors of more entries.

    Returns:
        Two arrays (n, k1 k2).  O(n k1 k2) time.

    Raises:
        UserInputError: as :func:`row_kronecker`.
    """
    return row_kronecker(U1, U2, max_entries=max_entries), row_kronecker(V1, V2, max_entries=max_entries)


def row_correction(U1: Array, V1: Array, U2: Array, V2: Array) -> Array:
    """r̃_j = ⟨f̃_j, q̃_j⟩ = (U1)_{j,*} (V1ᵀ V2) (U2)_{j,*}ᵀ over rows j: Lemma D.5, transposes put in.

    The lemma prints (U1 V1)_{j,*} (U2 V2)_{j,*}ᵀ = (U1)_{j,*} V1 V2ᵀ (U2)_{j,*}ᵀ.  U1 V1 is n × k1 times
    n × k1, and V1 V2ᵀ is n × k1 times k2 × n, so that neither exists in general; where n = k1 = k2 both do,
    and are not ⟨f̃_j, q̃_j⟩.  The shapes that it notes, 1 × k1, k1 × k2 and k2 × 1, are those of (U1)_{j,*},
    V1ᵀV2 and (U2)_{j,*}ᵀ, and f̃_j is (U1)_{j,*} V1ᵀ: this reading serves both forms.  (Its "r_j is f_j q_j"
    lacks a transpose too.)

    Args:
        U1: (n, k1).
        V1: (n, k1), f̃ = U1 V1ᵀ.
        U2: (n, k2).
        V2: (n, k2), q̃ = U2 V2ᵀ.

    Returns:
        (n,).  O(n k1 k2) time.

    Raises:
        UserInputError: shapes that do not match.
    """
    xp = matched_namespace({"U1": U1, "V1": V1}, {"U2": U2, "V2": V2})
    return xp.sum((U1 @ (xp.matrix_transpose(V1) @ V2)) * U2, axis=1)


def p2_factors(U1: Array, V1: Array, r: Array, *, form: Form = "mended") -> tuple[Array, Array]:
    """U4, V4 with U4 V4ᵀ = p̃2: Lemma D.5.

    Printed: p̃2 = f̃ diag(r̃), U4 = U1, V4 = diag(r̃) V1.  Its p2 has the j-th *column* f_j f_jᵀ q_j = r_j f_j,
    so that p2 = fᵀ diag(r), f_j being the j-th row of f: p̃2 approximates neither that nor what (1) needs.

    Mended: p̃2 = diag(r̃) f̃, U4 = diag(r̃) U1, V4 = V1.  By Definition C.5 the j-th *row* of p2 is
    (f_j f_jᵀ q_j)ᵀ = r_j f_jᵀ.

    Args:
        U1: (n, k1).
        V1: (n, k1), f̃ = U1 V1ᵀ.
        r: (n,).
        form: of the statement.

    Returns:
        Two arrays (n, k1).  O(n k1) time.

    Raises:
        UserInputError: an unknown form; shapes that do not match.
    """
    matched_namespace({"U1": U1, "V1": V1}, {"r, as a column,": r[:, None]})
    if checked_form(form):
        return U1, r[:, None] * V1
    return r[:, None] * U1, V1


def gradient(
    A1: Array, A2: Array, U3: Array, V3: Array, U4: Array, V4: Array, *, scaled: bool = True
) -> Array:
    """A1ᵀ (U3 V3ᵀ − U4 V4ᵀ) A2, over d if ``scaled``: Theorem D.6, the matrix whose vec is its g̃.

    Printed, it is not over d, and refers to Lemma D.5 for p1 and to D.4 for p2, which is the wrong way
    round.  dS/dX has the factor 1/d of S, so (1) needs it; at d = 1 nobody can tell.

    Args:
        A1: (n, d).
        A2: (n, d).
        U3: (n, k3).
        V3: (n, k3), p̃1 = U3 V3ᵀ.
        U4: (n, k4).
        V4: (n, k4), p̃2 = U4 V4ᵀ.
        scaled: divide by d.

    Returns:
        (d, d).  O(n (k3 + k4) d) time: A1ᵀU and VᵀA2 first, so that nothing is n × n.

    Raises:
        UserInputError: shapes that do not match.
    """
    xp = matched_namespace({"A1": A1, "A2": A2}, {"U3": U3, "V3": V3}, {"U4": U4, "V4": V4})
    left = xp.matrix_transpose(A1)
    total = (left @ U3) @ (xp.matrix_transpose(V3) @ A2) - (left @ U4) @ (xp.matrix_transpose(V4) @ A2)
    return total / A1.shape[1] if scaled else total


@dataclass(frozen=True, eq=False)
class LowRankGradient:
    """The gradient by Appendix D and all that it was made from.

    Attributes:
        gradient: (d, d).
        U1, V1: (n, k1), f̃ = U1 V1ᵀ.
        U2, V2: (n, k2), q̃ = U2 V2ᵀ.
        U3, V3: (n, k1 k2), p̃1 = U3 V3ᵀ.
        U4, V4: (n, k1), p̃2 = U4 V4ᵀ.
        alpha: (n,), the row sums of P(S).
        residual: (n, d), c̃.
        correction: (n,), r̃.
        form: which form of the statements was followed.
        scaled: whether ``gradient`` is over d.
    """

    gradient: Array
    U1: Array
    V1: Array
    U2: Array
    V2: Array
    U3: Array
    V3: Array
    U4: Array
    V4: Array
    alpha: Array
    residual: Array
    correction: Array
    form: Form
    scaled: bool


def low_rank_gradient(
    A1: Array,
    A2: Array,
    A3: Array,
    E: Array,
    X: Array,
    Y: Array,
    coefficients: Sequence[float],
    *,
    form: Form = "mended",
    scaled: bool | None = None,
    max_entries: int = MAX_ENTRIES,
) -> LowRankGradient:
    """Theorem D.6 with its Lemmas D.1 to D.5: dL/dX with P(S) in place of exp(S).

    Args:
        A1: (n, d), float32 or float64; the others are of its library, device and dtype.
        A2: (n, d).
        A3: (n, d).
        E: (n, d).
        X: (d, d).
        Y: (d, d).
        coefficients: a_0 .. a_g of P.
        form: ``"mended"``, or ``"printed"``: q transposed (D.3), p2 by columns (D.5), no 1/d (D.6).
        scaled: divide by d; by default as the form has it, which is if mended.
        max_entries: refuse factors of more entries.

    Returns:
        The gradient and every factor, in the dtype of the inputs.  O(n k1 k2 d) time and O(n k1 k2) memory,
        with k1 = C(d+g, d) and k2 = d (mended) or k1 + d (printed).

    Raises:
        UserInputError: inputs that cannot be used, or factors of more than ``max_entries`` entries; found
            before any is made.
        ApproximationError: some α_i is not positive.
    """
    printed = checked_form(form)
    problem = checked_problem(A1, A2, A3, E, X, Y)
    n, d = problem.n, problem.d
    k1 = math.comb(d + checked_degree(coefficients), d)
    refuse_size("each of U3 and V3 (n × k1 × k2)", n, k1, k1 + d if printed else d, max_entries=max_entries)
    h = A3 @ Y
    weights, V1 = polynomial_factors(A1 @ X / d, A2, coefficients, max_entries=max_entries)
    U1, alpha = normalised(weights, V1)
    U2, V2 = q_factors(U1, V1, h, E, form=form)
    U3, V3 = p1_factors(U1, V1, U2, V2, max_entries=max_entries)
    r = row_correction(U1, V1, U2, V2)
    U4, V4 = p2_factors(U1, V1, r, form=form)
    divide = not printed if scaled is None else scaled
    c = residual(U1, V1, h, E)
    found = gradient(A1, A2, U3, V3, U4, V4, scaled=divide)
    return LowRankGradient(found, U1, V1, U2, V2, U3, V3, U4, V4, alpha, c, r, form, divide)
