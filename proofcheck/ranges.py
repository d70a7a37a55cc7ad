"""Ranges of sizes as a command takes them: ``2:64`` is walked in powers of two."""

from __future__ import annotations

import re

__all__ = ["walked"]

_RANGE = re.compile(r"(\d{1,9})(?::(\d{1,9}))?", re.ASCII)


def walked(text: str) -> tuple[int, ...] | None:
    """The sizes of a range: powers of two times the first, and the last; or one size.

    Args:
        text: such as ``2:64`` or ``5``.

    Returns:
        2, 4, …, 64, or 5; None where it is no such range: not a:b with 1 ≤ a ≤ b, nor a size from 1 on.
    """
    match = _RANGE.fullmatch(text.strip())
    first = int(match[1]) if match else 0
    last = int(match[2] or match[1]) if match else 0
    if not 1 <= first <= last:
        return None
    found = []
    while first < last:
        found.append(first)
        first *= 2
    return (*found, last)
