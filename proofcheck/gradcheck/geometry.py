"""Where to look: scales of the inputs, directions, and other points."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.gradcheck.inputs import Inputs

__all__ = ["Domain", "Point", "checked_domain", "directions", "far_points", "on_grid", "scales"]

Values = np.ndarray[Any, Any]
_FACTORS = (0.1, 10.0, 100.0)


@dataclass(frozen=True)
class Point:
    """A point at which to check.

    Attributes:
        name: how it was made.
        flat: its coordinates.
        ours: it is of our choosing, so that a function need not be able to cope with it.
    """

    name: str
    flat: Values
    ours: bool


class Domain:
    """Which points may be evaluated: all, those between two numbers, or those a predicate likes."""

    def __init__(self, inputs: Inputs, domain: Any) -> None:
        self._inputs = inputs
        self.bounds: tuple[float, float] | None = domain if isinstance(domain, tuple) else None
        self._predicate: Callable[..., Any] | None = domain if callable(domain) else None

    @property
    def given(self) -> bool:
        """Whether anything is excluded."""
        return self.bounds is not None or self._predicate is not None

    def has(self, flat: Values) -> bool:
        """Whether a point is in the domain."""
        if self.bounds is not None:
            low, high = self.bounds
            return bool(np.all(flat >= low) and np.all(flat <= high))
        if self._predicate is not None:
            return bool(self._inputs.call(self._predicate, np.asarray(flat, dtype=np.float64)))
        return True


def checked_domain(inputs: Inputs, domain: Any) -> Domain:
    """The domain asked for.

    Raises:
        UserInputError: it is no pair of increasing numbers and no predicate, or the inputs lie outside.
    """
    if domain is not None and not callable(domain):
        try:
            low, high = (float(one) for one in domain)
        except (TypeError, ValueError):
            low = high = math.nan
        if not low < high:
            raise UserInputError(
                f"domain={domain!r}: expected two numbers (low, high) with low < high, or a function "
                "of the inputs"
            )
        domain = (low, high)
        outside = np.flatnonzero((inputs.flat < low) | (inputs.flat > high))
        if outside.size:
            k = int(outside[0])
            raise UserInputError(
                f"{inputs.coordinate(k)} = {float(inputs.flat[k])!r} is outside the domain "
                f"({low:g}, {high:g}); choose inputs within it"
            )
    made = Domain(inputs, domain)
    if callable(domain) and not made.has(inputs.flat):
        raise UserInputError(
            "the inputs given are outside the domain: domain(...) is false there; choose others"
        )
    return made


def scales(inputs: Inputs, flat: Values, *, alike: bool = False) -> Values:
    """A step of each coordinate's own size, a power of two, so that moving by it is exact.

    Entries may have units of their own, so each is its own scale; one that is 0 has that of its input: the
    root of the mean square of what is not 0. ``alike`` gives all entries of an input the latter.
    """
    found = np.ones(flat.shape)
    for block in inputs.blocks:
        size = np.abs(flat[block.within])
        largest = float(size.max())
        if not largest:
            continue
        # Scaled before squaring: the entries may be as small as 1e-300.
        own = np.zeros(size.shape) if alike else size
        typical = largest * math.sqrt(float(np.mean((size[size > 0] / largest) ** 2)))
        found[block.within] = np.where(own > 0, own, typical)
    # ≤ the entry, so that x ± x/4 keeps its sign.
    return np.exp2(np.floor(np.log2(found)))


def on_grid(flat: Values, direction: Values, finest: float) -> Values:
    """A direction next to this one for which x ± finest·v is exact, and so are larger powers of two of it."""
    out: Values = ((flat + finest * direction) - flat) / finest
    return out


def directions(count: int, size: int, rng: np.random.Generator) -> list[tuple[str, Values]]:
    """Random directions, by turns of random signs and Gaussian."""
    found = []
    for k in range(count):
        if k % 2 == 0:
            found.append((f"signs {k // 2 + 1}", rng.choice([-1.0, 1.0], size=size)))
        else:
            # No coordinate may fall below what a mismatch could be seen by.
            gaussian = rng.standard_normal(size)
            found.append((f"Gaussian {k // 2 + 1}", np.sign(gaussian) * np.clip(np.abs(gaussian), 1 / 16, 4)))
    return found


def far_points(inputs: Inputs, domain: Domain, rng: np.random.Generator) -> list[Point]:
    """Points near the one given and at other scales, within the domain."""
    flat = inputs.flat
    found: list[Point] = []
    for k in range(2):
        factor = 1 + 0.25 * rng.uniform(-1, 1, size=flat.shape)
        moved = np.where(
            flat != 0, flat * factor, 0.25 * scales(inputs, flat) * rng.uniform(-1, 1, flat.shape)
        )
        found.append(Point(f"near {k + 1}", moved, not domain.given))
    for factor in _FACTORS:
        scaled: Values = flat * factor
        found.append(Point(f"x{factor:g}", scaled, not domain.given))
    if domain.bounds is not None and all(map(math.isfinite, domain.bounds)):
        low, high = domain.bounds
        for k in range(2):
            drawn = np.asarray(rng.uniform(low, high, size=flat.shape))
            found.append(Point(f"drawn {k + 1}", drawn, False))
    return [point for point in found if domain.has(point.flat) and np.all(np.isfinite(point.flat))]
