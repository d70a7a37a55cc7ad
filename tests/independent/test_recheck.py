"""The separate script agrees with the report, and disagrees with one that was tampered with."""

from __future__ import annotations

import ast
import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofcheck.results import Report

SCRIPT = Path(__file__).with_name("recheck.py")
NOT_STANDING = {
    "def:1.2",
    "def:1.4",
    "not:kronecker",
    "lem:3.10",
    "fact:A.2",
    "prf:B.1.7",
    "prf:B.1.8",
    "prf:C.7",
    "lem:C.7",
    "fig:1",
    "lem:C.8",
    "lem:4.1",
    "prf:4.1",
    "lem:E.3",
    "eq:E.7",
    "eq:E.8",
    "eq:E.9",
    "eq:E.10",
    "prf:E.3",
    "lem:D.3",
    "lem:D.5",
    "prf:D.6",
    "lem:D.1",
    "thm:D.6",
    "prf:E.5.slope",
    "thm:E.5",
}


def run(data: Any, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    # From an empty folder and without the repository on the path: nothing of proofcheck is in reach.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-I", "-W", "error", str(SCRIPT), str(file)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**environment, "PYTHONIOENCODING": "utf-8"},
        check=False,
        timeout=60,
    )


def test_it_imports_nothing_of_proofcheck() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            roots.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Name):
            assert node.id not in ("__import__", "eval", "exec")
    assert roots - set(sys.stdlib_module_names) == {"numpy"}
    assert "importlib" not in roots


def test_it_agrees_with_the_report(paper_report: Report, tmp_path: Path) -> None:
    done = run(paper_report.to_json(), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split(": ")[0] for line in done.stdout.splitlines() if "agrees" in line]
    assert set(lines) == NOT_STANDING
    assert len(lines) == len(NOT_STANDING)
    assert "DISAGREES" not in done.stdout


def changed_input(claims: dict[str, Any]) -> str:
    claims["lem:3.10"]["printed"]["counterexample"]["inputs"]["Y"][1][1] = "-2"
    return "lem:3.10"


def changed_value(claims: dict[str, Any]) -> str:
    shown = claims["lem:C.7"]["printed"]["counterexample"]
    shown["right_decimal"] = str(float(shown["right_decimal"]) * (1 + 1e-7))
    return "lem:C.7"


def changed_entry(claims: dict[str, Any]) -> str:
    shown = claims["lem:C.7"]["printed"]["counterexample"]
    shown["entry"] = [shown["entry"][0] % 4 + 1]
    return "lem:C.7"


def sides_that_agree(claims: dict[str, Any]) -> str:
    shown = claims["lem:3.10"]["printed"]["counterexample"]
    shown["inputs"]["A1"] = [["0", "0"], ["0", "0"]]  # all scores 0: the 1/d makes no difference
    with_equal_weights = 2 * 0.5 * 0.5**2
    shown["left_decimal"] = shown["right_decimal"] = str(with_equal_weights)
    return "lem:3.10"


def changed_ratio(claims: dict[str, Any]) -> str:
    claims["prf:4.1"]["printed"]["counterexample"]["ratio_at"][1]["ratio"] = "402"
    return "prf:4.1"


def family_that_does_not_grow(claims: dict[str, Any]) -> str:
    claims["prf:4.1"]["printed"]["counterexample"]["family"] = {"n": "1", "d": "t"}
    return "prf:4.1"


def entry_outside_the_hypotheses(claims: dict[str, Any]) -> str:
    claims["eq:E.8"]["printed"]["counterexample"]["inputs"]["p"][0] = "1/2"
    return "eq:E.8"


def inequality_that_holds(claims: dict[str, Any]) -> str:
    shown = claims["eq:E.9"]["printed"]["counterexample"]
    shown["inputs"]["V"] = [["0"] * len(row) for row in shown["inputs"]["V"]]
    shown["left_decimal"] = "0"
    return "eq:E.9"


def ratio_that_does_not_grow(claims: dict[str, Any]) -> str:
    shown = claims["lem:E.3"]["printed"]["counterexample"]
    shown["ratio_at"] = shown["ratio_at"][:1]
    return "lem:E.3"


def unknown_claim(claims: dict[str, Any]) -> str:
    claims["lem:B.1.5"]["printed"] = claims["lem:3.10"]["printed"]
    return "lem:B.1.5"


def no_counterexample(claims: dict[str, Any]) -> str:
    claims["prf:B.1.7"]["printed"]["counterexample"] = None
    return "prf:B.1.7"


def wrong_symbol(claims: dict[str, Any]) -> str:
    claims["def:1.4"]["printed"]["status_detail"] = "symbol Z is used but nothing declares it"
    return "def:1.4"


def no_symbol(claims: dict[str, Any]) -> str:
    claims["prf:C.7"]["printed"]["status_detail"] = "it does not look right"
    return "prf:C.7"


def wrong_product(claims: dict[str, Any]) -> str:
    claims["lem:D.5"]["printed"]["status_detail"] = "matrix product of n×k by m×n: k columns meet m rows"
    return "lem:D.5"


def wrong_shapes(claims: dict[str, Any]) -> str:
    claims["fig:1"]["printed"]["status_detail"] = "left side is d×1, right side is 1×1"
    return "fig:1"


@pytest.mark.parametrize(
    "tamper",
    [
        changed_input,
        changed_value,
        changed_entry,
        sides_that_agree,
        changed_ratio,
        family_that_does_not_grow,
        entry_outside_the_hypotheses,
        inequality_that_holds,
        ratio_that_does_not_grow,
        unknown_claim,
        no_counterexample,
        wrong_symbol,
        no_symbol,
        wrong_product,
        wrong_shapes,
    ],
)
def test_it_disagrees_with_a_report_tampered_with(
    tamper: Callable[[dict[str, Any]], str], paper_report: Report, tmp_path: Path
) -> None:
    data = copy.deepcopy(paper_report.to_json())
    id = tamper({claim["id"]: claim for claim in data["claims"]})
    done = run(data, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    disagreeing = [line for line in done.stdout.splitlines() if "DISAGREES" in line]
    assert [line.split(": ")[0] for line in disagreeing] == [id]


def test_an_empty_report_is_no_agreement(tmp_path: Path) -> None:
    assert run({"claims": []}, tmp_path).returncode == 1
