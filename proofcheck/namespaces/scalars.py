"""Scalars that ride inside strict arrays: dual numbers and floats with a running error bound.

A statement is evaluated with whatever scalar flows through it.  :class:`Dual` adds a derivative
to any other scalar (forward mode), :class:`Running` adds a rounding-error bound to a float.
"""

from __future__ import annotations

import cmath
import itertools
import math
from fractions import Fraction
from typing import Any

__all__ = ["UNIT_ROUNDOFF", "Dual", "Running", "fresh_tag", "scalar_exp", "scalar_log"]

UNIT_ROUNDOFF = 2.0**-53
_UNDERFLOW = 2.0**-1074  # what a product, quotient or exponential may lose below the normal floats


def scalar_exp(value: Any) -> Any:
    """The exponential of one scalar, of whichever kind.

    Raises:
        TypeError: the scalar has no exponential (for example a ``Fraction``).
    """
    if isinstance(value, float):
        return math.exp(value)
    if isinstance(value, complex):
        return cmath.exp(value)
    context = _context(value)
    if context is not None:
        return context.exp(value)
    if hasattr(value, "free_symbols"):  # a SymPy expression; SymPy is loaded, or it could not exist
        import sympy

        return sympy.exp(value)
    method = getattr(value, "exp", None)
    if method is not None:
        return method()
    raise TypeError(f"no exponential for a scalar of type {type(value).__name__}: {value!r}")


def scalar_log(value: Any) -> Any:
    """The natural logarithm of one scalar, of whichever kind.

    Raises:
        TypeError: the scalar has no logarithm (for example a ``Fraction``).
        ValueError: a real number that is not positive.
    """
    if isinstance(value, complex):
        return cmath.log(value)  # the principal branch, which a complex step stays on
    context = _context(value)
    if (isinstance(value, float) or context is not None) and not value > 0:
        raise ValueError(f"log of {value}: expected a positive number")
    if isinstance(value, float):
        return math.log(value)
    if context is not None:
        return context.log(value)
    if hasattr(value, "free_symbols"):
        import sympy

        return sympy.log(value)
    method = getattr(value, "log", None)
    if method is not None:
        return method()
    raise TypeError(f"no logarithm for a scalar of type {type(value).__name__}: {value!r}")


def _context(value: Any) -> Any:
    """What mpmath's numbers carry, whose own ``exp`` is another thing; intervals call it ``ctx``."""
    return getattr(value, "context", None) or getattr(value, "ctx", None)


_tags = itertools.count(1)


def fresh_tag() -> int:
    """A tag that no other differentiation uses, so that nested derivatives do not mix."""
    return next(_tags)


class Dual:
    """``value + tangent·ε`` with ``ε² = 0``, over any scalar.

    ``tangent`` may be the integer 0, which stands for "does not depend on the variable" and
    costs nothing to carry.  The tag names the differentiation: where two meet, the younger
    one (larger tag) treats the other as its coefficients.
    """

    __slots__ = ("tag", "tangent", "value")

    def __init__(self, tag: int, value: Any, tangent: Any) -> None:
        self.tag = tag
        self.value = value
        self.tangent = tangent

    def _with(self, other: Any) -> tuple[int, Any, Any, Any, Any]:
        """(tag, own value, own tangent, other's value, other's tangent) at the younger tag."""
        if isinstance(other, Dual):
            if other.tag == self.tag:
                return self.tag, self.value, self.tangent, other.value, other.tangent
            if other.tag > self.tag:
                return other.tag, self, 0, other.value, other.tangent
        return self.tag, self.value, self.tangent, other, 0

    def __add__(self, other: Any) -> Dual:
        tag, a, da, b, db = self._with(other)
        return Dual(tag, a + b, _add(da, db))

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(self.tag, -self.value, _negate(self.tangent))

    def __sub__(self, other: Any) -> Dual:
        tag, a, da, b, db = self._with(other)
        return Dual(tag, a - b, _add(da, _negate(db)))

    def __rsub__(self, other: Any) -> Dual:
        return self.__sub__(other).__neg__()

    def __mul__(self, other: Any) -> Dual:
        tag, a, da, b, db = self._with(other)
        return Dual(tag, a * b, _add(_times(da, b), _times(db, a)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        tag, a, da, b, db = self._with(other)
        quotient = a / b
        # (da - (a/b) db) / b and not (da b - a db) / b²: exact scalars then never square b.
        return Dual(tag, quotient, _over(_add(da, _negate(_times(db, quotient))), b))

    def __rtruediv__(self, other: Any) -> Dual:
        quotient = other / self.value
        return Dual(self.tag, quotient, _over(_negate(_times(self.tangent, quotient)), self.value))

    def __pow__(self, exponent: int) -> Dual:
        power = self.value**exponent
        slope = exponent * self.value ** (exponent - 1) if exponent else 0
        return Dual(self.tag, power, _times(self.tangent, slope))

    def exp(self) -> Dual:
        """The exponential, with its derivative."""
        power = scalar_exp(self.value)
        return Dual(self.tag, power, _times(self.tangent, power))

    def log(self) -> Dual:
        """The natural logarithm, with its derivative."""
        return Dual(self.tag, scalar_log(self.value), _over(self.tangent, self.value))

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangent!r})"


