"""A picture of a data set: the largest score of each configuration over ln n, against n."""

from __future__ import annotations

import math
from html import escape

from reductions.datasets.sources import entry_scale
from reductions.datasets.spec import KINDS, Config, Spec
from reductions.steps.gap_to_attention import least_slope_gamma

__all__ = ["picture_of", "score_bound_of"]

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 150, 30, 60
_MOST_TICKS, _APART = 8, 0.12
_COLOURS = {
    "planted": "#c2410c",
    "sat": "#7c3aed",
    "signs": "#1d4ed8",
    "aligned": "#0f766e",
    "uniform": "#6b7280",
}


def score_bound_of(config: Config) -> float:
    """The largest score of an instance: B² of entries, γ c_yes + 1 of a gap, to a few digits."""
    if "b" in config.parameters:
        return float(entry_scale(config.n, config.parameters["b"])) ** 2
    yes, gap = _gap(config)
    return least_slope_gamma(config.rows, gap) * yes + 1


def picture_of(spec: Spec) -> str:
    """The picture, as SVG; the same bytes for the same specification."""
    points = [
        (config.kind, math.log2(config.n), math.log10(score_bound_of(config) / math.log(config.n)))
        for config in spec.configs
    ]
    left, right = min(x for _, x, _ in points) - 0.5, max(x for _, x, _ in points) + 0.5
    low = min(math.floor(min(y for _, _, y in points)), -1)
    high = max(math.ceil(max(y for _, _, y in points)), 1)

    def at(x: float, y: float) -> tuple[str, str]:
        across = _LEFT + (x - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)
        down = _TOP + (high - y) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return f"{across:.1f}", f"{down:.1f}"

    lines = []
    for power in range(low, high + 1):
        x1, level = at(left, power)
        x2, _ = at(right, power)
        kind = "one" if power == 0 else "grid"
        lines.append(f'<line x1="{x1}" y1="{level}" x2="{x2}" y2="{level}" class="{kind}"/>')
        lines.append(_text(_LEFT - 8, float(level) + 4, f"{10.0**power:g}", "end"))
    for power in range(math.ceil(left), math.floor(right) + 1):
        across, bottom = at(power, low)
        lines.append(f'<line x1="{across}" y1="{_TOP}" x2="{across}" y2="{bottom}" class="grid"/>')
        if right - left <= _MOST_TICKS or power % 2 == 0:
            lines.append(_text(float(across), float(bottom) + 18, f"2^{power}", "middle"))
    for kind, x, y in points:
        # Side by side: kinds may have the same bounds.
        across, down = at(x + _APART * (KINDS.index(kind) - len(KINDS) // 2), y)
        lines.append(f'<circle cx="{across}" cy="{down}" r="5" fill="{_COLOURS[kind]}"/>')
    present = [kind for kind in KINDS if any(kind == own for own, _, _ in points)]
    for number, kind in enumerate(present):
        height = _TOP + 10 + 22 * number
        lines.append(f'<circle cx="{_WIDTH - _RIGHT + 20}" cy="{height}" r="5" fill="{_COLOURS[kind]}"/>')
        lines.append(_text(_WIDTH - _RIGHT + 32, height + 4, kind, "start"))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    lines.append(_text(middle, _HEIGHT - 14, "n, queries and keys", "middle"))
    lines.append(
        f'<text transform="translate(20 {(_TOP + _HEIGHT - _BOTTOM) / 2}) rotate(-90)" '
        'text-anchor="middle">largest score / ln n</text>'
    )
    style = (
        "text { font: 13px 'DejaVu Sans', Verdana, sans-serif; fill: #1a1a2e } "
        ".grid { stroke: #d5dcec } .one { stroke: #33415c; stroke-dasharray: 4 3 } "
        "circle { fill-opacity: 0.75 }"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f"<title>{escape(spec.title)}</title><style>{style}</style>"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>' + "".join(lines) + "</svg>\n"
    )


def _gap(config: Config) -> tuple[int, int]:
    """c_yes and the gap, by formula."""
    given = config.parameters
    if config.kind == "planted":
        return given["yes"], given["gap"]
    return given["inner_yes"], given["inner_yes"] - given["inner_no"]


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
