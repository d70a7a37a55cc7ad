"""The propositions a statement may return: a small set, so that every level can interpret it.

A statement computes values with ``xp`` and returns relations between them.  What a relation means
is up to the check: ``equal`` is a difference of floats for one, a zero test for another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from proofcheck.claims.verdict import Relation

__all__ = [
    "AllOf",
    "AtMost",
    "Atom",
    "Bounded",
    "Equal",
    "HasShape",
    "Proposition",
    "Within",
    "all_of",
    "at_most",
    "atoms",
]
__all__ += ["Vanishes", "bounded", "equal", "has_shape", "vanishes", "within"]


@dataclass(frozen=True)
class Equal:
    """Two arrays are equal entry by entry, shapes included."""

    left: Any
    right: Any
    kind = Relation.EQUAL


@dataclass(frozen=True)
class AtMost:
    """``left ≤ right`` entry by entry; a scalar on either side is compared with every entry.

    ``gap`` proves it for all sizes: it equals right − left and is seen to be ≥ 0 as it is written.
    """

    left: Any
    right: Any
    gap: Any = None
    kind = Relation.AT_MOST


@dataclass(frozen=True)
class HasShape:
    """An array has this shape."""

    value: Any
    shape: tuple[Any, ...]
    kind = Relation.HAS_SHAPE


@dataclass(frozen=True)
class Within:
    """``algorithm(xp, *inputs)`` takes O(bound) scalar operations, uniformly in every size."""

    algorithm: Callable[..., Any]
    inputs: tuple[Any, ...]
    bound: Any
    kind = Relation.WITHIN


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Proposition, ...]


@dataclass(frozen=True)
class Bounded:
    """``left = O(by)`` with one hidden constant for all inputs and all sizes."""

    left: Any
    by: Any
    kind = Relation.BOUNDED


@dataclass(frozen=True)
class Vanishes:
    """``rate(xp, s, *constants)`` tends to 0 as s → ∞, whatever the positive constants."""

    rate: Callable[..., Any]
    kind = Relation.VANISHES


Atom = Equal | AtMost | HasShape | Within | Bounded | Vanishes
Proposition = Atom | AllOf


def equal(left: Any, right: Any) -> Equal:
    """``left = right``, entry by entry and in shape.

    Args:
        left: an array or a scalar.
        right: the same; shapes that differ make the statement ill-formed.
    """
    return Equal(left, right)


def at_most(left: Any, right: Any, *, gap: Any = None) -> AtMost:
    """``left ≤ right``, entry by entry.

    Args:
        left: an array or a scalar.
        right: of the same shape; or one of the two is a scalar.
        gap: a proof for all sizes: right − left, written with sums, products, squares and exponentials of
            what is ≥ 0, so that GENERIC can check both that it is the difference and that it is ≥ 0.
    """
    return AtMost(left, right, gap)


def has_shape(value: Any, shape: tuple[Any, ...]) -> HasShape:
    """``value ∈ R^{shape}``.

    Args:
        value: an array or a scalar.
        shape: of sizes, and products and powers of them; ``()`` is a scalar.
    """
    return HasShape(value, shape)


def within(algorithm: Callable[..., Any], inputs: tuple[Any, ...], *, bound: Any) -> Within:
    """``algorithm(xp, *inputs)`` takes at most a constant times ``bound`` scalar operations.

    The constant may depend on nothing: not on any size, not on any entry.

    Args:
        algorithm: of ``xp`` and of the inputs; what it does with them is counted, products being schoolbook
            products and every operation counting as 1.
        inputs: arrays of the statement.
        bound: a polynomial in the sizes.
    """
    return Within(algorithm, inputs, bound)


def bounded(left: Any, *, by: Any) -> Bounded:
    """``left ≤ C·by`` with a constant C that depends on nothing: not on any size, not on any entry.

    A bound on an absolute value takes two, of ``left`` and of ``-left``.

    Args:
        left: an array or a scalar.
        by: of the same shape, or a scalar.
    """
    return Bounded(left, by)


def vanishes(rate: Callable[..., Any]) -> Vanishes:
    """``rate(xp, s, *constants) → 0`` as s → ∞, for all positive constants: the o(1) of n^{1+o(1)}.

    Args:
        rate: of ``xp``, which has ``log`` and ``exp``, of s, and of constants: a scalar.
    """
    return Vanishes(rate)


def all_of(*parts: Proposition) -> AllOf:
    """The conjunction of the parts.

    Args:
        parts: propositions, conjunctions among them; it stands if all of them do.
    """
    return AllOf(parts)


def atoms(proposition: object) -> Iterator[Atom]:
    """The relations a proposition is made of, from left to right.

    Raises:
        TypeError: a statement returned something that is no proposition (a Python bug in it).
    """
    if isinstance(proposition, AllOf):
        for part in proposition.parts:
            yield from atoms(part)
    elif isinstance(proposition, (Equal, AtMost, HasShape, Within, Bounded, Vanishes)):
        yield proposition
    else:
        raise TypeError(
            "a statement must return equal(...), at_most(...), has_shape(...), within(...), bounded(...), "
            f"vanishes(...) or all_of(...); this one returned {type(proposition).__name__}"
        )
