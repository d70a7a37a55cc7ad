"""Running a probe, so that a killed run goes on where it was: a file for each cell that is done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from proofcheck.errors import UserInputError
from proofcheck.files import LEFT_OVER
from proofcheck.streams import Progress
from proofcheck.workers import Failed
from reductions.datasets.table import arrow
from reductions.files import alone_in, contents_of_json, digest_of, is_file, put, told
from reductions.probe.cells import Cell, Grid
from reductions.probe.engines import Engine, LocalEngine
from reductions.probe.measure import measure
from reductions.probe.store import CELLS, GRID, Probe, cell_path, grid_of, read, rows_of, rows_to_parquet

__all__ = ["Probed", "probe"]

_CHOOSE = "choose another directory, or remove what is there"


@dataclass(frozen=True)
class Probed:
    """What a run measured.

    Attributes:
        result: all rows, those of earlier runs included.
        measured: how many cells this run measured.
        remade: a line for each file that was damaged and was measured anew.
    """

    result: Probe
    measured: int
    remade: tuple[str, ...]


def probe(
    grid: Grid,
    directory: str | Path,
    *,
    engine: Engine | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Probed:
    """Measure all cells of a grid that have not been measured yet.

    Args:
        grid: what to measure.
        directory: made if there is none; empty, or of this very grid to be resumed.
        engine: where; by default one process of this machine.
        resume: go on with what a killed run left; files that are damaged are measured anew, and told.
        progress: called with how many cells are done, of how many, and the name of the last.

    Raises:
        UserInputError: a directory with other files, of another grid, or that another run writes; a cell that
            could not be measured, in which case those that were are kept; pyarrow is not installed.
    """
    arrow()
    place = Path(directory)
    with alone_in(place):
        _prepare(place, grid, resume)
        put(place / GRID, contents_of_json(grid.to_json()))
        with told(place):
            (place / CELLS).mkdir(exist_ok=True)
        remade: list[str] = []
        todo = [cell for cell in grid.cells() if not _done(place, cell, grid, remade)]
        done = len(grid) - len(todo)
        for number, answer in (engine or LocalEngine()).map(measure, [(cell, grid) for cell in todo]):
            cell = todo[number]
            if isinstance(answer, Failed):
                raise UserInputError(f"cell {cell.name} could not be measured: {answer}")
            put(place / cell_path(cell), (rows_to_parquet(answer),))
            done += 1
            if progress is not None:
                progress(done, len(grid), cell.name)
        return Probed(read(place), len(todo), tuple(remade))


def _done(place: Path, cell: Cell, grid: Grid, remade: list[str]) -> bool:
    try:
        return bool(rows_of(place, cell, grid))
    except UserInputError as error:
        remade.append(str(error))
        return False


def _prepare(place: Path, grid: Grid, resume: bool) -> None:
    """Refuse a directory that holds something else, and clear what a killed run left half.

    Raises:
        UserInputError: it does; or a probe was begun there and is not to be resumed.
    """
    shown = repr(str(place))
    allowed = {GRID, *map(cell_path, grid.cells())}
    left_over: list[Path] = []
    kept: list[str] = []
    for path, name in _files(place):
        if LEFT_OVER.fullmatch(path.name) and is_file(path):
            left_over.append(path)
        else:
            kept.append(name)
    if kept and not resume:
        raise UserInputError(f"{shown} holds {kept[0]!r}; expected an empty directory, or --resume")
    if kept and GRID not in kept:
        raise UserInputError(f"{shown} holds {kept[0]!r} and no {GRID}; {_CHOOSE}")
    if kept and digest_of(place / GRID) is not None and grid_of(place) != grid:
        raise UserInputError(f"{shown} holds a probe of another grid, seed or budget; {_CHOOSE}")
    for name in kept:
        if name not in allowed or not is_file(place / name):
            raise UserInputError(f"{shown} holds {name!r}, which this probe has not; {_CHOOSE}")
    with told(place):
        for path in left_over:
            path.unlink(missing_ok=True)


def _files(place: Path) -> list[tuple[Path, str]]:
    """Everything there but the folder of the cells, sorted, with its name from here."""
    with told(place):
        found = [(place / name, name) for name in sorted(os.listdir(place))]
        cells = place / CELLS
        if cells.is_dir() and not cells.is_symlink():
            found = [one for one in found if one[1] != CELLS]
            found += [(cells / name, f"{CELLS}/{name}") for name in sorted(os.listdir(cells))]
    return found
