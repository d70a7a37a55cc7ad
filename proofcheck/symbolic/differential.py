"""Partial derivatives of terms: one rule for each kind of term."""

from __future__ import annotations

from fractions import Fraction

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

__all__ = ["partial"]


def partial(term: Term, name: str, at: tuple[Idx, ...]) -> Term:
    """``∂ term / ∂ name[at]``; ``at`` holds indices that occur in no sum of the term.

    The derivative of an entry is a product of Kronecker deltas, one for each index.

    Raises:
        ValueError: the array is used with another number of indices than ``at`` has.
    """
    match term:
        case Const() | SizeOf() | Delta():
            return ZERO
        case Entry(own, indices):
            if own != name:
                return ZERO
            if len(indices) != len(at):
                raise ValueError(f"{name} has {len(indices)} indices, the derivative names {len(at)}")
            return mul(*(Delta(i, j) for i, j in zip(indices, at, strict=True)))
        case Sum(index, body):
            inner = partial(body, name, at)
            return ZERO if inner == ZERO else Sum(index, inner)
        case Add(parts):
            return add(*(partial(part, name, at) for part in parts))
        case Mul(parts):
            return add(
                *(
                    mul(*parts[:position], partial(part, name, at), *parts[position + 1 :])
                    for position, part in enumerate(parts)
                )
            )
        case Pow(base, exponent):
            return mul(Const(Fraction(exponent)), power(base, exponent - 1), partial(base, name, at))
        case Exp(argument):
            return mul(term, partial(argument, name, at))
        case Log(argument):
            return mul(power(argument, -1), partial(argument, name, at))
