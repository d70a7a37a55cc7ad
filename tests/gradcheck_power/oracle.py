"""The true gradient of a case, from torch's autograd or from mpmath, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np
import torch

from tests.gradcheck_power.cases import Case, Structure, blocks, call, like, numpy_blocks

DIGITS = 400  # more than the exponents of float64 span, so that nothing underflows or cancels
PERTURBATIONS = 4
# Units of roundoff allowed for each entry of the inputs: what a backward stable evaluation may commit.
SLACK = 4.0


@dataclass(frozen=True)
class Truth:
    """The gradient, block by block, and an absolute uncertainty for every block."""

    gradient: list[np.ndarray]
    uncertainty: list[float]


def _by_torch(case: Case, point: list[np.ndarray]) -> list[np.ndarray]:
    leaves = [torch.tensor(block, dtype=torch.float64, requires_grad=True) for block in point]
    assert case.twin is not None
    call(case.twin, like(case.inputs, leaves)).backward()
    return [np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]


def _by_mpmath(case: Case, point: list[np.ndarray]) -> list[np.ndarray]:
    (block,) = point
    assert case.exact is not None
    with mpmath.workdps(DIGITS):
        values = case.exact([mpmath.mpf(float(value)) for value in block.ravel()])
        return [np.array([float(value) for value in values]).reshape(block.shape)]


def true_gradient(case: Case, at: Structure = None) -> list[np.ndarray]:
    """The gradient by the case's oracle, in float64, at its inputs or at another point."""
    point = list(numpy_blocks(case.inputs if at is None else at))
    return _by_torch(case, point) if case.exact is None else _by_mpmath(case, point)


def truth(case: Case) -> Truth:
    """The gradient by the case's oracle, with an uncertainty that knows the conditioning.

    A float computation is at best the exact one at inputs moved by some units of roundoff: the oracle runs at
    inputs so moved, a few times, and the largest change, beside the roundoff of the gradient itself and of
    the terms that cancel in it, is the uncertainty. Roundoff is that of the dtype of the inputs.
    """
    rng = np.random.default_rng(0)
    centre = list(numpy_blocks(case.inputs))
    given = [np.asarray(block) for block in blocks(case.inputs).values()]
    unit = max(float(np.finfo(block.dtype).eps) for block in given)
    gradient = true_gradient(case)
    sizes = [float(np.max(np.abs(block))) for block in gradient]
    if case.magnitude is not None:
        terms = numpy_blocks(call(case.magnitude, case.inputs))
        sizes = [max(size, float(np.max(term))) for size, term in zip(sizes, terms, strict=True)]
    moves = [0.0] * len(gradient)
    for _ in range(PERTURBATIONS):
        moved = [block * (1 + unit * rng.choice([-1.0, 1.0], block.shape)) for block in centre]
        for place, block in enumerate(true_gradient(case, like(case.inputs, moved))):
            moves[place] = max(moves[place], float(np.max(np.abs(block - gradient[place]))))
    entries = sum(block.size for block in centre)
    slack = SLACK * np.sqrt(entries)
    return Truth(gradient, [slack * (move + unit * size) for move, size in zip(moves, sizes, strict=True)])
