"""The fenced blocks of a page, and the commands of those that show a terminal."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block, without the indentation of the list it may stand in."""

    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"the {self.language or 'nameless'} block at line {self.line}"


@dataclass(frozen=True)
class Command:
    """A command of a console block and what the page shows of its output."""

    text: str
    shown: tuple[str, ...]


def blocks_of(page: Path) -> list[Block]:
    """All code of a page that is set apart from its text, in order; indented code has no language."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    return [
        Block(token.info.strip(), token.content, token.map[0] + 1)
        for token in tokens
        if token.type in ("fence", "code_block") and token.map is not None
    ]


def commands_of(block: Block) -> list[Command]:
    """What stands behind the prompts, with the lines that a quote or a backslash leaves open."""
    commands: list[Command] = []
    lines = block.text.splitlines()
    while lines:
        line = lines.pop(0)
        if not line.startswith("$ "):
            assert commands, f"{block}: {line!r} stands before any command"
            last = commands[-1]
            commands[-1] = Command(last.text, (*last.shown, line.rstrip()))
            continue
        text = line.removeprefix("$ ")
        while lines and _is_open(text):
            text += f"\n{lines.pop(0)}"
        assert not _is_open(text), f"{block}: {text!r} does not end"
        commands.append(Command(text, ()))
    assert commands, f"{block} has no command: begin one with '$ '"
    return commands


def _is_open(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:
        return True
    return re.search(r"(?<!\\)\\$", text) is not None
