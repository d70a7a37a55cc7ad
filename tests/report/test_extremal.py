"""Reports of best constants: the words say no more than was found, and plots show every point."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from proofcheck.claims import Interval, at_most, bounded
from proofcheck.extremal import Certificate, Constants, CurvePoint, Extreme, Instance
from proofcheck.report.extremal import draw, finding, to_json_text, to_text
from tests.helpers import claim_of
from tests.svg import words

CERTIFICATE = Certificate((), (1.0, 1.0), (2.0, 2.0), (0.5, 0.5), "below")
INSTANCE = Instance({"d": 4, "n": 2}, {}, {"x": np.array([Fraction(1, 3), Fraction(0)])}, CERTIFICATE)
CURVE = tuple(CurvePoint({"d": d, "n": n}, d * n / 16) for d in (1, 2, 4) for n in (1, 2))
EXTREME = Extreme("printed", 1, False, "at_most(x, 2)", CURVE, 0.5, INSTANCE, 10)


def with_outcome(word: str, ratio: float, **changes: Any) -> Extreme:
    certificate = replace(CERTIFICATE, outcome=word, ratio=(ratio, ratio))
    return replace(EXTREME, ratio=ratio, instance=replace(INSTANCE, certificate=certificate), **changes)


def constants(*extremes: Extreme, **faults: str) -> Constants:
    claim = claim_of(lambda xp, x: at_most(x, 2), x=Interval(0, 1, "n"))
    return Constants(claim, {"d": (1, 2, 4), "n": (1, 2)}, extremes, faults)


@pytest.mark.parametrize(
    ("extreme", "words"),
    [
        (EXTREME, "slack at most 2: bound / best found, not attained there"),
        (with_outcome("attained", 1.0), "sharp: attained"),
        (with_outcome("exceeded", 1.5), "fails: left is 1.5 times right"),
        (with_outcome("below", 1 - 1e-9), "no slack seen: within 1.0e-09 of the bound, not attained there"),
        (with_outcome("undecided", 1.0), "no slack seen: within 0.0e+00 of the bound, not attained there"),
        (
            with_outcome("exceeded", 3.0, hidden=True),
            "the hidden constant is at least 3, grows with d, n",
        ),
        (replace(EXTREME, ratio=None, instance=None), "no point with a positive right side was found"),
        (replace(EXTREME, ratio=0.0), "no point with a positive left side was found"),
        (
            replace(EXTREME, ratio=1.25, instance=replace(INSTANCE, certificate=None)),
            "left seems to be 1.25 times right, not certified",
        ),
    ],
)
def test_findings(extreme: Extreme, words: str) -> None:
    assert finding(extreme) == words
    assert ("sharp" in words) == extreme.attained


def test_a_curve_that_does_not_rise_does_not_grow() -> None:
    flat = tuple(replace(one, ratio=1.0 if one.sizes["d"] > 1 else 0.1) for one in CURVE)
    extreme = with_outcome("exceeded", 3.0, hidden=True, curve=flat)
    assert finding(extreme) == "the hidden constant is at least 3"


def test_the_text() -> None:
    lines = to_text(constants(EXTREME, mended="k columns meet n rows")).splitlines()
    assert lines[1] == "sizes d = 1, 2, 4; n = 1, 2"
    assert lines[3].split() == ["form", "relation", "left/right", "at", "finding"]
    assert lines[4].startswith("printed  1         0.5         d=4, n=2  slack at most 2")
    assert "mended: not searched: k columns meet n rows" in lines
    assert "  by d, n=2: 0.125 at 1, 0.25 at 2, 0.5 at 4" in lines
    assert "  by n, d=4: 0.25 at 1, 0.5 at 2" in lines
    assert "      x = [1/3 0]" in lines
    assert "    left/right in [0.5, 0.5], certified" in lines


def test_long_fractions_are_shown_as_decimals_and_kept_in_json() -> None:
    long = Fraction(3**40, 2**64)
    extreme = replace(EXTREME, instance=replace(INSTANCE, inputs={"x": np.array([long, Fraction(1)])}))
    assert f"x = [≈{float(long):.12g} 1]" in to_text(constants(extreme))
    data = json.loads(to_json_text(constants(extreme), {"seed": 3}))
    assert data["relations"][0]["instance"]["inputs"] == {"x": [str(long), "1"]}
    assert data["environment"] == {"seed": 3}


def test_the_end_of_a_ball_beside_0_is_shown_as_0() -> None:
    lines = to_text(constants(with_outcome("below", -5e-324))).splitlines()
    assert lines[4].split()[:3] == ["printed", "1", "0"]


def test_an_instance_that_is_not_certified_says_so() -> None:
    extreme = replace(EXTREME, instance=replace(INSTANCE, certificate=None))
    text = to_text(constants(extreme))
    assert "not attained there, not certified" in text
    assert "    not certified: " in text


def test_the_plot_has_a_panel_for_each_size_and_every_point() -> None:
    hidden = replace(EXTREME, hidden=True, number=2, source="bounded($x_1$, by=2)")
    content = draw(constants(EXTREME, hidden), "svg")
    root = ElementTree.fromstring(content)
    uses = list(root.iter("{http://www.w3.org/2000/svg}use"))
    marks = [use for use in uses if "clip-path" in str(use.attrib) or use.get("style")]
    assert len(marks) >= 2 * 2 * len(CURVE)
    groups = [g.get("id") for g in root.iter("{http://www.w3.org/2000/svg}g")]
    assert "axes_1" in groups
    assert "axes_2" in groups
    assert "; n = 1 to 2, d = 1 to 4" in words(content.decode())
    assert "left / right, best found (no unit)" in words(content.decode())
    assert content == draw(constants(EXTREME, hidden), "svg")


@pytest.mark.parametrize("sizes", [{}, {"n": (2,)}])
def test_a_plot_without_a_range(sizes: dict[str, tuple[int, ...]]) -> None:
    at = {name: values[0] for name, values in sizes.items()}
    curve = (CurvePoint(at, 0.5), CurvePoint(at, None))
    extreme = replace(EXTREME, curve=curve[:1])
    found = replace(constants(extreme), sizes=sizes)
    assert draw(found, "png").startswith(b"\x89PNG")
    assert draw(replace(found, extremes=(replace(extreme, curve=curve[1:]),)), "png").startswith(b"\x89PNG")
    assert draw(replace(found, extremes=()), "png").startswith(b"\x89PNG")


def test_hidden_constants_alone_have_no_bound_to_draw() -> None:
    hidden = replace(EXTREME, hidden=True)
    assert bounded(1, by=2).by == 2
    assert b"the bound" not in draw(constants(hidden), "svg")
