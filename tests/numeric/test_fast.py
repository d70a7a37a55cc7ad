from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proofcheck.errors import ApproximationError
from proofcheck.namespaces.arrays import to_numpy
from proofcheck.numeric.fast import fast_block_rows, fast_solution
from proofcheck.numeric.fast_totals import FastSolution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.kernels import SWITCH
from proofcheck.numeric.monomials import feature_count
from proofcheck.numeric.problem import VARIABLES, checked_problem

from .polynomial_softmax import Arrays, Floats, Reference, reference, rounding_bounds

pytestmark = pytest.mark.usefixtures("route")

UNIT = {np.float32: 2.0**-24, np.float64: 2.0**-53}


def taylor(degree: int) -> tuple[float, ...]:
    return tuple(1 / math.factorial(t) for t in range(degree + 1))


def draw(n: int, d: int, *, seed: int = 0, dtype: type = np.float64, scores: float = 1.0) -> Arrays:
    """Uniform inputs, with no column like another and no mean 0; scores up to about ``scores``."""
    rng = np.random.default_rng(seed)
    arrays = {name: rng.uniform(-1, 1, (n, d)) + rng.uniform(-1, 1, d) for name in ("A1", "A2", "A3", "E")}
    arrays |= {name: rng.uniform(-1, 1, (d, d)) for name in ("X", "Y")}
    arrays["X"] *= scores / np.abs(arrays["A1"] @ arrays["X"] @ arrays["A2"].T / d).max()
    return {name: array.astype(dtype) for name, array in arrays.items()}


def solve(
    arrays: Arrays, coefficients: tuple[float, ...], wrt: tuple[str, ...] = VARIABLES, **options: Any
) -> FastSolution:
    problem = checked_problem(**arrays, causal=options.pop("causal", False))
    return fast_solution(problem, wrt, coefficients, frame(problem), **options)


def found_of(solution: FastSolution) -> dict[str, Any]:
    """What a solution has of the names of a reference."""
    found = {name: to_numpy(array) for name, array in solution.gradients.items()}
    return found | {"loss": solution.loss}


def check(
    arrays: Arrays, coefficients: tuple[float, ...], *, causal: bool = False, **options: Any
) -> tuple[Reference, dict[str, Floats]]:
    """Loss and gradients are within the rounding of the reference; what was found, and by how much."""
    problem = checked_problem(**arrays, causal=causal)
    where = frame(problem)
    true = reference(arrays, coefficients, where, causal=causal)
    solution = fast_solution(problem, VARIABLES, coefficients, where, **options)
    result = problem.dtype.type
    bounds = rounding_bounds(
        arrays,
        coefficients,
        where,
        true,
        count=solution.features,
        rows=solution.block_rows,
        block=UNIT[options.get("block_dtype") or result],
        result=UNIT[result],
        causal=causal,
    )
    found = found_of(solution)
    assert set(found) == {*VARIABLES, "loss"}
    for name, value in found.items():
        assert np.all(true.error(name, value) <= bounds[name]), name
    assert np.min(true.values["alpha"] - bounds["alpha"]) <= solution.min_alpha
    assert solution.min_alpha <= np.min(true.values["alpha"] + bounds["alpha"])
    most = np.max(np.abs(true.values["residual"]))
    assert abs(solution.most_residual - most) <= np.max(bounds["residual"])
    return true, bounds


@pytest.mark.parametrize("rows", [1, 7, 30, 1000, None])
@pytest.mark.parametrize("degree", [0, 1, 2, 5])
def test_loss_and_gradients_are_those_of_the_polynomial(degree: int, rows: int | None) -> None:
    """Blocks of one row, that divide n and not, larger than n; of odd and even degree."""
    true, bounds = check(draw(30, 3, seed=degree), taylor(degree), block_rows=rows)
    # The bounds are of rounding alone: what they allow is nothing beside the gradients.
    for name in (*VARIABLES, "loss"):
        least = 0.0 if degree == 0 and name in ("X", "A1", "A2") else np.max(np.abs(true.values[name]))
        assert np.max(bounds[name]) <= 1e-9 * least or least == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block_dtype", [np.float32, np.float64])
def test_precisions(dtype: type, block_dtype: type) -> None:
    arrays = draw(40, 2, seed=3, dtype=dtype)
    true, bounds = check(arrays, taylor(4), block_dtype=block_dtype, block_rows=16)
    solution = solve(arrays, taylor(4), block_dtype=block_dtype, block_rows=16)
    assert {gradient.dtype for gradient in solution.gradients.values()} == {np.dtype(dtype)}
    # Blocks of float64 round the result alone: better than float32 blocks could.
    loose = max(UNIT[dtype], UNIT[block_dtype])
    for name in VARIABLES:
        assert np.max(bounds[name]) <= 1e5 * loose * np.max(np.abs(true.values[name]))


