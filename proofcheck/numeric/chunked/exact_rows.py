"""Exact rows of some queries, (10) of :mod:`proofcheck.numeric.exact`, from keys that come in chunks.

Each chunk gives the queries' largest scores, and relative to those sums of weights and Σ weight × value; two
chunks' are joined as an online softmax joins blocks.  A second sweep adds up Σ_j p_ij A2_j.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.chunked.engine import Engine, Source, problem_of
from proofcheck.numeric.exact import QueryRows
from proofcheck.numeric.kernels import have_kernels
from proofcheck.numeric.problem import row_blocks

__all__ = ["ExactRows", "exact_rows_from"]

Floats = NDArray[np.float64]

_KEYS = 512  # a block of scores stays in the cache


@dataclass(frozen=True, eq=False)
class ExactRows:
    """Exact rows, and each query's largest score and sum of e^{S − largest}, (m,) each."""

    rows: QueryRows
    highest: Floats
    total: Floats


_Attention = tuple[Floats, Floats, Floats]


def exact_rows_from(
    source: Source,
    engine: Engine,
    chunks: Sequence[slice],
    inputs: Floats,
    targets: Floats,
    report: Callable[[int], None] | None,
) -> ExactRows:
    """The exact rows of queries with these rows of A1 and E; two sweeps over the keys, O(mnd) time."""
    X, Y = source.X.astype(np.float64), source.Y.astype(np.float64)
    points = inputs @ X / source.d
    with np.errstate(over="ignore", invalid="ignore"):
        highest, total, summed = engine.reduce(partial(_attended, source, points), _merged, chunks, report)
        output = summed / total[:, None]
        residual = output @ Y - targets
        backward = residual @ Y.T
        state = np.stack([highest, total, np.sum(backward * output, axis=1)], axis=1)
        work = partial(_pulled, source, points, backward, state)
        gradient = engine.reduce(work, np.add, chunks, report) / source.d
    return ExactRows(QueryRows(output, residual, gradient), highest, total)


def _attended(source: Source, points: Floats, rows: slice) -> _Attention:
    """Of a chunk: largest scores, sums of weights relative to them, and Σ weight × value."""
    problem = problem_of(source, rows, ("A2", "A3"))
    if have_kernels(problem):
        from proofcheck.numeric.kernels.exact_parts import fused_attention

        return fused_attention(points, problem.A2, problem.A3)
    parts = (_block(points, problem.A2[some], problem.A3[some]) for some in row_blocks(problem.n, _KEYS))
    found = next(parts)
    for part in parts:
        found = _merged(found, part)
    return found


def _block(points: Floats, keys: Any, values: Any) -> _Attention:
    scores = points @ np.asarray(keys, dtype=np.float64).T
    highest = np.max(scores, axis=1)
    weights = np.exp(scores - highest[:, None])
    return highest, np.sum(weights, axis=1), weights @ np.asarray(values, dtype=np.float64)


def _merged(left: _Attention, right: _Attention) -> _Attention:
    with np.errstate(over="ignore", invalid="ignore"):
        highest = np.maximum(left[0], right[0])
        first, second = np.exp(left[0] - highest), np.exp(right[0] - highest)
        total = left[1] * first + right[1] * second
        return highest, total, left[2] * first[:, None] + right[2] * second[:, None]


def _pulled(source: Source, points: Floats, backward: Floats, state: Floats, rows: slice) -> Floats:
    """Σ_j p_ij A2_j over a chunk's keys; ``state`` has largest score, sum of weights and w·o as columns."""
    problem = problem_of(source, rows, ("A2", "A3"))
    if have_kernels(problem):
        from proofcheck.numeric.kernels.exact_parts import fused_row_gradient

        return fused_row_gradient(points, problem.A2, problem.A3, backward, state)
    found = np.zeros_like(points)
    highest, total, correction = state.T[:, :, None]
    for some in row_blocks(problem.n, _KEYS):
        keys, values = (np.asarray(array[some], dtype=np.float64) for array in (problem.A2, problem.A3))
        weights = np.exp(points @ keys.T - highest) / total
        found += (weights * (backward @ values.T - correction)) @ keys
    return found
