"""The commands: what they print and how they exit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import reductions
from reductions import cli
from reductions.datasets.spec import shipped_specs
from tests.cli_helpers import environment
from tests.reductions.datasets.samples import content

SPEC = """
name = "mine"
count = 20
[[family]]
name = "planted"
kind = "planted"
n = 64
D = 24
[[family]]
name = "signs"
kind = "signs"
n = [64, 131072]
d = 2
b = 1
count = 2
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(SPEC)


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, words, standalone_mode=False)
    assert done.exception is None
    return done.return_value, done.stdout, done.stderr


def test_from_a_specification_to_a_score() -> None:
    manifest = str(Path("mine") / "manifest.json")
    assert run("generate", "mine.toml", "--jobs", "1")[:2] == (0, f"{manifest}\n")
    code, out, err = run("generate", "mine.toml", "-o", "again", "--jobs", "1", "--quiet")
    assert (code, out, err) == (0, f"{Path('again') / 'manifest.json'}\n", "")
    assert content(Path("mine")) == content(Path("again"))
    code, out, err = run("validate", "mine")
    assert (code, out) == (0, "")
    assert err == "reductions: 24 rows are as they were written; 0 findings\n"
    labels = {row.id: row.label for row in reductions.load("mine") if row.label is not None}
    lines = [f"{one},{label}\n" for one, label in labels.items()]
    Path("p.csv").write_text("id,prediction\n" + "".join(lines))
    code, out, err = run("score", "mine", "p.csv")
    assert (code, err) == (0, "")
    head, whole, *_ = out.splitlines()
    assert head.split() == ["instances", "count", "accuracy", "95", "%", "AUC", "95", "%"]
    assert whole.split()[:3] == ["all", "20", "1.0000"]
    code, out, err = run("score", "mine", "p.csv", "--format", "json")
    assert json.loads(out)[0]["accuracy"][0] == 1.0
    assert run("score", "mine", "p.csv", "-o", "scores.txt") == (0, "", "")
    assert Path("scores.txt").read_text() == run("score", "mine", "p.csv")[1]
    assert run("export", "mine", "--format", "npz", "-q") == (0, "mine-npz\n", "")
    assert any(Path("mine-npz").glob("*.npz"))


def test_damage_is_printed_and_the_exit_code_says_so() -> None:
    run("generate", "mine.toml", "--jobs", "1", "--count", "4", "--seed", "3")
    assert json.loads(Path("mine/spec.json").read_bytes())["seed"] == 3
    shard = next(Path("mine/data/planted-n64").iterdir())
    data = shard.read_bytes()
    shard.write_bytes(data[:-1])
    code, out, err = run("validate", "mine", "-q")
    assert (code, err) == (1, "")
    assert out.splitlines()[0].startswith(f"{shard.relative_to('mine').as_posix()}: ")
    assert shard.read_bytes() == data[:-1]
    code, out, err = run("generate", "mine.toml", "--count", "4", "--seed", "3", "--resume", "--jobs", "1")
    assert code == 0
    assert f"{shard.relative_to('mine').as_posix()} was missing or not as it was written; made anew" in err
    assert run("validate", "mine")[0] == 0


def test_list_and_dry_run() -> None:
    code, out, err = run("generate", "--list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == list(shipped_specs())
    code, out, err = run("generate", "mine.toml", "--dry-run")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["planted-n64"].split()[1] == "20"
    assert "measured on a few" in lines["planted-n64"]
    assert lines["all"].split()[1] == "24"
    assert not Path("mine").exists()


def test_a_dry_run_of_what_is_large_is_quick_and_says_that_it_is_a_model() -> None:
    Path("large.toml").write_text(SPEC.replace("n = 64\n", "n = 131072\n").replace("D = 24", "D = 64"))
    code, out, _ = run("generate", "large.toml", "--dry-run", "--count", "1000")
    assert code == 0
    (line,) = (line for line in out.splitlines() if line.startswith("planted"))
    assert line.endswith("modelled")


@pytest.mark.parametrize(
    "words",
    [
        ["generate"],
        ["generate", "nothing"],
        ["generate", "x" * 300],
        ["validate", "x" * 300],
        ["export", "x" * 300, "--format", "npz"],
        ["generate", "mine.toml", "--jobs", "0"],
        ["generate", "mine.toml", "--count", "3"],
        ["generate", "mine.toml", "-o", "mine.toml"],
        ["validate", "nothing"],
        ["score", "nothing", "p.csv"],
        ["export", "nothing", "--format", "npz"],
    ],
)
def test_what_cannot_be_done_is_one_line(words: list[str]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith("reductions: error: ")
    assert err.count("\n") == 1


def test_in_a_process_of_its_own_with_workers(tmp_path: Path) -> None:
    Path("mine.toml").write_text(SPEC.replace("131072", "128"))
    words = [sys.executable, "-m", "reductions", "generate", "mine.toml", "--jobs", "2"]
    done = subprocess.run(
        words, env=environment(), capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("reductions: 24 instances in ")
    assert run("generate", "mine.toml", "-o", "alone", "--jobs", "1")[0] == 0
    assert content(Path("mine")) == content(Path("alone"))
