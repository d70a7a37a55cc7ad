"""How many of n variables are true: at most one, exactly one, at least two, and a contradiction."""

from __future__ import annotations

from itertools import combinations

from reductions.families import _arguments
from reductions.problems.sat import Formula

__all__ = ["at_least_two", "at_most_one", "exactly_one", "one_against_two"]


def at_most_one(n: int) -> Formula:
    """No two of n variables are true, pair by pair; satisfiable.

    Returns:
        A formula of n variables and n(n − 1)/2 clauses of two literals, with n + 1 satisfying assignments.

    Raises:
        UserInputError: n is no integer of at least 1.
    """
    n = _arguments.size("n", n, 1)
    return Formula(n, tuple((-one, -other) for one, other in combinations(range(1, n + 1), 2)))


def exactly_one(n: int) -> Formula:
    """:func:`at_most_one`, then the clause that some variable is true; satisfiable.

    Returns:
        A formula of n variables and n(n − 1)/2 + 1 clauses, with n satisfying assignments.

    Raises:
        UserInputError: n is no integer of at least 1.
    """
    most = at_most_one(n)
    return Formula(most.variables, (*most.clauses, tuple(range(1, most.variables + 1))))


def at_least_two(n: int) -> Formula:
    """Among any n − 1 of n variables one is true, which holds if and only if two are; satisfiable.

    Returns:
        A formula of n variables and n clauses of n − 1 literals, with 2^n − n − 1 satisfying assignments.

    Raises:
        UserInputError: n is no integer of at least 2.
    """
    n = _arguments.size("n", n, 2)
    names = range(1, n + 1)
    return Formula(n, tuple(tuple(name for name in names if name != left_out) for left_out in names))


def one_against_two(n: int) -> Formula:
    """:func:`at_most_one`, then :func:`at_least_two`; unsatisfiable.

    Returns:
        A formula of n variables and n(n − 1)/2 + n = n(n + 1)/2 clauses.

    Raises:
        UserInputError: n is no integer of at least 2.
    """
    least = at_least_two(n)
    return Formula(least.variables, (*at_most_one(n).clauses, *least.clauses))
