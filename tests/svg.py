"""Reading matplotlib's SVGs, in which letters are outlines, with their words in comments beside them."""

from __future__ import annotations

import re

__all__ = ["colours", "dates", "title_words", "words"]


def words(svg: str) -> str:
    """All words, a text a line."""
    return "\n".join(re.findall(r"<!-- (.*?) -->", svg, re.S))


def title_words(svg: str) -> str:
    """The texts that name n, d or B with a value: titles of axes and of the figure."""
    return "\n".join(line for line in words(svg).splitlines() if re.search(r"\b[ndB]\b = ", line))


def dates(svg: str) -> list[str]:
    """When it was made, if it says so."""
    return re.findall(r"<dc:date>(.*?)</dc:date>", svg, re.S)


def colours(svg: str) -> set[str]:
    """Of the lines, in lower case."""
    return {colour.lower() for colour in re.findall(r"stroke: (#[0-9a-fA-F]{6})", svg)}
