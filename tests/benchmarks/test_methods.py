"""What is put side by side computes the same gradient, and small cells run."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from proofcheck import attention_gradient
from proofcheck.numeric.kernels import SWITCH
from side_by_side import cells
from side_by_side.favor import directions, favor_output
from side_by_side.inputs import KINDS, arrays_of
from side_by_side.methods import exact_method, fast_method, favor_method, kernels, sdpa_method
from side_by_side.peak import peak_bytes
from side_by_side.transfers import host_transfers


def _true_rows(arrays: dict[str, Any]) -> Any:
    """dL/dQ by the formula with n × n matrices, X = Y = I."""
    A1, A2, A3, E = (arrays[name].astype(np.float64) for name in ("A1", "A2", "A3", "E"))
    d = A1.shape[1]
    scores = A1 @ A2.T / d
    f = np.exp(scores - scores.max(axis=1, keepdims=True))
    f /= f.sum(axis=1, keepdims=True)
    q = (f @ A3 - E) @ A3.T
    return f * (q - np.sum(f * q, axis=1, keepdims=True)) @ A2 / d


@pytest.mark.parametrize("kind", KINDS)
def test_entries_are_as_large_as_B_says(kind: str) -> None:
    arrays = arrays_of(kind, 300, 4, 0.5, np.random.default_rng(0))
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    largest = max(np.abs(arrays[name]).max() for name in ("A1", "A2"))
    assert 0.35 < largest <= 0.5
    if kind == "±B":
        assert set(np.unique(np.abs(arrays["A1"]))) == {np.float32(0.5)}
    if kind == "rank-one aligned":
        assert np.linalg.matrix_rank(arrays["A1"]) == 1
        assert np.abs(arrays["A1"] @ arrays["A2"].T).max() > 0.9 * 4 * 0.5**2
    again = arrays_of(kind, 300, 4, 0.5, np.random.default_rng(0))
    assert all(np.array_equal(array, again[name]) for name, array in arrays.items())


@pytest.mark.parametrize("queries", [None, 40])
def test_every_method_computes_the_gradient(queries: int | None) -> None:
    arrays = arrays_of("uniform", 200, 3, 1.0, np.random.default_rng(1))
    true, some = _true_rows(arrays), [3, 77, 198]
    size = np.abs(true).max()
    taken = slice(0, queries)
    for method in (sdpa_method(arrays, queries), exact_method(arrays, False, queries)):
        expected = arrays["A1"][taken].astype(np.float64).T @ true[taken]
        # Float32: 200 terms a sum, in a tree or not, of up to about 10 operations each.
        np.testing.assert_allclose(method.run(), expected, rtol=0, atol=2e3 * 2**-24 * np.abs(expected).max())
        np.testing.assert_allclose(method.rows(some), true[some], rtol=0, atol=2e3 * 2**-24 * size)
        assert method.scale(200) == (1.0 if queries is None else 5.0)
    fast = fast_method(arrays, False, 6)
    assert fast.features == math.comb(9, 3)
    np.testing.assert_allclose(fast.rows(some), true[some], rtol=0, atol=1e-4 * size)
    result = fast.run()
    assert "switched off" in result.computed_by
    assert fast.run.sweeps == [result.seconds["fast"]]


def test_the_switch_of_kernels_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "off")
    with kernels(True):
        assert SWITCH not in os.environ
    assert os.environ[SWITCH] == "off"
    monkeypatch.delenv(SWITCH)
    with kernels(False):
        assert os.environ[SWITCH] == "off"
    assert SWITCH not in os.environ


def test_random_features_are_orthogonal_and_average_to_the_exponential() -> None:
    import torch

    rng = np.random.default_rng(2)
    w = directions(7, 3, rng)
    groups = w[:3] @ w[:3].T
    assert np.abs(groups - np.diag(np.diag(groups))).max() < 1e-12 * np.abs(groups).max()
    points = rng.uniform(-0.5, 0.5, (2, 30, 3))
    values = rng.uniform(-1, 1, (30, 3))
    f = np.exp(points[0] @ points[1].T)
    true = f @ values / f.sum(axis=1, keepdims=True)
    errors = []
    for count in (60, 60_000):
        made = [torch.from_numpy(array) for array in (*points, values, directions(count, 3, rng))]
        errors.append(float(np.abs(favor_output(*made).numpy() - true).max()))
    # The error falls as 1/√count: by about 30 here.
    assert errors[1] < errors[0] / 5
    assert errors[1] < 0.01


def test_favor_has_a_gradient_by_autograd_of_its_output() -> None:
    arrays = arrays_of("uniform", 60, 2, 0.3, np.random.default_rng(3))
    method = favor_method(arrays, 4000, np.random.default_rng(4))
    true = _true_rows(arrays)
    assert np.abs(method.rows(range(60)) - true).max() < 0.1 * np.abs(true).max()
    assert method.run().shape == (2, 2)


def test_a_small_cell_labels_a_block_and_gives_errors() -> None:
    found = cells.side_by_side("clustered", 1500, 2, 0.5, (2,), 2, full=False, numpy=True)
    assert found["exact baselines"] == "a block"
    names = set(found["methods"])
    assert {"SDPA, autograd", "exact, NumPy", "fast, NumPy, degree 2", "FAVOR+, 6 features"} <= names
    for name, entry in found["methods"].items():
        assert ("scaled by" in entry) == (not name.startswith(("fast", "FAVOR+")))
        assert ("sweeps alone" in entry) == name.startswith("fast")
        assert entry["whole call"]["rounds"] == 2
    sdpa = found["methods"]["SDPA, autograd"]
    assert (sdpa["queries measured"], sdpa["scaled by"]) == (1024, 1500 / 1024)
    fast = found["methods"]["fast, NumPy, degree 2"]["relative error"]
    assert 0 < fast["of dL/dX"] < 1e-2
    assert "of dL/dX" not in sdpa["relative error"]
    assert sdpa["relative error"]["of rows of dL/dQ"] < 1e-4


def test_products_are_those_of_the_docs() -> None:
    # docs/kernels.md: 12,000 multiply-adds a row where it was 27,000, for d = 8 and g = 3.
    assert round(cells.products(8, 3, fused=True), -3) == 12_000
    assert round(cells.products(8, 3, fused=False), -3) == 27_000


def test_larger_scores_and_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "have_kernels", lambda arrays: False)
    rows = cells.bounds_sweep(128, (0.1, 2.0), 1e-2, 1)
    assert rows[0]["features"] >= 1
    assert rows[0]["error of fast"] <= 1e-2
    assert rows[1]["B"] == pytest.approx(2 * math.sqrt(math.log(128)))
    assert ("fast refused" in rows[1]) == ("fast" not in rows[1]["seconds"])
    found = cells.against_sizes((64, 128), 2, 2)
    assert len(found["whole call"]["slope"]["by round"]) == 2
    crossed = cells.from_which_n((32, 64), 2, 1)
    assert [row["n"] for row in crossed["rows"]] == [32, 64]
    share = cells.gemm_share(256, 1, 1, order=64, numpy=True)
    assert share["through BLAS"]["share"]["best"] > 0
    assert share["features"] == 9


@pytest.mark.slow
def test_memory_in_a_process_of_its_own() -> None:
    n = 4096
    quadratic = peak_bytes("FAVOR+", n, 4, 3)
    assert quadratic is None or quadratic > 4 * n * math.comb(7, 3)  # it holds all its features


@pytest.mark.parametrize("library", ["torch", pytest.param("jax", marks=pytest.mark.slow)])
def test_arrays_stay_where_they_are(library: str) -> None:
    """What crosses does not grow with n, but for a number for each query, by which a sample is drawn."""
    put = _put(library)
    totals, largest = [], []
    # The cost of operations is measured once in a process, on arrays of its own; how many queries are drawn
    # for the estimate would depend on it.
    how: dict[str, Any] = {"method": "fast", "degree": 2, "queries": 64}
    attention_gradient(**{name: put(array) for name, array in _inputs(500).items()}, **how)
    for n in (8192, 16384):
        arrays = {name: put(array) for name, array in _inputs(n).items()}
        with host_transfers(library) as fast:
            attention_gradient(**arrays, **how)
        totals.append(fast.total)
        largest.append(fast.largest)
        assert fast.sizes
        assert fast.largest <= 4096  # of n × d = 65,536 numbers of one array; 4096 is a block of rows
    assert largest[0] == largest[1]
    grown = totals[1] - totals[0]
    # A number for each of 8192 more queries: twice, where it is moved and then made a NumPy array. What is
    # left are flags and sums of a few more blocks.
    assert grown <= 2 * 8192 + 4096


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_exact_method_moves_almost_nothing(library: str) -> None:
    put = _put(library)
    arrays = {name: put(array) for name, array in _inputs(2048).items()}
    with host_transfers(library) as found:
        attention_gradient(**arrays, method="exact")
    assert found.largest <= 4 * 4 + 4
    assert found.total <= 2048


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_transfers_are_seen(library: str) -> None:
    array = _put(library)(np.ones(7, dtype=np.float32))
    conversions: tuple[Callable[[Any], Any], ...] = (
        lambda array: np.asarray(array),  # looked up when called: it is watched only then
        lambda array: np.from_dlpack(array),
        lambda array: array.tolist(),
        lambda array: float(array[0]),
    )
    for convert in conversions:
        with host_transfers(library) as found:
            convert(array)
        assert found.largest in (1, 7)
        assert found.sizes[0] == found.largest
    before = len(found.sizes)
    np.asarray(array)
    assert len(found.sizes) == before


def _inputs(n: int) -> dict[str, Any]:
    return arrays_of("uniform", n, 4, 1.0, np.random.default_rng(5))


def _put(library: str) -> Any:
    if library == "torch":
        import torch

        return torch.from_numpy
    import jax.numpy

    return jax.numpy.asarray
