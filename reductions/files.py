"""Directories that one run writes at a time and that a killed run leaves so that the next can go on.

A file is written under a hidden name, flushed, and renamed; one that is there with the right bytes is left
alone. What is read back is held against its size and its SHA-256.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from proofcheck.errors import UserInputError
from proofcheck.files import replacing

__all__ = ["Contents", "alone_in", "contents_digest", "contents_of_json", "digest_of", "is_file", "json_of"]
__all__ += ["put", "read_file", "told"]

#: The parts of a file, one after another.
Contents = Sequence[bytes | memoryview]


@contextlib.contextmanager
def told(directory: Path) -> Iterator[None]:
    """What the system refuses becomes one line.

    Raises:
        UserInputError: an OSError, or a ValueError of a path, in the block.
    """
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


def contents_of_json(data: Any) -> Contents:
    """A JSON file that a reader can look at."""
    return ((json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode(),)


def put(path: Path, contents: Contents) -> dict[str, Any]:
    """Write a file unless it is there.

    Args:
        path: of the file.
        contents: its parts.

    Returns:
        Its SHA-256 and its size, as ``sha256`` and ``bytes``.

    Raises:
        UserInputError: it cannot be written.
    """
    size, digest = sum(len(part) for part in contents), contents_digest(contents)
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
    if entry is not None and (found := contents_digest((data,))) != entry["sha256"]:
        raise UserInputError(f"{name} has the SHA-256 {found}; expected {entry['sha256']}: {command} it anew")
    return data


def json_of(data: bytes, name: str) -> Any:
    """What a JSON file says.

    Raises:
        UserInputError: it is no JSON.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UserInputError(f"{name} is no JSON: {error}; expected one that reductions wrote") from error


def contents_digest(contents: Contents) -> str:
    """The SHA-256 of what a file is to hold."""
    found = hashlib.sha256()
    for part in contents:
        found.update(part)
    return found.hexdigest()


def digest_of(path: Path) -> str | None:
    """The SHA-256 of a file; None if it cannot be read: it is written anew, or that fails with a reason."""
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
