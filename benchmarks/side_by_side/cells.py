"""The measurements: each function returns what goes into the JSON of a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from proofcheck import attention_gradient
from proofcheck.doctor.peak import gemm
from proofcheck.errors import ApproximationError
from proofcheck.numeric.exact import exact_solution, query_contributions
from proofcheck.numeric.problem import checked_problem

from .inputs import arrays_of
from .methods import (
    FastCall,
    Method,
    exact_method,
    fast_method,
    favor_method,
    have_kernels,
    kernels,
    sdpa_method,
)
from .timing import crossing, interleaved, slope, spread

__all__ = ["against_sizes", "bounds_sweep", "from_which_n", "gemm_share", "products", "side_by_side"]

#: Beyond this n exact baselines are of one block of queries, and errors of sampled rows.
FULL_N = 2**15
SAMPLED_ROWS = 512
BLOCK_QUERIES = 1024


def relative_error(found: Any, true: Any) -> float:
    """‖g̃ − g‖_∞/‖g‖_∞."""
    return float(np.max(np.abs(found - true)) / np.max(np.abs(true)))


def timed(methods: Sequence[Method], n: int, rounds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Times of all, by name, with those of the sweeps of fast ones; and what each returned."""
    taken, found = interleaved({method.name: method.run for method in methods}, rounds)
    report: dict[str, Any] = {}
    for method in methods:
        entry: dict[str, Any] = {"whole call": spread(taken[method.name], method.scale(n))}
        if isinstance(method.run, FastCall):
            entry["sweeps alone"] = spread(method.run.sweeps[1:])
        if method.queries is not None:
            entry |= {"queries measured": method.queries, "scaled by": method.scale(n)}
        if method.features is not None:
            entry["features"] = method.features
        report[method.name] = entry
    return report, found


def side_by_side(
    kind: str,
    n: int,
    d: int,
    bound: float,
    degrees: Sequence[int],
    rounds: int,
    *,
    full: bool,
    numpy: bool,
    favor: bool = True,
    whole_truth: bool = False,
) -> dict[str, Any]:
    """Every method on one problem, interleaved, with its error.

    Args:
        kind: of the inputs.
        n: rows.
        d: columns.
        bound: B.
        degrees: of the fast method; FAVOR+ has as many features as each.
        rounds: that are timed.
        full: whether exact baselines take all queries, for n up to 2^15; else one block of them.
        numpy: whether array operations are timed too, beside compiled kernels.
        favor: whether FAVOR+ is.
        whole_truth: whether dL/dX is compared for any n, by one run of the exact method over all queries,
            whose time is reported; else for n up to 2^15.
    """
    rng = np.random.default_rng([n, d, int(100 * bound)])
    arrays = arrays_of(kind, n, d, bound, rng)
    block = None if full and n <= FULL_N else BLOCK_QUERIES
    fused = have_kernels(arrays)
    ways = ([True] if fused else []) + ([False] if numpy or not fused else [])
    methods = [sdpa_method(arrays, block), *(exact_method(arrays, way, block) for way in ways)]
    for degree in degrees:
        made = [fast_method(arrays, way, degree) for way in ways]
        methods += made
        if favor:
            methods.append(favor_method(arrays, made[0].features or 1, rng))
    report, found = timed(methods, n, rounds)

    wide = checked_problem(**{name: array.astype(np.float64) for name, array in arrays.items()})
    numbers = np.sort(rng.choice(n, size=min(SAMPLED_ROWS, n), replace=False)).tolist()
    true_rows = query_contributions(wide, numbers).gradient
    true, start = None, time.perf_counter()
    if n <= FULL_N or whole_truth:
        true = exact_solution(wide, ("X",)).gradients["X"]
    seconds = time.perf_counter() - start
    for method in methods:
        errors = report[method.name]["relative error"] = {
            "of rows of dL/dQ": relative_error(method.rows(numbers), true_rows)
        }
        if true is not None and method.queries is None:
            gradient = getattr(found[method.name], "gradients", {"X": found[method.name]})["X"]
            errors["of dL/dX"] = relative_error(gradient, true)
    sizes = {"data": kind, "n": n, "d": d, "B": bound, "dtype": "float32"}
    sizes |= {"rows of dL/dQ": len(numbers)}
    if true is not None:
        sizes |= {"seconds of the exact gradient, once, float64, all queries": seconds}
    return sizes | {"exact baselines": "all queries" if block is None else "a block", "methods": report}


def against_sizes(sizes: Sequence[int], degree: int, rounds: int) -> dict[str, Any]:
    """Time against n, d = 8, B = 1, uniform: every size once a round, sweeps and whole calls."""
    methods = {}
    for n in sizes:
        arrays = arrays_of("uniform", n, 8, 1.0, np.random.default_rng([n, 8, 100]))
        methods[str(n)] = fast_method(arrays, have_kernels(arrays), degree)
    taken, found = interleaved({name: method.run for name, method in methods.items()}, rounds)
    sweeps = {name: method.run.sweeps[1:] for name, method in methods.items()}
    report: dict[str, Any] = {"data": "uniform", "d": 8, "B": 1.0, "degree": degree, "sizes": list(sizes)}
    report["computed by"] = found[str(sizes[0])].computed_by
    for label, times in (("whole call", taken), ("sweeps alone", sweeps)):
        by_round = [[times[str(n)][number] for n in sizes] for number in range(rounds)]
        report[label] = {
            "seconds": {name: spread(values) for name, values in times.items()},
            "slope": slope(sizes, by_round),
        }
    return report


