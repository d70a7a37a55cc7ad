"""Compiled kernels for NumPy arrays, with the extra ``fast``: the same results, sooner.

Nothing here imports numba before a kernel is asked for.
"""

from __future__ import annotations

import importlib
import os
import sys
from functools import lru_cache

import array_api_compat

from proofcheck.numeric.problem import Problem

__all__ = ["KERNELS", "SWITCH", "compile_seconds", "computed_by", "have_kernels", "obstacle"]

#: What computes where kernels do.
KERNELS = "compiled kernels"

#: The environment variable that turns the kernels off when it is ``off``.
SWITCH = "PROOFCHECK_KERNELS"


def have_kernels(problem: Problem) -> bool:
    """Whether the kernels take a problem: NumPy arrays, numba installed, and not switched off."""
    return array_api_compat.is_numpy_array(problem.A1) and obstacle() is None


def computed_by(problem: Problem, *, pruned: bool = False) -> str:
    """What computes with a problem's arrays, in words; where kernels could and do not, why.

    Args:
        problem: the inputs.
        pruned: whether monomials are left out in a way for which there are no kernels.
    """
    if have_kernels(problem) and not pruned:
        return KERNELS
    library = problem.xp.__name__.removeprefix("array_api_compat.").partition(".")[0]
    if array_api_compat.is_numpy_array(problem.A1):
        why = obstacle() or "there are no compiled kernels for these principal axes"
        return f"array operations of {library}: {why}"
    return f"array operations of {library}"


def compile_seconds() -> float:
    """How long this process has spent compiling so far."""
    compiling = sys.modules.get(f"{__name__}.compiling")
    return 0.0 if compiling is None else float(compiling.compile_seconds())


def obstacle() -> str | None:
    """Why nothing is computed by compiled kernels, or None."""
    if os.environ.get(SWITCH) == "off":
        return f"compiled kernels are switched off by {SWITCH}=off"
    return _missing()


@lru_cache(maxsize=1)
def _missing() -> str | None:
    """What numba lacks, or None."""
    try:
        numba = importlib.import_module("numba")
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "numba":
            return "compiled kernels need numba: pip install 'proofcheck[fast]'"
        return f"numba cannot be imported ({str(error).splitlines()[0]})"
    if numba.config.DISABLE_JIT:
        return "numba is switched off by NUMBA_DISABLE_JIT"
    return None
