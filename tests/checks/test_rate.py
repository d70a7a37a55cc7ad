"""Rates: limits are found, other limits refute, and what is not understood is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy

from proofcheck import verify
from proofcheck.checks.cost import check_cost
from proofcheck.checks.rate import decide_rate
from proofcheck.claims import Level, Outcome, Real, all_of, vanishes, within
from proofcheck.claims.proposition import Vanishes
from proofcheck.claims.status import Word
from proofcheck.claims.verdict import Relation
from tests.helpers import claim_of, form_of

VANISH: dict[str, Callable[..., Any]] = {
    "a power": lambda xp, s: 1 / s,
    "a logarithm": lambda xp, s: 1 / xp.log(s),
    "an iterated logarithm": lambda xp, s: 1 / xp.log(xp.log(s)),
    "a power against a logarithm": lambda xp, s: xp.log(s) / s,
    "with constants": lambda xp, s, c, k: c * xp.log(k * s) ** 3 / s,
    "an exponential": lambda xp, s: s**5 * xp.exp(-s),
    "nothing": lambda xp, s: 0 * s,
}
OTHER: dict[str, tuple[Callable[..., Any], str]] = {
    "a constant": (lambda xp, s: 1 + 1 / s, "1"),
    "an unknown constant": (lambda xp, s, c: c + 1 / s, "c"),
    "growth": (lambda xp, s: xp.log(s), "oo"),
    "s / log s": (lambda xp, s: s / xp.log(s), "oo"),
}


@pytest.mark.parametrize("name", VANISH)
def test_what_vanishes(name: str) -> None:
    outcome, words = decide_rate(Vanishes(VANISH[name]))
    assert outcome is Outcome.HOLDS, words
    assert "tends to 0 as s → ∞" in words


@pytest.mark.parametrize("name", OTHER)
def test_what_does_not(name: str) -> None:
    rate, limit = OTHER[name]
    outcome, words = decide_rate(Vanishes(rate))
    assert outcome is Outcome.REFUTED
    assert f"tends to {limit} as s → ∞, not to 0" in words


def test_no_limit_is_unknown() -> None:
    outcome, words = decide_rate(Vanishes(lambda xp, s: sympy.sin(s) if xp is sympy else 0))
    assert outcome is Outcome.UNKNOWN
    assert "no limit found" in words


def test_a_wrong_limit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sympy, "limit", lambda *arguments: sympy.Integer(0))
    outcome, words = decide_rate(Vanishes(lambda xp, s: xp.log(s)))
    assert outcome is Outcome.UNKNOWN
    assert "do not fall" in words


def product(xp: Any, A: Any, B: Any) -> Any:
    return A @ B


def test_beside_a_cost() -> None:
    def both(xp: Any, A: Any, B: Any, n: Any, d: Any) -> Any:
        return all_of(within(product, (A, B), bound=n * d * d), vanishes(VANISH["a power"]))

    found = check_cost(form_of(both, A=Real("n", "d"), B=Real("d", "d")))
    assert found.outcome is Outcome.HOLDS
    assert found.covers == {Relation.WITHIN, Relation.VANISHES}

    def one_fails(xp: Any, A: Any, B: Any, n: Any, d: Any) -> Any:
        return all_of(within(product, (A, B), bound=n * d * d), vanishes(OTHER["growth"][0]))

    found = check_cost(form_of(one_fails, A=Real("n", "d"), B=Real("d", "d")))
    assert found.outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("rate", "word"), [(VANISH["a logarithm"], Word.PROVED), (OTHER["growth"][0], Word.UNKNOWN)]
)
def test_the_status_of_a_rate(rate: Callable[..., Any], word: Word) -> None:
    one = claim_of(lambda xp, x: all_of(vanishes(rate), within(total, (x,), bound=x.shape[0])), x=Real("n"))
    found = verify(claims=[one], cache=False)["lem:test"]
    assert found.status.word is word
    assert found.printed is not None
    assert {v.level for v in found.printed.verdicts} >= {Level.COST}


def total(xp: Any, x: Any) -> Any:
    return xp.sum(x)


@pytest.mark.parametrize(
    "rate",
    [
        lambda xp, s, a: xp.log(s) ** -(a**2 - a + 1),
        lambda xp, s, a: xp.log(a**2 + 2 * a + 1) - 2 * xp.log(a + 1) + 1 / s,
        lambda xp, s, a: (1 / (a**2 - a + 2)) ** s,
    ],
)
def test_a_limit_that_is_not_understood_refutes_nothing(rate: Callable[..., Any]) -> None:
    assert decide_rate(Vanishes(rate))[0] is not Outcome.REFUTED
