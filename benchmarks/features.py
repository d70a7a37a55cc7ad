"""How many features the fast method needs, beside the rank of what they stand for.

    python benchmarks/features.py [--quick] [--n N] [-o FILE]

For the matrix W = exp(S'), S' the scores of centred keys, and for ε = 1e-2, 1e-3 and 1e-4:

* rank: the least rank of a matrix within ε‖W‖_F of W in Frobenius norm, by its singular values, from the
  eigenvalues of WᵀW (relative accuracy about 1e-8 of the largest, far below ε);
* k: the fewest monomials of principal axes with which P̂ is within ε‖W‖_F of W in the same norm, over the
  degrees up to 14.  P̂ has rank k at most, so that k is at least the rank;
* all: C(d+g, d) for the least degree g whose polynomial is, with all monomials of the columns;
* k of the gradient: the fewest on a ladder of counts with ‖g̃ − g‖_∞ ≤ ε‖g‖_∞ for dL/dX, also at the next
  count, over the degrees up to 6;
* called: what attention_gradient(method="fast", rtol=ε) takes, with the margins of an error that it estimates.

Polynomials are those of the method: least squares on 1536 scores.  Axes and moments are of 512 queries and
keys.  Writes JSON to FILE, and a table to standard output.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck import attention_gradient
from proofcheck.errors import ApproximationError
from proofcheck.files import write_atomically
from proofcheck.numeric.exact import exact_solution
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.polynomial import ExpPolynomial, least_squares
from proofcheck.numeric.problem import Problem, checked_problem
from proofcheck.numeric.pruned import axis_sizes, pruned_exponents
from proofcheck.numeric.pruning import Pruning

EPSILONS = (1e-2, 1e-3, 1e-4)
_MOST_DEGREE = 14
_MOST_COUNT = 2000
_ROWS = 512


def inputs(kind: str, n: int, d: int, scores: float, seed: int) -> dict[str, Any]:
    """Queries and keys of a kind, with the largest centred score given; X = Y = I; float64.

    Uniform entries in [−1, 1], times 2^−i or i^−2 in column i and turned by a random rotation each, or around
    8 random centres each, with a tenth of their spread.
    """
    rng = np.random.default_rng(seed)
    arrays = {name: rng.uniform(-1, 1, (n, d)) for name in ("A1", "A2", "A3", "E")}
    decay = {"2^-i": 2.0 ** -np.arange(d), "i^-2": (1.0 + np.arange(d)) ** -2}.get(kind)
    for name in ("A1", "A2"):
        if decay is not None:
            turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
            arrays[name] = arrays[name] * decay @ turn
        elif kind == "clustered":
            centres = rng.uniform(-1, 1, (8, d))
            arrays[name] = centres[rng.integers(0, 8, n)] + 0.1 * arrays[name]
    keys = arrays["A2"] - arrays["A2"].mean(axis=0)
    arrays["A1"] *= scores * d / np.max(np.abs(arrays["A1"] @ keys.T))
    return arrays | {"X": np.eye(d), "Y": np.eye(d)}


def rank_of(weights: Any, epsilons: tuple[float, ...]) -> list[int]:
    """The least ranks of matrices so near in the Frobenius norm, by Eckart and Young."""
    squares = np.maximum(np.linalg.eigvalsh(weights.T @ weights), 0.0)  # increasing
    tails = np.sqrt(np.cumsum(squares) / np.sum(squares))
    return [int(np.sum(tails > epsilon)) for epsilon in epsilons]


class Case:
    """One problem, its scores, and the monomials that may be taken, the largest first."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self.problem: Problem = checked_problem(**arrays)
        self.d = self.problem.d
        self.where = frame(self.problem)
        A1, A2 = arrays["A1"], arrays["A2"]
        self.queries = A1 / self.d * self.where.scale
        self.keys = (A2 - self.where.key_centre) / self.where.scale
        self.scores = self.queries @ self.keys.T
        self.weights = np.exp(self.scores)
        self.size = float(np.linalg.norm(self.weights))
        few = self.queries[:32], self.keys[:48]
        pruning = Pruning.of((self.queries[:_ROWS], self.keys[:_ROWS]), few, _MOST_COUNT)
        assert pruning is not None
        self.pruning = pruning
        self.sizes = axis_sizes(pruning.queries, pruning.keys, _MOST_DEGREE)
        self.exponents = self._largest()
        self._polynomials: dict[int, ExpPolynomial] = {}

    def polynomial(self, degree: int) -> ExpPolynomial:
        """As the method takes it for an estimated error."""
        if degree not in self._polynomials:
            few = np.ravel(self.pruning.few_queries @ self.pruning.few_keys.T)
            radius = self.where.radius * 1.01
            self._polynomials[degree] = least_squares(degree, radius, np.clip(few, -radius, radius))
        return self._polynomials[degree]

    def _largest(self) -> Any:
        """The monomials of the largest v, as many as are looked at, by decreasing v."""
        allowed, found = 1.0, None
        while allowed > 1e-8:
            more = pruned_exponents(self.sizes, _MOST_DEGREE, allowed, _MOST_COUNT)
            if more is None:
                break
            found, allowed = more, allowed / 1.5
        assert found is not None
        return found

    def expansion(self, degree: int, count: int) -> Expansion:
        """The so many largest of at most a degree."""
        return Expansion.of(self.pruning.axes, self._up_to(degree)[:count])

    def _up_to(self, degree: int) -> Any:
        return self.exponents[self.exponents.sum(axis=1) <= degree]

    def matrix_counts(self) -> list[dict[str, int] | None]:
        """By ε the fewest monomials and their degree; all norms from two products with W."""
        axes = self.pruning.axes
        sides = []
        for points in (self.queries @ axes.query, self.keys @ axes.key):
            powers = [points**0]
            for _ in range(_MOST_DEGREE):
                powers.append(powers[-1] * points)
            features = np.ones((len(points), len(self.exponents)))
            for axis in range(axes.count):
                table = np.stack([power[:, axis] for power in powers])
                features *= table[self.exponents[:, axis]].T
            sides.append(features)
        left, right = sides
        with_weights = np.einsum("ij,ij->j", left, self.weights @ right)
        each_other = (left.T @ left) * (right.T @ right)
        degrees = self.exponents.sum(axis=1)
        multinomials = np.array(
            [
                math.factorial(int(sum(index))) / math.prod(math.factorial(int(j)) for j in index)
                for index in self.exponents
            ]
        )
        best: list[dict[str, int] | None] = [None] * len(EPSILONS)
        for degree in range(1, _MOST_DEGREE + 1):
            chosen = np.flatnonzero(degrees <= degree)
            factors = np.array(self.polynomial(degree).coefficients)[degrees[chosen]] * multinomials[chosen]
            own = each_other[np.ix_(chosen, chosen)] * np.outer(factors, factors)
            squares = np.diag(np.cumsum(np.cumsum(own, axis=0), axis=1))
            errors = self.size**2 - 2 * np.cumsum(factors * with_weights[chosen]) + squares
            for number, epsilon in enumerate(EPSILONS):
                enough = np.flatnonzero(errors <= (epsilon * self.size) ** 2)
                found = best[number]
                if enough.size and (found is None or enough[0] + 1 < found["k"]):
                    best[number] = {"k": int(enough[0]) + 1, "degree": degree}
        return best

    def all_counts(self) -> list[int | None]:
        """By ε, C(d+g, d) for the least degree that does."""
        found: list[int | None] = [None] * len(EPSILONS)
        for degree in range(1, _MOST_DEGREE + 1):
            error = float(np.linalg.norm(self.polynomial(degree)(self.scores) - self.weights)) / self.size
            for number, epsilon in enumerate(EPSILONS):
                if error <= epsilon and found[number] is None:
                    found[number] = math.comb(self.d + degree, degree)
            if error <= EPSILONS[-1]:
                break
        return found

    def gradient_counts(self) -> list[dict[str, int] | None]:
        """By ε the fewest monomials of the ladder that do for dL/dX, and their degree."""
        true = exact_solution(self.problem, ("X",)).gradients["X"]
        size = float(np.max(np.abs(true)))
        ladder = sorted({int(1.12**step) for step in range(200)})
        best: list[dict[str, int] | None] = [None] * len(EPSILONS)
        for degree in range(1, 7):
            before, most = [math.inf, math.inf], len(self._up_to(degree))
            for count in ladder:
                worst = max((found["k"] if found else _MOST_COUNT) for found in best)
                if count > min(most, 1.3 * worst, 900):
                    break
                try:
                    solution = fast_solution(
                        self.problem,
                        ("X",),
                        self.polynomial(degree).coefficients,
                        self.where,
                        expansion=self.expansion(degree, count),
                    )
                    error = float(np.max(np.abs(solution.gradients["X"] - true))) / size
                except ApproximationError:
                    error = math.inf
                for number, epsilon in enumerate(EPSILONS):
                    found = best[number]
                    if max(error, before[0]) <= epsilon and (found is None or before[1] < found["k"]):
                        best[number] = {"k": int(before[1]), "degree": degree}
                before = [error, count]
                if error <= EPSILONS[-1] / 3:
                    break
        return best

    def called(self, arrays: dict[str, Any], epsilon: float) -> dict[str, Any]:
        """What the method takes to meet a tolerance by its own estimate."""
        try:
            result = attention_gradient(**arrays, method="fast", rtol=epsilon)
        except ApproximationError as error:
            return {"refused": str(error)}
        return {"k": result.features, "degree": result.degree, "axes": result.axes, "dtype": result.dtype}


