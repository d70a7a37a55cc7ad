"""What the fast method does with a block of columns, compiled: points, features, moments, its own pairs."""

from __future__ import annotations

from proofcheck.numeric.kernels.compiling import compiled
from proofcheck.numeric.kernels.tiles import dot, gather, product

__all__ = [
    "add_moments",
    "add_within",
    "fill_columns",
    "fill_features",
    "fill_keys",
    "fill_queries",
    "fill_values",
    "pull",
    "pull_within",
    "weights_within",
]


@compiled
def fill_columns(rows, start, count, out):
    """Some rows as columns, and zeros in the columns that are left."""
    for column in range(rows.shape[1]):
        for r in range(count):
            out[column, r] = rows[start + r, column]
        for r in range(count, out.shape[1]):
            out[column, r] = 0


@compiled
def fill_features(points, steps, out):
    """Monomials of the columns of ``points``, as rows of ``out``."""
    columns = out.shape[1]
    for r in range(columns):
        out[0, r] = 1
    for step in range(steps.shape[0]):
        x, target, end, source = steps[step, 0], steps[step, 1], steps[step, 2], steps[step, 3]
        for i in range(end - target):
            for r in range(columns):
                out[target + i, r] = points[x, r] * out[source + i, r]


@compiled
def add_moments(features, points, factors, top, with_points, panel, out):
    """Add Σ φ(x) factorsᵀ of a block's columns x to ``out``, one degree more ``with_points``."""
    rows, columns = factors.shape[0], factors.shape[1]
    dot(out, 0, features, 0, factors, features.shape[0], rows, columns)
    if with_points:
        for step in range(top.shape[0]):
            x, target, end, source = top[step, 0], top[step, 1], top[step, 2], top[step, 3]
            for m in range(rows):
                for r in range(columns):
                    panel[m, r] = points[x, r] * factors[m, r]
            dot(out, target, features, source, panel, end - target, rows, columns)


@compiled
def pull(features, weights, moments, factors, index, inner, out):
    """(12): the gradient in the points, as columns of ``out``; ``factors`` are v."""
    width, columns = factors.shape[0], factors.shape[1]
    product(inner, 0, moments, 0, width, 1, factors, moments.shape[0], width, columns)
    gather(out, features, weights, inner, index, out.shape[0], features.shape[0], columns)


@compiled
def fill_keys(rows, start, count, centre, scale, wide, out):
    """The centred, scaled keys of a block as columns."""
    fill_columns(rows, start, count, wide)
    for column in range(wide.shape[0]):
        for r in range(count):
            out[column, r] = (wide[column, r] - centre[column]) / scale[column]
        for r in range(count, wide.shape[1]):
            out[column, r] = 0


@compiled
def fill_values(rows, start, count, centre, wide, out):
    """[1, g_j − ḡ] of a block as columns; what is left counts for nothing."""
    fill_columns(rows, start, count, wide)
    for r in range(out.shape[1]):
        out[0, r] = 1 if r < count else 0
    for column in range(wide.shape[0]):
        for r in range(count):
            out[1 + column, r] = wide[column, r] - centre[column]
        for r in range(count, wide.shape[1]):
            out[1 + column, r] = 0


@compiled
def fill_queries(inputs, X, scale, wide, out):
    """The scaled queries of a block as columns, from its rows of A1 as columns."""
    d, columns = inputs.shape
    product(wide, 0, X, 0, 1, d, inputs, d, d, columns)
    for column in range(d):
        for r in range(columns):
            out[column, r] = wide[column, r] / d * scale[column]


@compiled
def weights_within(points, others, coefficients, later, out):
    """P(S) of a block's columns and its others, which are the rows of ``out``.

    It is 0 where the row's number is larger than the column's, or, if ``later``, smaller.
    """
    d, columns = points.shape
    product(out, 0, others, 0, 1, columns, points, columns, d, columns)
    last = coefficients.shape[0] - 1
    for j in range(columns):
        for r in range(columns):
            score = out[j, r]
            value = coefficients[last]
            for t in range(last - 1, -1, -1):
                value = value * score + coefficients[t]
            seen = j >= r if later else j <= r
            out[j, r] = value if seen else 0


@compiled
def add_within(weights, factors, panel, out):
    """Add the weighted sums of the rows' factors, which are columns of ``factors``."""
    rows, columns = factors.shape
    product(panel, 0, factors, 0, columns, 1, weights, rows, columns, columns)
    for m in range(rows):
        for r in range(columns):
            out[m, r] += panel[m, r]


@compiled
def pull_within(weights, others, other_factors, factors, slopes, panel, out):
    """Add to the gradient in the points what the pairs of the block bring."""
    rows, columns = factors.shape
    product(slopes, 0, other_factors, 0, 1, columns, factors, columns, rows, columns)
    for j in range(columns):
        for r in range(columns):
            slopes[j, r] *= weights[j, r]
    add_within(slopes, others, panel, out)
