from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.errors import UserInputError
from proofcheck.numeric.exact import exact_solution, exact_sums, naive_solution, query_contributions
from proofcheck.numeric.problem import VARIABLES, Problem, Solution, checked_problem

from .autograd import by_jax, by_torch, x_gradient_by_the_paper
from .hard_cases import KINDS, reference

pytestmark = pytest.mark.usefixtures("route")

METHODS = {
    "naive": naive_solution,
    "blocks": exact_solution,
    "blocks of 5": lambda problem, wrt: exact_solution(problem, wrt, block_rows=5),
    "blocks of 1": lambda problem, wrt: exact_solution(problem, wrt, block_rows=1),
}


def uniform(n: int, d: int, seed: int = 0) -> dict[str, Any]:
    return KINDS["uniform"](np.random.default_rng(seed), n, d)


def check(solution: Solution, arrays: dict[str, Any], causal: bool) -> None:
    """Against long doubles; what they may be off, times 2^11, is what float64 may be off (and float32
    results are rounded once)."""
    true, slack = reference(arrays, causal=causal)
    assert abs(solution.loss - true["loss"]) <= 2.0**11 * slack["loss"]
    for name, found in solution.gradients.items():
        rounding = float(np.finfo(found.dtype).eps) * float(np.max(np.abs(true[name])))
        error = np.max(np.abs(np.asarray(found, dtype=np.longdouble) - true[name]))
        assert error <= 2.0**11 * slack[name] + rounding, name


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 3), (2, 1), (3, 2), (7, 5), (17, 3)])
def test_all_gradients(method: str, causal: bool, dtype: type, n: int, d: int) -> None:
    arrays = {name: value.astype(dtype) for name, value in uniform(n, d).items()}
    solution = METHODS[method](checked_problem(**arrays, causal=causal), VARIABLES)
    assert tuple(solution.gradients) == VARIABLES
    assert all(value.dtype == dtype for value in solution.gradients.values())
    check(solution, arrays, causal)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(
        ["uniform", "aligned", "clustered", "duplicated", "outlier", "signs", "large scores"]
    ),
    n=st.integers(1, 40),
    d=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    causal=st.booleans(),
    rows=st.integers(1, 50),
)
def test_blocks_of_any_size_on_any_data(
    kind: str, n: int, d: int, seed: int, causal: bool, rows: int
) -> None:
    arrays = KINDS[kind](np.random.default_rng(seed), n, d)
    solution = exact_solution(checked_problem(**arrays, causal=causal), VARIABLES, block_rows=rows)
    check(solution, arrays, causal)


@pytest.mark.parametrize("causal", [False, True])
def test_more_keys_than_a_block_holds(causal: bool) -> None:
    """The running maximum rises from block to block: the keys grow."""
    arrays = uniform(1300, 2)
    arrays["A2"] *= np.linspace(0, 20, 1300)[:, None]
    problem = checked_problem(**arrays, causal=causal)
    assert exact_sums(problem)["key_blocks"] > 2
    check(exact_solution(problem, VARIABLES), arrays, causal)


@pytest.mark.parametrize("causal", [False, True])
def test_torch_and_jax_agree(causal: bool) -> None:
    arrays = uniform(60, 4)
    solution = exact_solution(checked_problem(**arrays, causal=causal), VARIABLES)
    for oracle in (by_torch, by_jax):
        loss, gradients = oracle(arrays, causal=causal)
        assert solution.loss == pytest.approx(loss, rel=1e-13)
        for name in VARIABLES:
            # Both are right to some n + d roundings of the largest entry.
            size = np.max(np.abs(gradients[name]))
            assert np.max(np.abs(solution.gradients[name] - gradients[name])) <= 1e3 * 2.0**-53 * size


