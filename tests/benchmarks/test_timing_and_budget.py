"""Rounds, slopes, crossings, the budget and the load, by clocks and numbers that are made up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from side_by_side.budget import Cell, run_cells
from side_by_side.machine import PACKAGES, environment, is_loaded
from side_by_side.timing import crossing, interleaved, slope, spread


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rounds_are_interleaved_and_the_first_is_dropped() -> None:
    clock, order = Clock(), []

    def run(name: str, seconds: list[float]) -> str:
        order.append(name)
        clock.now += seconds.pop(0)
        return name

    lasting = {"a": [9.0, 1.0, 2.0], "b": [9.0, 4.0, 3.0]}
    taken, found = interleaved(
        {name: lambda name=name: run(name, lasting[name]) for name in lasting}, 2, clock
    )
    assert order == ["a", "b"] * 3
    assert taken == {"a": [1.0, 2.0], "b": [4.0, 3.0]}
    assert found == {"a": "a", "b": "b"}


def test_a_spread_is_scaled_as_a_whole() -> None:
    assert spread([4.0, 1.0, 2.0], 8.0) == {"best": 8.0, "median": 16.0, "worst": 32.0, "rounds": 3}


def test_the_slope_of_a_power_of_n() -> None:
    sizes = [2**e for e in range(10, 15)]
    found = slope(sizes, [[3e-6 * factor * n**1.25 for n in sizes] for factor in (1.0, 1.7, 0.6)])
    assert found["mean"] == pytest.approx(1.25)
    assert found["high"] - found["low"] == pytest.approx(0, abs=1e-9)
    assert found["bend"] == pytest.approx(1)


def test_the_interval_of_a_slope_is_students() -> None:
    # Slopes 0.9, 1.0 and 1.1: mean 1, standard deviation 0.1, and t = 4.3027 for 2 degrees of freedom.
    sizes = [10, 100, 1000]
    found = slope(sizes, [[float(n) ** power for n in sizes] for power in (0.9, 1.0, 1.1)])
    half = 4.302653 * 0.1 / math.sqrt(3)
    assert found["low"] == pytest.approx(1 - half, abs=1e-6)
    assert found["high"] == pytest.approx(1 + half, abs=1e-6)


def test_what_is_no_power_bends() -> None:
    assert slope([1, 10, 100], [[1.0, 1.0, 100.0], [1.0, 1.0, 100.0]])["bend"] > 2


def test_a_slope_needs_two_sizes_and_two_rounds() -> None:
    with pytest.raises(ValueError, match="two of each"):
        slope([8, 8], [[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="two of each"):
        slope([8, 16], [[1.0, 1.0]])


@pytest.mark.parametrize(
    ("fast", "expected"),
    [([1, 1, 1], 10), ([9, 1, 1], 20), ([1, 9, 1], 30), ([1, 1, 9], None), ([5, 1, 1], 20)],
)
def test_the_crossing_is_where_it_stays_faster(fast: list[float], expected: int | None) -> None:
    assert crossing([10, 20, 30], fast, [5, 5, 5]) == expected
    assert crossing([30, 10, 20], [fast[2], fast[0], fast[1]], [5, 5, 5]) == expected


def _cells(clock: Clock, lasting: dict[str, tuple[int, float, float]]) -> list[Cell]:
    def work(name: str, seconds: float) -> str:
        clock.now += seconds
        return name.upper()

    return [
        Cell(name, importance, cost, lambda name=name, seconds=seconds: work(name, seconds))
        for name, (importance, cost, seconds) in lasting.items()
    ]


def test_all_cells_without_a_limit_by_importance() -> None:
    clock, told = Clock(), []
    cells = _cells(clock, {"late": (5, 1, 1), "first": (0, 1, 1), "middle": (2, 1, 1)})
    done, left_out = run_cells(cells, None, told.append, clock)
    assert list(done.items()) == [("first", "FIRST"), ("middle", "MIDDLE"), ("late", "LATE")]
    assert left_out == []
    assert [line.split()[1] for line in told] == ["first:", "middle:", "late:"]


def test_what_does_not_fit_is_named_and_a_smaller_one_is_done() -> None:
    clock = Clock()
    cells = _cells(clock, {"a": (0, 10, 10), "b": (1, 100, 100), "c": (2, 5, 5)})
    done, left_out = run_cells(cells, 20, lambda _: None, clock)
    assert list(done) == ["a", "c"]
    assert left_out == ["b"]


def test_a_slow_machine_corrects_the_costs() -> None:
    clock = Clock()
    cells = _cells(clock, {"a": (0, 10, 30), "b": (1, 10, 30), "c": (2, 10, 30)})
    done, left_out = run_cells(cells, 70, lambda _: None, clock)
    assert list(done) == ["a", "b"]  # the third would end at 90, though its cost alone would fit
    assert left_out == ["c"]
    assert clock.now <= 70


@pytest.mark.parametrize(
    ("start", "end", "own", "expected"),
    [
        (1.9, 2.1, 1.5, False),
        (2.1, 2.0, 2.0, True),
        (0.1, 4.5, 2.0, True),
        (0.1, 3.9, 2.0, False),
        (2.1, None, 0.0, True),
        (0.5, None, 0.0, False),
        (None, None, 0.0, None),
    ],
)
def test_a_machine_is_loaded_above_1_per_processor(
    start: float | None, end: float | None, own: float, expected: bool | None
) -> None:
    assert is_loaded(start, end, own, 2) is expected


def test_the_environment_says_with_what() -> None:
    found = environment()
    assert set(found["versions"]) == set(PACKAGES)
    assert found["versions"]["numpy"] == np.__version__
    assert found["cpus"] >= 1
    assert len(found["date"].split("-")) == 3
