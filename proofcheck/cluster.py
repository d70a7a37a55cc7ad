"""Dask clusters: a client of one that runs or of processes of this machine, and who is left in it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from proofcheck.errors import UserInputError

if TYPE_CHECKING:
    import distributed

__all__ = ["LOOK_SECONDS", "MISSING", "RETRIES", "Watch", "dask_client"]

#: Why there is no cluster without the extra.
MISSING = "--engine dask needs dask.distributed; install the extra: pip install 'proofcheck[dist]'"
#: Between looks at whether anybody is left.
LOOK_SECONDS = 1.0
#: Of work that raised what is not the user's to mend: a file system may recover.
RETRIES = 2

_CONNECT_SECONDS = 10.0


@contextmanager
def dask_client(
    scheduler: str | distributed.Client | None, workers: int | None, patience: float | None = None
) -> Iterator[distributed.Client]:
    """A client of a cluster that has workers, for the block.

    Args:
        scheduler: the address of a scheduler that runs, or a client, which is left open; None starts
            processes of one thread on this machine, which end with the block.
        workers: how many such processes; by default as many as there are processors.
        patience: seconds to wait for the first worker; as long as for the scheduler if not given.

    Raises:
        UserInputError: dask.distributed is not installed, no scheduler answers, or it has no workers.
    """
    try:
        import distributed
    except ImportError as error:
        raise UserInputError(MISSING) from error
    with ExitStack() as stack:
        if isinstance(scheduler, distributed.Client):
            client = scheduler
        else:
            stack.enter_context(_quiet())
            place = scheduler if scheduler is not None else stack.enter_context(_processes(workers))
            client = stack.enter_context(_connected(place))
        try:
            client.wait_for_workers(1, timeout=_CONNECT_SECONDS if patience is None else patience)
        except TimeoutError as error:
            address = client.scheduler.address
            raise UserInputError(
                f"the scheduler at {address} has no workers; start some, as in: dask worker {address}"
            ) from error
        yield client


def _processes(workers: int | None) -> distributed.LocalCluster:
    import distributed

    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        silence_logs=logging.CRITICAL,
    )


def _connected(place: str | distributed.LocalCluster) -> distributed.Client:
    import distributed

    try:
        if isinstance(place, str):  # a client that was not made to the end lingers
            distributed.comm.get_address_host_port(place, strict=True)
        return distributed.Client(place, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # no answer, or no address
        raise UserInputError(
            f"no dask scheduler answers at {place!r}; expected an address such as tcp://127.0.0.1:8786 "
            "of one that runs"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Not what dask logs of connections that end: errors are told once, as exceptions."""
    handlers = logging.getLogger("distributed").handlers
    levels = [handler.level for handler in handlers]
    for handler in handlers:
        handler.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for handler, level in zip(handlers, levels, strict=False):
            handler.setLevel(level)


class Watch:
    """Whether anybody is left to do the work that a client waits for.

    Args:
        client: of the cluster.
        patience: seconds to wait for a worker where none is left.
        advice: what to do then.
    """

    def __init__(self, client: distributed.Client, patience: float, advice: str) -> None:
        self._client, self._patience, self._advice = client, patience, advice
        self._alive = time.monotonic()

    def heard(self) -> None:
        """Something is done: somebody is there."""
        self._alive = time.monotonic()

    def look(self) -> None:
        """Look, where nothing was heard for a while.

        Raises:
            UserInputError: the connection is lost, or there were no workers for too long.
        """
        if self._client.status != "running":
            raise UserInputError(
                f"the connection to the dask scheduler was lost; see that it runs, and {self._advice}"
            )
        if self._client.scheduler_info()["workers"]:
            self.heard()
        elif time.monotonic() - self._alive > self._patience:
            raise UserInputError(
                f"the dask scheduler has had no workers for {self._patience:g} s; "
                f"start some, and {self._advice}"
            )
