from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.namespaces.arrays import to_numpy
from proofcheck.numeric.monomials import monomials
from proofcheck.numeric.pruned import axis_sizes, monomials_of, pruned_exponents

from .expansions import exponents_of


def every(axes: int, degree: int) -> list[tuple[int, ...]]:
    powers = itertools.product(range(degree + 1), repeat=axes)
    return [index for index in powers if sum(index) <= degree]


def sizes_of(axes: int, degree: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    scales = np.exp(rng.uniform(-4, 1, axes) / 2)
    queries, keys = rng.standard_normal((2, 30, axes)) * scales
    return axis_sizes(queries, keys, degree)


def test_sizes_are_root_mean_squares() -> None:
    """By (13), from sums; and no power of an axis is larger than the one before."""
    rng = np.random.default_rng(0)
    queries, keys = rng.uniform(-1, 1, (2, 20, 3)) * [0.1, 1.0, 4.0]
    sizes = axis_sizes(queries, keys, 6)
    for axis, power in itertools.product(range(3), range(7)):
        mean = [sum(float(x) ** (2 * power) for x in points[:, axis]) / 20 for points in (queries, keys)]
        value = math.sqrt(mean[0] * mean[1]) / math.factorial(power)
        least = min(value, sizes[axis, power - 1]) if power else 1.0
        assert sizes[axis, power] == pytest.approx(least, rel=1e-12)
    assert np.all(np.diff(sizes, axis=1) <= 0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    axes=st.integers(1, 4),
    degree=st.integers(0, 5),
    seed=st.integers(0, 1000),
    exponent=st.floats(-6, 0.5),
)
def test_the_fewest_whose_complement_is_small(axes: int, degree: int, seed: int, exponent: float) -> None:
    """Against all multi-indices: downward closed, small enough, and not without the last of it."""
    sizes, allowed = sizes_of(axes, degree, seed), 10.0**exponent
    found = pruned_exponents(sizes, degree, allowed, 10**6)
    assert found is not None
    kept = {tuple(index) for index in found.tolist()}
    assert len(kept) == len(found)
    assert (0,) * axes in kept
    for index in kept:
        assert sum(index) <= degree
        for axis in range(axes):
            if index[axis]:
                assert (*index[:axis], index[axis] - 1, *index[axis + 1 :]) in kept
    values = {index: math.prod(sizes[a, j] for a, j in enumerate(index)) for index in every(axes, degree)}
    left = sum(value**2 for index, value in values.items() if index not in kept)
    assert left <= allowed**2 * (1 + 1e-6)
    if len(kept) > 1:  # of sets of largest values, any smaller one leaves too much
        assert left + min(values[index] for index in kept) ** 2 > allowed**2 * (1 - 1e-6)
    assert min(values[index] for index in kept) >= max(
        (value for index, value in values.items() if index not in kept), default=0.0
    ) * (1 - 1e-12)


def test_too_many_or_too_fine() -> None:
    sizes = sizes_of(4, 6, 0)
    found = pruned_exponents(sizes, 6, 1e-3, 10**6)
    assert found is not None
    count = len(found)
    assert pruned_exponents(sizes, 6, 1e-3, count) is not None
    assert pruned_exponents(sizes, 6, 1e-3, count - 1) is None
    assert pruned_exponents(sizes, 6, 1e-12, 10**6) is None  # below the rounding of the sums


def test_many_axes_of_which_few_count() -> None:
    """All monomials would be C(76, 12), 3e12; the work is that of the set."""
    rng = np.random.default_rng(0)
    queries, keys = rng.standard_normal((2, 100, 64)) * np.sqrt(0.4 ** np.arange(64))
    found = pruned_exponents(axis_sizes(queries, keys, 12), 12, 1e-3, 5000)
    assert found is not None
    assert 100 < len(found) < 5000
    assert np.max(np.flatnonzero(found.any(axis=0))) < 32


@pytest.mark.parametrize(("axes", "degree"), [(1, 0), (1, 5), (2, 4), (3, 3), (5, 2)])
def test_with_none_left_out_they_are_all_monomials(axes: int, degree: int) -> None:
    """The same rows by the same steps, whatever order they are given in."""
    rng = np.random.default_rng(axes)
    given_order = rng.permutation(np.array(every(axes, degree), dtype=np.int64).reshape(-1, axes))
    found, full = monomials_of(given_order), monomials(axes, degree)
    assert found.steps == tuple(step for step in full.steps if step[1].start < step[1].stop)
    assert np.array_equal(found.degrees, full.degrees)
    assert np.array_equal(found.multinomials, full.multinomials)


@pytest.mark.parametrize("seed", range(8))
def test_rows_are_what_their_multi_indices_say(seed: int) -> None:
    axes, degree = 3, 6
    indices = pruned_exponents(sizes_of(axes, degree, seed), degree, 1e-2, 10**6)
    assert indices is not None
    found = monomials_of(indices)
    exponents = exponents_of(found)
    assert set(exponents) == {tuple(index) for index in indices.tolist()}
    assert found.degrees.tolist() == [sum(index) for index in exponents]
    assert found.multinomials.tolist() == [
        math.factorial(sum(index)) // math.prod(map(math.factorial, index)) for index in exponents
    ]
    columns = np.random.default_rng(seed).uniform(-2, 2, (axes, 5))
    powers = np.array([np.prod(columns.T ** np.array(index), axis=1) for index in exponents])
    evaluated = found.evaluate(columns)
    assert np.allclose(evaluated, powers, rtol=1e-14, atol=0)
    buffer = np.full((found.count, 8), np.nan)
    assert found.evaluate(columns, buffer).tobytes() == evaluated.tobytes()


def test_steps_are_no_more_than_rows_and_write_one_degree_each() -> None:
    indices = pruned_exponents(sizes_of(4, 8, 3), 8, 1e-3, 10**6)
    assert indices is not None
    found = monomials_of(indices)
    assert len(found.steps) < found.count / 2
    for _, target, _ in found.steps:
        assert len(set(found.degrees[target].tolist())) == 1


def test_a_set_that_is_not_downward_closed() -> None:
    with pytest.raises(ValueError, match=r"\[1, 1\] is in the set, and a divisor of it is not"):
        monomials_of(np.array([[0, 0], [1, 0], [1, 1]]))


def test_array_libraries(backend: Any) -> None:
    indices = pruned_exponents(sizes_of(3, 6, 1), 6, 1e-2, 10**6)
    assert indices is not None
    found = monomials_of(indices)
    columns = np.random.default_rng(0).uniform(-2, 2, (3, 6))
    true = found.evaluate(columns)
    moved = backend.asarray(columns)
    assert np.array_equal(to_numpy(found.evaluate(moved)), true)
    buffer = backend.asarray(np.zeros((found.count, 8)))
    assert np.array_equal(to_numpy(found.evaluate(moved, buffer)), true)
