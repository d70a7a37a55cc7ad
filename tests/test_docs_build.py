"""The documentation as it is built: complete, whole, its own; and what is wrong fails the build."""

from __future__ import annotations

import ast
import json
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import import_module
from inspect import ismodule
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest
import typer.main
from typer.testing import CliRunner

from proofcheck.cli import app as proofcheck_app
from reductions.cli import app as reductions_app
from tests.docs_blocks.fences import PAGES, blocks_of
from tests.docs_helpers import ROOT, build_documentation

NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))
# What a reader needs to understand a page, and not to use what it shows, is no part of the reference.
INTERNAL = ("proofcheck.checks", "proofcheck.cli", "proofcheck.paper")


@dataclass
class _Reader(HTMLParser):
    """Places and links of a page, what it loads, and its text."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(given["href"])
        elif "src" in given:
            self.loads.append(given["src"])

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(page: Path) -> _Reader:
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


@pytest.fixture(scope="module")
def site(documentation: Path) -> dict[Path, _Reader]:
    return {page: _read(page) for page in sorted(documentation.rglob("*.html"))}


def _words(reader: _Reader) -> str:
    return " ".join("".join(reader.text).split())


def test_every_page_and_notebook_is_built(documentation: Path) -> None:
    sources = [*PAGES, ROOT / "CHANGELOG.md", *NOTEBOOKS, *ROOT.glob("docs/reference/*.rst")]
    expected = {documentation / source.relative_to(ROOT).with_suffix(".html") for source in sources}
    assert [page for page in sorted(expected) if not page.exists()] == []
    assert len(NOTEBOOKS) == 6


def test_the_root_leads_to_the_front_page(documentation: Path) -> None:
    text = (documentation / "index.html").read_text(encoding="utf-8")
    assert 'http-equiv="refresh" content="0; url=docs/index.html"' in text
    assert (documentation / "docs" / "index.html").exists()


def test_pages_load_nothing_from_elsewhere(site: dict[Path, _Reader]) -> None:
    loaded = [(page, source) for page, reader in site.items() for source in reader.loads]
    assert loaded
    assert [(page, source) for page, source in loaded if urlsplit(source).scheme not in ("", "data")] == []
    missing = [
        (page, source)
        for page, source in loaded
        if not urlsplit(source).scheme and not (page.parent / unquote(urlsplit(source).path)).is_file()
    ]
    assert missing == []


def test_links_between_pages_lead_somewhere(site: dict[Path, _Reader]) -> None:
    broken = [
        (page.name, link)
        for page, reader in site.items()
        for link in reader.links
        if not urlsplit(link).scheme and not _leads(page, link, site)
    ]
    assert broken == []


def _leads(page: Path, link: str, site: dict[Path, _Reader]) -> bool:
    parts = urlsplit(link)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return False
    if not parts.fragment or target.suffix != ".html":
        return True
    return unquote(parts.fragment) in site[target].ids


@pytest.mark.parametrize(
    ("program", "app"),
    [("proofcheck", proofcheck_app), ("reductions", reductions_app)],
    ids=["proofcheck", "reductions"],
)
def test_the_page_on_commands_has_what_help_prints(
    documentation: Path, program: str, app: typer.Typer
) -> None:
    page = _words(_read(documentation / "docs" / "reference" / "commands.html"))
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert len(commands) > 8
    for command in commands:
        printed = CliRunner().invoke(app, [command, "--help"], prog_name=program, env={"COLUMNS": "1000"})
        assert printed.exit_code == 0
        lines = [line for line in printed.output.splitlines() if line.startswith("  ")]
        assert len(lines) > 2
        for line in lines:
            for part in line.strip().split("  "):
                if "Show this message" not in line:
                    assert " ".join(part.split()) in page, (command, part)


def _imports() -> Iterator[tuple[str, str, str]]:
    """What readers are shown to import: where, from which module, which name."""
    texts = [
        (page.name, block.text) for page in PAGES for block in blocks_of(page) if block.language == "python"
    ]
    for notebook in NOTEBOOKS:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        texts += [(notebook.name, "".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    for place, text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                ("proofcheck", "reductions")
            ):
                yield from ((place, str(node.module), alias.name) for alias in node.names)


def test_what_readers_import_is_in_the_reference(documentation: Path) -> None:
    data = (documentation / "objects.inv").read_bytes()
    text = zlib.decompress(data.split(b"zlib.\n", 1)[1]).decode()
    documented = {line.split(" ", 1)[0] for line in text.splitlines()}
    assert "proofcheck.Claim" in documented
    same = {}
    for full in documented:
        module, _, name = full.rpartition(".")
        if module in sys.modules:
            same[id(getattr(sys.modules[module], name, None))] = full
    found = [(place, module, name) for place, module, name in _imports() if not module.startswith(INTERNAL)]
    assert len(found) > 20
    missing = set()
    for place, module, name in found:
        value = getattr(import_module(module), name, None) or import_module(f"{module}.{name}")
        if f"{module}.{name}" not in documented and id(value) not in same and not ismodule(value):
            missing.add((place, f"{module}.{name}"))
    assert missing == set()


INDEX = """# Damaged

