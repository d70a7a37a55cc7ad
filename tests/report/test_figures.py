"""The paper's figures, from the shapes of the claims."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from proofcheck.errors import ShapeError, UserInputError
from proofcheck.paper import figures as claims
from proofcheck.report import figures
from proofcheck.report.figures import draw_figure

SVG = "{http://www.w3.org/2000/svg}"


def _boxes(svg: str) -> list[tuple[int, int]]:
    """Height and width of every box, in units of one entry, from left to right."""
    found = []
    for box in list(ElementTree.fromstring(svg).iter(f"{SVG}rect"))[1:]:  # the first is the background
        height, width = int(box.attrib["height"]), int(box.attrib["width"])
        assert height % 12 == width % 12 == 0
        found.append((height // 12, width // 12))
    return found


def _words(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_boxes_have_the_proportions_of_the_shapes() -> None:
    n, d = 12, 4
    assert _boxes(draw_figure(1)) == [(1, 1), (d * d, n), (n, n), (n, 1), (1, n), (n, 1)]
    assert _boxes(draw_figure(2)) == [(n, n), (n, 1), (1, n)]


def test_shapes_labels_and_signs_are_written() -> None:
    words = _words(draw_figure(1))
    assert [one for one in words if one in ("scalar", "d² × n", "n × n", "n × 1", "1 × n")] == [
        "scalar",
        "d² × n",
        "n × n",
        "n × 1",
        "1 × n",
        "n × 1",
    ]
    for piece in ("c", "j₀,i₀", "A", "T", "diag(f", "f", "h", "−"):
        assert piece in words
    description = ElementTree.fromstring(draw_figure(1)).find(f"{SVG}desc")
    assert description is not None
    assert description.text is not None
    assert "A_j₀^T: d² × n" in description.text


@pytest.mark.parametrize("number", [1, 2])
def test_nothing_is_drawn_outside_and_bytes_do_not_change(number: int) -> None:
    svg = draw_figure(number)
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(int, root.attrib["viewBox"].split())
    for box in root.iter(f"{SVG}rect"):
        right = int(box.attrib.get("x", 0)) + int(box.attrib["width"])
        bottom = int(box.attrib.get("y", 0)) + int(box.attrib["height"])
        assert right <= width
        assert bottom <= height
    for text in root.iter(f"{SVG}text"):
        assert 0 < int(text.attrib["x"]) < width
        assert 0 < int(text.attrib["y"]) < height
    assert svg == draw_figure(number)


def test_a_transposed_factor_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    original = claims.factors

    def transposed(*given: Any) -> Any:
        c, blocks, f, h = original(*given)
        return c, blocks.T, f, h

    monkeypatch.setattr(figures, "factors", transposed)
    assert _boxes(draw_figure(1))[1] == (12, 16)
    # The claim itself then has a shape that it does not state.
    monkeypatch.setattr(claims, "factors", transposed)
    with pytest.raises(ShapeError):
        draw_figure(1)


@pytest.mark.parametrize("number", [0, 3, -1])
def test_there_are_two_figures(number: int) -> None:
    with pytest.raises(UserInputError, match="the paper has figures 1 and 2"):
        draw_figure(number)