def measured(kind: str, n: int, d: int, scores: float) -> list[dict[str, Any]]:
    """A row for each ε."""
    arrays = inputs(kind, n, d, scores, 0)
    case = Case(arrays)
    ranks, counts, full = rank_of(case.weights, EPSILONS), case.matrix_counts(), case.all_counts()
    gradients = case.gradient_counts()
    rows = []
    for number, epsilon in enumerate(EPSILONS):
        found = counts[number]
        rows.append(
            {
                "data": kind,
                "n": n,
                "d": d,
                "largest score": scores,
                "root mean square score": float(np.sqrt(np.mean(case.scores**2))),
                "epsilon": epsilon,
                "rank": ranks[number],
                "fewest": found,
                "k over rank": None if found is None else found["k"] / ranks[number],
                "all monomials": full[number],
                "of the gradient": gradients[number],
                "called": case.called(arrays, epsilon),
            }
        )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [
        "| data | d | max \\|S'\\| | ε | rank | k | k/rank | all | k of the gradient | called |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        few, gradient, called = row["fewest"], row["of the gradient"], row["called"]
        taken = "refused"
        if "k" in called:
            taken = f"{called['k']:,}" + ("" if called["axes"] is None else f" ({called['axes']} axes)")
        cells = [
            row["data"],
            row["d"],
            f"{row['largest score']:g}",
            f"{row['epsilon']:.0e}",
            row["rank"],
            "more than 2000" if few is None else f"{few['k']} (degree {few['degree']})",
            "" if few is None else f"{row['k over rank']:.2f}",
            "degree over 14" if row["all monomials"] is None else f"{row['all monomials']:,}",
            "more than 900" if gradient is None else f"{gradient['k']} (degree {gradient['degree']})",
            taken,
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def environment() -> dict[str, Any]:
    """The machine and the versions."""
    return {
        "date": datetime.date.today().isoformat(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("proofcheck", "numpy", "python-flint")},
    }


def main() -> None:
    """Run all kinds of data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="n = 512 and d = 8, to see that it runs")
    parser.add_argument("--n", type=int, default=4096, help="queries, and keys (default 4096)")
    parser.add_argument("-o", "--output", type=Path, help="write the JSON here")
    options = parser.parse_args()
    n = 512 if options.quick else options.n
    rows: list[dict[str, Any]] = []
    for kind in ("uniform", "2^-i", "i^-2", "clustered"):
        for d in (8,) if options.quick else (8, 16):
            for scores in (1.0,) if options.quick else (1.0, 3.0):
                start = time.perf_counter()
                rows += measured(kind, n, d, scores)
                print(f"{kind}, d = {d}, {scores:g}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    if options.output is not None:
        report = {"environment": environment(), "quick": options.quick, "rows": rows}
        write_atomically(options.output.resolve(), json.dumps(report, indent=1) + "\n")
    sys.stdout.write(table(rows))


if __name__ == "__main__":
    main()
