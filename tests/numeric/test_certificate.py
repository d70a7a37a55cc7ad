from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from proofcheck.errors import ApproximationError
from proofcheck.namespaces.arrays import unit_roundoff
from proofcheck.numeric.certificate import exact_error_bounds, fast_error_bounds, score_radius
from proofcheck.numeric.exact import exact_solution, exact_sums
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.kernels import SWITCH
from proofcheck.numeric.magnitudes import magnitudes_before
from proofcheck.numeric.polynomial import ExpPolynomial, taylor
from proofcheck.numeric.problem import VARIABLES, Problem, Solution, checked_problem

from .hard_cases import KINDS, Arrays, draw_case, reference

_CASES = 1000  # of each of the ten kinds


def _errors(arrays: Arrays, solution: Solution, causal: bool) -> dict[str, float]:
    """What is surely an error: the difference from the reference, less what that may be off."""
    true, slack = reference(arrays, causal=causal)
    found = {**solution.gradients, "loss": np.float64(solution.loss)}
    return {
        name: float(np.max(np.abs(found[name].astype(np.longdouble) - true[name]))) - slack[name]
        for name in true
    }


def _fast(
    problem: Problem, polynomial: ExpPolynomial | None, degree: int, block_dtype: type
) -> tuple[Solution, dict[str, float], dict[str, float]]:
    """The solution, bounds of its errors, and bounds of what rounding alone does to it."""
    where = frame(problem)
    unit = unit_roundoff(np, block_dtype)
    radius, _ = score_radius(problem, where, unit)
    polynomial = polynomial or taylor(degree, float(f"{radius * 1.01:.2g}") if radius > 1e-3 else 0.01)
    solution = fast_solution(problem, VARIABLES, polynomial.coefficients, where, block_dtype=block_dtype)
    bounds, rounding = (
        fast_error_bounds(
            problem,
            where,
            replace(polynomial, relative_error=error),
            solution.magnitudes,
            VARIABLES,
            block_unit=unit,
            block_rows=solution.block_rows,
            solution=solution,
        )
        for error in (polynomial.relative_error, 0.0)
    )
    return solution, bounds, rounding


@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_of_the_fast_method_is_never_violated(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand cases over the kinds, with degrees from coarse to beyond rounding.

    Each by compiled kernels and by array operations; they differ by no more than both may round.
    """
    rng = np.random.default_rng(list(kind.encode()))
    finite = refused = alone = 0
    for _ in range(_CASES):
        arrays, causal = draw_case(kind, rng)
        problem = checked_problem(**arrays, causal=causal)
        single = problem.dtype == np.float32
        block_dtype = np.float32 if single or (kind != "scaled" and rng.random() < 0.3) else np.float64
        degree = int(rng.integers(0, 13))
        found, slack = [], dict.fromkeys((*VARIABLES, "loss"), 0.0)
        for switch in ("on", "off"):
            monkeypatch.setenv(SWITCH, switch)
            try:
                solution, bounds, rounding = _fast(problem, None, degree, block_dtype)
            except ApproximationError:  # a Taylor polynomial that is negative where scores are large
                continue
            found.append({**solution.gradients, "loss": np.float64(solution.loss)})
            errors = _errors(arrays, solution, causal)
            assert all(errors[name] <= bounds[name] for name in bounds), (errors, bounds)
            finite += all(math.isfinite(bound) for bound in bounds.values())
            slack = {name: slack[name] + rounding[name] for name in slack}
        if len(found) == 2:
            for name, allowed in slack.items():
                difference = np.max(np.abs(found[0][name].astype(np.longdouble) - found[1][name]))
                assert difference <= allowed, (name, difference, allowed)
        else:
            refused += 1
            alone += len(found)
    # The claim is empty where every bound is infinite.
    assert finite >= 2 * (_CASES // 10)
    assert refused <= _CASES * 0.8
    assert alone <= _CASES // 100  # an α that is 0 but for rounding


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_of_the_exact_method_is_never_violated(kind: str) -> None:
    rng = np.random.default_rng(list(kind.encode()))
    finite = 0
    for _ in range(100):
        arrays, causal = draw_case(kind, rng)
        problem = checked_problem(**arrays, causal=causal)
        solution = exact_solution(problem, VARIABLES)
        bounds = exact_error_bounds(
            problem,
            frame(problem),
            magnitudes_before(problem),
            VARIABLES,
            solution=solution,
            **exact_sums(problem),
        )
        errors = _errors(arrays, solution, causal)
        assert all(errors[name] <= bounds[name] for name in bounds), (errors, bounds)
        finite += all(math.isfinite(bound) for bound in bounds.values())
    assert finite >= 50


def test_a_bound_without_the_truncation_would_be_violated() -> None:
    """The tests above can fail: without its truncation the bound does not hold."""
    arrays = KINDS["uniform"](np.random.default_rng(0), 40, 3)
    problem = checked_problem(**arrays)
    lying = replace(taylor(1, 2.0), relative_error=0.0)
    solution, bounds, _ = _fast(problem, lying, 1, np.float64)
    errors = _errors(arrays, solution, causal=False)
    assert all(errors[name] > 100 * bounds[name] for name in VARIABLES)


def test_a_bound_without_the_rounding_would_be_violated() -> None:
    arrays = KINDS["uniform"](np.random.default_rng(0), 40, 3)
    problem = checked_problem(**arrays)
    polynomial = taylor(14, 1.0)
    where = frame(problem)
    solution = fast_solution(problem, VARIABLES, polynomial.coefficients, where, block_dtype=np.float32)
    # Features were float32; this takes them to be float64.
    bounds = fast_error_bounds(
        problem,
        where,
        polynomial,
        solution.magnitudes,
        VARIABLES,
        block_unit=2.0**-53,
        block_rows=solution.block_rows,
        solution=solution,
    )
    errors = _errors(arrays, solution, causal=False)
    assert all(errors[name] > bounds[name] for name in VARIABLES)


@pytest.mark.parametrize(
    ("radius", "error"), [(0.01, 1e-3), (100.0, 2.0)], ids=["radius too small", "error of 1 or more"]
)
def test_no_bound_where_none_is_known(radius: float, error: float) -> None:
    problem = checked_problem(**KINDS["uniform"](np.random.default_rng(0), 20, 3))
    polynomial = replace(taylor(5, 3.0), radius=radius, relative_error=error)
    _, bounds, _ = _fast(problem, polynomial, 5, np.float64)
    assert all(bound == math.inf for bound in bounds.values())


def test_the_score_radius_holds_for_true_and_rounded_scores() -> None:
    rng = np.random.default_rng(5)
    for kind in KINDS:
        arrays, _ = draw_case(kind, rng)
        problem = checked_problem(**arrays)
        where = frame(problem)
        radius, epsilon = score_radius(problem, where, unit_roundoff(np, problem.dtype))
        wide = {name: value.astype(np.longdouble) for name, value in arrays.items()}
        keys = wide["A2"] - where.key_centre
        true = wide["A1"] @ wide["X"] / problem.d @ keys.T
        points = [
            ((arrays["A1"] @ arrays["X"] / problem.d) * where.scale).astype(problem.dtype),
            (keys / where.scale).astype(problem.dtype),
        ]
        rounded = points[0].astype(np.longdouble) @ points[1].T.astype(np.longdouble)
        assert np.max(np.abs(true)) <= radius
        assert np.max(np.abs(rounded)) <= radius
        assert np.max(np.abs(rounded - true)) <= epsilon + 1e-19 * np.max(np.abs(wide["A1"]))
