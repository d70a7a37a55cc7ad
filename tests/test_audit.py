"""The audit: right claims leave no survivor, blind checks do, and every fate is earned by evidence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proofcheck.audit import audit
from proofcheck.claims import Level
from proofcheck.classification import Fate
from proofcheck.errors import UserInputError


def test_a_paper_claim_leaves_no_survivor() -> None:
    found = audit("proofcheck.paper", select=["lem:B.1.5"])
    data = found.to_json()
    assert found.passed
    assert data["mutants"] == data["killed"] + len(data["equivalent"]) > 10
    # Swapping the arguments of an inner product changes nothing, and that is proved.
    assert {entry["proof"] for entry in data["equivalent"]} <= {"generic", "exact"}
    assert set(data) == {
        "mutants", "killed", "equivalent", "weaker", "slack", "survivors", "by_level", "environment",
    }  # fmt: skip


def test_what_one_level_kills_alone() -> None:
    found = audit("proofcheck.paper", select=["lem:B.1.5"], levels=["numeric"])
    assert found.levels == (Level.NUMERIC,)
    assert found.by_level[Level.NUMERIC] == len(found.of(Fate.KILLED)) > 0


def test_a_check_that_sees_nothing_leaves_survivors(monkeypatch: pytest.MonkeyPatch) -> None:
    from proofcheck.checks import numeric

    monkeypatch.setattr(numeric, "_compare", lambda atom: (True, True, 0.0))
    found = audit("proofcheck.paper", select=["lem:B.1.5"], levels=["numeric"])
    assert not found.passed
    assert found.of(Fate.SURVIVOR)


def test_a_level_that_refutes_nothing_is_refused() -> None:
    with pytest.raises(UserInputError, match="refutes no mutant"):
        audit("proofcheck.paper", select=["lem:B.1.5"], levels=["well_formed"])


def test_the_same_seed_gives_the_same_audit() -> None:
    runs: list[dict[str, Any]] = [
        audit("proofcheck.paper", select=["fact:A.1"], seed=3).to_json() for _ in range(2)
    ]
    assert runs[0] == runs[1]


def command(*arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proofcheck", "audit", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PROOFCHECK_CACHE_DIR": str(cache)},
        check=False,
        timeout=120,
    )


def test_the_command(tmp_path: Path) -> None:
    done = command("--claim", "fact:A.1", "--format", "json", "--quiet", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout)["survivors"] == []


def test_an_unknown_claim_is_a_usage_error(tmp_path: Path) -> None:
    done = command("--claim", "lem:B.1.55", cache=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "lem:B.1.5" in done.stderr
