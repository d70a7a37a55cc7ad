"""Appendix D by explicit factors: brute force in exact rational arithmetic, and small counterexamples."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from proofcheck.errors import ApproximationError, ShapeError, UserInputError
from proofcheck.numeric import low_rank
from proofcheck.numeric.low_rank import low_rank_gradient

from .hard_cases import KINDS, reference

NAMES = ("A1", "A2", "A3", "E", "X", "Y")
TAYLOR = [1 / math.factorial(t) for t in range(20)]


def uniform(n: int, d: int, seed: int = 0, scale: float = 1.0) -> dict[str, Any]:
    arrays = KINDS["uniform"](np.random.default_rng(seed), n, d)
    return arrays | {"X": arrays["X"] * scale}


def exactly(array: Any) -> np.ndarray:
    """The same numbers as fractions."""
    return np.vectorize(lambda value: Fraction(float(value)), otypes=[object])(np.asarray(array))


def by_brute_force(arrays: dict[str, Any], coefficients: list[float]) -> dict[str, np.ndarray]:
    """All of Appendix C with P for exp, n × n, in rational arithmetic."""
    A1, A2, A3, E, X, Y = (exactly(arrays[name]) for name in NAMES)
    d = A1.shape[1]
    scores = A1.dot(X).dot(A2.T) / Fraction(d)
    weights = scores * 0
    for coefficient in reversed(coefficients):
        weights = weights * scores + Fraction(coefficient)
    alpha = weights.sum(axis=1)
    f = weights / alpha[:, None]
    h = A3.dot(Y)
    c = f.dot(h) - E
    q = c.dot(h.T)
    r = (f * q).sum(axis=1)
    p1, p2 = f * q, r[:, None] * f
    unscaled = A1.T.dot(p1 - p2).dot(A2)
    return {
        "alpha": alpha,
        "f": f,
        "residual": c,
        "q": q,
        "p1": p1,
        "p2": p2,
        "correction": r,
        "h": h,
        "gradient": unscaled / Fraction(d),
    }


def products(found: low_rank.LowRankGradient) -> dict[str, np.ndarray]:
    pairs = {"f": "1", "q": "2", "p1": "3", "p2": "4"}
    return {
        name: np.asarray(getattr(found, f"U{k}")) @ np.asarray(getattr(found, f"V{k}")).T
        for name, k in pairs.items()
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("n", "d", "degree"), [(1, 1, 0), (1, 2, 3), (2, 1, 4), (6, 2, 3), (5, 3, 2), (3, 4, 2)]
)
def test_every_factor(n: int, d: int, degree: int, dtype: type) -> None:
    arrays = {name: value.astype(dtype) for name, value in uniform(n, d).items()}
    found = low_rank_gradient(**arrays, coefficients=TAYLOR[: degree + 1])
    true = by_brute_force(arrays, TAYLOR[: degree + 1])
    k1 = math.comb(d + degree, d)
    assert found.U1.shape == found.V1.shape == (n, k1)
    assert found.U3.shape == (n, k1 * d)
    values = products(found) | {name: getattr(found, name) for name in ("alpha", "residual", "correction")}
    values["gradient"] = found.gradient
    # Entries of absolute value at most 1: sums of k1 d terms and of n, some of them divided by α ≥ n/4.
    terms = 16 * (k1 * d + n) * (degree + d + 4) * float(np.finfo(dtype).eps)
    for name, value in values.items():
        size = 1 + max(abs(float(entry)) for entry in true[name].flat)
        assert np.max(np.abs(np.asarray(value) - true[name].astype(np.float64))) <= terms * size * n, name
        assert value.dtype == dtype


def test_it_converges_to_the_exact_gradient() -> None:
    arrays = uniform(12, 2)
    true, _ = reference(arrays)
    errors = [
        float(np.max(np.abs(low_rank_gradient(**arrays, coefficients=TAYLOR[:count]).gradient - true["X"])))
        for count in range(2, 16)
    ]
    assert all(after < before for before, after in pairwise(errors[:10]))
    assert errors[-1] <= 1e-13 * np.max(np.abs(true["X"]))


def test_array_libraries(backend: Any) -> None:
    arrays = uniform(8, 3)
    moved = {name: backend.asarray(value) for name, value in arrays.items()}
    for form in ("mended", "printed"):
        here = low_rank_gradient(**arrays, coefficients=TAYLOR[:4], form=form)
        there = low_rank_gradient(**moved, coefficients=TAYLOR[:4], form=form)
        for name in ("gradient", "U1", "V1", "U2", "V2", "U3", "V3", "U4", "V4", "alpha", "correction"):
            assert np.asarray(getattr(there, name)) == pytest.approx(
                getattr(here, name), rel=1e-11, abs=1e-13
            )


def test_ranks() -> None:
    """k1 = C(d+g, d) is reached, and is far below the bound of AS23; q has rank d."""
    d, degree = 2, 3
    arrays = uniform(40, d)
    found = low_rank_gradient(**arrays, coefficients=TAYLOR[: degree + 1])
    product = products(found)
    assert np.linalg.matrix_rank(product["f"]) == math.comb(d + degree, d) == 10
    assert low_rank.rank_bound(d, degree) == math.comb(10, 6)
    assert np.linalg.matrix_rank(product["q"]) == d == found.U2.shape[1]
    assert np.linalg.matrix_rank(product["p1"]) <= found.U3.shape[1]


# The printed forms, each with a small exact counterexample.

INTEGERS = {
    "A1": np.array([[1.0], [2.0]]),
    "A2": np.array([[0.0], [1.0]]),
    "A3": np.array([[1.0], [0.0]]),
    "E": np.array([[0.0], [1.0]]),
    "X": np.array([[1.0]]),
    "Y": np.array([[1.0]]),
}


def test_lemma_d3_prints_the_transpose_of_q() -> None:
    found = low_rank_gradient(**INTEGERS, coefficients=[1.0, 1.0], form="printed")
    q = by_brute_force(INTEGERS, [1.0, 1.0])["q"].astype(np.float64)
    printed = products(found)["q"]
    assert printed == pytest.approx(q.T, abs=1e-15)
    assert np.max(np.abs(printed - q)) > 0.1
    # f = (1/3, 2/3; 1/4, 3/4), c = (1/3, −3/4), h = (1, 0): q = c hᵀ has a row of c_1 and one of c_2.
    assert q == pytest.approx(np.array([[1 / 3, 0], [-3 / 4, 0]]))


def test_lemma_d5_prints_columns_for_rows() -> None:
    """With the right q and r, f̃ diag(r̃) is neither diag(r) f nor the matrix whose columns are printed."""
    found = low_rank_gradient(**INTEGERS, coefficients=[1.0, 1.0])
    true = by_brute_force(INTEGERS, [1.0, 1.0])
    f, r = true["f"].astype(np.float64), true["correction"].astype(np.float64)
    U4, V4 = low_rank.p2_factors(found.U1, found.V1, found.correction, form="printed")
    printed = U4 @ V4.T
    assert printed == pytest.approx(f * r[None, :], abs=1e-15)
    assert np.max(np.abs(printed - r[:, None] * f)) > 0.1
    assert np.max(np.abs(printed - f.T * r[None, :])) > 0.05
    assert products(found)["p2"] == pytest.approx(r[:, None] * f, abs=1e-15)


def test_theorem_d6_as_printed_is_another_matrix() -> None:
    """At n = 2, d = 1, where no factor of d can matter: the printed gradient is not the gradient."""
    printed = low_rank_gradient(**INTEGERS, coefficients=[1.0, 1.0], form="printed")
    mended = low_rank_gradient(**INTEGERS, coefficients=[1.0, 1.0])
    true = by_brute_force(INTEGERS, [1.0, 1.0])["gradient"][0, 0]
    assert mended.gradient[0, 0] == pytest.approx(float(true), abs=1e-15)
    assert true == Fraction(179, 864)
    assert printed.gradient[0, 0] == pytest.approx(-1 / 2, abs=1e-14)


def test_theorem_d6_as_printed_lacks_the_factor() -> None:
    arrays = uniform(6, 3)
    with_factor = low_rank_gradient(**arrays, coefficients=TAYLOR[:4])
    without = low_rank_gradient(**arrays, coefficients=TAYLOR[:4], scaled=False)
    assert without.gradient == pytest.approx(3 * with_factor.gradient, rel=1e-14)
    assert low_rank_gradient(**arrays, coefficients=TAYLOR[:4], form="printed").scaled is False


def test_lemma_d1_prints_a_product_that_does_not_exist_or_says_nothing() -> None:
    arrays = uniform(4, 2)
    with pytest.raises(ShapeError, match=r"Lemma D\.1 prints A1"):
        low_rank.entry_bound(arrays["A1"], arrays["X"], arrays["A2"], form="printed")
    A1, X = np.array([[0.0, 100.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 100.0]])
    assert np.all(A1.T @ X == 0)
    assert low_rank.entry_bound(A1, X, np.eye(2), form="printed") == 1
    assert low_rank.entry_bound(A1, X, np.eye(2)) == 10_000


def test_row_kronecker_makes_fact_a2_true() -> None:
    rng = np.random.default_rng(0)
    U1, V1, U2, V2 = (exactly(rng.integers(-3, 4, (4, k))) for k in (2, 2, 3, 3))
    left = low_rank.row_kronecker(*(value.astype(np.float64) for value in (U1, U2)))
    right = low_rank.row_kronecker(*(value.astype(np.float64) for value in (V1, V2)))
    assert np.array_equal(left @ right.T, (U1.dot(V1.T) * U2.dot(V2.T)).astype(np.float64))
    # The order of columns: l1 + (l2 − 1) k1.
    assert np.array_equal(left[:, 1 + 2 * 2], (U1[:, 1] * U2[:, 2]).astype(np.float64))


def test_weights_that_are_not_positive() -> None:
    arrays = uniform(10, 2, scale=40.0)
    with pytest.raises(ApproximationError, match="min alpha = -"):
        low_rank_gradient(**arrays, coefficients=TAYLOR[:2])


def test_factors_too_large_are_refused_before_any_is_made() -> None:
    with pytest.raises(UserInputError, match="U3 and V3"):
        low_rank_gradient(**uniform(2000, 8), coefficients=TAYLOR[:9])


@pytest.mark.parametrize("form", ["amended", "", None])
def test_an_unknown_form(form: Any) -> None:
    with pytest.raises(UserInputError, match="expected 'printed' or 'mended'"):
        low_rank_gradient(**uniform(3, 2), coefficients=[1.0], form=form)
