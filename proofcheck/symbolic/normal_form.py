"""A normal form for indexed terms, under which equal terms of the calculus become the same.

A term is expanded to a sum of products  q · Π sizes · Σ_{summed indices} Π atom^power.  An atom is an
entry, a Kronecker delta, e to the power of one product, a logarithm, or a sum that is kept together
under a negative or broken power (a softmax denominator).  Then

* deltas are eliminated, and a sum over an index that nothing depends on becomes its size;
* powers of equal atoms add, so exponentials multiply by adding exponents;
* a factor that is the leading product of a kept sum is divided by it: Σ_k e^{S_jk} · α_j^{-2} becomes
  α_j^{-1}, and e^x (1 + e^x)^{-1} becomes 1 − (1 + e^x)^{-1};
* products that differ in the names of summed indices only are one (:mod:`~proofcheck.symbolic.canonical`).

Each rule is an identity for all sizes wherever the term is defined (:mod:`~proofcheck.symbolic.decide` says
where that is), so equal normal forms prove equality.  Different ones prove nothing: the caller answers
UNKNOWN until a point decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from proofcheck.errors import OutsideCalculusError
from proofcheck.symbolic.canonical import atom_key, closed, limited, polynomial_key, product_key, spend
from proofcheck.symbolic.products import (
    Base,
    ExpOf,
    Factor,
    LogOf,
    Polynomial,
    Product,
    Scope,
    Scoped,
    components,
    free_indices,
    joined_sizes,
    multiplied,
    scaled,
)
from proofcheck.symbolic.rewriting import (
    divided,
    is_positive,
    leading,
    merged,
    with_sizes_for_unused,
    without_deltas,
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
    fresh,
)

__all__ = ["Polynomial", "Product", "collect", "expand", "is_zero", "polynomial_key"]

_ONE = Fraction(1)
_UNIT: Polynomial = (Product(),)


def is_zero(term: Term) -> bool:
    """Whether the normal form is 0; True proves that the term is 0 for all sizes, False proves nothing."""
    return not expand(term)


def expand(term: Term) -> Polynomial:
    """The normal form of a term.

    Raises:
        OutsideCalculusError: the term is outside what the rules can handle, or too large.
        ZeroDivisionError: a negative power of something that is 0.
    """
    try:
        with limited():
            return _expanded(term, {})
    except RecursionError:
        raise OutsideCalculusError("the term is nested too deeply") from None


def _expanded(term: Term, names: Mapping[Idx, Idx]) -> Polynomial:
    """The normal form with indices renamed; summed ones get a number of their own here."""
    match term:
        case Const(value):
            return (Product(Fraction(value)),) if value else ()
        case SizeOf(dim):
            return (Product(sizes=((dim, _ONE),)),)
        case Entry(name, at):
            return (_single(Entry(name, tuple(names.get(i, i) for i in at))),)
        case Delta(left, right):
            left, right = names.get(left, left), names.get(right, right)
            return _UNIT if left == right else (_single(Delta(*sorted((left, right)))),)
        case Sum(index, body):
            bound = fresh(index.dim, index.name)
            summands = _expanded(body, {**names, index: bound})
            return collect(replace(product, bound=(*product.bound, bound)) for product in summands)
        case Add(parts):
            return collect(product for part in parts for product in _expanded(part, names))
        case Mul(parts):
            result = _UNIT
            for part in parts:
                result = times(result, _expanded(part, names))
            return result
        case Pow(Mul(parts), exponent) if exponent < 0 and Fraction(exponent).denominator == 1:
            return _expanded(Mul(tuple(Pow(part, exponent) for part in parts)), names)
        case Pow(Pow(base, inner), outer) if Fraction(inner).denominator == Fraction(outer).denominator == 1:
            return _expanded(Pow(base, inner * outer), names)
        case Pow(base, exponent):
            return power_of(_expanded(base, names), Fraction(exponent))
        case Exp(argument):
            return exp_of(_expanded(argument, names))
        case Log(argument):
            return log_of(_expanded(argument, names))


def _single(atom: Entry | Delta) -> Product:
    return Product(atoms=((atom, _ONE),))


def times(left: Polynomial, right: Polynomial) -> Polynomial:
    """The product, expanded."""
    if left is _UNIT or right is _UNIT:
        return right if left is _UNIT else left
    return collect(multiplied(p, q) for p in left for q in right)


# --- powers, exponentials, logarithms ------------------------------------------------------------


def exp_of(body: Polynomial) -> Polynomial:
    """e^{Σ q_i t_i} = Π (e^{t_i})^{q_i}, and e^{q log y} = y^q."""
    result: Polynomial = _UNIT
    factors: list[Factor] = []
    for product in body:
        core = replace(product, coefficient=_ONE)
        if isinstance(logged := _only_atom(core), LogOf):
            result = times(result, power_of(logged.body, product.coefficient))
        else:
            factors.append((ExpOf(*closed((core,))), product.coefficient))
    return times(result, (Product(atoms=tuple(factors)),)) if factors else result


def _only_atom(product: Product) -> object:
    """The atom that the product is, if it is one."""
    lone = not product.bound and not product.sizes and len(product.atoms) == 1
    return product.atoms[0][0] if lone and product.atoms[0][1] == 1 else None


def power_of(body: Polynomial, exponent: Fraction) -> Polynomial:
    """A rational power: expanded if it is a natural number; else what can be taken out of it is."""
    if exponent.denominator == 1 and exponent >= 0:
        result = _UNIT
        for _ in range(int(exponent)):
            spend(1)
            result = times(result, body)
        return result
    if not body:
        if exponent < 0:
            raise ZeroDivisionError("a negative power of 0")
        return ()
    outside, core = _without_common_factors(body, whole=exponent.denominator == 1)
    taken = Product(
        outside.coefficient ** int(exponent) if exponent.denominator == 1 else _ONE,
        tuple((dim, k * exponent) for dim, k in outside.sizes),
        atoms=tuple((atom, k * exponent) for atom, k in outside.atoms),
    )
    kept = [(Base(*closed(part)), exponent) for part in core]
    return collect([replace(taken, atoms=(*taken.atoms, *kept))])


def _without_common_factors(body: Polynomial, *, whole: bool) -> tuple[Product, list[Polynomial]]:
    """The polynomial as a product without sums, times polynomials that are to be kept together.

    Under a broken power only what is positive may be taken out: (x²)^½ is |x| and not x.
    """
    outside = _common_factor(body, whole=whole)
    inverse = Product(
        sizes=tuple((dim, -k) for dim, k in outside.sizes),
        atoms=tuple((atom, -k) for atom, k in outside.atoms),
    )
    core = tuple(merged(multiplied(inverse, product)) for product in body)
    unit = core[leading(core)].coefficient
    if whole:
        outside = replace(outside, coefficient=unit)
    elif (unit := abs(unit)) != 1:
        outside = replace(outside, atoms=(*outside.atoms, (Base(*closed((Product(unit),))), _ONE)))
    core = scaled(core, 1 / unit)
    if len(core) > 1:
        return outside, [tuple(sorted(core, key=_order))]
    (only,) = core
    parts: list[Polynomial] = []
    rest = dict(enumerate(only.atoms))
    for indices, places in components(only):
        if whole or all(is_positive(only.atoms[place][0]) for place in places):
            parts.append((Product(bound=indices, atoms=tuple(rest.pop(place) for place in places)),))
    factors = tuple(rest.values())
    used = frozenset(index for atom, _ in factors for index in free_indices(atom))
    bound = tuple(index for index in only.bound if index in used)
    if len(factors) == 1 and not bound and only.coefficient == 1 and factors[0][1] == 1:
        outside = replace(outside, atoms=outside.atoms + factors)
    elif factors or only.coefficient != 1:
        parts.append((Product(only.coefficient, (), bound, factors),))
    return outside, parts


def _common_factor(body: Polynomial, *, whole: bool) -> Product:
    """Powers of sizes and atoms that may be taken out of every product of a polynomial."""
    dims = {dim for product in body for dim, _ in product.sizes}
    sizes = {dim: min(dict(product.sizes).get(dim, Fraction(0)) for product in body) for dim in dims}
    loose: list[dict[str, Factor]] = []
    for product in body:
        bound = frozenset(product.bound)
        loose.append(
            {
                atom_key(atom): (atom, k)
                for atom, k in product.atoms
                if bound.isdisjoint(free_indices(atom)) and (whole or is_positive(atom))
            }
        )
    least: list[Factor] = []
    for key, (atom, _) in {key: factor for one in loose for key, factor in one.items()}.items():
        power = min(one[key][1] if key in one else Fraction(0) for one in loose)
        # A factor that only some products have is taken out if it is a divisor in one of them.
        if power and not (isinstance(atom, Delta) and len(body) > 1):
            least.append((atom, power))
    return Product(sizes=joined_sizes(sizes.items()), atoms=tuple(least))


def _order(product: Product) -> tuple[str, tuple[tuple[str, Fraction], ...]]:
    return product_key(product), product.sizes


def log_of(body: Polynomial) -> Polynomial:
    """The logarithm; positive factors are taken out: log(e^t y) = t + log y."""
    if not body:
        raise OutsideCalculusError("the logarithm of 0")
    outside, core = _without_common_factors(body, whole=False)
    parts = [_logged((Product(sizes=((dim, _ONE),)),), k) for dim, k in outside.sizes]
    for atom, k in outside.atoms:
        if isinstance(atom, ExpOf):
            parts += scaled(atom.body, k)
        elif isinstance(atom, Base):
            parts.append(_logged(atom.body, k))
        else:
            parts.append(_logged((Product(atoms=((atom, _ONE),)),), k))
    return collect([*parts, *map(_logged, core)])


def _logged(body: Polynomial, factor: Fraction = _ONE) -> Product:
    return Product(factor, atoms=((LogOf(*closed(body)), _ONE),))


# --- simplification ------------------------------------------------------------------------------


def collect(products: Iterable[Product]) -> Polynomial:
    """Simplify products and join those that differ in names and order only."""
    found: dict[tuple[str, tuple[tuple[str, Fraction], ...]], Product] = {}
    waiting = list(products)
    while waiting:
        product = waiting.pop()
        spend(1 + len(product.atoms))
        simple = _simplified(product)
        if isinstance(simple, list):
            waiting += simple
            continue
        key = _order(simple)
        present = found.get(key)
        if present is not None:
            simple = replace(present, coefficient=present.coefficient + simple.coefficient)
        found[key] = simple
    return tuple(found[key] for key in sorted(found) if found[key].coefficient)


def _simplified(product: Product) -> Product | list[Product]:
    """One product in which no rule applies, or products whose sum it is."""
    if not product.coefficient:
        return []
    product = merged(without_deltas(product))
    for place, (atom, power) in enumerate(product.atoms):
        if isinstance(atom, Scoped) and (new := _rewritten(atom, power)) is not None:
            rest = replace(product, atoms=product.atoms[:place] + product.atoms[place + 1 :])
            return [multiplied(rest, other) for other in new]
    quotient = divided(product)
    return with_sizes_for_unused(product) if quotient is None else quotient


def _rewritten(atom: Scoped, power: Fraction) -> Polynomial | None:
    """The power of an atom that is no longer in normal form: indices have met, or powers have added up."""
    met = len(set(atom.at)) < len(atom.at)
    if isinstance(atom, Base):
        whole = power.denominator == 1
        if met or (whole and (power > 0 or not _is_kept_whole(atom.scope))):
            return power_of(collect(atom.body), power)
    elif met and isinstance(atom, ExpOf):
        return exp_of(scaled(collect(atom.body), power))
    elif met:
        return power_of(log_of(collect(atom.body)), power)
    return None


def _is_kept_whole(scope: Scope) -> bool:
    """Whether a whole negative power of the polynomial keeps it as it is."""
    known = scope.facts.get("kept whole")
    if known is None:
        outside, core = _without_common_factors(scope.body, whole=True)
        plain = outside.coefficient == 1 and not outside.sizes and not outside.atoms
        known = scope.facts["kept whole"] = plain and len(core) == 1
    return known
