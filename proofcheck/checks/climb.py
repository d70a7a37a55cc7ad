"""A search that climbs: towards the violation of an inequality, and into larger dimensions while that helps.

Random small points find a slip in a formula.  A constant that is only a little too small shows at few
points, or only where some dimension is large: |f'| ≤ 8 B n fails first with 28 columns.  So the relative
margin is climbed one entry at a time over small table values; then each dimension in turn is doubled, by
repeating the arrays along it, and kept where the margin grows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.checks.binding import Point, Sizes, draw_point, entries, evaluate, index_tuples, meets
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import Domain, dimension_symbols
from proofcheck.claims.proposition import AtMost
from proofcheck.namespaces.strict import StrictNamespace

__all__ = ["climb", "resized"]

_STARTS = 3
_START_SIZE = 3
_EVALUATIONS = 240
_LARGEST_SIZE = 64
_MOST_ENTRIES = 512
# A tie says nothing: where both sides are 0 no step from there is known to lead anywhere.
_TIE = -2.0


def climb(
    form: Form, rng: np.random.Generator, *, scale: Fraction | None = None
) -> tuple[Sizes, Point, Mapping[str, int]] | None:
    """A case at which an inequality seems to fail, as far as floats can tell; None if none is found.

    Only forms made of inequalities alone are climbed: an equality has no margin.

    Args:
        form: the form.
        rng: draws the points to start from.
        scale: some inputs start as generic ones of this scale; None for small tables only.
    """
    if not form.domains():
        return None
    for start in range(_STARTS):
        sizes: Sizes = dict.fromkeys(form.size_symbols, _START_SIZE - (start == 1))
        indices = index_tuples(form, sizes)[0]
        search = _Search(form, indices, rng, wide=scale is not None)
        point = draw_point(form, sizes, rng, scale=scale, mixed=scale is not None)
        margin = search.margin(sizes, point)
        if margin is None:
            return None
        point, margin = search.over_entries(sizes, point, margin)
        while margin <= 0:
            larger = search.doubled(sizes, point, margin)
            if larger is None:
                break
            sizes, point, margin = larger
            point, margin = search.over_entries(sizes, point, margin)
        if margin > 0:
            return sizes, point, indices
    return None


class _Search:
    def __init__(
        self, form: Form, indices: Mapping[str, int], rng: np.random.Generator, *, wide: bool
    ) -> None:
        self._form, self._indices, self._rng, self._wide = form, indices, rng, wide
        self._xp = StrictNamespace(float)

    def margin(self, sizes: Sizes, point: Point) -> float | None:
        """The largest (left − right) / (|left| + |right|) of all entries; None if there is an equality."""
        try:
            found = evaluate(self._form, self._xp, sizes, point, self._indices)
        except (OverflowError, ZeroDivisionError, ValueError):  # not defined here
            return _TIE
        worst = _TIE
        for atom in found:
            if not isinstance(atom, AtMost):
                return None
            for _, one, other in entries(atom):
                left, right = float(one), float(other)
                size = abs(left) + abs(right)
                if size > 0 and math.isfinite(size):
                    # Rounding alone is no violation.
                    worst = max(worst, (left - right) / size - 1e-9)
        return worst

    def over_entries(
        self, sizes: Sizes, point: Point, margin: float
    ) -> tuple[dict[str, np.ndarray[Any, Any]], float]:
        """Replace one entry at a time by a table value while the margin grows."""
        best = dict(point)
        left = _EVALUATIONS
        domains = self._form.domains()
        improved = True
        while improved and left > 0 and margin <= 0:
            improved = False
            places = [(name, at) for name, value in best.items() for at in np.ndindex(*value.shape)]
            for number in self._rng.permutation(len(places)):
                name, position = places[int(number)]
                for value in self._values(domains[name], best[name][position]):
                    other = domains[name].changed(best[name], position, value)
                    if other is None or left <= 0:
                        continue
                    candidate = {**best, name: other}
                    if self._form.where is not None and not meets(self._form, sizes, candidate):
                        continue
                    left -= 1
                    there = self.margin(sizes, candidate)
                    if there is not None and there > margin:
                        best, margin, improved = candidate, there, True
                if margin > 0 or left <= 0:
                    break
        return best, margin

    def _values(self, domain: Domain, present: Any) -> Iterator[Fraction]:
        """What an entry may become: small values and, in a wide search, its double and its half."""
        yield from domain.table()
        if self._wide and domain.bounds is None:
            yield from (2 * present, present / 2)

    def doubled(
        self, sizes: Sizes, point: Point, margin: float
    ) -> tuple[Sizes, dict[str, np.ndarray[Any, Any]], float] | None:
        """The dimension whose doubling raises the margin most, doubled; None if none does."""
        best = None
        for symbol in sizes:
            larger = {**sizes, symbol: 2 * sizes[symbol]}
            repeated = resized(self._form, point, symbol, [*range(sizes[symbol])] * 2)
            if (
                repeated is None
                or larger[symbol] > _LARGEST_SIZE
                or sum(value.size for value in repeated.values()) > _MOST_ENTRIES
            ):
                continue
            there = self.margin(larger, repeated)
            if there is not None and there > margin:
                best, margin = (larger, repeated), there
        return None if best is None else (*best, margin)


def resized(form: Form, point: Point, symbol: str, kept: list[int]) -> dict[str, np.ndarray[Any, Any]] | None:
    """The inputs with these indices, 0-based, along each axis of that size; None where one is a product."""
    found = {}
    for name, domain in form.domains().items():
        value = point[name]
        for axis, dim in enumerate(domain.dims):
            if dim == symbol:
                value = np.take(value, kept, axis=axis)
        if any(dim != symbol and symbol in dimension_symbols(dim) for dim in domain.dims):
            return None
        found[name] = value
    return found
