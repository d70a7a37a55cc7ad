"""FAMILY: a hidden constant O(·) is refuted by inputs along which the ratio provably grows.

``bounded(left, by=g)`` claims a constant C with left ≤ C·g for all inputs and sizes.  No single point
disproves that.  A claim may name a family: inputs made from base inputs and a size t.  With t a symbol, the
calculus for all sizes proves left(t) = t^k·left(1) and g(t) = t^m·g(1) with m < k; one base point with
left(1) > 0 and g(1) > 0, decided exactly, then rules every C out.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.checks.binding import Sizes, sizes_words
from proofcheck.claims.claim import Family, Form
from proofcheck.claims.proposition import Bounded, atoms
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.indexed import IndexedArray, IndexedNamespace
from proofcheck.namespaces.sizes import Size
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.symbolic.decide import Answer, decide
from proofcheck.symbolic.terms import Const, SizeOf, Term, add, mul, power

__all__ = ["check_family"]

_MOST_POWER = 3
_DRAWS = 60
_MEMBERS_AT = (1, 2, 3)
_SHOWN_AT = (1, 10, 100, 1000)
_MINUS_ONE = Const(Fraction(-1))


def check_family(form: Form, rng: np.random.Generator) -> Verdict:
    """Refute the form's first hidden constant that its family refutes.

    Returns:
        REFUTED with the family and the growth of the ratio; UNKNOWN where no family is named, its members
        are not all in the hypotheses, or nothing is proved about it; NOT_RUN without ``bounded``.
    """
    covers = frozenset({Relation.BOUNDED})

    def unknown(why: str) -> Verdict:
        return Verdict(Level.FAMILY, Outcome.UNKNOWN, why, covers=covers)

    point = _base_point(form, form.family, rng, {}, 1)[1] if form.family is not None else None
    if form.family is None or point is None:
        if not any(isinstance(atom, Bounded) for atom in _plain_atoms(form, rng)):
            return Verdict(Level.FAMILY, Outcome.NOT_RUN)
        return unknown("no family is named, and no finite number of points speaks about a hidden constant")
    family = form.family
    try:
        at_t, at_one = _interpreted(form, family, None), _interpreted(form, family, 1)
    except OutsideCalculusError as error:
        return unknown(f"the family is outside the calculus: {error}")
    for number, (one, several) in enumerate(zip(at_one, at_t, strict=True), start=1):
        growth = _growth(one[0], several[0]), _growth(one[1], several[1])
        if growth[0] is None or growth[1] is None or growth[0] <= growth[1]:
            continue
        for draw in range(_DRAWS):
            # Small sizes first.
            sizes: Sizes = dict.fromkeys(family.size_symbols, 1 + draw * 3 // _DRAWS)
            for t in _MEMBERS_AT:
                fault, base = _base_point(form, family, rng, sizes, t)
                if fault:
                    return unknown(fault)
            if _ratio(form, family, sizes, base, number) is not None:
                base = _simplest(form, family, sizes, base, number)
                ratio = _ratio(form, family, sizes, base, number)
                found = _described(family, sizes, base, number, ratio, growth[0] - growth[1])
                where = sizes_words(sizes)
                detail = f"along {family.words}: {found['growth']} times the ratio at t = 1 ({where})"
                return Verdict(Level.FAMILY, Outcome.REFUTED, detail, covers=covers, counterexample=found)
    return unknown("the ratio is not seen to grow along the family")


def _plain_atoms(form: Form, rng: np.random.Generator) -> list[Any]:
    """The relations of the statement, at the smallest sizes."""
    from proofcheck.checks.binding import draw_point, evaluate, index_tuples

    sizes = dict.fromkeys(form.size_symbols, 1)
    xp = StrictNamespace(float)
    return evaluate(form, xp, sizes, draw_point(form, sizes, rng), index_tuples(form, sizes)[0])


def _bounded(form: Form, xp: Any, symbols: Mapping[str, Any]) -> list[Bounded]:
    proposition = form.statement(xp, **{name: symbols[name] for name in form.parameters})
    return [atom for atom in atoms(proposition) if isinstance(atom, Bounded)]


def _interpreted(form: Form, family: Family, t: int | None) -> list[tuple[Term, Term]]:
    """Left and bound of each hidden constant, with t a symbol (``None``) or a number."""
    xp = IndexedNamespace((*family.size_symbols, "t"))
    sizes: dict[str, Any] = {name: xp.size(name) for name in family.size_symbols}
    sizes["t"] = xp.size("t") if t is None else Size.of(t)
    inputs = {name: xp.input(name, domain.shape(sizes)) for name, domain in family.given.items()}
    made = _made(family, xp, {**sizes, **inputs})
    pairs = []
    for atom in _bounded(form, xp, made):
        sides = [s if isinstance(s, IndexedArray) else xp.scalar(s) for s in (atom.left, atom.by)]
        if any(side.axes for side in sides):
            raise OutsideCalculusError("a bound on an array; bound its sum or one entry")
        pairs.append((sides[0].entry(), sides[1].entry()))
    return pairs


def _made(family: Family, xp: Any, symbols: Mapping[str, Any]) -> dict[str, Any]:
    names = tuple(inspect.signature(family.make).parameters)[1:]
    return dict(family.make(xp, **{name: symbols[name] for name in names}))


def _growth(one: Term, several: Term) -> int | None:
    """The k with several = t^k · one for all inputs and sizes; None if none is proved."""
    for k in range(_MOST_POWER + 1):
        expected = mul(power(SizeOf("t"), k), one) if k else one
        if decide(add(several, mul(_MINUS_ONE, expected))).answer is Answer.PROVED:
            return k
    return None


def _base_point(
    form: Form, family: Family | None, rng: np.random.Generator, sizes: Sizes, t: int
) -> tuple[str, dict[str, Any]]:
    """Base inputs, and why the member at t that they make is outside the hypotheses; empty if it is not."""
    if family is None:
        return "", {}
    sizes = sizes or dict.fromkeys(family.size_symbols, 2)
    base = {name: domain.draw(rng, sizes) for name, domain in family.given.items()}
    xp = StrictNamespace(Fraction)
    made = _made(family, xp, {**sizes, "t": t, **{name: xp.array(value) for name, value in base.items()}})
    for name, domain in form.domains().items():
        at = {symbol: int(made[symbol]) for symbol in domain.symbols}
        values = made[name].values
        if values.shape != domain.shape(at) or not domain.contains(values):
            return f"at t = {t} the family's {name} is not {domain.describe()}", base
    return "", base


def _simplest(form: Form, family: Family, sizes: Sizes, base: dict[str, Any], number: int) -> dict[str, Any]:
    """The base inputs with every entry as simple as it can be while the ratio stays positive."""
    changed = True
    while changed:
        changed = False
        for name, domain in family.given.items():
            for value in domain.simpler(base[name]):
                if _ratio(form, family, sizes, {**base, name: value}, number) is not None:
                    base, changed = {**base, name: value}, True
                    break
    return base


def _ratio(form: Form, family: Family, sizes: Sizes, base: Mapping[str, Any], number: int) -> Any:
    """The ratio of left to bound at t = 1, exactly, where both are positive; else None."""
    field = ExactField()
    xp = StrictNamespace(field.constant)
    symbols = {**sizes, "t": 1, **{name: xp.array(value) for name, value in base.items()}}
    atom = _bounded(form, xp, _made(family, xp, symbols))[number - 1]

    def scalar(side: Any) -> Any:
        return field.constant(0) + (side.values[()] if isinstance(side, Array) else side)

    left, by = scalar(atom.left), scalar(atom.by)
    return left / by if left.sign() > 0 and by.sign() > 0 else None


def _described(
    family: Family, sizes: Sizes, base: Mapping[str, Any], number: int, ratio: Any, k: int
) -> dict[str, Any]:
    from proofcheck.checks.counterexample import as_strings

    shown = [{"t": t, "ratio": f"{ratio.to_float() * t**k:.12g}"} for t in _SHOWN_AT]
    return {
        "relation": Relation.BOUNDED.value,
        "relation_number": number,
        "family": {"along": family.words},
        "sizes": dict(sizes),
        "inputs": {name: as_strings(value) for name, value in base.items()},
        "growth": "t" if k == 1 else f"t^{k}",
        "ratio_exact": str(ratio),
        "ratio_at": shown,
    }
