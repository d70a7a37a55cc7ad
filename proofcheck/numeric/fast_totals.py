"""What the blocks of the fast method add up to; (1) to (5) are those of :mod:`proofcheck.numeric.fast`."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proofcheck.errors import ApproximationError
from proofcheck.namespaces.arrays import Array, put_rows
from proofcheck.numeric.magnitudes import Magnitudes, MagnitudeSums
from proofcheck.numeric.problem import Problem, Solution

__all__ = [
    "Basis",
    "FastSolution",
    "SampledRows",
    "Totals",
    "columns_of",
    "refuse_overflow",
    "refused_alpha",
]


@dataclass(frozen=True, eq=False)
class Basis:
    """The coordinates of a :class:`~proofcheck.numeric.frame.Frame`, on the problem's device.

    Attributes:
        key_centre, value_centre, scale: shape (d,), in the dtype of the problem's sums.
        dtype: of features and products.
    """

    key_centre: Array
    value_centre: Array
    scale: Array
    dtype: Any


def columns_of(block: Array, xp: Any, dtype: Any) -> Array:
    """(b, d) as (d, b) in another dtype, each row of it contiguous."""
    return xp.astype(xp.stack([block[:, column] for column in range(block.shape[1])]), dtype)


def refused_alpha(least: float, most: float) -> ApproximationError:
    """What to raise where sums of weights α go from ``least`` to ``most``, not all positive and finite."""
    found = most if least > 0 else least
    return ApproximationError(
        f"a query's weights under the polynomial have the sum alpha = {found:.3g}, which must be "
        "positive and finite; take a higher degree, or method='exact'"
    )


def refuse_overflow(loss: float, gradients: Mapping[str, Array], xp: Any) -> None:
    """Let a solution of the fast method pass if it is finite.

    Raises:
        ApproximationError: it overflows.
    """
    # Not isfinite of an array, which would hold a second one of its size.
    ends = [("loss", loss)]
    ends += [(name, float(f(value))) for name, value in gradients.items() for f in (xp.min, xp.max)]
    for name, end in ends:
        if not math.isfinite(end):
            raise ApproximationError(
                f"{name} overflows under the polynomial; scale the arrays down, or take method='exact'"
            )


@dataclass(frozen=True, eq=False)
class SampledRows:
    """What the fast method found for some queries, (m, d) each, in the dtype of the problem's sums.

    Attributes:
        rows: their numbers, increasing.
        output: o_i.
        residual: c_i.
        gradient: Σ_j p̃_ij A2_j, so that dL/dX = A1ᵀ of all such rows, over d; None if neither X nor A1 was
            asked for.
        cotangent: v_i of (3), (m, 1+d).
    """

    rows: tuple[int, ...]
    output: Array
    residual: Array
    gradient: Array | None
    cotangent: Array


@dataclass(frozen=True, eq=False)
class FastSolution(Solution):
    """A solution of the fast method, with what its error bound and its estimate need.

    Attributes:
        magnitudes: sums of absolute values, measured on the way.
        sampled: what was found for the queries asked for; None if none was.
        block_rows, features: rows a block, and monomials.
    """

    magnitudes: Magnitudes
    sampled: SampledRows | None
    block_rows: int
    features: int


class Totals:
    """The loss and gradients as the blocks add to them.

    Args:
        problem: the inputs.
        wrt: the variables to differentiate in.
        basis: the coordinates of keys and values.
        sample: queries whose rows to keep, increasing.
    """

    def __init__(self, problem: Problem, wrt: tuple[str, ...], basis: Basis, sample: tuple[int, ...]) -> None:
        xp = problem.xp
        self._problem, self._basis, self._sample = problem, basis, sample
        self._loss = 0.0
        self._magnitudes = MagnitudeSums(problem)
        self._kept: list[tuple[Array, ...]] = []
        self._min_alpha = float("inf")
        self._Y = xp.astype(problem.Y, problem.accumulator)
        self._X_columns = xp.matrix_transpose(xp.astype(problem.X, problem.accumulator)) / problem.d
        self._gradients: dict[str, Array] = {}
        for name in wrt:
            shape = (problem.d, problem.d) if name in ("X", "Y") else (problem.n, problem.d)
            dtype = problem.accumulator if name in ("X", "Y") else problem.dtype
            self._gradients[name] = xp.zeros(shape, dtype=dtype, device=problem.device)
        self._cotangents: Array | None = None
        if problem.causal and ("A2" in wrt or "A3" in wrt):
            self._cotangents = xp.zeros((problem.n, 1 + problem.d), dtype=basis.dtype, device=problem.device)

    def add(self, rows: slice, applied: Array) -> Array:
        """Take a block of queries: from α, α(o − ḡ) and their moments with the keys, as columns.

        Returns:
            v of (3) for the block, (1+d, b).

        Raises:
            ApproximationError: α ≤ 0.
        """
        basis, problem, xp = self._basis, self._problem, self._problem.xp
        width = 1 + problem.d
        head = xp.astype(applied[:width, :], problem.accumulator)
        alpha = head[:1, :]
        least, most = float(xp.min(alpha)), float(xp.max(alpha))
        if not 0 < least <= most < math.inf:  # or one is not a number
            raise refused_alpha(least, most)
        self._min_alpha = min(self._min_alpha, least)
        moved = head[1:, :] / alpha
        output = xp.matrix_transpose(moved) + basis.value_centre
        residual = output @ self._Y - xp.astype(xp.asarray(problem.E[rows, :]), problem.accumulator)
        self._loss += float(xp.sum(residual * residual)) / 2
        backward = self._Y @ xp.matrix_transpose(residual)
        correction = xp.sum(backward * moved, axis=0, keepdims=True)
        cotangent = xp.astype(xp.concat([-correction, backward], axis=0) / alpha, basis.dtype)
        block = xp.astype(xp.asarray(problem.A1[rows, :]), problem.accumulator)
        self._magnitudes.add(rows.start, block, residual, backward, alpha[0, :])
        kept = [output, residual, xp.matrix_transpose(cotangent)]
        if "Y" in self._gradients:
            self._gradients["Y"] = self._gradients["Y"] + xp.matrix_transpose(output) @ residual
        if "X" in self._gradients or "A1" in self._gradients:
            gradient = self._row_gradient(applied[width:, :], cotangent)
            kept.append(gradient)
            if "X" in self._gradients:
                addition = xp.matrix_transpose(block) @ gradient / problem.d
                self._gradients["X"] = self._gradients["X"] + addition
            if "A1" in self._gradients:
                self._put("A1", rows, gradient @ self._X_columns)
        if self._cotangents is not None:
            self._cotangents = put_rows(self._cotangents, rows, xp.matrix_transpose(cotangent))
        self._keep(rows, kept)
        return cotangent

    def _row_gradient(self, applied: Array, cotangent: Array) -> Array:
        """(3) for a block, (b, d): from the moments with the keys, as columns."""
        basis, problem, xp = self._basis, self._problem, self._problem.xp
        moments = xp.reshape(applied, (problem.d, 1 + problem.d, -1))
        columns = xp.sum(moments * cotangent[None, :, :], axis=1)
        return xp.astype(xp.matrix_transpose(columns), problem.accumulator) * basis.scale

    def _keep(self, rows: slice, arrays: list[Array]) -> None:
        """Keep the rows asked for of these arrays, (b, …) each."""
        xp, sample = self._problem.xp, self._sample
        inside = sample[bisect_left(sample, rows.start) : bisect_left(sample, rows.stop)]
        if inside:
            numbers = xp.asarray([row - rows.start for row in inside], device=self._problem.device)
            self._kept.append(tuple(xp.take(array, numbers, axis=0) for array in arrays))

    def cotangent(self, rows: slice) -> Array:
        """The v of (3) for a block taken before, (1+d, b); kept for causal key gradients only."""
        assert self._cotangents is not None
        return columns_of(self._cotangents[rows, :], self._problem.xp, self._basis.dtype)

    def add_keys(self, rows: slice, applied: Array, values: Array) -> None:
        """(5): from the moments applied to a block of keys, as columns."""
        basis, problem, xp = self._basis, self._problem, self._problem.xp
        width = 1 + problem.d
        if "A3" in self._gradients:
            self._put("A3", rows, xp.matrix_transpose(applied[1:width, :]))
        if "A2" in self._gradients:
            moments = xp.reshape(applied[width:, :], (problem.d, width, -1))
            columns = xp.sum(moments * values[None, :, :], axis=1)
            gradient = xp.astype(xp.matrix_transpose(columns), problem.accumulator) / basis.scale
            self._put("A2", rows, gradient)

    def _put(self, name: str, rows: slice, values: Array) -> None:
        block = self._problem.xp.astype(values, self._problem.dtype)
        self._gradients[name] = put_rows(self._gradients[name], rows, block)

    def rows_of(self, *names: str) -> dict[str, Array]:
        """Gradients among those asked for."""
        return {name: self._gradients[name] for name in names if name in self._gradients}

    def solution(self, block_rows: int, features: int, sums: Any) -> FastSolution:
        """What the blocks so far add up to, gradients in X and Y in the dtype ``sums``.

        Raises:
            ApproximationError: it overflows.
        """
        xp = self._problem.xp
        gradients = {
            name: xp.astype(value, sums if name in ("X", "Y") else self._problem.dtype, copy=False)
            for name, value in self._gradients.items()
        }
        refuse_overflow(self._loss, gradients, xp)
        sampled = None
        if self._kept:
            output, residual, cotangent, *gradient = (
                xp.concat(list(arrays), axis=0) for arrays in zip(*self._kept, strict=True)
            )
            found = gradient[0] if gradient else None
            sampled = SampledRows(self._sample, output, residual, found, cotangent)
        magnitudes = self._magnitudes.total()
        return FastSolution(
            loss=self._loss,
            gradients=gradients,
            min_alpha=self._min_alpha,
            most_residual=float(magnitudes.most_residual.max()),
            magnitudes=magnitudes,
            sampled=sampled,
            block_rows=block_rows,
            features=features,
        )
