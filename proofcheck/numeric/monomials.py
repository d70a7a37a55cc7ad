"""Monomials of bounded degree, in the order that builds each from an earlier one by a single product.

For vectors q, k of length D, (q·k)^t = Σ_{|β|=t} (t!/β!) q^β k^β (the multinomial theorem), so that

    P(q·k) = Σ_t a_t (q·k)^t = Σ_β a_|β| (|β|!/β!) q^β k^β                                   (1)

for every polynomial P: the rank of the matrix P(q_i·k_j) is at most C(D+g, D), the number of monomials
of degree at most g.  ([AS23] bounds it by C(2(g+d), 2g), whose features treat each product q_a k_a as
a separate variable.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from proofcheck.namespaces.arrays import Array, is_writable, multiply_rows

__all__ = ["Monomials", "feature_count", "monomials"]


def feature_count(variables: int, degree: int) -> int:
    """C(variables + degree, variables): the monomials of degree at most ``degree``."""
    return math.comb(variables + degree, variables)


@dataclass(frozen=True, eq=False)
class Monomials:
    """Monomials of ``variables`` variables up to a degree, by degree, then lexicographically.

    The block of degree t is, for each variable a in turn, x_a times the monomials of degree t − 1
    in the variables a, a+1, …; those are the end of the block of degree t − 1, so each
    product below is of two contiguous slices, and nothing is gathered.  Where monomials are left out
    (:mod:`proofcheck.numeric.pruned`), the slices are more, and shorter.

    Attributes:
        variables: D.
        degree: g.
        count: C(D+g, D), if none is left out.
        steps: (variable, rows to write, rows to read), in order; no step writes rows of two degrees.
        degrees: of each monomial, shape (count,).
        multinomials: |β|!/β! of each monomial, shape (count,), correctly rounded.
    """

    variables: int
    degree: int
    count: int
    steps: tuple[tuple[int, slice, slice], ...]
    degrees: NDArray[np.int64]
    multinomials: NDArray[np.float64]

    @classmethod
    def of(cls, exponents: NDArray[np.int64], steps: tuple[tuple[int, slice, slice], ...]) -> Monomials:
        """Those with these multi-indices as rows, (count, variables), by degree, made by these steps."""
        degrees = exponents.sum(axis=1)
        degree = int(degrees[-1])
        # Up to 22! factorials and their divisors are floats; beyond, Python's integers divide exactly.
        kind = np.float64 if degree <= 22 else object
        factorials = np.array([math.factorial(t) for t in range(degree + 1)], dtype=kind)
        multinomials = (factorials[degrees] / np.prod(factorials[exponents], axis=1)).astype(np.float64)
        for array in (degrees, multinomials):
            array.flags.writeable = False
        return cls(exponents.shape[1], degree, len(exponents), steps, degrees, multinomials)

    def weights(self, coefficients: tuple[float, ...]) -> NDArray[np.float64]:
        """The factor a_|β| |β|!/β! of each term of (1), shape (count,)."""
        return np.asarray(coefficients, dtype=np.float64)[self.degrees] * self.multinomials

    def evaluate(self, columns: Array, buffer: Array | None = None) -> Array:
        """Every monomial at every point: (count, b) from points as columns, (variables, b).

        Args:
            columns: the points.
            buffer: (count, b) or more columns of a writable array to fill, else a new array is made.

        At most ``degree − 1`` roundings each; O(count · b) time.
        """
        if buffer is not None and is_writable(buffer):
            buffer = buffer[:, : columns.shape[1]]
            buffer[0, :] = 1
            for variable, target, source in self.steps:
                multiply_rows(buffer, target, buffer[source, :], columns[variable, :])
            return buffer
        return self._assembled(columns)

    def _assembled(self, columns: Array) -> Array:
        """The same without writing in place, in as few operations as there are degrees."""
        xp, device = array_api_compat.array_namespace(columns), array_api_compat.device(columns)
        blocks = [xp.ones_like(columns[:1, :])]
        for sources, variables in self._factors:
            left = xp.take(blocks[-1], xp.asarray(sources, device=device), axis=0)
            blocks.append(left * xp.take(columns, xp.asarray(variables, device=device), axis=0))
        return xp.concat(blocks, axis=0)

    @cached_property
    def _factors(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For each degree from 1 on: which row of the block before, times which variable, makes each row."""
        sources, variables = np.zeros((2, self.count), dtype=np.int64)
        for variable, target, source in self.steps:
            sources[target] = np.arange(source.start, source.stop)
            variables[target] = variable
        starts = np.searchsorted(self.degrees, np.arange(self.degree + 2))
        return [
            (sources[start:stop] - before, variables[start:stop])
            for before, start, stop in zip(starts[:-2], starts[1:-1], starts[2:], strict=True)
        ]


@lru_cache(maxsize=32)
def monomials(variables: int, degree: int) -> Monomials:
    """The monomials of ``variables`` ≥ 1 variables and degree at most ``degree`` ≥ 0."""
    steps: list[tuple[int, slice, slice]] = []
    exponents = [np.zeros((1, variables), dtype=np.int64)]
    # Where, in the last block, the monomials in the variables a, a+1, … begin.
    first = [0] * variables
    read, write = 0, 1
    for _ in range(degree):
        last = exponents[-1]
        made, begins = [], []
        end = write
        for variable in range(variables):
            begins.append(end - write)
            tail = last[first[variable] :].copy()
            tail[:, variable] += 1
            made.append(tail)
            target = slice(end, end + len(tail))
            steps.append((variable, target, slice(read + first[variable], read + len(last))))
            end = target.stop
        exponents.append(np.concatenate(made))
        first, read, write = begins, write, end
    return Monomials.of(np.concatenate(exponents), tuple(steps))
