"""Orthogonal vectors → gap inner product with gap 1: each coordinate becomes three."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from reductions.chain import Reduced
from reductions.problems.bits import Bits, refuse_beyond
from reductions.problems.gap import GapInnerProduct
from reductions.problems.orthogonal_vectors import OrthogonalVectors

__all__ = ["DirectEmbedding"]


@dataclass(frozen=True)
class DirectEmbedding:
    """Orthogonal vectors with m columns → gap inner product with D = 3m, yes = m and no = m − 1.

    Each coordinate a of a left row becomes (1 − a, a, 0), each b of a right row (1, 1 − b, b), of inner
    product

        (1 − a) · 1 + a (1 − b) + 0 · b = 1 − ab,

    so that the inner product of two rows is m − ⟨a, b⟩: m if they are orthogonal and at most m − 1 if
    not. A left row has m ones and a right row 2m, so that their Hamming distance is m + 2⟨a, b⟩; the last
    coordinate, 0 on the left, is there for this.

    Attributes:
        max_bytes: the most that both sides may take, 3 m bytes a row.
    """

    max_bytes: int = 4 << 30
    name: str = "direct-embedding"

    def apply(self, instance: OrthogonalVectors) -> Iterator[Reduced]:
        """One instance of gap inner product; ``back`` is None. O(N m) operations.

        Raises:
            TooLargeError: it takes more than ``max_bytes``; nothing was allocated.
        """
        m = instance.left.shape[1]
        rows = len(instance.left) + len(instance.right)
        refuse_beyond(3 * m * rows, self.max_bytes, f"direct embedding of {rows} rows of {m} bits")
        left, right = _left(instance.left), _right(instance.right)
        yield Reduced(GapInnerProduct(left, right, m, m - 1), None)

    def invert(self, witness: tuple[int, int], back: None) -> tuple[int, int]:
        """The same pair of rows."""
        return witness

    def sizes(self, given: Mapping[str, int]) -> Mapping[str, int]:
        """N as it is, D, yes and no, from N and m."""
        m = given["m"]
        return {"N": given["N"], "D": 3 * m, "yes": m, "no": m - 1}


def _left(rows: Bits) -> Bits:
    made = np.zeros((len(rows), 3 * rows.shape[1]), np.uint8)
    np.subtract(1, rows, out=made[:, 0::3])
    made[:, 1::3] = rows
    made.setflags(write=False)
    return made


def _right(rows: Bits) -> Bits:
    made = np.ones((len(rows), 3 * rows.shape[1]), np.uint8)
    np.subtract(1, rows, out=made[:, 1::3])
    made[:, 2::3] = rows
    made.setflags(write=False)
    return made
