"""A loss and a gradient that are expressions of SymPy, evaluated with any number of digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from proofcheck.errors import UserInputError
from proofcheck.gradcheck.extended import Numbers
from proofcheck.gradcheck.libraries import SympyLibrary
from proofcheck.gradcheck.result import Agreement, Finding, FindingKind

__all__ = ["from_expressions"]

_DIGITS = 20


def from_expressions(
    loss: Any, grad: Any, inputs: Any
) -> tuple[Callable[..., Any], Callable[..., Any], dict[str, float], SympyLibrary, list[Finding]]:
    """Functions of named numbers in place of expressions, and what SymPy itself says.

    Args:
        loss: an expression.
        grad: by symbol (or its name), an expression.
        inputs: by symbol (or its name), a number.

    Raises:
        UserInputError: not expressions, not by symbol, or with symbols that have no number.
    """
    values = _by_name("inputs", inputs)
    expressions = {name: sympy.sympify(one) for name, one in _by_name("grad", grad).items()}
    if set(expressions) != set(values):
        raise UserInputError(
            f"grad has the symbols {', '.join(expressions)}; expected {', '.join(values)}, as the inputs have"
        )
    numbers = {}
    for name, value in values.items():
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError) as error:
            raise UserInputError(f"inputs[{name}] is {value!r}; expected a number") from error
    symbols = {str(one): one for one in loss.free_symbols}
    for role, one in (("loss", loss), *(("grad", one) for one in expressions.values())):
        free = sorted(str(symbol) for symbol in one.free_symbols if str(symbol) not in values)
        if free:
            raise UserInputError(f"{role} has the symbol {free[0]}, for which inputs has no number; add it")
        symbols |= {str(symbol): symbol for symbol in one.free_symbols}
    findings = [
        _symbolic(name, sympy.diff(loss, symbols[name]) if name in symbols else sympy.S.Zero, one)
        for name, one in expressions.items()
    ]
    return _evaluated(loss), _evaluated(expressions), numbers, SympyLibrary(), findings


def _by_name(what: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not given:
        raise UserInputError(
            f"{what} is a {type(given).__name__}; for an expression, expected a dict by symbol"
        )
    return {str(key): value for key, value in given.items()}


def _symbolic(name: str, derivative: Any, alleged: Any) -> Finding:
    """Whether SymPy finds the two equal; that it does not, shows nothing."""
    if (derivative - alleged).equals(0):
        text = f"d/d{name}: SymPy finds derivative and gradient equal for all values"
        return Finding(FindingKind.SYMBOLIC, Agreement.AGREES, text, level="sympy", place=name)
    text = f"d/d{name}: SymPy does not find derivative and gradient equal"
    return Finding(FindingKind.SYMBOLIC, Agreement.NOTE, text, level="sympy", place=name)


def _evaluated(what: Any) -> Callable[..., Any]:
    def number(expression: Any, numbers: Numbers | None, values: Mapping[str, Any]) -> Any:
        digits = _DIGITS if numbers is None else numbers.digits
        exact = {
            symbol: sympy.Float(float(values[str(symbol)]), digits)
            if numbers is None
            else sympy.Float._new(values[str(symbol)]._mpf_, numbers.bits)
            for symbol in expression.free_symbols
        }
        value = expression.evalf(digits, subs=exact)
        if not value.is_real:
            return float("nan")
        return float(value) if numbers is None else numbers.from_parts(sympy.Float(value, digits)._mpf_)

    def evaluate(numbers: Numbers | None, **values: Any) -> Any:
        if isinstance(what, dict):
            return {name: number(one, numbers, values) for name, one in what.items()}
        return number(what, numbers, values)

    return evaluate
