"""P(q·k) by fewer monomials, in coordinates in which fewer are needed.

With the axes of :mod:`~proofcheck.numeric.axes` and a set B from :mod:`~proofcheck.numeric.pruned`,

    P̂(q, k) = Σ_{β∈B} ω_β q'^β k'^β,    |P̂(q, k) − P(q'·k')| ≤ τ,                                   (15)

where τ bounds what is left out.  By degree that is Σ_{|β|=t, β∉B} (t!/β!) |q'^β k'^β|: at most
(Σ_a Q_a K_a)^t less the terms of B, for the largest entries Q and K by axis; and at most (Σ_a |q'_a k'_a|)^t
as a whole, whose largest value may be far less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.axes import Axes, RotatedRange
from proofcheck.numeric.kernels.plan import Plan, raised_plan
from proofcheck.numeric.monomials import Monomials
from proofcheck.numeric.pruned import monomials_of

__all__ = ["Expansion", "Leftover", "leftover"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Expansion:
    """Which monomials, of which coordinates.

    Attributes:
        monomials: of r variables.
        query_axes, key_axes: (d, r): φ is taken of (q∘s) @ query_axes and of ((k − m)/s) @ key_axes, with the
            centre and scale of a frame.
        axes: all axes, of which the first r are used.
    """

    monomials: Monomials
    axes: Axes

    @classmethod
    def of(cls, axes: Axes, exponents: NDArray[np.int64]) -> Expansion:
        """With a downward closed set of multi-indices, (count, axes.count), in any order.

        Axes that no monomial has are not used; there is always one.

        Raises:
            ValueError: the set is not downward closed.
        """
        used = np.flatnonzero(np.any(exponents > 0, axis=0))
        width = int(used[-1]) + 1 if used.size else 1
        return cls(monomials_of(np.ascontiguousarray(exponents[:, :width])), axes)

    @cached_property
    def plan(self) -> Plan:
        """Where x_l times a monomial is, for every axis; only with as many axes as columns."""
        return raised_plan(self.monomials, self.axes.count)

    @property
    def query_axes(self) -> Floats:
        """R_q of the axes used."""
        return self.axes.query[:, : self.monomials.variables]

    @property
    def key_axes(self) -> Floats:
        """R_k of the axes used."""
        return self.axes.key[:, : self.monomials.variables]

    def values(self, queries: Floats, keys: Floats, coefficients: tuple[float, ...]) -> Floats:
        """P̂ of all pairs of some points in the coordinates of a frame, (m, d) and (b, d): (m, b).

        O((m + b) · count + m · b · count) time, (m + b) · count numbers of memory.
        """
        left, right = (
            self.monomials.evaluate(np.ascontiguousarray((points @ axes).T))
            for points, axes in ((queries, self.query_axes), (keys, self.key_axes))
        )
        return np.asarray((left.T * self.monomials.weights(coefficients)) @ right)


@dataclass(frozen=True)
class Leftover:
    """What (15) says of an expansion on all queries and keys of a problem.

    Attributes:
        dropped: τ.
        radius: at least Σ_a |q'_a k'_a|.
        epsilon: at least |q·k − q'·k'|, q' and k' rounded to the dtype of the blocks.
        query_reach, key_reach: what entries of queries and keys are multiplied by at most on the way to the
            axes and back: |R_q||R_kᵀ| and |R_k||R_qᵀ|, (d, d).
    """

    dropped: float
    radius: float
    epsilon: float
    query_reach: Floats
    key_reach: Floats


@np.errstate(over="ignore", invalid="ignore")
def leftover(
    expansion: Expansion, coefficients: tuple[float, ...], found: RotatedRange, block_unit: float
) -> Leftover:
    """τ of (15), rounded up; infinite where it overflows. O(count · r) time.

    Args:
        expansion: the monomials.
        coefficients: of P.
        found: the range of its axes.
        block_unit: the unit roundoff of the points.
    """
    rounded = 1 + 4 * block_unit
    products = found.query_bound * found.key_bound * rounded**2
    columns = float(np.sum(products))
    radius = min(found.radius, columns) * rounded**2
    epsilon = found.epsilon + 4 * block_unit * columns
    used = expansion.monomials
    terms = used.evaluate(np.ascontiguousarray(products[: used.variables, None]))[:, 0] * used.multinomials
    kept = np.bincount(used.degrees, weights=terms, minlength=len(coefficients))
    dropped = 0.0
    for degree, coefficient in enumerate(coefficients[1:], 1):  # 1 is in every set
        every = columns**degree
        # The difference of two numbers of this size, each with some roundings a term.
        by_column = max(every - float(kept[degree]), 0.0) + 2.0**-52 * (used.count + 4 * degree + 8) * every
        dropped += abs(coefficient) * min(by_column, radius**degree)
    dropped *= 1 + 1e-9
    numbers = [value if not math.isnan(value) else math.inf for value in (dropped, radius, epsilon)]
    query_axes, key_axes = np.abs(expansion.axes.query), np.abs(expansion.axes.key)
    one = np.eye(len(query_axes))
    return Leftover(
        dropped=numbers[0],
        radius=numbers[1],
        epsilon=numbers[2],
        query_reach=np.maximum(query_axes @ key_axes.T, one),
        key_reach=np.maximum(key_axes @ query_axes.T, one),
    )
