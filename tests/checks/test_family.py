"""A hidden constant is refuted by a family, and only by one that provably grows within the hypotheses."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofcheck import verify
from proofcheck.checks.family import check_family
from proofcheck.claims import Bits, Claim, HalfMax, Interval, Kind, Outcome, Positive, Real, bounded, equal
from proofcheck.claims.claim import Form
from proofcheck.claims.status import Word
from proofcheck.errors import ClaimDefinitionError
from tests.helpers import rng


def claim(statement: Callable[..., Any], **given: Any) -> Claim:
    made = Claim("lem:test", kind=Kind.LEMMA, title="t", source="s", quote="q", given=given)
    made.printed(statement)
    return made


def printed(of: Claim) -> Form:
    return of.forms()["printed"]


def sum_is_bounded(xp: Any, v: Any) -> Any:
    return bounded(xp.sum(v), by=1)


def equal_entries(xp: Any, x: Any, t: Any) -> Any:
    return {"v": x * xp.ones(t), "n": t}


def test_a_ratio_that_grows() -> None:
    one = claim(sum_is_bounded, v=Positive("n"))
    one.family("v = x 1_t", given={"x": Positive()})(equal_entries)
    found = check_family(printed(one), rng())
    assert found.outcome is Outcome.REFUTED
    shown = found.counterexample
    assert shown is not None
    assert shown["growth"] == "t"
    assert [float(point["ratio"]) for point in shown["ratio_at"]] == [1.0, 10.0, 100.0, 1000.0]
    assert verify(claims=[one], cache=False)["lem:test"].status.word is Word.REFUTED


def test_growth_of_the_bound_counts() -> None:
    same = claim(lambda xp, v, n: bounded(xp.sum(v), by=n), v=Positive("n"))
    same.family("v = x 1_t", given={"x": Positive()})(equal_entries)
    assert check_family(printed(same), rng()).outcome is Outcome.UNKNOWN
    faster = claim(lambda xp, v, n: bounded(xp.sum(v) ** 2, by=n), v=Positive("n"))
    faster.family("v = x 1_t", given={"x": Positive()})(equal_entries)
    assert check_family(printed(faster), rng()).outcome is Outcome.REFUTED


def test_a_negative_left_side_is_bounded() -> None:
    """It grows, but downwards."""
    one = claim(lambda xp, v: bounded(-xp.sum(v), by=1), v=Positive("n"))
    one.family("v = x 1_t", given={"x": Positive()})(equal_entries)
    assert check_family(printed(one), rng()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("domain", [Interval(0, 1, "n"), Bits("n"), HalfMax("n")])
def test_members_outside_the_hypotheses(domain: Any) -> None:
    one = claim(sum_is_bounded, v=domain)
    one.family("v = 2 · 1_t", given={"x": Real()})(lambda xp, x, t: {"v": (2 + 0 * x) * xp.ones(t), "n": t})
    found = check_family(printed(one), rng())
    assert found.outcome is Outcome.UNKNOWN
    assert "the family's v is not" in found.detail


def test_without_a_family() -> None:
    one = claim(sum_is_bounded, v=Positive("n"))
    found = check_family(printed(one), rng())
    assert found.outcome is Outcome.UNKNOWN
    assert "no family is named" in found.detail
    assert verify(claims=[one], cache=False)["lem:test"].status.word is Word.UNKNOWN


def test_a_family_that_grows_at_no_known_rate() -> None:
    other = claim(lambda xp, v: bounded(xp.exp(xp.sum(v)), by=1), v=Real("n"))
    other.family("v = x 1_t", given={"x": Positive()})(equal_entries)
    assert check_family(printed(other), rng()).outcome is Outcome.UNKNOWN


def test_the_mended_form_has_no_family() -> None:
    one = claim(sum_is_bounded, v=Positive("n"))
    one.family("v = x 1_t", given={"x": Positive()})(equal_entries)
    one.mended(because="n is missing")(lambda xp, v, n: bounded(xp.sum(v), by=n))
    assert one.forms()["mended"].family is None
    with pytest.raises(ClaimDefinitionError, match="second family"):
        one.family("again", given={})(equal_entries)


def test_the_point_that_is_shown_is_within_the_hypotheses() -> None:
    """A simpler base input that would make a member outside them is not taken."""
    one = claim(lambda xp, v: bounded(xp.sum(v * v), by=1), v=Interval(1, 2, "n"))
    one.family("v = (2 - x) 1_t", given={"x": Interval(Fraction(1, 2), 1)})(
        lambda xp, x, t: {"v": (2 - x) * xp.ones(t), "n": t}
    )
    assert check_family(printed(one), rng()).outcome is Outcome.REFUTED
    wider = claim(lambda xp, v: bounded(xp.sum(v * v), by=1), v=Interval(1, Fraction(5, 4), "n"))
    wider.family("v = x 1_t", given={"x": Half()})(lambda xp, x, t: {"v": x * xp.ones(t), "n": t})
    shown = check_family(printed(wider), rng()).counterexample
    assert shown is not None
    assert 1 <= Fraction(shown["inputs"]["x"]) <= Fraction(5, 4)


class Half(Interval):
    """Draws 5/4, and offers 0 as simpler."""

    def __init__(self) -> None:
        super().__init__(0, 2)

    def draw(self, rng: Any, sizes: Any, *, scale: Any = None) -> Any:
        return np.array(Fraction(5, 4), dtype=object)

    def table(self) -> tuple[Fraction, ...]:
        return (Fraction(1, 2), Fraction(1), Fraction(5, 4))


def test_a_statement_that_is_not_defined_everywhere_is_no_error() -> None:
    """x / x at x = 0: this level has nothing to say of it."""
    one = claim(lambda xp, x: equal(x / x, x / x * 1), x=Real())
    for seed in range(8):
        assert check_family(printed(one), rng(seed)).outcome is Outcome.NOT_RUN
        assert verify(claims=[one], cache=False, seed=seed)["lem:test"].status.word is not Word.ERROR
