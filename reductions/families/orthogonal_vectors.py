"""Orthogonal vectors: instances with a planted orthogonal pair, and instances that have none."""

from __future__ import annotations

from math import isqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reductions.families import _arguments

__all__ = ["null_orthogonal_vectors", "planted_orthogonal_vectors"]

_Bits: TypeAlias = NDArray[np.uint8]


def planted_orthogonal_vectors(
    N: int, m: int, density: float, rng: np.random.Generator
) -> tuple[_Bits, _Bits, tuple[int, int]]:
    """Random vectors, of which one pair is made orthogonal.

    All bits are drawn, 1 with probability ``density``; then a uniform pair (i, j) loses, at each coordinate
    where both have a 1, one of the two, by a fair coin.  Guarantee: ⟨left[i], right[j]⟩ = 0, as no coordinate
    is left where both are 1.  Other pairs may be orthogonal too, and are if the density is small.

    Args:
        N: vectors on each side, at least 1.
        m: coordinates, at least 1.
        density: the probability of a 1, from 0 to 1.
        rng: the source of randomness.

    Returns:
        left (N, m), right (N, m), and (i, j) from 0; O(N m) time.

    Raises:
        UserInputError: an argument is out of its range.
    """
    N, m, density, rng = _checked(N, m, density, rng)
    left, right = (_random(N, m, density, rng) for _ in range(2))
    i, j = rng.integers(0, N, size=2).tolist()
    loser = rng.integers(0, 2, size=m, dtype=np.uint8)
    both = left[i] & right[j]
    left[i] ^= both & loser
    right[j] ^= both & (1 - loser)
    return left, right, (i, j)


def null_orthogonal_vectors(N: int, m: int, density: float, rng: np.random.Generator) -> tuple[_Bits, _Bits]:
    """Random vectors, of which no pair is orthogonal.

    Let q be the largest of 0, 1 and the primes with w = q² + q + 1 ≤ m.  On w coordinates, drawn uniformly,
    lies a projective plane of order q: for q = 0 a point that is its own line, for q = 1 a triangle with its
    three sides, else the plane over the field of q elements, with w points, w lines and q + 1 points on each
    line.  Each vector has a 1 at the points of a line, drawn uniformly and independently; other bits are
    random.

    Guarantee: ⟨left[i], right[j]⟩ ≥ 1 for all i and j.  Proof: the lines of left[i] and right[j] are the same
    or meet in a point (over a field, two normals span at most a plane of three-dimensional space, so some
    point is orthogonal to both), and both vectors have a 1 there.

    Off the lines, a bit is 1 with the probability that makes its marginal ``density``: every point lies on
    q + 1 of w lines, so a share (q + 1)/w comes from them.  Where ``density`` is less than that share, the
    marginal on the plane is the share itself, about 1/√w.  Independent sides whose bits all have marginal ρ
    cannot do with less than 1/√m, as the mean m ρ² of the inner products is at least 1.

    Args:
        N: vectors on each side, at least 1.
        m: coordinates, at least 1.
        density: the probability of a 1, from 0 to 1.
        rng: the source of randomness.

    Returns:
        left (N, m) and right (N, m); O(N m) time.

    Raises:
        UserInputError: an argument is out of its range.
    """
    N, m, density, rng = _checked(N, m, density, rng)
    order = _largest_order(m)
    width, share = order * order + order + 1, (order + 1) / (order * order + order + 1)
    at = rng.permutation(m)[:width]
    elsewhere = max(0.0, (density - share) / (1 - share)) if share < 1 else 0.0

    def side() -> _Bits:
        bits = _random(N, m, density, rng)
        bits[:, at] = _random(N, width, elsewhere, rng) | _lines(order, rng.integers(0, width, size=N))
        return bits

    return side(), side()


def _checked(
    N: int, m: int, density: float, rng: np.random.Generator
) -> tuple[int, int, float, np.random.Generator]:
    return (
        _arguments.size("N", N, 1),
        _arguments.size("m", m, 1),
        _arguments.probability("density", density),
        _arguments.generator(rng),
    )


def _random(rows: int, columns: int, density: float, rng: np.random.Generator) -> _Bits:
    return (rng.random((rows, columns)) < density).astype(np.uint8)


def _largest_order(m: int) -> int:
    """The largest of 0, 1 and the primes whose plane has at most m points."""
    largest = isqrt(m)
    orders = range(largest, 1, -1)
    fitting = (q for q in orders if q * q + q + 1 <= m and all(q % p for p in range(2, isqrt(q) + 1)))
    return next(fitting, 1 if m >= 3 else 0)


def _lines(order: int, chosen: NDArray[np.int64]) -> _Bits:
    """(len(chosen), w): which points of the plane lie on each of the chosen lines, numbered as the points."""
    width = order * order + order + 1
    if order < 2:
        # A point on itself; the sides of a triangle, each without the point across.
        table = np.ones((1, 1)) if order == 0 else 1 - np.eye(3)
        return np.asarray(table, dtype=np.uint8)[chosen]
    # Homogeneous coordinates whose first non-zero one is 1, of points and of the normals of lines.
    rest = np.arange(order)
    points = np.zeros((width, 3), dtype=np.int64)
    points[: order * order] = np.stack(
        [np.ones(order * order), np.repeat(rest, order), np.tile(rest, order)], axis=1
    )
    points[order * order : -1, 1:] = np.stack([np.ones(order), rest], axis=1)
    points[-1, 2] = 1
    met: NDArray[np.bool_] = points[chosen] @ points.T % order == 0
    return met.astype(np.uint8)
