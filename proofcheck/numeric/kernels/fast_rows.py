"""The sweeps of :mod:`proofcheck.numeric.fast` over some rows, compiled; (2) to (5) are its equations.

The moments (4) that belong to x_l φ_β are those of another monomial, of degree one higher, so that of all
C(d+g, d) (1+d)² only the C(d+g+1, d) (1+d) different ones are kept:

    M_γ = Σ_j φ_γ(k_j) [1, g_j − ḡ],    |γ| ≤ g + 1,

and (3) becomes, with T_γ = M_γ·v for a query,

    (dL/dq)_l = Σ_β ω_β φ_β(q) T_{β+e_l},    |β| ≤ g;                                                  (12)

(5) likewise, with keys and queries exchanged.  A sum has as many terms as in :mod:`~proofcheck.numeric.fast`
and each term as many roundings, so the error bounds hold as they are.

Features are made for a block of columns and used while they are in the second-level cache; those of degree
g + 1 are never made: their sums are those of φ of degree g with x_a [1, g_j − ḡ].
"""

from __future__ import annotations

import numpy as np

from proofcheck.numeric.kernels.compiling import compiled
from proofcheck.numeric.kernels.fast_blocks import (
    add_moments,
    add_within,
    fill_columns,
    fill_features,
    fill_keys,
    fill_queries,
    fill_values,
    pull,
    pull_within,
    weights_within,
)
from proofcheck.numeric.kernels.tiles import dot, product

__all__ = ["key_gradients", "key_moments", "query_moments", "query_rows"]


@compiled
def key_moments(A2, A3, centre, scale, value_centre, weights, steps, top, with_points, block, out):
    """Add M of some keys to ``out``, (count or full, 1+d), float64; ``block`` columns at a time."""
    d, count, kind = A2.shape[1], weights.shape[0], weights.dtype
    wide = np.empty((d, block), np.float64)
    points, values = np.empty((d, block), kind), np.empty((1 + d, block), kind)
    panel, features = np.empty((1 + d, block), kind), np.empty((count, block), kind)
    for start in range(0, A2.shape[0], block):
        some = min(block, A2.shape[0] - start)
        fill_keys(A2, start, some, centre, scale, wide, points)
        fill_values(A3, start, some, value_centre, wide, values)
        fill_features(points, steps, features)
        add_moments(features, points, values, top, with_points, panel, out)


