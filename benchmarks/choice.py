"""What "auto" chooses beside the methods that it chooses from, and error bounds beside true errors.

    python benchmarks/choice.py [--quick] [-o FILE] [PART ...]

Every method of "choice" is timed once a round; medians with the range.  Writes JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck import attention_gradient
from proofcheck.errors import ApproximationError
from proofcheck.files import write_atomically
from proofcheck.numeric.exact import exact_solution
from proofcheck.numeric.problem import checked_problem
from side_by_side.inputs import arrays_of
from side_by_side.machine import environment
from side_by_side.timing import interleaved, spread

_ROUNDS = 5


def note(text: str) -> None:
    """To standard error."""
    print(text, file=sys.stderr, flush=True)


def choice(quick: bool) -> list[dict[str, Any]]:
    """The choice of "auto" beside the methods that it chooses from, the tolerance being met by each."""
    rows = []
    for n, d in ((1000, 4), (2000, 8)) if quick else ((1000, 4), (2000, 8), (4000, 8), (8000, 8), (4000, 16)):
        for share in (0.25, 0.5, 1.0, 2.0):
            bound = share * math.sqrt(math.log(n))
            arrays = arrays_of("uniform", n, d, bound, np.random.default_rng(0), np.float64)
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
            times, _ = interleaved(runs, 2 if quick else _ROUNDS)
            taken = {name: spread(values) for name, values in times.items()}
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
            arrays = arrays_of("uniform", 2000, 8, bound, np.random.default_rng(seed), np.float64)
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


_PARTS = {"choice": choice, "bounds": bounds}


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
