"""FINITE_DIFFERENCE: true derivatives have order 2, false ones leave an error that does not shrink."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from proofcheck.checks import finite_difference
from proofcheck.checks.binding import draw_point
from proofcheck.checks.finite_difference import (
    Ladder,
    check_finite_difference,
    error_ladder,
    fitted_order,
    noise,
)
from proofcheck.claims import Index, Level, Outcome, Real, Relation, all_of, at_most, equal
from proofcheck.namespaces.scalars import UNIT_ROUNDOFF
from proofcheck.namespaces.strict import Array
from tests.helpers import form_of, rng

GIVEN = {"x": Real("n"), "y": Real("n"), "i": Index("n")}


def softmax(xp: Any, x: Any) -> Any:
    return xp.exp(x) / xp.sum(xp.exp(x))


def jacobian(factor: Any = 1, *, sign: int = 1) -> Any:
    """∂⟨softmax(x), y⟩/∂x_i = f_i (y_i − ⟨f, y⟩), scaled and with a sign."""

    def statement(xp: Any, x: Any, y: Any, i: Any) -> Any:
        f = softmax(xp, x)
        derivative = xp.D(lambda x: xp.inner(softmax(xp, x), y), x)[i]
        return equal(derivative, factor * f[i] * (y[i] - sign * xp.inner(f, y)))

    return form_of(statement, **GIVEN)


TRUE: dict[str, Any] = {
    "softmax": jacobian().statement,
    "gradient": lambda xp, x, y: equal(xp.gradient(lambda x: xp.sum(xp.exp(x * y)), x), y * xp.exp(x * y)),
    "direction": lambda xp, x, y: equal(xp.D(lambda x: xp.exp(x), x)[y], y * xp.exp(x)),
    # Rounding over h² and not h: were it taken for h, these would be refuted.
    "second derivative": lambda xp, x, y, i: equal(
        xp.D(lambda x: xp.D(lambda x: xp.sum(xp.exp(x)), x)[i], x)[i], xp.exp(x[i])
    ),
    "cube": lambda xp, x, y, i: equal(xp.D(lambda x: xp.sum(x**3), x)[i], 3 * x[i] ** 2),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_derivatives_show_order_2(name: str) -> None:
    for seed in range(3):
        verdict = check_finite_difference(form_of(TRUE[name], **GIVEN), rng(seed))
        assert (verdict.level, verdict.outcome) == (Level.FINITE_DIFFERENCE, Outcome.HOLDS), verdict.detail
        assert verdict.covers == {Relation.EQUAL}
        low, high = (float(one) for one in verdict.detail.split()[1].split(".."))
        assert 1.9 <= low <= high <= 2.1


def test_a_linear_function_has_no_truncation_error() -> None:
    statement = lambda xp, x, y, i: equal(xp.D(lambda x: xp.inner(x, y), x)[i], y[i])  # noqa: E731
    verdict = check_finite_difference(form_of(statement, **GIVEN), rng())
    assert verdict.outcome is Outcome.HOLDS
    assert "no truncation error to fit" in verdict.detail


FALSE = {
    "sign": jacobian(sign=-1),
    "factor": jacobian(2),
    "1 + 1e-6": jacobian(1 + Fraction(1, 10**6)),
    "1 - 1e-6": jacobian(1 - Fraction(1, 10**6)),
    "1 + 1e-11": jacobian(1 + Fraction(1, 10**11)),
    "constant": form_of(
        lambda xp, x, i: equal(xp.D(lambda x: xp.sum(x), x)[i], 2 * xp.exp(0 * x[i])), **GIVEN
    ),
    "zero": form_of(lambda xp, x, i: equal(xp.D(lambda x: xp.sum(xp.exp(x)), x)[i], 0 * x[i]), **GIVEN),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_derivatives(name: str) -> None:
    for seed in range(3):
        verdict = check_finite_difference(FALSE[name], rng(seed))
        assert verdict.outcome is Outcome.REFUTED, verdict.detail
        assert "as the step shrinks" in verdict.detail
        assert verdict.counterexample is None


@pytest.mark.parametrize(
    ("relative", "scheme"), [(Fraction(1, 10**6), "in float64"), (Fraction(1, 10**11), "with 50 digits")]
)
def test_the_scheme_that_caught_it_is_named(relative: Fraction, scheme: str) -> None:
    """1e-6 is flat in float64; 1e-11 drowns there in rounding over h, but not at 50 digits."""
    verdict = check_finite_difference(jacobian(1 + relative), rng())
    assert scheme in verdict.detail


def wrong_ladder(*args: Any, **kwargs: Any) -> Ladder:
    """As if neither ladder had ever come above its floor."""
    return Ladder((0.5, 0.25), (0.0, 0.0), (1.0, 1.0))


def test_the_complex_step_alone_withholds_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finite_difference, "error_ladder", wrong_ladder)
    verdict = check_finite_difference(jacobian(1 + Fraction(1, 10**6)), rng())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the complex step leaves an error of 1.0e-06" in verdict.detail
    assert check_finite_difference(jacobian(), rng()).outcome is Outcome.HOLDS


@pytest.mark.parametrize("precise", [False, True])
def test_each_ladder_alone_refutes(precise: bool) -> None:
    """Both float64 and 50 digits see 1 + 1e-6: their errors flatten at 1e-6 instead of falling as h²."""
    form = jacobian(1 + Fraction(1, 10**6))
    sizes = {"n": 3}
    point = draw_point(form, sizes, rng(), scale=Fraction(1, 2))
    rounding = noise(form, sizes, point, {"i": 2})
    assert rounding is not None
    ladder = error_ladder(form, sizes, point, {"i": 2}, rounding, precise=precise)
    order = fitted_order(ladder)
    assert order is not None
    assert order < 0.5
    assert min(ladder.errors) == pytest.approx(1e-6, rel=0.5)


def test_the_errors_of_a_true_derivative_by_hand() -> None:
    """d/dx e^x: a central difference is e^x sinh(h)/h, so its error relative to itself is 1 − h/sinh(h)."""
    form = form_of(lambda xp, x: equal(xp.D(lambda x: xp.exp(x), x)[1], xp.exp(x)), x=Real("n"))
    point = {"x": np.array([Fraction(1, 2)], dtype=object)}
    rounding = noise(form, {"n": 1}, point, {})
    assert rounding is not None
    for precise in (False, True):
        ladder = error_ladder(form, {"n": 1}, point, {}, rounding, precise=precise)
        for step, error, floor in zip(ladder.steps, ladder.errors, ladder.floors, strict=True):
            with mpmath.workdps(60):
                true = 1 - mpmath.mpf(step) / mpmath.sinh(mpmath.mpf(step))
            assert abs(error - true) <= 30 * floor + UNIT_ROUNDOFF * true  # errors are told as floats
        assert fitted_order(ladder) == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("order", [0.0, 1.0, 2.0, 4.0])
def test_fitted_order_of_made_up_ladders(order: float) -> None:
    steps = tuple(2.0**-k for k in range(3, 22))
    errors = tuple(0.3 * h**order for h in steps)
    assert fitted_order(Ladder(steps, errors, (0.0,) * 19)) == pytest.approx(order, abs=1e-9)
    assert fitted_order(Ladder(steps, errors, (1.0,) * 19)) is None
    # Fewer than four clear steps are no fit.
    floors = tuple(0.0 if k < 3 else 1.0 for k in range(19))
    assert fitted_order(Ladder(steps, errors, floors)) is None


def test_an_order_that_is_not_2_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = tuple(2.0**-k for k in range(3, 22))
    first_order = Ladder(steps, steps, (0.0,) * len(steps))
    monkeypatch.setattr(finite_difference, "error_ladder", lambda *args, **kwargs: first_order)
    verdict = check_finite_difference(jacobian(), rng())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "fitted order 1.00 where 2 was due" in verdict.detail


def test_damaged_schemes_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check compares with its own differences: break one and a true derivative no longer passes."""
    with monkeypatch.context() as patch:
        patch.setattr(finite_difference, "_complex_step", lambda xp, f, x, v: 2 * f(x))
        assert check_finite_difference(jacobian(), rng()).outcome is Outcome.UNKNOWN
    with monkeypatch.context() as patch:
        patch.setattr(finite_difference, "_central", lambda step: lambda xp, f, x, v: f(x + v * step) - f(x))
        assert check_finite_difference(jacobian(), rng()).outcome is not Outcome.HOLDS


