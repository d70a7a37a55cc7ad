"""Derivatives against central differences of 60 digits, and against closed forms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.symbolic.differential import RULES, partial
from proofcheck.symbolic.normal_form import is_zero
from proofcheck.symbolic.terms import (
    ONE,
    ZERO,
    Const,
    Delta,
    Entry,
    Exp,
    Log,
    Mul,
    Pow,
    Sum,
    Term,
    add,
    fresh,
    mul,
)
from tests.symbolic.evaluation import DIMS, I, J, K, TooLarge, Undefined, difference, points, terms, value_of

ENTRIES = {"A": (J, K), "M": (I, J), "v": (J,), "w": (K,), "s": ()}
"""The entry the derivative is taken in; its indices are free."""
X = Entry("v", (I,))


@settings(deadline=None)
@given(terms(), st.sampled_from(sorted(ENTRIES)), st.integers(0, 99))
def test_the_derivative_agrees_with_central_differences(term: Term, name: str, seed: int) -> None:
    slope = partial(term, name, ENTRIES[name])
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -20
        for sizes, arrays, at in points(seed, 2):
            place = tuple(at[index] for index in ENTRIES[name])

            def moved(by: Any) -> Any:
                entries = {**arrays[name], place: arrays[name][place] + by}  # noqa: B023
                return value_of(term, sizes, {**arrays, name: entries}, at)  # noqa: B023

            try:
                above, below, third = moved(step), moved(-step), moved(2 * step) - moved(-2 * step)
                found = value_of(slope, sizes, arrays, at)
            except (Undefined, TooLarge):
                continue
            expected = (above - below) / (2 * step)
            # Half the difference of two steps bounds what truncation leaves, and rounding is at 10^-40.
            error = abs(third / (4 * step) - expected) + mpmath.mpf(10) ** -30 * (1 + abs(above))
            assert abs(found - expected) <= error


def test_the_derivative_of_an_entry_is_a_delta_for_each_index() -> None:
    assert partial(Entry("A", (I, K)), "A", (J, K)) == mul(Delta(I, J), Delta(K, K))
    assert partial(Entry("A", (I, K)), "M", (I, J)) == ZERO
    assert partial(Entry("s", ()), "s", ()) == ONE


@pytest.mark.parametrize(
    ("term", "slope"),
    [
        (Pow(X, Fraction(3)), mul(Const(Fraction(3)), Pow(X, Fraction(2)))),
        (Pow(X, Fraction(-1)), mul(Const(Fraction(-1)), Pow(X, Fraction(-2)))),
        (Pow(X, Fraction(1, 2)), mul(Const(Fraction(1, 2)), Pow(X, Fraction(-1, 2)))),
        (Exp(Pow(X, Fraction(2))), mul(Const(Fraction(2)), X, Exp(Pow(X, Fraction(2))))),
        (Log(X), Pow(X, Fraction(-1))),
        (mul(X, X, X), mul(Const(Fraction(3)), X, X)),
        (add(X, X, ONE), Const(Fraction(2))),
    ],
)
def test_textbook_derivatives(term: Term, slope: Term) -> None:
    assert is_zero(difference(partial(term, "v", (I,)), slope))


def test_a_sum_is_differentiated_under_its_sign() -> None:
    index = fresh("n")
    squares = Sum(index, Mul((Entry("v", (index,)), Entry("v", (index,)))))
    assert is_zero(difference(partial(squares, "v", (J,)), mul(Const(Fraction(2)), Entry("v", (J,)))))


def test_another_number_of_indices_is_refused() -> None:
    with pytest.raises(ValueError, match="v has 1 indices, the derivative names 2"):
        partial(X, "v", (I, J))


def test_every_kind_of_term_has_a_rule() -> None:
    from typing import get_args

    assert set(RULES) == set(get_args(Term))
    assert set(ENTRIES) == set(DIMS)
