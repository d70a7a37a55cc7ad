from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofcheck.numeric import cost_model
from proofcheck.numeric.cost_model import CostModel
from proofcheck.numeric.kernels import threads
from proofcheck.numeric.problem import Problem

RATES = (0.5, 1e-9, 1e-9, 1e-9)


def problem(n: int, d: int = 8) -> Problem:
    array = np.zeros((n, d))
    return Problem(array, array, array, array, np.eye(d), np.eye(d))


def model(kernels: bool) -> CostModel:
    rates = {"float64": RATES}
    return CostModel((0.5, 1e-9, 1e-9), 2.0, rates, rates, 3.0, kernels)


@pytest.mark.parametrize("kernels", [True, False])
def test_work_that_is_worth_threads_is_divided_among_them(
    kernels: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = 1 << 10, 1 << 20  # rows
    seconds: dict[tuple[str, int], float] = {}
    for number in ("1", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", number)
        for n in (few, many):
            seconds[number, n] = model(kernels).fast_seconds(problem(n), ("X",), 3, "float64") - RATES[0]
    assert seconds["4", few] == seconds["1", few]
    assert seconds["4", many] == pytest.approx(seconds["1", many] / (4 if kernels else 1))


def test_the_fitted_runs_of_compiled_kernels_are_of_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*arguments: Any, **options: Any) -> None:
        raise AssertionError("threads were started")

    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr(threads, "ThreadPoolExecutor", none)
    monkeypatch.setattr(cost_model, "_exact", lambda *arguments: 1.0)
    cost_model._cost_model.cache_clear()
    assert cost_model.cost_model(problem(10)).kernels
    monkeypatch.setattr(threads, "WORTH_THREADS", 0)
    cost_model._cost_model.cache_clear()
    (file,) = tmp_path.glob("cost-model-*.json")
    file.unlink()
    with pytest.raises(AssertionError, match="threads were started"):
        cost_model.cost_model(problem(10))
    cost_model._cost_model.cache_clear()
