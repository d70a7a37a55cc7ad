"""The chain of errors against what the factors do, step by step, and against the certificate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proofcheck.errors import ApproximationError
from proofcheck.numeric.gradient import attention_gradient
from proofcheck.numeric.low_rank import low_rank_gradient
from proofcheck.numeric.low_rank_errors import ErrorChain, error_chain
from proofcheck.numeric.polynomial import ExpPolynomial, minimax, taylor

from .hard_cases import KINDS, reference

# Of long double, in which the true errors are computed.
_FAR_ABOVE_ROUNDING = 1e5 * float(np.finfo(np.longdouble).eps)
NAMES = ("A1", "A2", "A3", "E", "X", "Y")


def true_errors(arrays: dict[str, Any], polynomial: ExpPolynomial) -> dict[str, float]:
    """What each step errs by, in long double; f and p relative to f."""
    A1, A2, A3, E, X, Y = (arrays[name].astype(np.longdouble) for name in NAMES)
    d = A1.shape[1]
    scores = A1 @ X @ A2.T / d

    def steps(weights: np.ndarray) -> dict[str, np.ndarray]:
        f = weights / weights.sum(axis=1, keepdims=True)
        h = A3 @ Y
        c = f @ h - E
        q = c @ h.T
        r = (f * q).sum(axis=1)
        p = f * q - r[:, None] * f
        return {"f": f, "c": c, "q": q, "r": r, "p": p, "gradient": A1.T @ p @ A2 / d}

    exact = steps(np.exp(scores))
    found = steps(polynomial(scores))
    errors = {name: np.abs(found[name] - exact[name]) for name in exact}
    for name in ("f", "p"):
        errors[name] = errors[name] / exact["f"]
    return {name: float(error.max()) for name, error in errors.items()}


@pytest.mark.parametrize("kind", ["uniform", "aligned", "signs", "cancelling"])
@pytest.mark.parametrize(("n", "d", "degree"), [(2, 1, 4), (12, 2, 5), (30, 3, 6)])
def test_every_step_is_bounded(kind: str, n: int, d: int, degree: int) -> None:
    for seed in range(5):
        arrays = {name: KINDS[kind](np.random.default_rng(seed), n, d)[name] for name in NAMES}
        scores = arrays["A1"] @ arrays["X"] @ arrays["A2"].T / d
        radius = float(np.abs(scores).max())
        polynomial = taylor(degree + 2 * int(np.ceil(radius)), radius)
        while (bounds := error_chain(**arrays, polynomial=polynomial)).relative < _FAR_ABOVE_ROUNDING:
            polynomial = taylor(polynomial.degree - 1, radius)
        errors = true_errors(arrays, polynomial)
        for name, error in errors.items():
            assert error <= getattr(bounds, name) * (1 + 1e-12), (name, seed)


def test_the_first_step_is_nearly_attained() -> None:
    """Many keys at one end of the error curve, one at the other: δ' is right, and δ would not do."""
    n = 40
    keys = np.ones((n, 1))
    keys[0] = 0.2
    arrays = {"A1": np.ones((n, 1)), "A2": keys, "A3": np.ones((n, 1)), "E": np.zeros((n, 1))}
    arrays |= {"X": np.ones((1, 1)), "Y": np.ones((1, 1))}
    polynomial = minimax(1, 1.0)
    bounds, errors = error_chain(**arrays, polynomial=polynomial), true_errors(arrays, polynomial)
    assert 1.5 * bounds.relative < errors["f"] <= bounds.f


def test_beside_the_certificate_and_the_true_error() -> None:
    """At small scores all three speak of one polynomial; the certificate adds what rounding does."""
    arrays = KINDS["uniform"](np.random.default_rng(0), 40, 2)
    arrays["X"] = arrays["X"] / 4
    fast = attention_gradient(*(arrays[name] for name in NAMES), method="fast", degree=3)
    scores = arrays["A1"] @ arrays["X"] @ arrays["A2"].T / 2
    polynomial = taylor(3, float(np.abs(scores).max()))
    chain = error_chain(**arrays, polynomial=polynomial)
    true, slack = reference(arrays)
    found = low_rank_gradient(*(arrays[name] for name in NAMES), coefficients=polynomial.coefficients)
    error = float(np.max(np.abs(found.gradient - true["X"])))
    assert slack["X"] < error < chain.gradient
    assert fast.error_bound is not None
    assert 0 < fast.error_bound["X"] < float("inf")


def test_it_is_in_proportion_to_the_error_of_the_polynomial() -> None:
    arrays = KINDS["uniform"](np.random.default_rng(1), 10, 2)
    found = [error_chain(**arrays, polynomial=taylor(degree, 2.0)) for degree in (6, 12)]
    ratios = [one.gradient / one.relative for one in found]
    assert ratios[0] == pytest.approx(ratios[1], rel=0.1)
    assert found[1].gradient < 1e-3 * found[0].gradient


def test_a_polynomial_that_is_too_coarse_is_refused() -> None:
    arrays = KINDS["uniform"](np.random.default_rng(0), 6, 2)
    arrays["X"] = arrays["X"] * 40
    with pytest.raises(ApproximationError, match="expected less than 1; take a higher degree"):
        error_chain(**arrays, polynomial=taylor(1, 0.5))


def test_no_error_no_bound() -> None:
    """All scores 0: P(0) = 1 is exact, and so is everything."""
    arrays = {name: np.zeros((3, 2)) for name in ("A1", "A2", "A3", "E")}
    arrays |= {name: np.zeros((2, 2)) for name in ("X", "Y")}
    found = error_chain(**arrays, polynomial=taylor(2, 1.0))
    assert isinstance(found, ErrorChain)
    assert found.gradient == 0
