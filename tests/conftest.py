"""Fixtures for all tests: a cache of the test's own, one run of the whole paper, claim modules on disk."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proofcheck import verify
from proofcheck.results import Report
from tests.claim_modules import HEAD
from tests.docs_helpers import ROOT, build_documentation

# A shell has what it starts in the background ignore Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A project of a user, with tests of its own.
collect_ignore = ["sample_project"]


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


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Writes a claim module to disk and gives its path; afterwards it was never imported."""
    path_before, stems = list(sys.path), []

    def write(*parts: str, stem: str | None = None) -> str:
        stems.append(stem or f"claims_{uuid.uuid4().hex}")
        file = tmp_path / f"{stems[-1]}.py"
        file.write_text("\n".join(textwrap.dedent(part) for part in (HEAD, *parts)), encoding="utf-8")
        return str(file)

    yield write
    sys.path[:] = path_before
    for stem in stems:
        sys.modules.pop(stem, None)


@pytest.fixture(scope="session")
def documentation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the documentation: those that DOCS_HTML names, else built once for all workers."""
    if "DOCS_HTML" in os.environ:
        return Path(os.environ["DOCS_HTML"])
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    with _turn(root / "docs.lock"):
        if not (root / "docs" / "built").exists():
            done = build_documentation(ROOT, root / "docs")
            assert done.returncode == 0, done.stderr
            (root / "docs" / "built").touch()
    return root / "docs"
