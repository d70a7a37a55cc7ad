"""The probe drawn: a heat map of time, exponents of time in n, and the transition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofcheck import plots
from proofcheck.errors import UserInputError
from proofcheck.extras import check_extras
from reductions.probe.cells import FAMILIES
from reductions.probe.fit import Crossing, crossings, exponents
from reductions.probe.row import Row

__all__ = ["FORMATS", "Picture", "draw"]

FORMATS = ("svg", "png")

_STYLES = dict(zip(FAMILIES, zip(plots.CYCLE, plots.MARKERS, strict=True), strict=False))
_B_AXIS = r"$B\,/\,\sqrt{\ln n}$"
_MOST_LOG = 2.0  # decades of the ratio that the colours tell apart, on each side


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        name: of its file, without an ending.
        svg, png: the file's bytes, the same every time for the same rows and version of matplotlib.
    """

    name: str
    svg: bytes
    png: bytes


def draw(rows: Sequence[Row], *, seed: int = 0) -> Iterator[Picture]:
    """All pictures of a probe: for each d a heat map for each ε, the exponents, and the transition.

    Args:
        rows: of a probe, at least one.
        seed: of the intervals.

    Raises:
        UserInputError: there are no rows; matplotlib is not installed.
    """
    if not rows:
        raise UserInputError("the probe has no rows yet: nothing can be drawn; finish it with --resume")
    check_extras("notebooks")
    for d in sorted({row.d for row in rows}):
        own = [row for row in rows if row.d == d]
        for eps in sorted({row.eps for row in own}, reverse=True):
            yield _picture(f"heat-d{d}-eps{eps:g}", _heat, [row for row in own if row.eps == eps], d, eps)
        yield _picture(f"exponents-d{d}", _exponents, own, d, seed)
        yield _picture(f"transition-d{d}", _transition, own, d, seed)


def _picture(name: str, drawer: Callable[..., Any], *given: Any) -> Picture:
    with plots.styled():
        figure = drawer(*given)
    return Picture(name, plots.rendered(figure, "svg"), plots.rendered(figure, "png"))


def _sized(what: str, rows: Sequence[Row], d: int) -> str:
    """A title with the n, d and B of the rows."""
    bounds = plots.span([row.b for row in rows])
    return plots.titled(what, n=[row.n for row in rows], d=d, B=f"{bounds} times √ln n")


# --- the heat map ----------------------------------------------------------------------------------


