"""Sizes as symbols: polynomials in n, d, …, and operation counts made of them.

The polynomials are python-flint's; :class:`Size` adds that symbols may come up one by one (an index
inside a sum has one of its own) and refuses what has no answer for all sizes at once.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from numbers import Rational
from typing import Any, NoReturn, TypeAlias

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from proofcheck.errors import OutsideCalculusError

__all__ = ["Counts", "Dimension", "Size"]

Dimension: TypeAlias = "int | Size"

_NO_SYMBOLS = fmpq_mpoly_ctx.get((), Ordering.deglex)


class Size:
    """A polynomial with rational coefficients in size and index symbols, each an integer ≥ 1.

    ``==`` asks for the same polynomial, and hashes agree with those of numbers.  What has no answer
    for all sizes at once (an order, a truth value, ``1 / n``) raises :class:`OutsideCalculusError`.
    """

    __slots__ = ("_polynomial",)
    __array_ufunc__ = None

    def __init__(self, polynomial: fmpq_mpoly) -> None:
        self._polynomial = polynomial

    @classmethod
    def symbol(cls, name: str, names: Sequence[str]) -> Size:
        """The symbol ``name``; ``names``, with ``name`` among them, are in printing order."""
        return cls(fmpq_mpoly_ctx.get(tuple(names), Ordering.deglex).gen(tuple(names).index(name)))

    @classmethod
    def of(cls, value: Size | Rational | float) -> Size:
        """A number as a constant polynomial (a float is taken exactly); a size as it is."""
        if isinstance(value, Size):
            return value
        exact = Fraction(value)
        return cls(_NO_SYMBOLS.constant(fmpq(int(exact.numerator), int(exact.denominator))))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that occur, in printing order."""
        degrees = self._polynomial.degrees()
        return tuple(n for n, k in zip(self._polynomial.context().names(), degrees, strict=True) if k > 0)

    @property
    def constant(self) -> Fraction | None:
        """The value, if it is the same at all sizes."""
        return None if self.symbols else self.terms().get((), Fraction(0))

    def terms(self) -> dict[tuple[tuple[str, int], ...], Fraction]:
        """Coefficients by monomial; a monomial lists its symbols with their powers, by name."""
        names = self._polynomial.context().names()
        return {
            tuple(sorted((n, int(k)) for n, k in zip(names, powers, strict=True) if k)): Fraction(
                int(c.p), int(c.q)
            )
            for powers, c in self._polynomial.to_dict().items()
        }

    def substitute(self, values: Mapping[str, Dimension]) -> Size:
        """Put polynomials or numbers in the place of symbols."""
        total = Size.of(0)
        for monomial, coefficient in self.terms().items():
            product = Size.of(coefficient)
            for name, power in monomial:
                product = product * Size.of(values[name]) ** power
            total = total + product
        return total

    def at(self, values: Mapping[str, int]) -> Fraction:
        """The value at given sizes; symbols that do not occur may be left out."""
        terms = self.terms().items()
        return sum((c * math.prod(values[s] ** k for s, k in monomial) for monomial, c in terms), Fraction(0))

    def above_one(self) -> Size:
        """The polynomial in s with s + 1 in the place of every symbol s: all sizes are then s ≥ 0."""
        context = self._polynomial.context()
        return Size(self._polynomial.compose(*(s + 1 for s in context.gens()), ctx=context))

    def is_natural(self) -> bool:
        """True only if it is an integer ≥ 1 at all sizes; False may also mean that this is not seen."""
        margin = self.above_one() - 1
        return _integer_valued(self._polynomial) and all(c >= 0 for c in margin.terms().values())

    def exact_quotient(self, divisor: Dimension) -> Size | None:
        """The quotient, if it is an integer at all sizes."""
        left, right = self._with(Size.of(divisor))
        quotient, rest = divmod(left, right)
        return Size(quotient) if rest.is_zero() and _integer_valued(quotient) else None

    def _with(self, other: Size) -> tuple[fmpq_mpoly, fmpq_mpoly]:
        """Both polynomials over the symbols of both."""
        left, right = self._polynomial, other._polynomial
        if left.context() is right.context():
            return left, right
        names = tuple(dict.fromkeys(left.context().names() + right.context().names()))
        both = fmpq_mpoly_ctx.get(names, Ordering.deglex)
        return left.project_to_context(both), right.project_to_context(both)

    def _combined(self, other: Any, operation: Callable[[Any, Any], fmpq_mpoly]) -> Size:
        if not isinstance(other, (Size, Rational, float)):
            return NotImplemented  # type: ignore[no-any-return]  # an array may know what to do
        return Size(operation(*self._with(Size.of(other))))

    def __add__(self, other: Any) -> Size:
        return self._combined(other, operator.add)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Size:
        return self._combined(other, operator.sub)

    def __rsub__(self, other: Any) -> Size:
        return self._combined(other, lambda a, b: b - a)

    def __neg__(self) -> Size:
        return Size(-self._polynomial)

    def __mul__(self, other: Any) -> Size:
        return self._combined(other, operator.mul)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Size:
        if not isinstance(exponent, int) or exponent < 0:
            raise OutsideCalculusError(f"({self}) to the power of {exponent}")
        return Size(self._polynomial**exponent)

    def __truediv__(self, other: Any) -> Size:
        return self._combined(other, _quotient)

    def __rtruediv__(self, other: Any) -> Size:
        return self._combined(other, lambda a, b: _quotient(b, a))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Size, Rational, float)):
            return NotImplemented
        left, right = self._with(Size.of(other))
        return bool(left == right)

    def __hash__(self) -> int:
        constant = self.constant
        return hash(frozenset(self.terms().items()) if constant is None else constant)

    def _undecided(self, *_: Any) -> NoReturn:
        raise OutsideCalculusError(f"what is asked of {self} may depend on the sizes")

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __index__ = __int__ = __float__ = _undecided
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __round__ = _undecided

    def __str__(self) -> str:
        return str(self._polynomial)

    def __repr__(self) -> str:
        return f"Size({self})"


def _integer_valued(polynomial: fmpq_mpoly) -> bool:
    """Whether it is an integer wherever its symbols are: n(n + 1)/2 is, n/2 is not.

    By Newton interpolation it suffices to look at 1..k + 1 in each symbol, k the degree in it.
    """
    if all(c.q == 1 for c in polynomial.coeffs()):
        return True
    grid = itertools.product(*(range(1, int(k) + 2) for k in polynomial.degrees()))
    return all(polynomial(*point).q == 1 for point in grid)


def _quotient(left: fmpq_mpoly, right: fmpq_mpoly) -> fmpq_mpoly:
    quotient, rest = divmod(left, right)
    if not rest.is_zero():
        raise OutsideCalculusError(f"({left}) / ({right}) is no polynomial; divide arrays by sizes instead")
    return quotient


@dataclass
class Counts:
    """Scalar operations by kind, as polynomials in the sizes; subtractions are additions."""

    additions: Dimension = 0
    multiplications: Dimension = 0
    divisions: Dimension = 0
    exponentials: Dimension = 0
    logarithms: Dimension = 0

    def by_kind(self) -> dict[str, Size]:
        """The counts by the name of their kind."""
        return {kind.name: Size.of(getattr(self, kind.name)) for kind in fields(self)}

    @property
    def total(self) -> Size:
        """All operations."""
        return sum(self.by_kind().values(), Size.of(0))

    def add(self, **amounts: Dimension) -> None:
        """Add operations by kind."""
        for kind, amount in amounts.items():
            setattr(self, kind, Size.of(getattr(self, kind)) + amount)
