"""How fast a matrix product is here: what the time of everything else is to be compared with."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Peak", "gemm", "gemm_peak"]

_ORDERS = (128, 256, 512, 1024)
_LONG_ENOUGH = 0.02  # seconds of one product
_LEAST_RUNS = 3


@dataclass(frozen=True)
class Peak:
    """Speeds of products of two square matrices.

    Attributes:
        dtype: of their entries.
        order: their number of rows.
        runs: how many products were timed.
        best: GFLOP/s of the fastest, counting 2·order³ operations.
        median: GFLOP/s of the one in the middle.
    """

    dtype: str
    order: int
    runs: int
    best: float
    median: float


def gemm(order: int, dtype: Any, rng: np.random.Generator) -> Callable[[], np.ndarray[Any, Any]]:
    """A matrix product to time, of 2 order³ operations: of normal entries, into memory that is there."""
    left, right = (rng.standard_normal((order, order)).astype(dtype) for _ in range(2))
    out = np.empty_like(left)

    def run() -> np.ndarray[Any, Any]:
        return np.matmul(left, right, out=out)

    return run


def gemm_peak(
    dtype: str,
    rng: np.random.Generator,
    *,
    seconds: float = 0.5,
    clock: Callable[[], float] = time.perf_counter,
) -> Peak:
    """Time products of NumPy, as many as fit in the seconds and three at least.

    The order is the least of 128, 256, 512 and 1024 whose product takes 20 ms at the best of three, else the
    last; the first product of each is not timed.

    Args:
        dtype: ``"float32"`` or ``"float64"``.
        rng: of the entries, on which the time does not depend.
        seconds: for the products that are timed.
        clock: seconds of a clock.

    Returns:
        Their speeds, to three digits.
    """

    def taken(run: Callable[[], object]) -> float:
        start = clock()
        run()
        return clock() - start

    for order in _ORDERS:
        run = gemm(order, dtype, rng)
        run()
        if min(taken(run) for _ in range(_LEAST_RUNS)) >= _LONG_ENOUGH:
            break
    times: list[float] = []
    while len(times) < _LEAST_RUNS or sum(times) < seconds:
        times.append(taken(run))
    best, median = (2e-9 * order**3 / took for took in (min(times), statistics.median(times)))
    return Peak(dtype, order, len(times), best=float(f"{best:.3g}"), median=float(f"{median:.3g}"))
