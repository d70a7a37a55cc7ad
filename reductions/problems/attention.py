"""Attention on the hard instances: two halves of keys, of which one has the gadgets and one is level.

From a gap instance with N rows a'_i, b'_j on each side the queries are a'_i followed by a pad, every row
twice; the keys are N rows b'_j followed by zeros and N rows of zeros followed by the pad; V is 1 in column
1 on the first half. All of Q and K is multiplied by σ. With γ = σ²/d and M = ‖pad‖² the scores of
Definition 1.2 are

    γ ⟨a'_i, b'_j⟩ for the first half of the keys,    γ M for the second,

in [0, B], B = γ M, and at least half of each row equals B, where M is at least every inner product.  A row of
the output at temperature λ is o = x/(x + N) in column 1 and 0 elsewhere, x = Σ_j e^{−λγ(M − ip_j)}.

Entries are rational of O(log n) bits. σ and the entries of the pad are dyadic with few bits and d is a
power of two, so that float64 computes every score exactly, in whatever order it adds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from reductions.problems.bits import refuse_beyond
from reductions.problems.gap import GapInnerProduct

__all__ = ["AttentionInstance", "GradientInstance"]

_MAX_BYTES = 4 << 30


@dataclass(frozen=True, eq=False)
class AttentionInstance:
    """An instance of attention computation made from a gap instance.

    Attributes:
        gap: the gap instance: N rows on each side, D columns, thresholds.
        scale: σ, a positive dyadic rational.
        pad: the entries of the pad, non-negative dyadic rationals with M = Σ pad² ≥ ``gap.yes``.

    Raises:
        UserInputError: sides of different lengths, or a pad that is too short.
    """

    gap: GapInnerProduct
    scale: Fraction
    pad: tuple[Fraction, ...] = field(repr=False)

    def __post_init__(self) -> None:
        sides = len(self.gap.left), len(self.gap.right)
        if sides[0] != sides[1]:
            raise UserInputError(
                f"the gap instance has {sides[0]} and {sides[1]} rows; expected as many on each side"
            )
        if self.level < self.gap.yes:
            raise UserInputError(
                f"the pad has the squared norm {self.level}; expected at least {self.gap.yes}, "
                "the largest inner product"
            )

    @property
    def rows(self) -> int:
        """N, half of the number n of queries and of keys."""
        return int(self.gap.left.shape[0])

    @property
    def n(self) -> int:
        """The number of queries, and of keys: 2N."""
        return 2 * self.rows

    @cached_property
    def d(self) -> int:
        """Columns of Q, K and V: the gadgets', the pad's, and columns of 0 up to a power of two."""
        return 1 << (int(self.gap.left.shape[1]) + len(self.pad) - 1).bit_length()

    @cached_property
    def gamma(self) -> Fraction:
        """γ = σ²/d."""
        return self.scale**2 / self.d

    @cached_property
    def level(self) -> Fraction:
        """M = ‖pad‖²."""
        return sum((entry**2 for entry in self.pad), Fraction(0))

    @property
    def bound(self) -> Fraction:
        """B = γ M, the largest score."""
        return self.gamma * self.level

    @property
    def entry_bound(self) -> Fraction:
        """The largest entry of Q and K."""
        return self.scale * max((Fraction(1), *self.pad))

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Q, K and V, each (n, d), float64 and exact.

        Raises:
            TooLargeError: these and as much again for a gradient, 64 n d bytes, are more than 4 GiB.
        """
        n, d = self.n, self.d
        refuse_beyond(64 * n * d, _MAX_BYTES, f"attention with {n} queries and keys of {d} columns")
        N, D, k = self.rows, int(self.gap.left.shape[1]), len(self.pad)
        Q, K, V = (np.zeros((self.n, self.d)) for _ in range(3))
        scale, pad = float(self.scale), np.array([float(self.scale * entry) for entry in self.pad])
        Q[:N, :D] = self.gap.left
        Q[N:, :D] = self.gap.left
        K[:N, :D] = self.gap.right
        Q[:, :D] *= scale
        K[:, :D] *= scale
        Q[:, D : D + k] = pad
        K[N:, D : D + k] = pad
        V[:N, 0] = 1
        return Q, K, V

    def verify(self, witness: tuple[int, int]) -> bool:
        """Whether these rows of the two sides have an inner product of at least ``gap.yes``."""
        return self.gap.verify(witness)

    def solve(self) -> tuple[int, int] | None:
        """As of the gap instance, by brute force."""
        return self.gap.solve()


@dataclass(frozen=True, eq=False)
class GradientInstance:
    """AAttLGC of Definition 1.4 at A1 = Q, A2 = K, A3 = V, E = 0, Y = I and X = λI.

    With f(λ) the squared Frobenius norm of the output at temperature λ, f'(λ) = 2 tr(dL/dX), and f(0) = N/2,
    every row of the output being 1/2 there.

    Attributes:
        attention: the instance of attention computation.
    """

    attention: AttentionInstance

    @property
    def start(self) -> Fraction:
        """f(0)."""
        return Fraction(self.attention.rows, 2)

    def verify(self, witness: tuple[int, int]) -> bool:
        """As of the instance of attention computation."""
        return self.attention.verify(witness)

    def solve(self) -> tuple[int, int] | None:
        """As of the instance of attention computation, by brute force."""
        return self.attention.solve()
