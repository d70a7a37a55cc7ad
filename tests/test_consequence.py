"""What follows from a claim: renamed inputs, other relations, and nothing that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from proofcheck.checks.generic import check_generic
from proofcheck.claims import HalfMax, Interval, Outcome, Positive, Real, all_of, at_most, equal
from proofcheck.classification import Fate, judge
from proofcheck.consequence import consequence
from proofcheck.errors import IllFormedError
from proofcheck.mutation import Mutant, mutants
from proofcheck.paper.upper_bound import prf_D_6_error
from tests.helpers import form_of, rng


def grants(
    new: Callable[..., Any], old: Callable[..., Any], whole: Callable[..., Any] | None = None, **given: Any
) -> str:
    """How a relation follows from another, or from the whole claim, GENERIC being asked for the proofs."""

    def proof(form: Any) -> str:
        try:
            return "proved" if check_generic(form, rng()).outcome is Outcome.HOLDS else ""
        except IllFormedError:
            return ""

    one, other, every = (form_of(statement, **given) for statement in (old, new, whole or old))
    return consequence(Mutant(other, one, every, "it"), proof)


def softmax_mean(xp: Any, s: Any, v: Any) -> Any:
    u = xp.exp(s)
    return xp.sum(u * v) / xp.sum(u)


def test_another_relation_of_the_claim() -> None:
    def gap(xp: Any, s: Any, v: Any) -> Any:
        return xp.sum(xp.exp(s) * (1 - v)) / xp.sum(xp.exp(s))

    def above(xp: Any, s: Any, v: Any) -> Any:
        return at_most(softmax_mean(xp, s, v), 1, gap=gap(xp, s, v))

    def below(xp: Any, s: Any, v: Any) -> Any:
        return at_most(-softmax_mean(xp, s, v), 0, gap=softmax_mean(xp, s, v))

    def both(xp: Any, s: Any, v: Any) -> Any:
        return all_of(above(xp, s, v), below(xp, s, v))

    given = {"s": Real("n"), "v": Interval(0, 1, "n")}
    assert not grants(above, below, **given)
    assert grants(above, below, both, **given) == "follows from another relation of the claim"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("pi1 * P1 → pi1", "the original with 1 for P1"),
        ("pi2 * P2 → pi2 * P2.T", "the original with the transpose for P2"),
        ("pi1 * P1 - pi2 * P2 → pi1 * P1", "the original with 0 for P2"),
        ("-left → left", "another relation of the claim"),
    ],
)
def test_the_audit_asks_for_it(change: str, reason: str) -> None:
    form = prf_D_6_error.forms()["printed"]
    changed = [one for one in mutants(form, "it") if one.description.endswith(f": {change}")]
    assert changed
    for one in changed:
        assert judge(one, 0, "it") == (Fate.WEAKER, f"follows from {reason}")


@pytest.mark.parametrize(
    ("domain", "expected"),
    [(Interval(-1, 1, "n", "n"), "the transpose for A"), (HalfMax("n", "n"), "")],
)
def test_transposes_are_members_only_where_entries_may_change_places(domain: Any, expected: str) -> None:
    def old(xp: Any, A: Any, n: Any) -> Any:
        return at_most(xp.row_sums(A), n, gap=xp.row_sums(1 - A))

    def new(xp: Any, A: Any, n: Any) -> Any:
        return at_most(xp.row_sums(A.T), n)

    found = grants(new, old, A=domain)
    assert found.endswith(expected) if expected else not found


def test_a_sign_may_be_changed_in_a_symmetric_set() -> None:
    def old(xp: Any, x: Any, n: Any) -> Any:
        return at_most(xp.sum(x), n, gap=xp.sum(1 - x))

    def new(xp: Any, x: Any, n: Any) -> Any:
        return at_most(-xp.sum(x), n)

    assert grants(new, old, x=Interval(-1, 1, "n")) == "follows from the original with 0 - x for x"


@pytest.mark.parametrize("domain", [Interval(0, 1, "n"), Positive("n")])
def test_and_in_no_other(domain: Any) -> None:
    def old(xp: Any, x: Any) -> Any:
        return at_most(-xp.sum(x), 0, gap=xp.sum(x))

    def new(xp: Any, x: Any) -> Any:
        return at_most(xp.sum(x), 0)

    assert not grants(new, old, x=domain)


def test_a_constant_is_put_in_only_where_it_is_a_member() -> None:
    def old(xp: Any, x: Any, y: Any, n: Any) -> Any:
        return at_most(xp.sum(x * y), n, gap=xp.sum(1 - x * y))

    def new(xp: Any, x: Any, y: Any, n: Any) -> Any:
        return at_most(xp.sum(x), n)

    assert grants(new, old, x=Interval(-1, 1, "n"), y=Interval(-1, 1, "n")).endswith("1 for y")
    half = Interval(0, 0, "n")
    assert "1 for y" not in grants(new, old, x=Interval(-1, 1, "n"), y=half)


def test_one_bound_for_all_entries_bounds_the_transpose() -> None:
    def old(xp: Any, x: Any, v: Any) -> Any:
        return at_most(xp.outer(x, v), 1, gap=1 - xp.outer(x, v))

    def new(xp: Any, x: Any, v: Any) -> Any:
        return at_most(xp.outer(x, v).T, 1)

    given = {"x": Interval(-1, 1, "n"), "v": Interval(-1, 1, "d")}
    assert grants(new, old, **given) == "follows from another relation of the claim"

    def by_entry(xp: Any, A: Any, R: Any) -> Any:
        return at_most(A - R, 2 * R, gap=R + (R - A) + R)

    def other_side_alone(xp: Any, A: Any, R: Any) -> Any:
        return at_most((A - R).T, 2 * R)

    def both_sides(xp: Any, A: Any, R: Any) -> Any:
        return at_most((A - R).T, 2 * R.T)

    square = {"A": Interval(0, 1, "n", "n"), "R": Interval(1, 2, "n", "n")}
    assert not grants(other_side_alone, by_entry, **square)
    assert grants(both_sides, by_entry, **square)


def test_what_is_another_statement_does_not_follow() -> None:
    def old(xp: Any, x: Any, n: Any) -> Any:
        return at_most(xp.sum(x), n, gap=xp.sum(1 - x))

    def new(xp: Any, x: Any, n: Any) -> Any:
        return at_most(2 * xp.sum(x), n)

    def other_kind(xp: Any, x: Any, n: Any) -> Any:
        return equal(xp.sum(x), n)

    assert not grants(new, old, x=Interval(-1, 1, "n"))
    assert not grants(other_kind, old, x=Interval(-1, 1, "n"))


def test_a_further_hypothesis_ties_the_inputs() -> None:
    def old(xp: Any, x: Any, n: Any) -> Any:
        return at_most(xp.sum(x), n, gap=xp.sum(1 - x))

    def new(xp: Any, x: Any, n: Any) -> Any:
        return at_most(-xp.sum(x), n)

    def some(xp: Any, x: Any) -> Any:
        return at_most(0, x)

    one = form_of(old, where=some, x=Interval(-1, 1, "n"))
    other = form_of(new, where=some, x=Interval(-1, 1, "n"))
    asked: list[Any] = []

    def refuse(form: Any) -> str:
        asked.append(form)
        return ""

    assert consequence(Mutant(other, one, one, "it"), refuse) == ""
    assert len(asked) == 2  # the relation itself and its transpose: no other input
