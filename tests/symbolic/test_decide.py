"""Decisions, and the side conditions recorded with them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from proofcheck.symbolic.decide import Answer, Decision, assumptions, decide
from proofcheck.symbolic.terms import (
    ONE,
    Const,
    Delta,
    Entry,
    Exp,
    Log,
    SizeOf,
    Sum,
    Term,
    add,
    fresh,
    mul,
    power,
)
from tests.symbolic.evaluation import I, J, difference

S = Entry("s", ())
V = Entry("v", (I,))
K = fresh("n", "k")
WEIGHTS = Sum(K, Exp(Entry("M", (I, K))))
MASKED = Sum(K, mul(Entry("C", (I, K)), Exp(Entry("M", (I, K)))))


def test_a_proof_lists_what_it_assumes() -> None:
    decision = decide(difference(mul(V, power(V, -1)), ONE))
    assert decision == Decision(Answer.PROVED, ("v_{i} ≠ 0 for all i ≤ n",))


def test_normal_forms_that_differ_are_unknown_never_refuted() -> None:
    decision = decide(difference(V, S))
    assert decision.answer is Answer.UNKNOWN
    assert decision.reason == "the normal forms differ"


def test_what_is_outside_is_unknown_and_named() -> None:
    decision = decide(power(Delta(I, J), -1))
    assert decision.answer is Answer.UNKNOWN
    assert "Kronecker delta" in decision.reason


def test_division_by_what_is_always_zero_is_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        decide(power(difference(S, S), -1))


@pytest.mark.parametrize(
    ("term", "conditions"),
    [
        (power(WEIGHTS, -1), ()),
        (power(mul(WEIGHTS, SizeOf("d")), -2), ()),
        (power(add(ONE, power(S, 2)), -1), ()),
        (power(add(ONE, mul(S, S)), Fraction(-1, 2)), ()),
        (Log(WEIGHTS), ()),
        (power(power(S, 2), Fraction(1, 2)), ()),
        (power(S, -2), ("s ≠ 0",)),
        (power(mul(S, V, WEIGHTS), -1), ("s ≠ 0", "v_{i} ≠ 0 for all i ≤ n")),
        (power(power(S, 2), -1), ("s ≠ 0",)),
        (power(difference(S, ONE), -1), ("s − 1 ≠ 0",)),
        (power(S, Fraction(1, 2)), ("s ≥ 0",)),
        (power(S, Fraction(-1, 2)), ("s > 0",)),
        (Log(S), ("s > 0",)),
        (Log(Log(add(ONE, Exp(S)))), ("log(1 + exp(s)) > 0",)),
        (power(MASKED, -1), ("Σ_{k≤n} C_{ik}·exp(M_{ik}) ≠ 0 for all i ≤ n",)),
        (mul(power(S, -1), Exp(power(S, -1))), ("s ≠ 0",)),
        (
            add(power(V, -1), power(Entry("v", (J,)), -1)),
            ("v_{i} ≠ 0 for all i ≤ n", "v_{j} ≠ 0 for all j ≤ n"),
        ),
        (power(Sum(K, Delta(I, K)), -1), ("Σ_{k≤n} δ_{ik} ≠ 0 for all i ≤ n",)),
        (power(add(SizeOf("n"), Const(Fraction(-1))), -1), ("n − 1 ≠ 0",)),
    ],
)
def test_conditions(term: Term, conditions: tuple[str, ...]) -> None:
    assert assumptions(term) == conditions


def test_arrays_that_are_positive_by_their_domain_need_no_condition() -> None:
    assert assumptions(power(MASKED, -1), Log(S), positive={"C", "s"}) == ()
    assert assumptions(Log(mul(S, V)), positive={"s"}) == ("s·v_{i} > 0 for all i ≤ n",)


def test_the_same_condition_is_listed_once() -> None:
    others = [power(Sum(index, Entry("v", (index,))), -1) for index in (fresh("n"), fresh("n"))]
    assert assumptions(*others) == ("Σ_{k≤n} v_{k} ≠ 0",)
