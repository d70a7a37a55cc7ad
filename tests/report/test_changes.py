"""What changed between two reports, and which way."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

import pytest

from proofcheck.claims.status import PASSING, Word
from proofcheck.report.changes import Change, Direction, changed
from proofcheck.report.machine import compare_with_baseline, to_json_text
from tests.report.samples import STATUSES, report_of, sample_report


def data_of(*ids: str) -> Any:
    return json.loads(to_json_text(report_of(*(ids or STATUSES))))


def report(**statuses: str) -> Any:
    """Claims with no forms."""
    claims = [
        {"id": id, "status": word, "status_detail": "", "printed": None, "mended": None}
        for id, word in statuses.items()
    ]
    return {"schema_version": 1, "claims": claims}


def test_nothing_changes_by_itself() -> None:
    assert changed(data_of(), data_of(), thorough=True) == []


# Weakest first; words of one row are no better or worse than each other.
ROWS = [
    ["refuted", "refuted modulo", "ill-formed", "unknown", "vacuous", "error"],
    ["assumed"],
    ["supported"],
    ["proved modulo", "proved at sizes"],
    ["proved"],
]


def test_every_status_is_ordered_but_a_definitions() -> None:
    assert {word for row in ROWS for word in row} | {"defined"} == {word.value for word in Word}
    assert set(ROWS[0]) == {word.value for word in Word if word not in PASSING}


@pytest.mark.parametrize(("low", "high"), list(itertools.product(range(len(ROWS)), repeat=2)))
def test_stronger_evidence_is_better(low: int, high: int) -> None:
    expected = Direction.BETTER if low < high else Direction.WORSE if low > high else Direction.OTHER
    for was, now in itertools.product(ROWS[low], ROWS[high]):
        found = changed(report(a=was), report(a=now))
        assert found == ([] if was == now else [Change("a", "status", was, now, expected)])


def test_a_definition_passes_and_is_otherwise_not_compared() -> None:
    def way(was: str, now: str) -> str:
        (change,) = changed(report(a=was), report(a=now))
        return change.direction.value

    assert way("refuted", "defined") == "better"
    assert way("defined", "unknown") == "worse"
    assert way("defined", "proved") == way("assumed", "defined") == "other"


def test_claims_that_come_and_go() -> None:
    before, after = report(a="proved", b="refuted"), report(c="proved", d="unknown")
    assert [(one.id, one.what, one.was, one.now, one.direction.value) for one in changed(before, after)] == [
        ("c", "claim", None, "proved", "better"),
        ("d", "claim", None, "unknown", "worse"),
        ("a", "claim", "proved", None, "worse"),
        ("b", "claim", "refuted", None, "worse"),
    ]
    assert [one.id for one in changed(before, after, selected=True)] == ["c", "d"]
    assert [str(one) for one in changed(before, after)][1:3] == ["d: new, unknown", "a: gone, was proved"]


def test_a_form_that_comes_or_goes_goes_no_way_by_itself() -> None:
    before, after = data_of("s:mended"), data_of("s:mended")
    after["claims"][0]["mended"] = None
    (change,) = changed(before, after)
    assert (change.what, change.was, change.now, change.direction.value) == (
        "as mended",
        "proved",
        None,
        "other",
    )
    assert str(change) == "s:mended: as mended was proved, is absent"


def test_another_counterexample_is_a_change_only_of_thorough_comparison() -> None:
    before, after = data_of("s:refuted", "s:mended"), data_of("s:refuted", "s:mended")
    for claim in after["claims"]:
        claim["printed"]["counterexample"]["sizes"] = {"n": 7}
    assert changed(before, after) == []
    found = changed(before, after, thorough=True)
    assert [(one.id, one.what, one.direction.value) for one in found] == [
        ("s:refuted", "counterexample as printed", "other"),
        ("s:mended", "counterexample as printed", "other"),
    ]
    assert found[0].was["sizes"] == {"n": 1}
    assert found[0].now["sizes"] == {"n": 7}
    assert "counterexample as printed was at n=1 with {" in str(found[0])
    # Where a form is no longer disproved, its status says so and there is nothing to compare.
    after["claims"][0]["printed"] = {"status": "proved", "counterexample": None}
    kinds = [one.what for one in changed(before, after, thorough=True) if one.id == "s:refuted"]
    assert kinds == ["as printed"]


def test_what_a_proof_rests_on_is_compared_and_messages_are_not() -> None:
    before, after = data_of("s:modulo", "s:error", "s:rests"), data_of("s:modulo", "s:error", "s:rests")
    for claim in after["claims"]:
        claim["status_detail"] = "s:another"
    assert changed(before, after) == []
    (change,) = changed(before, after, thorough=True)
    assert str(change) == "s:modulo: detail was s:assumed, is s:another"


def test_the_baseline_is_compared_by_the_same_rules() -> None:
    before = copy.deepcopy(data_of())
    before["claims"][0]["status"] = "unknown"
    before["claims"].append({"id": "x", "status": "proved", "printed": None, "mended": None})
    lines = compare_with_baseline(sample_report(), before)
    assert lines == [str(one) for one in changed(before, data_of())]
    assert len(lines) == 2


def test_a_report_cannot_drive_a_terminal() -> None:
    hostile = report(a="proved")
    hostile["claims"][0]["id"] = "a\x1b[31m\nb"
    (change,) = changed(report(), hostile)
    assert str(change) == "a\ufffd[31m\ufffdb: new, proved"
