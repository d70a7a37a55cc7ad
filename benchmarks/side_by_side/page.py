"""The tables of a run, and their place in a page of the docs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proofcheck.errors import UserInputError

from .reach import reach, reach_table

__all__ = ["BEGIN", "END", "conditions", "replaced", "tables"]

BEGIN, END = "<!-- begin: benchmarks/gradient.py -->", "<!-- end: benchmarks/gradient.py -->"


def replaced(page: str, text: str) -> str:
    """The page with the text between its two markers.

    Raises:
        UserInputError: it has not one of each, in this order.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise UserInputError(f"the page needs the lines {BEGIN!r} and {END!r}, once each and in this order")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    return f"{before}{BEGIN}\n{text.strip()}\n{END}{after}"


def conditions(report: Mapping[str, Any]) -> str:
    """When, where and with what, in a sentence or two; says so where the machine was busy."""
    machine, load = report["environment"], report["load"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number)
    text = (
        f"{machine['date']}, {machine['cpus']} processors ({machine['processor'] or machine['machine']}), "
        f"Python {machine['python']}, {versions}. "
        f"Load average {_number(load['load average at start'])} at the start and "
        f"{_number(load['load average at end'])} at the end; this run used "
        f"{load['processors used by this run']:.1f} processors, others "
        f"{_number(load['processors used by others'])}."
    )
    if load["loaded machine"] is not False:
        state = "**Loaded machine**" if load["loaded machine"] else "**The load is not known**"
        text += f" {state}: the figures are no results."
    return text


def tables(report: Mapping[str, Any], pictures: tuple[str, ...] = ()) -> str:
    """All tables of a run as Markdown, with links to pictures beside the page."""
    cells = report["cells"]
    parts = [conditions(report), reach_table(reach(cells))]
    parts += [f"![{name}](images/{name}.svg)" for name in pictures]
    beside = [cell for cell in cells.values() if isinstance(cell, dict) and "exact baselines" in cell]
    if beside:
        parts += ["### Side by side", _SIDE_BY_SIDE, *map(_methods, beside)]
    if "slope" in cells:
        parts += ["### Time against n", _slope(cells["slope"])]
    if "B sweep" in cells:
        parts += ["### Larger scores", _bounds(cells["B sweep"])]
    if "memory" in cells:
        parts += ["### Memory", _memory(cells["memory"])]
    if report["left out"]:
        parts.append(f"Left out for want of time: {'; '.join(report['left out'])}.")
    return "\n\n".join(part.strip() for part in parts) + "\n"


_SIDE_BY_SIDE = """Seconds: best, median (worst) of the rounds. A time with * is of the queries given, against
all keys, multiplied by n over their number. Errors are ‖g̃ − g‖_∞/‖g‖_∞, against exact float64."""


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _times(times: Mapping[str, float] | None, mark: str = "") -> str:
    if times is None:
        return ""
    return f"{times['best']:.3g}, {times['median']:.3g} ({times['worst']:.3g}){mark}"


def _methods(cell: Mapping[str, Any]) -> str:
    rows = []
    for name, entry in cell["methods"].items():
        mark = f" * {entry['queries measured']} queries" if "scaled by" in entry else ""
        errors = entry["relative error"]
        rows.append(
            (
                name,
                _times(entry["whole call"], mark),
                _times(entry.get("sweeps alone")),
                f"{errors['of dL/dX']:.1e}" if "of dL/dX" in errors else "",
                f"{errors['of rows of dL/dQ']:.1e}",
            )
        )
    head = ("", "whole call", "sweeps alone", "error of dL/dX", f"of {cell['rows of dL/dQ']} rows of dL/dQ")
    title = f"{cell['data']}, n = {cell['n']:,}, d = {cell['d']}, B = {cell['B']:g}"
    return f"**{title}**, {cell['dtype']}, exact baselines by {cell['exact baselines']}:\n\n" + _table(
        head, rows
    )


def _slope(cell: Mapping[str, Any]) -> str:
    rows = []
    for n in cell["sizes"]:
        times = (_times(cell[part]["seconds"][str(n)]) for part in ("sweeps alone", "whole call"))
        rows.append((f"{n:,}", *times))
    text = _table(("n", "sweeps alone", "whole call"), rows) + "\n\n"
    for part in ("sweeps alone", "whole call"):
        found = cell[part]["slope"]
        text += (
            f"Slope of log time in log n, {part}: {found['mean']:.3f}, {found['confidence']:.0%} interval "
            f"over rounds {found['low']:.3f} to {found['high']:.3f}; times are within a factor "
            f"{found['bend']:.2f} of the line.\n"
        )
    return text + f"\nDegree {cell['degree']}, d = {cell['d']}, B = {cell['B']:g}, {cell['computed by']}."


def _bounds(rows: list[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        fast = f"degree {row['degree']}, k = {row['features']:,}" if "degree" in row else "refused"
        error = f"{row['error of fast']:.1e}" if "error of fast" in row else ""
        names = ("SDPA, autograd", "exact", "fast", "auto")
        times = (_times(row["seconds"].get(name)) for name in names)
        share = f"{row['B']:.2f} = {row['B in sqrt(ln n)']:g} √ln n"
        lines.append((share, *times, row["auto chose"], fast, error))
    head = ("B", "SDPA", "exact", "fast", "auto", "auto chose", "fast took", "its error")
    first = rows[0]
    return f"n = {first['n']:,}, d = {first['d']}, uniform, float64, rtol = {first['rtol']:g}.\n\n" + _table(
        head, lines
    )


def _memory(rows: list[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        size = "unknown" if row["bytes"] is None else f"{row['bytes'] / 2**20:,.1f}"
        lines.append((f"{row['n']:,}", row["method"], size))
    return (
        "Peak of resident memory over what was resident before the call, inputs included there; d = 8, "
        "degree 3, a process for each.\n\n" + _table(("n", "", "MiB"), lines)
    )
