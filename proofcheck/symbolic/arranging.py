"""Polynomials written as terms that are pleasant to read.

What all products have in common is put in front of a bracket, sums that share no index are written
as a product of sums, and factors that form a path of indices stand in its order, as in
``A1[j,a]·p[j,k]·A2[k,b]``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from proofcheck.symbolic.canonical import atom_key, product_key
from proofcheck.symbolic.printing import free_indices_in_order
from proofcheck.symbolic.products import (
    Base,
    ExpOf,
    Factor,
    LogOf,
    Polynomial,
    Product,
    components,
    free_indices,
    joined_sizes,
    renamed,
)
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
    add,
    fresh,
    mul,
    power,
    substitute,
    subterms,
)

__all__ = ["Arrangement", "legible"]

_MINUS_ONE = Const(Fraction(-1))
_FAMILIES = ("jklm", "abeg")
"""Letters that stand in for one another as names of summed indices."""


@dataclass(frozen=True)
class Arrangement:
    """How to write polynomials.

    Attributes:
        names: names of arrays; factors that form no path stand in this order, others after them.
        first: a path of factors should begin at the first of these indices and end at the others.
    """

    names: tuple[str, ...] = ()
    first: tuple[Idx, ...] = ()

    def term(self, body: Polynomial) -> Term:
        """A term that equals the polynomial."""
        if not body:
            return Const(Fraction(0))
        common = _common(body)
        rest = [_without(product, common) for product in body]
        if len(rest) == 1:
            # One product has nothing but itself in common, so nothing stands in a bracket.
            return self._product(body[0])
        if (gathered := _gathered(rest)) is not None:
            index, products = gathered
            return mul(self._product(common), Sum(index, self.term(products)))
        rest.sort(key=lambda one: (one.coefficient < 0, len(one.bound), product_key(one, _called(one.free))))
        return mul(self._product(common), add(*(self._product(product) for product in rest)))

    def _product(self, product: Product) -> Term:
        inside: set[int] = set()
        sums: list[Term] = []
        for indices, places in components(product):
            inside.update(places)
            factors = self._in_order([product.atoms[place] for place in places])
            body = mul(*(self._power(factor) for factor in factors))
            seen = dict.fromkeys(i for atom, _ in factors for i in free_indices(atom) if i in indices)
            for index in reversed(seen):
                body = Sum(index, body)
            sums.append(body)
        loose = [factor for place, factor in enumerate(product.atoms) if place not in inside]
        sums.sort(key=lambda one: sum(1 for _ in subterms(one)))
        return mul(
            Const(product.coefficient),
            *(power(SizeOf(dim), k) for dim, k in product.sizes),
            *(self._power(factor) for factor in self._in_order(loose)),
            *sums,
        )

    def _power(self, factor: Factor) -> Term:
        atom, k = factor
        match atom:
            case ExpOf():
                # The atom's power belongs to the exponent: e^{-t} and not 1/e^t.
                return Exp(mul(Const(k), self.term(atom.body)))
            case LogOf():
                return power(Log(self.term(atom.body)), k)
            case Base():
                return power(self.term(atom.body), k)
            case Entry() | Delta():
                return power(atom, k)

    def _in_order(self, factors: Sequence[Factor]) -> list[Factor]:
        ranks = {name: place for place, name in enumerate(self.names)}

        def rank(factor: Factor) -> tuple[int, int, str]:
            atom = factor[0]
            text = atom_key(atom, _called(free_indices(atom)))
            if isinstance(atom, Entry):
                return (1, ranks.get(atom.name, len(ranks)), text)
            return (0 if isinstance(atom, Delta) else 2, 0, text)

        ordered = sorted(factors, key=rank)
        return _path(ordered, self.first) or ordered


def _called(indices: Iterable[Idx]) -> dict[Idx, str]:
    """Names to sort by, a before a': numbers of indices differ from run to run."""
    return {index: f"{index.name} " for index in indices}


def _path(factors: Sequence[Factor], first: Sequence[Idx]) -> list[Factor] | None:
    """The factors in an order in which each shares an index with the next; None if they form no path."""
    ends: dict[Idx, int] = {}
    for atom, _ in factors:
        for index in set(free_indices(atom)):
            ends[index] = ends.get(index, 0) + 1
    begin, finish = first[:1], first[1:]
    starts = [i for i in (*begin, *(i for i in ends if i not in finish), *finish) if ends.get(i) == 1]
    if not starts or any(len(set(free_indices(atom))) > 2 for atom, _ in factors):
        return None
    (current, left), found = (starts[0], list(factors)), list[Factor]()
    while left:
        touching = [factor for factor in left if current in free_indices(factor[0])]
        if len(touching) != 1:
            return None
        (factor,) = touching
        found.append(factor)
        left.remove(factor)
        current = next((i for i in free_indices(factor[0]) if i != current), current)
    return found


