"""A data set of every kind, written once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reductions.datasets.writer import generate
from tests.reductions.datasets.samples import spec


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all families; not to be changed."""
    directory = tmp_path_factory.mktemp("data") / "mine"
    assert generate(spec(), directory).remade == ()
    return directory


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    """One that may be changed."""
    return Path(shutil.copytree(written, tmp_path / "copy"))
