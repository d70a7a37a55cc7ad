"""The fast method against exact gradients: mpmath at small n, the exact method, sampled rows at large n."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck import attention_gradient
from proofcheck.errors import ApproximationError
from proofcheck.numeric.exact import exact_solution, query_contributions
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.polynomial import smallest_degree
from proofcheck.numeric.problem import VARIABLES, checked_problem

from .autograd import x_gradient_by_the_paper
from .hard_cases import KINDS

pytestmark = pytest.mark.usefixtures("route")


def uniform(n: int, d: int, dtype: type = np.float64) -> dict[str, Any]:
    rng = np.random.default_rng(n)
    arrays = {name: rng.uniform(-1, 1, (n, d)).astype(dtype) for name in ("A1", "A2", "A3", "E")}
    return arrays | {"X": np.eye(d, dtype=dtype), "Y": np.eye(d, dtype=dtype)}


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["uniform", "aligned", "clustered", "duplicated", "signs", "cancelling"]),
    n=st.integers(1, 9),
    d=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
    tolerance=st.sampled_from([1e-2, 1e-4, 1e-6]),
)
def test_against_mpmath(kind: str, n: int, d: int, seed: int, tolerance: float) -> None:
    """All queries are in the sample at such n, so the estimate is the error, and the tolerance is met."""
    arrays = KINDS[kind](np.random.default_rng(seed), n, d)
    loss, true = x_gradient_by_the_paper(arrays)
    try:
        result = attention_gradient(**arrays, method="fast", rtol=tolerance)
    except ApproximationError:  # a gradient that is 0, or all but, has no small relative error
        result = attention_gradient(**arrays, method="fast", degree=6)
        allowed = result.error_bound["X"]
    else:
        allowed = tolerance * float(np.max(np.abs(result.gradients["X"])))
    # Less what 40 digits may be off: where all rows are the same, the gradient is 0.
    error = float(np.max(np.abs(result.gradients["X"] - true))) - 1e-30
    assert error <= allowed
    assert error <= result.error_bound["X"]
    assert error <= result.error_estimate["X"].high
    assert abs(result.loss - loss) <= result.error_bound["loss"]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n", [2**10, 2**12])
def test_against_the_exact_method(n: int, causal: bool) -> None:
    """At a degree whose relative error is below the rounding of float64, only rounding is left."""
    problem = checked_problem(**uniform(n, 3), causal=causal)
    where = frame(problem)
    polynomial = smallest_degree(1e-14, where.radius * 1.001)
    fast = fast_solution(problem, VARIABLES, polynomial.coefficients, where)
    exact = exact_solution(problem, VARIABLES)
    assert fast.loss == pytest.approx(exact.loss, rel=1e-12)
    for name in VARIABLES:
        # The terms of a sum over n pairs are up to √n times what is left of them: a few thousand roundings.
        size = float(np.max(np.abs(exact.gradients[name])))
        assert np.max(np.abs(fast.gradients[name] - exact.gradients[name])) <= 1e5 * 2.0**-53 * size, name


def test_against_the_exact_method_at_2_to_the_15() -> None:
    arrays = uniform(2**15, 2, np.float32)
    true = exact_solution(checked_problem(**arrays), ("X", "Y")).gradients
    result = attention_gradient(**arrays, method="fast", degree=4, wrt=("X", "Y"))
    for name, gradient in result.gradients.items():
        error, size = (float(np.max(np.abs(value))) for value in (gradient - true[name], true[name]))
        assert error <= 1e-3 * size
        assert error <= result.error_estimate[name].high
        assert error <= result.error_bound[name]


@pytest.mark.parametrize("causal", [False, True])
def test_against_sampled_rows_at_2_to_the_17(causal: bool) -> None:
    """Rows of queries that the estimate does not draw, from the first to the last."""
    arrays = uniform(2**17, 4)
    problem = checked_problem(**arrays, causal=causal)
    where = frame(problem)
    polynomial = smallest_degree(1e-7, where.radius * 1.001)
    rows = (0, 1, 2, 100, 65_537, 2**17 - 2, 2**17 - 1)
    solution = fast_solution(problem, ("X",), polynomial.coefficients, where, sample=rows)
    true = query_contributions(problem, rows)
    assert solution.sampled is not None
    assert np.allclose(solution.sampled.output, true.output, rtol=0, atol=1e-6)
    found = solution.sampled.gradient / problem.d
    # |p̃ − p| ≤ p times a few times δ, row by row: within a few times δ of the sum of absolute values.
    size = np.max(np.abs(true.residual)) * np.max(np.abs(arrays["A2"])) * 4
    assert np.max(np.abs(found - true.gradient)) <= 1e-6 * size
