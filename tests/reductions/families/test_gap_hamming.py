from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

from proofcheck.errors import UserInputError
from reductions.families import null_gap_hamming, planted_gap_hamming
from tests.reductions.families.oracles import distances, within

CASES = [(N, m, far) for N in (1, 2, 8) for m in (1, 2, 3, 5, 8, 13) for far in range(m + 1)]


def check_bits(side: Any, shape: tuple[int, int]) -> None:
    assert side.shape == shape
    assert side.dtype == np.uint8
    assert set(side.ravel().tolist()) <= {0, 1}


@pytest.mark.parametrize("seed", range(3))
def test_all_pairs_are_far(seed: int) -> None:
    for N, m, far in CASES:
        left, right = null_gap_hamming(N, m, far, np.random.default_rng([seed, N, m, far]))
        check_bits(left, (N, m))
        check_bits(right, (N, m))
        assert min(itertools.chain(*distances(left, right))) >= far


@pytest.mark.parametrize("seed", range(3))
def test_the_planted_pair_is_near_and_pairs_without_it_are_far(seed: int) -> None:
    for N, m, far in CASES:
        for near in {0, far // 2, far - 1} if far else ():
            rng = np.random.default_rng([seed, N, m, far, near])
            left, right, (i, j) = planted_gap_hamming(N, m, near, far, rng)
            check_bits(left, (N, m))
            check_bits(right, (N, m))
            found = distances(left, right)
            assert found[i][j] == near
            assert all(value >= far for row in found for b, value in enumerate(row) if b != j)


def test_the_threshold_is_attained() -> None:
    # Distances are not all larger: with few free coordinates some pair is exactly as far as asked.
    left, right = null_gap_hamming(40, 12, 5, np.random.default_rng(1))
    assert {*itertools.chain(*distances(left, right))} == {5, 6, 7}
    left, right = null_gap_hamming(10, 12, 6, np.random.default_rng(1))
    assert {*itertools.chain(*distances(left, right))} == {6}


@pytest.mark.parametrize("far", [0, 3, 5])
def test_bits_are_uniform_up_to_half(far: int) -> None:
    N = 20_000
    for side in null_gap_hamming(N, 10, far, np.random.default_rng(2)):
        assert all(within(count, N, 0.5) for count in side.sum(axis=0, dtype=int).tolist())
        assert len(np.unique(side, axis=0)) == 2 ** (10 - far)


def test_beyond_half_single_coordinates_are_level_and_random() -> None:
    rng = np.random.default_rng(3)
    values, places = Counter[int](), Counter[int]()
    for _ in range(600):
        left, right = null_gap_hamming(12, 8, 6, rng)
        level = [c for c in range(8) if len(set(left[:, c])) == 1]
        places.update(level)
        assert len(level) >= 4  # 2·6 − 8
        for column in level[:1]:
            values.update([int(left[0, column])])
            assert set(right[:, column].tolist()) <= {0, 1}
    assert within(values[1], 600, 0.5)
    assert all(within(places[column], 600, 0.5) for column in range(8))


def test_places_and_flips_of_planted_pairs_are_uniform() -> None:
    rng = np.random.default_rng(4)
    places, flips = Counter[tuple[int, int]](), np.zeros(6, dtype=int)
    for _ in range(3000):
        left, right, (i, j) = planted_gap_hamming(3, 6, 2, 4, rng)
        places[i, j] += 1
        flips += left[i] ^ right[j]
    assert len(places) == 9
    assert all(within(count, 3000, 1 / 9) for count in places.values())
    assert all(within(count, 3000, 2 / 6) for count in flips.tolist())


def test_same_state_same_output() -> None:
    for family, sizes in ((null_gap_hamming, (6, 15, 6)), (planted_gap_hamming, (6, 15, 2, 6))):
        once, again, other = (family(*sizes, np.random.default_rng(seed)) for seed in (5, 5, 6))  # type: ignore[operator]
        assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
        assert not np.array_equal(once[0], other[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: null_gap_hamming(0, 3, 1, rng), "N is 0; expected an integer of at least 1"),
        (lambda rng: null_gap_hamming(2, 0, 0, rng), "m is 0; expected an integer of at least 1"),
        (lambda rng: null_gap_hamming(2, 3, 4, rng), "far is 4; expected an integer from 0 to 3"),
        (lambda rng: null_gap_hamming(2, 3, -1, rng), "far is -1; expected an integer from 0 to 3"),
        (lambda rng: null_gap_hamming(2, 3, 1.0, rng), "far is 1.0; expected an integer from 0 to 3"),
        (lambda rng: planted_gap_hamming(0, 3, 0, 1, rng), "N is 0; expected an integer of at least 1"),
        (lambda rng: planted_gap_hamming(2, 0, 0, 1, rng), "m is 0; expected an integer of at least 1"),
        (lambda rng: planted_gap_hamming(2, 3, 0, 0, rng), "far is 0; expected an integer from 1 to 3"),
        (lambda rng: planted_gap_hamming(2, 3, 2, 2, rng), "near is 2; expected an integer from 0 to 1"),
        (lambda rng: planted_gap_hamming(2, 3, -1, 2, rng), "near is -1; expected an integer from 0 to 1"),
        (
            lambda _: null_gap_hamming(2, 3, 1, 0),
            "rng is a int; expected a Generator, as from numpy.random.default_rng(seed)",
        ),
        (
            lambda _: planted_gap_hamming(2, 3, 0, 1, None),
            "rng is a NoneType; expected a Generator, as from numpy.random.default_rng(seed)",
        ),
    ],
)
def test_arguments_out_of_range(call: Any, message: str) -> None:
    with pytest.raises(UserInputError) as caught:
        call(np.random.default_rng(0))
    assert str(caught.value) == message
