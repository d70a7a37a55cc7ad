"""WELL_FORMED: declarations, shapes, index ranges, and a witness of the assumptions."""

from __future__ import annotations

from typing import Any

import pytest

from proofcheck.checks.well_formed import check_well_formed
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
    within,
)
from tests.helpers import form_of, rng

MATRIX = {"A": Real("n", "d"), "X": Real("d", "d")}


def test_a_statement_that_fits() -> None:
    form = form_of(lambda xp, A, X, n, d: all_of(equal(A @ X, A @ X), has_shape(A @ X, (n, d))), **MATRIX)
    verdict = check_well_formed(form, rng())
    assert (verdict.level, verdict.outcome, verdict.all_sizes) == (Level.WELL_FORMED, Outcome.HOLDS, True)
    assert verdict.covers == {Relation.HAS_SHAPE}
    assert verdict.relations == {Relation.EQUAL, Relation.HAS_SHAPE}
    # Two opposite orders of distinct primes, and the smallest size.
    orders = [(size["n"] > size["d"]) - (size["n"] < size["d"]) for size in verdict.sizes]
    assert sorted(orders) == [-1, 0, 1]
    assert {"n": 1, "d": 1} in verdict.sizes


def test_each_relation_is_reported() -> None:
    form = form_of(
        lambda xp, A, n: all_of(at_most(A, A), within(lambda xp, A: A, (A,), bound=n)),
        **MATRIX,
    )
    assert check_well_formed(form, rng()).relations == {Relation.AT_MOST, Relation.WITHIN}


ILL_FORMED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "free symbol": (lambda xp, A, v: equal(A, A), MATRIX, "symbol v is used but nothing declares it"),
    "two declarations": (
        lambda xp, Y: equal(Y, Y),
        {"Y": (Real("d", "d"), Real())},
        "Y is declared as real d×d and as real scalar",
    ),
    "product": (lambda xp, A, X: equal(X @ A, X @ A), MATRIX, "d×d by n×d: d columns meet n rows"),
    "sum": (lambda xp, A: equal(A + A.T, A), MATRIX, "sum of shapes n×d and d×n: they differ"),
    "sides": (lambda xp, A: equal(A, A.T), MATRIX, "left side is n×d, right side is d×n"),
    "vector for scalar": (
        lambda xp, A: equal(A[1, :], xp.sum(A)),
        MATRIX,
        "left side is d, right side is scalar",
    ),
    "sides of an inequality": (
        lambda xp, A: at_most(A, A.T),
        MATRIX,
        "left side is n×d, right side is d×n",
    ),
    "stated shape": (
        lambda xp, A, n: has_shape(A, (n, n)),
        MATRIX,
        "the shape is n×d, stated is n×n",
    ),
    "derivative": (
        lambda xp, A: equal(xp.D(lambda A: A @ A.T, A)[1, 1], A),
        MATRIX,
        "left side is n×n, right side is n×d",
    ),
    "index": (
        lambda xp, A, i: equal(A[i, 1], A[i, 1]),
        {**MATRIX, "i": Index("d")},
        "index 7 is outside 1..3",
    ),
    "index below": (
        lambda xp, A, i: equal(A[i - 1, 1], A[i, 1]),
        {**MATRIX, "i": Index("n")},
        "index 0 is outside 1..1",
    ),
    "index pair": (
        lambda xp, A, i, j, n: equal(xp.vec(A)[(i - 1) * n + j], A[i, j]),
        {**MATRIX, "i": Index("n"), "j": Index("d")},
        "is outside 1..21",
    ),
}


@pytest.mark.parametrize("name", ILL_FORMED)
def test_ill_formed_statements(name: str) -> None:
    statement, given, reason = ILL_FORMED[name]
    verdict = check_well_formed(form_of(statement, **given), rng())
    assert verdict.outcome is Outcome.REFUTED
    assert reason in verdict.detail
    assert verdict.counterexample is None


def test_shapes_that_fit_only_at_the_sizes_tried_do_not_pass() -> None:
    """n·d = 21 at both orders of the primes: only the symbolic comparison sees n·d against 21·1."""
    form = form_of(lambda xp, A: equal(xp.vec(A), xp.ones(21)), **MATRIX)
    assert check_well_formed(form, rng()).outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    "given",
    [
        {"x": Interval(1, 0, "n")},
        {"x": Real("n"), "t": Interval(3, 2)},
    ],
)
def test_vacuous_domains(given: dict[str, Any]) -> None:
    verdict = check_well_formed(form_of(lambda xp, x: equal(x, x), **given), rng())
    assert (verdict.outcome, verdict.vacuous) == (Outcome.UNKNOWN, True)
    assert "is empty" in verdict.detail


def test_a_vacuous_hypothesis() -> None:
    form = form_of(
        lambda xp, x: equal(x, x), where=lambda xp, x: all_of(at_most(x, -1), at_most(1, x)), x=Real("n")
    )
    verdict = check_well_formed(form, rng())
    assert (verdict.outcome, verdict.vacuous) == (Outcome.UNKNOWN, True)
    assert "no input met the hypotheses" in verdict.detail


def test_a_hypothesis_some_inputs_meet() -> None:
    form = form_of(lambda xp, x: equal(x, x), where=lambda xp, x: at_most(xp.exp(x), 1), x=Real())
    verdict = check_well_formed(form, rng())
    assert (verdict.outcome, verdict.vacuous) == (Outcome.HOLDS, False)


def test_a_scalar_bounds_every_entry() -> None:
    form = form_of(lambda xp, A, B: all_of(at_most(A, B), at_most(0, B)), **MATRIX, B=Positive())
    assert check_well_formed(form, rng()).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (lambda xp, A: equal(A, undefined_name), NameError),  # type: ignore[name-defined]  # noqa: F821
        (lambda xp, A: equal(A, xp.no_such_operation(A)), AttributeError),
        (lambda xp, A: None, TypeError),
        (lambda xp, A: 1 / 0, ZeroDivisionError),
    ],
)
def test_a_bug_of_the_statement_is_no_verdict(statement: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_well_formed(form_of(statement, **MATRIX), rng())
