"""What is known of a mismatch: the derivative measured, the gradient, and the errors of both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofcheck.gradcheck.inputs import Block
from proofcheck.gradcheck.probe import BEYOND, Coordinates, Probe

__all__ = ["Evidence", "evidence_of"]

Values = np.ndarray[Any, Any]
_LEFT = 1e-4


@dataclass(frozen=True)
class Evidence:
    """What is known of one input, or of all.

    Attributes:
        derivative, gradient: in the inputs' own units.
        scale: of each coordinate; times it, both are in units of the loss.
        known: which derivatives were measured.
        error: of the measurement and of rounding, in units of the loss.
        shape: of the input; flat for all.
    """

    derivative: Values
    gradient: Values
    scale: Values
    known: Values
    error: Values
    shape: tuple[int, ...]

    def gap(self, gradient: Values) -> Values:
        """|gradient − derivative| in units of the loss; 0 where nothing was measured."""
        with np.errstate(over="ignore", invalid="ignore"):
            gap = np.abs(gradient - self.derivative) * self.scale
        found: Values = np.where(self.known, np.nan_to_num(gap, nan=math.inf), 0.0)
        return found

    @property
    def wrong(self) -> Values:
        """Coordinates that differ."""
        found: Values = self.known & (self.gap(self.gradient) > BEYOND * self.error)
        return found

    def left(self, gradient: Values) -> float | None:
        """What a mended gradient leaves of the mismatch; None if that is too much to explain it."""
        before = float(np.max(self.gap(self.gradient)))
        after = float(np.max(self.gap(gradient)))
        enough = max(BEYOND * float(np.max(self.error, where=self.known, initial=0.0)), _LEFT * before)
        return after / before if after <= min(enough, before / 8) else None

    def ratio(self, gradient: Values) -> float:
        """The c that brings c·gradient nearest to the derivative."""
        g, d = (gradient * self.scale)[self.known], (self.derivative * self.scale)[self.known]
        size = float(np.max(np.abs(g), initial=0.0))
        if not 0 < size < math.inf:
            return math.nan
        return float((d / size) @ (g / size) / ((g / size) @ (g / size)))


def evidence_of(probe: Probe, rows: Coordinates, block: Block | None) -> Evidence:
    """Of one input, or of all of them as one vector."""
    part = slice(None) if block is None else block.within
    scale = probe.scale[part]
    derivative = rows.derivative[part] / scale
    known = np.isfinite(derivative) & np.isfinite(rows.radius[part]) & ~rows.kinks[part]
    error = np.where(known, rows.radius[part] + rows.rounding[part], 0.0)
    shape = (scale.size,) if block is None else block.shape
    return Evidence(np.where(known, derivative, 0.0), probe.grad[part], scale, known, error, shape)
