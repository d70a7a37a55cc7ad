"""Rows as Parquet, one file a cell, and back: what is damaged is told and never given.

Every row has the SHA-256 of all that is in it, so that a changed byte is found wherever it is.
"""

from __future__ import annotations

import io
import os
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from proofcheck.errors import UserInputError
from reductions.datasets.table import arrow, readable
from reductions.files import json_of, read_file
from reductions.probe.cells import Cell, Grid
from reductions.probe.row import Row

__all__ = ["CELLS", "GRID", "SHIPPED", "Probe", "cell_path", "grid_of", "read", "rows_from", "rows_of"]
__all__ += ["rows_to_parquet", "shipped"]

#: What a probe's directory holds: the grid, and a folder with a file for each cell.
GRID, CELLS = "grid.json", "cells"
#: The rows that come with the package.
SHIPPED = Path(__file__).with_name("shipped.parquet")

_MOST_BYTES, _MOST_GRID = 1 << 28, 1 << 20


@dataclass(frozen=True)
class Probe:
    """What has been measured.

    Attributes:
        rows: in the order of the grid, those of a cell together.
        missing: cells that have not been measured yet.
    """

    rows: tuple[Row, ...]
    missing: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


def cell_path(cell: Cell) -> str:
    """Where the rows of a cell are, from the directory of the probe."""
    return f"{CELLS}/{cell.name}.parquet"


def rows_to_parquet(rows: Sequence[Row]) -> bytes:
    """A Parquet file; the bytes depend on the rows and on the version of pyarrow.

    Raises:
        UserInputError: pyarrow is not installed.
    """
    pa = arrow()
    schema = _schema()
    columns = [pa.array([getattr(row, field.name) for row in rows], field.type) for field in schema]
    buffer = io.BytesIO()
    table = pa.Table.from_arrays(columns, schema=schema)
    pa.parquet.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


def rows_from(data: bytes, name: str) -> list[Row]:
    """The rows of a file, each checked against its digest.

    Raises:
        UserInputError: it is no Parquet, has other columns, or a row is not as it was written.
    """
    pa = arrow()
    try:
        with readable():
            table = pa.parquet.read_table(io.BytesIO(data), page_checksum_verification=True)
            table.validate(full=True)
    except UserInputError as error:
        raise UserInputError(f"{name} is damaged: {error}") from error
    if not table.schema.remove_metadata().equals(_schema()):
        raise UserInputError(f"{name} has other columns than a probe of this version")
    rows: list[Row] = []
    for values in table.to_pylist():
        own: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        row = Row(**own)
        if row.digest != row.computed_digest():
            raise UserInputError(f"{name} is damaged: row {len(rows)} has another digest")
        rows.append(row)
    return rows


def grid_of(directory: Path) -> Grid:
    """The grid of a probe's directory.

    Raises:
        UserInputError: there is none, or it is damaged.
    """
    path = directory / GRID
    name = repr(str(path))
    data = json_of(read_file(path, most=_MOST_GRID, command="probe"), name)
    try:
        return Grid.from_json(data)
    except UserInputError as error:
        raise UserInputError(f"{name} is damaged: {error}") from error


def read(path: str | Path) -> Probe:
    """A probe's directory, complete or not, or one Parquet file of its rows.

    Raises:
        UserInputError: it is no probe, or a file of it is damaged; pyarrow is not installed.
    """
    arrow()
    place = Path(path)
    if not os.path.isdir(place):  # false of names that the system does not take, too
        data = read_file(place, most=_MOST_BYTES, command="probe")
        return Probe(tuple(rows_from(data, repr(str(place)))))
    grid = grid_of(place)
    rows: list[Row] = []
    missing = 0
    for cell in grid.cells():
        try:
            found = rows_of(place, cell, grid)
        except UserInputError as error:
            raise UserInputError(f"{error}; reductions probe --resume measures it anew") from error
        missing += not found
        rows += found
    return Probe(tuple(rows), missing)


def shipped() -> Probe:
    """The probe that comes with the package: small, of one machine, as docs/probe.md describes it.

    Raises:
        UserInputError: pyarrow is not installed.
    """
    return read(SHIPPED)


def rows_of(directory: Path, cell: Cell, grid: Grid) -> list[Row]:
    """The rows of one cell; none if it has not been measured.

    Raises:
        UserInputError: its file is damaged, or holds rows of something else.
    """
    path = directory / cell_path(cell)
    if not path.exists():
        return []
    name = repr(str(path))
    rows = rows_from(read_file(path, most=_MOST_BYTES, command="probe"), name)
    expected = [(cell, eps, grid.seed, grid.budget) for eps in grid.eps]
    if [(row.cell, row.eps, row.seed, row.budget) for row in rows] != expected:
        raise UserInputError(f"{name} holds rows of another cell or grid")
    return rows


def _schema() -> Any:
    pa = arrow()
    known = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    hints = typing.get_type_hints(Row)
    columns = []
    for field in fields(Row):
        hint = hints[field.name]
        optional = isinstance(hint, types.UnionType)
        own = typing.get_args(hint)[0] if optional else hint
        if own in known:
            columns.append(pa.field(field.name, known[own], nullable=optional))
        else:  # times
            item = pa.field("element", pa.float64(), nullable=False)
            columns.append(pa.field(field.name, pa.list_(item), nullable=False))
    return pa.schema(columns)
