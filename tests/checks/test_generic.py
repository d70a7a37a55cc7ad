"""GENERIC: what it proves and refutes, the side conditions it reports, and bad input."""

from __future__ import annotations

from typing import Any

import pytest

from proofcheck import verify
from proofcheck.checks.generic import check_generic, differences
from proofcheck.claims import Index, Interval, Positive, Real, all_of, at_most, equal, has_shape
from proofcheck.claims.claim import Form
from proofcheck.claims.status import Word
from proofcheck.claims.verdict import Outcome, Relation
from proofcheck.errors import DeclarationError, FreeSymbolError, IndexRangeError, ShapeError
from proofcheck.symbolic import decide
from tests.helpers import claim_of, form_of, rng

N, ND, NN = Real("n"), Real("n", "d"), Real("n", "n")


def softmax(xp: Any, x: Any) -> Any:
    weights = xp.exp(x)
    return weights / xp.sum(weights)


def outcome(form: Form) -> Outcome:
    return check_generic(form, rng()).outcome


# --- outcomes --------------------------------------------------------------------------------------


def test_a_proof_speaks_about_all_sizes() -> None:
    verdict = check_generic(form_of(lambda xp, x: equal(xp.sum(softmax(xp, x)), 1), x=N), rng())
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.all_sizes
    assert verdict.covers == {Relation.EQUAL}
    assert verdict.detail == "1 equality for all sizes ≥ 1; again exactly at 3 random points"


def test_a_false_equality_is_refuted_by_a_point() -> None:
    verdict = check_generic(form_of(lambda xp, M: equal(M, M.T), M=NN), rng())
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.detail.startswith("equality 1 of 1: the sides differ, for example at n=")


TRUE = {
    "transposed product": form_of(lambda xp, A, B: equal((A @ B).T, B.T @ A.T), A=ND, B=Real("d", "n")),
    "exponents add": form_of(lambda xp, x: equal(xp.exp(x) * xp.exp(-x), xp.exp(0 * x)), x=N),
    "a sum of ones": form_of(lambda xp, A, n, d: equal(xp.row_sums(xp.ones(n, d)), d * xp.ones(n)), A=ND),
    "vec": form_of(
        lambda xp, A, i, j, d: equal(xp.vec(A)[(i - 1) * d + j], A[i, j]), A=ND, i=Index("n"), j=Index("d")
    ),
    "a derivative": form_of(
        lambda xp, x, i: equal(xp.D(lambda x: xp.inner(x, x), x)[i], 2 * x[i]), x=N, i=Index("n")
    ),
    "a norm": form_of(lambda xp, x, n: equal(xp.sum(x * x / xp.sum(x * x)), 1), x=N),
    "a sum over pairs": form_of(lambda xp, A: equal(xp.sum(A @ A.T @ A), xp.sum((A.T @ (A @ A.T)).T)), A=ND),
}
FALSE = {
    "a factor": form_of(
        lambda xp, x, i: equal(xp.D(lambda x: xp.inner(x, x), x)[i], x[i]), x=N, i=Index("n")
    ),
    "exponents multiply": form_of(lambda xp, x: equal(xp.exp(x) * xp.exp(x), xp.exp(x * x)), x=N),
    "a transposed product": form_of(lambda xp, A, B: equal(A @ B, (A @ B).T), A=NN, B=NN),
}


@pytest.mark.parametrize("name", TRUE)
def test_proved(name: str) -> None:
    assert outcome(TRUE[name]) is Outcome.HOLDS


@pytest.mark.parametrize("name", FALSE)
def test_refuted(name: str) -> None:
    assert outcome(FALSE[name]) is Outcome.REFUTED


def test_a_calculus_that_proves_everything_is_caught_at_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "is_zero", lambda term: True)
    verdict = check_generic(FALSE["exponents multiply"], rng())
    assert verdict.outcome is Outcome.ERROR
    assert verdict.detail.startswith("proved, but they differ at n=")


