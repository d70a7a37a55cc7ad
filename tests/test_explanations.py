"""The pages that explain: what they say of claims, errata, contracts and files is so."""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pytest

from proofcheck.loading import load
from proofcheck.results import Report

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "docs" / "paper.md"
LOWER_BOUND = ROOT / "docs" / "lower_bound.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = [
    ROOT / "docs" / f"{name}.md"
    for name in (
        "algorithm",
        "architecture",
        "faq",
        "howto_backend",
        "howto_ci",
        "howto_claim",
        "howto_family",
        "howto_paper",
        "lower_bound",
        "paper",
        "tutorial",
    )
]
CLAIM = re.compile(r"`((?:as23|def|der|eq|fact|fig|hyp|lem|not|prf|red|rem|thm):[\w.-]+)`")
LINK = re.compile(r"\[([^\]]*)\]\(errata\.md#([^)]*)\)")
_NOTHING = "–"

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _ids(*modules: str) -> set[str]:
    return {claim.id for module in load(modules) for claim in module.claims}


def _rows(page: Path) -> Iterator[list[str]]:
    """The cells of the rows of tables that begin with a claim."""
    for line in _text(page).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `") and CLAIM.fullmatch(cells[0]):
            yield cells


def _headings() -> dict[str, str]:
    """Claims that have an erratum, with the anchor that GitHub and the documentation give its heading."""
    found = {}
    for line in _text(ROOT / "docs" / "errata.md").splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ").replace("\\", "")
            found[title.split(": ")[0]] = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    return found


@pages
def test_every_claim_on_a_page_exists(page: Path) -> None:
    known = _ids("proofcheck.paper", "reductions.claims")
    assert sorted(set(CLAIM.findall(_text(page))) - known) == []


def test_the_page_on_the_paper_has_every_claim_of_it() -> None:
    assert sorted(_ids("proofcheck.paper") - set(CLAIM.findall(_text(PAPER)))) == []


def test_the_page_on_the_lower_bound_has_every_claim_of_the_reductions() -> None:
    assert sorted(_ids("reductions.claims") - set(CLAIM.findall(_text(LOWER_BOUND)))) == []


def test_the_statuses_on_the_page_on_the_paper_are_those_of_a_run(paper_report: Report) -> None:
    rows = list(_rows(PAPER))
    assert len(rows) > 70
    shown, found = {}, {}
    for claim, *_, printed, status in rows:
        id = claim.strip("`")
        shown[id] = (LINK.sub(r"\1", printed), status)
        result = paper_report[id]
        form = _NOTHING if result.printed is None else result.printed.status.word.value
        found[id] = (form, result.status.word.value)
    assert shown == found
    assert len(shown) == len(rows)


def test_what_does_not_stand_is_linked_to_its_own_erratum() -> None:
    links = {claim.strip("`"): LINK.findall(printed) for claim, *_, printed, _ in _rows(PAPER)}
    anchors = {id: [anchor for _, anchor in found] for id, found in links.items() if found}
    assert anchors == {id: [anchor] for id, anchor in _headings().items()}


@pages
def test_links_to_errata_lead_to_one(page: Path) -> None:
    anchors = set(_headings().values())
    assert [anchor for _, anchor in LINK.findall(_text(page)) if anchor not in anchors] == []


def test_the_page_on_architecture_has_the_import_rules() -> None:
    settings = tomllib.loads(_text(ROOT / "pyproject.toml"))["tool"]["importlinter"]
    rules = _text(ARCHITECTURE).split("## Import rules")[1].split("\n## ")[0]
    cells = [line.split("|")[1].strip() for line in rules.splitlines() if line.startswith("| ")]
    assert cells[1:] == [contract["name"] for contract in settings["contracts"]]


@pages
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"`((?:docs|proofcheck|reductions|tests)/[\w/.-]+)`", _text(page))
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


@pages
def test_modules_and_functions_that_a_page_names_are_there(page: Path) -> None:
    for name in re.findall(r"`((?:proofcheck|reductions)(?:\.[a-zA-Z_]\w*)+)`", _text(page)):
        assert _found(name), name


def _found(name: str) -> bool:
    """Whether it is a module, or an attribute of one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        try:
            reduce(getattr, parts[count:], module)
        except AttributeError:
            return False
        return True
    return False