def _common(body: Polynomial) -> Product:
    """What can be put in front of a bracket around all products."""
    magnitudes = {abs(product.coefficient) for product in body}
    sizes = set(body[0].sizes).intersection(*(product.sizes for product in body))
    shared = _loose(body[0])
    for product in body[1:]:
        present = _loose(product)
        shared = {key: factor for key, factor in shared.items() if key in present}
    return Product(
        magnitudes.pop() if len(magnitudes) == 1 else Fraction(1),
        tuple(sorted(sizes)),
        (),
        tuple(shared.values()),
    )


def _loose(product: Product) -> dict[str, Factor]:
    """Factors that no summed index occurs in."""
    bound = frozenset(product.bound)
    return {
        f"{atom_key(atom)}^{k}": (atom, k)
        for atom, k in product.atoms
        if bound.isdisjoint(free_indices(atom))
    }


def _without(product: Product, common: Product) -> Product:
    keys = _loose(common)
    return replace(
        product,
        coefficient=product.coefficient / common.coefficient,
        sizes=joined_sizes(product.sizes, ((dim, -k) for dim, k in common.sizes)),
        atoms=tuple(factor for factor in product.atoms if f"{atom_key(factor[0])}^{factor[1]}" not in keys),
    )


def _gathered(body: Sequence[Product]) -> tuple[Idx, Polynomial] | None:
    """Σ_j t_j v_j + Σ_j t_j w_j = Σ_j (t_j v_j + t_j w_j): one summed index of each product made the same.

    Indices are matched by the factors in which they are the only summed ones.
    """
    best: tuple[frozenset[str], list[Idx]] | None = None
    for index in body[0].bound:
        shared, matched = _anchored(body[0], index), [index]
        for product in body[1:]:
            alike = [i for i in product.bound if i.dim == index.dim]
            if not alike:
                break
            other = min(alike, key=lambda i: _preference(shared & _anchored(product, i)))
            shared &= _anchored(product, other)
            matched.append(other)
        if len(matched) == len(body) and shared:
            found = (shared, matched)
            best = found if best is None else min(best, found, key=lambda one: _preference(one[0]))
    if best is None:
        return None
    first = best[1][0]
    common = fresh(first.dim, first.name)
    return common, tuple(
        replace(
            product,
            bound=tuple(i for i in product.bound if i != own),
            atoms=tuple((renamed(atom, {own: common}), k) for atom, k in product.atoms),
        )
        for product, own in zip(body, best[1], strict=True)
    )


def _preference(shared: frozenset[str]) -> tuple[int, list[str]]:
    """Most factors first, then those that come first by name."""
    return -len(shared), sorted(shared)


def _anchored(product: Product, index: Idx) -> frozenset[str]:
    """Texts of the factors in which no other summed index than this one occurs."""
    others = frozenset(product.bound) - {index}
    return frozenset(
        f"{atom_key(atom, {index: '*'})}^{k}"
        for atom, k in product.atoms
        if index in free_indices(atom) and others.isdisjoint(free_indices(atom))
    )


# --- names of indices ----------------------------------------------------------------------------


def legible(term: Term, taken: Iterable[str] = ()) -> Term:
    """The term with summation indices called differently from all other names in view.

    Args:
        term: what to rename in.
        taken: names that are not to be used, such as those of free indices.
    """
    free = (index.name for index in free_indices_in_order(term))
    return _renamed(term, frozenset((*taken, *free)))


def _renamed(term: Term, taken: frozenset[str]) -> Term:
    match term:
        case Sum(index, body):
            name = _unused(index.name, taken)
            new = fresh(index.dim, name)
            return Sum(new, _renamed(substitute(body, {index: new}), taken | {name}))
        case Add(parts):
            return Add(tuple(_renamed(part, taken) for part in parts))
        case Mul(parts):
            return Mul(tuple(_renamed(part, taken) for part in parts))
        case Pow(base, exponent):
            return Pow(_renamed(base, taken), exponent)
        case Exp(argument):
            return Exp(_renamed(argument, taken))
        case Log(argument):
            return Log(_renamed(argument, taken))
        case _:
            return term


def _unused(name: str, taken: frozenset[str]) -> str:
    """The first letter of the name's kind that is not taken, so that equal terms look the same."""
    letters = next((tuple(family) for family in _FAMILIES if name in tuple(family)), (name,))
    return next(
        candidate
        for primes in itertools.count()
        for letter in letters
        if (candidate := letter + "'" * primes) not in taken
    )
