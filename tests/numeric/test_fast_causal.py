"""What is particular to causal attention; what holds for both is in test_fast.py."""

from __future__ import annotations

import numpy as np
import pytest

from proofcheck.errors import ApproximationError
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.problem import VARIABLES, checked_problem

from .test_fast import Arrays, check, draw, solve, taylor

pytestmark = pytest.mark.usefixtures("route")


@pytest.mark.parametrize("rows", [1, 7, 30, 1000, None])
@pytest.mark.parametrize("degree", [0, 1, 2, 5])
def test_loss_and_gradients_are_those_of_the_polynomial(degree: int, rows: int | None) -> None:
    """Pairs of different blocks go through the moments, those of one block do not: both, and each alone."""
    true, bounds = check(draw(30, 3, seed=degree), taylor(degree), causal=True, block_rows=rows)
    for name in (*VARIABLES, "loss"):
        least = np.max(np.abs(true.values[name]))
        assert np.max(bounds[name]) <= 1e-9 * least or (degree == 0 and name in ("X", "A1", "A2"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block_dtype", [np.float32, np.float64])
def test_precisions(dtype: type, block_dtype: type) -> None:
    arrays = draw(40, 2, seed=3, dtype=dtype)
    check(arrays, taylor(4), causal=True, block_dtype=block_dtype, block_rows=16)
    solution = solve(arrays, taylor(4), causal=True, block_dtype=block_dtype, block_rows=16)
    assert {gradient.dtype for gradient in solution.gradients.values()} == {np.dtype(dtype)}


def _changed_from(arrays: Arrays, row: int) -> Arrays:
    """The same up to a row, and other numbers from there on."""
    other = draw(arrays["A1"].shape[0], arrays["A1"].shape[1], seed=99)
    return {
        name: array if array.shape[0] == array.shape[1] else np.concatenate([array[:row], other[name][row:]])
        for name, array in arrays.items()
    }


@pytest.mark.parametrize("rows", [1, 8, 100])
def test_a_query_does_not_see_what_comes_after_it(rows: int) -> None:
    """Bit for bit: what is added for keys that are masked is 0."""
    arrays, row = draw(30, 2, seed=1), 13
    problem, changed = (
        checked_problem(**inputs, causal=True) for inputs in (arrays, _changed_from(arrays, row))
    )
    where = frame(problem)  # the same coordinates for both, since these do depend on all keys
    sample = tuple(range(30))
    kept = [
        fast_solution(inputs, ("X", "A1"), taylor(4), where, block_rows=rows, sample=sample)
        for inputs in (problem, changed)
    ]
    before, after = (solution.sampled for solution in kept)
    assert before is not None
    assert after is not None
    for name in ("output", "residual", "gradient", "cotangent"):
        left, right = getattr(before, name), getattr(after, name)
        assert np.array_equal(left[:row], right[:row]), name
        assert not np.any(left[row:] == right[row:]), name
    assert np.array_equal(kept[0].gradients["A1"][:row], kept[1].gradients["A1"][:row])


def test_the_last_query_sees_all_keys() -> None:
    arrays, rows = draw(30, 2, seed=1), 8
    _, bounds = check(arrays, taylor(4), causal=True, block_rows=rows)
    _, others = check(arrays, taylor(4), block_rows=rows)
    masked, full = (
        solve(arrays, taylor(4), ("X",), causal=causal, block_rows=rows, sample=(29,)).sampled
        for causal in (True, False)
    )
    assert masked is not None
    assert full is not None
    for name, of in (("output", "output"), ("gradient", "row gradient"), ("cotangent", "cotangent")):
        slack = bounds[of][29] + others[of][29]
        assert np.all(np.abs(getattr(masked, name)[0] - getattr(full, name)[0]) <= slack), name


def test_the_first_query_sees_one_key() -> None:
    """Its output is that key's value, and its scores have no influence."""
    arrays = draw(10, 3, seed=1)
    kept = solve(arrays, taylor(3), ("X",), causal=True, sample=(0,)).sampled
    assert kept is not None
    # The value minus the centre, times P and divided by it, and the centre again.
    size = np.abs(arrays["A3"][0]) + 2 * np.abs(arrays["A3"].mean(axis=0))
    assert np.all(np.abs(kept.output[0] - arrays["A3"][0]) <= 8 * 2.0**-53 * size)
    slopes = np.abs(kept.cotangent[0]) @ np.concatenate([[1.0], size])
    assert np.all(np.abs(kept.gradient[0]) <= 64 * 2.0**-53 * slopes * 4 * np.abs(arrays["A2"]).max())


def test_a_query_with_few_keys_may_have_no_positive_weight() -> None:
    """1 + S is −1 for the first query alone; all keys together weigh enough, as do all the later prefixes."""
    keys = np.array([[-2.0], [2.0], [2.0], [-2.0]])
    ones = np.ones((4, 1))
    arrays = {"A1": ones, "A2": keys, "A3": keys, "E": ones, "X": np.ones((1, 1)), "Y": np.ones((1, 1))}
    assert solve(arrays, taylor(1)).min_alpha == 4.0
    with pytest.raises(ApproximationError, match=r"alpha = -1, which must be positive"):
        solve(arrays, taylor(1), causal=True)
    # With the signs changed every prefix is positive: 3, 2, 1, 4.
    arrays["A2"] = -keys
    assert solve(arrays, taylor(1), causal=True, block_rows=2).min_alpha == 1.0


@pytest.mark.parametrize("wrt", [("A2",), ("A3",), ("A2", "A3")])
def test_the_last_key_is_seen_by_the_last_query_only(wrt: tuple[str, ...]) -> None:
    """With c = 0 in the last row, dL/dA2 and dL/dA3 are 0 there, up to the rounding of c."""
    arrays = draw(12, 2, seed=4)
    kept = solve(arrays, taylor(2), (), causal=True, sample=(11,)).sampled
    assert kept is not None
    arrays["E"][11] = kept.output[0] @ arrays["Y"]
    solution = solve(arrays, taylor(2), wrt, causal=True, block_rows=5)
    for name in wrt:
        gradient = np.abs(solution.gradients[name])
        assert np.max(gradient[11]) <= 1e-13 * np.max(gradient[:11])
        assert np.min(np.max(gradient[:11], axis=1)) > 1e-6
