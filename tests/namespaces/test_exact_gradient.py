"""Exact scalars at the job they are for: the gradient of an attention loss, by duals and in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from proofcheck.namespaces.exact import Exact, ExactField


class Dual:
    """a + b·ε with ε² = 0, just enough for a softmax."""

    def __init__(self, value: Any, tangent: Any) -> None:
        self.value, self.tangent = value, tangent

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, self.tangent + other.tangent)

    def __sub__(self, other: Exact) -> Dual:
        return Dual(self.value - other, self.tangent)

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.value * other.tangent + self.tangent * other.value)
        return Dual(self.value * other, self.tangent * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Dual) -> Dual:
        quotient = self.value / other.value
        return Dual(quotient, (self.tangent - quotient * other.tangent) / other.value)

    def exp(self) -> Dual:
        power = self.value.exp()
        return Dual(power, power * self.tangent)


def attention_loss_gradient(n: int, d: int) -> tuple[Exact, Exact, Exact, Callable[..., Any]]:
    """∂/∂X_11 of ½‖softmax(A1 X A2ᵀ) A3 Y − E‖² by duals, as A1ᵀ p A2, and with a sign in p flipped.

    Last the loss by SymPy at values of the variables, as a function of X_11.
    """
    shapes = {"A": (n, d), "B": (n, d), "X": (d, d), "C": (n, d), "Y": (d, d), "E": (n, d)}
    names = {key: [[f"{key}{i}{j}" for j in range(s[1])] for i in range(s[0])] for key, s in shapes.items()}
    field = ExactField([name for rows in names.values() for row in rows for name in row])
    a1, a2, x, a3, y, e = (
        np.array([[field.variable(name) for name in row] for row in rows], dtype=object)
        for rows in names.values()
    )

    def softmax(scores: Any) -> Any:
        power = np.exp(scores)
        return power / power.sum(axis=1)[:, None]

    h = a3 @ y
    seeded = np.array([[Dual(x[i, j], field.constant(int(i == j == 0))) for j in range(d)] for i in range(d)])
    c = softmax(a1 @ seeded @ a2.T) @ h - e
    by_duals = ((c * c).sum() * Fraction(1, 2)).tangent

    f = softmax(a1 @ x @ a2.T)
    f_q = f * ((f @ h - e) @ h.T)
    rows = f_q.sum(axis=1)[:, None] * f
    gradient, wrong = (a1.T @ p @ a2 for p in (f_q - rows, f_q + rows))

    def loss(values: dict[str, Any], x11: Any) -> Any:
        b1, b2, w, b3, v, target = (
            sympy.Matrix([[values[name] for name in row] for row in rows]) for rows in names.values()
        )
        w[0, 0] = x11
        powers = (b1 * w * b2.T).applyfunc(sympy.exp)
        attention = sympy.Matrix(n, n, lambda i, j: powers[i, j] / sum(powers[i, :]))
        return sum(entry**2 for entry in attention * b3 * v - target) / 2

    return by_duals, gradient[0, 0], wrong[0, 0], loss


@pytest.mark.parametrize(("n", "d"), [(1, 1), (2, 1), (1, 2), (2, 3), (3, 2), (3, 3)])
def test_gradient_of_attention_loss(n: int, d: int) -> None:
    by_duals, gradient, wrong, loss = attention_loss_gradient(n, d)
    assert (by_duals - gradient).is_zero()
    if n > 1:  # a softmax of one entry is constant
        assert not (by_duals - wrong).is_zero()

    names = by_duals.field.variables
    values = {name: Fraction((7 * k) % 11 - 5, 4) for k, name in enumerate(names)}
    t = sympy.Symbol("t")
    slope = sympy.diff(loss({k: sympy.Rational(v.numerator, v.denominator) for k, v in values.items()}, t), t)
    x11 = values["X00"]
    expected = slope.subs(t, sympy.Rational(x11.numerator, x11.denominator)).evalf(30)
    assert math.isclose(gradient.evaluate(values).to_float(), expected, rel_tol=1e-14)