def _is_void(tangent: Any) -> bool:
    return type(tangent) is int and tangent == 0


def _add(a: Any, b: Any) -> Any:
    if _is_void(a):
        return b
    return a if _is_void(b) else a + b


def _negate(a: Any) -> Any:
    return 0 if _is_void(a) else -a


def _times(tangent: Any, factor: Any) -> Any:
    return 0 if _is_void(tangent) or _is_void(factor) else tangent * factor


def _over(tangent: Any, divisor: Any) -> Any:
    return 0 if _is_void(tangent) else tangent / divisor


class Running:
    """A float64 and a first-order bound on the absolute error it has gathered.

    The rules are those of running error analysis (Higham, *Accuracy and Stability of Numerical
    Algorithms*, 2nd ed., section 3.3); ``exp`` and ``log`` are charged two units in the last place.
    """

    __slots__ = ("error", "value")

    def __init__(self, value: float, error: float = 0.0) -> None:
        self.value = value
        # inf·0 is no bound, and NaN would compare as if it were one.
        self.error = math.inf if math.isnan(error) else error

    @classmethod
    def of(cls, number: Any) -> Running:
        """Take an exact number in; a value that is no float64 starts with half an ulp."""
        if isinstance(number, Running):
            return number
        value = float(number)
        exact = not math.isfinite(value) or Fraction(value) == number
        return cls(value, 0.0 if exact else abs(value) * UNIT_ROUNDOFF)

    def __add__(self, other: Any) -> Running:
        if not _is_number(other):
            return NotImplemented
        other = Running.of(other)
        value = self.value + other.value
        return Running(value, self.error + other.error + abs(value) * UNIT_ROUNDOFF)

    __radd__ = __add__

    def __neg__(self) -> Running:
        return Running(-self.value, self.error)

    def __sub__(self, other: Any) -> Running:
        return NotImplemented if not _is_number(other) else self + (-Running.of(other))

    def __rsub__(self, other: Any) -> Running:
        return NotImplemented if not _is_number(other) else Running.of(other) + (-self)

    def __mul__(self, other: Any) -> Running:
        if not _is_number(other):
            return NotImplemented
        other = Running.of(other)
        value = self.value * other.value
        error = abs(self.value) * other.error + abs(other.value) * self.error
        return Running(value, error + self.error * other.error + abs(value) * UNIT_ROUNDOFF + _UNDERFLOW)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Running:
        if not _is_number(other):
            return NotImplemented
        other = Running.of(other)
        value = self.value / other.value
        margin = abs(other.value) - other.error
        if margin <= 0.0:
            return Running(value, math.inf)
        error = (self.error + abs(value) * other.error) / margin
        return Running(value, error + abs(value) * UNIT_ROUNDOFF + _UNDERFLOW)

    def __rtruediv__(self, other: Any) -> Running:
        return NotImplemented if not _is_number(other) else Running.of(other) / self

    def __pow__(self, exponent: int) -> Running:
        if exponent < 0:
            return 1 / self**-exponent
        power = Running(1.0)
        for _ in range(exponent):
            power = power * self
        return power

    def exp(self) -> Running:
        """The exponential, its argument's error carried through."""
        value = math.exp(self.value)
        if self.error > 0.5:  # the value says nothing, and an error relative to it may underflow
            return Running(value, math.inf)
        return Running(value, value * (math.expm1(self.error) + 2 * UNIT_ROUNDOFF) + _UNDERFLOW)

    def log(self) -> Running:
        """The natural logarithm, its argument's error carried through.

        Raises:
            ValueError: the value is not positive.
        """
        value = scalar_log(self.value)
        if self.error > 0.5 * self.value:  # the argument may be 0, or nearly
            return Running(value, math.inf)
        # |log(x ± e) − log x| ≤ −log(1 − e/x)
        error = -math.log1p(-self.error / self.value)
        return Running(value, error * (1 + 4 * UNIT_ROUNDOFF) + 2 * abs(value) * UNIT_ROUNDOFF)

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"Running({self.value!r} ± {self.error:.1e})"


def _is_number(value: Any) -> bool:
    return isinstance(value, (Running, int, float, Fraction))
