"""Interleaved rounds, their spread, slopes with intervals, and where one method overtakes another."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["crossing", "interleaved", "slope", "spread"]


def interleaved(
    runs: Mapping[str, Callable[[], Any]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Seconds of every run in every round, each once a round, and what each returned last.

    A first round, which compiles and warms up, is not counted; neighbours in time are then neighbours in the
    state of the machine.
    """
    taken: dict[str, list[float]] = {name: [] for name in runs}
    found: dict[str, Any] = {}
    for number in range(rounds + 1):
        for name, run in runs.items():
            start = clock()
            found[name] = run()
            seconds = clock() - start
            if number:
                taken[name].append(seconds)
    return taken, found


def spread(times: Sequence[float], scale: float = 1.0) -> dict[str, Any]:
    """Best, median and worst of some times, each times a scale, and how many there were."""
    return {
        "best": min(times) * scale,
        "median": statistics.median(times) * scale,
        "worst": max(times) * scale,
        "rounds": len(times),
    }


def slope(
    sizes: Sequence[int], rounds: Sequence[Sequence[float]], confidence: float = 0.95
) -> dict[str, Any]:
    """The slope of log time in log n, by least squares in each round, and Student's interval of their mean.

    Args:
        sizes: two at least, different.
        rounds: a row of times, one for each size, for each round; two rounds at least.
        confidence: of the interval.

    Returns:
        ``mean``, ``low``, ``high``, ``by round``, and ``bend``: how far, as a factor, the geometric mean of
        the times is from the line at the size where it is farthest.  The interval is of what rounds vary by;
        a time that is no power of n shows in the bend alone.
    """
    if len(set(sizes)) < 2 or len(rounds) < 2:
        raise ValueError(f"{len(set(sizes))} sizes and {len(rounds)} rounds: a slope needs two of each")
    from scipy.stats import t as student

    logs, values = np.log(np.asarray(sizes, dtype=float)), np.log(np.asarray(rounds, dtype=float))
    slopes = np.array([np.polyfit(logs, row, 1)[0] for row in values])
    mean, middle = float(np.mean(slopes)), np.mean(values, axis=0)
    half = float(student.ppf((1 + confidence) / 2, len(slopes) - 1) * np.std(slopes, ddof=1))
    half /= math.sqrt(len(slopes))
    residuals = middle - np.polyval(np.polyfit(logs, middle, 1), logs)
    return {
        "mean": mean,
        "low": mean - half,
        "high": mean + half,
        "confidence": confidence,
        "by round": slopes.tolist(),
        "bend": float(np.exp(np.max(np.abs(residuals)))),
    }


def crossing(sizes: Sequence[int], fast: Sequence[float], slow: Sequence[float]) -> int | None:
    """The least size from which on ``fast`` took less time at every size; None if not at the last."""
    found = None
    for size, ours, theirs in sorted(zip(sizes, fast, slow, strict=True), reverse=True):
        if ours >= theirs:
            break
        found = size
    return found
