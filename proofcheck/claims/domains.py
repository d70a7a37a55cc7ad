"""Domains: what a symbol of a statement ranges over, and how values of it are drawn.

A hypothesis is a way to draw inputs, not a filter over them: so shrinking a counterexample cannot
leave the hypotheses, and a claim nothing satisfies is seen to be vacuous.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from proofcheck.errors import ClaimDefinitionError, EmptyDomainError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Bits", "Domain", "HalfMax", "Index", "Interval", "Positive", "Real", "dimension"]
__all__ += ["dimension_symbols"]

_FACTOR = re.compile(r"(?P<name>[A-Za-z]\w*)(?:\^(?P<power>[1-9]))?|(?P<number>[1-9]\d*)")

# Small values first: a counterexample over them can be checked by hand.
_TABLE = tuple(Fraction(*pair) for pair in ((0, 1), (1, 1), (-1, 1), (2, 1), (1, 2), (-2, 1), (-1, 2)))


def _factors(text: str) -> list[tuple[str | int, int]]:
    factors: list[tuple[str | int, int]] = []
    for part in text.split("*"):
        match = _FACTOR.fullmatch(part.strip())
        if match is None:
            raise ClaimDefinitionError(
                f"dimension {text!r}: expected a product of names, powers and integers such as 'n' or 'd^2'"
            )
        if match["number"]:
            factors.append((int(match["number"]), 1))
        else:
            factors.append((match["name"], int(match["power"] or 1)))
    return factors


def dimension_symbols(text: str) -> frozenset[str]:
    """The size symbols in a dimension such as ``"n"``, ``"d^2"`` or ``"2*n"``."""
    return frozenset(name for name, _ in _factors(text) if isinstance(name, str))


def dimension(text: str, sizes: Mapping[str, Any]) -> Any:
    """The value of a dimension; ``sizes`` may hold integers or polynomials."""
    result: Any = 1
    for name, power in _factors(text):
        result = result * (name if isinstance(name, int) else sizes[name]) ** power
    return result


@dataclass(frozen=True, init=False)
class Domain:
    """What a symbol ranges over: arrays of one shape with entries from one set.

    Args:
        dims: the dimensions, for example ``"n", "d"``; none for a scalar.
        role: ``"fixed"`` or ``"variable"`` where the text says so, else empty.
    """

    dims: tuple[str, ...]
    role: str
    words: ClassVar[str] = "real"
    is_positive: ClassVar[bool] = False
    is_discrete: ClassVar[bool] = False
    """Not every entry may be moved a little: EXACT and BALL go through :meth:`cases`."""
    is_entrywise: ClassVar[bool] = True
    """An array is a member if each entry by itself may be one: entries may change places."""

    def __init__(self, *dims: str, role: str = "") -> None:
        for text in dims:
            _factors(text)
        object.__setattr__(self, "dims", dims)
        object.__setattr__(self, "role", role)

    @property
    def bounds(self) -> tuple[Fraction, Fraction] | None:
        """The least interval that holds every entry, where there is one."""
        return None

    @property
    def symbols(self) -> frozenset[str]:
        """Size symbols that occur in the dimensions."""
        return frozenset().union(*(dimension_symbols(text) for text in self.dims))

    def shape(self, sizes: Mapping[str, Any]) -> tuple[Any, ...]:
        """The shape at the given sizes."""
        return tuple(dimension(text, sizes) for text in self.dims)

    def describe(self) -> str:
        """In words: ``real n×d``, ``fixed real scalar``."""
        shape = "×".join(self.dims) if self.dims else "scalar"
        return " ".join(word for word in (self.role, self.words, shape) if word)

    def admit(self, value: Fraction) -> Fraction:
        """The member of the entry set that stands for ``value`` when drawing."""
        return value

    def table(self) -> tuple[Fraction, ...]:
        """Small members of the entry set, simplest first: what counterexamples are made of."""
        return tuple(dict.fromkeys(self.admit(value) for value in _TABLE))

    def cases(self, sizes: Mapping[str, int]) -> Iterator[np.ndarray[Any, Any]]:
        """The discrete choices: arrays of fixed entries, ``None`` where an entry is free within its bounds.

        Together they are all of the domain.
        """
        yield _empty(self.shape(sizes))

    def simpler(self, value: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
        """Members of the domain with one entry replaced by a simpler one, simplest first."""
        table = self.table()
        for position in _positions(value.shape):
            present = value[position]
            for entry in table[: table.index(present)] if present in table else table:
                other = self.changed(value, position, entry)
                if other is not None:
                    yield other

    def contains(self, values: np.ndarray[Any, Any]) -> bool:
        """Whether an array of fractions is a member, whatever its shape."""
        return all(self.admit(Fraction(value)) == value for value in values.flat)

    def changed(
        self, value: np.ndarray[Any, Any], position: tuple[int, ...], entry: Fraction
    ) -> np.ndarray[Any, Any] | None:
        """The array with another entry at a position; None where that leaves the domain."""
        other = value.copy()
        other[position] = entry
        return other if self.contains(other) else None

    def draw(
        self, rng: np.random.Generator, sizes: Mapping[str, int], *, scale: Fraction | None = None
    ) -> np.ndarray[Any, Any]:
        """An array of fractions: from :meth:`table`, or generic ones near ``scale``.

        Raises:
            EmptyDomainError: the entry set is empty.
        """
        shape = self.shape(sizes)
        out = _empty(shape)
        table = self.table()
        for position in _positions(shape):
            if scale is None:
                out[position] = table[int(rng.integers(len(table)))]
            else:
                # Dyadic, so that the same point is a float64 exactly.
                out[position] = self.admit(Fraction(int(rng.integers(-256, 257)), 128) * scale)
        return out


class Real(Domain):
    """Real entries without restriction.

    Args:
        dims: the dimensions, as in ``Real("n", "d^2")``; none for a scalar.
        role: ``"fixed"`` or ``"variable"`` where the text says so.
    """


class Positive(Domain):
    """Entries greater than 0.

    Args:
        dims: the dimensions, as of :class:`Real`.
        role: as of :class:`Real`.
    """

    words = "positive"
    is_positive = True

    def admit(self, value: Fraction) -> Fraction:
        """The absolute value; 1 for 0."""
        return abs(value) or Fraction(1)


class Interval(Domain):
    """Entries in the closed interval [low, high].

    An interval with ``low > high`` is empty; a claim over it is *vacuous*.

    Args:
        low: the left end, exact.
        high: the right end, exact.
        dims: the dimensions, as of :class:`Real`.
        role: as of :class:`Real`.
    """

    low: Fraction
    high: Fraction

    def __init__(self, low: int | Fraction, high: int | Fraction, *dims: str, role: str = "") -> None:
        super().__init__(*dims, role=role)
        object.__setattr__(self, "low", Fraction(low))
        object.__setattr__(self, "high", Fraction(high))

    @property
    def bounds(self) -> tuple[Fraction, Fraction]:
        """The ends."""
        return self.low, self.high

    def describe(self) -> str:
        """In words: ``real n×d in [0, 1]``."""
        return f"{super().describe()} in [{self.low}, {self.high}]"

    def admit(self, value: Fraction) -> Fraction:
        """Clamp to the interval."""
        return min(max(value, self.low), self.high)

    def draw(
        self, rng: np.random.Generator, sizes: Mapping[str, int], *, scale: Fraction | None = None
    ) -> np.ndarray[Any, Any]:
        """As for any domain, but generic members are spread over the whole interval."""
        if scale is None:
            return super().draw(rng, sizes)
        self.table()  # refuses an empty interval
        out = _empty(self.shape(sizes))
        for position in _positions(out.shape):
            out[position] = self.low + (self.high - self.low) * Fraction(int(rng.integers(257)), 256)
        return out

    def table(self) -> tuple[Fraction, ...]:
        """Ends, middle, and the small values inside.

        Raises:
            EmptyDomainError: ``low > high``.
        """
        if self.low > self.high:
            raise EmptyDomainError(f"the interval [{self.low}, {self.high}] is empty")
        inside = [value for value in _TABLE if self.low <= value <= self.high]
        return tuple(dict.fromkeys([*inside, self.low, self.high, (self.low + self.high) / 2]))


class Bits(Interval):
    """Entries 0 or 1.

    Args:
        dims: the dimensions, as of :class:`Real`.
        role: as of :class:`Real`.
    """

    is_discrete = True

    def __init__(self, *dims: str, role: str = "") -> None:
        super().__init__(0, 1, *dims, role=role)

    def describe(self) -> str:
        """In words: ``0-1 n×d``."""
        return Domain.describe(self).replace("real", "0-1")

    def admit(self, value: Fraction) -> Fraction:
        """1 for what is at least 1/2, else 0."""
        return Fraction(int(value >= Fraction(1, 2)))

    def table(self) -> tuple[Fraction, ...]:
        """0 and 1."""
        return (Fraction(0), Fraction(1))

    def draw(
        self, rng: np.random.Generator, sizes: Mapping[str, int], *, scale: Fraction | None = None
    ) -> np.ndarray[Any, Any]:
        """Independent fair bits, whatever the scale."""
        return Domain.draw(self, rng, sizes)

    def cases(self, sizes: Mapping[str, int]) -> Iterator[np.ndarray[Any, Any]]:
        """Every array of bits, fewest ones last: what a bound fails at is often all ones."""
        shape = self.shape(sizes)
        for bits in itertools.product((Fraction(1), Fraction(0)), repeat=math.prod(shape)):
            out = _empty((math.prod(shape),))
            out[:] = bits
            yield out.reshape(shape)


class HalfMax(Interval):
    """Entries in [0, 1], at least half of each row equal to 1; the hypothesis of Lemma E.2 over B.

    Vectors and scalars count as one row.

    Args:
        dims: the dimensions, as of :class:`Real`; rows are along the last.
        role: as of :class:`Real`.
    """

    is_discrete = True
    is_entrywise = False

    def __init__(self, *dims: str, role: str = "") -> None:
        super().__init__(0, 1, *dims, role=role)

    def describe(self) -> str:
        """In words: ``real n×n in [0, 1], half of each row 1``."""
        return f"{super().describe()}, half of each row 1"

    def draw(
        self, rng: np.random.Generator, sizes: Mapping[str, int], *, scale: Fraction | None = None
    ) -> np.ndarray[Any, Any]:
        """As for an interval, then a random half of each row, rounded up, is set to 1."""
        out = super().draw(rng, sizes, scale=scale)
        for row in _rows(out):
            row[rng.permutation(len(row))[: _half(row)]] = Fraction(1)
        return out

    def cases(self, sizes: Mapping[str, int]) -> Iterator[np.ndarray[Any, Any]]:
        """Every choice of which half of each row, rounded up, is 1; the others are free, 1 included."""
        free = _empty(self.shape(sizes))
        rows = list(_rows(free))
        choices = [itertools.combinations(range(len(row)), _half(row)) for row in rows]
        for chosen in itertools.product(*map(tuple, choices)):
            out = free.copy()
            for row, columns in zip(_rows(out), chosen, strict=True):
                row[list(columns)] = Fraction(1)
            yield out

    def contains(self, values: np.ndarray[Any, Any]) -> bool:
        """Whether the entries are in [0, 1] and half of each row is 1."""
        return super().contains(values) and _half_is_one(values)


def _empty(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An array of objects, all None."""
    import numpy as np  # here, so that the command line starts quickly, and `proofcheck doctor` without it

    return np.full(shape, None, dtype=object)


def _positions(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Of the entries of an array, row by row."""
    return itertools.product(*map(range, shape))


def _rows(values: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    """Views of the rows; of a vector or a scalar, one."""
    yield from values.reshape(-1, values.shape[-1] if values.ndim else 1)


def _half(row: np.ndarray[Any, Any]) -> int:
    return (len(row) + 1) // 2


def _half_is_one(values: np.ndarray[Any, Any]) -> bool:
    return all(sum(entry == 1 for entry in row) >= _half(row) for row in _rows(values))


@dataclass(frozen=True)
class Index:
    """A 1-based index i ∈ {1, …, dim}; a statement with one is claimed for every value of it.

    Attributes:
        dim: how far it goes, a dimension such as ``"n"`` or ``"d^2"``.
    """

    dim: str

    @property
    def symbols(self) -> frozenset[str]:
        """Size symbols that occur in the range."""
        return dimension_symbols(self.dim)

    def describe(self) -> str:
        """In words: ``index in 1..n``."""
        return f"index in 1..{self.dim}"
