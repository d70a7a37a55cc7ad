"""The fast gradient beside the exact one and torch's fused attention, in one process.

    python benchmarks/gradient.py [--quick] [-o FILE]

Everything is timed in rounds, each method once a round, and reported as the median with the range; the ratios
are of medians of the same rounds.  torch's scaled_dot_product_attention with autograd is quadratic and is
measured at n = 2^15; at other sizes it is scaled by n², and labelled so.  Writes JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck import attention_gradient
from proofcheck.errors import ApproximationError
from proofcheck.files import write_atomically
from proofcheck.numeric.exact import exact_solution
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.problem import checked_problem

_ROUNDS = 5
_SDPA_N = 2**15


def inputs(n: int, d: int, bound: float, seed: int, dtype: Any = np.float32) -> dict[str, Any]:
    """Uniform entries in [−B, B]; X = Y = I."""
    rng = np.random.default_rng(seed)
    arrays = {name: rng.uniform(-bound, bound, (n, d)).astype(dtype) for name in ("A1", "A2", "A3", "E")}
    return arrays | {"X": np.eye(d, dtype=dtype), "Y": np.eye(d, dtype=dtype)}


def sdpa(arrays: dict[str, Any]) -> Callable[[], Any]:
    """The gradient in X by torch: fused attention, autograd through it."""
    import torch

    A1, A2, A3, E, X, Y = (torch.from_numpy(arrays[name]) for name in ("A1", "A2", "A3", "E", "X", "Y"))
    d = A1.shape[1]

    def run() -> Any:
        weights = X.clone().requires_grad_()
        queries = (A1 @ weights)[None, None]
        output = torch.nn.functional.scaled_dot_product_attention(
            queries, A2[None, None], (A3 @ Y)[None, None], scale=1 / d
        )
        (0.5 * (output[0, 0] - E).square().sum()).backward()
        return weights.grad

    return run


def seconds(run: Callable[[], Any]) -> float:
    """Of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def rounds(methods: dict[str, Callable[[], Any]], count: int) -> dict[str, dict[str, float]]:
    """Median and range of each method over interleaved rounds; the first, which warms up, is dropped."""
    times: dict[str, list[float]] = {name: [] for name in methods}
    for number in range(count + 1):
        for name, run in methods.items():
            taken = seconds(run)
            if number:
                times[name].append(taken)
    return {
        name: {"median": statistics.median(taken), "least": min(taken), "most": max(taken)}
        for name, taken in times.items()
    }


def note(text: str) -> None:
    """To standard error."""
    print(text, file=sys.stderr, flush=True)


def relative_error(found: Any, true: Any) -> float:
    """‖g̃ − g‖_∞/‖g‖_∞."""
    return float(np.max(np.abs(found - true)) / np.max(np.abs(true)))


def speed(quick: bool) -> dict[str, Any]:
    """D = 8, B = 1, uniform: against SDPA, and the error against the exact gradient where it is measured."""
    n, reference_n = (2**14, 2**13) if quick else (2**17, _SDPA_N)
    small = inputs(reference_n, 8, 1.0, 0)
    wide = {name: value.astype(np.float64) for name, value in small.items()}
    true = exact_solution(checked_problem(**wide), ("X",)).gradients["X"]
    large = inputs(n, 8, 1.0, 0)
    methods: dict[str, Callable[[], Any]] = {"sdpa": sdpa(small)}
    errors = {}
    for degree in (2, 3, 4):
        errors[degree] = relative_error(
            attention_gradient(**small, method="fast", degree=degree).gradients["X"], true
        )

        methods[f"fast, degree {degree}"] = partial(attention_gradient, **large, method="fast", degree=degree)
    times = rounds(methods, 2 if quick else _ROUNDS)
    scaled = times["sdpa"]["median"] * (n / reference_n) ** 2
    report: dict[str, Any] = {
        "n": n,
        "d": 8,
        "B": 1.0,
        "sdpa measured at n": reference_n,
        "sdpa seconds": times["sdpa"],
        "sdpa seconds scaled by n^2": scaled,
    }
    for degree, error in errors.items():
        taken = times[f"fast, degree {degree}"]
        result = attention_gradient(**large, method="fast", degree=degree)
        report[f"degree {degree}"] = {
            "seconds": taken,
            "times faster than sdpa (scaled)": scaled / taken["median"],
            "by phase": result.seconds,
            "relative error, measured at the n of sdpa": error,
        }
        note(f"degree {degree}: {taken['median']:.3f} s, {scaled / taken['median']:.0f} x, error {error:.1e}")
    return report


