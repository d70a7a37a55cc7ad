"""What the commands share: the frame of a command line, its options, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.main import get_command

from proofcheck import cli as proofcheck_cli
from proofcheck import command
from proofcheck.command import SeedOption, new_app, output_to, run_app
from reductions import cli as reductions_cli

APPS = {"proofcheck": proofcheck_cli.app, "reductions": reductions_cli.app}


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals are the test runner's."""
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)


def ended(app: typer.Typer, program: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    """The exit code."""
    monkeypatch.setattr(sys, "argv", [program, *words])
    with pytest.raises(SystemExit) as stopped:
        run_app(app, program)
    return stopped.value.code


def seeded() -> Iterator[tuple[str, str]]:
    """Commands that take a seed for all their random choices."""
    for program, app in APPS.items():
        for name, one in get_command(app).commands.items():  # type: ignore[attr-defined]
            if any("--seed" in option.opts and option.default == 0 for option in one.params):
                yield program, name


@pytest.mark.parametrize(("program", "name"), [*seeded()])
def test_a_seed_is_not_negative(
    program: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(APPS[program], program, monkeypatch, name, "--seed", "-1") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"{program}: error: Invalid value for '--seed': ")
    assert told.err.endswith(f" (see {program} --help)\n")
    assert told.err.count("\n") == 1


def test_most_commands_take_a_seed() -> None:
    assert {("proofcheck", "verify"), ("proofcheck", "gradient"), ("reductions", "plot")} <= set(seeded())


def sample() -> typer.Typer:
    app = new_app("sample", "Try things.")

    @app.command()
    def work(
        output: Annotated[Path | None, output_to("PLACE", "Put it here.")] = None, seed: SeedOption = 0
    ) -> int:
        """Do some."""
        print(output, seed)
        return 7

    @app.command()
    def rest() -> int:
        """Do none."""
        raise KeyboardInterrupt

    return app


def test_a_new_app(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ((), ("--help",), ("-h",)):
        assert not ended(sample(), "sample", monkeypatch, *words)
        shown = " ".join(capsys.readouterr().out.split())
        assert "Try things." in shown
        assert "Do some." in shown
    assert ended(sample(), "sample", monkeypatch, "work", "-o", "there", "--seed", "3") == 7
    assert capsys.readouterr().out == "there 3\n"
    assert not ended(sample(), "sample", monkeypatch, "work", "--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert "-o, --output PLACE Put it here." in shown
    assert ended(sample(), "sample", monkeypatch, "rest") == 130
    assert capsys.readouterr().err == "sample: interrupted\n"


@pytest.mark.parametrize(("installed", "shown"), [("1.2", "1.2"), (None, "(not installed)")])
def test_the_version(
    installed: str | None, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "installed_version", lambda name: installed)
    assert not ended(sample(), "sample", monkeypatch, "--version")
    assert capsys.readouterr().out == f"sample {shown}\n"
