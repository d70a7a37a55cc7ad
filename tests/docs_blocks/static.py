"""What is not run: install lines, settings, output and formulas are held against what they speak of."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import yaml

from tests import katex
from tests.docs_blocks.commands import check_options
from tests.docs_blocks.fences import ROOT, Block

_REQUIREMENT = re.compile(r"(?:\.|proofcheck)(?:\[([a-z,]+)\])?|proofcheck-[\w.*-]+\.whl")
#: Programs of a reader's system, and JupyterLab, which the extra of the notebooks brings.
_OTHERS = frozenset({"cd", "git", "jupyter", "source", "venv"})
_COMMANDS = re.compile(r"\s*(\$|>>>|pip|python|python3|proofcheck|reductions|bash|import|from) ")


def check_shell(block: Block) -> None:
    """Lines that install, test or measure: every program, file, module, extra and option in them exists."""
    for line in block.text.splitlines():
        for part in re.split(r"&&|;|\|", re.sub(r"(^|\s)#.*", "", line)):
            words = shlex.split(part)
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words.pop(0)
            if words:
                _check_words(words, f"{block}: {line}")


def _check_words(words: list[str], where: str) -> None:
    program, *rest = words
    program = program.removeprefix(".venv/bin/").removeprefix(".venv-ci/bin/")
    if program in ("python", "python3") and rest[:1] == ["-m"]:
        program, rest = rest[1], rest[2:]
        assert find_spec(program) is not None, f"{where}: there is no module {program}"
    if program in ("proofcheck", "reductions"):
        check_options(" ".join([program, *rest]))
    elif program == "pip":
        _check_requirements(rest, where)
    elif program == "pytest":
        _check_pytest(rest, where)
    elif program in ("python", "python3"):
        script = ROOT / rest[0]
        assert script.is_file(), f"{where}: there is no {rest[0]}"
        text = script.read_text(encoding="utf-8")
        for option in (word for word in rest[1:] if word.startswith("-")):
            assert f'"{option}"' in text, f"{where}: {rest[0]} has no {option}"
    elif program == "sphinx":
        assert f"python -m sphinx {shlex.join(rest)}" in _ci(), f"{where}: .ci/run builds otherwise"
    elif program == "bash":
        assert (ROOT / rest[0]).is_file(), f"{where}: there is no {rest[0]}"
    elif program == "uv":
        _check_lock(rest, where)
    elif program == "pre-commit":
        assert (ROOT / ".pre-commit-config.yaml").is_file(), where
    else:
        assert program in _OTHERS, f"{where}: nothing here checks {program!r}"


def _check_lock(words: list[str], where: str) -> None:
    """uv pip compile: extras and files of the project."""
    assert words[:2] == ["pip", "compile"], where
    extras = {after for word, after in pairwise(words) if word == "--extra"}
    assert extras <= _extras(), f"{where}: no extra {', '.join(sorted(extras - _extras()))}"
    for name in (word for word in words if "/" in word or word.endswith(".toml")):
        assert (ROOT / name).is_file(), f"{where}: there is no {name}"


def _ci() -> str:
    return (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@cache
def _extras() -> frozenset[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return frozenset(project["optional-dependencies"])


def _check_requirements(words: list[str], where: str) -> None:
    assert words[:1] == ["install"], f"{where}: expected pip install"
    asked = [word for word in words[1:] if not word.startswith("-")]
    assert asked, f"{where}: installs nothing"
    for word in asked if asked != ["uv"] else []:  # what the lock file is written with
        name = Path(word).name if word.endswith(".whl") else word
        found = _REQUIREMENT.fullmatch(name)
        assert found is not None, f"{where}: {word} is not this project"
        unknown = set((found[1] or "").split(",")) - {""} - _extras()
        assert not unknown, f"{where}: no extra {', '.join(sorted(unknown))}"


@cache
def _pytest_help() -> str:
    command = [sys.executable, "-m", "pytest", "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout


def _check_pytest(words: list[str], where: str) -> None:
    values = {"-n": r"\d+|auto", "-m": r"slow|not slow"}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            assert re.search(rf"(?<![\w-]){re.escape(word)}\b", _pytest_help()), f"{where}: no {word}"
            if word in values:
                assert re.fullmatch(values[word], rest.pop(0)), where
        else:
            assert (ROOT / word).exists(), f"{where}: there is no {word}"


def check_python(block: Block) -> None:
    """A piece of code whose output or context is elsewhere: it is Python."""
    ast.parse(block.text)


def check_formula(block: Block) -> None:
    """KaTeX understands it, strictly, as do the pages of the documentation."""
    assert katex.render(block.text) > 0


def check_text(block: Block) -> None:
    """Output or formulas in plain characters: nothing that a reader would run."""
    for line in block.text.splitlines():
        assert not _COMMANDS.match(line), f"{block}: {line!r} looks like something to run, and is not"


def check_toml(block: Block) -> None:
    """It is TOML, and a specification of data sets is one that can be read."""
    data = tomllib.loads(block.text)
    if "family" in data:
        from reductions.datasets.spec import spec_of

        spec_of(data)


def check_yaml(block: Block) -> None:
    """It is YAML, and in a workflow each command of ours exists."""
    data = yaml.safe_load(block.text)
    jobs = data.get("jobs", {}) if isinstance(data, dict) else {}
    for job in jobs.values():
        for step in job["steps"]:
            for line in str(step.get("run", "")).splitlines():
                check_options(line)


def check_json(block: Block) -> None:
    """It is JSON."""
    json.loads(block.text)


#: Kinds of blocks that are not run, and what is done instead.
CHECKS: dict[str, Callable[[Block], None]] = {
    "json": check_json,
    "math": check_formula,
    "py": check_python,
    "sh": check_shell,
    "text": check_text,
    "toml": check_toml,
    "yaml": check_yaml,
}
