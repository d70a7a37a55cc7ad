from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from proofcheck.errors import ApproximationError
from proofcheck.namespaces.arrays import to_numpy, unit_roundoff
from proofcheck.numeric.axes import rotated_range
from proofcheck.numeric.certificate import fast_error_bounds, score_radius
from proofcheck.numeric.estimate import draw, estimate
from proofcheck.numeric.exact import query_contributions
from proofcheck.numeric.expansion import Expansion, leftover
from proofcheck.numeric.fast import by_kernels, fast_solution
from proofcheck.numeric.fast_totals import FastSolution
from proofcheck.numeric.frame import Frame, frame
from proofcheck.numeric.polynomial import ExpPolynomial, taylor
from proofcheck.numeric.problem import VARIABLES, Problem, checked_problem, row_blocks

from .expansions import MORE_KINDS, decaying, deficient, expansion_of, exponents_of, points_of
from .hard_cases import draw_case, reference

pytestmark = pytest.mark.usefixtures("route")

_CASES = 120  # of each kind
_ROUNDING = 1e-11  # of sums of absolute values: a few thousand roundings of float64


def expanded(problem: Problem, where: Frame, expansion: Expansion, coefficients: tuple[float, ...]) -> Any:
    """P̂ of all pairs, one power after the other: Σ_β a_|β| (|β|!/β!) q'^β k'^β."""
    queries, keys = points_of(problem, where)
    queries, keys = queries @ expansion.query_axes, keys @ expansion.key_axes
    total = np.zeros((problem.n, problem.n))
    for index in exponents_of(expansion.monomials):
        degree = sum(index)
        weight = coefficients[degree] * math.factorial(degree) / math.prod(map(math.factorial, index))
        total += weight * np.outer(np.prod(queries**index, axis=1), np.prod(keys**index, axis=1))
    return total


def horner(scores: Any, coefficients: tuple[float, ...]) -> Any:
    value = scores * 0
    for coefficient in reversed(coefficients):
        value = value * scores + coefficient
    return value


def by_weights(problem: Problem, weights: Any) -> tuple[dict[str, Any], dict[str, float]]:
    """Loss and gradients of [P] Lemma C.7 with these weights for e^S, and sums of absolute values."""
    inputs = {name: np.asarray(getattr(problem, name), np.float64) for name in ("A1", "A2", "A3", "E")}
    A1, A2, A3, E = inputs.values()
    X, Y, d = np.asarray(problem.X, np.float64), np.asarray(problem.Y, np.float64), problem.d
    f = weights / weights.sum(axis=1, keepdims=True)
    output = f @ A3
    c = output @ Y - E
    w = c @ Y.T
    p = f * (w @ A3.T - (w * output).sum(axis=1, keepdims=True))
    size = np.abs(f) * (
        np.abs(w) @ np.abs(A3).T + (np.abs(w) * (np.abs(f) @ np.abs(A3))).sum(axis=1)[:, None]
    )
    found = {
        "loss": (c * c).sum() / 2,
        "X": A1.T @ p @ A2 / d,
        "Y": output.T @ c,
        "A1": p @ A2 @ X.T / d,
        "A2": p.T @ A1 @ X / d,
        "A3": f.T @ w,
    }
    A1, A2, X = np.abs(A1), np.abs(A2), np.abs(X)
    sizes = {
        "loss": found["loss"],
        "X": A1.T @ size @ A2 / d,
        "Y": np.abs(output).T @ np.abs(c),
        "A1": size @ A2 @ X.T / d,
        "A2": size.T @ A1 @ X / d,
        "A3": np.abs(f).T @ np.abs(w),
    }
    return found, {name: float(np.max(value)) for name, value in sizes.items()}


def weights_of(
    problem: Problem, where: Frame, expansion: Expansion, coefficients: tuple[float, ...], rows: int
) -> Any:
    """P̂, and, if causal, P within a block and 0 beyond the diagonal."""
    weights = expanded(problem, where, expansion, coefficients)
    if problem.causal:
        queries, keys = points_of(problem, where)
        for block in row_blocks(problem.n, rows):
            weights[block, block] = horner(queries[block] @ keys[block].T, coefficients)
        weights *= np.tri(problem.n)
    return weights


