from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.numeric.magnitudes import Magnitudes, MagnitudeSums, magnitudes_before
from proofcheck.numeric.problem import Problem, checked_problem, row_blocks

Arrays = dict[str, Any]
UNIT = 2.0**-53


def draw(n: int, d: int, seed: int = 0, scale: float = 1.0) -> Arrays:
    rng = np.random.default_rng(seed)
    arrays = {name: rng.uniform(-1, 1, (n, d)) * scale for name in ("A1", "A2", "A3", "E")}
    return arrays | {name: rng.uniform(-1, 1, (d, d)) for name in ("X", "Y")}


def softmax_parts(problem: Problem) -> tuple[Any, Any, Any]:
    """c, w and α of the exact softmax, α as the sum of e^{S − rowmax}."""
    scores = np.asarray(problem.A1 @ problem.X @ problem.A2.T / problem.d, dtype=np.float64)
    if problem.causal:
        scores = np.where(np.tri(problem.n, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    alpha = weights.sum(axis=1)
    c = weights @ problem.A3 / alpha[:, None] @ problem.Y - problem.E
    return c, c @ problem.Y.T, alpha


def measured(problem: Problem, size: int) -> Magnitudes:
    c, w, alpha = softmax_parts(problem)
    sums = MagnitudeSums(problem)
    for rows in row_blocks(problem.n, size):
        sums.add(rows.start, problem.A1[rows], c[rows], w[rows].T, alpha[rows])
    return sums.total()


def brute(problem: Problem) -> dict[str, Any]:
    c, w, alpha = softmax_parts(problem)
    A1 = np.abs(problem.A1)
    keys = np.arange(1, problem.n + 1) if problem.causal else np.full(problem.n, problem.n)
    return {
        "queries": A1.sum(axis=0),
        "products": sum(np.outer(a, b) for a, b in zip(A1, np.abs(w), strict=True)),
        "residuals": np.abs(c).sum(axis=0),
        "backward": np.abs(w).sum(axis=0),
        "most_residual": np.abs(c).max(axis=0),
        "most_backward": np.abs(w).max(axis=0),
        "keys_over_weight": max(count / weight for count, weight in zip(keys, alpha, strict=True)),
        "inverse_weight": max(1 / weight for weight in alpha),
    }


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("size", [1, 7, 20, 100])
def test_sums_are_those_of_all_rows(size: int, causal: bool) -> None:
    problem = checked_problem(**draw(20, 3), causal=causal)
    found, true = measured(problem, size), brute(problem)
    assert set(vars(found)) == set(true)
    for name, value in true.items():
        # n positive terms of one product each, added in two orders.
        assert np.all(np.abs(getattr(found, name) - value) <= 2 * (20 + 2) * UNIT * value), name
    assert found.products.shape == (3, 3)


def test_a_causal_query_is_held_against_the_keys_it_sees() -> None:
    """The weights fall from 5 to 1: the last query has the most keys for its weight, not the first."""
    problem = checked_problem(**draw(5, 1), causal=True)
    weights = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    sums = MagnitudeSums(problem)
    for start, stop in ((0, 2), (2, 5)):
        sums.add(
            start, np.ones((stop - start, 1)), np.ones((stop - start, 1)), np.ones((1, stop - start)),
            weights[start:stop],
        )  # fmt: skip
    assert sums.total().keys_over_weight == 5.0
    assert sums.total().inverse_weight == 1.0
    first = MagnitudeSums(problem)
    first.add(0, np.ones((2, 1)), np.ones((2, 1)), np.ones((1, 2)), weights[:2])
    assert first.total().keys_over_weight == 0.5


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    n=st.integers(1, 20),
    d=st.integers(1, 4),
    seed=st.integers(0, 1 << 20),
    exponent=st.integers(-60, 60),
    causal=st.booleans(),
    positive=st.booleans(),
)
def test_bounds_before_a_run_hold(
    n: int, d: int, seed: int, exponent: int, causal: bool, positive: bool
) -> None:
    """|c| ≤ |E| + max|A3||Y|; equality, up to rounding, where all keys are alike and E is the other way."""
    arrays = draw(n, d, seed)
    arrays |= {name: arrays[name] * 10.0**exponent for name in ("A3", "E")}
    if positive:
        arrays |= {"A3": np.abs(arrays["A3"][:1]) * np.ones((n, 1)), "Y": np.abs(arrays["Y"])}
        arrays["E"] = -np.abs(arrays["E"])
    problem = checked_problem(**arrays, causal=causal)
    before, true = magnitudes_before(problem), brute(problem)
    for name in ("queries", "products", "residuals", "backward", "most_residual", "most_backward"):
        rounding = 1 + 4 * (n + 2 * d + 4) * UNIT
        assert np.all(true[name] <= getattr(before, name) * rounding), name
        if positive:
            assert np.all(getattr(before, name) <= true[name] * rounding), name
    assert true["inverse_weight"] <= before.inverse_weight == 1.0
    assert before.keys_over_weight == 1.0


def test_more_rows_than_a_block_has() -> None:
    """What is largest lies in the second block."""
    n = (1 << 12) + 3
    arrays = draw(n, 2)
    arrays["A3"][-1] = [40.0, -50.0]
    arrays["E"][-2] = 30.0
    before = magnitudes_before(checked_problem(**arrays))
    residual = np.abs(arrays["E"]) + np.abs(arrays["A3"]).max(axis=0) @ np.abs(arrays["Y"])
    assert before.residuals == pytest.approx(residual.sum(axis=0), rel=2 * n * UNIT)
    assert before.most_residual == pytest.approx(residual.max(axis=0), rel=8 * UNIT)
    assert before.queries == pytest.approx(np.abs(arrays["A1"]).sum(axis=0), rel=2 * n * UNIT)


def test_what_overflows_bounds_all_the_same() -> None:
    before = magnitudes_before(checked_problem(**draw(10, 2, scale=1.7e308)))
    assert np.all(before.backward == math.inf)
    assert np.all(before.products == math.inf)


@pytest.mark.parametrize("causal", [False, True])
def test_array_libraries(backend: Any, causal: bool) -> None:
    arrays = draw(20, 3)
    here = measured(checked_problem(**arrays, causal=causal), 8)
    moved = {name: backend.asarray(array) for name, array in arrays.items()}
    problem = checked_problem(**moved, causal=causal)
    c, w, alpha = softmax_parts(checked_problem(**arrays, causal=causal))
    sums = MagnitudeSums(problem)
    for rows in row_blocks(20, 8):
        blocks = [arrays["A1"][rows], c[rows], w[rows].T, alpha[rows]]
        sums.add(rows.start, *(backend.asarray(np.ascontiguousarray(block)) for block in blocks))
    for name, value in vars(sums.total()).items():
        assert value == pytest.approx(getattr(here, name), rel=60 * UNIT), name
    before = magnitudes_before(problem)
    for name, value in vars(magnitudes_before(checked_problem(**arrays))).items():
        assert getattr(before, name) == pytest.approx(value, rel=60 * UNIT), name
