"""Coordinates in which the scores are small: keys centred, columns of queries and keys in balance.

Softmax does not change when a number that depends on the query only is added to its scores, so the keys
may be moved by any vector m: S'_ij = q_i·(k_j − m).  And (q∘s)·(k/s) = q·k for every s > 0, so a power
of two for each column, which rounds nothing, can make its queries as large as its keys: then no monomial
overflows before the scores do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import Array, to_numpy
from proofcheck.numeric.kernels import have_kernels
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["Frame", "Ranges", "frame", "frame_from", "keys_in", "norms", "queries", "ranges"]

_BLOCK_ROWS = 1 << 12

_Vectors = list[NDArray[np.float64]]
_Rows = Sequence[NDArray[np.float64]] | NDArray[np.float64]

#: By column: sum, least and largest entry of A2 and of A3; largest |A1| and |q|, NaN where a q is.
Ranges = tuple[_Rows, _Rows, _Rows]


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the keys are centred, how columns are scaled, and how large the scores are then.

    Attributes:
        key_centre: m, shape (d,), float64: the mean of the keys, or the middle of their range.
        value_centre: the mean of the rows of A3, shape (d,), float64.
        scale: s, shape (d,), powers of two.
        query_bound, key_bound: max_i |q_i ∘ s| and max_j |(k_j − m)/s| by column, shape (d,).
        query_terms: the same for what q is a sum of, Σ_b max_i |A1_ib| |X_ba|/d · s_a, shape (d,).
        value_bound: max_j |A3_j − value_centre| by column, shape (d,).
        radius: at least max_ij |q_i·(k_j − m)| for the q_i as computed, by Cauchy and Schwarz or by
            columns, whichever is less; infinite where it overflows.
    """

    key_centre: NDArray[np.float64]
    value_centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    query_bound: NDArray[np.float64]
    key_bound: NDArray[np.float64]
    query_terms: NDArray[np.float64]
    value_bound: NDArray[np.float64]
    radius: float

    def uncentred_values(self) -> Frame:
        """The same for a method that takes the rows of A3 as they are."""
        bound = self.value_bound + np.abs(self.value_centre)
        return replace(self, value_centre=np.zeros_like(bound), value_bound=bound)


def queries(problem: Problem, rows: slice) -> Array:
    """The rows q_i = A1_i X/d of these queries, shape (b, d), in the dtype of the problem's sums."""
    xp = problem.xp
    block = xp.astype(xp.asarray(problem.A1[rows, :]), problem.accumulator)
    return block @ xp.astype(problem.X, problem.accumulator) / problem.d


def keys_in(problem: Problem, rows: slice, centre: Array) -> Array:
    """The rows A2_j − m, shape (b, d), in the dtype of the problem's sums."""
    xp = problem.xp
    return xp.astype(xp.asarray(problem.A2[rows, :]), problem.accumulator) - centre


def frame(problem: Problem) -> Frame:
    """The better of two centres, with the radius it gives; two sweeps, O(nd²) time."""
    return frame_from(problem, ranges(problem), lambda centres, scales: norms(problem, centres, scales))


@np.errstate(over="ignore", invalid="ignore")  # what overflows makes the radius infinite
def frame_from(
    problem: Problem, found: Ranges, norms_at: Callable[[_Vectors, _Vectors], list[tuple[float, float]]]
) -> Frame:
    """The frame from what two sweeps over the rows find.

    Args:
        problem: of which X, n, d and the dtypes are used.
        found: by :func:`ranges`.
        norms_at: :func:`norms` for centres and scales.
    """
    n = problem.n
    (key_sum, low, high), (value_sum, value_low, value_high), (input_max, query_max) = found
    query_max = np.where(np.isnan(query_max), math.inf, query_max)  # a sum of infinities of both signs
    centres = [_mean(key_sum, n, low, high), low / 2 + high / 2]
    key_max = [np.maximum(high - centre, centre - low) for centre in centres]
    # Half the range of exponents, less some: neither the factors nor what they balance overflow.
    most = math.log2(float(problem.xp.finfo(problem.accumulator).max)) // 2 - 12
    balances = [_balance(query_max, largest, most) for largest in key_max]
    radii = _radii(problem, norms_at(centres, balances), query_max, key_max)
    best = int(np.argmin(radii))
    scale = np.exp2(np.rint(np.log2(balances[best])))
    value_centre = _mean(value_sum, n, value_low, value_high)
    return Frame(
        key_centre=centres[best],
        value_centre=value_centre,
        scale=scale,
        query_bound=query_max * scale,
        key_bound=key_max[best] / scale,
        query_terms=input_max @ np.abs(_host(problem.X)) / problem.d * scale,
        value_bound=np.maximum(value_high - value_centre, value_centre - value_low),
        radius=float(radii[best]),
    )


