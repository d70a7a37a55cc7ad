"""Binding a form's symbols at fixed sizes, and evaluating its statement there."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.claims.claim import Form
from proofcheck.claims.domains import dimension
from proofcheck.claims.proposition import AtMost, Atom, Equal, HasShape, atoms
from proofcheck.claims.verdict import Level
from proofcheck.errors import EmptyDomainError, OutsideCalculusError, ShapeError
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.strict import Array, StrictNamespace, shape_text

__all__ = ["Point", "Sizes", "default_sizes", "discrete_cases", "draw_point", "entries", "evaluate"]
__all__ += ["index_tuples", "meets", "require_shapes", "sizes_words"]

Sizes = Mapping[str, int]
Point = Mapping[str, np.ndarray[Any, Any]]
"""Arrays of fractions by symbol: one choice of everything a statement is about, but its indices."""

_DRAWS_BEFORE_VACUOUS = 200
_MOST_CASES = 512


def sizes_words(values: Mapping[str, int]) -> str:
    """Sizes and indices for a reader: ``n=2, d=3``."""
    return ", ".join(f"{name}={value}" for name, value in values.items()) or "the only size"


def default_sizes(level: Level, form: Form) -> tuple[Sizes, ...]:
    """The sizes a level runs a form at, unless the claim names others.

    Smallest first, 1 included; then sizes that differ, in both orders, so that a transpose shows.
    """
    if form.sizes and level in form.sizes:
        return form.sizes[level]
    symbols = form.size_symbols
    if not symbols:
        return ({},)
    patterns: dict[Level, tuple[tuple[int, int], ...]] = {
        Level.EXACT: ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (2, 3)),
        Level.NUMERIC: ((1, 1), (3, 2), (2, 5), (5, 4), (3, 8)),
        Level.FINITE_DIFFERENCE: ((1, 1), (2, 3), (3, 2)),
        Level.BALL: ((1, 1), (2, 1), (1, 2), (2, 2)),
        Level.COUNTEREXAMPLE: ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (2, 3), (3, 4), (5, 3)),
    }
    found = []
    for pattern in patterns[level]:
        # Symbols in alphabetical order take the pattern's entries in turn (d, n for the paper's two);
        # where nothing is 1, later pairs take larger ones, so that no two symbols always agree.
        grow = min(pattern) > 1
        found.append({name: pattern[i % 2] + (i // 2 if grow else 0) for i, name in enumerate(symbols)})
    return tuple({tuple(one.items()): one for one in found}.values())


def draw_point(
    form: Form, sizes: Sizes, rng: np.random.Generator, *, scale: Fraction | None = None, mixed: bool = False
) -> dict[str, np.ndarray[Any, Any]]:
    """Draw inputs that meet the form's hypotheses.

    Args:
        form: the form.
        sizes: of its dimensions.
        rng: draws.
        scale: of generic entries; None for entries from small tables.
        mixed: each input tosses a coin between the two.

    Raises:
        EmptyDomainError: nothing meets them, or nothing was found in 200 draws.
    """
    for _ in range(_DRAWS_BEFORE_VACUOUS):
        point = {
            name: domain.draw(rng, sizes, scale=None if mixed and rng.integers(2) else scale)
            for name, domain in form.domains().items()
        }
        if form.where is None or meets(form, sizes, point):
            return point
    raise EmptyDomainError(f"no input met the hypotheses in {_DRAWS_BEFORE_VACUOUS} draws")


def meets(form: Form, sizes: Sizes, point: Point) -> bool:
    """Whether a point meets ``where``, decided in exact arithmetic."""
    assert form.where is not None
    xp = StrictNamespace(ExactField().constant)
    for atom in evaluate(form, xp, sizes, point, {}, statement=form.where):
        if not isinstance(atom, AtMost):
            raise TypeError("where=... must return at_most(...), or all_of(...) of them")
        difference = atom.right - atom.left
        if any(entry.sign() < 0 for entry in difference.values.flat):
            return False
    return True


def discrete_cases(form: Form, sizes_run: Sequence[Sizes]) -> Iterator[tuple[Sizes, Point]]:
    """Every choice of what is discrete in the inputs, at each size; ``None`` where an entry is free.

    Raises:
        OutsideCalculusError: there are more than 512 at one of the sizes.
    """
    domains = form.domains()
    for sizes in sizes_run:
        # One more than allowed is enough to know; all of them may be more than memory holds.
        choices = [list(itertools.islice(one.cases(sizes), _MOST_CASES + 1)) for one in domains.values()]
        if math.prod(map(len, choices)) > _MOST_CASES:
            raise OutsideCalculusError(
                f"more than {_MOST_CASES} discrete cases at {sizes_words(sizes)}; name smaller sizes"
            )
        for chosen in itertools.product(*choices):
            yield sizes, dict(zip(domains, chosen, strict=True))


def index_tuples(form: Form, sizes: Sizes) -> list[dict[str, int]]:
    """Every choice of the form's indices."""
    indices = form.indices()
    ranges = [range(1, dimension(index.dim, sizes) + 1) for index in indices.values()]
    return [dict(zip(indices, choice, strict=True)) for choice in itertools.product(*ranges)]


def evaluate(
    form: Form,
    xp: StrictNamespace,
    sizes: Sizes,
    point: Point,
    indices: Mapping[str, int],
    *,
    statement: Callable[..., Any] | None = None,
    arrays: Mapping[str, Array] | None = None,
) -> list[Atom]:
    """The relations the statement returns at one point.

    Args:
        form: whose statement.
        xp: the namespace to evaluate in.
        sizes: values of the size symbols.
        point: arrays of fractions, taken into ``xp``.
        indices: values of the indices.
        statement: evaluate this function of the same symbols instead (``where``).
        arrays: arrays already in ``xp``, instead of ``point``.
    """
    function = statement or form.statement
    values: dict[str, Any] = {**sizes, **indices}
    names = tuple(inspect.signature(function).parameters)[1:]
    for name in names:
        if name not in values:
            values[name] = arrays[name] if arrays is not None else xp.array(point[name])
    with np.errstate(all="ignore"):  # what overflows is judged by the check, not warned about
        found = list(atoms(function(xp, **{name: values[name] for name in names})))
    require_shapes(found)
    return found


def require_shapes(found: Sequence[Atom]) -> None:
    """Shapes in relations fit.

    Raises:
        ShapeError: two sides differ in shape, or a value has not the shape stated.
    """
    for atom in found:
        if isinstance(atom, HasShape):
            if atom.value.shape != tuple(atom.shape):
                raise ShapeError(
                    f"the shape is {shape_text(atom.value.shape)}, stated is {shape_text(atom.shape)}"
                )
        elif isinstance(atom, (Equal, AtMost)):
            left, right = _shape(atom.left), _shape(atom.right)
            one_scalar = isinstance(atom, AtMost) and not (left and right)
            if left != right and not one_scalar:
                raise ShapeError(f"left side is {shape_text(left)}, right side is {shape_text(right)}")


def _shape(side: Any) -> tuple[Any, ...]:
    return side.shape if isinstance(side, Array) else ()


def entries(atom: Equal | AtMost) -> Iterator[tuple[tuple[int, ...], Any, Any]]:
    """Position (1-based), left and right of every entry of a relation."""
    left = atom.left.values if isinstance(atom.left, Array) else np.asarray(atom.left, dtype=object)
    right = atom.right.values if isinstance(atom.right, Array) else np.asarray(atom.right, dtype=object)
    left, right = np.broadcast_arrays(left, right)
    for position in np.ndindex(*left.shape):
        yield tuple(k + 1 for k in position), left[position], right[position]
