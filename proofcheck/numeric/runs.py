"""One run of each method on one problem, with the errors of what it found."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import dtype_name, dtype_text, to_numpy, unit_roundoff
from proofcheck.numeric.axes import rotated_range
from proofcheck.numeric.certificate import exact_error_bounds, fast_error_bounds
from proofcheck.numeric.estimate import ErrorEstimate, Sample, draw, estimate, gradient_size
from proofcheck.numeric.exact import QueryRows, exact_solution, exact_sums, query_contributions
from proofcheck.numeric.expansion import Expansion, leftover
from proofcheck.numeric.fast import by_kernels, fast_solution
from proofcheck.numeric.fast_totals import FastSolution
from proofcheck.numeric.frame import Frame, frame
from proofcheck.numeric.kernels import compile_seconds, computed_by
from proofcheck.numeric.low_rank_solution import low_rank_solution
from proofcheck.numeric.magnitudes import largest_inputs, magnitudes_before
from proofcheck.numeric.polynomial import ExpPolynomial
from proofcheck.numeric.problem import Problem, Solution
from proofcheck.numeric.pruning import Pruning
from proofcheck.numeric.result import GradientResult

__all__ = ["LEAST_DRAWS", "MOST_MOMENTS", "Run", "Runs", "Seconds"]

#: Numbers in the table of moments at most: 512 MiB.
MOST_MOMENTS = 1 << 26
#: Queries that an estimate rests on at least.
LEAST_DRAWS = 32

_USUAL_DRAWS = 128
_SCORES = (32, 48)  # queries and keys whose scores stand for all
_AXES = 512  # queries, and keys, whose moments do


class Seconds(dict[str, float]):
    """Seconds by phase; what a phase spends compiling is a phase of its own."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of the block to a phase."""
        start, before = time.perf_counter(), compile_seconds()
        try:
            yield
        finally:
            taken = time.perf_counter() - start
            compiling = min(compile_seconds() - before, taken)
            if compiling > 0:
                self["compilation"] = self.get("compilation", 0.0) + compiling
            self[name] = self.get(name, 0.0) + taken - max(compiling, 0.0)


@dataclass(frozen=True, eq=False)
class Run:
    """What a method found, and how far it may be off.

    Attributes:
        solution: loss and gradients.
        bounds, estimates: of their errors.
        polynomial, features: None for the exact method.
        axes: principal axes that the features are of; None where they are of the columns.
        kernels: whether compiled kernels found it, where there are any.
        dtype: of features and products.
    """

    method: str
    solution: Solution
    bounds: dict[str, float]
    estimates: dict[str, ErrorEstimate]
    polynomial: ExpPolynomial | None
    features: int | None
    dtype: str
    axes: int | None = None
    kernels: bool = True


