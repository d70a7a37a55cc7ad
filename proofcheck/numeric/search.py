"""The choice of a method and a degree, from what the data show and from what each run finds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from proofcheck.errors import ApproximationError
from proofcheck.namespaces.arrays import dtype_name, dtype_text, unit_roundoff
from proofcheck.numeric.certificate import fast_error_bounds, score_radius
from proofcheck.numeric.cost_model import cost_model
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.fast import by_kernels, fast_block_rows
from proofcheck.numeric.fast_totals import FastSolution
from proofcheck.numeric.monomials import feature_count
from proofcheck.numeric.polynomial import ExpPolynomial, least_squares, minimax
from proofcheck.numeric.pruning import misfit
from proofcheck.numeric.result import GradientResult
from proofcheck.numeric.runs import LEAST_DRAWS, MOST_MOMENTS, Run, Runs

__all__ = ["Search", "Tolerance", "largest_degree"]

_MOST_DEGREE = 24
_MOST_DRAWS = 1024
_ATTEMPTS = 4
_SINGLE_FLOOR = 1e-6  # relative error of float32 features in the rows of a gradient; no degree removes it
_CLEARLY = 30.0
_SINGLE_RANGE = 1e12  # entries beyond this, or below its inverse, could leave the range of float32
_MARGIN = 0.7  # of a predicted error to the one allowed
_ROUGHLY = 4.0  # how far a fit may do better than the spread of the scores lets expect
_FAR_TAILS, _FAR_FACTOR = 3.0, 8.0  # beyond this radius, a few scores tell too little of the largest ones
_WORTH_TRYING = 0.8  # of the time of the exact method
_WORTH_PRUNING = 0.02  # seconds of all monomials, beyond which fewer are looked for
_WORTH_TURNING = 0.8  # of that time
_FURTHER_DEGREES = 3  # that are tried in the hope of fewer monomials


def largest_degree(d: int) -> int | None:
    """The largest degree whose moments the fast method holds in 512 MiB, 24 at most; None: there is none."""
    fit = [g for g in range(_MOST_DEGREE + 1) if feature_count(d, g) * (1 + d) ** 2 <= MOST_MOMENTS]
    return max(fit, default=None)


@dataclass(frozen=True)
class Tolerance:
    """‖g̃ − g‖_∞ ≤ eps, or ≤ rtol ‖g‖_∞; with both, either."""

    eps: float | None
    rtol: float | None

    def allowed(self, size: float) -> float:
        """The error allowed in a gradient of this size."""
        return max(self.eps or 0.0, (self.rtol or 0.0) * size)

    def __str__(self) -> str:
        parts = [("eps", self.eps), ("rtol", self.rtol)]
        return ", ".join(f"{name}={value:g}" for name, value in parts if value is not None)


@dataclass(frozen=True)
class _Candidate:
    """A way to run the fast method, with the time and the error that it is expected to take and make.

    Attributes:
        expansion: the monomials, if not all.
    """

    polynomial: ExpPolynomial
    dtype: Any
    seconds: float
    error: float
    expansion: Expansion | None = None

    def __str__(self) -> str:
        degree = f"degree {self.polynomial.degree}"
        if self.expansion is None:
            return degree
        monomials = self.expansion.monomials
        return f"{degree}, {monomials.count} monomials of {monomials.variables} principal axes,"


@dataclass
class Search:
    """One call of :func:`~proofcheck.numeric.gradient.attention_gradient`, its arguments checked.

    Attributes:
        queries: that errors are estimated from; None for as many as take half the time of a run.
    """

    runs: Runs
    tolerance: Tolerance
    guarantee: str
    seed: int
    queries: int | None = None
    _found: dict[int, ExpPolynomial] = field(default_factory=dict)
    _pruned: dict[tuple[int, float], tuple[Expansion, float] | None] = field(default_factory=dict)

    def exact(self, reason: str) -> GradientResult:
        """The exact method, if rounding allows the tolerance.

        Raises:
            ApproximationError: it does not; before the run where that can be known.
        """
        self._refuse_rounding()
        run = self.runs.exact()
        short = self._shortfall(run)
        if short is not None:
            raise self._unreachable(*short)
        return self.runs.result(run, reason, self.seed)

    def polynomial(self, method: str, degree: int) -> GradientResult:
        """A polynomial of this degree, whatever its error.

        Raises:
            ApproximationError: its features do not fit in memory.
        """
        most = largest_degree(self.runs.problem.d)
        if method == "fast" and (most is None or degree > most):
            d = self.runs.problem.d
            count = feature_count(d, degree)
            lower = "" if most is None else f"take a degree of at most {most}, or "
            raise ApproximationError(
                f"degree={degree} has {count:,} features in d={d} variables, more than fit in memory: "
                f"{lower}method='exact'"
            )
        polynomial = self._polynomial(degree)
        if method == "low-rank":
            run = self.runs.low_rank(polynomial)
        else:
            # The narrow dtype where its rounding is small beside the error of the polynomial.
            narrow, *wide = self._dtypes()
            dtype = wide[0] if wide and self._misfit(polynomial) < _CLEARLY * _SINGLE_FLOOR else narrow
            seconds = 0.0
            if self.queries is None:
                with self.runs.seconds.phase("calibration"):
                    model = cost_model(self.runs.problem)
                seconds = model.fast_seconds(self.runs.problem, self.runs.wrt, degree, dtype_text(dtype))
            self.runs.draws = self._draws(seconds, LEAST_DRAWS)
            run = self.runs.fast(polynomial, dtype)
        return self.runs.result(run, f"degree {degree} was asked for", self.seed)

    def cheapest(self) -> GradientResult:
        """The exact method or the fast one, whichever is expected to meet the tolerance in less time."""
        self._refuse_rounding()
        problem, wrt = self.runs.problem, self.runs.wrt
        with self.runs.seconds.phase("calibration"):
            model = cost_model(problem)
        exact_seconds = model.exact_seconds(problem, wrt)
        run, tried = self._least_degree(_WORTH_TRYING * exact_seconds)
        if run is not None:
            assert run.polynomial is not None
            degree = run.polynomial.degree
            return self.runs.result(
                run,
                f"degree {degree} meets {self.tolerance} ({self.guarantee}); "
                f"the exact method would take about {exact_seconds:.2g} s",
                self.seed,
            )
        return self.exact(f"{tried}; the exact method takes about {exact_seconds:.2g} s")

    def least_degree(self, method: str) -> GradientResult:
        """The least degree that meets the tolerance.

        Raises:
            ApproximationError: none does.
        """
        self._refuse_rounding()
        run, tried = self._least_degree(math.inf, prune=method == "fast")
        if run is None:
            raise ApproximationError(
                f"method={method!r} cannot meet {self.tolerance} ({self.guarantee}): {tried}; "
                "take a larger tolerance, or method='exact'"
            )
        polynomial = run.polynomial
        assert polynomial is not None
        if method == "low-rank":
            run = self.runs.low_rank(polynomial)
            short = self._shortfall(run)
            if short is not None:
                raise self._unreachable(*short)
        return self.runs.result(
            run, f"degree {polynomial.degree} is the least tried that meets {self.tolerance}", self.seed
        )

    # What can be known before a run.

    def _refuse_rounding(self) -> None:
        """Refuse an absolute tolerance below what rounding alone takes, before the long work.

        Raises:
            ApproximationError: it is.
        """
        eps, runs = self.tolerance.eps, self.runs
        if eps is None or self.tolerance.rtol is not None:
            return
        least = dict.fromkeys(runs.wrt, 0.0)
        if self.guarantee == "certified":
            least = {name: runs.exact_bounds[name] for name in runs.wrt}
        elif self._probe is not None:
            # The probe is no certificate: what it shows must be far above the tolerance.
            unit = unit_roundoff(runs.problem.xp, runs.problem.dtype)
            least = {name: unit * self._probe.largest(name) / 10 for name in runs.wrt}
        name = max(least, key=lambda variable: least[variable])
        if least[name] > eps:
            raise self._unreachable(name, least[name] * (1 if self.guarantee == "certified" else 10))

    def _unreachable(self, name: str, least: float) -> ApproximationError:
        problem = self.runs.problem
        single = dtype_name(problem.A1) == "float32"
        advice = "pass float64 arrays, or a larger tolerance" if single else "take a larger tolerance"
        if self.guarantee == "certified":
            advice += ", or guarantee='estimated'"
        return ApproximationError(
            f"{self.tolerance}: no method can meet it ({self.guarantee}); the gradient's error in {name} "
            f"can be kept to {least:.2g} with {dtype_name(problem.A1)} arrays: {advice}"
        )

    def _dtypes(self) -> list[Any]:
        """What features and products may be computed in, the cheaper first."""
        problem, where = self.runs.problem, self.runs.where
        sizes = np.concatenate([where.value_bound, where.query_bound, where.key_bound])
        sizes = sizes[sizes > 0]
        moderate = not sizes.size or (
            np.max(sizes) < _SINGLE_RANGE and np.min(sizes) > 1 / _SINGLE_RANGE and where.radius < 30
        )
        wide = problem.accumulator
        if wide == problem.xp.float32:
            return [wide]
        return [problem.xp.float32, wide] if moderate else [wide]

    def _polynomial(self, degree: int) -> ExpPolynomial:
        """The one to use of a degree: with a rigorous error as small as can be, or fitted to the scores."""
        if degree not in self._found:
            self._found[degree] = self._made(degree)
        return self._found[degree]

    def _made(self, degree: int) -> ExpPolynomial:
        radius, _ = score_radius(self.runs.problem, self.runs.where, 2.0**-24)
        if not radius < 300:
            raise ApproximationError(
                f"the centred scores may be as large as {radius:.3g}; no polynomial of float64 coefficients "
                "follows exp that far: take method='exact'"
            )
        radius = _rounded_up(radius)
        if self.guarantee == "certified":
            return minimax(degree, radius)
        return least_squares(degree, radius, self.runs.scores)

    def _misfit(self, polynomial: ExpPolynomial) -> float:
        """What a polynomial errs on some scores."""
        scores = self.runs.scores
        return misfit(polynomial(scores), scores)

    @cached_property
    def _probe(self) -> FastSolution | None:
        """A cheap run that shows how large gradients are; None where polynomials of low degree fail."""
        for degree in (1, 2, 3):
            try:
                polynomial = self._polynomial(degree)
                if self._misfit(polynomial) < 0.3:
                    return self.runs.probe(polynomial, self._dtypes()[-1])
            except ApproximationError:
                pass
        return None

    def _candidates(self, below: float, error: float = math.inf) -> Iterator[_Candidate]:
        """Ways to run the fast method in less than some seconds, by degree, expected to err little enough."""
        problem, wrt = self.runs.problem, self.runs.wrt
        model = cost_model(problem)
        for degree in range(1, (largest_degree(problem.d) or 0) + 1):
            if self._rough(degree) > _ROUGHLY * error:
                continue
            for dtype in self._dtypes():
                seconds = model.fast_seconds(problem, wrt, degree, dtype_text(dtype))
                if seconds < below:
                    polynomial = self._polynomial(degree)
                    floor = _SINGLE_FLOOR if dtype != problem.accumulator else 0.0
                    expected = self._misfit(polynomial) + floor
                    if expected <= error:
                        yield _Candidate(polynomial, dtype, seconds, expected)

    def _choice(self, below: float, error: float, prune: bool) -> _Candidate | None:
        """The way to run the fast method that is expected to be the quickest of those that err so little.

        Fewer monomials are looked for where all take long, and where they may be many fewer; a rigorous bound
        would have to be of what is left out at its largest, and then little can be.
        """
        plain = next(self._candidates(below, error), None)
        if not prune or self.guarantee == "certified":
            return plain
        if plain is not None:
            if plain.seconds < _WORTH_PRUNING:
                return plain
            below = _WORTH_TURNING * plain.seconds
        pruned = self._fewest(below, error)
        return plain if pruned is None else pruned

    def _fewest(self, below: float, error: float) -> _Candidate | None:
        """The quickest expansion that is expected to take and to err less, or None."""
        problem, wrt, pruning = self.runs.problem, self.runs.wrt, self.runs.pruning
        if pruning is None:
            return None
        model, kernels = cost_model(problem), by_kernels(problem, pruning.axes)
        best, further = None, 0
        for degree in range(1, _MOST_DEGREE + 1):
            if self._rough(degree) > _ROUGHLY * error or further == _FURTHER_DEGREES:
                continue
            polynomial = self._polynomial(degree)
            if self._misfit(polynomial) >= error:
                continue
            # A polynomial that errs less leaves more to be pruned, until its degree no longer matters.
            further += 1
            for dtype in self._dtypes():
                floor = (
                    0.0
                    if dtype == problem.accumulator and error < _CLEARLY * _SINGLE_FLOOR
                    else _SINGLE_FLOOR
                )
                name = dtype_text(dtype)
                least, more = (
                    model.pruned_seconds(problem, wrt, count, count if kernels else None, name)
                    for count in (0, 1)
                )
                # A model fitted to short runs may have it that one more costs nothing.
                room, each = max(below - least, 0.0), more - least
                most = pruning.most if room >= each * pruning.most else int(room / each)
                key = (degree, error - floor)
                if key not in self._pruned:
                    self._pruned[key] = pruning.expansion(polynomial, error - floor, most)
                found = self._pruned[key]
                if found is None:
                    continue
                expansion, expected = found
                raised = expansion.plan.full if kernels else None
                seconds = model.pruned_seconds(problem, wrt, expansion.monomials.count, raised, name)
                if seconds < below:
                    best = _Candidate(polynomial, dtype, seconds, expected + floor, expansion)
                    below, further = seconds, 0
            if best is None and below < math.inf:
                break
        return best

    def _rough(self, degree: int) -> float:
        """What the best polynomial of a degree errs, to first order.

        For normal scores of standard deviation σ it leaves the Hermite coefficients beyond g, in root mean
        square σ^{g+1}/√(g+1)!: this says which degrees are worth fitting.
        """
        with np.errstate(over="ignore"):
            spread = np.sqrt(np.mean(self.runs.scores**2))
            return float(spread ** (degree + 1)) / math.sqrt(math.factorial(degree + 1))

    # What each run finds.

    def _least_degree(self, below: float, *, prune: bool = True) -> tuple[Run | None, str]:
        """The first run that meets the tolerance in less than some seconds, or None, and why.

        Args:
            below: the seconds.
            prune: whether some monomials may be left out.
        """
        try:
            first = self._choice(below, self.tolerance.rtol or 1.0, prune)
        except ApproximationError as error:
            return None, str(error)
        if first is None:
            return None, "the fast method takes longer, or its degree would have to be too high"
        probe = self._probe
        if probe is None and self.tolerance.eps is None:
            return None, f"scores as large as {self.runs.where.radius:.3g} need a high degree"
        if self.guarantee == "certified":
            return self._first_certified(below, probe)
        return self._first_estimated(below, probe, prune)

    def _first_certified(self, below: float, probe: FastSolution | None) -> tuple[Run | None, str]:
        runs = self.runs
        best = math.inf
        if probe is None:
            return None, f"scores as large as {runs.where.radius:.3g} need a high degree"
        for candidate in sorted(self._candidates(below), key=lambda candidate: candidate.seconds):
            bounds = fast_error_bounds(
                runs.problem,
                runs.where,
                candidate.polynomial,
                probe.magnitudes,
                runs.wrt,
                block_unit=unit_roundoff(runs.problem.xp, candidate.dtype),
                block_rows=fast_block_rows(runs.problem, candidate.polynomial.degree, candidate.dtype),
            )
            excess = max(bounds[name] / self.tolerance.allowed(probe.largest(name)) for name in runs.wrt)
            best = min(best, excess)
            if excess <= 1:
                run = runs.fast(candidate.polynomial, candidate.dtype)
                if self._shortfall(run) is None:
                    return run, ""
        return None, f"the least rigorous bound of the fast method is {best:.2g} times the tolerance"

    def _first_estimated(
        self, below: float, probe: FastSolution | None, prune: bool
    ) -> tuple[Run | None, str]:
        runs = self.runs
        rough = (self.tolerance.rtol or 1e-2) / 100
        expected = next((one.seconds for one in self._candidates(below, rough)), 0.0)
        # With fewer draws the interval is wider, and takes a higher degree to meet the tolerance.
        runs.draws = self._draws(expected, runs.draws)
        # What an error in the rows of the gradient, uniform in relation to them, would be estimated at.
        shown = runs.rows_size()
        size = probe.largest("X") if probe is not None and "X" in runs.wrt else shown
        target = _MARGIN * self.tolerance.allowed(size) / shown if shown > 0 else math.inf
        if runs.where.radius > _FAR_TAILS:
            target /= _FAR_FACTOR
        tried = "no degree is expected to meet the tolerance in less time"
        for _ in range(_ATTEMPTS):
            candidate = self._choice(below, target / 2, prune)
            if candidate is None:
                break
            below -= (
                candidate.seconds
            )  # runs that fail and the one that does not take less than the other method
            try:
                run = runs.fast(candidate.polynomial, candidate.dtype, candidate.expansion)
            except ApproximationError as error:
                tried, target = str(error), candidate.error
                continue
            excess = self._excess(run)
            if excess <= 1:
                return run, ""
            tried = f"{candidate} is estimated at {excess:.2g} times the tolerance"
            target = min(target, 2 * candidate.error) * _MARGIN / excess
        return None, tried

    def _draws(self, seconds: float, least: int) -> int:
        """As many as take half the time of the run that they check, if not told how many."""
        if self.queries is not None:
            return self.queries
        problem, wrt = self.runs.problem, self.runs.wrt
        row = cost_model(problem).exact_seconds(problem, wrt) / problem.n
        most = max(LEAST_DRAWS, min(problem.n // 16, _MOST_DRAWS))
        return int(min(max(seconds / (2 * row), least), most))

    def _errors(self, run: Run) -> dict[str, float]:
        """By variable, the error that the guarantee speaks of."""
        if self.guarantee == "certified":
            return {name: run.bounds[name] for name in self.runs.wrt}
        if run.estimates:
            return {name: estimate.high for name, estimate in run.estimates.items()}
        unit = unit_roundoff(self.runs.problem.xp, self.runs.problem.dtype)
        return {name: unit * run.solution.largest(name) for name in self.runs.wrt}

    def _excess(self, run: Run) -> float:
        """The largest error in relation to the one allowed."""
        ratios = []
        for name, error in self._errors(run).items():
            allowed = self.tolerance.allowed(run.solution.largest(name))
            ratios.append(error / allowed if allowed > 0 else math.inf if error > 0 else 0.0)
        return max(ratios)

    def _shortfall(self, run: Run) -> tuple[str, float] | None:
        """A variable whose error is not allowed, and the error; None if there is none."""
        for name, error in self._errors(run).items():
            if not error <= self.tolerance.allowed(run.solution.largest(name)):
                return name, error
        return None


def _rounded_up(radius: float) -> float:
    """The next number of three digits, so that a polynomial found once serves the next call as well."""
    if radius == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(radius)) - 2)
    return math.ceil(radius / unit) * unit
