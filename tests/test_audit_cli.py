"""``proofcheck audit`` as its users meet it: exit codes, reports, bad input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli_helpers import GOOD, WRONG, command, proofcheck, run, write_module

KEYS = ["mutants", "killed", "equivalent", "weaker", "slack", "survivors", "by_level", "environment"]


def test_help_is_quick(tmp_path: Path) -> None:
    shown = run(tmp_path, [sys.executable, "-X", "importtime", *command("audit", "--help")[1:]])
    assert shown.returncode == 0
    assert "--level" in shown.stdout
    imported = {line.split("|")[-1].strip() for line in shown.stderr.splitlines()}
    assert not {"sympy", "pebble", "proofcheck.audit", "rich.table"} & imported


def test_a_table_for_readers(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD)
    done = proofcheck(tmp_path, "audit", "mine.py", "--quiet")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["claim", "mutants", "killed", "equivalent", "weaker", "slack", "survivor"]
    assert lines[1].split()[:2] == ["a:good", "6"]
    assert lines[-1].endswith("none survived")
    assert not any(line.endswith(" ") for line in lines)


def test_json_for_programs_and_the_exit_code_of_a_survivor(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD)
    done = proofcheck(tmp_path, "audit", "mine.py", "--level", "cost", "--format", "json")
    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert list(data) == KEYS
    assert data["by_level"] == {"cost": 0}
    assert data["killed"] == 0
    assert data["mutants"] == len(data["equivalent"]) + len(data["survivors"])
    assert {frozenset(one) for one in data["survivors"]} == {frozenset({"claim", "mutation", "reason"})}
    assert {frozenset(one) for one in data["equivalent"]} <= {frozenset({"claim", "mutation", "proof"})}
    assert "from a statement" in done.stderr  # what a module prints is not part of the report
    assert done.stderr.splitlines()[-1].startswith(f"proofcheck: {data['mutants']} mutants:")


def test_a_file_holds_the_same_report(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD)
    arguments = ("audit", "mine.py", "--format", "json", "--seed", "4", "--quiet")
    shown = proofcheck(tmp_path, *arguments, "--jobs", "1")
    written = proofcheck(tmp_path, *arguments, "--jobs", "2", "-o", "out.json")
    assert (written.returncode, written.stdout) == (0, "")
    assert (tmp_path / "out.json").read_text(encoding="utf-8") == shown.stdout
    assert json.loads(shown.stdout)["environment"]["seed"] == 4


def test_survivors_and_claims_left_out_are_named(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD, WRONG)
    done = proofcheck(tmp_path, "audit", "mine.py", "--level", "COST", "--quiet")
    assert done.returncode == 1
    assert "survivor:" in done.stdout
    assert "  a:good: relation 1 left, line " in done.stdout
    assert "a:wrong was left out: refuted" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("survived")


def test_without_mutants_nothing_has_passed(tmp_path: Path) -> None:
    write_module(tmp_path, WRONG)
    done = proofcheck(tmp_path, "audit", "mine.py", "--quiet")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "no mutants: no claim with a statement stands"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--claim", "a:god"), "nearest: a:good"),
        (("--level", "well-formed"), "level 'well_formed' refutes no mutant; choose from numeric, "),
        (("--level", "nonsense"), "level 'nonsense'"),
        (("--jobs", "0"), "--jobs 0: expected a number from 1"),
        (("--timeout", "0"), "--timeout 0: expected a number of seconds"),
        (("-o", "no/such/folder.json"), "cannot write 'no/such/folder.json'"),
        (("--format", "junit"), "junit"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    write_module(tmp_path, GOOD)
    done = proofcheck(tmp_path, "audit", "mine.py", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    # What a claim module prints may come from two processes at once, within one line.
    lines = [line for line in done.stderr.replace("from a statement", "").split("\n") if line]
    assert len(lines) == 1
    assert lines[0].startswith("proofcheck: error: ")
    assert words in lines[0]


def test_a_statement_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    write_module(tmp_path, "claim('a:lambda').printed(lambda xp, x, y: equal(x + y, y + x))\n")
    done = proofcheck(tmp_path, "audit", "mine.py")
    assert done.returncode == 2
    assert "claim 'a:lambda' cannot be audited: its statement must be" in done.stderr


def test_a_module_that_cannot_be_imported_is_left_out_with_its_error(tmp_path: Path) -> None:
    write_module(tmp_path, "raise ValueError('broken')\n")
    done = proofcheck(tmp_path, "audit", "mine.py", "--quiet")
    assert done.returncode == 1
    assert "ValueError: broken" in done.stdout
