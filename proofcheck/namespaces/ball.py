"""Balls: real numbers known to lie within an interval, by python-flint's Arb.

Arithmetic, exponentials and logarithms of ``flint.arb`` give a ball that holds every value over the balls
they are given (F. Johansson, "Arb", IEEE Trans. Computers 2017).  What two balls say is decided only where
they do not overlap.  Mind that ``arb(0.1)`` is that float exactly, and that the precision is one setting for
the whole process: hence :func:`precision`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint

from proofcheck.namespaces.scalars import scalar_exp, scalar_log

__all__ = ["Enclosure", "ball", "box", "ends", "precision"]


def ball(number: Any) -> Any:
    """A ball around an exact number (``int``, ``Fraction``, or ``float``, taken exactly)."""
    fraction = Fraction(number)
    return flint.arb(flint.fmpq(fraction.numerator, fraction.denominator))


def box(low: Fraction, high: Fraction) -> Any:
    """The least ball, up to rounding outwards, that holds [low, high]."""
    return ball(low) if low == high else ball(low).union(ball(high))


def ends(value: Any) -> tuple[float, float]:
    """Floats that lie at or outside the ends of a ball; infinite where nothing is known."""
    if not value.is_finite():
        return -float("inf"), float("inf")
    # One more unit in the last place, since conversion rounds to nearest.
    low, high = float(value.lower()), float(value.upper())
    return low - abs(low) * 2.0**-52 - 5e-324, high + abs(high) * 2.0**-52 + 5e-324


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work with this many bits inside; the setting is as before afterwards."""
    with flint.ctx.workprec(bits):
        yield


class Enclosure:
    """A scalar of a strict array: an interval of any library, beside the constants a statement may have.

    Neither Arb nor mpmath takes a ``Fraction``; here every exact number is first made an interval.

    Args:
        value: the interval.
        make: how the library makes one of an exact number.
    """

    __slots__ = ("make", "value")

    def __init__(self, value: Any, make: Callable[[Any], Any]) -> None:
        self.value = value
        self.make = make

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        if isinstance(other, Enclosure):
            return Enclosure(operation(self.value, other.value), self.make)
        if isinstance(other, (int, float, Fraction)):
            return Enclosure(operation(self.value, self.make(other)), self.make)
        return NotImplemented

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a / b)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b / a)

    def __neg__(self) -> Enclosure:
        return Enclosure(-self.value, self.make)

    def __pow__(self, exponent: int) -> Enclosure:
        return Enclosure(self.value**exponent, self.make)

    def exp(self) -> Enclosure:
        """The exponential."""
        return Enclosure(scalar_exp(self.value), self.make)

    def log(self) -> Enclosure:
        """The natural logarithm."""
        return Enclosure(scalar_log(self.value), self.make)
