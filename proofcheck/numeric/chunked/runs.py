"""The runs of the fast method over chunks, for the search of :mod:`proofcheck.numeric.search`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import ApproximationError
from proofcheck.namespaces.arrays import dtype_text, unit_roundoff
from proofcheck.numeric.certificate import exact_error_bounds, fast_error_bounds
from proofcheck.numeric.chunked.engine import Engine, Sink, Source, problem_of
from proofcheck.numeric.chunked.exact_rows import ExactRows, exact_rows_from
from proofcheck.numeric.chunked.fast_sweeps import ChunkedSolution, chunked_solution
from proofcheck.numeric.chunked.sampled import Drawn, draw_from, rows_from
from proofcheck.numeric.chunked.survey import First, Second, first_sweep, second_sweep
from proofcheck.numeric.estimate import (
    CONFIDENCE,
    ErrorEstimate,
    Largest,
    Sample,
    key_largest,
    row_estimates,
    size_of_rows,
)
from proofcheck.numeric.estimate_keys import key_errors
from proofcheck.numeric.exact import QueryRows, exact_sums
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.fast_totals import FastSolution
from proofcheck.numeric.frame import Frame, frame_from
from proofcheck.numeric.polynomial import ExpPolynomial
from proofcheck.numeric.problem import Solution
from proofcheck.numeric.pruning import Pruning
from proofcheck.numeric.result import GradientResult
from proofcheck.numeric.runs import Run, Runs

__all__ = ["ChunkedRuns"]

Floats = NDArray[np.float64]


@dataclass
class ChunkedRuns(Runs):
    """As :class:`~proofcheck.numeric.runs.Runs`, with the rows in a source.

    ``problem`` is :func:`~proofcheck.numeric.chunked.engine.outline` of the source.  The
    features are all monomials.

    Attributes:
        source, engine, chunks: where the rows are, what works on them, and how they are cut.
        sink: where gradients with n rows go; None if none was asked for.
        largest: by variable the largest entry of the gradient of the latest result.
    """

    source: Source = field(kw_only=True)
    engine: Engine = field(kw_only=True)
    chunks: Sequence[slice] = field(kw_only=True)
    sink: Sink | None = field(kw_only=True)
    largest: dict[str, float] = field(default_factory=dict, init=False)

    @cached_property
    def first(self) -> First:
        """What the first sweep finds; the inputs are checked in it."""
        with self.seconds.phase("checks"):
            report = self._reporter("checks", self.source.n)
            return self.engine.reduce(partial(first_sweep, self.source), First.joined, self.chunks, report)

    @cached_property
    def _second(self) -> tuple[Frame, Second]:
        first, found = self.first, []

        def norms_at(centres: list[Floats], scales: list[Floats]) -> list[tuple[float, float]]:
            work = partial(second_sweep, self.source, centres, scales, self._values)
            report = self._reporter("range", self.source.n)
            found.append(self.engine.reduce(work, Second.joined, self.chunks, report))
            return [(float(left), float(right)) for left, right in found[0].norms]

        with self.seconds.phase("range"):
            return frame_from(self.problem, first.ranges, norms_at), found[0]

    @property
    def _values(self) -> Floats:
        """The largest |A3| of each column."""
        return np.asarray(np.max(np.abs(np.asarray(self.first.ranges[1])[1:]), axis=0))

    @cached_property
    def where(self) -> Frame:
        """The coordinates of keys and values."""
        return self._second[0]

    def _exact_bounds(self, solution: Solution | None) -> dict[str, float]:
        sums = exact_sums(self.problem)
        sums["key_blocks"] += len(self.chunks)
        before = self._second[1].before
        with self.seconds.phase("bound"):
            return exact_error_bounds(self.problem, self.where, before, self.wrt, solution=solution, **sums)

    @cached_property
    def pruning(self) -> Pruning | None:
        """None: the bound of an expansion would take one more sweep over all rows."""
        return None

    @cached_property
    def drawn(self) -> Drawn:
        """The queries that errors are estimated from, with their rows."""
        second = self._second[1]
        with self.seconds.phase("estimate"):
            return draw_from(
                self.source, self.engine, self.chunks, second.weights, self._values, self.draws, self.rng
            )

    @cached_property
    def sample(self) -> Sample:
        """The queries that errors are estimated from."""
        return self.drawn.sample

    @cached_property
    def _exact(self) -> ExactRows:
        drawn = self.drawn
        with self.seconds.phase("estimate"):
            report = self._reporter("exact rows", 2 * self.source.n)
            return exact_rows_from(self.source, self.engine, self.chunks, drawn.inputs, drawn.targets, report)

    @cached_property
    def exact_rows(self) -> QueryRows:
        """What is true of them."""
        return self._exact.rows

    def rows(self, name: str, numbers: NDArray[np.int64]) -> Floats:
        """These rows of an input, increasing."""
        return rows_from(self.source, self.engine, self.chunks, name, numbers)

    def rows_size(self) -> float:
        """What an error of 1 in each row of the gradient, in relation to it, would be estimated at."""
        return size_of_rows(self.drawn.inputs, self.sample, self.exact_rows).high

    def largest_inputs(self) -> Floats:
        """The largest entries of |A1|, |A2| and |A3 Y|, (3,)."""
        return self.first.largest

    def result(self, run: Run, reason: str, seed: int) -> GradientResult:
        """A run as it is returned."""
        self.largest = {name: run.solution.largest(name) for name in self.wrt}
        return super().result(run, reason, seed)

    def exact(self) -> NoReturn:
        """The exact method reads all keys for each query, which no chunk has."""
        raise ApproximationError("the exact method does not work in chunks; take a larger tolerance")

    def probe(self, polynomial: ExpPolynomial, dtype: Any) -> ChunkedSolution:
        """A run of which only sizes are used."""
        where = self.where
        with self.seconds.phase("probe"):
            return self._solution("probe", polynomial, dtype, where, (), None)

    def _solution(
        self,
        phase: str,
        polynomial: ExpPolynomial,
        dtype: Any,
        where: Frame,
        sample: tuple[int, ...],
        sink: Sink | None,
    ) -> ChunkedSolution:
        sweeps = 3 if "A2" in self.wrt or "A3" in self.wrt else 2
        return chunked_solution(
            self.source,
            self.engine,
            self.chunks,
            self.wrt,
            polynomial.coefficients,
            where,
            block_dtype=dtype,
            sample=sample,
            sink=sink,
            report=self._reporter(phase, sweeps * self.source.n),
        )

    def fast(self, polynomial: ExpPolynomial, dtype: Any, expansion: Expansion | None = None) -> Run:
        """The fast method, features and products of this dtype, of all monomials.

        Raises:
            ValueError: an expansion is given.
        """
        if expansion is not None:
            raise ValueError("chunks take all monomials, and no expansion")
        problem, where, rows = self.problem, self.where, self.sample.rows
        with self.seconds.phase("fast"):
            solution = self._solution("fast", polynomial, dtype, where, rows, self.sink)
        with self.seconds.phase("bound"):
            bounds = fast_error_bounds(
                problem,
                where,
                polynomial,
                solution.magnitudes,
                self.wrt,
                block_unit=unit_roundoff(problem.xp, dtype),
                block_rows=solution.block_rows,
                blocks=solution.blocks,
                solution=solution,
            )
        estimates = self._estimates(polynomial, solution)
        return Run("fast", solution, bounds, estimates, polynomial, solution.features, dtype_text(dtype))

    def _estimates(
        self, polynomial: ExpPolynomial, solution: FastSolution, expansion: Expansion | None = None
    ) -> dict[str, ErrorEstimate]:
        assert expansion is None, "chunks take all monomials"
        unit = unit_roundoff(self.problem.xp, self.problem.dtype)
        rounding = {name: self.exact_bounds[name] + unit * solution.largest(name) for name in self.wrt}
        exact, drawn, fast = self._exact, self.drawn, solution.sampled
        assert fast is not None, "the solution kept no rows"
        with self.seconds.phase("estimate"):
            found = row_estimates(
                self.problem, drawn.inputs, fast, exact.rows, drawn.sample, self.wrt, rounding
            )
            if "A2" in self.wrt or "A3" in self.wrt:
                task = _KeyErrors(
                    self.source, self.where, polynomial.coefficients, solution, drawn, exact, self.wrt
                )
                report = self._reporter("estimate", self.source.n)
                largest = self.engine.reduce(task, _joined, self.chunks, report)
                found |= {
                    name: value.estimate(drawn.sample, CONFIDENCE, rounding[name])
                    for name, value in largest.items()
                }
        return {name: found[name] for name in self.wrt}


@dataclass(frozen=True, eq=False)
class _KeyErrors:
    """The largest estimated errors of the gradients in the keys of a chunk."""

    source: Source
    where: Frame
    coefficients: tuple[float, ...]
    solution: FastSolution
    drawn: Drawn
    exact: ExactRows
    wrt: tuple[str, ...]

    def __call__(self, rows: slice) -> dict[str, Largest]:
        problem = problem_of(self.source, rows, ("A2", "A3"))
        assert self.solution.sampled is not None
        blocks = key_errors(
            problem,
            self.where,
            self.coefficients,
            self.solution.sampled,
            self.exact.rows,
            self.drawn.inputs,
            self.drawn.sample.rows,
            normalisers=(self.exact.highest, self.exact.total),
        )
        return key_largest(blocks, self.drawn.sample, self.wrt, self.source.n * self.source.d)


def _joined(left: dict[str, Largest], right: dict[str, Largest]) -> dict[str, Largest]:
    return {name: left[name].joined(right[name]) for name in left}
