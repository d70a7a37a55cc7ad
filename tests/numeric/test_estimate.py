from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from proofcheck.errors import ApproximationError
from proofcheck.numeric.estimate import CONFIDENCE, ErrorEstimate, draw, estimate, gradient_size
from proofcheck.numeric.exact import query_contributions
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.polynomial import taylor
from proofcheck.numeric.problem import VARIABLES, Problem, checked_problem

from .hard_cases import KINDS, reference

pytestmark = pytest.mark.usefixtures("route")

_CASES = 1500  # of each kind


def _estimated(
    problem: Problem, degree: int, draws: int, rng: np.random.Generator
) -> tuple[dict[str, ErrorEstimate], dict[str, np.ndarray]]:
    where = frame(problem)
    polynomial = taylor(degree, 1.0)
    sample = draw(problem, draws, rng)
    solution = fast_solution(problem, VARIABLES, polynomial.coefficients, where, sample=sample.rows)
    exact = query_contributions(problem, sample.rows)
    none = dict.fromkeys(VARIABLES, 0.0)
    found = estimate(problem, where, polynomial.coefficients, solution, sample, exact, VARIABLES, none)
    return found, solution.gradients


def _true(problem: Problem, gradients: dict[str, np.ndarray]) -> tuple[dict[str, float], dict[str, float]]:
    """The true errors, and what rounding of the gradients, of exact rows and of the reference may hide."""
    names = ("A1", "A2", "A3", "E", "X", "Y")
    true, slack = reference({name: getattr(problem, name) for name in names}, causal=problem.causal)
    errors = {name: (gradients[name] - true[name]).astype(np.float64) for name in gradients}
    largest = {name: float(np.max(np.abs(error))) for name, error in errors.items()}
    largest["A1"] = math.sqrt(float(np.mean(errors["A1"] ** 2)))
    # The reference's slack is that of 64 bits of precision; the others' have 53.
    return largest, {name: 2.0**12 * slack[name] for name in gradients}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("zero", "large scores", "scaled")])
def test_the_interval_covers_at_its_stated_rate(kind: str) -> None:
    """Over sizes, degrees and seeds, for each variable on its own."""
    rng = np.random.default_rng(list(kind.encode()))
    missed: Counter[str] = Counter()
    tried = 0
    for _ in range(_CASES):
        n, d = int(rng.integers(40, 120)), int(rng.integers(1, 4))
        problem = checked_problem(**KINDS[kind](rng, n, d), causal=bool(rng.random() < 0.3))
        try:
            found, gradients = _estimated(problem, int(rng.integers(1, 4)), 32, rng)
        except ApproximationError:  # a Taylor polynomial that is negative where scores are large
            continue
        true, slack = _true(problem, gradients)
        tried += 1
        for name, one in found.items():
            assert one.queries == 32
            assert one.confidence == CONFIDENCE
            missed[name] += not one.low - slack[name] <= true[name] <= one.high + slack[name]
    assert tried > _CASES * 0.9
    # Three standard deviations of a rate of misses that is just what the confidence allows.
    rate = 1 - CONFIDENCE
    allowed = tried * rate + 3 * math.sqrt(tried * rate * (1 - rate))
    assert all(missed[name] <= allowed for name in VARIABLES), (missed, tried)


def test_a_complete_sample_knows_the_error() -> None:
    rng = np.random.default_rng(1)
    problem = checked_problem(**KINDS["uniform"](rng, 30, 3))
    found, gradients = _estimated(problem, 2, 30, rng)
    true, slack = _true(problem, gradients)
    for name, one in found.items():
        assert one.confidence == 1
        assert one.low == one.high == one.value
        assert abs(one.value - true[name]) <= slack[name]
        assert one.value > 100 * slack[name]  # an error of truncation, not of rounding


def test_queries_that_weigh_much_are_drawn() -> None:
    """Half of the probability follows |A1_i|·|w_i|; the rest is uniform."""
    rng = np.random.default_rng(2)
    arrays = KINDS["uniform"](rng, 1000, 2)
    arrays["A1"][123] *= 1e6
    problem = checked_problem(**arrays)
    sample = draw(problem, 64, rng)
    assert 123 in sample.rows
    assert sample.counts.sum() == sample.draws == 64
    assert not sample.complete
    heavy = sample.probabilities[sample.rows.index(123)]
    assert 0.4 < heavy < 0.51
    assert np.min(sample.probabilities) >= 0.5 / 1000


def test_the_sample_follows_the_generator() -> None:
    problem = checked_problem(**KINDS["uniform"](np.random.default_rng(3), 500, 2))
    first, again, other = (draw(problem, 40, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.rows == again.rows
    assert first.rows != other.rows


def test_the_size_of_a_gradient_is_covered() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(200):
        problem = checked_problem(**KINDS["uniform"](rng, 100, 2))
        sample = draw(problem, 32, rng)
        size = gradient_size(problem, sample, query_contributions(problem, sample.rows))
        true, _ = reference({name: getattr(problem, name) for name in ("A1", "A2", "A3", "E", "X", "Y")})
        covered += size.low <= float(np.max(np.abs(true["X"]))) <= size.high
    assert covered >= 200 * CONFIDENCE
