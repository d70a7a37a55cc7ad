"""Folding: putting the names of defined quantities back into a polynomial.

Where the right-hand side of a definition is a factor, name − (right-hand side) is added to the
polynomial, which changes nothing but the way it is written: what was there cancels, and the name
stays.  A step is taken where that leaves less to write.  Nothing here is trusted: a derivation proves
what it has folded with all definitions unfolded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from proofcheck.symbolic.normal_form import collect, expand
from proofcheck.symbolic.products import (
    Atom,
    ExpOf,
    Factor,
    Polynomial,
    Product,
    free_indices,
    joined_sizes,
    multiplied,
    renamed,
)
from proofcheck.symbolic.terms import Entry, Idx, Term, fresh, substitute

__all__ = ["Definition", "fold"]


@dataclass(frozen=True)
class Definition:
    """``name[indices] = body``, the body in terms of inputs and earlier names.

    Attributes:
        name: what the quantity is called.
        indices: its indices.
        body: what it is.
        source: where it is defined.
        lemma: where its derivative is stated, for the reader.
        folds: whether its right-hand side is folded into the name wherever it appears.
        late: whether that is done in the last derivative only.
    """

    name: str
    indices: tuple[Idx, ...]
    body: Term
    source: str = ""
    lemma: str = ""
    folds: bool = True
    late: bool = False

    def at(self, *indices: Idx) -> Term:
        """The body at other indices."""
        return substitute(self.body, dict(zip(self.indices, indices, strict=True)))


def fold(body: Polynomial, definitions: Sequence[Definition]) -> Polynomial:
    """Replace right-hand sides of definitions by their names while that makes the polynomial smaller."""
    improved = True
    while improved:
        improved = False
        for one in reversed(definitions):
            for candidate in _foldings(body, one):
                if _cost(candidate) < _cost(body):
                    body, improved = candidate, True
                    break
    return body


def _cost(body: Polynomial) -> Fraction:
    """How much there is to write: terms, sums and atoms; exponentials, bases and powers cost more."""
    total = Fraction(0)
    for product in body:
        total += 1 + len(product.bound)
        for atom, k in product.atoms:
            total += (1 if isinstance(atom, Entry) else 3) + (0 if k == 1 else abs(k))
    return total


def _foldings(body: Polynomial, one: Definition) -> Iterator[Polynomial]:
    """The polynomial with one occurrence of a definition's right-hand side named."""
    places = tuple(fresh(i.dim, i.name) for i in one.indices)
    pattern = expand(one.at(*places))
    if not pattern:
        return
    for product in body:
        for found, rest in _matches(pattern[0], product, places):
            # rest · name − rest · (right-hand side): the first of these products cancels the match.
            named = replace(rest, atoms=(*rest.atoms, (Entry(one.name, found), Fraction(1))))
            meaning = dict(zip(places, found, strict=True))
            removed = [
                multiplied(replace(rest, coefficient=-rest.coefficient), _at(part, meaning))
                for part in pattern
            ]
            yield collect([*body, named, *removed])


def _at(product: Product, indices: Mapping[Idx, Idx]) -> Product:
    """The product at other free indices."""
    return replace(product, atoms=tuple((renamed(atom, indices), k) for atom, k in product.atoms))


def _matches(
    pattern: Product, product: Product, places: tuple[Idx, ...]
) -> Iterator[tuple[tuple[Idx, ...], Product]]:
    """Ways in which the pattern is a factor of the product: indices found for ``places``, and the rest."""
    for bindings, left in _search(pattern.atoms, product.atoms, {}):
        if any(i not in bindings for i in (*pattern.bound, *places)):
            continue
        summed = {bindings[i] for i in pattern.bound}
        found = tuple(bindings[i] for i in places)
        outside = {index for atom, _ in left for index in free_indices(atom)}
        if len(summed) < len(pattern.bound) or not summed <= set(product.bound):
            continue
        if summed & outside or summed & set(found):
            continue
        yield (
            found,
            Product(
                product.coefficient / pattern.coefficient,
                joined_sizes(product.sizes, ((dim, -k) for dim, k in pattern.sizes)),
                tuple(i for i in product.bound if i not in summed),
                left,
            ),
        )


def _search(
    wanted: tuple[Factor, ...], given: tuple[Factor, ...], bindings: dict[Idx, Idx]
) -> Iterator[tuple[dict[Idx, Idx], tuple[Factor, ...]]]:
    """Ways to take the wanted powers of atoms out of the given ones: bindings, and what is left."""
    if not wanted:
        yield bindings, given
        return
    (atom, power_wanted), *others = wanted
    for place, (other, k) in enumerate(given):
        left = k - power_wanted
        # Out of α^{-2} one may take α^{-1}, but not α^{1}.
        if left * power_wanted < 0:
            continue
        extended = _bind_atom(atom, other, bindings)
        if extended is not None:
            rest = ((other, left),) if left else ()
            yield from _search(tuple(others), given[:place] + rest + given[place + 1 :], extended)


def _bind_atom(wanted: Atom, given: Atom, bindings: dict[Idx, Idx]) -> dict[Idx, Idx] | None:
    if isinstance(wanted, Entry) and isinstance(given, Entry) and wanted.name == given.name:
        return _bind(wanted.indices, given.indices, bindings)
    if isinstance(wanted, ExpOf) and isinstance(given, ExpOf):
        ((one,), (other,)) = wanted.body, given.body
        if one.bound or other.bound or one.sizes != other.sizes:
            return None
        for extended, left in _search(one.atoms, other.atoms, bindings):
            if not left:
                return extended
    return None


def _bind(wanted: tuple[Idx, ...], given: tuple[Idx, ...], bindings: dict[Idx, Idx]) -> dict[Idx, Idx] | None:
    """The bindings under which the wanted indices are the given ones; None if there are none."""
    if len(wanted) != len(given):
        return None
    extended = dict(bindings)
    for one, other in zip(wanted, given, strict=True):
        if one.dim != other.dim or extended.setdefault(one, other) != other:
            return None
    return extended
