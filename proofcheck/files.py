"""Writing files so that a killed run leaves the old file or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from proofcheck.errors import UserInputError

__all__ = ["write_atomically"]


def write_atomically(path: Path, text: str) -> None:
    """Write text: to a temporary file beside it, flushed to disk, then renamed over it.

    Raises:
        UserInputError: the place cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UserInputError(f"cannot write {str(path)!r}: {error.strerror}; choose another path") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise UserInputError(f"cannot write {str(path)!r}: {error.strerror}; choose another path") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    """The process's umask, which mkstemp ignores."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
