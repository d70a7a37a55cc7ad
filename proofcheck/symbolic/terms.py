"""Terms of the calculus: scalars indexed by symbols whose ranges are symbolic sizes.

``Sum(k, Entry("A", (j, k)) · …)`` stands for Σ_{k=1}^{d} A_{jk} …, for every size d at once.  Terms
are immutable and compared by structure; :mod:`proofcheck.symbolic.normal_form` decides whether two
of them are equal.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from proofcheck.errors import IndexRangeError

__all__ = [
    "ONE",
    "ZERO",
    "Add",
    "Const",
    "Delta",
    "Entry",
    "Exp",
    "Idx",
    "Log",
    "Mul",
    "Pow",
    "SizeOf",
    "Sum",
    "Term",
    "add",
    "children",
    "fresh",
    "indices_of",
    "mul",
    "power",
    "replace_entries",
    "substitute",
    "subterms",
]

_numbers = itertools.count(1)


@dataclass(frozen=True, order=True)
class Idx:
    """An index with its range: 1 ≤ index ≤ the size named ``dim``.

    Two indices are the same if their numbers are; the name is for the reader.
    """

    number: int
    dim: str
    name: str = field(default="k", compare=False)

    def __str__(self) -> str:
        return self.name


def fresh(dim: str, name: str = "k") -> Idx:
    """An index that occurs nowhere else."""
    return Idx(next(_numbers), dim, name)


@dataclass(frozen=True)
class Const:
    """A rational number."""

    value: Fraction


@dataclass(frozen=True)
class SizeOf:
    """A size as a number, for example the d in 1/d."""

    dim: str


@dataclass(frozen=True)
class Entry:
    """An entry of a named array."""

    name: str
    indices: tuple[Idx, ...]


@dataclass(frozen=True)
class Delta:
    """1 where the two indices are equal, else 0.

    Raises:
        IndexRangeError: their ranges differ.
    """

    left: Idx
    right: Idx

    def __post_init__(self) -> None:
        if self.left.dim != self.right.dim:
            raise IndexRangeError(
                f"index {self.left} runs over 1..{self.left.dim} and is compared with "
                f"{self.right}, which runs over 1..{self.right.dim}"
            )


@dataclass(frozen=True)
class Sum:
    """Σ over all values of an index."""

    index: Idx
    body: Term


@dataclass(frozen=True)
class Add:
    """A sum of finitely many terms."""

    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Mul:
    """A product of finitely many terms."""

    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Pow:
    """A rational power; for negative ones the base is assumed not to vanish."""

    base: Term
    exponent: Fraction


@dataclass(frozen=True)
class Exp:
    """The exponential."""

    argument: Term


@dataclass(frozen=True)
class Log:
    """The natural logarithm; its argument is assumed positive."""

    argument: Term


Term: TypeAlias = Const | SizeOf | Entry | Delta | Sum | Add | Mul | Pow | Exp | Log

ZERO = Const(Fraction(0))
ONE = Const(Fraction(1))


def add(*parts: Term) -> Term:
    """The sum, zeros left out."""
    kept = tuple(part for part in parts if part != ZERO)
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Add(kept)


def mul(*parts: Term) -> Term:
    """The product, ones left out; 0 if a factor is."""
    if ZERO in parts:
        return ZERO
    kept = tuple(part for part in parts if part != ONE)
    if not kept:
        return ONE
    return kept[0] if len(kept) == 1 else Mul(kept)


def power(base: Term, exponent: Fraction | int) -> Term:
    """The power, trivial exponents resolved."""
    if exponent == 0:
        return ONE
    return base if exponent == 1 else Pow(base, Fraction(exponent))


def children(term: Term) -> tuple[Term, ...]:
    """The terms directly inside a term."""
    match term:
        case Sum(_, body):
            return (body,)
        case Add(parts) | Mul(parts):
            return parts
        case Pow(base, _):
            return (base,)
        case Exp(argument) | Log(argument):
            return (argument,)
        case _:
            return ()


def indices_of(term: Term) -> tuple[Idx, ...]:
    """The indices a term names itself, not inside other terms."""
    match term:
        case Entry(_, at):
            return at
        case Delta(left, right):
            return (left, right)
        case Sum(index, _):
            return (index,)
        case _:
            return ()


def subterms(term: Term) -> Iterator[Term]:
    """The term and everything inside it."""
    yield term
    for child in children(term):
        yield from subterms(child)


def substitute(term: Term, indices: Mapping[Idx, Idx]) -> Term:
    """Replace indices; summation indices are renamed so that none is captured."""
    if not indices:
        return term
    match term:
        case Entry(name, at):
            return Entry(name, tuple(indices.get(i, i) for i in at))
        case Delta(left, right):
            left, right = indices.get(left, left), indices.get(right, right)
            return ONE if left == right else Delta(left, right)
        case Sum(index, body):
            bound = fresh(index.dim, index.name)
            return Sum(bound, substitute(body, {**indices, index: bound}))
        case Add(parts):
            return add(*(substitute(part, indices) for part in parts))
        case Mul(parts):
            return mul(*(substitute(part, indices) for part in parts))
        case Pow(base, exponent):
            return power(substitute(base, indices), exponent)
        case Exp(argument):
            return Exp(substitute(argument, indices))
        case Log(argument):
            return Log(substitute(argument, indices))
        case Const() | SizeOf():
            return term


def replace_entries(term: Term, name: str, make: Any) -> Term:
    """Replace every entry of an array by ``make(*indices)``."""
    match term:
        case Entry(own, at):
            replaced: Term = make(*at) if own == name else term
            return replaced
        case Sum(index, body):
            return Sum(index, replace_entries(body, name, make))
        case Add(parts):
            return add(*(replace_entries(part, name, make) for part in parts))
        case Mul(parts):
            return mul(*(replace_entries(part, name, make) for part in parts))
        case Pow(base, exponent):
            return power(replace_entries(base, name, make), exponent)
        case Exp(argument):
            return Exp(replace_entries(argument, name, make))
        case Log(argument):
            return Log(replace_entries(argument, name, make))
        case _:
            return term
