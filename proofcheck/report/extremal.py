"""The best constants found for a claim's inequalities: as text, as JSON, and drawn against the sizes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from proofcheck import plots
from proofcheck.checks.binding import Sizes, sizes_words
from proofcheck.checks.counterexample import as_strings
from proofcheck.extremal import Constants, CurvePoint, Extreme, Instance
from proofcheck.report.by_hand import is_zero, matrix_lines, side_by_side

__all__ = ["draw", "finding", "to_json_text", "to_text"]

SCHEMA_VERSION = 1
_WIDTH = 100
_HEAD = ("form", "relation", "left/right", "at", "finding")
#: From here on a range is drawn on a logarithmic axis.
_WIDE = 20.0
_CLOSE = 1e-6
_MOST_ENTRY = 24


def finding(extreme: Extreme) -> str:
    """What is found about one relation, in a few words; *sharp* only where equality was decided."""
    ratio = extreme.ratio
    if extreme.refuted:
        return f"fails {extreme.refuted}"
    if ratio is None:
        return "no point with a positive right side was found"
    if ratio <= 0:
        return "no point with a positive left side was found"
    certain = extreme.instance is not None and extreme.instance.certificate is not None
    uncertain = "" if certain else ", not certified"
    if extreme.hidden:
        grows = ", ".join(_growing(extreme))
        more = f", grows with {grows}" if grows else ""
        return f"the hidden constant is at least {_short(ratio)}{more}{uncertain}"
    if extreme.exceeded:
        return f"fails: left is {_short(ratio)} times right"
    if extreme.attained:
        return "sharp: attained"
    if ratio > 1:
        return f"left seems to be {_short(ratio)} times right, not certified"
    if ratio > 1 - _CLOSE:
        return f"no slack seen: within {1 - ratio:.1e} of the bound, not attained there{uncertain}"
    return f"slack at most {ratio**-1:.4g}: bound / best found, not attained there{uncertain}"


def _short(ratio: float) -> str:
    # Balls end beside 0, not at it.
    return "0" if abs(ratio) < 1e-300 else f"{ratio:.6g}"


def to_text(found: Constants) -> str:
    """A table of all relations, then each with its ratios by size and its extremal instance."""
    claim = found.claim
    lines = [f"{claim.id}  {claim.title} ({claim.source})"]
    if found.sizes:
        walked = "; ".join(f"{name} = {', '.join(map(str, values))}" for name, values in found.sizes.items())
        lines += textwrap.wrap(f"sizes {walked}", _WIDTH)
    lines.append("")
    if found.extremes:
        lines += _table([_HEAD, *map(_row, found.extremes)])
    lines += [f"{name}: not searched: {reason}" for name, reason in found.faults.items()]
    for extreme in found.extremes:
        lines += ["", *_details(extreme)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(extreme: Extreme) -> tuple[str, ...]:
    at = "" if extreme.instance is None else sizes_words(_places(extreme.instance))
    ratio = "" if extreme.ratio is None else _short(extreme.ratio)
    return extreme.form, str(extreme.number), ratio, at, finding(extreme)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]


def _places(instance: Instance) -> dict[str, int]:
    return {**instance.sizes, **instance.indices}


def _details(extreme: Extreme) -> Iterator[str]:
    source = f": {extreme.source}" if extreme.source else ""
    head = f"{extreme.form}, relation {extreme.number}{source}"
    yield from textwrap.wrap(head, _WIDTH, subsequent_indent="    ")
    for symbol, points in _sweeps(extreme.curve).items():
        others = {name: size for name, size in points[-1].sizes.items() if name != symbol}
        beside = f", {sizes_words(others)}" if others else ""
        ratios = ", ".join(
            f"{'none' if one.ratio is None else _short(one.ratio)} at {one.sizes[symbol]}" for one in points
        )
        yield from textwrap.wrap(f"  by {symbol}{beside}: {ratios}", _WIDTH, subsequent_indent="      ")
    if extreme.instance is not None:
        yield from _instance(extreme, extreme.instance)


def _instance(extreme: Extreme, instance: Instance) -> Iterator[str]:
    """The instance as counterexamples are laid out, and both sides."""
    places = ", ".join(f"{name} = {value}" for name, value in _places(instance).items())
    yield f"  extremal instance{f' at {places}' if places else ''}"
    inputs = {name: as_strings(values) for name, values in instance.inputs.items()}
    zero = [name for name, value in inputs.items() if is_zero(value)]
    blocks = [matrix_lines(name, _shortened(value)) for name, value in inputs.items() if name not in zero]
    yield from side_by_side(blocks, _WIDTH, 6)
    if zero:
        yield f"      {' = '.join(zero)} = 0"
    certificate = instance.certificate
    if certificate is None:
        yield "    not certified: too many entries, or a side is not defined in interval arithmetic"
        return
    entry = ", ".join(map(str, certificate.entry))
    if entry:
        yield f"    entry ({entry})"
    if certificate.exact is not None and max(map(len, certificate.exact)) <= _WIDTH:
        yield f"    left = {certificate.exact[0]}"
        yield f"    right = {certificate.exact[1]}"
    else:
        yield f"    left in [{certificate.left[0]!r}, {certificate.left[1]!r}]"
        yield f"    right in [{certificate.right[0]!r}, {certificate.right[1]!r}]"
    if extreme.attained:
        yield "    left = right, decided in exact arithmetic"
    else:
        yield f"    left/right in [{certificate.ratio[0]!r}, {certificate.ratio[1]!r}], certified"


def _shortened(value: Any) -> Any:
    """Entries with very large denominators as decimals; the JSON report has them exactly."""
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    return value if len(value) <= _MOST_ENTRY else f"≈{float(Fraction(value)):.12g}"


def _sweeps(curve: Sequence[CurvePoint]) -> dict[str, list[CurvePoint]]:
    """By each size that was walked: the points with the other sizes at their largest."""
    largest = {name: max(one.sizes[name] for one in curve) for name in curve[0].sizes}
    found = {}
    for symbol in largest:
        points = [one for one in curve if {**one.sizes, symbol: 0} == {**largest, symbol: 0}]
        if len(points) > 1:
            found[symbol] = points
    return found


def _growing(extreme: Extreme) -> Iterator[str]:
    """The sizes along which the ratio rose at every step, by half as much again in all."""
    for symbol, points in _sweeps(extreme.curve).items():
        ratios = [one.ratio for one in points]
        known = [ratio for ratio in ratios if ratio is not None]
        rises = len(known) == len(ratios) and all(a < b for a, b in pairwise(known))
        if rises and known[-1] >= 1.5 * known[0] > 0:
            yield symbol


# --- JSON ------------------------------------------------------------------------------------------


def to_json_text(found: Constants, environment: Mapping[str, Any]) -> str:
    """The same as JSON, with exact inputs and what it takes to run it again.

    Args:
        found: what the search found.
        environment: versions, machine and seed, as other reports have them.
    """
    data = {
        "schema_version": SCHEMA_VERSION,
        "environment": dict(environment),
        "claim": {"id": found.claim.id, "title": found.claim.title, "source": found.claim.source},
        "sizes": {name: list(values) for name, values in found.sizes.items()},
        "faults": dict(found.faults),
        "relations": [_extreme_data(extreme) for extreme in found.extremes],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _extreme_data(extreme: Extreme) -> dict[str, Any]:
    return {
        "form": extreme.form,
        "relation_number": extreme.number,
        "relation": "bounded" if extreme.hidden else "at_most",
        "source": extreme.source,
        "ratio": extreme.ratio,
        "slack": extreme.slack,
        "attained": extreme.attained,
        "exceeded": extreme.exceeded,
        "finding": finding(extreme),
        "evaluations": extreme.evaluations,
        "curve": [{"sizes": dict(one.sizes), "ratio": one.ratio} for one in extreme.curve],
        "instance": None if extreme.instance is None else _instance_data(extreme.instance),
    }


def _instance_data(instance: Instance) -> dict[str, Any]:
    certificate = instance.certificate
    return {
        "sizes": dict(instance.sizes),
        "indices": dict(instance.indices),
        "inputs": {name: as_strings(values) for name, values in instance.inputs.items()},
        "certificate": None
        if certificate is None
        else {
            "entry": list(certificate.entry),
            "left": list(certificate.left),
            "right": list(certificate.right),
            "ratio": list(certificate.ratio),
            "exact": None if certificate.exact is None else list(certificate.exact),
        },
    }


# --- the plot --------------------------------------------------------------------------------------


def draw(found: Constants, format: str) -> bytes:
    """The ratios against each size that was walked, and the bound at 1.

    A line joins the points with the other sizes at their largest; the others are faint markers.

    Args:
        found: what the search found.
        format: one of ``plots.FORMATS``.

    Returns:
        The file's bytes, the same every time.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    symbols = [name for name, values in found.sizes.items() if len(values) > 1] or [*found.sizes][:1] or [""]
    with plots.styled():
        figure, (panels,) = plots.figure(5.2 * len(symbols), 4.4, 1, len(symbols))
        for axes, symbol in zip(panels, symbols, strict=True):
            _panel(axes, found, symbol)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(symbols))
        sizes = dict(sorted(found.sizes.items(), key=lambda one: (one[0] != "n", one[0])))
        title = plots.titled(f"{found.claim.id}: {found.claim.title}", **sizes)
        figure.suptitle("\n".join(textwrap.wrap(title, 60 * len(symbols))), parse_math=False)
    return plots.rendered(figure, format, dpi=150)


