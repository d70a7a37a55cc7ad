"""What was to be reached beside what was, computed from the results of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Row", "reach", "reach_table"]

_NONE = "not measured"


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        what: is measured.
        target: what was to be reached.
        found: the number, by medians; None: not measured.
        best: the same by best times, where it is of times.
        met: whether ``found`` reaches the target; None: not measured.
        shown: ``found`` in words, with how it came about.
    """

    what: str
    target: str
    found: float | None
    best: float | None
    met: bool | None
    shown: str


def reach(cells: Mapping[str, Any]) -> list[Row]:
    """The rows, from those of ``large``, ``baseline``, ``share``, ``from n`` and ``ranks`` that there are."""
    rows = []
    for part in ("sweeps alone", "whole call"):
        for error, target in ((1e-4, 2000), (1e-3, 4000)):
            rows.append(_ratio(cells, "SDPA, autograd", "SDPA autograd", error, target, part))
    for part in ("sweeps alone", "whole call"):
        rows.append(_ratio(cells, "exact, fused", "our fused exact", 1e-4, 200, part))
    rows += [_baseline(cells.get("baseline")), *_shares(cells.get("share"))]
    rows += [_from_n(cells.get("from n"), part) for part in ("sweeps alone", "whole call")]
    return [*rows, _ranks(cells.get("ranks"))]


def _row(what: str, target: str, found: Any, best: Any, met: Callable[[Any], bool], shown: str) -> Row:
    return Row(what, target, found, best, None if found is None else met(found), shown)


def _ratio(cells: Mapping[str, Any], slow: str, called: str, error: float, target: float, part: str) -> Row:
    """Against a baseline, of the fused run that takes the least time among those within an error of dL/dX.

    The baseline is a block of queries, scaled; and, where there is one, the smaller run of all queries,
    scaled by n².  The one that is better for the baseline counts.
    """
    cell = cells.get("large")
    n = "2^17" if cell is None else _power(cell["n"])
    what = f"n = {n} against {called}, relative error ≤ {error:.0e}, {part}"
    wanted = f"≥ {target:,}x"
    if cell is None or slow not in cell["methods"]:
        return Row(what, wanted, None, None, None, _NONE)
    fast = {
        name: entry
        for name, entry in cell["methods"].items()
        if name.startswith("fast, fused") and entry["relative error"].get("of dL/dX", float("inf")) <= error
    }
    if not fast:
        return Row(what, wanted, None, None, None, "no degree measured is within the error")
    name = min(fast, key=lambda name: fast[name][part]["median"])
    baseline, ours = cell["methods"][slow], fast[name]
    found, best = (baseline["whole call"][of] / ours[part][of] for of in ("median", "best"))
    scaled = f"baseline by a block, scaled by {baseline['scaled by']:g}" if "scaled by" in baseline else ""
    smaller = cells.get("baseline")
    if scaled and smaller is not None and slow in smaller["methods"]:
        factor, times = (cell["n"] / smaller["n"]) ** 2, smaller["methods"][slow]["whole call"]
        other, other_best = (factor * times[of] / ours[part][of] for of in ("median", "best"))
        whole = f"all queries at {_power(smaller['n'])}, scaled by n²"
        if other < found:
            scaled, found, best, other = f"baseline by {whole}", other, other_best, found
            whole = f"a block, scaled by {baseline['scaled by']:g}"
        scaled += f"; {other:,.0f}x by {whole}"
    error_found = ours["relative error"]["of dL/dX"]
    words = [name.removeprefix("fast, fused, "), f"error {error_found:.1e}", *([scaled] if scaled else [])]
    shown = f"{found:,.0f}x ({', '.join(words)})"
    return _row(what, wanted, found, best, lambda value: value >= target, shown)


def _baseline(cell: Mapping[str, Any] | None) -> Row:
    n = "2^15" if cell is None else _power(cell["n"])
    what, wanted = f"fused exact against SDPA autograd at {n}", "≥ 3x"
    methods = {} if cell is None else cell["methods"]
    if not {"SDPA, autograd", "exact, fused"} <= set(methods):
        return Row(what, wanted, None, None, None, _NONE)
    slow, ours = (methods[name]["whole call"] for name in ("SDPA, autograd", "exact, fused"))
    found, best = (slow[of] / ours[of] for of in ("median", "best"))
    return _row(what, wanted, found, best, lambda value: value >= 3, f"{found:.2f}x")


def _shares(cell: Mapping[str, Any] | None) -> list[Row]:
    n, k = ("2^20", 495) if cell is None else (_power(cell["n"]), cell["features"])
    rows = []
    for kind, target in (("fused", 0.60), ("through BLAS", 0.35)):
        what, wanted = f"share of sgemm peak at n = {n}, k = {k}, {kind}, sweeps alone", f"≥ {target:.0%}"
        if cell is None or kind not in cell:
            rows.append(Row(what, wanted, None, None, None, _NONE))
            continue
        found, best = (cell[kind]["share"][of] for of in ("median", "best"))
        rows.append(
            _row(what, wanted, found, best, lambda value, target=target: value >= target, f"{found:.0%}")
        )
    return rows


def _from_n(cell: Mapping[str, Any] | None, part: str) -> Row:
    what, wanted = f"n from which fast beats SDPA, {part}", "≤ 512"
    if cell is None:
        return Row(what, wanted, None, None, None, _NONE)
    what += f", degree {cell['degree']}"
    found = cell["from n"][part]
    if found is None:
        largest = max(row["n"] for row in cell["rows"])
        return Row(what, wanted, None, None, False, f"not up to {largest:,}")
    worst = max(row["error"] for row in cell["rows"] if row["n"] >= found)
    shown = f"{found:,} (error up to {worst:.1e} from there)"
    return _row(what, wanted, float(found), None, lambda value: value <= 512, shown)


def _ranks(cell: list[Mapping[str, Any]] | None) -> Row:
    n = "" if not cell else f", n = {cell[0]['n']:,}"
    what, wanted = f"k on decaying-spectrum data{n}", "≤ 3x the ε-rank"
    if not cell:
        return Row(what, wanted, None, None, None, _NONE)
    ratios = [row["k over rank"] for row in cell]
    if None in ratios:
        return Row(what, wanted, None, None, False, "some k beyond what is looked at")
    worst = max(ratios)
    shown = f"{worst:.2f}x at most, in {len(ratios)} cases"
    return _row(what, wanted, worst, None, lambda value: value <= 3, shown)


def reach_table(rows: list[Row]) -> str:
    """As Markdown."""
    words = {True: "yes", False: "no", None: "–"}
    lines = ["| | to reach | reached, by medians | by best times | met |", "|---|---|---|---|---|"]
    for row in rows:
        best = "" if row.best is None else f"{row.best:.0%}" if "%" in row.target else f"{row.best:,.1f}x"
        lines.append(f"| {row.what} | {row.target} | {row.shown} | {best} | {words[row.met]} |")
    return "\n".join(lines) + "\n"


def _power(n: int) -> str:
    return f"2^{n.bit_length() - 1}" if n & (n - 1) == 0 else f"{n:,}"
