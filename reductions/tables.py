"""Tables of text in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["text_table"]


def text_table(rows: Sequence[Sequence[str]], adjusted: Callable[[str, int], str] = str.ljust) -> str:
    """Lines of columns as wide as they need to be, two spaces apart.

    Args:
        rows: of as many cells each, the head first; at least one.
        adjusted: a cell brought to a width: ``str.ljust`` or ``str.rjust``.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(adjusted, row, widths)) for row in rows]
    return "".join(f"{line.rstrip()}\n" for line in lines)
