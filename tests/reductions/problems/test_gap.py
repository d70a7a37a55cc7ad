"""Gap inner product and gap Hamming: brute force over Python integers, and what is refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.errors import UserInputError
from reductions.problems.gap import GapHamming, GapInnerProduct

from .test_orthogonal_vectors import Rows, instances, sides


def table(left: Rows, right: Rows, kind: str) -> dict[tuple[int, int], int]:
    """All inner products, or all Hamming distances, in row-major order."""
    count = {"product": lambda x, y: x == y == 1, "distance": lambda x, y: x != y}[kind]
    return {
        (i, j): sum(bool(count(x, y)) for x, y in zip(a, b, strict=True))
        for i, a in enumerate(left)
        for j, b in enumerate(right)
    }


@pytest.mark.parametrize("D", [1, 2])
def test_every_instance_with_two_rows(D: int) -> None:
    for left, right in product(sides(2, D), repeat=2):
        products, distances = (table(left, right, kind) for kind in ("product", "distance"))
        for low in range(-1, D + 1):
            for high in range(low + 1, D + 2):
                check_products(left, right, low, high, products)
                check_distances(left, right, low, high, distances)


def check_products(left: Rows, right: Rows, no: int, yes: int, products: dict[tuple[int, int], int]) -> None:
    instance, most = GapInnerProduct(np.array(left), np.array(right), yes, no), max(products.values())
    first = next(pair for pair, value in products.items() if value == most)
    assert instance.largest == (most, first)
    assert instance.solve() == (first if most >= yes else None)
    assert instance.promise_holds() == (most >= yes or most <= no)
    assert instance.margin == yes - no
    assert {pair for pair in products if instance.verify(pair)} == {
        pair for pair, value in products.items() if value >= yes
    }


def check_distances(
    left: Rows, right: Rows, near: int, far: int, distances: dict[tuple[int, int], int]
) -> None:
    instance, least = GapHamming(np.array(left), np.array(right), near, far), min(distances.values())
    first = next(pair for pair, value in distances.items() if value == least)
    assert instance.least == (least, first)
    assert instance.solve() == (first if least <= near else None)
    assert instance.promise_holds() == (least <= near or least >= far)
    assert {pair for pair in distances if instance.verify(pair)} == {
        pair for pair, value in distances.items() if value <= near
    }


@given(rows=instances())
@settings(max_examples=100, deadline=None)
def test_distances(rows: tuple[Rows, Rows]) -> None:
    instance = GapInnerProduct(*rows, yes=1, no=0)
    found = {
        (i + row, j + column): int(distances[row, column])
        for i, j, distances in instance.distances()
        for row, column in np.ndindex(distances.shape)
    }
    assert found == table(*rows, "distance")


@given(rows=instances(), thresholds=st.tuples(st.integers(0, 12), st.integers(1, 5)))
@settings(max_examples=100, deadline=None)
def test_hamming_is_the_same_instance(rows: tuple[Rows, Rows], thresholds: tuple[int, int]) -> None:
    # Complements appended, so that all rows of a side weigh the same; and a column that only the left has.
    left = [[*row, *(1 - x for x in row), *(0 for _ in row), 1] for row in rows[0]]
    right = [[*row, *(0 for _ in row), *(1 - x for x in row), 0] for row in rows[1]]
    no, yes = thresholds[0], sum(thresholds)
    instance = GapInnerProduct(left, right, yes, no)  # type: ignore[arg-type]
    other = instance.hamming()
    assert (other.near, other.far) == (2 * len(rows[0][0]) + 1 - 2 * yes, 2 * len(rows[0][0]) + 1 - 2 * no)
    assert other.solve() == instance.solve()
    assert other.promise_holds() == instance.promise_holds()
    distances = table(left, right, "distance")
    for pair, value in table(left, right, "product").items():
        assert (
            instance.verify(pair) == other.verify(pair) == (value >= yes) == (distances[pair] <= other.near)
        )
        assert (value <= no) == (distances[pair] >= other.far)


@pytest.mark.parametrize("side", ["left", "right"])
def test_hamming_needs_equal_weights(side: str) -> None:
    level, other = np.eye(4, dtype=int), np.eye(4, dtype=int)
    other[2, 3] = 1
    arrays = {"left": level, "right": level} | {side: other}
    with pytest.raises(
        UserInputError, match=f"row 0 of {side} has 1 ones and row 2 has 2; expected one weight"
    ):
        GapInnerProduct(**arrays, yes=1, no=0).hamming()
    assert sum(distances.size for _, _, distances in GapInnerProduct(**arrays, yes=1, no=0).distances()) == 16


def test_first_of_the_largest_across_blocks() -> None:
    left, right = np.zeros((2100, 8), np.uint8), np.zeros((2100, 8), np.uint8)
    left[:, 0] = right[:, 0] = 1
    assert GapInnerProduct(left, right, 2, 1).largest == (1, (0, 0))
    left[[7, 2000], 1:4] = right[[2050, 1], 1:4] = 1
    left[3, 1:3] = 1
    assert GapInnerProduct(left, right, 4, 3).largest == (4, (7, 1))
    right[1, 3] = 0
    instance = GapInnerProduct(left, right, 4, 3)
    assert instance.solve() == (7, 2050)
    assert GapHamming(instance.left, instance.right, 0, 1).least == (0, (0, 0))


@pytest.mark.parametrize("kind", [GapInnerProduct, GapHamming])
@pytest.mark.parametrize("witness", [None, (0,), (-1, 0), (0, 2), (2, 0), (0.0, 0), (True, 0), "00"])
def test_verify_refuses_what_is_no_pair(kind: Any, witness: Any) -> None:
    ones, thresholds = np.ones((2, 3), int), (3, 0) if kind is GapInnerProduct else (0, 3)
    assert kind(ones, ones, *thresholds).verify((1, 1))
    assert not kind(ones, ones, *thresholds).verify(witness)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"yes": 2}, "no is 2 and yes is 2; expected no < yes"),
        ({"yes": 1}, "no is 2 and yes is 1; expected no < yes"),
        ({"yes": 2.5}, r"yes is 2\.5; expected an integer"),
        ({"no": True}, "no is True; expected an integer"),
        ({"left": [[0, 1, 2]]}, "left holds 2"),
        ({"right": [[0, 1, -2]]}, "right holds -2"),
        ({"right": [[0, 1]]}, "rows of left have 3 bits and rows of right 2"),
    ],
)
def test_other_instances_are_refused(change: dict[str, Any], message: str) -> None:
    given = {"left": [[0, 1, 1]], "right": [[1, 1, 1]], "yes": 3, "no": 2}
    with pytest.raises(UserInputError, match=message):
        GapInnerProduct(**given | change)


def test_thresholds_of_distances_are_the_other_way_round() -> None:
    with pytest.raises(UserInputError, match="near is 3 and far is 2; expected near < far"):
        GapHamming(np.ones((1, 3), int), np.ones((1, 3), int), 3, 2)
