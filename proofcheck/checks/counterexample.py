"""COUNTEREXAMPLE: search, confirm exactly, shrink.

Points are drawn from small tables (0, ±1, ±2, ±1/2), smallest sizes first, and filtered in floating
point.  What survives is confirmed in exact arithmetic: the difference of the two sides is a sum of
rational multiples of exponentials of rationals, whose sign is decided.  Then sizes, indices and
entries are made as small and simple as they can be while the point still disproves the statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from proofcheck.checks.binding import (
    Point,
    Sizes,
    default_sizes,
    draw_point,
    entries,
    evaluate,
    index_tuples,
    meets,
    sizes_words,
)
from proofcheck.checks.climb import climb, resized
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost, Equal
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.scalars import Running
from proofcheck.namespaces.strict import StrictNamespace

__all__ = ["as_strings", "check_counterexample", "disproof_at"]

_DRAWS_PER_SIZE = 12
_DRAWS_TO_SHRINK = 40
_INDEX_CHOICES = 8
_WIDE = Fraction(8)
_SAFETY = 4.0


@dataclass(frozen=True)
class _Case:
    """A point at which the statement may fail, and where in it."""

    sizes: Sizes
    point: Point
    indices: Mapping[str, int]


def check_counterexample(
    form: Form, rng: np.random.Generator, *, shrink: bool = True, wide: bool = False
) -> Verdict:
    """Look for a point that disproves the form.

    Args:
        form: the form.
        rng: draws the points.
        shrink: make the point small for a reader, which takes most of the time.
        wide: draw some inputs from a larger range, for what shows where one is large and another small.

    Returns:
        REFUTED with the counterexample; UNKNOWN when none was found, which says nothing;
        NOT_RUN when the statement has no relation between values.
    """
    searched: list[Sizes] = []
    covers: set[Relation] = set()
    for sizes in default_sizes(Level.COUNTEREXAMPLE, form):
        case = _search(form, sizes, rng, _DRAWS_PER_SIZE, covers, wide=wide)
        if case is None:
            searched.append(sizes)
            continue
        smaller = _shrink_sizes(form, case, rng) if shrink else case
        return _refuted(form, _shrink_values(form, smaller) if shrink else case, smaller)
    if not covers:
        return Verdict(Level.COUNTEREXAMPLE, Outcome.NOT_RUN)
    climbed = _climbed(form, rng, _WIDE if wide else None) if covers == {Relation.AT_MOST} else None
    if climbed is not None:
        return _refuted(form, _shrink_values(form, climbed) if shrink else climbed, climbed)
    return Verdict(
        Level.COUNTEREXAMPLE,
        Outcome.UNKNOWN,
        f"none found in {_DRAWS_PER_SIZE} draws at each of {len(searched)} sizes",
        covers=frozenset(covers),
        sizes=tuple(searched),
    )


def disproof_at(form: Form, sizes: Sizes, point: Point, indices: Mapping[str, int]) -> dict[str, Any] | None:
    """The counterexample that a point is, confirmed exactly; None if it is none, or cannot be decided."""
    case = _Case(sizes, point, indices)
    return None if _disproof(form, case) is None else {**_describe(form, case), "non_degenerate": None}


def _refuted(form: Form, shrunk: _Case, generic: _Case) -> Verdict:
    """The verdict, with the shrunk case and beside it the one it was shrunk from."""
    found = _describe(form, shrunk)
    other = _describe(form, generic)
    found["non_degenerate"] = other if other != found else None
    values = f"{found['left_decimal']} against {found['right_decimal']}"
    return Verdict(
        Level.COUNTEREXAMPLE,
        Outcome.REFUTED,
        f"at {sizes_words({**shrunk.sizes, **shrunk.indices})}: {values}",
        covers=frozenset({Relation(found["relation"])}),
        sizes=(shrunk.sizes,),
        counterexample=found,
    )


def _climbed(form: Form, rng: np.random.Generator, scale: Fraction | None) -> _Case | None:
    """What climbing finds, confirmed exactly, with every index taken out that can be spared."""
    found = climb(form, rng, scale=scale)
    case = None if found is None else _Case(*found)
    if case is None or _disproof(form, case) is None:
        return None
    for symbol in case.sizes:
        place = 0
        while place < case.sizes[symbol] and case.sizes[symbol] > 1:
            kept = [k for k in range(case.sizes[symbol]) if k != place]
            point = resized(form, case.point, symbol, kept)
            if point is None:
                break
            smaller = _Case({**case.sizes, symbol: len(kept)}, point, case.indices)
            stays = all(domain.contains(point[name]) for name, domain in form.domains().items())
            if stays and _fits(form, smaller) and _fails(form, smaller) and _disproof(form, smaller):
                case = smaller
            else:
                place += 1
    return case


def _search(
    form: Form,
    sizes: Sizes,
    rng: np.random.Generator,
    draws: int,
    covers: set[Relation],
    *,
    wide: bool = False,
) -> _Case | None:
    choices = index_tuples(form, sizes)
    for number in range(draws):
        # Small values are easy to check by hand; every third point is generic, for what they miss.
        if wide:
            point = draw_point(form, sizes, rng, scale=_WIDE, mixed=True)
        else:
            point = draw_point(form, sizes, rng, scale=Fraction(1) if number % 3 == 2 else None)
        picked = rng.choice(len(choices), size=min(_INDEX_CHOICES, len(choices)), replace=False)
        for choice in picked:
            case = _Case(sizes, point, choices[int(choice)])
            if _fails(form, case, covers) and _disproof(form, case) is not None:
                return case
    return None


def _fails(form: Form, case: _Case, covers: set[Relation] | None = None) -> bool:
    """Whether a relation fails at the point as far as floats can tell: a fast filter."""
    xp = StrictNamespace(Running.of)
    try:
        found = evaluate(form, xp, case.sizes, case.point, case.indices)
    except (OverflowError, ZeroDivisionError):
        return False
    for atom in found:
        if not isinstance(atom, (Equal, AtMost)):
            continue
        if covers is not None:
            covers.add(atom.kind)
        for _, one, other in entries(atom):
            left, right = Running.of(one), Running.of(other)
            gap = left.value - right.value
            if (gap if isinstance(atom, AtMost) else abs(gap)) > _SAFETY * (left.error + right.error):
                return True
    return False


def _disproof(form: Form, case: _Case) -> dict[str, Any] | None:
    """The entry at which a relation fails, decided exactly; None if none does."""
    field = ExactField()
    try:
        found = evaluate(form, StrictNamespace(field.constant), case.sizes, case.point, case.indices)
    except (OutsideCalculusError, ZeroDivisionError):
        return None
    for number, atom in enumerate(found, start=1):
        if not isinstance(atom, (Equal, AtMost)):
            continue
        for position, one, other in entries(atom):
            left, right = field.constant(0) + one, field.constant(0) + other
            gap = (left - right).sign()
            if gap > 0 or (gap < 0 and isinstance(atom, Equal)):
                return {
                    "relation": atom.kind.value,
                    "relation_number": number,
                    "entry": list(position),
                    "left": str(left),
                    "right": str(right),
                    "left_decimal": f"{left.to_float():.12g}",
                    "right_decimal": f"{right.to_float():.12g}",
                }
    return None


def _shrink_sizes(form: Form, case: _Case, rng: np.random.Generator) -> _Case:
    """A case at the smallest sizes at which one is found; smallest total first."""
    names = list(case.sizes)
    grid = sorted(product(*(range(1, size + 1) for size in case.sizes.values())), key=lambda g: (sum(g), g))
    for choice in grid:
        sizes = dict(zip(names, choice, strict=True))
        if sizes == dict(case.sizes):
            break
        smaller = _search(form, sizes, rng, _DRAWS_TO_SHRINK, set())
        if smaller is not None:
            return smaller
    return case


def _shrink_values(form: Form, case: _Case) -> _Case:
    """Smallest indices, then every entry the simplest member of its set that keeps the point a disproof."""
    for indices in index_tuples(form, case.sizes):
        candidate = _Case(case.sizes, case.point, indices)
        if _fails(form, candidate) and _disproof(form, candidate) is not None:
            case = candidate
            break
    changed = True
    while changed:
        changed = False
        for candidate in _simpler(form, case):
            if _fits(form, candidate) and _fails(form, candidate) and _disproof(form, candidate) is not None:
                case, changed = candidate, True
                break
    return case


def _simpler(form: Form, case: _Case) -> Iterator[_Case]:
    """The case with one entry replaced by a simpler one."""
    for name, domain in form.domains().items():
        for value in domain.simpler(case.point[name]):
            yield _Case(case.sizes, {**case.point, name: value}, case.indices)


def _fits(form: Form, case: _Case) -> bool:
    """Whether a shrunk case still meets ``where``; domains it cannot leave."""
    return form.where is None or meets(form, case.sizes, case.point)


def _describe(form: Form, case: _Case) -> dict[str, Any]:
    disproof = _disproof(form, case)
    assert disproof is not None  # every case that gets here was confirmed exactly
    inputs = {name: as_strings(value) for name, value in case.point.items()}
    return {"sizes": dict(case.sizes), "inputs": inputs, "indices": dict(case.indices), **disproof}


def as_strings(values: np.ndarray[Any, Any]) -> Any:
    """Nested lists of exact fractions as strings; one string for a scalar."""
    if values.ndim == 0:
        return str(values.item())
    return [as_strings(np.asarray(row, dtype=object)) for row in values]
