"""Exact scalars for identities at fixed sizes: rational functions of variables and exponentials.

A scalar is Σ_k N_k / D_k. A numerator is a sum of c·e^p with c and p polynomials over the
rationals; a denominator is a multiset of such sums. The fractions stay grouped by denominator, and
a common denominator is formed only where an answer needs one: the gradient of a loss with a softmax
has many terms over few denominators, and expanding it at each step is what makes general computer
algebra slow on it.

::

    field = ExactField(["x"])
    x = field.variable("x")
    ((x.exp() + 1) / ((2 * x).exp() - 1) - 1 / (x.exp() - 1)).is_zero()  # True

Balls (signs, floats and zero tests) set flint's global precision for the time of the call, so two
threads should not ask for them at once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from numbers import Integral
from typing import Any, SupportsIndex, TypeAlias, cast

import flint

from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.exponential_polynomials import (
    ExponentialPolynomials,
    Fractions,
    Terms,
    add_fractions,
    combined,
    divide_fractions,
    fractions_text,
    multiply_fractions,
    refined_ball,
)
from proofcheck.namespaces.signs import sign_on_box

__all__ = ["Exact", "ExactField", "Number"]

Number: TypeAlias = SupportsIndex | Fraction | float
"""What stands for a rational number: integers (NumPy's too), fractions, and floats at their exact value."""

_ZERO_TEST_BITS = 128
_FLOAT_BITS = 64  # relative accuracy before rounding to a float's 53


class ExactField:
    """Q(variables) with the exponentials of polynomials adjoined.

    Without variables it is a field of constants such as 1/(1 + e). Scalars of different fields do not
    mix. What a field has computed it remembers for as long as it lives.

    Args:
        variables: names of real variables.
        positive: those of them that are >= 0, which only :meth:`Exact.is_nonnegative` makes use of.
        intervals: low and high of those that lie between them, for the same purpose.

    Raises:
        ValueError: a variable is given twice, or a name in ``positive`` or ``intervals`` is not a
            variable.
    """

    __slots__ = ("_constants", "_index", "intervals", "positive", "ring", "variables")

    def __init__(
        self,
        variables: Sequence[str] = (),
        *,
        positive: Collection[str] = (),
        intervals: Mapping[str, tuple[Number, Number]] | None = None,
    ) -> None:
        self.variables = tuple(variables)
        self.intervals = {
            name: (_rational(low), _rational(high)) for name, (low, high) in (intervals or {}).items()
        }
        self.positive = frozenset(positive)
        self._index = {name: index for index, name in enumerate(self.variables)}
        if len(self._index) < len(self.variables):
            raise ValueError(f"variables={self.variables!r}: expected distinct names")
        for argument, names in (("positive", self.positive), ("intervals", self.intervals.keys())):
            if unknown := names - self._index.keys():
                raise ValueError(
                    f"{argument}={sorted(unknown)!r}: expected some of the variables {self.variables!r}"
                )
        self.ring = ExponentialPolynomials(self.variables)
        self._constants: ExactField | None = None

    @property
    def constants(self) -> ExactField:
        """The field of constants that :meth:`Exact.evaluate` answers in; this one, if it has no variables."""
        if self._constants is None:
            self._constants = ExactField() if self.variables else self
        return self._constants

    def variable(self, name: str) -> Exact:
        """The variable of that name.

        Raises:
            ValueError: the field has no such variable.
        """
        if name not in self._index:
            raise ValueError(f"name={name!r}: expected one of the variables {self.variables!r}")
        return Exact(self, {(): {0: self.ring.context.gen(self._index[name])}})

    def constant(self, value: Number) -> Exact:
        """A rational number; a float stands for the number that it holds, 0.5 for 1/2.

        Raises:
            TypeError: ``value`` is no number.
            ValueError: ``value`` is not finite.
        """
        return self._integral(self.ring.constant(_rational(value)))

    def _integral(self, terms: Terms) -> Exact:
        return Exact(self, {(): terms} if terms else {})


class Exact:
    """An element of an :class:`ExactField`; made by the field and by ``+ - * / **`` and :meth:`exp`.

    The other operand may be a :data:`Number`. In NumPy object arrays the operators and ``@`` work
    elementwise, and ``np.exp`` calls :meth:`exp`. ``==`` and ``bool`` are those of any object: ask
    ``(a - b).is_zero()``.

    A sum takes time linear in the terms, a product and a quotient by a single fraction each pair of
    terms, and a quotient by a sum of fractions combines that first. Numerators are not divided by
    what they have in common with a denominator: ``x / x`` keeps both, and answers about it hold
    where no denominator is 0.
    """

    __slots__ = ("_fractions", "field")

    def __init__(self, field: ExactField, fractions: Fractions) -> None:
        self.field = field
        self._fractions = fractions

    def _binary(
        self,
        other: Any,
        operation: Callable[[ExponentialPolynomials, Fractions, Fractions], Fractions],
        *,
        reflected: bool = False,
    ) -> Exact:
        if isinstance(other, Exact):
            if other.field is not self.field:
                raise TypeError(f"operands {self} and {other}: expected scalars of one field")
        elif isinstance(other, Integral) or hasattr(other, "as_integer_ratio"):
            other = self.field.constant(other)
        else:
            return cast(Exact, NotImplemented)  # an array, a dual number: theirs is the next try
        left, right = (other, self) if reflected else (self, other)
        return Exact(self.field, operation(self.field.ring, left._fractions, right._fractions))

    def __add__(self, other: Exact | Number) -> Exact:
        return self._binary(other, add_fractions)

    def __radd__(self, other: Number) -> Exact:
        return self._binary(other, add_fractions, reflected=True)

    def __sub__(self, other: Exact | Number) -> Exact:
        return self._binary(other, _subtract)

    def __rsub__(self, other: Number) -> Exact:
        return self._binary(other, _subtract, reflected=True)

    def __mul__(self, other: Exact | Number) -> Exact:
        return self._binary(other, multiply_fractions)

    def __rmul__(self, other: Number) -> Exact:
        return self._binary(other, multiply_fractions, reflected=True)

    def __truediv__(self, other: Exact | Number) -> Exact:
        return self._binary(other, divide_fractions)

    def __rtruediv__(self, other: Number) -> Exact:
        return self._binary(other, divide_fractions, reflected=True)

    def __neg__(self) -> Exact:
        return Exact(self.field, _negative(self._fractions))

    def __pow__(self, power: SupportsIndex) -> Exact:
        if not isinstance(power, Integral):
            return NotImplemented
        exponent = operator.index(power)
        base = self if exponent >= 0 else 1 / self
        result = self.field.constant(1)
        for bit in f"{abs(exponent):b}":
            result = result * result
            if bit == "1":
                result = result * base
        return result

    def exp(self) -> Exact:
        """E to the power of a polynomial.

        Raises:
            OutsideCalculusError: this scalar has a denominator or an exponential, so that e to its
                power is no element of the field.
        """
        terms = self._fractions.get((), {})
        if self._fractions.keys() - {()} or terms.keys() - {0}:
            raise OutsideCalculusError(
                f"exp({self}): expected a polynomial, with no denominator or exponential"
            )
        ring = self.field.ring
        return self.field._integral(ring.exponential(terms.get(0, ring.context.constant(0))))

    def log(self) -> Exact:
        """Outside the field.

        Raises:
            OutsideCalculusError: always.
        """
        raise OutsideCalculusError(f"log({self}): logarithms are outside exact arithmetic")

    def is_zero(self) -> bool:
        """Whether this scalar is 0 as a function, where its denominators are not; complete, no heuristic.

        The fractions are brought over a common denominator; they sum to 0 if and only if no term of
        the numerator is left. Exponentials of polynomials that differ by more than a constant are
        linearly independent over Q(x), and those that differ by rational constants by the
        Lindemann-Weierstrass theorem (in full:
        :mod:`proofcheck.namespaces.exponential_polynomials`). Before that a ball at one point is
        tried: where it excludes 0, nothing needs to be expanded.

        A common denominator is exponential in the number of distinct denominators that share
        factors; if those that share none do not cancel by themselves, in the number of all.
        """
        ring = self.field.ring
        with flint.ctx.workprec(_ZERO_TEST_BITS):
            ball = ring.ball(self._fractions, _generic_values(len(self.field.variables)))
        if ball > 0 or ball < 0:
            return False
        return not combined(ring, self._fractions)[0]

    def sign(self) -> int:
        """-1, 0 or 1 for a constant: the exact zero test, then balls of growing precision.

        Raises:
            OutsideCalculusError: a variable occurs.
        """
        self._require_constant("sign")
        if self.is_zero():
            return 0
        return 1 if self._ball(lambda ball: ball > 0 or ball < 0) > 0 else -1

    def is_nonnegative(self) -> bool | None:
        """True with a certificate that this scalar is >= 0 where it is defined; for a constant, decided.

        The certificate: over the common denominator, the numerator and each denominator of odd
        power are sums of terms that are all >= 0, or all <= 0, and the signs multiply to a plus. A
        term is c·monomial·e^p; the sign of c, a constant, is decided, the monomial has even powers
        but in positive variables, and e^p > 0. A variable v of an interval [a, b] is first written
        (a + b·t)/(1 + t) with t >= 0 in the coefficients, which reaches all of it but b; by
        continuity the inequality holds at b too. Sums with terms of both signs may still have one
        (:mod:`proofcheck.namespaces.signs`). Where there is no certificate, as for x^2 - 2*x*y + y^2,
        the answer is None.
        """
        if not self.variables():
            return self.sign() >= 0
        ring, intervals = self.field.ring, self.field.intervals
        positive = self.field.positive
        numerator, denominator = combined(ring, self._fractions)
        sign = sign_on_box(ring, numerator, positive, intervals)
        for atom, multiplicity in denominator:
            factor = sign_on_box(ring, ring.atoms[atom], positive, intervals) if multiplicity % 2 else 1
            sign = None if sign is None or factor is None else sign * factor
        return True if sign is not None and sign >= 0 else None

    def variables(self) -> frozenset[str]:
        """The variables in the numerators and denominators as they stand: x for x/x, none for x - x."""
        ring = self.field.ring
        atoms = {atom for denominator in self._fractions for atom, _ in denominator}
        parts = [*self._fractions.values(), *(ring.atoms[atom] for atom in atoms)]
        return frozenset[str]().union(*map(ring.occurring, parts))

    def evaluate(self, point: Mapping[str, Number], field: ExactField | None = None) -> Exact:
        """The constant at rational values of the variables, exactly.

        Args:
            point: a value for each variable that occurs.
            field: where the constant shall live, if not in ``self.field.constants``.

        Raises:
            ValueError: a value is missing or not finite, or a name is no variable of the field.
            ZeroDivisionError: a denominator vanishes there (the numerator may, too).
        """
        if missing := self.variables() - point.keys():
            raise ValueError(f"point={dict(point)!r}: expected values of {sorted(missing)!r} too")
        if unknown := point.keys() - set(self.field.variables):
            raise ValueError(f"point has {sorted(unknown)!r}: expected names among {self.field.variables!r}")
        target = self.field.constants if field is None else field
        ring = self.field.ring
        # Without variables flint has its one generator still, and any value will do.
        values = [_rational(point.get(name, 0)) for name in self.field.variables] or [flint.fmpq(0)]
        result = target.constant(0)
        for denominator, terms in self._fractions.items():
            quotient = target._integral(ring.evaluate(terms, values, target.ring))
            for atom, multiplicity in denominator:
                divisor = ring.evaluate(ring.atoms[atom], values, target.ring)
                if not divisor:
                    vanishing = ring.text(ring.atoms[atom])
                    raise ZeroDivisionError(f"point={dict(point)!r}: expected {vanishing} not to vanish")
                quotient = quotient / target._integral(divisor) ** multiplicity
            result = result + quotient
        return result

    def to_float(self) -> float:
        """The float nearest a constant; within 2^-64 of the middle between two, relatively, either of them.

        Raises:
            OutsideCalculusError: a variable occurs.
            OverflowError: the number is too large for a float.
        """
        self._require_constant("to_float")
        if self.is_zero():
            return 0.0
        result = float(self._ball(lambda ball: ball.rel_accuracy_bits() >= _FLOAT_BITS).mid())
        if abs(result) == float("inf"):
            raise OverflowError(f"to_float of {self}: expected a number within the range of a float")
        return result

    def _ball(self, enough: Callable[[Any], bool]) -> Any:
        """A ball about this nonzero constant; its relative error can be made as small as one likes."""
        values = _generic_values(len(self.field.variables))
        return refined_ball(lambda: self.field.ring.ball(self._fractions, values), enough)

    def _require_constant(self, method: str) -> None:
        if occurring := sorted(self.variables()):
            raise OutsideCalculusError(
                f"{method} of {self}: expected a constant, but {', '.join(occurring)} occurs"
            )

    def __str__(self) -> str:
        """As one would write it, such as ``exp(1)/(1 + exp(1)) - 1/2``.

        The order in which terms were added or factors multiplied makes no difference.
        """
        return fractions_text(self.field.ring, self._fractions)

    def __repr__(self) -> str:
        return f"<Exact {self}>"


def _rational(value: Any) -> Any:
    """``value`` as a flint rational."""
    if isinstance(value, Integral):
        return flint.fmpq(int(value))
    try:
        numerator, denominator = value.as_integer_ratio()
    except AttributeError:
        raise TypeError(f"value={value!r}: expected an integer, a Fraction or a float") from None
    except (OverflowError, ValueError):
        raise ValueError(f"value={value!r}: expected a finite number") from None
    return flint.fmpq(int(numerator), int(denominator))


def _generic_values(count: int) -> list[Any]:
    """Nonzero values in (-1, 1), distinct for up to 101 variables; at least one, for flint's generator."""
    return [flint.fmpq(2 * (37 * index % 101) - 99, 102) for index in range(max(count, 1))]


def _negative(fractions: Fractions) -> Fractions:
    return {denominator: {p: -c for p, c in terms.items()} for denominator, terms in fractions.items()}


def _subtract(ring: ExponentialPolynomials, left: Fractions, right: Fractions) -> Fractions:
    return add_fractions(ring, left, _negative(right))
