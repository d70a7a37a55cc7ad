"""To what a gradient is known to be right, from what was measured at a point.

An error |G − D| + r counts relative to the largest entry of the gradient of the same input, and that in two
ways: with entries in units of the loss per scale of the coordinate, and per unit of the input. The first is
fair to inputs whose entries have units of their own, the second to those where one entry happens to be next
to 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from proofcheck.gradcheck.inputs import Inputs
from proofcheck.gradcheck.probe import Coordinates, Probe
from proofcheck.gradcheck.result import Agreement, Finding

__all__ = ["Group", "accuracy", "error_along", "errors_of_coordinates"]

Values = np.ndarray[Any, Any]
#: Findings along one direction, with the number of the input that it moves; None for all.
Group = tuple[int | None, list[Finding]]
# |eᵢvᵢ| ≤ 10 |⟨e, v⟩|, unless that is small by chance: for four directions with probability below 1e-4.
_FROM_DIRECTIONS = 10.0


def error_along(findings: Sequence[Finding]) -> float:
    """What is possible along a direction: the difference of its float64 gradient and the radius."""
    first = next((f for f in findings if f.level == "float64"), None)
    if first is None or first.agreement is not Agreement.AGREES:
        return math.inf
    assert first.gradient is not None
    assert first.derivative is not None
    assert first.radius is not None
    return abs(first.gradient - first.derivative) + first.radius


def _sizes(probe: Probe, inputs: Inputs, rows: Coordinates | None) -> Values:
    """What errors are relative to, for each input, in units of the loss.

    Of an input whose gradient is 0 as far as can be told, the largest entry of the others; if all are, how
    much the loss changes over the inputs' scale.
    """
    found = np.array([float(np.max(np.abs(probe.scaled[b.within]))) for b in inputs.blocks])
    zero = found == 0
    if rows is not None:
        known = np.where(np.isfinite(rows.derivative), np.abs(rows.derivative), math.inf)
        noise = np.where(np.isfinite(rows.radius), rows.radius, 0.0) + rows.rounding
        nothing = np.maximum(known, np.abs(rows.gradient)) <= 2 * noise
        zero |= np.array([bool(np.all(nothing[b.within])) for b in inputs.blocks])
    overall = float(np.max(found[~zero], initial=0.0)) or probe.variation()
    return np.where(zero, overall, found)


def errors_of_coordinates(probe: Probe, rows: Coordinates) -> tuple[Values, Values]:
    """For each coordinate its relative error in units of the loss, and per unit of the input."""
    inputs = probe.subject.inputs
    sizes = _sizes(probe, inputs, rows)
    error = np.nan_to_num(rows.gap + rows.radius, nan=math.inf)
    scaled, plain = np.empty(error.size), np.empty(error.size)
    for block, size in zip(inputs.blocks, sizes, strict=True):
        part = block.within
        scaled[part] = error[part] / size
        # A gradient that is nothing but rounding has no largest entry to compare with.
        typical = float(np.max(probe.scale[part]))
        largest = max(float(np.max(np.abs(probe.scaled[part] / probe.scale[part]))), size / typical)
        with np.errstate(over="ignore"):
            plain[part] = error[part] / probe.scale[part] / largest
    return scaled, plain


def accuracy(probe: Probe, rows: Coordinates | None, groups: Sequence[Group], apart: int) -> float:
    """The largest relative error that is left possible; infinite if something was not resolved.

    Args:
        probe: where.
        rows: all coordinates, if they were measured.
        groups: directions.
        apart: how many inputs have directions of their own.
    """
    inputs = probe.subject.inputs
    sizes = _sizes(probe, inputs, rows)
    worst = np.full(sizes.size, math.inf)
    by_unit = 0.0
    if rows is not None and not np.any(rows.kinks):
        scaled, plain = errors_of_coordinates(probe, rows)
        worst = np.array([float(np.max(scaled[b.within])) for b in inputs.blocks])
        by_unit = float(np.max(plain))
    for k in range(len(inputs.blocks)):
        own = [findings for owner, findings in groups if owner == (k if apart else None)]
        if k < max(apart, 1) and own:
            along = max(error_along(findings) for findings in own)
            worst[k] = min(worst[k], _FROM_DIRECTIONS * along / sizes[k])
    return max(float(np.max(worst)), by_unit)
