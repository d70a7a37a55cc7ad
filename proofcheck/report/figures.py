"""The paper's figures as SVG, drawn from the shapes that the claims about them have.

The factors are computed by the claims' own function over symbolic shapes; a box is as high and wide
as its shape at the sizes below, so that a transposed factor would be seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

from proofcheck import plots
from proofcheck.checks.cost import symbolic_shapes
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import dimension
from proofcheck.errors import UserInputError
from proofcheck.namespaces.counting import CountedArray, CountingNamespace
from proofcheck.namespaces.sizes import Size
from proofcheck.paper.figures import factors, fig_1, fig_2

__all__ = ["draw_figure"]

_DRAWN_AT = {"n": 12, "d": 4}
_UNIT = 12  # pixels of an entry
_FONT, _SMALL = 19, 13
_GAP, _MARGIN = 14, 24
_LABEL_ROOM, _SHAPE_ROOM = 34, 30
_FILLS = {
    "scalar": plots.tint(plots.ORANGE, 0.4),
    "keys": plots.tint(plots.SKY, 0.35),
    "diagonal": plots.tint(plots.GREEN, 0.06),
    "softmax": plots.tint(plots.GREEN, 0.3),
    "values": plots.tint(plots.VERMILION, 0.3),
}

Piece: TypeAlias = tuple[str, str]
"""A piece of a label and where it stands: base, sub or super."""
Label: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True)
class _Box:
    """An array: its label, its shape, what it is."""

    label: Label
    shape: tuple[Size, ...]
    kind: str

    @property
    def width(self) -> int:
        return _pixels(self.shape[1] if len(self.shape) > 1 else Size.of(1))

    @property
    def height(self) -> int:
        return _pixels(self.shape[0] if self.shape else Size.of(1))

    @property
    def cell(self) -> int:
        """The room it takes, with its label and its shape."""
        return max(self.width, _text_width(self.label), round(0.5 * _FONT * len(self.words)))

    @property
    def words(self) -> str:
        return " × ".join(_size_words(size) for size in self.shape) or "scalar"


@dataclass(frozen=True)
class _Sign:
    """A sign or a bracket between boxes; a bracket is as high as what it holds."""

    text: str
    tall: bool = False

    @property
    def cell(self) -> int:
        return 12 if self.tall else round(0.6 * _FONT)


def _pixels(size: Size) -> int:
    return int(size.at(_DRAWN_AT)) * _UNIT


def _size_words(size: Size) -> str:
    return str(size).replace("^2", "²").replace("**2", "²").replace("*", "·")


def _piece_width(text: str, where: str) -> float:
    """How far a piece of a label reaches, roughly: fonts differ."""
    units = sum(0.4 if letter in "fijt(),₀T" else 0.62 for letter in text)
    return units * (_FONT if where == "base" else _SMALL)


def _text_width(label: Label) -> int:
    return round(sum(_piece_width(text, where) for text, where in label))


# --- what is drawn -------------------------------------------------------------------------------


def draw_figure(number: int) -> str:
    """Draw Figure 1 or 2 of the paper.

    Args:
        number: of the figure.

    Returns:
        SVG; the same bytes every time.

    Raises:
        UserInputError: the paper has no such figure.
    """
    if number not in (1, 2):
        raise UserInputError(f"no figure {number}; the paper has figures 1 and 2")
    claim = fig_1 if number == 1 else fig_2
    form = claim.mended_form or claim.printed_form
    assert form is not None
    symbolic_shapes(form)  # raises if a shape is not as the claim says
    boxes = _boxes()
    bracket: list[_Box | _Sign] = [boxes["diag"], _Sign("−"), boxes["f"], _Sign("·"), boxes["f^T"]]
    if number == 2:
        return _svg(
            f"Figure 2: {claim.title}", bracket, "n × n in all: a diagonal less a product of rank one"
        )
    row: list[_Box | _Sign] = [
        boxes["c"],
        _Sign("·"),
        boxes["A^T"],
        _Sign("(", tall=True),
        *bracket,
        _Sign(")", tall=True),
        boxes["h"],
    ]
    return _svg(
        f"Figure 1: {claim.title}",
        row,
        "d² × 1 in all: one entry for each coordinate of x; the caption’s 1 × n row of Aᵀ gives one of them",
    )


def _boxes() -> dict[str, _Box]:
    """The factors with their shapes for all n and d."""
    form = fig_1.mended_form
    assert form is not None
    shapes = _shapes(form)
    row: Label = (("f", "base"), ("j₀", "sub"))
    return {
        "c": _Box((("c", "base"), ("j₀,i₀", "sub")), shapes["c"], "scalar"),
        "A^T": _Box((("A", "base"), ("j₀", "sub"), ("T", "super")), shapes["A^T"], "keys"),
        "diag": _Box((("diag(f", "base"), ("j₀", "sub"), (")", "base")), shapes["diag"], "diagonal"),
        "f": _Box(row, shapes["f"], "softmax"),
        "f^T": _Box((*row, ("T", "super")), shapes["f^T"], "softmax"),
        "h": _Box((("h", "base"), ("i₀", "sub")), shapes["h"], "values"),
    }


def _shapes(form: Form) -> Mapping[str, tuple[Size, ...]]:
    """Shapes of the factors as the claim's own function makes them."""
    xp = CountingNamespace(("n", "d"))
    sizes = {name: xp.size(name) for name in ("n", "d")}
    given: dict[str, Any] = {name: xp.index(name) for name in form.indices()}
    for name, domain in form.domains().items():
        given[name] = xp.array_of_shape([dimension(dim, sizes) for dim in domain.dims])
    A1, A2, x, A3, Y, E = (given[name] for name in ("A1", "A2", "x", "A3", "Y", "E"))
    c, blocks, f, h = factors(xp, A1, A2, x, A3, Y, E, given["j0"], given["i0"], sizes["n"])
    arrays: dict[str, CountedArray] = {
        "c": c,
        "A^T": blocks,
        "f": f,
        "f^T": f.T,
        "h": h,
        "diag": xp.diag(f[:, 1]),
    }
    return {name: tuple(Size.of(size) for size in array.shape) for name, array in arrays.items()}


