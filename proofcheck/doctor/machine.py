"""The machine, as far as timings and results may depend on it; nothing that names it or its user."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from proofcheck.command import usable_cpus

__all__ = ["VARIABLES", "Machine", "machine", "memory_gib", "processor", "variables"]

#: What changes speed, backends or places, and is set outside this program.
VARIABLES = (
    "PROOFCHECK_CACHE_DIR",
    "PROOFCHECK_KERNELS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_DISABLE_JIT",
    "NUMBA_CACHE_DIR",
    "NUMBA_CPU_NAME",
    "CUDA_VISIBLE_DEVICES",
    "JAX_PLATFORMS",
    "JAX_ENABLE_X64",
)


@dataclass(frozen=True)
class Machine:
    """What a run happens on.

    Attributes:
        python: implementation and version.
        system: operating system and release.
        architecture: of the instruction set.
        processor: its name; None where the system does not tell.
        cpus: processors of the machine; None where the system does not tell.
        usable: those that this process may use.
        memory_gib: of the machine; None where the system does not tell.
        load: processes that wanted a processor in the last minute; None where the system does not tell.
    """

    python: str
    system: str
    architecture: str
    processor: str | None
    cpus: int | None
    usable: int
    memory_gib: float | None
    load: float | None


def machine() -> Machine:
    """This one, now."""
    return Machine(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        processor=processor(),
        cpus=os.cpu_count(),
        usable=usable_cpus(),
        memory_gib=memory_gib(),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    )


def processor() -> str | None:
    """The processor's name, where the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or None
    names = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(names, None)


def memory_gib() -> float | None:
    """The machine's memory in GiB, where the system tells it."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def variables() -> dict[str, str]:
    """Those of :data:`VARIABLES` that are set."""
    return {name: os.environ[name] for name in VARIABLES if name in os.environ}
