"""Ladders: the order that is due, the radius that holds, noise, kinks, and what is not to be believed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.gradcheck.ladder import Slope, difference_noise, measure

STEPS = tuple(2.0**-k for k in range(2, 41))
UNIT = 2.0**-53


def ladder(function: Callable[[float], float], noise: float | None = None) -> Slope:
    middle = function(0.0)
    return measure(function, middle, STEPS, UNIT * abs(middle) if noise is None else noise)


@pytest.mark.parametrize(
    ("function", "derivative", "order"),
    [
        (math.exp, 1.0, 2),
        (lambda t: math.sin(1 + t), math.cos(1), 2),
        (lambda t: (1 + t) ** 3, 3.0, 2),
        (lambda t: t**5 + t + math.sin(1), 1.0, None),
        (lambda t: (2 + t) ** 2, 4.0, None),
        (lambda t: math.sin(1e5 * t + 1), 1e5 * math.cos(1), 2),
        (lambda t: abs(t - 1e-3) + t, 0.0, None),
        (lambda t: abs(t) ** 1.5 + t, 1.0, None),
    ],
)
def test_the_derivative_is_within_its_radius(
    function: Callable[[float], float], derivative: float, order: int | None
) -> None:
    found = ladder(function)
    assert found.kink is None
    if found.reason:
        assert order is None
        return
    assert abs(found.value - derivative) <= found.radius
    if order is None:
        assert found.order is None or found.order > 1.5
    else:
        assert found.radius < 1e-6 * max(1.0, abs(derivative))
        assert found.order == pytest.approx(order, abs=0.1)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-3, 3),
    st.floats(0.05, 50),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1e-12, 1e-8]),
)
def test_the_radius_holds_with_noise(at: float, frequency: float, seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    shaken: dict[float, float] = {}

    def function(t: float) -> float:
        return math.sin(frequency * (at + t)) + shaken.setdefault(t, noise * rng.uniform(-1, 1))

    # The argument of the sine is rounded too.
    found = ladder(function, noise + UNIT * (1 + abs(frequency * at)))
    if not found.reason:
        assert abs(found.value - frequency * math.cos(frequency * at)) <= found.radius


@pytest.mark.parametrize("noise", [1e-14, 1e-10, 1e-6])
def test_noise_is_measured_from_differences(noise: float) -> None:
    found = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        values = [1 + 1e-6 * k + noise * rng.standard_normal() for k in range(9)]
        found.append(difference_noise(values))
    assert noise / 2 < float(np.median(found)) < 2 * noise


def test_noise_that_only_the_ladder_shows_widens_the_radius() -> None:
    found = ladder(lambda t: float(np.float32(math.exp(t))), 0.0)
    assert 1e-9 < found.noise < 1e-5
    assert abs(found.value - 1) <= found.radius


@pytest.mark.parametrize("jump", [2.0, 1e-3])
def test_a_kink_is_told_with_both_slopes(jump: float) -> None:
    found = ladder(lambda t: math.sin(t) + jump / 2 * abs(t))
    assert found.kink is not None
    assert found.kink == pytest.approx((1 - jump / 2, 1 + jump / 2), abs=1e-6)


def test_a_kink_nearby_does_not_matter() -> None:
    found = ladder(lambda t: max(t - 2.0**-9, 0.0) + math.cos(1 + t))
    assert not found.reason
    assert abs(found.value + math.sin(1)) <= found.radius < 1e-6


@pytest.mark.parametrize("distance", [1e-9, 1e-12])
def test_a_singularity_nearby_is_not_stepped_over(distance: float) -> None:
    found = ladder(lambda t: math.log(abs(t + distance)))
    assert found.reason or abs(found.value - 1 / distance) <= found.radius


@pytest.mark.parametrize("x", [1e-6, 1e-5])
def test_values_that_move_by_quanta_are_seen_through(x: float) -> None:
    def function(t: float) -> float:
        moved = x * (1 + t)
        return (1 - math.cos(moved)) / moved**2

    found = ladder(function)
    # The true function is 1/2 − O(x²): its derivative is next to 0.
    assert found.reason or abs(found.value) <= found.radius


def test_a_gap_in_the_domain_leaves_the_steps_within() -> None:
    found = ladder(lambda t: math.sqrt(0.01 + t) if t > -0.01 else math.nan)
    assert abs(found.value - 5) <= found.radius < 1e-6
    assert ladder(lambda t: math.nan if t else 1.0).reason == "the loss is not finite around the point"
