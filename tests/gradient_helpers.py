"""Inputs of Definition 1.2 in files, and ``proofcheck gradient`` called in this process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck.cli import app

NAMES = ("A1", "A2", "A3", "E", "X", "Y")

Arrays = dict[str, Any]


def arrays_of(n: int = 40, d: int = 3, dtype: str = "float64") -> Arrays:
    rng = np.random.default_rng(7)
    shapes = {name: (d, d) if name in ("X", "Y") else (n, d) for name in NAMES}
    return {name: rng.uniform(-1, 1, shape).astype(dtype) for name, shape in shapes.items()}


def save(path: Path, arrays: Mapping[str, Any]) -> Path:
    np.savez(path, **arrays)
    return path


def save_directory(path: Path, arrays: Mapping[str, Any]) -> Path:
    path.mkdir()
    for name, array in arrays.items():
        np.save(path / f"{name}.npy", array)
    return path


def run(*arguments: str | Path) -> Any:
    return app(["gradient", *map(str, arguments)], standalone_mode=False, prog_name="proofcheck")


def names_in(directory: Path) -> set[str]:
    """What lies in a directory, but for the cache of the test."""
    return {path.name for path in directory.iterdir()} - {"cache"}
