"""Writing a data set, so that a killed run can go on: every file is a function of the specification alone.

The sources of a configuration are cut into batches; a batch gives at most one shard for each split. Worker
processes make the bytes, this one alone writes them. A batch that is done leaves a file that says so, so that
a resumed run need not make it again; its shards are read and hashed all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.streams import Progress
from proofcheck.versions import installed_version
from proofcheck.workers import Failed, Workers
from reductions.datasets.card import card_of
from reductions.datasets.croissant import croissant_of
from reductions.datasets.picture import picture_of
from reductions.datasets.place import (
    CARD,
    CROISSANT,
    MANIFEST,
    PICTURE,
    SCHEMA_VERSION,
    SPEC,
    Place,
    manifest_of,
    progress_path,
    sealed_json,
    shard_path,
)
from reductions.datasets.row import Row
from reductions.datasets.sources import rows_of_source
from reductions.datasets.spec import Config, Spec
from reductions.datasets.table import arrow, parquet_of
from reductions.files import alone_in, contents_of_json, digest_of, put

__all__ = ["Generated", "batch_count", "generate", "make_batch"]

#: Sources of a batch, and the bytes of its matrices, at most.
_BATCH_SOURCES, _BATCH_BYTES = 1000, 1 << 25
_TIMEOUT = 1e7

# The split, the bytes of a shard, and the hashes of its rows.
_Shard = tuple[str, bytes, list[str]]


@dataclass(frozen=True)
class Generated:
    """What a run wrote.

    Attributes:
        manifest: as it is in the file.
        remade: a line for each thing that was there, was not as it had been written, and was made anew.
    """

    manifest: Mapping[str, Any]
    remade: tuple[str, ...]


def batch_count(config: Config) -> int:
    """How many batches a configuration has."""
    return -(-config.sources // _batch_sources(config))


def generate(
    spec: Spec,
    directory: str | Path,
    *,
    resume: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Generated:
    """Write a data set.

    Args:
        spec: what it is to hold.
        directory: made if there is none; empty, or of this very data set to be resumed.
        resume: complete what a killed run left; whatever is there and damaged is made anew, and told.
        jobs: worker processes.
        progress: called with how many batches are there, of how many, and the name of the last.

    Raises:
        UserInputError: a directory with other files, one that another run writes, or that cannot be written;
            instances that cannot be made; pyarrow is not installed.
    """
    place_path = Path(directory)
    identity = contents_of_json(_identity(spec))
    place = Place(place_path, identity, {config.name: batch_count(config) for config in spec.configs})
    remade: list[str] = []
    with alone_in(place_path):
        place.prepare(resume)
        put(place_path / SPEC, identity)
        manifest = _manifest(place_path, remade)
        shards: dict[tuple[int, int], list[dict[str, Any]]] = {}
        todo = []
        every = [
            (at, batch) for at, config in enumerate(spec.configs) for batch in range(batch_count(config))
        ]
        for at, batch in every:
            entries = place.entries(spec.configs[at].name, batch, manifest)
            damaged = place.damaged(entries) if entries else []
            remade += [f"{path} was missing or not as it was written" for path in damaged]
            if entries and not damaged:
                shards[at, batch] = entries
            else:
                todo.append((at, batch))
        for (at, batch), made in _made(spec, todo, jobs):
            shards[at, batch] = _write(place, spec.configs[at], batch, made)
            if progress is not None:
                progress(len(shards), len(every), f"{spec.configs[at].name}, batch {batch + 1}")
        entries = [entry for key in every for entry in shards[key]]
        place.refuse_stray({entry["path"] for entry in entries})
        manifest = _finish(place_path, spec, entries, manifest, remade)
        place.clear_progress()
    return Generated(manifest, tuple(remade))


def make_batch(spec: Spec, at: int, batch: int, version: str | None) -> list[_Shard]:
    """The shards of one batch of the configuration with this number, in the order of the splits."""
    config = spec.configs[at]
    size = _batch_sources(config)
    rows: dict[str, list[Row]] = {split: [] for split in spec.splits}
    for number in range(batch * size, min((batch + 1) * size, config.sources)):
        made, split = rows_of_source(spec, config, number, version)
        rows[split] += made
    return [
        (split, parquet_of(own, config.columns), [row.hash for row in own])
        for split, own in rows.items()
        if own
    ]


def _batch_sources(config: Config) -> int:
    return max(1, min(_BATCH_SOURCES, _BATCH_BYTES // (config.row_bytes * config.per_source)))


def _identity(spec: Spec) -> dict[str, Any]:
    versions = {
        "proofcheck": installed_version("proofcheck"),
        "numpy": np.__version__,
        "pyarrow": arrow().__version__,
    }
    return {"schema_version": SCHEMA_VERSION, **spec.to_json(), "versions": versions}


def _manifest(directory: Path, remade: list[str]) -> dict[str, Any] | None:
    """The manifest if there is one that can be relied on."""
    if not (directory / MANIFEST).exists():
        return None
    try:
        return manifest_of(directory)
    except UserInputError as error:
        remade.append(f"{MANIFEST} was not as it was written ({error}): every shard was made again")
        return None


def _made(
    spec: Spec, todo: list[tuple[int, int]], jobs: int
) -> Iterator[tuple[tuple[int, int], list[_Shard]]]:
    """Batches as they are made."""
    version = installed_version("proofcheck")
    if jobs == 1 or len(todo) < 2:
        for at, batch in todo:
            yield (at, batch), make_batch(spec, at, batch, version)
        return
    workers = Workers(jobs, _TIMEOUT)
    whole = False
    try:
        for number, answer in workers.run(make_batch, [(spec, at, batch, version) for at, batch in todo]):
            if isinstance(answer, Failed):
                raise UserInputError(f"{spec.configs[todo[number][0]].name} could not be made: {answer}")
            yield todo[number], answer
        whole = True
    finally:
        workers.close(now=not whole)


def _write(place: Place, config: Config, batch: int, made: list[_Shard]) -> list[dict[str, Any]]:
    """Put the shards of a batch where they belong, and then that they are there."""
    entries = []
    for split, data, hashes in made:
        path = shard_path(config.name, split, batch)
        written = put(place.folder(path), (data,))
        own = {"config": config.name, "split": split, "batch": batch, "rows": len(hashes)}
        entries.append({"path": path, **own, **written, "row_hashes": hashes})
    record = sealed_json({"schema_version": SCHEMA_VERSION, "shards": entries})
    put(place.folder(progress_path(config.name, batch)), contents_of_json(record))
    return entries


def _finish(
    directory: Path,
    spec: Spec,
    entries: list[dict[str, Any]],
    before: Mapping[str, Any] | None,
    remade: list[str],
) -> dict[str, Any]:
    """The card and all that describes the data set, and last of all the manifest."""
    files = {}
    for name, text in (
        (CARD, card_of(spec, entries)),
        (CROISSANT, croissant_of(spec, entries)),
        (PICTURE, picture_of(spec)),
    ):
        if before is not None and digest_of(directory / name) != before["files"][name]["sha256"]:
            remade.append(f"{name} was missing or not as it was written")
        files[name] = put(directory / name, (text.encode(),))
    manifest = sealed_json({**_identity(spec), "files": files, "shards": entries})
    put(directory / MANIFEST, contents_of_json(manifest))
    return manifest
