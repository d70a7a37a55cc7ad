"""The directory of a data set: which files it may hold, and what a killed run left.

``spec.json`` comes first and says what is made, with which versions; ``manifest.json`` comes last. Until then
``.progress`` has a file for each batch of sources that is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofcheck.errors import UserInputError
from proofcheck.files import LEFT_OVER
from reductions.datasets.spec import SPLITS
from reductions.files import Contents, contents_digest, digest_of, is_file, json_of, read_file, told

__all__ = [
    "BESIDE",
    "CARD",
    "CROISSANT",
    "DATA",
    "MANIFEST",
    "PICTURE",
    "SCHEMA_VERSION",
    "SPEC",
    "Place",
    "manifest_of",
    "progress_path",
    "sealed_json",
    "shard_path",
]

SCHEMA_VERSION = 1
SPEC, CARD, CROISSANT, PICTURE, MANIFEST = (
    "spec.json",
    "README.md",
    "croissant.json",
    "instances.svg",
    "manifest.json",
)
DATA, PROGRESS = "data", ".progress"
#: Beside the shards, in the order in which they are written, all but the manifest.
BESIDE = (CARD, CROISSANT, PICTURE)
_MOST_JSON = 1 << 28
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ROW_HASH = re.compile(r"[0-9a-f]{32}")
_CHOOSE = "choose another directory, or remove what is there"


def shard_path(config: str, split: str, batch: int) -> str:
    """Where the rows of a batch that belong to one split are."""
    return f"{DATA}/{config}/{split}-{batch:05d}.parquet"


def progress_path(config: str, batch: int) -> str:
    """Where it says that a batch is done."""
    return f"{PROGRESS}/{config}-{batch:05d}.json"


def sealed_json(data: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into a file that is to know its own damage: with the SHA-256 of all else."""
    return {**data, "digest": _digest(data)}


def manifest_of(directory: Path) -> dict[str, Any]:
    """The manifest of a data set, once it is found to be as it was written.

    Raises:
        UserInputError: it is missing or damaged; the message says how.
    """
    path = directory / MANIFEST
    name = repr(str(path))
    if not os.path.exists(path):  # false of names that the system does not take, too
        raise UserInputError(f"{str(directory)!r} has no {MANIFEST}: expected a complete data set; {_RESUME}")
    data = json_of(read_file(path, most=_MOST_JSON, command="generate"), name)
    fault = _fault(data)
    if fault:
        raise UserInputError(f"{name} is damaged: {fault}; {_RESUME}")
    checked: dict[str, Any] = data
    return checked


_RESUME = "reductions generate SPEC -o DIR --resume makes it whole"


