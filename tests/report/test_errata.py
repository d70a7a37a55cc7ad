"""What is listed as an erratum, how serious it is, and whether what rests on it survives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proofcheck.claims import Claim, Interval, Kind, Level, Outcome, Real, Seriousness, Verdict
from proofcheck.claims.graph import Graph
from proofcheck.errors import UserInputError
from proofcheck.report.errata import Change, Evidence, find_errata
from proofcheck.report.errata_formats import to_html_text, to_markdown_text
from proofcheck.report.errata_latex import to_latex_text
from proofcheck.report.errata_page import summary, survival
from proofcheck.results import Report, assemble
from tests.report.errata_samples import (
    DISPROVED,
    EQUAL,
    FOUND,
    ILL_FORMED,
    REFUTED,
    STANDS,
    WELL_FORMED,
    errata_of,
    further,
    hand_made,
    mended_claim,
    printed_claim,
)
from tests.report.samples import report_of, sample_report

ROOT = Path(__file__).parents[2]


def test_what_is_refuted_or_ill_formed_is_listed_and_what_is_not_decided_is_named() -> None:
    found = find_errata(sample_report())
    assert [item.id for item in found.items] == ["s:mended", "s:refuted", "s:ill-formed", "s:cost"]
    assert [id for id, _ in found.undecided] == ["s:rests", "s:vacuous", "s:error", "s:needless"]
    assert summary(found) == (
        "4 of 11 claims do not stand as printed, 1 of them has a mended form that stands; "
        "4 could not be decided"
    )


@pytest.mark.parametrize(
    ("ids", "passed"),
    [
        (("s:stands",), True),
        (("s:stands", "s:mended"), True),
        (("s:mended", "s:refuted"), False),
        (("s:rests",), True),  # unknown: no erratum
        (("s:error",), False),  # may hide one
    ],
)
def test_the_list_passes_if_all_is_mended_and_nothing_is_in_error(ids: tuple[str, ...], passed: bool) -> None:
    assert find_errata(report_of(*ids)).passed is passed


def test_only_some_are_listed_but_all_are_looked_at_for_what_rests_on_them() -> None:
    found = find_errata(sample_report(), select=["s:refuted"])
    assert [(item.id, [one.id for one in item.dependents]) for item in found.items] == [
        ("s:refuted", ["s:rests"])
    ]
    with pytest.raises(UserInputError, match="unknown claim id 's:refute'; nearest: s:refuted"):
        find_errata(sample_report(), select=["s:refute"])


@pytest.mark.parametrize(
    ("claim", "printed", "expected"),
    [
        (mended_claim("e:1"), REFUTED, Seriousness.CONSTANT),
        (mended_claim("e:2", given={"x": Interval(0, 1, "n")}), REFUTED, Seriousness.HYPOTHESIS),
        (mended_claim("e:3", given={"x": Real("n")}), REFUTED, Seriousness.CONSTANT),  # the same declaration
        (mended_claim("e:4", given={"y": Real()}), REFUTED, Seriousness.HYPOTHESIS),
        (mended_claim("e:5", where=further), REFUTED, Seriousness.HYPOTHESIS),
        (mended_claim("e:6", given={"y": Real()}), (ILL_FORMED,), Seriousness.TYPOGRAPHICAL),
        (mended_claim("e:7", kind=Kind.PROOF), (ILL_FORMED,), Seriousness.GAP),
        (mended_claim("e:8", kind=Kind.PROOF, serious=Seriousness.CONSTANT), REFUTED, Seriousness.CONSTANT),
        (mended_claim("e:9", serious=Seriousness.GAP), (ILL_FORMED,), Seriousness.GAP),
        (printed_claim("e:10"), REFUTED, None),
        (printed_claim("e:11"), (ILL_FORMED,), Seriousness.TYPOGRAPHICAL),
    ],
    ids=lambda value: value.id if isinstance(value, Claim) else None,
)
def test_how_serious(claim: Claim, printed: tuple[Verdict, ...], expected: Seriousness | None) -> None:
    assert [item.seriousness for item in errata_of((claim, printed)).items] == [expected]


def test_the_mended_form_says_what_it_changes_and_on_what_evidence() -> None:
    claim = mended_claim("e:m", given={"x": Interval(0, 1, "n"), "y": Real()}, where=further)
    (item,) = errata_of((claim, REFUTED)).items
    assert item.mending is not None
    assert item.mending.because == "a sign is wrong"
    assert item.mending.source.startswith("def statement(")
    assert item.mending.where.startswith("def further(")
    assert item.mending.changes == (
        Change("x", "real n", Interval(0, 1, "n").describe()),
        Change("y", "", "real scalar"),
    )
    assert [(one.level, one.outcome, one.detail) for one in item.mending.evidence] == [
        (verdict.level, verdict.outcome, verdict.detail) for verdict in STANDS
    ]
    assert item.mended


def test_figures_of_floats_and_times_are_left_out() -> None:
    exact = Verdict(Level.EXACT, Outcome.HOLDS, "3 entries", EQUAL, sizes=({"n": 1}, {"n": 2}), seconds=1.5)
    floats = Verdict(
        Level.NUMERIC, Outcome.HOLDS, "difference 4.3e-16", EQUAL, sizes=({"n": 3},), seconds=2.5
    )
    claim = mended_claim("e:floats")
    pages = []
    for verdicts in ((exact, floats), (replace(exact, seconds=9.25), replace(floats, detail="2.2e-16"))):
        graph = Graph([claim])
        both = {(claim.id, "printed"): REFUTED, (claim.id, "mended"): (WELL_FORMED, *verdicts)}
        found = find_errata(assemble(graph, both, [claim.id], {"platform": "Linux"}))
        assert found.items[0].mending is not None
        assert found.items[0].mending.evidence[1:] == (
            Evidence(Level.EXACT, Outcome.HOLDS, "3 entries", "n=1, n=2"),
            Evidence(Level.NUMERIC, Outcome.HOLDS, "", "n=3"),
        )
        pages.append([write(found) for write in (to_markdown_text, to_latex_text, to_html_text)])
    assert pages[0] == pages[1]
    assert not any(word in page for page in pages[0] for word in ("Linux", "9.25", "2.2e-16"))


def test_the_smallest_counterexample_is_shown() -> None:
    larger = {**FOUND, "sizes": {"n": 3}}
    fuller = {**FOUND, "inputs": {**FOUND["inputs"], "t": "1"}}
    along = {"relation": "bounded", "family": {"n": "t"}}
    verdicts = tuple(replace(DISPROVED, counterexample=one) for one in (along, larger, fuller, FOUND))
    (item,) = errata_of((mended_claim("e:small"), (WELL_FORMED, *verdicts))).items
    assert item.counterexample == FOUND


def test_what_rests_on_a_mended_claim_survives() -> None:
    report = hand_made(
        (mended_claim("e:a"), REFUTED),
        (printed_claim("e:b", uses=("e:a",)), STANDS),
        (printed_claim("e:c", uses=("e:b",)), STANDS),
    )
    (item,) = find_errata(report).items
    assert survival(item.dependents) == "it survives; 2 of 2 claims stand: e:b, e:c (proved)"


def test_what_rests_on_a_claim_that_nothing_mends_does_not() -> None:
    report = hand_made(
        (printed_claim("e:a"), REFUTED),
        (printed_claim("e:b", uses=("e:a",)), STANDS),
        (printed_claim("e:c", uses=("e:b",)), STANDS),
    )
    found = find_errata(report)
    assert not found.passed
    assert survival(found.items[0].dependents) == (
        "it does not survive; 0 of 2 claims stand: e:b, e:c (unknown [rests on what does not stand: e:a])"
    )


def test_part_of_what_rests_on_a_claim_may_survive() -> None:
    (item,) = errata_of(
        (mended_claim("e:a"), REFUTED),
        (printed_claim("e:b", uses=("e:a",)), STANDS),
        (printed_claim("e:c", uses=("e:a",)), (ILL_FORMED,)),
        (printed_claim("e:d"), STANDS),
    ).items[:1]
    text = survival(item.dependents)
    assert text.startswith("not all of it survives; 1 of 2 claims stand: e:c (ill-formed [symbol z")
    assert text.endswith("; e:b (proved)")
    assert survival(()) == "nothing rests on it"


def test_a_mended_form_on_broken_ground_does_not_stand() -> None:
    found = errata_of((printed_claim("e:a"), REFUTED), (mended_claim("e:b", uses=("e:a",)), REFUTED))
    assert [item.mended for item in found.items] == [False, False]
    assert found.items[1].mending is not None
    assert str(found.items[1].mending.status) == "unknown [rests on what does not stand: e:a]"


def test_the_page_in_the_documentation_is_what_a_run_gives(paper_report: Report) -> None:
    committed = (ROOT / "docs" / "errata.md").read_text(encoding="utf-8")
    assert committed == to_markdown_text(find_errata(paper_report)), (
        "run: proofcheck errata proofcheck.paper --format markdown -o docs/errata.md"
    )
