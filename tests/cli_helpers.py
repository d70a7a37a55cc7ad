"""Claim modules in a few lines, and ``proofcheck`` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.report.samples import assert_schema

ROOT = Path(__file__).parents[1]

HEAD = """
import os
from pathlib import Path
from proofcheck import Claim, Kind, Real, equal


def claim(id):
    given = {"x": Real("n"), "y": Real("n")}
    return Claim(id, kind=Kind.LEMMA, title="t", source="s", quote="q", given=given)

"""
GOOD = """
@claim("a:good").printed
def _(xp, x, y):
    print("from a statement")
    with open("evaluated", "a") as file:
        file.write(".")
    return equal(x + y, y + x)

"""
WRONG = """
@claim("a:wrong").printed
def _(xp, x, y):
    return equal(x + y, x - y)

"""
ENDLESS = """
@claim("a:endless").printed
def _(xp, x, y):
    Path("started").write_text(str(os.getpid()))
    while True:
        pass

"""
CRASH = """
@claim("a:crash").printed
def _(xp, x, y):
    os._exit(3)

"""
EXIT = """
@claim("a:exit").printed
def _(xp, x, y):
    raise SystemExit(0)

"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "proofcheck", *arguments]


def environment(**more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")}
    return {**clean, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more}


def run(directory: Path, words: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=directory,
        env=environment(**more),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def proofcheck(directory: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run(directory, command(*arguments), **more)


def write_module(directory: Path, *parts: str, name: str = "mine.py") -> None:
    (directory / name).write_text(HEAD + "".join(parts), encoding="utf-8")


def claims_in(text: str) -> dict[str, Any]:
    data = json.loads(text)
    assert_schema(data)
    return {claim["id"]: claim for claim in data["claims"]}
