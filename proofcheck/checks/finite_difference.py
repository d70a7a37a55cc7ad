"""FINITE_DIFFERENCE: derivatives by differences, three ways, with the order of the error fitted.

* Central differences in float64 over a ladder of steps: while truncation dominates, the error must
  shrink like h².  A wrong formula leaves an error that does not shrink.
* The complex step Im F(x + ih)/h at h = 1e-30, which has no cancellation.
* Central differences with 50 digits (mpmath): the same ladder without a rounding floor in reach.

What rounding alone may do is not chosen: each point is first evaluated with a running error bound,
and a point whose values are no larger than their own bounds says nothing and is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from proofcheck.checks.binding import (
    Point,
    Sizes,
    default_sizes,
    draw_point,
    entries,
    evaluate,
    index_tuples,
    sizes_words,
)
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import Atom, Equal
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.namespaces.scalars import UNIT_ROUNDOFF, Running
from proofcheck.namespaces.strict import Array, Differentiator, StrictNamespace

__all__ = ["Ladder", "check_finite_difference", "error_ladder", "fitted_order", "noise"]

_FLOAT_STEPS = tuple(2.0**-k for k in range(3, 22))
_DIGITS = 50
_PRECISE_UNIT = 10.0**-_DIGITS
_PRECISE_STEPS = tuple(10.0**-k for k in range(3, 14))
_COMPLEX_STEP = 1e-30
_INDEX_CHOICES = 3
_ORDER = 2.0
_ORDER_TOLERANCE = 0.2
# Below this fitted order an error is not shrinking.
_FLAT = 0.5
# How far above its floor an error must be for truncation to be what is seen.
_CLEAR = 30.0
# A point counts only if rounding is at most this share of the values there.
_INFORMATIVE = 1e-6


@dataclass(frozen=True)
class Ladder:
    """Relative errors over steps, with the rounding floor expected at each step."""

    steps: tuple[float, ...]
    errors: tuple[float, ...]
    floors: tuple[float, ...]


def fitted_order(ladder: Ladder) -> float | None:
    """Slope of log error against log step where truncation is what is seen; None if it nowhere is.

    Only the last four steps above the floor are fitted: at larger ones higher orders still show, and what is
    shifted may leave the domain.
    """
    clear = [
        (math.log(h), math.log(e))
        for h, e, floor in zip(ladder.steps, ladder.errors, ladder.floors, strict=True)
        if _CLEAR * floor < e < math.inf
    ]
    if len(clear) < 4:
        return None
    x, y = np.array(clear[-4:]).T
    return float(np.polyfit(x, y, 1)[0])


def _central(step: Any) -> Differentiator:
    def differentiate(
        xp: StrictNamespace, function: Callable[[Array], Array], point: Array, direction: Array
    ) -> Array:
        shift = direction * step
        quotient: Array = (function(point + shift) - function(point - shift)) / (2 * step)
        return quotient

    return differentiate


def _complex_step(
    xp: StrictNamespace, function: Callable[[Array], Array], point: Array, direction: Array
) -> Array:
    moved = function(point + direction * complex(0.0, _COMPLEX_STEP))
    return Array(np.imag(moved.values) / _COMPLEX_STEP)


class _Nested:
    """A differentiator that knows how deep its calls went: 2 for a derivative of a derivative."""

    def __init__(self, differentiate: Differentiator) -> None:
        self._differentiate = differentiate
        self._depth = self.deepest = 0

    def __call__(
        self, xp: StrictNamespace, function: Callable[[Array], Array], point: Array, direction: Array
    ) -> Array:
        self._depth += 1
        self.deepest = max(self.deepest, self._depth)
        try:
            return self._differentiate(xp, function, point, direction)
        finally:
            self._depth -= 1


def noise(form: Form, sizes: Sizes, point: Point, indices: Mapping[str, int]) -> float | None:
    """Rounding error of the equalities relative to their sides; None if the point says nothing.

    Derivatives are exact (duals) here, so this is what the formulas themselves lose in float64.
    """
    worst = 0.0
    try:
        found = evaluate(form, StrictNamespace(Running.of), sizes, point, indices)
    except (OverflowError, ZeroDivisionError):
        return None
    for atom in found:
        if isinstance(atom, Equal):
            sides = [Running.of(side) for _, *both in entries(atom) for side in both]
            size = max((abs(side.value) for side in sides), default=0.0)
            error = max((side.error for side in sides), default=0.0)
            if not (error <= _INFORMATIVE * size < math.inf):
                return None
            worst = max(worst, error / size if size else 0.0)
    return max(worst, UNIT_ROUNDOFF)


def error_ladder(
    form: Form,
    sizes: Sizes,
    point: Point,
    indices: Mapping[str, int],
    rounding: float,
    *,
    precise: bool = False,
) -> Ladder:
    """Relative error of the form's equalities over a ladder of steps of a central difference.

    Args:
        form: the form; its derivatives are taken by differences.
        sizes: values of the size symbols.
        point: where.
        indices: values of the indices.
        rounding: from :func:`noise`.
        precise: 50 digits instead of float64.
    """
    steps = _PRECISE_STEPS if precise else _FLOAT_STEPS
    errors = []
    with mpmath.workdps(_DIGITS):
        for step in steps:
            differentiate = _Nested(_central(mpmath.mpf(step) if precise else step))
            if precise:
                xp = StrictNamespace(_to_mpf, differentiate)
            else:
                xp = StrictNamespace(float, differentiate, vectorised=True)
            errors.append(_relative_error(evaluate(form, xp, sizes, point, indices)))
    # Values of one size, subtracted and divided by h: cancellation leaves the rounding over h, and
    # once more for every derivative around it.
    unit = rounding * (_PRECISE_UNIT / UNIT_ROUNDOFF if precise else 1.0)
    return Ladder(steps, tuple(errors), tuple(unit / step**differentiate.deepest for step in steps))


def _to_mpf(value: Any) -> Any:
    fraction = Fraction(value)
    return mpmath.mpf(fraction.numerator) / fraction.denominator


def _relative_error(found: Sequence[Atom]) -> float:
    """The largest difference over the equalities, each relative to the size of its sides.

    Infinite where an entry is no finite number: neither ``max`` nor a comparison would notice a NaN.
    """
    worst = 0.0
    for atom in found:
        if isinstance(atom, Equal):
            pairs = [(left, right) for _, left, right in entries(atom)]
            if not all(mpmath.isfinite(side) for pair in pairs for side in pair):  # beyond float64, too
                return math.inf
            size = max(max(abs(left), abs(right)) for left, right in pairs)
            gap = max(abs(left - right) for left, right in pairs)
            worst = max(worst, float(gap / size) if size else 0.0)
    return worst


def check_finite_difference(form: Form, rng: np.random.Generator) -> Verdict:
    """Run the three schemes at a few points of each size; all must agree for HOLDS."""
    covers = frozenset({Relation.EQUAL})
    sizes_run = default_sizes(Level.FINITE_DIFFERENCE, form)
    orders: list[float] = []
    informative = ladders = 0
    worst_complex = 0.0
    undecided = ""
    for sizes in sizes_run:
        choices = index_tuples(form, sizes)
        point = draw_point(form, sizes, rng, scale=Fraction(1, 2))
        picked = rng.choice(len(choices), size=min(_INDEX_CHOICES, len(choices)), replace=False)
        for choice in picked:
            indices = choices[int(choice)]
            where = sizes_words({**sizes, **indices})
            complex_step = _Nested(_complex_step)
            probe = StrictNamespace(float, complex_step, vectorised=True)
            found = evaluate(form, probe, sizes, point, indices)
            if not probe.derivatives_taken or not any(isinstance(atom, Equal) for atom in found):
                return Verdict(Level.FINITE_DIFFERENCE, Outcome.NOT_RUN)
            rounding = noise(form, sizes, point, indices)
            if rounding is None:
                continue
            informative += 1
            # A complex step inside another confuses their two imaginary parts.
            error = _relative_error(found) if complex_step.deepest == 1 else 0.0
            worst_complex = max(worst_complex, error)
            if error > _CLEAR * rounding:
                undecided = f"the complex step leaves an error of {error:.1e} at {where}"
            for precise in (False, True):
                ladder = error_ladder(form, sizes, point, indices, rounding, precise=precise)
                if not all(map(math.isfinite, ladder.errors[-4:])):
                    undecided = f"values near the point are no finite numbers, at {where}"
                order = fitted_order(ladder)
                if order is None:
                    continue  # no truncation error to fit: at most quadratic along the direction
                if order < _FLAT:
                    return Verdict(
                        Level.FINITE_DIFFERENCE,
                        Outcome.REFUTED,
                        f"the error {'with 50 digits' if precise else 'in float64'} stays at "
                        f"{ladder.errors[-1]:.1e} of the values as the step shrinks, at {where}",
                        covers=covers,
                        sizes=(sizes,),
                    )
                if abs(order - _ORDER) > _ORDER_TOLERANCE:
                    undecided = f"fitted order {order:.2f} where 2 was due, at {where}"
                ladders += 1
                orders.append(order)
    if undecided or not informative:
        reason = undecided or "rounding error is as large as the values at every point"
        return Verdict(Level.FINITE_DIFFERENCE, Outcome.UNKNOWN, reason, covers=covers)
    fitted = f"order {min(orders):.2f}..{max(orders):.2f}" if orders else "no truncation error to fit"
    return Verdict(
        Level.FINITE_DIFFERENCE,
        Outcome.HOLDS,
        f"{fitted} over {ladders} ladders at {informative} points; complex step within {worst_complex:.1e}",
        covers=covers,
        sizes=sizes_run,
    )
