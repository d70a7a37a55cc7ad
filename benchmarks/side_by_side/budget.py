"""Cells of a benchmark in the order of their importance, as many as a time allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Cell", "run_cells"]


@dataclass(frozen=True)
class Cell:
    """A part of a benchmark.

    Attributes:
        name: under which its result is reported.
        importance: less is sooner.
        cost: seconds that it takes, roughly; what others took corrects it.
        run: does it, and returns what goes into JSON.
    """

    name: str
    importance: int
    cost: float
    run: Callable[[], Any]


def run_cells(
    cells: Sequence[Cell],
    seconds: float | None,
    report: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[dict[str, Any], list[str]]:
    """The results by name, and the names of the cells that were left out for want of time.

    A cell is begun if it is expected to end in time: its cost, times what the cells before it took over what
    they were to cost.  A later one that costs less may still be begun.

    Args:
        cells: in any order; done by importance, then as given.
        seconds: for all of them; None: no limit.
        report: told each cell and its time.
        clock: seconds.
    """
    start, spent, planned = clock(), 0.0, 0.0
    done: dict[str, Any] = {}
    left_out: list[str] = []
    ordered = sorted(cells, key=lambda cell: cell.importance)
    for number, cell in enumerate(ordered, 1):
        pace = spent / planned if planned else 1.0
        begun = clock()
        if seconds is not None and begun - start + cell.cost * pace > seconds:
            left_out.append(cell.name)
            continue
        done[cell.name] = cell.run()
        taken = clock() - begun
        spent, planned = spent + taken, planned + cell.cost
        report(f"[{number}/{len(ordered)}] {cell.name}: {taken:.1f} s")
    return done, left_out
