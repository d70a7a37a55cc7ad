"""Satisfiability of formulas in conjunctive normal form.

A literal is an integer as in DIMACS files: v for the variable v, -v for its negation, v = 1, …, n.  A witness
is an assignment, given as the literals that are true.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from proofcheck.errors import UserInputError

__all__ = ["Formula"]


@dataclass(frozen=True)
class Formula:
    """A conjunction of clauses, each a disjunction of literals.

    No clause at all is satisfied by every assignment; an empty clause by none.  Clauses may repeat, and so
    may literals in them.

    Attributes:
        variables: n, how many there are; not all need occur.
        clauses: of literals in ±1, …, ±n.

    Raises:
        UserInputError: n is no integer or negative, or a clause holds something else than such literals.
    """

    variables: int
    clauses: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if type(self.variables) is not int or self.variables < 0:
            raise UserInputError(f"variables is {self.variables!r}; expected an integer of at least 0")
        if type(self.clauses) is not tuple:
            raise UserInputError(f"clauses is a {type(self.clauses).__name__}; expected a tuple of tuples")
        for number, clause in enumerate(self.clauses, 1):
            if type(clause) is not tuple:
                raise UserInputError(
                    f"clause {number} is a {type(clause).__name__}; expected a tuple of literals"
                )
            for literal in clause:
                # Exactly int: True would be the literal 1.
                if type(literal) is not int or not 0 < abs(literal) <= self.variables:
                    raise UserInputError(f"clause {number} holds {literal!r}; {_expected(self.variables)}")

    def verify(self, assignment: Sequence[int]) -> bool:
        """Whether these literals, set true, satisfy every clause whatever the other variables are.

        Args:
            assignment: literals, in any order, of at most one sign of each variable.  Anything else that is
                in it, a contradiction or a variable that the formula does not have, makes it no witness.

        Takes time linear in the lengths of the assignment and of the formula.
        """
        if not all(_is_literal(literal, self.variables) for literal in assignment):
            return False
        true = set(assignment)
        if any(-literal in true for literal in true):
            return False
        return not any(true.isdisjoint(clause) for clause in self.clauses)

    def solve(self) -> tuple[int, ...] | None:
        """A satisfying assignment, one literal of each variable in order; None if there is none.

        By CaDiCaL 1.9.5 (Biere et al., CAV 2024) through python-sat: exact, in exponential time at worst.

        Raises:
            UserInputError: python-sat is not installed.
        """
        try:
            from pysat.solvers import Solver
        except ImportError as error:
            raise UserInputError(
                "python-sat is not installed; install the extra: pip install 'proofcheck[sat]'"
            ) from error
        # The solver makes room for every number up to the largest: only variables that occur get one.
        occurring = sorted({abs(literal) for clause in self.clauses for literal in clause})
        number = {variable: at for at, variable in enumerate(occurring, 1)}
        with Solver(name="cadical195") as solver:
            for clause in self.clauses:
                solver.add_clause([number[x] if x > 0 else -number[-x] for x in clause])
            if not solver.solve():
                return None
            true = {occurring[literal - 1] for literal in solver.get_model() if literal > 0}
        return tuple(v if v in true else -v for v in range(1, self.variables + 1))

    def conditioned(self, literals: Iterable[int]) -> Formula:
        """The formula once these literals are true: satisfied clauses dropped, false literals removed.

        The variables keep their numbers.  An assignment that has these literals satisfies the result if and
        only if it satisfies this formula; those whose variables were set no longer occur.

        Raises:
            UserInputError: a literal is none of this formula, or two contradict each other.
        """
        given = tuple(literals)
        for literal in given:
            if not _is_literal(literal, self.variables):
                raise UserInputError(f"literals hold {literal!r}; {_expected(self.variables)}")
        true = set(given)
        for literal in given:
            if -literal in true:
                raise UserInputError(
                    f"literals hold both {abs(literal)} and {-abs(literal)}; expected one sign of a variable"
                )
        return Formula(
            self.variables,
            tuple(
                tuple(literal for literal in clause if -literal not in true)
                for clause in self.clauses
                if true.isdisjoint(clause)
            ),
        )

    def normalised(self) -> Formula:
        """The same function of the same variables, without what says nothing.

        Within a clause literals are sorted by their variables and stand once; clauses that hold a literal and
        its negation are dropped, and so are repeated clauses, all but the first; clauses keep their order.
        Each change leaves the truth of the formula under every total assignment as it is, so that an
        assignment of one is an assignment of the other.  (A partial one may satisfy the result only: a clause
        that is always true needs a literal of it to be set.)
        """
        kept: dict[tuple[int, ...], None] = {}
        for clause in self.clauses:
            literals = set(clause)
            if all(-literal not in literals for literal in literals):
                kept[tuple(sorted(literals, key=abs))] = None
        return Formula(self.variables, tuple(kept))


def _is_literal(literal: Any, variables: int) -> bool:
    # Witnesses come from arrays too: NumPy's integers are literals, its and Python's truth values are not.
    if isinstance(literal, bool) or not isinstance(literal, numbers.Integral):
        return False
    return 0 < abs(int(literal)) <= variables


def _expected(variables: int) -> str:
    return f"expected literals, non-zero integers from -{variables} to {variables}"
