"""Every fenced block of README, CONTRIBUTING and the pages of docs/ is run, or else checked by its kind."""

from __future__ import annotations

import contextlib
import io
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from proofcheck.claims.claim import forget
from tests.docs_blocks.commands import Terminal
from tests.docs_blocks.fences import PAGES, ROOT, Block, blocks_of, commands_of
from tests.docs_blocks.static import CHECKS

# Pages whose blocks are followed, and compared to the letter, by tests of their own.
ELSEWHERE = {
    "CONTRIBUTING.md": ("tests/test_contributing.py", {"console", "python"}),
    "ci.md": ("tests/test_sample_project.py", {"console"}),
}
DIRECTIVE = re.compile(r"\{[a-z-]+\}")  # the build of the documentation carries them out, or fails
# Behind a call, or behind the end of one that takes several lines.
PRINTED = re.compile(r"^(?:print\(.*)?\)  # (.*)$", re.MULTILINE)
FILE = re.compile(r"# ([\w/-]+\.py)\n")

posix = pytest.mark.skipif(os.name != "posix", reason="console blocks are for a POSIX shell")


@dataclass
class Page:
    """One reader, who follows one page from its top in a directory of their own."""

    terminal: Terminal
    name: str
    namespace: dict[str, Any] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    def follow(self, block: Block) -> None:
        """Run a block, or check it.

        Raises:
            AssertionError: it is not as the page says, or of a kind that is neither run nor checked.
        """
        if block.language == "python":
            self._python(block)
        elif block.language == "console":
            for command in commands_of(block):
                self.terminal.run(command)
        elif not DIRECTIVE.match(block.language):
            assert block.language in CHECKS, f"{block}: expected python, console, {', '.join(CHECKS)}"
            CHECKS[block.language](block)

    def _python(self, block: Block) -> None:
        """Run code, or, where its first line is the name of a file, write it there for later commands."""
        if (named := FILE.match(block.text)) is not None:
            place = self.terminal.directory / named[1]
            place.parent.mkdir(parents=True, exist_ok=True)
            # The first block of a name is the file, those after it go on.
            with place.open("a" if place in self.files else "w", encoding="utf-8") as file:
                file.write(f"{block.text}\n\n")
            self.files.append(place)
            return
        # A file of its own, so that the sources of statements can be had.
        source = self.terminal.directory / f"{self.name}_{block.line}.py"
        source.write_text(block.text, encoding="utf-8")
        printed = io.StringIO()
        with contextlib.chdir(self.terminal.directory), contextlib.redirect_stdout(printed):
            exec(compile(block.text, str(source), "exec"), self.namespace)
        assert printed.getvalue().splitlines() == PRINTED.findall(block.text), str(block)

    def finish(self) -> None:
        """What was written was for a command."""
        unused = [place for place in self.files if not any(place.stem in ran for ran in self.terminal.ran)]
        assert not unused, f"no command of the page uses {unused}"


def follow(path: Path, directory: Path, leave_out: frozenset[str] = frozenset()) -> Page:
    """Follow a page; kinds of blocks that a test of their own follows are left out."""
    name = f"blocks_of_{path.stem}"
    forget(name)
    page = Page(Terminal(directory), name, {"__name__": name})
    for block in blocks_of(path):
        if block.language not in leave_out:
            page.follow(block)
    page.finish()
    return page


@posix
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_blocks_of_a_page_do_what_it_says(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    _, others = ELSEWHERE.get(path.name, ("", set()))
    follow(path, tmp_path, frozenset(others))


@pytest.mark.parametrize("page", ELSEWHERE)
def test_what_is_followed_elsewhere_is(page: str) -> None:
    test, _ = ELSEWHERE[page]
    assert page in (ROOT / test).read_text(encoding="utf-8")


def test_the_readme_has_python_and_commands_to_run() -> None:
    blocks = blocks_of(ROOT / "README.md")
    assert PRINTED.findall("".join(block.text for block in blocks if block.language == "python"))
    assert sum(block.language == "console" for block in blocks) > 5
