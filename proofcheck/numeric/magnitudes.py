"""Sums of absolute values that the error bounds are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import Array, to_numpy
from proofcheck.numeric.kernels import have_kernels
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["MagnitudeSums", "Magnitudes", "largest_inputs", "magnitudes_before"]

_BLOCK_ROWS = 1 << 12


@dataclass(frozen=True, eq=False)
class Magnitudes:
    """How large what enters a gradient is, summed over the n queries; w_i = Y c_i, c = f A3 Y − E.

    Attributes:
        queries: Σ_i |A1_i|, shape (d,).
        products: Σ_i |A1_i|ᵀ |w_i|, shape (d, d).
        residuals, backward: Σ_i |c_i| and Σ_i |w_i|, shape (d,).
        most_residual, most_backward: max_i |c_i| and max_i |w_i|, shape (d,).
        keys_over_weight: max_i (keys that i attends to)/α_i, with α_i the sum of their weights.
        inverse_weight: max_i 1/α_i.
    """

    queries: NDArray[np.float64]
    products: NDArray[np.float64]
    residuals: NDArray[np.float64]
    backward: NDArray[np.float64]
    most_residual: NDArray[np.float64]
    most_backward: NDArray[np.float64]
    keys_over_weight: float
    inverse_weight: float

    def joined(self, other: Magnitudes) -> Magnitudes:
        """Of the queries of both."""
        summed = ("queries", "products", "residuals", "backward")
        return Magnitudes(
            **{name: getattr(self, name) + getattr(other, name) for name in summed},
            most_residual=np.maximum(self.most_residual, other.most_residual),
            most_backward=np.maximum(self.most_backward, other.most_backward),
            keys_over_weight=max(self.keys_over_weight, other.keys_over_weight),
            inverse_weight=max(self.inverse_weight, other.inverse_weight),
        )


class MagnitudeSums:
    """The sums as blocks of queries add to them; kept on the device until they are asked for."""

    def __init__(self, problem: Problem) -> None:
        xp, width = problem.xp, problem.d
        self._xp, self._causal, self._n = xp, problem.causal, problem.n
        self._device = problem.device

        def zeros(*shape: int) -> Array:
            return xp.zeros(shape, dtype=problem.accumulator, device=problem.device)

        self._products = zeros(width, 1 + width)
        self._residuals, self._backward = zeros(width), zeros(width)
        self._most_residual, self._most_backward = zeros(width), zeros(width)
        self._keys_over_weight = self._inverse_weight = 0.0

    def add(self, start: int, queries: Array, residual: Array, backward: Array, alpha: Array) -> None:
        """Take a block of b queries.

        Args:
            start: the number of the first.
            queries: A1_i, (b, d).
            residual: c_i, (b, d).
            backward: w_i as columns, (d, b).
            alpha: the sums of their weights, (b,).
        """
        xp = self._xp
        backward, residual = xp.abs(backward), xp.abs(residual)
        factors = xp.concat([xp.ones_like(backward[:1, :]), backward], axis=0)
        self._products = self._products + xp.matrix_transpose(xp.abs(queries)) @ xp.matrix_transpose(factors)
        self._residuals = self._residuals + xp.sum(residual, axis=0)
        self._backward = self._backward + xp.sum(backward, axis=1)
        self._most_residual = xp.maximum(self._most_residual, xp.max(residual, axis=0))
        self._most_backward = xp.maximum(self._most_backward, xp.max(backward, axis=1))
        least = float(xp.min(alpha))
        self._inverse_weight = max(self._inverse_weight, 1 / least)
        if self._causal:
            stop = start + 1 + alpha.shape[0]
            keys = xp.arange(start + 1, stop, dtype=alpha.dtype, device=self._device)
            ratio = float(xp.max(keys / alpha))
        else:
            ratio = self._n / least
        self._keys_over_weight = max(self._keys_over_weight, ratio)

    def total(self) -> Magnitudes:
        """The sums so far."""
        products = _host(self._products)
        return Magnitudes(
            queries=products[:, 0],
            products=products[:, 1:],
            residuals=_host(self._residuals),
            backward=_host(self._backward),
            most_residual=_host(self._most_residual),
            most_backward=_host(self._most_backward),
            keys_over_weight=self._keys_over_weight,
            inverse_weight=self._inverse_weight,
        )


def _host(array: Array) -> NDArray[np.float64]:
    return to_numpy(array).astype(np.float64)


@np.errstate(over="ignore", invalid="ignore")  # what overflows is infinite, and bounds all the same
def magnitudes_before(problem: Problem, values: NDArray[np.float64] | None = None) -> Magnitudes:
    """Upper bounds of them before any gradient is computed: |c| ≤ |E| + max|A3 Y|; O(nd²) time.

    Args:
        problem: the inputs.
        values: the largest |A3| of each column, where that is known, or of more rows than the problem's.

    The weights are taken as those of the exact softmax, e^{S − rowmax}: α ≥ 1, and
    ``keys_over_weight`` is 1 since in sums of weights and of their products nothing cancels.
    """
    if have_kernels(problem):
        return _compiled_before(problem, values)
    xp = problem.xp
    sums = MagnitudeSums(problem)
    Y = xp.abs(xp.astype(problem.Y, problem.accumulator))
    largest = (_largest_values(problem) if values is None else values) @ Y
    for rows in row_blocks(problem.n, _BLOCK_ROWS):
        residual = xp.abs(xp.astype(xp.asarray(problem.E[rows, :]), problem.accumulator)) + largest
        queries = xp.astype(xp.asarray(problem.A1[rows, :]), problem.accumulator)
        backward = Y @ xp.matrix_transpose(residual)
        sums.add(rows.start, queries, residual, backward, xp.ones_like(residual[:, 0]))
    total = sums.total()
    return Magnitudes(**{**vars(total), "keys_over_weight": 1.0})


def _largest_values(problem: Problem) -> Array:
    """The largest |A3| of each column, (d,)."""
    xp = problem.xp
    values = xp.zeros((problem.d,), dtype=problem.accumulator, device=problem.device)
    for rows in row_blocks(problem.n, _BLOCK_ROWS):
        block = xp.abs(xp.astype(xp.asarray(problem.A3[rows, :]), problem.accumulator))
        values = xp.maximum(values, xp.max(block, axis=0))
    return values


def _compiled_before(problem: Problem, values: NDArray[np.float64] | None) -> Magnitudes:
    from proofcheck.numeric.kernels.surveys import fused_largest, fused_sizes

    d = problem.d
    if values is None:
        values = fused_largest(problem)
    sums, most = fused_sizes(problem, values @ np.abs(_host(problem.Y)))
    return Magnitudes(
        queries=sums[:d, 0],
        products=sums[:d, 1:],
        residuals=sums[d, :d],
        backward=sums[d + 1, :d],
        most_residual=most[0],
        most_backward=most[1],
        keys_over_weight=1.0,
        inverse_weight=1.0,
    )


def largest_inputs(problem: Problem) -> NDArray[np.float64]:
    """The largest entries of |A1|, |A2| and |A3 Y|, (3,); O(nd²) time."""
    xp, largest = problem.xp, np.zeros(3)
    for rows in row_blocks(problem.n, _BLOCK_ROWS):
        blocks = (
            xp.asarray(problem.A1[rows, :]),
            xp.asarray(problem.A2[rows, :]),
            xp.asarray(problem.A3[rows, :]) @ problem.Y,
        )
        largest = np.maximum(largest, [float(xp.max(xp.abs(block))) for block in blocks])
    return largest
