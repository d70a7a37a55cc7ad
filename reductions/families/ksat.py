"""Random k-SAT, and random k-SAT with a planted assignment."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reductions.families import _arguments
from reductions.problems.sat import Formula

__all__ = ["planted_ksat", "random_ksat"]

_Rows: TypeAlias = NDArray[np.int64]


def random_ksat(n: int, m: int, k: int, rng: np.random.Generator) -> Formula:
    """The uniform model: m clauses, independent and uniform among the C(n, k) 2^k of k distinct variables.

    A clause may therefore be drawn more than once.  Literals are sorted by their variables.

    Args:
        n: variables, at least 1.
        m: clauses, at least 0.
        k: literals in each clause, from 1 to n.
        rng: the source of randomness.

    Returns:
        A formula of n variables and m clauses, in O(m k²) time.

    Raises:
        UserInputError: an argument is out of its range.
    """
    n, m, k = _sizes(n, m, k)
    rng = _arguments.generator(rng)
    return _formula(n, _subsets(n, m, k, rng), rng.integers(0, 2, size=(m, k)))


def planted_ksat(n: int, m: int, k: int, rng: np.random.Generator) -> tuple[Formula, tuple[int, ...]]:
    """A uniform assignment, and m clauses independent and uniform among those that it satisfies.

    There are C(n, k) (2^k − 1) such clauses; one may be drawn more than once.  Guarantee: the assignment
    satisfies the formula, as each clause has a literal of it by construction.  There may be other satisfying
    assignments.  Literals lean towards the planted assignment, 2^{k−1} to 2^{k−1} − 1, so that dense formulas
    are easier than uniform ones (Barthel et al., *Hiding solutions in random satisfiability problems*,
    Physical Review Letters 88, 2002).

    Args:
        n: variables, at least 1.
        m: clauses, at least 0.
        k: literals in each clause, from 1 to n.
        rng: the source of randomness.

    Returns:
        A formula of n variables and m clauses, and the assignment, a literal of each variable in order.

    Raises:
        UserInputError: an argument is out of its range.
    """
    n, m, k = _sizes(n, m, k)
    rng = _arguments.generator(rng)
    truth = rng.integers(0, 2, size=n)
    chosen = _subsets(n, m, k, rng)
    agrees = rng.integers(0, 2, size=(m, k))
    # Rejection leaves the other patterns uniform; a row is drawn again with probability 2^{−k}.
    while len(bad := np.flatnonzero(~agrees.any(axis=1))):
        agrees[bad] = rng.integers(0, 2, size=(len(bad), k))
    positive = np.where(agrees == 1, truth[chosen], 1 - truth[chosen])
    assignment = tuple(v if true else -v for v, true in enumerate(truth.tolist(), 1))
    return _formula(n, chosen, positive), assignment


def _sizes(n: int, m: int, k: int) -> tuple[int, int, int]:
    n = _arguments.size("n", n, 1)
    return n, _arguments.size("m", m, 0), _arguments.size("k", k, 1, n)


def _subsets(n: int, m: int, k: int, rng: np.random.Generator) -> _Rows:
    """(m, k): uniform sets of k of 0, …, n − 1, sorted.

    Floyd's algorithm on all rows at once (Bentley & Floyd, *A sample of brilliance*, CACM 30, 1987): for
    j = n − k, …, n − 1 a number t ≤ j is drawn and joins the set, or j does where t is in it.
    """
    chosen = np.empty((m, k), dtype=np.int64)
    for column, largest in enumerate(range(n - k, n)):
        drawn = rng.integers(0, largest + 1, size=m)
        taken = (chosen[:, :column] == drawn[:, None]).any(axis=1)
        chosen[:, column] = np.where(taken, largest, drawn)
    return np.sort(chosen, axis=1)


def _formula(n: int, chosen: _Rows, positive: _Rows) -> Formula:
    literals = np.where(positive == 1, chosen + 1, -(chosen + 1))
    return Formula(n, tuple(map(tuple, literals.tolist())))
