"""What a benchmark ran on, and how busy that was."""

from __future__ import annotations

import datetime
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from proofcheck.command import usable_cpus
from proofcheck.doctor.machine import memory_gib, processor

__all__ = ["PACKAGES", "Watch", "environment", "is_loaded"]

PACKAGES = ("proofcheck", "numpy", "numba", "torch", "jax", "scipy", "array-api-compat")


def environment() -> dict[str, Any]:
    """The machine and the versions; nothing that names it or its user."""
    return {
        "machine": platform.machine(),
        "processor": processor(),
        "cpus": usable_cpus(),
        "memory in GiB": memory_gib(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS"),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def is_loaded(start: float | None, end: float | None, own: float, cpus: int) -> bool | None:
    """Whether others kept the machine busy: a load above 1 per processor, without what the run itself made.

    Args:
        start: the load of the last minute before the run.
        end: of its last minute; None before it has ended.
        own: processors that the run itself used, on average.
        cpus: how many there are.

    Returns:
        None where the system does not tell its load.
    """
    if start is None:
        return None
    return start > cpus or (end is not None and end - own > cpus)


def _load() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


class Watch:
    """The load of the machine from now on."""

    def __init__(self) -> None:
        self._start, self._clock, self._own = _load(), time.perf_counter(), time.process_time()
        self._busy = _busy_seconds()

    def loaded_at_start(self) -> bool | None:
        """As :func:`is_loaded`, before the run."""
        return is_loaded(self._start, None, 0.0, usable_cpus())

    def report(self) -> dict[str, Any]:
        """Load at start and end, processors used by this run and by others, and the verdict."""
        wall, end = max(time.perf_counter() - self._clock, 1e-9), _load()
        own, busy = (time.process_time() - self._own) / wall, _busy_seconds()
        others = None
        if busy is not None and self._busy is not None:
            others = max((busy - self._busy) / wall - own, 0.0)
        return {
            "load average at start": self._start,
            "load average at end": end,
            "processors used by this run": own,
            "processors used by others": others,
            "seconds": wall,
            "loaded machine": is_loaded(self._start, end, own, usable_cpus()),
        }


def _busy_seconds() -> float | None:
    """Processor seconds of all processes since the machine started, on Linux."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
        user, nice, system, _, _, *interrupts = map(int, fields[:8])
        return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
