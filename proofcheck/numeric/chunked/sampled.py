"""Queries drawn from chunks, and single rows read from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.chunked.engine import Engine, Source, problem_of
from proofcheck.numeric.estimate import Sample, sample_weights

__all__ = ["Drawn", "draw_from", "rows_from"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A sample of queries with their rows of A1 and E, (m, d) each."""

    sample: Sample
    inputs: Floats
    targets: Floats


_Part = tuple[NDArray[np.int64], Floats, Floats, Floats, Floats]


def draw_from(
    source: Source,
    engine: Engine,
    chunks: Sequence[slice],
    weights: Sequence[float],
    values: Floats,
    draws: int,
    rng: np.random.Generator,
) -> Drawn:
    """Draw queries as :func:`~proofcheck.numeric.estimate.draw` does: a chunk, and then a row in it.

    Args:
        source: the inputs.
        engine: what reads the chunks that are drawn.
        chunks: all of them.
        weights: the sum of the weights of each.
        values: the largest |A3| of each column.
        draws: m; all queries are taken if there are no more.
        rng: where the randomness comes from.
    """
    total = math.fsum(weights)
    taken: dict[int, Floats | None] = dict.fromkeys(rows.start for rows in chunks)
    sizes = np.array([rows.stop - rows.start for rows in chunks])
    share = sizes / source.n
    if 0 < total < math.inf:
        share = 0.5 * share + 0.5 * np.array(weights) / total
    else:
        total = math.inf  # every query as likely
    share /= np.sum(share)
    if draws < source.n:
        numbers = np.sort(rng.choice(len(chunks), size=draws, p=share))
        places = rng.random(draws)
        taken = {chunks[number].start: places[numbers == number] for number in np.unique(numbers)}
    some = [rows for rows in chunks if rows.start in taken]
    shares = {rows.start: one for rows, one in zip(chunks, share.tolist(), strict=True)}
    work = partial(_drawn, source, values, total, taken, shares)
    parts = engine.reduce(work, _concatenated, some, None)
    rows, counts, probabilities, inputs, targets = parts
    complete = draws >= source.n
    sample = Sample(
        tuple(rows.tolist()), counts, probabilities, source.n if complete else draws, complete=complete
    )
    return Drawn(sample, inputs, targets)


def _drawn(
    source: Source,
    values: Floats,
    total: float,
    taken: Mapping[int, Floats | None],
    shares: Mapping[int, float],
    rows: slice,
) -> _Part:
    """The queries of a chunk where its distribution function passes the places taken; all for None."""
    problem = problem_of(source, rows, ("A1", "E"))
    places = taken[rows.start]
    if places is None:
        numbers = np.arange(problem.n)
        counts, probabilities = np.ones(problem.n), np.ones(problem.n)
    else:
        law = np.full(problem.n, 1 / source.n)
        if total < math.inf:
            law = 0.5 / source.n + 0.5 * sample_weights(problem, values) / total
        reached = np.cumsum(law)
        found = np.searchsorted(reached, places * reached[-1], side="right")
        numbers, often = np.unique(np.minimum(found, problem.n - 1), return_counts=True)
        counts = often.astype(np.float64)
        probabilities = shares[rows.start] * law[numbers] / reached[-1]
    inputs, targets = (np.asarray(array[numbers], dtype=np.float64) for array in (problem.A1, problem.E))
    return numbers + rows.start, counts, probabilities, inputs, targets


def _concatenated(left: _Part, right: _Part) -> _Part:
    rows, counts, probabilities, inputs, targets = (
        np.concatenate(pair) for pair in zip(left, right, strict=True)
    )
    return rows, counts, probabilities, inputs, targets


def rows_from(
    source: Source, engine: Engine, chunks: Sequence[slice], name: str, numbers: NDArray[np.int64]
) -> Floats:
    """These rows of an input, which increase."""
    some = [rows for rows in chunks if np.any((numbers >= rows.start) & (numbers < rows.stop))]
    return engine.reduce(partial(_rows, source, name, numbers), _stacked, some, None)


def _rows(source: Source, name: str, numbers: NDArray[np.int64], rows: slice) -> Floats:
    inside = numbers[(numbers >= rows.start) & (numbers < rows.stop)] - rows.start
    return np.asarray(source.read(name, rows)[inside], dtype=np.float64)


def _stacked(left: Floats, right: Floats) -> Floats:
    return np.concatenate([left, right])
