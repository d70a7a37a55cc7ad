"""The small files that the commands of the pages read, for those that no command before them makes."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.docs_blocks.fences import ROOT, blocks_of

# Satisfied by x1 = … = x4 = true and by nothing else.
FORMULA = "p cnf 4 5\n1 0\n-1 2 0\n-2 3 0\n-3 4 0\n-1 -2 4 0\n"
LOSSES = '''
"""A loss and its gradient."""

import numpy as np


def loss(x):
    return float(np.sum(np.tanh(x) ** 2))


def grad(x):
    t = np.tanh(x)
    return 2 * t * (1 - t * t)


def inputs():
    return np.linspace(-1, 1, 5)
'''


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {name: rng.uniform(-1, 1, (300, 3)) for name in ("A1", "A2", "A3", "E")}
    return {**arrays, "X": np.eye(3), "Y": np.eye(3)}


def _archive(path: Path) -> None:
    np.savez(path, **_arrays())


def _directory(path: Path) -> None:
    path.mkdir()
    for name, array in _arrays().items():
        np.save(path / f"{name}.npy", array)


def _formula(path: Path) -> None:
    path.write_text(FORMULA, encoding="utf-8")


def _losses(path: Path) -> None:
    path.write_text(LOSSES, encoding="utf-8")


def _claims(path: Path) -> None:
    """Those of CONTRIBUTING's example, the mended form included."""
    code = [block.text for block in blocks_of(ROOT / "CONTRIBUTING.md") if block.language == "python"]
    path.write_text("\n\n".join(code), encoding="utf-8")


def _same_report(path: Path) -> None:
    shutil.copy(path.with_name("baseline.json"), path)


def _predictions(path: Path) -> None:
    """Of the data set that was generated: always YES."""
    import reductions

    data = reductions.load(path.with_name("tiny"))
    rows = [(row.id, 1) for row in data if row.label is not None]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "prediction"), *rows])


MAKERS: dict[str, Callable[[Path], None]] = {
    "formula.cnf": _formula,
    "in.npz": _archive,
    "in_directory": _directory,
    "inputs.npz": _archive,
    "my_claims.py": _claims,
    "my_losses.py": _losses,
    "now.json": _same_report,
    "predictions.csv": _predictions,
}


def prepare(command: str, directory: Path) -> None:
    """Make the files that a command names, where they are not there yet."""
    for name, make in MAKERS.items():
        stem = f"{name.removesuffix('.py')}:" if name.endswith(".py") else name
        if (name in command or stem in command) and not (directory / name).exists():
            make(directory / name)
