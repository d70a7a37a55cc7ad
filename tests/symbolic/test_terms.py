"""Terms: what their constructors resolve, and substitution that captures nothing."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.errors import IndexRangeError
from proofcheck.symbolic.terms import (
    ONE,
    ZERO,
    Add,
    Const,
    Delta,
    Entry,
    Exp,
    Idx,
    Log,
    Mul,
    Pow,
    Sum,
    Term,
    add,
    children,
    fresh,
    indices_of,
    mul,
    power,
    replace_entries,
    substitute,
    subterms,
)
from tests.symbolic.evaluation import (
    DIGITS,
    FREE,
    I,
    J,
    K,
    TooLarge,
    Undefined,
    close,
    points,
    terms,
    value_of,
)

X, Y = Entry("v", (I,)), Entry("w", (K,))


def test_constructors_resolve_zeros_and_ones() -> None:
    assert add() == ZERO
    assert add(ZERO, X) == X
    assert add(X, Y) == Add((X, Y))
    assert mul() == ONE
    assert mul(ONE, X) == X
    assert mul(X, ZERO, Y) == ZERO
    assert power(X, 0) == ONE
    assert power(X, 1) == X
    assert power(X, -1) == Pow(X, Fraction(-1))


def test_an_index_is_known_by_its_number_not_by_its_name() -> None:
    assert Idx(7, "n", "i") == Idx(7, "n", "j")
    assert fresh("n", "i") != fresh("n", "i")
    assert str(Idx(7, "n", "i")) == "i"


def test_a_delta_between_two_ranges_is_refused_and_names_them() -> None:
    with pytest.raises(IndexRangeError, match=r"i runs over 1..n .* k, which runs over 1..d"):
        Delta(I, K)


def test_substitution_does_not_capture() -> None:
    inside = fresh("n")
    term = Sum(inside, Entry("M", (I, inside)))
    moved = substitute(term, {I: inside})  # the free index becomes one that a sum uses
    assert isinstance(moved, Sum)
    assert moved.index != inside
    assert moved.body == Entry("M", (inside, moved.index))


def test_substitution_leaves_the_summed_index_alone() -> None:
    inside = fresh("n")
    moved = substitute(Sum(inside, Entry("v", (inside,))), {inside: I})
    assert isinstance(moved, Sum)
    assert moved.body == Entry("v", (moved.index,))


def test_indices_that_meet_in_a_delta_make_it_one() -> None:
    assert substitute(Delta(I, J), {J: I}) == ONE


@given(terms(), st.integers(0, 99))
def test_substituting_an_index_is_evaluating_at_its_value(term: Term, seed: int) -> None:
    with mpmath.workdps(DIGITS):
        for sizes, arrays, at in points(seed):
            try:
                expected = value_of(term, sizes, arrays, {**at, I: at[J]})
            except (Undefined, TooLarge):
                continue
            assert close(value_of(substitute(term, {I: J}), sizes, arrays, at), expected)


def test_replaced_entries_see_the_indices_they_stand_at() -> None:
    index = fresh("n")
    term = Sum(index, Mul((Entry("v", (index,)), Exp(X), Log(Pow(Entry("v", (J,)), Fraction(2))))))
    replaced = replace_entries(term, "v", lambda i: Entry("M", (i, i)))
    assert not any(isinstance(part, Entry) and part.name == "v" for part in subterms(replaced))
    assert Entry("M", (index, index)) in set(subterms(replaced))
    assert replace_entries(Y, "v", lambda i: ONE) == Y


def test_children_and_own_indices() -> None:
    index = fresh("n")
    assert children(Sum(index, X)) == (X,)
    assert children(Const(Fraction(2))) == ()
    assert indices_of(Sum(index, X)) == (index,)
    assert indices_of(Delta(I, J)) == (I, J)
    assert indices_of(Exp(X)) == ()
    assert FREE == (I, J, K)
