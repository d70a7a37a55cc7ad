"""COST: operation counts as polynomials in the sizes, compared with the stated bound for all sizes.

A statement ``within(algorithm, inputs, bound=g)`` claims a constant C with count ≤ C·g at all sizes ≥ 1.

Proof: put s + 1 in the place of every size s, so that s ≥ 0.  If every coefficient of C·g − count is
then non-negative, so is its value at all sizes.  The check finds the least such integer C.  A term of
the count that the bound lacks is first replaced by two that it has: n²d ≤ n³/2 + n d²/2.

Disproof: put t^a in the place of every size, with small integers a ≥ 0.  If the count then has the
higher degree in t, count / g grows without bound along this *family* of sizes: no C will do.  Nor will
any where the count becomes positive and g does not.
"""

from __future__ import annotations

import inspect
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from proofcheck.checks.rate import decide_rate
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import Domain
from proofcheck.claims.proposition import AtMost, Atom, Equal, HasShape, Vanishes, Within, atoms
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.errors import FreeSymbolError, OutsideCalculusError, ShapeError
from proofcheck.namespaces.counting import CountedArray, CountingNamespace, Counts, Shape
from proofcheck.namespaces.sizes import Size
from proofcheck.namespaces.strict import shape_text

__all__ = ["atoms_of_shapes", "check_cost", "constant_for", "growing_family", "symbolic_shapes"]

Monomial: TypeAlias = tuple[tuple[str, int], ...]

_EXPONENTS = range(4)
_MOST_FAMILIES = 50_000
_SHOWN_AT = (10, 100, 1000)


def check_cost(form: Form) -> Verdict:
    """Decide every ``within`` and ``vanishes`` of the statement, for all sizes at once.

    Returns:
        HOLDS with counts, bound and constant in the detail; REFUTED with a family of sizes along
        which the ratio of count to bound grows, or with the limit that is not 0; UNKNOWN where neither
        is found, or where the count cannot be taken; NOT_RUN for a statement without either.

    Raises:
        IllFormedError: the statement, or an algorithm in it, does not denote anything.
    """
    symbols = _in_order_of_appearance(form)
    xp = CountingNamespace(symbols)
    try:
        found = [atom for atom in _evaluate(form, xp) if isinstance(atom, (Within, Vanishes))]
    except OutsideCalculusError as error:
        return Verdict(Level.COST, Outcome.UNKNOWN, f"not countable for all sizes: {error}")
    if not found:
        return Verdict(Level.COST, Outcome.NOT_RUN, "no cost is stated")
    held: list[str] = []
    unknown: list[str] = []
    for atom in found:
        if isinstance(atom, Vanishes):
            outcome, words = decide_rate(atom)
            if outcome is Outcome.REFUTED:
                return Verdict(Level.COST, outcome, words, frozenset({atom.kind}), all_sizes=True)
            (held if outcome is Outcome.HOLDS else unknown).append(words)
            continue
        name = getattr(atom.algorithm, "__name__", "algorithm")
        try:
            with xp.counted() as counts:
                atom.algorithm(xp, *atom.inputs)
            bound, total = _bound(atom.bound), counts.total
            for symbol in (*total.symbols, *bound.symbols):
                if symbol not in symbols:
                    raise OutsideCalculusError(f"the cost depends on the index {symbol}")
        except OutsideCalculusError as error:
            unknown.append(f"{name}: not countable for all sizes: {error}")
            continue
        words = f"{name}: {_counts_words(counts)}"
        constant = constant_for(total, bound)
        if constant is not None:
            held.append(f"{words}; {_inequality(total, bound, constant, symbols)}")
            continue
        family = growing_family(total, bound, symbols)
        if family is None:
            unknown.append(
                f"{words}; {total} = O({bound}): neither a constant nor a family of sizes that rules "
                "one out was found"
            )
            continue
        return _refuted(name, counts, bound, family)
    if unknown:
        return Verdict(Level.COST, Outcome.UNKNOWN, "; ".join(unknown))
    return Verdict(
        Level.COST,
        Outcome.HOLDS,
        "; ".join(held),
        covers=frozenset(atom.kind for atom in found),
        all_sizes=True,
    )


