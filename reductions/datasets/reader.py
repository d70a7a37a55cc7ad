"""Reading a data set back: only what is as it was written, as typed instances, one shard at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofcheck.errors import UserInputError
from reductions.datasets.place import manifest_of
from reductions.datasets.row import Row
from reductions.datasets.table import Shard, arrow
from reductions.files import read_file

__all__ = ["Dataset", "load"]


@dataclass(frozen=True)
class Dataset:
    """A data set on disk; rows are read when they are asked for.

    Iterating over it gives all :class:`~reductions.datasets.row.Row`, in order.

    Attributes:
        directory: where it is.
        manifest: as it is in the file.
    """

    directory: Path
    manifest: Mapping[str, Any]

    @property
    def configs(self) -> tuple[str, ...]:
        """The names of the configurations, in order."""
        return tuple(dict.fromkeys(entry["config"] for entry in self.manifest["shards"]))

    def __len__(self) -> int:
        return sum(len(entry["row_hashes"]) for entry in self.manifest["shards"])

    def __iter__(self) -> Iterator[Row]:
        return self.rows()

    def rows(self, config: str | None = None, split: str | None = None) -> Iterator[Row]:
        """The rows of one configuration, of one split, or of all; a shard in memory at a time.

        Raises:
            UserInputError: there is no such configuration; a shard is missing or not as the manifest says, in
                which case none of its rows are given.
        """
        if config is not None and config not in self.configs:
            raise UserInputError(f"config is {config!r:.60}; expected one of {', '.join(self.configs)}")
        for entry in self.manifest["shards"]:
            if config in (None, entry["config"]) and split in (None, entry["split"]):
                path = self.directory / entry["path"]
                data = read_file(path, entry, command="generate")
                try:
                    yield from Shard(data).every_row()
                except UserInputError as error:
                    raise UserInputError(f"{str(path)!r}: {error}") from error


def load(directory: str | Path) -> Dataset:
    """A data set that ``reductions generate`` wrote.

    Its manifest is checked at once, and each shard against its SHA-256 when it is reached: nothing that is
    damaged is given.

    Raises:
        UserInputError: there is none, it is not complete, or its manifest is damaged; pyarrow is not
            installed.
    """
    arrow()
    place = Path(directory)
    return Dataset(place, manifest_of(place))