def check(problem: Problem, expansion: Expansion, coefficients: tuple[float, ...], rows: int) -> FastSolution:
    """The fast method finds what the expansion's weights give, up to rounding."""
    where = frame(problem)
    solution = fast_solution(
        problem, VARIABLES, coefficients, where, expansion=expansion, block_rows=rows, block_dtype=np.float64
    )
    true, sizes = by_weights(problem, weights_of(problem, where, expansion, coefficients, rows))
    unit = _ROUNDING + (2.0**-23 if problem.dtype == np.float32 else 0.0)
    for name, value in true.items():
        found = solution.loss if name == "loss" else solution.gradients[name]
        assert np.max(np.abs(found - value)) <= unit * sizes[name], name
    assert solution.features == expansion.monomials.count
    return solution


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("rows", [1, 7, 40, 1000])
@pytest.mark.parametrize("allowed", [0.3, 1e-2, 1e-5])
def test_loss_and_gradients_are_those_of_the_expansion(allowed: float, rows: int, causal: bool) -> None:
    """A single constant monomial among them; all variables; blocks that divide n and not."""
    problem = checked_problem(**decaying(np.random.default_rng(1), 40, 4), causal=causal)
    expansion = expansion_of(problem, frame(problem), 6, allowed)
    assert expansion is not None
    coefficients = taylor(6, 2.0).coefficients
    check(problem, expansion, coefficients, rows)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 3), (2, 1), (30, 1), (30, 3), (9, 5)])
@pytest.mark.parametrize("make", [decaying, deficient])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_and_degenerate_inputs(make: Any, n: int, d: int, dtype: type) -> None:
    arrays = {name: value.astype(dtype) for name, value in make(np.random.default_rng(n + d), n, d).items()}
    for causal in (False, True):
        problem = checked_problem(**arrays, causal=causal)
        expansion = expansion_of(problem, frame(problem), 5, 1e-3)
        if expansion is None:  # a single key, centred
            assert not np.any(points_of(problem, frame(problem))[1]) or make is deficient
            continue
        check(problem, expansion, taylor(5, 2.0).coefficients, 8)


@pytest.mark.parametrize("wrt", [(), ("X",), ("Y",), ("A1",), ("A2",), ("A3",), ("X", "A3"), ("Y", "A2")])
@pytest.mark.parametrize("causal", [False, True])
def test_variables_asked_for_alone(wrt: tuple[str, ...], causal: bool) -> None:
    problem = checked_problem(**decaying(np.random.default_rng(2), 33, 3), causal=causal)
    where, coefficients = frame(problem), taylor(5, 2.0).coefficients
    expansion = expansion_of(problem, where, 5, 1e-3)
    every = fast_solution(problem, VARIABLES, coefficients, where, expansion=expansion, block_rows=10)
    some = fast_solution(problem, wrt, coefficients, where, expansion=expansion, block_rows=10)
    assert tuple(some.gradients) == wrt
    assert some.loss == pytest.approx(every.loss, rel=1e-13)
    for name in wrt:
        expected = every.gradients[name]
        assert np.allclose(some.gradients[name], expected, rtol=0, atol=1e-12 * np.max(np.abs(expected)))


@pytest.mark.parametrize("causal", [False, True])
def test_array_libraries(backend: Any, causal: bool) -> None:
    arrays = decaying(np.random.default_rng(3), 50, 4)
    here = checked_problem(**arrays, causal=causal)
    there = checked_problem(**{name: backend.asarray(array) for name, array in arrays.items()}, causal=causal)
    where, coefficients = frame(here), taylor(6, 2.0).coefficients
    expansion = expansion_of(here, where, 6, 1e-3)
    true, sizes = by_weights(here, weights_of(here, where, expansion, coefficients, 16))
    solution = fast_solution(there, VARIABLES, coefficients, where, expansion=expansion, block_rows=16)
    for name, gradient in solution.gradients.items():
        assert type(gradient) is type(there.A1)
        assert np.max(np.abs(to_numpy(gradient) - true[name])) <= _ROUNDING * sizes[name], name


