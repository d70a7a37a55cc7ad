"""The gradient in X on a GPU: CuPy, torch and JAX arrays that stay there, beside torch's attention there.

    python benchmarks/gpu.py [--library NAME] [--to E] [--rounds R] [-o FILE]

For n = 2^12, 2^14, … 2^E: whole calls of the fast method of degree 3 and of the exact one, the latter up to
n = 2^15, and autograd through scaled_dot_product_attention where torch sees the GPU.  Each timed call is
waited for.  Errors of dL/dX are against the exact method, which computes in float64, on the same device.  How
many numbers came to the host in one call is counted for torch and JAX.  Where no library sees a GPU, it says
so and ends with exit code 2.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck import attention_gradient
from proofcheck.files import write_atomically
from proofcheck.namespaces.arrays import to_numpy
from side_by_side.cells import FULL_N, relative_error
from side_by_side.inputs import arrays_of
from side_by_side.machine import Watch, environment
from side_by_side.timing import interleaved, spread
from side_by_side.transfers import host_transfers

__all__ = ["Device", "devices", "main", "measured", "on_device"]


@dataclass(frozen=True)
class Device:
    """A library and its device.

    Attributes:
        library: ``"cupy"``, ``"torch"`` or ``"jax"``.
        name: of the device, as the library calls it.
        put: a NumPy array to an array there.
        wait: until all work there is done.
    """

    library: str
    name: str
    put: Callable[[Any], Any]
    wait: Callable[[Any], None]


def _cupy() -> Device | None:
    cupy = importlib.import_module("cupy")
    if not cupy.cuda.runtime.getDeviceCount():
        return None
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return Device("cupy", name, cupy.asarray, lambda _: cupy.cuda.Device().synchronize())


def _torch(kind: str = "cuda") -> Device | None:
    torch = importlib.import_module("torch")
    if kind == "cuda" and not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name(0) if kind == "cuda" else kind
    wait = torch.cuda.synchronize if kind == "cuda" else (lambda: None)
    return Device("torch", name, lambda array: torch.from_numpy(array).to(kind), lambda _: wait())


def _jax(kind: str = "gpu") -> Device | None:
    jax = importlib.import_module("jax")
    found = [device for device in jax.devices() if device.platform == kind]
    if not found:
        return None
    put = partial(jax.device_put, device=found[0])
    return Device("jax", found[0].device_kind, put, lambda value: jax.block_until_ready(value))


_LIBRARIES: dict[str, Callable[[], Device | None]] = {"cupy": _cupy, "torch": _torch, "jax": _jax}


def on_device(library: str, kind: str) -> Device | None:
    """A device of torch or JAX of a kind: ``"cuda"`` and ``"gpu"``, or ``"cpu"`` to try this script out."""
    return {"torch": _torch, "jax": _jax}[library](kind)


def devices(libraries: list[str]) -> list[Device]:
    """Those on which a GPU is seen; what cannot be imported, or fails to start, sees none."""
    found = []
    for library in libraries:
        try:
            device = _LIBRARIES[library]()
        except ImportError:
            continue
        except Exception as error:  # each library fails in its own way where there is no driver
            note(f"{library}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
            continue
        if device is not None:
            found.append(device)
    return found


def note(text: str) -> None:
    """To standard error."""
    print(text, file=sys.stderr, flush=True)


def _sdpa(arrays: dict[str, Any]) -> Any:
    import torch

    weights, d = arrays["X"].clone().requires_grad_(), arrays["A1"].shape[1]
    queries, keys = (arrays["A1"] @ weights)[None, None], arrays["A2"][None, None]
    values = (arrays["A3"] @ arrays["Y"])[None, None]
    output = torch.nn.functional.scaled_dot_product_attention(queries, keys, values, scale=1 / d)
    (0.5 * (output[0, 0] - arrays["E"]).square().sum()).backward()
    return weights.grad


def measured(device: Device, n: int, degree: int, rounds: int) -> dict[str, Any]:
    """Times, errors and transfers for one n; d = 8, B = 1, uniform, float32."""
    host = arrays_of("uniform", n, 8, 1.0, np.random.default_rng([n, 8, 100]))
    arrays = {name: device.put(array) for name, array in host.items()}

    def fast() -> Any:
        return attention_gradient(**arrays, method="fast", degree=degree).gradients["X"]

    runs: dict[str, Callable[[], Any]] = {f"fast, degree {degree}": fast}
    if n <= FULL_N:
        runs["exact"] = lambda: attention_gradient(**arrays, method="exact").gradients["X"]
    if device.library == "torch":
        runs["SDPA, autograd"] = lambda: _sdpa(arrays)

    def finished(run: Callable[[], Any]) -> Any:
        value = run()
        device.wait(value)
        return value

    taken, found = interleaved({name: partial(finished, run) for name, run in runs.items()}, rounds)
    report: dict[str, Any] = {"n": n, "d": 8, "B": 1.0, "data": "uniform", "dtype": "float32"}
    report["whole call"] = {name: spread(times) for name, times in taken.items()}
    if n <= FULL_N:
        true = to_numpy(found["exact"])
        report["error of dL/dX against exact"] = {
            name: relative_error(to_numpy(value), true) for name, value in found.items() if name != "exact"
        }
    if device.library in ("torch", "jax"):
        with host_transfers(device.library) as transfers:
            fast()
        report["numbers to the host"] = {"in all": transfers.total, "at once": transfers.largest}
    return report


def main(arguments: list[str] | None = None) -> int:
    """Measure on every device; 2 where there is none."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", choices=tuple(_LIBRARIES), help="one of them; all by default")
    parser.add_argument("--to", type=int, default=20, metavar="E", help="the largest n is 2^E (default 20)")
    parser.add_argument("--rounds", type=int, default=5, metavar="R", help="that are timed (default 5)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the JSON here")
    chosen = parser.parse_args(arguments)
    if chosen.to < 12 or chosen.rounds < 1:
        parser.error("expected --to of at least 12 and --rounds of at least 1")
    found = devices([chosen.library] if chosen.library else list(_LIBRARIES))
    if not found:
        note("no GPU that CuPy, torch or JAX can use; nothing was measured")
        return 2
    watch, rows = Watch(), []
    for device in found:
        for exponent in range(12, chosen.to + 1, 2):
            row = measured(device, 2**exponent, 3, chosen.rounds)
            rows.append({"library": device.library, "device": device.name} | row)
            note(json.dumps(rows[-1]))
    report = {"environment": environment(), "load": watch.report(), "rows": rows}
    text = json.dumps(report, indent=1) + "\n"
    if chosen.output is None:
        sys.stdout.write(text)
    else:
        write_atomically(chosen.output.resolve(), text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
