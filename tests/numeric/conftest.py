"""The array libraries that the numeric methods are run on."""

from __future__ import annotations

import importlib
from typing import Any

import jax
import pytest

# JAX reads it when its first array is made; without it float64 arrays become float32.
jax.config.update("jax_enable_x64", True)

LIBRARIES = {"numpy": "numpy", "array-api-strict": "array_api_strict", "torch": "torch", "jax": "jax.numpy"}


@pytest.fixture(params=LIBRARIES)
def backend(request: pytest.FixtureRequest) -> Any:
    """A module with ``asarray``, for each library."""
    return importlib.import_module(LIBRARIES[request.param])