def test_nothing_to_differentiate() -> None:
    verdict = check_finite_difference(form_of(lambda xp, x: equal(x, x), **GIVEN), rng())
    assert verdict.outcome is Outcome.NOT_RUN


def test_a_derivative_in_no_equality_is_not_compared() -> None:
    """A derivative inside ≤ is none of this level's: HOLDS would be said of nothing."""

    def statement(xp: Any, x: Any, i: Any) -> Any:
        return at_most(0, xp.D(lambda x: xp.sum(xp.exp(x)), x)[i])

    assert check_finite_difference(form_of(statement, **GIVEN), rng()).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize("factor", [2, 3])
def test_values_beyond_the_floats_say_nothing(factor: int) -> None:
    def statement(xp: Any, x: Any, i: Any) -> Any:
        derivative = xp.D(lambda x: xp.sum((x * 10**200) ** 2), x)[i]
        return equal(derivative, factor * (x[i] * 10**200) * 10**200)

    verdict = check_finite_difference(form_of(statement, **GIVEN), rng())
    assert verdict.outcome in (Outcome.UNKNOWN, Outcome.REFUTED)
    assert (verdict.outcome is Outcome.UNKNOWN) or factor == 3


def test_rounding_as_large_as_the_values_says_nothing() -> None:
    def statement(xp: Any, x: Any, i: Any) -> Any:
        derivative = xp.D(lambda x: xp.sum(xp.exp(x)), x)[i]
        return equal((derivative + 10**20) - 10**20, xp.exp(x[i]))

    verdict = check_finite_difference(form_of(statement, **GIVEN), rng())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "rounding error" in verdict.detail


