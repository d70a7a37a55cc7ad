"""Measuring one cell: what the fast gradient takes for an error, beside the exact one.

Everything is measured against the exact gradient of the same inputs. Methods that are compared are timed in
the same rounds, each once a round and in one process, so that what slows the machine down slows both.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from proofcheck.errors import ApproximationError
from proofcheck.numeric.gradient import attention_gradient
from proofcheck.numeric.monomials import feature_count
from proofcheck.numeric.problem import row_blocks
from proofcheck.numeric.result import GradientResult
from proofcheck.versions import installed_version
from reductions.probe.cells import Cell, Grid
from reductions.probe.decisions import Decisions, decisions, degree_within
from reductions.probe.inputs import Arrays, arrays, hard_pair
from reductions.probe.row import Row

__all__ = ["YARDSTICK", "environment", "measure", "ranks"]

#: The problem that the speed of the machine is told by.
YARDSTICK = Cell(512, 8, 0.5, "uniform")

_SCORE_ROWS = 128
_QUERIES = 64  # that errors are estimated from
_LEAST_ROUNDS, _MOST_ROUNDS, _ENOUGH_SECONDS = 5, 15, 0.5
_SHORT_SECONDS, _MOST_REPEATS = 5e-3, 8  # of a call that is made several times a round
_FINE_CLOCK = time.get_clock_info("process_time").resolution < 1e-5
#: Phases of a call that check, bound or estimate, and do not compute the gradient.
_BESIDE = {
    "fast": ("checks", "bound", "estimate", "scale", "calibration"),
    "exact": ("checks", "bound", "estimate", "scale", "calibration", "range"),
}


@dataclass(frozen=True)
class _Tried:
    """A run of the fast method: its errors over ‖g‖_∞."""

    degree: int
    features: int
    dtype: str
    error: float
    estimated: float
    certified: float
    radius: float


def measure(cell: Cell, grid: Grid) -> list[Row]:
    """All there is to a cell, a row for each ε of the grid.

    Args:
        cell: of the grid.
        grid: with the seed and the limits.
    """
    row = Row(cell.n, cell.d, cell.b, cell.family, 0.0, grid.seed, grid.budget, cell.bound)
    row = replace(row, environment=json.dumps(environment(), sort_keys=True))
    if cell.family == "hard":
        pair = hard_pair(cell, grid.seed, 0)
        if pair is None:
            reason = f"no gadget fits d={cell.d} columns at so small a bound"
            return [_sealed(replace(row, eps=eps, reason=reason)) for eps in grid.eps]
        Q, K, V = pair[0].attention.arrays()
        identity = np.eye(cell.d)
        inputs: Arrays = (Q, K, V, np.zeros_like(V), identity, identity)
        found = decisions(cell, grid.seed, grid.pairs, grid.budget)
        row = row if found is None else _with_decisions(row, found)
    else:
        inputs = arrays(cell, grid.seed)
    row = replace(row, largest_score=_largest_score(inputs))
    exact = attention_gradient(*inputs, method="exact")
    tried, reason = _tried(inputs, exact, grid)
    row = _with_tried(row, tried)
    rank: Sequence[tuple[int | None, int | None]] = [(None, None)] * len(grid.eps)
    if cell.n <= grid.rank_to:
        rank = ranks(inputs, grid.eps)
    met = [_least(tried, eps) for eps in grid.eps]
    times = {one.degree: _times(inputs, one.degree) for one in met if one is not None}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    rows = []
    for eps, (of_exp, of_softmax), one in zip(grid.eps, rank, met, strict=True):
        own = replace(row, eps=eps, rank=of_exp, softmax_rank=of_softmax, load=load)
        if one is None:
            own = replace(own, reason=reason)
        else:
            own = replace(
                own,
                degree=one.degree,
                features=one.features,
                dtype=one.dtype,
                error=one.error,
                estimated=_finite(one.estimated),
                certified=_finite(one.certified),
                **times[one.degree],
            )
        rows.append(_sealed(own))
    return rows


def _largest_score(inputs: Arrays) -> float:
    """The largest |S_ij|, in blocks of rows."""
    A1, A2, _, _, X, _ = inputs
    points = A1 @ X / A1.shape[1]
    return max(float(np.abs(points[rows] @ A2.T).max()) for rows in row_blocks(len(points), _SCORE_ROWS))


def ranks(inputs: Arrays, eps: Sequence[float]) -> list[tuple[int, int]]:
    """For each ε, the ε-rank of exp(S) and that of the softmax f; O(n³) time.

    It is how many singular values are more than ε times the largest: by the theorem of Eckart and Young the
    least rank of a matrix within ε ‖·‖₂ in the spectral norm. S is lowered by its largest entry first, a
    common factor of all singular values of exp(S).

    Args:
        inputs: A1 to Y, as :func:`~reductions.probe.inputs.arrays` gives them.
        eps: the ε, each between 0 and 1.
    """
    A1, A2, _, _, X, _ = inputs
    scores = A1 @ X @ A2.T / A1.shape[1]
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    softmax = weights / weights.sum(axis=1, keepdims=True)
    counts = []
    for matrix in (np.exp(scores - scores.max()), softmax):
        values = np.linalg.svd(matrix, compute_uv=False)
        counts.append([int(np.count_nonzero(values > one * values[0])) for one in eps])
    return list(zip(*counts, strict=True))


@lru_cache(maxsize=1)
def environment() -> dict[str, Any]:
    """The machine, the versions and the threads, as far as they matter for a time."""
    libraries = ("proofcheck", "numpy", "numba")
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    small = attention_gradient(*arrays(Cell(16, 1, 0.5, "uniform"), 0), method="exact")
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: installed_version(name) or "not installed" for name in libraries},
        "threads": {name: os.environ.get(name, "") for name in names},
        "computed by": small.computed_by,
    }


def _tried(inputs: Arrays, exact: GradientResult, grid: Grid) -> tuple[list[_Tried], str]:
    """The fast method by degree, until every ε is met twice or the budget is spent; and what ended it."""
    true = np.asarray(exact.gradients["X"])
    size = float(np.abs(true).max())
    d, least = len(true), min(grid.eps)
    found: list[_Tried] = []
    if size == 0:
        return found, "the gradient is 0: no relative error"
    most = degree_within(d, grid.budget)
    if most is None:
        return found, f"degree 1 has more than {grid.budget} features"
    reason = f"not met within {grid.budget} features"
    for degree in range(1, most + 1):
        try:
            result = attention_gradient(*inputs, method="fast", degree=degree, queries=_QUERIES)
        except ApproximationError as error:
            reason = str(error).split(";")[0].split(": take")[0]
            continue
        estimate = result.error_estimate["X"].high
        found.append(
            _Tried(
                degree,
                feature_count(d, degree),
                result.dtype,
                float(np.abs(np.asarray(result.gradients["X"]) - true).max()) / size,
                estimate / size,
                result.error_bound["X"] / size,
                result.radius,
            )
        )
        reason = f"not met within {grid.budget} features"
        if len(found) > 1 and max(one.error for one in found[-2:]) <= least:
            break
    return found, reason


def _least(tried: Sequence[_Tried], eps: float) -> _Tried | None:
    """The first run whose error is at most ε and whose successor's, if there is one, is too.

    A gradient with few degrees of freedom may be right by chance once: errors change sign as degrees grow.
    """
    for at, one in enumerate(tried):
        if max(other.error for other in tried[at : at + 2]) <= eps:
            return one
    return None


def _times(inputs: Arrays, degree: int) -> dict[str, Any]:
    """Rounds in which each is called: the fast method, the exact one, and the yardstick."""
    yardstick = arrays(YARDSTICK, 0)
    calls: dict[str, Callable[[], GradientResult]] = {
        "fast": partial(attention_gradient, *inputs, method="fast", degree=degree, queries=_QUERIES),
        "exact": partial(attention_gradient, *inputs, method="exact"),
        "yardstick": partial(attention_gradient, *yardstick, method="exact"),
    }
    whole: dict[str, list[float]] = {name: [] for name in calls}
    own: dict[str, list[float]] = {name: [] for name in calls}
    # A first round warms up, and says how many calls it takes until one of them is likely to be undisturbed.
    repeats = {name: math.ceil(_SHORT_SECONDS / _timed(name, call, 1)[0]) for name, call in calls.items()}
    start, rounds = time.perf_counter(), 0
    while rounds < _LEAST_ROUNDS or (rounds < _MOST_ROUNDS and time.perf_counter() - start < _ENOUGH_SECONDS):
        for name, call in calls.items():
            taken = _timed(name, call, min(repeats[name], _MOST_REPEATS))
            whole[name].append(taken[0])
            own[name].append(taken[1])
        rounds += 1
    return {
        "fast_seconds": tuple(own["fast"]),
        "exact_seconds": tuple(own["exact"]),
        "fast_call_seconds": tuple(whole["fast"]),
        "exact_call_seconds": tuple(whole["exact"]),
        "yardstick_seconds": tuple(own["yardstick"]),
    }


def _timed(name: str, call: Callable[[], GradientResult], repeats: int) -> tuple[float, float]:
    """Seconds of the least interrupted of some calls: of all of it, and of what computes the gradient.

    They are the clock's, times the share of it that this process had a processor: where others are at work,
    long calls are interrupted, and the more often the longer they are.
    """
    beside = _BESIDE["fast" if name == "fast" else "exact"]
    best = (0.0, math.inf, math.inf)
    for _ in range(repeats):
        start, processor = time.perf_counter(), time.process_time()
        result = call()
        processor, taken = time.process_time() - processor, time.perf_counter() - start
        # More than one where a library has threads, and meaningless by a coarse clock: the clock's time then.
        share = min(1.0, processor / taken) if _FINE_CLOCK else 1.0
        own = sum(seconds for phase, seconds in result.seconds.items() if phase not in beside)
        if (share, -taken) > (best[0], -best[1]):
            best = share, taken, own
    share, taken, own = best
    return share * taken, share * own


def _with_decisions(row: Row, found: Decisions) -> Row:
    return replace(
        row,
        instances=found.instances,
        separated=found.separated,
        oracle_degree=found.degree,
        oracle_features=found.features,
        right=found.fast.right,
        wrong=found.fast.wrong,
        undecided=found.fast.undecided,
        plain_right=found.fast.plain_right,
        exact_right=found.exact.right,
        exact_wrong=found.exact.wrong,
        exact_undecided=found.exact.undecided,
        exact_plain_right=found.exact.plain_right,
    )


def _with_tried(row: Row, tried: Sequence[_Tried]) -> Row:
    if not tried:
        return row
    errors = [one.error for one in tried if math.isfinite(one.error)]
    return replace(
        row, radius=tried[-1].radius, tried=tried[-1].degree, least_error=min(errors, default=None)
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _sealed(row: Row) -> Row:
    return replace(row, digest=row.computed_digest())
