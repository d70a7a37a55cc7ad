"""Where the monomials of a degree and of the next one lie, as arrays that compiled loops can read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.monomials import Monomials, monomials

__all__ = ["Plan", "plan", "raised_plan"]


@dataclass(frozen=True, eq=False)
class Plan:
    """The monomials of degree at most g, and those of degree g + 1.

    Attributes:
        count, full: how many have degree at most g, and at most g + 1.
        steps: a row (variable, first row to write, end of the rows to write, first row to read) for each
            product of :class:`~proofcheck.numeric.monomials.Monomials` up to degree g.
        top: the same for degree g + 1.
        raised: (d, count): where the monomial x_l x^β is, of degree at most g + 1, for each l and β.
    """

    count: int
    full: int
    steps: NDArray[np.int64]
    top: NDArray[np.int64]
    raised: NDArray[np.int64]


@lru_cache(maxsize=32)
def plan(variables: int, degree: int) -> Plan:
    """The plan for a number of variables and a degree g ≥ 0; O(d C(d+g, d)) time and memory."""
    every = monomials(variables, degree + 1)
    count = monomials(variables, degree).count
    rows = np.array(
        [(variable, target.start, target.stop, source.start) for variable, target, source in every.steps],
        dtype=np.int64,
    )
    raised = np.empty((variables, count), dtype=np.int64)
    raised[:, 0] = 1 + np.arange(variables)
    # x^β = x_a x^β' with no variable before a in β'. For l ≤ a, x_l x^β is made by the step of x_l from x^β;
    # for l > a by the step of x_a from x_l x^β', which is known.
    for number, (variable, start, stop, source) in enumerate(rows[: degree * variables]):
        following = rows[(number // variables + 1) * variables :][:variables]
        for other in range(variables):
            by, read = (other, np.arange(start, stop))
            if other > variable:
                by, read = variable, raised[other, source : source + stop - start]
            raised[other, start:stop] = following[by, 1] + read - following[by, 3]
    arrays = rows[: degree * variables], rows[degree * variables :], raised
    for array in arrays:
        array.flags.writeable = False
    return Plan(count, every.count, *arrays)


def raised_plan(found: Monomials, variables: int) -> Plan:
    """The plan for monomials of which some are left out, and for x_l times each, l < ``variables``.

    ``count`` and ``full`` are how many of either there are; O(variables · count) time.
    """
    exponents = np.zeros((found.count, variables), dtype=np.int64)
    for variable, target, source in found.steps:
        exponents[target] = exponents[source]
        exponents[target, variable] += 1
    place = {row.tobytes(): number for number, row in enumerate(exponents)}
    raised = np.empty((variables, found.count), dtype=np.int64)
    top: list[list[int]] = []
    for axis in range(variables):
        larger = exponents.copy()
        larger[:, axis] += 1
        for row, powers in enumerate(larger):
            before = len(place)
            number = raised[axis, row] = place.setdefault(powers.tobytes(), before)
            if number < before:
                continue
            if top and top[-1][0] == axis and top[-1][3] + number - top[-1][1] == row:
                top[-1][2] = number + 1
            else:
                top.append([axis, number, number + 1, row])
    steps = np.array(
        [(variable, target.start, target.stop, source.start) for variable, target, source in found.steps],
        dtype=np.int64,
    ).reshape(-1, 4)
    last = np.array(top, dtype=np.int64).reshape(-1, 4)
    for array in (steps, last, raised):
        array.flags.writeable = False
    return Plan(found.count, len(place), steps, last, raised)
