r"""An estimate of a computed gradient's error, from exact rows for a random sample of queries.

The error of a gradient that sums over the queries is Σ_i z_i, where z_i comes from query i alone: in X,
z_i = A1_iᵀ (g̃_i − g_i)/d, for the row g_i = Σ_j p_ij A2_j.  The exact row costs O(nd).  Queries are drawn
with replacement with probabilities π_i, half uniform and half in proportion to |A1_i|_∞ |w|_1, with |w| at
most what the data allow: so a query that weighs much is seen.  z_i/π_i has mean Σ_i z_i, and for each entry
and m draws, with probability at least 1 − δ,

    |mean − Σ_i z_i| ≤ √(2 V ln(3/δ)/m) + 3 R ln(3/δ)/m,                                                (9)

V the variance of the sample and R the range of z_i/π_i (Audibert, Munos & Szepesvári 2009, Theorem 1: an
empirical Bernstein bound).  δ is shared out among the entries.

A range that nobody knows is the weak point.  A rigorous R is that of the error bound, orders of magnitude
too large here for any sample that is cheaper than the exact gradient; R is taken to be that of the sample,
0 included.  The interval is therefore a statement about errors such as those that were drawn: it can miss
where very few queries carry an error far larger than all others and the weights π do not tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import Array, to_numpy
from proofcheck.numeric.estimate_keys import key_errors
from proofcheck.numeric.exact import QueryRows
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.fast_totals import FastSolution, SampledRows
from proofcheck.numeric.frame import Frame
from proofcheck.numeric.kernels import have_kernels
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["CONFIDENCE", "ErrorEstimate", "Largest", "Sample", "draw", "estimate", "gradient_size"]
__all__ += ["key_largest", "row_estimates", "sample_weights", "size_of_rows"]

#: With which probability an estimate's interval covers the error, under its assumption.
CONFIDENCE = 0.95

_BLOCK_ROWS = 1 << 12


@dataclass(frozen=True)
class ErrorEstimate:
    """What a sample says about ‖g̃ − g‖.

    Attributes:
        value: of the sample itself.
        low, high: the interval that covers the error with probability ``confidence``.
        norm: ``"max"`` for the largest entry; ``"rms"`` for A1, whose rows belong to one query each, so
            that a sample says nothing of the largest: √(mean of the squared entries).
        confidence: of the interval.
        queries: how many queries were drawn; n where all were taken, and the error is known.
    """

    value: float
    low: float
    high: float
    norm: str
    confidence: float
    queries: int


@dataclass(frozen=True, eq=False)
class Sample:
    """Queries drawn with replacement.

    Attributes:
        rows: the different ones, increasing.
        counts: how often each was drawn, (len(rows),).
        probabilities: π of each, (len(rows),).
        draws: m.
        complete: whether it is every query once, with no chance in it.
    """

    rows: tuple[int, ...]
    counts: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    draws: int
    complete: bool


def draw(problem: Problem, draws: int, rng: np.random.Generator) -> Sample:
    """Draw queries; all of them where that is no more work. O(nd²) time, 8n bytes.

    Args:
        problem: the inputs.
        draws: m.
        rng: where the randomness comes from.
    """
    n = problem.n
    if draws >= n:
        return Sample(tuple(range(n)), np.ones(n), np.ones(n), n, complete=True)
    weights = sample_weights(problem)
    total = float(np.sum(weights))
    probabilities = np.full(n, 1 / n)
    if 0 < total < math.inf:
        probabilities = 0.5 / n + 0.5 * weights / total
    probabilities /= np.sum(probabilities)
    rows, counts = np.unique(rng.choice(n, size=draws, p=probabilities), return_counts=True)
    return Sample(tuple(rows.tolist()), counts.astype(np.float64), probabilities[rows], draws, complete=False)


def sample_weights(problem: Problem, values: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """|A1_i|_∞ |w_i|_1 with |c_i| taken as |E_i| + max|A3 Y|, (n,).

    Args:
        problem: the inputs.
        values: the largest |A3| of each column, where that is known, or of more rows than the problem's.
    """
    xp = problem.xp
    absolute = xp.abs(xp.astype(problem.Y, problem.accumulator))
    if have_kernels(problem):
        from proofcheck.numeric.kernels.surveys import fused_largest, fused_weights

        most = fused_largest(problem) if values is None else values
        return fused_weights(problem, most @ absolute, np.sum(absolute, axis=0))
    largest: Any = 0.0 if values is None else values
    for rows in row_blocks(problem.n if values is None else 0, _BLOCK_ROWS):
        block = xp.max(xp.abs(xp.astype(xp.asarray(problem.A3[rows, :]), problem.accumulator)), axis=0)
        largest = xp.maximum(block, block * 0 + largest)
    parts = []
    for rows in row_blocks(problem.n, _BLOCK_ROWS):
        residual = xp.abs(xp.astype(xp.asarray(problem.E[rows, :]), problem.accumulator)) + largest @ absolute
        backward = residual @ xp.sum(absolute, axis=0)
        queries = xp.max(xp.abs(xp.asarray(problem.A1[rows, :])), axis=1)
        parts.append(to_numpy(xp.astype(queries, problem.accumulator) * backward).astype(np.float64))
    return np.concatenate(parts)


def estimate(
    problem: Problem,
    where: Frame,
    coefficients: tuple[float, ...],
    solution: FastSolution,
    sample: Sample,
    exact: QueryRows,
    wrt: tuple[str, ...],
    rounding: Mapping[str, float],
    *,
    expansion: Expansion | None = None,
    confidence: float = CONFIDENCE,
) -> dict[str, ErrorEstimate]:
    """The error of each gradient of a solution whose ``sampled`` rows are the sample's.

    Args:
        problem: the inputs.
        where: the coordinates that the solution was found in.
        coefficients: of its polynomial.
        solution: what the fast method found.
        sample: made by :func:`draw`.
        exact: its rows, by :func:`~proofcheck.numeric.exact.query_contributions`.
        wrt: the variables.
        rounding: by variable, what to widen an interval by: the rounding of exact rows and of results.
        expansion: the monomials that the solution was found with, if not all.
        confidence: of each interval.

    O(md²) time for m different queries, and O(mnd) for A2 or A3.
    """
    fast = solution.sampled
    assert fast is not None, "the solution kept no rows"
    numbers = problem.xp.asarray(sample.rows, device=problem.device)
    inputs = _host(problem.xp.take(problem.xp.asarray(problem.A1), numbers, axis=0))
    found = row_estimates(problem, inputs, fast, exact, sample, wrt, rounding, confidence=confidence)
    if "A2" in wrt or "A3" in wrt:
        blocks = key_errors(
            problem,
            where,
            coefficients,
            fast,
            exact,
            inputs,
            sample.rows,
            expansion=expansion,
            fast_rows=solution.block_rows,
        )
        largest = key_largest(blocks, sample, wrt, problem.n * problem.d, confidence)
        found |= {name: value.estimate(sample, confidence, rounding[name]) for name, value in largest.items()}
    return {name: found[name] for name in wrt}


def row_estimates(
    problem: Problem,
    inputs: NDArray[np.float64],
    fast: SampledRows,
    exact: QueryRows,
    sample: Sample,
    wrt: tuple[str, ...],
    rounding: Mapping[str, float],
    *,
    confidence: float = CONFIDENCE,
) -> dict[str, ErrorEstimate]:
    """The errors of the gradients in X, Y and A1, which the sample's own rows tell; O(md²) time.

    Args:
        problem: of which X, n and d are used.
        inputs: the sample's rows of A1, (m, d).
        fast: what was found for them.
        exact: what is true of them.
        sample: they.
        wrt: the variables; others than these three are left out.
        rounding: as in :func:`estimate`.
        confidence: of each interval.
    """
    found: dict[str, ErrorEstimate] = {}
    host = _host
    if "X" in wrt or "A1" in wrt:
        gradient = host(fast.gradient) / problem.d - host(exact.gradient)
    if "X" in wrt:
        found["X"] = _of_sum(inputs[:, :, None] * gradient[:, None, :], sample, confidence, rounding["X"])
    if "Y" in wrt:
        output, residual = host(fast.output - exact.output), host(fast.residual - exact.residual)
        errors = host(fast.output)[:, :, None] * residual[:, None, :]
        errors += output[:, :, None] * host(exact.residual)[:, None, :]
        found["Y"] = _of_sum(errors, sample, confidence, rounding["Y"])
    if "A1" in wrt:
        rows = gradient @ host(problem.X).T
        squares = np.sum(rows * rows, axis=1, keepdims=True) / (problem.n * problem.d)
        found["A1"] = _root(_of_sum(squares, sample, confidence, 0.0), rounding["A1"])
    return found


def key_largest(
    blocks: Iterable[tuple[str, NDArray[np.float64]]],
    sample: Sample,
    wrt: tuple[str, ...],
    entries: int,
    confidence: float = CONFIDENCE,
) -> dict[str, Largest]:
    """The largest error of the gradients in A2 and A3, for some keys.

    Args:
        blocks: by :func:`~proofcheck.numeric.estimate_keys.key_errors`.
        sample: the queries.
        wrt: the variables; others than these two are left out.
        entries: of a whole gradient.
        confidence: of each interval.
    """
    largest: dict[str, Largest] = {name: Largest() for name in ("A2", "A3") if name in wrt}
    for name, errors in blocks:
        if name in largest:
            largest[name].add(*_interval(errors, sample, confidence, entries))
    return largest


def _host(array: Array) -> NDArray[np.float64]:
    return to_numpy(array).astype(np.float64)


def gradient_size(problem: Problem, sample: Sample, exact: QueryRows) -> ErrorEstimate:
    """‖dL/dX‖_∞ from exact rows alone: how a relative error of 1 in each row would be estimated.

    The upper end is larger than the gradient by the factor that the terms of different queries cancel.
    """
    numbers = problem.xp.asarray(sample.rows, device=problem.device)
    inputs = _host(problem.xp.take(problem.xp.asarray(problem.A1), numbers, axis=0))
    return size_of_rows(inputs, sample, exact)


def size_of_rows(inputs: NDArray[np.float64], sample: Sample, exact: QueryRows) -> ErrorEstimate:
    """As :func:`gradient_size`, from the sample's rows of A1, (m, d)."""
    return _of_sum(inputs[:, :, None] * _host(exact.gradient)[:, None, :], sample, CONFIDENCE, 0.0)


