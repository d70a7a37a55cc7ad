from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from proofcheck.numeric.kernels import exponential
from proofcheck.numeric.kernels.exponential import (
    ULPS,
    raise_highest,
    weigh,
    weigh_rows,
    weigh_slopes,
)
from proofcheck.numeric.kernels.tiles import panel

WIDTH = panel(np.float64)
UNIT = 2.0**-53


def exponentials(x: np.ndarray) -> np.ndarray:
    block = np.resize(x, (-(-len(x) // WIDTH), WIDTH)).copy()
    weigh(block, len(block), np.zeros(WIDTH), np.empty(WIDTH))
    return block.ravel()[: len(x)]


def hard_points() -> np.ndarray:
    """Numbers beside the middles between multiples of ln 2, where the remainder is largest, and tiny ones."""
    middles = -(np.arange(0, 1021) + 0.5) * math.log(2)
    beside = [np.nextafter(middles, 0), middles, np.nextafter(middles, -800)]
    multiples = -np.arange(0, 1021) * math.log(2)
    near = [np.nextafter(multiples, 0), multiples, np.nextafter(multiples, -800)]
    tiny = -(2.0 ** np.arange(-60, 9.0))
    return np.concatenate([*beside, *near, tiny, [0.0, 1e-300, 0.3, -708.0]])


def test_against_long_doubles() -> None:
    """Two million points over the range, and on [−1, 0], where most weights are; 64 bits are 2^-11 u off."""
    rng = np.random.default_rng(0)
    x = np.concatenate([hard_points(), -rng.uniform(0, 708, 1_000_000), -rng.random(1_000_000)])
    true = np.exp(x.astype(np.longdouble))
    error = np.abs(exponentials(x) - true) / (true * UNIT)
    assert float(np.max(error)) <= ULPS - 0.1
    assert float(np.max(error)) > 0.5  # the last rounding alone may take as much


def test_against_mpmath() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([hard_points(), -rng.uniform(0, 708, 5000)])
    found = exponentials(x)
    with mpmath.workprec(120):
        for number, value in zip(x.tolist(), found.tolist(), strict=True):
            true = mpmath.exp(mpmath.mpf(number))
            assert abs(mpmath.mpf(value) - true) <= ULPS * UNIT * true, number


def test_the_polynomial_errs_by_less_than_it_says() -> None:
    with mpmath.workprec(160):
        coefficients = [mpmath.mpf(value) for value in exponential._COEFFICIENTS]
        for r in mpmath.linspace(-0.3466, 0.3466, 3001):
            error = abs(mpmath.polyval(coefficients[::-1], r) / mpmath.exp(r) - 1)
            assert error <= mpmath.mpf("0.16") * UNIT


def test_what_is_no_ordinary_number() -> None:
    found = exponentials(np.array([math.nan, -math.inf, -708.5, -1e300, -709.0]))
    assert math.isnan(found[0])
    assert found[1:].tolist() == [0.0] * 4
    assert exponentials(np.array([0.0])).tolist() == [1.0]


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_weights_and_their_sums(rows: int) -> None:
    """More rows than are asked for stay as they are; columns are shifted each by its own."""
    rng = np.random.default_rng(rows)
    scores = rng.uniform(-3, 3, (rows + 1, 2 * WIDTH))
    shift, less = scores[:rows].max(axis=0), rng.uniform(-1, 1, 2 * WIDTH)
    highest = np.full(2 * WIDTH, -np.inf)
    raise_highest(scores, rows, highest)
    assert np.array_equal(highest, shift)
    true = np.exp(scores[:rows] - shift)
    block, total = scores.copy(), np.full(2 * WIDTH, math.nan)
    weigh(block, rows, shift, total)
    assert np.all(np.abs(block[:rows] - true) <= 8 * UNIT * true)
    assert np.all(np.abs(total - true.sum(axis=0)) <= (8 + rows) * UNIT * true.sum(axis=0))
    assert np.array_equal(block[rows], scores[rows])
    slopes, block = rng.uniform(-1, 1, scores.shape), scores.copy()
    weigh_slopes(block, rows, shift, slopes, less)
    expected = true * (slopes[:rows] - less)
    assert np.all(np.abs(block[:rows] - expected) <= 10 * UNIT * np.abs(expected))
    by_row, factor, block = rng.uniform(2, 3, rows + 3), rng.uniform(1, 2, rows + 3), scores.copy()
    weigh_rows(block, rows, by_row, factor, 3)
    expected = np.exp(scores[:rows] - by_row[3:, None]) * factor[3:, None]
    assert np.all(np.abs(block[:rows] - expected) <= 10 * UNIT * expected)
    assert np.array_equal(block[rows], scores[rows])


def test_the_highest_is_no_nan() -> None:
    scores = np.zeros((2, WIDTH))
    scores[1, 3] = math.nan
    highest = np.full(WIDTH, -np.inf)
    raise_highest(scores, 2, highest)
    assert np.array_equal(highest, np.zeros(WIDTH))
