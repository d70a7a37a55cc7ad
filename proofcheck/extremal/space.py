"""The inputs of a form at fixed sizes as one vector: what may be moved, how far, and what a member is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.checks.binding import Sizes, meets
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import Bits, Domain, HalfMax, Interval, Positive, Real
from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.recorded import Floats

__all__ = ["Space"]

_MOST_REAL, _MOST_POSITIVE = 2.0**10, 2.0**20
_KNOWN = (Real, Positive, Interval, Bits, HalfMax)


class Space:
    """The inputs of a form at fixed sizes as one vector of floats.

    Args:
        form: whose inputs.
        sizes: values of its size symbols.
    """

    def __init__(self, form: Form, sizes: Sizes) -> None:
        self.form, self.sizes = form, sizes
        self.domains = form.domains()
        self._shapes = {name: domain.shape(sizes) for name, domain in self.domains.items()}
        self.places: dict[str, slice] = {}
        start = 0
        for name, shape in self._shapes.items():
            self.places[name] = slice(start, start + math.prod(shape))
            start += math.prod(shape)
        self.size = start
        self.low, self.high = np.full(start, -_MOST_REAL), np.full(start, _MOST_REAL)
        self.bits, self.positive, self.still = (np.zeros(start, dtype=bool) for _ in range(3))
        self._halves: list[slice] = []
        for name, domain in self.domains.items():
            self._declare(self.places[name], domain)

    def _declare(self, at: slice, domain: Domain) -> None:
        if isinstance(domain, Positive):
            self.low[at], self.high[at] = 1 / _MOST_POSITIVE, _MOST_POSITIVE
            self.positive[at] = True
        if isinstance(domain, Interval):
            self.low[at], self.high[at] = float(domain.low), float(domain.high)
        self.bits[at] = isinstance(domain, Bits)
        # The set of a domain of somebody else's is known by ``admit`` and ``table`` alone.
        self.still[at] = isinstance(domain, Bits) or type(domain) not in _KNOWN
        if isinstance(domain, HalfMax):
            width = domain.shape(self.sizes)[-1] if domain.dims else 1
            self._halves += [slice(k, k + width) for k in range(at.start, at.stop, width)]

    @property
    def bounded(self) -> Any:
        """Where an entry has ends to jump to and may take any value between."""
        return (np.abs(self.high) < _MOST_REAL) & ~self.positive & ~self.still

    def vector(self, point: Mapping[str, Any]) -> Floats:
        """The inputs as one vector."""
        parts = [np.asarray(point[name]).astype(float).ravel() for name in self.domains]
        return np.concatenate(parts) if parts else np.zeros(0)

    def arrays(self, vector: Floats) -> dict[str, Floats]:
        """The vector as inputs by name."""
        return {name: vector[at].reshape(self._shapes[name]) for name, at in self.places.items()}

    def fractions(self, vector: Floats) -> dict[str, np.ndarray[Any, Any]]:
        """The inputs exactly: a float is a fraction, and an end of an interval is that end."""
        found = {}
        for name, values in self.arrays(vector).items():
            out = np.empty(values.shape, dtype=object)
            for at in np.ndindex(*values.shape):
                out[at] = self.domains[name].admit(Fraction(float(values[at])))
            found[name] = out
        return found

    def contains(self, point: Mapping[str, Any]) -> bool:
        """Whether exact inputs are members of their domains and meet ``where``."""
        if not all(domain.contains(point[name]) for name, domain in self.domains.items()):
            return False
        if self.form.where is None:
            return True
        try:
            return meets(self.form, self.sizes, point)
        except (OutsideCalculusError, ZeroDivisionError):
            return False

    def admitted(self, vector: Floats) -> Floats:
        """The nearest member, as far as its domain is known: clamped, the largest half of a row 1."""
        out: Floats = np.clip(vector, self.low, self.high)
        for row in self._halves:
            width = row.stop - row.start
            top = np.argsort(-vector[row], kind="stable")[: (width + 1) // 2]
            out[row][top] = 1.0
        return out

    def moved(self, vector: Floats, slope: Floats, step: float) -> Floats:
        """A step along the slope; positive entries are multiplied."""
        out = np.where(self.still, vector, vector + step * slope)
        if self.positive.any():
            part = self.positive & ~self.still
            out[part] = vector[part] * np.exp(np.clip(step * slope[part], -4, 4))
        return out

    def scaled(self, vector: Floats, gradient: Floats) -> Floats:
        """The slope in the coordinates that are moved: logarithms of positive entries."""
        return np.where(self.still, 0.0, np.where(self.positive, gradient * vector, gradient))

    def corner(self, vector: Floats, gradient: Floats) -> Floats:
        """Bounded entries at the ends that the slope points to; in a row of halves the steepest are 1."""
        ends = np.where(gradient > 0, self.high, np.where(gradient < 0, self.low, vector))
        out = np.where(self.bounded, ends, vector)
        for row in self._halves:
            # Rank decides between entries that are both wanted at 1, or both at 0.
            top = np.argsort(-gradient[row], kind="stable")[: (row.stop - row.start + 1) // 2]
            out[row][top] = 1.0
        return out
