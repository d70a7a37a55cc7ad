"""BALL decides inequalities over boxes, and says UNKNOWN, with what it needs, where it cannot."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import pytest

from proofcheck import verify
from proofcheck.checks import ball
from proofcheck.checks.ball import check_ball
from proofcheck.claims import (
    Bits,
    HalfMax,
    Index,
    Interval,
    Level,
    Outcome,
    Positive,
    Real,
    Relation,
    all_of,
    at_most,
    equal,
)
from proofcheck.claims.status import Word
from tests.helpers import claim_of, form_of, rng

UNIT = Interval(0, 1)


def cubic(constant: Any) -> Any:
    """x² (1 − x) ≤ constant; the least one is 4/27 = 0.148148."""
    return lambda xp, x: at_most(x * x * (1 - x), xp.array(constant))


def test_it_holds_with_slack() -> None:
    found = check_ball(form_of(cubic(Fraction(15, 100)), x=UNIT), rng())
    assert found.outcome is Outcome.HOLDS
    assert found.covers == {Relation.AT_MOST}
    assert found.sizes == ({},)
    assert "mpmath's intervals agree" in found.detail


def test_it_is_refuted_by_a_point_that_is_confirmed_exactly() -> None:
    found = check_ball(form_of(cubic(Fraction(148, 1000)), x=UNIT), rng())
    assert found.outcome is Outcome.REFUTED
    assert found.counterexample is not None
    x = Fraction(found.counterexample["inputs"]["x"])
    assert x * x * (1 - x) > Fraction(148, 1000)
    assert Fraction(found.counterexample["left"]) == x * x * (1 - x)


def test_where_it_touches_it_is_unknown_and_says_what_it_needs() -> None:
    found = check_ball(form_of(cubic(Fraction(4, 27)), x=UNIT), rng(), most_boxes=500)
    assert found.outcome is Outcome.UNKNOWN
    assert "near 0.66" in found.detail
    assert "budget" in found.detail
    assert "EXACT" in found.detail
    assert found.sizes == ()


def test_more_boxes_decide_less_slack() -> None:
    close = form_of(cubic(Fraction(14816, 100000)), x=UNIT)
    assert check_ball(close, rng(), most_boxes=40).outcome is Outcome.UNKNOWN
    assert check_ball(close, rng()).outcome is Outcome.HOLDS


def test_exponentials() -> None:
    form = form_of(lambda xp, x: at_most(1 + x, xp.exp(x) + xp.array(Fraction(1, 1000))), x=Interval(-1, 1))
    assert check_ball(form, rng()).outcome is Outcome.HOLDS


def test_sizes_and_indices() -> None:
    form = form_of(
        lambda xp, v, i: at_most(v[i], xp.sum(v) + xp.array(Fraction(1, 100))),
        v=Interval(0, 1, "n"),
        i=Index("n"),
    )
    found = check_ball(form, rng())
    assert found.outcome is Outcome.HOLDS
    assert [dict(one) for one in found.sizes] == [{"n": 1}, {"n": 2}]


def test_discrete_inputs_are_gone_through() -> None:
    """Of bits v² ≤ v, for all of [0, 1] it touches; of half-maximal rows the sum is at least n/2."""
    slack = Fraction(1, 10)
    bits = form_of(lambda xp, v: at_most(v, v * v + xp.array([slack] * v.shape[0])), v=Bits("n"))
    assert check_ball(bits, rng()).outcome is Outcome.HOLDS
    interval = form_of(bits.statement, v=Interval(0, 1, "n"))
    assert check_ball(interval, rng()).outcome is Outcome.REFUTED
    half = form_of(lambda xp, p, n: at_most(n * xp.array(Fraction(2, 5)), xp.sum(p)), p=HalfMax("n"))
    assert check_ball(half, rng()).outcome is Outcome.HOLDS
    assert check_ball(form_of(half.statement, p=Interval(0, 1, "n")), rng()).outcome is Outcome.REFUTED


def test_a_violation_at_an_end_is_undecided_until_the_midpoints_reach_it() -> None:
    form = form_of(lambda xp, x: at_most(x, xp.array(Fraction(999, 1000))), x=UNIT)
    assert check_ball(form, rng()).outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    "form",
    [
        form_of(lambda xp, x: at_most(x, 1 + x * x), x=Real()),
        form_of(lambda xp, x: at_most(0 * x, x), x=Positive()),
        form_of(lambda xp, x: equal(x, x), x=UNIT),
        form_of(lambda xp, x: at_most(x, 2 + x), where=lambda xp, x: at_most(x, 1 + x), x=UNIT),
    ],
    ids=["unbounded", "positive", "an equality", "where"],
)
def test_what_it_does_not_run_on(form: Any) -> None:
    assert check_ball(form, rng()).outcome is Outcome.NOT_RUN


def test_of_an_equality_beside_an_inequality_it_says_nothing() -> None:
    form = form_of(lambda xp, x: all_of(equal(x, x + 1), at_most(x, 2 + x)), x=UNIT)
    found = check_ball(form, rng())
    assert found.outcome is Outcome.HOLDS
    assert found.covers == {Relation.AT_MOST}


def test_a_division_by_a_ball_that_holds_0() -> None:
    form = form_of(lambda xp, x: at_most(x / (x + 1), 2 + 0 * x), x=Interval(-1, 1))
    assert check_ball(form, rng(), most_boxes=300).outcome is Outcome.UNKNOWN


def test_mpmath_contradicts_a_broken_ball(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ball arithmetic that forgets how wide a box is, against mpmath's intervals."""
    monkeypatch.setattr(ball, "box", lambda low, high: ball.ball(high) + 1)
    form = form_of(lambda xp, x: at_most(x, 5 + 3 * x), x=Interval(1, 2))
    assert check_ball(form, rng()).outcome is Outcome.ERROR


