"""The sweeps of the exact gradient, compiled; (10) and (11) are those of :mod:`proofcheck.numeric.exact`.

A block has one column for each query, so that maxima, sums and exponentials go column by column, and all
products are those of :mod:`~proofcheck.numeric.kernels.tiles`.  Keys come in groups: scores of a group,
their maximum, then weights relative to it; what was summed before is scaled as the maximum rises.
"""

from __future__ import annotations

import numpy as np

from proofcheck.numeric.kernels.compiling import compiled
from proofcheck.numeric.kernels.exponential import raise_highest, weigh, weigh_rows, weigh_slopes
from proofcheck.numeric.kernels.tiles import product

__all__ = ["attend", "exact_keys", "exact_rows", "row_gradient"]


@compiled
def _scores(points, numbers, keys, start, count, causal, out):
    """S of some keys, as rows, and the columns' queries; −∞ where a query does not attend."""
    d, columns = points.shape
    product(out, 0, keys, start * d, d, 1, points, count, d, columns)
    if causal:
        for j in range(count):
            for r in range(columns):
                if start + j > numbers[r]:
                    out[j, r] = -np.inf


@compiled
def attend(points, numbers, keys, values, stop, group, causal, weights, highest, total, output):
    """The first sweep: highest scores, sums of weights relative to them, and Σ weight × value."""
    d, columns = points.shape
    risen, added, some, scaled = (
        np.empty(columns),
        np.empty(columns),
        np.empty((d, columns)),
        np.empty(columns),
    )
    factor = np.zeros((1, columns))
    total[:] = 0
    output[:] = 0
    risen[:] = -np.inf
    for start in range(0, stop, group):
        count = min(group, stop - start)
        _scores(points, numbers, keys, start, count, causal and start + count - 1 > numbers[0], weights)
        raise_highest(weights, count, risen)
        weigh(weights, count, risen, added)
        product(some, 0, values, start * d, 1, d, weights, d, count, columns)
        if start:
            factor[0, :] = highest
            weigh(factor, 1, risen, scaled)
        for r in range(columns):
            total[r] = total[r] * factor[0, r] + added[r]
            highest[r] = risen[r]
        for column in range(d):
            for r in range(columns):
                output[column, r] = output[column, r] * factor[0, r] + some[column, r]


@compiled
def row_gradient(
    points,
    numbers,
    keys,
    values,
    stop,
    group,
    causal,
    weights,
    slopes,
    highest,
    total,
    backward,
    correction,
    out,
):
    """The second sweep: Σ_j p_ij A2_j as columns."""
    d, columns = points.shape
    some = np.empty((d, columns))
    out[:] = 0
    for start in range(0, stop, group):
        count = min(group, stop - start)
        _scores(points, numbers, keys, start, count, causal and start + count - 1 > numbers[0], weights)
        product(slopes, 0, values, start * d, d, 1, backward, count, d, columns)
        weigh_slopes(weights, count, highest, slopes, correction)
        product(some, 0, keys, start * d, 1, d, weights, d, count, columns)
        for column in range(d):
            for r in range(columns):
                out[column, r] += some[column, r]
    for column in range(d):
        for r in range(columns):
            out[column, r] /= total[r]


