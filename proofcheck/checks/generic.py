"""GENERIC: equalities proved for all sizes at once, by the calculus of :mod:`proofcheck.symbolic`.

The two sides are brought to a normal form in which equal terms coincide; every answer that they do is
checked again at random small sizes in exact arithmetic.  Normal forms that differ prove nothing:
the answer is then REFUTED if a point shows it, and UNKNOWN otherwise.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.checks.binding import Sizes, draw_point, entries, evaluate, index_tuples, sizes_words
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import dimension
from proofcheck.claims.proposition import Equal, atoms
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.indexed import IndexedArray, IndexedNamespace
from proofcheck.namespaces.strict import StrictNamespace
from proofcheck.symbolic.normal_form import is_zero
from proofcheck.symbolic.terms import Const, Term, add, fresh, mul

__all__ = ["check_generic", "differences"]

_POINTS = 3
_LARGEST_SIZE = 3
_MINUS_ONE = Const(Fraction(-1))


def differences(form: Form) -> list[Term]:
    """For each equality of the statement, a generic entry of left − right, at symbolic sizes."""
    xp = IndexedNamespace(form.size_symbols)
    sizes = {name: xp.size(name) for name in form.size_symbols}
    bound: dict[str, Any] = dict(sizes)
    for name, index in form.indices().items():
        bound[name] = xp.index(name, dimension(index.dim, sizes))
    for name, domain in form.domains().items():
        bound[name] = xp.input(name, domain.shape(sizes))
    proposition = form.statement(xp, **{name: bound[name] for name in form.parameters})
    found = []
    for atom in atoms(proposition):
        if isinstance(atom, Equal):
            left, right = (
                side if isinstance(side, IndexedArray) else xp.scalar(side)
                for side in (atom.left, atom.right)
            )
            places = [tuple(fresh(dim, "i") for dim in axis) for axis in left.axes]
            found.append(add(left.entry(*places), mul(_MINUS_ONE, right.entry(*places))))
    return found


def check_generic(form: Form, rng: np.random.Generator) -> Verdict:
    """Prove the form's equalities for all sizes.

    A form with a further hypothesis (``where``) is out of reach: symbols cannot be filtered.
    """
    if form.where is not None or not form.size_symbols:
        return Verdict(Level.GENERIC, Outcome.NOT_RUN)
    covers = frozenset({Relation.EQUAL})
    try:
        found = differences(form)
        if not found:
            return Verdict(Level.GENERIC, Outcome.NOT_RUN)
        open_ones = [number for number, term in enumerate(found, start=1) if not is_zero(term)]
    except OutsideCalculusError as error:
        return Verdict(Level.GENERIC, Outcome.UNKNOWN, str(error), covers=covers)
    point, where = _failing_point(form, rng)
    if open_ones:
        equality = f"equality {open_ones[0]} of {len(found)}"
        if point:
            return Verdict(
                Level.GENERIC,
                Outcome.REFUTED,
                f"{equality}: the sides differ, for example at {where}",
                covers,
            )
        reason = f"{equality}: the normal forms differ, and no point decides"
        return Verdict(Level.GENERIC, Outcome.UNKNOWN, reason, covers)
    if point:
        # The calculus proved what a point disproves: one of the two is broken.
        return Verdict(Level.GENERIC, Outcome.ERROR, f"proved, but the sides differ at {where}", covers)
    return Verdict(
        Level.GENERIC,
        Outcome.HOLDS,
        f"{len(found)} equalities for all sizes ≥ 1; again exactly at {_POINTS} random points",
        covers=covers,
        all_sizes=True,
    )


def _failing_point(form: Form, rng: np.random.Generator) -> tuple[bool, str]:
    """Whether an equality fails at one of a few random points, decided exactly; and where."""
    for _ in range(_POINTS):
        sizes: Sizes = {name: int(rng.integers(1, _LARGEST_SIZE + 1)) for name in form.size_symbols}
        point = draw_point(form, sizes, rng)
        choices = index_tuples(form, sizes)
        indices = choices[int(rng.integers(len(choices)))]
        field = ExactField()
        xp = StrictNamespace(field.constant)
        for atom in evaluate(form, xp, sizes, point, indices):
            if isinstance(atom, Equal) and any(
                not (field.constant(0) + left - right).is_zero() for _, left, right in entries(atom)
            ):
                return True, sizes_words({**sizes, **indices})
    return False, ""
