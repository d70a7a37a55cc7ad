"""The blueprint read back: a panel and a node for every claim, nothing but text from claims, colours."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from urllib.parse import unquote

import pytest

from proofcheck.claims import Kind, Level, Outcome, Verdict
from proofcheck.claims.status import Word
from proofcheck.report.blueprint import to_blueprint_text
from proofcheck.report.blueprint_graph import SHAPES, edges_of, printed_word, words_of
from proofcheck.report.blueprint_style import BORDERS, FILLS, INK, SCRIPT
from proofcheck.report.by_hand import by_hand
from proofcheck.report.errata import find_errata
from proofcheck.report.table import summary
from proofcheck.results import Report
from tests.cli_helpers import GOOD, WRONG, proofcheck, write_module
from tests.report.blueprint_samples import EVIL, EVIL_ID, evil_statement, small_report
from tests.report.errata_samples import EQUAL, STANDS, WELL_FORMED, hand_made, printed_claim
from tests.report.samples import sample_report

VOID = {"meta", "input", "img", "br"}


class _Page(HTMLParser):
    """Elements with their attributes and text; the text of an article is under its id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.articles: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1][0]][-1] += data
        for tag, attributes in self.open:
            if tag == "article":
                id = str(attributes["id"])
                self.articles[id] = self.articles.get(id, "") + data

    def with_class(self, name: str) -> list[dict[str, str | None]]:
        return [found for _, found in self.elements if name in str(found.get("class")).split()]


def _cleaned(text: str) -> str:
    return text.replace("\x1b", "\ufffd")


@pytest.fixture(scope="module")
def page() -> _Page:
    return _Page(to_blueprint_text(small_report()))


@pytest.mark.parametrize("report", [small_report, sample_report], ids=["small", "all statuses"])
def test_every_claim_has_a_node_and_a_panel(report: object) -> None:
    found: Report = report()  # type: ignore[operator]
    page = _Page(to_blueprint_text(found))
    ids = [result.claim.id for result in found.results]
    assert [attributes["id"] for tag, attributes in page.elements if tag == "article"] == ids
    nodes = [(a, b) for a, b in page.elements if a == "a" and "node" in str(b.get("class")).split()]
    assert [node["data-id"] for _, node in nodes] == ids
    assert [unquote(str(node["href"])) for _, node in nodes] == [f"#{id}" for id in ids]
    assert [node["data-status"] for _, node in nodes] == [r.status.word.value for r in found.results]
    assert summary(found) in page.texts["p"]
    for (_, node), result in zip(nodes, found.results, strict=True):
        classes = str(node["class"]).split()
        assert f"s-{result.status.word.value.replace(' ', '-')}" in classes
        assert f"p-{printed_word(result).replace(' ', '-')}" in classes
        # Not by colour alone.
        assert result.status.word.value in str(node["aria-label"])
        assert words_of(result) in page.texts["text"]


def test_a_border_says_what_became_of_the_printed_form() -> None:
    found = {result.claim.id: printed_word(result) for result in small_report().results}
    assert found == {
        "b:stands": "stands",
        "b:refuted": "refuted",
        "b:hypothesis": "nothing to check",
        "b:conditional": "stands",
        "b:unknown": "not known",
        EVIL_ID: "refuted",
    }
    words = {result.claim.id: words_of(result) for result in sample_report().results}
    assert words["s:mended"] == "refuted → proved"
    assert words["s:ill-formed"] == "ill-formed"
    assert printed_word(sample_report()["s:ill-formed"]) == "ill-formed"
    assert printed_word(sample_report()["s:vacuous"]) == "not known"


def test_edges_are_what_is_used_and_assumed(page: _Page) -> None:
    expected = [
        ("b:stands", "b:refuted", "uses"),
        ("b:stands", "b:conditional", "uses"),
        ("b:hypothesis", "b:conditional", "assumes"),
        ("b:stands", EVIL_ID, "uses"),
    ]
    assert list(edges_of(small_report().results)) == expected
    drawn = [(e["data-from"], e["data-to"], str(e["class"]).split()[1]) for e in page.with_class("edge")]
    assert sorted(drawn, key=str) == sorted(expected, key=str)


def test_a_panel_has_all_that_was_found(page: _Page) -> None:
    text = page.articles[EVIL_ID]
    result = small_report()[EVIL_ID]
    (item,) = (item for item in find_errata(small_report()).items if item.id == EVIL_ID)
    assert item.mending is not None
    assert item.counterexample is not None
    shown = [item.source, "\n".join(by_hand(item.counterexample)), item.mending.source, item.mending.where]
    shown += [EVIL, f"because {EVIL}", f"{EVIL} is {item.mending.changes[0].mended}, not undeclared"]
    shown += ["\n".join(by_hand(item.counterexample["non_degenerate"])), "lemma; ", result.claim.id]
    for words in shown:
        assert _cleaned(words) in text
    assert "counterexamplerefuted" in text
    assert "genericholdsall1 equality" in text
    assert "b:elsewhere<i> (not in this report)" in text
    assert "Conditional on it: b:conditional" in page.articles["b:hypothesis"]
    assert f"Used by: b:refuted, b:conditional, {EVIL_ID}" in page.articles["b:stands"]


