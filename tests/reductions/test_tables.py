"""Tables of text: columns line up, and nothing trails."""

from __future__ import annotations

from reductions.tables import text_table

ROWS = [("name", "n"), ("a", "100"), ("longer", "7")]


def test_to_the_left() -> None:
    assert text_table(ROWS) == "name    n\na       100\nlonger  7\n"


def test_to_the_right() -> None:
    assert text_table(ROWS, str.rjust) == "  name    n\n     a  100\nlonger    7\n"