def _heat(rows: Sequence[Row], d: int, eps: float) -> Any:
    """Time of fast over exact, a panel for each family; the degree in each cell."""
    families = [family for family in FAMILIES if any(row.family == family for row in rows)]
    sizes, bounds = sorted({row.n for row in rows}), sorted({row.b for row in rows})
    columns = min(len(families), 3)
    lines = -(-len(families) // columns)
    figure, grid = plots.figure(
        1.4 + (0.7 + 0.42 * len(bounds)) * columns, 1.5 + (1.1 + 0.42 * len(sizes)) * lines, lines, columns
    )
    image = None
    for at, axes in enumerate(grid.flat):
        if at >= len(families):
            axes.set_axis_off()
            continue
        own = {(row.n, row.b): row for row in rows if row.family == families[at]}
        image = _heat_panel(axes, own, sizes, bounds, families[at])
    bar = figure.colorbar(image, ax=grid, shrink=0.8)
    bar.set_label("time of fast / time of exact (log₁₀)")
    figure.suptitle(
        f"{_sized(f'Fast over exact at relative error {eps:g}', rows, d)}\n"
        "numbers: degree; grey: not met within the budget; blank: no such inputs"
    )
    return figure


def _heat_panel(
    axes: Any, rows: dict[tuple[int, float], Row], sizes: list[int], bounds: list[float], family: str
) -> Any:
    values = np.full((len(sizes), len(bounds)), np.nan)
    for (n, b), row in rows.items():
        i, j = sizes.index(n), bounds.index(b)
        ratio = row.ratio
        if ratio is not None:
            values[i, j] = math.log10(ratio)
            dark = abs(values[i, j]) > 0.65 * _MOST_LOG
            axes.text(j, i, str(row.degree), ha="center", va="center", fontsize=7, color="w" if dark else "k")
        elif row.exists:
            axes.add_patch(_square(j, i))
    image = axes.imshow(values, cmap="PuOr_r", vmin=-_MOST_LOG, vmax=_MOST_LOG, origin="lower", aspect="auto")
    axes.grid(False)
    axes.set_xticks(range(len(bounds)), [plots.span(b) for b in bounds], rotation=60)
    axes.set_yticks(range(len(sizes)), [plots.span(n) for n in sizes])
    axes.set_title(family)
    axes.set_xlabel(_B_AXIS)
    axes.set_ylabel("n (rows)")
    return image


def _square(x: float, y: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor="#d9d9d9", edgecolor=plots.GREY, hatch="////", lw=0)


# --- the exponents ---------------------------------------------------------------------------------


def _exponents(rows: Sequence[Row], d: int, seed: int) -> Any:
    """Slopes of log time in log n against b, a panel for each ε."""
    found = exponents(rows, np.random.default_rng(seed))
    levels = sorted({row.eps for row in rows}, reverse=True)
    figure, (panels,) = plots.figure(1 + 4.2 * len(levels), 4.2, 1, len(levels), sharey=True)
    for axes, eps in zip(panels, levels, strict=True):
        for family, (colour, marker) in _STYLES.items():
            for method, line, filled in (("fast", "-", True), ("exact", ":", False)):
                own = [one for one in found if (one.eps, one.family, one.method) == (eps, family, method)]
                if own:
                    _curve(axes, own, f"{method}, {family}", colour, marker, line, filled)
        axes.axhline(2, color=plots.GREY, lw=0.8)
        axes.axhline(1, color=plots.GREY, lw=0.8, ls="--")
        axes.set_title(f"relative error {eps:g}")
        _bounds_axis(axes, rows)
    panels[0].set_ylabel("exponent of time in n")
    if found:
        legends = [axes.get_legend_handles_labels() for axes in panels]
        handles, labels = max(legends, key=lambda legend: len(legend[0]))
        figure.legend(handles, labels, loc="outside lower center", ncols=5)
    figure.suptitle(
        f"{_sized('Slope of log time against log n, least squares with 95 % intervals', rows, d)}\n"
        "settings with fewer than three sizes at which the error is met have none"
    )
    return figure


def _curve(
    axes: Any, own: Sequence[Any], label: str, colour: str, marker: str, line: str, filled: bool
) -> None:
    own = sorted(own, key=lambda one: one.b)
    values = [one.value for one in own]
    # A bootstrap interval of a median need not hold the value itself.
    low = [max(one.value - one.low, 0.0) for one in own]
    high = [max(one.high - one.value, 0.0) for one in own]
    axes.errorbar(
        [one.b for one in own],
        values,
        yerr=(low, high),
        color=colour,
        marker=marker,
        ls=line,
        capsize=2,
        mfc=colour if filled else "white",
        label=label,
    )


# --- the transition --------------------------------------------------------------------------------


def _transition(rows: Sequence[Row], d: int, seed: int) -> Any:
    """The crossing against n; features and ranks against b; decisions against b."""
    figure, (panels,) = plots.figure(14.5, 4.6, 1, 3)
    found = crossings(rows, np.random.default_rng(seed))
    _crossing_panel(panels[0], found)
    _need_panel(panels[1], rows)
    _decision_panel(panels[2], rows)
    figure.suptitle(_sized("The transition", rows, d))
    return figure


def _crossing_panel(axes: Any, found: Sequence[Crossing]) -> None:
    levels = sorted({one.eps for one in found}, reverse=True)
    for family, (colour, marker) in _STYLES.items():
        for at, eps in enumerate(levels):
            own = sorted(
                (one for one in found if (one.family, one.eps) == (family, eps) and one.state != "below"),
                key=lambda one: one.n,
            )
            if not own:
                continue
            style = {"color": colour, "ls": plots.LINES[at % len(plots.LINES)]}
            axes.plot([one.n for one in own], [one.value for one in own], marker="", **style)
            for one in own:
                if one.state == "beyond":
                    axes.plot(one.n, one.value, marker=6, color=colour, ms=8)
                else:
                    low = 0.0 if one.low is None else max(one.value - one.low, 0.0)
                    high = 0.0 if one.high is None else max(one.high - one.value, 0.0)
                    axes.errorbar(
                        one.n, one.value, yerr=([low], [high]), color=colour, marker=marker, capsize=2
                    )
            axes.plot([], [], marker=marker, label=f"{family}, ε = {eps:g}", **style)
    if found:
        plots.axis_at(axes, "x", sorted({one.n for one in found}))
    axes.set_xlabel("n (rows)")
    axes.set_ylabel(r"crossing $B^{*}\,/\,\sqrt{\ln n}$")
    axes.set_title("where fast takes as long as exact (△ caret: beyond what was met)", fontsize=8)
    if found and axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=6)


