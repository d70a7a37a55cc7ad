from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofcheck import attention_gradient
from proofcheck.errors import ApproximationError, UserInputError
from proofcheck.numeric.cost_model import CostModel
from proofcheck.numeric.problem import VARIABLES
from proofcheck.numeric.result import GradientResult
from proofcheck.numeric.search import largest_degree

from .hard_cases import KINDS, reference


@pytest.fixture(scope="module", autouse=True)
def _own_cost_model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def inputs(n: int, d: int, bound: float = 1.0, dtype: type = np.float64, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    arrays = {name: rng.uniform(-bound, bound, (n, d)).astype(dtype) for name in ("A1", "A2", "A3", "E")}
    return arrays | {"X": np.eye(d, dtype=dtype), "Y": np.eye(d, dtype=dtype)}


def true_errors(result: GradientResult, arrays: dict[str, Any], causal: bool = False) -> dict[str, float]:
    true, _ = reference(arrays, causal=causal)
    found = {**result.gradients, "loss": np.asarray(result.loss)}
    return {name: float(np.max(np.abs(found[name] - true[name]))) for name in found}


@pytest.mark.parametrize("method", ["auto", "exact", "fast"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_all_gradients_meet_the_tolerance(method: str, causal: bool, dtype: type) -> None:
    arrays = inputs(150, 3, dtype=dtype)
    result = attention_gradient(**arrays, method=method, causal=causal, wrt=VARIABLES, rtol=1e-3)
    assert tuple(result.gradients) == VARIABLES
    errors = true_errors(result, arrays, causal)
    for name, gradient in result.gradients.items():
        assert gradient.dtype == dtype
        assert errors[name] <= 1e-3 * np.max(np.abs(gradient))
        assert errors[name] <= result.error_bound[name]
    assert errors["loss"] <= result.error_bound["loss"]
    assert result.method in ("exact", "fast")
    assert (result.degree is None) == (result.method == "exact")
    assert (result.error_estimate == {}) == (result.method == "exact")


def test_a_certified_gradient() -> None:
    """Where scores are small, the rigorous bound of the fast method meets a tolerance."""
    arrays = inputs(2000, 3, bound=0.2)
    result = attention_gradient(**arrays, method="fast", guarantee="certified", rtol=1e-2)
    size = float(np.max(np.abs(result.gradients["X"])))
    assert result.method == "fast"
    assert result.kind == "minimax"
    assert result.error_bound["X"] <= 1e-2 * size
    true, _ = reference(arrays)
    assert np.max(np.abs(result.gradients["X"] - true["X"])) <= result.error_bound["X"]


def test_a_large_tolerance_takes_a_lower_degree() -> None:
    arrays = inputs(1000, 4)
    degrees = [attention_gradient(**arrays, method="fast", rtol=rtol).degree for rtol in (1e-1, 1e-3, 1e-6)]
    assert degrees == sorted(set(degrees))


def test_large_scores_are_for_the_exact_method() -> None:
    result = attention_gradient(**inputs(600, 4, bound=8.0), rtol=1e-3)
    assert result.method == "exact"
    assert "exact method takes about" in result.reason


@pytest.mark.parametrize("bound", [1e20, 1e80])
def test_scores_whose_powers_no_float_holds_are_for_the_exact_method(bound: float) -> None:
    arrays = inputs(10, 1)
    result = attention_gradient(**arrays | {name: bound * arrays[name] for name in ("A1", "A2")}, rtol=1e-3)
    assert result.method == "exact"


@pytest.mark.parametrize(("seconds", "method"), [(10.0, "fast"), (1e-9, "exact")])
def test_the_method_that_is_expected_to_be_quicker_is_taken(
    seconds: float, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of small scores; how long either takes is told, so that it does not depend on what else is running."""
    monkeypatch.setattr(CostModel, "exact_seconds", lambda *_: seconds)
    monkeypatch.setattr(CostModel, "fast_seconds", lambda *_: 1e-3)
    result = attention_gradient(**inputs(6000, 4), rtol=1e-2)
    assert result.method == method
    expected = f"degree {result.degree} meets rtol=0.01 (estimated)" if method == "fast" else "takes longer"
    assert expected in result.reason


def test_an_absolute_tolerance() -> None:
    arrays = inputs(1000, 4)
    result = attention_gradient(**arrays, method="fast", eps=1e-3)
    assert result.error_estimate["X"].high <= 1e-3
    assert true_errors(result, arrays)["X"] <= 1e-3


def test_with_both_tolerances_either_is_enough() -> None:
    arrays = inputs(500, 3)
    strict = attention_gradient(**arrays, method="fast", eps=1e-9)
    loose = attention_gradient(**arrays, method="fast", eps=1e-9, rtol=1e-1)
    assert strict.degree is not None
    assert loose.degree is not None
    assert loose.degree < strict.degree


def test_a_degree_with_more_features_than_fit_in_memory_is_refused() -> None:
    """Before anything of its size is made: C(40, 8) features would be 77 million."""
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(-1, 1, (4, 32)) for _ in range(4)]
    with pytest.raises(ApproximationError, match=r"76,904,685 features in d=32.* degree of at most 4, or"):
        attention_gradient(*arrays, np.eye(32), np.eye(32), method="fast", degree=8)
    assert largest_degree(32) == 4
    assert largest_degree(10_000) is None


def test_a_degree_that_is_asked_for() -> None:
    arrays = inputs(300, 3)
    result = attention_gradient(**arrays, method="fast", degree=2)
    assert result.degree == 2
    assert result.features == math.comb(5, 2)
    assert result.reason == "degree 2 was asked for"


def test_the_low_rank_method_is_the_papers_construction() -> None:
    arrays = inputs(60, 3)
    result = attention_gradient(**arrays, method="low-rank", rtol=1e-3)
    assert result.method == "low-rank"
    error = true_errors(result, arrays)["X"]
    assert error <= 1e-3 * np.max(np.abs(result.gradients["X"]))
    assert error <= result.error_bound["X"]
    fast = attention_gradient(**arrays, method="fast", degree=result.degree)
    assert np.allclose(fast.gradients["X"], result.gradients["X"], rtol=1e-3)


def test_the_seed_makes_it_reproducible() -> None:
    arrays = inputs(900, 4)
    first, again = (attention_gradient(**arrays, method="fast", seed=5) for _ in range(2))
    assert np.array_equal(first.gradients["X"], again.gradients["X"])
    assert first.error_estimate == again.error_estimate
    assert attention_gradient(**arrays, method="fast", seed=6).error_estimate != first.error_estimate


@pytest.mark.parametrize("how", [{"degree": 3}, {"rtol": 1e-2}])
def test_the_estimate_is_drawn_from_as_many_queries_as_asked(how: dict[str, Any]) -> None:
    arrays = inputs(500, 4)
    for queries, drawn in ((7, 7), (40, 40), (10_000, 500)):
        result = attention_gradient(**arrays, method="fast", queries=queries, seed=1, **how)
        assert result.error_estimate["X"].queries == drawn


def test_inputs_stay_as_they_are() -> None:
    arrays = inputs(200, 3)
    before = {name: value.copy() for name, value in arrays.items()}
    for value in arrays.values():
        value.flags.writeable = False
    attention_gradient(**arrays, method="fast", wrt=VARIABLES)
    attention_gradient(**arrays, method="exact", wrt=VARIABLES)
    assert all(np.array_equal(arrays[name], before[name]) for name in arrays)


def test_the_natural_scale() -> None:
    arrays = inputs(300, 3)
    result = attention_gradient(**arrays, method="exact")
    f = np.exp(arrays["A1"] @ arrays["X"] @ arrays["A2"].T / 3)
    f /= f.sum(axis=1, keepdims=True)
    h = arrays["A3"] @ arrays["Y"]
    sizes = [np.max(np.abs(value)) for value in (arrays["A1"], arrays["A2"], f @ h - arrays["E"], h)]
    assert result.scale == pytest.approx(300 * math.prod(sizes) / 3)


def test_the_report_is_json_and_has_no_arrays() -> None:
    result = attention_gradient(**inputs(300, 3), method="fast")
    report = json.loads(json.dumps(result.to_dict()))
    assert "gradients" not in report
    assert report["method"] == "fast"
    assert report["error_estimate"]["X"]["high"] == result.error_estimate["X"].high
    assert set(report["seconds"]) >= {"fast", "bound", "estimate"}
    assert "fast of degree" in repr(result)


def test_progress_reaches_the_end() -> None:
    calls: list[tuple[str, int, int]] = []
    for causal in (False, True):
        for wrt in ("X", "A2"):
            for method in ("fast", "exact"):
                calls.clear()
                attention_gradient(
                    **inputs(700, 3),
                    method=method,
                    wrt=wrt,
                    causal=causal,
                    progress=lambda *call: calls.append(call),
                )
                phase, done, total = calls[-1]
                assert phase == method
                assert done == total


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_has_an_answer(kind: str) -> None:
    """Automatic choice meets its tolerance, or says that it cannot."""
    rng = np.random.default_rng(list(kind.encode()))
    for _ in range(10):
        arrays = KINDS[kind](rng, int(rng.integers(1, 200)), int(rng.integers(1, 4)))
        result = attention_gradient(**arrays, rtol=1e-2)
        true, slack = reference(arrays)
        error = float(np.max(np.abs(result.gradients["X"] - true["X"]))) - 2.0**12 * slack["X"]
        assert error <= 1e-2 * np.max(np.abs(true["X"]))


def test_backends_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    arrays = inputs(200, 3)
    jax.config.update("jax_enable_x64", True)
    expected = attention_gradient(**arrays, method="fast", degree=4)
    for backend in ("torch", "jax"):
        result = attention_gradient(**arrays, method="fast", degree=4, backend=backend)
        assert type(result.gradients["X"]).__module__.partition(".")[0] in ("torch", "jax", "jaxlib")
        # The same polynomial and sample; sums in another order, in float64.
        assert np.allclose(np.asarray(result.gradients["X"]), expected.gradients["X"], rtol=1e-9, atol=1e-12)


BAD = [
    ({"eps": 0.0}, "eps=0.0: expected a finite number greater than 0"),
    ({"eps": -1}, "eps=-1: expected"),
    ({"rtol": math.nan}, "rtol=nan: expected"),
    ({"rtol": math.inf}, "rtol=inf: expected"),
    ({"eps": "1"}, "eps='1': expected"),
    ({"method": "quick"}, "method='quick': expected one of 'auto', 'exact', 'fast', 'low-rank'"),
    ({"guarantee": "sure"}, "guarantee='sure': expected one of 'estimated', 'certified'"),
    ({"wrt": ("Z",)}, r"wrt=\('Z',\): expected one or more of X, Y, A1, A2, A3"),
    ({"wrt": ()}, r"wrt=\(\): expected"),
    ({"seed": -1}, "seed=-1: expected an integer of at least 0"),
    ({"seed": 0.5}, "seed=0.5: expected"),
    ({"queries": 0}, "queries=0: expected an integer of at least 1"),
    ({"queries": True}, "queries=True: expected"),
    ({"degree": 3}, "degree=3: only a polynomial has one; add method='fast'"),
    ({"degree": -1, "method": "fast"}, "degree=-1: expected an integer of at least 0"),
    ({"method": "low-rank", "wrt": "Y"}, "method='low-rank' is the paper's construction"),
    ({"method": "low-rank", "causal": True}, "method='low-rank' is the paper's construction"),
    ({"backend": "tensorflow"}, "backend='tensorflow': expected one of numpy, torch, jax, cupy"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[message[:24] for _, message in BAD])
def test_options_that_cannot_be_used(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        attention_gradient(**inputs(20, 2), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rtol": 1e-12}, "rtol=1e-12: rounding a result to float32 .* pass float64 arrays"),
        ({"eps": 1e-12}, r"eps=1e-12: no method can meet it \(estimated\).* kept to .*pass float64 arrays"),
        ({"eps": 1e-12, "guarantee": "certified"}, r"no method can meet it \(certified\).*kept to"),
    ],
    ids=["rtol", "eps", "certified"],
)
def test_a_tolerance_below_rounding_is_refused_before_the_work(options: dict[str, Any], message: str) -> None:
    phases = []
    with pytest.raises(ApproximationError, match=message):
        attention_gradient(
            **inputs(3000, 4, dtype=np.float32), **options, progress=lambda *call: phases.append(call[0])
        )
    assert phases == []


def test_a_bound_that_cannot_be_had() -> None:
    """On spread data no bound of the fast method comes near a small relative error."""
    with pytest.raises(ApproximationError, match=r"least rigorous bound .* times the tolerance"):
        attention_gradient(**inputs(500, 8), method="fast", guarantee="certified", rtol=1e-9)


def test_scores_beyond_any_polynomial() -> None:
    with pytest.raises(ApproximationError, match="method='exact'"):
        attention_gradient(**inputs(50, 3, bound=60.0), method="fast")
    with pytest.raises(ApproximationError, match="method='exact'"):
        attention_gradient(**inputs(50, 3, bound=60.0), method="fast", degree=3)


def test_the_cost_model_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from proofcheck.numeric import cost_model

    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path / "new"))
    cost_model._cost_model.cache_clear()
    arrays = inputs(200, 3)
    attention_gradient(**arrays)
    (file,) = (tmp_path / "new").glob("cost-model-*.json")
    written = file.read_bytes()

    def measured(setting: object) -> None:
        raise AssertionError("measured again")

    cost_model._cost_model.cache_clear()
    monkeypatch.setattr(cost_model, "_measured", measured)
    attention_gradient(**arrays)
    assert file.read_bytes() == written
    for damage in (b"", b"{}", b"[1]", written.replace(b"[", b"[-1, ", 1), written.replace(b"0.", b"NaN", 1)):
        file.write_bytes(damage)
        cost_model._cost_model.cache_clear()
        with pytest.raises(AssertionError, match="measured again"):
            attention_gradient(**arrays)
