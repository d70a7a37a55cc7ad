"""Derivative against gradient along one direction: do they agree, and if not, is it more than rounding?

Along v the derivative is known as D ± r (:mod:`proofcheck.gradcheck.ladder`) and the gradient gives G = ⟨g,
v⟩, where rounding alone may account for ρ = 8·max |⟨g(x′) − g(x), v⟩| + 64 u (Σ|gᵢvᵢ| + |L|), x′ being x with
entries moved by one unit in the last place.  |G − D| ≤ r + ρ agrees, more than ten times that differs, and
what lies between is unresolved.  All of it scales with the loss and is free of the inputs' units, as v has
the inputs' own scales.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from typing import Any

import numpy as np

from proofcheck.gradcheck.extended import NotAdmittedError
from proofcheck.gradcheck.geometry import on_grid
from proofcheck.gradcheck.ladder import Slope, measure
from proofcheck.gradcheck.probe import ACCURACY, BEYOND, FLOOR, STEPS, TRIES, UNIT, VARIATION, Probe, float_of
from proofcheck.gradcheck.result import Agreement, Finding, FindingKind
from proofcheck.gradcheck.subject import UnavailableError

__all__ = ["compare_along"]

Values = np.ndarray[Any, Any]
# Of float32 against float64: how much smaller an error becomes that is rounding.
_ONE_PRECISION = 2.0**-29
# A relative difference beyond this is not put down to constants without a look at them.
_SUSPECT = 1e-2


def compare_along(probe: Probe, name: str, pattern: Values, *, digits: bool) -> list[Finding]:
    """Compare derivative and gradient along one direction.

    Args:
        probe: where.
        name: of the direction, for reports.
        pattern: the direction in units of the inputs' scales.
        digits: with many digits too, if the functions admit it.

    Returns:
        What was found in float64, and after it what was found with many digits.
    """
    along = on_grid(probe.flat, probe.scale * pattern, STEPS[-1])
    with np.errstate(invalid="ignore"):
        unit = along / probe.scale
    terms = probe.scaled * unit
    gradient = math.fsum(terms)
    size = math.fsum(np.abs(terms))
    moved = float(np.max(np.abs(probe.moved @ unit)))
    floor = FLOOR * UNIT * (size + abs(probe.loss))
    slope: Slope | None = None
    if digits and probe.trusted:
        with contextlib.suppress(NotAdmittedError):
            slope = probe.slope_with_digits(along)
    if slope is not None and not slope.reason:
        with_digits = probe.gradient_with_digits(unit)
        if with_digits is not None:
            exact, loose = with_digits
            formula = _finding(probe, name, slope, exact, size, floor + loose, "extended")
            if formula.agreement is Agreement.DIFFERS:
                return [formula]
            low = _finding(probe, name, slope, gradient, size, floor + VARIATION * moved, "float64")
            if low.agreement is Agreement.DIFFERS:
                # The formula is settled; what is left is the rounding of its evaluation.
                gap = abs(gradient - float_of(probe, slope))
                low = _excused(low, gap / size, "rounding, for with many digits it agrees")
            return [low, formula]
    elif slope is None or slope.kink is not None:
        slope = probe.slope(along)
    found = _finding(probe, name, slope, gradient, size, floor + VARIATION * moved, "float64")
    if found.agreement is not Agreement.DIFFERS:
        return [found]
    if not probe.trusted:
        detail = f"{found.detail}: {probe.distrust}"
        return [replace(found, agreement=Agreement.UNRESOLVED, detail=detail)]
    if found.kind is FindingKind.KINK:
        return [found]
    gap = abs(gradient - float_of(probe, slope))
    larger = max(size, abs(float_of(probe, slope)))
    if gap <= VARIATION * float(np.max(np.abs(probe.moved))):
        reason = "the gradient moves by as much elsewhere as inputs move in the last place"
        return [_excused(found, gap / float(np.max(np.abs(probe.scaled))), reason)]
    if _is_rounding(probe, unit, slope, gradient):
        return [_excused(found, gap / larger, "it shrinks with the precision, as rounding does")]
    if gap <= _SUSPECT * larger and _is_of_constants(probe, along, unit, slope, gradient):
        return [_excused(found, gap / larger, "rounding of the functions' constants can do as much")]
    return [found]


def _excused(found: Finding, relative: float, reason: str) -> Finding:
    """A difference that does not refute; small enough, it is part of the accuracy."""
    agreement = Agreement.AGREES if relative <= ACCURACY else Agreement.UNRESOLVED
    return replace(found, agreement=agreement, detail=f"{found.detail}: {reason}")


def _is_of_constants(probe: Probe, along: Values, unit: Values, slope: Slope, gradient: float) -> bool:
    """Whether the difference moves by as much as itself as constants move in the last place."""
    gap = gradient - float_of(probe, slope)
    rng = np.random.default_rng(0)
    for _ in range(TRIES):
        with probe.subject.moved_constants(rng) as moved:
            if not moved:
                return False
            middle = probe.subject.loss(probe.flat)
            try:
                other = probe.scaled_of(probe.subject.grad(probe.flat)) @ unit
            except UnavailableError:
                return False
            there = measure(probe.along(along), middle, STEPS, probe.noise())
        if there.reason or not abs((other - there.value) - gap) * VARIATION < abs(gap):
            return True
    return False


def _is_rounding(probe: Probe, unit: Values, slope: Slope, gradient: float) -> bool:
    """Whether a difference shrinks from float32 to float64 as rounding does."""
    gap = abs(gradient - float_of(probe, slope))
    low = probe.low()
    if low is None:
        return False
    coarse = abs(math.fsum(low * unit) - float_of(probe, slope))
    return gap < 2**9 * _ONE_PRECISION * coarse


def _finding(
    probe: Probe, name: str, slope: Slope, gradient: float, size: float, rounding: float, level: str
) -> Finding:
    value = float_of(probe, slope)
    kind = FindingKind.DIRECTION
    facts: dict[str, Any] = {
        "point": probe.point.name,
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
        return _at_kink(probe, name, slope.kink, gradient, rounding + slope.spread, facts)
    if slope.reason:
        return Finding(kind, Agreement.UNRESOLVED, f"along {name}: {slope.reason}", **facts)
    gap, error = abs(gradient - value), slope.radius + rounding
    text = f"along {name}: derivative {value:.10g} ± {slope.radius:.1e}, gradient {gradient:.10g}"
    if not math.isfinite(slope.radius):
        return Finding(kind, Agreement.UNRESOLVED, f"{text}: no step resolves the derivative", **facts)
    if gap > probe.beyond * error and gap - error > probe.rtol * max(size, abs(value)):
        return Finding(kind, Agreement.DIFFERS, f"{text} ± {rounding:.1e}", **facts)
    # Somewhat more than rounding was seen to do, but small: the accuracy reported has it in it.
    allowed = max(probe.rtol, ACCURACY) if gap <= BEYOND * error else probe.rtol
    if gap <= error or gap + error <= allowed * max(size, abs(value)):
        return Finding(kind, Agreement.AGREES, text, **facts)
    return Finding(
        kind,
        Agreement.UNRESOLVED,
        f"{text}: a difference of {gap / error:.1f} times their errors",
        **facts,
    )


def _at_kink(
    probe: Probe, name: str, kink: tuple[float, float], gradient: float, error: float, facts: dict[str, Any]
) -> Finding:
    left, right = kink
    width = 1e-6 * abs(right - left) + error
    text = f"kink along {name}: slope {left:.6g} before and {right:.6g} after, gradient {gradient:.6g}"
    outside = gradient < min(kink) - probe.beyond * width or gradient > max(kink) + probe.beyond * width
    return Finding(FindingKind.KINK, Agreement.DIFFERS if outside else Agreement.UNRESOLVED, text, **facts)
