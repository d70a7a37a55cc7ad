"""Exact scalars against mpmath at 50 digits, SymPy, and the laws of fields and of exponentials."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings

from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.exact import Exact, ExactField
from tests.namespaces.formulas import (
    CONSTANTS,
    FIELD,
    NAMES,
    OPERATIONS,
    E,
    Formula,
    X,
    Y,
    Z,
    at_50_digits,
    evaluated,
    exactly,
    formulas,
    interpret,
    points,
    polynomials,
)


@settings(deadline=None, max_examples=200)
@given(formulas, points)
def test_values_agree_with_mpmath(formula: Formula, point: dict[str, Fraction]) -> None:
    scalar = exactly(formula)
    expected = at_50_digits(formula, point)
    value = evaluated(scalar, point)
    # mpmath's 50 digits, less what cancels where divisors are as small as 1e-9 several times over.
    if abs(expected) > 1e-12:
        assert math.isclose(value.to_float(), expected, rel_tol=1e-15)
        assert value.sign() == mpmath.sign(expected)
        assert not scalar.is_zero()
    else:
        assert abs(value.to_float()) < 2e-12


@settings(deadline=None, max_examples=100)
@given(formulas, points)
def test_text_means_the_same_to_sympy(formula: Formula, point: dict[str, Fraction]) -> None:
    scalar = exactly(formula)
    value = evaluated(scalar, point).to_float()
    parsed = sympy.sympify(str(scalar), rational=True)
    values = {name: sympy.Rational(number.numerator, number.denominator) for name, number in point.items()}
    reread = parsed.subs(values).evalf(30)
    assert math.isclose(reread, value, rel_tol=1e-14, abs_tol=1e-14)


@settings(deadline=None, max_examples=150)
@given(formulas, formulas, formulas)
def test_field_laws(a: Formula, b: Formula, c: Formula) -> None:
    p, q, r = exactly(a), exactly(b), exactly(c)
    assert ((p + q) - (q + p)).is_zero()
    assert ((p * q) - (q * p)).is_zero()
    assert (((p + q) + r) - (p + (q + r))).is_zero()
    assert (((p * q) * r) - (p * (q * r))).is_zero()
    assert (p * (q + r) - (p * q + p * r)).is_zero()
    assert (p - p).is_zero()
    assert (p + (-p)).is_zero()
    assert (p * 1 - p).is_zero()
    assert (p * 0).is_zero()
    if not r.is_zero():
        assert (r / r - 1).is_zero()
        assert ((p / r) * r - p).is_zero()
        assert ((p + q) / r - p / r - q / r).is_zero()
        assert (r**-2 * r**2 - 1).is_zero()
        assert not (p / r - p / r + 1).is_zero()


@settings(deadline=None, max_examples=100)
@given(polynomials, polynomials)
def test_exponentials_turn_sums_into_products(a: Formula, b: Formula) -> None:
    p, q = exactly(a), exactly(b)
    assert (p.exp() * q.exp() - (p + q).exp()).is_zero()
    assert (p.exp() / q.exp() - (p - q).exp()).is_zero()
    assert (p.exp() ** 3 - (3 * p).exp()).is_zero()
    assert (p.exp() - q.exp()).is_zero() == (p - q).is_zero()


@settings(deadline=None, max_examples=30)
@given(formulas, formulas)
def test_zero_test_agrees_with_sympy(a: Formula, b: Formula) -> None:
    """SymPy expands the numerator over its own common denominator, with exponentials of sums split."""
    difference = ("-", ("*", ("+", a, b), ("-", a, b)), ("-", ("*", a, a), ("*", b, b)))
    for formula in (difference, a, b):
        scalar = exactly(formula)
        expression = interpret(
            formula, sympy.Symbol, lambda f: sympy.Rational(f.numerator, f.denominator), sympy.exp
        )
        numerator = sympy.fraction(sympy.together(expression))[0]
        expanded = sympy.powsimp(sympy.expand(numerator), combine="exp")
        assert scalar.is_zero() == (sympy.expand(expanded) == 0)


ZEROS = {
    "exponents add": X.exp() * X.exp() - (2 * X).exp(),
    "difference of squares": (X.exp() + 1) / ((2 * X).exp() - 1) - 1 / (X.exp() - 1),
    "atoms with a common factor": 1 / (X * X - 1) - (1 / (X - 1) - 1 / (X + 1)) / 2,
    "softmax row sums to 1": sum((s.exp() / (X.exp() + Y.exp() + Z.exp()) for s in (X, Y, Z)), start=0 * X)
    - 1,
    "softmax is invariant to shifts": (X + Z).exp() / ((X + Z).exp() + (Y + Z).exp())
    - X.exp() / (X.exp() + Y.exp()),
    "several denominators": (X.exp() / (1 + X.exp()) + 1 / (1 + X.exp())) * (Y / (Y + Z) + Z / (Y + Z)) - 1,
    "constants in exponents": (X + Fraction(1, 2)).exp() * (X + Fraction(1, 2)).exp() / (2 * X).exp()
    - FIELD.constant(1).exp(),
    "compound fraction": 1 / (1 / X + 1 / Y) - X * Y / (X + Y),
    "divided by a ratio of softmax entries": (X.exp() / (X.exp() + 1)) / (1 / (X.exp() + 1)) - X.exp(),
    # The ball at the test point says nothing where a denominator vanishes there.
    "denominator 0 at the test point": (X + Fraction(33, 34)) / (X + Fraction(33, 34)) - 1,
}


@pytest.mark.parametrize("name", ZEROS)
def test_zero(name: str) -> None:
    assert ZEROS[name].is_zero()
    assert ZEROS[name].is_nonnegative() is True


@pytest.mark.timeout(10)
def test_what_cancels_row_by_row_is_not_expanded_together() -> None:
    """Each row has two denominators; over the 48 of all rows a numerator would have 2^48 terms."""
    rows = [f"x{i}" for i in range(24)]
    field = ExactField(rows)
    total = field.constant(0)
    for name in rows:
        power = field.variable(name).exp()
        a, b = 1 / (power + 1), 1 / (power + 2)
        total = total + a * b - a + b
    assert total.is_zero()
    assert (total + field.variable("x0") - field.variable("x1")).is_nonnegative() is None


TINY = Fraction(1, 10**60)
NONZEROS = {
    "first-order Taylor": CONSTANTS.constant(Fraction(1, 10**6)).exp() - 1 - Fraction(1, 10**6),
    # 5e-121: undecided by the ball of the zero test, so the expansion answers.
    "far below the ball's precision": CONSTANTS.constant(TINY).exp() - 1 - TINY,
    "the same, with denominators": 1 / (CONSTANTS.constant(TINY).exp() - TINY) - 1 + TINY**2,
    "exponentials that differ by a constant": (X + 1).exp() - X.exp() * Fraction(math.e),
    "an exponential with a polynomial factor": X * Y.exp() - (X * Y).exp(),
    "0 at the test point": X + Fraction(33, 34),
    "not defined at the test point": 1 / (X + Fraction(33, 34)) + X,
}


@pytest.mark.parametrize("name", NONZEROS)
def test_nonzero(name: str) -> None:
    assert not NONZEROS[name].is_zero()
    assert not (NONZEROS[name] * X.exp() if NONZEROS[name].field is FIELD else NONZEROS[name] * E).is_zero()


# Signs and floats


@pytest.mark.parametrize("exponent", [Fraction(22, 7), Fraction(1), Fraction(-5, 3), Fraction(1, 97)])
def test_sign_of_exp_minus_its_convergents(exponent: Fraction) -> None:
    """Convergents lie below and above in turn, each nearer by the square of its denominator."""
    power = CONSTANTS.constant(exponent).exp()
    with mpmath.workdps(400):
        convergents = list(convergents_of(mpmath.exp(mpmath.mpf(exponent.numerator) / exponent.denominator)))
    assert convergents[-1].denominator > 10**50
    for index, convergent in enumerate(convergents):
        difference = power - convergent
        assert difference.sign() == (-1) ** index
        assert (-difference).sign() == -((-1) ** index)
        assert difference.is_nonnegative() is (index % 2 == 0)
        assert abs(difference.to_float()) < 1 / convergent.denominator**2


def convergents_of(value: Any) -> Iterator[Fraction]:
    previous, current = (0, 1), (1, 0)
    while current[1] < 10**50:
        whole = int(mpmath.floor(value))
        previous, current = current, (whole * current[0] + previous[0], whole * current[1] + previous[1])
        yield Fraction(*current)
        value = 1 / (value - whole)


def test_sign_of_simple_constants() -> None:
    assert CONSTANTS.constant(0).sign() == 0
    assert CONSTANTS.constant(Fraction(-1, 3)).sign() == -1
    assert (E / (1 + E) - Fraction(1, 2)).sign() == 1
    assert (1 / (1 - E)).sign() == -1
    assert ((E**2 - 1) / (E - 1) - E - 1).sign() == 0
    huge = CONSTANTS.constant(10**40)
    assert (huge.exp() - (huge - 1).exp() * 2).sign() == 1
    assert (1 - (-huge).exp()).sign() == 1


@pytest.mark.parametrize("value", [0, 1, -7, Fraction(1, 3), Fraction(-2, 10**9), 0.1, -1e-300, 2.0**70])
def test_rational_to_float_is_the_nearest(value: float | Fraction) -> None:
    assert CONSTANTS.constant(value).to_float() == float(value)


def test_to_float_of_constants() -> None:
    assert E.to_float() == math.e
    assert ((1 + E) / (2 + 2 * E)).to_float() == 0.5
    assert ((E - Fraction(math.e)) * 10**20).to_float() == pytest.approx(14456.468917292502, rel=1e-14)
    with mpmath.workdps(50):
        assert (E - Fraction(27182818, 10**7)).to_float() == float(mpmath.e - mpmath.mpf(27182818) / 10**7)
    assert (E**-2000).to_float() == 0.0
    huge = CONSTANTS.constant(10**40)
    assert (huge.exp() / ((huge - 1).exp() + huge)).to_float() == math.e
    with pytest.raises(OverflowError, match=r"to_float of exp\(2000\)"):
        (E**2000).to_float()


def test_flint_precision_is_put_back() -> None:
    before = flint.ctx.prec
    (CONSTANTS.constant(TINY).exp() - 1 - TINY).sign()
    E.to_float()
    with pytest.raises(OverflowError):
        (E**2000).to_float()
    assert flint.ctx.prec == before


@pytest.mark.parametrize("method", ["sign", "to_float"])
def test_variables_have_no_sign_and_no_float(method: str) -> None:
    with pytest.raises(OutsideCalculusError, match=f"{method} of x .*, but x, y occurs"):
        getattr(X + Y.exp(), method)()
    assert getattr(X - X + 2, method)() in (1, 2.0)


# Certificates

CERTIFIED = {
    "even power": X**2,
    "positive variable": Z,
    "exponential": X.exp(),
    "sum over sum": (X**2 + Z * Y.exp()) / (1 + X.exp()),
    "both negative": (-(X**2) - 1) / (-1 - Y.exp()),
    "even power of a denominator": X**2 / (X - 1) / (X - 1),
    "decided constant": (FIELD.constant(1).exp() - Fraction(27, 10)) * X**2 * Y.exp(),
    "constant in an exponent": (X + 1).exp() - 2 * X.exp(),
    "denominator with a decided constant": X**2 / (FIELD.constant(1).exp() * Y**2 - 2 * Y**2 + 1),
    "cancellation over the common denominator": 1 / (1 + X.exp()) - 1 / (2 + X.exp()),
}


@pytest.mark.parametrize("name", CERTIFIED)
@settings(deadline=None, max_examples=10)
@given(point=points)
def test_certified_nonnegative(name: str, point: dict[str, Fraction]) -> None:
    assert CERTIFIED[name].is_nonnegative() is True
    positive = point | {"z": abs(point["z"])}
    assert evaluated(CERTIFIED[name], positive).sign() >= 0


@pytest.mark.parametrize(
    "scalar",
    [
        X,
        -Z,
        X**2 - 2 * X * Y + Y**2,
        X.exp() - 1,
        1 / X,
        1 / (Y - 1),
        -(X**2),
        (X + 1).exp() - 3 * X.exp(),
        Z - 1,
        X * Y,
    ],
    ids=str,
)
def test_no_certificate(scalar: Exact) -> None:
    assert scalar.is_nonnegative() is None


def test_constants_are_decided() -> None:
    assert (E - 2).is_nonnegative() is True
    assert (E - 3).is_nonnegative() is False
    assert (X - X).is_nonnegative() is True


# Texts, variables, substitution


@pytest.mark.parametrize(
    ("scalar", "text"),
    [
        (E / (1 + E) - Fraction(1, 2), "exp(1)/(1 + exp(1)) - 1/2"),
        (CONSTANTS.constant(0), "0"),
        (CONSTANTS.constant(-0.5), "-1/2"),
        (1 / (2 * E), "1/2*exp(-1)"),
        (-X.exp(), "-exp(x)"),
        (X**2 * Y - Fraction(1, 3), "x^2*y - 1/3"),
        ((X + 1) * X.exp(), "(x + 1)*exp(x)"),
        (1 / X**2 / Y, "1/(x^2*y)"),
        (1 / (X.exp() + Y.exp()) / (X.exp() + Y.exp()), "1/(exp(x) + exp(y))^2"),
        ((1 - X) / (Y - 1), "(-x + 1)/(y - 1)"),
        (Y / X - 1 / X.exp(), "y/x - exp(-x)"),
        ((X + Z).exp() / ((X + Z).exp() + (Y + Z).exp()), "exp(x)/(exp(x) + exp(y))"),
    ],
    ids=lambda value: None if isinstance(value, Exact) else value,
)
def test_text(scalar: Exact, text: str) -> None:
    assert str(scalar) == text
    assert repr(scalar) == f"<Exact {text}>"


def test_text_does_not_depend_on_the_order_of_making() -> None:
    def make(reverse: bool) -> str:
        field = ExactField(NAMES)
        x, y, z = (field.variable(name) for name in NAMES)
        summands: list[Callable[[], Exact]] = [
            lambda: x.exp() / (1 + y.exp()),
            lambda: z / (x * y.exp() + 1),
            lambda: 1 / (x.exp() - 2 * y.exp()),
            lambda: y.exp() * x,
            lambda: x,
        ]
        total = field.constant(0)
        for summand in reversed(summands) if reverse else summands:
            total = total + summand()
        return str(total)

    assert make(reverse=True) == make(reverse=False)


def test_variables_that_occur() -> None:
    assert FIELD.constant(3).variables() == frozenset()
    assert E.variables() == frozenset()
    assert (X - X).variables() == frozenset()
    assert (X / X).variables() == {"x"}
    assert (X.exp() / (1 + (Y * Z).exp())).variables() == {"x", "y", "z"}


def test_evaluate() -> None:
    scalar = X.exp() / (Y + X.exp())
    value = scalar.evaluate({"x": 1, "y": Fraction(1, 2)})
    assert str(value) == "2*exp(1)/(1 + 2*exp(1))"
    assert value.field is FIELD.constants
    assert (value - scalar.evaluate({"x": 1, "y": 0.5, "z": 0})).is_zero()
    assert scalar.evaluate({"x": 1, "y": 2}, CONSTANTS).field is CONSTANTS
    assert (E.evaluate({}) - E).is_zero()
    with pytest.raises(ValueError, match=r"expected values of \['y'\] too"):
        scalar.evaluate({"x": 1})
    with pytest.raises(ValueError, match=r"point has \['w'\]"):
        scalar.evaluate({"x": 1, "y": 1, "w": 1})
    with pytest.raises(ZeroDivisionError, match=r"expected y \+ exp\(x\) not to vanish"):
        scalar.evaluate({"x": 0, "y": -1})


# Operands, arrays, errors


@pytest.mark.parametrize(
    "number",
    [3, -2, Fraction(3, 7), 0.1, np.int64(5), np.uint8(200), np.float64(0.75), np.float32(0.1), True],
)
def test_numbers_are_operands_at_their_exact_value(number: Any) -> None:
    value = Fraction(int(number)) if isinstance(number, np.integer) else Fraction(*number.as_integer_ratio())
    for operation in OPERATIONS.values():
        assert str(operation(E, number)) == str(operation(E, CONSTANTS.constant(value)))
        assert str(operation(number, E)) == str(operation(CONSTANTS.constant(value), E))


def test_powers() -> None:
    assert str((X + 1) ** 3) == "x^3 + 3*x^2 + 3*x + 1"
    assert str((0 * X) ** 0) == "1"
    assert (X ** np.int64(-3) * X**3 - 1).is_zero()
    with pytest.raises(ZeroDivisionError):
        (0 * X) ** -1
    with pytest.raises(TypeError):
        X**0.5  # type: ignore[operator]


def test_object_arrays() -> None:
    x: Any = X
    a = np.array([[X, Y], [Z, X.exp()]], dtype=object)
    b = np.array([[1, 2], [3, 4]])
    for product in (a * x, x * a):
        assert all((p - q * X).is_zero() for p, q in zip(product.flat, a.flat, strict=True))
    assert all((p - q * X).is_zero() for p, q in zip((x * b).flat, b.flat, strict=True))
    assert all((p - (X - q)).is_zero() for p, q in zip((x - b).flat, b.flat, strict=True))
    assert all((p - q / Y).is_zero() for p, q in zip((b.astype(float) / Y).flat, b.flat, strict=True))
    assert ((a @ a)[0, 1] - (X * Y + Y * X.exp())).is_zero()
    assert ((a @ b)[1, 0] - (Z + 3 * X.exp())).is_zero()
    assert (a.sum() - (X + Y + Z + X.exp())).is_zero()
    assert (np.exp(a[:1])[0, 1] - Y.exp()).is_zero()


@pytest.mark.parametrize("scalar", [1 / X, X.exp(), X / X, X + Y.exp(), X.exp() / (1 + X.exp())], ids=str)
def test_exp_of_what_is_no_polynomial(scalar: Exact) -> None:
    with pytest.raises(OutsideCalculusError, match="expected a polynomial"):
        scalar.exp()


def test_exp_of_constants() -> None:
    assert str((X - X).exp()) == "1"
    assert str((X.exp() * (-X).exp() * Y).exp()) == "exp(y)"  # a polynomial once the exponents are added


@pytest.mark.parametrize(
    "zero",
    [X - X, X.exp() * X.exp() - (2 * X).exp(), 1 / (X + 1) + 1 / (X - 1) - 2 * X / (X * X - 1)],
    ids=str,
)
def test_division_by_zero(zero: Exact) -> None:
    with pytest.raises(ZeroDivisionError, match="expected a scalar that is not 0"):
        X / zero
    with pytest.raises(ZeroDivisionError):
        1 / zero


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_must_be_finite(value: float) -> None:
    with pytest.raises(ValueError, match="expected a finite number"):
        FIELD.constant(value)
    with pytest.raises(ValueError, match="expected a finite number"):
        X + value


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match="expected an integer, a Fraction or a float"):
        FIELD.constant("1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="scalars of one field"):
        X + E
    with pytest.raises(TypeError):
        X + "1"  # type: ignore[operator]
    with pytest.raises(TypeError):
        abs(X)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"name='w': expected one of the variables \('x', 'y', 'z'\)"):
        FIELD.variable("w")
    with pytest.raises(ValueError, match="expected distinct names"):
        ExactField(["x", "x"])
    with pytest.raises(ValueError, match=r"positive=\['w'\]"):
        ExactField(["x"], positive=["w"])