# --- drawing -------------------------------------------------------------------------------------


def _svg(title: str, row: Sequence[_Box | _Sign], caption: str) -> str:
    boxes = [one for one in row if isinstance(one, _Box)]
    tallest = max(box.height for box in boxes)
    top = _MARGIN + 30 + _LABEL_ROOM
    middle = top + tallest // 2
    x = _MARGIN
    drawn: list[str] = []
    for one in row:
        if isinstance(one, _Box):
            drawn += _box(one, x, middle)
        else:
            drawn += _sign(one, x, middle, tallest)
        x += one.cell + _GAP
    width = max(x - _GAP - _MARGIN, round(9.8 * len(title)), 7 * len(caption)) + 2 * _MARGIN
    height = top + tallest + _SHAPE_ROOM + 40
    description = ", ".join(f"{_plain(box.label)}: {box.words}" for box in boxes)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="Georgia, \'DejaVu Serif\', serif">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description)}. {escape(caption)}</desc>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _text(_MARGIN, _MARGIN + 8, escape(title), size=16, anchor="start", weight="bold"),
        *drawn,
        _text(_MARGIN, height - 18, escape(caption), size=14, anchor="start", fill=plots.QUIET),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _box(box: _Box, x: int, middle: int) -> list[str]:
    """A box with its label, inside where there is room, and its shape below."""
    left, top = x + (box.cell - box.width) // 2, middle - box.height // 2
    centre = x + box.cell // 2
    lines = [
        f'<rect x="{left}" y="{top}" width="{box.width}" height="{box.height}" fill="{_FILLS[box.kind]}" '
        f'stroke="{plots.INK}" stroke-width="1.5"/>'
    ]
    roomy = box.kind != "diagonal" and box.width > _text_width(box.label) + 8 and box.height > 2 * _FONT
    if box.kind == "diagonal":
        right, bottom = left + box.width, top + box.height
        band = f"M{left},{top} h{_UNIT} L{right},{bottom - _UNIT} v{_UNIT} h-{_UNIT} L{left},{top + _UNIT} Z"
        lines.append(f'<path d="{band}" fill="{_FILLS["softmax"]}" stroke="{plots.INK}" stroke-width="1"/>')
    label_at = middle + _FONT // 3 if roomy else top - 12
    lines += _label(box.label, centre, label_at)
    lines.append(_text(centre, top + box.height + 22, box.words, size=14, fill=plots.QUIET))
    return lines


def _sign(sign: _Sign, x: int, middle: int, tallest: int) -> list[str]:
    if not sign.tall:
        return [_text(x + sign.cell // 2, middle + 8, sign.text, size=26)]
    high, low = middle - tallest // 2, middle + tallest // 2
    start, bend = (x + sign.cell, x - 4) if sign.text == "(" else (x, x + sign.cell + 4)
    curve = f"M{start},{high} Q{bend},{middle} {start},{low}"
    return [f'<path d="{curve}" fill="none" stroke="{plots.INK}" stroke-width="2"/>']


def _label(label: Label, centre: int, base: int) -> list[str]:
    """A label's pieces, each put in its place: viewers differ in how they go on after a raised piece."""
    found, x = [], centre - _text_width(label) / 2
    for text, where in label:
        if where == "base":
            found.append(_text(round(x), base, escape(text), size=_FONT, anchor="start", style="italic"))
        else:
            y = base + 5 if where == "sub" else base - 9
            found.append(_text(round(x), y, escape(text), size=_SMALL, anchor="start", style="italic"))
        x += _piece_width(text, where)
    return found


def _plain(label: Label) -> str:
    marks = {"base": "", "sub": "_", "super": "^"}
    return "".join(marks[where] + text for text, where in label)


def _text(
    x: int,
    y: int,
    body: str,
    *,
    size: int,
    anchor: str = "middle",
    fill: str = plots.INK,
    style: str = "normal",
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" font-style="{style}" '
        f'font-weight="{weight}">{body}</text>'
    )
