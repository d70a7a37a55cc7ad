"""``proofcheck diff``: output, exit codes, and files that are no reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from proofcheck.cli import app
from proofcheck.report import machine
from proofcheck.report.machine import to_json_text
from tests.cli_helpers import proofcheck
from tests.report.samples import sample_report


def _status(data: Any, id: str, word: str) -> None:
    next(claim for claim in data["claims"] if claim["id"] == id)["status"] = word


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three reports: the same, a worse one, and one with something better and something else."""
    monkeypatch.chdir(tmp_path)
    text = to_json_text(sample_report())
    (tmp_path / "old.json").write_text(text, encoding="utf-8")
    worse, other = json.loads(text), json.loads(text)
    _status(worse, "s:stands", "unknown")
    _status(worse, "s:rests", "proved")
    _status(other, "s:error", "refuted")
    (tmp_path / "worse.json").write_text(json.dumps(worse), encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    return tmp_path


def call(*arguments: str) -> tuple[int, str, str]:
    # Standalone or not, Click's runner gives what a command returns as exit code only through main().
    done = CliRunner().invoke(app, ["diff", *arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.stdout, done.stderr


@pytest.mark.usefixtures("files")
def test_the_text_has_a_line_for_each_change_and_a_summary() -> None:
    assert call("old.json", "old.json") == (0, "nothing changed\n", "")
    assert call("old.json", "worse.json") == (
        1,
        "worse  s:stands: status was proved, is unknown\n"
        "better s:rests: status was unknown, is proved\n"
        "2 changes in 2 claims: 1 better, 1 worse\n",
        "",
    )
    assert call("old.json", "other.json")[1] == (
        "other  s:error: status was error, is refuted\n1 change in 1 claim: 1 other\n"
    )


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("new", "fail_on", "code"),
    [
        ("old.json", "any", 0),
        ("old.json", "worse", 0),
        ("worse.json", "any", 1),
        ("worse.json", "worse", 1),
        ("other.json", "any", 1),
        ("other.json", "worse", 0),
    ],
)
def test_the_exit_code_counts_what_it_was_asked_to(new: str, fail_on: str, code: int) -> None:
    assert call("old.json", new, "--fail-on", fail_on)[0] == code


@pytest.mark.usefixtures("files")
def test_json_goes_to_standard_output_and_the_summary_to_standard_error() -> None:
    code, out, err = call("old.json", "worse.json", "--format", "json")
    assert code == 1
    assert json.loads(out) == {
        "schema_version": 1,
        "old": "old.json",
        "new": "worse.json",
        "changes": [
            {"id": "s:stands", "what": "status", "was": "proved", "now": "unknown", "direction": "worse"},
            {"id": "s:rests", "what": "status", "was": "unknown", "now": "proved", "direction": "better"},
        ],
    }
    assert err == "proofcheck: 2 changes in 2 claims: 1 better, 1 worse\n"
    assert call("old.json", "worse.json", "--format", "json", "--quiet")[2] == ""


def test_it_is_written_to_a_file(files: Path) -> None:
    code, out, err = call("old.json", "worse.json", "-o", "found.txt")
    assert (code, out) == (1, "")
    assert err == "proofcheck: 2 changes in 2 claims: 1 better, 1 worse\n"
    assert (files / "found.txt").read_text(encoding="utf-8").startswith("worse  s:stands")


def _gradient(name: str, **facts: Any) -> None:
    data = {"schema_version": 1, "grad": "model.gradient", "verdict": "CERTIFIED", **facts}
    Path(name).write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.usefixtures("files")
def test_reports_of_gradients_are_compared() -> None:
    _gradient("good.json")
    _gradient("open.json", verdict="UNDECIDED")
    _gradient("bad.json", verdict="REFUTED")
    assert call("good.json", "good.json") == (0, "nothing changed\n", "")
    code, text, _ = call("good.json", "open.json", "--fail-on", "worse")
    assert (code, text.splitlines()[0]) == (
        1,
        "worse  model.gradient: status was CERTIFIED, is UNDECIDED",
    )
    assert call("bad.json", "good.json")[1].startswith("better model.gradient: status was REFUTED, is")
    assert call("bad.json", "open.json")[1].startswith("other  model.gradient: status was REFUTED, is")
    assert call("bad.json", "good.json", "--fail-on", "worse")[0] == 0


@pytest.mark.usefixtures("files")
def test_a_gradient_is_not_compared_with_claims() -> None:
    _gradient("good.json")
    code, out, err = call("old.json", "good.json")
    assert (code, out) == (2, "")
    assert "'old.json' is a report of verify, 'good.json' of gradcheck; expected two" in err


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"schema_version": 9}, "schema_version is missing or is not 1"),
        ({"grad": 3}, "'grad' is not a string"),
        ({"verdict": "FINE"}, "'verdict' is not one of the known words"),
        ({"verdict": ["CERTIFIED"]}, "'verdict' is not one of the known words"),
    ],
)
@pytest.mark.usefixtures("files")
def test_what_is_no_report_of_a_gradient_is_told_in_one_line(facts: dict[str, Any], fault: str) -> None:
    _gradient("good.json", **facts)
    code, _, err = call("good.json", "good.json")
    assert code == 2
    assert f"report 'good.json': {fault}; expected what 'proofcheck gradcheck" in err


BAD = {
    "empty.json": b"",
    "truncated.json": b'{"schema_version": 1, "claims": [{"id": "a", "sta',
    "deep.json": b"[" * 100_000,
    "binary.json": b"\x80\x81",
    "other_schema.json": b'{"schema_version": 7, "claims": []}',
    "sarif.json": b'{"version": "2.1.0", "runs": []}',
    "list.json": b"[]",
    "claim.json": b'{"schema_version": 1, "claims": [{"id": "a", "status": "fine"}]}',
}


@pytest.mark.parametrize("name", [*BAD, "absent.json", "."])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.usefixtures("files")
def test_what_is_no_report_is_told_in_one_line(name: str, first: bool) -> None:
    if name in BAD:
        Path(name).write_bytes(BAD[name])
    code, out, err = call(*((name, "old.json") if first else ("old.json", name)))
    assert (code, out) == (2, "")
    assert err.startswith(f"proofcheck: error: report {name!r}: ")
    assert len(err.splitlines()) == 1


@pytest.mark.usefixtures("files")
def test_a_report_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MAX_BASELINE_BYTES", 10)
    code, _, err = call("old.json", "old.json")
    assert code == 2
    assert "larger than" in err


@pytest.mark.usefixtures("files")
def test_where_it_cannot_write_it_says_so() -> None:
    code, _, err = call("old.json", "worse.json", "-o", "absent/found.txt")
    assert code == 2
    assert "cannot write 'absent/found.txt'" in err


def test_as_a_process(files: Path) -> None:
    done = proofcheck(files, "diff", "old.json", "worse.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert proofcheck(files, "diff", "old.json").returncode == 2
    assert proofcheck(files, "diff", "old.json", "old.json", "--fail-on", "better").returncode == 2
