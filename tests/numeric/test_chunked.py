"""The fast method over chunks of rows: against the definition, and against all rows in one."""

from __future__ import annotations

import functools
import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck import attention_gradient
from proofcheck.errors import ApproximationError, UserInputError
from proofcheck.numeric import search
from proofcheck.numeric.chunked import survey
from proofcheck.numeric.chunked.engine import LocalEngine, chunk_slices, outline, usual_chunk_rows
from proofcheck.numeric.chunked.exact_rows import exact_rows_from
from proofcheck.numeric.chunked.fast_sweeps import chunked_solution
from proofcheck.numeric.chunked.gradient import ChunkedResult, chunked_gradient
from proofcheck.numeric.chunked.sampled import draw_from, rows_from
from proofcheck.numeric.estimate import sample_weights
from proofcheck.numeric.exact import query_contributions
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.polynomial import taylor
from proofcheck.numeric.problem import VARIABLES, checked_problem

from .chunks import Held, Kept
from .expansions import decaying
from .hard_cases import KINDS, reference

pytestmark = pytest.mark.usefixtures("route")


def uniform(n: int, d: int, dtype: str = "float64", seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = {name: (d, d) if name in "XY" else (n, d) for name in ("A1", "A2", "A3", "E", "X", "Y")}
    return {name: rng.uniform(-1, 1, shape).astype(dtype) for name, shape in shapes.items()}


def computed(arrays: dict[str, Any], **how: Any) -> tuple[ChunkedResult, dict[str, Any]]:
    """The result, and all its gradients."""
    source = Held(arrays)
    sink = Kept(source)
    result = chunked_gradient(source, LocalEngine(), sink, **how)
    assert not set(sink.found) & set(result.found.gradients)
    return result, {**result.found.gradients, **sink.found}


@given(st.integers(1, 700))
def test_the_tree_joins_neighbours_in_order_and_in_eights(count: int) -> None:
    def tree(parts: list[Any]) -> Any:
        while len(parts) > 1:
            eights = [parts[start : start + 8] for start in range(0, len(parts), 8)]
            parts = [functools.reduce(lambda left, right: (left, right), eight) for eight in eights]
        return parts[0]

    reported: list[int] = []
    found = LocalEngine().reduce(
        lambda rows: rows.start,
        lambda left, right: (left, right),
        chunk_slices(3 * count - 1, 3, 1),
        reported.append,
    )
    assert found == tree(list(range(0, 3 * count, 3)))
    assert reported == [3] * (count - 1) + [2]


def test_chunks_cover_the_rows() -> None:
    assert chunk_slices(10, 4, 3) == (slice(0, 4), slice(4, 8), slice(8, 10))
    assert chunk_slices(10, None, 8) == (slice(0, 10),)
    assert usual_chunk_rows(8) == 1 << 18
    assert usual_chunk_rows(10**9) == 1
    for wrong in (0, -1, True, 2.5):
        with pytest.raises(UserInputError, match=r"chunk_rows=.*expected an integer of at least 1"):
            chunk_slices(10, wrong, 3)  # type: ignore[arg-type]


def test_what_is_not_read_is_not_a_number_and_takes_no_memory() -> None:
    problem = outline(Held(uniform(1000, 3)))
    assert (problem.n, problem.d) == (1000, 3)
    assert np.isnan(problem.A1).all()
    assert problem.A1.strides == (0, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_chunk_is_the_method_on_arrays_bit_for_bit(dtype: str) -> None:
    arrays = uniform(700, 3, dtype)
    _, gradients = computed(arrays, wrt=VARIABLES, degree=4)
    whole = attention_gradient(**arrays, wrt=VARIABLES, degree=4, method="fast")
    for name in VARIABLES:
        assert gradients[name].dtype == arrays["A1"].dtype
        np.testing.assert_array_equal(gradients[name], whole.gradients[name], err_msg=name)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "large scores"])
