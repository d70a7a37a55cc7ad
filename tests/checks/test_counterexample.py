"""COUNTEREXAMPLE: found, confirmed exactly, shrunk; every value recomputed here with mpmath."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from proofcheck.checks import counterexample
from proofcheck.checks.counterexample import check_counterexample
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
from proofcheck.namespaces.exact import Exact
from tests.helpers import form_of, rng

X = {"x": Real("n")}
XY = {"x": Real("n"), "y": Real("n")}
DIGITS = 40


def numbers(values: Any) -> Any:
    """Nested lists of fractions as strings, as mpmath numbers."""
    if isinstance(values, str):
        fraction = Fraction(values)
        return mpmath.mpf(fraction.numerator) / fraction.denominator
    return [numbers(one) for one in values]


def written(text: str) -> Any:
    """The value of a formula such as ``1/2*exp(1)/(1 + exp(1/2))^2`` by mpmath."""
    names = {"exp": mpmath.exp, "mpf": mpmath.mpf, "__builtins__": {}}
    return eval(re.sub(r"(?<![\w.])(\d+)", r"mpf(\1)", text.replace("^", "**")), names)


def softmax(xp: Any, x: Any) -> Any:
    return xp.exp(x) / xp.sum(xp.exp(x))


FALSE: dict[str, tuple[Any, dict[str, Any], dict[str, int]]] = {
    # name: statement, symbols, the least sizes at which it is false
    "sign": (lambda xp, x, y: equal((x - y) ** 2, (x + y) ** 2), XY, {"n": 1}),
    "n = 1 holds": (lambda xp, x, n: equal(xp.sum(x), n * x[1]), X, {"n": 2}),
    "d = 1 holds": (
        lambda xp, A, d: equal(xp.sum(A), d * xp.sum(A)),
        {"A": Real("n", "d")},
        {"d": 2, "n": 1},
    ),
    "only n = 5": (lambda xp, x, n: equal(x if n < 5 else 2 * x, x), X, {"n": 5}),
    "transpose": (lambda xp, A: equal(A, A.T), {"A": Real("n", "n")}, {"n": 2}),
    "derivative": (
        lambda xp, x, i: equal(xp.D(lambda x: xp.sum(xp.exp(x)), x)[i], -xp.exp(x[i])),
        {**X, "i": Index("n")},
        {"n": 1},
    ),
    "inequality": (lambda xp, x: at_most(xp.exp(x), 1 + x), X, {"n": 1}),
    "positive": (lambda xp, x: at_most(xp.exp(x), 1 + x + x**2), {"x": Positive("n")}, {"n": 1}),
    "interval": (lambda xp, x: at_most(x, x**2), {"x": Interval(0, 1, "n")}, {"n": 1}),
    "second relation": (lambda xp, x: all_of(equal(x, x), equal(xp.exp(x), x + 1)), X, {"n": 1}),
    "softmax": (lambda xp, x: equal(xp.sum(softmax(xp, x) ** 2), 1), X, {"n": 2}),
}


@pytest.mark.parametrize("name", FALSE)
def test_found_shrunk_and_described(name: str) -> None:
    statement, given, least = FALSE[name]
    form = form_of(statement, **given)
    verdict = check_counterexample(form, rng())
    assert (verdict.level, verdict.outcome) == (Level.COUNTEREXAMPLE, Outcome.REFUTED)
    found = dict(verdict.counterexample or {})
    assert found["sizes"] == least
    assert verdict.sizes == (least,)
    assert verdict.covers == {Relation(found["relation"])}
    with mpmath.workdps(DIGITS):
        for side in ("left", "right"):
            value, decimal = written(found[side]), mpmath.mpf(found[f"{side}_decimal"])
            # Twelve digits are told.
            assert abs(value - decimal) <= mpmath.mpf(10) ** -11 * max(abs(value), mpmath.mpf(10) ** -300)
        left, right = written(found["left"]), written(found["right"])
        assert left > right if found["relation"] == "at_most" else left != right


BY_HAND: dict[str, Any] = {
    "sign": lambda c, x, y: ((x[c] - y[c]) ** 2, (x[c] + y[c]) ** 2),
    "n = 1 holds": lambda c, x: (sum(x), len(x) * x[0]),
    "d = 1 holds": lambda c, A: (sum(map(sum, A)), len(A[0]) * sum(map(sum, A))),
    "only n = 5": lambda c, x: (2 * x[c], x[c]),
    "inequality": lambda c, x: (mpmath.exp(x[c]), 1 + x[c]),
    "positive": lambda c, x: (mpmath.exp(x[c]), 1 + x[c] + x[c] ** 2),
    "interval": lambda c, x: (x[c], x[c] ** 2),
    "second relation": lambda c, x: (mpmath.exp(x[c]), x[c] + 1),
    "softmax": lambda c, x: (
        sum(mpmath.exp(2 * t) for t in x) / sum(mpmath.exp(t) for t in x) ** 2,
        mpmath.mpf(1),
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("point", ["shrunk", "non_degenerate"])
def test_the_values_are_those_of_the_inputs(name: str, point: str) -> None:
    """Both sides recomputed from the printed inputs by formulas written out here."""
    statement, given, _ = FALSE[name]
    for seed in range(4):
        found = check_counterexample(form_of(statement, **given), rng(seed)).counterexample
        assert found is not None
        shown = found if point == "shrunk" else found["non_degenerate"]
        if shown is None:
            continue
        with mpmath.workdps(DIGITS):
            place = shown["entry"][0] - 1 if shown["entry"] else 0
            left, right = BY_HAND[name](place, **{k: numbers(v) for k, v in shown["inputs"].items()})
            for value, text in ((left, shown["left"]), (right, shown["right"])):
                assert abs(value - written(text)) <= mpmath.mpf(10) ** -(DIGITS - 5) * (1 + abs(value))


def test_the_index_and_the_relation_are_named() -> None:
    found = check_counterexample(
        form_of(FALSE["derivative"][0], **FALSE["derivative"][1]), rng()
    ).counterexample
    assert found is not None
    assert (found["indices"], found["relation_number"], found["entry"]) == ({"i": 1}, 1, [])
    statement, given, _ = FALSE["second relation"]
    second = check_counterexample(form_of(statement, **given), rng()).counterexample
    assert second is not None
    assert second["relation_number"] == 2

    def from_the_third(xp: Any, x: Any, i: Any) -> Any:
        return equal(x[i], x[i] if i < 3 else x[i] + 1)

    third = check_counterexample(form_of(from_the_third, **X, i=Index("n")), rng()).counterexample
    assert third is not None
    assert (third["sizes"], third["indices"], third["inputs"]) == ({"n": 3}, {"i": 3}, {"x": ["0", "0", "0"]})


@pytest.mark.parametrize("name", FALSE)
def test_entries_are_as_simple_as_they_can_be(name: str) -> None:
    """No entry can be replaced by a simpler one of its set without losing the counterexample."""
    statement, given, _ = FALSE[name]
    form = form_of(statement, **given)
    found = check_counterexample(form, rng()).counterexample
    assert found is not None
    for symbol, domain in form.domains().items():
        entries = found["inputs"][symbol]
        flat = [one for row in entries for one in (row if isinstance(row, list) else [row])]
        assert all(Fraction(one) in domain.table() for one in flat)
    if name == "softmax":
        assert found["inputs"]["x"] == ["0", "0"]
    if name == "n = 1 holds":
        assert sorted(found["inputs"]["x"]) == ["0", "1"]
    if name == "inequality":
        assert found["inputs"]["x"] == ["1"]
    if name == "only n = 5":
        assert sorted(found["inputs"]["x"]) == ["0", "0", "0", "0", "1"]


def test_draws_keep_to_the_hypotheses() -> None:
    """False everywhere; the point shown must still meet the domains and ``where``, shrunk as it is."""

    def where(xp: Any, x: Any, t: Any) -> Any:
        return all_of(at_most(1, xp.sum(x)), at_most(xp.exp(t), 1))

    form = form_of(lambda xp, x: equal(x, x + 1), where=where, **X, t=Real(), s=Positive(), u=Interval(2, 3))
    for seed in range(4):
        found = check_counterexample(form, rng(seed)).counterexample
        assert found is not None
        assert sum(map(Fraction, found["inputs"]["x"])) >= 1
        assert Fraction(found["inputs"]["t"]) <= 0
        assert Fraction(found["inputs"]["s"]) > 0
        assert 2 <= Fraction(found["inputs"]["u"]) <= 3


TRUE: dict[str, tuple[Any, dict[str, Any]]] = {
    "identity": (lambda xp, x, y: equal((x + y) ** 2, x**2 + 2 * x * y + y**2), XY),
    "softmax": (lambda xp, x: all_of(equal(xp.sum(softmax(xp, x)), 1), at_most(softmax(xp, x), 1)), X),
    "tight inequality": (lambda xp, x: at_most(2 * x, x**2 + 1), X),
    "1 is the only point": (lambda xp, x: at_most(x, 1), {"x": Interval(0, 1, "n")}),
    "derivative": (
        lambda xp, x, y: equal(xp.D(lambda x: xp.exp(x), x)[y], y * xp.exp(x)),
        XY,
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_nothing_is_found_against_a_true_statement(name: str) -> None:
    statement, given = TRUE[name]
    for seed in range(3):
        verdict = check_counterexample(form_of(statement, **given), rng(seed))
        assert verdict.outcome is Outcome.UNKNOWN  # which is not evidence for it
        assert verdict.counterexample is None
        assert verdict.detail.startswith("none found")


def test_not_applicable() -> None:
    verdict = check_counterexample(form_of(lambda xp, x, n: has_shape(x, (n,)), **X), rng())
    assert verdict.outcome is Outcome.NOT_RUN


@pytest.mark.parametrize("name", FALSE)
def test_deterministic_for_a_seed(name: str) -> None:
    statement, given, _ = FALSE[name]
    one, other = (check_counterexample(form_of(statement, **given), rng(11)) for _ in range(2))
    assert one == other
    assert one.to_json() | {"seconds": 0} == other.to_json() | {"seconds": 0}


def test_floats_alone_disprove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that cries wolf at every point changes nothing: each point is decided exactly."""
    monkeypatch.setattr(counterexample, "_fails", lambda form, case, covers=None: True)
    statement, given = TRUE["softmax"]
    assert check_counterexample(form_of(statement, **given), rng()).counterexample is None


