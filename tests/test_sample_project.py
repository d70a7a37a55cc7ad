"""A project of a user, checked as its own CI would: the plugin, the commands, the baseline; in a copy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli_helpers import claims_in, proofcheck, run
from tests.report.test_sarif import run_of

SAMPLE = Path(__file__).parent / "sample_project"
CLAIMS = "regression_claims.py"
VERIFY = ("verify", CLAIMS, "--quiet")
Damage = Callable[[str, str, str], None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy, and nothing of what running it leaves behind."""
    copy = tmp_path / "project"
    shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    return copy


@pytest.fixture
def damage(project: Path) -> Damage:
    """Replaces a piece of a file that occurs in it exactly once."""

    def replace(name: str, old: str, new: str) -> None:
        text = (project / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (project / name).write_text(text.replace(old, new), encoding="utf-8")

    return replace


def own_tests(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(project, [sys.executable, "-m", "pytest", *arguments])


def cases_in(file: Path) -> dict[str, str]:
    """What became of each test case of a JUnit file."""
    cases = ElementTree.parse(file).getroot().iter("testcase")
    return {
        str(case.get("name")): next((one.tag for one in case if one.tag != "properties"), "passed")
        for case in cases
    }


PASSING = {
    "test_the_loss_of_equal_scores": "passed",
    "test_the_gradient[scale=0.01]": "passed",
    "test_the_gradient[scale=1.0]": "passed",
    "test_the_gradient[scale=30.0]": "passed",
    "note:shift": "passed",
    "note:gradient": "passed",
    "note:jacobian": "passed",
}


def test_its_tests_pass(project: Path) -> None:
    done = own_tests(project, "--junitxml=tests.xml", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert cases_in(project / "tests.xml") == PASSING


@pytest.mark.parametrize(
    ("old", "new"),
    [("+ RIDGE * W", "+ 1.001 * RIDGE * W"), (" - Y) /", " + Y) /")],
    ids=["factor", "sign"],
)
def test_a_damaged_gradient_fails_its_tests(project: Path, damage: Damage, old: str, new: str) -> None:
    damage("model.py", old, new)
    done = own_tests(project, "tests", "--junitxml=tests.xml")
    assert done.returncode == 1
    found = cases_in(project / "tests.xml")
    assert {name for name, end in found.items() if end == "failure"} >= {"test_the_gradient[scale=1.0]"}
    assert found["test_the_loss_of_equal_scores"] == "passed"
    assert (
        ">       report = gradcheck(model.loss_of_weights, model.gradient_of_weights, weights)" in done.stdout
    )
    assert "gradcheck: REFUTED gradient_of_weights: " in done.stdout
    assert "seed: 0 (--proofcheck-seed)" in done.stdout
    assert "proofcheck/" not in done.stdout.split("= FAILURES =")[1].split("short test summary")[0]


GRADCHECK = ("gradcheck", "model:loss_of_weights", "model:gradient_of_weights", "--inputs", "model:weights")


def test_its_gradient_by_command(project: Path, damage: Damage) -> None:
    done = proofcheck(project, *GRADCHECK, "--format", "json", "-o", "before.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((project / "before.json").read_text(encoding="utf-8"))["verdict"] == "CERTIFIED"
    assert proofcheck(project, "diff", "before.json", "before.json").returncode == 0

    damage("model.py", "+ RIDGE * W", "+ 1.001 * RIDGE * W")
    text = (project / "model.py").read_text(encoding="utf-8").splitlines()
    line = text.index("def gradient_of_weights(W):") + 1
    assert proofcheck(project, *GRADCHECK, "--format", "json", "-o", "after.json").returncode == 1
    done = proofcheck(project, "diff", "before.json", "after.json", "--fail-on", "worse")
    assert done.returncode == 1
    assert done.stdout.startswith("worse  gradient_of_weights: status was CERTIFIED, is REFUTED\n")

    assert proofcheck(project, *GRADCHECK, "--format", "junit", "-o", "a.xml").returncode == 1
    assert cases_in(project / "a.xml") == {"gradient_of_weights": "failure"}
    done = proofcheck(project, *GRADCHECK, "--format", "sarif")
    assert done.returncode == 1
    (result,) = run_of(done.stdout)["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (result["level"], place["artifactLocation"]["uri"]) == ("error", "model.py")
    assert place["region"]["startLine"] == line


def test_nothing_changed_from_the_baseline(project: Path) -> None:
    done = proofcheck(
        project, "verify", CLAIMS, "--baseline", "baseline.json", "--format", "junit", "-o", "a.xml"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "proofcheck: nothing changed from 'baseline.json'"
    assert cases_in(project / "a.xml") == {id: end for id, end in PASSING.items() if id.startswith("note:")}


def test_two_runs_of_the_same_do_not_differ(project: Path) -> None:
    assert proofcheck(project, *VERIFY, "--format", "json", "-o", "now.json").returncode == 0
    done = proofcheck(project, "diff", "baseline.json", "now.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing changed\n", "")


def test_a_damaged_claim_is_seen_by_all_of_them(project: Path, damage: Damage) -> None:
    damage(CLAIMS, "xp.sum(y) * softmax(xp, x) - y, v", "xp.sum(y) * softmax(xp, x) + y, v")
    damage(CLAIMS, "xp.ones(n)), softmax(xp, x))", "xp.ones(n)), 2 * softmax(xp, x))")
    line = (project / CLAIMS).read_text(encoding="utf-8").splitlines().index("@shift.printed") + 1

    done = proofcheck(
        project, "verify", CLAIMS, "--baseline", "baseline.json", "--format", "junit", "-o", "a.xml"
    )
    assert done.returncode == 1
    assert "proofcheck: changed: note:shift: status was proved, is refuted" in done.stderr
    assert "note:jacobian" not in done.stderr
    assert {id: end for id, end in cases_in(project / "a.xml").items() if end != "passed"} == {
        "note:shift": "failure",
        "note:gradient": "failure",
    }

    assert proofcheck(project, *VERIFY, "--format", "json", "-o", "now.json").returncode == 1
    now = claims_in((project / "now.json").read_text(encoding="utf-8"))
    assert now["note:shift"]["status"] == "refuted"
    done = proofcheck(project, "diff", "baseline.json", "now.json", "--fail-on", "worse")
    assert done.returncode == 1
    assert "worse  note:shift: status was proved, is refuted" in done.stdout.splitlines()
    assert "note:jacobian" not in done.stdout
    done = proofcheck(project, "diff", "now.json", "baseline.json", "--format", "json")
    assert done.returncode == 1
    ways = {(one["id"], one["direction"]) for one in json.loads(done.stdout)["changes"]}
    assert ways == {("note:shift", "better"), ("note:gradient", "better")}
    assert proofcheck(project, "diff", "now.json", "baseline.json", "--fail-on", "worse").returncode == 0

    done = proofcheck(project, *VERIFY, "--format", "sarif")
    assert done.returncode == 1
    errors = {one["ruleId"]: one for one in run_of(done.stdout)["results"] if one["level"] == "error"}
    assert set(errors) == {"note:shift", "note:gradient"}
    place = errors["note:shift"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": CLAIMS, "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] == line

    done = own_tests(project, "proofcheck::regression_claims.py::note:shift")
    assert done.returncode == 1
    assert f"{CLAIMS}:{line}, seed: 0 (--proofcheck-seed)" in done.stdout
    assert "relation 1 fails, left = right" in done.stdout


PAGE = Path(__file__).parents[1] / "docs" / "ci.md"


def test_the_page_on_ci_shows_what_the_commands_give(project: Path) -> None:
    (project / "baseline.json").unlink()
    scripts = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    blocks = re.findall(
        r"^```console\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE) if step]
    assert len(steps) >= 10
    for step in steps:
        command, shown = step.split("\n", 1)
        done = run(project, ["bash", "-c", command], PATH=scripts, COLUMNS="80")
        assert (command, done.stdout + done.stderr) == (command, shown)


def test_the_page_on_ci_has_the_tests_of_a_gradient_that_pass(tmp_path: Path) -> None:
    (block,) = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "test_page.py").write_text(block, encoding="utf-8")
    done = own_tests(tmp_path, "-q", "-W", "error")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_the_settings_of_the_page_on_ci_are_those_of_the_project() -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    shown = tomllib.loads(block)["tool"]["pytest"]["ini_options"]
    own = tomllib.loads((SAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"][
        "ini_options"
    ]
    assert shown == {"proofcheck_claims": own["proofcheck_claims"], "proofcheck_timeout": "60"}
