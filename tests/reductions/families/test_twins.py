"""Twins: the promise by brute force, sides that are the same each by itself, columns that are even."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.errors import UserInputError
from reductions.families.twins import closest_permutations, planted_twins, twin_weights

SIZES = [(2, 8, 1), (8, 12, 1), (32, 24, 1), (40, 23, 1), (32, 40, 3), (128, 24, 1), (1100, 40, 1)]


@pytest.mark.parametrize(("N", "D", "gap"), SIZES)
def test_the_promise_holds_of_both_and_the_pair_is_planted(N: int, D: int, gap: int) -> None:
    a, b, yes = twin_weights(N, D, gap)
    for seed in range(5):
        left, right, (i, j), permutation = planted_twins(N, D, gap, np.random.default_rng(seed))
        assert left.shape == right.shape == (N, D)
        products = left.astype(int) @ right.astype(int).T
        assert products[i, j] == yes
        products[i, j] = 0
        assert products.max() <= yes - gap
        assert (left.astype(int) @ right[:, permutation].astype(int).T).max() <= yes - gap
        assert sorted(permutation) == list(range(D))
        assert set(left.sum(axis=1)) == {a}
        assert set(right.sum(axis=1)) == {b}
        for side in (left, right):
            assert np.ptp(side.sum(axis=0)) <= 1


def test_the_pair_is_anywhere() -> None:
    pairs = [planted_twins(8, 12, 1, np.random.default_rng(seed))[2] for seed in range(200)]
    for at in (0, 1):
        counts = np.bincount([pair[at] for pair in pairs], minlength=8)
        # A share of 1/8 of 200, within five standard deviations.
        assert np.all(np.abs(counts - 25) < 5 * math.sqrt(200 * 7 / 64))


def _expected(N: int, D: int, a: int, b: int, no: int) -> float:
    """How many pairs of random rows are above, by an independent sum of logarithms."""

    def log_comb(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    terms = [
        math.exp(log_comb(a, k) + log_comb(D - a, b - k) - log_comb(D, b))
        for k in range(no + 1, min(a, b) + 1)
        if 0 <= b - k <= D - a
    ]
    return N * N * sum(terms)


@settings(max_examples=50, deadline=None)
@given(N=st.integers(2, 1 << 16), D=st.integers(4, 60), gap=st.integers(1, 5))
def test_weights_are_as_tight_as_chance_allows(N: int, D: int, gap: int) -> None:
    try:
        a, b, yes = twin_weights(N, D, gap)
    except UserInputError:
        around = range(max(1, D // 2 - 3), min(D - 1, D // 2 + 3) + 1)
        for a, b in ((a, b) for a in around for b in around if a <= b):
            for no in range(a - gap + 1):
                if b - no - gap <= D - a:
                    assert _expected(N, D, a, b, no) > 0.7 * (1 - 1e-9)
        return
    assert 0 < a <= b < D
    assert yes <= a
    assert b - yes <= D - a
    assert _expected(N, D, a, b, yes - gap) <= 0.7 * (1 + 1e-9)


def test_too_few_columns_are_refused() -> None:
    with pytest.raises(UserInputError, match=r"D is 12: too few columns for a gap of 1 among 65536 rows"):
        planted_twins(1 << 16, 12, 1, np.random.default_rng(0))
    with pytest.raises(UserInputError, match="gap is 0"):
        twin_weights(8, 12, 0)
    with pytest.raises(UserInputError, match="rng is a int"):
        planted_twins(8, 12, 1, 3)  # type: ignore[arg-type]


def test_permutations_come_by_how_well_they_keep_the_squares() -> None:
    rng = np.random.default_rng(1)
    left, right = rng.integers(0, 2, (2, 30, 10), dtype=np.uint8)

    def squares(other: np.ndarray) -> int:
        return int(np.sum((left.astype(int) @ other.astype(int).T) ** 2))

    found = [
        abs(squares(right[:, one]) - squares(right))
        for one in islice(closest_permutations(left, right, rng), 100)
    ]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_the_same_seed_gives_the_same_twins() -> None:
    one, other = (planted_twins(32, 24, 1, np.random.default_rng(7)) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)
