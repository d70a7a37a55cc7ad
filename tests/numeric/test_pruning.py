from __future__ import annotations

import math

import numpy as np
import pytest

from proofcheck import attention_gradient
from proofcheck.errors import ApproximationError
from proofcheck.numeric import search
from proofcheck.numeric.cost_model import CostModel
from proofcheck.numeric.polynomial import minimax
from proofcheck.numeric.problem import VARIABLES
from proofcheck.numeric.pruning import Pruning, misfit

from .expansions import decaying
from .hard_cases import KINDS, reference


def _pruning(seed: int = 0, d: int = 6) -> Pruning:
    rng = np.random.default_rng(seed)
    arrays = decaying(rng, 400, d)
    queries, keys = arrays["A1"] / d, arrays["A2"] - arrays["A2"].mean(axis=0)
    found = Pruning.of((queries, keys), (queries[:32], keys[:48]), 10**5)
    assert found is not None
    return found


def test_the_misfit_does_not_see_a_factor() -> None:
    scores = np.linspace(-1, 1, 50)
    assert misfit(3 * np.exp(scores), scores) < 1e-15
    assert misfit(np.exp(scores) * (1 + 0.1 * (-1.0) ** np.arange(50)), scores) == pytest.approx(0.1)
    assert misfit(0 * scores, scores) == math.inf
    assert misfit(np.full(50, np.nan), scores) == math.inf


@pytest.mark.parametrize("error", [1e-1, 1e-2, 1e-4, 1e-6])
def test_an_expansion_errs_as_little_as_was_allowed(error: float) -> None:
    pruning, polynomial = _pruning(), minimax(10, 1.1)
    found = pruning.expansion(polynomial, error, 10**5)
    assert found is not None
    expansion, expected = found
    scores = pruning.few_queries @ pruning.few_keys.T
    values = expansion.values(pruning.few_queries, pruning.few_keys, polynomial.coefficients)
    assert misfit(values, scores) == expected <= error
    # Not for want of leaving anything out: of C(16, 6) = 8008.
    assert expansion.monomials.count < 1000
    assert expected > error / 30


def test_fewer_for_more_error() -> None:
    pruning, polynomial = _pruning(), minimax(10, 1.1)
    counts = []
    for error in (1e-1, 1e-2, 1e-3, 1e-5):
        found = pruning.expansion(polynomial, error, 10**5)
        assert found is not None
        counts.append(found[0].monomials.count)
    assert counts == sorted(set(counts))


def test_no_expansion_where_the_polynomial_or_the_count_forbids() -> None:
    pruning = _pruning()
    assert pruning.expansion(minimax(1, 1.1), 1e-4, 10**5) is None
    assert pruning.expansion(minimax(8, 1.1), 1e-4, 5) is None
    zero = np.zeros((10, 3))
    assert Pruning.of((zero, zero), (zero, zero), 100) is None


def _few_directions(n: int = 1200, d: int = 16) -> dict[str, np.ndarray]:
    return decaying(np.random.default_rng(3), n, d)


def _errors(arrays: dict[str, np.ndarray], result: object) -> dict[str, float]:
    true, _ = reference(arrays)
    gradients = result.gradients  # type: ignore[attr-defined]
    return {name: float(np.max(np.abs(value - true[name]))) for name, value in gradients.items()}