@dataclass
class Runs:
    """The methods on one problem, and what they share.

    Attributes:
        draws: the queries that errors are estimated from; to be set before the first estimate.
    """

    problem: Problem
    wrt: tuple[str, ...]
    rng: np.random.Generator
    seconds: Seconds
    progress: Callable[[str, int, int], None] | None
    draws: int = 0

    def __post_init__(self) -> None:
        self.draws = min(max(self.problem.n // 32, LEAST_DRAWS), _USUAL_DRAWS)

    @cached_property
    def where(self) -> Frame:
        """The coordinates of keys and values."""
        with self.seconds.phase("range"):
            return frame(self.problem)

    @cached_property
    def exact_bounds(self) -> dict[str, float]:
        """What rounding does to the exact method at most, before the result is rounded to its dtype."""
        return self._exact_bounds(None)

    def _exact_bounds(self, solution: Solution | None) -> dict[str, float]:
        with self.seconds.phase("bound"):
            before = magnitudes_before(self.problem)
            return exact_error_bounds(
                self.problem, self.where, before, self.wrt, solution=solution, **exact_sums(self.problem)
            )

    @cached_property
    def sample(self) -> Sample:
        """The queries that errors are estimated from."""
        with self.seconds.phase("estimate"):
            return draw(self.problem, self.draws, self.rng)

    @cached_property
    def exact_rows(self) -> QueryRows:
        """What is true of them."""
        sample = self.sample
        with self.seconds.phase("estimate"):
            return query_contributions(self.problem, sample.rows)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Centred scores of a few random queries and keys, one-dimensional."""
        where = self.where
        with self.seconds.phase("range"):
            points, keys = self.few
            scores = points @ keys.T
            return np.asarray(np.clip(scores, -where.radius, where.radius)).ravel()

    @cached_property
    def few(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A few random queries and keys in the coordinates of the frame, (m, d) each."""
        return self._points(*_SCORES)

    @cached_property
    def pruning(self) -> Pruning | None:
        """Principal axes and what they need of a polynomial; None where all scores are 0."""
        few = self.few
        with self.seconds.phase("range"):
            most = MOST_MOMENTS // (1 + self.problem.d) ** 2
            return Pruning.of(self._points(_AXES, _AXES), few, most)

    def _points(self, *counts: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Random queries and keys in the coordinates of the frame."""
        where, n = self.where, self.problem.n
        A1, A2 = (
            self.rows(name, np.sort(self.rng.integers(0, n, size=min(count, n))))
            for name, count in zip(("A1", "A2"), counts, strict=True)
        )
        X = to_numpy(self.problem.X).astype(np.float64)
        return A1 @ X / self.problem.d * where.scale, (A2 - where.key_centre) / where.scale

    def rows(self, name: str, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """These rows of an input, increasing."""
        xp, array = self.problem.xp, getattr(self.problem, name)
        found = xp.take(xp.asarray(array), xp.asarray(numbers, device=self.problem.device), axis=0)
        return to_numpy(found).astype(np.float64)

    def rows_size(self) -> float:
        """What an error of 1 in each row of the gradient, in relation to it, would be estimated at."""
        return gradient_size(self.problem, self.sample, self.exact_rows).high

    def exact(self) -> Run:
        """The exact method."""
        with self.seconds.phase("exact"):
            report = self._reporter("exact", self.problem.n)
            solution = exact_solution(self.problem, self.wrt, progress=report)
        bounds = self._exact_bounds(solution)
        return Run("exact", solution, bounds, {}, None, None, dtype_text(self.problem.accumulator))

    def probe(self, polynomial: ExpPolynomial, dtype: Any) -> FastSolution:
        """A run of the fast method of which only sizes are used."""
        where = self.where
        with self.seconds.phase("probe"):
            return fast_solution(self.problem, self.wrt, polynomial.coefficients, where, block_dtype=dtype)

    def fast(self, polynomial: ExpPolynomial, dtype: Any, expansion: Expansion | None = None) -> Run:
        """The fast method, features and products of this dtype, of all monomials or of an expansion's."""
        problem, where, rows = self.problem, self.where, self.sample.rows
        sweeps = 3 if "A2" in self.wrt or "A3" in self.wrt else 2
        if problem.causal:
            sweeps -= 1
        with self.seconds.phase("fast"):
            solution = fast_solution(
                problem,
                self.wrt,
                polynomial.coefficients,
                where,
                expansion=expansion,
                block_dtype=dtype,
                sample=rows,
                progress=self._reporter("fast", sweeps * problem.n),
            )
        unit = unit_roundoff(problem.xp, dtype)
        with self.seconds.phase("bound"):
            left = None
            if expansion is not None:
                turned = rotated_range(problem, where, expansion.axes)
                left = leftover(expansion, polynomial.coefficients, turned, unit)
            bounds = fast_error_bounds(
                problem,
                where,
                polynomial,
                solution.magnitudes,
                self.wrt,
                block_unit=unit,
                block_rows=solution.block_rows,
                features=solution.features,
                left=left,
                solution=solution,
            )
        return Run(
            method="fast",
            solution=solution,
            bounds=bounds,
            estimates=self._estimates(polynomial, solution, expansion),
            polynomial=polynomial,
            features=solution.features,
            dtype=dtype_text(dtype),
            axes=None if expansion is None else expansion.monomials.variables,
            kernels=by_kernels(problem, None if expansion is None else expansion.axes),
        )

    def low_rank(self, polynomial: ExpPolynomial) -> Run:
        """The paper's factors, in the dtype of the inputs."""
        problem, where = self.problem, self.where
        with self.seconds.phase("low-rank"):
            solution, terms = low_rank_solution(problem, polynomial.coefficients, where, self.sample.rows)
        with self.seconds.phase("bound"):
            bounds = fast_error_bounds(
                problem,
                where.uncentred_values(),
                polynomial,
                solution.magnitudes,
                self.wrt,
                block_unit=unit_roundoff(problem.xp, problem.dtype),
                block_rows=problem.n,
                features=terms,
                solution=solution,
            )
        estimates = self._estimates(polynomial, solution)
        name = dtype_name(problem.A1)
        return Run("low-rank", solution, bounds, estimates, polynomial, solution.features, name)

    def _estimates(
        self, polynomial: ExpPolynomial, solution: FastSolution, expansion: Expansion | None = None
    ) -> dict[str, ErrorEstimate]:
        unit = unit_roundoff(self.problem.xp, self.problem.dtype)
        rounding = {name: self.exact_bounds[name] + unit * solution.largest(name) for name in self.wrt}
        exact = self.exact_rows
        with self.seconds.phase("estimate"):
            return estimate(
                self.problem,
                self.where,
                polynomial.coefficients,
                solution,
                self.sample,
                exact,
                self.wrt,
                rounding,
                expansion=expansion,
            )

    def _reporter(self, phase: str, total: int) -> Callable[[int], None] | None:
        if self.progress is None:
            return None
        progress, done = self.progress, 0

        def report(rows: int) -> None:
            nonlocal done
            done += rows
            progress(phase, done, total)

        return report

    def natural_scale(self, solution: Solution) -> float:
        """N ‖A1‖ ‖A2‖ ‖c‖ ‖h‖/d, in largest entries; c of Definition 3.6 and h of 3.5, O(nd²) time."""
        problem = self.problem
        sizes = math.prod(self.largest_inputs().tolist())
        return float(problem.n * sizes * solution.most_residual / problem.d)

    def largest_inputs(self) -> NDArray[np.float64]:
        """The largest entries of |A1|, |A2| and |A3 Y|, (3,)."""
        return largest_inputs(self.problem)

    def result(self, run: Run, reason: str, seed: int) -> GradientResult:
        """A run as it is returned."""
        with self.seconds.phase("scale"):
            scale = self.natural_scale(run.solution)
        polynomial = run.polynomial
        return GradientResult(
            gradients=run.solution.gradients,
            loss=run.solution.loss,
            error_bound=run.bounds,
            error_estimate=run.estimates,
            scale=scale,
            method=run.method,
            reason=reason,
            degree=None if polynomial is None else polynomial.degree,
            kind=None if polynomial is None else polynomial.kind,
            features=run.features,
            axes=run.axes,
            radius=self.where.radius,
            min_alpha=run.solution.min_alpha,
            dtype=run.dtype,
            computed_by=computed_by(self.problem, pruned=not run.kernels),
            seed=seed,
            seconds=dict(self.seconds),
        )
