"""Arrays whose entries are terms of :mod:`proofcheck.symbolic`, with axes of symbolic sizes.

An axis of size n·d is a pair of indices, one of range n and one of range d, the last one running
fastest; so ``A[(j0 - 1) * n + j1, :]`` is decoded to the pair (j0, j1), and ``vec`` and ``kron``
move no data.  An axis of size 1 is the empty tuple.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from proofcheck.errors import OutsideCalculusError, ShapeError
from proofcheck.namespaces.sizes import Size
from proofcheck.namespaces.strict import shape_text
from proofcheck.symbolic.terms import Const, Idx, Sum, Term, add, fresh, mul, power

if TYPE_CHECKING:
    from proofcheck.namespaces.indexed import IndexedNamespace

__all__ = [
    "Axis",
    "IndexedArray",
    "Place",
    "axis_of",
    "matrix",
    "places_of",
    "require_same",
    "summed",
    "vector",
]

Axis: TypeAlias = tuple[str, ...]
Place: TypeAlias = tuple[Idx, ...]
MINUS_ONE = Const(Fraction(-1))


def axis_of(size: Any) -> Axis:
    """The atomic sizes a size is the product of.

    Raises:
        OutsideCalculusError: it is no product of size symbols.
    """
    terms = Size.of(size).terms()
    if len(terms) == 1:
        ((monomial, coefficient),) = terms.items()
        if coefficient == 1:
            return tuple(itertools.chain.from_iterable((name,) * k for name, k in monomial))
    raise OutsideCalculusError(f"an axis of size {size}; expected a product of size symbols")


def places_of(axis: Axis, name: str = "k") -> Place:
    """New indices, one for each part of an axis."""
    return tuple(fresh(dim, name) for dim in axis)


def summed(places: Sequence[Place], body: Term) -> Term:
    """The sum over all these indices."""
    for index in itertools.chain.from_iterable(places):
        body = Sum(index, body)
    return body


def require_same(left: Sequence[Axis], right: Sequence[Axis], what: str) -> None:
    """Axes fit.

    Raises:
        ShapeError: their sizes differ.
        OutsideCalculusError: the sizes are the same products in different orders.
    """
    if tuple(left) == tuple(right):
        return
    words = [shape_text(tuple("*".join(axis) or "1" for axis in axes)) for axes in (left, right)]
    if [sorted(axis) for axis in left] == [sorted(axis) for axis in right]:
        raise OutsideCalculusError(f"{what}: {words[0]} and {words[1]} have one size in different orders")
    raise ShapeError(f"{what}: {words[0]} and {words[1]} differ")


def matrix(a: IndexedArray, operation: str) -> IndexedArray:
    """The array, which must be a matrix."""
    if len(a.axes) != 2:
        raise ShapeError(f"{operation} needs a matrix, got shape {shape_text(a.shape)}")
    return a


def vector(a: IndexedArray, operation: str) -> IndexedArray:
    """The array, which must be a vector."""
    if len(a.axes) != 1:
        raise ShapeError(f"{operation} needs a vector, got shape {shape_text(a.shape)}")
    return a


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
        rows, columns = matrix(self, "transpose").axes
        return IndexedArray(self.xp, (columns, rows), lambda i, j: self.entry(j, i))

    def _entrywise(self, other: Any, operation: Callable[[Term, Term], Term], name: str) -> IndexedArray:
        right = other if isinstance(other, IndexedArray) else self.xp.scalar(other)
        if self.axes and right.axes:
            require_same(self.axes, right.axes, name)
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
        return self._entrywise(self.xp.reciprocal(other), mul, "entrywise quotient")

    def __rtruediv__(self, other: Any) -> IndexedArray:
        return self.xp.reciprocal(self)._entrywise(other, mul, "entrywise quotient")

    def __neg__(self) -> IndexedArray:
        return self._entrywise(-1, mul, "product")

    def __pow__(self, exponent: int) -> IndexedArray:
        return self.xp.noted(
            IndexedArray(self.xp, self.axes, lambda *at: power(self.entry(*at), Fraction(exponent)))
        )

    def __matmul__(self, other: Any) -> IndexedArray:
        if not isinstance(other, IndexedArray) or not self.axes or not other.axes:
            raise ShapeError(f"matrix product needs two vectors or matrices, got {self!r} @ {other!r}")
        if len(self.axes) > 2 or len(other.axes) > 2:
            raise ShapeError(
                f"matrix product of {shape_text(self.shape)} by {shape_text(other.shape)}: "
                "two vectors or matrices are needed; fix an index of an array with more axes"
            )
        require_same((self.axes[-1],), (other.axes[0],), "inner sizes of a matrix product")
        before = len(self.axes) - 1

        def entry(*at: Place) -> Term:
            inner = places_of(self.axes[-1])
            product = mul(self.entry(*at[:before], inner), other.entry(inner, *at[before:]))
            return summed((inner,), product)

        return IndexedArray(self.xp, self.axes[:-1] + other.axes[1:], entry)

    def __getitem__(self, key: Any) -> IndexedArray:
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) != len(self.axes):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(self.shape)}")
        if any(isinstance(k, slice) and k != slice(None) for k in keys):
            raise ShapeError("only the full slice ':' is defined on strict arrays; use xp.block for rows")
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
