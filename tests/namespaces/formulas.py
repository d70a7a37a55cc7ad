"""Formulas as trees, and the number systems that interpret them: exact scalars and mpmath."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
from hypothesis import assume
from hypothesis import strategies as st

from proofcheck.namespaces.exact import Exact, ExactField

NAMES = ("x", "y", "z")
FIELD = ExactField(NAMES, positive=["z"])
X, Y, Z = (FIELD.variable(name) for name in NAMES)
CONSTANTS = ExactField()
ONE = CONSTANTS.constant(1)
E = ONE.exp()

OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}

# A formula is a tree, interpreted by each arithmetic: what is under test, mpmath and SymPy.
Formula = Any

rationals = st.fractions(-3, 3, max_denominator=6)
atoms = st.one_of(st.sampled_from(NAMES), rationals)
polynomials = st.recursive(atoms, lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner), max_leaves=4)
formulas = st.recursive(
    st.one_of(atoms, st.tuples(st.just("exp"), polynomials)),
    lambda inner: st.tuples(st.sampled_from("+-*/"), inner, inner),
    max_leaves=6,
)
points = st.fixed_dictionaries({name: st.fractions(-2, 2, max_denominator=20) for name in NAMES})


def interpret(
    formula: Formula,
    variable: Callable[[str], Any],
    number: Callable[[Fraction], Any],
    exp: Callable[[Any], Any],
) -> Any:
    if isinstance(formula, str):
        return variable(formula)
    if isinstance(formula, Fraction):
        return number(formula)
    operation, *operands = formula
    values = [interpret(operand, variable, number, exp) for operand in operands]
    return exp(*values) if operation == "exp" else OPERATIONS[operation](*values)


def exactly(formula: Formula) -> Exact:
    """The formula in FIELD; an example that divides by 0 is given up."""
    try:
        result = interpret(formula, FIELD.variable, FIELD.constant, lambda a: a.exp())
    except ZeroDivisionError:
        assume(False)
    assert isinstance(result, Exact)
    return result


def at_50_digits(formula: Formula, point: dict[str, Fraction]) -> Any:
    """The formula by mpmath; an example that divides by (nearly) 0 is given up."""

    def number(value: Fraction) -> Any:
        return mpmath.mpf(value.numerator) / value.denominator

    def evaluate(formula: Formula) -> Any:
        if isinstance(formula, tuple) and formula[0] == "/":
            numerator, denominator = evaluate(formula[1]), evaluate(formula[2])
            assume(abs(denominator) > 1e-9)
            return numerator / denominator
        if isinstance(formula, tuple):
            values = [evaluate(operand) for operand in formula[1:]]
            return mpmath.exp(*values) if formula[0] == "exp" else OPERATIONS[formula[0]](*values)
        return number(point[formula] if isinstance(formula, str) else formula)

    with mpmath.workdps(50):
        return evaluate(formula)


def evaluated(scalar: Exact, point: dict[str, Fraction]) -> Exact:
    """The value in a field of its own; an example where a denominator vanishes is given up."""
    try:
        return scalar.evaluate(point, ExactField())
    except ZeroDivisionError:
        assume(False)
        raise