def test_the_open_equality_is_named() -> None:
    form = form_of(lambda xp, A, B: all_of(equal(A, A), equal(A - B, B - A)), A=ND, B=ND)
    assert check_generic(form, rng()).detail.startswith("equality 2 of 2")


def test_what_no_point_decides_is_unknown() -> None:
    """True, but the calculus does not factor a sum inside a kept denominator."""
    form = form_of(
        lambda xp, x: equal(1 / (xp.sum(x) + 3) ** 2, 1 / (xp.sum(x) ** 2 + 6 * xp.sum(x) + 9)), x=N
    )
    verdict = check_generic(form, rng())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the normal forms differ, and no point decides" in verdict.detail


def test_other_relations_are_not_its_business() -> None:
    form = form_of(lambda xp, A, n, d: all_of(has_shape(A, (n, d)), at_most(A, 1 + A * A)), A=ND)
    assert outcome(form) is Outcome.NOT_RUN
    assert outcome(form_of(lambda xp, s: equal(s, s), s=Real())) is Outcome.NOT_RUN
    hypothesis = form_of(lambda xp, x: equal(x, x), where=lambda xp, x: at_most(x, 1), x=N)
    assert outcome(hypothesis) is Outcome.NOT_RUN


# --- side conditions -------------------------------------------------------------------------------


def test_side_conditions_are_in_the_detail() -> None:
    form = form_of(lambda xp, x, y: equal(x * y / (x * y), xp.exp(x - x)), x=N, y=N)
    verdict = check_generic(form, rng())
    assert verdict.outcome is Outcome.HOLDS
    assert "assuming x_{j} ≠ 0 for all j ≤ n; y_{j} ≠ 0 for all j ≤ n;" in verdict.detail


def test_a_condition_is_recorded_even_where_the_quotient_drops_out() -> None:
    form = form_of(lambda xp, x: equal(0 * (1 / x), x - x), x=N)
    assert "assuming x_{j} ≠ 0" in check_generic(form, rng()).detail


def test_positive_domains_need_no_condition() -> None:
    def statement(xp: Any, x: Any, y: Any) -> Any:
        return equal(xp.log(x / y), xp.log(xp.exp(x - x) * x / y))

    form = form_of(statement, x=Positive("n"), y=Interval(1, 2, "n"))
    verdict = check_generic(form, rng())
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.detail == "1 equality for all sizes ≥ 1; again to 30 digits at 3 random points"


def test_points_at_which_nothing_is_defined_are_passed_over() -> None:
    form = form_of(lambda xp, x: equal(xp.log(x) - xp.log(x), 0 * x), x=N)
    verdict = check_generic(form, rng())
    assert verdict.outcome is Outcome.HOLDS
    assert "assuming x_{j} > 0" in verdict.detail


def test_a_statement_that_is_defined_nowhere_is_not_proved() -> None:
    verdict = check_generic(form_of(lambda xp, x: equal(xp.log(-(x**2)), xp.log(-(x**2))), x=N), rng())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "defined at no point" in verdict.detail


def test_division_by_what_is_always_zero_is_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        check_generic(form_of(lambda xp, x: equal(x / (x - x), x), x=N), rng())


# --- bad input, through the claims route ------------------------------------------------------------


def test_an_index_out_of_its_declared_range() -> None:
    form = form_of(lambda xp, A, i: equal(A[i, :], A[i, :]), A=ND, i=Index("d"))
    with pytest.raises(IndexRangeError, match=r"index i runs over 1\.\.d, the axis over 1\.\.n"):
        differences(form)
    claim = claim_of(form.statement, id="t:range", **form.given)
    report = verify(claims=[claim], jobs=0)
    assert report.results[0].status.word.value == "ill-formed"


