"""Derivative against gradient at one point: along directions, and coordinate by coordinate.

Along v the derivative is known as D ± r (:mod:`proofcheck.gradcheck.ladder`) and the gradient gives G = ⟨g,
v⟩, where rounding alone may account for ρ = 8·max |⟨g(x′) − g(x), v⟩| + 64 u (Σ|gᵢvᵢ| + |L|), x′ being x with
entries moved by one unit in the last place.  |G − D| ≤ r + ρ agrees, more than ten times that differs, and
what lies between is unresolved.  All of it scales with the loss and is free of the inputs' units, as v has
the inputs' own scales.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from proofcheck.gradcheck.extended import NotAdmittedError
from proofcheck.gradcheck.geometry import Domain, Point, on_grid, scales
from proofcheck.gradcheck.ladder import Slope, difference_noise, measure
from proofcheck.gradcheck.result import Agreement, Finding, FindingKind
from proofcheck.gradcheck.subject import Subject, UnavailableError

__all__ = ["ACCURACY", "BEYOND", "Coordinates", "Probe"]

Values = np.ndarray[Any, Any]
UNIT = 2.0**-53
# Of float32 against float64: how much smaller an error becomes that is rounding.
_ONE_PRECISION = 2.0**-29
_STEPS = tuple(2.0**-k for k in range(2, 41))
_SCREENING = tuple(2.0**-k for k in range(7, 10))
_FINE = tuple(2.0**-k for k in range(20, 24))
_FINEST = tuple(2.0**-k for k in range(45, 49))
#: To be certified, a gradient must be known to be right to this, relative to the largest entry of its input.
ACCURACY = 1e-7
# A loss that is farther than this from its value with many digits says nothing.
_SAME = 1e-2
_FLOOR = 64.0
# Of rounding beyond what was seen of it; there are digits enough.
_SPARE_BITS = 20
# What fewer digits may change: beyond it, they tell nothing about the error of more.
_LOST = 1e-6
_VARIATION = 8.0
_PERTURBED = 4
# A relative difference beyond this is not put down to constants without a look at them.
_SUSPECT = 1e-2
_TRIES = 2
#: How far beyond both errors a difference must be to refute.
BEYOND = 10.0
_BEYOND_AT_OURS = 1000.0


@dataclass(frozen=True)
class Coordinates:
    """Derivatives along single coordinates, in the units of the loss per scale of the coordinate.

    Attributes:
        derivative: of each coordinate; NaN where it was not measured.
        radius: of each.
        gradient: gᵢ·sᵢ.
        rounding: what a correct gradient may be off by.
        kinks: coordinates at which the loss has a kink.
    """

    derivative: Values
    radius: Values
    gradient: Values
    rounding: Values
    kinks: Values

    @property
    def gap(self) -> Values:
        """|gradient − derivative|."""
        found: Values = np.abs(self.gradient - self.derivative)
        return found

    def differs(self, beyond: float, slack: Values) -> Values:
        """Which coordinates differ by more than that many times the errors, and by more than the slack."""
        found: Values = (self.gap > beyond * (self.radius + self.rounding)) & (
            self.gap - self.radius - self.rounding > slack
        )
        return found


class Probe:
    """Measurements at one point.

    Args:
        subject: the loss and the gradient.
        point: where.
        domain: what may be evaluated.
        rng: for perturbations of the last place.
        rtol: the relative difference that is allowed.

    Raises:
        UnavailableError: the loss or the gradient has no finite value there.
    """

    def __init__(
        self, subject: Subject, point: Point, domain: Domain, rng: np.random.Generator, rtol: float
    ) -> None:
        self.subject, self.point, self.domain, self.rtol = subject, point, domain, rtol
        self.flat = point.flat
        self.scale = scales(subject.inputs, self.flat)
        self.alike = scales(subject.inputs, self.flat, alike=True)
        self.loss = subject.loss(self.flat)
        if not math.isfinite(self.loss):
            raise UnavailableError("the loss is not finite")
        self.grad = subject.grad(self.flat)
        bad = np.flatnonzero(~np.isfinite(self.grad))
        if bad.size:
            raise UnavailableError(
                f"the gradient is {self.grad[bad[0]]} at {subject.inputs.coordinate(int(bad[0]))}"
            )
        self.scaled = self._scaled(self.grad)
        self.beyond = _BEYOND_AT_OURS if point.ours else BEYOND
        self._moved = self._variation(rng)
        self._noise: float | None = None
        #: What ladders have shown rounding to do to the loss.
        self.most_noise = 0.0
        self._grad_low: Values | None = None
        self._grad_digits: Any = None
        #: Why float64 is not to be believed here; empty if nothing speaks against it.
        self.distrust = ""

    def _scaled(self, grad: Values) -> Values:
        found: Values = grad * self.scale
        return found

    def _variation(self, rng: np.random.Generator) -> Values:
        """Changes of the scaled gradient as inputs move by one unit in the last place; a row for each try."""
        rows = []
        for _ in range(_PERTURBED):
            toward = rng.choice([-math.inf, math.inf], size=self.flat.shape)
            stay = rng.random(self.flat.shape) < 1 / 3
            moved = np.where(stay, self.flat, np.nextafter(self.flat, toward))
            # Next to 0 are numbers that many functions cannot tell from it.
            moved = np.where(self.flat == 0, 0.0, moved)
            try:
                change = self._scaled(self.subject.grad(moved)) - self.scaled
            except UnavailableError:
                continue
            if np.all(np.isfinite(change)):
                rows.append(change)
        return np.array(rows) if rows else np.zeros((1, self.flat.size))

    def variation(self) -> float:
        """How much the loss changes as all inputs move by a quarter of their scale."""
        moved = [self.subject.loss(self.flat + sign * 0.25 * self.scale) for sign in (1, -1)]
        changes = [abs(one - self.loss) for one in moved if math.isfinite(one)]
        return max(changes, default=0.0) or abs(self.loss) or 1.0

    # Slopes

    def noise(self) -> float:
        """What rounding does to the loss around the point."""
        if self._noise is None:
            direction = on_grid(self.flat, self.scale, _STEPS[-1])
            values = [self.subject.loss(self.flat + k * _STEPS[-1] * direction) for k in range(-4, 5)]
            spread = difference_noise(values) if all(map(math.isfinite, values)) else 0.0
            self._noise = max(4 * spread, UNIT * abs(self.loss))
        return self._noise

    def _at(self, direction: Values) -> Callable[[float], float]:
        def evaluate(step: float) -> float:
            moved = self.flat + step * direction
            if self.domain.given and not self.domain.has(moved):
                return math.nan
            value: float = self.subject.loss(moved)
            return value

        return evaluate

    def slope(self, direction: Values) -> Slope:
        """The derivative along a direction (in the inputs' own units) in float64."""
        found = measure(self._at(direction), self.loss, _STEPS, self.noise())
        self.most_noise = max(self.most_noise, found.noise)
        return found

    @property
    def trusted(self) -> bool:
        """Whether float64 gives the loss as many digits do, as far as that was compared."""
        return not self.distrust

    def compare(self, value: float) -> bool:
        """Compare the loss with its value with many digits."""
        if not abs(value - self.loss) <= _SAME * abs(value) + 1e3 * self.noise():
            self.distrust = f"the loss is {self.loss:.6g} in float64 and {value:.6g} with many digits"
        return self.trusted

    def slope_with_digits(self, direction: Values) -> Slope:
        """The same with many digits.

        Raises:
            NotAdmittedError: the loss cannot be evaluated so.
        """
        numbers = self.subject.numbers
        flat, along = numbers.array(self.flat), numbers.array(direction)

        def evaluate(step: float) -> Any:
            return self.subject.loss(flat + along * numbers.number(step))

        middle = self.subject.loss(flat)
        if not self.compare(numbers.to_float(middle)):
            raise NotAdmittedError(self.distrust)
        near = evaluate(_FINE[0])
        with numbers.fewer() as share:
            changes = (self.subject.loss(flat) - middle, evaluate(_FINE[0]) - near)
        change = max(abs(numbers.to_float(one)) for one in changes)
        size = max(abs(self.loss), float(np.sum(np.abs(self.scaled))))
        if change > _LOST * size:
            self.distrust = "the loss loses its digits to cancellation, however many there are"
            raise NotAdmittedError(self.distrust)
        noise = _FLOOR * (share * change + 2.0**_SPARE_BITS * numbers.unit_roundoff() * size)
        slope = measure(evaluate, middle, _FINE, noise, numbers.to_float)
        if not slope.reason and slope.radius <= UNIT * size:
            return slope
        finer = measure(evaluate, middle, _FINEST, noise, numbers.to_float)
        return finer if finer.radius < slope.radius or slope.reason else slope

    # Directions

    def direction(self, name: str, pattern: Values, *, digits: bool) -> list[Finding]:
        """Compare along one direction; ``pattern`` is in units of the scales."""
        along = on_grid(self.flat, self.scale * pattern, _STEPS[-1])
        with np.errstate(invalid="ignore"):
            unit = along / self.scale
        terms = self.scaled * unit
        gradient = math.fsum(terms)
        size = math.fsum(np.abs(terms))
        moved = float(np.max(np.abs(self._moved @ unit)))
        floor = _FLOOR * UNIT * (size + abs(self.loss))
        slope: Slope | None = None
        if digits and self.trusted:
            with contextlib.suppress(NotAdmittedError):
                slope = self.slope_with_digits(along)
        if slope is not None and not slope.reason:
            with_digits = self._gradient_with_digits(unit)
            if with_digits is not None:
                exact, loose = with_digits
                formula = self._finding(name, slope, exact, size, floor + loose, "extended")
                if formula.agreement is Agreement.DIFFERS:
                    return [formula]
                low = self._finding(name, slope, gradient, size, floor + _VARIATION * moved, "float64")
                if low.agreement is Agreement.DIFFERS:
                    # The formula is settled; what is left is the rounding of its evaluation.
                    gap = abs(gradient - float_of(self, slope))
                    low = self._excused(low, gap / size, "rounding, for with many digits it agrees")
                return [low, formula]
        elif slope is None or slope.kink is not None:
            slope = self.slope(along)
        found = self._finding(name, slope, gradient, size, floor + _VARIATION * moved, "float64")
        if found.agreement is not Agreement.DIFFERS:
            return [found]
        if not self.trusted:
            detail = f"{found.detail}: {self.distrust}"
            return [replace(found, agreement=Agreement.UNRESOLVED, detail=detail)]
        if found.kind is FindingKind.KINK:
            return [found]
        gap = abs(gradient - float_of(self, slope))
        larger = max(size, abs(float_of(self, slope)))
        if gap <= _VARIATION * float(np.max(np.abs(self._moved))):
            reason = "the gradient moves by as much elsewhere as inputs move in the last place"
            return [self._excused(found, gap / float(np.max(np.abs(self.scaled))), reason)]
        if self._is_rounding(unit, slope, gradient):
            return [self._excused(found, gap / larger, "it shrinks with the precision, as rounding does")]
        if gap <= _SUSPECT * larger and self._is_of_constants(along, unit, slope, gradient):
            return [self._excused(found, gap / larger, "rounding of the functions' constants can do as much")]
        return [found]

    @staticmethod
    def _excused(found: Finding, relative: float, reason: str) -> Finding:
        """A difference that does not refute; small enough, it is part of the accuracy."""
        agreement = Agreement.AGREES if relative <= ACCURACY else Agreement.UNRESOLVED
        return replace(found, agreement=agreement, detail=f"{found.detail}: {reason}")

    def _is_of_constants(self, along: Values, unit: Values, slope: Slope, gradient: float) -> bool:
        """Whether the difference moves by as much as itself as constants move in the last place."""
        gap = gradient - float_of(self, slope)
        rng = np.random.default_rng(0)
        for _ in range(_TRIES):
            with self.subject.moved_constants(rng) as moved:
                if not moved:
                    return False
                middle = self.subject.loss(self.flat)
                try:
                    other = self._scaled(self.subject.grad(self.flat)) @ unit
                except UnavailableError:
                    return False
                there = measure(self._at(along), middle, _STEPS, self.noise())
            if there.reason or not abs((other - there.value) - gap) * _VARIATION < abs(gap):
                return True
        return False

    def _gradient_with_digits(self, unit: Values) -> tuple[float, float] | None:
        """⟨g, v⟩ with many digits, and what rounding does to it; None if it cannot be evaluated so."""
        numbers = self.subject.numbers
        if self._grad_digits is None:
            flat = numbers.array(self.flat)
            try:
                whole = self.subject.grad(flat)
                with numbers.fewer() as share:
                    change = self.subject.grad(flat) - whole
                loose = _FLOOR * share * np.array([abs(numbers.to_float(one)) for one in change])
                self._grad_digits = whole, loose
            except NotAdmittedError as error:
                self._grad_digits = str(error)
        if isinstance(self._grad_digits, str):
            return None
        whole, loose = self._grad_digits
        total = numbers.number(0)
        weights = unit * self.scale
        for entry, weight in zip(whole, weights.tolist(), strict=True):
            total = total + entry * weight
        return numbers.to_float(total), float(np.sum(loose * np.abs(weights)))

    @property
    def gradient_refused_digits(self) -> str | None:
        """Why the gradient was not evaluated with many digits, if that was tried."""
        return self._grad_digits if isinstance(self._grad_digits, str) else None

    def low(self) -> Values | None:
        """The scaled gradient at float32; None where there is none."""
        if "float32" not in self.subject.library.levels:
            return None
        rng = np.random.default_rng(0)
        for attempt in range(_TRIES + 1):
            if self._grad_low is not None:
                break
            # What float64 tells apart may be the same in float32, and then is moved apart.
            moved = self.flat * (1 + bool(attempt) * 2.0**-23 * rng.uniform(-1, 1, size=self.flat.shape))
            with contextlib.suppress(UnavailableError), np.errstate(over="ignore", under="ignore"):
                low = self._scaled(np.asarray(self.subject.grad(moved.astype(np.float32)), dtype=np.float64))
                self._grad_low = low if np.all(np.isfinite(low)) else None
        return self._grad_low

    def _is_rounding(self, unit: Values, slope: Slope, gradient: float) -> bool:
        """Whether a difference shrinks from float32 to float64 as rounding does."""
        gap = abs(gradient - float_of(self, slope))
        low = self.low()
        if low is None:
            return False
        coarse = abs(math.fsum(low * unit) - float_of(self, slope))
        return gap < 2**9 * _ONE_PRECISION * coarse

    def _finding(
        self, name: str, slope: Slope, gradient: float, size: float, rounding: float, level: str
    ) -> Finding:
        value = float_of(self, slope)
        kind = FindingKind.DIRECTION
        facts: dict[str, Any] = {
            "point": self.point.name,
            "level": level,
            "place": name,
            "derivative": value,
            "radius": slope.radius,
            "gradient": gradient,
            "rounding": rounding,
            "order": slope.order,
            "ladder": slope.ladder,
        }
        if slope.kink is not None:
            return self._at_kink(name, slope.kink, gradient, rounding, facts)
        if slope.reason:
            return Finding(kind, Agreement.UNRESOLVED, f"along {name}: {slope.reason}", **facts)
        gap, error = abs(gradient - value), slope.radius + rounding
        text = f"along {name}: derivative {value:.10g} ± {slope.radius:.1e}, gradient {gradient:.10g}"
        if not math.isfinite(slope.radius):
            return Finding(kind, Agreement.UNRESOLVED, f"{text}: no step resolves the derivative", **facts)
        if gap > self.beyond * error and gap - error > self.rtol * max(size, abs(value)):
            return Finding(kind, Agreement.DIFFERS, f"{text} ± {rounding:.1e}", **facts)
        # Somewhat more than rounding was seen to do, but small: the accuracy reported has it in it.
        allowed = max(self.rtol, ACCURACY) if gap <= BEYOND * error else self.rtol
        if gap <= error or gap + error <= allowed * max(size, abs(value)):
            return Finding(kind, Agreement.AGREES, text, **facts)
        return Finding(
            kind,
            Agreement.UNRESOLVED,
            f"{text}: a difference of {gap / error:.1f} times their errors",
            **facts,
        )

    def _at_kink(
        self, name: str, kink: tuple[float, float], gradient: float, rounding: float, facts: dict[str, Any]
    ) -> Finding:
        left, right = kink
        width = 1e-6 * abs(right - left) + rounding
        text = f"kink along {name}: slope {left:.6g} before and {right:.6g} after, gradient {gradient:.6g}"
        outside = gradient < min(kink) - self.beyond * width or gradient > max(kink) + self.beyond * width
        return Finding(
            FindingKind.KINK, Agreement.DIFFERS if outside else Agreement.UNRESOLVED, text, **facts
        )

    # Coordinates

    def unit(self, position: int) -> Values:
        """The pattern of one coordinate."""
        pattern = np.zeros(self.flat.size)
        pattern[position] = 1.0
        return pattern

    def coordinates(self, positions: Sequence[int]) -> Coordinates:
        """Derivatives along these coordinates from three steps each: six calls of the loss."""
        size = self.flat.size
        derivative, radius = np.full(size, math.nan), np.full(size, math.inf)
        kinks = np.zeros(size, dtype=bool)
        moved = np.max(np.abs(self._moved), axis=0)
        rounding = _VARIATION * moved + _FLOOR * UNIT * (np.abs(self.scaled) + abs(self.loss))
        noise = self.noise()
        base = self.flat.copy()
        for position in positions:
            step = float(self.scale[position])
            here = float(base[position])

            def evaluate(factor: float, k: int = position, here: float = here, step: float = step) -> float:
                base[k] = here + factor * step
                if self.domain.given and not self.domain.has(base):
                    return math.nan
                value: float = self.subject.loss(base)
                return value

            slope = measure(evaluate, self.loss, _SCREENING, noise)
            base[position] = here
            if slope.kink is not None:
                kinks[position] = True
            elif not slope.reason:
                derivative[position], radius[position] = slope.value, slope.radius
        return Coordinates(derivative, radius, self.scaled, rounding, kinks)


def float_of(probe: Probe, slope: Slope) -> float:
    """The value of a slope of any kind of number."""
    value = slope.value
    if isinstance(value, float):
        return float(value)
    return probe.subject.numbers.to_float(value)
