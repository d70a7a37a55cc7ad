"""Duals against mpmath's numerical derivatives, running error bounds against 60 digits."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.scalars import UNIT_ROUNDOFF, Dual, Running, fresh_tag, scalar_exp
from tests.helpers import OPERATIONS, Formula, interpret, mpf

DIGITS = 60
rationals = st.fractions(-3, 3, max_denominator=50)
values = st.fractions(-2, 2, max_denominator=1000)


def formulas(*names: str) -> st.SearchStrategy[Formula]:
    return st.recursive(
        st.one_of(st.sampled_from(names), rationals),
        lambda inner: st.one_of(
            st.tuples(st.sampled_from("+-*/"), inner, inner),
            st.tuples(st.sampled_from(["exp", "^0", "^1", "^2", "^3"]), inner),
        ),
        max_leaves=8,
    )


def guarded_at(formula: Formula, point: dict[str, Any]) -> Any:
    """The formula by mpmath.

    Examples that divide by a small number or leave moderate sizes are given up.
    """
    if isinstance(formula, str):
        return point[formula]
    if isinstance(formula, Fraction):
        return mpf(formula)
    operation, *operands = formula
    left, *right = [guarded_at(operand, point) for operand in operands]
    if operation == "/":
        assume(abs(right[0]) > mpmath.mpf("0.01"))
    if operation == "exp":
        assume(abs(left) < 5)
    result = interpret(
        (operation, *"lr"[: len(operands)]), dict(zip("lr", (left, *right), strict=False)), mpf, mpmath.exp
    )
    assume(abs(result) < 1000)
    return result


def derivative(function: Callable[[Any], Any], at: Any) -> Any:
    tag = fresh_tag()
    result = function(Dual(tag, at, 1))
    return result.tangent if isinstance(result, Dual) and result.tag == tag else 0


# Sizes stay below 1e3 and divisors above 1e-2, so each of at most 15 operations costs at most
# 5 digits in a first and 10 in a second derivative in the worst case; typical loss is far less, and
# the formulas are given up where 60 digits do not leave 25.
TOLERANCE = mpmath.mpf(10) ** -25


@settings(max_examples=100, deadline=None)
@given(formulas("x"), values)
def test_dual_is_the_derivative(formula: Formula, x: Fraction) -> None:
    with mpmath.workdps(DIGITS):
        guarded_at(formula, {"x": mpf(x)})

        def function(t: Any) -> Any:
            return interpret(formula, {"x": t}, mpf, scalar_exp)

        expected = mpmath.diff(function, mpf(x))
        assert abs(derivative(function, mpf(x)) - expected) <= TOLERANCE * (1 + abs(expected))


@settings(max_examples=60, deadline=None)
@given(formulas("x"), values)
def test_nested_dual_is_the_second_derivative(formula: Formula, x: Fraction) -> None:
    with mpmath.workdps(DIGITS):
        guarded_at(formula, {"x": mpf(x)})

        def function(t: Any) -> Any:
            return interpret(formula, {"x": t}, mpf, scalar_exp)

        expected = mpmath.diff(function, mpf(x), 2)
        found = derivative(lambda t: derivative(function, t), mpf(x))
        assert abs(found - expected) <= TOLERANCE * (1 + abs(expected))


@settings(max_examples=40, deadline=None)
@given(formulas("x", "y"), values, values)
def test_mixed_derivatives(formula: Formula, x: Fraction, y: Fraction) -> None:
    with mpmath.workdps(DIGITS):
        guarded_at(formula, {"x": mpf(x), "y": mpf(y)})

        def function(s: Any, t: Any) -> Any:
            return interpret(formula, {"x": s, "y": t}, mpf, scalar_exp)

        expected = mpmath.diff(function, (mpf(x), mpf(y)), (1, 1))
        for found in (
            derivative(lambda s: derivative(lambda t: function(s, t), mpf(y)), mpf(x)),
            derivative(lambda t: derivative(lambda s: function(s, t), mpf(x)), mpf(y)),
        ):
            assert abs(found - expected) <= TOLERANCE * (1 + abs(expected))


def test_perturbations_are_not_confused() -> None:
    """The standard example: d/dx [x · d/dy (x + y)] is 1; one ε for both derivatives makes it 2."""
    assert derivative(lambda x: x * derivative(lambda y: x + y, Fraction(1)), Fraction(1)) == 1
    # d/dx [x · d/dy (x y)] = 2x, and the inner variable shadowed by an outer value.
    assert derivative(lambda x: x * derivative(lambda y: x * y, Fraction(5)), Fraction(3)) == 6
    assert derivative(lambda x: derivative(lambda y: y * y * y, x), Fraction(2)) == 12


MIXED: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "a+b": (operator.add, lambda a, b: 0),
    "a-b": (operator.sub, lambda a, b: 0),
    "a*b": (operator.mul, lambda a, b: 1),
    "a/b": (operator.truediv, lambda a, b: -1 / b**2),
    "b/a": (lambda a, b: b / a, lambda a, b: -1 / a**2),
    "b-a": (lambda a, b: b - a, lambda a, b: 0),
}


@pytest.mark.parametrize("name", MIXED)
def test_operations_between_two_differentiations(name: str) -> None:
    function, second = MIXED[name]
    a, b = Fraction(3), Fraction(-2)
    assert derivative(lambda x: derivative(lambda y: function(x, y), b), a) == second(a, b)
    assert derivative(lambda y: derivative(lambda x: function(x, y), a), b) == second(a, b)


@pytest.mark.parametrize("scalar", [Fraction(3, 2), 1.5, Running(1.5), ExactField().constant(Fraction(3, 2))])
def test_numbers_on_either_side(scalar: Any) -> None:
    expected = {
        "2+x": 1,
        "2-x": -1,
        "2*x": 2,
        "2/x": Fraction(-8, 9),
        "x+2": 1,
        "x-2": 1,
        "x*2": 2,
        "x/2": Fraction(1, 2),
    }
    for text, slope in expected.items():
        left, operation, right = text
        found = derivative(
            lambda x, left=left, right=right, operation=operation: OPERATIONS[operation](
                x if left == "x" else 2, x if right == "x" else 2
            ),
            scalar,
        )
        found = derivative(lambda x, slope=found: x * slope, scalar) if not isinstance(found, int) else found
        number = found.to_float() if hasattr(found, "to_float") else float(found)
        # The value is one of few roundings, each of relative size 2^-53.
        assert abs(number - float(slope)) <= 4 * UNIT_ROUNDOFF


def test_numpy_object_arrays_of_duals() -> None:
    tag = fresh_tag()
    x = np.array([Dual(tag, 2.0, 1), Dual(tag, 3.0, 0)], dtype=object)
    product = np.array([5.0, 7.0]) @ x
    assert (product.value, product.tangent) == (31.0, 5.0)


def test_a_void_tangent_stays_void() -> None:
    tag = fresh_tag()
    x = Dual(tag, Fraction(3), 0)
    for result in (x + 1, 1 - x, x * x, x / 2, 2 / x, x**3, -x):
        assert result.tangent == 0
        assert type(result.tangent) is int


def test_powers() -> None:
    assert derivative(lambda x: x**0, Fraction(0)) == 0
    assert derivative(lambda x: x**1, Fraction(0)) == 1
    assert derivative(lambda x: x**-2, Fraction(2)) == Fraction(-1, 4)
    assert derivative(lambda x: x**-1, 2.0) == -0.25


def test_exp_of_each_scalar() -> None:
    e = math.e
    assert scalar_exp(1.0) == e
    assert scalar_exp(1j * math.pi).real == -1.0
    with mpmath.workdps(40):
        assert abs(scalar_exp(mpmath.mpf(1)) - mpmath.e) < mpmath.mpf(10) ** -38
        assert isinstance(scalar_exp(mpmath.mpc(0, 1)), mpmath.mpc)
    assert scalar_exp(sympy.Integer(1)) == sympy.E
    assert scalar_exp(ExactField().constant(1)).to_float() == e
    assert scalar_exp(Running(1.0)).value == e
    with pytest.raises(TypeError, match="Fraction"):
        scalar_exp(Fraction(1))


# --- running error bounds --------------------------------------------------------------------


def true_error(formula: Formula, point: dict[str, Fraction]) -> tuple[Running, Any]:
    """The formula as a Running and the absolute error of its value; for 60 digits."""
    result = Running.of(
        interpret(formula, {k: Running.of(v) for k, v in point.items()}, Running.of, scalar_exp)
    )
    true = interpret(formula, {k: mpf(v) for k, v in point.items()}, mpf, mpmath.exp)
    return result, abs(mpmath.mpf(result.value) - true)


# Sums, products and quotients are bounded rigorously, and so is exp if the library's is within two
# units in the last place; what is left is the rounding of the bound itself, a few 2^-53 of it.
SECOND_ORDER = 1 + 1e-12


@settings(max_examples=300, deadline=None)
@given(formulas("x", "y"), st.fractions(-3, 3), st.fractions(-3, 3))
def test_the_bound_bounds_the_error(formula: Formula, x: Fraction, y: Fraction) -> None:
    with mpmath.workdps(DIGITS):
        try:
            result, error = true_error(formula, {"x": x, "y": y})
        except (ZeroDivisionError, OverflowError):
            assume(False)
        assume(math.isfinite(result.value))
        # 60 digits are as good as exact only for what does not cancel beyond them.
        noise = mpmath.mpf(10) ** -40 * (1 + abs(result.value))
        assert error <= result.error * SECOND_ORDER + noise


@settings(max_examples=200, deadline=None)
@given(st.lists(st.fractions(-100, 100), min_size=1, max_size=30))
def test_the_bound_of_a_sum_against_fractions(numbers: list[Fraction]) -> None:
    total, exact = Running(0.0), Fraction(0)
    for number in numbers:
        total, exact = total + Running.of(number), exact + number
    assert abs(Fraction(total.value) - exact) <= Fraction(total.error) * Fraction(SECOND_ORDER)


def test_the_bound_is_not_idle() -> None:
    """Cancellation shows: (1 + 1e-9) − 1 has lost nine digits, and the bound says so without excess."""
    x = Running.of(Fraction(1) + Fraction(1, 10**9)) - 1
    error = abs(Fraction(x.value) - Fraction(1, 10**9))
    assert 0 < error <= Fraction(x.error)
    assert x.error < 4 * UNIT_ROUNDOFF
    assert Running.of(0.5).error == 0.0
    assert Running.of(Fraction(1, 3)).error == pytest.approx(UNIT_ROUNDOFF / 3)


def test_a_divisor_that_may_be_zero_has_no_bound() -> None:
    assert (1 / Running(1e-20, 1e-19)).error == math.inf


def test_underflow_is_not_called_exact() -> None:
    with mpmath.workdps(DIGITS):
        tiny = Running.of(Fraction(1, 10**200))
        assert abs(mpmath.mpf((tiny * tiny).value) - mpmath.mpf(10) ** -400) <= (tiny * tiny).error
        assert abs(mpmath.mpf((tiny / 10**200).value) - mpmath.mpf(10) ** -400) <= (tiny / 10**200).error
        small = Running(-800.0).exp()
        assert abs(mpmath.mpf(small.value) - mpmath.exp(-800)) <= small.error


@pytest.mark.parametrize("error", [650.0, math.inf])
@pytest.mark.parametrize("value", [-1000.0, 1.0])
def test_exp_of_an_unbounded_argument_is_unbounded(value: float, error: float) -> None:
    assert Running(value, error).exp().error == math.inf


def test_an_overflow_is_never_a_bound() -> None:
    huge = Running(1e200) * Running(1e200)
    for result in (huge, huge * 1, huge * 0, 0 * huge, huge - huge, huge + 1, 1 / huge, huge / 3):
        # NaN would compare as if the error were no larger than anything.
        assert result.error == math.inf or math.isnan(result.value)
        assert not math.isnan(result.error)


def test_running_and_others() -> None:
    assert float(3 - Running(1.0)) == 2.0
    assert (Running(2.0) ** 3).value == 8.0
    assert (Running(2.0) ** 0).value == 1.0
    assert (Running(2.0) ** -3).value == 0.125
    with pytest.raises(TypeError):
        _ = Running(2.0) ** 0.5  # type: ignore[operator]
    for operation in OPERATIONS.values():
        with pytest.raises(TypeError):
            operation(Running(1.0), "1")
