"""The command ``proofcheck`` as its users meet it: in a process of its own, by exit code and output."""

from __future__ import annotations

import json
import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.cli_helpers import (
    CRASH,
    ENDLESS,
    EXIT,
    GOOD,
    WRONG,
    claims_in,
    command,
    proofcheck,
    run,
    write_module,
)


def _without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_seconds(one) for key, one in value.items() if key != "seconds"}
    return [_without_seconds(one) for one in value] if isinstance(value, list) else value


def test_version_and_help_are_quick(tmp_path: Path) -> None:
    done = proofcheck(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("proofcheck ")
    shown = run(tmp_path, [sys.executable, "-X", "importtime", *command("verify", "--help")[1:]])
    assert shown.returncode == 0
    assert "--baseline" in shown.stdout
    imported = {line.split("|")[-1].strip() for line in shown.stderr.splitlines()}
    assert "proofcheck.cli" in imported
    assert not {"sympy", "pebble", "rich.table"} & imported


def test_no_command_shows_help(tmp_path: Path) -> None:
    done = proofcheck(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "verify" in done.stdout


def test_a_table_for_readers(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD)
    done = proofcheck(tmp_path, "verify", "mine.py")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split()[:2] == ["claim", "title"]
    assert done.stdout.splitlines()[-1].endswith("all passed")
    assert not any(line.endswith(" ") for line in done.stdout.splitlines())
    # Workers print side by side, so the lines of two may run into one.
    assert done.stderr.replace("from a statement", "").strip() == ""


def test_each_way_to_go_wrong_is_told_apart_and_the_others_still_run(tmp_path: Path) -> None:
    write_module(tmp_path, 'print("from a module")\n', GOOD, WRONG, ENDLESS, CRASH, EXIT)
    (tmp_path / "broken.py").write_text("import json\nraise RuntimeError('not today')\n", encoding="utf-8")
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    done = proofcheck(
        tmp_path, "verify", "broken.py", "mine.py", "leaves.py", "--timeout", "4", "--format", "json"
    )
    assert done.returncode == 1
    claims = claims_in(done.stdout)
    assert claims["a:good"]["status"].startswith("proved")
    assert claims["a:wrong"]["status"] == "refuted"
    assert claims["a:wrong"]["printed"]["counterexample"]["inputs"]["x"]
    assert claims["a:endless"]["status"] == "unknown"
    assert "stopped after 4 s" in claims["a:endless"]["status_detail"]
    assert claims["a:crash"]["status"] == "error"
    assert "exit code 3" in claims["a:crash"]["status_detail"]
    assert claims["a:exit"]["status"] == "error"
    assert claims["module:broken.py"]["status"] == "error"
    assert "RuntimeError: not today (broken.py:2)" in claims["module:broken.py"]["status_detail"]
    assert claims["module:leaves.py"]["status"] == "error"
    assert "Traceback" not in done.stderr
    assert "from a module" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("proofcheck: 7 claims: ")


@pytest.mark.parametrize("listed", ["5", "'mine'", "(5,)"])
def test_a_list_of_modules_that_is_none(tmp_path: Path, listed: str) -> None:
    (tmp_path / "paper.py").write_text(f"MODULES = {listed}\n", encoding="utf-8")
    done = proofcheck(tmp_path, "verify", "paper.py", "--format", "json", "--quiet")
    assert (done.returncode, done.stderr) == (1, "")
    claim = claims_in(done.stdout)["module:paper.py"]
    assert claim["status"] == "error"
    assert f"MODULES is {listed}; expected a tuple of names of modules" in claim["status_detail"]


def test_a_check_that_does_not_end(tmp_path: Path) -> None:
    write_module(tmp_path, ENDLESS)
    done = proofcheck(tmp_path, "verify", "mine.py", "--timeout", "2")
    assert done.returncode == 1
    assert "a:endless" in done.stdout
    assert "stopped after 2 s; a longer --timeout may decide it" in done.stdout


def test_junit_and_quiet(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD.replace('    print("from a statement")\n', ""))
    done = proofcheck(tmp_path, "verify", "mine.py", "--format", "junit", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert ElementTree.fromstring(done.stdout).find("testsuite/testcase").get("name") == "a:good"  # type: ignore[union-attr]


def test_sarif(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD.replace("equal(x + y, y + x)", "equal(x + y, y - x)"))
    done = proofcheck(tmp_path, "verify", "mine.py", "--format", "sarif")
    (result,) = json.loads(done.stdout)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (done.returncode, result["ruleId"], result["level"]) == (1, "a:good", "error")
    assert place["artifactLocation"] == {"uri": "mine.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] > 1


def test_levels_and_dotted_names(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD)
    done = proofcheck(tmp_path, "verify", "mine", "--level", "NUMERIC", "--format", "json")
    claim = claims_in(done.stdout)["a:good"]
    assert done.returncode == 0
    assert claim["status"] == "supported"
    assert [verdict["level"] for verdict in claim["printed"]["verdicts"]] == ["well_formed", "numeric"]


def test_the_second_run_reads_the_cache_and_says_the_same(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD)
    arguments = ("verify", "mine.py", "--format", "json", "--seed", "7")
    first = proofcheck(tmp_path, *arguments)
    evaluated = (tmp_path / "evaluated").stat().st_size
    second = proofcheck(tmp_path, *arguments)
    assert (tmp_path / "evaluated").stat().st_size == evaluated > 0
    assert second.stdout == first.stdout
    third = proofcheck(tmp_path, *arguments, "--no-cache", "--jobs", "1")
    assert (tmp_path / "evaluated").stat().st_size > evaluated
    assert _without_seconds(json.loads(third.stdout)) == _without_seconds(json.loads(first.stdout))
    assert json.loads(first.stdout)["environment"]["seed"] == 7


def test_a_baseline_makes_known_failures_pass_and_changes_fail(tmp_path: Path) -> None:
    write_module(tmp_path, GOOD, WRONG)
    written = proofcheck(tmp_path, "verify", "mine.py", "--format", "json", "-o", "known.json")
    assert (written.returncode, written.stdout) == (1, "")
    claims_in((tmp_path / "known.json").read_text(encoding="utf-8"))
    same = proofcheck(tmp_path, "verify", "mine.py", "--baseline", "known.json")
    assert same.returncode == 0
    assert "nothing changed" in same.stderr
    part = proofcheck(tmp_path, "verify", "mine.py", "--baseline", "known.json", "--claim", "a:wrong")
    assert part.returncode == 0
    write_module(tmp_path, GOOD, WRONG.replace("x - y", "y + x"))
    better = proofcheck(tmp_path, "verify", "mine.py", "--baseline", "known.json", "--quiet")
    assert better.returncode == 1
    assert "changed: a:wrong: status was refuted, is proved" in better.stderr


def test_a_report_in_a_file_is_plain_text(tmp_path: Path) -> None:
    write_module(tmp_path, WRONG)
    target = tmp_path / "report.txt"
    target.write_text("old", encoding="utf-8")
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    done = proofcheck(tmp_path, "verify", "mine.py", "-o", "link.txt", FORCE_COLOR="1")
    assert (done.returncode, done.stdout) == (1, "")
    text = target.read_text(encoding="utf-8")
    assert "counterexample at n = 1" in text
    assert "\x1b" not in text
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine.py", "--claim", "a:godo"], "unknown claim id 'a:godo'; nearest: a:good"),
        (["broken.py", "mine.py", "--claim", "b:x"], "broken.py could not be imported: RuntimeError: no"),
        (["missing.py"], "there is no such file"),
        (["x" * 300 + ".py"], "there is no such file"),
        (["no.such.module"], "was not found"),
        (["empty.py"], "no claims in empty.py"),
        (["mine.py", "--jobs", "0"], "--jobs 0"),
        (["mine.py", "--jobs", "many"], "--jobs"),
        (["mine.py", "--timeout", "-1"], "--timeout -1"),
        (["mine.py", "--timeout", "nan"], "--timeout nan"),
        (["mine.py", "--seed", "x"], "--seed"),
        (["mine.py", "--level", "sure"], "level 'sure': expected one of"),
        (["mine.py", "--format", "yaml"], "'yaml'"),
        (["mine.py", "--frmat", "json"], "--frmat"),
        (["mine.py", "-o", "missing/report.txt"], "cannot write 'missing/report.txt'"),
        (["mine.py", "-o", "."], "not a regular file"),
        (["mine.py", "-o", os.devnull], "not a regular file"),
        (["mine.py", "-o", "x" * 300], "cannot write"),
        (["mine.py", "--baseline", "missing.json"], "baseline 'missing.json'"),
        (["mine.py", "--baseline", "mine.py"], "not JSON"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    write_module(tmp_path, GOOD)
    (tmp_path / "empty.py").touch()
    (tmp_path / "broken.py").write_text("raise RuntimeError('no')", encoding="utf-8")
    done = proofcheck(tmp_path, "verify", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("proofcheck: error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not (tmp_path / "evaluated").exists()


def test_nothing_installed_and_nothing_named(tmp_path: Path) -> None:
    program = (
        "import sys, proofcheck.cli, proofcheck.verify\n"
        "sys.modules['proofcheck.verify'].discover = lambda: ()\n"
        "sys.argv = ['proofcheck', 'verify']\n"
        "proofcheck.cli.main()\n"
    )
    done = run(tmp_path, [sys.executable, "-c", program])
    assert (done.returncode, done.stdout) == (2, "")
    assert "no claim modules are installed" in done.stderr
    assert "proofcheck verify MODULE" in done.stderr


def test_statements_of_the_paper(tmp_path: Path) -> None:
    done = proofcheck(tmp_path, "verify", "proofcheck.paper", "--claim", "lem:3.10", "--claim", "fact:3.8")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].startswith("lem:3.10 ")
    assert "mended because" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("2 claims: ")
    assert done.stderr == ""
