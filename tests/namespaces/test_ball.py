"""Balls hold what they should, and the precision is as before afterwards."""

from __future__ import annotations

from fractions import Fraction

import flint
import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.namespaces.ball import ball, box, ends, precision
from proofcheck.namespaces.scalars import scalar_exp, scalar_log

FRACTIONS = st.fractions(min_value=-20, max_value=20, max_denominator=1000)


@given(FRACTIONS)
def test_a_ball_holds_its_number(value: Fraction) -> None:
    low, high = ends(ball(value))
    assert Fraction(low) <= value <= Fraction(high)


def test_a_float_is_taken_exactly() -> None:
    with precision(200):
        assert ball(0.1) - ball(Fraction(0.1)) == 0
        assert not ball(0.1).overlaps(ball(Fraction(1, 10)))


@given(FRACTIONS, FRACTIONS, FRACTIONS)
def test_a_box_holds_what_is_between(one: Fraction, other: Fraction, third: Fraction) -> None:
    low, middle, high = sorted((one, other, third))
    bottom, top = ends(box(low, high))
    assert Fraction(bottom) <= low <= high <= Fraction(top)
    assert box(low, high).contains(ball(middle)) or box(low, high).overlaps(ball(middle))


@given(FRACTIONS, st.fractions(min_value=0, max_value=1, max_denominator=50))
def test_exp_over_a_box(low: Fraction, width: Fraction) -> None:
    bottom, top = ends(scalar_exp(box(low, low + width)))
    with mpmath.workdps(40):
        for value in (low, low + width / 3, low + width):
            true = mpmath.exp(mpmath.mpf(value.numerator) / value.denominator)
            assert mpmath.mpf(bottom) <= true <= mpmath.mpf(top)


def test_nothing_known_is_infinite() -> None:
    assert ends(scalar_log(box(Fraction(-1), Fraction(1)))) == (-float("inf"), float("inf"))


def test_the_precision_is_scoped() -> None:
    before = flint.ctx.prec
    seen = []

    def fail() -> None:
        with precision(333):
            seen.append(flint.ctx.prec)
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert seen == [333]
    assert flint.ctx.prec == before
