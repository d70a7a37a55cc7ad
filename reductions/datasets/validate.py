"""Deriving again all that a data set says: hashes of files and rows, labels, witnesses, thresholds, splits.

Nothing is repaired. What is found is named as exactly as can be: a file; rows of a file that cannot be
read; a row by its id.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.streams import Progress
from reductions.datasets.formulas import gap_of
from reductions.datasets.place import BESIDE, DATA, MANIFEST, SPEC, manifest_of
from reductions.datasets.row import Row, digest_of
from reductions.datasets.sources import GENERATOR, described, split_of
from reductions.datasets.table import Shard
from reductions.files import json_of, read_file

__all__ = ["Finding", "Validation", "faults_of", "validate"]

_MOST_SHARD = 1 << 34


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        where: a file, rows of a file, or the id of a row.
        what: is wrong with it.
    """

    where: str
    what: str


@dataclass
class Validation:
    """What was found.

    Attributes:
        rows: that were read, and are as they were written.
        findings: empty if all is well.
    """

    rows: int = 0
    findings: list[Finding] = field(default_factory=list)


def validate(directory: str | Path, progress: Progress | None = None) -> Validation:
    """Check all of a data set.

    Without a manifest that can be relied on the shards that are there are checked against the hashes in their
    own rows.

    Args:
        directory: of the data set.
        progress: called after each shard.

    Raises:
        UserInputError: there is no such directory, or pyarrow is not installed.
    """
    place = Path(directory)
    if not os.path.isdir(place):  # false of names that the system does not take, too
        raise UserInputError(f"{str(directory)!r} is no directory; expected one of reductions generate")
    found = Validation()
    manifest = _manifest(place, found)
    here = sorted(
        path.relative_to(place).as_posix() for path in place.glob(f"{DATA}/**/*") if not path.is_dir()
    )
    if manifest is None:
        shards: list[Mapping[str, Any]] = [{"path": path} for path in here]
    else:
        shards = manifest["shards"]
        listed = {entry["path"] for entry in shards}
        found.findings += [Finding(path, "it is not in the manifest") for path in here if path not in listed]
    seen: set[str] = set()
    for done, entry in enumerate(shards, start=1):
        _check_shard(place, entry, manifest, seen, found)
        if progress is not None:
            progress(done, len(shards), entry["path"])
    return found


def faults_of(row: Row) -> Iterator[str]:
    """What a row says that does not follow from its bits: hash, sizes, thresholds, label, witness.

    O(n² D) operations: the label by all inner products.
    """
    if digest_of(row) != row.hash:
        yield "its content is not what its hash says"
        return
    try:
        instance = row.instance
        if instance is None:
            yield from _faults_of_entries(row)
            return
        attention = instance.attention
        for name, value in described(attention).items():
            if getattr(row, name) != value:
                yield f"{name} is {getattr(row, name)!r:.60}; expected {value!r:.60}"
        if row.left[:, row.columns :].any() or row.right[:, row.columns :].any():
            yield "its bits go on beyond its columns"
        if not attention.gap.promise_holds():
            yield "its largest inner product is between the thresholds"
        if row.label is not (attention.gap.largest[0] >= attention.gap.yes):
            yield f"label is {row.label}; expected {not row.label}"
        if row.label and (row.witness is None or not instance.verify(row.witness)):
            yield f"witness is {row.witness}, which is none"
        if not row.label and row.witness is not None:
            yield f"witness is {row.witness}; expected none of a NO-instance"
        formula = row.source()
        if formula is not None:
            given = json.loads(row.provenance["parameters"])
            again = gap_of(formula, row.chain, given.get("blocks", 1), row.advice)
            if not all(
                np.array_equal(one, other)
                for one, other in zip(
                    (again.left, again.right), (attention.gap.left, attention.gap.right), strict=True
                )
            ):
                yield "its bits are not those of its formula"
    except (UserInputError, ValueError, ArithmeticError, TypeError, KeyError) as error:
        yield f"it describes no instance: {' '.join(str(error).split())}"


