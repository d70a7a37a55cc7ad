"""Oracles: their errors hold, and what is no gradient is refused."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from proofcheck.errors import UserInputError
from reductions.oracles import Answer, CallableOracle, FastOracle, FloatOracle, MpmathOracle

from .instances import DIGITS, gap_instance, gradient_of, slope

TEMPERATURES = (0.0, 0.1, 0.73, 1.0)


@pytest.mark.parametrize("reading", ["slope", "norm"])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_float64_and_mpmath_err_by_no_more_than_they_say(reading: str, temperature: float) -> None:
    for seed in range(4):
        gap = gap_instance(3, 4, np.random.default_rng(seed), yes=seed % 2 == 0)
        instance = gradient_of(gap, reading)  # type: ignore[arg-type]
        with mpmath.workdps(DIGITS):
            true = slope(instance.attention, temperature)
            for oracle in (FloatOracle(), MpmathOracle()):
                found = oracle(instance, temperature)
                assert abs(found.slope - true) <= found.error
                assert found.error <= 1e-9


def test_the_float_error_is_not_far_from_what_happens() -> None:
    """Within some orders of magnitude: a bound that is always huge would decide nothing."""
    instance = gradient_of(gap_instance(64, 20, np.random.default_rng(0), yes=True), "slope")
    exact, found = MpmathOracle()(instance, 1.0), FloatOracle()(instance, 1.0)
    assert abs(found.slope - exact.slope) <= found.error <= 1e-6 * abs(exact.slope)


def test_the_fast_oracle_holds_where_scores_are_small() -> None:
    instance = gradient_of(gap_instance(2, 1, np.random.default_rng(0), yes=False), "slope")
    found, exact = FastOracle(degree=6)(instance, 0.01), MpmathOracle()(instance, 0.01)
    assert abs(found.slope - exact.slope) <= found.error + exact.error
    assert found.error < 1e-3


@pytest.mark.parametrize("temperature", [0.01, 1.0])
def test_the_fast_oracle_takes_a_degree_that_fits_in_memory(temperature: float) -> None:
    """With 32 columns degree 8 has 77 million features; with a lower one the bound holds, or is infinite."""
    instance = gradient_of(gap_instance(4, 4, np.random.default_rng(3), yes=True), "slope")
    assert instance.attention.d == 32
    found, exact = FastOracle()(instance, temperature), MpmathOracle()(instance, temperature)
    assert abs(found.slope - exact.slope) <= found.error + exact.error
    assert np.isfinite(found.error) == (temperature < 1)


def dense(A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any) -> Any:
    """The gradient by the n × n formula."""
    d = A1.shape[1]
    weights = np.exp(A1 @ X @ A2.T / d - (A1 @ X @ A2.T / d).max(axis=1, keepdims=True))
    f = weights / weights.sum(axis=1, keepdims=True)
    h = A3 @ Y
    q = (f @ h - E) @ h.T
    return A1.T @ (f * q - (f * q).sum(axis=1)[:, None] * f) @ A2 / d


def test_a_callable_with_a_stated_accuracy() -> None:
    instance = gradient_of(gap_instance(4, 3, np.random.default_rng(1), yes=True), "slope")
    oracle = CallableOracle(dense, 1e-10)
    found, exact = oracle(instance, 1.0), MpmathOracle()(instance, 1.0)
    assert abs(found.slope - exact.slope) <= found.error + exact.error
    d = instance.attention.d
    assert 2 * d * 1e-10 <= found.error <= 2 * d * 1e-10 + 1e-9


@pytest.mark.parametrize(
    ("function", "accuracy", "message"),
    [
        (lambda *a: np.zeros((2, 3)), 0.1, r"shape \(2, 3\); expected"),
        (lambda *a: np.full(a[4].shape, np.nan), 0.1, "not finite"),
        (lambda *a: np.full(a[4].shape, np.inf), 0.1, "not finite"),
        (lambda *a: a[4], -1.0, "accuracy is -1.0"),
        (lambda *a: a[4], float("nan"), "accuracy is nan"),
    ],
)
def test_what_is_no_gradient(function: Any, accuracy: float, message: str) -> None:
    instance = gradient_of(gap_instance(2, 2, np.random.default_rng(0), yes=True), "slope")
    with pytest.raises(UserInputError, match=message):
        CallableOracle(function, accuracy)(instance, 1.0)


def test_the_trace_is_twice_that_of_the_identity() -> None:
    instance = gradient_of(gap_instance(2, 2, np.random.default_rng(0), yes=True), "slope")
    found = CallableOracle(lambda *a: np.eye(len(a[4])), 0.0)(instance, 1.0)
    assert isinstance(found, Answer)
    assert found.slope == 2 * instance.attention.d