@pytest.mark.parametrize("chunk_rows", [7, 16, 50])
def test_errors_are_below_their_bounds(kind: str, chunk_rows: int) -> None:
    arrays = KINDS[kind](np.random.default_rng([chunk_rows, *kind.encode()]), 47, 3)
    true, slack = reference(arrays)
    for degree in (3, 8):
        try:
            result, gradients = computed(arrays, wrt=VARIABLES, degree=degree, chunk_rows=chunk_rows)
        except ApproximationError:  # sums of weights that are negative
            continue
        for name in VARIABLES:
            error = float(np.max(np.abs(gradients[name] - true[name])))
            assert error <= result.found.error_bound[name] + slack[name], (name, degree)
            assert result.largest[name] == np.max(np.abs(gradients[name]))
        assert abs(result.found.loss - true["loss"]) <= result.found.error_bound["loss"] + slack["loss"]


def test_chunks_change_nothing_but_roundings() -> None:
    arrays = uniform(600, 3)
    _, whole = computed(arrays, wrt=VARIABLES, degree=5)
    for chunk_rows in (1, 64, 599):
        result, gradients = computed(arrays, wrt=VARIABLES, degree=5, chunk_rows=chunk_rows)
        assert result.chunk_rows == chunk_rows
        for name in VARIABLES:
            # Each of some thousand sums rounds once; and the least squares see the same scores.
            scale = np.max(np.abs(whole[name]))
            np.testing.assert_allclose(gradients[name], whole[name], rtol=0, atol=1e-10 * scale)
        again, same = computed(arrays, wrt=VARIABLES, degree=5, chunk_rows=chunk_rows)
        assert again.found.error_estimate == result.found.error_estimate
        assert all(np.array_equal(same[name], gradients[name]) for name in VARIABLES)


def test_the_method_on_arrays_and_chunks_bound_alike() -> None:
    arrays = uniform(900, 2, "float32")
    result, _ = computed(arrays, wrt=VARIABLES, degree=6, chunk_rows=128)
    whole = attention_gradient(**arrays, wrt=VARIABLES, degree=6, method="fast")
    assert result.found.radius == pytest.approx(whole.radius, rel=1e-6)
    assert result.found.scale == pytest.approx(whole.scale, rel=1e-6)
    assert result.found.min_alpha == pytest.approx(whole.min_alpha, rel=1e-5)
    for name, bound in whole.error_bound.items():
        assert result.found.error_bound[name] == pytest.approx(bound, rel=0.5), name


def test_sizes_of_all_queries_are_found() -> None:
    arrays = uniform(300, 3)
    problem = checked_problem(**arrays)
    where = frame(problem)
    coefficients = taylor(3, where.radius).coefficients
    whole = fast_solution(problem, VARIABLES, coefficients, where, sample=(0, 130, 299))
    source = Held(arrays)
    found = chunked_solution(
        source,
        LocalEngine(),
        chunk_slices(300, 70, 3),
        VARIABLES,
        coefficients,
        where,
        block_dtype=np.float64,
        sample=(0, 130, 299),
    )
    for name, value in vars(whole.magnitudes).items():
        np.testing.assert_allclose(getattr(found.magnitudes, name), value, rtol=1e-12, err_msg=name)
    assert found.sampled is not None
    assert whole.sampled is not None
    for name, value in vars(whole.sampled).items():
        np.testing.assert_allclose(getattr(found.sampled, name), value, rtol=1e-9, atol=1e-12, err_msg=name)
    assert found.min_alpha == pytest.approx(whole.min_alpha, rel=1e-12)
    assert found.most_residual == pytest.approx(whole.most_residual, rel=1e-12)
    assert found.blocks >= 5  # one for each chunk at least


def test_a_tolerance_is_met() -> None:
    arrays = uniform(800, 3)
    exact = attention_gradient(**arrays, wrt=VARIABLES, method="exact").gradients
    result, gradients = computed(arrays, wrt=VARIABLES, rtol=1e-3, chunk_rows=100)
    for name in ("X", "Y", "A2", "A3"):
        estimate = result.found.error_estimate[name]
        error = float(np.max(np.abs(gradients[name] - exact[name])))
        assert error <= estimate.high <= 1e-3 * result.largest[name], name
    certified, gradients = computed(arrays, eps=1e-2, guarantee="certified", chunk_rows=100)
    assert np.max(np.abs(gradients["X"] - exact["X"])) <= certified.found.error_bound["X"] <= 1e-2


