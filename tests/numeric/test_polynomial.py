"""Polynomials for exp: errors against dense samples in mpmath, optimality against theorems."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.errors import ApproximationError, UserInputError
from proofcheck.numeric.polynomial import (
    ExpPolynomial,
    aggarwal_alman_degree,
    chebyshev,
    least_squares,
    minimax,
    smallest_degree,
    taylor,
)

KINDS = [taylor, chebyshev, minimax]
BY_NAME = {construct.__name__: construct for construct in KINDS}
PAGE = Path(__file__).parents[2] / "docs" / "polynomials.md"
U = 2.0**-53


def _errors(coefficients: Any, points: Any) -> list[mpmath.mpf]:
    """P(t) e^{-t} − 1 with 60 digits."""
    with mpmath.workdps(60):
        falling = [mpmath.mpf(a) for a in reversed(tuple(coefficients))]
        return [mpmath.polyval(falling, t) * mpmath.exp(-mpmath.mpf(t)) - 1 for t in points]


def _dense(radius: float, count: int = 400) -> list[float]:
    """Points that crowd at the ends, as extrema do; the ends are among them."""
    return [min(max(-radius * math.cos(math.pi * i / count), -radius), radius) for i in range(count + 1)]


def _rms(polynomial: ExpPolynomial, sample: Any) -> float:
    return math.sqrt(sum(float(e) ** 2 for e in _errors(polynomial.coefficients, sample)) / len(sample))


@pytest.mark.parametrize("construct", KINDS)
@pytest.mark.parametrize(
    ("degree", "radius"),
    [(0, 1.0), (1, 0.5), (3, 1.0), (5, 4.0), (8, 2.0), (14, 1.0), (20, 8.0), (6, 1e-3), (4, 25.0), (2, 90.0)],
)
def test_the_bound_is_above_a_dense_sample_and_close(
    construct: Callable[..., ExpPolynomial], degree: int, radius: float
) -> None:
    found = construct(degree, radius)
    highest = max(map(abs, _errors(found.coefficients, _dense(radius))))
    assert highest <= found.relative_error
    # With θ = arccos(t/ρ) an error with g + 1 alternations moves like cos((g + 1)θ): between points π/400
    # apart it can exceed the sample by (g + 1)² (π/800)²/2 of itself, 0.4% for g = 20.
    assert found.relative_error <= highest * mpmath.mpf("1.01")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9),
    st.floats(0, 12),
    st.lists(st.floats(-1, 1), min_size=1, max_size=8),
)
def test_no_polynomial_errs_beyond_its_bound(
    coefficients: list[float], radius: float, places: list[float]
) -> None:
    found = ExpPolynomial.certified(coefficients, "taylor", radius)
    sampled = _errors(coefficients, [*(radius * place for place in places), *_dense(radius, 40)])
    assert max(map(abs, sampled)) <= found.relative_error
    assert found.sup_on(radius / 2) <= found.relative_error


@pytest.mark.parametrize(
    ("coefficients", "radius", "expected"),
    [
        ((1.0,), 0.0, "0"),
        ((1.5,), 0.0, "0.5"),
        ((0.0, 0.0), 7.0, "1"),  # P' − P is the zero polynomial
        ((1.0,), 1.0, "expm1(1)"),
        ((1.0, 1.0), 2.0, "1+exp(2)"),  # at an end; the extremum inside is a critical point with E = 0
        ((1.0,), 1e-300, "expm1(1e-300)"),
        ((1.0,), 1e-9, "expm1(1e-9)"),
        # P' − P = (t − 1/2)²: a root of multiplicity two, where E has no extremum
        ((-1.25, -1.0, -1.0), 1.0, "1+1.25*exp(1)"),
        # P' − P = t (t − 1): a root exactly at the end of the range
        ((-1.0, -1.0, -1.0), 1.0, "1+exp(1)"),
        ((1e308,), 500.0, "inf"),
    ],
)
def test_sups_known_in_closed_form(coefficients: tuple[float, ...], radius: float, expected: str) -> None:
    with mpmath.workdps(60):
        names = {"exp": mpmath.exp, "expm1": mpmath.expm1, "inf": mpmath.inf}
        exact = mpmath.mpf(eval(expected, names))
        found = ExpPolynomial.certified(coefficients, "taylor", radius).relative_error
        # The search for the sup costs 2^-44, and rounding up 2^-52.
        assert exact <= found <= exact * (1 + mpmath.mpf(2) ** -43)


def test_the_precision_of_flint_neither_matters_nor_changes() -> None:
    coefficients, before = (1 / 3, 0.1, -0.7), flint.ctx.prec
    expected = ExpPolynomial.certified(coefficients, "taylor", 1.7).relative_error
    try:
        flint.ctx.prec = 7
        assert ExpPolynomial.certified(coefficients, "taylor", 1.7).relative_error == expected
        assert least_squares(3, 1.0, [0.0, 0.5]) == least_squares(3, 1.0, [0.0, 0.5])
        assert flint.ctx.prec == 7
    finally:
        flint.ctx.prec = before


@pytest.mark.parametrize(("degree", "radius"), [(0, 2.0), (1, 1.0), (4, 1.0), (6, 3.0), (10, 5.0), (12, 8.0)])
def test_minimax_equioscillates_so_none_is_better(degree: int, radius: float) -> None:
    found = minimax(degree, radius)
    # By de la Vallée-Poussin, with g + 2 points where E alternates in sign, the least |E| among them is a
    # lower bound of δ for every polynomial of degree g.
    points = _dense(radius, 1000)
    errors = _errors(found.coefficients, points)
    extrema: list[int] = []
    for i, error in enumerate(errors):
        if not extrema or error * errors[extrema[-1]] < 0:
            extrema.append(i)
        elif abs(error) > abs(errors[extrema[-1]]):
            extrema[-1] = i
    assert len(extrema) == degree + 2
    near = [np.linspace(points[max(i - 1, 0)], points[min(i + 1, 1000)], 101) for i in extrema]
    least = min(max(map(abs, _errors(found.coefficients, some))) for some in near)
    # What 1001 points would miss, see above; these are 50 times as dense, so a hundredth of it is ample.
    missed = ((degree + 1) * math.pi / 2000) ** 2 / 2 / 100
    rounding = U * found.absolute(radius) * math.exp(radius)
    assert found.relative_error - least <= 2 * rounding + found.relative_error * missed


@pytest.mark.parametrize("radius", [0.5, 1.0, 3.0, 6.0])
@pytest.mark.parametrize("degree", range(0, 10, 3))
def test_minimax_is_best_and_chebyshev_is_near(degree: int, radius: float) -> None:
    best, near, plain = (f(degree, radius).relative_error for f in (minimax, chebyshev, taylor))
    assert best <= near <= plain
    # E of the projection has g + 1 zeros as well; as a factor the Lebesgue constant of Chebyshev series,
    # 4/π² log(g + 1) + 3, bounds how much a projection loses where the weight e^{-t} is level.
    assert near <= best * (3 + 4 / math.pi**2 * math.log(degree + 1))


def test_minimax_of_degree_0_in_closed_form() -> None:
    # c e^ρ − 1 = 1 − c e^{-ρ}, so c = 1/cosh ρ and δ = tanh ρ.
    assert minimax(0, 1.25).coefficients[0] == pytest.approx(1 / math.cosh(1.25), rel=4 * U)
    assert minimax(0, 1.25).relative_error == pytest.approx(math.tanh(1.25), rel=16 * U)


@pytest.mark.parametrize("degree", [1, 4, 7])
def test_chebyshev_is_a_projection(degree: int) -> None:
    """E is orthogonal to every s^m e^{-ρs}: checked with Gauss-Chebyshev quadrature, exact to far below u."""
    radius, nodes = 2.0, 60
    points = [radius * math.cos(math.pi * (2 * i + 1) / (2 * nodes)) for i in range(nodes)]
    errors = _errors(chebyshev(degree, radius).coefficients, points)
    found = chebyshev(degree, radius)
    rounding = 4 * U * found.absolute(radius) * math.exp(2 * radius)
    for power in range(degree + 1):
        mean = (
            sum(e * (t / radius) ** power * math.exp(-t) for e, t in zip(errors, points, strict=True)) / nodes
        )
        assert abs(mean) <= rounding


def test_taylor_is_the_series() -> None:
    assert taylor(4, 1.0).coefficients == (1.0, 1.0, 0.5, 1 / 6, 1 / 24)
    # The error is largest at −ρ: e^ρ times the tail of the series.
    tail = sum((-1) ** m / math.factorial(m) for m in range(5, 25)) * math.e
    assert taylor(4, 1.0).relative_error == pytest.approx(abs(tail), rel=1e-13)


@pytest.mark.parametrize("construct", KINDS)
@pytest.mark.parametrize("radius", [0.0, 1e-300, 1e-12])
@pytest.mark.parametrize("degree", [0, 1, 7, 20])
def test_on_next_to_no_range(construct: Callable[..., ExpPolynomial], degree: int, radius: float) -> None:
    # Taylor's error is at most 2ρ^{g+1}/(g+1)!, rounding relatively small in every term from t³ on.
    allowed = 2 * radius ** (degree + 1) / math.factorial(degree + 1) + U * radius**3
    assert construct(degree, radius).relative_error <= allowed + 2 * 5e-324


def test_more_range_than_doubles_can_follow_is_reported_as_such() -> None:
    assert minimax(30, 40.0).relative_error > 1
    assert taylor(20, 250.0).relative_error > 1e100


@pytest.mark.parametrize("kind", BY_NAME)
@pytest.mark.parametrize(
    ("tolerance", "radius"), [(0.3, 1.0), (1e-3, 0.2), (1e-6, 4.0), (1e-11, 1.0), (2.0, 5.0)]
)
def test_smallest_degree(kind: str, tolerance: float, radius: float) -> None:
    found = smallest_degree(tolerance, radius, kind)
    assert found.kind == kind
    assert found.relative_error <= tolerance
    assert all(BY_NAME[kind](g, radius).relative_error > tolerance for g in range(found.degree))


def test_where_rounding_decides_more_than_one_degree_is_tried() -> None:
    errors = [chebyshev(degree, 2.0).relative_error for degree in range(25)]
    least = min(errors)
    before = errors[: errors.index(least)]
    assert sum(error < 10 * least for error in before) > 1
    assert smallest_degree(least, 2.0, "chebyshev").degree == len(before)


@pytest.mark.parametrize(
    ("tolerance", "radius", "kind", "most", "hint"),
    [
        (1e-12, 8.0, "minimax", 60, "rounding"),
        (1e-12, 4.0, "taylor", 6, "max_degree"),
        (1e-9, 25.0, "chebyshev", 40, "rounding"),
    ],
)
def test_what_cannot_be_reached_is_named(
    tolerance: float, radius: float, kind: str, most: int, hint: str
) -> None:
    with pytest.raises(ApproximationError) as raised:
        smallest_degree(tolerance, radius, kind, most)
    message = str(raised.value)
    assert hint in message
    match = re.search(r"up to degree (\d+) is (\S+), at degree (\d+)", message)
    assert match is not None
    last, least, degree = int(match[1]), float(match[2]), int(match[3])
    assert BY_NAME[kind](degree, radius).relative_error == pytest.approx(least, rel=0.005)
    assert least > tolerance
    assert min(BY_NAME[kind](g, radius).relative_error for g in range(last + 1)) >= 0.99 * least


@pytest.mark.parametrize("degree", [1, 3, 6, 10])
@pytest.mark.parametrize("radius", [2.0, 30.0])
def test_least_squares_is_better_on_its_sample(degree: int, radius: float) -> None:
    sample = np.clip(np.random.default_rng(3).normal(0, 0.5, 200), -radius, radius)
    found = least_squares(degree, radius, sample)
    assert found.kind == "least-squares"
    assert _rms(found, sample) < _rms(minimax(degree, radius), sample) / 1.5
    # The minimum itself, from the same problem solved by NumPy in the monomials.
    weights = np.exp(-sample)
    solved = np.linalg.lstsq(np.vander(sample, degree + 1) * weights[:, None], np.ones(200), rcond=None)[0]
    assert _rms(found, sample) <= _rms(ExpPolynomial(tuple(solved[::-1]), "", radius, 0.0), sample) * (
        1 + 1e-9
    )


@pytest.mark.parametrize(
    "sample",
    [[0.3] * 7, [-1.0, 0.5, 2.0], [0.1, 0.1 + 1e-13], list(0.4 + 1e-11 * np.arange(40.0))],
    ids=["one point", "three points", "two close points", "a cluster"],
)
def test_a_sample_that_decides_little_leaves_the_rest_near_exp(sample: list[float]) -> None:
    degree, radius = 8, 2.0
    found, base = least_squares(degree, radius, sample), chebyshev(degree, radius)
    # u Σ|a_m||t|^m e^{-t} of rounding, and 2^-26 of a step in a direction that was not resolved.
    allowed = 8 * U * math.exp(2 * radius) + 2.0**-26 * base.relative_error
    assert _rms(found, sample) <= allowed
    assert _rms(found, sample) < _rms(base, sample)
    # Going through at most three points costs the norm no more than the base's error times a modest factor.
    assert found.relative_error <= 10 * base.relative_error


def test_a_sample_fitted_up_to_rounding_changes_nothing() -> None:
    assert least_squares(20, 1.0, np.linspace(-0.1, 0.1, 50)).coefficients == chebyshev(20, 1.0).coefficients


def test_a_sample_is_fitted_down_to_rounding() -> None:
    sample = np.linspace(-0.5, 0.5, 60)
    assert _rms(chebyshev(12, 2.0), sample) > 1e-10
    # Coefficients and values of the base are rounded, and relatively magnified at −1/2, by e at most.
    assert _rms(least_squares(12, 2.0, sample), sample) <= 16 * U * math.e


def test_values_and_their_sizes() -> None:
    found = taylor(3, 1.0)
    assert found.degree == 3
    assert found(2.0) == pytest.approx(1 + 2 + 2 + 8 / 6, rel=4 * U)
    points = np.array([[0.5, -1.0], [0.0, 2.0]], dtype=np.float32)
    assert found(points).dtype == np.float32
    assert found(points).shape == (2, 2)
    assert taylor(0, 1.0)(np.zeros(3)).tolist() == [1.0, 1.0, 1.0]
    exact = mpmath.mpf(1) + 2 + 2 + mpmath.mpf(1 / 6) * 8
    assert exact <= found.absolute(-2.0) <= exact * (1 + mpmath.mpf(2) ** -51)
    assert ExpPolynomial((-1.0, 2.0), "taylor", 1.0, math.inf).absolute(1.0) == 3.0
    assert found.sup_on(0.5) == taylor(3, 0.5).relative_error
    with pytest.raises(FrozenInstanceError):
        found.radius = 2.0  # type: ignore[misc]


def test_constructors_are_cached_whatever_the_number_types() -> None:
    assert minimax(5, 1) is minimax(np.int64(5), np.float64(1.0))


def test_the_order_of_aggarwal_and_alman() -> None:
    assert aggarwal_alman_degree(1e-6, 1.0) == math.ceil(13.8155 / math.log(13.8155))
    assert aggarwal_alman_degree(0.01, 5.0) == 5  # log(1/ε) = 4.6 is below B
    assert aggarwal_alman_degree(math.exp(-8), 2.0) == math.ceil(8 / math.log(4))
    assert (
        aggarwal_alman_degree(0.01, -math.log(0.01)) == 5
    )  # log(1/ε) = B, where the first term has no value


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: taylor(-1, 1.0), ["degree is -1", "int >= 0"]),
        (lambda: taylor(2.5, 1.0), ["degree is 2.5 (float)", "int()"]),  # type: ignore[arg-type]
        (lambda: taylor(True, 1.0), ["degree is True (bool)"]),
        (lambda: minimax(171, 1.0), ["degree is 171", "at most 170"]),
        (lambda: minimax(3, math.inf), ["radius is inf", "finite"]),
        (lambda: minimax(3, -1.0), ["radius is -1.0", ">= 0"]),
        (lambda: minimax(3, "1"), ["radius is '1' (str)"]),  # type: ignore[arg-type]
        (lambda: minimax(3, 301.0), ["radius is 301.0", "at most 300"]),
        (lambda: chebyshev(3, 1.0).sup_on(math.nan), ["radius is nan"]),
        (lambda: smallest_degree(0.0, 1.0), ["tolerance is 0.0", "positive"]),
        (lambda: smallest_degree(math.nan, 1.0), ["tolerance is nan"]),
        (lambda: smallest_degree(0.1, 1.0, "least-squares"), ["'least-squares'", "minimax", "sample"]),
        (lambda: smallest_degree(0.1, 1.0, max_degree=-2), ["max_degree is -2"]),
        (lambda: least_squares(2, 1.0, [[0.0]]), ["shape (1, 1)", "numpy.ravel"]),
        (lambda: least_squares(2, 1.0, []), ["shape (0,)", "N >= 1"]),
        (lambda: least_squares(2, 1.0, [0.0, 1.5]), ["1.5", "radius = 1.0", "clip"]),
        (lambda: least_squares(2, 1.0, [math.nan]), ["nan", "finite"]),
        (lambda: least_squares(2, 1.0, ["x"]), ["sample is no array of numbers"]),  # type: ignore[list-item]
        (lambda: aggarwal_alman_degree(1.0, 1.0), ["error is 1.0", "between 0 and 1"]),
        (lambda: aggarwal_alman_degree(0.1, 0.0), ["bound is 0.0", "positive"]),
        (lambda: ExpPolynomial.certified([], "taylor", 1.0), ["coefficients is ()"]),
        (lambda: ExpPolynomial.certified([math.inf], "taylor", 1.0), ["inf", "finite"]),
    ],
)
def test_messages_name_the_value_and_the_remedy(call: Callable[[], object], words: list[str]) -> None:
    with pytest.raises(UserInputError) as raised:
        call()
    assert [word for word in words if word not in str(raised.value)] == []


def test_the_table_in_the_documentation_is_what_is_computed() -> None:
    lines = re.findall(r"^\| ([\d.]+ \| .*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) >= 10
    for line in lines:
        radius, degree, *errors, order = line.split(" | ")
        found = [construct(int(degree), float(radius)) for construct in KINDS]
        assert errors == [f"{one.relative_error:.1e}" for one in found]
        assert order == str(aggarwal_alman_degree(found[-1].relative_error, float(radius)))
