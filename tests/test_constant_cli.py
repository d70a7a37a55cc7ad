"""``proofcheck constant`` as its users meet it: tables, JSON, plots, exit codes, bad input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli_helpers import GOOD, command, proofcheck, run, write_module

HEAD = """
from proofcheck import Claim, Interval, Kind, at_most

print("from the module")


def claim(id, **given):
    return Claim(id, kind=Kind.LEMMA, title="A title", source="s", quote="q", given=given)


half = claim("a:half", x=Interval(0, 1, "n"))

@half.printed
def _(xp, x, n):
    return at_most(xp.sum(x), 2 * n)

sharp = claim("a:sharp", x=Interval(0, 1, "n"))

@sharp.printed
def _(xp, x, n):
    return at_most(xp.sum(x), n)

wrong = claim("a:wrong", x=Interval(0, 1, "n"))

@wrong.printed
def _(xp, x):
    return at_most(xp.sum(x), xp.array(3))

mended = claim("a:mended", x=Interval(0, 1, "n"))

@mended.printed
def _(xp, x):
    return at_most(xp.sum(x), xp.array(3))

@mended.mended(because="it grows with n")
def _(xp, x, n):
    return at_most(xp.sum(x), n)
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "ones.py").write_text(HEAD, encoding="utf-8")
    return tmp_path


def test_help_is_quick_and_says_how_it_exits(tmp_path: Path) -> None:
    shown = run(tmp_path, [sys.executable, "-X", "importtime", *command("constant", "--help")[1:]])
    assert shown.returncode == 0
    assert "Exits with 0 if no bound of the form that stands" in " ".join(shown.stdout.split())
    imported = {line.split("|")[-1].strip() for line in shown.stderr.splitlines()}
    assert not {"sympy", "matplotlib", "proofcheck.extremal", "proofcheck.report.extremal"} & imported


def test_a_slack_bound(mine: Path) -> None:
    done = proofcheck(mine, "constant", "a:half", "ones.py", "--n", "2:8", "--quiet")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[:2] == ["a:half  A title (s)", "sizes n = 2, 4, 8"]
    assert "slack at most 2: bound / best found, not attained there" in lines[4]
    assert "printed, relation 1: at_most(xp.sum(x), 2 * n)" in lines
    assert "      x = [1 1]" in lines
    assert "sharp" not in done.stdout
    assert done.stderr == "from the module\n"


def test_json_has_the_instance_exactly_and_what_it_takes_to_run_again(mine: Path) -> None:
    arguments = ("constant", "a:sharp", "ones.py", "--n", "3", "--seed", "7", "--format", "json")
    done = proofcheck(mine, *arguments)
    assert done.returncode == 0
    data = json.loads(done.stdout)
    assert data["environment"]["seed"] == 7
    assert {"python", "packages", "sources"} <= data["environment"].keys()
    (relation,) = data["relations"]
    assert (relation["form"], relation["relation"], relation["attained"]) == ("printed", "at_most", True)
    assert relation["instance"]["inputs"] == {"x": ["1", "1", "1"]}
    assert relation["instance"]["certificate"]["exact"] == ["3", "3"]
    assert relation["curve"] == [{"sizes": {"n": 3}, "ratio": pytest.approx(1)}]
    assert done.stderr.splitlines()[-1] == "proofcheck: a:sharp: 1 inequality, 1 attained, 0 exceeded"
    assert json.loads(proofcheck(mine, *arguments).stdout)["relations"] == data["relations"]


def test_the_form_that_stands_decides_how_it_exits(mine: Path) -> None:
    fails = proofcheck(mine, "constant", "a:wrong", "ones.py", "--n", "2:8", "--quiet")
    assert fails.returncode == 1
    assert "fails: left is 2.66667 times right" in fails.stdout
    stands = proofcheck(mine, "constant", "a:mended", "ones.py", "--n", "2:8", "--quiet")
    assert stands.returncode == 0
    assert "fails: left is 2.66667 times right" in stands.stdout
    assert "sharp: attained" in stands.stdout


