"""The search finds the best constants that closed forms give, and says no more than it found."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from proofcheck.claims import (
    Bits,
    Claim,
    HalfMax,
    Index,
    Interval,
    Positive,
    Real,
    all_of,
    at_most,
    bounded,
    equal,
)
from proofcheck.errors import UserInputError
from proofcheck.extremal import Constants, Extreme, best_constant
from proofcheck.loading import discover, load
from proofcheck.report.extremal import finding
from tests.helpers import claim_of, rng

# With the weight o of the entries at 1 in a row, o' = o (1 − o): f = o² per row and column, so that
# f' = 2 o² (1 − o) and f'' = 2 o² (1 − o)(2 − 3 o), with every o in (0, 1) reached by some λ.
WEIGHTS = np.linspace(0, 1, 200_001)
SECOND = 2 * WEIGHTS**2 * (1 - WEIGHTS) * (2 - 3 * WEIGHTS)
FIRST = float((2 * WEIGHTS**2 * (1 - WEIGHTS)).max())


@cache
def paper() -> Mapping[str, Claim]:
    return {claim.id: claim for module in load(discover()) for claim in module.claims}


def search(claim: Claim, seed: int = 0, evaluations: int = 700, **sizes: Sequence[int]) -> Constants:
    return best_constant(claim, sizes=sizes, rng=rng(seed), evaluations=evaluations)


def of_form(found: Constants, form: str) -> list[Extreme]:
    return [extreme for extreme in found.extremes if extreme.form == form]


def only(statement: Callable[..., Any], **given: Any) -> Extreme:
    (extreme,) = search(claim_of(statement, **given)).extremes
    return extreme


def assert_certified(extreme: Extreme) -> None:
    assert extreme.instance is not None
    assert extreme.instance.certificate is not None
    low, high = extreme.instance.certificate.ratio
    assert extreme.ratio == low <= high <= low * (1 + 1e-12)


# --- the paper's inequalities ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("n", "d"), [(2, 1), (3, 2)])
def test_the_hidden_constants_of_lemma_e_3(n: int, d: int, seed: int) -> None:
    found = of_form(search(paper()["lem:E.3"], seed, n=[n], d=[d]), "printed")
    expected = [FIRST * d, FIRST * d, SECOND.max() * d, -SECOND.min() * d]
    assert [extreme.hidden for extreme in found] == [True] * 4
    for extreme, value in zip(found, expected, strict=True):
        assert extreme.ratio == pytest.approx(value, rel=1e-6)
        assert not extreme.attained
        assert not extreme.exceeded
        assert extreme.slack is None
        assert_certified(extreme)


def test_the_first_bound_of_lemma_e_3_is_attained_at_three_rows_only() -> None:
    first, *_ = of_form(search(paper()["lem:E.3"], n=[2, 3], d=[1]), "mended")
    assert first.attained
    assert first.ratio == first.slack == 1
    assert first.instance is not None
    assert first.instance.sizes == {"d": 1, "n": 3}
    assert first.instance.inputs["lam"] == 0
    assert first.source == "at_most(first, 8 * B * n * d / 27)"
    # At n = 2 the weight 2/3 takes e^{λB} = 2, which no rational λB gives.
    (alone, *_) = of_form(search(paper()["lem:E.3"], n=[2], d=[1]), "mended")
    assert not alone.attained
    assert alone.ratio == pytest.approx(1, abs=1e-9)
    assert alone.ratio < 1


def test_8bn_fails_from_28_columns_on() -> None:
    claim = paper()["prf:E.3"]
    for d, fails in ((27, False), (28, True)):
        for extreme in of_form(search(claim, n=[3], d=[d]), "printed"):
            assert extreme.ratio == pytest.approx(FIRST * d / 8, rel=1e-6)
            assert extreme.exceeded == fails
            assert_certified(extreme)


def test_the_curve_over_columns_is_carried_from_size_to_size() -> None:
    found = of_form(search(paper()["lem:E.3"], 0, 400, n=[2, 8], d=[1, 16]), "printed")
    for point in found[0].curve:
        assert point.ratio == pytest.approx(FIRST * point.sizes["d"], rel=1e-5)
    for point in found[2].curve:
        assert point.ratio == pytest.approx(SECOND.max() * point.sizes["d"], rel=1e-5)


@pytest.mark.parametrize("m", [1, 2, 7])
def test_the_riemann_sum_is_half_and_its_best_constant_attained(m: int) -> None:
    for extreme in search(paper()["lem:E.4"], m=[m]).extremes:
        assert extreme.ratio == pytest.approx(0.5, rel=1e-12)
        assert extreme.slack == pytest.approx(2)
        assert not extreme.attained
        # Large g cancel, and their rounding must not be taken for a larger ratio.
        assert all(point.ratio is not None and point.ratio <= 0.5 for point in extreme.curve)
    for extreme in search(paper()["lem:E.4.best"], m=[m]).extremes:
        assert extreme.attained


def test_the_output_error_of_the_forward_paper() -> None:
    declared = paper()["as23:output"].given["eps"]
    assert isinstance(declared, Interval)
    eps = float(declared.high)
    worst = (1 - math.sqrt(1 - eps**2)) / eps**2
    for extreme in search(paper()["as23:output"], n=[2, 3], d=[1]).extremes:
        assert extreme.ratio == pytest.approx(worst, rel=1e-6)
        assert extreme.instance is not None
        assert extreme.instance.inputs["eps"] == declared.high


def test_the_errors_of_appendix_d_are_attained() -> None:
    for id in ("lem:D.2", "lem:D.3", "lem:D.4", "lem:D.5", "prf:D.6.error"):
        found = search(paper()[id])
        assert found.extremes
        assert all(extreme.attained for extreme in found.extremes), id
    assert "k columns meet n rows" in search(paper()["lem:D.5"]).faults["printed"]


# --- statements made for a purpose -----------------------------------------------------------------


def test_an_irrational_optimum_is_approached_and_never_called_attained() -> None:
    extreme = only(lambda xp, x: at_most(27 * (x - x**3) ** 2, 4 + 0 * x), x=Interval(0, 1))
    assert extreme.ratio == pytest.approx(1, abs=1e-9)
    assert not extreme.attained
    assert extreme.instance is not None
    assert extreme.instance.certificate is not None
    assert extreme.instance.certificate.ratio[1] < 1


def test_equality_through_exponentials_is_decided_exactly() -> None:
    extreme = only(lambda xp, x: at_most(xp.exp(x) * xp.exp(x), xp.exp(2 * x)), x=Real())
    assert extreme.attained


def test_a_tiny_violation_is_certified() -> None:
    tiny = Fraction(1, 10**9)
    extreme = only(lambda xp, x: at_most(x + x * tiny, xp.array(1)), x=Interval(0, 1))
    assert extreme.exceeded
    assert extreme.ratio == pytest.approx(1 + 1e-9, abs=1e-15)


def test_where_is_not_left() -> None:
    claim = claim_of(None, x=Interval(0, 1), y=Interval(0, 1))
    claim.printed(lambda xp, x, y: at_most(x + y, xp.array(1)))
    claim.mended(because="of where", where=lambda xp, x, y: at_most(4 * x + 4 * y, xp.array(3)))(
        lambda xp, x, y: at_most(x + y, xp.array(1))
    )
    printed, mended = search(claim).extremes
    assert printed.ratio == pytest.approx(2, rel=1e-15)
    assert mended.ratio == pytest.approx(0.75, rel=1e-3)
    assert mended.ratio <= 0.75


def test_domains_are_not_left() -> None:
    """Half of the entries are 1, so that the others alone can be 0."""
    extreme = only(lambda xp, p, n: at_most(xp.sum(1 - p), xp.array(n)), p=HalfMax("n"))
    assert extreme.ratio == pytest.approx(0.5)
    bits = only(lambda xp, v: at_most(4 * v * (1 - v) + v / 2, xp.array(1)), v=Bits())
    assert bits.ratio == pytest.approx(0.5)


class Thirds(Real):
    """A domain of somebody else's: multiples of 1/3 up to 1."""

    def admit(self, value: Fraction) -> Fraction:
        return Fraction(min(max(round(3 * value), 0), 3), 3)


