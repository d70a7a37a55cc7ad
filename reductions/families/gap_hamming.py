"""Gap Hamming nearest neighbour: instances with a planted near pair, and instances of far pairs only."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reductions.families import _arguments

__all__ = ["null_gap_hamming", "planted_gap_hamming"]

_Bits: TypeAlias = NDArray[np.uint8]


def null_gap_hamming(N: int, m: int, far: int, rng: np.random.Generator) -> tuple[_Bits, _Bits]:
    """Random vectors, of which all pairs of one on the left and one on the right are far apart.

    The coordinates, in a uniformly random order, are split into b = min(far, m − far) couples, s = far − b
    single ones and m − 2b − s free ones; this is possible, as 2b + s = b + far ≤ m.  On a couple a left
    vector has (x, x) and a right one (y, 1 − y), with x and y uniform bits of that vector; on a single
    coordinate all left vectors have one uniform bit and all right vectors the other; free bits are uniform.

    Guarantee: the Hamming distance of left[i] and right[j] is at least ``far``, for all i and j.  Proof: on a
    couple the two differ in exactly one place, in the second if x = y and in the first if not; on a single
    coordinate they differ; b + s = far.

    If far ≤ m/2 there are no single coordinates, and every bit alone is uniform.

    Args:
        N: vectors on each side, at least 1.
        m: coordinates, at least 1.
        far: the least distance, from 0 to m.
        rng: the source of randomness.

    Returns:
        left (N, m) and right (N, m); O(N m) time.

    Raises:
        UserInputError: an argument is out of its range.
    """
    N, m = _arguments.size("N", N, 1), _arguments.size("m", m, 1)
    far = _arguments.size("far", far, 0, m)
    rng = _arguments.generator(rng)
    couples = min(far, m - far)
    first, second, single = np.split(rng.permutation(m)[: couples + far], [couples, 2 * couples])
    left, right = (rng.integers(0, 2, size=(N, m), dtype=np.uint8) for _ in range(2))
    left[:, second] = left[:, first]
    right[:, second] = 1 - right[:, first]
    common = rng.integers(0, 2, size=len(single), dtype=np.uint8)
    left[:, single] = common
    right[:, single] = 1 - common
    return left, right


def planted_gap_hamming(
    N: int, m: int, near: int, far: int, rng: np.random.Generator
) -> tuple[_Bits, _Bits, tuple[int, int]]:
    """:func:`null_gap_hamming`, in which one right vector is put near a left one.

    A uniform pair (i, j) is drawn, and right[j] becomes left[i] with ``near`` uniform coordinates flipped.

    Guarantee: the Hamming distance of left[i] and right[j] is exactly ``near``, by construction, and that of
    every left vector and every right vector other than right[j] is at least ``far``, as those are as they
    were.  Left vectors other than left[i] may be near right[j] by chance.

    Args:
        N: vectors on each side, at least 1.
        m: coordinates, at least 1.
        near: the distance of the planted pair, from 0 to far − 1.
        far: the least distance of pairs without right[j], from 1 to m.
        rng: the source of randomness.

    Returns:
        left (N, m), right (N, m), and (i, j) from 0; O(N m) time.

    Raises:
        UserInputError: an argument is out of its range.
    """
    m = _arguments.size("m", m, 1)
    far = _arguments.size("far", far, 1, m)
    near = _arguments.size("near", near, 0, far - 1)
    left, right = null_gap_hamming(N, m, far, rng)
    i, j = rng.integers(0, len(left), size=2).tolist()
    right[j] = left[i]
    right[j, rng.permutation(m)[:near]] ^= 1
    return left, right, (i, j)