def test_chunks_take_all_monomials_where_arrays_need_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_WORTH_PRUNING", 0.0)
    arrays = decaying(np.random.default_rng(3), 300, 6)
    assert attention_gradient(**arrays, method="fast", rtol=1e-3).axes is not None
    found = computed(arrays, rtol=1e-3, chunk_rows=100)[0].found
    assert found.axes is None
    assert found.degree is not None
    assert found.features == math.comb(6 + found.degree, 6)


@pytest.mark.parametrize("how", [{"degree": 3}, {"rtol": 1e-2}])
def test_how_many_queries_are_drawn_does_not_depend_on_the_machine(how: dict[str, Any]) -> None:
    result, _ = computed(uniform(2400, 2), chunk_rows=500, **how)
    assert result.found.error_estimate["X"].queries == 75  # n/32


def test_of_few_queries_the_error_is_known() -> None:
    arrays = uniform(30, 2)
    result, gradients = computed(arrays, wrt=VARIABLES, degree=2, chunk_rows=9)
    true, _ = reference(arrays)
    for name in ("X", "Y", "A2", "A3"):
        estimate = result.found.error_estimate[name]
        error = float(np.max(np.abs(gradients[name] - true[name])))
        assert estimate.confidence == 1.0
        # Features are float32, some roundings from the polynomial that the estimate takes for A2 and A3.
        slack = 2.0**-19 * result.largest[name]
        assert error > 100 * slack
        assert estimate.value == pytest.approx(error, rel=0, abs=slack), name


def test_exact_rows_from_chunks() -> None:
    arrays = uniform(300, 3)
    arrays["A1"] *= 20  # so that scores differ much between chunks
    problem = checked_problem(**arrays)
    rows = (0, 3, 99, 100, 299)
    whole = query_contributions(problem, rows)
    source = Held(arrays)
    found = exact_rows_from(
        source,
        LocalEngine(),
        chunk_slices(300, 64, 3),
        arrays["A1"][list(rows)],
        arrays["E"][list(rows)],
        None,
    )
    for name in ("output", "residual", "gradient"):
        np.testing.assert_allclose(getattr(found.rows, name), getattr(whole, name), rtol=1e-9, atol=1e-11)
    scores = arrays["A1"][list(rows)] @ arrays["X"] @ arrays["A2"].T / 3
    np.testing.assert_allclose(found.highest, scores.max(axis=1), rtol=1e-12)
    total = np.exp(scores - scores.max(axis=1)[:, None]).sum(axis=1)
    np.testing.assert_allclose(found.total, total, rtol=1e-12)


def test_queries_are_drawn_with_the_probabilities_they_are_said_to_have() -> None:
    arrays = uniform(60, 2)
    arrays["A1"][7] *= 30  # one that weighs much
    source, chunks = Held(arrays), chunk_slices(60, 11, 2)
    values = np.max(np.abs(arrays["A3"]), axis=0)
    weights = sample_weights(checked_problem(**arrays))
    law = 0.5 / 60 + 0.5 * weights / weights.sum()
    sums = [float(weights[rows].sum()) for rows in chunks]
    counts, rng = np.zeros(60), np.random.default_rng(0)
    for _ in range(400):
        drawn = draw_from(source, LocalEngine(), chunks, sums, values, 50, rng)
        rows = list(drawn.sample.rows)
        assert rows == sorted(set(rows))
        assert drawn.sample.counts.sum() == drawn.sample.draws == 50
        np.testing.assert_allclose(drawn.sample.probabilities, law[rows], rtol=1e-12)
        np.testing.assert_array_equal(drawn.inputs, arrays["A1"][rows])
        np.testing.assert_array_equal(drawn.targets, arrays["E"][rows])
        counts[rows] += drawn.sample.counts
    # 20,000 draws: no row is off by more than five standard deviations.
    assert np.all(np.abs(counts - 20_000 * law) <= 5 * np.sqrt(20_000 * law))


