"""``proofcheck doctor``: what it prints, its exit codes, and an installation that is broken."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import proofcheck.doctor
from proofcheck.cli import app
from proofcheck.doctor import BACKENDS, Backend, Diagnosis, examine
from proofcheck.doctor.machine import Machine
from proofcheck.doctor.packages import GIVES, Extra, Package
from proofcheck.doctor.storage import CacheState
from proofcheck.report.doctor import to_doctor_json
from tests.cli_helpers import ROOT
from tests.cli_helpers import proofcheck as run_proofcheck

PAGE = ROOT / "docs" / "doctor.md"
FINE = Diagnosis(
    machine=Machine("CPython 3.13.0", "Linux 6.1", "x86_64", "A Processor", 8, 2, 23.5, 0.25),
    requirements=(Package("proofcheck", "", "0.1.0", None), Package("numpy", ">=2", "2.4.0", None)),
    backends=(
        Backend("numpy", "2.4.0", ("BLAS: openblas 0.3",), None),
        Backend("kernels", None, (), "compiled kernels need numba: pip install 'proofcheck[fast]'"),
        Backend("torch", "2.13.0", ("cpu (2 threads)", "cuda:0 A GPU, 80.0 GiB"), None),
        Backend("jax", "0.10", (), None),
        Backend("cupy", None, (), "not installed"),
    ),
    matrix_product=(
        {"dtype": "float32", "order": 1024, "runs": 25, "best": 120.5, "median": 118.0},
        {"dtype": "float64", "order": 1024, "runs": 12, "best": 60.0, "median": 59.1},
    ),
    cache=CacheState("/cache", None, 12, 3 << 20),
    claims={"a-paper": "a.claims"},
    extras=(
        Extra("fast", "compiled kernels", (Package("numba", ">=0.61", None, "not installed"),)),
        Extra("data", "data sets", (Package("pyarrow", ">=18", "20.0", None),)),
        Extra(
            "hf",
            "more",
            (Package("datasets", "", None, "not installed"), Package("pyarrow", "", "20.0", None)),
        ),
    ),
    variables={"OMP_NUM_THREADS": "2"},
)
TEXT = """\
machine
  python     CPython 3.13.0
  system     Linux 6.1 x86_64
  processor  A Processor, 2 usable of 8
  memory     23.5 GiB
  load       0.25 in the last minute

required
  proofcheck  0.1.0
  numpy       2.4.0

backends
  numpy    2.4.0; BLAS: openblas 0.3
  kernels  not usable: compiled kernels need numba: pip install 'proofcheck[fast]'
  torch    2.13.0; cpu (2 threads), cuda:0 A GPU, 80.0 GiB
  jax      0.10; no device
  cupy     not installed

matrix product of NumPy
  float32  best 120.5, median 118 GFLOP/s (order 1024, 25 runs)
  float64  best 60, median 59.1 GFLOP/s (order 1024, 12 runs)

cache
  size       12 files, 3.0 MiB
  directory  /cache (writable)

claims
  a-paper  a.claims

environment
  OMP_NUM_THREADS  2

extras
  data  pyarrow 20.0

extras not installed
  fast  compiled kernels: pip install 'proofcheck[fast]'
  hf    more: pip install 'proofcheck[hf]' (missing: datasets)

everything that is required works
"""


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Diagnosis]:
    """What is found: tests may replace it."""
    diagnoses = [FINE]
    monkeypatch.setattr(proofcheck.doctor, "examine", lambda: diagnoses[-1])
    return diagnoses


def call(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["doctor", *arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.stdout, done.stderr


@pytest.mark.usefixtures("found")
def test_the_text() -> None:
    assert call() == (0, TEXT, "")


@pytest.mark.usefixtures("found")
def test_the_json(tmp_path: Path) -> None:
    code, out, errors = call("--format", "json", "-o", str(tmp_path / "it.json"))
    assert (code, out, errors) == (0, "", "proofcheck: everything that is required works\n")
    data = json.loads((tmp_path / "it.json").read_text(encoding="utf-8"))
    assert data["schema_version"] == 1
    assert data["machine"]["usable"] == 2
    assert data["matrix_product"] == list(FINE.matrix_product)
    assert data["extras"][0]["packages"] == [
        {"name": "numba", "needs": ">=0.61", "version": None, "problem": "not installed"}
    ]
    assert data["broken"] == []
    assert call("--format", "json", "--quiet")[2] == ""


def test_what_is_required_and_broken(found: list[Diagnosis]) -> None:
    own = FINE.requirements[0]
    numpy = Package("numpy", ">=2", "1.26", "needs >=2")
    found.append(replace(FINE, requirements=(own, numpy), matrix_product=()))
    code, out, errors = call()
    assert (code, errors) == (1, "")
    assert "  numpy       1.26: needs >=2\n" in out
    assert "matrix product" not in out
    assert out.endswith("\nbroken: numpy: needs >=2\n")
    assert json.loads(call("--format", "json", "-q")[1])["broken"] == ["numpy: needs >=2"]


def test_a_matrix_product_or_claims_that_are_missing_are_broken_too(found: list[Diagnosis]) -> None:
    found.append(replace(FINE, matrix_product=()))
    assert call()[0] == 1
    assert found[-1].broken == ("numpy: its matrix product does not work",)
    found.append(
        replace(FINE, backends=(replace(FINE.backends[0], problem="ended by SIGILL"), *FINE.backends[1:]))
    )
    assert found[-1].broken == ("numpy: ended by SIGILL",)
    found.append(replace(FINE, claims={}))
    assert call()[0] == 1


def test_a_cache_that_cannot_be_written_breaks_nothing(found: list[Diagnosis]) -> None:
    found.append(replace(FINE, cache=CacheState("/cache", "cannot be written: Permission denied", 0, 0)))
    code, out, _ = call()
    assert code == 0
    assert "  directory  /cache (cannot be written: Permission denied)\n" in out


def test_this_installation() -> None:
    it = examine()
    assert it.broken == ()
    assert [one.name for one in it.backends] == list(BACKENDS)
    named = {one.name: one for one in it.backends}
    assert named["numpy"].problem is named["kernels"].problem is None
    assert [one["dtype"] for one in it.matrix_product] == ["float32", "float64"]
    assert it.claims["alman-song-2024"] == "proofcheck.paper"


def test_a_numpy_that_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('wrong architecture')\n", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = run_proofcheck(tmp_path, "doctor", "--format", "json", PYTHONPATH=path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    data = json.loads(done.stdout)
    assert "numpy: cannot be imported: ImportError: wrong architecture (numpy.py:1)" in data["broken"]
    assert data["matrix_product"] == []


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--fix"], ["-o", "no/such/place.txt"]])
def test_usage_errors(tmp_path: Path, arguments: list[str]) -> None:
    done = run_proofcheck(tmp_path, "doctor", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_its_page_has_every_key_and_backend() -> None:
    text = PAGE.read_text(encoding="utf-8")
    data = json.loads(to_doctor_json(FINE))
    assert [key for key in data if f"`{key}`" not in text] == []
    assert [name for name in BACKENDS if f"`{name}`" not in text] == []


def test_its_page_says_what_extras_give() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [name for name, gives in GIVES.items() if f"| `{name}` | {gives} |" not in lines] == []
