"""Orthogonal vectors: is there a row on the left and one on the right that have no 1 in common?

Source: R. Williams, *A new algorithm for optimal 2-constraint satisfaction and its implications*, Theoretical
Computer Science 348, 2005. Deciding it for N rows of m = ω(log N) bits in time N^{2−ε} refutes SETH.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reductions.problems.bits import Bits, frozen_sides, is_pair, product_blocks

__all__ = ["OrthogonalVectors"]


@dataclass(frozen=True, eq=False)
class OrthogonalVectors:
    """An instance: two sets of rows of bits. YES: some ⟨left[i], right[j]⟩ = 0.

    Attributes:
        left: (N, m), uint8, 0 and 1, read-only; N ≥ 1 and m ≥ 1.
        right: (N', m), the same; N' may differ from N.

    Raises:
        UserInputError: a side is something else, or the rows of the two differ in length.
    """

    left: Bits
    right: Bits

    def __post_init__(self) -> None:
        for name, side in zip(("left", "right"), frozen_sides(self.left, self.right), strict=True):
            object.__setattr__(self, name, side)

    def verify(self, witness: tuple[int, int]) -> bool:
        """Whether rows i of left and j of right, from 0, are orthogonal; anything but such a pair is not."""
        if not is_pair(witness, len(self.left), len(self.right)):
            return False
        i, j = witness
        return not np.any(self.left[i] & self.right[j])

    def solve(self) -> tuple[int, int] | None:
        """The first orthogonal pair in row-major order, or None.

        By exact matrix products in blocks: O(N N' m) operations, memory for some blocks only.
        """
        found: tuple[int, int] | None = None
        for i, j, products in product_blocks(self.left, self.right):
            # Blocks beside the one with the pair may have one in a row further up, those below not.
            if found is not None and found[0] <= i:
                break
            row, column = divmod(int(products.argmin()), products.shape[1])
            if products[row, column] == 0:
                pair = (i + row, j + column)
                found = pair if found is None else min(found, pair)
        return found