def test_weights_that_overflow_leave_a_uniform_draw() -> None:
    arrays = uniform(40, 2)
    source, chunks = Held(arrays), chunk_slices(40, 16, 2)
    values = np.max(np.abs(arrays["A3"]), axis=0)
    for sums in ([np.inf, 1.0, 1.0], [0.0, 0.0, 0.0]):
        drawn = draw_from(source, LocalEngine(), chunks, sums, values, 10, np.random.default_rng(0))
        np.testing.assert_allclose(drawn.sample.probabilities, 1 / 40, rtol=1e-12)


def test_rows_are_read_from_the_chunks_that_have_them() -> None:
    arrays = uniform(50, 2)
    source = Held(arrays)
    numbers = np.array([3, 3, 21, 49])
    found = rows_from(source, LocalEngine(), chunk_slices(50, 10, 2), "A2", numbers)
    np.testing.assert_array_equal(found, arrays["A2"][numbers])
    assert [rows.start for _, rows in source.reads] == [0, 20, 40]


def test_what_cannot_be_computed_is_refused() -> None:
    arrays = uniform(50, 2)
    with pytest.raises(UserInputError, match="A2 has as many rows as the input"):
        chunked_gradient(Held(arrays), LocalEngine(), wrt=("X", "A2"))
    for wrong in ({"rtol": -1.0}, {"guarantee": "hoped"}, {"seed": -1}, {"degree": -1}, {"wrt": "Z"}):
        with pytest.raises(UserInputError, match=str(next(iter(wrong)))):
            computed(arrays, **wrong)
    with pytest.raises(ApproximationError, match="cannot meet rtol=1e-09"):
        computed({**arrays, "A1": 300 * arrays["A1"]}, rtol=1e-9)
    arrays["A3"][44, 1] = np.inf
    with pytest.raises(UserInputError, match="A3 has an entry that is not finite"):
        computed(arrays, chunk_rows=20)


def test_workers_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = itertools.cycle(["one", "another"])
    monkeypatch.setattr(survey, "computed_by", lambda _: next(turn))
    with pytest.raises(UserInputError, match=r"the workers differ: another, .*; one, "):
        computed(uniform(50, 2), chunk_rows=20)


def test_digests_are_of_the_rows() -> None:
    arrays = uniform(50, 2)
    first, _ = computed(arrays, chunk_rows=20)
    assert first.sha256 == computed(arrays, chunk_rows=20, degree=2)[0].sha256
    assert first.sha256["A1"] != computed(arrays, chunk_rows=25)[0].sha256["A1"]
    arrays["A1"][49, 1] += 1e-9
    changed = computed(arrays, chunk_rows=20)[0].sha256
    assert {name for name in changed if changed[name] != first.sha256[name]} == {"A1"}


def test_memory_does_not_grow_with_the_rows() -> None:
    class Made(Held):
        """Rows that are nowhere until they are read."""

        @property
        def n(self) -> int:
            return self.arrays["rows"]

        @property
        def dtype(self) -> np.dtype[Any]:
            return np.dtype(np.float32)

        def read(self, name: str, rows: slice) -> Any:
            rng = np.random.default_rng([rows.start, *name.encode()])
            return rng.uniform(-1, 1, (rows.stop - rows.start, 4)).astype(np.float32)

    class Gone:
        def write(self, name: str, rows: slice, values: Any) -> None:
            pass

    peaks = []
    for rows in (1 << 14, 1 << 17):
        source = Made({"X": np.eye(4, dtype=np.float32), "Y": np.eye(4, dtype=np.float32), "rows": rows})
        tracemalloc.start()
        chunked_gradient(source, LocalEngine(), Gone(), wrt=("X", "A1"), degree=2, chunk_rows=1 << 12)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 16 bytes for each of 2^17 rows, in any one array, would be 2 MiB.
    assert peaks[1] < peaks[0] + (1 << 19)