def bounded(
    problem: Problem, degree: int, allowed: float, block_dtype: type
) -> tuple[FastSolution, dict[str, float], ExpPolynomial, Expansion] | None:
    """A run with its bound; None where there is no expansion."""
    where, unit = frame(problem), unit_roundoff(np, block_dtype)
    expansion = expansion_of(problem, where, degree, allowed)
    radius, _ = score_radius(problem, where, unit)
    if expansion is None or not radius < 200:
        return None
    polynomial = taylor(degree, float(f"{radius * 1.01:.2g}") if radius > 1e-3 else 0.01)
    solution = fast_solution(
        problem, VARIABLES, polynomial.coefficients, where, expansion=expansion, block_dtype=block_dtype
    )
    left = leftover(expansion, polynomial.coefficients, rotated_range(problem, where, expansion.axes), unit)
    bounds = fast_error_bounds(
        problem,
        where,
        polynomial,
        solution.magnitudes,
        VARIABLES,
        block_unit=unit,
        block_rows=solution.block_rows,
        features=solution.features,
        left=left,
        solution=solution,
    )
    return solution, bounds, polynomial, expansion


@pytest.mark.parametrize("kind", [kind for kind in MORE_KINDS if kind != "zero"])
def test_the_bound_is_never_violated(kind: str) -> None:
    """Against long double, over sizes, scales, degrees, and how much is left out."""
    rng = np.random.default_rng(list(kind.encode()))
    finite = pruned = 0
    for _ in range(_CASES):
        if kind in ("decaying", "deficient"):
            arrays = MORE_KINDS[kind](rng, int(rng.choice([1, 2, 30])), int(rng.integers(1, 6)))
            causal = bool(rng.random() < 0.3)
        else:
            arrays, causal = draw_case(kind, rng)
        problem = checked_problem(**arrays, causal=causal)
        single = problem.dtype == np.float32
        block_dtype = np.float32 if single or (kind != "scaled" and rng.random() < 0.3) else np.float64
        try:
            run = bounded(problem, int(rng.integers(1, 11)), 10.0 ** rng.uniform(-7, -1), block_dtype)
        except ApproximationError:  # weights that are not positive
            continue
        if run is None:
            continue
        solution, bounds, polynomial, expansion = run
        true, slack = reference(arrays, causal=causal)
        found = {**solution.gradients, "loss": np.float64(solution.loss)}
        for name, bound in bounds.items():
            error = float(np.max(np.abs(found[name].astype(np.longdouble) - true[name]))) - slack[name]
            assert error <= bound, (name, error, bound)
        finite += all(math.isfinite(bound) for bound in bounds.values())
        pruned += expansion.monomials.count < math.comb(problem.d + polynomial.degree, problem.d)
    assert finite >= _CASES // 10 or kind == "large scores"
    assert pruned >= _CASES // 8


def test_a_bound_without_what_is_left_out_would_be_violated() -> None:
    problem = checked_problem(**decaying(np.random.default_rng(0), 40, 3))
    where, polynomial = frame(problem), taylor(20, 2.0)
    expansion = expansion_of(problem, where, 20, 1e-2)
    assert expansion is not None
    solution = fast_solution(problem, VARIABLES, polynomial.coefficients, where, expansion=expansion)
    options = {"block_unit": 2.0**-53, "block_rows": solution.block_rows, "solution": solution}
    bounds = fast_error_bounds(problem, where, polynomial, solution.magnitudes, VARIABLES, **options)
    true, _ = reference({name: getattr(problem, name) for name in ("A1", "A2", "A3", "E", "X", "Y")})
    for name in VARIABLES:
        assert np.max(np.abs(solution.gradients[name] - true[name])) > bounds[name], name


@pytest.mark.parametrize("kind", MORE_KINDS)
def test_what_is_left_out_is_within_its_bound(kind: str) -> None:
    """|P̂ − P| of all pairs, at most τ and what ε does to P; and so to the unpruned method."""
    rng = np.random.default_rng(list(kind.encode()))
    sharp = math.inf
    for _ in range(_CASES):
        arrays = draw_case(kind, rng)[0] if kind not in ("decaying", "deficient") else None
        arrays = arrays or MORE_KINDS[kind](rng, int(rng.choice([1, 2, 30])), int(rng.integers(1, 6)))
        problem = checked_problem(**arrays)
        where, degree = frame(problem), int(rng.integers(1, 9))
        expansion = expansion_of(problem, where, degree, 10.0 ** rng.uniform(-6, 0))
        if expansion is None or where.radius > 20:
            continue
        coefficients = taylor(degree, 20.0).coefficients
        found = leftover(expansion, coefficients, rotated_range(problem, where, expansion.axes), 2.0**-53)
        queries, keys = points_of(problem, where)
        scores = queries @ keys.T
        difference = np.abs(expanded(problem, where, expansion, coefficients) - horner(scores, coefficients))
        # P' = P_{g−1} for Taylor polynomials, at most e^{radius}; and the rounding of the oracle.
        top = math.exp(max(found.radius, where.radius) + found.epsilon)
        most = found.dropped + found.epsilon * top + 1e-12 * top
        assert np.max(difference) <= most
        sharp = min(sharp, most / np.max(difference)) if np.max(difference) > 1e-9 else sharp
    assert sharp < 100 or kind == "zero"