@pytest.fixture
def _few_are_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is chosen does not depend on what the machine is busy with."""
    monkeypatch.setattr(search, "_WORTH_PRUNING", 0.0)
    monkeypatch.setattr(CostModel, "pruned_seconds", lambda *arguments: 1e-9 * arguments[3])


@pytest.mark.usefixtures("_few_are_cheap")
def test_the_search_takes_fewer_monomials_where_few_directions_count() -> None:
    """All monomials of degree 4 would be 4845: the tolerance is met with a few hundred at most."""
    arrays = _few_directions()
    result = attention_gradient(**arrays, method="fast", rtol=1e-3, wrt=("X", "A2"), queries=37)
    assert result.axes is not None
    assert result.axes <= 16
    assert result.features is not None
    assert result.features < 400
    assert result.degree is not None
    assert result.features < math.comb(16 + result.degree, 16) / 4
    errors = _errors(arrays, result)
    for name, error in errors.items():
        assert error <= 1e-3 * np.max(np.abs(result.gradients[name])), name
        assert error <= result.error_estimate[name].high
        assert error <= result.error_bound[name]
    assert result.to_dict()["axes"] == result.axes
    again = attention_gradient(**arrays, method="fast", rtol=1e-3, wrt=("X", "A2"), queries=37)
    assert np.array_equal(again.gradients["X"], result.gradients["X"])


@pytest.mark.usefixtures("_few_are_cheap")
def test_causal_with_all_variables() -> None:
    arrays = _few_directions(500)
    result = attention_gradient(**arrays, method="fast", rtol=1e-2, wrt=VARIABLES, causal=True, queries=32)
    true, _ = reference(arrays, causal=True)
    assert result.axes is not None
    for name, value in result.gradients.items():
        error = value - true[name]
        size = math.sqrt(np.mean(error.astype(float) ** 2)) if name == "A1" else np.max(np.abs(error))
        assert size <= 1e-2 * np.max(np.abs(value)), name


def test_monomials_that_cost_nothing_by_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_WORTH_PRUNING", 0.0)
    monkeypatch.setattr(CostModel, "pruned_seconds", lambda *arguments: 1e-9)
    arrays = _few_directions(500)
    result = attention_gradient(**arrays, rtol=1e-2, queries=32)
    assert _errors(arrays, result)["X"] <= 1e-2 * np.max(np.abs(result.gradients["X"]))


def test_all_monomials_where_they_are_quick_or_asked_for() -> None:
    small = KINDS["uniform"](np.random.default_rng(0), 200, 2)
    assert attention_gradient(**small, method="fast", rtol=1e-2).axes is None
    arrays = _few_directions(300, 6)
    asked = attention_gradient(**arrays, method="fast", degree=4)
    assert asked.axes is None
    assert asked.features == math.comb(10, 4)
    paper = attention_gradient(**arrays, method="low-rank", rtol=1e-2)
    assert paper.axes is None
    assert paper.degree is not None
    assert paper.features == math.comb(6 + paper.degree, 6)
    assert attention_gradient(**arrays, method="exact").axes is None


def test_a_certified_result_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_WORTH_PRUNING", 0.0)
    arrays = decaying(np.random.default_rng(0), 60, 3, scores=1e-3)
    result = attention_gradient(**arrays, method="fast", eps=1e-2, guarantee="certified")
    assert result.axes is None
    assert result.error_bound["X"] <= 1e-2


def test_uniform_data_keep_all_monomials_unless_a_fifth_can_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_WORTH_PRUNING", 0.0)
    rng = np.random.default_rng(0)
    arrays = KINDS["uniform"](rng, 2000, 6)
    arrays["X"] = np.eye(6)
    result = attention_gradient(**arrays, method="fast", rtol=1e-3, queries=62)
    monkeypatch.setattr(search, "_WORTH_PRUNING", math.inf)
    plain = attention_gradient(**arrays, method="fast", rtol=1e-3, queries=62)
    assert plain.features is not None
    assert result.features is not None
    assert result.features <= plain.features
    assert result.axes is None or result.features <= 0.9 * plain.features
    assert _errors(arrays, result)["X"] <= 1e-3 * np.max(np.abs(result.gradients["X"]))


@pytest.mark.parametrize(
    "kind", [*(kind for kind in KINDS if kind not in ("zero", "large scores")), "decaying"]
)
def test_bounds_and_intervals_hold_where_monomials_are_left_out(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expansion in every call: bounds always, intervals at their rate, for each variable."""
    monkeypatch.setattr(search, "_WORTH_PRUNING", 0.0)
    monkeypatch.setattr(CostModel, "pruned_seconds", lambda *arguments: 1e-9 * arguments[3])
    rng = np.random.default_rng(list(kind.encode()))
    tried = missed = expanded = 0
    for _ in range(25):
        n, d = int(rng.integers(40, 120)), int(rng.integers(1, 5))
        arrays = decaying(rng, n, d) if kind == "decaying" else KINDS[kind](rng, n, d)
        causal = bool(rng.random() < 0.3)
        try:
            result = attention_gradient(
                **arrays,
                method="fast",
                rtol=10.0 ** rng.uniform(-4, 0),
                wrt=VARIABLES,
                causal=causal,
                seed=int(rng.integers(1000)),
            )
        except ApproximationError:
            continue
        true, slack = reference(arrays, causal=causal)
        expanded += result.axes is not None
        for name, value in result.gradients.items():
            error = np.abs(value - true[name]).astype(np.float64)
            assert np.max(error) - slack[name] <= result.error_bound[name], name
            size = math.sqrt(np.mean(error**2)) if name == "A1" else float(np.max(error))
            interval = result.error_estimate[name]
            tried += 1
            # The slack of the reference is that of 64 bits; the result's is of 53.
            missed += not interval.low - 2**12 * slack[name] <= size <= interval.high + 2**12 * slack[name]
    assert expanded >= 5
    assert missed <= 0.05 * tried
