"""What a probe measures: a grid of sizes, bounds and families of inputs, cut into cells.

A cell is one (n, d, b, family): inputs whose entries are at most B = b √ln n in absolute value. It is
measured for every ε of the grid at once, since most of the work does not depend on it.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from proofcheck.errors import UserInputError

__all__ = ["FAMILIES", "LARGEST_N", "Cell", "Grid"]

#: What the entries of A1 and A2 are (:mod:`reductions.probe.inputs`).
FAMILIES = ("uniform", "signs", "aligned", "clustered", "hard")

LARGEST_N = 1 << 17
_LEAST_N, _LARGEST_D, _LARGEST_B = 16, 64, 100.0
_LARGEST_BUDGET, _LARGEST_PAIRS, _LARGEST_RANK = 1_000_000, 1000, 1 << 13
_MOST_CELLS = 100_000


@dataclass(frozen=True)
class Cell:
    """One place of the grid.

    Attributes:
        n, d: rows and columns of A1 and A2.
        b: the bound of their entries over √ln n.
        family: one of :data:`FAMILIES`.
    """

    n: int
    d: int
    b: float
    family: str

    @property
    def bound(self) -> float:
        """B."""
        return self.b * math.sqrt(math.log(self.n))

    @property
    def name(self) -> str:
        """Of its file; no two cells have the same."""
        return f"n{self.n:06d}-d{self.d:02d}-b{self.b!r}-{self.family}"


@dataclass(frozen=True)
class Grid:
    """A probe: all combinations of n, d, b and family, each for every ε.

    Attributes:
        n: from 16 to 2^17; even, and d a power of two from 8 on, where the family ``"hard"`` is among them.
        d: from 1 to 64.
        b: B/√ln n, greater than 0, at most 100.
        families: of :data:`FAMILIES`.
        eps: relative errors ‖g̃ − g‖_∞/‖g‖_∞ that are asked for, between 0 and 1.
        seed: of all inputs.
        budget: the most features that the fast method may have.
        pairs: of a YES- and a NO-instance, decided in each cell of the family ``"hard"``.
        rank_to: the ε-rank is computed where n is at most this.

    Raises:
        UserInputError: a number out of its range, or twice; no cell, or more than 100,000.
    """

    n: tuple[int, ...]
    d: tuple[int, ...]
    b: tuple[float, ...]
    families: tuple[str, ...] = FAMILIES
    eps: tuple[float, ...] = (1e-2,)
    seed: int = 0
    budget: int = 10_000
    pairs: int = 4
    rank_to: int = 1024

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "n", _several("n", self.n, _whole(_LEAST_N, LARGEST_N)))
        set_(self, "d", _several("d", self.d, _whole(1, _LARGEST_D)))
        set_(self, "b", _several("b", self.b, _between(0, _LARGEST_B, closed=True)))
        set_(self, "eps", _several("eps", self.eps, _between(0, 1, closed=False)))
        set_(self, "families", _several("families", self.families, _family))
        for name, least, most in (
            ("seed", 0, 2**63 - 1),
            ("budget", 1, _LARGEST_BUDGET),
            ("pairs", 0, _LARGEST_PAIRS),
            ("rank_to", 0, _LARGEST_RANK),
        ):
            set_(self, name, _whole(least, most)(name, getattr(self, name)))
        if "hard" in self.families:
            for d in self.d:
                if d < 8 or d & (d - 1):
                    raise UserInputError(
                        f"d is {d}: the family 'hard' needs a power of two from 8 on; "
                        "choose another, or families without 'hard'"
                    )
            for n in self.n:
                if n % 2:
                    raise UserInputError(f"n is {n}: the family 'hard' needs an even number of rows")
        if len(self) > _MOST_CELLS:
            raise UserInputError(f"the grid has {len(self):,} cells; expected at most {_MOST_CELLS:,}")

    def __len__(self) -> int:
        return len(self.n) * len(self.d) * len(self.b) * len(self.families)

    def cells(self) -> Iterator[Cell]:
        """All cells, n growing slowest."""
        for n in self.n:
            for d in self.d:
                for b in self.b:
                    for family in self.families:
                        yield Cell(n, d, b, family)

    def to_json(self) -> dict[str, Any]:
        """Plain data, from which :meth:`from_json` makes it again."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }

    @classmethod
    def from_json(cls, data: Any) -> Grid:
        """The grid of :meth:`to_json`.

        Raises:
            UserInputError: it is no such data.
        """
        names = tuple(cls.__dataclass_fields__)
        if not isinstance(data, dict) or set(data) != set(names):
            raise UserInputError(f"expected an object with {', '.join(names)}")
        values: dict[str, Any] = {
            name: tuple(own) if isinstance(own, list) else own for name, own in data.items()
        }
        return cls(**values)


def _several(name: str, values: Any, check: Callable[[str, Any], Any]) -> tuple[Any, ...]:
    """Values that are each in order, in the order given."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise UserInputError(f"{name} is {values!r}; expected several values")
    found = tuple(check(name, value) for value in values)
    if not found:
        raise UserInputError(f"{name} is empty; expected at least one value")
    seen = set()
    for value in found:
        if value in seen:
            raise UserInputError(f"{name} has {value!r} twice")
        seen.add(value)
    return found


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise UserInputError(f"{name} is {value!r}; expected an integer from {least:,} to {most:,}")
        return int(value)

    return check


def _between(low: float, high: float, *, closed: bool) -> Callable[[str, Any], float]:
    def check(name: str, value: Any) -> float:
        real = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not real or not (low < value < high or (closed and value == high)):
            end = f"at most {high:g}" if closed else f"less than {high:g}"
            raise UserInputError(f"{name} is {value!r}; expected a number greater than {low:g}, {end}")
        return float(value)

    return check


def _family(name: str, value: Any) -> str:
    if value not in FAMILIES:
        raise UserInputError(f"{name} has {value!r}; expected some of {', '.join(FAMILIES)}")
    return str(value)
