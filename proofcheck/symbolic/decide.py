"""Deciding whether a term is 0 for all sizes, and where the term is defined at all.

A negative power assumes that its base is not 0, a broken one that it is not negative, a logarithm that
its argument is positive.  What is seen to be so (a sum of exponentials is positive) is no assumption;
the rest is listed, and a proof holds where it is met.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from proofcheck.errors import OutsideCalculusError
from proofcheck.symbolic.normal_form import is_zero
from proofcheck.symbolic.printing import index_names, to_text
from proofcheck.symbolic.terms import (
    Add,
    Const,
    Delta,
    Entry,
    Exp,
    Log,
    Mul,
    Pow,
    SizeOf,
    Sum,
    Term,
    children,
)

__all__ = ["Answer", "Decision", "assumptions", "decide"]


class Answer(StrEnum):
    """What the calculus knows; it never refutes."""

    PROVED = "proved"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Decision:
    """Whether a term is 0 for all sizes ≥ 1.

    Attributes:
        answer: PROVED, or UNKNOWN.
        conditions: what the term assumes about its inputs, for a reader; PROVED holds where they are met.
        reason: why it is UNKNOWN.
    """

    answer: Answer
    conditions: tuple[str, ...] = ()
    reason: str = ""


def decide(term: Term, *, positive: Collection[str] = ()) -> Decision:
    """Decide whether a term is 0; arrays named in ``positive`` have positive entries.

    Raises:
        ZeroDivisionError: the term divides by something that is 0 everywhere.
    """
    conditions = assumptions(term, positive=positive)
    try:
        zero = is_zero(term)
    except OutsideCalculusError as error:
        return Decision(Answer.UNKNOWN, conditions, str(error))
    if zero:
        return Decision(Answer.PROVED, conditions)
    return Decision(Answer.UNKNOWN, conditions, "the normal forms differ")


def assumptions(*terms: Term, positive: Collection[str] = ()) -> tuple[str, ...]:
    """What must hold for the terms to be defined, one condition each, none twice."""
    found: dict[str, None] = {}
    for term in terms:
        for part, relation in _conditions(term, frozenset(positive)):
            names = index_names(part)
            ranges = ", ".join(f"{name} ≤ {index.dim}" for index, name in names.items())
            found[f"{to_text(part, names)} {relation}" + (f" for all {ranges}" if ranges else "")] = None
    return tuple(found)


def _conditions(term: Term, positive: frozenset[str]) -> Iterator[tuple[Term, str]]:
    match term:
        case Pow(base, exponent) if exponent < 0 or Fraction(exponent).denominator > 1:
            if Fraction(exponent).denominator == 1:
                for factor in _factors(base):
                    if not _sign(factor, positive)[0]:
                        yield factor, "≠ 0"
            elif not _sign(base, positive)[0 if exponent < 0 else 1]:
                yield base, "> 0" if exponent < 0 else "≥ 0"
        case Log(argument):
            if not _sign(argument, positive)[0]:
                yield argument, "> 0"
    for child in children(term):
        yield from _conditions(child, positive)


def _factors(term: Term) -> Iterator[Term]:
    """The terms that must not vanish for a term not to."""
    match term:
        case Mul(parts):
            for part in parts:
                yield from _factors(part)
        case Pow(base, _):
            yield from _factors(base)
        case _:
            yield term


def _sign(term: Term, positive: frozenset[str]) -> tuple[bool, bool]:
    """Whether it is seen that a term is positive, and that it is not negative."""
    match term:
        case Const(value):
            return value > 0, value >= 0
        case SizeOf() | Exp():
            return True, True
        case Delta():
            return False, True
        case Entry(name, _):
            return name in positive, name in positive
        case Sum(_, body):
            return _sign(body, positive)
        case Add(parts):
            signs = [_sign(part, positive) for part in parts]
            semi = all(one[1] for one in signs)
            return semi and any(one[0] for one in signs), semi
        case Mul(parts):
            signs = [_sign(part, positive) for part in parts]
            square = len(parts) == 2 and parts[0] == parts[1]
            return all(one[0] for one in signs), square or all(one[1] for one in signs)
        case Pow(base, exponent):
            sign = _sign(base, positive)
            square = Fraction(exponent).denominator > 1 or exponent % 2 == 0
            return sign[0], sign[1] or square
        case Log():
            return False, False
