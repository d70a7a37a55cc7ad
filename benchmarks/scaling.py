"""How the gradient of inputs on disk scales: memory of the local engine, time on dask workers of one machine.

    python benchmarks/scaling.py memory --rows 20000000 -o memory.json
    python benchmarks/scaling.py workers --rows 4000000 -o workers.json

Inputs are made in a temporary directory (``--directory`` says where), 16 d bytes a row, and removed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

_STEP = 1 << 20


def inputs(directory: Path, n: int, d: int) -> Path:
    """A1 to E uniform from -1 to 1, float32, written block by block; X and Y are identities."""
    directory.mkdir()
    rng = np.random.default_rng(0)
    for name in ("A1", "A2", "A3", "E"):
        array = np.lib.format.open_memmap(
            directory / f"{name}.npy", mode="w+", dtype=np.float32, shape=(n, d)
        )
        for start in range(0, n, _STEP):
            some = array[start : start + _STEP]
            some[:] = 2 * rng.random(some.shape, dtype=np.float32) - 1
    for name in ("X", "Y"):
        np.save(directory / f"{name}.npy", np.eye(d, dtype=np.float32))
    return directory


def peak_of(command: list[str]) -> tuple[dict[str, int], float, str]:
    """Largest RssAnon, RssFile and VmHWM of a process in KiB, sampled each 20 ms; its seconds and output."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak: dict[str, int] = {}

    def watch() -> None:
        while process.poll() is None:
            try:
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            except OSError:
                return
            for line in lines:
                name, _, value = line.partition(":")
                if name in ("RssAnon", "RssFile", "VmHWM"):
                    peak[name] = max(peak.get(name, 0), int(value.split()[0]))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    watcher.join()
    if process.returncode:
        sys.exit(f"{command} failed")
    return peak, time.perf_counter() - start, output


_PROGRAM = """
import json, sys
from contextlib import nullcontext
from pathlib import Path
from proofcheck.gradient_chunks import gradient_of_directory
from proofcheck.numeric.chunked.engine import LocalEngine

source, output, wrt, degree = sys.argv[1:]
_, report = gradient_of_directory(
    Path(source), lambda: nullcontext(LocalEngine()), Path(output), wrt=wrt.split(","), degree=int(degree)
)
print(json.dumps(report))
"""


def memory(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """One run of the local engine in a process of its own."""
    source = inputs(directory / "in", options.rows, options.columns)
    command = [sys.executable, "-c", _PROGRAM, str(source), str(directory / "out")]
    peak, seconds, output = peak_of([*command, options.wrt, str(options.degree)])
    report = json.loads(output)
    kept = ("degree", "dtype", "largest", "error_bound", "error_estimate", "seconds", "chunk_rows")
    return {"peak_kib": peak, "wall_seconds": seconds, **{name: report[name] for name in kept}}


def workers(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """Strong scaling: the same rows on 1 and 2 workers. Weak: as many rows again for each more."""
    import distributed

    from proofcheck.integrations.dask import gradient_on_workers

    n, d = options.rows, options.columns
    sources = {rows: inputs(directory / f"in{rows}", rows, d) for rows in (n // 2, n)}
    runs: list[dict[str, Any]] = []
    settings = [(1, n), (2, n), (1, n // 2)]
    for number in range(options.rounds + 1):  # the first compiles, and is dropped
        for count, rows in settings:
            with (
                distributed.LocalCluster(
                    n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
                ) as cluster,
                distributed.Client(cluster, set_as_default=False) as client,
            ):
                how: dict[str, Any] = {"scheduler": client, "degree": options.degree, "chunk_rows": n // 32}
                gradient_on_workers(sources[n // 2], **how)  # each process loads its kernels
                start = time.perf_counter()
                result = gradient_on_workers(sources[rows], **how)
                seconds = time.perf_counter() - start
            if number:
                run = {"workers": count, "rows": rows, "seconds": seconds, "load": os.getloadavg()[0]}
                runs.append(run | {"fast": result.found.seconds["fast"]})
                print(runs[-1], file=sys.stderr, flush=True)
    summary = {}
    for count, rows in settings:
        for name in ("seconds", "fast"):
            times = [run[name] for run in runs if (run["workers"], run["rows"]) == (count, rows)]
            summary[f"{name}: {count} workers, {rows} rows"] = {
                "median": statistics.median(times),
                "least": min(times),
                "most": max(times),
            }
    return {"summary": summary, "runs": runs, "degree": options.degree}


def main() -> None:
    """Parse the command line, measure, and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("memory", "workers"))
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--wrt", default="X,A1")
    parser.add_argument("--degree", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        found = {"memory": memory, "workers": workers}[options.what](options, Path(directory))
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "load": os.getloadavg()}
    text = json.dumps({"what": options.what, "rows": options.rows, **found, **machine}, indent=1)
    if options.output is None:
        print(text)
    else:
        options.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
