from __future__ import annotations

import importlib
from typing import Any

import jax
import numpy as np
import pytest
import torch

from proofcheck.errors import UserInputError
from proofcheck.namespaces import arrays

jax.config.update("jax_enable_x64", True)

LIBRARIES = {"numpy": "numpy", "array-api-strict": "array_api_strict", "torch": "torch", "jax": "jax.numpy"}


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(LIBRARIES[request.param])


def test_rows_are_put_added_and_multiplied(library: Any) -> None:
    start = np.arange(12.0).reshape(4, 3)
    buffer = library.asarray(start.copy())
    put = arrays.put_rows(buffer, slice(1, 3), library.asarray(np.ones((2, 3))))
    assert np.array_equal(np.asarray(put)[:, 0], [0, 1, 1, 9])
    added = arrays.add_rows(put, slice(0, 2), library.asarray(np.ones((2, 3))))
    assert np.array_equal(np.asarray(added)[:, 0], [1, 2, 1, 9])
    if arrays.is_writable(buffer):
        assert added is buffer
        left, right = library.asarray(np.full((1, 3), 2.0)), library.asarray(np.arange(3.0))
        arrays.multiply_rows(buffer, slice(3, 4), left, right)
        assert np.array_equal(np.asarray(buffer)[3], [0, 2, 4])
    else:
        assert np.array_equal(np.asarray(buffer), start)


def test_names_of_dtypes(library: Any) -> None:
    for name in ("float32", "float64"):
        dtype = getattr(library, name)
        assert arrays.dtype_text(dtype) == name
        assert arrays.dtype_name(library.asarray(np.ones(2), dtype=dtype)) == name
    assert arrays.unit_roundoff(np, np.float64) == 2.0**-53
    assert arrays.unit_roundoff(np, np.float32) == 2.0**-24


def test_to_numpy_and_back(library: Any) -> None:
    there = library.asarray(np.arange(6.0).reshape(2, 3))
    assert np.array_equal(arrays.to_numpy(there), np.arange(6.0).reshape(2, 3))


def test_a_torch_array_that_is_being_differentiated() -> None:
    assert np.array_equal(arrays.to_numpy(torch.ones(2, requires_grad=True)), [1, 1])


@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_backend(name: str, dtype: type) -> None:
    moved = arrays.as_backend(name, np.arange(3, dtype=dtype))
    assert type(moved).__module__.partition(".")[0] in (name, "jaxlib")
    assert arrays.dtype_name(moved) == np.dtype(dtype).name
    assert np.array_equal(np.asarray(moved), [0, 1, 2])


def test_a_backend_that_is_not_known_or_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserInputError, match="backend='mxnet': expected one of numpy, torch, jax, cupy"):
        arrays.as_backend("mxnet", np.ones(2))

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(
        UserInputError, match=r"backend='cupy' is not installed: pip install 'proofcheck\[cupy\]'"
    ):
        arrays.as_backend("cupy", np.ones(2))


def test_jax_without_float64() -> None:
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(UserInputError, match="JAX rounds them to float32"):
            arrays.as_backend("jax", np.ones(2))
        single = jax.numpy.ones(2, dtype=np.float32)
        assert arrays.accumulation_dtype(jax.numpy, single) == np.float32
    finally:
        jax.config.update("jax_enable_x64", True)
    assert arrays.accumulation_dtype(jax.numpy, single) == np.float64


def test_read_only_arrays_are_of_a_library_that_writes() -> None:
    """What is asked is the library, not the one array: its buffers are its own."""
    values = np.ones(3)
    values.flags.writeable = False
    assert arrays.is_writable(values)
    assert not arrays.is_writable(jax.numpy.ones(3))
