"""How the kernels are compiled: once, kept on disk where that can be, and without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core import event

__all__ = ["compile_seconds", "compiled"]

_TIMER = event.TimingListener()
event.register("numba:compile", _TIMER)


def compile_seconds() -> float:
    """How long this process has spent compiling so far; reading what is kept on disk counts for nothing."""
    return float(_TIMER.duration) if _TIMER.done else 0.0


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled when it is first called with types that are new.

    Sums keep the order they are written in; a product and a sum may become one operation, which rounds once.
    """
    options = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
    try:
        found: Callable[..., Any] = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no directory to keep it in: neither beside the file nor in the user's cache
        found = numba.njit(**options)(function)
    return found
