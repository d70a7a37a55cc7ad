"""BALL: inequalities over boxes, by interval arithmetic and adaptive subdivision.

All bounded inputs together range over a box, times a finite number of discrete choices.  On a box the two
sides are balls that hold all their values there.  If the left ball is nowhere above the right one the
inequality is proved on that box; if it is everywhere above, the midpoint disproves it; else the box is
halved along its widest side, the undecided box with the largest possible violation first.

An inequality that is an equality somewhere stays undecided around that point, however small the boxes:
EXACT is for those.  For an equality balls show consistency only, and this level says nothing of it.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import iv

from proofcheck.checks.binding import (
    Point,
    Sizes,
    default_sizes,
    discrete_cases,
    entries,
    evaluate,
    index_tuples,
    sizes_words,
)
from proofcheck.checks.counterexample import disproof_at
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.ball import Enclosure, ball, box, ends, precision
from proofcheck.namespaces.strict import Array, StrictNamespace

__all__ = ["MOST_BOXES", "check_ball"]

#: Boxes in all the runs of one check, of which each takes one evaluation of the statement.
MOST_BOXES = 20_000
_BITS = 64
_SECOND_OPINIONS = 3

Side = tuple[Fraction, Fraction]
Place = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class _Case:
    """One choice of sizes, indices and everything discrete, and the box of the rest."""

    form: Form
    sizes: Sizes
    indices: Mapping[str, int]
    fixed: Point
    places: tuple[Place, ...]
    whole: tuple[Side, ...]

    def gaps(
        self,
        sides: tuple[Side, ...],
        number: Callable[[Any], Any],
        interval: Callable[[Fraction, Fraction], Any],
    ) -> list[Any]:
        """Intervals for right − left over a box, for every entry of every inequality.

        Args:
            sides: of the box.
            number: an interval around one exact number, in some library.
            interval: one around all numbers between two.
        """
        inputs = {name: Array(np.empty(fixed.shape, dtype=object)) for name, fixed in self.fixed.items()}
        for name, fixed in self.fixed.items():
            for position in np.ndindex(*fixed.shape):
                if fixed[position] is not None:
                    inputs[name].values[position] = Enclosure(number(fixed[position]), number)
        for (name, position), (low, high) in zip(self.places, sides, strict=True):
            inputs[name].values[position] = Enclosure(interval(low, high), number)
        xp = StrictNamespace(lambda value: Enclosure(number(value), number))
        found = evaluate(self.form, xp, self.sizes, {}, self.indices, arrays=inputs)
        return [
            (xp.number(0) + right - left).value
            for atom in found
            if isinstance(atom, AtMost)
            for _, left, right in entries(atom)
        ]

    def midpoint(self, sides: tuple[Side, ...]) -> dict[str, np.ndarray[Any, Any]]:
        """The inputs at the middle of a box, as fractions."""
        point = {name: fixed.copy() for name, fixed in self.fixed.items()}
        for (name, position), (low, high) in zip(self.places, sides, strict=True):
            point[name][position] = (low + high) / 2
        return point


def check_ball(form: Form, rng: np.random.Generator, *, most_boxes: int = MOST_BOXES) -> Verdict:
    """Decide the form's inequalities over all of their bounded inputs, at each of the sizes.

    Args:
        form: the form.
        rng: picks the boxes that mpmath is asked about.
        most_boxes: stop, undecided, after so many boxes in all.

    Returns:
        HOLDS; REFUTED with a counterexample; UNKNOWN with what is undecided and what it would need;
        NOT_RUN for a form without inequalities, with ``where``, or with inputs that have no bounds.
    """
    unbounded = [name for name, domain in form.domains().items() if domain.bounds is None]
    if form.where is not None or unbounded:
        why = f"{', '.join(unbounded)} not bounded" if unbounded else "boxes cannot be held to a 'where'"
        return Verdict(Level.BALL, Outcome.NOT_RUN, why)
    covers = frozenset({Relation.AT_MOST})
    proved: list[Sizes] = []
    boxes = 0
    confirmed = 0
    try:
        for case in _cases(form):
            answer = _decide(case, most_boxes - boxes)
            if answer is None:
                return Verdict(Level.BALL, Outcome.NOT_RUN)
            boxes += answer.boxes
            if answer.counterexample is not None:
                found = answer.counterexample
                values = f"{found['left_decimal']} against {found['right_decimal']}"
                return Verdict(
                    Level.BALL,
                    Outcome.REFUTED,
                    f"at {sizes_words({**case.sizes, **case.indices})}: {values}",
                    covers=covers,
                    sizes=(case.sizes,),
                    counterexample=found,
                )
            if answer.undecided:
                where = sizes_words({**case.sizes, **case.indices})
                return Verdict(
                    Level.BALL, Outcome.UNKNOWN, f"at {where}: {answer.undecided}", covers, tuple(proved)
                )
            if confirmed < _SECOND_OPINIONS and answer.leaves:
                agrees = _agrees(case, answer.leaves[int(rng.integers(len(answer.leaves)))])
                if agrees is False:
                    return Verdict(
                        Level.BALL, Outcome.ERROR, "mpmath's interval is apart from Arb's ball", covers
                    )
                confirmed += agrees is True
            if case.sizes not in proved:
                proved.append(case.sizes)
    except OutsideCalculusError as error:
        return Verdict(Level.BALL, Outcome.UNKNOWN, str(error), covers, tuple(proved))
    detail = f"{boxes} boxes; mpmath's intervals agree on {confirmed}"
    return Verdict(Level.BALL, Outcome.HOLDS, detail, covers=covers, sizes=tuple(proved))


def _cases(form: Form) -> Iterator[_Case]:
    domains = form.domains()
    for sizes, fixed in discrete_cases(form, default_sizes(Level.BALL, form)):
        places = tuple(
            (name, position)
            for name, values in fixed.items()
            for position in np.ndindex(*values.shape)
            if values[position] is None
        )
        bounds = [domains[name].bounds for name, _ in places]
        whole = tuple(one for one in bounds if one is not None)
        for indices in index_tuples(form, sizes):
            yield _Case(form, sizes, indices, fixed, places, whole)


@dataclass(frozen=True)
class _Answer:
    boxes: int
    leaves: list[tuple[Side, ...]]
    undecided: str = ""
    counterexample: dict[str, Any] | None = None


def _decide(case: _Case, budget: int) -> _Answer | None:
    """What holds on the whole box; None where no inequality is stated."""
    order = itertools.count()
    queue: list[tuple[float, int, tuple[Side, ...]]] = [(0.0, next(order), case.whole)]
    leaves: list[tuple[Side, ...]] = []
    boxes = 0
    while queue:
        worst, _, sides = heapq.heappop(queue)
        if boxes >= budget:
            return _Answer(boxes, leaves, _needs(case, [sides, *(one for _, _, one in queue)], worst))
        boxes += 1
        gaps = _balls(case, sides)
        if not gaps:
            return None
        if all(gap >= 0 for gap in gaps):
            leaves.append(sides)
            continue
        if any(gap < 0 for gap in gaps):
            found = disproof_at(case.form, case.sizes, case.midpoint(sides), case.indices)
            if found is not None:
                return _Answer(boxes, leaves, counterexample=found)
            return _Answer(boxes, leaves, "refuted by balls, but the midpoint is not confirmed exactly")
        widths = [last - first for first, last in sides]
        if not widths or max(widths) == 0:
            return _Answer(boxes, leaves, "the two sides agree to the precision of the balls")
        longest = widths.index(max(widths))
        first, last = sides[longest]
        middle = (first + last) / 2
        violation = min(ends(gap)[0] for gap in gaps)
        for half in ((first, middle), (middle, last)):
            heapq.heappush(queue, (violation, next(order), (*sides[:longest], half, *sides[longest + 1 :])))
    return _Answer(boxes, leaves)


def _balls(case: _Case, sides: tuple[Side, ...]) -> list[Any]:
    """Arb's balls for the gaps; not a number where the statement is not defined."""
    with precision(_BITS):
        return case.gaps(sides, ball, box)


