"""Work on parts of the rows in threads, with results in the order of the parts.

Threads are started for a call and ended with it: nothing is left that a fork could copy halfway, and calls
from several threads do not meet.  What is added up from the results is added in the order of the parts, so
that it does not depend on how many threads there are.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

__all__ = ["WORTH_THREADS", "in_order", "thread_count"]

#: Operations, about so many multiply-adds in a tight loop, from which further threads are started: some two
#: milliseconds.  To start and wake one takes a tenth of a millisecond on an idle machine, and milliseconds
#: where the processor is taken, for instance by threads of another library that spin after their own work.
WORTH_THREADS = 10**8

Part = TypeVar("Part")
Result = TypeVar("Result")


def thread_count() -> int:
    """``OMP_NUM_THREADS`` where that is a number, else the processors that this process may use."""
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    if chosen.isdecimal() and int(chosen) > 0:
        return int(chosen)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(work: Callable[[Part], Result], parts: Iterable[Part], operations: float) -> Iterator[Result]:
    """``work`` of each part, which releases the interpreter's lock; results in the order of the parts.

    Args:
        work: what is done.
        parts: for what.
        operations: how much it is for all parts together, about; below :data:`WORTH_THREADS` no thread is
            started.

    Parts are asked for as they are needed: at most one more than there are threads is begun and not taken.
    An exception of ``work``, an interrupt, or the end of the iteration leaves once the parts that have begun
    are done.
    """
    queue = iter(parts)
    few = list(islice(queue, 2))
    threads = thread_count()
    if threads == 1 or len(few) == 1 or operations < WORTH_THREADS:
        yield from map(work, chain(few, queue))
        return
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for part in chain(few, queue):
            waiting.append(pool.submit(work, part))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
