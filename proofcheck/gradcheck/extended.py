"""Numbers with many digits that ride through a NumPy function inside an array of objects.

NumPy applies ``np.exp`` to an array of objects by calling the method ``exp`` of each.  The numbers here are
mpmath's, of a context of their own, so that nobody else's precision changes; they have these methods, and
they refuse to become floats, so that a function that would lose the digits is found out instead of trusted.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from mpmath.ctx_mp import MPContext

__all__ = ["NotAdmittedError", "Numbers"]

# Functions of one argument that NumPy looks up by name on objects.
_ELEMENTARY = (
    *("exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt"),
    *(
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arccosh",
        "arctanh",
    ),
)
_AT_MPMATH = {
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "log2": "log2", "log10": "log10"},
    **{"arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh"},
}
_ARITHMETIC = ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow")
_FEWER = 30
# In additions and products.
_ELEMENTARY_COST = 10
# exp of more is beyond every float, and costs time without end.
_LARGEST_EXPONENT = 1e6


class NotAdmittedError(Exception):
    """A function that cannot be evaluated with many digits; the message says why."""


class Numbers:
    """A kind of number with ``digits`` decimal digits.

    Args:
        digits: of every operation.
        operations: how many operations may be spent before :class:`NotAdmittedError` is raised; set anew
            by :meth:`allow`.
    """

    def __init__(self, digits: int, operations: int) -> None:
        self.digits = digits
        self._left = operations
        context = MPContext()
        context.dps = digits
        self._context = context
        kind = context.mpf
        self._to_float: Callable[[Any], float] = kind.__float__
        for name in _ARITHMETIC:
            self._count(kind, f"__{name}__")
        for name in _ELEMENTARY:
            setattr(kind, name, self._elementary(name))
        kind.square = lambda number: number * number
        kind.conjugate = lambda number: number
        kind.arctan2 = lambda y, x: context.atan2(y, x)
        kind.hypot = lambda x, y: context.hypot(x, y)
        for name in ("__float__", "__int__", "__complex__"):
            setattr(kind, name, _refuse)
        self._kind = kind

    def allow(self, operations: int) -> None:
        """Set how many operations may be spent from here on."""
        self._left = operations

    def _spend(self, operations: int = 1) -> None:
        self._left -= operations
        if self._left < 0:
            raise NotAdmittedError("it takes too many operations to be run with many digits")

    def _count(self, kind: Any, name: str) -> None:
        operation = getattr(kind, name)

        def counted(number: Any, other: Any) -> Any:
            self._spend()
            return operation(number, other)

        setattr(kind, name, counted)

    def _elementary(self, name: str) -> Callable[[Any], Any]:
        context = self._context
        if name == "log2":
            function: Callable[[Any], Any] = lambda x: context.log(x, 2)  # noqa: E731
        else:
            function = getattr(context, _AT_MPMATH.get(name, name))

        def evaluate(number: Any) -> Any:
            self._spend(_ELEMENTARY_COST)
            if name in ("exp", "expm1", "sinh", "cosh") and abs(number) > _LARGEST_EXPONENT:
                raise NotAdmittedError(f"{name} of a number beyond {_LARGEST_EXPONENT:g}")
            value = function(number)
            if type(value) is not self._kind:  # log or sqrt of a negative number is complex
                return self._context.nan
            return value

        return evaluate

    def number(self, value: float) -> Any:
        """A float, exactly."""
        return self._kind(value)

    def array(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """An array of floats, exactly, as an array of objects."""
        out = np.empty(values.shape, dtype=object)
        flat = out.reshape(-1)
        for k, value in enumerate(values.reshape(-1).tolist()):
            flat[k] = self._kind(value)
        return out

    def is_one(self, value: object) -> bool:
        """Whether it is such a number."""
        return type(value) is self._kind

    def to_float(self, value: Any) -> float:
        """The nearest float; infinite where there is none."""
        if not self.is_one(value):
            return float(value)
        try:
            return self._to_float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf

    def is_finite(self, value: Any) -> bool:
        """Whether it is neither infinite nor NaN."""
        return bool(self._context.isfinite(value))

    @contextlib.contextmanager
    def fewer(self) -> Iterator[float]:
        """For a while, operations with fewer bits; how much smaller errors are with all of them."""
        self._context.prec -= _FEWER
        try:
            yield 2.0**-_FEWER
        finally:
            self._context.prec += _FEWER

    @property
    def bits(self) -> int:
        """Of every number."""
        return int(self._context.prec)

    def from_parts(self, parts: Any) -> Any:
        """A number from mpmath's (sign, mantissa, exponent, bits)."""
        return self._context.make_mpf(parts)

    def unit_roundoff(self) -> float:
        """Half the distance from 1 to the next number."""
        return float(2.0**-self._context.prec)


def _refuse(number: Any) -> Any:
    raise NotAdmittedError("it turns its inputs into floats")
