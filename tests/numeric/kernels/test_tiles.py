from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from proofcheck.numeric.kernels.plan import plan
from proofcheck.numeric.kernels.tiles import dot, gather, panel, product

DTYPES = (np.float32, np.float64)


def draw(rng: np.random.Generator, dtype: Any, *shape: int) -> Any:
    return rng.uniform(-1, 1, shape).astype(dtype)


def close(found: Any, left: Any, right: Any, dtype: Any, terms: int) -> bool:
    """Within what rounding a sum of so many products, one after the other, may take; Higham, §3.1."""
    unit = float(np.finfo(dtype).eps) / 2
    true = left.astype(np.float64) @ right.astype(np.float64)
    size = np.abs(left.astype(np.float64)) @ np.abs(right.astype(np.float64))
    return bool(np.all(np.abs(found - true) <= 1.01 * (terms + 2) * unit * size + terms * 2.0**-50 * size))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [*range(1, 10), 15, 16, 23])
@pytest.mark.parametrize("terms", [0, 1, 2, 9])
def test_product(dtype: Any, rows: int, terms: int) -> None:
    """Rows that fill tiles and not; the factor by rows, by columns, and from an offset."""
    rng, columns = np.random.default_rng(rows), 2 * panel(dtype)
    left, right = draw(rng, dtype, rows, terms), draw(rng, dtype, terms, columns)
    before = draw(rng, dtype, rows + 2, columns)
    found = before.copy()
    product(found, 1, left, 0, terms, 1, right, rows, terms, columns)
    assert close(found[1:-1], left, right, dtype, terms)
    assert np.array_equal(found[[0, -1]], before[[0, -1]])
    padded = np.ascontiguousarray(np.concatenate([draw(rng, dtype, 1, rows), left.T]))
    again = before.copy()
    product(again, 1, padded, rows, 1, rows, right, rows, terms, columns)
    assert np.array_equal(again, found)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [*range(1, 10), 13, 16])
@pytest.mark.parametrize("columns", [1, 2, 3, 4, 9])
def test_dot(dtype: Any, rows: int, columns: int) -> None:
    rng, length = np.random.default_rng(rows), 3 * panel(dtype)
    left, right = draw(rng, dtype, rows + 1, length), draw(rng, dtype, columns, length)
    before = rng.uniform(-1, 1, (rows + 2, columns + 1))
    found = before.copy()
    dot(found, 1, left, 1, right, rows, columns, length)
    assert close((found - before)[1:-1, :-1], left[1:], right.T, dtype, length)
    kept = np.ones(before.shape, dtype=bool)
    kept[1:-1, :-1] = False
    assert np.array_equal(found[kept], before[kept])


def test_dot_adds_in_float64() -> None:
    """What is added to is not rounded to float32."""
    length = panel(np.float32)
    out = np.full((1, 1), 2.0**40 + 1)
    dot(out, 0, np.ones((1, length), np.float32), 0, np.ones((1, length), np.float32), 1, 1, length)
    assert out[0, 0] == 2.0**40 + 1 + length


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 8, 11])
def test_gather(dtype: Any, rows: int) -> None:
    rng, columns, terms = np.random.default_rng(rows), 2 * panel(dtype), 12
    features, others = draw(rng, dtype, terms, columns), draw(rng, dtype, 30, columns)
    weights, index = draw(rng, dtype, terms), rng.integers(0, 30, (rows, terms))
    found = np.zeros((rows, columns), dtype)
    gather(found, features, weights, others, index * columns, rows, terms, columns)
    wide = [array.astype(np.float64) for array in (weights, features, others)]
    terms_of = wide[0][:, None] * wide[1] * wide[2][index]
    bound = (terms + 2) * float(np.finfo(dtype).eps) * np.abs(terms_of).sum(axis=1)
    assert np.all(np.abs(found - terms_of.sum(axis=1)) <= bound)


@pytest.mark.parametrize(("variables", "degree"), [(1, 0), (1, 4), (2, 3), (3, 0), (3, 3), (4, 2), (5, 4)])
def test_the_monomial_of_one_degree_more(variables: int, degree: int) -> None:
    """By the exponents, in the order of the monomials: by degree, then lexicographically."""
    found = plan(variables, degree)
    exponents = sorted(
        (e for e in itertools.product(range(degree + 2), repeat=variables) if sum(e) <= degree + 1),
        key=lambda e: (sum(e), [-power for power in e]),
    )
    places = {e: place for place, e in enumerate(exponents)}
    assert found.full == len(exponents)
    assert found.count == sum(sum(e) <= degree for e in exponents)
    for place, e in enumerate(exponents[: found.count]):
        for variable in range(variables):
            raised = (*e[:variable], e[variable] + 1, *e[variable + 1 :])
            assert found.raised[variable, place] == places[raised]
