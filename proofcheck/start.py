"""The first moments of a command, while its modules are imported: this one imports little."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["leaving_at_once"]

_INTERRUPTED = 130


@contextmanager
def leaving_at_once(program: str) -> Iterator[None]:
    """Ctrl-C ends the process, with one line: nothing is there yet that would have to be put away.

    An exception would not do: modules that are half imported, compiled ones above all, make others of it.

    Args:
        program: its name, for the line.
    """

    def leave(*_: object) -> None:
        with suppress(OSError):  # nobody is left to tell
            os.write(2, f"{program}: interrupted\n".encode())
        os._exit(_INTERRUPTED)

    # Where it is ignored, as of what a script starts in the background, it stays ignored.
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if usual:
        signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        if usual:
            signal.signal(signal.SIGINT, signal.default_int_handler)
