"""Terms and normal forms evaluated by plain loops over mpmath numbers, and random terms."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import mpmath
from hypothesis import strategies as st

from proofcheck.symbolic.products import ExpOf, LogOf, Polynomial, Product
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
    subterms,
)

DIGITS = 40
DIMS: dict[str, tuple[str, ...]] = {"A": ("n", "d"), "M": ("n", "n"), "v": ("n",), "w": ("d",), "s": ()}
"""The arrays random terms are made of, by their dimensions."""
I, J, K = Idx(-1, "n", "i"), Idx(-2, "n", "j"), Idx(-3, "d", "k")  # noqa: E741
FREE = (I, J, K)

Arrays = Mapping[str, Mapping[tuple[int, ...], Any]]


class Undefined(Exception):
    """The term has no real value at this point."""


class TooLarge(Exception):
    """The value has more digits than are worth computing."""


def number(value: Fraction | int) -> Any:
    return mpmath.mpf(Fraction(value).numerator) / Fraction(value).denominator


def raised(base: Any, exponent: Fraction, least: Any = 0) -> Any:
    if exponent.denominator > 1 and base < 0:
        raise Undefined
    if exponent < 0 and abs(base) <= least:
        raise Undefined
    return mpmath.power(base, number(exponent)) if exponent.denominator > 1 else base ** int(exponent)


def logarithm(value: Any) -> Any:
    if value <= mpmath.mpf(10) ** -20:
        raise Undefined
    return mpmath.log(value)


def exponential(value: Any, within: int = 200) -> Any:
    if abs(value) > within:
        raise TooLarge
    return mpmath.exp(value)


def value_of(term: Term, sizes: Mapping[str, int], arrays: Arrays, at: Mapping[Idx, int]) -> Any:
    """The value of a term, straight from what its parts mean."""

    def inner(part: Term) -> Any:
        return value_of(part, sizes, arrays, at)

    match term:
        case Const(value):
            return number(value)
        case SizeOf(dim):
            return mpmath.mpf(sizes[dim])
        case Entry(name, indices):
            return arrays[name][tuple(at[i] for i in indices)]
        case Delta(left, right):
            return mpmath.mpf(at[left] == at[right])
        case Sum(index, body):
            values = range(sizes[index.dim])
            return mpmath.fsum(value_of(body, sizes, arrays, {**at, index: k}) for k in values)
        case Add(parts):
            return mpmath.fsum(map(inner, parts))
        case Mul(parts):
            return mpmath.fprod(map(inner, parts))
        case Pow(base, exponent):
            return raised(inner(base), Fraction(exponent), least=mpmath.mpf(10) ** -15)
        case Exp(argument):
            return exponential(inner(argument))
        case Log(argument):
            return logarithm(inner(argument))


def value_of_polynomial(
    body: Polynomial, sizes: Mapping[str, int], arrays: Arrays, at: Mapping[Idx, int]
) -> Any:
    """The value of a normal form."""
    return mpmath.fsum(_value_of_product(product, sizes, arrays, at) for product in body)


def _value_of_product(
    product: Product, sizes: Mapping[str, int], arrays: Arrays, at: Mapping[Idx, int]
) -> Any:
    front = number(product.coefficient)
    for dim, power in product.sizes:
        front *= raised(mpmath.mpf(sizes[dim]), Fraction(power))
    total = mpmath.mpf(0)
    for values in itertools.product(*(range(sizes[index.dim]) for index in product.bound)):
        here = {**at, **dict(zip(product.bound, values, strict=True))}
        factor = mpmath.mpf(1)
        if any(isinstance(atom, Delta) and here[atom.left] != here[atom.right] for atom, _ in product.atoms):
            continue  # 0, whether or not the other factors are defined off the diagonal
        for atom, power in product.atoms:
            value = _value_of_atom(atom, sizes, arrays, here)
            # One product of an exponent may be much larger than the exponent.
            if isinstance(atom, ExpOf):
                factor *= exponential(number(power) * value, within=10**6)
            else:
                factor *= raised(value, power)
        total += factor
    return front * total


def _value_of_atom(atom: Any, sizes: Mapping[str, int], arrays: Arrays, at: Mapping[Idx, int]) -> Any:
    if isinstance(atom, (Entry, Delta)):
        return value_of(atom, sizes, arrays, at)
    inside = {p: at[i] for p, i in zip(atom.scope.parameters, atom.at, strict=True)}
    body = value_of_polynomial(atom.scope.body, sizes, arrays, inside)
    return logarithm(body) if isinstance(atom, LogOf) else body


def points(seed: int, count: int = 3, *, positive: bool = False) -> Iterable[tuple[dict[str, int], Any, Any]]:
    """Small sizes, arrays of generic values, and values of the free indices, in turn."""
    import random

    generator = random.Random(seed)
    for turn in range(count):
        sizes = {"n": 1 + (turn + 1) % 3, "d": 1 + (turn + 2) % 2}
        arrays = {
            name: {
                place: mpmath.mpf(generator.randint(1 if positive else -1000, 1000)) / 701
                for place in itertools.product(*(range(sizes[dim]) for dim in dims))
            }
            for name, dims in DIMS.items()
        }
        yield sizes, arrays, {index: generator.randrange(sizes[index.dim]) for index in FREE}


def close(left: Any, right: Any, scale: Any = 1) -> bool:
    return bool(abs(left - right) <= mpmath.mpf(10) ** -22 * max(1, abs(left), abs(right), scale))


# --- random terms ----------------------------------------------------------------------------------


def entry(draw: Any, scope: tuple[Idx, ...]) -> Term:
    name = draw(st.sampled_from(sorted(DIMS)))
    at = []
    for dim in DIMS[name]:
        fitting = [index for index in scope if index.dim == dim]
        at.append(draw(st.sampled_from(fitting)))
    return Entry(name, tuple(at))


@st.composite
def terms(
    draw: Any, depth: int = 3, scope: tuple[Idx, ...] = FREE, *, logs: bool = True, deltas: bool = True
) -> Term:
    """A random term; it need not be defined everywhere."""
    if depth == 0:
        kind = draw(st.sampled_from(["entry", "entry", "entry", "const", "size", *["delta"] * deltas]))
        if kind == "delta":
            same = [index for index in scope if index.dim == "n"]
            return Delta(draw(st.sampled_from(same)), draw(st.sampled_from(same)))
        if kind == "const":
            return Const(draw(st.sampled_from([Fraction(1), Fraction(-1), Fraction(2), Fraction(1, 2)])))
        return SizeOf(draw(st.sampled_from(["n", "d"]))) if kind == "size" else entry(draw, scope)
    kinds = ["sum", "sum", "add", "mul", "mul", "exp", "inverse", "square", "root", "quotient", "leaf"]
    kind = draw(st.sampled_from([*kinds, "log"] if logs else kinds))

    def inner(less: int = 1, more: tuple[Idx, ...] = ()) -> Term:
        return draw(terms(max(depth - less, 0), (*scope, *more), logs=logs, deltas=deltas))

    if kind == "sum":
        index = fresh(draw(st.sampled_from(["n", "d"])), "q")
        return Sum(index, inner(1, (index,)))
    if kind in ("add", "mul"):
        parts = tuple(inner() for _ in range(draw(st.integers(2, 3))))
        return Add(parts) if kind == "add" else Mul(parts)
    if kind == "exp":
        return Exp(inner())
    if kind == "inverse":
        return Pow(inner(), Fraction(draw(st.sampled_from([-1, -2]))))
    if kind == "square":
        return Pow(inner(), Fraction(2))
    if kind == "root":
        return Pow(inner(), Fraction(draw(st.sampled_from([1, -1, 3])), 2))
    if kind == "quotient":
        index = fresh("n", "q")
        score = draw(terms(max(depth - 2, 0), (*scope, index), logs=False, deltas=deltas))
        top = Exp(score)
        return Mul((inner(2), Pow(Sum(index, top), Fraction(-1))))
    if kind == "log":
        return Log(inner())
    return inner(depth)


# --- the same term written otherwise, and other terms that look alike -------------------------------


@st.composite
def rewritten(draw: Any, term: Term, *, kept: bool = False) -> Term:
    """An equal term: other summed indices, another order, distributed, exponentials split, ones put in.

    Nothing is distributed inside a kept power (``kept``): sums are not factored again there.
    """

    def again(part: Term) -> Term:
        return draw(rewritten(part, kept=kept))

    match term:
        case Sum(index, body):
            renamed = fresh(index.dim, "r")
            inner = again(substitute(body, {index: renamed}))
            if isinstance(inner, Add) and draw(st.booleans()):
                return Add(tuple(Sum(renamed, part) for part in inner.parts))
            return Sum(renamed, inner)
        case Add(parts):
            return Add(tuple(draw(st.permutations([again(part) for part in parts]))))
        case Mul(parts):
            factors = draw(st.permutations([again(part) for part in parts]))
            place = next((k for k, part in enumerate(factors) if isinstance(part, Add)), None)
            if place is not None and not kept and draw(st.booleans()):
                split = factors.pop(place)
                assert isinstance(split, Add)
                return Add(tuple(Mul((part, *factors)) for part in split.parts))
            return Mul(tuple(factors))
        case Pow(base, exponent):
            if exponent == 2 and draw(st.booleans()):
                return Mul((again(base), again(base)))
            if exponent == -2 and draw(st.booleans()):
                once = Pow(draw(rewritten(base, kept=True)), Fraction(-1))
                return Mul((once, Pow(draw(rewritten(base, kept=True)), Fraction(-1))))
            natural = exponent.denominator == 1 and exponent > 0
            return Pow(draw(rewritten(base, kept=kept or not natural)), exponent)
        case Exp(argument):
            inner = again(argument)
            if isinstance(inner, Add) and draw(st.booleans()):
                return Mul(tuple(Exp(part) for part in inner.parts))
            return Exp(inner)
        case Log(argument):
            return Log(again(argument))
        case Entry(name, at) if at and draw(st.booleans()):
            moved = fresh(at[0].dim, "r")
            return Sum(moved, Mul((Entry(name, (moved, *at[1:])), Delta(moved, at[0]))))
        case Entry() if draw(st.booleans()):
            index = fresh("n", "r")
            weight = Exp(Mul((Entry("v", (index,)), term)))
            other = fresh("n", "r")
            total = Sum(other, Exp(Mul((term, Entry("v", (other,))))))
            return Mul((Sum(index, Mul((weight, Pow(total, Fraction(-1))))), term))
        case _:
            return term


@st.composite
def disturbed(draw: Any, term: Term) -> Term:
    """A term that differs in one place: a swapped index, a changed power, a dropped factor."""

    def pick(parts: tuple[Term, ...]) -> tuple[Term, ...]:
        place = draw(st.integers(0, len(parts) - 1))
        return (*parts[:place], draw(disturbed(parts[place])), *parts[place + 1 :])

    match term:
        case Entry(name, at):
            other = {"n": draw(st.sampled_from([I, J])), "d": K}
            place = draw(st.integers(0, len(at) - 1)) if at else 0
            return Entry(name, tuple(other[i.dim] if p == place else i for p, i in enumerate(at)))
        case Delta(left, _):
            return Delta(left, draw(st.sampled_from([I, J])))
        case Const(value):
            return Const(-value)
        case SizeOf(dim):
            return SizeOf("d" if dim == "n" else "n")
        case Sum(index, body):
            if draw(st.booleans()):
                moved = fresh("d" if index.dim == "n" else "n", "z")
                used = {i for part in subterms(body) for i in _indices(part)}
                if index not in used:
                    return Sum(moved, body)
            return Sum(index, draw(disturbed(body)))
        case Add(parts):
            return Add(pick(parts) if draw(st.booleans()) else parts[1:])
        case Mul(parts):
            return Mul(pick(parts) if draw(st.booleans()) else parts[1:])
        case Pow(base, exponent):
            return Pow(base, exponent - 1) if draw(st.booleans()) else Pow(draw(disturbed(base)), exponent)
        case Exp(argument):
            return Exp(draw(disturbed(argument)))
        case Log(argument):
            return Log(draw(disturbed(argument)))


def _indices(term: Term) -> tuple[Idx, ...]:
    match term:
        case Entry(_, at):
            return at
        case Delta(left, right):
            return (left, right)
        case _:
            return ()


def difference(left: Term, right: Term) -> Term:
    return Add((left, Mul((Const(Fraction(-1)), right))))