def _faults_of_entries(row: Row) -> Iterator[str]:
    """Of a row with nothing to decide."""
    if (
        row.label is not None
        or row.witness is not None
        or row.slope_yes is not None
        or row.slope_no is not None
    ):
        yield "it has a label, a witness or thresholds of f'(1), but none of inner products"
    B, scale = row.exact(row.B), row.exact(row.scale)
    for name, matrix, own in (
        ("left", row.left, scale),
        ("right", row.right, scale),
        ("values", row.values, row.exact(row.values_scale)),
    ):
        if matrix is None or matrix.shape != (row.n, row.d) or row.columns != row.d:
            yield f"{name} is no ({row.n}, {row.d}) matrix"
            return
        largest = int(np.abs(matrix.astype(np.int64)).max())
        if largest * own > B or (row.kind == "signs" and int(np.abs(matrix).min()) * own != B):
            yield f"the entries of {name} are not as B = {row.B} says"
    # Scores of A1 and A2 are ⟨row, row⟩/d, at most B².
    expected = {"gamma": str(scale**2 / row.d), "score_bound": str(B**2), "required_accuracy": 1 / row.n}
    for name, value in expected.items():
        if getattr(row, name) != value:
            yield f"{name} is {getattr(row, name)!r:.60}; expected {value!r:.60}"
    if row.kind == "aligned":
        both = np.concatenate([row.left, row.right]).astype(np.int64)
        first = both[np.argmax(np.abs(both).max(axis=1))]
        # Rank one: all minors of two with the largest row are 0.
        if np.any(both * first[0] != both[:, :1] * first):
            yield "its rows are not along one direction"


def _manifest(place: Path, found: Validation) -> dict[str, Any] | None:
    """The manifest if it can be relied on; and what is beside the shards, against it."""
    try:
        manifest = manifest_of(place)
    except UserInputError as error:
        found.findings.append(Finding(MANIFEST, str(error)))
        return None
    for name in BESIDE:
        try:
            read_file(place / name, manifest["files"][name], command="generate")
        except UserInputError as error:
            found.findings.append(Finding(name, str(error)))
    try:
        said = json_of(read_file(place / SPEC, most=_MOST_SHARD, command="generate"), SPEC)
        if said != {
            key: value for key, value in manifest.items() if key not in ("files", "shards", "digest")
        }:
            found.findings.append(Finding(SPEC, "it is not what the manifest says"))
    except UserInputError as error:
        found.findings.append(Finding(SPEC, str(error)))
    return manifest


def _check_shard(
    place: Path,
    entry: Mapping[str, Any],
    manifest: Mapping[str, Any] | None,
    seen: set[str],
    found: Validation,
) -> None:
    path = entry["path"]
    hashes: Sequence[str] | None = entry.get("row_hashes")
    try:
        data = read_file(place / path, most=_MOST_SHARD, command="generate")
    except UserInputError as error:
        found.findings.append(Finding(path, str(error)))
        return
    if hashes is not None:
        try:
            read_file(place / path, entry, command="generate")
        except UserInputError as error:
            found.findings.append(Finding(path, str(error)))
    try:
        shard = Shard(data)
    except UserInputError as error:
        found.findings.append(Finding(f"{path}, all rows", str(error)))
        return
    at = 0
    for group, size in enumerate(shard.groups):
        try:
            rows = list(shard.rows(group))
        except UserInputError as error:
            found.findings.append(Finding(f"{path}, rows {at} to {at + size - 1}", str(error)))
        else:
            for number, row in enumerate(rows, start=at):
                _check_row(row, number, entry, manifest, seen, found)
        at += size
    if hashes is not None and at != len(hashes):
        found.findings.append(Finding(path, f"it has {at} rows; expected {len(hashes)}"))


def _check_row(
    row: Row,
    number: int,
    entry: Mapping[str, Any],
    manifest: Mapping[str, Any] | None,
    seen: set[str],
    found: Validation,
) -> None:
    faults = list(faults_of(row))
    if row.id in seen:
        faults.append("there is another row with this id")
    seen.add(row.id)
    if manifest is not None:
        hashes = entry["row_hashes"]
        if number < len(hashes) and row.hash != hashes[number]:
            faults.append("its hash is not the manifest's")
        shares = manifest["splits"]
        own = {"generator": GENERATOR, "seed": manifest["seed"], "config": entry["config"]}
        for name, value in own.items():
            if row.provenance[name] != value:
                faults.append(f"its {name} is {row.provenance[name]!r:.60}; expected {value!r:.60}")
        if split_of(row.provenance["parent"], shares) != entry["split"]:
            faults.append(f"its source does not belong to {entry['split']}")
    found.findings += [Finding(row.id, fault) for fault in faults]
    found.rows += not faults
