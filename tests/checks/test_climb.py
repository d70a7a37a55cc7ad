"""The climbing search finds what random points do not, and stays within the hypotheses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from proofcheck.checks.climb import climb, resized
from proofcheck.checks.counterexample import check_counterexample
from proofcheck.claims import Bits, HalfMax, Interval, Outcome, Positive, Real, all_of, at_most, equal
from tests.helpers import form_of, rng


def entries_of_ones(limit: int) -> Any:
    """Σ v ≤ limit for bits v: false from n = limit + 1 on."""
    return form_of(lambda xp, v: at_most(xp.sum(v), xp.array(limit)), v=Bits("n"))


@pytest.mark.parametrize("limit", [9, 30])
def test_a_dimension_is_doubled_while_it_helps_and_shrunk_again(limit: int) -> None:
    found = check_counterexample(entries_of_ones(limit), rng())
    assert found.outcome is Outcome.REFUTED
    assert found.counterexample is not None
    assert found.counterexample["sizes"] == {"n": limit + 1}
    assert found.counterexample["inputs"]["v"] == ["1"] * (limit + 1)


def test_a_narrow_violation_is_climbed_to() -> None:
    """Five entries must all be large at once."""
    form = form_of(lambda xp, v: at_most(xp.sum(v * v), xp.array(Fraction(77, 4))), v=Interval(-2, 2, "n"))
    found = check_counterexample(form, rng())
    assert found.outcome is Outcome.REFUTED


def test_true_inequalities_have_none() -> None:
    form = form_of(lambda xp, v: at_most(2 * v[1] * xp.sum(v), v[1] * v[1] + xp.sum(v) ** 2), v=Real("n"))
    assert climb(form, rng()) is None
    assert check_counterexample(form, rng()).outcome is Outcome.UNKNOWN


def test_ties_are_no_steps() -> None:
    """0 ≤ 0 everywhere: nothing to climb, and nothing found."""
    assert climb(form_of(lambda xp, b: at_most(0 * b, 0 * b), b=Positive()), rng()) is None


def test_equalities_are_not_climbed() -> None:
    form = form_of(lambda xp, x: all_of(at_most(x, x + 1), equal(x, x)), x=Real())
    assert climb(form, rng()) is None


def test_what_it_finds_meets_the_hypotheses() -> None:
    form = form_of(
        lambda xp, P, n: at_most(xp.sum(P), n * n - 10 * xp.array(1) + 0 * xp.sum(P)), P=HalfMax("n", "n")
    )
    found = climb(form, rng())
    assert found is not None
    _, point, _ = found
    assert form.given["P"].contains(point["P"])


def test_resizing() -> None:
    form = form_of(lambda xp, A, x: at_most(xp.sum(A), xp.sum(x)), A=Real("n", "d"), x=Real("d^2"))
    generator = rng()
    sizes = {"n": 2, "d": 2}
    point = {name: domain.draw(generator, sizes) for name, domain in form.domains().items()}
    longer = resized(form, point, "n", [0, 1, 0, 1])
    assert longer is not None
    assert longer["A"].shape == (4, 2)
    assert (longer["A"][2:] == point["A"]).all()
    assert resized(form, point, "d", [0]) is None


def test_a_statement_that_is_not_defined_everywhere() -> None:
    """The log of a table value that is not positive is no step, and no error."""
    form = form_of(lambda xp, x: at_most(xp.log(x), x), x=Real("n"))
    assert climb(form, rng()) is None


def test_entries_are_climbed_where_no_size_can_be_doubled() -> None:
    """Eight scalars must all be 2 at once: one draw in 7^8 is."""
    names = "abcdefgh"
    bound = Fraction(63, 4)
    form = form_of(eight_scalars, **{name: Interval(-2, 2) for name in names}, bound=Interval(bound, bound))
    found = check_counterexample(form, rng())
    assert found.outcome is Outcome.REFUTED
    assert found.counterexample is not None
    assert {found.counterexample["inputs"][name] for name in names} == {"2"}


def eight_scalars(xp: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any, bound: Any) -> Any:
    return at_most(a + b + c + d + e + f + g + h, bound)


def test_the_climb_does_not_leave_the_hypotheses() -> None:
    """At most half of a row may be 0, so that Σ (1 − p) > 9 takes 20 entries, of which 10 are 1."""
    form = form_of(lambda xp, p: at_most(xp.sum(1 - p), xp.array(9)), p=HalfMax("n"))
    found = check_counterexample(form, rng())
    assert found.outcome is Outcome.REFUTED
    assert found.counterexample is not None
    assert found.counterexample["sizes"] == {"n": 20}
    assert found.counterexample["inputs"]["p"].count("1") == 10
    true = form_of(lambda xp, p, n: at_most(2 * xp.sum(1 - p), n), p=HalfMax("n"))
    assert check_counterexample(true, rng()).outcome is Outcome.UNKNOWN