def _needs(case: _Case, open_boxes: list[tuple[Side, ...]], worst: float) -> str:
    """What is undecided and what would decide it."""
    share = 0.0
    for sides in open_boxes:
        part = 1.0
        for (low, high), (first, last) in zip(sides, case.whole, strict=True):
            part *= float((high - low) / (last - first)) if last > first else 1.0
        share += part
    at = ", ".join(
        f"{name}{list(position) if position else ''} near {float((low + high) / 2):.3g}"
        for (name, position), (low, high) in list(zip(case.places, open_boxes[0], strict=True))[:4]
    )
    return (
        f"{share:.1e} of the box undecided in {len(open_boxes)} boxes, at worst short by "
        f"{max(0.0, -worst):.1e} at {at}; it needs smaller boxes (a larger "
        "budget), strict slack there, or EXACT"
    )


def _agrees(case: _Case, sides: tuple[Side, ...]) -> bool | None:
    """Whether mpmath's interval for each gap meets Arb's ball for it; None where mpmath has none."""

    def number(value: Any) -> Any:
        fraction = Fraction(value)
        return iv.mpf(fraction.numerator) / fraction.denominator

    def interval(low: Fraction, high: Fraction) -> Any:
        return iv.mpf([number(low).a, number(high).b])

    try:
        others = case.gaps(sides, number, interval)
    except (ZeroDivisionError, ValueError):
        return None
    for own, other in zip(_balls(case, sides), others, strict=True):
        low, high = ends(own)
        if float(other.b) < low or high < float(other.a):
            return False
    return True