def test_a_softmax_inequality_with_128_entries_in_under_5_seconds() -> None:
    """Each weight is at most e^2/(e^2 + (n − 1)) for scores in [0, 2]; here with a tenth of slack."""

    def statement(xp: Any, s: Any, n: Any) -> Any:
        u = xp.exp(s)
        most = xp.exp(xp.array(2))
        return at_most(u / xp.sum(u), xp.array(Fraction(11, 10)) * most / (most + (n - 1)) * xp.ones(n))

    start = time.process_time()
    sizes = {Level.BALL: ({"n": 128},)}
    # Of width 1/64: the sum is within e^(1/64) of itself, so that no box need be halved.
    found = check_ball(form_of(statement, s=Interval(1, Fraction(65, 64), "n"), sizes=sizes), rng())
    assert found.outcome is Outcome.HOLDS
    assert found.sizes == ({"n": 128},)
    assert time.process_time() - start < 5


def test_constants_of_every_kind() -> None:
    """A statement that other levels take is no error here."""
    form = form_of(
        lambda xp, x: at_most(Fraction(1, 3) * x + 0.25 * x - x / 2, x**2 + Fraction(1, 10)), x=UNIT
    )
    assert check_ball(form, rng()).outcome is Outcome.HOLDS
    given = {"x": UNIT}
    assert verify(claims=[claim_of(form.statement, **given)], cache=False)["lem:test"].status.word in (
        Word.PROVED,
        Word.PROVED_AT_SIZES,
    )


def test_derivatives() -> None:
    """d/dx x² (1 − x) is at most 1/3, at x = 1/3."""
    form = form_of(
        lambda xp, x: at_most(
            xp.gradient(lambda t: t * t * (1 - t), x), xp.array(Fraction(1, 3) + Fraction(1, 50))
        ),
        x=UNIT,
    )
    assert check_ball(form, rng()).outcome is Outcome.HOLDS
    tight = form_of(
        lambda xp, x: at_most(xp.gradient(lambda t: t * t * (1 - t), x), xp.array(Fraction(33, 100))), x=UNIT
    )
    assert check_ball(tight, rng()).outcome is Outcome.REFUTED


def test_what_mpmath_has_no_interval_for_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: Any, *arguments: Any) -> Any:
        raise ValueError("no interval")

    form = form_of(cubic(Fraction(15, 100)), x=UNIT)
    sound = ball._Case.gaps
    monkeypatch.setattr(
        ball._Case,
        "gaps",
        lambda self, sides, number, box: (sound if number is ball.ball else none)(self, sides, number, box),
    )
    found = check_ball(form, rng())
    assert found.outcome is Outcome.HOLDS
    assert found.detail.endswith("agree on 0")


def test_every_entry_must_hold() -> None:
    """Of two entries one holds everywhere: that proves nothing of the other."""
    form = form_of(
        lambda xp, x: at_most(xp.array([0, 1]) * x, xp.array([1, Fraction(1, 2)]) + 0 * x),
        x=Interval(Fraction(3, 4), 1),
    )
    assert check_ball(form, rng()).outcome is Outcome.REFUTED


def test_a_constant_over_an_input() -> None:
    form = form_of(lambda xp, x: at_most(1 / x, x / x + Fraction(1, 10)), x=Interval(1, 2))
    assert check_ball(form, rng()).outcome is Outcome.HOLDS
    assert (
        check_ball(form_of(form.statement, x=Interval(Fraction(1, 2), 1)), rng()).outcome is Outcome.REFUTED
    )


@pytest.mark.parametrize("name", ["log", "quotient"])
def test_where_it_is_not_defined_it_is_undecided(name: str) -> None:
    statements: dict[str, Any] = {
        "log": lambda xp, x: at_most(xp.log(x), 5 + 0 * x),
        "quotient": lambda xp, x: at_most(-1 / x**2, 5 + 0 * x),
    }
    found = check_ball(form_of(statements[name], x=Interval(-1, 1)), rng(), most_boxes=200)
    assert found.outcome is Outcome.UNKNOWN