def test_the_papers_own_formula_agrees() -> None:
    arrays = uniform(9, 3)
    solution = exact_solution(checked_problem(**arrays), ("X",))
    loss, gradient = x_gradient_by_the_paper(arrays)
    assert solution.loss == pytest.approx(loss, rel=1e-14)
    assert solution.gradients["X"] == pytest.approx(gradient, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("causal", [False, True])
def test_finite_differences(name: str, causal: bool) -> None:
    """Central differences of the loss alone, which is computed without any gradient."""
    arrays = {key: value.astype(np.longdouble) for key, value in uniform(6, 2).items()}
    problem = checked_problem(
        **{key: value.astype(np.float64) for key, value in arrays.items()}, causal=causal
    )
    gradient = exact_solution(problem, (name,)).gradients[name]
    step = np.longdouble(2) ** -20
    for index in np.ndindex(*gradient.shape):
        losses = []
        for sign in (1, -1):
            moved = {key: value.copy() for key, value in arrays.items()}
            moved[name][index] += sign * step
            losses.append(reference(moved, causal=causal)[0]["loss"])
        difference = (losses[0] - losses[1]) / (2 * step)
        # The third derivative times step²/6, and the loss's rounding in long double over the step.
        assert gradient[index] == pytest.approx(float(difference), rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array_libraries(backend: Any, dtype: type, causal: bool) -> None:
    arrays = {name: value.astype(dtype) for name, value in uniform(20, 3).items()}
    moved = {name: backend.asarray(value) for name, value in arrays.items()}
    for method in (naive_solution, exact_solution):
        solution = method(checked_problem(**moved, causal=causal), VARIABLES)
        gradients = {name: np.asarray(value) for name, value in solution.gradients.items()}
        check(Solution(solution.loss, gradients, solution.min_alpha, 0.0), arrays, causal)


def test_only_what_is_asked_for_and_the_same() -> None:
    problem = checked_problem(**uniform(30, 3))
    every = exact_solution(problem, VARIABLES)
    for name in VARIABLES:
        one = exact_solution(problem, (name,))
        assert tuple(one.gradients) == (name,)
        assert np.array_equal(one.gradients[name], every.gradients[name])
    assert exact_solution(problem, ()).loss == every.loss


def test_what_else_a_solution_tells() -> None:
    arrays = uniform(30, 3)
    f = np.exp(arrays["A1"] @ arrays["X"] @ arrays["A2"].T / 3)
    c = f / f.sum(axis=1, keepdims=True) @ arrays["A3"] @ arrays["Y"] - arrays["E"]
    alpha = f.sum(axis=1) / f.max(axis=1)
    for method in METHODS.values():
        solution = method(checked_problem(**arrays), ("X",))
        assert solution.most_residual == pytest.approx(np.max(np.abs(c)), rel=1e-12)
        assert solution.min_alpha == pytest.approx(np.min(alpha), rel=1e-12)


@pytest.mark.parametrize("causal", [False, True])
def test_rows_of_queries_add_up_to_the_gradient(causal: bool) -> None:
    arrays = uniform(150, 3)
    problem = checked_problem(**arrays, causal=causal)
    rows = query_contributions(problem, range(150))
    solution = exact_solution(problem, ("X", "Y"))
    assert arrays["A1"].T @ rows.gradient == pytest.approx(solution.gradients["X"], rel=1e-10, abs=1e-13)
    assert rows.output.T @ rows.residual == pytest.approx(solution.gradients["Y"], rel=1e-10, abs=1e-13)
    some = query_contributions(problem, (3, 77, 149))
    assert some.gradient == pytest.approx(rows.gradient[[3, 77, 149]], rel=1e-10, abs=1e-15)


def test_progress_counts_queries() -> None:
    done: list[int] = []
    exact_solution(checked_problem(**uniform(150, 2)), ("X",), progress=done.append)
    assert sum(done) == 150
    assert len(done) > 1


def test_memory_does_not_grow_with_n(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # each thread has its block, and they need not meet

    def peak(n: int) -> int:
        problem = checked_problem(**uniform(n, 4))
        exact_solution(problem, ("X", "Y"))  # compiled
        tracemalloc.start()
        exact_solution(problem, ("X", "Y"))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    small, large = peak(1024), peak(4096)
    assert large < 1.2 * small
    assert large < 8 * 4096 * 64  # far from n × n


def test_memory_mapped_inputs(tmp_path: Any) -> None:
    arrays = uniform(100, 3)
    mapped = {}
    for name, value in arrays.items():
        np.save(tmp_path / f"{name}.npy", value)
        mapped[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    check(exact_solution(checked_problem(**mapped), VARIABLES), arrays, causal=False)


@pytest.mark.parametrize("method", ["naive", "blocks"])
@pytest.mark.parametrize("scale", [1e200, 1e120])
def test_scores_that_overflow_are_refused(method: str, scale: float) -> None:
    arrays = uniform(8, 2)
    problem = checked_problem(
        **{name: value * scale if name in ("A1", "A2") else value for name, value in arrays.items()}
    )
    if scale > 1e150:
        with pytest.raises(UserInputError, match="overflow float64"):
            METHODS[method](problem, ("X",))
    else:  # a softmax of 0 and 1, whose weights are exact; the gradient is 0 but for the rounding of q − r
        assert np.all(np.isfinite(METHODS[method](problem, ("Y",)).gradients["Y"]))


def test_the_problem_is_not_changed() -> None:
    arrays = uniform(20, 3)
    for value in arrays.values():
        value.flags.writeable = False
    problem: Problem = checked_problem(**arrays)
    exact_solution(problem, VARIABLES)
    naive_solution(problem, VARIABLES)
