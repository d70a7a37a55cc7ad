"""The style of plots: colours that the colour-blind tell apart, the same bytes each time, sizes in titles."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

from proofcheck import plots
from proofcheck.errors import MissingExtraError, UserInputError
from tests.cli_helpers import environment
from tests.svg import dates, title_words, words

ROOT = Path(__file__).parents[1]
#: Of the pictures in docs/images those that are no plots.
NO_PLOTS = {"verify"}
PLOTS = sorted(path for path in ROOT.glob("docs/images/*.svg") if path.stem not in NO_PLOTS)

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency",
# IEEE TVCG 15(6), 2009, at severity 1; of linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
# Linear sRGB to XYZ at D65, IEC 61966-2-1.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
#: CIE 1976 differences of about 2.3 are just seen, side by side; lines have to be told apart across a plot.
APART = 15


def _lab(colour: str, deficiency: str) -> NDArray[np.float64]:
    """CIE L*a*b* of a colour as someone with this deficiency sees it."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    seen = np.clip(DEFICIENCIES[deficiency] @ linear, 0, 1)
    xyz = TO_XYZ @ seen / TO_XYZ.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _difference(one: str, other: str, deficiency: str) -> float:
    return float(np.linalg.norm(_lab(one, deficiency) - _lab(other, deficiency)))


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_colours_are_told_apart(deficiency: str) -> None:
    pairs = {
        pair: _difference(*pair, deficiency) for pair in itertools.combinations([*plots.CYCLE, "#ffffff"], 2)
    }
    assert {pair: found for pair, found in pairs.items() if found < APART} == {}


def test_the_simulation_sees_what_is_known() -> None:
    # White stays white, and blue and yellow are apart.
    for deficiency in ("protanopia", "deuteranopia"):
        assert _difference("#ffffff", "#ffffff", deficiency) == 0
        assert np.allclose(_lab("#ffffff", deficiency), [100, 0, 0], atol=0.1)
        assert _difference("#0000ff", "#ffff00", deficiency) > 100
    # Of matplotlib's own cycle green is confused with orange, or with red.
    for other, deficiency in (("#ff7f0e", "protanopia"), ("#d62728", "deuteranopia")):
        assert _difference("#2ca02c", other, "none") > 6 * APART
        assert _difference("#2ca02c", other, deficiency) < APART


def test_lines_differ_without_any_colour() -> None:
    assert len(set(plots.CYCLE)) == len(plots.CYCLE)
    assert len(set(plots.MARKERS)) == len(plots.MARKERS) == len(plots.CYCLE)
    assert len(set(plots.LINES)) == len(plots.LINES) == len(plots.CYCLE)
    cycle = list(plots.settings()["axes.prop_cycle"])
    assert [(one["color"], one["marker"], one["linestyle"]) for one in cycle] == list(
        zip(plots.CYCLE, plots.MARKERS, plots.LINES, strict=True)
    )


def _drawn(format: str) -> bytes:
    with plots.styled():
        figure, ((axes,),) = plots.figure(4, 3)
        for power in (1, 2):
            axes.plot([1, 2, 4], [1, 2**power, 4**power], label=f"power {power}")
        axes.fill_between([1, 4], [1, 2], [2, 3], alpha=0.2)
        axes.legend()
    return plots.rendered(figure, format)


@pytest.mark.parametrize("format", plots.FORMATS)
def test_the_same_bytes_every_time_whatever_the_users_settings(format: str) -> None:
    first = _drawn(format)
    with matplotlib.rc_context({"svg.hashsalt": "another", "font.size": 20, "axes.linewidth": 5}):
        assert _drawn(format) == first
    code = "import sys; from tests.test_plots import _drawn; sys.stdout.buffer.write(_drawn(sys.argv[1]))"
    other = subprocess.run([sys.executable, "-c", code, format], env=environment(), capture_output=True)
    assert other.stdout == first, other.stderr.decode()


def test_an_svg_has_no_date() -> None:
    svg = _drawn("svg").decode()
    assert dates(svg) == []
    assert "power 2" in words(svg)


def test_the_users_settings_are_left_as_they_were() -> None:
    before = dict(matplotlib.rcParams)
    _drawn("svg")
    assert dict(matplotlib.rcParams) == before


@pytest.fixture
def settings_kept() -> Iterator[None]:
    with matplotlib.rc_context():
        yield


@pytest.mark.usefixtures("settings_kept")
def test_the_style_can_be_taken_for_a_session() -> None:
    matplotlib.rcParams["lines.linewidth"] = 7
    plots.use()
    assert {name: matplotlib.rcParams[name] for name in plots.settings()} == plots.settings()


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({}, "Time"),
        ({"n": 400, "d": 4, "B": 1.0}, "Time; n = 400, d = 4, B = 1"),
        ({"n": [4096, 512, 1024], "B": (0.5, 2)}, "Time; n = 512 to 4,096, B = 0.5 to 2"),
        ({"n": [512], "d": None, "B": "0.5 √ln n"}, "Time; n = 512, B = 0.5 √ln n"),
        ({"n": np.int64(1 << 20), "B": np.float64(0.25)}, "Time; n = 1,048,576, B = 0.25"),
        ({"what": 3, "B": [6.00364, 0.300182]}, "Time; what = 3, B = 0.3002 to 6.004"),
    ],
)
def test_titles_have_the_sizes(sizes: dict[str, object], words: str) -> None:
    assert plots.titled("Time", **sizes) == words  # type: ignore[arg-type]


def test_an_axis_has_ticks_at_the_values_and_nowhere_else() -> None:
    with plots.styled():
        _, ((axes,),) = plots.figure(4, 3)
        axes.plot([0.25, 1, 8], [1, 2, 3])
        plots.axis_at(axes, "x", [0.25, 1, 8])
    assert axes.get_xscale() == "log"
    assert list(axes.get_xticks()) == [0.25, 1, 8]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.25", "1", "8"]
    assert list(axes.get_xticks(minor=True)) == []
    assert axes.get_yscale() == "linear"


@pytest.mark.parametrize(("share", "tint"), [(0.0, "#ffffff"), (1.0, "#0072b2"), (0.5, "#80b8d8")])
def test_tints(share: float, tint: str) -> None:
    assert plots.tint(plots.BLUE, share) == tint


def test_another_format_is_refused() -> None:
    with plots.styled():
        figure, _ = plots.figure(1, 1)
    with pytest.raises(UserInputError, match="format 'jpg': expected one of svg, png, pdf"):
        plots.rendered(figure, "jpg")


@pytest.mark.parametrize("called", [plots.settings, plots.use, lambda: plots.styled().__enter__()])
def test_without_matplotlib_one_line(called: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert callable(called)
    with pytest.raises(MissingExtraError, match=r"pip install 'proofcheck\[notebooks\]'"):
        called()


def test_importing_it_needs_no_matplotlib() -> None:
    code = "import sys; sys.modules['matplotlib'] = None; import proofcheck.plots"
    subprocess.run([sys.executable, "-c", code], env=environment(), check=True)


@pytest.mark.parametrize("path", PLOTS, ids=lambda path: path.stem)
def test_committed_plots_are_in_the_style(path: Path) -> None:
    svg = path.read_text(encoding="utf-8")
    assert dates(svg) == []
    assert re.search(r"\bn\b", title_words(svg)), title_words(svg)
    assert re.search(r"d = \d+", title_words(svg))
    assert re.search(r"B = [\d.]+", title_words(svg))
    assert re.search(r"\((rows|seconds|log₁₀|no unit)\)|exponent|share|number", words(svg))


def test_there_are_committed_plots() -> None:
    assert len(PLOTS) >= 4
