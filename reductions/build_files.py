"""The files of a built chain: what a directory may hold, writing so that a killed run can go on, reading.

A file is written under a hidden name, flushed, and renamed; one that is there with the right bytes is left
alone. ``formula.cnf`` comes first and says the options, so whatever a killed run leaves can be told from the
files of another formula.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from proofcheck.errors import UserInputError
from proofcheck.files import replacing
from reductions.problems.bits import Bits

__all__ = ["FORMULA", "INSTANCE", "LEFT_OVER", "MANIFEST", "SIDES", "VECTORS", "Contents", "alone_in"]
__all__ += ["bits_of", "check_place", "contents_of_bits", "contents_of_json", "digest_of", "expected_names"]
__all__ += ["is_file", "json_of", "put", "read_file", "told"]

FORMULA, MANIFEST = "formula.cnf", "manifest.json"
SIDES = ("left", "right")
VECTORS = tuple(f"orthogonal-vectors-{side}.npy" for side in SIDES)
#: The files of instance k.
INSTANCE = (*(f"gap-{{:05d}}-{side}.npy" for side in SIDES), "attention-{:05d}.json")

#: What a killed run may leave of a file.
LEFT_OVER = re.compile(r"\.proofcheck-[0-9a-f]{16}\.tmp")

Contents = Sequence[bytes | memoryview]


def expected_names(instances: int) -> list[str]:
    """All files of a chain with so many instances, in the order in which they are written."""
    numbered = [name.format(k) for k in range(instances) for name in INSTANCE]
    return [FORMULA, *VECTORS, *numbered, MANIFEST]


def contents_of_bits(bits: Bits) -> Contents:
    """An .npy file; the array is not copied."""
    header = BytesIO()
    npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(bits))
    return header.getvalue(), bits.data.cast("B")


def contents_of_json(data: Any) -> Contents:
    """A JSON file that a reader can look at."""
    return ((json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode(),)


@contextlib.contextmanager
def told(directory: Path) -> Iterator[None]:
    """What the system refuses becomes one line."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserInputError(
            f"cannot write {str(directory)!r}: {reason}; choose another directory"
        ) from error


@contextlib.contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Make the directory if there is none, and keep other runs out of it.

    The lock is of the open directory, so that a killed run leaves none.

    Raises:
        UserInputError: it cannot be made, or another run has it.
    """
    with told(directory):
        directory.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # where there are no such locks
        yield
        return
    with told(directory):
        handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserInputError(
                f"another run is writing {str(directory)!r}; wait for it, or choose another directory"
            ) from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)


def check_place(directory: Path, allowed: Collection[str], formula: Contents) -> None:
    """Refuse a directory that holds what a build would not write, and clear what a killed run left half.

    Args:
        directory: to be written to.
        allowed: the names of the files of this build.
        formula: what ``formula.cnf`` is to hold.

    Raises:
        UserInputError: there are other files, or files of another formula or of other options.
    """
    # A set: a build may have many files.
    allowed = set(allowed)
    with told(directory):
        names = sorted(os.listdir(directory))
    left_over = [name for name in names if LEFT_OVER.fullmatch(name) and is_file(directory / name)]
    kept = [name for name in names if name not in left_over]
    place = repr(str(directory))
    for name in kept:
        if not is_file(directory / name):
            raise UserInputError(f"{place} holds {name!r}, no regular file; {_CHOOSE}")
    if kept and FORMULA not in kept:
        raise UserInputError(f"{place} holds {kept[0]!r} and no {FORMULA}; {_CHOOSE}")
    if kept and digest_of(directory / FORMULA) != _digest(formula):
        raise UserInputError(
            f"{place} holds {FORMULA} of another formula, or of other options (its first line has them); "
            f"{_CHOOSE}"
        )
    for name in kept:
        if name not in allowed:
            raise UserInputError(f"{place} holds {name!r}, which this build does not write; {_CHOOSE}")
    with told(directory):
        for name in left_over:
            (directory / name).unlink(missing_ok=True)


_CHOOSE = "expected an empty directory or one of this very build: choose another, or remove what is there"


def put(path: Path, contents: Contents) -> dict[str, Any]:
    """Write a file unless it is there; its SHA-256 and its size.

    Raises:
        UserInputError: it cannot be written.
    """
    size, digest = sum(len(part) for part in contents), _digest(contents)
    there = path.exists() and path.stat().st_size == size and digest_of(path) == digest
    if not there:
        with replacing(path) as file:
            file.writelines(contents)
    return {"sha256": digest, "bytes": size}


def read_file(
    path: Path,
    entry: Mapping[str, Any] | None = None,
    *,
    most: int | None = None,
    command: str = "build",
) -> bytes:
    """All of a file, as the manifest has it.

    Args:
        path: of the file.
        entry: what :func:`put` gave; None for the manifest itself.
        most: the most bytes to read, where there is no entry.
        command: of ``reductions``, that writes such files; for messages.

    Raises:
        UserInputError: it is missing, no regular file, or other bytes than the manifest says.
    """
    name = repr(str(path))
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UserInputError(
                    f"{name} is no regular file; expected one that reductions {command} wrote"
                )
            expected = status.st_size if entry is None else entry["bytes"]
            if status.st_size != expected:
                raise UserInputError(
                    f"{name} has {status.st_size} bytes; expected {expected}: {command} it anew"
                )
            if most is not None and expected > most:
                raise UserInputError(f"{name} has {expected} bytes; expected at most {most}")
            data = file.read(expected)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserInputError(
            f"cannot read {name}: {reason}; expected a directory of reductions {command}"
        ) from error
    if entry is not None and (found := _digest((data,))) != entry["sha256"]:
        raise UserInputError(f"{name} has the SHA-256 {found}; expected {entry['sha256']}: {command} it anew")
    return data


def bits_of(data: bytes, name: str) -> Bits:
    """The matrix of an .npy file of uint8; nothing is unpickled, and no more than the data is allocated.

    Raises:
        UserInputError: it is something else; whether all entries are bits is left to the instance.
    """
    stream = BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of headers that Python 2 wrote
            if npy.read_magic(stream) != (1, 0):
                raise ValueError("a version other than 1.0")
            shape, fortran, dtype = npy.read_array_header_1_0(stream)
    except Exception as error:
        # Headers are Python literals, which fail to parse in many ways.
        raise UserInputError(f"{name} is no .npy file: {error}; expected one of version 1.0") from error
    if dtype != np.uint8 or fortran or len(shape) != 2:
        order = "Fortran" if fortran else "C"
        raise UserInputError(
            f"{name} holds {dtype} of shape {shape} in {order} order; expected uint8, a matrix, in C order"
        )
    found, expected = len(data) - stream.tell(), shape[0] * shape[1]
    if found != expected:
        raise UserInputError(
            f"{name} has {found} bytes of data; expected {expected}, its shape being {shape}"
        )
    return np.frombuffer(data, np.uint8, offset=stream.tell()).reshape(shape)


def json_of(data: bytes, name: str) -> Any:
    """What a JSON file says.

    Raises:
        UserInputError: it is no JSON.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UserInputError(f"{name} is no JSON: {error}; expected one that reductions wrote") from error


def _digest(contents: Contents) -> str:
    found = hashlib.sha256()
    for part in contents:
        found.update(part)
    return found.hexdigest()


def digest_of(path: Path) -> str | None:
    """None for what cannot be read: it is written anew, or that fails with a reason."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def is_file(path: Path) -> bool:
    """Whether it is a regular file itself, not a link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _without_waiting(path: str, flags: int) -> int:
    # A pipe that nobody writes to would be waited for.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
