"""The documentation says what the program does: tables are complete, links lead somewhere, pictures fresh."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sysconfig
import tomllib
from importlib import util
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from proofcheck import claims
from proofcheck.claims.claim import forget
from proofcheck.claims.status import PASSING, Word
from proofcheck.claims.verdict import Level, Outcome
from proofcheck.namespaces.strict import StrictNamespace
from proofcheck.results import Report

ROOT = Path(__file__).parents[1]
STATEMENTS = ROOT / "docs" / "statements.md"
STATUSES = ROOT / "docs" / "statuses.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def _blocks(page: Path, language: str) -> list[str]:
    return [text for word, text in FENCE.findall(page.read_text(encoding="utf-8")) if word == language]


def _first_cells(page: Path) -> list[str]:
    """What stands in the first column of the page's tables, without its markup."""
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [row.split("|")[1].strip().strip("`") for row in rows]


def test_the_example_statement_is_proved() -> None:
    namespace: dict[str, object] = {"__name__": "example_statement"}
    forget("example_statement")
    exec("".join(_blocks(STATEMENTS, "python")), namespace)
    chain_rule = namespace["chain_rule"]
    assert isinstance(chain_rule, claims.Claim)
    from proofcheck import verify

    assert verify(claims=[chain_rule]).results[0].status.word is Word.PROVED


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sysconfig.get_path("scripts")) / "proofcheck"
    return subprocess.run(
        [str(command), *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_one_claim_in_detail_as_the_readme_has_it(tmp_path: Path) -> None:
    (block,) = (b for b in _blocks(ROOT / "README.md", "console") if "--verbose" in b)
    done = _run(*block.split()[2:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "lem:B.1.5" in done.stdout
    assert Level.FINITE_DIFFERENCE.value in done.stdout


def test_every_operation_is_in_the_page_on_statements() -> None:
    text = STATEMENTS.read_text(encoding="utf-8")
    operations = [
        name
        for name, _ in inspect.getmembers(StrictNamespace, inspect.isfunction)
        if not name.startswith("_")
    ]
    assert len(operations) > 10
    assert [name for name in operations if f"`xp.{name}(" not in text] == []


def test_every_operation_in_the_page_on_statements_exists() -> None:
    mentioned = set(re.findall(r"xp\.(\w+)", STATEMENTS.read_text(encoding="utf-8")))
    assert [name for name in mentioned if not hasattr(StrictNamespace, name)] == []


def test_every_domain_and_proposition_is_in_the_page_on_statements() -> None:
    text = STATEMENTS.read_text(encoding="utf-8")
    words = ["Real", "Positive", "Interval", "Bits", "HalfMax", "Index"]
    words += ["equal", "at_most", "has_shape", "within", "bounded", "vanishes", "all_of"]
    assert [word for word in words if f"`{word}(" not in text] == []
    exported = {name for name in claims.__all__ if _makes_a_domain_or_a_proposition(getattr(claims, name))}
    assert exported == set(words)


def _makes_a_domain_or_a_proposition(what: object) -> bool:
    return inspect.isfunction(what) or (inspect.isclass(what) and hasattr(what, "describe"))


def test_every_word_has_a_row_in_the_page_on_statuses() -> None:
    cells = _first_cells(STATUSES)
    for word in (*Word, *Level, *Outcome):
        assert word.value in cells, word
    assert [
        kind for kind in claims.Kind if f"`{kind.value}`" not in STATUSES.read_text(encoding="utf-8")
    ] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", STATUSES], ids=lambda page: page.name)
def test_the_tables_say_which_statuses_pass(page: Path) -> None:
    passes = {"yes": True, "no": False}
    found: dict[str, bool] = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[2] in passes:
            found |= {word.strip(" `"): passes[cells[2]] for word in cells[0].split(",")}
    assert found
    assert found == {word: Word(word) in PASSING for word in found}


def test_keys_of_the_json_report_are_in_the_page_on_statuses(paper_report: Report) -> None:
    text = STATUSES.read_text(encoding="utf-8")
    report = paper_report.to_json()
    forms = [claim[name] for claim in report["claims"] for name in ("printed", "mended") if claim[name]]
    keys = {key for part in (report, report["environment"], *report["claims"], *forms) for key in part}
    keys |= {key for form in forms for key in form["counterexample"] or ()}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
    verdict_keys = {key for form in forms for verdict in form["verdicts"] for key in verdict}
    assert [key for key in sorted(verdict_keys) if f'"{key}"' not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def _picture_module() -> ModuleType:
    spec = util.spec_from_file_location("picture", ROOT / "docs" / "picture.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _words_of(svg: str) -> list[str]:
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return [text.text.replace("\xa0", " ").strip() for text in texts if text.text and text.text.strip()]


def test_the_picture_shows_what_a_run_prints(paper_report: Report) -> None:
    picture = _picture_module()
    committed = picture.TARGET.read_text(encoding="utf-8")
    assert _words_of(committed) == _words_of(picture.picture(paper_report)), "run: python docs/picture.py"
    assert "@font-face" not in committed


def test_the_readme_names_the_python_that_is_required() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["requires-python"].removeprefix(">=")
    assert f"Python {version} or newer" in (ROOT / "README.md").read_text(encoding="utf-8")