@compiled
def key_gradients(
    A2,
    A3,
    centre,
    scale,
    value_centre,
    weights,
    table,
    moments,
    steps,
    top,
    index,
    block,
    out2,
    out3,
    running,
    A1,
    X,
    cotangents,
    coefficients,
):
    """(5) for some keys, from the moments of the queries; outputs of no rows are left out.

    Args:
        weights: ω, as the features.
        table: ω times the moments of degree at most g, (count, 1+d).
        moments: (full, 1+d), or of no rows if dL/dA2 is not wanted.
        index: :attr:`~proofcheck.numeric.kernels.plan.Plan.raised` times ``block``.
        running: if causal, the moments of the queries after these rows, float64, to which those of these rows
            are added; else of no rows.
        A1, cotangents: if causal, the same rows of A1 and of v.
        coefficients: of P, as the features.
    """
    d, count, kind, causal = A2.shape[1], weights.shape[0], weights.dtype, running.shape[0] > 0
    wide, inputs = np.empty((d, block), np.float64), np.empty((d, block), np.float64)
    points, values = np.empty((d, block), kind), np.empty((1 + d, block), kind)
    features, inner = np.empty((count, block), kind), np.empty((moments.shape[0], block), kind)
    found, panel = np.empty((1 + d, block), kind), np.empty((1 + d, block), kind)
    square = block if causal else 0
    others, factors = np.empty((d, block), kind), np.empty((1 + d, block), kind)
    pairs, slopes = np.empty((square, block), kind), np.empty((square, block), kind)
    for number in range((A2.shape[0] + block - 1) // block - 1, -1, -1):
        start = number * block
        some = min(block, A2.shape[0] - start)
        fill_keys(A2, start, some, centre, scale, wide, points)
        fill_values(A3, start, some, value_centre, wide, values)
        fill_features(points, steps, features)
        if causal:
            set_tables(running, weights, table, moments)
            fill_columns(A1, start, some, inputs)
            fill_queries(inputs, X, scale, wide, others)
            fill_columns(cotangents, start, some, factors)
            weights_within(points, others, coefficients, True, pairs)
        if out3.shape[0]:
            product(found, 0, table, 0, 1, 1 + d, features, 1 + d, count, block)
            if causal:
                add_within(pairs, factors, panel, found)
            for r in range(some):
                for column in range(d):
                    out3[start + r, column] = found[1 + column, r]
        if out2.shape[0]:
            pull(features, weights, moments, values, index, inner, found[:d])
            if causal:
                pull_within(pairs, others, factors, values, slopes, panel, found[:d])
            for r in range(some):
                for column in range(d):
                    out2[start + r, column] = np.float64(found[column, r]) / scale[column]
        if causal:
            fill_features(others, steps, features)
            add_moments(features, others, factors, top, out2.shape[0] > 0, panel, running)


@compiled
def query_moments(A1, X, scale, cotangents, weights, steps, top, with_points, block, out):
    """Add the moments of some queries with their v, (m, 1+d), to ``out``."""
    d, count, kind = A1.shape[1], weights.shape[0], weights.dtype
    wide, inputs = np.empty((d, block), np.float64), np.empty((d, block), np.float64)
    points, factors = np.empty((d, block), kind), np.empty((1 + d, block), kind)
    panel, features = np.empty((1 + d, block), kind), np.empty((count, block), kind)
    for start in range(0, A1.shape[0], block):
        some = min(block, A1.shape[0] - start)
        fill_columns(A1, start, some, inputs)
        fill_queries(inputs, X, scale, wide, points)
        fill_columns(cotangents, start, some, factors)
        fill_features(points, steps, features)
        add_moments(features, points, factors, top, with_points, panel, out)


@compiled
def set_tables(running, weights, table, moments):
    """ω times the moments of degree at most g, and all of them, in the dtype of products."""
    for beta in range(table.shape[0]):
        for m in range(table.shape[1]):
            table[beta, m] = np.float64(weights[beta]) * running[beta, m]
    for gamma in range(moments.shape[0]):
        for m in range(moments.shape[1]):
            moments[gamma, m] = running[gamma, m]


@compiled
def query_rows(
    A1,
    E,
    X,
    Y,
    scale,
    value_centre,
    weights,
    table,
    moments,
    steps,
    top,
    index,
    block,
    backward,
    with_points,
    keep,
    kept,
    out1,
    sums,
    most,
    alphas,
    running,
    A2,
    A3,
    key_centre,
    coefficients,
    first,
    cotangents,
):
    """(2) and (3) for some queries, and what they add to the sums over queries.

    Args:
        X, Y: float64.
        weights: ω, as the features.
        table: ω times the moments of degree at most g, (count, 1+d).
        moments: (full, 1+d), or no rows if no gradient in the queries is asked for.
        index: :attr:`~proofcheck.numeric.kernels.plan.Plan.raised` times ``block``.
        backward: moments of the queries to add to, float64; of no rows if none are.
        with_points: whether these are of one degree more.
        keep: numbers of rows whose results to keep, increasing.
        kept: where: o, c, v and the row gradient, one after the other, (len(keep), 4d + 1).
        out1: for the gradient in A1, or of no rows.
        sums: float64, to add to: dL/dX times d, dL/dY, and below Σ|A1| and Σ|A1|ᵀ|w|, side by side in rows
            0 … d−1, d … 2d−1 and 2d … 3d−1; and in rows 3d … 3d+2 Σ|c|, Σ|w|, and L. (3d + 3, 1 + d).
        most: max|c| and max|w|, (2, d).
        alphas: the least and largest α, not a number if one is not, and the most keys over α.
        running: if causal, the moments of the keys before these rows, float64, to which those of these rows
            are added; else of no rows.
        A2, A3: if causal, the same rows of them; else what a query attends to is ``first`` keys.
        coefficients: of P, as the features.
        first: if causal, the number of the first row.
        cotangents: where to write v, (m, 1+d), or of no rows.

    Returns:
        Whether all α are positive and finite; else it stops where one is not.
    """
    d, count, kind = A1.shape[1], weights.shape[0], weights.dtype
    inputs, wide, moved, output, residual, slopes = (
        np.empty((d, block), np.float64),
        np.empty((d, block), np.float64),
        np.empty((d, block), np.float64),
        np.empty((d, block), np.float64),
        np.empty((d, block), np.float64),
        np.empty((d, block), np.float64),
    )
    sizes, factors = np.empty((d, block), np.float64), np.empty((1 + d, block), np.float64)
    # Sums and maxima over the blocks, column by column: |c|, |w| and c², and the largest |c| and |w|.
    totals, highest = np.zeros((2 * d + 1, block), np.float64), np.zeros((2 * d, block), np.float64)
    points, gradient = np.empty((d, block), kind), np.empty((d, block), kind)
    found, cotangent = np.empty((1 + d, block), kind), np.empty((1 + d, block), kind)
    panel, features = np.empty((1 + d, block), kind), np.empty((count, block), kind)
    inner = np.empty((moments.shape[0], block), kind)
    causal = running.shape[0] > 0
    square = block if causal else 0
    others, values = np.empty((d, block), kind), np.empty((1 + d, block), kind)
    pairs, slants = np.empty((square, block), kind), np.empty((square, block), kind)
    place = 0
    for start in range(0, A1.shape[0], block):
        some = min(block, A1.shape[0] - start)
        fill_columns(A1, start, some, inputs)
        fill_queries(inputs, X, scale, wide, points)
        fill_features(points, steps, features)
        if causal:
            set_tables(running, weights, table, moments)
            fill_keys(A2, start, some, key_centre, scale, wide, others)
            fill_values(A3, start, some, value_centre, wide, values)
            weights_within(points, others, coefficients, False, pairs)
        product(found, 0, table, 0, 1, 1 + d, features, 1 + d, count, block)
        if causal:
            add_within(pairs, values, panel, found)
        least, largest = np.inf, -np.inf
        for r in range(some):
            alpha = np.float64(found[0, r])
            if not alpha >= least:
                least = alpha
            if not alpha <= largest:
                largest = alpha
            keys = first + start + r + 1 if causal else first
            alphas[2] = max(alphas[2], keys / alpha)
        if not 0 < least <= largest < np.inf:
            alphas[0], alphas[1] = least, largest
            return False
        alphas[0], alphas[1] = min(alphas[0], least), max(alphas[1], largest)
        for column in range(d):
            for r in range(some):
                moved[column, r] = np.float64(found[1 + column, r]) / np.float64(found[0, r])
            for r in range(some, block):
                moved[column, r] = 0
            for r in range(block):
                output[column, r] = moved[column, r] + value_centre[column]
        product(residual, 0, Y, 0, 1, d, output, d, d, block)
        fill_columns(E, start, some, wide)
        for column in range(d):
            for r in range(block):
                residual[column, r] -= wide[column, r]
            for r in range(some, block):
                residual[column, r] = 0
        product(slopes, 0, Y, 0, d, 1, residual, d, d, block)
        for r in range(block):
            factors[0, r] = 0
        for column in range(d):
            for r in range(block):
                c, w = residual[column, r], slopes[column, r]
                totals[2 * d, r] += c * c
                factors[0, r] += w * moved[column, r]
                c, w = abs(c), abs(w)
                totals[column, r] += c
                totals[d + column, r] += w
                highest[column, r] = c if c > highest[column, r] else highest[column, r]
                highest[d + column, r] = w if w > highest[d + column, r] else highest[d + column, r]
                sizes[column, r] = abs(inputs[column, r])
                factors[1 + column, r] = w
        for r in range(some):
            cotangent[0, r] = -factors[0, r] / np.float64(found[0, r])
        for r in range(some, block):
            cotangent[0, r] = 0
        for column in range(d):
            for r in range(some):
                cotangent[1 + column, r] = slopes[column, r] / np.float64(found[0, r])
            for r in range(some, block):
                cotangent[1 + column, r] = 0
        for r in range(block):
            factors[0, r] = 1  # the input is 0 in the columns that are left
        dot(sums, 2 * d, sizes, 0, factors, d, 1 + d, block)
        dot(sums, d, output, 0, residual, d, d, block)
        if moments.shape[0]:
            pull(features, weights, moments, cotangent, index, inner, gradient)
            if causal:
                pull_within(pairs, others, values, cotangent, slants, panel, gradient)
            for column in range(d):
                for r in range(block):
                    wide[column, r] = np.float64(gradient[column, r]) * scale[column]
            dot(sums, 0, inputs, 0, wide, d, d, block)
            if out1.shape[0]:
                product(sizes, 0, X, 0, d, 1, wide, d, d, block)
                for r in range(some):
                    for column in range(d):
                        out1[start + r, column] = sizes[column, r] / d
        if backward.shape[0]:
            add_moments(features, points, cotangent, top, with_points, panel, backward)
        for r in range(some if cotangents.shape[0] else 0):
            for column in range(1 + d):
                cotangents[start + r, column] = cotangent[column, r]
        if causal:
            fill_features(others, steps, features)
            add_moments(features, others, values, top, moments.shape[0] > 0, panel, running)
        while place < keep.shape[0] and keep[place] < start + some:
            r = keep[place] - start
            for column in range(d):
                kept[place, column] = output[column, r]
                kept[place, d + column] = residual[column, r]
                kept[place, 3 * d + 1 + column] = wide[column, r]
            for column in range(1 + d):
                kept[place, 2 * d + column] = cotangent[column, r]
            place += 1
    for column in range(d):
        for r in range(block):
            sums[3 * d, column] += totals[column, r]
            sums[3 * d + 1, column] += totals[d + column, r]
            most[0, column] = max(most[0, column], highest[column, r])
            most[1, column] = max(most[1, column], highest[d + column, r])
    for r in range(block):
        sums[3 * d + 2, 0] += totals[2 * d, r] / 2
    return True