def slope(quick: bool) -> dict[str, Any]:
    """Time against n, all sizes once a round: the slope of log time in log n; and the working memory."""
    exponents = range(12, 15) if quick else range(15, 21)
    memory: dict[int, int] = {}
    methods: dict[str, Callable[[], Any]] = {}
    for exponent in exponents:
        arrays = inputs(2**exponent, 8, 1.0, 0)
        problem = checked_problem(**arrays)
        methods[str(exponent)] = partial(
            fast_solution, problem, ("X",), (1.0, 1.0, 0.5, 1 / 6), frame(problem)
        )
        tracemalloc.start()
        attention_gradient(**arrays, method="fast", degree=3)
        memory[exponent] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    slopes, rounds_of_times = [], []
    for _ in range(2 if quick else _ROUNDS):
        times = {name: seconds(run) for name, run in methods.items()}
        rounds_of_times.append(times)
        slopes.append(float(np.polyfit(list(exponents), np.log2(list(times.values())), 1)[0]))
    note(f"slopes {', '.join(f'{value:.3f}' for value in slopes)}; {memory[max(exponents)] / 2**20:.1f} MiB")
    return {
        "degree": 3,
        "seconds of the sweeps, by log2 n, by round": rounds_of_times,
        "slope by round": slopes,
        "peak bytes beyond the inputs of the whole call, by log2 n": memory,
    }


def choice(quick: bool) -> list[dict[str, Any]]:
    """The choice of "auto" beside the methods that it chooses from, the tolerance being met by each."""
    rows = []
    for n, d in ((1000, 4), (2000, 8)) if quick else ((1000, 4), (2000, 8), (4000, 8), (8000, 8), (4000, 16)):
        for share in (0.25, 0.5, 1.0, 2.0):
            bound = share * math.sqrt(math.log(n))
            arrays = inputs(n, d, bound, 0, np.float64)
            runs: dict[str, Callable[[], Any]] = {
                name: partial(attention_gradient, **arrays, method=name, rtol=1e-2)
                for name in ("auto", "exact", "fast")
            }
            failed = []
            for name, run in list(runs.items()):
                try:
                    result = run()
                except ApproximationError as error:
                    failed.append(f"{name}: {error}")
                    del runs[name]
                else:
                    if name == "auto":
                        chosen = result.method
            taken = rounds(runs, 2 if quick else _ROUNDS)
            best = min(taken[name]["median"] for name in taken if name != "auto")
            row = {
                "n": n,
                "d": d,
                "B": bound,
                "B in sqrt(ln n)": share,
                "auto chose": chosen,
                "seconds": taken,
                "auto over the better": taken["auto"]["median"] / best,
                "not met": failed,
            }
            rows.append(row)
            ratio = row["auto over the better"]
            note(f"n={n} d={d} B={bound:.2f}: {chosen}, {ratio:.2f} times the better's {best:.3f} s")
    return rows


def bounds(quick: bool) -> list[dict[str, Any]]:
    """The rigorous bound and the estimate beside the true error, over random inputs."""
    rows = []
    for bound in (0.25, 0.5, 1.0, 2.0):
        ratios: dict[str, list[float]] = {"bound": [], "estimate": []}
        for seed in range(3 if quick else 20):
            arrays = inputs(2000, 8, bound, seed, np.float64)
            true = exact_solution(checked_problem(**arrays), ("X",)).gradients["X"]
            result = attention_gradient(**arrays, method="fast", degree=3)
            error = float(np.max(np.abs(result.gradients["X"] - true)))
            ratios["bound"].append(result.error_bound["X"] / error)
            ratios["estimate"].append(result.error_estimate["X"].high / error)
        row = {"B": bound, "n": 2000, "d": 8, "degree": 3}
        for name, values in ratios.items():
            row[f"{name} over true error"] = dict(
                zip(
                    ("least", "median", "most"),
                    np.quantile(values, (0, 0.5, 1), method="nearest").tolist(),
                    strict=True,
                )
            )
        rows.append(row)
        note(json.dumps(row))
    return rows


_PARTS = {"speed": speed, "slope": slope, "choice": choice, "bounds": bounds}


def environment() -> dict[str, Any]:
    """The machine and the versions."""
    from importlib.metadata import version

    names = ("proofcheck", "numpy", "torch", "array-api-compat")
    return {
        "machine": platform.machine(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "versions": {name: version(name) for name in names},
    }


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="which parts; all if none is named")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("-o", "--output", type=Path, help="write the JSON here, not to standard output")
    options = parser.parse_args()
    unknown = set(options.parts) - set(_PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; expected {', '.join(_PARTS)}")
    report: dict[str, Any] = {"environment": environment(), "quick": options.quick}
    for name in options.parts or _PARTS:
        note(f"== {name}")
        report[name] = _PARTS[name](options.quick)
    text = json.dumps(report, indent=1) + "\n"
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_atomically(options.output.resolve(), text)


if __name__ == "__main__":
    main()
