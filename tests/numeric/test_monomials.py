from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.namespaces.arrays import to_numpy
from proofcheck.numeric.monomials import Monomials, feature_count, monomials

SHAPES = [(1, 0), (1, 1), (1, 7), (2, 0), (2, 1), (2, 5), (3, 4), (4, 3), (5, 2), (7, 1), (9, 3)]


def exponents_of(found: Monomials) -> list[tuple[int, ...]]:
    """The multi-index of each row: at a point whose coordinates are distinct primes, a row is its name."""
    primes = [2, 3, 5, 7, 11, 13, 17, 19, 23][: found.variables]
    rows: list[int] = [1] * found.count
    for variable, target, source in found.steps:
        for write, read in zip(
            range(target.start, target.stop), range(source.start, source.stop), strict=True
        ):
            assert read < target.start  # made before
            rows[write] = rows[read] * primes[variable]
    return [tuple(_multiplicity(row, prime) for prime in primes) for row in rows]


def _multiplicity(number: int, prime: int) -> int:
    times = 0
    while number % prime == 0:
        number, times = number // prime, times + 1
    return times


def _multinomial(exponents: tuple[int, ...]) -> int:
    return math.factorial(sum(exponents)) // math.prod(math.factorial(power) for power in exponents)


@pytest.mark.parametrize(("variables", "degree"), SHAPES)
def test_every_monomial_once(variables: int, degree: int) -> None:
    found = monomials(variables, degree)
    exponents = exponents_of(found)
    every = [
        powers for powers in itertools.product(range(degree + 1), repeat=variables) if sum(powers) <= degree
    ]
    assert len(set(exponents)) == len(exponents) == len(every)
    assert set(exponents) == set(every)
    assert found.count == feature_count(variables, degree) == math.comb(degree + variables, variables)
    assert found.degrees.tolist() == [sum(powers) for powers in exponents]
    # By degree, then lexicographically: x_1 before x_2.
    assert exponents == sorted(exponents, key=lambda powers: (sum(powers), [-power for power in powers]))


@pytest.mark.parametrize(("variables", "degree"), [*SHAPES, (1, 60), (2, 22), (2, 23), (2, 60), (3, 40)])
def test_multinomials_are_correctly_rounded(variables: int, degree: int) -> None:
    """Python divides integers with one rounding; 23! is the first factorial that is no float."""
    found = monomials(variables, degree)
    # For many variables of a high degree, names of rows as products of primes are slow to factor.
    every = [
        powers for powers in itertools.product(range(degree + 1), repeat=variables) if sum(powers) <= degree
    ]
    every.sort(key=lambda powers: (sum(powers), [-power for power in powers]))
    assert found.multinomials.dtype == np.float64
    assert found.multinomials.tolist() == [float(_multinomial(powers)) for powers in every]


def test_a_degree_whose_factorial_is_no_float() -> None:
    found = monomials(1, 200)
    assert np.all(found.multinomials == 1)
    assert np.array_equal(found.degrees, np.arange(201))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data(), shape=st.sampled_from(SHAPES))
def test_the_features_of_a_polynomial_of_an_inner_product(
    data: st.DataObject, shape: tuple[int, int]
) -> None:
    """(1) in integers: P(q·k) = Σ a_|β| (|β|!/β!) q^β k^β, with every number a float without rounding."""
    variables, degree = shape
    found = monomials(variables, degree)
    small = st.integers(-4, 4)
    q, k = (data.draw(st.lists(small, min_size=variables, max_size=variables)) for _ in range(2))
    coefficients = tuple(data.draw(st.lists(small, min_size=degree + 1, max_size=degree + 1)))
    columns = np.array([q, k], dtype=np.float64).T
    features = found.evaluate(columns)
    weights = found.weights(coefficients)
    score = sum(a * b for a, b in zip(q, k, strict=True))
    # At most 9^7 · 4 · 4^14: not a float in all cases, so the sum is over fractions.
    total = sum(
        Fraction(float(weight)) * Fraction(float(left)) * Fraction(float(right))
        for weight, (left, right) in zip(weights, features, strict=True)
    )
    assert total == sum(a * score**t for t, a in enumerate(coefficients))


@pytest.mark.parametrize(("variables", "degree"), SHAPES)
def test_each_feature_within_its_roundings(variables: int, degree: int) -> None:
    """At most degree − 1 roundings: (1 + u)^{g−1} − 1."""
    rng = np.random.default_rng(variables * 100 + degree)
    columns = rng.uniform(-2, 2, (variables, 5))
    found = monomials(variables, degree)
    features = found.evaluate(columns)
    assert features.shape == (found.count, 5)
    allowed = (1 + Fraction(1, 1 << 53)) ** max(degree - 1, 0) - 1
    points = [[Fraction(float(entry)) for entry in point] for point in columns.T]
    for number, powers in enumerate(exponents_of(found)):
        for place, point in enumerate(points):
            true = math.prod((x**power for x, power in zip(point, powers, strict=True)), start=Fraction(1))
            assert abs(Fraction(float(features[number, place])) - true) <= allowed * abs(true)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("variables", "degree"), SHAPES)
def test_in_a_buffer_or_assembled_it_is_the_same(variables: int, degree: int, dtype: type) -> None:
    rng = np.random.default_rng(variables * 100 + degree)
    columns = rng.uniform(-2, 2, (variables, 6)).astype(dtype)
    found = monomials(variables, degree)
    # What an earlier block left, and more columns than this block has.
    buffer = np.full((found.count, 9), np.nan, dtype=dtype)
    filled = found.evaluate(columns, buffer)
    assembled = found.evaluate(columns)
    assert np.shares_memory(filled, buffer)
    assert filled.dtype == assembled.dtype == dtype
    assert filled.tobytes() == assembled.tobytes()
    assert np.all(np.isnan(buffer[:, 6:]))


def test_array_libraries(backend: Any) -> None:
    columns = np.random.default_rng(0).uniform(-2, 2, (3, 6))
    found = monomials(3, 4)
    moved = backend.asarray(columns)
    true = found.evaluate(columns)
    assert np.array_equal(to_numpy(found.evaluate(moved)), true)
    buffer = backend.asarray(np.zeros((found.count, 8)))
    assert np.array_equal(to_numpy(found.evaluate(moved, buffer)), true)


def test_weights() -> None:
    found = monomials(2, 3)
    # 1; x, y; x², xy, y²; x³, x²y, xy², y³
    assert found.weights((7.0, 5.0, 3.0, 2.0)).tolist() == [7, 5, 5, 3, 6, 3, 2, 6, 6, 2]


def test_shared_arrays_cannot_be_written() -> None:
    """They are made once for all that ask for the same shape."""
    found = monomials(2, 3)
    assert monomials(2, 3) is found
    with pytest.raises(ValueError, match="read-only"):
        found.multinomials[0] = 2
    with pytest.raises(ValueError, match="read-only"):
        found.degrees[0] = 2
