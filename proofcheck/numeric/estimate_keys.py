"""What sampled queries contribute to the errors of the gradients in A2 and A3, key by key."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import Array, to_numpy
from proofcheck.numeric.exact import QueryRows
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.fast_totals import SampledRows
from proofcheck.numeric.frame import Frame
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["key_errors"]

_BLOCK_ENTRIES = 1 << 19


def key_errors(
    problem: Problem,
    where: Frame,
    coefficients: tuple[float, ...],
    fast: SampledRows,
    exact: QueryRows,
    inputs: NDArray[np.float64],
    rows: tuple[int, ...],
    *,
    normalisers: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    expansion: Expansion | None = None,
    fast_rows: int = 1,
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """For blocks of keys, ``("A2", z)`` and ``("A3", z)``, with z of shape (m, b, d).

    z_i is the error that query i brings to the gradients in the keys: (p̃_ij − p_ij) q_i, and
    f̃_ij w̃_i − f_ij w_i. O(m n d) time in all; 2^19 numbers an array.

    Args:
        problem: the inputs.
        where: the coordinates of the fast method.
        coefficients: of its polynomial.
        fast: what it found for the m queries.
        exact: what is true of them.
        inputs: their rows of A1, (m, d).
        rows: their numbers.
        normalisers: each query's largest score and its sum of e^{S − largest}, (m,) each, over all its keys,
            of which the problem may have some only; found if not given.
        expansion: the monomials that the fast method took, if not all.
        fast_rows: rows of its blocks, in which it takes P itself if causal.

    With an expansion O(m n k) time for its k monomials.
    """
    queries = inputs @ _host(problem.X) / problem.d
    block_rows = max(1, _BLOCK_ENTRIES // (len(rows) * problem.d))
    highest, total = _normalisers(problem, queries, rows, block_rows) if normalisers is None else normalisers
    true_backward = _host(exact.residual) @ _host(problem.Y).T
    true_correction = np.sum(true_backward * _host(exact.output), axis=1)
    cotangent = _host(fast.cotangent)
    for block in row_blocks(problem.n, block_rows):
        keys, values = _host(problem.A2[block, :]), _host(problem.A3[block, :])
        seen = _attended(problem, rows, block)
        true = np.where(seen, np.exp(queries @ keys.T - highest[:, None]), 0.0) / total[:, None]
        weights = _polynomial(queries @ (keys - where.key_centre).T, coefficients)
        if expansion is not None:
            centred = (keys - where.key_centre) / where.scale
            pruned = expansion.values(queries * where.scale, centred, coefficients)
            weights = np.where(_together(problem, rows, block, fast_rows), weights, pruned)
        weights = weights * seen
        moved = values - where.value_centre
        true_p = true * (true_backward @ values.T - true_correction[:, None])
        fast_p = weights * (cotangent[:, :1] + cotangent[:, 1:] @ moved.T)
        yield "A2", (fast_p - true_p)[:, :, None] * queries[:, None, :]
        fast_values = weights[:, :, None] * cotangent[:, None, 1:]
        yield "A3", fast_values - true[:, :, None] * true_backward[:, None, :]


def _host(array: Array) -> NDArray[np.float64]:
    return to_numpy(array).astype(np.float64)


def _attended(problem: Problem, rows: tuple[int, ...], block: slice) -> NDArray[np.bool_]:
    """Which of a block's keys each query attends to, (m, b)."""
    keys = np.arange(block.start, block.stop)
    if not problem.causal:
        return np.ones((len(rows), len(keys)), dtype=bool)
    return np.asarray(keys[None, :] <= np.asarray(rows)[:, None])


def _together(problem: Problem, rows: tuple[int, ...], block: slice, fast_rows: int) -> NDArray[np.bool_]:
    """Whether a query and a key are in one block of the causal fast method, (m, b)."""
    keys = np.arange(block.start, block.stop)
    same = np.asarray(rows)[:, None] // fast_rows == keys[None, :] // fast_rows
    return np.asarray(same & problem.causal)


def _normalisers(
    problem: Problem, queries: NDArray[np.float64], rows: tuple[int, ...], block_rows: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest score of each query, and the sum of e^{S − largest}, (m,) each."""
    highest, total = np.full(len(rows), -np.inf), np.zeros(len(rows))
    for block in row_blocks(problem.n, block_rows):
        scores = queries @ _host(problem.A2[block, :]).T
        scores = np.where(_attended(problem, rows, block), scores, -np.inf)
        risen = np.maximum(highest, np.max(scores, axis=1))
        safe = np.where(np.isfinite(risen), risen, 0.0)  # a block with no key that the query attends to
        total = total * np.exp(highest - safe) + np.sum(np.exp(scores - safe[:, None]), axis=1)
        highest = risen
    return highest, total


def _polynomial(scores: NDArray[np.float64], coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    value = np.full_like(scores, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = value * scores + coefficient
    return value
