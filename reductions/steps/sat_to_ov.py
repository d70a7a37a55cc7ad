"""SAT → orthogonal vectors: split the variables and list the assignments of each half.

Source: R. Williams, *A new algorithm for optimal 2-constraint satisfaction and its implications*, Theoretical
Computer Science 348, 2005.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from reductions.chain import Reduced
from reductions.problems.bits import Bits, refuse_beyond
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.problems.sat import Formula

__all__ = ["SplitAndList"]


@dataclass(frozen=True)
class SplitAndList:
    """SAT with n variables and m clauses → orthogonal vectors with N = 2^⌈n/2⌉ rows a side and m columns.

    An odd n is made even by a variable that occurs nowhere. With h = ⌈n/2⌉ the left side has the
    variables 1, …, h and the right side h + 1, …, 2h; row r of a side is the assignment in which bit k of
    r, k = 0, …, h − 1, is the value of that side's variable number k + 1. There is a column for each
    clause, 1 where that half of the assignment satisfies no literal of it, so that

        ⟨left[i], right[j]⟩ = the number of clauses that the assignment (i, j) does not satisfy,

    which is 0 exactly for a satisfying one.

    The formula is normalised first, so m counts the distinct clauses that are no tautologies. Where none
    is left there is one column of 0, as of a clause that every half satisfies: m ≥ 1 always. An empty
    clause is a column of 1: nothing is orthogonal.

    Attributes:
        max_bytes: the most that both sides may take, 2 N m bytes.
    """

    max_bytes: int = 4 << 30
    name: str = "split-and-list"

    def apply(self, instance: Formula) -> Iterator[Reduced]:
        """One instance of orthogonal vectors; ``back`` is n.

        In O(N m) operations, with O(m) memory beside what is returned.

        Raises:
            TooLargeError: it takes more than ``max_bytes``; nothing was allocated.
        """
        clauses = instance.normalised().clauses
        n, m, half = instance.variables, max(len(clauses), 1), _half(instance.variables)
        refuse_beyond(2 * m << half, self.max_bytes, f"split and list of {n} variables and {m} clauses")
        left, right = (_unsatisfied(clauses, first, half) for first in (1, half + 1))
        yield Reduced(OrthogonalVectors(left, right), n)

    def invert(self, witness: tuple[int, int], back: int) -> tuple[int, ...]:
        """The assignment (i, j) as a literal of each of the n variables, in order."""
        i, j = (int(row) for row in witness)
        values = i | j << _half(back)
        return tuple(v if values >> (v - 1) & 1 else -v for v in range(1, back + 1))

    def sizes(self, given: Mapping[str, int]) -> Mapping[str, int]:
        """N rows on each side and m columns, from n variables and m clauses of a normalised formula."""
        return {"N": 1 << _half(given["n"]), "m": max(given["m"], 1)}


def _half(variables: int) -> int:
    return (variables + 1) // 2


def _unsatisfied(clauses: tuple[tuple[int, ...], ...], first: int, half: int) -> Bits:
    # Rows double with each variable: those in which it is 0 lose the clauses with its negation, those in
    # which it is 1 the clauses with the variable.
    rows = np.empty((1 << half, max(len(clauses), 1)), np.uint8)
    rows[0] = bool(clauses)
    holders: dict[int, list[int]] = {}
    for column, clause in enumerate(clauses):
        for literal in clause:
            holders.setdefault(literal, []).append(column)
    for k in range(half):
        below, above = rows[: 1 << k], rows[1 << k : 2 << k]
        above[...] = below
        above[:, holders.get(first + k, [])] = 0
        below[:, holders.get(-first - k, [])] = 0
    rows.setflags(write=False)
    return rows
