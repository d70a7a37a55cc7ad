"""The facts of a machine and of the cache, against what this test finds out by itself."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from proofcheck.doctor import storage
from proofcheck.doctor.machine import machine, variables
from proofcheck.doctor.storage import cache_state


def test_the_machine_is_this_one() -> None:
    it = machine()
    assert it.python.endswith(platform.python_version())
    assert it.architecture == platform.machine()
    assert it.cpus == os.cpu_count()
    assert 1 <= it.usable <= (it.cpus or it.usable)
    kilobytes = next(
        int(line.split()[1])
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        if line.startswith("MemTotal:")
    )
    assert it.memory_gib == pytest.approx(kilobytes / 2**20, abs=0.05 + 1e-9)


def test_nothing_names_the_machine_or_its_user() -> None:
    words = f"{machine()}".split()
    assert platform.node() not in words
    assert os.environ.get("USER", "/") not in words


def test_variables_that_are_set_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert variables()["OPENBLAS_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in variables()


def test_a_cache_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path / "kept"))
    (tmp_path / "kept" / "generation").mkdir(parents=True)
    (tmp_path / "kept" / "generation" / "a.json").write_bytes(b"x" * 100)
    (tmp_path / "kept" / "b.json").write_bytes(b"x" * 23)
    found = cache_state()
    assert (found.directory, found.problem, found.files, found.bytes) == (
        str(tmp_path / "kept"),
        None,
        2,
        123,
    )


def test_a_cache_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path / "not" / "there"))
    found = cache_state()
    assert (found.problem, found.files, found.bytes) == (None, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_below_a_file_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert cache_state().problem == "cannot be written: Not a directory"


def test_a_cache_that_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Permissions do not stop an administrator, who may run the tests.
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(storage.tempfile, "TemporaryFile", refuse)
    assert cache_state().problem == "cannot be written: Permission denied"
