"""Running what the pages show a terminal doing: our own commands in this process, the rest in a shell."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer.main

from proofcheck.cli import app as proofcheck_app
from reductions.cli import app as reductions_app
from tests.docs_blocks.fences import ROOT, Command
from tests.docs_blocks.inputs import prepare

APPS = {"proofcheck": proofcheck_app, "reductions": reductions_app}
_NEVER = "(?!)"
_OWN = r"--claim|\.py\b|(verify|errata) [a-z_]+\."
# What would take minutes, or another machine, is run smaller: what a command begins with, and has not; what
# is taken out of it; and what is put there, or else added.  An option given twice counts as given last.
SMALLER: tuple[tuple[str, str, str, str], ...] = (
    # Not all claims of the paper.
    ("proofcheck verify proofcheck.paper", "--claim", "", "--claim my:shift --jobs 1"),
    ("proofcheck verify", _OWN, "", "--claim fact:3.8 --jobs 1"),
    ("proofcheck errata", _OWN, "", "my_claims.py --jobs 1"),
    ("proofcheck audit", r"\.py\b|audit [a-z_]+\.", "", "--level numeric --jobs 1"),
    ("proofcheck constant", "--seed", "", "--n 2 --d 1:2 --evaluations 200"),
    ("proofcheck gradient", _NEVER, "n=131072", "n=512"),
    ("proofcheck gradient", _NEVER, "--scheduler tcp://10.0.0.5:8786", "--workers 1"),
    ("reductions generate", "--list", "", "--count 4 --jobs 1"),
    ("reductions probe", _NEVER, "", "--n 32:64 --d 8 --b 0.5 --families uniform --jobs 1"),
)
# Exit codes that are an answer; elsewhere only 0 is, and 1 where the page shows what did not pass.
ANSWERS = {("reductions", "decide"): {10, 20}, ("proofcheck", "constant"): {0, 1}}
_SHELL = re.compile(r"[|<>;&`$*]")
_LEFT_OUT = frozenset({"...", "…"})


@dataclass
class Terminal:
    """A directory in which the commands of one page are run, one after another."""

    directory: Path
    ran: list[str] = field(default_factory=list)

    def run(self, command: Command) -> None:
        """Run it as the page has it or smaller, and compare what it prints with what the page shows.

        Raises:
            AssertionError: an option that does not exist, another exit code, or other output.
        """
        check_options(command.text)
        if command.text.startswith("cd "):
            self.directory = (self.directory / command.text.removeprefix("cd ").strip()).resolve()
            assert self.directory.is_dir(), f"{command.text}: there is no such directory"
            return
        text = smaller(command.text)
        prepare(text, self.directory)
        code, output = self._output(text)
        self.ran.append(command.text)
        answers = ANSWERS.get(_program(text), {0, 1} if command.shown else {0})
        assert code in answers, f"{command.text}: exit code {code}\n{output}"
        if text == command.text:
            assert shows(output, command.shown), f"{command.text} prints\n{output}"

    def _output(self, text: str) -> tuple[int, str]:
        program, _ = _program(text)
        if program in APPS and not _SHELL.search(text) and "--engine dask" not in text:
            return _in_process(program, shlex.split(text)[1:], self.directory)
        scripts = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
        python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=self.directory,
            env={**os.environ, "PATH": scripts, "PYTHONPATH": python_path, "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout


def _in_process(program: str, words: list[str], directory: Path) -> tuple[int, str]:
    output = io.StringIO()
    paths, modules = list(sys.path), set(sys.modules)
    with (
        contextlib.chdir(directory),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        try:
            code = APPS[program](words, standalone_mode=False, prog_name=program)
        except SystemExit as stop:
            code = stop.code
        except Exception as error:
            # A usage error, of Typer's or of Click's.
            if not hasattr(error, "format_message"):
                raise
            code = f"{error.format_message()}"
    # A reader's modules were never imported: the next command, or page, may have others of the same names.
    sys.path[:] = paths
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(directory)):
            del sys.modules[name]
    return (0 if code is None else code), output.getvalue()


def _program(text: str) -> tuple[str, str]:
    words = text.split()
    return words[0], words[1] if len(words) > 1 else ""


def smaller(text: str) -> str:
    """The command as it is run here."""
    for begins, unless, old, new in SMALLER:
        if not text.startswith(begins) or re.search(unless, text):
            continue
        if old:
            text = text.replace(old, new)
        else:
            head, *tail = re.split(r"(?=\s*;|\s\d?[|>&])", text, maxsplit=1)
            text = "".join([head, f" {new}", *tail])
    return text


def shows(output: str, shown: tuple[str, ...]) -> bool:
    """Whether these lines are printed in this order; a line ``...`` stands for any others."""
    printed = iter([line.rstrip() for line in output.splitlines()])
    return all(line in printed for line in shown if line.strip() not in _LEFT_OUT and line)


def check_options(text: str) -> None:
    """Every command of ours on a line exists and has the options that it is given.

    Raises:
        AssertionError: it has not.
    """
    for part in re.split(r"[|;&]+|\$\(", text):
        words = part.split()
        if not words or words[0] not in APPS:
            continue
        program, *rest = words
        group: Any = typer.main.get_command(APPS[program])
        known = group.params
        if rest and not rest[0].startswith("-"):
            assert rest[0] in group.commands, f"{text}: {program} has no command {rest[0]!r}"
            known = group.commands[rest[0]].params
        names = {name for parameter in known for name in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        unknown = given - names - {"-h", "--help"}
        assert not unknown, f"{text}: no option {', '.join(sorted(unknown))}"
