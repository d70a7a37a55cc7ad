"""What a command reads and writes beside its computation: streams that may close, files, a progress bar."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from proofcheck.errors import UserInputError
from proofcheck.files import resolved

__all__ = ["Page", "Progress", "check_writable", "note", "progress_bar", "write_stdout"]

#: Called with how many pieces are done, of how many, and words.
Progress = Callable[[int, int, str], None]


class Page(io.StringIO):
    """Text in memory that will be written in a certain encoding, so that Rich keeps within it."""

    encoding = "utf-8"

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self.encoding = encoding


def write_stdout(text: str, *, machine: bool) -> None:
    """Write to standard output, which may close early (``| head``) or be full.

    Args:
        text: what to write.
        machine: in UTF-8, whatever the locale; else as far as the locale's encoding goes.

    Raises:
        UserInputError: it cannot be written to.
    """
    if sys.stdout is None:  # closed before the start
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        if machine:
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        else:
            sys.stdout.reconfigure(errors="replace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer would fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise UserInputError(f"cannot write to standard output: {error.strerror}") from error


def note(text: str) -> None:
    """A line on standard error."""
    if sys.stderr is not None:  # closed before the start
        with contextlib.suppress(OSError):  # nobody is left to tell
            print(text, file=sys.stderr, flush=True)


def check_writable(path: Path) -> None:
    """Find out whether a file can be put there, before the long work.

    Raises:
        UserInputError: it cannot.
    """
    try:
        place = resolved(path)
        # A device would be replaced by a file.
        if place.exists() and not stat.S_ISREG(place.stat().st_mode):
            raise UserInputError(f"cannot write {str(path)!r}: it is not a regular file; choose another path")
        tempfile.TemporaryFile(dir=place.parent).close()
    except OSError as error:
        raise UserInputError(f"cannot write {str(path)!r}: {error.strerror}; choose another path") from error


@contextlib.contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress | None]:
    """A callback that draws a progress bar on standard error; None where nobody would see it."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total, description=label)

        yield advance
