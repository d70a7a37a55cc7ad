"""The page of who catches what is written again from new runs of every checker, and says what it should."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.gradcheck_power.checkers import Answer, Found
from tests.gradcheck_power.planted import all_planted
from tests.gradcheck_power.table import outcome, page, run, versions

PAGE = Path(__file__).parents[2] / "docs" / "gradcheck_power.md"
COMMAND = "python -m tests.gradcheck_power.table -o docs/gradcheck_power.md"


def _score(words: str) -> list[int]:
    """What the table of scores has in the row that begins so: ours, torch, JAX with x64, JAX."""
    (line,) = (line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| {words}"))
    return [int(cell.split()[0]) for cell in line.split("|")[2:-1]]


# About a minute on an idle core.
@pytest.mark.timeout(900)
def test_the_page_is_written_again() -> None:
    """All but the line of versions: another NumPy or JAX may run the same."""
    committed = PAGE.read_text(encoding="utf-8")
    noted = re.compile("^Versions: .*$", re.MULTILINE)
    assert len(noted.findall(committed)) == 1
    assert noted.sub("", page(run())) == noted.sub("", committed), f"run: {COMMAND}"


def test_refusing_the_right_gradient_too_is_not_catching() -> None:
    refused, passed = Found(Answer.REFUSED), Found(Answer.PASSED)
    assert outcome(refused, passed) == "caught"
    assert outcome(refused, refused) == "refuses both"
    assert outcome(passed, refused) == outcome(passed, passed) == "missed"


def test_versions_are_those_of_what_ran() -> None:
    assert re.fullmatch(r"Versions: proofcheck \S+, torch 2\.\S+, JAX 0\.\S+, NumPy 2\.\S+\.", versions())


def test_at_least_95_percent_of_the_planted_errors_are_refuted() -> None:
    total = len(all_planted())
    words = ("missed", "undecided", "refuses both", "could not run")
    caught = _score(f"planted errors, of {total}: caught")
    others = [_score(f"planted errors: {word}") for word in words]
    assert [sum(column) for column in zip(caught, *others, strict=True)] == [total] * 4
    assert caught[0] >= 0.95 * total


def test_no_correct_gradient_is_refuted() -> None:
    assert _score("correct gradients, of 200: refused")[0] == 0
    assert _score("planted errors: refuses both")[0] == 0
    assert _score("correct gradients, of 200: could not run") == [0] * 4


@pytest.mark.parametrize("column", [1, 2, 3], ids=["torch", "JAX x64", "JAX"])
def test_the_others_ran_and_told_some_apart(column: int) -> None:
    """A wrapper that refused or passed everything would make a comparison of nothing."""
    assert _score("planted errors: could not run")[column] == 0
    assert _score(f"planted errors, of {len(all_planted())}: caught")[column] > len(all_planted()) / 2
    assert _score("correct gradients, of 200: refused")[column] < 100
