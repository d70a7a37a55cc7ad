"""What is measured, held against torch's autograd and NumPy's own linear algebra."""

from __future__ import annotations

import json
from math import comb
from pathlib import Path

import numpy as np
import pytest

from proofcheck import attention_gradient
from reductions.probe import FAMILIES, Cell, Grid, Probed, Row
from reductions.probe import measure as measure_module  # the function below is the module's
from reductions.probe.inputs import arrays, hard_pair
from reductions.probe.measure import measure, ranks
from tests.numeric.autograd import NAMES, by_torch

SOFT = [family for family in FAMILIES if family != "hard"]
GRID = Grid(n=(64,), d=(4,), b=(0.5,), families=tuple(SOFT), eps=(1e-1, 1e-3, 1e-12), budget=400)


def _error(inputs: tuple[np.ndarray, ...], degree: int, true: np.ndarray) -> float:
    found = attention_gradient(*inputs, method="fast", degree=degree).gradients["X"]
    return float(np.abs(found - true).max() / np.abs(true).max())


@pytest.mark.parametrize("family", SOFT)
def test_the_degree_is_the_least_that_meets_the_error(family: str) -> None:
    cell = Cell(64, 4, 0.5, family)
    inputs = arrays(cell, 0)
    true = by_torch(dict(zip(NAMES, inputs, strict=True)), causal=False)[1]["X"]
    most = max(degree for degree in range(25) if comb(4 + degree, 4) <= GRID.budget)
    errors = {degree: _error(inputs, degree, true) for degree in range(1, most + 1)}
    for row in measure(cell, GRID):
        least = next(
            (g for g in range(1, most + 1) if max(errors[g], errors.get(g + 1, 0.0)) <= row.eps), None
        )
        assert row.degree == least
        if least is None:
            assert row.features is row.error is row.estimated is row.dtype is None
            assert row.fast_seconds == ()
            assert row.reason == "not met within 400 features"
        else:
            assert row.features == comb(4 + least, 4) <= GRID.budget
            # float32 features leave what their order of summation makes.
            assert row.error == pytest.approx(errors[least], rel=1e-3, abs=1e-6)
            assert row.error <= row.eps
            assert row.certified is None or row.certified >= row.error
            assert row.reason is None
            assert len(row.fast_seconds) == len(row.exact_seconds) == len(row.yardstick_seconds) >= 5
            assert min((*row.fast_call_seconds, *row.exact_call_seconds)) > 0
            assert row.ratio is not None
            assert row.ratio_best == min(row.fast_seconds) / min(row.exact_seconds)


def test_some_errors_are_met_and_some_are_not() -> None:
    rows = measure(Cell(64, 4, 0.5, "uniform"), GRID)
    assert [row.degree is not None for row in rows] == [True, True, False]


def test_an_error_that_is_met_once_by_chance_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = measure_module._Tried(1, 5, "float64", 0.0, 0.0, 0.0, 1.0)
    errors = (0.5, 0.001, 0.3, 0.009, 0.002)
    runs = [
        measure_module._Tried(degree, degree, "float64", error, error, error, 1.0)
        for degree, error in enumerate(errors, start=1)
    ]
    found = measure_module._least(runs, 0.01)
    assert found is not None
    assert found.degree == 4
    assert measure_module._least([tried], 0.01) is tried
    assert measure_module._least(runs[:3], 0.01) is None


@pytest.mark.parametrize("family", SOFT)
def test_ranks(family: str) -> None:
    inputs = arrays(Cell(48, 3, 1.0, family), 1)
    eps = (0.3, 1e-2, 1e-4)
    scores = inputs[0] @ inputs[1].T / 3
    softmax = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    for one, (of_exp, of_softmax) in zip(eps, ranks(inputs, eps), strict=True):
        for matrix, rank in ((np.exp(scores), of_exp), (softmax, of_softmax)):
            # Eigenvalues of the Gram matrix, whose square roots are good to 1e-8.
            values = np.sqrt(np.maximum(np.linalg.eigvalsh(matrix @ matrix.T), 0))
            assert rank == np.count_nonzero(values > one * values.max())


def test_ranks_of_scores_that_overflow() -> None:
    inputs = arrays(Cell(32, 8, 40.0, "signs"), 0)
    ((of_exp, of_softmax),) = ranks(inputs, (1e-2,))
    assert 1 <= of_exp <= 32
    assert 1 <= of_softmax <= 32


def test_a_second_run_finds_the_same() -> None:
    grid = Grid(n=(32,), d=(8,), b=(1.0,), families=("uniform", "hard"), eps=(1e-2,), budget=200, pairs=1)
    for cell in grid.cells():
        first, second = measure(cell, grid), measure(cell, grid)
        assert [row.found() for row in first] == [row.found() for row in second]
        assert not any("seconds" in name for name in first[0].found())


def test_what_the_small_probe_found(small: tuple[Path, Probed]) -> None:
    rows = small[1].result.rows
    by_cell = {(row.n, row.b, row.family, row.eps): row for row in rows}
    assert len(by_cell) == len(rows) == 3 * 3 * 2 * 2
    for row in rows:
        assert (row.rank is None) == (row.n > 48 or not row.exists)
        assert (row.instances is None) == (row.family == "uniform" or not row.exists)
        assert row.digest == row.computed_digest()
        environment = json.loads(row.environment)
        assert environment["versions"]["numpy"] == np.__version__
        if row.instances is not None:
            _check_counts(row)
    # So small a bound has no gadget, so large a one no polynomial within the budget.
    assert by_cell[32, 0.5, "hard", 1e-2].reason == "no gadget fits d=8 columns at so small a bound"
    large = by_cell[64, 8.0, "hard", 1e-2]
    assert (large.degree, large.instances, large.separated, large.exact_right) == (None, 2, 2, 2)
    pair = hard_pair(large.cell, 0, 0)
    assert pair is not None
    Q, K, _ = pair[0].attention.arrays()
    assert large.largest_score == pytest.approx(np.abs(Q @ K.T / 8).max())


def _check_counts(row: Row) -> None:
    for name in ("", "exact_"):
        counts = [getattr(row, f"{name}{one}") for one in ("right", "wrong", "undecided")]
        assert sum(counts) == row.instances
        assert getattr(row, f"{name}wrong") == 0


def test_no_polynomial_at_all_has_a_reason() -> None:
    grid = Grid(n=(32,), d=(8,), b=(30.0,), families=("signs",), rank_to=0, budget=100)
    (row,) = measure(Cell(32, 8, 30.0, "signs"), grid)
    assert (row.degree, row.tried, row.radius, row.rank) == (None, None, None, None)
    assert row.reason is not None
    assert row.reason.startswith("the centred scores may be as large as ")


def test_a_budget_below_the_first_degree() -> None:
    grid = Grid(n=(32,), d=(8,), b=(0.5,), families=("uniform",), budget=8)
    (row,) = measure(Cell(32, 8, 0.5, "uniform"), grid)
    assert (row.degree, row.reason) == (None, "degree 1 has more than 8 features")
