"""What the families are compared with: all assignments, all pairs, counted the plain way."""

from __future__ import annotations

import itertools
from typing import Any

from reductions.problems.sat import Formula


def models(formula: Formula) -> list[tuple[bool, ...]]:
    """All satisfying assignments, as truth values."""
    return [
        bits
        for bits in itertools.product((False, True), repeat=formula.variables)
        if all(any(bits[abs(x) - 1] == (x > 0) for x in clause) for clause in formula.clauses)
    ]


def inner_products(left: Any, right: Any) -> list[list[int]]:
    return [[sum(x * y for x, y in zip(a, b, strict=True)) for b in right.tolist()] for a in left.tolist()]


def distances(left: Any, right: Any) -> list[list[int]]:
    return [[sum(x != y for x, y in zip(a, b, strict=True)) for b in right.tolist()] for a in left.tolist()]


def within(count: int, trials: int, share: float) -> bool:
    """Whether a count is likely: within six standard deviations of a binomial's mean."""
    return abs(count - trials * share) <= 6 * (trials * share * (1 - share)) ** 0.5 + 1e-9
