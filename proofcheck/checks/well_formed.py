"""WELL_FORMED: declarations, shapes and index ranges, before anything else is asked.

Shapes are compared once with the sizes as symbols, which speaks about all sizes, and once at two
opposite orders of distinct primes and at the smallest sizes, where index ranges show too.  The
inputs drawn there are the witness that the assumptions can be met.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.checks.binding import Sizes, draw_point, evaluate, index_tuples
from proofcheck.checks.cost import symbolic_shapes
from proofcheck.claims.claim import Form
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.errors import EmptyDomainError, IllFormedError, OutsideCalculusError
from proofcheck.namespaces.strict import Array, StrictNamespace

__all__ = ["check_well_formed"]

_PRIMES = (3, 7, 5, 11, 2, 13)


def _value_for_shape(
    xp: StrictNamespace, function: Callable[[Array], Array], point: Array, direction: Array
) -> Array:
    """In place of a derivative: the function's value, which has the derivative's shape."""
    return function(point)


def _extreme(form: Form, sizes: Sizes) -> list[dict[str, int]]:
    """Index choices at the ends of the ranges, where a formula leaves them first."""
    choices = index_tuples(form, sizes)
    if not choices or not choices[0]:
        return choices
    low = {name: min(c[name] for c in choices) for name in choices[0]}
    high = {name: max(c[name] for c in choices) for name in choices[0]}
    found = [low, high]
    for name in low:
        found += [{**low, name: high[name]}, {**high, name: low[name]}]
    return found


def _named(message: str, sizes: Sizes) -> str:
    text = ", ".join(f"{name}={size}" for name, size in sizes.items())
    return f"{message} (at {text})" if text else message


def check_well_formed(form: Form, rng: np.random.Generator) -> Verdict:
    """Type-check one form and draw a witness of its assumptions.

    Returns:
        REFUTED when the statement is ill-formed (the detail names the symbol or the shapes), vacuous
        when no input meets the assumptions, HOLDS otherwise, with the relations the statement returns.
    """
    all_sizes = True
    relations: set[Relation] = set()
    sizes: Sizes = {}
    try:
        form.check_declarations()
        try:
            symbolic_shapes(form)
        except OutsideCalculusError:
            all_sizes = False  # shapes are then known at the sizes below only
        symbols = form.size_symbols
        primes = _PRIMES[: len(symbols)]
        runs: dict[tuple[int, ...], Sizes] = {}
        for choice in ((1,) * len(symbols), primes, primes[::-1]):
            runs[choice] = dict(zip(symbols, choice, strict=True))
        for sizes in runs.values():
            point = draw_point(form, sizes, rng, scale=Fraction(1, 4))
            xp = StrictNamespace(float, _value_for_shape, vectorised=True)
            arrays: dict[str, Any] = {name: xp.array(value) for name, value in point.items()}
            for indices in _extreme(form, sizes):
                found = evaluate(form, xp, sizes, point, indices, arrays=arrays)
                relations |= {atom.kind for atom in found}
    except EmptyDomainError as error:
        return Verdict(Level.WELL_FORMED, Outcome.UNKNOWN, str(error), vacuous=True)
    except IllFormedError as error:
        return Verdict(Level.WELL_FORMED, Outcome.REFUTED, _named(str(error), sizes))
    return Verdict(
        Level.WELL_FORMED,
        Outcome.HOLDS,
        "shapes and index ranges fit" + (", for all sizes" if all_sizes else ""),
        covers=frozenset({Relation.HAS_SHAPE}),
        sizes=tuple(runs.values()),
        all_sizes=all_sizes,
        relations=frozenset(relations),
    )
