"""``proofcheck gradcheck`` as its users meet it: exit codes, formats, bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from proofcheck.cli import app
from tests.cli_helpers import command, proofcheck, run
from tests.report.test_sarif import run_of

MODULE = """
import functools

import numpy as np

print("from a module")
NUMBER = 3


def loss(x):
    return float(np.sum(np.exp(x) * x))


def grad(x):
    return np.exp(x) * (1 + x)


def wrong(x):
    return 2 * np.exp(x) * (1 + x)


def raises(x):
    raise RuntimeError("not today")


def rough(x):
    return float(np.float32(loss(x)))


def inputs(rng):
    return rng.standard_normal((3, 4))


def fixed():
    return np.ones(2)


def named():
    return {"x": np.ones(2)}
"""
BROKEN = "import nowhere_to_be_found\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text(BROKEN)
    return tmp_path


def gradcheck(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return proofcheck(folder, "gradcheck", *arguments)


def test_help_is_quick_and_says_how_it_exits(tmp_path: Path) -> None:
    shown = run(tmp_path, [sys.executable, "-X", "importtime", *command("gradcheck", "--help")[1:]])
    assert shown.returncode == 0
    assert "Exits with 0 if the gradient is certified" in " ".join(shown.stdout.split())
    imported = {line.split("|")[-1].strip() for line in shown.stderr.splitlines()}
    assert not {"sympy", "proofcheck.report.gradcheck", "rich.table"} & imported


@pytest.mark.parametrize("module", ["mine", "mine.py"])
def test_a_certified_gradient_exits_with_0(folder: Path, module: str) -> None:
    done = gradcheck(folder, f"{module}:loss", f"{module}:grad")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("CERTIFIED grad: equal at the inputs given to ")
    assert "from a module" not in done.stdout
    assert gradcheck(folder, "mine:loss", "mine:grad", "--inputs", "mine:fixed").returncode == 0
    assert gradcheck(folder, "mine:loss", "mine:grad", "--inputs", "mine:named", "--wrt", "x").returncode == 0


def test_a_wrong_gradient_exits_with_1_and_shows_how_to_see_it(folder: Path) -> None:
    done = gradcheck(folder, "mine:loss", "mine:wrong")
    assert done.returncode == 1
    assert "explained by: missing factor 1/2" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("REFUTED wrong: along x[")
    lines = done.stdout.split("to see it:\n")[1].split("\n\n")
    code = "\n".join(line[2:] for block in lines[:-1] for line in block.splitlines())
    shown = run(folder, [sys.executable, "-c", code])
    assert shown.returncode == 0, shown.stderr
    (_, derivative), (_, gradient) = (line.split() for line in shown.stdout.splitlines()[-2:])
    assert float(gradient) == pytest.approx(2 * float(derivative), rel=1e-5)


def test_what_cannot_be_decided_exits_with_1(folder: Path) -> None:
    done = gradcheck(folder, "mine:rough", "mine:grad")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("UNDECIDED grad: ")


def test_formats(folder: Path) -> None:
    done = gradcheck(folder, "mine:loss", "mine:wrong", "--format", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["grad"]) == (1, "REFUTED", "wrong")
    assert report["attribution"]["kind"] == "factor"
    assert done.stderr.splitlines()[-1].startswith("proofcheck: REFUTED wrong")
    again = gradcheck(folder, "mine:loss", "mine:wrong", "--format", "json", "--quiet")
    assert "proofcheck:" not in again.stderr
    second = json.loads(again.stdout)
    assert second["findings"] == report["findings"]
    other = json.loads(gradcheck(folder, "mine:loss", "mine:wrong", "--format", "json", "--seed", "7").stdout)
    assert other["findings"] != report["findings"]

    done = gradcheck(folder, "mine:loss", "mine:wrong", "--format", "junit")
    (case,) = ElementTree.fromstring(done.stdout).iter("testcase")
    (failure,) = case
    assert (case.get("name"), failure.get("type")) == ("wrong", "REFUTED")
    assert "missing factor 1/2" in (failure.text or "")
    done = gradcheck(folder, "mine:loss", "mine:grad", "--format", "junit")
    (suite,) = ElementTree.fromstring(done.stdout)
    assert suite.get("failures") == "0"

    done = gradcheck(folder, "mine:loss", "mine:wrong", "--format", "sarif")
    (result,) = run_of(done.stdout)["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert result["level"] == "error"
    assert physical["artifactLocation"]["uri"] == "mine.py"
    line = MODULE.splitlines().index("def wrong(x):") + 1
    assert physical["region"]["startLine"] == line
    done = gradcheck(folder, "mine:rough", "mine:grad", "--format", "sarif")
    assert [one["level"] for one in run_of(done.stdout)["results"]] == ["warning"]
    done = gradcheck(folder, "mine:loss", "mine:grad", "--format", "sarif")
    assert run_of(done.stdout)["results"] == []


def test_a_report_to_a_file(folder: Path) -> None:
    done = gradcheck(folder, "mine:loss", "mine:grad", "-o", "report.txt")
    assert done.stdout == ""
    assert (folder / "report.txt").read_text().splitlines()[-1].startswith("CERTIFIED grad")
    assert "proofcheck: CERTIFIED grad" in done.stderr


def test_a_tolerance(folder: Path) -> None:
    assert gradcheck(folder, "mine:rough", "mine:grad", "--rtol", "1e-1").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mine", "mine:grad"), "loss 'mine': expected MODULE:NAME"),
        (("mine:", "mine:grad"), "loss 'mine:': expected MODULE:NAME"),
        (("nowhere:loss", "mine:grad"), "module 'nowhere' was not found"),
        (("nowhere.py:loss", "mine:grad"), "module 'nowhere.py': there is no such file"),
        (("broken:loss", "mine:grad"), "importing broken raised ModuleNotFoundError: No module named"),
        (("mine:loss", "mine:grade"), "grad 'mine:grade': mine has no 'grade'; check the spelling"),
        (("mine:NUMBER", "mine:grad"), "loss is a int; expected a function"),
        (("mine:loss", "mine:raises"), "grad raised RuntimeError: not today (mine.py:"),
        (
            ("mine:loss", "mine:grad", "--inputs", "mine:NUMBER"),
            "inputs 'mine:NUMBER' is a int; expected a function",
        ),
        (("mine:loss", "mine:grad", "--inputs", "mine:none"), "mine has no 'none'; name one with --inputs"),
        (("mine:loss", "mine:grad", "--inputs", "mine:raises"), "inputs 'mine:raises' raised RuntimeError"),
        (("mine:loss", "mine:grad", "--rtol", "-1"), "rtol=-1.0: expected a number between 0 and 1"),
        (("mine:loss", "mine:grad", "--wrt", "x"), "wrt=['x']: expected names of inputs"),
        (("mine:loss", "mine:grad", "-o", "no/such/folder"), "cannot write 'no/such/folder'"),
    ],
)
def test_mistakes_are_told_in_one_line(
    folder: Path,
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    try:
        assert app(["gradcheck", *arguments], standalone_mode=False) == 2
    finally:
        sys.modules.pop("mine", None)
        sys.modules.pop("broken", None)
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = [one for one in err.splitlines() if one != "from a module"]
    assert line.startswith("proofcheck: error: ")
    assert message in line
