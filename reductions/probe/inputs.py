"""The inputs of a cell: entries of A1 and A2 at most B in absolute value, X = Y = I.

* ``uniform``: every entry uniform in [−B, B];
* ``signs``: every entry ±B, the largest there can be;
* ``aligned``: rows s_i u B and t_j u B of one direction u ∈ {±1}^d, s and t uniform in [−1, 1]: the scores
  fill [−B², B²], while S has rank one;
* ``clustered``: rows near one of eight centres of entries ±0.9 B, each entry off by at most 0.1 B;
* ``hard``: the gadgets of planted and null orthogonal vectors (:mod:`reductions.problems.attention`), with
  σ = B in the place of the σ that would make them decidable.

In all but the last A3 and E are uniform in [−B, B]. What is drawn depends on the seed, n, d and the family,
and is scaled by B: such cells that differ in b alone have the same inputs up to scale.
"""

from __future__ import annotations

import math
import zlib
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from reductions.families import null_orthogonal_vectors, planted_orthogonal_vectors
from reductions.probe.cells import Cell
from reductions.problems.attention import AttentionInstance, GradientInstance
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.steps.direct_embedding import DirectEmbedding
from reductions.steps.gap_to_attention import rounded_up

__all__ = ["Arrays", "arrays", "hard_pair", "hard_sizes"]

#: A1, A2, A3, E, X and Y.
Arrays = tuple[NDArray[np.float64], ...]

_CENTRES, _NOISE = 8, 0.1
_DENSITY = 0.6


def arrays(cell: Cell, seed: int) -> Arrays:
    """The inputs of a cell of any family but ``hard``; float64, O(nd).

    Args:
        cell: whose.
        seed: of what is drawn.

    Returns:
        A1, A2, A3 and E, (n, d), X and Y, (d, d).
    """
    rng, n, d = _generator(cell, seed), cell.n, cell.d
    if cell.family == "uniform":
        sides = [rng.uniform(-1, 1, (n, d)) for _ in range(2)]
    elif cell.family == "signs":
        sides = [rng.choice([-1.0, 1.0], (n, d)) for _ in range(2)]
    elif cell.family == "aligned":
        direction = rng.choice([-1.0, 1.0], d)
        sides = [rng.uniform(-1, 1, (n, 1)) * direction for _ in range(2)]
    else:
        centres = (1 - _NOISE) * rng.choice([-1.0, 1.0], (_CENTRES, d))
        sides = [
            centres[rng.integers(0, _CENTRES, n)] + rng.uniform(-_NOISE, _NOISE, (n, d)) for _ in range(2)
        ]
    rest = [rng.uniform(-1, 1, (n, d)) for _ in range(2)]
    identity = np.eye(d)
    return (*(cell.bound * array for array in (*sides, *rest)), identity, identity)


def hard_sizes(cell: Cell) -> tuple[int, int] | None:
    """Coordinates m of the vectors, and entries of the pad beyond m, that fill d columns; None if none do.

    The gadgets take 3m columns and the pad m, for M = m + 1/γ with entries of at most 1 as many more as 1/γ,
    γ = B²/d: a small bound leaves no room.
    """
    gamma = float(_scale(cell)) ** 2 / cell.d
    more = max(1, math.ceil(1 / gamma))
    m = (cell.d - more) // 4
    return (m, more) if m >= 1 else None


def hard_pair(cell: Cell, seed: int, number: int) -> tuple[GradientInstance, GradientInstance] | None:
    """A YES- and a NO-instance of n = 2N queries and d columns; None where :func:`hard_sizes` has none.

    Args:
        cell: of the family ``hard``.
        seed: of what is drawn.
        number: of the pair, from 0.
    """
    sizes = hard_sizes(cell)
    if sizes is None:
        return None
    m, more = sizes
    rng = _generator(cell, seed, number)
    left, right, _ = planted_orthogonal_vectors(cell.n // 2, m, _DENSITY, rng)
    null = null_orthogonal_vectors(cell.n // 2, m, _DENSITY, rng)
    scale = _scale(cell)
    extra = rounded_up(math.sqrt(cell.d / (float(scale) ** 2 * more)))
    pad = (*([Fraction(1)] * m), *([extra] * more))
    yes, no = (
        GradientInstance(AttentionInstance(reduced.instance, scale, pad))
        for vectors in (OrthogonalVectors(left, right), OrthogonalVectors(*null))
        for reduced in DirectEmbedding().apply(vectors)
    )
    return yes, no


def _scale(cell: Cell) -> Fraction:
    """B itself, up to few bits: scores are then exact in float64."""
    exponent = math.frexp(cell.bound)[1] - 10
    return Fraction(math.floor(math.ldexp(cell.bound, -exponent))) * Fraction(2) ** exponent


def _generator(cell: Cell, seed: int, *more: int) -> np.random.Generator:
    return np.random.default_rng([seed, cell.n, cell.d, zlib.crc32(cell.family.encode()), *more])