def test_sums_of_float32_blocks_are_kept_in_float64() -> None:
    """Thirds added up in float32 all round the same way, and the more the larger their sum is."""
    n = 1 << 12
    values = np.where(np.arange(n) < 3 * n // 4, 1 / 3, -1.0)[:, None]
    ones = np.ones((n, 1))
    arrays = {"A1": ones, "A2": ones, "A3": values, "E": ones, "X": np.ones((1, 1)), "Y": np.ones((1, 1))}
    single = np.cumsum(values, dtype=np.float32)[-1] / n
    solution = solve(arrays, (1.0,), (), block_dtype=np.float32, block_rows=1, sample=(0,))
    assert solution.sampled is not None
    error = abs(float(solution.sampled.output[0, 0]) - math.fsum(values[:, 0]) / n)
    # For P = 1 a term meets a value, a product, a row, a table and a feature: 5 roundings.
    bound = 5 * UNIT[np.float32] * np.mean(np.abs(values))
    assert error <= bound < abs(single) / 4


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    n=st.integers(1, 12),
    d=st.integers(1, 3),
    degree=st.integers(0, 6),
    rows=st.integers(1, 14),
    seed=st.integers(0, 1 << 20),
    scores=st.just(0.0) | st.floats(1e-6, 2.0),
    exponents=st.tuples(*[st.integers(-40, 40)] * 3),
    causal=st.booleans(),
    constant=st.sampled_from(["none", "keys", "values", "queries"]),
)
def test_any_shape_and_scale(
    n: int,
    d: int,
    degree: int,
    rows: int,
    seed: int,
    scores: float,
    exponents: tuple[int, int, int],
    causal: bool,
    constant: str,
) -> None:
    """Queries and keys of opposite scales, columns that are constant, scores that are all 0."""
    arrays = draw(n, d, seed=seed, scores=scores)
    balance, values, residual = (10.0**exponent for exponent in exponents)
    arrays["A1"] *= balance
    arrays["A2"] /= balance
    arrays["A3"] *= values
    arrays["E"] *= values * residual
    column = {"keys": "A2", "values": "A3", "queries": "A1"}.get(constant)
    if column is not None:
        arrays[column][:, 0] = arrays[column][0, 0]
    # Even Taylor polynomials are positive; an odd one is where its scores are within 1 of 0.
    assume(degree % 2 == 0 or frame(checked_problem(**arrays)).radius < 1)
    check(arrays, taylor(degree), causal=causal, block_rows=rows)


@pytest.mark.parametrize("causal", [False, True])
def test_one_row_and_one_column(causal: bool) -> None:
    """One key has weight 1 whatever the scores: the gradient in X is 0 and the output is its value."""
    numbers = {"A1": 2.0, "A2": 3.0, "A3": 5.0, "E": 7.0, "X": 1.5, "Y": 0.5}
    arrays = {name: np.array([[number]]) for name, number in numbers.items()}
    check(arrays, taylor(3), causal=causal)
    solution = solve(arrays, taylor(3), causal=causal)
    c = 5.0 * 0.5 - 7.0
    assert solution.loss == c * c / 2
    assert {name: float(value[0, 0]) for name, value in solution.gradients.items()} == {
        "X": 0.0,
        "Y": 5.0 * c,
        "A1": 0.0,
        "A2": 0.0,
        "A3": c * 0.5,
    }


def _torch_gradients(arrays: Arrays, causal: bool) -> dict[str, Floats]:
    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    scores = leaves["A1"] @ leaves["X"] @ leaves["A2"].T / arrays["A1"].shape[1]
    if causal:
        scores = scores.masked_fill(~torch.ones_like(scores).tril().bool(), -math.inf)
    output = torch.softmax(scores, dim=1) @ leaves["A3"]
    loss = ((output @ leaves["Y"] - leaves["E"]) ** 2).sum() / 2
    loss.backward()
    return {name: leaves[name].grad.numpy() for name in VARIABLES} | {"loss": np.asarray(loss.detach())}


