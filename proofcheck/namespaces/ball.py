"""Balls: real numbers known to lie within an interval, by python-flint's Arb.

A scalar of a strict array here is a ``flint.arb``: arithmetic, exponentials and logarithms give a ball
that holds every value over the balls they are given (F. Johansson, "Arb", IEEE Trans. Computers 2017).
What two balls say is decided only where they do not overlap.  Mind that ``arb(0.1)`` is that float
exactly, and that the precision is one setting for the whole process: hence :func:`precision`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint

__all__ = ["ball", "box", "ends", "precision"]


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