def constant_for(count: Size, bound: Size) -> int | None:
    """The least integer C ≥ 1 for which ``C·bound − count`` is seen to be ≥ 0 at all sizes.

    None when no such C is seen, which does not mean that there is none: n·d·m ≤ n³ + d³ + m³, but
    n·d·m lies between no two terms of the bound.
    """
    allowed = bound.above_one().terms()
    if not allowed or any(coefficient < 0 for coefficient in allowed.values()):
        return None  # the bound is not seen to be positive
    needed: dict[Monomial, Fraction] = {}
    for monomial, coefficient in count.above_one().terms().items():
        if coefficient > 0:
            parts = _between(monomial, allowed)
            if parts is None:
                return None
            for part, share in parts.items():
                needed[part] = needed.get(part, Fraction(0)) + share * coefficient
    return max([1, *(math.ceil(amount / allowed[monomial]) for monomial, amount in needed.items())])


def _between(monomial: Monomial, allowed: Mapping[Monomial, Fraction]) -> dict[Monomial, Fraction] | None:
    """Shares of allowed monomials that add up to at least this one at all s ≥ 0; None if none are seen.

    By the inequality of weighted means x^m ≤ λ x^u + (1 − λ) x^v if m = λ u + (1 − λ) v, 0 < λ < 1.
    """
    if monomial in allowed:
        return {monomial: Fraction(1)}
    for first, second in itertools.combinations(allowed, 2):
        m, u, v = dict(monomial), dict(first), dict(second)
        names = sorted({*m, *u, *v})
        apart = next(name for name in names if u.get(name, 0) != v.get(name, 0))
        share = Fraction(m.get(apart, 0) - v.get(apart, 0), u.get(apart, 0) - v.get(apart, 0))
        if 0 < share < 1 and all(
            m.get(name, 0) == share * u.get(name, 0) + (1 - share) * v.get(name, 0) for name in names
        ):
            return {first: share, second: 1 - share}
    return None


def growing_family(count: Size, bound: Size, symbols: Sequence[str]) -> dict[str, int] | None:
    """Exponents a such that no multiple of the bound is above the count at sizes t^a; None if none are seen.

    Either ``count / bound`` grows without bound with t, or the bound is not positive where the count is.

    The simplest family is taken: least sum of exponents, early symbols first.  All exponents up to 3
    are tried, or up to a smaller number when there are many symbols.
    """
    exponents: Sequence[int] = _EXPONENTS
    while len(exponents) ** len(symbols) > _MOST_FAMILIES and len(exponents) > 2:
        exponents = exponents[:-1]
    choices = itertools.product(exponents, repeat=len(symbols))
    for choice in sorted(choices, key=lambda one: (sum(one), tuple(-a for a in one))):
        family = dict(zip(symbols, choice, strict=True))
        count_degree, count_leading = _leading(count, family)
        bound_degree, bound_leading = _leading(bound, family)
        if count_leading > 0 and (bound_leading <= 0 or count_degree > bound_degree):
            return family
    return None


def _leading(size: Size, family: dict[str, int]) -> tuple[int, Fraction]:
    """Degree in t and leading coefficient along a family; (−1, 0) for the zero polynomial."""
    by_degree: dict[int, Fraction] = {}
    for monomial, coefficient in size.terms().items():
        degree = sum(family[name] * power for name, power in monomial)
        by_degree[degree] = by_degree.get(degree, Fraction(0)) + coefficient
    return max(((d, c) for d, c in by_degree.items() if c), default=(-1, Fraction(0)))


