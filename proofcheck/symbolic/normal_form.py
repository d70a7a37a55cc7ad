"""A normal form for indexed terms, under which equal terms of the calculus become the same.

A term is expanded to a sum of products  q · Π sizes · Σ_{bound indices} Π atoms.  An atom is an
entry, a Kronecker delta, the exponential of a polynomial, or a power of a polynomial that is not
expanded (a softmax denominator).  Then

* deltas are eliminated, and a sum over an index that nothing depends on becomes its size;
* exponentials multiply by adding exponents, and are split again into groups that share no bound
  index, so that Σ_k e^{S_jk} can be seen inside a larger product;
* a group of factors that, summed, is the base of a power in the same product joins that power:
  Σ_k e^{S_jk} · α_j^{-2} becomes α_j^{-1};
* bound indices are named canonically: by colour refinement, then by trying the orders that are left.

Each rule is an identity for all sizes, so equal normal forms prove equality.  Different ones prove
nothing: the caller answers UNKNOWN until a point decides.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import factorial, prod
from typing import TypeAlias

from proofcheck.errors import OutsideCalculusError
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
    fresh,
    substitute,
)

__all__ = ["Polynomial", "Product", "collect", "expand", "is_zero", "polynomial_key"]

_MOST_ORDERS = 5040


@dataclass(frozen=True)
class ExpOf:
    """e to the power of a polynomial."""

    exponent: Polynomial


@dataclass(frozen=True)
class LogOf:
    """The logarithm of a polynomial."""

    argument: Polynomial


@dataclass(frozen=True)
class Base:
    """A polynomial that is kept together, because a negative or broken power of it is taken."""

    body: Polynomial


Atom: TypeAlias = Entry | Delta | ExpOf | LogOf | Base


@dataclass(frozen=True)
class Product:
    """``coefficient · Π sizes · Σ_{bound} Π atom^power``."""

    coefficient: Fraction = Fraction(1)
    sizes: tuple[tuple[str, int], ...] = ()
    bound: tuple[Idx, ...] = ()
    atoms: tuple[tuple[Atom, Fraction], ...] = ()


Polynomial: TypeAlias = tuple[Product, ...]
_ONE = Fraction(1)


# --- substitution and free indices ---------------------------------------------------------------


def _rename_polynomial(body: Polynomial, indices: Mapping[Idx, Idx]) -> Polynomial:
    return tuple(_rename(product, indices) for product in body)


def _rename(product: Product, indices: Mapping[Idx, Idx]) -> Product:
    """Replace indices, bound ones included (every bound index has a number of its own)."""
    return replace(
        product,
        bound=tuple(indices.get(i, i) for i in product.bound),
        atoms=tuple((_rename_atom(atom, indices), power) for atom, power in product.atoms),
    )


def _rename_atom(atom: Atom, indices: Mapping[Idx, Idx]) -> Atom:
    match atom:
        case Entry(name, at):
            return Entry(name, tuple(indices.get(i, i) for i in at))
        case Delta(left, right):
            return Delta(indices.get(left, left), indices.get(right, right))
        case ExpOf(exponent):
            return ExpOf(_rename_polynomial(exponent, indices))
        case LogOf(argument):
            return LogOf(_rename_polynomial(argument, indices))
        case Base(body):
            return Base(_rename_polynomial(body, indices))


def _with_fresh_bound(product: Product) -> Product:
    return _rename(product, {i: fresh(i.dim, i.name) for i in product.bound})


def _free_polynomial(body: Polynomial) -> frozenset[Idx]:
    return frozenset().union(*(_free(p) for p in body))


def _free(product: Product) -> frozenset[Idx]:
    inside = frozenset().union(*(_free_atom(atom) for atom, _ in product.atoms))
    return inside - frozenset(product.bound)


def _free_atom(atom: Atom) -> frozenset[Idx]:
    match atom:
        case Entry(_, at):
            return frozenset(at)
        case Delta(left, right):
            return frozenset((left, right))
        case ExpOf(body) | LogOf(body) | Base(body):
            return _free_polynomial(body)


# --- canonical keys ------------------------------------------------------------------------------


def polynomial_key(body: Polynomial, names: Mapping[Idx, str] | None = None) -> str:
    """A text that is the same for polynomials that differ in names of bound indices and in order."""
    names = names or {}
    return " + ".join(sorted(f"{p.coefficient}{_sizes(p)}{product_key(p, names)}" for p in body))


def _sizes(product: Product) -> str:
    return "".join(f"·{dim}^{k}" for dim, k in product.sizes)


def product_key(product: Product, names: Mapping[Idx, str]) -> str:
    """Canonical text of a product without its coefficient and sizes.

    Raises:
        OutsideCalculusError: too many bound indices look alike to try all their orders.
    """
    if not product.bound:
        return _atoms_key(product.atoms, names)
    classes = _refined(product, names)
    if prod(factorial(len(group)) for group in classes) > _MOST_ORDERS:
        raise OutsideCalculusError(f"{len(product.bound)} summation indices are too alike to be told apart")
    depth = len(names)
    best = None
    for orders in itertools.product(*(itertools.permutations(group) for group in classes)):
        order = [index for group in orders for index in group]
        labels = {index: f"b{depth + place}:{index.dim}" for place, index in enumerate(order)}
        key = _atoms_key(product.atoms, {**names, **labels})
        best = key if best is None or key < best else best
    return f"Σ[{','.join(sorted(i.dim for i in product.bound))}]{best}"


def _refined(product: Product, names: Mapping[Idx, str]) -> list[list[Idx]]:
    """Classes of bound indices that their surroundings do not tell apart, in a canonical order."""
    colours = {index: index.dim for index in product.bound}
    inside = [(atom, power, _free_atom(atom)) for atom, power in product.atoms]
    for _ in product.bound:
        signatures = {}
        for index in product.bound:
            view = {**names, **{other: f"c{colour}" for other, colour in colours.items()}, index: "*"}
            around = sorted(
                f"{_atom_key(atom, view)}^{power}" for atom, power, free in inside if index in free
            )
            signatures[index] = f"{colours[index]}|{around}"
        ranks = {text: f"{rank}" for rank, text in enumerate(sorted(set(signatures.values())))}
        refined = {index: f"{index.dim}.{ranks[text]}" for index, text in signatures.items()}
        if len(set(refined.values())) == len(set(colours.values())):
            colours = refined
            break
        colours = refined
    groups: dict[str, list[Idx]] = {}
    for index, colour in colours.items():
        groups.setdefault(colour, []).append(index)
    return [groups[colour] for colour in sorted(groups)]


def _atoms_key(atoms: Sequence[tuple[Atom, Fraction]], names: Mapping[Idx, str]) -> str:
    return "·".join(sorted(f"{_atom_key(atom, names)}^{power}" for atom, power in atoms))


def _atom_key(atom: Atom, names: Mapping[Idx, str]) -> str:
    match atom:
        case Entry(name, at):
            return f"{name}[{','.join(_index_key(i, names) for i in at)}]"
        case Delta(left, right):
            return "δ[" + ",".join(sorted((_index_key(left, names), _index_key(right, names)))) + "]"
        case ExpOf(body):
            return f"e({polynomial_key(body, names)})"
        case LogOf(body):
            return f"log({polynomial_key(body, names)})"
        case Base(body):
            return f"({polynomial_key(body, names)})"


def _index_key(index: Idx, names: Mapping[Idx, str]) -> str:
    return names.get(index, f"f{index.number}:{index.dim}")


# --- expansion -----------------------------------------------------------------------------------


def expand(term: Term) -> Polynomial:
    """The normal form of a term.

    Raises:
        OutsideCalculusError: the term is outside what the rules can handle.
        ZeroDivisionError: a negative power of something that is 0.
    """
    match term:
        case Const(value):
            return (Product(Fraction(value)),) if value else ()
        case SizeOf(dim):
            return (Product(sizes=((dim, 1),)),)
        case Entry() | Delta():
            return collect([Product(atoms=((term, _ONE),))])
        case Sum(index, body):
            bound = fresh(index.dim, index.name)
            inner = expand(substitute(body, {index: bound}))
            return collect(replace(p, bound=(*p.bound, bound)) for p in inner)
        case Add(parts):
            return collect(product for part in parts for product in expand(part))
        case Mul(parts):
            result: Polynomial = (Product(),)
            for part in parts:
                result = _times(result, expand(part))
            return result
        case Pow(base, exponent):
            return _power(expand(base), exponent)
        case Exp(argument):
            exponent_body = expand(argument)
            return (Product(atoms=((ExpOf(exponent_body), _ONE),)),) if exponent_body else (Product(),)
        case Log(argument):
            return _log(expand(argument))


def is_zero(term: Term) -> bool:
    """Whether the normal form is 0; True proves that the term is 0 for all sizes, False proves nothing."""
    return not expand(term)


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    return collect(_multiply(p, q) for p in left for q in right)


def _multiply(left: Product, right: Product) -> Product:
    right = _with_fresh_bound(right)
    sizes = dict(left.sizes)
    for dim, k in right.sizes:
        sizes[dim] = sizes.get(dim, 0) + k
    return Product(
        left.coefficient * right.coefficient,
        tuple(sorted((dim, k) for dim, k in sizes.items() if k)),
        left.bound + right.bound,
        left.atoms + right.atoms,
    )


def _power(body: Polynomial, exponent: Fraction) -> Polynomial:
    if exponent.denominator == 1 and exponent >= 0:
        result: Polynomial = (Product(),)
        for _ in range(int(exponent)):
            result = _times(result, body)
        return result
    if not body:
        if exponent < 0:
            raise ZeroDivisionError("a negative power of 0")
        return ()
    whole = exponent.denominator == 1
    if len(body) > 1:
        if not whole:
            return (Product(atoms=((Base(body), exponent),)),)
        lead = min(body, key=lambda p: product_key(p, {})).coefficient
        core = tuple(replace(p, coefficient=p.coefficient / lead) for p in body)
        return (Product(lead ** int(exponent), atoms=((Base(core), exponent),)),)
    (only,) = body
    outside, inside = [], []
    bound = set(only.bound)
    for atom, k in only.atoms:
        # (x²)^½ is |x| and not x: under a broken power only positive factors may be taken out.
        loose = not (_free_atom(atom) & bound) and (whole or isinstance(atom, ExpOf))
        (outside if loose else inside).append((atom, k))
    kept = [_scaled(atom, k, exponent) for atom, k in outside]
    if whole:
        coefficient = only.coefficient ** int(exponent)
        sizes = tuple((dim, k * int(exponent)) for dim, k in only.sizes)
        core_product = Product(bound=only.bound, atoms=tuple(inside))
    else:
        coefficient, sizes = _ONE, ()
        core_product = replace(only, atoms=tuple(inside))
    if core_product != Product():
        kept.append((Base((core_product,)), exponent))
    return collect([Product(coefficient, sizes, (), tuple(kept))])


def _scaled(atom: Atom, power: Fraction, exponent: Fraction) -> tuple[Atom, Fraction]:
    if isinstance(atom, ExpOf):
        return ExpOf(_multiple(atom.exponent, power * exponent)), _ONE
    return atom, power * exponent


def _multiple(body: Polynomial, factor: Fraction) -> Polynomial:
    return tuple(replace(p, coefficient=p.coefficient * factor) for p in body)


def _log(body: Polynomial) -> Polynomial:
    """log of a product of positive factors is the sum of their logs; otherwise it stays as it is."""
    if body == (Product(),):
        return ()
    if len(body) == 1 and not body[0].bound and body[0].coefficient == 1 and not body[0].sizes:
        if all(_is_positive(atom) for atom, _ in body[0].atoms):
            parts: list[Product] = []
            for atom, k in body[0].atoms:
                if isinstance(atom, ExpOf):
                    parts += _multiple(atom.exponent, k)
                elif isinstance(atom, Base):
                    parts.append(Product(k, atoms=((LogOf(atom.body), _ONE),)))
            return collect(parts)
    return (Product(atoms=((LogOf(body), _ONE),)),)


def _is_positive(atom: Atom) -> bool:
    if isinstance(atom, Base):
        return all(p.coefficient > 0 and all(_is_positive(a) for a, _ in p.atoms) for p in atom.body)
    return isinstance(atom, ExpOf)


# --- simplification ------------------------------------------------------------------------------


def collect(products: Iterable[Product]) -> Polynomial:
    """Simplify products and join equal ones."""
    found: dict[str, Product] = {}
    waiting = list(products)
    while waiting:
        simple = _simplified(waiting.pop())
        if isinstance(simple, list):
            waiting += simple
            continue
        key = _sizes(simple) + product_key(simple, {})
        present = found.get(key)
        if present is not None:
            simple = replace(present, coefficient=present.coefficient + simple.coefficient)
        found[key] = simple
    return tuple(found[key] for key in sorted(found) if found[key].coefficient)


def _simplified(product: Product) -> Product | list[Product]:
    """One product in which no rule applies, or the products that a power in it expands to."""
    if not product.coefficient:
        return []
    product = _without_deltas(product)
    product = _joined(product)
    product = _absorbed(product)
    for place, (atom, k) in enumerate(product.atoms):
        if isinstance(atom, Base) and k > 0 and k.denominator == 1:
            rest = replace(product, atoms=product.atoms[:place] + product.atoms[place + 1 :])
            expanded: Polynomial = (rest,)
            for _ in range(int(k)):
                expanded = tuple(_multiply(p, _with_fresh_bound(q)) for p in expanded for q in atom.body)
            return list(expanded)
    used = frozenset().union(*(_free_atom(atom) for atom, _ in product.atoms))
    unused = [index for index in product.bound if index not in used]
    if unused:
        sizes = dict(product.sizes)
        for index in unused:
            sizes[index.dim] = sizes.get(index.dim, 0) + 1
        product = replace(
            product,
            sizes=tuple(sorted((dim, k) for dim, k in sizes.items() if k)),
            bound=tuple(index for index in product.bound if index in used),
        )
    return product


def _without_deltas(product: Product) -> Product:
    """Σ_j δ_ij t_j = t_i; a delta between two indices that are not summed stays, and identifies them."""
    settled: list[Delta] = []
    while True:
        delta = next((atom for atom, _ in product.atoms if isinstance(atom, Delta)), None)
        if delta is None:
            kept = tuple((one, _ONE) for one in settled)
            return replace(product, atoms=(*kept, *product.atoms)) if kept else product
        rest = tuple((atom, k) for atom, k in product.atoms if atom != delta)
        stays, goes = sorted((delta.left, delta.right))
        if goes not in product.bound and stays in product.bound:
            stays, goes = goes, stays
        if stays != goes and goes not in product.bound:
            settled.append(Delta(stays, goes))
        bound = tuple(index for index in product.bound if index != goes or stays == goes)
        product = _rename(replace(product, bound=bound, atoms=rest), {goes: stays})


def _joined(product: Product) -> Product:
    """Equal atoms joined; exponentials multiplied and split into groups that share no bound index."""
    powers: dict[str, tuple[Atom, Fraction]] = {}
    exponents: list[Product] = []
    for atom, k in product.atoms:
        if isinstance(atom, ExpOf):
            exponents += _multiple(atom.exponent, k)
            continue
        key = _atom_key(atom, {})
        present = powers.get(key)
        total = k if present is None or isinstance(atom, Delta) else present[1] + k
        powers[key] = (atom, total)
    atoms = [(atom, k) for atom, k in powers.values() if k]
    bound = frozenset(product.bound)
    for group in _groups(collect(exponents), bound):
        atoms.append((ExpOf(tuple(group)), _ONE))
    return replace(product, atoms=tuple(atoms))


def _groups(parts: Polynomial, bound: frozenset[Idx]) -> list[list[Product]]:
    """Terms of an exponent, grouped so that different groups have no bound index in common."""
    groups: list[tuple[frozenset[Idx], list[Product]]] = []
    for part in parts:
        indices = _free(part) & bound
        joined = [part]
        apart = []
        for other, members in groups:
            # Terms without bound indices form one group of their own.
            if indices & other or (not indices and not other):
                indices |= other
                joined = members + joined
            else:
                apart.append((other, members))
        groups = [*apart, (indices, joined)]
    return [sorted(members, key=lambda p: polynomial_key((p,))) for _, members in groups]


def _absorbed(product: Product) -> Product:
    """Σ_k t_k · (Σ_k t_k)^p = (Σ_k t_k)^{p+1}, where t_k shares no summed index with the rest."""
    bases = {
        polynomial_key(atom.body): place for place, (atom, _) in enumerate(product.atoms) if isinstance(atom, Base)
    }
    if not bases:
        return product
    for indices in _components(product):
        inside = tuple(pair for pair in product.atoms if _free_atom(pair[0]) & indices)
        summed = Product(bound=tuple(i for i in product.bound if i in indices), atoms=inside)
        place = bases.get(polynomial_key((summed,)))
        if place is None or any(product.atoms[place] == pair for pair in inside):
            continue
        base, k = product.atoms[place]
        others = [pair for pair in product.atoms if pair not in inside and pair != (base, k)]
        left = [(base, k + 1)] if k + 1 else []
        rest = tuple(index for index in product.bound if index not in indices)
        return _absorbed(replace(product, bound=rest, atoms=(*others, *left)))
    return product


def _components(product: Product) -> list[frozenset[Idx]]:
    """Bound indices, those that occur in one atom together."""
    bound = frozenset(product.bound)
    found: list[frozenset[Idx]] = []
    for atom, _ in product.atoms:
        indices = _free_atom(atom) & bound
        if not indices:
            continue
        touching = [group for group in found if group & indices]
        found = [group for group in found if not group & indices]
        found.append(indices.union(*touching))
    return found