@np.errstate(over="ignore", invalid="ignore")
def ranges(problem: Problem) -> Ranges:
    """Sums and extremes of the rows; one sweep."""
    if have_kernels(problem):
        from proofcheck.numeric.kernels.surveys import fused_ranges

        return fused_ranges(problem)
    xp, n = problem.xp, problem.n
    key_sum, value_sum, query_max, input_max = (np.zeros(problem.d) for _ in range(4))
    low, high = np.full(problem.d, math.inf), np.full(problem.d, -math.inf)
    value_low, value_high = low.copy(), high.copy()
    for rows in row_blocks(n, _BLOCK_ROWS):
        keys = xp.asarray(problem.A2[rows, :])
        key_sum += _host(xp.sum(keys, axis=0, dtype=problem.accumulator))
        values = xp.asarray(problem.A3[rows, :])
        value_sum += _host(xp.sum(values, axis=0, dtype=problem.accumulator))
        value_low = np.minimum(value_low, _host(xp.min(values, axis=0)))
        value_high = np.maximum(value_high, _host(xp.max(values, axis=0)))
        low = np.minimum(low, _host(xp.min(keys, axis=0)))
        high = np.maximum(high, _host(xp.max(keys, axis=0)))
        input_max = np.maximum(input_max, _host(xp.max(xp.abs(xp.asarray(problem.A1[rows, :])), axis=0)))
        query_max = np.maximum(query_max, _host(xp.max(xp.abs(queries(problem, rows)), axis=0)))
    return (key_sum, low, high), (value_sum, value_low, value_high), (input_max, query_max)


def _mean(
    total: NDArray[np.float64], n: int, low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The mean of numbers from low to high, and, whatever overflows, a number from low to high."""
    mean = total / n
    return np.clip(np.where(np.isnan(mean), low / 2 + high / 2, mean), low, high)


def _host(vector: Array) -> NDArray[np.float64]:
    return to_numpy(vector).astype(np.float64)


def _balance(
    query_max: NDArray[np.float64], key_max: NDArray[np.float64], most: float
) -> NDArray[np.float64]:
    """For each column √(largest key / largest query), from 2^−most to 2^most."""
    # A column of zeros is taken as the other's inverse: that makes the other's entries about 1.
    queries = np.where(query_max > 0, query_max, 1 / np.where(key_max > 0, key_max, 1.0))
    keys = np.where(key_max > 0, key_max, 1 / np.where(query_max > 0, query_max, 1.0))
    with np.errstate(all="ignore"):
        exponents = (np.log2(keys) - np.log2(queries)) / 2
    return np.asarray(np.exp2(np.clip(np.nan_to_num(exponents), -most, most)))


def _radii(
    problem: Problem,
    squares: list[tuple[float, float]],
    query_max: NDArray[np.float64],
    key_max: _Vectors,
) -> list[float]:
    """For each centre an upper bound of max |S'_ij|, rounding included."""
    xp = problem.xp
    # d products and sums, a square root, and the blocks' own rounding to their dtype: far below this.
    slack = 1 + 64 * (problem.d + 8) * float(xp.finfo(problem.dtype).eps)
    # What d products lose by underflow at most.
    lost = problem.d * float(xp.finfo(problem.accumulator).smallest_normal)
    radii = []
    for (queries_squared, keys_squared), largest in zip(squares, key_max, strict=True):
        cauchy = math.sqrt(queries_squared + lost) * math.sqrt(keys_squared + lost) + lost
        columns = float(np.sum(query_max * largest))
        if np.any((query_max > 0) & (largest > 0)):
            columns += lost
        bound = min(value for value in (cauchy, columns, math.inf) if not math.isnan(value))
        radii.append(bound * slack)
    return radii


@np.errstate(over="ignore", invalid="ignore")
def norms(problem: Problem, centres: _Vectors, balances: _Vectors) -> list[tuple[float, float]]:
    """For each centre and scale the largest |q ∘ s|² and |(k − m)/s|²; NaN where one is. One sweep."""
    if have_kernels(problem):
        from proofcheck.numeric.kernels.surveys import fused_norms

        return [(float(left), float(right)) for left, right in fused_norms(problem, centres, balances)]
    xp = problem.xp
    place = [
        tuple(
            xp.asarray(vector, dtype=problem.accumulator, device=problem.device) for vector in (centre, scale)
        )
        for centre, scale in zip(centres, balances, strict=True)
    ]
    query_norms, key_norms = [0.0] * len(place), [0.0] * len(place)
    # Sums over d columns, as a product: reductions over a short axis are slow.
    ones = xp.ones((problem.d,), dtype=problem.accumulator, device=problem.device)
    for rows in row_blocks(problem.n, _BLOCK_ROWS):
        block = queries(problem, rows)
        for number, (centre, scale) in enumerate(place):
            scaled = block * scale
            query_norms[number] = _larger(query_norms[number], float(xp.max((scaled * scaled) @ ones)))
            scaled = keys_in(problem, rows, centre) / scale
            key_norms[number] = _larger(key_norms[number], float(xp.max((scaled * scaled) @ ones)))
    return list(zip(query_norms, key_norms, strict=True))


def _larger(left: float, right: float) -> float:
    """The larger, or NaN if either is."""
    return float(np.maximum(left, right))
