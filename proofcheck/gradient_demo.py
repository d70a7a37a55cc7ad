"""``proofcheck gradient --demo``: the fast gradient on random inputs, timed beside the exact one."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.gradient_report import report_of
from proofcheck.namespaces.arrays import Array, as_backend
from proofcheck.numeric.cost_model import cost_model
from proofcheck.numeric.exact import exact_solution
from proofcheck.numeric.gradient import attention_gradient
from proofcheck.numeric.problem import Problem, checked_problem, checked_variables
from proofcheck.streams import Progress

__all__ = ["Size", "measured", "parsed"]

_SAMPLE_SECONDS = 3.0
_USABLE_MEMORY = 0.8
_MOST = float(np.finfo(np.float32).max) / 4


@dataclass(frozen=True)
class Size:
    """n rows and d columns with entries from −B to B."""

    n: int = 131072
    d: int = 8
    B: float = 1.0


class _Enough(Exception):
    """The sample of the exact method is large enough."""


def parsed(words: Sequence[str]) -> Size:
    """The sizes written as ``n=131072``, ``d=8`` and ``B=1``.

    Raises:
        UserInputError: another word, or a number that cannot be used.
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in ("n", "d", "B"):
            raise UserInputError(f"--demo {word}: expected n=…, d=… or B=…, as in n=131072 d=8 B=1")
        if name in found:
            raise UserInputError(f"--demo {word}: {name} is given twice")
        try:
            number = float(value) if name == "B" else int(value)
        except ValueError:
            number = 0
        if not 0 < number < (_MOST if name == "B" else math.inf):
            expected = f"a number from 0 to {_MOST:.0e}" if name == "B" else "an integer of at least 1"
            raise UserInputError(f"--demo {word[:60]}: expected {expected} for {name}")
        found[name] = number
    return Size(**found)


def measured(size: Size, how: dict[str, Any], advance: Progress | None) -> dict[str, Any]:
    """Compute the gradient for random inputs, and report it with the times of both methods.

    The exact method is run on as many queries as it does in a few seconds, each against all of its keys;
    its time for all of them is scaled from that.

    Args:
        size: of the inputs.
        how: keywords of :func:`~proofcheck.numeric.gradient.attention_gradient`; the method ``"auto"``
            stands for the fast one.
        advance: draws progress.

    Raises:
        UserInputError: too large for this machine, or as ``attention_gradient`` raises.
    """
    variables = checked_variables(how["wrt"])
    _check_memory(size, variables)
    arrays: dict[str, Array] = _arrays(size, how["seed"])
    backend = how["backend"]
    if backend is not None:
        arrays = {name: as_backend(backend, array) for name, array in arrays.items()}
    problem = checked_problem(**arrays, causal=how["causal"])
    cost_model(problem)  # which measures the machine where that was not done yet
    method = "fast" if how["method"] == "auto" else how["method"]
    start = time.perf_counter()
    result = attention_gradient(
        **arrays,
        **{**how, "backend": None, "method": method},
        progress=None if advance is None else lambda phase, done, total: advance(done, total, phase),
    )
    call_seconds = time.perf_counter() - start
    exact = _exact_time(problem, variables, advance)
    return report_of(
        result, backend, **_asked(how), demo={**asdict(size), "call_seconds": call_seconds, "exact": exact}
    )


def _asked(how: dict[str, Any]) -> dict[str, Any]:
    return {name: how[name] for name in ("eps", "rtol", "guarantee", "causal")}


def _check_memory(size: Size, variables: tuple[str, ...]) -> None:
    """Refuse inputs and gradients that cannot be held: a kernel may kill the process instead of saying so."""
    rows = 4 * 4 + 12 * len({"A1", "A2", "A3"} & set(variables))  # bytes for each of n × d
    needed = size.n * size.d * rows + 5 * 8 * size.d**2
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on this system
        return
    if needed > _USABLE_MEMORY * memory:
        raise UserInputError(
            f"--demo n={size.n} d={size.d}: the arrays take {_gib(needed)}, and this machine has "
            f"{_gib(memory)}; take a smaller n or d"
        )


def _gib(size: int) -> str:
    # As an integer first: a size may be beyond all floats.
    return f"{size // 2**30} GiB" if size >= 10 * 2**30 else f"{size / 2**30:.2g} GiB"


def _arrays(size: Size, seed: int) -> dict[str, Array]:
    """A1, A2, A3 and E uniform, X and Y the identity."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    for name in ("A1", "A2", "A3", "E"):
        array = rng.random((size.n, size.d), dtype=np.float32)
        array -= np.float32(0.5)
        array *= np.float32(2 * size.B)
        arrays[name] = array
    return arrays | {name: np.eye(size.d, dtype=np.float32) for name in ("X", "Y")}


def _exact_time(problem: Problem, variables: tuple[str, ...], advance: Progress | None) -> dict[str, Any]:
    """How long the exact method takes: measured on its first queries, and scaled by the pairs left."""
    start = time.perf_counter()
    done = 0
    elapsed = 0.0

    def report(rows: int) -> None:
        nonlocal done, elapsed
        done += rows
        elapsed = time.perf_counter() - start
        if advance is not None:
            advance(done, problem.n, "exact, a sample")
        if elapsed > _SAMPLE_SECONDS and done < problem.n:
            raise _Enough

    try:
        exact_solution(problem, variables, progress=report)
        elapsed = time.perf_counter() - start
    except _Enough:
        pass
    pairs = [rows * (rows + 1) / 2 if problem.causal else rows * problem.n for rows in (done, problem.n)]
    seconds = elapsed if done == problem.n else elapsed * pairs[1] / pairs[0]
    return {"seconds": seconds, "measured_seconds": elapsed, "rows": done}
