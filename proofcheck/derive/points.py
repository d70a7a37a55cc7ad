"""Derivatives compared at random points, by a way that shares nothing with the calculus.

The quantity is computed as written over dual numbers, whose tangents are its derivative; the term of
the calculus is computed by loops over its sums.  Both are exact numbers c·e^p, so that equality is
decided; where a logarithm leaves them, both are computed to 60 digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.derive.result import Check
from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.scalars import scalar_exp, scalar_log
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.symbolic.derivation import Chain
from proofcheck.symbolic.terms import (
    Add,
    Const,
    Delta,
    Entry,
    Exp,
    Idx,
    Log,
    Mul,
    Pow,
    SizeOf,
    Sum,
    Term,
)

__all__ = ["Comparison", "Quantity", "compare"]

_PATTERNS = ((1, 1), (2, 3), (3, 2))
_ENTRIES = 3
_DRAWS = 20
_DIGITS, _AGREEING = 60, 40

Quantity = Callable[[StrictNamespace, Mapping[str, Array], Mapping[str, int], Mapping[Idx, int]], Array]
"""A scalar made of arrays, at sizes, and at values (from 1) of the indices that stay free."""


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
        quantity: what is differentiated, as a statement computes it.
        inputs: names of arrays and their size symbols.
        sizes: all size symbols.
        variable: the input that is varied.
        at: indices of the entry of it that is varied.
        free: indices the quantity depends on.
        chain: what the names in ``term`` mean.
        term: the derivative as the calculus has it.
    """

    quantity: Quantity
    inputs: Mapping[str, tuple[str, ...]]
    sizes: tuple[str, ...]
    variable: str
    at: tuple[Idx, ...]
    free: tuple[Idx, ...]
    chain: Chain
    term: Term


class _NoPointError(Exception):
    """The quantity is defined at none of the points that were drawn."""


def compare(what: Comparison, *, patterns: Sequence[tuple[int, int]] = _PATTERNS, seed: int = 0) -> Check:
    """Compare derivatives at a few random points of small sizes."""
    rng = np.random.default_rng(seed)
    exact = ExactField()
    try:
        arithmetic: Callable[[Fraction], Any] = exact.constant
        words = "exactly"
        try:
            count = sum(_at_size(what, sizes, arithmetic, rng) for sizes in _sizes(what.sizes, patterns))
        except OutsideCalculusError:
            words = f"to {_AGREEING} digits"
            arithmetic = _many_digits
            count = sum(_at_size(what, sizes, arithmetic, rng) for sizes in _sizes(what.sizes, patterns))
    except _Difference as difference:
        return Check(f"dual numbers give another derivative, {difference}", False)
    except _NoPointError:
        return Check("no random point was found at which it is defined, so none could be compared", False)
    return Check(f"agrees {words} with dual numbers in {count} entries at random points of small sizes", True)