def test_a_domain_that_is_not_known_is_asked() -> None:
    extreme = only(lambda xp, x: at_most(4 * x * (1 - x), xp.array(1)), x=Thirds())
    assert extreme.instance is not None
    assert extreme.ratio == pytest.approx(8 / 9)


def test_an_index_is_chosen_too() -> None:
    extreme = only(lambda xp, x, i: at_most(x[i], xp.array(2)), x=Interval(0, 1, "n"), i=Index("n"))
    assert extreme.ratio == pytest.approx(0.5, rel=1e-15)
    assert extreme.instance is not None
    assert set(extreme.instance.indices) == {"i"}


def test_no_positive_side() -> None:
    extreme = only(lambda xp, x: at_most(x, -1 + 0 * x), x=Interval(0, 1))
    assert (extreme.ratio, extreme.instance, extreme.slack) == (None, None, None)
    assert extreme.curve[0].ratio is None
    zero = only(lambda xp, x: at_most(0 * x, x), x=Positive())
    assert (zero.ratio, zero.slack) == (pytest.approx(0, abs=1e-300), None)


def test_a_ratio_without_bound_stops() -> None:
    extreme = only(lambda xp, x: at_most(1 + 0 * x, x), x=Positive())
    assert extreme.exceeded
    assert extreme.ratio is not None
    assert extreme.ratio >= 2**20 - 1


