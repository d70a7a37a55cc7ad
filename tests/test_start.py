"""Ctrl-C while a command is still being imported: one line, and the exit code of an interrupted run."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from proofcheck.start import leaving_at_once
from tests.cli_helpers import environment

# It comes as typer is about to be imported, and other errors are made of it, as compiled modules do.
PROGRAM = """
import os, signal, sys
from importlib.abc import MetaPathFinder


class Interrupting(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt as error:
                raise ImportError("half imported") from error
        return None


sys.meta_path.insert(0, Interrupting())
sys.argv = ["program", "--help"]
from {program}.__main__ import main
main()
"""


@pytest.mark.parametrize("program", ["proofcheck", "reductions"])
def test_interrupted_while_it_is_imported(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{program}", program)],
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"{program}: interrupted\n")


def test_afterwards_it_is_an_exception_again() -> None:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with leaving_at_once("sample"):
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_it_is_ignored_it_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with leaving_at_once("sample"):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("package", ["proofcheck", "reductions"])
def test_until_then_nothing_is_imported_that_takes_long(package: str) -> None:
    code = f"import sys; import {package}.__main__; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, encoding="utf-8", check=True
    )
    found = set(done.stdout.split())
    assert not {"numpy", "typer", "click", "rich", "sympy"} & found
    ours = {name for name in found if name.partition(".")[0] in ("proofcheck", "reductions")}
    assert ours == {"proofcheck", "proofcheck.start", package, f"{package}.__main__"}
