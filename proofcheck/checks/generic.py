"""GENERIC: relations proved for all sizes at once, by the calculus of :mod:`proofcheck.symbolic`.

The two sides are brought to a normal form in which equal terms coincide; every answer that they do is
checked again at random small sizes, in exact arithmetic (with logarithms: to 50 digits).  Normal forms
that differ prove nothing: the answer is then REFUTED if a point shows it, and UNKNOWN otherwise.

An inequality is proved where right − left, or the ``gap`` that is proved equal to it, is ≥ 0 as it is
written (:mod:`proofcheck.symbolic.bounds`), or the normal form of right − left is a sum of what is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from proofcheck.checks.binding import Sizes, draw_point, entries, evaluate, index_tuples, sizes_words
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import Interval, dimension
from proofcheck.claims.proposition import AtMost, Equal, atoms
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.indexed import IndexedArray, IndexedNamespace
from proofcheck.namespaces.indexed_array import require_same
from proofcheck.namespaces.strict import StrictNamespace
from proofcheck.symbolic.bounds import Bounds, bounds_of, is_sum_of_nonnegatives
from proofcheck.symbolic.decide import Answer, assumptions, decide
from proofcheck.symbolic.normal_form import expand
from proofcheck.symbolic.terms import Const, Term, add, fresh, mul

__all__ = ["check_generic", "differences"]

_POINTS = 3
_DRAWS = 30
_LARGEST_SIZE = 3
_DIGITS = 50
_EQUAL_TO = 30
"""With logarithms, this many digits must agree; rounding takes the last of the 50."""
_MINUS_ONE = Const(Fraction(-1))


@dataclass(frozen=True)
class _Interpreted:
    """What the statement says, at a generic entry of each relation.

    Attributes:
        equalities: left − right.
        inequalities: right − left, and the gap it is said to be, if one is given.
        partly_defined: terms that are defined wherever the statement is.
    """

    equalities: list[Term]
    inequalities: list[tuple[Term, Term | None]]
    partly_defined: list[Term]


def differences(form: Form) -> list[Term]:
    """For each equality of the statement, a generic entry of left − right, at symbolic sizes.

    Raises:
        IllFormedError: the statement does not denote anything: a free symbol, shapes that differ, …
        OutsideCalculusError: the calculus has no words for it.
    """
    return _interpreted(form).equalities


def _interpreted(form: Form) -> _Interpreted:
    form.check_declarations()
    xp = IndexedNamespace(form.size_symbols)
    sizes = {name: xp.size(name) for name in form.size_symbols}
    bound: dict[str, Any] = dict(sizes)
    for name, index in form.indices().items():
        bound[name] = xp.index(name, dimension(index.dim, sizes))
    for name, domain in form.domains().items():
        bound[name] = xp.input(name, domain.shape(sizes))
    proposition = form.statement(xp, **{name: bound[name] for name in form.parameters})
    partly_defined = xp.partly_defined()
    found = _Interpreted([], [], partly_defined)
    for atom in atoms(proposition):
        if not isinstance(atom, (Equal, AtMost)):
            continue
        sides = [
            atom.left,
            atom.right,
            *([atom.gap] if isinstance(atom, AtMost) and atom.gap is not None else []),
        ]
        arrays = [side if isinstance(side, IndexedArray) else xp.scalar(side) for side in sides]
        widest = max(arrays, key=lambda array: len(array.axes))
        places = [tuple(fresh(dim, "i") for dim in axis) for axis in widest.axes]
        for array in arrays:
            # In an inequality a scalar is compared with every entry.
            if isinstance(atom, Equal) or array.axes:
                require_same(widest.axes, array.axes, "left and right side")
        left, right, *gap = (array.entry(*places) if array.axes else array.entry() for array in arrays)
        if isinstance(atom, Equal):
            found.equalities.append(add(left, mul(_MINUS_ONE, right)))
        else:
            found.inequalities.append((add(right, mul(_MINUS_ONE, left)), gap[0] if gap else None))
    return found


def _positive_inputs(form: Form) -> frozenset[str]:
    """Names of the inputs whose entries are positive by their domain."""
    return frozenset(
        name
        for name, domain in form.domains().items()
        if domain.is_positive or (isinstance(domain, Interval) and domain.low > 0)
    )


def check_generic(form: Form, rng: np.random.Generator) -> Verdict:
    """Prove the form's equalities for all sizes.

    A form with a further hypothesis (``where``) is out of reach: symbols cannot be filtered.
    """
    if form.where is not None or not form.size_symbols:
        return Verdict(Level.GENERIC, Outcome.NOT_RUN)
    try:
        found = _interpreted(form)
    except OutsideCalculusError as error:
        return Verdict(Level.GENERIC, Outcome.UNKNOWN, str(error), covers=frozenset({Relation.EQUAL}))
    covers = {kind for kind, there in ((Relation.EQUAL, found.equalities),) if there}
    unproved = ""
    for number, term in enumerate(found.equalities, start=1):
        decision = decide(term)
        if decision.answer is not Answer.PROVED:
            unproved = f"equality {number} of {len(found.equalities)}: {decision.reason}"
            break
    open_inequality = _open_inequality(found, form)
    if found.inequalities and not open_inequality:
        covers.add(Relation.AT_MOST)
    if not covers:
        # An inequality without a proof for all sizes is not this level's kind, unless a proof is given.
        given = any(gap is not None for _, gap in found.inequalities)
        outcome = Outcome.UNKNOWN if given else Outcome.NOT_RUN
        return Verdict(Level.GENERIC, outcome, open_inequality, covers=frozenset({Relation.AT_MOST}))
    points = _points(form, rng, frozenset(covers))
    if points.failing:
        # If the calculus proved what a point disproves, one of the two is broken.
        outcome = Outcome.REFUTED if unproved else Outcome.ERROR
        first = (
            f"{unproved.split(':')[0]}: the sides differ, for example"
            if unproved
            else "proved, but they differ"
        )
        return Verdict(Level.GENERIC, outcome, f"{first} at {points.failing}", frozenset(covers))
    if unproved:
        detail = f"{unproved}, and no point decides"
        return Verdict(Level.GENERIC, Outcome.UNKNOWN, detail, frozenset(covers))
    if not points.checked:
        return Verdict(
            Level.GENERIC,
            Outcome.UNKNOWN,
            "proved, but defined at no point that was tried",
            frozenset(covers),
        )
    conditions = assumptions(*found.partly_defined, positive=_positive_inputs(form))
    return Verdict(
        Level.GENERIC,
        Outcome.HOLDS,
        f"{_counted(found, covers)} for all sizes ≥ 1"
        + (f", assuming {'; '.join(conditions)}" if conditions else "")
        + f"; again {points.how} at {points.checked} random points"
        + (f"; {open_inequality}" if open_inequality else ""),
        covers=frozenset(covers),
        all_sizes=True,
    )


def _counted(found: _Interpreted, covers: set[Relation]) -> str:
    words = []
    for kind, number, one, several in (
        (Relation.EQUAL, len(found.equalities), "equality", "equalities"),
        (Relation.AT_MOST, len(found.inequalities), "inequality", "inequalities"),
    ):
        if kind in covers:
            words.append(f"{number} {one if number == 1 else several}")
    return " and ".join(words)


def _open_inequality(found: _Interpreted, form: Form) -> str:
    """Which inequality is not proved for all sizes, and why; empty if all are, or there is none."""
    domains: dict[str, Bounds] = {}
    for name, domain in form.domains().items():
        if domain.bounds is not None:
            domains[name] = domain.bounds
        elif domain.is_positive:
            domains[name] = (Fraction(0), math.inf)
    for number, (difference, gap) in enumerate(found.inequalities, start=1):
        words = f"inequality {number} of {len(found.inequalities)}"
        if gap is not None:
            decision = decide(add(difference, mul(_MINUS_ONE, gap)))
            if decision.answer is not Answer.PROVED:
                return f"{words}: the gap is not seen to be the difference of the sides: {decision.reason}"
        shows = bounds_of(difference if gap is None else gap, domains)[0] >= 0
        if not shows and (gap is not None or not _normal_form_shows(difference, domains)):
            return f"{words}: no sign can be read off from how the difference is written"
    return ""


def _normal_form_shows(difference: Term, domains: dict[str, Bounds]) -> bool:
    """Whether the normal form is a sum of what is not negative; 0 is one."""
    try:
        return is_sum_of_nonnegatives(expand(difference), domains)
    except OutsideCalculusError:
        return False


@dataclass(frozen=True)
class _Points:
    """What random points said: how many were evaluated and how, and where an equality fails."""

    checked: int
    how: str
    failing: str = ""


def _points(form: Form, rng: np.random.Generator, covers: frozenset[Relation]) -> _Points:
    """Evaluate relations of these kinds at a few random points at which the statement is defined."""
    checked, how = 0, "exactly"
    for draw in range(_DRAWS):
        sizes: Sizes = {name: int(rng.integers(1, _LARGEST_SIZE + 1)) for name in form.size_symbols}
        # Small numbers are easy to follow, generic ones see what they miss.
        point = draw_point(form, sizes, rng, scale=None if draw % 2 else Fraction(1))
        choices = index_tuples(form, sizes)
        indices = choices[int(rng.integers(len(choices)))]
        try:
            try:
                differ = _differ(form, sizes, point, indices, covers)
            except OutsideCalculusError:
                how = f"to {_EQUAL_TO} digits"
                with mpmath.workdps(_DIGITS):
                    differ = _differ(form, sizes, point, indices, covers, exact=False)
        except (ZeroDivisionError, OverflowError, ValueError):
            continue  # not defined here: a divisor is 0, a logarithm's argument is not positive
        if differ:
            return _Points(checked, how, sizes_words({**sizes, **indices}))
        checked += 1
        if checked == _POINTS:
            break
    return _Points(checked, how)


def _differ(
    form: Form, sizes: Sizes, point: Any, indices: Any, covers: frozenset[Relation], *, exact: bool = True
) -> bool:
    """Whether a relation of these kinds fails at a point."""
    field = ExactField()
    number: Callable[[Any], Any] = field.constant if exact else _to_mpf
    for atom in evaluate(form, StrictNamespace(number), sizes, point, indices):
        # What is not proved is not this level's, and may well fail.
        if not isinstance(atom, (Equal, AtMost)) or atom.kind not in covers:
            continue
        one_sided = isinstance(atom, AtMost)
        for _, left, right in entries(atom):
            gap = number(0) + left - right
            if exact:
                if (one_sided and gap.sign() > 0) or (not one_sided and not gap.is_zero()):
                    return True
            else:
                excess = gap if one_sided else abs(gap)
                if excess > mpmath.mpf(10) ** -_EQUAL_TO * max(1, abs(left), abs(right)):
                    return True
    return False


def _to_mpf(value: Any) -> Any:
    fraction = Fraction(value)
    return mpmath.mpf(fraction.numerator) / fraction.denominator
