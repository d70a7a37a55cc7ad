"""Quadrature: points and weights, errors that bound what happens, and the ellipse on which they rest."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from reductions.quadrature import (
    gauss_count,
    gauss_error,
    gauss_rule,
    printed_count,
    riemann_rule,
    slope_bounds,
)

from .instances import DIGITS, attention_of, gap_instance, norm, slope


@pytest.mark.parametrize("count", [2, 3, 10, 60])
def test_points_and_weights(count: int) -> None:
    rule = gauss_rule(4, Fraction(3), count)
    points, weights = np.polynomial.legendre.leggauss(count)
    order = np.argsort(rule.points)
    assert np.array(rule.points)[order] == pytest.approx((points + 1) / 2, abs=1e-14)
    assert np.array(rule.weights)[order] == pytest.approx(weights / 2, abs=1e-13)


@pytest.mark.parametrize("yes", [False, True])
@pytest.mark.parametrize(("N", "m"), [(1, 2), (2, 3), (3, 2)])
def test_errors_bound_what_happens(N: int, m: int, yes: bool) -> None:
    instance = attention_of(gap_instance(N, m, np.random.default_rng(N), yes=yes), "norm")
    n, B = instance.n, instance.bound
    with mpmath.workdps(DIGITS):
        change = norm(instance, 1) - norm(instance, 0)
        for rule in (*(gauss_rule(n, B, count) for count in (2, 4, 8, 16, 32)), riemann_rule(n, B, 20)):
            found = sum(w * slope(instance, p) for p, w in zip(rule.points, rule.weights, strict=True))
            assert abs(found - change) <= rule.error


def test_the_start_is_half_of_n() -> None:
    instance = attention_of(gap_instance(3, 2, np.random.default_rng(0), yes=True), "norm")
    with mpmath.workdps(DIGITS):
        assert abs(norm(instance, 0) - mpmath.mpf(3) / 2) < mpmath.mpf(10) ** (5 - DIGITS)


def test_derivatives_are_bounded() -> None:
    instance = attention_of(gap_instance(2, 2, np.random.default_rng(5), yes=True), "norm")
    first, second = slope_bounds(instance.n, instance.bound)
    with mpmath.workdps(DIGITS):
        for temperature in (0.0, 0.02, 0.1, 0.5, 1.0):
            step = mpmath.mpf(10) ** -15
            here, there = slope(instance, temperature), slope(instance, temperature + step)
            assert abs(here) <= first.numerator / first.denominator
            assert abs(there - here) / step <= second.numerator / second.denominator


@pytest.mark.parametrize("B", [0.01, 0.5, 3.0, 50.0, 2000.0])
def test_outputs_on_the_ellipse(B: float) -> None:
    """|Σ e^{−λδ}| of the first half, over the normaliser, is at most 8/5 on the ellipse and inside it."""
    rng = np.random.default_rng(0)
    sigma = np.arcsinh(np.sqrt(np.sqrt(2) / B))
    worst = 0.0
    for _ in range(400):
        radius = sigma * rng.choice([1.0, 1.0, rng.random()])
        angle = rng.uniform(0, 2 * np.pi)
        z = np.cosh(radius) * np.cos(angle) + 1j * np.sinh(radius) * np.sin(angle)
        point = (1 + z) / 2
        N = int(rng.integers(1, 6))
        distances = B * rng.choice([0.0, 1.0, rng.random()], size=N)
        kept = np.exp(-point * distances).sum()
        worst = max(worst, abs(kept) / abs(N + kept), abs(np.exp(-point * distances)).sum() / abs(N + kept))
    assert worst <= 1.6


def test_errors_fall_as_the_theory_has_it() -> None:
    n, B = 64, Fraction(40)
    errors = [gauss_error(n, B, count) for count in (4, 8, 16, 32, 64)]
    assert all(after < before for before, after in pairwise(errors))
    sigma = np.arcsinh(np.sqrt(np.sqrt(2) / 40))
    assert errors[4] / errors[3] == pytest.approx(np.exp(-64 * sigma), rel=1e-9)


@pytest.mark.parametrize("tolerance", [1e-1, 1e-6, 1e-12])
def test_the_count_is_the_least(tolerance: float) -> None:
    count = gauss_count(100, Fraction(25), tolerance)
    assert count is not None
    assert gauss_error(100, Fraction(25), count) <= tolerance
    assert count == 2 or gauss_error(100, Fraction(25), count - 1) > tolerance


def test_too_many_points_are_no_count() -> None:
    assert gauss_count(10**6, Fraction(10**14), 1e-12) is None


def test_the_printed_count() -> None:
    assert [printed_count(n) for n in (2, 4, 16, 1000)] == [1, 16, 256, 9864]
    assert printed_count(1) == 1