@pytest.mark.parametrize("causal", [False, True])
def test_estimates_are_of_the_expansions_weights(causal: bool) -> None:
    """Where all queries are taken, the errors are known: for A2 and A3 only if P̂ is what is compared."""
    arrays = decaying(np.random.default_rng(5), 60, 4)
    problem = checked_problem(**arrays, causal=causal)
    where, coefficients = frame(problem), taylor(6, 2.0).coefficients
    expansion = expansion_of(problem, where, 6, 3e-2)
    sample = draw(problem, problem.n, np.random.default_rng(0))
    solution = fast_solution(
        problem, VARIABLES, coefficients, where, expansion=expansion, sample=sample.rows, block_rows=13
    )
    exact = query_contributions(problem, sample.rows)
    none = dict.fromkeys(VARIABLES, 0.0)
    found = estimate(
        problem, where, coefficients, solution, sample, exact, VARIABLES, none, expansion=expansion
    )
    true, _ = reference(arrays, causal=causal)
    for name, value in found.items():
        error = (solution.gradients[name] - true[name]).astype(np.float64)
        size = math.sqrt(np.mean(error**2)) if name == "A1" else np.max(np.abs(error))
        assert value.value == pytest.approx(size, rel=1e-6), name
        assert size > 1e-5


def test_a_small_threshold_is_the_method_without_one() -> None:
    arrays = decaying(np.random.default_rng(6), 50, 3)
    problem = checked_problem(**arrays)
    where, coefficients = frame(problem), taylor(5, 2.0).coefficients
    plain = fast_solution(problem, VARIABLES, coefficients, where)
    for allowed in (1e-2, 1e-4, 1e-7):
        expansion = expansion_of(problem, where, 5, allowed)
        found = fast_solution(problem, VARIABLES, coefficients, where, expansion=expansion)
        error = np.max(np.abs(found.gradients["X"] - plain.gradients["X"]))
        # In the mean square the weights differ by a share of ``allowed``; errors of single weights cancel.
        assert error <= 10 * allowed * np.max(np.abs(plain.gradients["X"]))


def test_a_plan_has_every_product_once() -> None:
    """For kernels: x_l x^β for all l and β, each new one made by one step from a monomial of the set."""
    problem = checked_problem(**decaying(np.random.default_rng(4), 40, 5))
    expansion = expansion_of(problem, frame(problem), 6, 1e-3)
    assert expansion is not None
    plan, exponents = expansion.plan, exponents_of(expansion.monomials)
    exponents = [index + (0,) * (5 - len(index)) for index in exponents]
    assert plan.count == len(exponents)
    rows = [*exponents, *[None] * (plan.full - plan.count)]
    for axis, start, stop, source in plan.top:
        for number in range(stop - start):
            assert source + number < plan.count
            read = exponents[source + number]
            assert rows[start + number] is None
            rows[start + number] = tuple(power + (place == axis) for place, power in enumerate(read))
    assert len(set(rows)) == plan.full
    for axis in range(5):
        for number, index in enumerate(exponents):
            raised = tuple(power + (place == axis) for place, power in enumerate(index))
            assert rows[plan.raised[axis, number]] == raised


def test_kernels_are_used_where_the_axes_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not along fewer axes than columns, and not where the way back from them loses digits."""
    monkeypatch.setattr("proofcheck.numeric.fast.have_kernels", lambda problem: True)
    rng = np.random.default_rng(0)
    problem = checked_problem(**decaying(rng, 40, 4))
    expansion = expansion_of(problem, frame(problem), 3, 1e-2)
    assert expansion is not None
    axes = expansion.axes
    assert by_kernels(problem, axes)
    assert by_kernels(problem, None)
    assert not by_kernels(replace(problem, causal=True), axes)
    assert not by_kernels(problem, replace(axes, amplification=1e3))
    assert not by_kernels(problem, replace(axes, amplification=math.nan))
    flat = checked_problem(**deficient(rng, 40, 4))
    few = expansion_of(flat, frame(flat), 3, 1e-2)
    assert few is not None
    assert not by_kernels(flat, few.axes)