@pytest.mark.parametrize("causal", [False, True])
def test_it_converges_to_the_gradient_of_the_softmax(causal: bool) -> None:
    """As fast as Taylor's remainder, (6) to (8) of the certificate with no rounding, down to rounding."""
    arrays = draw(60, 3, seed=8, scores=0.3)
    true = _torch_gradients(arrays, causal)
    problem = checked_problem(**arrays)
    where = frame(problem)
    values, keys = where.value_bound, where.key_bound * where.scale
    _, bounds = check(arrays, taylor(12), causal=causal)
    errors = []
    for degree in range(13):
        # Lagrange: |P(t) − e^t| ≤ e^|t| |t|^{g+1}/(g+1)!, and relative to e^t once more e^|t|.
        delta = math.exp(2 * where.radius) * where.radius ** (degree + 1) / math.factorial(degree + 1)
        solution = solve(arrays, taylor(degree), causal=causal)
        errors.append(np.max(np.abs(solution.gradients["X"] - true["X"])))
        if delta >= 0.5:
            continue
        eta = (1 + delta) / (1 - delta) - 1
        output = eta * values
        backward = np.abs(arrays["Y"]) @ (output @ np.abs(arrays["Y"]))
        fixed = backward @ (2 * values + output)
        magnitudes = solution.magnitudes
        rows = magnitudes.queries * fixed + magnitudes.products @ (2 * eta * values + output)
        # Rounding of both: torch's sums are no longer than those that the bounds are of.
        allowed = np.outer(rows, keys) / 3 + 2 * np.max(bounds["X"])
        assert np.all(np.abs(solution.gradients["X"] - true["X"]) <= allowed), degree
    assert errors[0] > 1e-3 * np.max(np.abs(true["X"]))  # degree 0 knows nothing of the scores
    assert np.all(np.diff(errors[:8]) < 0)
    final = found_of(solution)
    for name in (*VARIABLES, "loss"):
        assert np.max(np.abs(final[name] - true[name])) <= 2 * np.max(bounds[name]), name


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "wrt", [(), ("X",), ("Y",), ("A1",), ("A2",), ("A3",), ("X", "A3"), ("Y", "A2"), ("X", "A1", "A2")]
)
def test_variables_asked_for_alone(wrt: tuple[str, ...], causal: bool) -> None:
    """Fewer moments are summed for fewer variables; each is as right as before."""
    arrays, coefficients = draw(33, 3, seed=5), taylor(3)
    problem = checked_problem(**arrays, causal=causal)
    where = frame(problem)
    _, bounds = check(arrays, coefficients, causal=causal, block_rows=10)
    every = fast_solution(problem, VARIABLES, coefficients, where, block_rows=10)
    some = fast_solution(problem, wrt, coefficients, where, block_rows=10)
    assert tuple(some.gradients) == wrt
    for name, value in found_of(some).items():
        assert np.all(np.abs(value - found_of(every)[name]) <= 2 * bounds[name])
    assert abs(some.min_alpha - every.min_alpha) <= 2 * np.max(bounds["alpha"])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("rows", [1, 8, 100])
def test_sampled_rows(rows: int, causal: bool) -> None:
    arrays, coefficients, sample = draw(30, 3, seed=6), taylor(4), (0, 7, 8, 15, 22, 29)
    problem = checked_problem(**arrays, causal=causal)
    where = frame(problem)
    true, bounds = check(arrays, coefficients, causal=causal, block_rows=rows)
    solution = fast_solution(problem, VARIABLES, coefficients, where, block_rows=rows, sample=sample)
    kept = solution.sampled
    assert kept is not None
    assert kept.rows == sample
    pairs = {
        "output": kept.output,
        "residual": kept.residual,
        "row gradient": kept.gradient,
        "cotangent": kept.cotangent,
    }
    for name, value in pairs.items():
        chosen = list(sample)
        assert value.shape == true.values[name][chosen].shape
        assert np.all(np.abs(value - true.values[name][chosen]) <= bounds[name][chosen] * (1 + 1e-3)), name


def test_sampled_rows_without_a_row_gradient() -> None:
    arrays = draw(9, 2)
    assert solve(arrays, taylor(2), ("Y",)).sampled is None
    kept = solve(arrays, taylor(2), ("Y",), sample=(3,)).sampled
    assert kept is not None
    assert kept.gradient is None
    assert kept.output.shape == (1, 2)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scores", [1e4, 1e6, 1e60])
def test_weights_that_are_not_positive_are_refused(scores: float, causal: bool) -> None:
    """An odd Taylor polynomial is negative far to the left; at 1e60 cubed the sums are about −1e180."""
    arrays = draw(20, 2, seed=3, scores=scores)
    true = reference(arrays, taylor(3), frame(checked_problem(**arrays)), causal=causal)
    assert np.min(true.values["alpha"]) < 0
    with pytest.raises(ApproximationError, match=r"alpha = -[\d.e+]+, which must be positive.*degree"):
        solve(arrays, taylor(3), causal=causal)


