"""Oracles for f'(λ): the gradient of attention, with an error that can be relied on.

An oracle is asked for f'(λ) = 2 tr(dL/dX) at X = λI and says how far it may be off.  What it has to have is a
gradient within ε in every entry: then f' is within 2 d ε.

*float64.* With E = 0, Y = I and V the indicator of half of the keys, row j of p is f_jk o_j (v_k − o_j), so
that Σ_k |p_jk| = 2 o_j² (1 − o_j), and the trace is Σ_jk p_jk S_jk with 0 ≤ S_jk ≤ B: its terms add up to
at most 2 B Σ_j o_j² = 2 B f(λ) in absolute value. Every factor of a term is made by sums of non-negative
numbers and a few operations, whatever the order: its relative error is at most ρ = 4 (7n + 2d + 128) u.
Scores are exact at λ = 1 (:mod:`reductions.problems.attention`); at other λ each is off by at most (d + 4)
u λ B, which moves a weight by twice that. So f' is within 4 (ρ + 2 (d + 4) u B [λ ≠ 1]) B f(λ), with 1 %
for higher orders, and what underflows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import mpmath
import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import ApproximationError, UserInputError
from proofcheck.numeric.gradient import attention_gradient
from proofcheck.numeric.search import largest_degree
from reductions.problems.attention import GradientInstance

__all__ = ["Answer", "CallableOracle", "FastOracle", "FloatOracle", "MpmathOracle", "Oracle"]

_UNIT = 2.0**-53
_UNDERFLOW = 1e-290
_HIGHER_ORDERS = 1.01
_USUAL_DEGREE = 8


@dataclass(frozen=True)
class Answer:
    """What an oracle says of f'(λ).

    Attributes:
        slope: f'(λ).
        error: how far it may be off, at most.
    """

    slope: float
    error: float


class Oracle(Protocol):
    """Something that computes gradients of attention."""

    @property
    def name(self) -> str:
        """Of the oracle."""

    def __call__(self, instance: GradientInstance, temperature: float) -> Answer:
        """f'(λ) at λ = ``temperature``, in [0, 1]."""


@dataclass(frozen=True)
class FloatOracle:
    """The exact streaming gradient in float64: O(n²d) time, O(n d) memory."""

    name: str = "float64"

    def __call__(self, instance: GradientInstance, temperature: float) -> Answer:
        """f'(λ) with the error derived above."""
        A1, A2, A3, E, X, Y = _arrays(instance, temperature)
        result = attention_gradient(A1, A2, A3, E, X, Y, method="exact")
        n, d, B = instance.attention.n, instance.attention.d, float(instance.attention.bound)
        relative = 4 * (7 * n + 2 * d + 128) * _UNIT
        if temperature != 1:
            relative += 2 * (d + 4) * _UNIT * B
        error = _HIGHER_ORDERS * 4 * relative * B * 2 * result.loss + n * n * B * _UNDERFLOW
        return Answer(2 * float(np.trace(result.gradients["X"])), error)


@dataclass(frozen=True)
class FastOracle:
    """The fast gradient with its rigorous bound: for small scores only, else the bound says nothing.

    Args:
        degree: of the polynomial; None for 8, or the largest below it whose features fit in memory.
    """

    name: str = "fast"
    degree: int | None = None

    def __call__(self, instance: GradientInstance, temperature: float) -> Answer:
        """f'(λ), and 2d times the bound of an entry; 0 within infinity where no polynomial follows exp."""
        arrays = _arrays(instance, temperature)
        degree = self.degree
        if degree is None:
            degree = min(_USUAL_DEGREE, largest_degree(instance.attention.d) or 0)
        try:
            # The bound is what counts here: the estimate may be as poor as can be.
            result = attention_gradient(*arrays, method="fast", degree=degree, queries=1)
        except ApproximationError:
            return Answer(0.0, float("inf"))
        return _traced(np.asarray(result.gradients["X"]), result.error_bound["X"])


@dataclass(frozen=True)
class MpmathOracle:
    """f' to many digits, from the scores as fractions: O(n²) mpmath operations, for small n."""

    name: str = "mpmath"
    digits: int = 50

    def __call__(self, instance: GradientInstance, temperature: float) -> Answer:
        """f'(λ); ten of the digits are left for rounding."""
        attention = instance.attention
        products = attention.gap.left.astype(np.int64) @ attention.gap.right.astype(np.int64).T
        with mpmath.workdps(self.digits):
            gamma, level = (
                mpmath.mpf(one.numerator) / one.denominator for one in (attention.gamma, attention.level)
            )
            temperature, N = mpmath.mpf(temperature), attention.rows
            total = mpmath.mpf(0)
            for row in products:
                distances = [gamma * (level - int(product)) for product in row]
                kept = [mpmath.exp(-temperature * distance) for distance in distances]
                x = mpmath.fsum(kept)
                falling = mpmath.fsum(a * b for a, b in zip(distances, kept, strict=True))
                total += 2 * 2 * x * falling * N / (x + N) ** 3
            slope = float(-total)
        return Answer(slope, 2 * _UNIT * abs(slope) + 10.0 ** (10 - self.digits))


@dataclass(frozen=True)
class CallableOracle:
    """A user's gradient: ``function(A1, A2, A3, E, X, Y)`` gives dL/dX, each entry within ``accuracy``.

    Args:
        function: takes five float64 arrays and Y, (n, d) and (d, d), and gives a (d, d) array.
        accuracy: how far an entry of it may be off; not checked.
    """

    function: Callable[..., Any]
    accuracy: float
    name: str = "callable"

    def __call__(self, instance: GradientInstance, temperature: float) -> Answer:
        """f'(λ), and 2d times the accuracy.

        Raises:
            UserInputError: an accuracy that is negative or no number; a gradient of another shape, or with
                entries that are not finite.
        """
        if not self.accuracy >= 0:
            raise UserInputError(f"accuracy is {self.accuracy!r}; expected a number of at least 0")
        found = np.asarray(self.function(*_arrays(instance, temperature)), dtype=float)
        d = instance.attention.d
        if found.shape != (d, d):
            raise UserInputError(f"the oracle gave an array of shape {found.shape}; expected {(d, d)}")
        if not np.isfinite(found).all():
            raise UserInputError("the oracle gave entries that are not finite; expected numbers")
        return _traced(found, self.accuracy)


def _traced(gradient: NDArray[np.float64], accuracy: float) -> Answer:
    """Twice the trace, its own rounding included in the error."""
    d = len(gradient)
    diagonal = np.abs(np.diagonal(gradient))
    rounding = 2 * (d + 2) * _UNIT * float(diagonal.sum())
    return Answer(2 * float(np.trace(gradient)), 2 * d * accuracy + 2 * rounding)


def _arrays(instance: GradientInstance, temperature: float) -> tuple[NDArray[np.float64], ...]:
    """A1, A2, A3, E, X and Y at X = λI."""
    Q, K, V = instance.attention.arrays()
    identity = np.eye(instance.attention.d)
    return Q, K, V, np.zeros_like(V), temperature * identity, identity
