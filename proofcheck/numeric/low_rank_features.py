"""Lemma D.1, factors of the softmax from a polynomial in place of exp; and Fact A.2, which combines factors.

Sources: [P] J. Alman and Z. Song, arXiv 2402.04497; [AS23] the same authors, arXiv 2302.13214, Section 3.
The features are made from the list of all exponents, not as in :mod:`proofcheck.numeric.monomials`, so
that this and the fast method can be held against each other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import array_api_compat

from proofcheck.errors import ApproximationError, ShapeError, UserInputError
from proofcheck.namespaces.arrays import Array, common_namespace, dtype_name

__all__ = [
    "MAX_ENTRIES",
    "Form",
    "checked_degree",
    "checked_form",
    "entry_bound",
    "matched_namespace",
    "multi_indices",
    "normalised",
    "polynomial_factors",
    "rank_bound",
    "refuse_size",
    "row_kronecker",
    "softmax_factors",
]

#: A statement as the paper prints it, or as it stands.
Form: TypeAlias = Literal["printed", "mended"]

#: The entries that one array may have unless the caller says otherwise: 1 GiB of float64.
MAX_ENTRIES = 2**27


def checked_form(form: str) -> bool:
    """Whether the printed form is asked for.

    Raises:
        UserInputError: neither "printed" nor "mended".
    """
    if form not in ("printed", "mended"):
        raise UserInputError(f"form={form!r}: expected 'printed' or 'mended'")
    return form == "printed"


def refuse_size(what: str, *sizes: int, max_entries: int) -> None:
    """Refuse an array of these sizes, before it is allocated, if it has too many entries.

    Raises:
        UserInputError: it has more than ``max_entries``.
    """
    entries = math.prod(sizes)
    if entries > max_entries:
        shape = " × ".join(f"{size:,}" for size in sizes)
        raise UserInputError(
            f"{what} would have {shape} = {entries:,} entries, more than max_entries={max_entries:,}; take a "
            "lower degree, or attention_gradient with method='fast', which forms none of these factors"
        )


def matched_namespace(*groups: Mapping[str, Array]) -> Any:
    """The namespace of matrices that all have the same rows and, within a group, the same columns.

    Raises:
        UserInputError: they do not, or are not matrices of one library, device and dtype.
    """
    xp = common_namespace({name: array for group in groups for name, array in group.items()})
    rows = next(iter(groups[0].values())).shape[0]
    for group in groups:
        (first, leader), *_ = group.items()
        for name, array in group.items():
            if array.ndim != 2 or array.shape[0] != rows or array.shape[1] != leader.shape[-1]:
                raise UserInputError(
                    f"{name} has shape {tuple(array.shape)}; expected {rows} rows and as many columns as "
                    f"{first}, which has shape {tuple(leader.shape)}"
                )
    return xp


def rank_bound(d: int, g: int) -> int:
    """C(2(g+d), 2g), the bound of [AS23] on the rank of P(QKᵀ/d) for P of degree g and d columns.

    It is the number of monomials of degree at most 2g in the 2d variables (q, k).  In those of P(q·k), q and
    k have the same exponents, so that the features here are C(d+g, d), which is fewer for g ≥ 1.

    Args:
        d: columns, at least 1.
        g: the degree, at least 0.

    Raises:
        UserInputError: one is less than that.
    """
    if d < 1 or g < 0:
        raise UserInputError(f"d={d}, g={g}: expected d of at least 1 and a degree g of at least 0")
    return math.comb(2 * (g + d), 2 * g)


def entry_bound(A1: Array, X: Array, A2: Array, *, form: Form = "mended") -> float:
    """The least B that the hypothesis of Lemma D.1 allows, for A1, A2 of shape (n, d) and X of (d, d).

    Printed: B = max{‖A1ᵀX‖_∞, ‖A2‖_∞}.  A1ᵀ is d × n, so that A1ᵀX does not exist unless n = d, where it says
    nothing of S: for A1 = t e1 e2ᵀ and X = t e2 e2ᵀ, A1ᵀX = 0, and A1 X = t² e1 e2ᵀ is as large as you like.

    Mended: B = max{‖A1 X‖_∞, ‖A2‖_∞}, as in Definition 1.4.  Then |S_ij| = |⟨(A1 X)_i, (A2)_j⟩|/d is at
    most dB²/d = B², the range on which P has to approximate exp.

    O(n d²) time.

    Raises:
        ShapeError: the printed form, at n ≠ d.
        UserInputError: an unknown form; arrays that differ in library, device, dtype or columns.
    """
    xp = matched_namespace({"A1": A1, "A2": A2})
    common_namespace({"A1": A1, "X": X})
    if tuple(X.shape) != (A1.shape[1], A1.shape[1]):
        raise UserInputError(f"X has shape {tuple(X.shape)}; expected (d, d), as A1 has {tuple(A1.shape)}")
    if checked_form(form):
        if A1.shape[0] != X.shape[0]:
            raise ShapeError(
                f"Lemma D.1 prints A1^T X, and A1^T has shape {tuple(A1.shape[::-1])}, X {tuple(X.shape)}"
            )
        product = xp.matrix_transpose(A1) @ X
    else:
        product = A1 @ X
    return max(float(xp.max(xp.abs(product))), float(xp.max(xp.abs(A2))))


def multi_indices(variables: int, degree: int) -> Iterator[tuple[int, ...]]:
    """Every β ∈ N^variables with |β| ≤ degree, by degree; C(variables + degree, variables) of them."""
    for total in range(degree + 1):
        for places in itertools.combinations_with_replacement(range(variables), total):
            yield tuple(places.count(variable) for variable in range(variables))


def polynomial_factors(
    queries: Array, keys: Array, coefficients: Sequence[float], *, max_entries: int = MAX_ENTRIES
) -> tuple[Array, Array]:
    """U, V with U Vᵀ = P(queries keysᵀ) entrywise, P(t) = Σ_t a_t tᵗ ([AS23] Section 3, for Lemma D.1).

    By the multinomial theorem (q·k)ᵗ = Σ_{|β|=t} (t!/β!) q^β k^β; U has a_|β| (|β|!/β!) q^β, and V has k^β.

    Args:
        queries: (n, d), float32 or float64; A1 X / d for S of the paper.
        keys: (m, d), of the same library, device and dtype.
        coefficients: a_0 .. a_g, finite.
        max_entries: refuse a factor of more entries.

    Returns:
        U (n, k1) and V (m, k1) for k1 = C(d+g, d), in the dtype of the inputs.  O((n + m) k1 d) time.

    Raises:
        UserInputError: shapes or coefficients that cannot be used; a factor that is too large.
    """
    xp = common_namespace({"queries": queries, "keys": keys})
    if queries.ndim != 2 or keys.ndim != 2 or queries.shape[1] != keys.shape[1] or 0 in queries.shape:
        raise UserInputError(
            f"queries have shape {tuple(queries.shape)} and keys {tuple(keys.shape)}; expected (n, d), (m, d)"
        )
    degree, variables = checked_degree(coefficients), int(queries.shape[1])
    rows = max(int(queries.shape[0]), int(keys.shape[0]))
    refuse_size("U1", rows, math.comb(variables + degree, variables), max_entries=max_entries)
    exponents = list(multi_indices(variables, degree))
    most = float(xp.finfo(queries.dtype).max)
    weights = [_weight(float(coefficients[sum(powers)]), powers) for powers in exponents]
    if not all(abs(weight) <= most for weight in weights):
        raise UserInputError(f"the coefficients times multinomials exceed the range of {dtype_name(queries)}")
    row = xp.asarray(
        [float(weight) for weight in weights], dtype=queries.dtype, device=array_api_compat.device(queries)
    )
    return _features(xp, queries, exponents, degree) * row[None, :], _features(xp, keys, exponents, degree)


def checked_degree(coefficients: Sequence[float]) -> int:
    """The degree g of a_0 .. a_g, zeros at the end counted.

    Raises:
        UserInputError: none, or one that is not a finite number.
    """
    if len(coefficients) == 0 or not all(math.isfinite(value) for value in coefficients):
        raise UserInputError(
            f"coefficients={list(coefficients)!r}: expected the finite numbers a_0 .. a_g of P, at least one"
        )
    return len(coefficients) - 1


def _weight(coefficient: float, powers: tuple[int, ...]) -> Fraction:
    """a_|β| |β|!/β!, exactly: |β|! alone exceeds every float from 171 on."""
    return Fraction(coefficient) * math.factorial(sum(powers)) / math.prod(map(math.factorial, powers))


def _features(xp: Any, points: Array, exponents: list[tuple[int, ...]], degree: int) -> Array:
    """x^β for each row x and each β: one gather per variable from the table of its powers."""
    features = None
    for variable in range(points.shape[1]):
        column = points[:, variable]
        powers = [xp.ones_like(column)]
        for _ in range(degree):
            powers.append(powers[-1] * column)
        numbers = xp.asarray(
            [powers_of[variable] for powers_of in exponents], device=array_api_compat.device(points)
        )
        factor = xp.take(xp.stack(powers, axis=1), numbers, axis=1)
        features = factor if features is None else features * factor
    return features


def normalised(U: Array, V: Array) -> tuple[Array, Array]:
    """diag(α)^{-1} U and α = U Vᵀ 1, the row sums of U Vᵀ, without forming it.

    Args:
        U: (n, k).
        V: (m, k).

    Returns:
        (n, k) and (n,), in the dtype of the inputs.  O((n + m) k) time.

    Raises:
        ApproximationError: some α_i is not positive and finite, so that U Vᵀ has no softmax.
    """
    xp = common_namespace({"U": U, "V": V})
    alpha = U @ xp.sum(V, axis=0)
    least, most = float(xp.min(alpha)), float(xp.max(alpha))
    if not 0 < least <= most < math.inf:  # or one is not a number
        raise ApproximationError(
            f"the row sums alpha of P(S) must be positive and finite, and min alpha = {least:.3g}, max alpha "
            f"= {most:.3g}; take a polynomial of a higher degree, or smaller entries of A1 X and A2"
        )
    return U / alpha[:, None], alpha


def softmax_factors(
    queries: Array, keys: Array, coefficients: Sequence[float], *, max_entries: int = MAX_ENTRIES
) -> tuple[Array, Array]:
    """U1, V1 with U1 V1ᵀ = f̃ = diag(α)^{-1} P(queries keysᵀ), α its row sums: Lemma D.1.

    If |P(t) e^{-t} − 1| ≤ δ < 1 for every score t, then |f̃ − f| ≤ f · 2δ/(1−δ) entrywise: weights are off by
    a factor in [1−δ, 1+δ], and so are their sums.  The hypothesis of D.1 is :func:`entry_bound`.

    Args:
        queries: (n, d).
        keys: (m, d).
        coefficients: a_0 .. a_g of P.
        max_entries: refuse factors of more entries.

    Returns:
        U1 (n, k1) and V1 (m, k1) for k1 = C(d+g, d): those of :func:`polynomial_factors`, U1 divided by α.

    Raises:
        UserInputError: as :func:`polynomial_factors`.
        ApproximationError: some α_i is not positive; as for Taylor polynomials of odd degree at
            scores far below 0.
    """
    U, V = polynomial_factors(queries, keys, coefficients, max_entries=max_entries)
    return normalised(U, V)[0], V


def row_kronecker(U: Array, V: Array, *, max_entries: int = MAX_ENTRIES) -> Array:
    """U ⊘ V, the row-wise Kronecker product: (U ⊘ V)_{i, l1+(l2−1)k1} = U_{i,l1} V_{i,l2} (Fact A.2).

    Fact A.2 prints U_{i,l2} for the second factor, and no U is declared: it cannot be followed.  Only
    (U2)_{i,l2} fits the range l2 ∈ [k2] and makes Fact A.2 true:
    Σ_{l1,l2} (U1)_{i,l1} (U2)_{i,l2} (V1)_{j,l1} (V2)_{j,l2} is the product of the sums over l1 and over l2.

    Args:
        U: (n, k1).
        V: (n, k2).
        max_entries: refuse a result of more entries.

    Returns:
        (n, k1 k2), the index of U running fastest.  O(n k1 k2) time.

    Raises:
        UserInputError: different numbers of rows, or a result that is too large.
    """
    xp = matched_namespace({"U": U}, {"V": V})
    rows, columns = int(U.shape[0]), int(U.shape[1]) * int(V.shape[1])
    refuse_size("the row-wise Kronecker product", rows, columns, max_entries=max_entries)
    return xp.reshape(V[:, :, None] * U[:, None, :], (rows, columns))
