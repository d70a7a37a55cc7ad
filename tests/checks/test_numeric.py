"""NUMERIC: agreement is judged by the rounding error of the two sides, at every scale of inputs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from proofcheck.checks import numeric
from proofcheck.checks.numeric import check_numeric
from proofcheck.claims import (
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
    has_shape,
)
from tests.helpers import form_of, rng

X = {"x": Real("n")}
PPM = 1 + Fraction(1, 10**6)


def softmax(xp: Any, x: Any) -> Any:
    return xp.exp(x) / xp.sum(xp.exp(x))


TRUE: dict[str, tuple[Any, dict[str, Any]]] = {
    "distributive": (lambda xp, x, y: equal(x * (x + y), x * x + x * y), {**X, "y": Real("n")}),
    "exponentials": (lambda xp, x: equal(xp.exp(2 * x), xp.exp(x) * xp.exp(x)), X),
    "softmax": (lambda xp, x: equal(xp.sum(softmax(xp, x)), 1), X),
    "gradient": (
        lambda xp, x, i: equal(xp.D(lambda x: xp.inner(x, x), x)[i], 2 * x[i]),
        {**X, "i": Index("n")},
    ),
    "bound": (lambda xp, x: all_of(at_most(softmax(xp, x), 1), at_most(-(x**2), xp.sum(x**2))), X),
    "interval": (lambda xp, x: at_most(x * x, x), {"x": Interval(0, 1, "n")}),
}
FALSE: dict[str, tuple[Any, dict[str, Any]]] = {
    "sign": (lambda xp, x, y: equal(x * (x - y), x * x + x * y), {**X, "y": Real("n")}),
    "one entry": (lambda xp, x, n: equal(x * PPM if n == 5 else x, x), X),
    "last relation": (lambda xp, x: all_of(equal(x, x), equal(x + x, x)), X),
    "bound": (lambda xp, x: at_most(xp.exp(x), 1 + x), X),
    "bound by 1e-6": (lambda xp, x: at_most(x * PPM, x), {"x": Positive("n")}),
    "index": (
        lambda xp, x, i, n: equal(xp.D(lambda x: xp.inner(x, x), x)[i], 2 * x[n + 1 - i]),
        {**X, "i": Index("n")},
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_statements(name: str) -> None:
    statement, given = TRUE[name]
    for seed in range(5):
        verdict = check_numeric(form_of(statement, **given), rng(seed))
        assert (verdict.level, verdict.outcome) == (Level.NUMERIC, Outcome.HOLDS), verdict.detail
        assert verdict.covers


@pytest.mark.parametrize("name", FALSE)
def test_false_statements(name: str) -> None:
    statement, given = FALSE[name]
    for seed in range(5):
        verdict = check_numeric(form_of(statement, **given), rng(seed))
        assert verdict.outcome is Outcome.REFUTED, verdict.detail
        assert verdict.counterexample is None  # floats disprove nothing


@pytest.mark.parametrize("relative", [Fraction(1, 10**6), Fraction(-1, 10**6), Fraction(1, 10**12)])
def test_a_small_relative_error_at_inputs_near_1e_3(
    relative: Fraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numeric, "_SCALES", (Fraction(1, 1024),))
    verdict = check_numeric(form_of(lambda xp, x: equal(x * x, x * x * (1 + relative)), **X), rng())
    assert verdict.outcome is Outcome.REFUTED
    right = check_numeric(form_of(lambda xp, x: equal((2 * x) ** 2, 4 * x**2), **X), rng())
    assert right.outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    "factor", [Fraction(0), Fraction(2), Fraction(-4), 4 * PPM], ids=["zero", "half", "sign", "ppm"]
)
def test_a_false_gradient_with_values_near_1e_9(factor: Fraction, monkeypatch: pytest.MonkeyPatch) -> None:
    """∂/∂x_i Σ x⁴ = 4 x_i³ is about 4e-9 at x near 1e-3: an absolute tolerance agrees with anything."""
    monkeypatch.setattr(numeric, "_SCALES", (Fraction(1, 1024),))

    def gradient(factor: Fraction) -> Any:
        return form_of(
            lambda xp, x, i: equal(xp.D(lambda x: xp.sum(x**4), x)[i], factor * x[i] ** 3),
            **X,
            i=Index("n"),
        )

    assert check_numeric(gradient(factor), rng()).outcome is Outcome.REFUTED
    assert check_numeric(gradient(Fraction(4)), rng()).outcome is Outcome.HOLDS


def test_rounding_as_large_as_the_values_is_no_evidence() -> None:
    big = 10**20
    for statement in (
        lambda xp, x: equal((x + big) - big, x),  # true, and lost in rounding
        lambda xp, x: equal((x + big) - big, 2 * x),  # false, and lost just as well
    ):
        verdict = check_numeric(form_of(statement, **X), rng())
        assert verdict.outcome is Outcome.UNKNOWN
        assert "rounding error" in verdict.detail


def test_one_silent_relation_among_others_is_not_covered_up() -> None:
    def statement(xp: Any, x: Any) -> Any:
        return all_of(equal(x, x), equal((x + 10**20) - 10**20, x))

    assert check_numeric(form_of(statement, **X), rng()).outcome is Outcome.UNKNOWN


def test_all_zero_is_no_evidence() -> None:
    assert check_numeric(form_of(lambda xp, x: equal(0 * x, x - x), **X), rng()).outcome is Outcome.UNKNOWN


def test_nothing_to_compare() -> None:
    verdict = check_numeric(form_of(lambda xp, x, n: has_shape(x, (n,)), **X), rng())
    assert verdict.outcome is Outcome.NOT_RUN


def test_points_beyond_the_floats_say_nothing() -> None:
    def statement(xp: Any, x: Any) -> Any:
        return equal(xp.exp(10**6 * x), 2 * xp.exp(10**6 * x))

    # Where exp underflows both sides are 0; elsewhere it overflows or shows the factor.
    assert check_numeric(form_of(statement, **X), rng()).outcome is not Outcome.HOLDS

    def overflowing(xp: Any, x: Any) -> Any:
        huge = (x + 10**200) * 10**200
        return equal(huge * 1, huge - huge)

    assert check_numeric(form_of(overflowing, **X), rng()).outcome is Outcome.UNKNOWN


def test_a_point_where_the_statement_divides_by_zero_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def statement(xp: Any, x: Any) -> Any:
        return equal(x * (1 / x), xp.exp(0 * x))

    assert check_numeric(form_of(statement, **X), rng()).outcome is Outcome.HOLDS
    monkeypatch.setattr(numeric, "_SCALES", (Fraction(0), Fraction(1)))
    assert check_numeric(form_of(statement, **X), rng()).outcome is Outcome.HOLDS
    monkeypatch.setattr(numeric, "_SCALES", (Fraction(0),))
    assert check_numeric(form_of(statement, **X), rng()).outcome is not Outcome.HOLDS


def test_relations_and_sizes_are_reported() -> None:
    def statement(xp: Any, x: Any, n: Any) -> Any:
        return all_of(equal(x + x, 2 * x), at_most(x, x + 1), has_shape(x, (n,)))

    verdict = check_numeric(form_of(statement, **X), rng())
    assert verdict.covers == {Relation.EQUAL, Relation.AT_MOST}
    assert any(size["n"] >= 3 for size in verdict.sizes)
    chosen = form_of(statement, **X, sizes={Level.NUMERIC: ({"n": 4},)})
    assert check_numeric(chosen, rng()).sizes == ({"n": 4},)


def test_a_seed_gives_one_answer() -> None:
    form = form_of(TRUE["softmax"][0], **X)
    assert check_numeric(form, rng(7)) == check_numeric(form, rng(7))
