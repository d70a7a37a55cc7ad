"""Certificates over intervals: what is given one is nonnegative there, what is not so gets none."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.namespaces.exact import Exact, ExactField

# x in [-1, 1], y in [0, 2], z anywhere.
FIELD = ExactField(["x", "y", "z"], intervals={"x": (-1, 1), "y": (0, 2)})
X, Y, Z = (FIELD.variable(name) for name in ("x", "y", "z"))

CERTIFIED = {
    "below the high end": 1 - X,
    "above the low end": X + 1,
    "between both": 1 - X**2,
    "a product of two": Y * (1 - X),
    "a bound on a product": 2 - X * Y,
    "times an exponential": X.exp() * (2 - Y),
    "over a positive denominator": (1 - X) / (X + 2),
    "with a real variable": Z**2 * (1 + X),
}
NEGATIVE_SOMEWHERE = {
    "both signs": X,
    "below 0": -1 - X,
    "beyond the high end": Y - 1,
    "a product too large": 1 - X * Y,
    "a denominator of both signs": (1 - X) / (2 * X + 1),
}


@pytest.mark.parametrize("name", CERTIFIED)
@settings(deadline=None, max_examples=20)
@given(x=st.fractions(-1, 1, max_denominator=9), y=st.fractions(0, 2, max_denominator=9))
def test_certified(name: str, x: Fraction, y: Fraction) -> None:
    scalar: Exact = CERTIFIED[name]
    assert scalar.is_nonnegative() is True
    assert scalar.evaluate({"x": x, "y": y, "z": Fraction(-3, 2)}).sign() >= 0


@pytest.mark.parametrize("name", NEGATIVE_SOMEWHERE)
def test_not_certified(name: str) -> None:
    assert NEGATIVE_SOMEWHERE[name].is_nonnegative() is None


def test_without_the_intervals_there_is_no_certificate() -> None:
    x = ExactField(["x"]).variable("x")
    assert (1 - x).is_nonnegative() is None


def test_an_interval_of_no_variable_is_refused() -> None:
    with pytest.raises(ValueError, match=r"intervals=\['w'\]"):
        ExactField(["x"], intervals={"w": (0, 1)})
