"""Verdicts: correct gradients are never refuted, wrong ones are, whatever the scale, and it is said where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proofcheck import GradcheckReport, gradcheck
from proofcheck.gradcheck import Agreement, FindingKind, GradcheckVerdict

from .samples import CERTAIN, HARD, WRONG, Array, Case, X, squares, squares_grad


@pytest.mark.parametrize("case", CERTAIN.values(), ids=CERTAIN)
def test_a_correct_gradient_is_certified(case: Case) -> None:
    report = gradcheck(case.loss, case.grad, case.inputs)
    assert report.verdict is GradcheckVerdict.CERTIFIED, report.summary
    assert report
    assert report.accuracy is not None
    assert report.accuracy <= 1e-7
    assert report.points[0] == "given"
    assert report.attribution is None
    assert report.reproducer is None


@pytest.mark.parametrize("case", HARD.values(), ids=HARD)
@pytest.mark.parametrize("seed", range(3))
def test_a_correct_gradient_that_is_hard_to_measure_is_not_refuted(case: Case, seed: int) -> None:
    assert gradcheck(case.loss, case.grad, case.inputs, seed=seed).verdict is not GradcheckVerdict.REFUTED


@pytest.mark.parametrize(("grad", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_gradient_is_refuted_and_explained(grad: Any, words: str) -> None:
    report = gradcheck(squares, grad, X)
    assert report.verdict is GradcheckVerdict.REFUTED, report.summary
    assert not report
    assert report.accuracy is None
    assert not report.points
    assert words in str(report.attribution)
    differing = [f for f in report.of(FindingKind.COORDINATE) if f.agreement is Agreement.DIFFERS]
    assert differing
    for one in differing:
        assert abs(one.gradient - one.derivative) > 10 * (one.radius + one.rounding)


@pytest.mark.parametrize("scale", [1e-150, 1e-6, 1.0, 1e6, 1e150])
@pytest.mark.parametrize("factor", [2.5, 1 + 1e-6])
def test_scale_does_not_hide_a_wrong_gradient(scale: float, factor: float) -> None:
    by_loss = gradcheck(lambda x: scale * squares(x), lambda x: factor * scale * squares_grad(x), X)
    by_unit = gradcheck(
        lambda x: squares(x / scale), lambda x: factor * squares_grad(x / scale) / scale, X * scale
    )
    assert by_loss.verdict is by_unit.verdict is GradcheckVerdict.REFUTED


def thousand(x: Array) -> float:
    return float(np.sum(np.exp(x) * x))


def thousand_grad(x: Array) -> Array:
    return np.exp(x) * (1 + x)


def one_of_a_thousand(x: Array) -> Array:
    found = thousand_grad(x)
    found[417] *= 1.001
    return found


@pytest.mark.parametrize("evaluations", [30_000, 100], ids=["every coordinate", "by halving"])
def test_one_wrong_coordinate_of_a_thousand_is_named(evaluations: int) -> None:
    x = np.random.default_rng(0).standard_normal(1000)
    report = gradcheck(thousand, one_of_a_thousand, x, evaluations=evaluations)
    assert report.verdict is GradcheckVerdict.REFUTED
    named = {f.place for f in report.of(FindingKind.COORDINATE) if f.agreement is Agreement.DIFFERS}
    assert named == {"x[417]"}


def test_a_thousand_parameters_take_a_few_calls_each() -> None:
    x = np.random.default_rng(0).standard_normal(1000)
    report = gradcheck(thousand, thousand_grad, x)
    assert report
    assert 6 * 1000 <= report.evaluations["loss"] < 8 * 1000
    assert report.evaluations["grad"] < 50


def test_the_same_seed_gives_the_same_report() -> None:
    first, second = (gradcheck(squares, WRONG["twice"][0], X, seed=3) for _ in range(2))
    assert first == second
    assert first.to_json()["findings"] == second.to_json()["findings"]
    other = gradcheck(squares, WRONG["twice"][0], X, seed=4)
    assert other.findings != first.findings


def test_a_tolerance_of_the_users_own_lets_small_errors_pass() -> None:
    def grad(x: Array) -> Array:
        return squares_grad(x) * (1 + 1e-6)

    assert gradcheck(squares, grad, X).verdict is GradcheckVerdict.REFUTED
    loose = gradcheck(squares, grad, X, rtol=1e-4)
    assert loose.verdict is GradcheckVerdict.CERTIFIED
    assert loose.accuracy is not None
    assert 9e-7 < loose.accuracy < 1e-4
    assert (
        gradcheck(squares, lambda x: squares_grad(x) * 1.01, X, rtol=1e-4).verdict is GradcheckVerdict.REFUTED
    )


def test_a_gradient_that_is_not_deterministic_is_refuted() -> None:
    rng = np.random.default_rng(0)
    report = gradcheck(squares, lambda x: squares_grad(x) * (1 + 1e-7 * rng.standard_normal()), X)
    assert report.verdict is GradcheckVerdict.REFUTED
    assert "not deterministic" in report.summary
    assert report.of(FindingKind.DETERMINISM)


def test_a_gradient_of_the_inputs_before_is_refuted() -> None:
    """Right whenever it is asked twice for the same inputs."""
    last = [X]

    def grad(x: Array) -> Array:
        before, last[0] = last[0], x.copy()
        return squares_grad(before)

    report = gradcheck(squares, grad, X)
    assert report.verdict is GradcheckVerdict.REFUTED
    points = [found.point for found in report.of(FindingKind.DETERMINISM)]
    assert points
    assert "given" not in points
    assert report.attribution is not None
    assert report.attribution.text == "the gradient is not deterministic"


def test_a_gradient_that_is_not_finite_is_refuted() -> None:
    report = gradcheck(squares, lambda x: squares_grad(x) * np.nan, X)
    assert report.verdict is GradcheckVerdict.REFUTED
    assert "the gradient is nan at x[0]" in report.summary


def total(x: Array) -> Any:
    return np.sum(np.abs(x))


def test_a_kink_is_found_and_named() -> None:
    x = np.array([1.0, 0.0, -2.0])
    report = gradcheck(total, np.sign, x)
    assert report.verdict is GradcheckVerdict.UNDECIDED
    (kink,) = report.of(FindingKind.KINK)
    assert kink.place == "x[1]"
    assert "slope -1 before and 1 after" in kink.detail


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_no_subgradient_is_refuted(value: float, offset: float) -> None:
    x, w = np.array([-1.1, 0.0, 0.4, 1.2]), np.linspace(1, 2, 4)

    def grad(x: Array) -> Array:
        return w * np.where(x > 0, 1.0, np.where(x < 0, 0.0, value))

    report = gradcheck(lambda x: w @ np.maximum(x, 0) + offset, grad, x)
    assert report.verdict is GradcheckVerdict.UNDECIDED


def test_what_lies_outside_both_slopes_of_a_kink_is_refuted() -> None:
    x = np.array([1.0, 0.0, -2.0])
    report = gradcheck(total, lambda x: np.where(x == 0, 3.0, np.sign(x)), x)
    assert report.verdict is GradcheckVerdict.REFUTED
    assert any(f.agreement is Agreement.DIFFERS for f in report.of(FindingKind.KINK))


def test_kinks_do_not_hide_an_error_elsewhere() -> None:
    x = np.array([1.0, 0.0, -2.0])
    report = gradcheck(total, lambda x: 1.5 * np.sign(x), x)
    assert report.verdict is GradcheckVerdict.REFUTED


def test_points_outside_the_domain_are_not_visited() -> None:
    seen: list[Array] = []

    def loss(x: Array) -> Any:
        seen.append(x.copy())
        return np.sum(np.sqrt(x))

    report = gradcheck(loss, lambda x: 0.5 / np.sqrt(x), np.array([0.5, 1.0, 1.9]), domain=(0.1, 2.0))
    assert report.verdict is GradcheckVerdict.CERTIFIED
    assert {"drawn 1", "drawn 2"} <= set(report.points)
    visited = np.array([x for x in seen if x.dtype == np.float64])
    # Differences at a point may reach over the rim only with steps that are left out, many digits beside it.
    assert np.min(visited) >= 0.1 - 1e-4
    assert np.max(visited) <= 2.0 + 1e-4


def test_a_predicate_is_a_domain_too() -> None:
    report = gradcheck(squares, large_only_beyond, X, domain=lambda x: np.max(np.abs(x)) < 10)
    assert report.verdict is GradcheckVerdict.CERTIFIED
    assert "x100" not in report.points
    assert gradcheck(squares, large_only_beyond, X).verdict is GradcheckVerdict.REFUTED


def large_only_beyond(x: Array) -> Array:
    return squares_grad(x) * (2 if np.max(np.abs(x)) > 10 else 1)


def test_what_is_only_rounding_of_a_rough_loss_is_left_open() -> None:
    def rough(x: Array) -> float:
        return float(np.float32(squares(x)))

    report = gradcheck(rough, squares_grad, X)
    assert report.verdict is GradcheckVerdict.UNDECIDED
    assert "asked for" in report.summary or "rounding" in report.summary
    assert any("float32" in f.detail for f in report.of(FindingKind.NOISE))
    wrong = gradcheck(rough, lambda x: 2.5 * squares_grad(x), X)
    assert wrong.verdict is GradcheckVerdict.REFUTED


def test_a_report_says_what_it_certifies() -> None:
    case = CERTAIN["entropy"]
    report: GradcheckReport = gradcheck(case.loss, case.grad, case.inputs)
    assert "at the inputs given to" in report.summary
    for point in report.points[1:]:
        assert point in report.summary
    orders = [f.order for f in report.findings if f.order is not None]
    assert orders
    assert all(abs(order - 2) < 0.1 for order in orders)
    assert "CERTIFIED" in report._repr_html_()
