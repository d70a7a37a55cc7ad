"""Where cells are measured: in processes of this machine, or on the workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from proofcheck.errors import UserInputError
from proofcheck.workers import Failed, Workers

__all__ = ["DaskEngine", "Engine", "LocalEngine"]

_TIMEOUT = 1e7
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_CONNECT_SECONDS = 10
_LOOK_SECONDS = 1.0  # between looks at whether anybody is left
_RETRIES = 2  # of a task that raised: a file system may recover


class Engine(Protocol):
    """Something that calls a function of a module many times."""

    def map(
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """The number of each task with its answer, or :class:`~proofcheck.workers.Failed` in its place."""


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
            UserInputError: dask is not installed, nothing answers at the address, or no worker is left.
        """
        if not tasks:
            return
        try:
            import distributed
        except ImportError as error:
            raise UserInputError(
                "--engine dask needs dask.distributed; install the extra: pip install 'proofcheck[dist]'"
            ) from error
        done: SimpleQueue[Any] = SimpleQueue()
        with _one_thread(), self._client(distributed) as client:
            self._wait_for_workers(client)
            # Held here until they are done: the scheduler forgets what nobody holds.
            held = {}
            for number, task in enumerate(tasks):
                future = client.submit(function, *task, retries=_RETRIES, pure=False)
                held[future.key] = number, future
                future.add_done_callback(done.put)
            while held:
                number, future = held.pop(self._next(client, done).key)
                failure = future.exception()
                yield number, future.result() if failure is None else Failed(_line(failure))

    def _next(self, client: Any, done: SimpleQueue[Any]) -> Any:
        """The next task that is done, unless nobody is left to do it."""
        alive = time.monotonic()
        while True:
            try:
                return done.get(timeout=_LOOK_SECONDS)
            except Empty:
                if client.status == "running" and client.scheduler_info()["workers"]:
                    alive = time.monotonic()
                elif time.monotonic() - alive > self.patience:
                    raise UserInputError(
                        f"the Dask cluster has had no workers for {self.patience:g} s; start some, and "
                        "go on with --resume"
                    ) from None

    def _wait_for_workers(self, client: Any) -> None:
        try:
            client.wait_for_workers(1, timeout=self.patience)
        except TimeoutError as error:
            raise UserInputError(
                f"the scheduler at {client.scheduler.address} has no workers; start some, as in: "
                f"dask worker {client.scheduler.address}"
            ) from error

    @contextlib.contextmanager
    def _client(self, distributed: Any) -> Iterator[Any]:
        """A client of the scheduler, or of a cluster of this machine."""
        logger = logging.getLogger("distributed")
        level = logger.level
        logger.setLevel(logging.CRITICAL)  # what cannot be reached is told once
        try:
            with contextlib.ExitStack() as stack:
                place: Any = self.scheduler
                if place is None:
                    cluster = distributed.LocalCluster(
                        n_workers=self.jobs,
                        threads_per_worker=1,
                        processes=True,
                        dashboard_address=None,
                        silence_logs=logging.CRITICAL,
                    )
                    place = stack.enter_context(cluster)
                try:
                    if self.scheduler is not None:  # a client that was not made to the end lingers
                        distributed.comm.get_address_host_port(self.scheduler, strict=True)
                    client = distributed.Client(place, timeout=_CONNECT_SECONDS, set_as_default=False)
                except (OSError, ValueError, TypeError) as error:  # no answer, or no address
                    raise UserInputError(
                        f"--scheduler {self.scheduler}: no Dask scheduler answers; expected the address "
                        "of one that runs, such as tcp://127.0.0.1:8786"
                    ) from error
                yield stack.enter_context(client)
        finally:
            logger.setLevel(level)


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


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
