"""Rows as Parquet and back.

Matrices are ``list<fixed_size_list<int8>[d]>``, lists of rows of one length, which pandas, polars, DuckDB and
``datasets`` read (a tensor type of fixed shape the last does not). Nothing in them is null, which halves the
time it takes to read them; bits are stored as bits, by the dictionary encoding of two values.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from reductions.datasets.row import MATRICES, Row, Small

__all__ = ["SCALARS", "Shard", "arrow", "parquet_of", "readable", "schema_of"]

#: Columns that are not matrices, in order.
SCALARS = tuple(field.name for field in fields(Row) if field.name not in MATRICES)
#: Rows that are decoded at once, and that one damaged page can take with it.
ROW_GROUP = 512
_ROW_GROUP_BYTES = 1 << 22
_INTEGERS = ("n", "d", "columns", "inner_yes", "inner_no")
_FLOATS = ("slope_yes", "slope_no", "required_accuracy")
_NULLABLE = (
    *("inner_yes", "inner_no", "slope_yes", "slope_no", "label", "witness", "formula", "advice"),
    *("values", "values_scale"),
)


def arrow() -> Any:
    """pyarrow, with its module ``parquet``.

    Raises:
        UserInputError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UserInputError(
            "pyarrow is not installed; install the extra: pip install 'proofcheck[data]'"
        ) from error
    return pyarrow


def schema_of(columns: int) -> Any:
    """The schema of a configuration whose matrices have so many columns."""
    pa = arrow()
    numbers = pa.list_(pa.field("element", pa.int32(), nullable=False))
    row = pa.list_(pa.field("element", pa.int8(), nullable=False), columns)
    types: dict[str, Any] = {
        **dict.fromkeys(_INTEGERS, pa.int32()),
        **dict.fromkeys(_FLOATS, pa.float64()),
        **dict.fromkeys(MATRICES, pa.list_(pa.field("element", row, nullable=False))),
        "pad": pa.list_(pa.field("element", pa.string(), nullable=False)),
        "label": pa.bool_(),
        "witness": numbers,
        "advice": numbers,
        "provenance": pa.struct(
            [
                pa.field(name, pa.int64() if name in ("seed", "source") else pa.string(), nullable=False)
                for name in ("generator", "version", "seed", "config", "source", "parameters", "parent")
            ]
        ),
    }
    return pa.schema(
        [
            pa.field(field.name, types.get(field.name, pa.string()), nullable=field.name in _NULLABLE)
            for field in fields(Row)
        ]
    )


def parquet_of(rows: Sequence[Row], columns: int) -> bytes:
    """A Parquet file of these rows; the bytes depend on them and on the version of pyarrow."""
    pa = arrow()
    schema = schema_of(columns)
    arrays = []
    for field in schema:
        values = [getattr(row, field.name) for row in rows]
        array = _matrices(values, field.type) if field.name in MATRICES else pa.array(values, field.type)
        arrays.append(array)
    size = max(row.left.nbytes + row.right.nbytes for row in rows)
    buffer = io.BytesIO()
    pa.parquet.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        buffer,
        row_group_size=max(1, min(ROW_GROUP, _ROW_GROUP_BYTES // size)),
        compression="zstd",
        write_page_checksum=True,
    )
    return buffer.getvalue()


class Shard:
    """A Parquet file in memory, read a row group at a time; its pages are checked against their checksums.

    Args:
        data: all of the file.

    Raises:
        UserInputError: it is no Parquet, or has other columns.
    """

    def __init__(self, data: bytes) -> None:
        pa = arrow()
        with readable():
            self._file = pa.parquet.ParquetFile(io.BytesIO(data), page_checksum_verification=True)
            schema = self._file.schema_arrow
        kind = schema.field("left").type if "left" in schema.names else None
        row = kind.value_type if kind is not None and pa.types.is_list(kind) else None
        if row is None or not pa.types.is_fixed_size_list(row) or not schema.equals(schema_of(row.list_size)):
            raise UserInputError("it has other columns than a data set of this version")
        self._columns = row.list_size
        #: How many rows each group has.
        self.groups = [
            self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)
        ]

    def rows(self, group: int) -> Iterator[Row]:
        """The rows of one group.

        Raises:
            UserInputError: a page of it is damaged.
        """
        with readable():
            table = self._file.read_row_group(group)
            table.validate(full=True)
            made = list(_rows(table, self._columns))
        return iter(made)

    def every_row(self) -> Iterator[Row]:
        """All rows.

        Raises:
            UserInputError: a page is damaged.
        """
        for group in range(len(self.groups)):
            yield from self.rows(group)


@contextmanager
def readable() -> Iterator[None]:
    """Whatever pyarrow complains of becomes one line."""
    try:
        yield
    except (OSError, arrow().ArrowException, ValueError, TypeError, MemoryError) as error:
        raise UserInputError(f"it cannot be read as Parquet: {' '.join(str(error).split())}") from error


def _matrices(values: Sequence[Small | None], kind: Any) -> Any:
    pa = arrow()
    there = [value for value in values if value is not None]
    flat = np.concatenate([value.reshape(-1) for value in there]) if there else np.empty(0, np.int8)
    rows = pa.FixedSizeListArray.from_arrays(pa.array(flat), type=kind.value_type)
    lengths = [0 if value is None else len(value) for value in values]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    missing = pa.array([value is None for value in values])
    return pa.ListArray.from_arrays(offsets, rows, type=kind, mask=missing if missing.true_count else None)


def _rows(table: Any, columns: int) -> Iterator[Row]:
    scalars = table.select(SCALARS).to_pylist()
    matrices = [list(_unpacked(table[name].combine_chunks(), columns)) for name in MATRICES]
    for own, *three in zip(scalars, *matrices, strict=True):
        for name in ("pad", "witness", "advice"):
            own[name] = None if own[name] is None else tuple(own[name])
        yield Row(**own, **dict(zip(MATRICES, three, strict=True)))


def _unpacked(array: Any, columns: int) -> Iterator[Small | None]:
    offsets = array.offsets.to_numpy()
    flat = array.values.values.to_numpy(zero_copy_only=True)
    whole = flat.reshape(-1, columns) if len(flat) else np.empty((0, columns), np.int8)
    for at, there in enumerate(array.is_valid().to_pylist()):
        yield whole[offsets[at] : offsets[at + 1]] if there else None
