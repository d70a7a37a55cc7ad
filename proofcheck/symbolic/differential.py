"""Partial derivatives of terms: one rule for each kind of term."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

from proofcheck.symbolic.terms import (
    ZERO,
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
    add,
    mul,
    power,
)

__all__ = ["RULES", "partial"]

At: TypeAlias = tuple[Idx, ...]


def partial(term: Term, name: str, at: At) -> Term:
    """``∂ term / ∂ name[at]``; ``at`` holds indices that occur in no sum of the term.

    The derivative of an entry is a product of Kronecker deltas, one for each index.

    Raises:
        ValueError: the array is used with another number of indices than ``at`` has.
    """
    return RULES[type(term)](term, name, at)


def _constant(term: Const | SizeOf | Delta, name: str, at: At) -> Term:
    return ZERO


def _entry(term: Entry, name: str, at: At) -> Term:
    if term.name != name:
        return ZERO
    if len(term.indices) != len(at):
        raise ValueError(f"{name} has {len(term.indices)} indices, the derivative names {len(at)}")
    return mul(*(Delta(i, j) for i, j in zip(term.indices, at, strict=True)))


def _sum(term: Sum, name: str, at: At) -> Term:
    inner = partial(term.body, name, at)
    return ZERO if inner == ZERO else Sum(term.index, inner)


def _add(term: Add, name: str, at: At) -> Term:
    return add(*(partial(part, name, at) for part in term.parts))


def _product(term: Mul, name: str, at: At) -> Term:
    parts = term.parts
    return add(
        *(
            mul(*parts[:place], partial(part, name, at), *parts[place + 1 :])
            for place, part in enumerate(parts)
        )
    )


def _power(term: Pow, name: str, at: At) -> Term:
    slope = partial(term.base, name, at)
    return mul(Const(Fraction(term.exponent)), power(term.base, term.exponent - 1), slope)


def _exp(term: Exp, name: str, at: At) -> Term:
    return mul(term, partial(term.argument, name, at))


def _log(term: Log, name: str, at: At) -> Term:
    return mul(power(term.argument, -1), partial(term.argument, name, at))


RULES: dict[type[Any], Callable[[Any, str, At], Term]] = {
    Const: _constant,
    SizeOf: _constant,
    Delta: _constant,
    Entry: _entry,
    Sum: _sum,
    Add: _add,
    Mul: _product,
    Pow: _power,
    Exp: _exp,
    Log: _log,
}
"""The rule for each kind of term; a function of the term, the array's name and the indices."""
