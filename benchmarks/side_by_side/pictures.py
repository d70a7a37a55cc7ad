"""Pictures of a run as SVG, in the style of :mod:`proofcheck.plots`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proofcheck import plots

__all__ = ["PICTURES", "drawn"]


def _against_n(cells: Mapping[str, Any], axes: Any) -> bool:
    cell = cells.get("slope")
    if cell is None:
        return False
    for part in ("sweeps alone", "whole call"):
        times = [cell[part]["seconds"][str(n)] for n in cell["sizes"]]
        axes.plot(cell["sizes"], [time["median"] for time in times], label=f"fast, {part}")
        axes.fill_between(
            cell["sizes"], [time["best"] for time in times], [time["worst"] for time in times], alpha=0.2
        )
    baselines = [cells[name] for name in ("baseline", "large") if name in cells]
    for method in ("SDPA, autograd", "exact, fused", "exact, NumPy"):
        points = [
            (one["n"], one["methods"][method]["whole call"]["median"])
            for one in baselines
            if method in one["methods"]
        ]
        if points:
            axes.plot(*zip(*points, strict=True), label=f"{method} (n = 2^17: a block, scaled)")
    axes.set(xscale="log", yscale="log", xlabel="n (rows)", ylabel="time of dL/dX (seconds)")
    sizes = {"n": [int(n) for n in cell["sizes"]], "d": cell["d"], "B": cell["B"]}
    axes.set_title(f"{plots.titled('Time against n', **sizes)}, degree {cell['degree']}, medians")
    return True


def _against_error(cells: Mapping[str, Any], axes: Any) -> bool:
    cell = cells.get("large")
    if cell is None:
        return False
    groups: dict[str, list[tuple[float, float]]] = {}
    for name, entry in cell["methods"].items():
        family = ", ".join(
            part for part in name.split(", ") if "degree" not in part and "features" not in part
        )
        point = (entry["relative error"]["of rows of dL/dQ"], entry["whole call"]["median"])
        if point[0] > 0:
            groups.setdefault(family, []).append(point)
    for family, points in groups.items():
        axes.plot(*zip(*points, strict=True), label=family)
    axes.set(xscale="log", yscale="log", ylabel="time of dL/dX, whole call (seconds)")
    axes.set_xlabel(f"relative error of {cell['rows of dL/dQ']} rows of dL/dQ (no unit)")
    sizes = {"n": cell["n"], "d": cell["d"], "B": cell["B"]}
    axes.set_title(f"{plots.titled('Time against error', **sizes)}, medians")
    return True


def _against_bound(cells: Mapping[str, Any], axes: Any) -> bool:
    rows = cells.get("B sweep")
    if not rows:
        return False
    for name in ("SDPA, autograd", "exact", "fast", "auto"):
        points = [(row["B"], row["seconds"][name]["median"]) for row in rows if name in row["seconds"]]
        if points:
            axes.plot(*zip(*points, strict=True), label=name)
    first = rows[0]
    axes.set(yscale="log", xlabel="B (largest entry, no unit)", ylabel="time of dL/dX, whole call (seconds)")
    sizes = {"n": first["n"], "d": first["d"], "B": [row["B"] for row in rows]}
    axes.set_title(f"{plots.titled('Time against B', **sizes, rtol=first['rtol'])}, medians")
    return True


#: By name, what draws on axes if the run has what it needs.
PICTURES: Mapping[str, Callable[[Mapping[str, Any], Any], bool]] = {
    "time_against_n": _against_n,
    "time_against_error": _against_error,
    "time_against_B": _against_bound,
}


def drawn(report: Mapping[str, Any]) -> dict[str, str]:
    """The SVGs that the cells of a run allow, by name."""
    found = {}
    for name, draw in PICTURES.items():
        with plots.styled():
            figure, ((axes,),) = plots.figure(6.5, 4.2)
            if not draw(report["cells"], axes):
                continue
            axes.legend()
            if report["load"]["loaded machine"] is not False:
                words = {"transform": axes.transAxes, "ha": "center", "color": plots.VERMILION}
                axes.text(0.5, 0.5, "loaded machine", **words)
        found[name] = plots.rendered(figure, "svg").decode()
    return found
