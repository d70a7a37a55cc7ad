"""What is certain about the two sides of an inequality at one point, and making a point simple.

The point found by floats is first made of small fractions, as far as its ratio stays.  Then both sides are
evaluated with balls (python-flint's Arb), of growing precision, by the strict namespace that the checks use:
nothing here relies on the recorded program that the search runs.  Where balls cannot tell the sides apart,
exact arithmetic decides whether they are equal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.checks.binding import Point, Sizes, evaluate
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost, Bounded
from proofcheck.errors import OutsideCalculusError
from proofcheck.extremal.ascent import Climber, Objective
from proofcheck.extremal.space import Space
from proofcheck.namespaces.ball import Enclosure, ball, ends, precision
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.recorded import Floats
from proofcheck.namespaces.strict import Array, StrictNamespace

__all__ = ["MOST_ENTRIES", "Certificate", "certified", "simplified"]

#: An instance with more entries is not certified: balls one by one take too long.
MOST_ENTRIES = 1500
_MOST_SINGLE = 100
_BITS = (128, 512)
_DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 60, 100, 1000, 10_000)
# How much of the ratio, relatively, simple fractions may cost: far less than what is shown of it.
_COST = 1e-10
_SETTLING = 120


@dataclass(frozen=True)
class Certificate:
    """Both sides at an instance, each known to lie between two floats.

    Attributes:
        entry: 1-based position of the entry with the largest ratio; ``()`` for a scalar.
        left: floats that the left side is between.
        right: floats that the right side is between.
        ratio: floats that left/right is between.
        outcome: ``"exceeded"`` left > right for certain; ``"attained"`` equal, decided exactly; ``"below"``
            left < right for certain; ``"undecided"``.
        exact: left and right exactly where they were asked for, as text.
    """

    entry: tuple[int, ...]
    left: tuple[float, float]
    right: tuple[float, float]
    ratio: tuple[float, float]
    outcome: str
    exact: tuple[str, str] | None = None


def simplified(objective: Objective, space: Space, vector: Floats) -> tuple[Point, float]:
    """Inputs made of small fractions whose ratio is as large, and that ratio as a float.

    Args:
        objective: the ratio.
        space: of the inputs.
        vector: the inputs that a search ended at.
    """
    floor = objective.ratio(vector)
    floor -= _COST * max(abs(floor), 1e-3)
    vector = _with_units(objective, space, vector, floor)
    point = space.fractions(vector)
    for denominator in _DENOMINATORS:
        rounded = {
            name: _each(values, lambda entry, d=denominator: entry.limit_denominator(d))
            for name, values in point.items()
        }
        if _stays(objective, space, rounded, floor):
            point = rounded
            break
    else:
        if space.size <= _MOST_SINGLE:
            point = _one_by_one(objective, space, point, floor)
    return point, objective.ratio(space.vector(point))


def _each(values: np.ndarray[Any, Any], change: Any) -> np.ndarray[Any, Any]:
    out = np.empty(values.shape, dtype=object)
    for at in np.ndindex(*values.shape):
        out[at] = change(values[at])
    return out


def _stays(objective: Objective, space: Space, point: Point, floor: float) -> bool:
    return space.contains(point) and objective.ratio(space.vector(point)) >= floor


def _with_units(objective: Objective, space: Space, vector: Floats, floor: float) -> Floats:
    """Whole inputs 0, and positive scalars 1, where the ratio stays or comes back when the others follow."""
    for at in space.places.values():
        zero = vector.copy()
        zero[at] = 0.0
        inside = np.array_equal(space.admitted(zero), zero) and space.contains(space.fractions(zero))
        if inside and objective.ratio(zero) >= floor:
            vector = zero
    scalars = (at.start for name, at in space.places.items() if not space.domains[name].dims)
    for place in [one for one in scalars if space.positive[one]]:
        unit = vector.copy()
        unit[place] = 1.0
        space.still[place] = True
        climber = Climber(objective, space, unit, _SETTLING)
        climber.climb()
        # The start counts only if it was taken: a unit may be no member.
        if math.isfinite(climber.ratio) and objective.ratio(climber.vector) >= floor:
            vector = climber.vector
        else:
            space.still[place] = False
    return vector


def _one_by_one(
    objective: Objective, space: Space, point: dict[str, np.ndarray[Any, Any]], floor: float
) -> dict[str, np.ndarray[Any, Any]]:
    for name, values in point.items():
        for at in np.ndindex(*values.shape):
            for denominator in _DENOMINATORS:
                other = {**point, name: point[name].copy()}
                entry: Fraction = point[name].item(*at)
                other[name][at] = entry.limit_denominator(denominator)
                if _stays(objective, space, other, floor):
                    point = other
                    break
    return point


def certified(
    form: Form, sizes: Sizes, point: Point, indices: Mapping[str, int], number: int
) -> Certificate | None:
    """Enclose both sides of one relation at a point, and decide which is the larger.

    Args:
        form: whose statement.
        sizes: values of the size symbols.
        point: exact inputs.
        indices: values of the indices.
        number: of the relation, from 1.

    Returns:
        None where there are too many entries, or a side is not defined there.
    """
    if sum(values.size for values in point.values()) > MOST_ENTRIES:
        return None
    found = None
    for bits in _BITS:
        with precision(bits):
            found = _enclosed(form, sizes, point, indices, number)
        if found is None or found.outcome != "undecided":
            return found
    assert found is not None
    return _decided(form, sizes, point, indices, number, found)


def _sides(found: Any) -> tuple[Any, Any]:
    return (found.left, found.by) if isinstance(found, Bounded) else (found.left, found.right)


def _entries(atom: Any) -> dict[tuple[int, ...], tuple[Any, Any]]:
    values = [
        side.values if isinstance(side, Array) else np.asarray(side, dtype=object) for side in _sides(atom)
    ]
    left, right = np.broadcast_arrays(*values)
    return {tuple(k + 1 for k in at): (left[at], right[at]) for at in np.ndindex(*left.shape)}


def _enclosed(
    form: Form, sizes: Sizes, point: Point, indices: Mapping[str, int], number: int
) -> Certificate | None:
    def scalar(value: Any) -> Enclosure:
        return Enclosure(ball(value), ball)

    try:
        atom = evaluate(form, StrictNamespace(scalar), sizes, point, indices)[number - 1]
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    assert isinstance(atom, (AtMost, Bounded))
    best: tuple[float, Certificate] | None = None
    for at, (one, other) in _entries(atom).items():
        left, right = (scalar(0) + one).value, (scalar(0) + other).value
        if not right > 0:
            continue
        gap, ratio = left - right, left / right
        outcome = "exceeded" if gap > 0 else "below" if gap < 0 else "undecided"
        enclosure = ends(ratio)
        if not math.isfinite(enclosure[0]):
            continue
        if best is None or enclosure[0] > best[0]:
            best = enclosure[0], Certificate(at, ends(left), ends(right), enclosure, outcome)
    return None if best is None else best[1]


def _decided(
    form: Form, sizes: Sizes, point: Point, indices: Mapping[str, int], number: int, found: Certificate
) -> Certificate:
    """The same with the sides compared exactly, where exact arithmetic has them."""
    exact = ExactField()
    try:
        atom = evaluate(form, StrictNamespace(exact.constant), sizes, point, indices)[number - 1]
        one, other = _entries(atom)[found.entry]
        left, right = exact.constant(0) + one, exact.constant(0) + other
        sign = (left - right).sign()
    except (OutsideCalculusError, ZeroDivisionError):
        return found
    outcome = {1: "exceeded", 0: "attained", -1: "below"}[sign]
    ratio = (1.0, 1.0) if sign == 0 else found.ratio
    return Certificate(found.entry, found.left, found.right, ratio, outcome, (str(left), str(right)))
