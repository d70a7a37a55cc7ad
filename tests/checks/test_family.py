"""A hidden constant is refuted by a family, and only by one that provably grows within the hypotheses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from proofcheck import verify
from proofcheck.checks.family import check_family
from proofcheck.claims import Bits, Claim, HalfMax, Interval, Kind, Outcome, Positive, Real, bounded
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
