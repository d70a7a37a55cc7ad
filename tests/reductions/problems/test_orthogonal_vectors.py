"""Orthogonal vectors: brute force over Python integers, and what is refused."""

from __future__ import annotations

import dataclasses
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.errors import UserInputError
from reductions.problems import bits, orthogonal_vectors
from reductions.problems.bits import TooLargeError, product_blocks, refuse_beyond
from reductions.problems.orthogonal_vectors import OrthogonalVectors

Rows = list[list[int]]


def orthogonal_pairs(left: Rows, right: Rows) -> list[tuple[int, int]]:
    """All of them in row-major order."""
    return [
        (i, j)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if sum(x * y for x, y in zip(a, b, strict=True)) == 0
    ]


def sides(N: int, m: int) -> list[Rows]:
    """Every (N, m) matrix of bits."""
    rows = [list(row) for row in product((0, 1), repeat=m)]
    return [list(side) for side in product(rows, repeat=N)]


@st.composite
def instances(draw: Any) -> tuple[Rows, Rows]:
    m = draw(st.integers(1, 12))
    row = st.lists(st.integers(0, 1), min_size=m, max_size=m)
    side = st.lists(row, min_size=1, max_size=9)
    return draw(side), draw(side)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_every_instance_with_two_rows(m: int) -> None:
    for left, right in product(sides(2, m), repeat=2):
        instance = OrthogonalVectors(np.array(left), np.array(right))
        expected = orthogonal_pairs(left, right)
        assert instance.solve() == (expected[0] if expected else None), (left, right)
        verified = [pair for pair in product(range(2), repeat=2) if instance.verify(pair)]
        assert verified == expected, (left, right)


@pytest.mark.parametrize("block", [1, 2, 3, 1024])
@given(rows=instances())
@settings(max_examples=60, deadline=None)
def test_blocks_do_not_change_the_first_pair(block: int, rows: tuple[Rows, Rows]) -> None:
    instance, expected = OrthogonalVectors(*rows), orthogonal_pairs(*rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orthogonal_vectors, "product_blocks", partial(product_blocks, block=block))
        assert instance.solve() == (expected[0] if expected else None)


def test_first_pair_across_the_blocks_of_the_default_size() -> None:
    # In the rows of the first block there is a pair in each block of columns: that of the first row counts,
    # though its column comes last.
    left, right = np.ones((2600, 12), np.uint8), np.ones((2600, 12), np.uint8)
    assert OrthogonalVectors(left, right).solve() is None
    for at, (i, j) in enumerate([(900, 3), (5, 2590), (700, 1500), (1030, 0)]):
        left[i] = 0
        left[i, at] = 1
        right[j, at] = 0
    pairs = orthogonal_pairs(left[[5, 700, 900, 1030]].tolist(), right[[0, 3, 1500, 2590]].tolist())
    assert pairs == [(0, 3), (1, 2), (2, 1), (3, 0)]
    assert OrthogonalVectors(left, right).solve() == (5, 2590)


def test_product_blocks_are_exact_and_bounded() -> None:
    rng = np.random.default_rng(1)
    left, right = ((rng.random((rows, 300)) < 0.7).astype(np.uint8) for rows in (130, 75))
    expected = left.astype(object) @ right.T.astype(object)
    seen = np.full((130, 75), -1)
    for i, j, products in product_blocks(left, right, 32):
        assert products.shape[0] <= 32
        assert products.shape[1] <= 32
        seen[i : i + products.shape[0], j : j + products.shape[1]] = products
    assert (seen == expected).all()


def test_long_rows_take_fewer_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bits, "_ENTRIES", 40)
    shapes = {P.shape for _, _, P in product_blocks(np.ones((9, 10), np.uint8), np.ones((4, 10), np.uint8))}
    assert shapes == {(4, 4), (1, 4)}
    monkeypatch.setattr(bits, "_ENTRIES", 3)
    assert [
        P.shape for _, _, P in product_blocks(np.ones((2, 10), np.uint8), np.ones((1, 10), np.uint8))
    ] == [
        (1, 1),
        (1, 1),
    ]