def _panel(axes: Any, found: Constants, symbol: str) -> None:
    """One size: a curve for each relation, the bound where there is one."""
    drawn: list[float] = []
    for k, extreme in enumerate(found.extremes):
        at = k % len(plots.CYCLE)
        style = {"color": plots.CYCLE[at], "marker": plots.MARKERS[at], "markersize": 5 - k % 3}
        points = [(one.sizes.get(symbol, 1), one.ratio, one.sizes) for one in extreme.curve]
        line = _at_largest(points, symbol)
        axes.plot(
            [x for x, _ in line],
            [y for _, y in line],
            linestyle=plots.LINES[at],
            label=_label(extreme),
            **style,
        )
        rest = [(x, ratio) for x, ratio, _ in points if ratio is not None]
        axes.plot([x for x, _ in rest], [y for _, y in rest], linestyle="", alpha=0.25, **style)
        drawn += [y for _, y in rest]
    if any(not extreme.hidden for extreme in found.extremes):
        axes.axhline(1.0, color=plots.GREY, linewidth=1, label="the bound")
    if drawn:
        walked = {one.sizes.get(symbol, 1) for extreme in found.extremes for one in extreme.curve}
        plots.axis_at(axes, "x", sorted(walked))
    if drawn and min(drawn) > 0 and max(drawn) > _WIDE * min(drawn):
        axes.set_yscale("log")
    axes.set_xlabel(symbol or "(no size)")
    axes.set_ylabel("left / right, best found (no unit)")


def _at_largest(points: Sequence[tuple[int, float | None, Sizes]], symbol: str) -> list[tuple[int, float]]:
    names = [name for name in points[0][2] if name != symbol]
    largest = {name: max(sizes[name] for _, _, sizes in points) for name in names}
    return [
        (x, ratio)
        for x, ratio, sizes in points
        if ratio is not None and all(sizes[name] == size for name, size in largest.items())
    ]


def _label(extreme: Extreme) -> str:
    source = f": {textwrap.shorten(extreme.source, 48, placeholder=' …')}" if extreme.source else ""
    return f"{extreme.form} {extreme.number}{source}".replace("$", r"\$")