[a page](other.md#a-place), [a file](data.json), [a folder](folder), $x^2$ and
{py:class}`proofcheck.errors.UserInputError`

```{toctree}
other
names
```
"""
NAMES = """Names
=====

.. automodule:: proofcheck.errors
   :members:
"""
DAMAGE = {
    "a link to no page": ("index.md", "other.md#a-place", "nowhere.md", "nowhere.md"),
    "a link to no place": ("index.md", "#a-place", "#no-place", "no-place"),
    "a link to no file": ("index.md", "data.json", "no.json", "no.json"),
    "a link to no folder": ("index.md", "](folder)", "](nofolder)", "nofolder"),
    "a reference to no name": ("index.md", "errors.UserInputError`", "errors.NoError`", "NoError"),
    "a formula that is none": ("index.md", "$x^2$", r"$\nosuch$", "nosuch"),
    "a page in no list": ("index.md", "other\n", "", "toctree"),
    "an undocumented name": (
        "names.rst",
        "proofcheck.errors\n",
        "proofcheck.errors\n   :exclude-members: ShapeError\n",
        "proofcheck.errors.ShapeError is on no page",
    ),
}


def _small(root: Path) -> Path:
    docs = root / "docs"
    (docs / "folder").mkdir(parents=True)
    files = {"index.md": INDEX, "names.rst": NAMES, "other.md": "# Other\n\n## A place\n", "data.json": "{}"}
    for name, text in files.items():
        (docs / name).write_text(text, encoding="utf-8")
    return root


def _build(root: Path) -> tuple[int, str]:
    done = build_documentation(root, root / "build", "public_modules=proofcheck.errors")
    return done.returncode, done.stderr


def test_a_small_documentation_is_built(tmp_path: Path) -> None:
    assert _build(_small(tmp_path)) == (0, "")
    front = tmp_path / "build" / "docs" / "index.html"
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in front.read_text(encoding="utf-8")
    assert "a folder (docs/folder)" in _words(_read(front))


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_fails_the_build(tmp_path: Path, damage: str) -> None:
    name, old, new, said = DAMAGE[damage]
    file = _small(tmp_path) / "docs" / name
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    code, errors = _build(tmp_path)
    assert code == 1
    assert said in errors


def test_a_name_without_a_docstring_is_undocumented() -> None:
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    try:
        undocumented = import_module("public_names").undocumented
    finally:
        sys.path.pop(0)
    module = ModuleType("names_of_a_test")
    module.__dict__.update(
        __all__=["f", "g", "h"], f=lambda: None, g=test_a_small_documentation_is_built, h=1
    )
    sys.modules[module.__name__] = module
    try:
        assert undocumented([module.__name__], {f"{module.__name__}.f", f"{module.__name__}.h"}) == [
            "names_of_a_test.f has no docstring",
            "names_of_a_test.g is on no page of the reference",
        ]
    finally:
        del sys.modules[module.__name__]
