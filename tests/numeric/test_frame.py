from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.numeric.frame import Frame, frame, keys_in, queries
from proofcheck.numeric.kernels import SWITCH
from proofcheck.numeric.problem import Problem, checked_problem

Arrays = dict[str, Any]

_SMALLEST = 2.0**-1022  # below it products lose digits


def draw(n: int, d: int, seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    arrays = {name: rng.uniform(-1, 1, (n, d)) for name in ("A1", "A2", "A3", "E")}
    return arrays | {name: rng.uniform(-1, 1, (d, d)) for name in ("X", "Y")}


def framed(arrays: Arrays) -> tuple[Problem, Frame]:
    problem = checked_problem(**arrays)
    return problem, frame(problem)


def _exact(array: Any) -> Any:
    """60 digits and no limit of exponents."""
    return np.vectorize(lambda entry: mpmath.mpf(float(entry)), otypes=[object])(np.asarray(array))


def largest_score(problem: Problem, where: Frame) -> Any:
    """max |q_i·(k_j − m)| for the queries as computed; the products with 60 digits."""
    with mpmath.workdps(60):
        points = _exact(queries(problem, slice(0, problem.n)))
        scores = points @ (_exact(problem.A2) - _exact(where.key_centre)).T
        return max(abs(score) for score in scores.ravel())


def check(arrays: Arrays) -> tuple[Frame, Any]:
    """Everything that a frame promises; the frame, and the largest score."""
    problem, where = framed(arrays)
    for name, value in vars(where).items():
        assert not np.any(np.isnan(value)), name
    # Powers of two round nothing.
    mantissas, _ = np.frexp(where.scale)
    assert np.all(mantissas == 0.5)
    assert np.all(np.isfinite(where.scale))
    for centre, rows in ((where.key_centre, arrays["A2"]), (where.value_centre, arrays["A3"])):
        assert np.all((rows.min(axis=0) <= centre) & (centre <= rows.max(axis=0)))
    if not math.isfinite(where.radius):
        return where, math.inf
    most = largest_score(problem, where)
    assert most <= where.radius + _SMALLEST
    rounding = 1 + 4 * 2.0**-53
    with np.errstate(over="ignore"):
        assert np.all(np.abs(queries(problem, slice(None)) * where.scale).max(axis=0) <= where.query_bound)
        keys = np.abs(keys_in(problem, slice(None), where.key_centre)) / where.scale
        values = np.abs(arrays["A3"] - where.value_centre)
        X = np.abs(arrays["X"].astype(np.float64))
        terms = np.abs(arrays["A1"]).max(axis=0) @ X / problem.d * where.scale
    assert np.all(keys.max(axis=0) <= where.key_bound * rounding)
    assert np.all(values.max(axis=0) <= where.value_bound * rounding)
    assert np.all(where.query_bound <= where.query_terms * (1 + (problem.d + 4) * 2.0**-52) + _SMALLEST)
    assert np.all(terms <= where.query_terms * rounding)
    return where, most


def _spread(where: Frame) -> float:
    """How far queries and keys are out of balance in the worst column."""
    ratios = where.query_bound / where.key_bound
    return float(np.max(np.maximum(ratios, 1 / ratios)))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    n=st.integers(1, 9),
    d=st.integers(1, 4),
    seed=st.integers(0, 1 << 20),
    exponents=st.tuples(*[st.integers(-150, 150)] * 4),
    far=st.integers(-3, 12),
    shape=st.sampled_from(["uniform", "constant column", "zero column", "outlier", "mixed columns"]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_scores_are_within_the_radius(
    n: int, d: int, seed: int, exponents: tuple[int, int, int, int], far: int, shape: str, dtype: type
) -> None:
    """Scales from 1e-150 to 1e150 each, and keys clustered as far as 1e12 of their spread from 0."""
    arrays = draw(n, d, seed)
    rng = np.random.default_rng(seed)
    if shape == "constant column":
        arrays["A2"][:, 0] = arrays["A2"][0, 0]
    elif shape == "zero column":
        arrays[str(rng.choice(["A1", "A2", "A3"]))][:, 0] = 0
    elif shape == "outlier":
        arrays[str(rng.choice(["A1", "A2"]))][rng.integers(n)] *= 1e5
    elif shape == "mixed columns":
        arrays["A2"] *= 10.0 ** rng.integers(-100, 100, d)
    arrays["A2"] += 10.0**far * np.abs(arrays["A2"]).max(axis=0)
    if dtype == np.float64:
        for name, exponent in zip(("A1", "A2", "X", "A3"), exponents, strict=True):
            arrays[name] *= 10.0**exponent
    elif shape == "mixed columns":
        arrays["A2"] = np.clip(arrays["A2"], -1e30, 1e30)
    check({name: array.astype(dtype) for name, array in arrays.items()})


@pytest.mark.parametrize("seed", range(5))
def test_the_radius_is_not_much_too_large(seed: int) -> None:
    """By columns it is at most d times the largest score of the worst column; here 8."""
    where, most = check(draw(60, 8, seed))
    assert most <= where.radius <= 8 * most


def test_centring_takes_away_what_keys_have_in_common() -> None:
    arrays = draw(50, 3)
    before, _ = check(arrays)
    arrays["A2"] = arrays["A2"] + 1e6
    after, _ = check(arrays)
    assert after.radius <= 1.01 * before.radius
    assert np.max(np.abs(after.key_centre - 1e6 - before.key_centre)) < 0.1


def test_softmax_does_not_see_the_coordinates() -> None:
    """Centred and scaled scores differ from the others by a number for each query, up to rounding."""
    arrays = draw(30, 4)
    arrays["A2"] = arrays["A2"] * [1e3, 1e-3, 1.0, 10.0] + 2.0
    problem, where = framed(arrays)
    points = queries(problem, slice(None)) * where.scale
    moved = keys_in(problem, slice(None), where.key_centre) / where.scale
    true = arrays["A1"] @ arrays["X"] @ arrays["A2"].T / 4
    # A score is d products of d products; each rounds 2d + 4 times at most, and the sizes are these.
    sizes = np.abs(arrays["A1"]) @ np.abs(arrays["X"]) @ np.abs(arrays["A2"]).T / 4
    slack = 2 * (2 * 4 + 6) * 2.0**-53 * (sizes.max() + np.abs(points @ moved.T).max())
    shift = true - points @ moved.T
    assert np.max(np.abs(shift - shift[:, :1])) <= 2 * slack

    def softmax(scores: Any) -> Any:
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    # A score that moves by at most 2·slack changes a weight by a factor of e^{±4 slack}.
    there, here = softmax(points @ moved.T), softmax(true)
    assert np.all(np.abs(there - here) <= (math.expm1(8 * slack) + 200 * 2.0**-53) * here)


def test_columns_are_brought_into_balance() -> None:
    """Queries of 1e-20 to 1e20 and keys of the inverse: in the end no column is off by more than 2."""
    arrays = draw(30, 4)
    factors = np.array([1e-20, 1e-3, 1.0, 1e20])
    arrays["X"] = np.eye(4)
    arrays["A1"] *= factors
    arrays["A2"] /= factors
    where, _ = check(arrays)
    assert _spread(where) <= 2 * (1 + 1e-9)


def test_of_two_centres_the_better() -> None:
    """One key far from the rest: the middle of the range halves the largest score, the mean does not."""
    arrays = draw(101, 1)
    arrays["A2"][:] = 0.0
    arrays["A2"][7] = 10.0
    where, most = check(arrays)
    assert where.key_centre[0] == 5.0
    assert most <= where.radius <= most * (1 + 1e-9)


def test_the_mean_where_that_is_better() -> None:
    """Two corners of a triangle lie far from the middle of its box, and the third, there twice, does not."""
    arrays = draw(4, 2)
    arrays["A2"] = np.array([[1.0, 1.0], [1.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    arrays["A1"] = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
    arrays["X"] = 2 * np.eye(2)
    where, _ = check(arrays)
    assert where.key_centre.tolist() == [0.25, 0.25]
    # |q| = √2 and |(1.25, 0.25)| = √1.625, against √2 √2 from the middle.
    assert where.radius == pytest.approx(math.sqrt(2 * 1.625), rel=1e-9)


def test_a_single_key_has_no_scores_left() -> None:
    where, most = check(draw(1, 3))
    assert most == 0
    assert where.radius == 0


@pytest.mark.parametrize("name", ["A1", "X", "A2"])
def test_zeros(name: str) -> None:
    arrays = draw(10, 3)
    arrays[name][:] = 0
    where, most = check(arrays)
    assert most == where.radius == 0


@pytest.mark.parametrize(
    "factors",
    [
        {"A1": 1e300, "X": 1e300},  # the queries overflow, to infinities of both signs and to NaN
        {"A1": 1e300, "A2": 1e300},  # the scores
        {"A1": 1e160, "A2": 1e160},
        {"A2": 1.7e308, "A1": 1e10},  # the sum of the keys
    ],
)
def test_what_overflows_has_an_infinite_radius(factors: dict[str, float]) -> None:
    arrays = draw(50, 3)
    for name, factor in factors.items():
        arrays[name] = np.clip(arrays[name] * (factor / 1.7e308) * 1.7e308, -1.7e308, 1.7e308)
    where, _ = check(arrays)
    assert where.radius == math.inf


def test_one_query_that_overflows_is_not_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """inf − inf is no number, and the larger of it and a number must not be the number."""
    monkeypatch.setenv(SWITCH, "off")  # compiled kernels do not call what is replaced
    problem = checked_problem(**draw(50, 2))

    def overflowing(problem: Problem, rows: slice) -> Any:
        # Whether a product of matrices gives this, or an infinity, depends on the order of its sums.
        found = queries(problem, rows)
        found[20, 0] = math.nan
        return found

    monkeypatch.setattr("proofcheck.numeric.frame.queries", overflowing)
    where = frame(problem)
    assert where.radius == math.inf
    assert where.query_bound[0] == math.inf
    assert np.all(np.isfinite(where.scale))


def test_values_whose_sum_overflows() -> None:
    """Scores do not depend on them; the centre stays among them, be the sum infinite or inf − inf."""
    arrays = draw(50, 2)
    arrays["A3"] = np.where(np.arange(50)[:, None] % 2 == 0, 1.7e308, 1.6e308) * np.ones((50, 2))
    where, _ = check(arrays)
    assert math.isfinite(where.radius)
    # Blocks of rows, the sum of one inf, of the other −inf.
    many = draw(1 << 13, 1)
    many["A3"] = np.where(np.arange(1 << 13) < 1 << 12, 1.7e308, -1.6e308)[:, None]
    _, where = framed(many)
    assert math.isfinite(where.radius)
    assert -1.6e308 <= where.value_centre[0] <= 1.7e308


@pytest.mark.parametrize(
    ("small", "large"),
    [(1e-200, 1e180), (1e-308, 1e300), (1e-313, 1e300), (1e-160, 1e-160), (1e-170, 1e-170), (1e-300, 1e-20)],
)
def test_squares_that_underflow_are_not_lost(small: float, large: float) -> None:
    """The sums of squares of Cauchy and Schwarz become 0 before the scores do."""
    arrays = draw(10, 2)
    arrays["X"] = np.eye(2)
    arrays["A1"] *= small
    arrays["A2"] *= large
    where, most = check(arrays)
    assert most > 0
    assert where.radius > 0


@pytest.mark.parametrize("rows", [5000, 9000])
def test_blocks_of_rows(rows: int) -> None:
    """More rows than a block has; what is largest is in the first, or the last."""
    arrays = draw(rows, 2)
    arrays["A1"][-1] *= 10
    arrays["A2"][4095] = [7.0, -7.0]
    arrays["A3"][0] = [9.0, -9.5]
    arrays["A3"][-1] = [-7.0, 9.0]
    problem, where = framed(arrays)
    some = arrays["A1"][-100:] @ arrays["X"] / 2  # all queries and keys would be 81 million scores
    assert np.max(np.abs(some @ (arrays["A2"] - where.key_centre).T)) <= where.radius
    assert np.max(np.abs(arrays["A2"] - where.key_centre) / where.scale, axis=0) == pytest.approx(
        where.key_bound, rel=1e-12
    )
    assert np.allclose(where.value_centre, arrays["A3"].mean(axis=0), rtol=0, atol=rows * 2.0**-53 * 10)
    assert np.all(np.abs(arrays["A3"] - where.value_centre).max(axis=0) <= where.value_bound * (1 + 1e-15))
    assert problem.n == rows


def test_without_a_centre_for_values() -> None:
    _, where = framed(draw(20, 3))
    plain = where.uncentred_values()
    assert np.all(plain.value_centre == 0)
    assert np.all(np.abs(draw(20, 3)["A3"]).max(axis=0) <= plain.value_bound)
    assert plain.radius == where.radius


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array_libraries(backend: Any, dtype: type) -> None:
    arrays = {name: array.astype(dtype) for name, array in draw(40, 3).items()}
    _, here = framed(arrays)
    _, there = framed({name: backend.asarray(array) for name, array in arrays.items()})
    # Sums over 40 rows or 3 columns in another order.
    for name, value in vars(there).items():
        assert value == pytest.approx(getattr(here, name), rel=200 * 2.0**-53, abs=200 * 2.0**-53), name
    assert np.array_equal(here.scale, there.scale)
