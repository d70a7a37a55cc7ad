"""SymPy's second opinion: confirms, contradicts at a point, or does not know; never guesses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy

from proofcheck.checks.second_opinion import second_opinion
from proofcheck.claims import Index, Positive, Real, all_of, at_most, equal, has_shape
from tests.helpers import form_of, rng

X = {"x": Real("n")}


def softmax(xp: Any, x: Any) -> Any:
    return xp.exp(x) / xp.sum(xp.exp(x))


TRUE: dict[str, Any] = {
    "exponentials": lambda xp, x: equal(xp.exp(x) * xp.exp(x), xp.exp(2 * x)),
    "softmax": lambda xp, x: equal(xp.sum(softmax(xp, x)), 1),
    "Jacobian": lambda xp, x, i: equal(
        xp.D(lambda x: softmax(xp, x), x)[i], softmax(xp, x) * (xp.unit((i,), x.shape) - softmax(xp, x)[i])
    ),
    "halves": lambda xp, x: equal(0.5 * x + 0.5 * x, x),
}
FALSE: dict[str, Any] = {
    "exponentials": lambda xp, x: equal(xp.exp(x) * xp.exp(x), xp.exp(3 * x) + 1),
    "softmax": lambda xp, x: equal(xp.sum(softmax(xp, x)), 2),
    "Jacobian": lambda xp, x, i: equal(
        xp.D(lambda x: softmax(xp, x), x)[i], softmax(xp, x) * (xp.unit((i,), x.shape) + softmax(xp, x)[i])
    ),
    "1e-9": lambda xp, x: equal(xp.exp(x) * (1 + Fraction(1, 10**9)), xp.exp(x)),
}


@pytest.mark.parametrize("name", TRUE)
def test_it_confirms_true_equalities(name: str) -> None:
    for seed in range(3):
        opinion = second_opinion(form_of(TRUE[name], **X, i=Index("n")), rng(seed))
        assert not opinion.contradicts
        confirmed, asked = opinion.text.split()[1::2][:2]
        assert confirmed == asked != "0"


@pytest.mark.parametrize("name", FALSE)
def test_it_contradicts_false_equalities(name: str) -> None:
    for seed in range(3):
        opinion = second_opinion(form_of(FALSE[name], **X, i=Index("n")), rng(seed))
        assert opinion.contradicts
        assert opinion.text.startswith("contradicts at n=2")


def test_it_is_asked_about_equalities_only() -> None:
    def statement(xp: Any, x: Any, n: Any) -> Any:
        return all_of(at_most(x, x - 1), has_shape(x, (n,)))

    opinion = second_opinion(form_of(statement, **X), rng())
    assert (opinion.contradicts, opinion.text) == (False, "was not asked (no equality)")


def test_what_it_cannot_see_it_does_not_contradict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unable to expand, it confirms nothing; what is 0 at the point it then tries is no contradiction."""
    monkeypatch.setattr(sympy, "expand", lambda expression, **hints: sympy.Symbol("not_zero"))
    opinion = second_opinion(form_of(TRUE["softmax"], **X), rng())
    assert not opinion.contradicts
    assert opinion.text.startswith("confirms 0 of 1")


def test_a_pole_is_no_contradiction() -> None:
    """Where the entries left as numbers make a denominator 0, SymPy has nothing to compare."""
    form = form_of(lambda xp, x, y: equal(x * y * (1 / y), x), x=Real("n", "n"), y=Real("n", "n"))
    for seed in range(20):
        assert not second_opinion(form, rng(seed)).contradicts


def test_draws_stay_in_the_domain() -> None:
    form = form_of(lambda xp, x: equal(xp.sum(x) / xp.sum(x), 1), x=Positive("n", "n"))
    for seed in range(5):
        assert second_opinion(form, rng(seed)).text.startswith("confirms 1 of 1")
