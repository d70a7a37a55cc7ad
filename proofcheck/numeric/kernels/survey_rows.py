"""Sums and extremes over rows, compiled: what the coordinates, the bounds and the sample are made from.

All go column by column in blocks, so that each is one operation for several rows; a NaN makes a result one.
"""

from __future__ import annotations

import numpy as np

from proofcheck.numeric.kernels.compiling import compiled
from proofcheck.numeric.kernels.fast_blocks import fill_columns, fill_keys, fill_queries
from proofcheck.numeric.kernels.tiles import dot

__all__ = ["add_sizes", "column_ranges", "norms", "query_ranges", "sample_weights"]


@compiled
def column_ranges(rows, block, out):
    """The sum, the least and the largest entry of each column, (3, d), of rows that are finite."""
    d = rows.shape[1]
    wide, sums = np.empty((d, block)), np.zeros((d, block))
    least, most = np.full((d, block), np.inf), np.full((d, block), -np.inf)
    for start in range(0, rows.shape[0], block):
        some = min(block, rows.shape[0] - start)
        fill_columns(rows, start, some, wide)
        for column in range(d):
            for r in range(some):
                value = wide[column, r]
                sums[column, r] += value
                least[column, r] = value if value < least[column, r] else least[column, r]
                most[column, r] = value if value > most[column, r] else most[column, r]
    for column in range(d):
        out[0, column] = np.sum(sums[column])
        out[1, column], out[2, column] = np.min(least[column]), np.max(most[column])


@compiled
def query_ranges(A1, X, ones, block, out):
    """The largest |A1| and |q| of each column, (2, d); NaN where a q is."""
    d = A1.shape[1]
    inputs, wide, points = np.empty((d, block)), np.empty((d, block)), np.empty((d, block))
    most, largest, lost = np.zeros((d, block)), np.zeros((d, block)), np.zeros((d, block))
    for start in range(0, A1.shape[0], block):
        fill_columns(A1, start, min(block, A1.shape[0] - start), inputs)
        fill_queries(inputs, X, ones, wide, points)
        for column in range(d):
            for r in range(block):
                value = abs(inputs[column, r])
                most[column, r] = value if value > most[column, r] else most[column, r]
                value = abs(points[column, r])
                largest[column, r] = value if value > largest[column, r] else largest[column, r]
                lost[column, r] = lost[column, r] if value == value else value
    for column in range(d):
        out[0, column] = np.max(most[column])
        out[1, column] = np.max(largest[column]) + np.sum(lost[column])


@compiled
def norms(A1, A2, X, ones, centres, scales, block, out):
    """For each centre and scale the largest |q ∘ s|² and |(k − m)/s|², (2,) each; NaN where one is."""
    d = A1.shape[1]
    inputs, wide, points = np.empty((d, block)), np.empty((d, block)), np.empty((d, block))
    sums, moved = np.empty(block), np.empty((d, block))
    for start in range(0, A1.shape[0], block):
        some = min(block, A1.shape[0] - start)
        fill_columns(A1, start, some, inputs)
        fill_queries(inputs, X, ones, wide, points)
        for number in range(scales.shape[0]):
            sums[:] = 0
            for column in range(d):
                for r in range(block):
                    value = points[column, r] * scales[number, column]
                    sums[r] += value * value
            out[number, 0] = _largest(sums, some, out[number, 0])
            fill_keys(A2, start, some, centres[number], scales[number], wide, moved)
            sums[:] = 0
            for column in range(d):
                for r in range(block):
                    sums[r] += moved[column, r] * moved[column, r]
            out[number, 1] = _largest(sums, some, out[number, 1])


@compiled
def _largest(values, count, largest):
    for r in range(count):
        if not values[r] <= largest and largest == largest:
            largest = values[r]
    return largest


@compiled
def add_sizes(A1, E, Y, largest, block, sums, most):
    """Upper bounds of the sizes of some queries, with |c| at most |E| + ``largest``.

    Args:
        Y: |Y|.
        sums: to add to: Σ|A1| and Σ|A1|ᵀ|w| in rows 0 … d−1, Σ|c| and Σ|w| in rows d and d+1, (d + 2, 1 + d).
        most: max|c| and max|w| so far, (2, d).
    """
    d = A1.shape[1]
    inputs, wide, factors = np.empty((d, block)), np.empty((d, block)), np.empty((1 + d, block))
    residuals, slopes = np.zeros((d, block)), np.zeros((d, block))
    high, steep = np.zeros((d, block)), np.zeros((d, block))
    for start in range(0, A1.shape[0], block):
        some = min(block, A1.shape[0] - start)
        fill_columns(A1, start, some, inputs)
        fill_columns(E, start, some, wide)
        for column in range(d):
            for r in range(some):
                value = abs(wide[column, r]) + largest[column]
                wide[column, r] = value
                residuals[column, r] += value
                high[column, r] = value if value > high[column, r] else high[column, r]
                inputs[column, r] = abs(inputs[column, r])
        factors[:] = 0
        factors[0, :] = 1
        for column in range(d):
            for m in range(d):
                for r in range(some):
                    factors[1 + column, r] += Y[column, m] * wide[m, r]
            for r in range(some):
                value = factors[1 + column, r]
                slopes[column, r] += value
                steep[column, r] = value if value > steep[column, r] else steep[column, r]
        dot(sums, 0, inputs, 0, factors, d, 1 + d, block)
    for column in range(d):
        sums[d, column] += np.sum(residuals[column])
        sums[d + 1, column] += np.sum(slopes[column])
        most[0, column] = max(most[0, column], np.max(high[column]))
        most[1, column] = max(most[1, column], np.max(steep[column]))


@compiled
def sample_weights(A1, E, largest, factors, out):
    """|A1_i|_∞ Σ_l (|E_il| + largest_l) factors_l for each query, (m,)."""
    for i in range(A1.shape[0]):
        most, total = 0.0, 0.0
        for column in range(A1.shape[1]):
            value = abs(np.float64(A1[i, column]))
            most = value if value > most else most
            total += (abs(np.float64(E[i, column])) + largest[column]) * factors[column]
        out[i] = most * total
