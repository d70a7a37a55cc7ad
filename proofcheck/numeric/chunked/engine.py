"""Chunks of rows, what reads and writes them, and the order in which what they give is reduced.

Every sweep over the rows is a map over chunks and a reduction.  The chunks follow from n and d, and the
reduction is a tree over their numbers: neither depends on how many workers there are, nor on which of them
is done first.  Results are therefore the same, bit for bit, whatever engine carries the work out, if those of
each chunk are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["FAN_IN", "Engine", "LocalEngine", "Sink", "Source", "chunk_slices", "depth", "grouped"]
__all__ += ["outline", "problem_of", "usual_chunk_rows"]

#: How many parts a node of the tree of reductions joins.
FAN_IN = 8

_CHUNK_ENTRIES = 1 << 21  # of one array: 16 MiB of float64

T = TypeVar("T")


class Source(Protocol):
    """The inputs of Definition 1.2, in a place that every worker can read; it can be pickled."""

    @property
    def n(self) -> int:
        """The number of rows."""
        ...

    @property
    def d(self) -> int:
        """The number of columns."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of all arrays: float32 or float64."""
        ...

    @property
    def X(self) -> NDArray[Any]:
        """(d, d)."""
        ...

    @property
    def Y(self) -> NDArray[Any]:
        """(d, d)."""
        ...

    def read(self, name: str, rows: slice) -> NDArray[Any]:
        """These rows of A1, A2, A3 or E."""
        ...


class Sink(Protocol):
    """Where gradients with n rows go; every worker can write there, and it can be pickled."""

    def write(self, name: str, rows: slice, values: NDArray[Any]) -> None:
        """Put these rows of the gradient in A1, A2 or A3; once more does no harm."""
        ...


class Engine(Protocol):
    """What carries out the work on chunks."""

    def reduce(
        self,
        work: Callable[[slice], T],
        combine: Callable[[T, T], T],
        chunks: Sequence[slice],
        report: Callable[[int], None] | None,
    ) -> T:
        """``combine`` over ``work`` of each chunk, in the tree that :func:`grouped` describes.

        Args:
            work: done once for each chunk, or more often, with the same result.
            combine: of two results, the one of earlier chunks first; it leaves them as they are.
            chunks: at least one.
            report: called with the rows of each chunk that is done.

        Raises:
            UserInputError: what the work of the first chunk raised for which any was.
        """
        ...


def usual_chunk_rows(d: int) -> int:
    """How many rows a chunk has where nobody says: 16 MiB of float64 an array, a power of two."""
    return 1 << max((_CHUNK_ENTRIES // d).bit_length() - 1, 0)


def chunk_slices(n: int, chunk_rows: int | None, d: int) -> tuple[slice, ...]:
    """The chunks of n rows.

    Raises:
        UserInputError: chunk_rows is not a positive integer.
    """
    if chunk_rows is None:
        chunk_rows = usual_chunk_rows(d)
    if isinstance(chunk_rows, bool) or not isinstance(chunk_rows, int) or chunk_rows < 1:
        raise UserInputError(f"chunk_rows={chunk_rows!r}: expected an integer of at least 1")
    return tuple(row_blocks(n, chunk_rows))


def depth(count: int) -> int:
    """How often parts are grouped until one is left."""
    levels = 0
    while count > 1:
        count, levels = -(-count // FAN_IN), levels + 1
    return levels


def grouped(parts: Iterable[T]) -> Iterator[list[T]]:
    """Consecutive groups of :data:`FAN_IN` parts; the last may have fewer. One level of the tree."""
    rest = iter(parts)
    while group := list(islice(rest, FAN_IN)):
        yield group


class LocalEngine:
    """In this process, a chunk at a time; what computes with a chunk may use threads."""

    def reduce(
        self,
        work: Callable[[slice], T],
        combine: Callable[[T, T], T],
        chunks: Sequence[slice],
        report: Callable[[int], None] | None,
    ) -> T:
        """As :class:`Engine` has it; FAN_IN parts for each level of the tree are held."""

        def found() -> Iterator[T]:
            for rows in chunks:
                part = work(rows)
                if report is not None:
                    report(rows.stop - rows.start)
                yield part

        level: Iterator[T] = found()
        for _ in range(depth(len(chunks))):
            level = _joined(level, combine)
        return next(level)


def _joined(parts: Iterator[T], combine: Callable[[T, T], T]) -> Iterator[T]:
    for group in grouped(parts):
        yield reduce(combine, group)


def outline(source: Source) -> Problem:
    """A problem of the source's sizes whose long arrays have no memory: what reads them gets NaN."""
    long = _absent(source.n, source)
    return Problem(long, long, long, long, source.X, source.Y)


def problem_of(source: Source, rows: slice, names: Collection[str]) -> Problem:
    """A chunk as a problem of its own; arrays not named are NaN, and are not read."""
    absent = _absent(rows.stop - rows.start, source)
    A1, A2, A3, E = (source.read(name, rows) if name in names else absent for name in ("A1", "A2", "A3", "E"))
    return Problem(A1, A2, A3, E, source.X, source.Y)


def _absent(n: int, source: Source) -> NDArray[Any]:
    return np.broadcast_to(np.full((), np.nan, dtype=source.dtype), (n, source.d))
