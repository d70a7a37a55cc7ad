r"""Principal axes of queries and keys: coordinates in which few columns carry the scores.

For every invertible R, q·k = (q R^{-T})·(Rᵀ k), so queries and keys may be turned against each other.  Let
their second moments be C_q = V Λ² Vᵀ, with Λ > 0, and C_k; and let Λ Vᵀ C_k V Λ = U Σ² Uᵀ.  With

    q' = q R_q,    k' = k R_k,    R_q = V Λ^{-1} U Σ^{1/2},    R_k = V Λ U Σ^{-1/2},                     (14)

both second moments are Σ: the coordinates of a balanced realisation (Moore 1981), up to the roles of the two
Gramians.  Axis a brings scores of root mean square σ_a for independent queries and keys; Σ² are the
eigenvalues of C_q C_k, whatever the coordinates were.  Axes whose σ_a or λ_a is at the level of rounding have
no score to speak of and are left out.

R is found in float64 from a sample and then is what it is; what rounding made of it, and what the sample did
not show, is part of the bound.  Exactly, with O any matrix,

    q·k − q'·k' = q O k + q (I − O − R_q R_kᵀ) k,

and for O = I − V Vᵀ both q O and (I − O − R_q R_kᵀ) k are at the level of rounding for points in the span of
the sample: ``rotated_range`` measures both over all points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import Array, to_numpy, unit_roundoff
from proofcheck.numeric.frame import Frame, keys_in, queries
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["Axes", "RotatedRange", "principal_axes", "rotated_range"]

Floats = NDArray[np.float64]

_BLOCK_ROWS = 1 << 12
_LEAST = 1e-12  # in relation to the largest: an axis below that is rounding


@dataclass(frozen=True, eq=False)
class Axes:
    """R_q and R_k of (14), for queries and keys in the coordinates of a frame.

    Attributes:
        query, key: (d, r) each, r ≤ d.
        strength: σ_a of the sample that they were found from, decreasing, (r,).
        outside: O, (d, d).
        amplification: how much larger, in the mean square of a column of the sample, what queries or keys are
            sums of along the axes is than they are; infinite where r < d.
    """

    query: Floats
    key: Floats
    strength: Floats
    outside: Floats
    amplification: float

    @property
    def count(self) -> int:
        """The number of axes, r."""
        return int(self.query.shape[1])


@dataclass(frozen=True)
class RotatedRange:
    """How large rotated points are, over all queries and keys.

    Attributes:
        query_bound, key_bound: at least max_i |q'_i| and max_j |k'_j| by axis, (r,).
        radius: at least Σ_a |q'_ia k'_ja| for all i, j, by Cauchy and Schwarz or by columns.
        epsilon: at least |q_i·(k_j − m) − q'_i·k'_j| for all i, j; the q' and k' are those computed, but for
            their rounding to the dtype of the blocks.
    """

    query_bound: Floats
    key_bound: Floats
    radius: float
    epsilon: float


def principal_axes(query_sample: Floats, key_sample: Floats) -> Axes | None:
    """The axes of a sample.

    Args:
        query_sample: queries in the coordinates of a frame, (m, d).
        key_sample: keys in them, (m', d).

    Returns:
        None where there are none: no score of the sample differs from 0, or its moments overflow.

    O(md² + d³) time.
    """
    with np.errstate(all="ignore"):
        if not (np.all(np.isfinite(query_sample)) and np.all(np.isfinite(key_sample))):
            return None
        # Singular values of the samples, not eigenvalues of their moments: these lose half of the digits.
        _, sizes, vectors = np.linalg.svd(query_sample / math.sqrt(len(query_sample)), full_matrices=False)
        kept = sizes > _LEAST * np.max(sizes)
        sizes, vectors = sizes[kept], vectors[kept].T
        product = key_sample / math.sqrt(len(key_sample)) @ (vectors * sizes)
        if not (sizes.size and np.all(np.isfinite(product))):
            return None
        _, strength, turn = np.linalg.svd(product, full_matrices=False)
        rounding = 2.0**-48 * np.max(sizes) * np.linalg.norm(key_sample) / math.sqrt(len(key_sample))
        kept = strength > max(_LEAST * np.max(strength), rounding)
        if not kept.any():
            return None
        strength, turn = strength[kept], turn[kept].T
        query = vectors / sizes @ turn * np.sqrt(strength)
        key = vectors * sizes @ turn / np.sqrt(strength)
    if not (np.all(np.isfinite(query)) and np.all(np.isfinite(key))):
        return None
    amplification = math.inf
    if query.shape[0] == query.shape[1]:
        with np.errstate(all="ignore"):
            ratios = [
                np.max(np.abs(back) @ np.sqrt(strength) / np.sqrt(np.mean(points**2, axis=0)))
                for back, points in ((query, key_sample), (key, query_sample))
            ]
        amplification = float(np.max(ratios))
    outside = np.eye(len(vectors)) - vectors @ vectors.T
    return Axes(query, key, strength, outside, amplification)


@np.errstate(over="ignore", invalid="ignore")  # what overflows bounds nothing: infinity
def rotated_range(problem: Problem, where: Frame, axes: Axes) -> RotatedRange:
    """The sizes of all rotated points, and how far the rotation moves a score; one sweep, O(nd²) time."""
    xp, d = problem.xp, problem.d

    def vector(elements: Floats) -> Array:
        return xp.asarray(elements, dtype=problem.accumulator, device=problem.device)

    scale, centre = vector(where.scale), vector(where.key_centre)
    query_axes, key_axes = vector(axes.query), vector(axes.key)
    ones = xp.ones((axes.count,), dtype=problem.accumulator, device=problem.device)
    between = np.eye(d) - axes.outside - axes.query @ axes.key.T
    outside, inside = vector(axes.outside), vector(between.T)
    most, norms, missed = np.zeros((2, axes.count)), np.zeros(2), np.zeros((2, d))
    for rows in row_blocks(problem.n, _BLOCK_ROWS):
        points = (queries(problem, rows) * scale, keys_in(problem, rows, centre) / scale)
        turned = (points[0] @ query_axes, points[1] @ key_axes)
        lost = (points[0] @ outside, points[1] @ inside)
        for side, block in enumerate(turned):
            most[side] = np.maximum(most[side], _largest(xp, block))
            missed[side] = np.maximum(missed[side], _largest(xp, lost[side]))
            norms[side] = np.maximum(norms[side], float(xp.max((block * block) @ ones)))
    unit = unit_roundoff(xp, problem.accumulator)
    slack = 1 + 64 * (d + 8) * unit
    by_norm = float(np.sqrt(norms[0]) * np.sqrt(norms[1]))
    by_column = float(most[0] @ most[1])
    radius = min(by_norm, by_column) if by_norm == by_norm else by_column
    # A product with R errs by d + 4 roundings of the sum of sizes, R's own among them; and sums in blocks of
    # other sizes round in another way before.
    q, k, R_q, R_k = where.query_bound, where.key_bound, np.abs(axes.query), np.abs(axes.key)
    moved_q = 2 * ((d + 4) * unit * (q + where.query_terms)) @ R_q
    moved_k = 2 * ((d + 4) * unit * k) @ R_k
    # The products with both matrices, and the second matrix itself, are rounded.
    u = 2.0**-53
    rounded = 2 * (axes.count + 4) * u * (R_q @ R_k.T) + 8 * u * (np.eye(d) + np.abs(axes.outside))
    lost_q = missed[0] + 2 * (d + 4) * unit * (q + where.query_terms) @ np.abs(axes.outside)
    lost_k = missed[1] + 2 * (d + 4) * unit * np.abs(between) @ k
    missing = lost_q @ k + q @ lost_k + q @ rounded @ k
    epsilon = float(moved_q @ (most[1] + moved_k) + most[0] @ moved_k + missing)
    tiny = d * float(xp.finfo(problem.accumulator).smallest_normal)
    found = [value * slack + tiny if value == value else np.inf for value in (radius, epsilon)]
    bounds = ((most[0] + moved_q) * slack + tiny, (most[1] + moved_k) * slack + tiny)
    return RotatedRange(*bounds, radius=float(found[0] + found[1]), epsilon=float(found[1]))


def _largest(xp: Any, block: Array) -> Floats:
    """The largest absolute value by column."""
    return to_numpy(xp.max(xp.abs(block), axis=0)).astype(np.float64)
