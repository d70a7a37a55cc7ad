"""JSON, JUnit and baselines: what other programs read, and what they may hand back."""

from __future__ import annotations

import copy
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from proofcheck.errors import UserInputError
from proofcheck.report import machine
from proofcheck.report.machine import compare_with_baseline, read_baseline, to_json_text, to_junit_text
from proofcheck.results import Report
from tests.report.samples import STATUSES, assert_schema, report_of, sample_report


def _data(report: Report) -> Any:
    return json.loads(to_json_text(report))


def test_json_follows_the_schema() -> None:
    text = to_json_text(sample_report())
    assert text.endswith("}\n")
    assert '\n  "schema_version": 1' in text
    assert "Über" in text
    data = json.loads(text)
    assert_schema(data)
    assert {claim["id"]: claim["status"] for claim in data["claims"]} == STATUSES


def test_json_of_the_paper_follows_the_schema(paper_report: Report) -> None:
    data = _data(paper_report)
    assert_schema(data)
    assert len(data["claims"]) == len(paper_report.results) > 40


def test_junit_has_a_case_per_claim() -> None:
    root = ElementTree.fromstring(to_junit_text(sample_report()))
    suites = root.findall("testsuite")
    assert len(suites) == 1
    suite = suites[0]
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert set(cases) == set(STATUSES)
    passing = {"proved", "proved modulo", "assumed"}
    for id, status in STATUSES.items():
        case = cases[id]
        assert case.get("classname") == "tests.report.samples"
        assert [child.tag for child in case] == (
            [] if status in passing else ["error"] if status == "error" else ["failure"]
        )
        if status not in passing:
            assert case[0].get("type") == status
            assert status in str(case[0].get("message"))
            assert "status: " in str(case[0].text)
    assert "counterexample" in str(cases["s:refuted"][0].text)
    assert suite.get("tests") == str(len(STATUSES))
    assert suite.get("errors") == str(len(suite.findall("testcase/error")))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    seconds = [float(str(case.get("time"))) for case in cases.values()]
    assert float(str(suite.get("time"))) == pytest.approx(sum(seconds), abs=0.01)
    properties = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert properties["seed"] == "0"
    assert "packages.numpy" in properties


def test_junit_survives_what_xml_cannot_hold() -> None:
    text = to_junit_text(report_of("s:error"))
    assert "\a" not in text
    assert "\x1b" not in text
    assert "an escape" in str(ElementTree.fromstring(text).find(".//error").text)  # type: ignore[union-attr]


def test_a_run_equals_itself() -> None:
    assert compare_with_baseline(sample_report(), _data(sample_report())) == []


def test_every_difference_is_named() -> None:
    before = _data(report_of("s:stands", "s:mended", "s:refuted", "s:cost"))
    claims = {claim["id"]: claim for claim in before["claims"]}
    claims["s:stands"]["status"] = "unknown"
    claims["s:mended"]["printed"]["status"] = "ill-formed"
    claims["s:refuted"]["mended"] = copy.deepcopy(claims["s:mended"]["mended"])
    after = report_of("s:stands", "s:mended", "s:refuted", "s:rests")
    assert compare_with_baseline(after, before) == [
        "s:stands: status was unknown, is proved",
        "s:mended: as printed was ill-formed, is refuted",
        "s:refuted: as mended was proved, is absent",
        "s:rests: new, unknown",
        "s:cost: gone, was refuted",
    ]
    assert "s:cost: gone, was refuted" not in compare_with_baseline(after, before, selected=True)


def test_a_baseline_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(to_json_text(sample_report()), encoding="utf-8")
    assert compare_with_baseline(sample_report(), read_baseline(path)) == []


GOOD = {"id": "a", "status": "proved", "printed": {"status": "proved"}, "mended": None}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "the top level is not an object"),
        (b"{}", "schema_version is missing or is not 1"),
        (b'{"schema_version": 2, "claims": []}', "schema_version is missing or is not 1"),
        (b'{"schema_version": 1}', "'claims' is not a list"),
        (b'{"schema_version": 1, "claims": {}}', "'claims' is not a list"),
        (b'{"schema_version": 1, "claims": [3]}', "claims[0] is not an object with a string 'id'"),
        ([{**GOOD, "id": 3}], "claims[0] is not an object with a string 'id'"),
        ([GOOD, GOOD], "claims[1] has the id of an earlier one"),
        ([{**GOOD, "status": "great"}], "claims[0].status is missing"),
        ([{**GOOD, "status": ["proved"]}], "claims[0].status is missing"),
        ([{"id": "a"}], "claims[0].status is missing"),
        ([{**GOOD, "printed": "proved"}], "claims[0].printed.status is missing"),
        ([{**GOOD, "mended": {}}], "claims[0].mended.status is missing"),
    ],
    ids=lambda value: None if isinstance(value, str) else "content",
)
def test_a_bad_baseline_is_the_users_to_mend(tmp_path: Path, content: Any, fault: str) -> None:
    path = tmp_path / "baseline.json"
    if not isinstance(content, bytes):
        content = json.dumps({"schema_version": 1, "claims": content}).encode()
    path.write_bytes(content)
    with pytest.raises(UserInputError) as caught:
        read_baseline(path)
    assert fault in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_form_may_be_left_out_of_a_baseline(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps({"schema_version": 1, "claims": [{"id": "a", "status": "assumed"}]}))
    assert read_baseline(path)["claims"][0]["mended"] is None


def test_a_baseline_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(UserInputError, match="baseline"):
            read_baseline(path)


def test_a_baseline_is_not_read_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MAX_BASELINE_BYTES", 10)
    path = tmp_path / "baseline.json"
    path.write_text(" " * 11, encoding="utf-8")
    with pytest.raises(UserInputError, match="larger than"):
        read_baseline(path)
