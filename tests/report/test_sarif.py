"""SARIF: what is asked of it by the standard and by hosts that show it, and what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proofcheck.report.sarif import SarifResult, SarifRule, sarif, to_sarif_text
from proofcheck.results import Report

from .samples import STATUSES, sample_report

PASSING = {"proved", "proved modulo", "proved at sizes", "supported", "defined", "assumed"}


def run_of(text: str) -> Any:
    """The only run, with what the standard requires of every log and result checked (3.13, 3.14, 3.27)."""
    log = json.loads(text)
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "proofcheck"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    for rule in driver["rules"]:
        assert set(rule) == {"id", "shortDescription", "fullDescription"}
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        assert len(result["partialFingerprints"]["proofcheck/v1"]) == 64
        for location in result.get("locations", []):
            physical = location["physicalLocation"]
            assert physical["artifactLocation"]["uri"]
            assert physical["region"]["startLine"] >= 1
    return run


def test_what_did_not_pass_is_an_error_and_what_was_mended_a_note() -> None:
    run = run_of(to_sarif_text(sample_report()))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(STATUSES)
    levels: dict[str, list[str]] = {}
    for result in run["results"]:
        levels.setdefault(result["ruleId"], []).append(result["level"])
        if result["level"] == "error":
            assert STATUSES[result["ruleId"]] in result["message"]["text"]
    assert {id for id, found in levels.items() if "error" in found} == {
        id for id, status in STATUSES.items() if status not in PASSING
    }
    assert levels["s:mended"] == ["note"]
    (note,) = (one for one in run["results"] if one["ruleId"] == "s:mended")
    assert "the sign of B is wrong" in note["message"]["text"]
    assert "s:stands" not in levels


def test_places_are_of_the_statements() -> None:
    run = run_of(to_sarif_text(sample_report()))
    source = (Path(__file__).parent / "samples.py").read_text(encoding="utf-8").splitlines()
    placed = {
        one["ruleId"]: one["locations"][0]["physicalLocation"] for one in run["results"] if "locations" in one
    }
    for id, name in (("s:refuted", "refuted"), ("s:mended", "mended")):
        assert f"{name}.printed" in source[placed[id]["region"]["startLine"] - 1]
        assert placed[id]["artifactLocation"]["uri"].endswith("tests/report/samples.py")


def test_files_are_relative_to_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = tmp_path / "here" / "my claims.py", tmp_path / "there.py"
    inside.parent.mkdir()
    monkeypatch.chdir(inside.parent)
    found = [SarifResult("r", "error", "wrong", str(file), 3) for file in (inside, outside, "my claims.py")]
    run = run_of(sarif(found, [SarifRule("r", "a rule", "all of it")]))
    addresses = [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in run["results"]]
    assert addresses[0] == addresses[2] == {"uri": "my%20claims.py", "uriBaseId": "%SRCROOT%"}
    assert addresses[1] == {"uri": outside.as_uri()}
    first, second, third = (one["partialFingerprints"]["proofcheck/v1"] for one in run["results"])
    assert first == third != second


def test_what_is_not_among_the_rules_is_refused() -> None:
    with pytest.raises(KeyError):
        sarif([SarifResult("s", "note", "words")], [SarifRule("r", "a rule", "all of it")])


def test_of_the_paper_only_notes(paper_report: Report) -> None:
    text = to_sarif_text(paper_report)
    assert text == to_sarif_text(paper_report)
    run = run_of(text)
    assert {one["level"] for one in run["results"]} == {"note"}
    assert len(run["tool"]["driver"]["rules"]) == len(paper_report.results)
    assert all("locations" in one for one in run["results"])
