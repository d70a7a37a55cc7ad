"""Thresholds hold for YES- and NO-instances, and are as tight as is said."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from proofcheck.errors import UserInputError
from reductions.problems.attention import AttentionInstance
from reductions.problems.gap import GapInnerProduct
from reductions.thresholds import Thresholds, entry_thresholds, norm_thresholds, slope_thresholds

from .instances import DIGITS, attention_of, gap_instance, norm, outputs, scores, slope

SIZES = [(1, 1), (1, 3), (2, 2), (3, 5), (5, 4)]


@pytest.mark.parametrize(("N", "m"), SIZES)
@pytest.mark.parametrize("yes", [False, True])
def test_values_lie_beyond_their_thresholds(N: int, m: int, yes: bool) -> None:
    for seed in range(6):
        gap = gap_instance(N, m, np.random.default_rng(seed), yes=yes)
        assert (gap.solve() is not None) == yes
        with mpmath.workdps(DIGITS):
            found = {
                "entrywise": (entry_thresholds, lambda a: max(outputs(a, 1))),
                "norm": (norm_thresholds, lambda a: norm(a, 1)),
                "slope": (slope_thresholds, lambda a: -slope(a, 1)),
            }
            for reading, (thresholds, value_of) in found.items():
                instance = attention_of(gap, reading)  # type: ignore[arg-type]
                limits, value = thresholds(instance), value_of(instance)
                assert limits.separated
                assert (value >= limits.yes) if yes else (value <= limits.no), (reading, seed)


def test_one_yes_pair_among_far_ones_attains_the_slope_of_a_yes_instance() -> None:
    left, right = np.zeros((4, 12), dtype=np.uint8), np.zeros((4, 12), dtype=np.uint8)
    left[1], right[2] = 1, 1
    with mpmath.workdps(DIGITS):
        instance = attention_of(GapInnerProduct(left, right, 12, 11), "slope")
        value = float(-slope(instance, 1))
    yes = slope_thresholds(instance).yes
    assert yes <= value <= 1.001 * yes


@pytest.mark.parametrize("reading", ["entrywise", "norm", "slope"])
@pytest.mark.parametrize(("N", "m"), [(1, 1), (7, 5), (300, 94)])
def test_the_gap_is_as_stated(reading: str, N: int, m: int) -> None:
    """At least a factor 4 for the slope and the norm, as γ was chosen."""
    rows = np.zeros((N, 3 * m), dtype=np.uint8)
    made = attention_of(GapInnerProduct(rows, rows, m, m - 1), reading)  # type: ignore[arg-type]
    one = {"entrywise": entry_thresholds, "norm": norm_thresholds, "slope": slope_thresholds}[reading]
    limits = one(made)
    assert limits.yes >= (1.05 if reading == "entrywise" else 3.9) * limits.no
    assert 0 < limits.accuracy < limits.yes


def test_scores_lie_in_the_stated_range_and_half_of_each_row_is_largest() -> None:
    for reading in ("entrywise", "norm", "slope"):
        instance = attention_of(gap_instance(3, 4, np.random.default_rng(1), yes=True), reading)  # type: ignore[arg-type]
        with mpmath.workdps(DIGITS):
            bound = mpmath.mpf(instance.bound.numerator) / instance.bound.denominator
            for row in scores(instance):
                assert all(-1e-50 <= score <= bound * (1 + mpmath.mpf(10) ** -50) for score in row)
                assert sum(abs(score - bound) < 1e-40 for score in row) >= instance.rows


def test_float64_computes_the_scores_exactly() -> None:
    for reading in ("entrywise", "norm", "slope"):
        for seed in range(4):
            gap = gap_instance(6, 9, np.random.default_rng(seed), yes=True)
            instance = attention_of(gap, reading)  # type: ignore[arg-type]
            Q, K, V = instance.arrays()
            assert Q.shape == K.shape == V.shape == (12, instance.d)
            products = Q @ K.T / instance.d
            left = [[Fraction(float(x)) for x in row] for row in Q]
            right = [[Fraction(float(x)) for x in row] for row in K]
            for i, a in enumerate(left):
                for j, b in enumerate(right):
                    exact = sum(x * y for x, y in zip(a, b, strict=True)) / instance.d
                    assert Fraction(float(products[i, j])) == exact


def test_entries_have_few_bits() -> None:
    instance = attention_of(gap_instance(8, 6, np.random.default_rng(0), yes=False), "slope")
    for entry in (instance.scale, *instance.pad):
        assert entry.denominator & (entry.denominator - 1) == 0
        assert entry.numerator.bit_length() <= 11


def test_one_query_needs_room_above_yes() -> None:
    gap = gap_instance(2, 2, np.random.default_rng(0), yes=True)
    instance = AttentionInstance(gap, Fraction(3), (Fraction(1),) * gap.yes)
    with pytest.raises(UserInputError, match="expected at least 1 for one query"):
        slope_thresholds(instance)


def test_thresholds_that_touch_are_not_separated() -> None:
    assert not Thresholds(1.0, 1.0).separated
    assert Thresholds(2.0, 1.0).accuracy == 0.5