@dataclass(frozen=True)
class Place:
    """A directory that is written to.

    Attributes:
        directory: made already.
        identity: what ``spec.json`` holds.
        batches: how many each configuration has.
    """

    directory: Path
    identity: Contents
    batches: Mapping[str, int]

    def prepare(self, resume: bool) -> None:
        """Refuse a directory with other files, and clear what a killed run left half.

        Raises:
            UserInputError: there is something else, or the data set was begun and is not to be resumed.
        """
        place = repr(str(self.directory))
        left_over: list[tuple[Path, str]] = []
        kept: list[tuple[Path, str]] = []
        for path, name in self._found():
            (left_over if LEFT_OVER.fullmatch(path.name) and is_file(path) else kept).append((path, name))
        if kept and not resume:
            raise UserInputError(f"{place} holds {kept[0][1]!r}; expected an empty directory, or --resume")
        allowed = self._allowed()
        begun = any(name == SPEC for _, name in kept)
        if begun and digest_of(self.directory / SPEC) != contents_digest(self.identity):
            raise UserInputError(
                f"{place} holds the {SPEC} of another specification, seed, count or version; {_CHOOSE}"
            )
        for path, name in kept:
            if not is_file(path):
                raise UserInputError(f"{place} holds {name!r}, no regular file; {_CHOOSE}")
            if name not in allowed:
                raise UserInputError(f"{place} holds {name!r}, which this data set has not; {_CHOOSE}")
        if kept and not is_file(self.directory / SPEC):
            raise UserInputError(f"{place} holds {kept[0][1]!r} and no {SPEC}; {_CHOOSE}")
        with told(self.directory):
            for path, _ in left_over:
                path.unlink(missing_ok=True)

    def refuse_stray(self, expected: set[str]) -> None:
        """Refuse shards that no batch has; they are not removed.

        Raises:
            UserInputError: there is one.
        """
        for _, name in self._found():
            if name.startswith(f"{DATA}/") and name not in expected:
                raise UserInputError(
                    f"{str(self.directory)!r} holds {name!r}, which this data set has not; {_CHOOSE}"
                )

    def entries(
        self, config: str, batch: int, manifest: Mapping[str, Any] | None
    ) -> list[dict[str, Any]] | None:
        """The shards of a batch as the manifest or its file of progress has them; None if neither does."""
        if manifest is not None:
            own = [one for one in manifest["shards"] if (one["config"], one["batch"]) == (config, batch)]
            return own or None
        path = self.directory / progress_path(config, batch)
        try:
            data = json_of(read_file(path, most=_MOST_JSON, command="generate"), repr(str(path)))
        except UserInputError:
            return None
        if _fault(data) or any((one["config"], one["batch"]) != (config, batch) for one in data["shards"]):
            return None
        return data["shards"] or None

    def damaged(self, entries: list[dict[str, Any]]) -> list[str]:
        """The shards among these whose bytes are not as they were written."""
        return [one["path"] for one in entries if digest_of(self.directory / one["path"]) != one["sha256"]]

    def clear_progress(self) -> None:
        """Once there is a manifest."""
        with told(self.directory):
            for config, batches in self.batches.items():
                for batch in range(batches):
                    (self.directory / progress_path(config, batch)).unlink(missing_ok=True)
            if (self.directory / PROGRESS).exists():
                (self.directory / PROGRESS).rmdir()

    def folder(self, name: str) -> Path:
        """The path of a file whose directory is there.

        Raises:
            UserInputError: it cannot be made.
        """
        path = self.directory / name
        with told(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _allowed(self) -> set[str]:
        names = {SPEC, MANIFEST, *BESIDE}
        for config, batches in self.batches.items():
            for batch in range(batches):
                names.add(progress_path(config, batch))
                names.update(shard_path(config, split, batch) for split in SPLITS)
        return names

    def _found(self) -> Iterator[tuple[Path, str]]:
        """All that is no directory of this data set, with its path from here; links are not followed."""
        own = {DATA, PROGRESS, *(f"{DATA}/{config}" for config in self.batches)}
        with told(self.directory):
            for folder, directories, files in os.walk(self.directory):
                here = Path(folder)
                for name in sorted(directories):
                    path = here / name
                    inner = path.relative_to(self.directory).as_posix()
                    if path.is_symlink() or inner not in own:
                        directories.remove(name)
                        yield path, inner
                directories.sort()
                for name in sorted(files):
                    yield here / name, (here / name).relative_to(self.directory).as_posix()


def _fault(data: Any) -> str | None:
    """What is wrong with a manifest, or with a file of progress."""
    if not isinstance(data, dict) or data.get("schema_version") != SCHEMA_VERSION:
        found = data.get("schema_version") if isinstance(data, dict) else data
        return f"its schema_version is {found!r:.60}, expected {SCHEMA_VERSION}"
    rest = {key: value for key, value in data.items() if key != "digest"}
    if data.get("digest") != _digest(rest):
        return "its digest is not that of its content; it was edited"
    # What was edited and signed anew: paths that lead elsewhere are not followed.
    configs = data.get("configs", [])
    if not isinstance(configs, list) or not all(isinstance(one, dict) for one in configs):
        return "it lists no configurations"
    shards = data.get("shards")
    if not isinstance(shards, list) or not all(isinstance(one, dict) for one in shards):
        return "it lists no shards"
    for one in shards:
        config, split, batch = (one.get(key) for key in ("config", "split", "batch"))
        named = isinstance(config, str) and re.fullmatch(r"[a-z0-9][a-z0-9_-]*", config)
        if not named or split not in SPLITS or type(batch) is not int or not 0 <= batch < 1 << 24:
            return f"a shard is of config {config!r:.40}, split {split!r:.40} and batch {batch!r:.40}"
        if one.get("path") != shard_path(str(config), split, batch):
            return f"a shard has the path {one.get('path')!r:.80}"
        hashes = one.get("row_hashes")
        if not isinstance(hashes, list) or not all(_matches(_ROW_HASH, text) for text in hashes):
            return f"{one['path']} has no row hashes"
        if not _matches(_DIGEST, one.get("sha256")) or type(one.get("bytes")) is not int or one["bytes"] < 0:
            return f"{one['path']} has no SHA-256 or size"
    return None


def _matches(pattern: re.Pattern[str], text: Any) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
