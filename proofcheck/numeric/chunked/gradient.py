"""The gradient of the attention loss by the fast method, for inputs that are read chunk by chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.numeric.chunked.engine import Engine, Sink, Source, chunk_slices, outline
from proofcheck.numeric.chunked.runs import ChunkedRuns
from proofcheck.numeric.chunked.survey import LONG, First
from proofcheck.numeric.gradient import checked_choice, checked_degree, checked_tolerance, generator
from proofcheck.numeric.problem import checked_variables
from proofcheck.numeric.result import GradientResult
from proofcheck.numeric.runs import Seconds
from proofcheck.numeric.search import Search

__all__ = ["ChunkedResult", "chunked_gradient"]


@dataclass(frozen=True, eq=False)
class ChunkedResult:
    """A result whose gradients with n rows are in a sink.

    Attributes:
        found: the result, with the gradients in X and Y, if they were asked for.
        largest: by variable the largest entry of each gradient.
        chunk_rows: rows of a chunk; the numbers depend on it.
        sha256: by name, of the SHA-256 of each chunk's rows, one after the other.
    """

    found: GradientResult
    largest: Mapping[str, float]
    chunk_rows: int
    sha256: Mapping[str, str]


def chunked_gradient(
    source: Source,
    engine: Engine,
    sink: Sink | None = None,
    *,
    chunk_rows: int | None = None,
    eps: float | None = None,
    rtol: float | None = None,
    guarantee: str = "estimated",
    wrt: Collection[str] | str = ("X",),
    seed: int = 0,
    degree: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ChunkedResult:
    """Gradients of L = ½‖f A3 Y − E‖_F², f = row-softmax(A1 X A2ᵀ/d) ([P] Definition 1.2), chunk by chunk.

    The arguments that :func:`~proofcheck.numeric.gradient.attention_gradient` has as well mean the same. The
    result depends on the inputs, the arguments and what computes with a chunk, not on the engine.

    Args:
        source: the inputs.
        engine: what works on the chunks.
        sink: where gradients in A1, A2 and A3 go.
        chunk_rows: rows of a chunk; by default such that an array's are 16 MiB of float64.
        eps: the absolute error allowed.
        rtol: the relative error allowed; 1e-4 if neither is given.
        guarantee: ``"certified"`` or ``"estimated"``.
        wrt: the variables: of X, Y, A1, A2, A3.
        seed: of the sample.
        degree: of the polynomial: take this one, whatever its error.
        progress: called with a phase, the rows done and the rows in all.

    Raises:
        UserInputError: an argument or an input that cannot be used, or a failure of the engine.
        ApproximationError: the fast method cannot meet the tolerance.

    O(n C(d+g, d) (1+d)²) time for degree g, and O(mnd) for the m ≤ 128 queries of the estimate. Memory: some
    chunks, and the moments of FAN_IN chunks for each level of the tree.
    """
    names = checked_variables(wrt)
    checked_choice("guarantee", guarantee, ("estimated", "certified"))
    rng = generator(seed)
    long = [name for name in names if name not in ("X", "Y")]
    if long and sink is None:
        raise UserInputError(
            f"a gradient in {long[0]} has as many rows as the input, and is not held in memory: "
            "say where it goes"
        )
    if degree is not None:
        checked_degree(degree, "fast")
    chunks = chunk_slices(source.n, chunk_rows, source.d)
    problem = outline(source)
    tolerance = checked_tolerance(problem, eps, rtol)
    runs = ChunkedRuns(
        problem,
        names,
        rng,
        Seconds(),
        progress,
        source=source,
        engine=engine,
        chunks=chunks,
        sink=sink if long else None,
    )
    first = runs.first
    if len(first.setups) > 1:
        raise UserInputError(
            f"the workers differ: {'; '.join(sorted(first.setups))}; install the same on all of them, "
            "as the result would depend on which works on what"
        )
    # So many, whatever the machine's speed: every machine computes the same.
    search = Search(runs, tolerance, guarantee, seed, queries=runs.draws)
    with np.errstate(over="ignore", invalid="ignore"):
        found = search.least_degree("fast") if degree is None else search.polynomial("fast", degree)
    return ChunkedResult(
        found,
        runs.largest,
        chunks[0].stop,
        {name: _digest(first, number) for number, name in enumerate(LONG)}
        | {
            name: hashlib.sha256(np.ascontiguousarray(getattr(source, name)).data).hexdigest()
            for name in "XY"
        },
    )


def _digest(first: First, number: int) -> str:
    return hashlib.sha256(b"".join(digests[number] for digests in first.digests)).hexdigest()