def test_a_dimension_used_for_two_things() -> None:
    with pytest.raises(DeclarationError, match="n is declared as real scalar and as a size"):
        differences(form_of(lambda xp, x, n: equal(n * x, x), x=N, n=Real()))
    with pytest.raises(DeclarationError, match=r"n is declared as index in 1\.\.d and as a size"):
        differences(form_of(lambda xp, x, n: equal(x, x), x=Real("n", "d"), n=Index("d")))
    twice = (Real("n", "d"), Real("d", "n"))
    with pytest.raises(DeclarationError, match="A is declared as real n×d and as real d×n"):
        differences(form_of(lambda xp, A: equal(A, A), A=twice))


def test_a_free_symbol_and_shapes_that_differ() -> None:
    with pytest.raises(FreeSymbolError, match="symbol B"):
        differences(form_of(lambda xp, A, B: equal(A, B), A=ND))
    with pytest.raises(ShapeError, match="left and right side: n×d and d×n differ"):
        differences(form_of(lambda xp, A: equal(A, A.T), A=ND))
    with pytest.raises(ShapeError, match="inner sizes of a matrix product: d and n differ"):
        differences(form_of(lambda xp, A: equal(A @ A, A), A=ND))


OUTSIDE: dict[str, tuple[Form, str]] = {
    "an index as a number": (form_of(lambda xp, x, i: equal(i * x, x * i), x=N, i=Index("n")), "the index i"),
    "one entry": (form_of(lambda xp, x: equal(x[1], x[1]), x=N), "index 1 on an axis of size n"),
    "division by a diagonal matrix": (
        form_of(lambda xp, x: equal(1 / xp.diag(x), 1 / xp.diag(x) + 0), x=N),
        "Kronecker delta",
    ),
    "an axis of two sizes": (form_of(lambda xp, x: equal(x, x), x=Real("2*n")), "an axis of size 2*n"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_the_calculus_is_unknown_and_named(name: str) -> None:
    form, words = OUTSIDE[name]
    verdict = check_generic(form, rng())
    assert verdict.outcome is Outcome.UNKNOWN
    assert words in verdict.detail


def test_an_inequality_that_fails_beside_an_equality_that_is_proved() -> None:
    """Not proved, so not this level's: the counterexample speaks, and nothing contradicts it."""
    form = form_of(lambda xp, x: all_of(equal(x + x, 2 * x), at_most(x, x - 1)), x=N)
    verdict = check_generic(form, rng())
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.covers == {Relation.EQUAL}
    assert "inequality 1 of 1" in verdict.detail
    claim = claim_of(form.statement, x=N)
    assert verify(claims=[claim], cache=False)["lem:test"].status.word is Word.REFUTED


W = {"w": Positive("n"), "v": Interval(0, 1, "n")}
INEQUALITIES: dict[str, tuple[Any, Outcome]] = {
    "with its gap": (
        lambda xp, w, v: at_most(xp.sum(w * v), xp.sum(w), gap=xp.sum(w * (1 - v))),
        Outcome.HOLDS,
    ),
    "seen without one": (lambda xp, w, v: at_most(0, xp.sum(w * v)), Outcome.HOLDS),
    "not seen": (lambda xp, w, v: at_most(xp.sum(w * v), xp.sum(w)), Outcome.NOT_RUN),
    "a gap that is not the difference": (
        lambda xp, w, v: at_most(xp.sum(w * v), xp.sum(w), gap=xp.sum(w * v)),
        Outcome.UNKNOWN,
    ),
    "a gap of no known sign": (
        lambda xp, w, v: at_most(xp.sum(w), xp.sum(w * v), gap=xp.sum(w * v) - xp.sum(w)),
        Outcome.UNKNOWN,
    ),
    "a scalar against every entry": (lambda xp, w, v: at_most(v, 1, gap=1 - v), Outcome.HOLDS),
}


@pytest.mark.parametrize("name", INEQUALITIES)
def test_inequalities(name: str) -> None:
    statement, outcome = INEQUALITIES[name]
    verdict = check_generic(form_of(statement, **W), rng())
    assert verdict.outcome is outcome
    if outcome is Outcome.HOLDS:
        assert verdict.all_sizes
        assert verdict.covers == {Relation.AT_MOST}
