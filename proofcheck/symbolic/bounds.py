"""Bounds of a term that can be read off from how it is written, for all sizes and all inputs.

Interval arithmetic over the tree: an entry lies where its domain has it, an exponential is positive, a
square is not negative, a sum over an index of terms ≥ 0 is ≥ 0.  Nothing is multiplied out, so what is to
be seen must be written so that it shows: Σ p (1 − v) ≥ 0 shows, 1 − Σ p v does not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from proofcheck.symbolic.products import Base, ExpOf, Factor, Polynomial
from proofcheck.symbolic.terms import Add, Const, Delta, Entry, Exp, Log, Mul, Pow, SizeOf, Sum, Term

__all__ = ["Bounds", "bounds_of", "is_sum_of_nonnegatives"]

Bounds: TypeAlias = tuple[Fraction | float, Fraction | float]
"""Low and high; infinite where nothing is known."""

_ANY: Bounds = (-math.inf, math.inf)


def bounds_of(term: Term, domains: Mapping[str, Bounds]) -> Bounds:
    """An interval that holds the term wherever it is defined.

    Args:
        term: the term.
        domains: bounds of the entries of arrays, by name; what is missing has none.
    """
    if isinstance(term, Const):
        return term.value, term.value
    if isinstance(term, SizeOf):
        return Fraction(1), math.inf
    if isinstance(term, Delta):
        return Fraction(0), Fraction(1)
    if isinstance(term, Entry):
        return domains.get(term.name, _ANY)
    if isinstance(term, Exp):
        low, high = bounds_of(term.argument, domains)
        return Fraction(int(low >= 0)), Fraction(1) if high <= 0 else math.inf
    if isinstance(term, Log):
        return _ANY
    if isinstance(term, Sum):
        low, high = bounds_of(term.body, domains)
        return Fraction(0) if low >= 0 else -math.inf, Fraction(0) if high <= 0 else math.inf
    if isinstance(term, Add):
        parts = [bounds_of(part, domains) for part in term.parts]
        return sum((low for low, _ in parts), Fraction(0)), sum((high for _, high in parts), Fraction(0))
    if isinstance(term, Pow):
        return _power(bounds_of(term.base, domains), term.exponent)
    assert isinstance(term, Mul)
    return _product(term.parts, domains)


def is_sum_of_nonnegatives(polynomial: Polynomial, domains: Mapping[str, Bounds]) -> bool:
    """Whether no product of a normal form is negative: its coefficient is positive, and so is each atom.

    So it is where a bound exceeds another by more of the same: (9 − 8) B n d.
    """
    return all(
        product.coefficient >= 0 and all(_is_nonnegative(factor, domains) for factor in product.atoms)
        for product in polynomial
    )


def _is_nonnegative(factor: Factor, domains: Mapping[str, Bounds]) -> bool:
    atom, power = factor
    if isinstance(atom, (ExpOf, Delta)) or (power.denominator == 1 and power % 2 == 0):
        return True
    if isinstance(atom, Base):
        return is_sum_of_nonnegatives(atom.scope.body, domains)
    return isinstance(atom, Entry) and domains.get(atom.name, _ANY)[0] >= 0


def _product(parts: tuple[Term, ...], domains: Mapping[str, Bounds]) -> Bounds:
    total: Bounds = (Fraction(1), Fraction(1))
    factors: dict[Term, int] = {}
    for part in parts:
        factors[part] = factors.get(part, 0) + 1
    for part, times in factors.items():
        low, high = _power(bounds_of(part, domains), Fraction(times))
        ends = [_times(a, b) for a in total for b in (low, high)]
        total = min(ends), max(ends)
    return total


def _times(a: Fraction | float, b: Fraction | float) -> Fraction | float:
    """Of ends of intervals: an infinite end times 0 is 0."""
    return Fraction(0) if a == 0 or b == 0 else a * b


def _power(base: Bounds, exponent: Fraction) -> Bounds:
    low, high = base
    if exponent.denominator != 1:
        return (Fraction(0), math.inf)  # a real root, where it is defined
    if exponent < 0:
        if low > 0:
            first = Fraction(0) if high == math.inf else high ** int(exponent)
            return first, low ** int(exponent)
        # Where it is defined the base is not 0; of a base that comes near to it, only the sign is kept.
        if low == 0 or exponent % 2 == 0:
            return Fraction(0), math.inf
        return (-math.inf, Fraction(0)) if high <= 0 else _ANY
    k = int(exponent)
    if k % 2 == 0 and low < 0 < high:
        return Fraction(0), max(-low, high) ** k
    ends = (low**k, high**k)
    return min(ends), max(ends)
