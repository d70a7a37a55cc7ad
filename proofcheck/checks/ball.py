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
from proofcheck.namespaces.ball import ball, box, ends, precision
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

    def arrays(self, sides: tuple[Side, ...], make: Callable[[Fraction, Fraction], Any]) -> dict[str, Array]:
        """The inputs over a box, in any interval arithmetic."""
        inputs = {}
        for name, fixed in self.fixed.items():
            values = np.empty(fixed.shape, dtype=object)
            for position in np.ndindex(*fixed.shape):
                number: Fraction | None = fixed[position]  # type: ignore[assignment]
                if number is not None:
                    values[position] = make(number, number)
            inputs[name] = Array(values)
        for (name, position), (low, high) in zip(self.places, sides, strict=True):
            inputs[name].values[position] = make(low, high)
        return inputs

    def gaps(self, sides: tuple[Side, ...]) -> Iterator[Any]:
        """Balls for right − left, for every entry of every inequality."""
        xp = StrictNamespace(ball)
        found = evaluate(self.form, xp, self.sizes, {}, self.indices, arrays=self.arrays(sides, box))
        for atom in found:
            if isinstance(atom, AtMost):
                for _, left, right in entries(atom):
                    yield ball(0) + right - left

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
            if not any(True for _ in _quiet(case, case.whole)):
                return Verdict(Level.BALL, Outcome.NOT_RUN)
            answer = _decide(case, most_boxes - boxes)
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
                leaf = answer.leaves[int(rng.integers(len(answer.leaves)))]
                if not _confirmed(case, leaf):
                    return Verdict(
                        Level.BALL, Outcome.ERROR, "mpmath's interval is apart from Arb's ball", covers
                    )
                confirmed += 1
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


def _decide(case: _Case, budget: int) -> _Answer:
    order = itertools.count()
    queue: list[tuple[float, int, tuple[Side, ...]]] = [(0.0, next(order), case.whole)]
    leaves: list[tuple[Side, ...]] = []
    boxes = 0
    while queue:
        worst, _, sides = heapq.heappop(queue)
        if boxes >= budget:
            return _Answer(boxes, leaves, _needs(case, [sides, *(one for _, _, one in queue)], worst))
        boxes += 1
        low = high = float("inf")
        for gap in _quiet(case, sides):
            bottom, top = ends(gap) if gap is not None else (-float("inf"), float("inf"))
            exact_zero = gap is not None and gap >= 0
            low, high = min(low, 0.0 if exact_zero and bottom < 0 else bottom), min(high, top)
        if low >= 0:
            leaves.append(sides)
            continue
        if high < 0:
            middle = case.midpoint(sides)
            found = disproof_at(case.form, case.sizes, middle, case.indices)
            if found is not None:
                return _Answer(boxes, leaves, counterexample=found)
            return _Answer(boxes, leaves, "refuted by balls, but the midpoint is not confirmed exactly")
        widths = [high - low for low, high in sides]
        if not widths or max(widths) == 0:
            return _Answer(boxes, leaves, "the two sides agree to the precision of the balls")
        longest = widths.index(max(widths))
        start, end = sides[longest]
        middle_of_side = (start + end) / 2
        for half in ((start, middle_of_side), (middle_of_side, end)):
            heapq.heappush(queue, (low, next(order), (*sides[:longest], half, *sides[longest + 1 :])))
    return _Answer(boxes, leaves)


def _quiet(case: _Case, sides: tuple[Side, ...]) -> list[Any]:
    """The gaps over a box; a division by a ball that holds 0 tells nothing."""
    with precision(_BITS):
        try:
            return list(case.gaps(sides))
        except (ZeroDivisionError, ValueError):
            return [None]


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


def _confirmed(case: _Case, sides: tuple[Side, ...]) -> bool:
    """Whether mpmath's interval for each gap meets Arb's ball for it."""

    def number(value: Any) -> Any:
        fraction = Fraction(value)
        return iv.mpf(fraction.numerator) / fraction.denominator

    def interval(low: Fraction, high: Fraction) -> Any:
        return iv.mpf([number(low).a, number(high).b])

    xp = StrictNamespace(number)
    found = evaluate(case.form, xp, case.sizes, {}, case.indices, arrays=case.arrays(sides, interval))
    others = [
        number(0) + right - left
        for atom in found
        if isinstance(atom, AtMost)
        for _, left, right in entries(atom)
    ]
    for own, other in zip(_quiet(case, sides), others, strict=True):
        low, high = ends(own)
        if float(other.b) < low or high < float(other.a):
            return False
    return True
