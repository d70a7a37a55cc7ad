"""The command ``reductions``: answers as SAT solvers give them, tables, and what cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SATISFIABLE = "c a comment\np cnf 4 5\n1 2 0\n-1 3 0\n-2 -3 4 0\n-4 1 0\n2 3 0\n"
UNSATISFIABLE = "p cnf 2 4\n1 2 0\n1 -2 0\n-1 2 0\n-1 -2 0\n"


def _reductions(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "reductions", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        cwd=cwd,
        check=False,
        timeout=120,
    )


def _file(folder: Path, text: str, name: str = "it.cnf") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help(arguments: list[str]) -> None:
    done = _reductions(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "from a formula to gradients of attention" in " ".join(done.stdout.split())


def test_version() -> None:
    done = _reductions("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("reductions ")


def test_an_unknown_command_is_a_usage_error() -> None:
    done = _reductions("undo")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("reductions: error: ")
    assert "undo" in done.stderr


def test_a_satisfiable_formula(tmp_path: Path) -> None:
    done = _reductions("decide", _file(tmp_path, SATISFIABLE))
    assert done.returncode == 10
    first, second = done.stdout.splitlines()
    assert first == "s SATISFIABLE"
    literals = [int(word) for word in second.removeprefix("v ").split()]
    assert literals[-1] == 0
    assert [abs(literal) for literal in literals[:-1]] == [1, 2, 3, 4]
    assert "oracle calls; gradients within" in done.stderr


def test_an_unsatisfiable_formula_as_json(tmp_path: Path) -> None:
    done = _reductions("decide", _file(tmp_path, UNSATISFIABLE), "--format", "json", "--quiet")
    assert (done.returncode, done.stderr) == (20, "")
    data = json.loads(done.stdout)
    assert set(data) == {
        "satisfiable", "assignment", "chain", "decoder", "oracle", "oracle_calls", "required_accuracy",
        "achieved_accuracy", "margin", "sizes",
    }  # fmt: skip
    assert (data["satisfiable"], data["assignment"], data["oracle_calls"]) == (False, None, 1)
    assert 0 < data["achieved_accuracy"] < data["required_accuracy"]
    assert data["margin"] > 0


@pytest.mark.parametrize("decoder", ["one-query", "gauss-legendre"])
@pytest.mark.parametrize("chain", ["direct", "pcp"])
def test_every_chain_and_decoder(chain: str, decoder: str, tmp_path: Path) -> None:
    for text, code in ((SATISFIABLE, 10), (UNSATISFIABLE, 20)):
        done = _reductions("decide", _file(tmp_path, text), "--chain", chain, "--decoder", decoder, "-q")
        assert done.returncode == code, done.stderr


def test_the_printed_decoder_does_not_decide(tmp_path: Path) -> None:
    done = _reductions("decide", _file(tmp_path, SATISFIABLE), "--decoder", "riemann")
    assert (done.returncode, done.stdout) == (0, "s UNKNOWN\n")
    assert "margin -" in done.stderr


def test_the_fast_oracle_says_that_it_has_no_bound(tmp_path: Path) -> None:
    """Hard instances are out of its reach, as the lower bound has it; JSON has no infinity."""
    done = _reductions("decide", _file(tmp_path, UNSATISFIABLE), "--oracle", "fast", "--format", "json")
    assert done.returncode == 0

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    data = json.loads(done.stdout, parse_constant=refuse)
    assert (data["satisfiable"], data["oracle"], data["oracle_calls"]) == (None, "fast", 1)
    assert data["achieved_accuracy"] is None
    assert data["margin"] is None
    assert data["required_accuracy"] > 0


def test_another_oracle_and_a_file(tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    done = _reductions(
        "decide", _file(tmp_path, SATISFIABLE), "--oracle", "mpmath", "--format", "json", "-o", str(answer)
    )
    assert (done.returncode, done.stdout) == (10, "")
    assert json.loads(answer.read_text(encoding="utf-8"))["oracle"] == "mpmath"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p cnf 2 1\n1 3 0\n", "3"),
        ("1 2 0\n", "p cnf"),
        ("p cnf 2 1\n1 2\n", "0"),
        ("p cnf 2 2\n1 2 0\n", "2"),
        ("\x00\x01\x02", ""),
        ("", ""),
    ],
)
def test_malformed_formulas(text: str, message: str, tmp_path: Path) -> None:
    done = _reductions("decide", _file(tmp_path, text))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("reductions: error: ")
    assert message in done.stderr


def test_a_formula_too_large_for_the_machine(tmp_path: Path) -> None:
    clauses = "".join(f"{k} 0\n" for k in range(1, 91))
    done = _reductions("decide", _file(tmp_path, f"p cnf 90 90\n{clauses}"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "bytes" in done.stderr


@pytest.mark.parametrize("option", [["--blocks", "0"], ["--oracle", "none"], ["-o", "/"]])
def test_options_that_cannot_be_used(option: list[str], tmp_path: Path) -> None:
    done = _reductions("decide", _file(tmp_path, SATISFIABLE), *option)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_the_table_of_sizes() -> None:
    done = _reductions("sizes", "--to", "1e6")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.split()[:3] == ["chain", "n", "variables"]
    assert {row.split()[0] for row in rows} == {"direct", "pcp", "ag"}
    data = json.loads(_reductions("sizes", "--format", "json").stdout)
    assert max(row["queries"] for row in data) > 1e11
    for row in data:
        assert row["no"] < row["yes"]


@pytest.mark.parametrize("option", [["--to", "1e13"], ["--to", "nan"], ["--to", "1"], ["--blocks", "17"]])
def test_sizes_that_cannot_be_had(option: list[str]) -> None:
    done = _reductions("sizes", *option)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected a number" in done.stderr
