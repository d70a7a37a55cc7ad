"""SymPy's opinion on what EXACT proved: other arithmetic, other derivatives, other zero test.

A few symbols stay free and the other entries are small random numbers, so that SymPy answers in a
fraction of a second.  Its exponentials are atoms that multiply by adding exponents; its zero test
may confirm, contradict (only at a point, numerically, to 30 digits) or not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.checks.binding import Sizes, draw_point, entries, evaluate, index_tuples, sizes_words
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost, Equal
from proofcheck.namespaces.strict import Array, StrictNamespace

__all__ = ["Opinion", "second_opinion"]

_FREE_SYMBOLS = 3
_ENTRIES = 3
_SIZE = 2
_DIGITS = 30


@dataclass(frozen=True)
class Opinion:
    """What SymPy says, and whether it contradicts the proof."""

    text: str
    contradicts: bool = False


def _differentiate(
    xp: StrictNamespace, function: Callable[[Array], Array], point: Array, direction: Array
) -> Array:
    import sympy

    step = sympy.Dummy("t")
    values = function(point + direction * step).values
    slopes = np.empty(values.shape, dtype=object)
    for position in np.ndindex(*values.shape):
        slopes[position] = sympy.diff(sympy.sympify(values[position]), step).subs(step, 0)
    return Array(slopes)


def _rational(value: Any) -> Any:
    import sympy

    fraction = Fraction(value)
    return sympy.Rational(fraction.numerator, fraction.denominator)


def second_opinion(form: Form, rng: np.random.Generator) -> Opinion:
    """Ask SymPy about the form's equalities at the smallest size at which nothing is hidden."""
    import sympy

    sizes: Sizes = dict.fromkeys(form.size_symbols, _SIZE)
    xp = StrictNamespace(_rational, _differentiate)
    point = draw_point(form, sizes, rng)
    arrays = {name: xp.array(value) for name, value in point.items()}
    domains = form.domains()
    places = [
        (name, position)
        for name, value in point.items()
        if not domains[name].is_discrete
        for position in np.ndindex(*value.shape)
    ]
    for number in rng.permutation(len(places))[:_FREE_SYMBOLS]:
        name, position = places[int(number)]
        arrays[name].values[position] = sympy.Symbol(f"s{number}", real=True)
    choices = index_tuples(form, sizes)
    indices = choices[int(rng.integers(len(choices)))]
    confirmed = asked = 0
    for atom in evaluate(form, xp, sizes, {}, indices, arrays=arrays):
        if isinstance(atom, AtMost) or not isinstance(atom, Equal):
            continue
        compared = list(entries(atom))
        for number in rng.permutation(len(compared))[:_ENTRIES]:
            _, left, right = compared[int(number)]
            difference = sympy.nsimplify(sympy.sympify(left) - sympy.sympify(right), rational=True)
            asked += 1
            if difference.has(sympy.nan, sympy.zoo, sympy.oo):
                continue  # a denominator is 0 at the numbers drawn
            if sympy.expand(sympy.fraction(sympy.together(difference))[0]) == 0:
                confirmed += 1
            elif _clearly_nonzero(difference, rng):
                where = sizes_words({**sizes, **indices})
                return Opinion(
                    f"contradicts at {where}: difference {str(difference)[:200]}", contradicts=True
                )
    if not asked:
        return Opinion("was not asked (no equality)")
    return Opinion(f"confirms {confirmed} of {asked} at {sizes_words({**sizes, **indices})}")


def _clearly_nonzero(difference: Any, rng: np.random.Generator) -> bool:
    """Whether the expression is far from 0 at a random point, relative to its largest term."""
    import sympy

    point = {symbol: sympy.Rational(int(rng.integers(1, 9)), 7) for symbol in difference.free_symbols}
    terms = [abs(term.subs(point).evalf(_DIGITS)) for term in sympy.Add.make_args(difference)]
    value = abs(difference.subs(point).evalf(_DIGITS))
    return bool(value > max(terms) * sympy.Float(10) ** (-_DIGITS // 2))
