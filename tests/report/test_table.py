"""What a reader sees: every claim, every reason, at any width, with and without a terminal."""

from __future__ import annotations

import io
import math
import re
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console

from proofcheck import verify
from proofcheck.report.table import print_table, summary
from proofcheck.results import Report
from proofcheck.streams import Page
from tests.report.samples import STATUSES, report_of, sample_report


def _printed(report: Report, *, width: int = 80, verbose: bool = False) -> str:
    file = io.StringIO()
    print_table(report, Console(file=file, width=width), verbose=verbose)
    return file.getvalue()


def _row(text: str, id: str) -> list[str]:
    """A claim's row, split where two spaces or more are."""
    line = next(line for line in text.splitlines() if line.startswith(f"{id} "))
    return re.split(r" {2,}", line.strip())


def _block(text: str, id: str) -> str:
    """The paragraph that explains a claim; empty if there is none."""
    return next((part for part in text.split("\n\n")[1:] if part.startswith(f"{id}  ")), "")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_id_is_whole_and_no_line_is_too_wide(width: int) -> None:
    lines = _printed(sample_report(), width=width).splitlines()
    for id in STATUSES:
        assert any(line.startswith(f"{id} ") for line in lines)
    assert max(len(line) for line in lines[:-1]) <= width  # the last is the summary


def test_a_long_id_is_folded_not_cut(tmp_path: Path) -> None:
    module = tmp_path / "with_a_name_that_is_long" / "broken.py"
    module.parent.mkdir()
    module.write_text("raise RuntimeError('no')", encoding="utf-8")
    table = _printed(verify(str(module), cache=False)).split("\n\n")[0]
    folded = "".join(line[:24].strip() for line in table.splitlines()[1:])
    assert folded == f"module:{module}"


def test_without_a_terminal_there_are_no_control_codes() -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", _printed(sample_report(), verbose=True))


def test_on_a_terminal_colours_say_what_passes() -> None:
    file = io.StringIO()
    print_table(sample_report(), Console(file=file, width=80, force_terminal=True, color_system="standard"))
    rows = {line.split()[0]: line for line in file.getvalue().split("\n\n")[0].splitlines()[1:]}
    green, red, yellow = "\x1b[32m", "\x1b[31m", "\x1b[33m"
    assert f"{green}✓" in rows["s:stands"]
    assert f"{red}refuted →" in rows["s:mended"]
    assert f"{green}✓" in rows["s:mended"]
    assert f"{yellow}? unknown" in rows["s:rests"]
    for id in ("s:refuted", "s:ill-formed", "s:vacuous", "s:error"):
        assert f"{red}✗ {STATUSES[id]}" in rows[id]


def test_a_row_shows_both_forms_and_the_status_only_where_it_differs() -> None:
    text = _printed(sample_report())
    assert _row(text, "s:stands") == ["s:stands", "Über s:stands", "proved", "✓"]
    assert _row(text, "s:mended") == ["s:mended", "Über s:mended", "refuted →", "proved", "✓"]
    assert _row(text, "s:modulo") == ["s:modulo", "Über s:modulo", "proved", "✓ proved modulo"]
    assert _row(text, "s:assumed") == ["s:assumed", "Über s:assumed", "✓ assumed"]


def test_where_the_encoding_has_no_marks_there_are_words() -> None:
    page = Page("iso8859-1")
    print_table(report_of("s:stands", "s:mended"), Console(file=page, width=80))
    assert _row(page.getvalue(), "s:mended") == ["s:mended", "Über s:mended", "refuted ->", "proved", "ok"]


def test_what_stands_needs_no_explanation_unless_asked() -> None:
    assert _block(_printed(sample_report()), "s:stands") == ""
    assert "exact" in _block(_printed(sample_report(), verbose=True), "s:stands")


def test_verbose_lists_every_verdict() -> None:
    text = _printed(sample_report(), verbose=True, width=200)
    for result in sample_report().results:
        block = _block(text, result.claim.id)
        for form in (result.printed, result.mended):
            for verdict in form.verdicts if form is not None else ():
                assert re.search(rf"^ +{verdict.level.value} +{verdict.outcome.value} .* s  ", block, re.M)


