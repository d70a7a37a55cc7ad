"""One small probe, run once."""

from __future__ import annotations

from pathlib import Path

import pytest

from reductions.probe import Grid, Probed, probe
from tests.reductions.probe.samples import Inline

SMALL = Grid(
    n=(32, 48, 64),
    d=(8,),
    b=(0.5, 1.0, 8.0),
    families=("uniform", "hard"),
    eps=(1e-2, 1e-6),
    budget=500,
    pairs=1,
    rank_to=48,
)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Probed]:
    """The directory of the probe, which no test may change, and what was found."""
    directory = tmp_path_factory.mktemp("probe") / "small"
    return directory, probe(SMALL, directory, engine=Inline())
