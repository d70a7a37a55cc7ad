"""Gap inner product and gap Hamming nearest neighbour: two sets of rows of bits and a pair of thresholds.

Of *gap inner product* (maximum inner product with a gap) the YES-instances have some ⟨a, b⟩ ≥ yes and the
NO-instances all ⟨a, b⟩ ≤ no < yes; it is promised that an instance is one of them. Source: A. Abboud, A.
Rubinstein, R. Williams, *Distributed PCP Theorems for Hardness of Approximation in P*, FOCS 2017.

The Hamming distance is |a| + |b| − 2⟨a, b⟩, |a| the number of ones. Where all rows of the left have one
weight u and all rows of the right one weight w, thresholds of the inner product are thresholds of the
distance,

    near = u + w − 2 yes,    far = u + w − 2 no,

and the instance is one of *gap Hamming nearest neighbour*: YES: some distance ≤ near; NO: all distances ≥
far. Source: A. Rubinstein, *Hardness of approximate nearest neighbor search*, STOC 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from reductions.problems.bits import Bits, frozen_sides, is_pair, product_blocks

__all__ = ["GapHamming", "GapInnerProduct"]


@dataclass(frozen=True, eq=False)
class GapInnerProduct:
    """An instance of gap inner product.

    Attributes:
        left: (N, D), uint8, 0 and 1, read-only; N ≥ 1 and D ≥ 1.
        right: (N', D), the same; N' may differ from N.
        yes: YES: some inner product is at least this.
        no: NO: all inner products are at most this; less than ``yes``.

    Raises:
        UserInputError: a side or a threshold is something else.
    """

    left: Bits
    right: Bits
    yes: int
    no: int

    def __post_init__(self) -> None:
        _freeze(self)
        _check_thresholds("no", self.no, "yes", self.yes)

    @property
    def margin(self) -> int:
        """Δ = yes − no, at least 1."""
        return self.yes - self.no

    @cached_property
    def largest(self) -> tuple[int, tuple[int, int]]:
        """The largest inner product and the first pair in row-major order that has it.

        By exact matrix products in blocks: O(N N' D) operations, memory for some blocks only.
        """
        negated, pair = min(_first_least(i, j, -P) for i, j, P in product_blocks(self.left, self.right))
        return -negated, pair

    def verify(self, witness: tuple[int, int]) -> bool:
        """Whether rows i of left and j of right, from 0, reach ``yes``; anything but such a pair does not."""
        if not is_pair(witness, len(self.left), len(self.right)):
            return False
        i, j = witness
        return int(np.count_nonzero(self.left[i] & self.right[j])) >= self.yes

    def solve(self) -> tuple[int, int] | None:
        """The first pair with the largest inner product if that reaches ``yes``, else None."""
        value, pair = self.largest
        return pair if value >= self.yes else None

    def promise_holds(self) -> bool:
        """Whether no instance in between: some inner product is at least ``yes`` or all at most ``no``."""
        value, _ = self.largest
        return value >= self.yes or value <= self.no

    def distances(self) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
        """All Hamming distances by blocks (i, j, H): H[k, l] of left[i + k] and right[j + l]."""
        return _distances(self.left, self.right)

    def hamming(self) -> GapHamming:
        """The same instance, witnesses and promise as gap Hamming nearest neighbour; O((N + N') D) time.

        Raises:
            UserInputError: the rows of a side differ in weight, so that no thresholds of the distance
                correspond; :meth:`distances` has the distances all the same.
        """
        both = _weight(self.left, "left") + _weight(self.right, "right")
        return GapHamming(self.left, self.right, both - 2 * self.yes, both - 2 * self.no)


@dataclass(frozen=True, eq=False)
class GapHamming:
    """An instance of gap Hamming nearest neighbour.

    Attributes:
        left: (N, D), uint8, 0 and 1, read-only; N ≥ 1 and D ≥ 1.
        right: (N', D), the same; N' may differ from N.
        near: YES: some distance is at most this.
        far: NO: all distances are at least this; more than ``near``.

    Raises:
        UserInputError: a side or a threshold is something else.
    """

    left: Bits
    right: Bits
    near: int
    far: int

    def __post_init__(self) -> None:
        _freeze(self)
        _check_thresholds("near", self.near, "far", self.far)

    @cached_property
    def least(self) -> tuple[int, tuple[int, int]]:
        """The least distance and the first pair in row-major order that has it, by blocks."""
        return min(_first_least(i, j, H) for i, j, H in _distances(self.left, self.right))

    def verify(self, witness: tuple[int, int]) -> bool:
        """Whether rows i of left and j of right, from 0, are near; anything but such a pair is not."""
        if not is_pair(witness, len(self.left), len(self.right)):
            return False
        i, j = witness
        return int(np.count_nonzero(self.left[i] ^ self.right[j])) <= self.near

    def solve(self) -> tuple[int, int] | None:
        """The first nearest pair if it is near, else None."""
        distance, pair = self.least
        return pair if distance <= self.near else None

    def promise_holds(self) -> bool:
        """Whether some distance is at most ``near`` or all are at least ``far``."""
        distance, _ = self.least
        return distance <= self.near or distance >= self.far


def _distances(left: Bits, right: Bits) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
    weights = [_weights(side) for side in (left, right)]
    for i, j, products in product_blocks(left, right):
        here = weights[0][i : i + products.shape[0], None] + weights[1][j : j + products.shape[1]]
        yield i, j, here - 2 * products.astype(np.int64)


def _first_least(i: int, j: int, values: NDArray[Any]) -> tuple[int, tuple[int, int]]:
    row, column = divmod(int(values.argmin()), values.shape[1])
    return int(values[row, column]), (i + row, j + column)


def _weights(side: Bits) -> NDArray[np.int64]:
    return np.asarray(side.sum(axis=1, dtype=np.int64))


def _weight(side: Bits, name: str) -> int:
    weights = _weights(side)
    other = int(np.argmax(weights != weights[0]))
    if weights[other] != weights[0]:
        raise UserInputError(
            f"row 0 of {name} has {weights[0]} ones and row {other} has {weights[other]}; "
            "expected one weight for all rows of a side"
        )
    return int(weights[0])


def _freeze(instance: GapInnerProduct | GapHamming) -> None:
    for name, side in zip(("left", "right"), frozen_sides(instance.left, instance.right), strict=True):
        object.__setattr__(instance, name, side)


def _check_thresholds(low: str, lower: Any, high: str, higher: Any) -> None:
    # Exactly int: True would be the threshold 1.
    for name, value in ((low, lower), (high, higher)):
        if type(value) is not int:
            raise UserInputError(f"{name} is {value!r}; expected an integer")
    if lower >= higher:
        raise UserInputError(f"{low} is {lower} and {high} is {higher}; expected {low} < {high}")
