"""Statements at symbolic sizes: arrays whose entries are terms of :mod:`proofcheck.symbolic`.

An axis of size n·d is a pair of indices, one of range n and one of range d, the last one running
fastest; so ``A[(j0 - 1) * n + j1, :]`` is decoded to the pair (j0, j1), and ``vec`` and ``kron``
move no data.  An axis of size 1 is the empty tuple.  Index ranges are checked elsewhere, at concrete
sizes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from proofcheck.errors import OutsideCalculusError, ShapeError
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
    SizeOf,
    Sum,
    Term,
    add,
    fresh,
    mul,
    power,
    replace_entries,
)

__all__ = ["IndexedArray", "IndexedNamespace"]

Axis: TypeAlias = tuple[str, ...]
Place: TypeAlias = tuple[Idx, ...]
MINUS_ONE = Const(Fraction(-1))


def _dims(size: Any) -> Axis:
    """The atomic sizes a size is the product of."""
    terms = Size.of(size).terms()
    if len(terms) == 1:
        ((monomial, coefficient),) = terms.items()
        if coefficient == 1:
            return tuple(itertools.chain.from_iterable((name,) * k for name, k in monomial))
    raise OutsideCalculusError(f"an axis of size {size}; expected a product of size symbols")


def _places(axis: Axis, name: str = "k") -> Place:
    return tuple(fresh(dim, name) for dim in axis)


def _summed(places: Sequence[Place], body: Term) -> Term:
    for index in itertools.chain.from_iterable(places):
        body = Sum(index, body)
    return body


class IndexedArray:
    """An array of terms: its axes, and the entry at given indices."""

    __slots__ = ("_entry", "axes", "xp")
    __array_ufunc__ = None

    def __init__(self, xp: IndexedNamespace, axes: Sequence[Axis], entry: Callable[..., Term]) -> None:
        self.xp = xp
        self.axes = tuple(axes)
        self._entry = entry

    def entry(self, *places: Place) -> Term:
        """The entry at one tuple of indices an axis."""
        return self._entry(*places)

    @property
    def shape(self) -> tuple[Size, ...]:
        """Sizes along each axis, as polynomials."""
        return tuple(self.xp.size_of(axis) for axis in self.axes)

    @property
    def T(self) -> IndexedArray:
        """The transpose of a matrix."""
        rows, columns = _matrix(self, "transpose").axes
        return IndexedArray(self.xp, (columns, rows), lambda i, j: self.entry(j, i))

    def _entrywise(self, other: Any, operation: Callable[[Term, Term], Term], name: str) -> IndexedArray:
        right = other if isinstance(other, IndexedArray) else self.xp.scalar(other)
        if self.axes and right.axes:
            _require_same(self.axes, right.axes, name)
        return IndexedArray(
            self.xp,
            self.axes or right.axes,
            lambda *at: operation(
                self.entry(*at) if self.axes else self.entry(),
                right.entry(*at) if right.axes else right.entry(),
            ),
        )

    def __add__(self, other: Any) -> IndexedArray:
        return self._entrywise(other, add, "sum")

    __radd__ = __add__

    def __sub__(self, other: Any) -> IndexedArray:
        return self._entrywise(other, lambda a, b: add(a, mul(MINUS_ONE, b)), "difference")

    def __rsub__(self, other: Any) -> IndexedArray:
        return self._entrywise(other, lambda a, b: add(b, mul(MINUS_ONE, a)), "difference")

    def __mul__(self, other: Any) -> IndexedArray:
        return self._entrywise(other, mul, "entrywise product")

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> IndexedArray:
        return self._entrywise(other, lambda a, b: mul(a, power(b, -1)), "entrywise quotient")

    def __rtruediv__(self, other: Any) -> IndexedArray:
        return self._entrywise(other, lambda a, b: mul(b, power(a, -1)), "entrywise quotient")

    def __neg__(self) -> IndexedArray:
        return self._entrywise(-1, mul, "product")

    def __pow__(self, exponent: int) -> IndexedArray:
        return IndexedArray(self.xp, self.axes, lambda *at: power(self.entry(*at), exponent))

    def __matmul__(self, other: Any) -> IndexedArray:
        if not isinstance(other, IndexedArray) or not self.axes or not other.axes:
            raise ShapeError(f"matrix product needs two vectors or matrices, got {self!r} @ {other!r}")
        _require_same((self.axes[-1],), (other.axes[0],), "inner sizes of a matrix product")
        before = len(self.axes) - 1

        def entry(*at: Place) -> Term:
            inner = _places(self.axes[-1])
            product = mul(self.entry(*at[:before], inner), other.entry(inner, *at[before:]))
            return _summed((inner,), product)

        return IndexedArray(self.xp, self.axes[:-1] + other.axes[1:], entry)

    def __getitem__(self, key: Any) -> IndexedArray:
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) != len(self.axes):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(self.shape)}")
        fixed = [
            None if isinstance(k, slice) else self.xp.decode(k, axis)
            for k, axis in zip(keys, self.axes, strict=True)
        ]
        kept = [axis for place, axis in zip(fixed, self.axes, strict=True) if place is None]

        def entry(*at: Place) -> Term:
            given = iter(at)
            return self.entry(*(next(given) if place is None else place for place in fixed))

        return IndexedArray(self.xp, kept, entry)

    def __repr__(self) -> str:
        return f"IndexedArray of shape {shape_text(self.shape)}"


def _require_same(left: Sequence[Axis], right: Sequence[Axis], what: str) -> None:
    if tuple(left) == tuple(right):
        return
    words = [shape_text(tuple("*".join(axis) or "1" for axis in axes)) for axes in (left, right)]
    if [sorted(axis) for axis in left] == [sorted(axis) for axis in right]:
        raise OutsideCalculusError(f"{what}: {words[0]} and {words[1]} have one size in different orders")
    raise ShapeError(f"{what}: {words[0]} and {words[1]} differ")


def _matrix(a: IndexedArray, operation: str) -> IndexedArray:
    if len(a.axes) != 2:
        raise ShapeError(f"{operation} needs a matrix, got shape {shape_text(a.shape)}")
    return a


def _vector(a: IndexedArray, operation: str) -> IndexedArray:
    if len(a.axes) != 1:
        raise ShapeError(f"{operation} needs a vector, got shape {shape_text(a.shape)}")
    return a


class IndexedDerivative:
    """The derivative of a function at a point, by the rules of the calculus."""

    def __init__(self, xp: IndexedNamespace, function: Callable[..., Any], point: IndexedArray) -> None:
        self._xp, self._function, self._point = xp, function, point

    def __getitem__(self, along: Any) -> IndexedArray:
        name, value = self._xp.at_placeholder(self._function, self._point)
        if isinstance(along, IndexedArray):
            _require_same(self._point.axes, along.axes, "direction and point")

            def directional(*at: Place) -> Term:
                places = tuple(_places(axis) for axis in along.axes)
                slope = self._xp.partial(value.entry(*at), name, places, self._point)
                return _summed(places, mul(slope, along.entry(*places)))

            return IndexedArray(self._xp, value.axes, directional)
        keys = along if isinstance(along, tuple) else (along,)
        places = tuple(self._xp.decode(k, axis) for k, axis in zip(keys, self._point.axes, strict=True))
        return IndexedArray(
            self._xp,
            value.axes,
            lambda *at: self._xp.partial(value.entry(*at), name, places, self._point),
        )


class IndexedNamespace:
    """The operations of a statement over terms, at all sizes at once.

    Args:
        size_symbols: names of the sizes.
    """

    def __init__(self, size_symbols: Sequence[str]) -> None:
        self._sizes = tuple(size_symbols)
        self._symbols: dict[str, Place] = {}
        self._placeholders = 0

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
        axis = _dims(size)
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
        return IndexedArray(
            self,
            [_dims(size) for size in shape],
            lambda *at: Entry(name, tuple(itertools.chain.from_iterable(at))),
        )

    def decode(self, key: Any, axis: Axis) -> Place:
        """The indices a calculated 1-based index stands for on an axis.

        Raises:
            ShapeError: it runs over another range than the axis.
            OutsideCalculusError: it is no symbol and no (high − 1)·size + low.
        """
        terms = dict(Size.of(key).terms())
        if not axis and terms == {(): 1}:
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
        if tuple(index.dim for index in place) != axis:
            raise ShapeError(
                f"index {key} runs over {'*'.join(i.dim for i in place)}, the axis over {'*'.join(axis)}"
            )
        return place

    # --- operations of a statement ---------------------------------------------------------------

    def scalar(self, value: Any) -> IndexedArray:
        """A number or a size as a scalar."""
        parts = [
            mul(Const(Fraction(c)), *(power(SizeOf(name), k) for name, k in monomial))
            for monomial, c in Size.of(value).terms().items()
        ]
        return IndexedArray(self, (), lambda: add(*parts))

    def ones(self, *shape: Any) -> IndexedArray:
        """All ones."""
        return IndexedArray(self, [_dims(size) for size in shape], lambda *at: ONE)

    def eye(self, size: Any) -> IndexedArray:
        """The identity matrix."""
        axis = _dims(size)
        return IndexedArray(self, (axis, axis), _same)

    def exp(self, a: IndexedArray) -> IndexedArray:
        """The exponential of every entry."""
        return IndexedArray(self, a.axes, lambda *at: Exp(a.entry(*at)))

    def sum(self, a: IndexedArray) -> IndexedArray:
        """The sum of all entries."""

        def entry() -> Term:
            places = tuple(_places(axis) for axis in a.axes)
            return _summed(places, a.entry(*places))

        return IndexedArray(self, (), entry)

    def row_sums(self, a: IndexedArray) -> IndexedArray:
        """The sum along each row."""
        return a @ IndexedArray(self, _matrix(a, "row_sums").axes[1:], lambda k: ONE)

    def inner(self, a: IndexedArray, b: IndexedArray) -> IndexedArray:
        """⟨a, b⟩."""
        return _vector(a, "inner") @ _vector(b, "inner")

    def outer(self, a: IndexedArray, b: IndexedArray) -> IndexedArray:
        """``a bᵀ``."""
        axes = (*_vector(a, "outer").axes, *_vector(b, "outer").axes)
        return IndexedArray(self, axes, lambda i, j: mul(a.entry(i), b.entry(j)))

    def diag(self, a: IndexedArray) -> IndexedArray:
        """The diagonal matrix."""
        (axis,) = _vector(a, "diag").axes
        return IndexedArray(self, (axis, axis), lambda i, j: mul(_same(i, j), a.entry(i)))

    def scale_rows(self, a: IndexedArray, m: IndexedArray) -> IndexedArray:
        """``diag(a) m``."""
        _require_same(_vector(a, "scale_rows").axes, _matrix(m, "scale_rows").axes[:1], "scale_rows")
        return IndexedArray(self, m.axes, lambda i, j: mul(a.entry(i), m.entry(i, j)))

    def column(self, a: IndexedArray) -> IndexedArray:
        """A vector as a matrix with one column."""
        return IndexedArray(self, (*_vector(a, "column").axes, ()), lambda i, _: a.entry(i))

    def kron(self, a: IndexedArray, b: IndexedArray) -> IndexedArray:
        """The Kronecker product."""
        (rows, columns), (more_rows, more_columns) = _matrix(a, "kron").axes, _matrix(b, "kron").axes
        r, c = len(rows), len(columns)
        return IndexedArray(
            self,
            (rows + more_rows, columns + more_columns),
            lambda i, j: mul(a.entry(i[:r], j[:c]), b.entry(i[r:], j[c:])),
        )

    def row_kron(self, a: IndexedArray, b: IndexedArray) -> IndexedArray:
        """``a ⊘ b``, the first factor's column index fastest."""
        (rows, columns), (other, more) = _matrix(a, "row_kron").axes, _matrix(b, "row_kron").axes
        _require_same((rows,), (other,), "rows of a row-wise product")
        split = len(more)
        return IndexedArray(
            self, (rows, more + columns), lambda i, j: mul(a.entry(i, j[split:]), b.entry(i, j[:split]))
        )

    def vec(self, a: IndexedArray) -> IndexedArray:
        """The rows one after another."""
        rows, columns = _matrix(a, "vec").axes
        return IndexedArray(self, (rows + columns,), lambda k: a.entry(k[: len(rows)], k[len(rows) :]))

    def vec_by_columns(self, a: IndexedArray) -> IndexedArray:
        """The columns one after another."""
        return self.vec(_matrix(a, "vec_by_columns").T)

    def block(self, a: IndexedArray, j: Any, size: Any) -> IndexedArray:
        """The ``j``-th block of ``size`` rows."""
        rows, columns = _matrix(a, "block").axes
        inner = _dims(size)
        lead = len(rows) - len(inner)
        if lead < 0 or rows[lead:] != inner:
            raise ShapeError(f"{'*'.join(rows)} rows do not split into blocks of {size}")
        place = self.decode(j, rows[:lead])
        return IndexedArray(self, (inner, columns), lambda i, k: a.entry(place + i, k))

    def rows(self, make: Callable[[Any], IndexedArray], count: Any) -> IndexedArray:
        """The matrix whose ``j``-th row is ``make(j)``."""
        axis = _dims(count)
        sample = _vector(make(self._named(_places(axis), "row")), "rows")
        return IndexedArray(self, (axis, *sample.axes), lambda j, i: make(self._named(j, "row")).entry(i))

    def columns(self, make: Callable[[Any], IndexedArray], count: Any) -> IndexedArray:
        """The matrix whose ``i``-th column is ``make(i)``."""
        return self.rows(make, count).T

    def sum_over(self, make: Callable[[Any], IndexedArray], count: Any) -> IndexedArray:
        """``Σ_j make(j)``."""
        axis = _dims(count)
        sample = make(self._named(_places(axis), "term"))

        def entry(*at: Place) -> Term:
            places = _places(axis)
            return _summed((places,), make(self._named(places, "term")).entry(*at))

        return IndexedArray(self, sample.axes, entry)

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
        return IndexedArray(self, point.axes, lambda *at: self.partial(value.entry(), name, at, point))

    def at_placeholder(self, function: Callable[..., Any], point: IndexedArray) -> tuple[str, IndexedArray]:
        """The function at an array of new symbols: their name, and its value."""
        self._placeholders += 1
        name = f"@{self._placeholders}"
        return name, function(self.input(name, point.shape))

    def partial(self, term: Term, name: str, places: Sequence[Place], point: IndexedArray) -> Term:
        """A partial derivative in the placeholder, then the point put in its place."""
        slope = partial(term, name, tuple(itertools.chain.from_iterable(places)))

        def original(*indices: Idx) -> Term:
            given = iter(indices)
            return point.entry(*(tuple(itertools.islice(given, len(axis))) for axis in point.axes))

        return replace_entries(slope, name, original)


def _same(left: Place, right: Place) -> Term:
    if len(left) != len(right):
        return ZERO
    return mul(*(Delta(i, j) for i, j in zip(left, right, strict=True)))
