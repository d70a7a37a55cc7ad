"""What only trying tells, tried in a process of its own: a library that hangs or crashes takes nothing along.

The process starts with this one's ``sys.path``.  What a library prints goes to standard error; the answer, as
JSON, to standard output.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

__all__ = ["NotInstalled", "Unanswered", "answer", "ask"]


class Unanswered(Exception):
    """A probe that gave no answer; the message says why, in one line."""


class NotInstalled(Unanswered):
    """A probe of a library that is not there."""


def ask(probe: str, *details: str, timeout: float = 60.0) -> Any:
    """The answer of a probe.

    Args:
        probe: one of ``imports``, ``numpy``, ``kernels``, ``torch``, ``jax``, ``cupy`` and ``peak``.
        details: what it takes.
        timeout: seconds after which it is stopped.

    Raises:
        NotInstalled: there is no such library.
        Unanswered: it raised, crashed, or took too long.
    """
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from proofcheck.doctor.probes import answer; answer({probe!r}, {details!r})"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            # else JAX takes most of a GPU's memory
            env=os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unanswered(f"no answer in {timeout:g} s") from error
    try:
        reply = json.loads(done.stdout)
    except ValueError:
        reply = {"problem": _ending(done.returncode, done.stderr)}
    if "problem" in reply:
        raise (NotInstalled if reply.get("absent") else Unanswered)(reply["problem"])
    return reply["answer"]


def _ending(code: int, errors: str) -> str:
    """How a process ended that said nothing."""
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    last = errors.strip().splitlines()[-1:] or ["no message"]
    return f"ended with exit code {code}: {last[0]}"


def answer(probe: str, details: tuple[str, ...]) -> None:
    """In the process of a probe: print its answer, or why there is none."""
    from proofcheck.loading import one_line

    with os.fdopen(os.dup(1), "w", encoding="utf-8") as page:
        os.dup2(2, 1)
        try:
            reply = {"answer": _PROBES[probe](*details)}
        except Unanswered as error:
            reply = {"problem": str(error)}
        except ModuleNotFoundError as error:
            reply = {"problem": one_line(error), "absent": error.name == probe}
        except Exception as error:
            reply = {"problem": one_line(error)}
        json.dump(reply, page)


def _imports(*modules: str) -> dict[str, str]:
    """Those of the modules that cannot be imported, and why."""
    from proofcheck.loading import one_line

    problems = {}
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            problems[name] = one_line(error)
    return problems


def _numpy() -> tuple[str, list[str]]:
    import numpy as np

    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return np.__version__, [f"BLAS: {blas.get('name', 'unknown')} {blas.get('version', '')}".strip()]


def _kernels() -> tuple[str, list[str]]:
    from proofcheck.numeric.kernels import KERNELS, obstacle

    problem = obstacle()
    if problem is not None:
        raise Unanswered(problem)
    for name in ("exact_sweeps", "fast_sweeps", "surveys"):
        importlib.import_module(f"proofcheck.numeric.kernels.{name}")
    numba = importlib.import_module("numba")
    return f"numba {numba.__version__}", [f"{KERNELS}, compiled when first used"]


def _torch() -> tuple[str, list[str]]:
    import torch

    devices = [f"cpu ({torch.get_num_threads()} threads)"]
    for number in range(torch.cuda.device_count()):
        memory = torch.cuda.get_device_properties(number).total_memory / 2**30
        devices.append(f"cuda:{number} {torch.cuda.get_device_name(number)}, {memory:.1f} GiB")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return torch.__version__, devices


def _jax() -> tuple[str, list[str]]:
    import jax

    return jax.__version__, [f"{one.platform}:{one.id} {one.device_kind}" for one in jax.devices()]


def _cupy() -> tuple[str, list[str]]:
    cupy = importlib.import_module("cupy")
    count = cupy.cuda.runtime.getDeviceCount()
    names = [cupy.cuda.runtime.getDeviceProperties(number)["name"].decode() for number in range(count)]
    return cupy.__version__, [f"cuda:{number} {name}" for number, name in enumerate(names)]


def _peak() -> list[dict[str, Any]]:
    import numpy as np

    from proofcheck.doctor.peak import gemm_peak

    return [asdict(gemm_peak(dtype, np.random.default_rng(0))) for dtype in ("float32", "float64")]


_PROBES: dict[str, Callable[..., Any]] = {
    "imports": _imports,
    "numpy": _numpy,
    "kernels": _kernels,
    "torch": _torch,
    "jax": _jax,
    "cupy": _cupy,
    "peak": _peak,
}
