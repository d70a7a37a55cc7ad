"""Products of atoms: what the polynomials of the normal form are made of.

A polynomial inside an exponential, a logarithm or a kept power is *closed*: its free indices become
parameters, and the atom says which indices they stand for.  So renaming an atom never enters it,
no index inside can be captured, and what is known about the inside is shared by all its uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from proofcheck.symbolic.terms import Delta, Entry, Idx, fresh

__all__ = [
    "Atom",
    "Base",
    "ExpOf",
    "Factor",
    "LogOf",
    "Polynomial",
    "Product",
    "Scope",
    "Scoped",
    "components",
    "free_indices",
    "free_of_polynomial",
    "joined_sizes",
    "multiplied",
    "renamed",
    "scaled",
    "with_fresh_bound",
]


@dataclass(frozen=True, eq=False)
class Scope:
    """A polynomial as a function of its free indices.

    ``keys`` remembers canonical texts of it, and ``facts`` what was found out about it.
    """

    parameters: tuple[Idx, ...]
    body: Polynomial
    keys: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)
    facts: dict[str, bool] = field(default_factory=dict, repr=False)

    @cached_property
    def height(self) -> int:
        """How deeply sums are nested in it."""
        return max((product.height for product in self.body), default=0)


@dataclass(frozen=True, eq=False)
class Scoped:
    """An atom made of a closed polynomial, at the indices its parameters stand for."""

    scope: Scope
    at: tuple[Idx, ...]

    @property
    def body(self) -> Polynomial:
        """The polynomial at these indices, its summation indices new; two that meet are not simplified."""
        meaning = dict(zip(self.scope.parameters, self.at, strict=True))
        return tuple(
            _replaced(product, {**meaning, **{i: fresh(i.dim, i.name) for i in product.bound}})
            for product in self.scope.body
        )


class ExpOf(Scoped):
    """e to the power of a product with coefficient 1; the coefficient is the atom's power."""


class LogOf(Scoped):
    """The logarithm of a polynomial."""


class Base(Scoped):
    """A polynomial that is kept together, because a negative or broken power of it is taken."""


Atom: TypeAlias = Entry | Delta | ExpOf | LogOf | Base
Factor: TypeAlias = tuple[Atom, Fraction]
"""An atom and its power."""


@dataclass(frozen=True, eq=False)
class Product:
    """``coefficient · Π size^power · Σ_{bound} Π atom^power``; every bound index has a number of its own."""

    coefficient: Fraction = Fraction(1)
    sizes: tuple[tuple[str, Fraction], ...] = ()
    bound: tuple[Idx, ...] = ()
    atoms: tuple[Factor, ...] = ()

    @cached_property
    def height(self) -> int:
        """How deeply sums are nested in it."""
        inside = max((a.scope.height for a, _ in self.atoms if isinstance(a, Scoped)), default=0)
        return inside + bool(self.bound)

    @cached_property
    def free(self) -> frozenset[Idx]:
        """The indices that are not summed."""
        inside = (index for atom, _ in self.atoms for index in free_indices(atom))
        return frozenset(inside) - frozenset(self.bound)


Polynomial: TypeAlias = tuple[Product, ...]


def free_indices(atom: Atom) -> tuple[Idx, ...]:
    """The indices an atom depends on."""
    match atom:
        case Entry(_, at):
            return at
        case Delta(left, right):
            return (left, right)
        case _:
            return atom.at


def free_of_polynomial(body: Iterable[Product]) -> frozenset[Idx]:
    """The indices that are not summed in all products together."""
    return frozenset[Idx]().union(*(product.free for product in body))


def renamed(atom: Atom, indices: Mapping[Idx, Idx]) -> Atom:
    """The atom at other indices."""
    match atom:
        case Entry(name, at):
            return Entry(name, tuple(indices.get(i, i) for i in at))
        case Delta(left, right):
            return Delta(indices.get(left, left), indices.get(right, right))
        case _:
            return type(atom)(atom.scope, tuple(indices.get(i, i) for i in atom.at))


def _replaced(product: Product, indices: Mapping[Idx, Idx]) -> Product:
    """Replace indices, bound ones included."""
    return Product(
        product.coefficient,
        product.sizes,
        tuple(indices.get(i, i) for i in product.bound),
        tuple((renamed(atom, indices), power) for atom, power in product.atoms),
    )


def with_fresh_bound(product: Product) -> Product:
    """The same product, summed over new indices."""
    return _replaced(product, {i: fresh(i.dim, i.name) for i in product.bound}) if product.bound else product


def scaled(body: Iterable[Product], factor: Fraction) -> Polynomial:
    """The polynomial times a number."""
    return tuple(replace(product, coefficient=product.coefficient * factor) for product in body)


def joined_sizes(*sizes: Iterable[tuple[str, Fraction]]) -> tuple[tuple[str, Fraction], ...]:
    """A product of powers of sizes."""
    total: dict[str, Fraction] = {}
    for dim, power in (pair for one in sizes for pair in one):
        total[dim] = total.get(dim, Fraction(0)) + power
    return tuple(sorted((dim, power) for dim, power in total.items() if power))


def multiplied(left: Product, right: Product) -> Product:
    """The product of two; the right one's summation indices are made new, so that none is shared."""
    right = with_fresh_bound(right)
    return Product(
        left.coefficient * right.coefficient,
        joined_sizes(left.sizes, right.sizes),
        left.bound + right.bound,
        left.atoms + right.atoms,
    )


def components(product: Product, fixed: Iterable[Idx] = ()) -> Iterator[tuple[tuple[Idx, ...], list[int]]]:
    """Classes of summed indices that occur in atoms together, each with the places of those atoms.

    Indices in ``fixed`` connect nothing and are in no class.
    """
    fixed = frozenset(fixed)
    classes: list[tuple[list[Idx], list[int]]] = [([i], []) for i in product.bound if i not in fixed]
    of = {index: members for members in classes for index in members[0]}
    for place, (atom, _) in enumerate(product.atoms):
        target = None
        for index in free_indices(atom):
            members = of.get(index)
            if members is None or members is target:
                continue
            if target is None:
                target = members
                target[1].append(place)
                continue
            target[0].extend(members[0])
            target[1].extend(members[1])
            for other in members[0]:
                of[other] = target
    found = {id(members): members for members in of.values()}
    for indices, places in found.values():
        yield tuple(indices), sorted(places)
