"""The most memory that one call holds beyond its inputs: run in a process of its own, on Linux."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .inputs import arrays_of
from .methods import Method, exact_method, fast_method, favor_method, sdpa_method

__all__ = ["METHODS", "peak_bytes"]

METHODS = ("SDPA, autograd", "exact, NumPy", "exact, fused", "fast, NumPy", "fast, fused", "FAVOR+")


def peak_bytes(method: str, n: int, d: int, degree: int) -> int | None:
    """The rise of the peak of resident memory over what was resident before the call.

    Everything is imported, compiled and warmed up at n = 256 first.  None where the system does not tell.
    """
    command = [sys.executable, "-m", f"{__package__}.peak", method, str(n), str(d), str(degree)]
    done = subprocess.run(
        command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def _made(method: str, arrays: dict[str, Any], degree: int) -> Method:
    if method == "SDPA, autograd":
        return sdpa_method(arrays)
    name, _, kind = method.partition(", ")
    if name == "exact":
        return exact_method(arrays, kind == "fused")
    fast = fast_method(arrays, kind == "fused", degree)
    if name == "fast":
        return fast
    if name == "FAVOR+":
        return favor_method(arrays, fast.features or 1, np.random.default_rng(1))
    raise ValueError(f"method={method!r}: expected one of {', '.join(METHODS)}")


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def _measured(method: str, n: int, d: int, degree: int) -> int | None:
    _made(method, arrays_of("uniform", 256, d, 1.0, np.random.default_rng(0)), degree).run()
    made = _made(method, arrays_of("uniform", n, d, 1.0, np.random.default_rng(0)), degree)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        before = _status("VmRSS")
        made.run()
        return max(_status("VmHWM") - before, 0)
    except OSError:
        return None


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], *map(int, sys.argv[2:]))))
