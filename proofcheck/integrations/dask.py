"""The fast gradient on the workers of dask.distributed, for inputs far larger than one machine's memory.

Workers read their chunks themselves, from files or Zarr arrays that all of them see, and send back what a
chunk adds: its moments, and later its sums.  These are joined by the workers in the tree of
:mod:`proofcheck.numeric.chunked.engine`, so that the result is that of the local engine, bit for bit, if what
computes with a chunk is the same.  Whatever a lost worker held is computed again by another.
"""

from __future__ import annotations

import queue
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import TypeVar

from proofcheck.cluster import LOOK_SECONDS, MISSING, RETRIES, Watch, dask_client
from proofcheck.errors import UserInputError
from proofcheck.gradient_chunks import gradient_of_directory
from proofcheck.numeric.chunked.engine import depth, grouped
from proofcheck.numeric.chunked.gradient import ChunkedResult

try:
    import distributed
except ImportError as error:
    raise ImportError(MISSING) from error

__all__ = ["DaskEngine", "dask_engine", "gradient_on_workers"]

T = TypeVar("T")


def gradient_on_workers(
    path: str | Path,
    output: str | Path | None = None,
    *,
    scheduler: str | distributed.Client | None = None,
    workers: int | None = None,
    wrt: Collection[str] | str = ("X",),
    eps: float | None = None,
    rtol: float | None = None,
    guarantee: str = "estimated",
    seed: int = 0,
    degree: int | None = None,
    chunk_rows: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ChunkedResult:
    """Gradients of L = ½‖f A3 Y − E‖_F² ([P] Definition 1.2) for arrays in a directory, by dask workers.

    Args:
        path: a directory with A1 to Y, each a .npy file or a Zarr array; all workers see it at this path.
        output: the directory to make; needed for gradients in A1, A2 and A3, which workers write there.
        scheduler: the address of a scheduler, or a client, which is left open; a cluster of processes on
            this machine if not given.
        workers: how many processes that cluster has; by default as many as it has processors.
        wrt: the variables: of X, Y, A1, A2, A3.
        eps: the absolute error allowed.
        rtol: the relative error allowed; 1e-4 if neither is given.
        guarantee: ``"certified"`` or ``"estimated"``.
        seed: of the sample that the estimate is made from.
        degree: of the polynomial: take this one, whatever its error.
        chunk_rows: rows of a chunk; the result depends on it, but not on the workers.
        progress: called with a phase, the rows done and the rows in all.

    Raises:
        UserInputError: an argument, a file or the cluster cannot be used.
        ApproximationError: the fast method cannot meet the tolerance.
    """
    result, _ = gradient_of_directory(
        Path(path),
        partial(dask_engine, scheduler, workers),
        None if output is None else Path(output),
        wrt=wrt,
        eps=eps,
        rtol=rtol,
        guarantee=guarantee,
        seed=seed,
        degree=degree,
        chunk_rows=chunk_rows,
        progress=progress,
    )
    return result


@contextmanager
def dask_engine(
    scheduler: str | distributed.Client | None = None, workers: int | None = None
) -> Iterator[DaskEngine]:
    """An engine on a scheduler's workers, or on as many processes of this machine, for the block.

    Raises:
        UserInputError: no scheduler answers, or it has no workers.
    """
    with dask_client(scheduler, workers) as client:
        yield DaskEngine(client)


@dataclass(frozen=True)
class _Refused:
    """What the user can mend, in place of a result: no worker need try again."""

    error: UserInputError


def _held(work: T) -> T:
    """What all chunks share, as a result: sent to each worker once, and made again if it is lost."""
    return work


def _worked(rows: slice, work: Callable[[slice], T]) -> T | _Refused:
    try:
        return work(rows)
    except UserInputError as error:
        return _Refused(error)


def _joined(combine: Callable[[T, T], T], parts: Sequence[T | _Refused]) -> T | _Refused:
    """The parts combined in their order; refused if one is, as the first of them."""
    found: list[T] = []
    for part in parts:
        if isinstance(part, _Refused):
            return part
        found.append(part)
    return reduce(combine, found)


class DaskEngine:
    """An :class:`~proofcheck.numeric.chunked.engine.Engine` on the workers of a client's scheduler.

    Args:
        client: of a scheduler with workers.
        patience: seconds to wait for a worker where none is left.
    """

    def __init__(self, client: distributed.Client, patience: float = 60.0) -> None:
        self._client, self._patience = client, patience

    def reduce(
        self,
        work: Callable[[slice], T],
        combine: Callable[[T, T], T],
        chunks: Sequence[slice],
        report: Callable[[int], None] | None,
    ) -> T:
        """As the protocol has it; chunks are joined as they are done, and where they are.

        Raises:
            UserInputError: also where the workers or the scheduler are lost.
        """
        done: queue.SimpleQueue[int] = queue.SimpleQueue()
        submit = partial(self._client.submit, pure=False, retries=RETRIES)
        try:
            with warnings.catch_warnings():
                # A table of moments beyond 10 MB; it is sent once.
                warnings.filterwarnings("ignore", message="Sending large graph")
                shared = submit(_held, work)
                level = [submit(_worked, rows, shared) for rows in chunks]
                for future, rows in zip(level, chunks, strict=True):
                    size = rows.stop - rows.start
                    future.add_done_callback(lambda _, size=size: done.put(size))
                for number in range(depth(len(chunks))):
                    level = [submit(_joined, combine, group, priority=number + 1) for group in grouped(level)]
            (root,) = level
            root.add_done_callback(lambda _: done.put(0))
            left = sum(rows.stop - rows.start for rows in chunks)
            left -= self._wait(root, done, report)
            found = root.result()
            if report is not None and left:  # done, and not yet heard of
                report(left)
        except (
            OSError,
            MemoryError,
            ImportError,
            distributed.KilledWorker,
            distributed.CancelledError,
        ) as error:
            raise _told(error) from error
        except RuntimeError as error:  # what a worker could not unpack comes as one, with its cause
            if isinstance(error.__cause__, ImportError):
                raise _told(error.__cause__) from error
            raise
        if isinstance(found, _Refused):
            raise found.error
        result: T = found
        return result

    def _wait(
        self,
        root: distributed.Future,
        done: queue.SimpleQueue[int],
        report: Callable[[int], None] | None,
    ) -> int:
        """Until the root is done, or nobody is left to do it.

        Returns:
            The rows that were reported; a chunk that is done again counts once.
        """
        watch, heard = Watch(self._client, self._patience, "start again"), 0
        while not root.done():
            try:
                rows = done.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                watch.look()
                continue
            watch.heard()
            heard += rows
            if report is not None and rows:
                report(rows)
        return heard


def _told(error: BaseException) -> UserInputError:
    """A failure of the cluster, in one line."""
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    if isinstance(error, distributed.KilledWorker):
        return UserInputError(
            "workers were lost again and again while they had the same chunk, as when memory runs out; "
            "take a smaller --chunk-rows, or give workers more memory"
        )
    if isinstance(error, ImportError):
        return UserInputError(f"a worker lacks what it needs ({reason}); install the same proofcheck there")
    if isinstance(error, MemoryError):
        return UserInputError("a worker has not enough memory; take a smaller --chunk-rows")
    if isinstance(error, distributed.CancelledError):
        return UserInputError(
            f"the dask scheduler dropped the work ({reason}); see that it runs, and start again"
        )
    return UserInputError(f"a dask worker or its scheduler failed: {reason}")
