"""Pictures: all that are promised, the same every time, with axes, sizes and families named."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from proofcheck.errors import UserInputError
from reductions.probe import Picture, Probed, draw
from tests.reductions.probe.samples import row
from tests.svg import words


def _words(picture: Picture) -> str:
    return words(picture.svg.decode())


def test_all_pictures_of_a_probe(small: tuple[Path, Probed]) -> None:
    pictures = {picture.name: picture for picture in draw(small[1].result.rows)}
    assert list(pictures) == ["heat-d8-eps0.01", "heat-d8-eps1e-06", "exponents-d8", "transition-d8"]
    for picture in pictures.values():
        assert ElementTree.fromstring(picture.svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert picture.png.startswith(b"\x89PNG\r\n\x1a\n")
        words = _words(picture)
        assert "n = 32 to 64, d = 8, B = 0.5 to 8 times" in words
        assert r"$B\,/\,\sqrt{\ln n}$" in words
    heat = _words(pictures["heat-d8-eps0.01"]).splitlines()
    assert {"uniform", "hard", "n (rows)", "time of fast / time of exact (log₁₀)", "64"} <= set(heat)
    assert "exponent of time in n" in _words(pictures["exponents-d8"])
    assert "share of hard instances decided right" in _words(pictures["transition-d8"])


def test_the_same_bytes_every_time(small: tuple[Path, Probed]) -> None:
    first, second = (list(draw(small[1].result.rows)) for _ in range(2))
    assert first == second


def test_degrees_stand_in_the_cells() -> None:
    rows = [row(n, b, [1.0] * 3, [2.0] * 3, degree=17) for n in (64, 128) for b in (0.5, 1.0)]
    heat = next(draw(rows))
    assert _words(heat).splitlines().count("17") == 4
    assert _words(next(draw([*rows[:3], replace(row(128, 1.0))]))).splitlines().count("17") == 3


@pytest.mark.parametrize("sizes", [(64,), (64, 96, 128)])
def test_few_rows_can_be_drawn(sizes: tuple[int, ...]) -> None:
    timed = [row(n, 0.5, [1.0] * 3, [2.0] * 3) for n in sizes]
    untimed = [row(n, 0.5, reason="not met") for n in sizes]
    empty = [row(n, 0.5, largest_score=None, family="hard") for n in sizes]
    for rows in (timed, untimed, empty, [*timed, *empty]):
        assert len(list(draw(rows))) == 3


def test_no_rows_are_refused() -> None:
    with pytest.raises(UserInputError, match="the probe has no rows yet"):
        list(draw([]))


def test_without_matplotlib_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserInputError, match=r"pip install 'proofcheck\[notebooks\]'"):
        list(draw([row(64, 0.5)]))
