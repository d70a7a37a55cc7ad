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
from proofcheck.checks.cost import atoms_of_shapes
from proofcheck.checks.counterexample import as_strings
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
_SIZES = (1, 2, 3)
_DRAWS = 20
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

    family = form.family
    if family is None:
        if not _states_a_hidden_constant(form):
            return Verdict(Level.FAMILY, Outcome.NOT_RUN)
        return unknown("no family is named, and no finite number of points speaks about a hidden constant")
    try:
        at_t, at_one = _interpreted(form, family, None), _interpreted(form, family, 1)
    except OutsideCalculusError as error:
        return unknown(f"the family is outside the calculus: {error}")
    for number, (one, several) in enumerate(zip(at_one, at_t, strict=True), start=1):
        growth = _growth(one[0], several[0]), _growth(one[1], several[1])
        if growth[0] is None or growth[1] is None or growth[0] <= growth[1]:
            continue
        power_of_t = growth[0] - growth[1]
        for size in _SIZES:
            sizes: Sizes = dict.fromkeys(family.size_symbols, size)
            members = []
            for _ in range(_DRAWS):
                base = {name: domain.draw(rng, sizes) for name, domain in family.given.items()}
                if fault := _outside(form, family, sizes, base):
                    return unknown(fault)
                if _ratio(form, family, sizes, base, number) is not None:
                    base = _simplest(form, family, sizes, base, number)
                    members.append(_described(form, family, sizes, base, number, power_of_t))
            if members:
                # Each is simple one entry at a time, which not all ways down end alike.
                found = min(members, key=lambda one: len(one["ratio_exact"] + str(one["inputs"])))
                where = sizes_words(sizes)
                detail = f"along {family.words}: {found['growth']} times the ratio at t = 1 ({where})"
                return Verdict(Level.FAMILY, Outcome.REFUTED, detail, covers=covers, counterexample=found)
    return unknown("the ratio is not seen to grow along the family")


def _states_a_hidden_constant(form: Form) -> bool:
    """Whether the statement has a ``bounded``, as far as shapes tell: at a point it may not be defined."""
    try:
        return any(isinstance(atom, Bounded) for atom in atoms_of_shapes(form))
    except OutsideCalculusError:
        return False


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


def _outside(form: Form, family: Family, sizes: Sizes, base: Mapping[str, Any]) -> str:
    """Why a member that these base inputs make is outside the hypotheses; empty if those tried are not."""
    xp = StrictNamespace(Fraction)
    inputs = {name: xp.array(value) for name, value in base.items()}
    for t in _MEMBERS_AT:
        made = _made(family, xp, {**sizes, "t": t, **inputs})
        for name, domain in form.domains().items():
            at = {symbol: int(made[symbol]) for symbol in domain.symbols}
            values = made[name].values
            if values.shape != domain.shape(at) or not domain.contains(values):
                return f"at t = {t} the family's {name} is not {domain.describe()}"
    return ""


def _simplest(form: Form, family: Family, sizes: Sizes, base: dict[str, Any], number: int) -> dict[str, Any]:
    """The base inputs with every entry as simple as it can be, the ratio positive, the members inside."""
    changed = True
    while changed:
        changed = False
        for name, domain in family.given.items():
            for value in domain.simpler(base[name]):
                other = {**base, name: value}
                if _ratio(form, family, sizes, other, number) is None or _outside(form, family, sizes, other):
                    continue
                base, changed = other, True
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
    form: Form, family: Family, sizes: Sizes, base: Mapping[str, Any], number: int, k: int
) -> dict[str, Any]:
    ratio = _ratio(form, family, sizes, base, number)
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
