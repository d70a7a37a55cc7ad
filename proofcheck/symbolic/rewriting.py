"""The rules that rewrite one product; each is an identity for all sizes ≥ 1.

Delta elimination, sums over unused indices, equal factors, and division by a kept sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from proofcheck.errors import OutsideCalculusError
from proofcheck.symbolic.canonical import atom_key, factors_key, product_key
from proofcheck.symbolic.products import (
    Atom,
    Base,
    ExpOf,
    Factor,
    Polynomial,
    Product,
    components,
    free_indices,
    joined_sizes,
    multiplied,
    renamed,
)
from proofcheck.symbolic.terms import Delta, Idx

__all__ = ["divided", "is_positive", "leading", "merged", "with_sizes_for_unused", "without_deltas"]

ONE = Fraction(1)


def without_deltas(product: Product) -> Product:
    """Σ_j δ_ij t_j = t_i; deltas between indices that are not summed stay, and identify them."""
    pairs = []
    for atom, power in product.atoms:
        if isinstance(atom, Delta):
            if power <= 0:
                raise OutsideCalculusError("division by a Kronecker delta, which is 0 off the diagonal")
            pairs.append((atom.left, atom.right))
    if not pairs:
        return product
    bound = frozenset(product.bound)
    stays: dict[Idx, Idx] = {}
    settled: list[Factor] = []
    for group in _identified(pairs):
        # One that is not summed is kept, if there is one; and the same one whatever the order of deltas.
        first = min(group, key=lambda index: (index in bound, index))
        stays.update(dict.fromkeys(group, first))
        settled += [(Delta(first, i), ONE) for i in sorted(group) if i != first and i not in bound]
    kept = tuple((renamed(a, stays), power) for a, power in product.atoms if not isinstance(a, Delta))
    return replace(
        product,
        bound=tuple(index for index in product.bound if stays.get(index, index) == index),
        atoms=(*settled, *kept),
    )


def _identified(pairs: Iterable[tuple[Idx, Idx]]) -> list[set[Idx]]:
    """Classes of indices that deltas make equal."""
    groups: list[set[Idx]] = []
    for pair in pairs:
        touching = [group for group in groups if not group.isdisjoint(pair)]
        groups = [group for group in groups if group.isdisjoint(pair)]
        groups.append(set(pair).union(*touching))
    return groups


def merged(product: Product) -> Product:
    """Powers of equal atoms added; δ² = δ."""
    powers: dict[str, Factor] = {}
    for atom, power in product.atoms:
        key = atom_key(atom)
        if key not in powers:
            powers[key] = (atom, power)
        elif not isinstance(atom, Delta):
            powers[key] = (powers[key][0], powers[key][1] + power)
    return replace(product, atoms=tuple(factor for factor in powers.values() if factor[1]))


def with_sizes_for_unused(product: Product) -> Product:
    """A sum over an index that nothing depends on is its size."""
    used = frozenset(index for atom, _ in product.atoms for index in free_indices(atom))
    unused = [index for index in product.bound if index not in used]
    if not unused:
        return product
    return replace(
        product,
        sizes=joined_sizes(product.sizes, ((index.dim, ONE) for index in unused)),
        bound=tuple(index for index in product.bound if index in used),
    )


def leading(body: Polynomial) -> int:
    """The place of the product that :func:`divided` looks for: the one of highest degree."""
    if len(body) == 1:
        return 0
    return max(range(len(body)), key=lambda place: _rank(body[place]))


def _rank(product: Product) -> tuple[Fraction, int, str, tuple[tuple[str, Fraction], ...]]:
    degree = sum((abs(power) for _, power in product.atoms), Fraction(0))
    return degree, len(product.bound), product_key(product), product.sizes


def divided(product: Product) -> list[Product] | None:
    """With B = t + rest: t·R·B^k = R·B^{k+1} − rest·R·B^k, where t is the leading product of B.

    With no rest this is Σ_k t_k · (Σ_k t_k)^p = (Σ_k t_k)^{p+1}.  None if no factor t is found.
    """
    for place, (atom, power) in enumerate(product.atoms):
        if not isinstance(atom, Base):
            continue
        body = atom.body
        lead = leading(body)
        others = _quotient(product, body[lead], place)
        if others is None:
            continue
        unit = Fraction(1) / body[lead].coefficient
        inverse = joined_sizes(((dim, -k) for dim, k in body[lead].sizes))
        rest = replace(
            others, coefficient=others.coefficient * unit, sizes=joined_sizes(others.sizes, inverse)
        )
        raised = ((atom, power + 1),) if power + 1 else ()
        found = [replace(rest, atoms=(*rest.atoms, *raised))]
        rest = replace(rest, coefficient=-rest.coefficient, atoms=(*rest.atoms, (atom, power)))
        found += [multiplied(rest, term) for number, term in enumerate(body) if number != lead]
        return found
    return None


def _quotient(product: Product, divisor: Product, base: int) -> Product | None:
    """The product without the factors of a divisor and without the base at that place, if it has them."""
    fixed = free_indices(product.atoms[base][0])
    sums = list(components(product, fixed))
    gone: set[Idx] = set()
    taken: set[int] = {base}
    inside: set[int] = set()
    for indices, places in components(divisor):
        inside.update(places)
        wanted = factors_key(indices, [divisor.atoms[k] for k in places])
        match = next(
            (
                one
                for one in sums
                if len(one[0]) == len(indices)
                and len(one[1]) == len(places)
                and gone.isdisjoint(one[0])
                and factors_key(one[0], [product.atoms[k] for k in one[1]]) == wanted
            ),
            None,
        )
        if match is None:
            return None
        gone.update(match[0])
        taken.update(match[1])
    left = {k: product.atoms[k] for k in range(len(product.atoms)) if k not in taken}
    loose = [factor for k, factor in enumerate(divisor.atoms) if k not in inside]
    if not loose and not divisor.bound:
        return None
    for atom, power in loose:
        key = atom_key(atom)
        found = next((k for k, (other, _) in left.items() if atom_key(other) == key), None)
        if found is None:
            return None
        other, available = left.pop(found)
        if available / power < 1:
            return None
        if available != power:
            left[found] = (other, available - power)
    return replace(
        product,
        bound=tuple(index for index in product.bound if index not in gone),
        atoms=tuple(left[k] for k in sorted(left)),
    )


def is_positive(atom: Atom) -> bool:
    """Whether it is seen that the atom is positive: sums and products of exponentials with no minus."""
    if isinstance(atom, Base):
        return all(_is_positive_product(product) for product in atom.scope.body)
    return isinstance(atom, ExpOf)


def _is_positive_product(product: Product) -> bool:
    return product.coefficient > 0 and all(is_positive(atom) for atom, _ in product.atoms)
