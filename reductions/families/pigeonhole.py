"""The pigeonhole principle: as many pigeons in as many holes, no two in one."""

from __future__ import annotations

from itertools import combinations

from reductions.families import _arguments
from reductions.problems.sat import Formula

__all__ = ["pigeonhole"]


def pigeonhole(pigeons: int, holes: int) -> Formula:
    """Every pigeon sits in a hole, and no hole has two pigeons; satisfiable if and only if pigeons ≤ holes.

    Variable i·holes + j + 1 says that pigeon i sits in hole j, from 0.  With one pigeon too many every
    resolution refutation has exponential length (Haken, *The intractability of resolution*, TCS 39, 1985).

    Returns:
        A formula of pigeons·holes variables; clauses: pigeons of holes literals each, then
        holes·pigeons(pigeons − 1)/2 of two literals.

    Raises:
        UserInputError: a number is no integer of at least 1.
    """
    pigeons = _arguments.size("pigeons", pigeons, 1)
    holes = _arguments.size("holes", holes, 1)

    def sits(pigeon: int, hole: int) -> int:
        return pigeon * holes + hole + 1

    somewhere = [tuple(sits(pigeon, hole) for hole in range(holes)) for pigeon in range(pigeons)]
    apart = [
        (-sits(one, hole), -sits(other, hole))
        for hole in range(holes)
        for one, other in combinations(range(pigeons), 2)
    ]
    return Formula(pigeons * holes, (*somewhere, *apart))