def _interval(
    errors: NDArray[np.float64], sample: Sample, confidence: float, entries: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The estimate of Σ_i z_i and the half-width (9), by entry, from z_i of the sample along axis 0."""
    if sample.complete:
        return np.sum(errors, axis=0), np.zeros(errors.shape[1:])
    axes = (slice(None),) + (None,) * (errors.ndim - 1)
    scaled = errors / sample.probabilities[axes]
    share = (sample.counts / sample.draws)[axes]
    mean = np.sum(share * scaled, axis=0)
    variance = np.sum(share * (scaled - mean) ** 2, axis=0)
    seen = np.maximum(np.max(scaled, axis=0), 0) - np.minimum(np.min(scaled, axis=0), 0)
    logarithm = math.log(3 * entries / (1 - confidence)) / sample.draws
    return mean, np.sqrt(2 * variance * logarithm) + 3 * seen * logarithm


class Largest:
    """The largest entry of an error, as blocks of its entries come."""

    def __init__(self) -> None:
        self._value = self._low = self._high = 0.0

    def add(self, mean: NDArray[np.float64], half: NDArray[np.float64]) -> None:
        """Take the estimates and half-widths of some entries."""
        size = np.abs(mean)
        self._value = max(self._value, float(np.max(size)))
        self._low = max(self._low, float(np.max(size - half)))
        self._high = max(self._high, float(np.max(size + half)))

    def joined(self, other: Largest) -> Largest:
        """The largest of the entries of both."""
        found = Largest()
        found._value, found._low, found._high = (
            max(getattr(self, name), getattr(other, name)) for name in ("_value", "_low", "_high")
        )
        return found

    def estimate(self, sample: Sample, confidence: float, rounding: float) -> ErrorEstimate:
        """The interval for the largest, widened."""
        return ErrorEstimate(
            self._value,
            max(self._low - rounding, 0.0),
            self._high + rounding,
            "max",
            1.0 if sample.complete else confidence,
            sample.draws,
        )


def _of_sum(errors: NDArray[np.float64], sample: Sample, confidence: float, rounding: float) -> ErrorEstimate:
    largest = Largest()
    largest.add(*_interval(errors, sample, confidence, math.prod(errors.shape[1:])))
    return largest.estimate(sample, confidence, rounding)


def _root(mean_square: ErrorEstimate, rounding: float) -> ErrorEstimate:
    """The estimate of a root mean square from that of the mean square."""
    value, low, high = (math.sqrt(x) for x in (mean_square.value, mean_square.low, mean_square.high))
    return ErrorEstimate(
        value, max(low - rounding, 0.0), high + rounding, "rms", mean_square.confidence, mean_square.queries
    )
