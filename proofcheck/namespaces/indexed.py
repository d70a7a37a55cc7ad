"""Statements at symbolic sizes: the operations of a statement over generic entries.

:class:`IndexedNamespace` has the operations of :class:`~proofcheck.namespaces.strict.StrictNamespace`
with the same strictness; its arrays hold terms (:mod:`~proofcheck.namespaces.indexed_array`).  What an
operation assumes of its operands (a divisor that is not 0) is noted while a statement is evaluated.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from proofcheck.errors import IndexRangeError, OutsideCalculusError, ShapeError
from proofcheck.namespaces.indexed_array import (
    Axis,
    IndexedArray,
    Place,
    axis_of,
    matrix,
    places_of,
    require_same,
    summed,
    vector,
)
from proofcheck.namespaces.sizes import Size
from proofcheck.namespaces.strict import shape_text
from proofcheck.symbolic.differential import partial
from proofcheck.symbolic.terms import (
    ONE,
    ZERO,
    Const,
    Delta,
    Entry,
    Exp,
    Idx,
    Log,
    SizeOf,
    Term,
    add,
    fresh,
    mul,
    power,
    replace_entries,
)

__all__ = ["IndexedArray", "IndexedNamespace"]


class IndexedDerivative:
    """The derivative of a function at a point, by the rules of the calculus."""

    def __init__(self, xp: IndexedNamespace, function: Callable[..., Any], point: IndexedArray) -> None:
        self._xp, self._function, self._point = xp, function, point

    def __getitem__(self, along: Any) -> IndexedArray:
        name, value = self._xp.at_placeholder(self._function, self._point)
        if isinstance(along, IndexedArray):
            require_same(self._point.axes, along.axes, "direction and point")

            def directional(*at: Place) -> Term:
                places = tuple(places_of(axis) for axis in along.axes)
                slope = self._xp.partial(value.entry(*at), name, places)
                return summed(places, mul(slope, along.entry(*places)))

            return IndexedArray(self._xp, value.axes, directional)
        keys = along if isinstance(along, tuple) else (along,)
        if len(keys) != len(self._point.axes):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(self._point.shape)}")
        places = tuple(self._xp.decode(k, axis) for k, axis in zip(keys, self._point.axes, strict=True))
        return IndexedArray(
            self._xp,
            value.axes,
            lambda *at: self._xp.partial(value.entry(*at), name, places),
        )


class IndexedNamespace:
    """The operations of a statement over terms, at all sizes at once.

    Args:
        size_symbols: names of the sizes.
    """

    def __init__(self, size_symbols: Sequence[str]) -> None:
        self._sizes = tuple(size_symbols)
        self._symbols: dict[str, Place] = {}
        self._points: dict[str, IndexedArray] = {}
        self._noted: list[IndexedArray] = []

    # --- binding --------------------------------------------------------------------------------

    def size(self, name: str) -> Size:
        """A size as a symbol."""
        return Size.symbol(name, self._sizes)

    def size_of(self, axis: Axis) -> Size:
        """The size of an axis."""
        total = Size.of(1)
        for dim in axis:
            total = total * self.size(dim)
        return total

    def index(self, name: str, size: Any) -> Size:
        """A free index of range ``size``."""
        axis = axis_of(size)
        suffix = [""] if len(axis) == 1 else [f".{part + 1}" for part in range(len(axis))]
        return self._named(tuple(fresh(dim, name + end) for dim, end in zip(axis, suffix, strict=True)), name)

    def _named(self, place: Place, name: str) -> Size:
        """A symbol that stands for the indices in statements, where it may be calculated with."""
        if name in self._symbols or name in self._sizes:
            name = f"{name}#{len(self._symbols)}"
        self._symbols[name] = place
        return Size.symbol(name, (name,))

    def input(self, name: str, shape: Sequence[Any]) -> IndexedArray:
        """An array whose entries are symbols."""
        return self._named_array(name, [axis_of(size) for size in shape])

    def _named_array(self, name: str, axes: Sequence[Axis]) -> IndexedArray:
        return IndexedArray(self, axes, lambda *at: Entry(name, tuple(itertools.chain.from_iterable(at))))

    def noted(self, array: IndexedArray) -> IndexedArray:
        """The array, remembered because it may not be defined everywhere."""
        self._noted.append(array)
        return array

    def partly_defined(self) -> list[Term]:
        """A generic entry of every array noted so far, in terms of the inputs."""
        found = []
        for array in list(self._noted):
            term = array.entry(*(places_of(axis, "j") for axis in array.axes))
            for name in reversed(self._points):  # a derivative inside another has the later name
                term = self._at_point(term, name)
            found.append(term)
        return found

    def decode(self, key: Any, axis: Axis) -> Place:
        """The indices a calculated 1-based index stands for on an axis.

        Raises:
            IndexRangeError: it runs over another range than the axis.
            OutsideCalculusError: it is no symbol and no (high − 1)·size + low.
        """
        terms = dict(Size.of(key).terms())
        constant = Size.of(key).constant
        if constant is not None and (constant < 1 or (not axis and constant > 1)):
            raise IndexRangeError(f"index {key} is outside 1..{'*'.join(axis) or 1}")
        if not axis and constant == 1:
            return ()
        single = len(terms) == 1 and next(iter(terms))
        if single and terms[single] == 1 and len(single) == 1 and single[0][1] == 1:
            return self._fitting(self._symbols.get(single[0][0]), axis, key)
        for split in range(1, len(axis)):
            stride = self.size_of(axis[split:])
            for high, low in itertools.permutations(Size.of(key).symbols, 2):
                if high in self._symbols and low in self._symbols:
                    candidate = (Size.symbol(high, (high,)) - 1) * stride + Size.symbol(low, (low,))
                    if candidate == key:
                        return self._fitting(self._symbols[high], axis[:split], key) + self._fitting(
                            self._symbols[low], axis[split:], key
                        )
        raise OutsideCalculusError(f"index {key} on an axis of size {self.size_of(axis)}")

    def _fitting(self, place: Place | None, axis: Axis, key: Any) -> Place:
        if place is None:
            raise OutsideCalculusError(f"index {key} is no index symbol")
        own = tuple(index.dim for index in place)
        if own != axis:
            words = f"index {key} runs over 1..{'*'.join(own) or 1}, the axis over 1..{'*'.join(axis) or 1}"
            raise (OutsideCalculusError if sorted(own) == sorted(axis) else IndexRangeError)(words)
        return place

    # --- operations of a statement ---------------------------------------------------------------

    def scalar(self, value: Any) -> IndexedArray:
        """A number or a size as a scalar.

        Raises:
            OutsideCalculusError: an index, whose value depends on where in a sum it stands.
        """
        for name in Size.of(value).symbols:
            if name not in self._sizes:
                raise OutsideCalculusError(f"the index {name} as a number, in {value}")
        parts = [
            mul(Const(Fraction(c)), *(power(SizeOf(name), k) for name, k in monomial))
            for monomial, c in Size.of(value).terms().items()
        ]
        return IndexedArray(self, (), lambda: add(*parts))

    number = scalar

    def array(self, entries: Any) -> IndexedArray:
        """Outside the calculus: an array of numbers has one size.

        Raises:
            OutsideCalculusError: always.
        """
        raise OutsideCalculusError("xp.array: an array of given numbers has a fixed size")

    def unit(self, keys: tuple[Any, ...], shape: Sequence[Any]) -> IndexedArray:
        """The array that is 1 at the position ``keys`` and 0 elsewhere."""
        if len(keys) != len(shape):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(tuple(shape))}")
        axes = [axis_of(size) for size in shape]
        fixed = [self.decode(key, axis) for key, axis in zip(keys, axes, strict=True)]
        return IndexedArray(
            self, axes, lambda *at: mul(*(_same(i, j) for i, j in zip(at, fixed, strict=True)))
        )

    def reciprocal(self, a: Any) -> IndexedArray:
        """``1 / a``, entry by entry."""
        array = a if isinstance(a, IndexedArray) else self.scalar(a)
        return self.noted(IndexedArray(self, array.axes, lambda *at: power(array.entry(*at), -1)))

    def ones(self, *shape: Any) -> IndexedArray:
        """All ones."""
        return IndexedArray(self, [axis_of(size) for size in shape], lambda *at: ONE)

    def eye(self, size: Any) -> IndexedArray:
        """The identity matrix."""
        axis = axis_of(size)
        return IndexedArray(self, (axis, axis), _same)

    def exp(self, a: IndexedArray) -> IndexedArray:
        """The exponential of every entry."""
        return IndexedArray(self, a.axes, lambda *at: Exp(a.entry(*at)))

    def log(self, a: IndexedArray) -> IndexedArray:
        """The natural logarithm of every entry."""
        return self.noted(IndexedArray(self, a.axes, lambda *at: Log(a.entry(*at))))

    def sum(self, a: IndexedArray) -> IndexedArray:
        """The sum of all entries."""

        def entry() -> Term:
            places = tuple(places_of(axis) for axis in a.axes)
            return summed(places, a.entry(*places))

        return IndexedArray(self, (), entry)

    def row_sums(self, a: IndexedArray) -> IndexedArray:
        """The sum along each row."""
        return a @ IndexedArray(self, matrix(a, "row_sums").axes[1:], lambda k: ONE)

    def inner(self, a: IndexedArray, b: IndexedArray) -> IndexedArray:
        """⟨a, b⟩."""
        return vector(a, "inner") @ vector(b, "inner")

    def outer(self, a: IndexedArray, b: IndexedArray) -> IndexedArray:
        """``a bᵀ``."""
        axes = (*vector(a, "outer").axes, *vector(b, "outer").axes)
        return IndexedArray(self, axes, lambda i, j: mul(a.entry(i), b.entry(j)))

    def diag(self, a: IndexedArray) -> IndexedArray:
        """The diagonal matrix."""
        (axis,) = vector(a, "diag").axes
        return IndexedArray(self, (axis, axis), lambda i, j: mul(_same(i, j), a.entry(i)))

    def scale_rows(self, a: IndexedArray, m: IndexedArray) -> IndexedArray:
        """``diag(a) m``."""
        require_same(vector(a, "scale_rows").axes, matrix(m, "scale_rows").axes[:1], "scale_rows")
        return IndexedArray(self, m.axes, lambda i, j: mul(a.entry(i), m.entry(i, j)))

    def column(self, a: IndexedArray) -> IndexedArray:
        """A vector as a matrix with one column."""
        return IndexedArray(self, (*vector(a, "column").axes, ()), lambda i, _: a.entry(i))

    def kron(self, a: IndexedArray, b: IndexedArray) -> IndexedArray:
        """The Kronecker product."""
        (rows, columns), (more_rows, more_columns) = matrix(a, "kron").axes, matrix(b, "kron").axes
        r, c = len(rows), len(columns)
        return IndexedArray(
            self,
            (rows + more_rows, columns + more_columns),
            lambda i, j: mul(a.entry(i[:r], j[:c]), b.entry(i[r:], j[c:])),
        )

    def row_kron(self, a: IndexedArray, b: IndexedArray) -> IndexedArray:
        """``a ⊘ b``, the first factor's column index fastest."""
        (rows, columns), (other, more) = matrix(a, "row_kron").axes, matrix(b, "row_kron").axes
        require_same((rows,), (other,), "rows of a row-wise product")
        split = len(more)
        return IndexedArray(
            self, (rows, more + columns), lambda i, j: mul(a.entry(i, j[split:]), b.entry(i, j[:split]))
        )

    def vec(self, a: IndexedArray) -> IndexedArray:
        """The rows one after another."""
        rows, columns = matrix(a, "vec").axes
        return IndexedArray(self, (rows + columns,), lambda k: a.entry(k[: len(rows)], k[len(rows) :]))

    def vec_by_columns(self, a: IndexedArray) -> IndexedArray:
        """The columns one after another."""
        return self.vec(matrix(a, "vec_by_columns").T)

    def block(self, a: IndexedArray, j: Any, size: Any) -> IndexedArray:
        """The ``j``-th block of ``size`` rows."""
        rows, columns = matrix(a, "block").axes
        inner = axis_of(size)
        lead = len(rows) - len(inner)
        if lead < 0 or rows[lead:] != inner:
            fits = Counter(inner) <= Counter(rows)
            words = f"{'*'.join(rows) or 1} rows and blocks of {size}"
            raise (
                OutsideCalculusError(f"{words}, in this order")
                if fits
                else ShapeError(f"{words}: they do not split")
            )
        place = self.decode(j, rows[:lead])
        return IndexedArray(self, (inner, columns), lambda i, k: a.entry(place + i, k))

    def rows(self, make: Callable[[Any], IndexedArray], count: Any) -> IndexedArray:
        """The matrix whose ``j``-th row is ``make(j)``."""
        axis = axis_of(count)
        sample = vector(self._made(make, places_of(axis, "j"), "row"), "rows")
        return IndexedArray(self, (axis, *sample.axes), lambda j, i: self._made(make, j, "row").entry(i))

    def columns(self, make: Callable[[Any], IndexedArray], count: Any) -> IndexedArray:
        """The matrix whose ``i``-th column is ``make(i)``."""
        return self.rows(make, count).T

    def sum_over(self, make: Callable[[Any], IndexedArray], count: Any) -> IndexedArray:
        """``Σ_j make(j)``."""
        axis = axis_of(count)
        sample = self._made(make, places_of(axis, "j"), "term")

        def entry(*at: Place) -> Term:
            places = places_of(axis)
            return summed((places,), self._made(make, places, "term").entry(*at))

        return IndexedArray(self, sample.axes, entry)

    def _made(self, make: Callable[[Any], Any], place: Place, word: str) -> IndexedArray:
        """What ``make`` gives for the index at this place."""
        made = make(self._named(place, word))
        return made if isinstance(made, IndexedArray) else self.scalar(made)

    def T_mat(self, a: Any, b: Any, c: Any) -> Any:
        """Operations of the schoolbook product; only a cost check looks at them."""
        return a * c * (2 * b - 1)

    # --- derivatives -----------------------------------------------------------------------------

    def D(self, function: Callable[..., Any], point: IndexedArray) -> IndexedDerivative:
        """The derivative of ``function`` at ``point``."""
        return IndexedDerivative(self, function, point)

    def gradient(self, function: Callable[..., Any], point: IndexedArray) -> IndexedArray:
        """All partial derivatives of a scalar function."""
        name, value = self.at_placeholder(function, point)
        if value.axes:
            raise ShapeError(f"gradient of a function with values of shape {shape_text(value.shape)}")
        return IndexedArray(self, point.axes, lambda *at: self.partial(value.entry(), name, at))

    def at_placeholder(self, function: Callable[..., Any], point: IndexedArray) -> tuple[str, IndexedArray]:
        """The function at an array of new symbols: their name, and its value."""
        name = f"@{len(self._points) + 1}"
        self._points[name] = point
        value = function(self._named_array(name, point.axes))
        return name, value if isinstance(value, IndexedArray) else self.scalar(value)

    def partial(self, term: Term, name: str, places: Sequence[Place]) -> Term:
        """A partial derivative in the placeholder, then the point put in its place."""
        return self._at_point(partial(term, name, tuple(itertools.chain.from_iterable(places))), name)

    def _at_point(self, term: Term, name: str) -> Term:
        point = self._points[name]

        def original(*indices: Idx) -> Term:
            given = iter(indices)
            return point.entry(*(tuple(itertools.islice(given, len(axis))) for axis in point.axes))

        return replace_entries(term, name, original)


def _same(left: Place, right: Place) -> Term:
    if len(left) != len(right):
        return ZERO
    return mul(*(Delta(i, j) for i, j in zip(left, right, strict=True)))