def _need_panel(axes: Any, rows: Sequence[Row]) -> None:
    """At the largest n with ranks, else the largest: what is needed at the largest ε."""
    eps = max(row.eps for row in rows)
    ranked = [row.n for row in rows if row.rank is not None]
    n = max(ranked or [row.n for row in rows])
    for family, (colour, marker) in _STYLES.items():
        own = sorted((r for r in rows if (r.n, r.eps, r.family) == (n, eps, family)), key=lambda r: r.b)
        features = [(row.b, row.features) for row in own if row.features is not None]
        rank = [(row.b, row.rank) for row in own if row.rank is not None]
        style = {"color": colour, "marker": marker}
        axes.plot(*_coordinates(features), ls="-", label=f"features, {family}", **style)
        axes.plot(*_coordinates(rank), ls=":", mfc="white", label=f"rank, {family}", **style)
    axes.axhline(n, color=plots.GREY, lw=0.8)
    axes.set_yscale("log")
    _bounds_axis(axes, rows)
    axes.set_ylabel("number (line: n)")
    axes.set_title(f"features of the fast method, and ε-rank of exp(S); n = {n:,}, ε = {eps:g}", fontsize=8)
    axes.legend(fontsize=6, ncols=2)


def _bounds_axis(axes: Any, rows: Sequence[Row]) -> None:
    plots.axis_at(axes, "x", sorted({row.b for row in rows}))
    axes.set_xlabel(_B_AXIS)


def _coordinates(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _decision_panel(axes: Any, rows: Sequence[Row]) -> None:
    """Shares of decisions over all n, against b."""
    eps = max(row.eps for row in rows)
    own = [row for row in rows if row.family == "hard" and row.eps == eps and row.instances]
    bounds = sorted({row.b for row in own})
    for label, name, colour, marker, line in (
        ("exact, certified", "exact_right", plots.GREY, "o", "-"),
        ("exact, by the value alone", "exact_plain_right", plots.GREY, "s", ":"),
        ("fast, certified", "right", plots.BLUE, "o", "-"),
        ("fast, by the value alone", "plain_right", plots.BLUE, "s", ":"),
        ("fast, wrong", "wrong", plots.VERMILION, "x", "-"),
    ):
        shares = []
        for b in bounds:
            at = [row for row in own if row.b == b]
            shares.append(sum(getattr(row, name) for row in at) / sum(row.instances or 0 for row in at))
        axes.plot(bounds, shares, color=colour, marker=marker, ls=line, label=label)
    axes.set_ylim(-0.03, 1.03)
    _bounds_axis(axes, rows)
    axes.set_ylabel("share of hard instances decided right")
    budget = max((row.oracle_features or 0 for row in own), default=0)
    axes.set_title(f"decisions, YES and NO alike; fast with at most {budget:,} features", fontsize=8)
    if own:
        axes.legend(fontsize=6)
    else:
        axes.text(0.5, 0.5, "no hard instances", ha="center", transform=axes.transAxes)