@pytest.mark.parametrize("degree", [2, 4])
def test_one_query_whose_weights_overflow_is_refused(degree: int) -> None:
    """The least alpha of its block is finite and positive: it is the largest that must be looked at."""
    arrays = draw(20, 2, seed=2)
    arrays["A1"][5] *= 1e200
    with pytest.raises(ApproximationError, match="alpha"):
        solve(arrays, taylor(degree))


def test_a_loss_that_overflows_is_refused() -> None:
    arrays = draw(20, 2, seed=2)
    arrays["E"][5] *= 1e200
    with pytest.raises(ApproximationError, match="loss overflows"):
        solve(arrays, taylor(4))


def test_a_gradient_that_overflows_is_refused() -> None:
    """In blocks of float32 it does before the loss, which is kept in float64."""
    arrays = draw(20, 2, seed=2)
    arrays["E"] *= 1e39
    with pytest.raises(ApproximationError, match="overflows"):
        solve(arrays, taylor(4), ("A3",), block_dtype=np.float32)
    assert math.isfinite(solve(arrays, taylor(4), ("A3",), block_dtype=np.float64).loss)


@pytest.mark.parametrize(
    ("wrt", "causal", "sweeps"),
    [
        ((), False, 2),
        (("X", "Y", "A1"), False, 2),
        (("A2",), False, 3),
        (("A3",), False, 3),
        (("X",), True, 1),
        (("A2", "A3"), True, 2),
    ],
)
def test_progress(wrt: tuple[str, ...], causal: bool, sweeps: int) -> None:
    done: list[int] = []
    solve(draw(25, 2), taylor(2), wrt, causal=causal, block_rows=10, progress=done.append)
    assert sum(done) == sweeps * 25
    assert sorted(done) == sorted([10, 10, 5] * sweeps)


@pytest.mark.parametrize("causal", [False, True])
def test_inputs_are_not_written_to(causal: bool) -> None:
    arrays = draw(25, 2)
    before = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False  # an attempt raises
    solve(arrays, taylor(3), causal=causal, block_rows=10, sample=(3,))
    assert all(np.array_equal(arrays[name], before[name]) for name in arrays)


@pytest.mark.parametrize("causal", [False, True])
def test_arrays_on_disk(causal: bool, tmp_path: Path) -> None:
    arrays = draw(50, 3)
    mapped = {}
    for name, array in arrays.items():
        mapped[name] = np.memmap(tmp_path / name, dtype=np.float64, mode="w+", shape=array.shape)
        mapped[name][:] = array
    mapped = {
        name: np.memmap(tmp_path / name, np.float64, "r", shape=array.shape) for name, array in arrays.items()
    }
    there, here = (solve(inputs, taylor(3), causal=causal, block_rows=16) for inputs in (mapped, arrays))
    for name, value in found_of(there).items():
        assert np.array_equal(value, found_of(here)[name])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array_libraries(backend: Any, dtype: type, causal: bool) -> None:
    arrays, coefficients = draw(30, 2, seed=4, dtype=dtype), taylor(4)
    where = frame(checked_problem(**arrays))
    true = reference(arrays, coefficients, where, causal=causal)
    moved = {name: backend.asarray(array) for name, array in arrays.items()}
    problem = checked_problem(**moved, causal=causal)
    rows = 15 if backend.__name__ == "jax.numpy" else 8  # JAX compiles for each shape, so let it have one
    solution = fast_solution(problem, VARIABLES, coefficients, frame(problem), block_rows=rows, sample=(2, 9))
    bounds = rounding_bounds(
        arrays,
        coefficients,
        where,
        true,
        count=solution.features,
        rows=rows,
        block=UNIT[dtype],
        result=UNIT[dtype],
        causal=causal,
    )
    assert solution.features == feature_count(2, 4)
    for name, gradient in solution.gradients.items():
        assert type(gradient) is type(moved["A1"])
        assert gradient.dtype == moved["A1"].dtype
        assert np.all(true.error(name, to_numpy(gradient)) <= bounds[name]), name
    assert np.all(true.error("loss", solution.loss) <= bounds["loss"])
    assert solution.sampled is not None
    assert to_numpy(solution.sampled.output).shape == (2, 2)


