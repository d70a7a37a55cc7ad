"""The directory that verdicts and cost models are kept in."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from proofcheck.files import cache_directory

__all__ = ["CacheState", "cache_state"]


@dataclass(frozen=True)
class CacheState:
    """What is known of the cache.

    Attributes:
        directory: where it is, or will be.
        problem: why nothing can be kept there; None if something can.
        files: how many there are.
        bytes: what they hold.
    """

    directory: str
    problem: str | None
    files: int
    bytes: int


def cache_state() -> CacheState:
    """Look at the cache, without making it."""
    directory = cache_directory()
    files = size = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                size += os.lstat(os.path.join(folder, name)).st_size
            except OSError:  # gone meanwhile
                continue
            files += 1
    return CacheState(str(directory), _obstacle(directory), files, size)


def _obstacle(directory: Path) -> str | None:
    """Why no file can be made in a directory, or in the nearest one above it that is there."""
    place = directory.absolute()
    try:
        while not place.exists():
            place = place.parent
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return None