def test_a_mended_claim_says_what_fails_where_and_why() -> None:
    block = _block(_printed(sample_report()), "s:mended")
    assert "[bold]p. 1" in block  # no markup of ours
    assert "mended because the sign of B is wrong" in block
    assert "as mended proved" in block
    assert "relation 1 fails, left = right, at entry (1, 1):" in block


def test_a_counterexample_can_be_checked_from_what_is_printed() -> None:
    block = _block(_printed(sample_report()), "s:mended")
    values = dict(re.findall(r"\b(\w) = \[?(-?[\d/]+)", block))
    zeros = re.search(r"^ +((?:\w = )+)0$", block, re.M)
    assert zeros is not None
    values |= dict.fromkeys(re.findall(r"\w", zeros[1]), "0")
    a, b, t = (float(Fraction(values[name])) for name in "ABt")
    sides = dict(re.findall(r"(left|right) +=.*≈ (\S+)", block))
    assert float(sides["left"]) == pytest.approx(math.exp(t * (a + b)) / 2, rel=1e-11)
    assert float(sides["right"]) == pytest.approx(math.exp(t * (a - b)) / 2, rel=1e-11)


def test_decimals_of_rationals_are_equal_not_close() -> None:
    block = _block(_printed(sample_report()), "s:refuted")
    assert "left  = 1/4 = 0.25" in block
    assert "right = -1/4 = -0.25" in block


def test_matrices_stand_side_by_side_as_far_as_there_is_room() -> None:
    result = sample_report()["s:mended"]
    assert result.printed is not None
    found = result.printed.counterexample
    assert found is not None
    old = dict(found)
    inputs = {"A": [["1", "-1/2"], ["0", "2"]], "B": [["1"], ["1"], ["1"]], "x": ["0", "1"], "t": "1/2"}
    inputs["T"] = [[["1", "0"]], [["0", "1"]]]
    assert isinstance(found, dict)
    try:
        found |= {"inputs": inputs, "left": "1+" * 300 + "1"}
        wide, narrow = _printed(report_of("s:mended")), _printed(report_of("s:mended"), width=40)
    finally:
        found |= old
    assert (
        "      A = [1 -1/2]   B = [1]   x = [0 1]   t = 1/2   T[1] = [1 0]\n"
        "          [0    2]       [1]                         T[2] = [0 1]\n"
        "                         [1]\n"
    ) in wide
    assert "(whole with --format json)" in wide
    assert max(len(line) for line in narrow.splitlines()[-20:] if " = " in line) <= 40


def test_an_operation_count_that_outgrows_its_bound_is_shown_as_a_family() -> None:
    block = _block(_printed(sample_report()), "s:cost")
    assert "operations of _square along n = t" in block
    assert re.search(r"count = 2\*t\^3", block)
    assert "bound = t" in block


@pytest.mark.parametrize(
    ("id", "reason"),
    [
        ("s:rests", "so the claim is unknown: rests on what does not stand: s:refuted"),
        ("s:ill-formed", "symbol z is used but nothing declares it"),
        ("s:vacuous", "the interval [1, 0] is empty"),
        ("s:error", "ValueError: a bell"),
        ("s:needless", "so the claim is error: there is a mended form, but the printed one is proved"),
    ],
)
def test_each_claim_that_does_not_pass_says_why(id: str, reason: str) -> None:
    assert reason in _block(_printed(sample_report()), id)


def test_the_summary_counts() -> None:
    assert summary(report_of("s:stands")) == "1 claim: 1 proved; all passed"
    assert summary(report_of("s:stands", "s:mended", "s:refuted")) == (
        "3 claims: 2 proved, 1 refuted; 2 not as printed, 1 of them mended; 1 did not pass"
    )
    assert _printed(sample_report()).splitlines()[-1] == summary(sample_report())


def test_the_paper_fits_80_columns(paper_report: Report) -> None:
    text = _printed(paper_report)
    lines = text.splitlines()
    assert max(len(line) for line in lines[:-1]) <= 80
    for result in paper_report.results:
        assert any(line.startswith(f"{result.claim.id} ") for line in lines)
        assert bool(_block(text, result.claim.id)) is (result.mended is not None or not result.passed)
