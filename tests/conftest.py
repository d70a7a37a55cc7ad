"""Fixtures for all tests: nobody's cache but a test's own, and one run of the whole paper."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proofcheck import verify
from proofcheck.results import Report


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path / "cache"))


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Only one process at a time is inside: the file is its token."""
    while True:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            time.sleep(0.05)
    try:
        yield
    finally:
        path.unlink()


@pytest.fixture(scope="session")
def paper_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The paper verified once, from a cold cache; a second pytest-xdist worker reads that cache."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    with pytest.MonkeyPatch.context() as patch, _turn(root / "paper.lock"):
        patch.setenv("PROOFCHECK_CACHE_DIR", str(root / "paper-cache"))
        return verify("proofcheck.paper", jobs=2)
