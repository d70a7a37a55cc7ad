"""The probe that comes with the package, its pictures, and the tables of docs/probe.md.

    python benchmarks/probe.py [--resume] [--jobs N]

Measures the grid below into build/probe, some minutes on two quiet cores. Then it writes
reductions/probe/shipped.parquet, docs/images/probe-*.svg and what stands between the markers of
docs/probe.md. ``--keep`` measures nothing, and writes the page and the pictures anew from what is shipped.
Afterwards ``python notebooks/execute.py`` shows the new numbers in notebook 03. Needs the extras ``data``,
``fast`` and ``notebooks``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from proofcheck.command import usable_cpus
from proofcheck.files import replacing, write_atomically
from proofcheck.streams import progress_bar
from reductions.probe import FAMILIES, Grid, LocalEngine, Row, draw, probe, shipped
from reductions.probe.report import cell_rows, crossing_rows, decision_rows, exponent_rows, markdown_table
from reductions.probe.store import SHIPPED, rows_to_parquet

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "probe.md"
IMAGES = ROOT / "docs" / "images"
#: Where cells go; git ignores it.
CELLS = ROOT / "build" / "probe"
GRID = Grid(
    n=(512, 1024, 2048, 4096),
    d=(8, 16),
    b=(0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0),
    families=FAMILIES,
    eps=(1e-2, 1e-4),
)
#: Of the pictures, those on the page.
SHOWN = ("heat-d8-eps0.01", "exponents-d8", "transition-d8", "transition-d16")


def main() -> None:
    """Measure, and write all there is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=usable_cpus(), help="worker processes (default: CPUs)")
    parser.add_argument("--resume", action="store_true", help="go on with what is in build/probe")
    parser.add_argument("--keep", action="store_true", help="measure nothing: page and pictures only")
    options = parser.parse_args()
    if not options.keep:
        CELLS.parent.mkdir(exist_ok=True)
        with progress_bar(False) as progress:
            done = probe(
                GRID, CELLS, engine=LocalEngine(options.jobs), resume=options.resume, progress=progress
            )
        with replacing(SHIPPED) as file:
            file.write(rows_to_parquet(done.result.rows))
    rows = shipped().rows
    for picture in draw(rows):
        if picture.name in SHOWN:
            write_atomically(IMAGES / f"probe-{picture.name}.svg", picture.svg.decode())
    write_atomically(PAGE, page(PAGE.read_text(encoding="utf-8"), rows))
    print(f"wrote {SHIPPED.name}, {len(SHOWN)} pictures and {PAGE.name}", file=sys.stderr)


def page(text: str, rows: Sequence[Row]) -> str:
    """The page with what stands between its markers made anew."""
    for name, table in tables(rows).items():
        marker = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        text, count = re.subn(
            marker, lambda match, table=table: f"{match[1]}{table}{match[2]}", text, flags=re.S
        )
        if count != 1:
            raise SystemExit(f"{PAGE.name} has {count} places for {name}; expected one")
    return text


def tables(rows: Sequence[Row]) -> dict[str, str]:
    """What the page shows, by the name of its markers."""
    ranked = max(row.n for row in rows if row.rank is not None)
    largest = max(row.n for row in rows)
    cells = [row for row in rows if (row.n, row.d, row.eps) == (ranked, 8, 1e-2)]
    return {
        "machine": machine(rows),
        "crossings": markdown_table(crossing_rows(rows)),
        "exponents": markdown_table(exponent_rows([row for row in rows if row.eps == 1e-2])),
        "cells": markdown_table(cell_rows(cells)),
        "decisions": markdown_table(decision_rows([row for row in rows if row.n == largest])),
    }


def machine(rows: Sequence[Row]) -> str:
    """A paragraph on what was measured where."""
    places = sorted({row.environment for row in rows})
    words = "; and ".join(map(_place, map(json.loads, places)))
    loads = [row.load for row in rows if row.load is not None]
    load = f"load over one minute from {min(loads):.1f} to {max(loads):.1f}" if loads else "load unknown"
    cells = len({row.cell for row in rows})
    return (
        f"{cells} cells, n = {_list(row.n for row in rows)}, d = {_list(row.d for row in rows)}, "
        f"B/√ln n = {_list(row.b for row in rows)}, errors {_list(row.eps for row in rows)}, "
        f"seed {_list(row.seed for row in rows)}, at most {_list(row.budget for row in rows)} features. "
        f"Measured on {words}; {load}.\n"
    )


def _place(data: dict[str, object]) -> str:
    versions = data["versions"]
    assert isinstance(versions, dict)
    named = ", ".join(f"{name} {number}" for name, number in versions.items() if name != "proofcheck")
    return (
        f"{data['machine']} under {data['system']} with {data['cpus']} usable processors, one thread a "
        f"process, {data['computed by']}, Python {data['python']}, {named}"
    )


def _list(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(set(values)))


if __name__ == "__main__":
    main()