def from_which_n(sizes: Sequence[int], degree: int, rounds: int) -> dict[str, Any]:
    """The n from which the fast method takes less time than SDPA, by medians; d = 8, B = 1, uniform."""
    rows = []
    for n in sizes:
        arrays = arrays_of("uniform", n, 8, 1.0, np.random.default_rng([n, 8, 100]))
        methods = [sdpa_method(arrays), fast_method(arrays, have_kernels(arrays), degree)]
        report, found = timed(methods, n, rounds)
        wide = checked_problem(**{name: array.astype(np.float64) for name, array in arrays.items()})
        true = exact_solution(wide, ("X",)).gradients["X"]
        error = relative_error(found[methods[1].name].gradients["X"], true)
        rows.append(
            {"n": n, "sdpa": report[methods[0].name]["whole call"], **report[methods[1].name], "error": error}
        )
    slow = [row["sdpa"]["median"] for row in rows]
    return {
        "degree": degree,
        "rows": rows,
        "from n": {
            label: crossing(sizes, [row[label]["median"] for row in rows], slow)
            for label in ("sweeps alone", "whole call")
        },
    }


def products(d: int, degree: int, fused: bool) -> int:
    """Multiply-adds a row of the products of the two sweeps for dL/dX, all else being left out.

    Array operations: k(1+d)² for the moments, and as many for the way back.  Compiled kernels, by (12) of
    docs/kernels.md: the moments M_γ, |γ| ≤ g+1; α and o from those of |β| ≤ g; T_γ; and the gathered product.
    """
    k, full = math.comb(d + degree, d), math.comb(d + degree + 1, d)
    return 2 * full * (1 + d) + k * (1 + d) + k * d if fused else 2 * k * (1 + d) ** 2


def gemm_share(n: int, degree: int, rounds: int, *, order: int, numpy: bool) -> dict[str, Any]:
    """Operations a second of the sweeps' products, over those of one float32 matrix product in between."""
    rng = np.random.default_rng([n, 8, 100])
    arrays = arrays_of("uniform", n, 8, 1.0, rng)
    fused = have_kernels(arrays)
    ways = ([True] if fused else []) + ([False] if numpy or not fused else [])
    methods = {way: fast_method(arrays, way, degree) for way in ways}
    runs: dict[str, Callable[[], Any]] = {"gemm": gemm(order, np.float32, rng)}
    taken, _ = interleaved(runs | {method.name: method.run for method in methods.values()}, rounds)
    peak = {name: 2 * order**3 / spread(taken["gemm"])[name] for name in ("best", "median")}
    report: dict[str, Any] = {"n": n, "d": 8, "degree": degree, "features": math.comb(8 + degree, 8)}
    report["matrix product"] = {"order": order, "dtype": "float32", "flop/s": peak}
    for way, method in methods.items():
        times = spread(method.run.sweeps[1:])
        speeds = {name: 2 * n * products(8, degree, way) / times[name] for name in ("best", "median")}
        report["fused" if way else "through BLAS"] = {
            "sweeps alone": times,
            "flop/s": speeds,
            "share": {name: speeds[name] / peak[name] for name in speeds},
        }
    return report


def bounds_sweep(n: int, shares: Sequence[float], rtol: float, rounds: int) -> list[dict[str, Any]]:
    """B from small to 2√(ln n), d = 8, uniform, float64: what each method takes to meet a tolerance."""
    rows = []
    for share in shares:
        bound = share * math.sqrt(math.log(n))
        arrays = arrays_of("uniform", n, 8, bound, np.random.default_rng([n, int(1000 * share)]), np.float64)
        true = exact_solution(checked_problem(**arrays), ("X",)).gradients["X"]
        runs: dict[str, Callable[[], Any]] = {
            "SDPA, autograd": sdpa_method(arrays).run,
            "exact": exact_method(arrays, True).run,
            "fast": FastCall(arrays, True, rtol=rtol),
            "auto": lambda arrays=arrays: attention_gradient(**arrays, rtol=rtol),
        }
        row: dict[str, Any] = {"n": n, "d": 8, "B": bound, "B in sqrt(ln n)": share, "rtol": rtol}
        try:
            with kernels(True):
                runs["fast"]()
        except ApproximationError as error:
            row["fast refused"] = str(error)
            del runs["fast"]
        else:
            runs["fast"] = FastCall(arrays, True, rtol=rtol)
        taken, found = interleaved(runs, rounds)
        row["seconds"] = {name: spread(times) for name, times in taken.items()}
        row["auto chose"] = found["auto"].method
        if "fast" in found:
            fast = found["fast"]
            row |= {"degree": fast.degree, "features": fast.features}
            row["error of fast"] = relative_error(fast.gradients["X"], true)
        rows.append(row)
    return rows
