"""Where files go, and writing them so that a killed run leaves the old file or the new one, never half."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from proofcheck.errors import UserInputError

__all__ = ["LEFT_OVER", "cache_directory", "replacing", "resolved", "temporary_beside", "write_atomically"]

#: The names of :func:`temporary_beside`: what a killed run may leave.
LEFT_OVER = re.compile(r"\.proofcheck-[0-9a-f]{16}\.tmp")


def cache_directory() -> Path:
    """``$PROOFCHECK_CACHE_DIR``, else the user's cache directory of the platform."""
    chosen = os.environ.get("PROOFCHECK_CACHE_DIR")
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("proofcheck")


def resolved(path: Path) -> Path:
    """Where a path leads, whether or not something is there.

    Raises:
        OSError: links in a circle, or what the system says.
    """
    try:
        place = path.resolve()
        circle = place.is_symlink()
    except RuntimeError:  # what Python raises before 3.13; later it gives the link itself
        circle = True
    if circle:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return place


def write_atomically(path: Path, text: str) -> None:
    """Write text: to a temporary file beside it, flushed to disk, then renamed over it.

    Raises:
        UserInputError: the place cannot be written to.
    """
    with replacing(path) as file:
        file.write(text.encode())


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A temporary file beside the path, which is flushed to disk and renamed over it when the block is done.

    Raises:
        UserInputError: the place cannot be written to.
    """
    temporary = temporary_beside(path)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UserInputError(f"cannot write {str(path)!r}: {error.strerror}; choose another path") from error
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """A hidden name that nothing has, in the same directory.

    It is known before it is used, so that whatever interrupts the use, what is there can be removed.
    """
    return path.with_name(f".proofcheck-{secrets.token_hex(8)}.tmp")
