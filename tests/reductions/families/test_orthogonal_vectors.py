from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

from proofcheck.errors import UserInputError
from reductions.families import null_orthogonal_vectors, orthogonal_vectors, planted_orthogonal_vectors
from tests.reductions.families.oracles import inner_products, within

WIDTHS = [1, 2, 3, 6, 7, 8, 12, 13, 20, 31, 57, 60]
DENSITIES = [0, 0.1, 0.5, 0.9, 1]


def check_bits(side: Any, shape: tuple[int, int]) -> None:
    assert side.shape == shape
    assert side.dtype == np.uint8
    assert set(side.ravel().tolist()) <= {0, 1}


@pytest.mark.parametrize(("N", "m", "density"), [*itertools.product([1, 2, 9], WIDTHS, DENSITIES)])
def test_the_planted_pair_is_orthogonal(N: int, m: int, density: float) -> None:
    left, right, (i, j) = planted_orthogonal_vectors(N, m, density, np.random.default_rng([N, m]))
    check_bits(left, (N, m))
    check_bits(right, (N, m))
    assert type(i) is int
    assert type(j) is int
    assert inner_products(left, right)[i][j] == 0


@pytest.mark.parametrize(("N", "m", "density"), [*itertools.product([1, 2, 9, 40], WIDTHS, DENSITIES)])
def test_no_pair_is_orthogonal(N: int, m: int, density: float) -> None:
    left, right = null_orthogonal_vectors(N, m, density, np.random.default_rng([N, m]))
    check_bits(left, (N, m))
    check_bits(right, (N, m))
    assert min(itertools.chain(*inner_products(left, right))) >= 1


def test_only_the_planted_pair_is_changed() -> None:
    # All ones otherwise: every other pair has ones in common, and the two halve the coordinates.
    left, right, (i, j) = planted_orthogonal_vectors(5, 40, 1, np.random.default_rng(0))
    products = inner_products(left, right)
    assert [(a, b) for a in range(5) for b in range(5) if products[a][b] == 0] == [(i, j)]
    assert np.array_equal(left[i] + right[j], np.ones(40))
    assert np.delete(left, i, 0).all()
    assert np.delete(right, j, 0).all()
    assert within(int(left[i].sum()), 40, 0.5)


def test_places_of_planted_pairs_are_uniform() -> None:
    rng = np.random.default_rng(1)
    seen = Counter(planted_orthogonal_vectors(3, 4, 0.5, rng)[2] for _ in range(3000))
    assert len(seen) == 9
    assert all(within(count, 3000, 1 / 9) for count in seen.values())


@pytest.mark.parametrize("m", [7, 13, 20, 31])
@pytest.mark.parametrize("density", [0.45, 0.6, 0.9])
def test_every_bit_has_the_density_asked_for(m: int, density: float) -> None:
    # 0.45 is more than the share of each of these planes: 3/7, 4/13, 4/13, 6/31.
    N = 20_000
    rng = np.random.default_rng([m])
    planted = planted_orthogonal_vectors(N, m, density, rng)[:2]
    for side in (*planted, *null_orthogonal_vectors(N, m, density, rng)):
        assert all(within(count, N, density) for count in side.sum(axis=0, dtype=int).tolist())


def test_below_its_share_a_null_instance_is_as_sparse_as_its_lines() -> None:
    left, right = null_orthogonal_vectors(50, 57, 0.0, np.random.default_rng(2))
    assert set(left.sum(axis=1).tolist()) == set(right.sum(axis=1).tolist()) == {8}
    # Beside the plane of order 3 only the density counts.
    left, _ = null_orthogonal_vectors(500, 20, 0.0, np.random.default_rng(3))
    assert set(left.sum(axis=1).tolist()) == {4}
    assert np.count_nonzero(left.any(axis=0)) == 13


def test_the_plane_lies_anywhere() -> None:
    rng = np.random.default_rng(4)
    used = sum(null_orthogonal_vectors(40, 5, 0.0, rng)[0].any(axis=0).astype(int) for _ in range(500))
    assert all(within(count, 500, 3 / 5) for count in used.tolist())


@pytest.mark.parametrize("order", [0, 1, 2, 3, 5, 7, 11])
def test_the_axioms_of_a_projective_plane(order: int) -> None:
    width = order**2 + order + 1
    table = orthogonal_vectors._lines(order, np.arange(width))
    lines = [{point for point, on in enumerate(row) if on} for row in table.tolist()]
    assert table.shape == (width, width)
    assert all(len(line) == order + 1 for line in lines)
    assert all(len(one & other) == 1 for one, other in itertools.combinations(lines, 2))
    assert table.sum(axis=0).tolist() == [order + 1] * width


def test_the_largest_plane_that_fits() -> None:
    found = [orthogonal_vectors._largest_order(m) for m in range(1, 190)]
    orders = {1: 0, 3: 1, 7: 2, 13: 3, 31: 5, 57: 7, 133: 11, 183: 13}
    assert found == [max(q for w, q in orders.items() if w <= m) for m in range(1, 190)]


@pytest.mark.parametrize("family", [planted_orthogonal_vectors, null_orthogonal_vectors])
def test_same_state_same_output(family: Any) -> None:
    once, again, other = (family(6, 15, 0.5, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[0], other[0])


@pytest.mark.parametrize("family", [planted_orthogonal_vectors, null_orthogonal_vectors])
@pytest.mark.parametrize(
    ("N", "m", "density", "message"),
    [
        (0, 3, 0.5, "N is 0; expected an integer of at least 1"),
        (2, 0, 0.5, "m is 0; expected an integer of at least 1"),
        (2.5, 3, 0.5, "N is 2.5; expected an integer of at least 1"),
        (2, 3, 1.5, "density is 1.5; expected a number from 0 to 1"),
        (2, 3, -0.1, "density is -0.1; expected a number from 0 to 1"),
        (2, 3, float("nan"), "density is nan; expected a number from 0 to 1"),
        (2, 3, True, "density is True; expected a number from 0 to 1"),
        (2, 3, "0.5", "density is '0.5'; expected a number from 0 to 1"),
    ],
)
def test_arguments_out_of_range(family: Any, N: Any, m: Any, density: Any, message: str) -> None:
    with pytest.raises(UserInputError) as caught:
        family(N, m, density, np.random.default_rng(0))
    assert str(caught.value) == message


@pytest.mark.parametrize("family", [planted_orthogonal_vectors, null_orthogonal_vectors])
def test_what_is_no_generator(family: Any) -> None:
    with pytest.raises(UserInputError, match="rng is a int; expected a Generator"):
        family(2, 3, 0.5, 0)
