"""The plugin for a Python without torch: what fails for want of it is skipped, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.ci.scripts import ROOT, script
from tests.cli_helpers import environment

TESTS = """
import pytest


def test_needs_it():
    raise ModuleNotFoundError("No module named 'torch'", name="torch")


def test_asks_for_it():
    try:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")
    except ImportError as error:
        raise ValueError("backend") from error


def test_is_told():
    assert "backend='torch' is not installed: pip install 'proofcheck[torch]'" == "fine"


def test_lacks_something_else():
    raise ModuleNotFoundError("No module named 'torchlight'", name="torchlight")


def test_fails():
    assert 1 == 2


def test_passes():
    pass
"""


def test_only_what_needs_torch_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "test_import.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'torch'\")\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "without_torch", "-p", "no:cacheprovider", "-rs"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=f"{ROOT / '.ci'}:{ROOT}"),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "2 failed, 1 passed, 4 skipped" in done.stdout
    assert done.stdout.count("torch is not installed") >= 2


def test_its_requirements_are_those_of_the_tests_without_torch() -> None:
    found = list(script("without_torch").requirements("test"))
    assert "torch==2.13.0" in found
    for name in ("hypothesis", "numba", "dask[distributed]", "datasets", "pyarrow"):
        assert sum(text.startswith(f"{name}>=") for text in found) == 1, name
    assert not any(text.startswith("proofcheck") for text in found)