def test_a_hidden_constant_has_no_bound_to_exceed() -> None:
    extreme = only(lambda xp, v: bounded(xp.sum(v), by=1), v=Bits("n"))
    assert extreme.ratio == pytest.approx(2)
    assert (extreme.hidden, extreme.exceeded, extreme.slack) == (True, False, None)


def test_relations_are_numbered_as_in_the_statement() -> None:
    claim = claim_of(lambda xp, x: all_of(equal(x, x), at_most(x, xp.array(2))), x=Interval(0, 1))
    (extreme,) = search(claim).extremes
    assert extreme.number == 2


def test_the_same_seed_finds_the_same() -> None:
    claim = paper()["lem:E.3"]
    one, other = (search(claim, 3, 200, n=[2, 4], d=[2]) for _ in range(2))
    for a, b in zip(one.extremes, other.extremes, strict=True):
        assert (a.curve, a.ratio, a.evaluations) == (b.curve, b.ratio, b.evaluations)


def test_evaluations_are_a_limit() -> None:
    found = search(paper()["lem:E.3"], 0, 160, n=[3], d=[2])
    assert all(0 < extreme.evaluations <= 160 for extreme in found.extremes)


def test_progress_ends_at_the_total() -> None:
    seen: list[tuple[int, int, str]] = []
    best_constant(
        paper()["lem:E.4"], sizes={"m": [1, 2]}, evaluations=100, progress=lambda *told: seen.append(told)
    )
    assert [(done, total) for done, total, _ in seen] == [(1, 2), (2, 2)]
    assert seen[0][2] == "lem:E.4 printed m=1"


@pytest.mark.parametrize(
    ("id", "sizes", "words"),
    [
        ("lem:E.4", {"n": [2]}, "size 'n': claim 'lem:E.4' has no such size; its sizes are m"),
        ("lem:E.4", {"m": [0]}, "expected numbers from 1 on"),
        ("lem:E.4", {"m": []}, "expected numbers from 1 on"),
        ("lem:E.3", {"n": [1000]}, "expected at most 32768"),
        ("lem:B.1.5", {}, "claim 'lem:B.1.5' has no inequality"),
    ],
)
def test_what_cannot_be_searched(id: str, sizes: dict[str, list[int]], words: str) -> None:
    with pytest.raises(UserInputError, match=words.replace("(", r"\(")):
        best_constant(paper()[id], sizes=sizes)


def test_too_few_evaluations() -> None:
    with pytest.raises(UserInputError, match="evaluations=99: expected at least 100"):
        best_constant(paper()["lem:E.4"], evaluations=99)


def test_a_bug_in_a_statement_is_told_about_the_form() -> None:
    def statement(xp: Any, x: Any) -> Any:
        if not hasattr(xp, "number") and hasattr(xp, "input") and not hasattr(xp, "size"):
            raise RuntimeError("broken here")
        return at_most(x, xp.array(2))

    found = search(claim_of(statement, x=Interval(0, 1)))
    assert found.extremes == ()
    assert "RuntimeError: broken here" in found.faults["printed"]


@pytest.mark.parametrize(
    ("statement", "domain"),
    [
        (lambda xp, x: at_most(x**3, x), Interval(-1, 1)),
        (lambda xp, x: at_most(x / 2, x), Real()),
        (lambda xp, x: at_most(-x * x, -2 * x * x), Real()),
    ],
)
def test_what_fails_where_the_right_side_is_not_positive(statement: Any, domain: Any) -> None:
    """No ratio sees it; the finding is neither sharp nor slack."""
    (extreme,) = best_constant(claim_of(statement, x=domain)).extremes
    assert extreme.exceeded
    assert finding(extreme).startswith("fails")


def test_a_unit_outside_the_domain_is_no_instance() -> None:
    def half(xp: Any, x: Any) -> Any:
        return at_most(x, Fraction(1, 2))

    one = claim_of(lambda xp, x: at_most(x, Fraction(1, 4)), x=Positive())
    one.mended(because="twice as much", where=half)(half)
    mended = [extreme for extreme in best_constant(one).extremes if extreme.form == "mended"]
    assert [extreme.exceeded for extreme in mended] == [False]


def test_every_index_is_tried_where_there_are_few() -> None:
    claim = claim_of(lambda xp, x, i, n: at_most(i * x, n * x), x=Positive(), i=Index("n"))
    (extreme,) = best_constant(claim, sizes={"n": [1, 2, 4, 8, 9]}).extremes
    assert [point.ratio for point in extreme.curve] == pytest.approx([1.0] * 5)


def unpacked(xp: Any, x: Any, y: Any) -> Any:
    parts = [at_most(x, 2), at_most(-x, 2)]
    return all_of(*parts, at_most(y, 3))


def test_the_source_of_what_is_unpacked_is_not_another_relation() -> None:
    claim = claim_of(unpacked, x=Interval(0, 1), y=Interval(0, 1))
    assert [extreme.source for extreme in best_constant(claim).extremes] == ["", "", "at_most(y, 3)"]