def test_rows_beyond_float32_are_multiplied_exactly() -> None:
    # 2^24 + 1 is no float32 number.
    ones = np.ones((1, (1 << 24) + 1), np.uint8)
    ((_, _, products),) = product_blocks(ones, ones)
    assert products[0, 0] == (1 << 24) + 1
    assert products.dtype == np.float64


@pytest.mark.parametrize(
    "witness",
    [
        None,
        0,
        (0,),
        (0, 0, 0),
        (-1, 0),
        (0, -1),
        (2, 0),
        (0, 3),
        (0.0, 0),
        ("0", 0),
        (True, False),
        (np.True_, 0),
        "00",
        {0: 0, 1: 1},
        np.zeros(2, int),
        (None, None),
        ((0,), 0),
    ],
)
def test_verify_refuses_what_is_no_pair(witness: Any) -> None:
    instance = OrthogonalVectors(np.zeros((2, 4), int), np.zeros((3, 4), int))
    assert instance.verify((0, 0))
    assert not instance.verify(witness)


def test_verify_takes_integers_of_any_kind() -> None:
    instance = OrthogonalVectors(np.eye(3, dtype=int), np.eye(3, dtype=int))
    for kind in (int, np.int64, np.uint8):
        assert instance.verify((kind(0), kind(2)))
        assert not instance.verify((kind(2), kind(2)))
    assert instance.verify([0, 2])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "message"),
    [
        ([[0, 2]], "left holds 2; expected 0 and 1 only"),
        ([[0, -1]], "left holds -1; expected 0 and 1 only"),
        ([[0.0, 1.0]], "left has dtype float64; expected booleans or integers"),
        ([0, 1], r"left has shape \(2,\); expected \(N, m\)"),
        (np.zeros((0, 2), int), r"left has shape \(0, 2\)"),
        (np.zeros((2, 0), int), r"left has shape \(2, 0\)"),
        ([[0, 1], [0]], "left is no matrix"),
        ([["0", "1"]], "left has dtype <U1"),
        ([[0, 1, 1]], "rows of left have 3 bits and rows of right 2; expected the same number"),
    ],
)
def test_other_arrays_are_refused(left: Any, message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        OrthogonalVectors(left, [[0, 1]])  # type: ignore[arg-type]


def test_right_is_named() -> None:
    with pytest.raises(UserInputError, match="right holds 3"):
        OrthogonalVectors([[0, 1]], [[0, 3]])  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64, np.uint64])
def test_arrays_are_stored_as_read_only_copies(dtype: type) -> None:
    rows = np.array([[0, 1], [1, 1]], dtype)
    instance = OrthogonalVectors(rows, rows[:1])
    rows[0, 0] = 1
    for side, expected in ((instance.left, [[0, 1], [1, 1]]), (instance.right, [[0, 1]])):
        assert side.dtype == np.uint8
        assert side.tolist() == expected
        with pytest.raises(ValueError, match="read-only"):
            side[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        instance.left = rows  # type: ignore[misc]


def test_only_views_and_writeable_arrays_are_copied() -> None:
    rows = np.eye(3, dtype=np.uint8)
    rows.setflags(write=False)
    own = rows.copy()
    view = own[:2]
    view.setflags(write=False)
    instance = OrthogonalVectors(rows, view)
    assert instance.left is rows
    own[0] = 1
    assert instance.right.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_refusal_names_the_bytes() -> None:
    refuse_beyond(100, 100, "it")
    with pytest.raises(TooLargeError, match="it needs 101 bytes; at most max_bytes = 100 are allowed"):
        refuse_beyond(101, 100, "it")
    # Python itself refuses to write numbers of more than 4300 digits.
    with pytest.raises(TooLargeError, match=r"it needs at least 2\^100000 bytes"):
        refuse_beyond((1 << 100000) + 1, 100, "it")