def test_a_sign_that_is_always_0_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exact, "sign", lambda self: 0)
    statement, given, _ = FALSE["sign"]
    assert check_counterexample(form_of(statement, **given), rng()).outcome is Outcome.UNKNOWN


def test_what_cannot_be_written_exactly_is_not_claimed() -> None:
    """exp(exp(x)) leaves the exact numbers: false, seen by floats, and no counterexample is given."""
    form = form_of(lambda xp, x: equal(xp.exp(xp.exp(1 + x**2)), x), **X)
    assert check_counterexample(form, rng()).outcome is Outcome.UNKNOWN


def test_points_outside_the_statement_are_passed_over() -> None:
    """1/x at x = 0 is no counterexample, and does not stop the search for one."""
    verdict = check_counterexample(form_of(lambda xp, x: equal(1 / x, x), **X), rng())
    assert verdict.counterexample is not None
    assert Fraction(verdict.counterexample["inputs"]["x"][0]) != 0
    assert (
        check_counterexample(form_of(lambda xp, x: equal(x / x, 1 + 0 * x), **X), rng()).counterexample
        is None
    )


def test_a_difference_below_the_floats_is_seen_or_not_claimed() -> None:
    """1e-30 of the value is beyond the float filter: no counterexample, and none against the truth."""
    form = form_of(lambda xp, x: equal(x * (1 + Fraction(1, 10**30)), x), **X)
    assert check_counterexample(form, rng()).outcome in (Outcome.UNKNOWN, Outcome.REFUTED)


def test_chosen_sizes_bound_the_search() -> None:
    statement, given, _ = FALSE["only n = 5"]
    form = form_of(statement, **given, sizes={Level.COUNTEREXAMPLE: ({"n": 3},)})
    assert check_counterexample(form, rng()).outcome is Outcome.UNKNOWN


def test_what_the_small_values_miss_is_found_at_generic_ones() -> None:
    # False for 0 < x < 1/3 only, and no value of the table lies there.
    form = form_of(lambda xp, x: at_most(x, 3 * x * x), x=Interval(0, 1, "n"))
    assert check_counterexample(form, rng()).outcome is Outcome.REFUTED
