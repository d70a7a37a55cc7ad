"""The command ``reductions``, which so far only says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def _reductions(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.run(
        [sys.executable, "-m", "reductions.cli", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help(arguments: list[str]) -> None:
    done = _reductions(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no reductions yet" in " ".join(done.stdout.split())


def test_version() -> None:
    done = _reductions("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("reductions ")


def test_an_unknown_command_is_a_usage_error() -> None:
    done = _reductions("build")
    assert (done.returncode, done.stdout) == (2, "")
    assert "build" in done.stderr
