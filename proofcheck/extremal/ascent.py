"""Climbing the ratio of an inequality's two sides over all inputs at once, by gradients and by jumps.

One entry at a time is too slow where a dimension is 64: a recorded statement
(:mod:`proofcheck.namespaces.traced`) gives the slope in every entry for a few runs' time.  Real entries then
follow it with steps that shrink, bounded ones also jump to the end it points to, as an extremum of what is
linear in each entry lies there, and 0-1 entries flip where it promises most.  Every point is a member of the
claim's domains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofcheck.checks.binding import Sizes
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost, Bounded, atoms
from proofcheck.extremal.space import Space
from proofcheck.namespaces.recorded import Floats
from proofcheck.namespaces.traced import Program, TracingNamespace

__all__ = ["MOST_RATIO", "Climber", "Objective", "Recorded", "traced"]

#: A ratio this large is not climbed further: nobody asks for more of it.
MOST_RATIO = 2.0**20
_GROWS = 1e-12  # relative: less is rounding
_WORTH_A_ROUND = 1e-8
_PATTERN_COORDINATES = 12
_SINGLE_FLIPS = 8
_REPEATS = 6
_LEAST_STEP = 1e-9


@dataclass(frozen=True)
class Recorded:
    """An inequality of a statement, recorded.

    Attributes:
        left: left side.
        right: right side, or what ``bounded`` compares with.
        hidden: the constant between them is a hidden one.
    """

    left: Any
    right: Any
    hidden: bool


def traced(form: Form, sizes: Sizes, indices: Mapping[str, int]) -> dict[int, Recorded]:
    """The inequalities of a form, recorded at these sizes and indices.

    Returns:
        By the number of the relation, from 1.

    Raises:
        TypeError: the statement does what a recorded one cannot.
    """
    xp = TracingNamespace()
    values: dict[str, Any] = {**sizes, **indices}
    for name, domain in form.domains().items():
        values[name] = xp.input(name, domain.shape(sizes))
    found: dict[int, Recorded] = {}
    for number, atom in enumerate(
        atoms(form.statement(xp, **{name: values[name] for name in form.parameters})), start=1
    ):
        if isinstance(atom, AtMost):
            found[number] = Recorded(atom.left, atom.right, hidden=False)
        elif isinstance(atom, Bounded):
            found[number] = Recorded(atom.left, atom.by, hidden=True)
    return found


class Objective:
    """The largest ratio left/right of a relation's entries, where right is positive.

    Args:
        space: of the inputs.
        relation: recorded at the sizes of the space.
    """

    def __init__(self, space: Space, relation: Recorded) -> None:
        self._space = space
        self._program = Program([relation.left, relation.right])
        self._sides: list[Floats] = []
        self._entry: tuple[int, ...] = ()

    def ratio(self, vector: Floats) -> float:
        """The largest ratio; minus infinity where no right side is positive or a side is not a number."""
        self._sides = self._program.run(self._space.arrays(vector))
        left, right = np.broadcast_arrays(*self._sides)
        with np.errstate(all="ignore"):
            ratios = np.where((right > 0) & np.isfinite(right), left / right, -np.inf)
        ratios = np.where(np.isfinite(ratios), ratios, -np.inf)
        self._entry = tuple(int(k) for k in np.unravel_index(int(np.argmax(ratios)), ratios.shape))
        return float(ratios[self._entry])

    def slope(self, ratio: float) -> tuple[float, Floats]:
        """A bound on the rounding error of the ratio last asked for, and its gradient."""
        left, right = self._sides
        at_right = right[self._entry] if right.shape else right
        seeds = []
        with np.errstate(all="ignore"):
            slopes = (left, 1 / at_right), (right, -ratio / at_right)
        for side, slope in slopes:
            seed = np.zeros(side.shape)
            seed[self._entry if side.shape else ()] = slope
            seeds.append(seed)
        gradients, error = self._program.pull(seeds)
        parts = {
            name: gradients.get(name, np.zeros(domain.shape(self._space.sizes)))
            for name, domain in self._space.domains.items()
        }
        gradient = np.nan_to_num(self._space.vector(parts), nan=0.0, posinf=0.0, neginf=0.0)
        return error + 2.0**-52 * abs(ratio), gradient


class Climber:
    """A search from one point, within a number of evaluations; it holds the best point so far.

    Args:
        objective: what is climbed.
        space: of the inputs.
        start: a member of the space.
        evaluations: how many runs of the statement it may take.
    """

    def __init__(self, objective: Objective, space: Space, start: Floats, evaluations: int) -> None:
        self._objective, self._space = objective, space
        self._given = self.left = evaluations
        self.ratio = -math.inf
        self.vector = start
        self._gradient = np.zeros(space.size)
        self.offer(start)

    def offer(self, vector: Floats) -> bool:
        """Go there if it is a member and better by more than its rounding error."""
        if self.left <= 0 or self.ratio >= MOST_RATIO:
            return False
        self.left -= 1
        vector = self._space.admitted(vector)
        ratio = self._objective.ratio(vector)
        more = _GROWS * max(1e-3, abs(self.ratio)) if math.isfinite(self.ratio) else 0.0
        if not ratio > self.ratio + more:
            return False
        error, gradient = self._objective.slope(ratio)
        if not ratio - error > self.ratio + more:
            return False
        # Members by construction, but for a further hypothesis and for domains of somebody else's.
        if self._space.form.where is not None or (self._space.still & ~self._space.bits).any():
            exact = self._space.fractions(vector)
            if not self._space.contains(exact):
                return False
        self.ratio, self.vector, self._gradient = ratio - error, vector, gradient
        return True

    @property
    def used(self) -> int:
        """How many evaluations it took."""
        return self._given - self.left

    def climb(self) -> None:
        """All moves in turn, until a round of them no longer helps."""
        while self.left > 0:
            before = self.ratio
            self._corners()
            self._repeats()
            self._flips()
            self._ascend()
            self._pattern()
            if not self.ratio > before + _WORTH_A_ROUND * max(1e-3, abs(before)):
                return

    def tables(self, rng: np.random.Generator) -> None:
        """One entry at a time to a small value, as the search for counterexamples climbs."""
        domains = self._space.domains
        for place in rng.permutation(self._space.size):
            name = next(name for name, at in self._space.places.items() if at.start <= place < at.stop)
            for value in domains[name].table():
                if self.vector[place] != float(value):
                    other = self.vector.copy()
                    other[place] = float(value)
                    self.offer(other)

    def _corners(self) -> None:
        while self.offer(self._space.corner(self.vector, self._gradient)):
            pass

    def _repeats(self) -> None:
        """One row of a matrix in the place of all, or one column: a sum over rows is best where each is."""
        for name, domain in self._space.domains.items():
            for axis in range(len(domain.dims) if len(domain.dims) > 1 else 0):
                size = self._space.arrays(self.vector)[name].shape[axis]
                for kept in range(min(size, _REPEATS) if size > 1 else 0):
                    other = self._space.arrays(self.vector.copy())
                    other[name] = np.take(other[name], [kept] * size, axis=axis)
                    self.offer(self._space.vector(other))

    def _flips(self) -> None:
        """0-1 entries: all that the slope promises a gain for, then fewer, then one by one."""
        bits = np.flatnonzero(self._space.bits)
        if not bits.size:
            return
        while True:
            gains = self._gradient[bits] * (1 - 2 * self.vector[bits])
            order = bits[np.argsort(-gains, kind="stable")]
            count = int((gains > 0).sum())
            counts = [count >> k for k in range(max(count, 1).bit_length()) if count >> k]
            if not any(self._flipped(order[:k]) for k in counts):
                break
        for place in order[:_SINGLE_FLIPS]:
            self._flipped(np.array([place]))

    def _flipped(self, places: Any) -> bool:
        other = self.vector.copy()
        other[places] = 1 - other[places]
        return self.offer(other)

    def _ascend(self) -> None:
        """Gradient steps, each as long as the last two slopes suggest, shorter where that is too far."""
        slope = self._space.scaled(self.vector, self._gradient)
        longest = float(np.abs(slope).max(initial=0.0))
        if longest == 0.0:
            return
        step = 0.5 / longest
        failed = 0
        while self.left > 0 and step * longest > _LEAST_STEP and failed < 12:
            before, old = self.vector, slope
            if not self.offer(self._space.moved(self.vector, slope, step)):
                step, failed = step / 4, failed + 1
                continue
            failed = 0
            slope = self._space.scaled(self.vector, self._gradient)
            longest = float(np.abs(slope).max(initial=0.0))
            change, bend = self.vector - before, old - slope
            curvature = float(change @ bend)
            # Barzilai and Borwein (1988); where the ratio bends the other way, further.
            step = float(change @ change) / curvature if curvature > 0 else 4 * step
            step = min(step, 4.0 / longest) if longest > 0 else 0.0

    def _pattern(self) -> None:
        """A few entries by themselves, with steps that shrink: what slopes are too flat to settle."""
        free = np.flatnonzero(~self._space.still)
        if free.size > _PATTERN_COORDINATES:
            # Scalars such as λ matter most, as every entry has a part in them.
            names = [name for name, domain in self._space.domains.items() if not domain.dims]
            scalars = [self._space.places[name].start for name in names]
            free = np.array([place for place in scalars if not self._space.still[place]], dtype=int)
        for place in free:
            step = 1.0 / 4
            while step > 1e-7 and self.left > 0:
                along = np.zeros(self._space.size)
                along[place] = 1.0
                if self.offer(self._space.moved(self.vector, along, step)) or self.offer(
                    self._space.moved(self.vector, along, -step)
                ):
                    step *= 2
                    if step > 64:
                        break
                else:
                    step /= 4
