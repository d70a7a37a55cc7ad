"""Where cells are measured: in processes of this machine, or on the workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from proofcheck.cluster import LOOK_SECONDS, RETRIES, Watch, dask_client
from proofcheck.errors import UserInputError
from proofcheck.workers import Failed, Workers

__all__ = ["DaskEngine", "Engine", "LocalEngine"]

_TIMEOUT = 1e7
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Engine(Protocol):
    """Something that calls a function of a module many times."""

    def map(
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """The number of each task with its answer, or :class:`~proofcheck.workers.Failed` in its place.

        Args:
            function: of a module, so that a process can import it.
            tasks: the arguments of each call.
        """


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine, each with one thread for BLAS and for compiled kernels.

    Args:
        jobs: how many. Times of more than one disturb one another, all methods alike.
    """

    jobs: int = 1

    def map(
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """As of :class:`Engine`. A process of its own even for one job: threads are chosen at its start."""
        workers = Workers(self.jobs, _TIMEOUT)
        whole = False
        with _one_thread():
            try:
                yield from workers.run(function, tasks)
                whole = True
            finally:
                workers.close(now=not whole)


@dataclass(frozen=True)
class DaskEngine:
    """The workers of a Dask cluster (extra ``dist``), one task at a time on each thread of them.

    A task whose worker dies is run again on another. Workers are to have the version of proofcheck that is
    here, and one thread each if times are to mean anything.

    Args:
        scheduler: its address, such as ``tcp://host:8786``; None starts workers on this machine.
        jobs: how many workers to start, without a scheduler.
        patience: seconds to wait for a worker where none is left.
    """

    scheduler: str | None = None
    jobs: int = 1
    patience: float = 60.0

    def map(
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """As of :class:`Engine`.

        Raises:
            UserInputError: dask is not installed, nothing answers at the address, no worker is left, or the
                scheduler is lost.
        """
        if not tasks:
            return
        done: SimpleQueue[Any] = SimpleQueue()
        with _one_thread(), dask_client(self.scheduler, self.jobs, self.patience) as client:
            from distributed import CancelledError

            watch = Watch(client, self.patience, "go on with --resume")
            # Held here until they are done: the scheduler forgets what nobody holds.
            held = {}
            for number, task in enumerate(tasks):
                future = client.submit(function, *task, retries=RETRIES, pure=False)
                held[future.key] = number, future
                future.add_done_callback(done.put)
            while held:
                try:
                    key = done.get(timeout=LOOK_SECONDS).key
                except Empty:
                    watch.look()
                    continue
                watch.heard()
                number, future = held.pop(key)
                failure = future.exception()
                if failure is not None:
                    yield number, Failed(f"{type(failure).__name__}: {' '.join(str(failure).split())}")
                    continue
                try:
                    answer = future.result()
                except CancelledError as error:
                    raise UserInputError(
                        "the dask scheduler dropped the work; see that it runs, and go on with --resume"
                    ) from error
                yield number, answer


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started in the block have one thread for each library that reads its number at the start."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
