"""Signs of sums with terms of both signs: certificates that exist, and none where there is a violation."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.namespaces.exact import ExactField


def field() -> tuple[ExactField, Any, Any, Any, Any]:
    one = ExactField(["x", "s", "t", "B"], positive=["B"], intervals=dict.fromkeys("xst", (0, 1)))
    return one, *(one.variable(name) for name in ("x", "s", "t", "B"))


def test_a_double_root_inside() -> None:
    _, x, _, _, _ = field()
    assert (4 - 27 * x * x * (1 - x)).is_nonnegative() is True
    assert (4 - 27 * x * x * (1 - x) - Fraction(1, 10**9)).is_nonnegative() is None


def test_corners_and_a_scale() -> None:
    _, x, s, t, B = field()
    bound = 8 * B - 54 * B * x * x * (1 - x) * (s - t)
    assert bound.is_nonnegative() is True
    assert (bound - B / 10**6).is_nonnegative() is None


def test_a_root_at_an_end() -> None:
    _, x, _, _, _ = field()
    assert (x - x * x).is_nonnegative() is True
    assert (x * x - x).is_nonnegative() is None


def test_over_all_reals() -> None:
    free = ExactField(["y"])
    y = free.variable("y")
    assert (y * y - 2 * y + 1).is_nonnegative() is True
    assert (y * y - 2 * y + Fraction(99, 100)).is_nonnegative() is None
    assert (y * y * y + 1).is_nonnegative() is None


def test_exponentials_that_dominate() -> None:
    one, x, s, _, B = field()
    total = one.constant(0)
    for p in (x, s, one.constant(1)):
        for q in (x, s, one.constant(1)):
            total = total + (B * (p + q)).exp()
    most = (2 * B).exp()
    assert (9 * most - total).is_nonnegative() is True
    assert (total - most).is_nonnegative() is True
    # Each positive term pays once only.
    assert (8 * most - total).is_nonnegative() is None
    assert (total - 2 * most).is_nonnegative() is None


def test_a_sign_in_the_exponent_that_is_not_known() -> None:
    free = ExactField(["y", "p"], intervals={"p": (0, 1)})
    y, p = free.variable("y"), free.variable("p")
    assert (y.exp() - (y * p).exp()).is_nonnegative() is None


COEFFICIENTS = st.lists(st.integers(-4, 4), min_size=2, max_size=5)


@given(COEFFICIENTS)
def test_against_values(coefficients: list[int]) -> None:
    """Where the answer is yes no value is below 0; where it is no answer, some value is, or nearly."""
    one = ExactField(["x"], intervals={"x": (-1, 2)})
    x = one.variable("x")
    polynomial = one.constant(0)
    for k, c in enumerate(coefficients):
        polynomial = polynomial + c * x**k

    def at(value: Fraction) -> Fraction:
        return sum((c * value**k for k, c in enumerate(coefficients)), Fraction(0))

    least = min(at(Fraction(k, 400) * 3 - 1) for k in range(401))
    if polynomial.is_nonnegative():
        assert least >= 0
    else:
        # A grid of step 3/400, the slope being at most Σ k |c| 2^(k-1) ≤ 4·4·8·4.
        assert least < Fraction(3, 800) * 512


@pytest.mark.parametrize("end", [0, 1])
def test_a_point_interval(end: int) -> None:
    one = ExactField(["x"], intervals={"x": (end, end)})
    x = one.variable("x")
    assert (x * x * x - 2 * x * x + x).is_nonnegative() is True
