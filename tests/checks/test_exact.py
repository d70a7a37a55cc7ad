"""EXACT: proofs at fixed sizes with free symbols, and what they do not prove."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofcheck.checks import exact
from proofcheck.checks.exact import check_exact, symbolic_inputs
from proofcheck.checks.second_opinion import Opinion
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
    has_shape,
)
from proofcheck.errors import EmptyDomainError
from proofcheck.namespaces.exact import Exact
from tests.helpers import form_of, rng

X = {"x": Real("n")}
XY = {"x": Real("n"), "y": Real("n")}


def softmax(xp: Any, x: Any) -> Any:
    return xp.exp(x) / xp.sum(xp.exp(x))


TRUE: dict[str, tuple[Any, dict[str, Any]]] = {
    "exponentials multiply": (lambda xp, x, y: equal(xp.exp(x) * xp.exp(y), xp.exp(x + y)), XY),
    "square": (lambda xp, x, y: equal((x + y) ** 2, x**2 + 2 * x * y + y**2), XY),
    "sech": (
        lambda xp, x: equal(
            (2 / (xp.exp(x) + xp.exp(-x))) ** 2, 4 * xp.exp(2 * x) / (xp.exp(2 * x) + 1) ** 2
        ),
        X,
    ),
    "softmax": (lambda xp, x: equal(xp.sum(softmax(xp, x)), 1), X),
    "shift": (lambda xp, x, t: equal(softmax(xp, x + t), softmax(xp, x)), {**X, "t": Real()}),
    "Jacobian": (
        lambda xp, x, y: equal(
            xp.D(lambda x: softmax(xp, x), x)[y],
            softmax(xp, x) * (y - xp.inner(softmax(xp, x), y)),
        ),
        XY,
    ),
    "Hessian": (
        lambda xp, x, i, j, n: equal(
            xp.D(lambda x: xp.D(lambda x: xp.sum(xp.exp(x)), x)[i], x)[j], xp.exp(x[i]) * xp.eye(n)[i, j]
        ),
        {**X, "i": Index("n"), "j": Index("n")},
    ),
    "bounds": (lambda xp, x: all_of(at_most(softmax(xp, x), 1), at_most(0, softmax(xp, x))), X),
    "squares": (lambda xp, x, y: at_most(-(x**2), (x * y) ** 2), XY),
    "interval": (lambda xp, x: all_of(at_most(x, 3), at_most(1, x)), {"x": Interval(1, 3, "n")}),
    "interval product": (
        lambda xp, x, y: at_most(x * y, 1),
        {"x": Interval(-1, 1, "n"), "y": Interval(-1, 1, "n")},
    ),
    "positive": (lambda xp, x: at_most(x, x**2 + 2 * x + 1), {"x": Positive("n")}),
    "scalar without sizes": (lambda xp, t: equal(t * t, t**2), {"t": Real()}),
}
FALSE: dict[str, tuple[Any, dict[str, Any]]] = {
    "one part in 10^30": (lambda xp, x: equal(x * (1 + Fraction(1, 10**30)), x), X),
    "sign": (lambda xp, x, y: equal((x - y) ** 2, x**2 + 2 * x * y + y**2), XY),
    "e^2x": (lambda xp, x: equal(xp.exp(2 * x), 2 * xp.exp(x)), X),
    "transpose at n = d": (lambda xp, A: equal(A, A.T), {"A": Real("n", "n")}),
    "factor of n": (lambda xp, x, n: equal(xp.sum(x), xp.sum(x) / n), X),
    "last relation": (lambda xp, x: all_of(equal(x, x), equal(x, 2 * x)), X),
    "last index": (lambda xp, x, i, n: equal(x[i] * (1 if i < 3 else 2), x[i]), {**X, "i": Index("n")}),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_statements(name: str) -> None:
    statement, given = TRUE[name]
    verdict = check_exact(form_of(statement, **given), rng())
    assert (verdict.level, verdict.outcome) == (Level.EXACT, Outcome.HOLDS), verdict.detail
    assert verdict.covers
    assert not verdict.all_sizes
    # Some size where nothing is hidden, and both orders of two sizes.
    assert any(all(size >= 2 for size in sizes.values()) for sizes in verdict.sizes)


@pytest.mark.parametrize("name", FALSE)
def test_false_statements(name: str) -> None:
    statement, given = FALSE[name]
    verdict = check_exact(form_of(statement, **given), rng())
    assert verdict.outcome is Outcome.REFUTED
    assert "the sides differ at" in verdict.detail
    assert verdict.counterexample is None  # symbols are no point that can be shown


def test_default_sizes_are_in_both_orders() -> None:
    verdict = check_exact(form_of(lambda xp, A: equal(A.T.T, A), A=Real("n", "d")), rng())
    found = {(sizes["n"], sizes["d"]) for sizes in verdict.sizes}
    assert {(1, 1), (2, 2)} <= found
    assert any(n > d > 1 for n, d in found)
    assert any(d > n > 1 for n, d in found)


UNKNOWN: dict[str, tuple[Any, dict[str, Any]]] = {
    "exp of a quotient": (lambda xp, x: equal(xp.exp(1 / (1 + x**2)), xp.exp(1 / (1 + x**2))), X),
    "exp of exp": (lambda xp, x: equal(xp.exp(xp.exp(x)), xp.exp(xp.exp(x))), X),
    "no certificate": (lambda xp, x: at_most(2 * x[1] * xp.sum(x), x[1] ** 2 + xp.sum(x) ** 2), X),
    "false inequality": (lambda xp, x: at_most(1 + x, x), X),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_it_cannot_decide(name: str) -> None:
    statement, given = UNKNOWN[name]
    verdict = check_exact(form_of(statement, **given), rng())
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.detail


def test_not_applicable() -> None:
    shapes_only = form_of(lambda xp, x, n: has_shape(x, (n,)), **X)
    assert check_exact(shapes_only, rng()).outcome is Outcome.NOT_RUN
    filtered = form_of(lambda xp, x: equal(x, x), where=lambda xp, x: at_most(x, 1), **X)
    verdict = check_exact(filtered, rng())
    assert (verdict.outcome, "where" in verdict.detail) == (Outcome.NOT_RUN, True)


def test_covers_what_it_compared() -> None:
    form = form_of(lambda xp, x, n: all_of(equal(x, x), at_most(0 * x, x * x), has_shape(x, (n,))), **X)
    assert check_exact(form, rng()).covers == {Relation.EQUAL, Relation.AT_MOST}


def test_an_empty_interval_is_no_proof() -> None:
    with pytest.raises(EmptyDomainError):
        check_exact(form_of(lambda xp, x: equal(x, x + 1), x=Interval(1, 0, "n")), rng())


@pytest.mark.parametrize(
    ("low", "high"), [(-1, 3), (2, 2), (Fraction(1, 3), 5), (0, 1), (-4, Fraction(-7, 2))]
)
def test_the_ends_of_an_interval_are_sharp(low: Fraction, high: Fraction) -> None:
    given = {"x": Interval(low, high, "n")}
    shy = Fraction(1, 10**20)

    def bounds(least: Any, most: Any) -> Any:
        return check_exact(form_of(lambda xp, x: all_of(at_most(least, x), at_most(x, most)), **given), rng())

    assert bounds(low, high).outcome is Outcome.HOLDS
    assert bounds(low, high - shy).outcome is not Outcome.HOLDS
    assert bounds(low + shy, high).outcome is not Outcome.HOLDS


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (-3, 2), (0, 2)])
def test_the_range_of_a_square_over_an_interval(low: int, high: int) -> None:
    def bounded_by(bound: Any) -> Outcome:
        form = form_of(lambda xp, x: at_most(x * x, bound), x=Interval(low, high, "n"))
        return check_exact(form, rng()).outcome

    largest = max(low * low, high * high)
    assert bounded_by(largest) is not Outcome.REFUTED
    assert bounded_by(largest - Fraction(1, 100)) is not Outcome.HOLDS
    assert bounded_by(0) is not Outcome.HOLDS


def test_every_entry_is_a_symbol_of_its_own() -> None:
    field, inputs = symbolic_inputs(
        {"A": Real("n", "d"), "A_1": Real("n"), "A_1_1": Real()}, {"n": 2, "d": 3}
    )
    entries = [entry for array in inputs.values() for entry in array.values.flat]
    assert len(field.variables) == len(entries) == 6 + 2 + 1
    assert inputs["A"].shape == (2, 3)
    for one, other in itertools.combinations(entries, 2):
        assert not (one - other).is_zero()


# --- damage: the verdict is computed by these pieces ------------------------------------------


def test_a_zero_test_that_always_says_yes_is_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """SymPy, asked again, does not agree with a proof of a false statement."""
    monkeypatch.setattr(Exact, "is_zero", lambda self: True)
    for name in ("sign", "e^2x", "transpose at n = d"):
        statement, given = FALSE[name]
        verdict = check_exact(form_of(statement, **given), rng())
        assert verdict.outcome is Outcome.ERROR, name
        assert "SymPy contradicts" in verdict.detail


def test_a_zero_test_that_always_says_no_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exact, "is_zero", lambda self: False)
    statement, given = TRUE["softmax"]
    assert check_exact(form_of(statement, **given), rng()).outcome is Outcome.REFUTED


def test_a_certificate_that_always_fails_proves_no_inequality(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exact, "is_nonnegative", lambda self: None)
    statement, given = TRUE["squares"]
    assert check_exact(form_of(statement, **given), rng()).outcome is Outcome.UNKNOWN


def test_a_contradiction_by_the_second_opinion_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "second_opinion", lambda form, rng: Opinion("contradicts", contradicts=True))
    statement, given = TRUE["square"]
    assert check_exact(form_of(statement, **given), rng()).outcome is Outcome.ERROR


def test_chosen_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    form = form_of(lambda xp, x: equal(x, x), **X, sizes={Level.EXACT: ({"n": 4}, {"n": 5})})
    verdict = check_exact(form, rng())
    assert verdict.sizes == ({"n": 4}, {"n": 5})
    assert verdict.detail.startswith("9 entries")
    assert np.prod([one["n"] for one in verdict.sizes]) == 20


def test_too_many_discrete_cases_are_counted_and_not_made() -> None:
    """2^400 arrays of bits: the answer comes at once, and says what to do."""
    form = form_of(
        lambda xp, v: at_most(xp.sum(v), xp.sum(v) + 1), v=Bits("n"), sizes={Level.EXACT: ({"n": 400},)}
    )
    verdict = check_exact(form, rng())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "more than 512 discrete cases at n=400" in verdict.detail


def test_discrete_inputs_are_gone_through() -> None:
    """v² = v holds for bits and not for [0, 1]; half of the entries of a row are 1."""
    square = form_of(lambda xp, v: equal(v * v, v), v=Bits("n"))
    assert check_exact(square, rng()).outcome is Outcome.HOLDS
    assert check_exact(form_of(square.statement, v=Interval(0, 1, "n")), rng()).outcome is Outcome.REFUTED
    half = form_of(lambda xp, p, n: at_most(n, 2 * xp.sum(p)), p=HalfMax("n"))
    assert check_exact(half, rng()).outcome is Outcome.HOLDS
    assert check_exact(form_of(half.statement, p=Interval(0, 1, "n")), rng()).outcome is Outcome.UNKNOWN
