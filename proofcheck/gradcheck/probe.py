"""Measurements at one point: the loss, the gradient, slopes, what rounding does to them, all coordinates.

Slopes come with an error that is derived (:mod:`proofcheck.gradcheck.ladder`), in float64 or with many
digits.  What they say of the gradient is decided in :mod:`proofcheck.gradcheck.comparison`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofcheck.gradcheck.extended import NotAdmittedError
from proofcheck.gradcheck.geometry import Domain, Point, on_grid, scales
from proofcheck.gradcheck.ladder import Slope, difference_noise, measure
from proofcheck.gradcheck.subject import Subject, UnavailableError

__all__ = ["ACCURACY", "BEYOND", "FLOOR", "STEPS", "TRIES", "UNIT", "VARIATION", "Coordinates", "Probe"]
__all__ += ["float_of", "unsteady"]

Values = np.ndarray[Any, Any]
#: The unit roundoff of float64.
UNIT = 2.0**-53
#: Of ladders in float64, in units of the scales.
STEPS = tuple(2.0**-k for k in range(2, 41))
_SCREENING = tuple(2.0**-k for k in range(7, 10))
_FINE = tuple(2.0**-k for k in range(20, 24))
_FINEST = tuple(2.0**-k for k in range(45, 49))
#: To be certified, a gradient must be known to be right to this, relative to the largest entry of its input.
ACCURACY = 1e-7
# A loss that is farther than this from its value with many digits says nothing.
_SAME = 1e-2
#: Of units in the last place, that a sum may be off by.
FLOOR = 64.0
# Sums in another order differ by fewer units in the last place of the largest entry.
_SUMS = 1e4
# Of rounding beyond what was seen of it; there are digits enough.
_SPARE_BITS = 20
# What fewer digits may change: beyond it, they tell nothing about the error of more.
_LOST = 1e-6
#: Of the most that gradients were seen to move, that one may be off by.
VARIATION = 8.0
_PERTURBED = 4
#: How often something random is looked at again.
TRIES = 2
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
        self.scaled = self.scaled_of(self.grad)
        self.beyond = _BEYOND_AT_OURS if point.ours else BEYOND
        #: Changes of the scaled gradient as inputs move by one unit in the last place; a row for each try.
        self.moved = self._variation(rng)
        #: What the gradient of the same inputs differs by after calls with others, and where.
        self.unsteady = unsteady([self.grad, subject.grad(self.flat)])
        self._noise: float | None = None
        #: What ladders have shown rounding to do to the loss.
        self.most_noise = 0.0
        self._grad_low: Values | None = None
        self._grad_digits: Any = None
        #: Why float64 is not to be believed here; empty if nothing speaks against it.
        self.distrust = ""

    def scaled_of(self, grad: Values) -> Values:
        """A gradient in units of the loss per scale of each coordinate."""
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
                change = self.scaled_of(self.subject.grad(moved)) - self.scaled
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
            direction = on_grid(self.flat, self.scale, STEPS[-1])
            values = [self.subject.loss(self.flat + k * STEPS[-1] * direction) for k in range(-4, 5)]
            spread = difference_noise(values) if all(map(math.isfinite, values)) else 0.0
            self._noise = max(4 * spread, UNIT * abs(self.loss))
        return self._noise

    def along(self, direction: Values) -> Callable[[float], float]:
        """The loss by how far it goes along a direction; NaN outside of the domain."""

        def evaluate(step: float) -> float:
            moved = self.flat + step * direction
            if self.domain.given and not self.domain.has(moved):
                return math.nan
            value: float = self.subject.loss(moved)
            return value

        return evaluate

    def slope(self, direction: Values) -> Slope:
        """The derivative along a direction (in the inputs' own units) in float64."""
        found = measure(self.along(direction), self.loss, STEPS, self.noise())
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
        noise = FLOOR * (share * change + 2.0**_SPARE_BITS * numbers.unit_roundoff() * size)
        slope = measure(evaluate, middle, _FINE, noise, numbers.to_float)
        if not slope.reason and slope.radius <= UNIT * size:
            return slope
        finer = measure(evaluate, middle, _FINEST, noise, numbers.to_float)
        return finer if finer.radius < slope.radius or slope.reason else slope

    def gradient_with_digits(self, unit: Values) -> tuple[float, float] | None:
        """⟨g, v⟩ with many digits, and what rounding does to it; None if it cannot be evaluated so."""
        numbers = self.subject.numbers
        if self._grad_digits is None:
            flat = numbers.array(self.flat)
            try:
                whole = self.subject.grad(flat)
                with numbers.fewer() as share:
                    change = self.subject.grad(flat) - whole
                loose = FLOOR * share * np.array([abs(numbers.to_float(one)) for one in change])
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
        for attempt in range(TRIES + 1):
            if self._grad_low is not None:
                break
            # What float64 tells apart may be the same in float32, and then is moved apart.
            moved = self.flat * (1 + bool(attempt) * 2.0**-23 * rng.uniform(-1, 1, size=self.flat.shape))
            with contextlib.suppress(UnavailableError), np.errstate(over="ignore", under="ignore"):
                low = self.scaled_of(
                    np.asarray(self.subject.grad(moved.astype(np.float32)), dtype=np.float64)
                )
                self._grad_low = low if np.all(np.isfinite(low)) else None
        return self._grad_low

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
        moved = np.max(np.abs(self.moved), axis=0)
        rounding = VARIATION * moved + FLOOR * UNIT * (np.abs(self.scaled) + abs(self.loss))
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


def unsteady(grads: Sequence[Values]) -> tuple[float, int] | None:
    """By how much gradients of the same inputs differ at most, and at which coordinate; None if as sums do.

    Sums in another order on every call differ by a few units in the last place of the largest entry.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.max(np.abs(np.array(grads) - grads[0]), axis=0)
    worst = int(np.argmax(spread))
    same = spread[worst] <= _SUMS * UNIT * float(np.max(np.abs(grads[0])))
    return None if same else (float(spread[worst]), worst)


def float_of(probe: Probe, slope: Slope) -> float:
    """The value of a slope of any kind of number."""
    value = slope.value
    if isinstance(value, float):
        return float(value)
    return probe.subject.numbers.to_float(value)