def _sizes(symbols: Sequence[str], patterns: Sequence[tuple[int, int]]) -> Iterator[dict[str, int]]:
    for pattern in patterns:
        # Beyond two symbols sizes go on growing, so that no two of them always agree.
        grow = min(pattern) > 1
        yield {name: pattern[k % 2] + (k // 2 if grow else 0) for k, name in enumerate(symbols)}


class _Difference(Exception):
    """The two derivatives differ; the message says where."""


def _at_size(
    what: Comparison, sizes: Mapping[str, int], number: Callable[[Fraction], Any], rng: np.random.Generator
) -> int:
    """Compare some entries at one size; how many."""
    for attempt in range(_DRAWS):
        positive = attempt % 2 == 1
        drawn = {
            name: _draw(tuple(sizes[dim] for dim in dims), rng, positive)
            for name, dims in what.inputs.items()
        }
        try:
            return _at_point(what, sizes, number, drawn, rng)
        except (ZeroDivisionError, ValueError):
            continue  # not defined at this point
    raise _NoPointError


def _draw(shape: tuple[int, ...], rng: np.random.Generator, positive: bool) -> np.ndarray[Any, Any]:
    out = np.empty(shape, dtype=object)
    for position in np.ndindex(*shape):
        sign = 1 if positive or rng.integers(2) else -1
        out[position] = sign * Fraction(int(rng.integers(1, 7)), 4)
    return out


def _at_point(
    what: Comparison,
    sizes: Mapping[str, int],
    number: Callable[[Fraction], Any],
    drawn: Mapping[str, np.ndarray[Any, Any]],
    rng: np.random.Generator,
) -> int:
    xp = StrictNamespace(number)
    arrays = {name: xp.array(value) for name, value in drawn.items()}
    values = _Values(what.chain, sizes, arrays, number)
    places = list(itertools.product(*(range(1, sizes[i.dim] + 1) for i in (*what.at, *what.free))))
    chosen = [places[int(k)] for k in rng.permutation(len(places))[:_ENTRIES]]
    for place in chosen:
        at, free = place[: len(what.at)], dict(zip(what.free, place[len(what.at) :], strict=True))

        def along(point: Array, free: Mapping[Idx, int] = free) -> Array:
            return what.quantity(xp, {**arrays, what.variable: point}, sizes, free)

        direct = xp.D(along, arrays[what.variable])[at].values[()]
        ours = values.of(what.term, {**dict(zip(what.at, at, strict=True)), **free})
        if not _equal(direct, ours):
            where = ", ".join(f"{name} = {size}" for name, size in sizes.items())
            raise _Difference(f"for example at {where}, entry {place}")
    return len(chosen)


def _equal(left: Any, right: Any) -> bool:
    difference = left - right
    if hasattr(difference, "is_zero"):
        return bool(difference.is_zero())
    return bool(abs(difference) <= 10 ** -difference.context.mpf(_AGREEING) * max(1, abs(left), abs(right)))


def _many_digits(value: Any) -> Any:
    fraction = Fraction(value)
    return _context().mpf(fraction.numerator) / fraction.denominator


def _context() -> Any:
    """An mpmath with its own precision, apart from what others set."""
    if not _contexts:
        import mpmath

        _contexts.append(mpmath.mp.clone())
        _contexts[0].dps = _DIGITS
    return _contexts[0]


_contexts: list[Any] = []


class _Values:
    """Terms at a point; the value of every named entry is computed once."""

    def __init__(
        self,
        chain: Chain,
        sizes: Mapping[str, int],
        arrays: Mapping[str, Array],
        number: Callable[[Fraction], Any],
    ) -> None:
        self._chain, self._sizes, self._arrays, self._number = chain, sizes, arrays, number
        self._known: dict[tuple[str, tuple[int, ...]], Any] = {}

    def of(self, term: Term, at: Mapping[Idx, int]) -> Any:
        match term:
            case Const(value):
                return self._number(value)
            case SizeOf(dim):
                return self._number(Fraction(self._sizes[dim]))
            case Entry(name, indices):
                return self._entry(name, tuple(at[index] for index in indices), at)
            case Delta(left, right):
                return self._number(Fraction(int(at[left] == at[right])))
            case Sum(index, body):
                total = self._number(Fraction(0))
                for k in range(1, self._sizes[index.dim] + 1):
                    total = total + self.of(body, {**at, index: k})
                return total
            case Add(parts):
                total = self._number(Fraction(0))
                for part in parts:
                    total = total + self.of(part, at)
                return total
            case Mul(parts):
                product = self._number(Fraction(1))
                for part in parts:
                    product = product * self.of(part, at)
                return product
            case Pow(base, exponent):
                if exponent.denominator > 1:
                    raise OutsideCalculusError("a broken power at a point")
                value = self.of(base, at) ** abs(int(exponent))
                return value if exponent > 0 else 1 / value
            case Exp(argument):
                return scalar_exp(self.of(argument, at))
            case Log(argument):
                return scalar_log(self.of(argument, at))

    def _entry(self, name: str, place: tuple[int, ...], at: Mapping[Idx, int]) -> Any:
        if name not in self._chain.definitions:
            return self._arrays[name].values[tuple(k - 1 for k in place)]
        one = self._chain.definitions[name]
        # A definition may name free indices of the whole expression beside its own.
        key = (name, place)
        if key not in self._known:
            self._known[key] = self.of(one.body, {**at, **dict(zip(one.indices, place, strict=True))})
        return self._known[key]
