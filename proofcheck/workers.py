"""Worker processes whose tasks can be stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures import as_completed
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext
from typing import Any

from proofcheck.loading import one_line

__all__ = ["Failed", "Stopped", "Workers"]


class Failed(Exception):
    """A task gave no answer; the message says why, in one line."""


class Stopped(Failed):
    """A task was stopped at its timeout."""


def _print_to_stderr() -> None:
    """In a worker: what a claim module prints must not get between the lines of a report."""
    os.dup2(2, 1)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits for the end of the block; processes and threads started in it inherit that for good.

    A terminal sends it to the workers too, and those still starting would each print a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Started on demand with the first worker, it would lift the block (as of Python 3.11).
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    """Starts processes afresh, since the parent may run threads (a progress bar), and keeps their locks.

    The pool (pebble 5.2) drops its locks, which removes them from the system, before it ends the processes:
    one that is then still starting, in place of one that died or was stopped, would print a traceback.
    """

    def __init__(self) -> None:
        super().__init__()
        self._locks: list[Any] = []

    def RLock(self) -> Any:  # the name is multiprocessing's
        self._locks.append(lock := super().RLock())
        return lock


class Workers:
    """A pool of processes, started when it is first needed.

    Args:
        jobs: how many at most.
        timeout: seconds after which a task is stopped.
    """

    def __init__(self, jobs: int, timeout: float) -> None:
        self._jobs, self._timeout = jobs, timeout
        self._pool: Any = None
        self._context: _Context | None = None
        self._started = 0

    def run(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """The number of each task with its answer, or the :class:`Failed` in its place, as they come.

        Args:
            function: of a module, so that a process can import it.
            arguments: of each task.
        """
        if not arguments:
            return
        from pebble import ProcessExpired, ProcessPool

        wanted = min(self._jobs, len(arguments))
        if wanted > self._started:
            self.close()
            self._context = _Context()
            self._pool = ProcessPool(max_workers=wanted, context=self._context, initializer=_print_to_stderr)
            self._started = wanted
        with _interrupts_held():
            futures = {
                self._pool.schedule(function, args=list(one), timeout=self._timeout): number
                for number, one in enumerate(arguments)
            }
        for future in as_completed(futures):
            answer: Any
            try:
                answer = future.result()
            except FutureTimeout:
                answer = Stopped(f"stopped after {self._timeout:g} s; a longer --timeout may decide it")
            except ProcessExpired as error:
                answer = Failed(f"the check's process died (exit code {error.exitcode})")
            except Exception as error:
                # The module did not import a second time, or gave other claims than before.
                answer = Failed(f"the check could not be run: {one_line(error)}")
            yield futures[future], answer

    def close(self, *, now: bool = False) -> None:
        """End the processes; ``now`` without waiting for running tasks."""
        if self._pool is not None:
            (self._pool.stop if now else self._pool.close)()
            self._pool.join()
            self._pool = self._context = None
            self._started = 0
