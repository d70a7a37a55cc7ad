"""Data whose scores lie in few directions, and expansions of it, for the tests of fewer monomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofcheck.numeric.axes import principal_axes
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.frame import Frame
from proofcheck.numeric.monomials import Monomials
from proofcheck.numeric.problem import Problem
from proofcheck.numeric.pruned import axis_sizes, pruned_exponents

from .hard_cases import KINDS, Arrays


def decaying(rng: np.random.Generator, n: int, d: int, scores: float = 1.0, ratio: float = 0.5) -> Arrays:
    """Singular values of queries and keys that fall like ``ratio``^i, in directions of their own."""
    arrays = KINDS["uniform"](rng, n, d)
    for name in ("A1", "A2"):
        turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
        arrays[name] = arrays[name] * ratio ** np.arange(d) @ turn
    arrays["X"] = np.eye(d)
    keys = arrays["A2"] - arrays["A2"].mean(axis=0)
    most = np.max(np.abs(arrays["A1"] @ keys.T)) / d
    arrays["A1"] *= scores / most if most > 0 else 1.0
    return arrays


def deficient(rng: np.random.Generator, n: int, d: int) -> Arrays:
    """X of rank 1, a column of zeros in each of A1 and A2, and a key that repeats."""
    arrays = KINDS["uniform"](rng, n, d)
    arrays["X"] = np.outer(rng.uniform(-1, 1, d), rng.uniform(-1, 1, d))
    arrays["A1"][:, rng.integers(d)] = 0
    arrays["A2"][:, rng.integers(d)] = 0
    arrays["A2"][n // 2 :] = arrays["A2"][0]
    return arrays


MORE_KINDS = {**KINDS, "decaying": decaying, "deficient": deficient}


def points_of(problem: Problem, where: Frame) -> tuple[Any, Any]:
    """All queries and keys in the coordinates of a frame, by NumPy alone."""
    A1, A2, X = (np.asarray(array, dtype=np.float64) for array in (problem.A1, problem.A2, problem.X))
    return A1 @ X / problem.d * where.scale, (A2 - where.key_centre) / where.scale


def expansion_of(
    problem: Problem, where: Frame, degree: int, allowed: float, most: int = 5000
) -> Expansion | None:
    """From the moments of all points; None where there are no scores, or too many monomials."""
    queries, keys = points_of(problem, where)
    axes = principal_axes(queries, keys)
    if axes is None:
        return None
    sizes = axis_sizes(queries @ axes.query, keys @ axes.key, degree)
    exponents = pruned_exponents(sizes, degree, allowed, most)
    return None if exponents is None else Expansion.of(axes, exponents)


def exponents_of(found: Monomials) -> list[tuple[int, ...]]:
    """The multi-index of each row, by following the steps."""
    rows: list[Any] = [None] * found.count
    rows[0] = (0,) * found.variables
    for variable, target, source in found.steps:
        for write, read in zip(
            range(target.start, target.stop), range(source.start, source.stop), strict=True
        ):
            assert read < target.start  # made before
            assert rows[write] is None  # and once
            rows[write] = tuple(power + (place == variable) for place, power in enumerate(rows[read]))
    return rows