@compiled
def exact_rows(
    A1, E, numbers, X, Y, keys, values, stop, group, block, causal, output, residual, gradient, state, sums
):
    """What is true of some queries, and what they add to the gradients in X and Y.

    Args:
        A1, E: their rows, (m, d), float64 as all arrays.
        numbers: of the queries, (m,), int64, increasing; used if ``causal``.
        keys, values: A2 and A3, of which the first ``stop`` count.
        group: keys at a time.
        block: columns of a block.
        output, residual: o and c, (m, d), to write to.
        gradient: Σ_j p_ij A2_j/d, (m, d), or of no rows if it is not wanted.
        state: q_i, w_i, the highest score, the sum of weights relative to it, and w_i·o_i: (m, 2d + 3), or
            of no rows.
        sums: A1ᵀ gradient and oᵀ c to add to, (2, d, d).

    Returns:
        Whether all scores are finite, and the least sum of weights.
    """
    count, d = A1.shape
    points, o, w, g = np.empty((d, block)), np.empty((d, block)), np.empty((d, block)), np.empty((d, block))
    inputs, c = np.empty((d, block)), np.empty((d, block))
    highest, total, correction = np.empty(block), np.empty(block), np.empty(block)
    seen = np.empty(block, np.int64)
    weights, slopes = np.empty((group, block)), np.empty((group, block))
    finite, least = True, np.inf
    for start in range(0, count, block):
        some = min(block, count - start)
        for r in range(block):
            row = start + min(r, some - 1)  # columns that are left repeat the last
            seen[r] = numbers[row]
            for column in range(d):
                inputs[column, r] = A1[row, column]
        end = min(stop, seen[block - 1] + 1) if causal else stop
        product(points, 0, X, 0, 1, d, inputs, d, d, block)
        for column in range(d):
            for r in range(block):
                points[column, r] /= d
        attend(points, seen, keys, values, end, group, causal, weights, highest, total, o)
        for column in range(d):
            for r in range(block):
                o[column, r] /= total[r]
        product(c, 0, Y, 0, 1, d, o, d, d, block)
        for r in range(some):
            finite = finite and np.isfinite(highest[r])
            if not total[r] >= least:
                least = total[r]
            for column in range(d):
                c[column, r] -= E[start + r, column]
        product(w, 0, Y, 0, d, 1, c, d, d, block)
        for r in range(block):
            correction[r] = 0
        for column in range(d):
            for r in range(block):
                correction[r] += w[column, r] * o[column, r]
        if gradient.shape[0]:
            row_gradient(
                points,
                seen,
                keys,
                values,
                end,
                group,
                causal,
                weights,
                slopes,
                highest,
                total,
                w,
                correction,
                g,
            )
        for r in range(some):
            row = start + r
            for column in range(d):
                output[row, column] = o[column, r]
                residual[row, column] = c[column, r]
            for a in range(d):
                for b in range(d):
                    sums[1, a, b] += output[row, a] * residual[row, b]
            if gradient.shape[0]:
                for column in range(d):
                    gradient[row, column] = g[column, r] / d
                for a in range(d):
                    for b in range(d):
                        sums[0, a, b] += A1[row, a] * gradient[row, b]
            if state.shape[0]:
                for column in range(d):
                    state[row, column] = points[column, r]
                    state[row, d + column] = w[column, r]
                state[row, 2 * d] = highest[r]
                state[row, 2 * d + 1] = total[r]
                state[row, 2 * d + 2] = correction[r]
    return finite, least


@compiled
def exact_keys(
    A2, A3, first, points, backward, highest, shares, correction, group, block, causal, out2, out3
):
    """(11) for some keys, from what :func:`exact_rows` says of all queries; outputs of no rows are left out.

    Args:
        A2, A3: their rows, (m, d), float64 as all arrays.
        first: the number of the first.
        points, backward: q and w, (n, d).
        highest, shares, correction: the highest score, 1 over the sum of weights, and w_i·o_i, (n,).
    """
    count, d = A2.shape
    keys, values = np.empty((d, block)), np.empty((d, block))
    weights, slopes = np.empty((group, block)), np.empty((group, block))
    some, sum2, sum3 = np.empty((d, block)), np.empty((d, block)), np.empty((d, block))
    for start in range(0, count, block):
        width = min(block, count - start)
        for r in range(block):
            row = start + min(r, width - 1)
            for column in range(d):
                keys[column, r] = A2[row, column]
                values[column, r] = A3[row, column]
        sum2[:] = 0
        sum3[:] = 0
        begin = first + start if causal else 0
        for query in range(begin, points.shape[0], group):
            size = min(group, points.shape[0] - query)
            product(weights, 0, points, query * d, d, 1, keys, size, d, block)
            weigh_rows(weights, size, highest, shares, query)
            if causal and query < first + start + width - 1:
                for i in range(size):
                    for r in range(width):
                        if first + start + r > query + i:
                            weights[i, r] = 0
            if out3.shape[0]:
                product(some, 0, backward, query * d, 1, d, weights, d, size, block)
                for column in range(d):
                    for r in range(block):
                        sum3[column, r] += some[column, r]
            if out2.shape[0]:
                product(slopes, 0, backward, query * d, d, 1, values, size, d, block)
                for i in range(size):
                    for r in range(block):
                        weights[i, r] *= slopes[i, r] - correction[query + i]
                product(some, 0, points, query * d, 1, d, weights, d, size, block)
                for column in range(d):
                    for r in range(block):
                        sum2[column, r] += some[column, r]
        for r in range(width):
            for column in range(d):
                if out2.shape[0]:
                    out2[start + r, column] = sum2[column, r]
                if out3.shape[0]:
                    out3[start + r, column] = sum3[column, r]