def _peak(work: Callable[[], object]) -> int:
    """Bytes in use at most, beyond those before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("wrt", [("X", "Y"), VARIABLES])
@pytest.mark.parametrize("causal", [False, True])
def test_working_memory_does_not_depend_on_n(
    wrt: tuple[str, ...], causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # each thread has its block, and they need not meet
    d, degree = 4, 3
    coefficients, count = taylor(degree), feature_count(d, degree)
    peaks = []
    # Causal blocks are smaller, and there are more of them.
    for n in (1 << 11, 1 << 14) if causal else (1 << 13, 1 << 16):
        problem = checked_problem(**_many(n, d), causal=causal)
        where = frame(problem)
        fast_solution(problem, wrt, coefficients, where)  # compiled, and monomials kept
        rows = fast_block_rows(problem, degree, np.float64)
        kept = sum(n * d for name in wrt if name.startswith("A"))
        if causal and "A2" in wrt:
            kept += n * (1 + d)
        peaks.append(_peak(lambda: fast_solution(problem, wrt, coefficients, where)) - 8 * kept)  # noqa: B023
        moments = count * (1 + d) ** 2  # sums of keys, sums of queries, a table, and one on the way
        block = rows * (2 * count + 6 * (1 + d) ** 2 + 12 * (1 + d) + (3 * rows if causal else 0))
        assert peaks[-1] <= 8 * (4 * moments + block) + (1 << 16), n
    assert peaks[1] <= 1.1 * peaks[0] + (1 << 14)


@pytest.mark.parametrize(
    ("wrt", "causal", "tables"),
    [(("X", "Y"), False, 2), (VARIABLES, False, 4), (("X", "Y"), True, 3), (VARIABLES, True, 4)],
)
def test_working_memory_in_tables_of_moments(
    wrt: tuple[str, ...], causal: bool, tables: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few rows a block they are most of it; compiled kernels have smaller tables and larger blocks."""
    monkeypatch.setenv(SWITCH, "off")
    n, d, degree, rows = 1 << 9, 8, 4, 4
    problem = checked_problem(**draw(n, d, scores=0.1), causal=causal)
    where, count = frame(problem), feature_count(d, degree)
    fast_solution(problem, wrt, taylor(degree), where, block_rows=rows)  # the monomials are kept
    peak = _peak(lambda: fast_solution(problem, wrt, taylor(degree), where, block_rows=rows))
    outputs = sum(n * d for name in wrt if name.startswith("A")) + (n * (1 + d) if causal else 0)
    block = rows * (2 * count + 6 * (1 + d) ** 2)
    assert peak <= 8 * (tables * count * (1 + d) ** 2 + outputs + block) + (1 << 16)


def _many(n: int, d: int) -> Arrays:
    """The same rows again and again: to scale scores, drawing looks at all n × n."""
    few = draw(1 << 10, d, scores=0.1)
    tall = ("A1", "A2", "A3", "E")
    return {name: np.tile(few[name], (n >> 10, 1)) if name in tall else few[name] for name in few}


@pytest.mark.parametrize("n", [100, 1 << 20])
@pytest.mark.parametrize("d", [1, 8, 30])
@pytest.mark.parametrize("degree", [0, 3])
def test_blocks_fit_a_cache(n: int, d: int, degree: int) -> None:
    arrays = {name: np.zeros((1, d)) for name in ("A1", "A2", "A3", "E")}
    arrays = {name: np.broadcast_to(array, (n, d)) for name, array in arrays.items()}
    assert not arrays["A1"].flags.writeable  # whether inputs can be written to does not matter
    problem = checked_problem(**arrays, X=np.zeros((d, d)), Y=np.zeros((d, d)))
    wide, narrow = (fast_block_rows(problem, degree, dtype) for dtype in (np.float64, np.float32))
    assert 128 <= wide <= narrow <= 1024
    width = feature_count(d, degree) + (1 + d) ** 2
    assert wide == 128 or wide * width * 8 <= 1 << 20
    causal = checked_problem(**arrays, X=np.zeros((d, d)), Y=np.zeros((d, d)), causal=True)
    assert fast_block_rows(causal, degree, np.float64) == min(wide, 256)


def test_blocks_of_a_library(backend: Any) -> None:
    """On a CPU they are those of NumPy; JAX makes new arrays in each call, so a block is to be large."""
    arrays = draw(20, 3)
    here = checked_problem(**arrays)
    there = checked_problem(**{name: backend.asarray(array) for name, array in arrays.items()})
    rows, found = (fast_block_rows(problem, 4, problem.xp.float64) for problem in (here, there))
    assert found > 10 * rows if backend.__name__ == "jax.numpy" else found == rows
