"""Fits: laws that are known are found again, and what is beyond the cells is said to be."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from reductions.probe import crossings, exponents
from tests.reductions.probe.samples import row, rows_of_laws

SIZES = (256, 512, 1024, 2048)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_exponents_of_power_laws() -> None:
    rows = rows_of_laws(SIZES, [0.5, 1.0], lambda n, b: 1e-6 * n ** (1 + b / 4), lambda n, b: 1e-9 * n**2)
    found = {(one.b, one.method): one for one in exponents(rows, _rng())}
    assert len(found) == 4
    for b in (0.5, 1.0):
        fast, exact = found[b, "fast"], found[b, "exact"]
        assert fast.value == pytest.approx(1 + b / 4)
        assert exact.value == pytest.approx(2)
        assert fast.low == pytest.approx(fast.value)
        assert fast.high == pytest.approx(fast.value)
        assert (fast.n, fast.degrees) == (SIZES, (2, 2, 2, 2))


def test_a_machine_that_slows_down_changes_no_exponent() -> None:
    rows = rows_of_laws(SIZES, [1.0], lambda n, b: 1e-6 * n, lambda n, b: 1e-9 * n**2)
    slowed = [
        replace(
            one,
            **{
                name: tuple(value * (1 + at) for value in getattr(one, name))
                for name in ("fast_seconds", "exact_seconds", "yardstick_seconds")
            },
        )
        for at, one in enumerate(rows)
    ]
    values = [[one.value for one in exponents(some, _rng())] for some in (rows, slowed)]
    assert values[0] == pytest.approx(values[1])


def test_intervals_cover_what_the_clock_spreads() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(40):
        rows = [row(n, 1.0, n * rng.lognormal(0, 0.2, 15), n**2 * rng.lognormal(0, 0.2, 15)) for n in SIZES]
        fast = next(one for one in exponents(rows, rng, 300) if one.method == "fast")
        assert fast.low < fast.value < fast.high
        covered += fast.low <= 1.0 <= fast.high
    # 95 % is a promise for many rounds: of 40 with 15 rounds each, 30 is far below what is to be expected.
    assert covered >= 30


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(1)
    rows = [row(n, 1.0, n * rng.lognormal(0, 0.2, 9), [n**2] * 9) for n in SIZES]
    assert exponents(rows, _rng()) == exponents(rows, _rng())
    assert exponents(rows, _rng()) != exponents(rows, np.random.default_rng(1))


def test_two_sizes_have_no_exponent() -> None:
    assert exponents(rows_of_laws(SIZES[:2], [1.0], lambda n, b: n, lambda n, b: n**2), _rng()) == []
    untimed = [row(n, 1.0) for n in SIZES]
    assert exponents(untimed, _rng()) == []


def test_the_crossing_is_interpolated() -> None:
    # log ratio = 2 b − 1.3: even at b = 0.65, and linear in b, so that interpolation is exact.
    rows = rows_of_laws([256, 512], [0.25, 0.5, 1.0, 2.0], lambda n, b: math.exp(2 * b - 1.3), lambda n, b: 1)
    found = crossings(rows, _rng())
    assert [one.n for one in found] == [256, 512]
    for one in found:
        assert one.state == "measured"
        assert one.value == pytest.approx(0.65)
        assert one.low == pytest.approx(0.65)
        assert one.high == pytest.approx(0.65)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = rows_of_laws([256], [0.25, 0.5, 1.0], lambda n, b: math.exp(2 * b - 1.3), lambda n, b: 1)
    assert crossings(rows, _rng()) == crossings(rows[::-1], _rng())


@pytest.mark.parametrize(
    ("ratios", "state", "value"),
    [
        ([2.0, 3.0, 4.0], "below", 1.0),
        ([0.1, 0.2, 0.3], "beyond", 3.0),
        ([0.1, 0.2, None], "beyond", 2.0),
        ([None, None, None], "below", 1.0),
        ([None, 0.1, 2.0], "below", 1.0),
        ([0.5, 2.0, 0.5], "measured", 1.5),
    ],
)
def test_crossings_beyond_the_cells(ratios: list[float | None], state: str, value: float) -> None:
    rows = [
        row(256, float(b)) if ratio is None else row(256, float(b), [ratio] * 3, [1.0] * 3)
        for b, ratio in enumerate(ratios, start=1)
    ]
    (found,) = crossings(rows, _rng())
    assert (found.state, found.value) == (state, pytest.approx(value))
    assert (found.low is None) == (state != "measured")


def test_an_end_that_was_not_measured_is_open() -> None:
    # At b = 1 the ratio is as often above 1 as below.
    rows = [row(256, 1.0, [0.5, 0.9, 0.95, 1.1, 2.0], [1.0] * 5), row(256, 2.0, [3.0] * 5, [1.0] * 5)]
    (found,) = crossings(rows, _rng())
    assert found.state == "measured"
    assert found.low is None
    assert found.high is not None
    assert found.high > found.value


def test_cells_without_inputs_do_not_count() -> None:
    empty = row(256, 0.1, largest_score=None)
    timed = [row(256, 1.0, [0.5] * 3, [1.0] * 3), row(256, 2.0, [2.0] * 3, [1.0] * 3)]
    (found,) = crossings([empty, *timed], _rng())
    assert found.value == pytest.approx(1.5)
    assert crossings([empty], _rng()) == []
