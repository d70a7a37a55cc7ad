"""The fast method over chunks: moments of the keys, the queries, and, for A2 and A3, the keys once more.

The moments of all chunks' keys are one small table, whatever n is; it goes to whoever works on the queries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.chunked.engine import Engine, Sink, Source, problem_of
from proofcheck.numeric.fast import Stages, fast_stages
from proofcheck.numeric.fast_totals import FastSolution, SampledRows, refuse_overflow
from proofcheck.numeric.frame import Frame

__all__ = ["ChunkedSolution", "chunked_solution"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ChunkedSolution(FastSolution):
    """A solution of which the long gradients are in a sink.

    Attributes:
        gradients: in X and Y, those that were asked for.
        sizes: the largest entries of the long ones.
        blocks: how many blocks of rows there were.
    """

    sizes: dict[str, float] = field(default_factory=dict)
    blocks: int = 0

    def largest(self, name: str) -> float:
        """‖g‖_∞ of a gradient."""
        return self.sizes[name] if name in self.sizes else super().largest(name)


@dataclass(frozen=True, eq=False)
class _Queries:
    """What the queries of some chunks add: a solution with sums in float64, and the moments Z of (5)."""

    solution: ChunkedSolution
    backward: Floats

    def joined(self, other: _Queries) -> _Queries:
        """Of both, the other's after these."""
        left, right = self.solution, other.solution
        solution = replace(
            left,
            loss=left.loss + right.loss,
            gradients={name: left.gradients[name] + right.gradients[name] for name in left.gradients},
            min_alpha=min(left.min_alpha, right.min_alpha),
            most_residual=max(left.most_residual, right.most_residual),
            magnitudes=left.magnitudes.joined(right.magnitudes),
            sampled=_sampled(left.sampled, right.sampled),
            block_rows=max(left.block_rows, right.block_rows),
            sizes=_larger(left.sizes, right.sizes),
            blocks=left.blocks + right.blocks,
        )
        return _Queries(solution, self.backward + other.backward)


def _sampled(left: SampledRows | None, right: SampledRows | None) -> SampledRows | None:
    if left is None or right is None:
        return left or right
    gradient = None if left.gradient is None else np.concatenate([left.gradient, right.gradient])
    return SampledRows(
        left.rows + right.rows,
        np.concatenate([left.output, right.output]),
        np.concatenate([left.residual, right.residual]),
        gradient,
        np.concatenate([left.cotangent, right.cotangent]),
    )


def _larger(left: dict[str, float], right: dict[str, float]) -> dict[str, float]:
    return {name: max(left[name], right[name]) for name in left}


@dataclass(frozen=True, eq=False)
class _Method:
    """What is the same in every chunk."""

    source: Source
    wrt: tuple[str, ...]
    coefficients: tuple[float, ...]
    where: Frame
    block_dtype: Any
    sample: tuple[int, ...]
    sink: Sink | None

    def stages(self, rows: slice, *names: str) -> Stages:
        """The sweeps of a chunk, of which these inputs are read."""
        problem = problem_of(self.source, rows, names)
        inside = [number - rows.start for number in self.sample if rows.start <= number < rows.stop]
        return fast_stages(
            problem,
            self.wrt,
            self.coefficients,
            self.where,
            block_dtype=self.block_dtype,
            sample=inside if "A1" in names else (),
        )

    def put(self, rows: slice, found: Mapping[str, Any]) -> dict[str, float]:
        """Hand rows of long gradients to the sink, and say how large they are.

        Raises:
            ApproximationError: they overflow.
        """
        refuse_overflow(0.0, found, np)
        for name, values in found.items():
            if self.sink is not None:
                self.sink.write(name, rows, values)
        return {name: max(float(np.max(values)), -float(np.min(values))) for name, values in found.items()}


def chunked_solution(
    source: Source,
    engine: Engine,
    chunks: Sequence[slice],
    wrt: tuple[str, ...],
    coefficients: tuple[float, ...],
    where: Frame,
    *,
    block_dtype: Any,
    sample: tuple[int, ...] = (),
    sink: Sink | None = None,
    report: Callable[[int], None] | None = None,
) -> ChunkedSolution:
    """As :func:`~proofcheck.numeric.fast.fast_solution`, over chunks; gradients with n rows go to the sink.

    Raises:
        ApproximationError: as there.
    """
    method = _Method(source, wrt, coefficients, where, block_dtype, sample, sink)
    moments = engine.reduce(partial(_moments, method), np.add, chunks, report)
    found = engine.reduce(partial(_queries, method, moments), _Queries.joined, chunks, report)
    solution, sizes = found.solution, dict(found.solution.sizes)
    if "A2" in wrt or "A3" in wrt:
        largest: dict[str, float] = engine.reduce(
            partial(_keys, method, found.backward), _larger, chunks, report
        )
        sizes |= largest
    with np.errstate(over="ignore"):
        gradients = {name: value.astype(source.dtype) for name, value in solution.gradients.items()}
    refuse_overflow(solution.loss, gradients, np)
    # A chunk knows its own rows only; 1/α was rounded, and so is the product.
    ratio = source.n * solution.magnitudes.inverse_weight * (1 + 2**-50)
    magnitudes = replace(solution.magnitudes, keys_over_weight=ratio)
    return replace(solution, gradients=gradients, magnitudes=magnitudes, sizes=sizes)


@np.errstate(over="ignore", invalid="ignore")  # what overflows is found with the queries, and refused
def _moments(method: _Method, rows: slice) -> Floats:
    return np.asarray(method.stages(rows, "A2", "A3").moments())


@np.errstate(over="ignore", invalid="ignore")
def _queries(method: _Method, moments: Floats, rows: slice) -> _Queries:
    solution, backward = method.stages(rows, "A1", "E").queries(moments)
    long = {name: solution.gradients[name] for name in ("A1",) if name in solution.gradients}
    short = {name: value for name, value in solution.gradients.items() if name in ("X", "Y")}
    sampled = solution.sampled
    if sampled is not None:
        sampled = replace(sampled, rows=tuple(rows.start + number for number in sampled.rows))
    kept = replace(solution, gradients=short, sampled=sampled)
    blocks = -(-(rows.stop - rows.start) // solution.block_rows)
    return _Queries(ChunkedSolution(**vars(kept), sizes=method.put(rows, long), blocks=blocks), backward)


@np.errstate(over="ignore", invalid="ignore")
def _keys(method: _Method, moments: Floats, rows: slice) -> dict[str, float]:
    return method.put(rows, method.stages(rows, "A2", "A3").keys(moments))
