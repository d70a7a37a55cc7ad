"""The array libraries that the numeric methods are run on."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import jax
import pytest

from proofcheck.numeric.kernels import SWITCH

# JAX reads it when its first array is made; without it float64 arrays become float32.
jax.config.update("jax_enable_x64", True)

#: How NumPy arrays are computed with.
ROUTES = {"kernels": "on", "arrays": "off"}

LIBRARIES = {"numpy": "numpy", "array-api-strict": "array_api_strict", "torch": "torch", "jax": "jax.numpy"}


@pytest.fixture(params=LIBRARIES)
def backend(request: pytest.FixtureRequest) -> Any:
    """A module with ``asarray``, for each library."""
    return importlib.import_module(LIBRARIES[request.param])


@pytest.fixture(scope="module", params=ROUTES)
def route(request: pytest.FixtureRequest) -> Iterator[str]:
    """Compiled kernels, or array operations: a module that uses it runs once with each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SWITCH, ROUTES[request.param])
        yield request.param