def test_noise_is_the_rounding_of_the_formulas() -> None:
    point = {"x": np.array([Fraction(1, 2), Fraction(-1, 4)], dtype=object)}
    simple = form_of(lambda xp, x: equal(x, x), x=Real("n"))
    assert noise(simple, {"n": 2}, point, {}) == UNIT_ROUNDOFF
    lossy = form_of(lambda xp, x: equal((x + 10**6) - 10**6, x), x=Real("n"))
    found = noise(lossy, {"n": 2}, point, {})
    assert found is not None
    # One sum of size 1e6 rounds by 1e6·2^-53, relative to values of size 1/2; then one small difference.
    assert 2e6 * UNIT_ROUNDOFF <= found <= 2.1e6 * UNIT_ROUNDOFF
    overflowing = form_of(lambda xp, x: equal(xp.exp(10**6 * x), x), x=Real("n"))
    assert noise(overflowing, {"n": 2}, point, {}) is None
    divided = form_of(lambda xp, x: equal(1 / (x - x), x), x=Real("n"))
    assert noise(divided, {"n": 2}, point, {}) is None


def test_one_false_equality_among_true_ones() -> None:
    def statement(xp: Any, x: Any, i: Any) -> Any:
        slope = xp.D(lambda x: xp.sum(xp.exp(x)), x)[i]
        return all_of(equal(slope, xp.exp(x[i])), equal(slope * slope, xp.exp(x[i])))

    assert check_finite_difference(form_of(statement, **GIVEN), rng()).outcome is Outcome.REFUTED


def test_a_seed_gives_one_answer() -> None:
    one, other = (check_finite_difference(jacobian(), rng(5)) for _ in range(2))
    assert one == other
    assert not math.isnan(float(one.detail.split()[-1]))


@pytest.mark.parametrize("place", [-1, -4])
def test_values_that_are_lost_near_the_point_withhold_a_pass(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the small steps; larger ones may leave the domain."""
    steps = tuple(10.0**-power for power in range(9))
    errors = [step**2 for step in steps]
    errors[0] = math.inf
    for outcome in (Outcome.HOLDS, Outcome.UNKNOWN):
        ladder = Ladder(steps, tuple(errors), (0.0,) * len(steps))
        with monkeypatch.context() as patch:
            patch.setattr(finite_difference, "error_ladder", lambda *args, found=ladder, **options: found)
            verdict = check_finite_difference(jacobian(), rng())
        assert verdict.outcome is outcome
        errors[place] = math.inf
    assert "no finite numbers" in verdict.detail


@pytest.mark.parametrize("lost", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_an_entry_that_is_no_finite_number_is_no_agreement(lost: float, place: int) -> None:
    sides = [np.array([1.0, 2.0]), np.array([1.0, 2.0])]
    assert finite_difference._relative_error([equal(Array(sides[0]), Array(sides[1]))]) == 0.0
    sides[place][1] = lost
    assert finite_difference._relative_error([equal(Array(sides[0]), Array(sides[1]))]) == math.inf
