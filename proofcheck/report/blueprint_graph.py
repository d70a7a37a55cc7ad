"""The graph of a report's claims as SVG: a node a claim, an edge from what is used to what uses it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from urllib.parse import quote

from proofcheck.claims.claim import Kind
from proofcheck.claims.status import Word, is_disproved, passes
from proofcheck.report.blueprint_layout import Edge, Point, draw
from proofcheck.report.blueprint_style import css_class
from proofcheck.results import ClaimResult

__all__ = ["SHAPES", "edges_of", "graph_svg", "link_to", "outline", "printed_word", "words_of"]

#: What the kinds look like, as leanblueprint has boxes for definitions and rounded shapes for statements.
SHAPES = {
    "definition": frozenset({Kind.DEFINITION}),
    "statement": frozenset({Kind.FACT, Kind.LEMMA, Kind.THEOREM, Kind.REMARK, Kind.FIGURE, Kind.DERIVED}),
    "step of a proof": frozenset({Kind.PROOF}),
    "taken over": frozenset({Kind.HYPOTHESIS, Kind.CITED}),
}
_HEIGHT = 38.0
_MARGIN = 16.0
_SLOPE = 10.0
_HEAD = 7.0
# Of a character, in pixels: somewhat more than common fonts need.
_ID_WIDTH, _WORD_WIDTH = 7.9, 5.9


def link_to(id: str) -> str:
    """The address of a claim's panel within the page."""
    return escape(f"#{quote(id, safe=':.,_-')}")


def printed_word(result: ClaimResult) -> str:
    """What became of the printed statement."""
    if result.printed is None:
        return "nothing to check"
    status = result.printed.status
    if is_disproved(status):
        return "ill-formed" if status.word is Word.ILL_FORMED else "refuted"
    return "stands" if passes(status) else "not known"


def words_of(result: ClaimResult) -> str:
    """Its statuses in a few words: as printed, where that does not stand, and as it stands."""
    word = result.status.word.value
    failed = printed_word(result)
    return f"{failed} → {word}" if failed in ("refuted", "ill-formed") and failed != word else word


def edges_of(results: Sequence[ClaimResult]) -> tuple[Edge, ...]:
    """What is used or assumed, by whom, and which of both; only between different claims of the report."""
    known = {result.claim.id for result in results}
    return tuple(
        (other, result.claim.id, lane)
        for result in results
        for lane, others in (("uses", result.claim.uses), ("assumes", result.claim.assumes))
        for other in dict.fromkeys(others)
        if other in known and other != result.claim.id
    )


def graph_svg(results: Sequence[ClaimResult]) -> str:
    """The drawing as an SVG element, to stand in a page."""
    widths = {result.claim.id: _width(result) for result in results}
    drawing = draw(widths, _HEIGHT, edges_of(results))
    width, height = (round(side + 2 * _MARGIN) for side in (drawing.width, drawing.height))
    parts = [
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="group" '
        'aria-label="Graph of what uses what">',
        *(_edge(edge, route) for edge, route in drawing.routes.items()),
        *(_node(result, drawing.centres[result.claim.id], widths[result.claim.id]) for result in results),
        "</svg>",
    ]
    return "\n".join(parts)


def _width(result: ClaimResult) -> float:
    text = max(len(result.claim.id) * _ID_WIDTH, len(words_of(result)) * _WORD_WIDTH)
    return round(text + 2 * _SLOPE + 8)


def _shape(kind: Kind) -> str:
    return next(name for name, kinds in SHAPES.items() if kind in kinds)


def outline(shape: str, centre: Point, width: float, height: float, css: str) -> str:
    """A node's outline; ``shape`` is one of ``SHAPES``."""
    x, y = centre
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    if shape in ("definition", "statement"):
        radius = 0 if shape == "definition" else height / 2
        size = f'width="{width:g}" height="{height:g}" rx="{radius:g}"'
        return f'<rect class="{css}" x="{left:g}" y="{top:g}" {size}/>'
    cut = min(_SLOPE, height / 3)
    corners = [(left + cut, top), (right, top), (right - cut, bottom), (left, bottom)]
    if shape == "taken over":
        corners = [(left + cut, top), (right - cut, top), (right, y), (right - cut, bottom)]
        corners += [(left + cut, bottom), (left, y)]
    return f'<polygon class="{css}" points="{" ".join(f"{a:g},{b:g}" for a, b in corners)}"/>'


def _node(result: ClaimResult, place: Point, width: float) -> str:
    claim, printed = result.claim, printed_word(result)
    x, y = place[0] + _MARGIN, place[1] + _MARGIN
    shape = _shape(claim.kind)
    css = f"node s-{css_class(result.status.word.value)} p-{css_class(printed)}"
    words = f"{claim.id}: {claim.title} ({claim.kind.value}; as printed: {printed}; status: {result.status})"
    return "".join(
        [
            f'<a class="{css}" href="{link_to(claim.id)}" data-id="{escape(claim.id)}" ',
            f'data-status="{result.status.word.value}" aria-label="{escape(words)}">',
            f"<title>{escape(words)}</title>",
            outline(shape, (x, y), width + 9, _HEIGHT + 9, "halo"),
            outline(shape, (x, y), width, _HEIGHT, "shape"),
            f'<text x="{x:g}" y="{y - 3:g}">{escape(claim.id)}</text>',
            f'<text class="word" x="{x:g}" y="{y + 11:g}">{escape(words_of(result))}</text></a>',
        ]
    )


def _edge(edge: Edge, route: Sequence[Point]) -> str:
    tail, head, lane = edge
    points = [(x + _MARGIN, y + _MARGIN) for x, y in route]
    end, down = points[-1], 1 if points[-1][1] > points[-2][1] else -1
    points[-1] = (end[0], end[1] - down * _HEAD)
    path = f"M{points[0][0]:g},{points[0][1]:g}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        path += f"V{y1:g}" if x0 == x1 else f"C{x0:g},{middle:g} {x1:g},{middle:g} {x1:g},{y1:g}"
    base = end[1] - down * (_HEAD + 1)
    tip = f"M{end[0]:g},{end[1]:g}L{end[0] - 3.5:g},{base:g}H{end[0] + 3.5:g}Z"
    return (
        f'<g class="edge {lane}" data-from="{escape(tail)}" data-to="{escape(head)}">'
        f'<path class="line" d="{path}"/><path class="head" d="{tip}"/></g>'
    )
