"""The gradient in X by every method, side by side in one process: time, error, memory.

    python benchmarks/gradient.py --quick
    python benchmarks/gradient.py --record [--minutes M]
    python benchmarks/gradient.py --keep
    python benchmarks/gradient.py [--rounds R] [--minutes M] [--only WORD] [-o FILE]

Side by side are torch's scaled_dot_product_attention with autograd; the exact and the fast method, by
compiled kernels ("fused") and by array operations of NumPy; FAVOR+ with as many features as the fast method.
All methods of a cell are run in turn, round after round; times are best, median and worst.  Exact baselines
beyond n = 2^15 are of one block of queries against all keys, scaled, and say so.  "Sweeps alone" is the phase
"fast" of the whole call, which adds the range of the scores, the polynomial, the bound and the estimate.

--quick prints the table of what was to be reached with what was; it is meant for 5 minutes on 2 quiet cores.
--record does all cells, writes docs/benchmarks.json, the pictures in docs/images and the tables of
docs/benchmarks.md; it refuses a loaded machine.  With --minutes the most important cells that fit are done,
and the others named.  --keep measures nothing, and makes page and pictures anew of docs/benchmarks.json.
Needs the extra "test".
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from proofcheck.errors import UserInputError
from proofcheck.files import write_atomically
from side_by_side.budget import Cell, run_cells
from side_by_side.machine import Watch, environment
from side_by_side.page import conditions, replaced, tables
from side_by_side.pictures import drawn
from side_by_side.plan import full_cells, quick_cells
from side_by_side.reach import reach, reach_table

DOCS = Path(__file__).parent.parent / "docs"


def note(text: str) -> None:
    """To standard error."""
    print(text, file=sys.stderr, flush=True)


def measured(cells: list[Cell], seconds: float | None, watch: Watch) -> dict[str, Any]:
    """The report of a run."""
    results, left_out = run_cells(cells, seconds, note)
    for name in left_out:
        note(f"left out: {name}")
    return {
        "environment": environment(),
        "load": watch.report(),
        "cells": results,
        "left out": left_out,
    }


def record(report: dict[str, Any], docs: Path) -> None:
    """Write the JSON, the pictures and the tables.

    Raises:
        UserInputError: the page has no place for them, or the machine became loaded in the meantime.
    """
    page = docs / "benchmarks.md"
    if report["load"]["loaded machine"]:
        raise UserInputError("loaded machine: others used the processors during the run; nothing is recorded")
    pictures = drawn(report)
    text = replaced(page.read_text(encoding="utf-8"), tables(report, tuple(pictures)))
    write_atomically(docs / "benchmarks.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    for name, svg in pictures.items():
        write_atomically(docs / "images" / f"{name}.svg", svg)
    write_atomically(page, text)


def options(arguments: list[str] | None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the table of reach, in less than 5 minutes")
    parser.add_argument(
        "--record", action="store_true", help="write the JSON, pictures and tables of the docs"
    )
    parser.add_argument("--keep", action="store_true", help="measure nothing: page and pictures only")
    parser.add_argument("--minutes", type=float, metavar="M", help="do what fits in this time")
    parser.add_argument("--rounds", type=int, default=5, metavar="R", help="of a full run (default 5)")
    parser.add_argument("--only", metavar="WORD", help="cells whose name has this")
    parser.add_argument("--list", action="store_true", help="name the cells, the most important first")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the JSON here")
    found = parser.parse_args(arguments)
    if found.keep and (found.quick or found.record):
        parser.error("--keep measures nothing; leave out --quick and --record")
    if found.quick and found.record:
        parser.error("--record is of a full run; leave out --quick")
    if found.minutes is not None and not found.minutes > 0:
        parser.error(f"--minutes {found.minutes:g}: expected more than 0")
    if found.rounds < 2:
        parser.error(f"--rounds {found.rounds}: expected at least 2, for a spread")
    return found


def recorded(docs: Path) -> dict[str, Any]:
    """The run that the page is of.

    Raises:
        UserInputError: none is recorded.
    """
    path = docs / "benchmarks.json"
    if not path.exists():
        raise UserInputError(f"no run is recorded in {path.name}; measure one with --record")
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def main(arguments: list[str] | None = None) -> int:
    """Run the cells asked for; 2 where nothing can be recorded."""
    chosen = options(arguments)
    if chosen.keep:
        try:
            record(recorded(DOCS), DOCS)
        except UserInputError as error:
            note(str(error))
            return 2
        return 0
    cells = quick_cells() if chosen.quick else full_cells(chosen.rounds)
    cells = [cell for cell in cells if chosen.only is None or chosen.only in cell.name]
    if chosen.list:
        for cell in sorted(cells, key=lambda cell: cell.importance):
            print(f"{cell.cost:6.0f} s  {cell.name}")
        return 0
    watch = Watch()
    if watch.loaded_at_start():
        note("loaded machine: the load is above 1 per processor, and figures are no results")
        if chosen.record:
            return 2
    report = measured(cells, None if chosen.minutes is None else 60 * chosen.minutes, watch)
    try:
        if chosen.record:
            record(report, DOCS)
        if chosen.output is not None:
            text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
            write_atomically(chosen.output.resolve(), text)
    except UserInputError as error:
        note(str(error))
        return 2
    print(conditions(report), end="\n\n")
    print(reach_table(reach(report["cells"])), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
