r"""Principal axes of queries and keys: coordinates in which few columns carry the scores.

For every invertible R, q·k = (q R^{-T})·(Rᵀ k), so queries and keys may be turned against each other.  Let
C_q and C_k be their second moments, C_q = L Lᵀ, and Lᵀ C_k L = U Σ² Uᵀ.  With

    q' = q R_q,    k' = k R_k,    R_k = L U Σ^{-1/2},    R_q = R_k^{-T},                               (14)

both second moments are Σ: the coordinates of a balanced realisation (Moore 1981), up to the roles of the two
Gramians.  Axis a brings scores of root mean square σ_a for independent queries and keys, and Σ is the
largest decay that any such pair of coordinates has: Σ² are the eigenvalues of C_q C_k.  Axes whose σ_a is
at the level of rounding have no score to speak of and are left out.

R is found in float64 and then is what it is; what rounding made of it is part of the bound, since
:func:`rotated_range` bounds |q·k − q'·k'| for the R at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import to_numpy, unit_roundoff
from proofcheck.numeric.frame import Frame, keys_in, queries
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["Axes", "RotatedRange", "principal_axes", "rotated_range"]

Floats = NDArray[np.float64]

_BLOCK_ROWS = 1 << 12
_LEAST = 1e-12  # σ_a in relation to σ_1: an axis below that is rounding


@dataclass(frozen=True, eq=False)
class Axes:
    """R_q and R_k of (14), for queries and keys in the coordinates of a frame.

    Attributes:
        query, key: (d, r) each, r ≤ d.
        strength: σ_a of the sample that they were found from, decreasing, (r,).
    """

    query: Floats
    key: Floats
    strength: Floats

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
        queries_moment = query_sample.T @ query_sample / len(query_sample)
        keys_moment = key_sample.T @ key_sample / len(key_sample)
    if not (np.all(np.isfinite(queries_moment)) and np.all(np.isfinite(keys_moment))):
        return None
    values, vectors = np.linalg.eigh(queries_moment)
    kept = values > _LEAST**2 * np.max(values, initial=0.0)
    root = vectors[:, kept] * np.sqrt(values[kept])
    squares, turn = np.linalg.eigh(root.T @ keys_moment @ root)
    squares, turn = squares[::-1], turn[:, ::-1]
    kept = squares > _LEAST**2 * np.max(squares, initial=0.0)
    if not kept.any():
        return None
    strength = np.sqrt(squares[kept])
    key = root @ turn[:, kept] / np.sqrt(strength)
    return Axes(query=np.linalg.pinv(key).T, key=key, strength=strength)


@np.errstate(over="ignore", invalid="ignore")  # what overflows bounds nothing: infinity
def rotated_range(problem: Problem, where: Frame, axes: Axes) -> RotatedRange:
    """The sizes of all rotated points, and how far the rotation moves a score; one sweep, O(nd²) time."""
    xp, d = problem.xp, problem.d

    def vector(elements: Floats) -> object:
        return xp.asarray(elements, dtype=problem.accumulator, device=problem.device)

    scale, centre = vector(where.scale), vector(where.key_centre)
    query_axes, key_axes = vector(axes.query), vector(axes.key)
    ones = xp.ones((axes.count,), dtype=problem.accumulator, device=problem.device)
    most = np.zeros((2, axes.count))
    norms = np.zeros(2)
    for rows in row_blocks(problem.n, _BLOCK_ROWS):
        turned = (
            (queries(problem, rows) * scale) @ query_axes,
            (keys_in(problem, rows, centre) / scale) @ key_axes,
        )
        for side, block in enumerate(turned):
            largest = to_numpy(xp.max(xp.abs(block), axis=0)).astype(np.float64)
            most[side] = np.maximum(most[side], largest)
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
    defect = np.abs(np.eye(d) - axes.query @ axes.key.T) + 2 * (axes.count + 2) * unit * (R_q @ R_k.T)
    epsilon = float(moved_q @ (most[1] + moved_k) + most[0] @ moved_k + q @ defect @ k)
    tiny = d * float(xp.finfo(problem.accumulator).smallest_normal)
    found = [value * slack + tiny if value == value else np.inf for value in (radius, epsilon)]
    bounds = ((most[0] + moved_q) * slack + tiny, (most[1] + moved_k) * slack + tiny)
    return RotatedRange(*bounds, radius=float(found[0] + found[1]), epsilon=float(found[1]))
