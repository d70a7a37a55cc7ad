"""The paper's factors as a method of :func:`~proofcheck.numeric.gradient.attention_gradient`."""

from __future__ import annotations

import numpy as np

from proofcheck.numeric.fast_totals import FastSolution, SampledRows
from proofcheck.numeric.frame import Frame, keys_in
from proofcheck.numeric.low_rank import low_rank_gradient
from proofcheck.numeric.magnitudes import MagnitudeSums
from proofcheck.numeric.problem import Problem

__all__ = ["low_rank_solution"]


def low_rank_solution(
    problem: Problem, coefficients: tuple[float, ...], where: Frame, sample: tuple[int, ...]
) -> tuple[FastSolution, int]:
    """The gradient in X by explicit factors (:mod:`proofcheck.numeric.low_rank`), the keys centred.

    Centring the keys, which the paper does not do, leaves f as it is, and keeps α positive at degrees
    at which it would not be.

    Args:
        problem: the inputs; not causal.
        coefficients: of P.
        where: the centre of the keys.
        sample: the queries whose rows to keep.

    Returns:
        The solution, and the terms of the longest sum over features: the columns of U3.

    Raises:
        ApproximationError: α ≤ 0.
        UserInputError: the factors would be too large.
    """
    xp = problem.xp
    wide = {
        name: xp.astype(xp.asarray(getattr(problem, name)), problem.accumulator)
        for name in ("A1", "A2", "A3", "E", "X", "Y")
    }
    centre = xp.asarray(where.key_centre, dtype=problem.accumulator, device=problem.device)
    wide["A2"] = keys_in(problem, slice(0, problem.n), centre)
    found = low_rank_gradient(**wide, coefficients=coefficients)
    residual, alpha = found.residual, found.alpha
    backward = wide["Y"] @ xp.matrix_transpose(residual)
    sums = MagnitudeSums(problem)
    sums.add(0, wide["A1"], residual, backward, alpha)
    magnitudes = sums.total()
    numbers = xp.asarray(list(sample), device=problem.device)

    def rows(array: object) -> object:
        return xp.take(array, numbers, axis=0)

    keys = wide["A2"]
    gradient = rows(found.U3) @ (xp.matrix_transpose(found.V3) @ keys)
    gradient = gradient - rows(found.U4) @ (xp.matrix_transpose(found.V4) @ keys)
    sampled = SampledRows(
        rows=sample,
        output=rows(found.U1) @ (xp.matrix_transpose(found.V1) @ wide["A3"]),
        residual=rows(residual),
        gradient=gradient,
        cotangent=None,
    )
    solution = FastSolution(
        loss=float(xp.sum(residual * residual)) / 2,
        gradients={"X": xp.astype(found.gradient, problem.dtype)},
        min_alpha=float(xp.min(alpha)),
        most_residual=float(np.max(magnitudes.most_residual)),
        magnitudes=magnitudes,
        sampled=sampled,
        block_rows=problem.n,
        features=int(found.U1.shape[1]),
    )
    return solution, int(found.U3.shape[1]) + int(found.U4.shape[1])
