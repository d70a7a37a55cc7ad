"""A data set in other formats: a NumPy archive or safetensors for each shard, or the formulas in DIMACS."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.streams import Progress
from reductions.datasets.reader import Dataset, load
from reductions.datasets.row import MATRICES, Row
from reductions.datasets.table import SCALARS
from reductions.files import alone_in, put

__all__ = ["FORMATS", "export"]

#: What a data set is exported as.
FORMATS = ("npz", "safetensors", "dimacs")

_Named = tuple[str, bytes]


def export(
    directory: str | Path, output: str | Path, form: str, *, progress: Progress | None = None
) -> list[str]:
    """Write a data set in another format; a file that is there with the right bytes is left alone.

    *npz* and *safetensors*: for each shard a file with ``left``, ``right`` and, where there are such,
    ``values``, (rows, …, columns) int8; ``label``, int8, −1 where there is none; and the other columns: in a
    file of JSON beside the archive, in the metadata of safetensors. *dimacs*: each formula once, named after
    its row.

    Args:
        directory: of the data set.
        output: a directory to write to; made if there is none.
        form: one of :data:`FORMATS`.
        progress: called after each file.

    Returns:
        The names of the files.

    Raises:
        UserInputError: a format that is none, a data set without formulas, one that is damaged, a place that
            cannot be written to, or safetensors is not installed.
    """
    if form not in FORMATS:
        raise UserInputError(f"format is {form!r:.60}; expected one of {', '.join(map(repr, FORMATS))}")
    data, place = load(directory), Path(output)
    make = {"npz": _npz, "safetensors": _safetensors, "dimacs": _dimacs}[form]
    if form == "safetensors":
        _saver()
    names = []
    with alone_in(place):
        for done, (path, rows) in enumerate(_shards(data), start=1):
            for name, content in make(path, rows):
                put(place / name, (content,))
                names.append(name)
            if progress is not None:
                progress(done, len(data.manifest["shards"]), path)
    if not names:
        raise UserInputError(f"{str(directory)!r} has no formulas; expected instances of the kind 'sat'")
    return names


def _shards(data: Dataset) -> Iterator[tuple[str, list[Row]]]:
    """A name for each shard, and its rows."""
    for entry in data.manifest["shards"]:
        only = Dataset(data.directory, {**data.manifest, "shards": [entry]})
        yield f"{entry['config']}-{entry['split']}-{entry['batch']:05d}", list(only)


def _npz(path: str, rows: Sequence[Row]) -> Iterator[_Named]:
    archive = io.BytesIO()
    arrays = _arrays(rows)
    # NumPy dates the members 1980: the same bytes each time.
    np.savez_compressed(archive, **arrays)
    yield f"{path}.npz", archive.getvalue()
    yield f"{path}.json", (json.dumps(_scalars(rows), indent=1, ensure_ascii=False) + "\n").encode()


def _safetensors(path: str, rows: Sequence[Row]) -> Iterator[_Named]:
    metadata = {"rows": json.dumps(_scalars(rows), ensure_ascii=False)}
    yield f"{path}.safetensors", _saver()(_arrays(rows), metadata)


def _dimacs(path: str, rows: Sequence[Row]) -> Iterator[_Named]:
    for row in rows:
        if row.formula is not None:
            yield f"{row.id}.cnf", row.formula.encode()


def _arrays(rows: Sequence[Row]) -> dict[str, Any]:
    labels = [-1 if row.label is None else int(row.label) for row in rows]
    made: dict[str, Any] = {"label": np.array(labels, np.int8)}
    for name in MATRICES:
        matrices = [getattr(row, name) for row in rows]
        if matrices[0] is not None:
            made[name] = np.stack(matrices)
    return made


def _scalars(rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    return [{name: getattr(row, name) for name in SCALARS} for row in rows]


def _saver() -> Callable[[Mapping[str, Any], Mapping[str, str]], bytes]:
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise UserInputError(
            "safetensors is not installed; install the extra: pip install 'proofcheck[hf]'"
        ) from error
    saver: Callable[[Mapping[str, Any], Mapping[str, str]], bytes] = save
    return saver
