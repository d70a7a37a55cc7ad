"""CONTRIBUTING's example, followed literally."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
import textwrap
from pathlib import Path

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"
FENCE = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def _steps() -> list[tuple[str, str]]:
    """The fenced blocks of the first section: (language, text)."""
    first_section = CONTRIBUTING.read_text(encoding="utf-8").split("\n## ")[1]
    return [(language, textwrap.dedent(block)) for language, block in FENCE.findall(first_section)]


def _run(command: str, directory: Path) -> str:
    """What a terminal of 80 columns shows, without colours."""
    scripts = sysconfig.get_path("scripts")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "80",
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.stdout


def test_contributing_opens_with_the_example() -> None:
    lines = CONTRIBUTING.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("#")][:2] == [
        "# Contributing",
        "## Add a claim in five minutes",
    ]


def test_the_example_gives_what_the_text_shows(tmp_path: Path) -> None:
    module = tmp_path / "my_claims.py"
    followed = []
    for language, block in _steps():
        if language == "python":
            before = module.read_text(encoding="utf-8") if module.exists() else ""
            module.write_text(f"{before}\n\n{block}".lstrip(), encoding="utf-8")
        else:
            assert language == "console"
            command, shown = block.split("\n", 1)
            assert command.startswith("$ ")
            printed = _run(command.removeprefix("$ "), tmp_path)
            assert [line.rstrip() for line in printed.splitlines()] == shown.splitlines(), printed
        followed.append(language)
    assert followed == ["python", "console", "python", "console", "python", "console"]
