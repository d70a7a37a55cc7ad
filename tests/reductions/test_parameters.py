"""The table of parameters: formulas against instances that are built, and the regimes they show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reductions.parameters import parameters
from reductions.steps.gap_to_attention import least_slope_gamma
from reductions.thresholds import slope_thresholds

from .instances import attention_of, gap_instance


def test_against_an_instance() -> None:
    """The same N and Δ: γ and B of an instance are those of the table, rounded up."""
    found = parameters("direct", 6)
    instance = attention_of(gap_instance(8, found.clauses, np.random.default_rng(0), yes=False), "slope")
    assert found.queries == instance.n
    assert (found.yes, found.no) == (instance.gap.yes, instance.gap.no)
    assert found.gamma <= float(instance.gamma) <= 1.01 * found.gamma
    assert found.bound <= float(instance.bound) <= 1.01 * found.bound
    assert slope_thresholds(instance).yes == pytest.approx(found.slope, rel=0.02)


@pytest.mark.parametrize("gap", [1, 5])
@pytest.mark.parametrize("N", [1, 16, 10**9])
def test_the_least_gamma(N: int, gap: int) -> None:
    def ratio(gamma: float) -> float:
        D = 1 + gamma * gap
        return (N * math.exp(-2) / (N + math.exp(-1)) ** 3) / (N * D * math.exp(-2 * D))

    gamma = least_slope_gamma(N, gap)
    assert ratio(gamma) == pytest.approx(4, rel=1e-9)
    assert ratio(0.99 * gamma) < 4


def test_regimes() -> None:
    """B is Θ(log² n) for a gap of 1, and Θ(log n) where the gap is a constant part of the inner product."""
    direct = [parameters("direct", v).over_log for v in (20, 40, 76)]
    codes = [parameters("ag", v).over_log for v in (20, 40, 76)]
    assert max(square for _, square in direct) <= 1.05 * min(square for _, square in direct)
    assert direct[2][0] > 3 * direct[0][0]
    assert max(over for over, _ in codes) <= 1.1 * min(over for over, _ in codes)
    assert codes[2][1] < codes[0][1] / 3


def test_odd_numbers_of_variables_count_as_the_next() -> None:
    assert parameters("direct", 5) == parameters("direct", 6)


def test_a_prime_field_for_reed_solomon() -> None:
    found = parameters("pcp", 12, blocks=4)
    s = math.ceil(found.clauses / 4)
    assert found.no == 2 * (s - 1) < found.yes
    assert found.dimension == found.yes**5
    assert found.instances == pytest.approx((s - 1) * math.log2(found.yes))
