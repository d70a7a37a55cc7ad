"""The style of all plots: colours that the colour-blind tell apart, sizes in titles, the same bytes always.

The colours are those of Okabe and Ito (*Color Universal Design*, 2008) without their yellow, which is lost
on white.  Lines differ in marker and dash also, for print and for those who see no colours.  matplotlib is
imported when something is drawn; this module's import does not need it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any

from proofcheck.errors import UserInputError
from proofcheck.extras import check_extras

__all__ = ["BLACK", "BLUE", "CYCLE", "GREEN", "GREY", "INK", "LINES", "MARKERS", "ORANGE", "PURPLE", "QUIET"]
__all__ += ["SHADES", "SKY", "VERMILION"]
__all__ += ["FORMATS", "axis_at", "figure", "rendered", "settings", "span", "styled", "tint", "titled", "use"]

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
#: Of lines, in the order in which they are taken.
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
LINES: tuple[Any, ...] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (6, 1.5, 1, 1.5, 1, 1.5)),
    (0, (3, 1, 1, 1)),
    (0, (8, 2)),
)
#: Of reference lines; of letters, and of letters that say less.
GREY, INK, QUIET = "#767676", "#1d2733", "#5b6775"
#: Of a quantity over an area: rises evenly, in brightness too, for any colour vision.
SHADES = "cividis"
FORMATS = ("svg", "png", "pdf")

# What a file would say of when it was made, or by which version.
_UNDATED = {"svg": {"Date": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}


def settings() -> dict[str, Any]:
    """The style as matplotlib's ``rcParams``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    check_extras("notebooks")
    from cycler import cycler  # which matplotlib brings

    return {
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.labelsize": 9,
        "axes.prop_cycle": cycler(color=CYCLE, marker=MARKERS, linestyle=LINES),
        "axes.titlesize": 10,
        "figure.constrained_layout.use": True,
        "figure.figsize": [6.4, 4.0],
        "figure.titlesize": 10,
        "font.size": 9,
        "grid.alpha": 0.3,
        "grid.linewidth": 0.6,
        "image.cmap": SHADES,
        "legend.fontsize": 8,
        "lines.linewidth": 1.3,
        "lines.markersize": 4.5,
        "svg.fonttype": "path",  # letters as outlines: the same wherever it is shown
        "svg.hashsalt": "proofcheck",
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
    }


def use() -> None:
    """Take the style for all that is drawn from here on, as in a notebook.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    chosen = settings()
    import matplotlib

    matplotlib.rcdefaults()
    parameters: Any = matplotlib.rcParams  # typed name by name
    parameters.update(chosen)


@contextmanager
def styled() -> Iterator[None]:
    """The style for as long as a block takes, whatever the user's own settings.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    check_extras("notebooks")
    import matplotlib

    with matplotlib.rc_context():
        use()
        yield


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **how: Any) -> tuple[Any, Any]:
    """A figure of its own, which no window shows, and its (rows, columns) axes.

    To be drawn on in a :func:`styled` block.

    Args:
        width: in inches.
        height: in inches.
        rows: of axes.
        columns: of axes.
        **how: to ``Figure.subplots``.
    """
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(rows, columns, squeeze=False, **how)


def rendered(figure: Any, format: str, *, dpi: int = 120) -> bytes:
    """A figure as a file.

    Args:
        figure: of matplotlib.
        format: one of ``FORMATS``.
        dpi: dots an inch, where there are dots.

    Returns:
        The file's bytes, the same every time for what was drawn and a version of matplotlib.

    Raises:
        UserInputError: another format; matplotlib is not installed.
    """
    if format not in FORMATS:
        raise UserInputError(f"format {format!r}: expected one of {', '.join(FORMATS)}")
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format=format, metadata=_UNDATED[format], dpi=dpi)
    return buffer.getvalue()


def titled(what: str, /, **sizes: float | str | Sequence[float] | None) -> str:
    """A title with the sizes behind it, as ``Time; n = 512 to 1,024, B = 1``.

    Args:
        what: is shown.
        **sizes: in the order in which they are to stand: a number, several, of which the ends are given,
            words, or None, which is left out.
    """
    found = [f"{name} = {span(size)}" for name, size in sizes.items() if size is not None]
    return f"{what}; {', '.join(found)}" if found else what


def span(size: float | str | Sequence[float]) -> str:
    """A number for a reader; of several the least and the largest."""
    if isinstance(size, str):
        return size
    if isinstance(size, Sequence):
        ends = sorted({min(size), max(size)})
        return " to ".join(map(span, ends))
    return f"{size:,}" if isinstance(size, Integral) else f"{size:.4g}"


def axis_at(axes: Any, name: str, values: Sequence[float]) -> None:
    """Make an axis logarithmic with a tick at each of these values and nowhere else.

    Args:
        axes: of matplotlib.
        name: of the axis, ``"x"`` or ``"y"``.
        values: positive.
    """
    getattr(axes, f"set_{name}scale")("log", base=2)
    getattr(axes, f"set_{name}ticks")(values, [span(value) for value in values])
    getattr(axes, f"set_{name}ticks")([], minor=True)


def tint(colour: str, share: float) -> str:
    """A colour with white: of so much colour, from 0, which is white, to 1."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 - share * (255 - part)):02x}" for part in parts)
