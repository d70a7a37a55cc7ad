"""What is found out about the rows of NumPy arrays by compiled kernels: ranges, norms, sizes and weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.kernels.survey_rows import (
    add_sizes,
    column_ranges,
    norms,
    query_ranges,
    sample_weights,
)
from proofcheck.numeric.kernels.threads import in_order
from proofcheck.numeric.kernels.tiles import panel
from proofcheck.numeric.kernels.views import view
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["fused_largest", "fused_norms", "fused_ranges", "fused_sizes", "fused_weights"]

Floats = NDArray[np.float64]

_BLOCK = 4 * panel(np.float64)
_PART_ROWS = 8192
_PER_ENTRY = 50  # operations for each entry of a block: there is little to do but to read it


def _operations(problem: Problem) -> int:
    return _PER_ENTRY * problem.n * problem.d


def _small(array: Any) -> Floats:
    return view(array, slice(0, len(array)), np.float64)


def fused_ranges(problem: Problem) -> tuple[Floats, Floats, Floats]:
    """By column: sum, least and largest entry of A2 and of A3, (3, d) each; max|A1| and max|q|, (2, d)."""
    d, X, ones = problem.d, _small(problem.X), np.ones(problem.d)

    def work(rows: slice) -> tuple[Floats, Floats, Floats]:
        keys, values, queries = np.empty((3, d)), np.empty((3, d)), np.empty((2, d))
        column_ranges(view(problem.A2, rows), _BLOCK, keys)
        column_ranges(view(problem.A3, rows), _BLOCK, values)
        query_ranges(view(problem.A1, rows), X, ones, _BLOCK, queries)
        return keys, values, queries

    keys, values, queries = zip(
        *in_order(work, row_blocks(problem.n, _PART_ROWS), _operations(problem)), strict=True
    )
    return _joined(keys), _joined(values), _most(queries)


def fused_largest(problem: Problem) -> Floats:
    """The largest |A3| of each column, (d,)."""

    def work(rows: slice) -> Floats:
        out = np.empty((3, problem.d))
        column_ranges(view(problem.A3, rows), _BLOCK, out)
        return np.asarray(np.max(np.abs(out[1:]), axis=0))

    return _most(in_order(work, row_blocks(problem.n, _PART_ROWS), _operations(problem)))


def _most(parts: Iterable[Floats]) -> Floats:
    return np.asarray(np.max(list(parts), axis=0))


def _joined(parts: tuple[Floats, ...]) -> Floats:
    every = np.stack(parts)
    return np.stack([np.sum(every[:, 0], axis=0), np.min(every[:, 1], axis=0), np.max(every[:, 2], axis=0)])


def fused_norms(problem: Problem, centres: list[Floats], scales: list[Floats]) -> Floats:
    """For each centre and scale the largest |q ∘ s|² and |(k − m)/s|², (len(centres), 2)."""
    X, ones = _small(problem.X), np.ones(problem.d)
    moves, sizes = np.stack(centres), np.stack(scales)

    def work(rows: slice) -> Floats:
        out = np.zeros((len(centres), 2))
        norms(view(problem.A1, rows), view(problem.A2, rows), X, ones, moves, sizes, _BLOCK, out)
        return out

    return _most(in_order(work, row_blocks(problem.n, _PART_ROWS), _operations(problem)))


def fused_sizes(problem: Problem, largest: Floats) -> tuple[Floats, Floats]:
    """As :func:`~proofcheck.numeric.kernels.survey_rows.add_sizes` for all queries."""
    d, Y = problem.d, np.abs(_small(problem.Y))

    def work(rows: slice) -> tuple[Floats, Floats]:
        sums, most = np.zeros((d + 2, 1 + d)), np.zeros((2, d))
        add_sizes(view(problem.A1, rows), view(problem.E, rows), Y, largest, _BLOCK, sums, most)
        return sums, most

    sums, most = np.zeros((d + 2, 1 + d)), np.zeros((2, d))
    for some, highest in in_order(work, row_blocks(problem.n, _PART_ROWS), _operations(problem)):
        sums += some
        most = np.maximum(most, highest)
    return sums, most


def fused_weights(problem: Problem, largest: Floats, factors: Floats) -> Floats:
    """|A1_i|_∞ Σ_l (|E_il| + largest_l) factors_l for each query, (n,)."""
    found = np.empty(problem.n)

    def work(rows: slice) -> None:
        sample_weights(view(problem.A1, rows), view(problem.E, rows), largest, factors, found[rows])

    for _ in in_order(work, row_blocks(problem.n, _PART_ROWS), _operations(problem)):
        pass
    return found