def test_what_rests_on_a_claim_through_others_is_further(page: _Page) -> None:
    report = hand_made(
        (printed_claim("b:a"), STANDS),
        (printed_claim("b:b", uses=("b:a",)), STANDS),
        (printed_claim("b:c", uses=("b:b",)), STANDS),
    )
    text = _Page(to_blueprint_text(report)).articles["b:a"]
    assert "Used by: b:b" in text
    assert "Further claims that rest on it: b:c" in text


def test_verdicts_have_sizes_and_details_but_no_floats() -> None:
    verdicts = (
        WELL_FORMED,
        Verdict(Level.EXACT, Outcome.HOLDS, "4 entries", EQUAL, sizes=({"n": 2}, {"n": 3})),
        Verdict(Level.NUMERIC, Outcome.HOLDS, "error 3.1e-16", EQUAL, sizes=({"n": 5},), seconds=1.25),
    )
    text = _Page(to_blueprint_text(hand_made((printed_claim("b:a"), verdicts)))).articles["b:a"]
    assert "exactholdsn=2, n=34 entries" in text
    assert "numericholdsn=5" in text
    assert "3.1e-16" not in text
    assert "1.25" not in text


def test_claims_are_text_whatever_they_hold(page: _Page) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "b:", "i", "iframe", "object", "link", "base", "form"}
    assert page.texts["script"] == [SCRIPT]
    assert page.texts["title"][0] == "Blueprint"
    assert _cleaned(EVIL) in page.texts["blockquote"]
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style")]
        assert str(attributes.get("href", "#")).startswith("#")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", to_blueprint_text(small_report()))


def test_a_formula_that_cannot_be_shown_is_shown_as_latex(page: _Page) -> None:
    assert small_report()[EVIL_ID].claim.formula in page.texts["code"]
    assert len(page.texts["math"]) == 4


def test_the_policy_admits_one_script_and_one_style_sheet(page: _Page) -> None:
    (policy,) = (a["content"] for t, a in page.elements if t == "meta" and "http-equiv" in a)
    rules = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
    assert rules["default-src"] == "'none'"
    for name, tag in (("script-src", "script"), ("style-src", "style")):
        (content,) = page.texts[tag]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    text = to_blueprint_text(small_report())
    # Before anything that it is to govern.
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script>")


def test_nothing_is_fetched() -> None:
    text = to_blueprint_text(small_report())
    for marker in ("http://", "https://", "@import", "url(", "@font-face"):
        assert marker not in text


def test_the_same_report_gives_the_same_page_whatever_the_seconds() -> None:
    report = small_report()
    slower = tuple(
        result
        if result.printed is None
        else replace(
            result,
            printed=replace(
                result.printed, verdicts=tuple(replace(v, seconds=9.75) for v in result.printed.verdicts)
            ),
        )
        for result in report.results
    )
    text = to_blueprint_text(report)
    assert text == to_blueprint_text(small_report()) == to_blueprint_text(replace(report, results=slower))


def test_the_environment_is_what_the_report_has(page: _Page) -> None:
    assert page.texts["li"][-3:] == [f"python: {_cleaned(EVIL)}", "packages: numpy 2", "seed: 0"]


def test_a_cycle_and_a_claim_declared_twice_are_shown_too() -> None:
    report = hand_made(
        (printed_claim("b:a", uses=("b:b",)), STANDS),
        (printed_claim("b:b", uses=("b:a", "b:b")), STANDS),
    )
    twice = Report((*report.results, report.results[0]), {})
    page = _Page(to_blueprint_text(twice))
    assert list(page.articles) == ["b:a", "b:b"]
    assert len(page.with_class("edge")) == 2


def test_every_kind_has_a_shape_and_every_word_a_colour() -> None:
    assert sorted(kind for kinds in SHAPES.values() for kind in kinds) == sorted(Kind)
    assert set(FILLS) == set(Word)


def _luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_have_the_contrast_that_wcag_wants(theme: int) -> None:
    ink = {name: colours[theme] for name, colours in INK.items()}
    grounds = ink["ground"], ink["raised"]
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    for fill in FILLS.values():
        assert _contrast(ink["text"], fill[theme]) >= 4.5
    for name, ground in product(("text", "muted", "link"), grounds):
        assert _contrast(ink[name], ground) >= 4.5
    for ground in grounds:
        assert all(_contrast(border[theme], ground) >= 3 for border in BORDERS.values())
        assert _contrast(ink["line"], ground) >= 3
        assert _contrast(ink["chosen"], ground) >= 3


@pytest.mark.parametrize(("part", "code"), [(GOOD, 0), (WRONG, 1)], ids=["passed", "not passed"])
def test_the_command_writes_it(tmp_path: Path, part: str, code: int) -> None:
    write_module(tmp_path, part)
    shown = proofcheck(tmp_path, "verify", "mine.py", "--format", "html")
    written = proofcheck(tmp_path, "verify", "mine.py", "--format", "html", "-o", "page.html")
    assert (shown.returncode, written.returncode) == (code, code), written.stderr
    sources = re.compile("sources: [0-9a-f]+")  # of the program too, which may be edited meanwhile
    file = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert sources.sub("", shown.stdout) == sources.sub("", file)
    assert written.stdout == ""
    assert list(_Page(shown.stdout).articles) == ["a:good" if part == GOOD else "a:wrong"]


def test_a_statement_is_shown_as_it_is_written() -> None:
    assert "</pre><script>" in evil_statement.__code__.co_consts[1]
    text = to_blueprint_text(small_report())
    assert "&lt;/pre&gt;&lt;script&gt;" in text
    assert text.count("<script>") == text.count("</script>") == 1