def test_a_bound_that_holds_at_the_sizes_asked_for(mine: Path) -> None:
    done = proofcheck(mine, "constant", "a:wrong", "ones.py", "--n", "2", "--quiet")
    assert done.returncode == 0
    assert "slack at most 1.5" in done.stdout


def test_a_file_holds_the_same_report(mine: Path) -> None:
    shown = proofcheck(mine, "constant", "a:half", "ones.py", "--quiet")
    written = proofcheck(mine, "constant", "a:half", "ones.py", "--size", "n=2", "-o", "out")
    assert (written.returncode, written.stdout) == (0, "")
    assert (mine / "out").read_text(encoding="utf-8") == shown.stdout


@pytest.mark.parametrize(("name", "magic"), [("a.svg", b"<?xml"), ("a.png", b"\x89PNG"), ("a.PDF", b"%PDF")])
def test_plots(mine: Path, name: str, magic: bytes) -> None:
    done = proofcheck(mine, "constant", "a:half", "ones.py", "--n", "2:8", "--plot", name)
    assert done.returncode == 0
    assert (mine / name).read_bytes().startswith(magic)
    assert done.stderr.splitlines()[-1] == f"proofcheck: wrote {name!r}"
    assert [path.name for path in mine.iterdir() if path.name.startswith(".proofcheck")] == []


def test_without_matplotlib_the_extra_is_named(mine: Path) -> None:
    hidden = "import sys; sys.modules['matplotlib'] = None; from proofcheck.cli import main; main()"
    words = [sys.executable, "-c", hidden, "constant", "a:half", "ones.py", "--plot", "a.svg"]
    done = run(mine, words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "proofcheck[notebooks]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a:hal", "ones.py"), "unknown claim id 'a:hal'; nearest: a:half"),
        (("a:half", "gone.py"), "claim module 'gone.py': there is no such file"),
        (("a:half", "ones.py", "--n", "64:2"), "--n 64:2: expected a:b with 1 ≤ a ≤ b"),
        (("a:half", "ones.py", "--n", "0:4"), "--n 0:4: expected a:b with 1 ≤ a ≤ b"),
        (("a:half", "ones.py", "--n", "a:b"), "--n a:b: expected a:b with 1 ≤ a ≤ b"),
        (("a:half", "ones.py", "--n", "-3"), "--n -3: expected a:b with 1 ≤ a ≤ b"),
        (("a:half", "ones.py", "--n", ""), "--n : expected a:b with 1 ≤ a ≤ b"),
        (("a:half", "ones.py", "--d", "2"), "--d 2: claim 'a:half' has no size d; its sizes are n"),
        (("a:half", "ones.py", "--size", "m=1:4"), "--size m=1:4: claim 'a:half' has no size m"),
        (("a:half", "ones.py", "--size", "m"), "--size m: expected NAME=A:B"),
        (("a:half", "ones.py", "--n", "2", "--size", "n=3"), "size n was already given by --n 2"),
        (("a:half", "ones.py", "--n", "100000"), "expected at most 32768"),
        (("a:half", "ones.py", "--evaluations", "0"), "--evaluations 0: expected a number from 100"),
        (("a:half", "ones.py", "--seed", "-1"), "Invalid value for '--seed'"),
        (("a:half", "ones.py", "--plot", "a.gif"), "--plot a.gif: expected a file name that ends in one of"),
        (("a:half", "ones.py", "--plot", "no/such/a.svg"), "cannot write 'no/such/a.svg'"),
        (("a:half", "ones.py", "-o", "no/such/a"), "cannot write 'no/such/a'"),
        (("a:good", "mine.py"), "claim 'a:good' has no inequality"),
        (("a:half", "empty.py"), "no claims in empty.py"),
        (("a:half", "broken.py"), "ValueError: broken"),
    ],
)
def test_bad_input_is_told_in_one_line(mine: Path, arguments: tuple[str, ...], words: str) -> None:
    write_module(mine, GOOD)
    (mine / "empty.py").write_text("", encoding="utf-8")
    (mine / "broken.py").write_text("raise ValueError('broken')\n", encoding="utf-8")
    done = proofcheck(mine, "constant", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("from ")]
    assert len(lines) == 1
    assert lines[0].startswith("proofcheck: error: ")
    assert words in lines[0]
