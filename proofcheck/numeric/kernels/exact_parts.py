"""Some queries against a part of the keys, by compiled kernels: one sweep of the exact method at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.kernels.compiling import compiled
from proofcheck.numeric.kernels.exact_rows import attend, row_gradient
from proofcheck.numeric.kernels.exact_sweeps import pair_operations
from proofcheck.numeric.kernels.threads import in_order
from proofcheck.numeric.kernels.tiles import panel
from proofcheck.numeric.kernels.views import view
from proofcheck.numeric.problem import row_blocks

__all__ = ["fused_attention", "fused_row_gradient"]

Floats = NDArray[np.float64]

_GROUP = 512
_BLOCK = panel(np.float64)


@compiled
def _fill(rows, start, out):  # type: ignore[no-untyped-def]
    """A block of rows as columns; the columns that are left repeat the last."""
    for r in range(out.shape[1]):
        row = min(start + r, rows.shape[0] - 1)
        for column in range(rows.shape[1]):
            out[column, r] = rows[row, column]


@compiled
def _attend_all(points, keys, values, group, block, highest, total, output):  # type: ignore[no-untyped-def]
    count, d = points.shape
    columns, found = np.empty((d, block)), np.empty((d, block))
    high, sums, numbers = np.empty(block), np.empty(block), np.empty(0, np.int64)
    weights = np.empty((group, block))
    for start in range(0, count, block):
        _fill(points, start, columns)
        attend(columns, numbers, keys, values, keys.shape[0], group, False, weights, high, sums, found)
        for r in range(min(block, count - start)):
            highest[start + r], total[start + r] = high[r], sums[r]
            for column in range(d):
                output[start + r, column] = found[column, r]


@compiled
def _gradient_all(points, keys, values, group, block, backward, state, out):  # type: ignore[no-untyped-def]
    count, d = points.shape
    columns, slants, found = np.empty((d, block)), np.empty((d, block)), np.empty((d, block))
    known, numbers = np.empty((3, block)), np.empty(0, np.int64)
    weights, slopes = np.empty((group, block)), np.empty((group, block))
    for start in range(0, count, block):
        _fill(points, start, columns)
        _fill(backward, start, slants)
        _fill(state, start, known)
        row_gradient(
            columns,
            numbers,
            keys,
            values,
            keys.shape[0],
            group,
            False,
            weights,
            slopes,
            known[0],
            known[1],
            slants,
            known[2],
            found,
        )
        for r in range(min(block, count - start)):
            for column in range(d):
                out[start + r, column] = found[column, r]


def fused_attention(points: Floats, keys: Any, values: Any) -> tuple[Floats, Floats, Floats]:
    """As :func:`proofcheck.numeric.chunked.exact_rows._attended`."""
    count = len(points)
    highest, total, output = np.empty(count), np.empty(count), np.empty(points.shape)
    every = slice(0, len(keys))
    wide_keys, wide_values = view(keys, every, np.float64), view(values, every, np.float64)

    def work(rows: slice) -> None:
        _attend_all(
            view(points, rows),
            wide_keys,
            wide_values,
            _GROUP,
            _BLOCK,
            highest[rows],
            total[rows],
            output[rows],
        )

    operations = pair_operations(len(points) * len(keys), points.shape[1])
    for _ in in_order(work, row_blocks(count, _BLOCK), operations):
        pass
    return highest, total, output


def fused_row_gradient(points: Floats, keys: Any, values: Any, backward: Floats, state: Floats) -> Floats:
    """As :func:`proofcheck.numeric.chunked.exact_rows._pulled`."""
    out = np.empty(points.shape)
    every = slice(0, len(keys))
    wide_keys, wide_values = view(keys, every, np.float64), view(values, every, np.float64)

    def work(rows: slice) -> None:
        _gradient_all(
            view(points, rows),
            wide_keys,
            wide_values,
            _GROUP,
            _BLOCK,
            view(backward, rows),
            view(state, rows),
            out[rows],
        )

    operations = pair_operations(len(points) * len(keys), points.shape[1])
    for _ in in_order(work, row_blocks(len(points), _BLOCK), operations):
        pass
    return out