def _refuted(name: str, counts: Counts, bound: Size, family: dict[str, int]) -> Verdict:
    t = Size.symbol("t", ("t",))
    sizes = {symbol: t**power for symbol, power in family.items()}
    count_along, bound_along = counts.total.substitute(sizes), bound.substitute(sizes)
    ratios = []
    for value in _SHOWN_AT:
        count_there, bound_there = count_along.at({"t": value}), bound_along.at({"t": value})
        if bound_there > 0:
            ratios.append({"t": value, "ratio": str(count_there / bound_there)})
    where = ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())
    why = "their ratio grows without bound"
    if _leading(bound, family)[1] <= 0:
        why = "no multiple of it is above the total for large t"
    detail = (
        f"{name}: {_counts_words(counts)}; at {where} the total is {count_along}, "
        f"the bound {bound_along}: {why}"
    )
    counterexample = {
        "relation": Relation.WITHIN.value,
        "algorithm": name,
        "family": {symbol: str(size) for symbol, size in sizes.items()},
        "count": str(count_along),
        "bound": str(bound_along),
        "ratio_at": ratios,
        "counts": {kind: str(amount) for kind, amount in counts.by_kind().items()},
        "total": str(counts.total),
        "stated_bound": str(bound),
    }
    return Verdict(
        Level.COST,
        Outcome.REFUTED,
        detail,
        covers=frozenset({Relation.WITHIN}),
        all_sizes=True,
        counterexample=counterexample,
    )


def _bound(value: Any) -> Size:
    if isinstance(value, CountedArray):
        raise TypeError("the bound of within(...) must be made of sizes, not of arrays")
    return Size.of(value)


def _counts_words(counts: Counts) -> str:
    parts = [f"{amount} {kind}" for kind, amount in counts.by_kind().items() if amount != 0]
    return ", ".join(parts) or "no operations"


def _inequality(total: Size, bound: Size, constant: int, symbols: Sequence[str]) -> str:
    sizes = f" for all {', '.join(symbols)} ≥ 1" if symbols else ""
    return f"total {total} ≤ {constant}·({bound}){sizes}"


def symbolic_shapes(form: Form) -> bool:
    """Type-check the statement with symbolic sizes, which speaks about all sizes at once.

    Returns:
        Whether the statement returns any relation between shapes.

    Raises:
        IllFormedError: shapes do not fit somewhere; a ShapeError when the two sides of a relation
            differ in shape, or a value has not the shape stated.
        OutsideCalculusError: not expressible with symbolic sizes.
    """
    seen = False
    for atom in atoms_of_shapes(form):
        if isinstance(atom, HasShape):
            seen = True
            value, stated = _shape(atom.value), tuple(atom.shape)
            if value != stated:
                raise ShapeError(f"the shape is {shape_text(value)}, stated is {shape_text(stated)}")
        elif isinstance(atom, (Equal, AtMost)):
            seen = True
            left, right = _shape(atom.left), _shape(atom.right)
            one_scalar = isinstance(atom, AtMost) and not (left and right)
            if left != right and not one_scalar:
                raise ShapeError(f"left side is {shape_text(left)}, right side is {shape_text(right)}")
    return seen


def atoms_of_shapes(form: Form) -> Iterator[Atom]:
    """The relations the statement returns about arrays without values, at symbolic sizes.

    Raises:
        IllFormedError: shapes do not fit.
        OutsideCalculusError: not expressible with symbolic sizes.
    """
    return _evaluate(form, CountingNamespace(_in_order_of_appearance(form)))


def _shape(side: Any) -> Shape:
    return side.shape if isinstance(side, CountedArray) else ()


def _in_order_of_appearance(form: Form) -> tuple[str, ...]:
    """The size symbols as the declarations first name them, so that n×d gives n²d and not dn²."""
    declared = itertools.chain.from_iterable(
        one if isinstance(one, tuple) else (one,) for one in form.given.values()
    )
    dims = itertools.chain.from_iterable(
        one.dims if isinstance(one, Domain) else (one.dim,) for one in declared
    )
    return tuple(dict.fromkeys(re.findall(r"[A-Za-z]\w*", " ".join(dims))))


def _evaluate(form: Form, xp: CountingNamespace) -> Iterator[Atom]:
    """The relations the statement returns about arrays of which only the shapes are known.

    Raises:
        FreeSymbolError: a parameter that is neither given nor a size.
    """
    values: dict[str, Any] = {name: xp.size(name) for name in xp.size_symbols}
    sizes = dict(values)
    values |= {name: xp.index(name) for name in form.indices()}
    values |= {name: xp.array_of_shape(one.shape(sizes)) for name, one in form.domains().items()}
    names = tuple(inspect.signature(form.statement).parameters)[1:]
    for name in names:
        if name not in values:
            raise FreeSymbolError(f"symbol {name} is used but nothing declares it")
    return atoms(form.statement(xp, **{name: values[name] for name in names}))
