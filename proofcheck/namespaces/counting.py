"""Operation counts with the sizes as symbols: arrays are shapes, counts are polynomials in the sizes.

:class:`CountingNamespace` has the operations of :class:`~proofcheck.namespaces.strict.StrictNamespace`
with the same strictness, but an array in it is only a shape such as n×d, and each operation adds the
scalar operations of its schoolbook algorithm to a running count.  One evaluation so speaks about all
sizes.  What the model charges: one per real addition, subtraction, sign change, multiplication,
division, exponential and logarithm; nothing for moving, repeating or selecting entries, nor for
arithmetic with the sizes themselves.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Number
from typing import Any

import numpy as np

from proofcheck.errors import IndexRangeError, OutsideCalculusError, ShapeError
from proofcheck.namespaces.sizes import Counts, Dimension, Size
from proofcheck.namespaces.strict import shape_text

__all__ = ["CountedArray", "CountingNamespace", "Counts", "Dimension", "Shape", "Size"]

Shape = tuple[Dimension, ...]


class CountedArray:
    """A shape, and operations that charge their cost to the namespace the array lives in.

    Mirrors :class:`~proofcheck.namespaces.strict.Array`: shapes must be equal as polynomials, only
    scalars are broadcast, indices are 1-based.

    Args:
        xp: the namespace to charge.
        shape: the sizes along each axis; ``()`` for a scalar.

    Raises:
        OutsideCalculusError: a dimension is not seen to be an integer ≥ 1 at all sizes.
    """

    __slots__ = ("shape", "xp")
    # A NumPy array on the left must not try to take this one apart entry by entry.
    __array_ufunc__ = None

    def __init__(self, xp: CountingNamespace, shape: Sequence[Dimension]) -> None:
        self.xp = xp
        self.shape: Shape = tuple(_dimension(size) for size in shape)

    @property
    def T(self) -> CountedArray:
        """The transpose of a matrix; free."""
        if len(self.shape) != 2:
            raise ShapeError(f"transpose needs a matrix, got shape {shape_text(self.shape)}")
        return CountedArray(self.xp, self.shape[::-1])

    def _entrywise(self, other: Any, kind: str, name: str) -> CountedArray:
        """One operation of this kind per entry of the result."""
        shape = self.shape
        if isinstance(other, CountedArray):
            if self.shape != other.shape and self.shape and other.shape:
                raise ShapeError(f"{name} of shapes {_both(self, other)}: they differ")
            shape = self.shape or other.shape
        elif not isinstance(other, (Number, Size)):
            raise TypeError(f"{name} of an array and {other!r}")
        return self.xp.per_entry(kind, shape)

    def __add__(self, other: Any) -> CountedArray:
        return self._entrywise(other, "additions", "sum")

    __radd__ = __add__

    def __sub__(self, other: Any) -> CountedArray:
        return self._entrywise(other, "additions", "difference")

    __rsub__ = __sub__

    def __mul__(self, other: Any) -> CountedArray:
        return self._entrywise(other, "multiplications", "entrywise product")

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> CountedArray:
        return self._entrywise(other, "divisions", "entrywise quotient")

    __rtruediv__ = __truediv__

    def __neg__(self) -> CountedArray:
        # A sign change is a subtraction from 0.
        return self._entrywise(0, "additions", "difference")

    def __pow__(self, exponent: int) -> CountedArray:
        """Repeated multiplication: ``|exponent| − 1`` products per entry; a reciprocal if negative."""
        if not isinstance(exponent, int):
            raise OutsideCalculusError(f"the cost of a power with exponent {exponent!r}")
        products, reciprocals = max(abs(exponent) - 1, 0), int(exponent < 0)
        entries = _volume(self.shape)
        self.xp.charge(multiplications=products * entries, divisions=reciprocals * entries)
        return CountedArray(self.xp, self.shape)

    def __matmul__(self, other: Any) -> CountedArray:
        """a·b·c products and a·c·(b − 1) additions for a×b by b×c; a vector has a = 1 or c = 1."""
        if not isinstance(other, CountedArray) or not self.shape or not other.shape:
            raise ShapeError(f"matrix product needs two vectors or matrices, got {self!r} @ {other!r}")
        if len(self.shape) > 2 or len(other.shape) > 2:
            raise OutsideCalculusError("the cost of a product of arrays with more than two axes")
        if self.shape[-1] != other.shape[0]:
            raise ShapeError(
                f"matrix product of {shape_text(self.shape)} by {shape_text(other.shape)}: "
                f"{self.shape[-1]} columns meet {other.shape[0]} rows"
            )
        shape = self.shape[:-1] + other.shape[1:]
        inner, entries = self.shape[-1], _volume(shape)
        self.xp.charge(multiplications=entries * inner, additions=entries * (inner - 1))
        return CountedArray(self.xp, shape)

    def __getitem__(self, key: Any) -> CountedArray:
        """Free.  A symbolic index is not compared with its range."""
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) != len(self.shape):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(self.shape)}")
        kept = [size for k, size in zip(keys, self.shape, strict=True) if _keeps_axis(k, size)]
        return CountedArray(self.xp, kept)

    def __repr__(self) -> str:
        return f"Array of shape {shape_text(self.shape)}"


def _both(a: CountedArray, b: CountedArray) -> str:
    return f"{shape_text(a.shape)} and {shape_text(b.shape)}"


def _volume(shape: Sequence[Dimension]) -> Size:
    """The number of entries."""
    return Size.of(math.prod(shape))


def _dimension(size: Dimension) -> Dimension:
    # Schoolbook counts such as b − 1 additions are right from 1 on only.
    if not Size.of(size).is_natural():
        raise OutsideCalculusError(f"a dimension {size}, which is not an integer ≥ 1 at all sizes")
    return size


def _keeps_axis(key: Any, size: Dimension) -> bool:
    if isinstance(key, slice):
        if key != slice(None):
            raise ShapeError("only the full slice ':' is defined on strict arrays; use xp.block for rows")
        return True
    if isinstance(key, Size):
        return False
    if key < 1 or (isinstance(size, int) and key > size):
        raise IndexRangeError(f"index {key} is outside 1..{size}")
    return False


def _matrix(a: CountedArray, operation: str) -> tuple[Dimension, Dimension]:
    if len(a.shape) != 2:
        raise ShapeError(f"{operation} needs a matrix, got shape {shape_text(a.shape)}")
    return a.shape[0], a.shape[1]


def _vector(a: CountedArray, operation: str) -> Dimension:
    if len(a.shape) != 1:
        raise ShapeError(f"{operation} needs a vector, got shape {shape_text(a.shape)}")
    return a.shape[0]


class DerivativeShape:
    """Stands where a derivative stands: it has the shape of the function's value, and no count."""

    def __init__(self, xp: CountingNamespace, function: Callable[..., Any], point: CountedArray) -> None:
        self._xp = xp
        self._function = function
        self._point = point

    def __getitem__(self, along: Any) -> CountedArray:
        if isinstance(along, CountedArray):
            if along.shape != self._point.shape:
                raise ShapeError(f"direction and point of shapes {_both(along, self._point)}: they differ")
        else:
            self._xp.unit(along if isinstance(along, tuple) else (along,), self._point.shape)
        if self._xp.counting:
            raise OutsideCalculusError("the cost of a derivative")
        with self._xp.isolated():  # and dropped: it is the function's cost, not the derivative's
            value = self._function(self._point)
        return CountedArray(self._xp, value.shape)


class CountingNamespace:
    """The operations of a statement over shapes with symbolic sizes.

    Args:
        size_symbols: the names of the sizes, in the order in which polynomials print them.

    Attributes:
        counts: the operations charged since the start, or since :meth:`counted` was entered.
        counting: whether :meth:`counted` is open.
    """

    def __init__(self, size_symbols: Sequence[str]) -> None:
        self.size_symbols = tuple(size_symbols)
        self.counts = Counts()
        self.counting = False
        self._fresh = itertools.count(1)

    def size(self, name: str) -> Size:
        """The size symbol ``name``, one of ``size_symbols``; it stands for every integer ≥ 1."""
        return Size.symbol(name, self.size_symbols)

    def index(self, name: str) -> Size:
        """A symbolic 1-based index; its range is not known here."""
        return Size.symbol(name, (*self.size_symbols, name))

    def array_of_shape(self, shape: Sequence[Dimension]) -> CountedArray:
        """An array of which nothing but the shape is known; ``()`` is a scalar."""
        return CountedArray(self, shape)

    def charge(self, **amounts: Dimension) -> None:
        """Add operations, by kind, to the running counts."""
        self.counts.add(**amounts)

    def per_entry(self, kind: str, shape: Sequence[Dimension]) -> CountedArray:
        """A result of this shape, of which every entry takes one operation of this kind."""
        self.charge(**{kind: _volume(shape)})
        return CountedArray(self, shape)

    @contextmanager
    def isolated(self) -> Iterator[Counts]:
        """Charge what is done inside to counts of its own, and not to the running ones."""
        outer, self.counts = self.counts, Counts()
        try:
            yield self.counts
        finally:
            self.counts = outer

    @contextmanager
    def counted(self) -> Iterator[Counts]:
        """The counts of one algorithm, isolated; a derivative inside raises OutsideCalculusError."""
        outer, self.counting = self.counting, True
        try:
            with self.isolated() as counts:
                yield counts
        finally:
            self.counting = outer

    def _repeated(self, make: Callable[[Any], Any], count: Dimension, operation: str) -> CountedArray:
        """Call ``make`` once for all of 1..count, and charge what it did ``count`` times.

        Raises:
            ShapeError: ``make`` gives different shapes for different indices.
            OutsideCalculusError: the cost depends on the index, or ``make`` returns no array.
        """
        name = f"j#{next(self._fresh)}"  # no Python name, so no other symbol
        with self.isolated() as inside:
            term = make(self.index(name))
        if not isinstance(term, CountedArray):
            raise OutsideCalculusError(f"{operation} of numbers made from sizes and indices")
        if any(isinstance(size, Size) and name in size.symbols for size in term.shape):
            raise ShapeError(f"{operation} needs terms of one shape, got {shape_text(term.shape)}")
        if any(name in amount.symbols for amount in inside.by_kind().values()):
            raise OutsideCalculusError(f"{operation} of terms whose costs differ")
        count = _dimension(count)
        self.charge(**{kind: amount * count for kind, amount in inside.by_kind().items()})
        return term

    def _vector_length(self, make: Callable[[Any], Any], count: Dimension, operation: str) -> Dimension:
        term = self._repeated(make, count, operation)
        if len(term.shape) != 1:
            raise ShapeError(f"{operation} needs vectors of one length, got {shape_text(term.shape)}")
        return term.shape[0]

    def number(self, value: Any) -> Any:
        """An exact number, unchanged: its value does not matter here."""
        return value

    def array(self, entries: Any) -> CountedArray:
        """Take an array of numbers in; free."""
        return CountedArray(self, np.shape(entries))

    def ones(self, *shape: Dimension) -> CountedArray:
        """All ones; free."""
        return CountedArray(self, shape)

    def eye(self, size: Dimension) -> CountedArray:
        """The identity matrix; free."""
        return CountedArray(self, (size, size))

    def unit(self, keys: tuple[Any, ...], shape: Sequence[Dimension]) -> CountedArray:
        """The array that is 1 at the position ``keys`` and 0 elsewhere; free."""
        if len(keys) != len(shape):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(tuple(shape))}")
        for key, size in zip(keys, shape, strict=True):
            _keeps_axis(key, size)
        return CountedArray(self, shape)

    def exp(self, a: CountedArray) -> CountedArray:
        """One exponential per entry."""
        return self.per_entry("exponentials", a.shape)

    def log(self, a: CountedArray) -> CountedArray:
        """One logarithm per entry."""
        return self.per_entry("logarithms", a.shape)

    def sum(self, a: CountedArray) -> CountedArray:
        """One addition fewer than there are entries."""
        self.charge(additions=_volume(a.shape) - 1)
        return CountedArray(self, ())

    def row_sums(self, a: CountedArray) -> CountedArray:
        """n(m − 1) additions for an n×m matrix."""
        rows, columns = _matrix(a, "row_sums")
        self.charge(additions=rows * (columns - 1))
        return CountedArray(self, (rows,))

    def inner(self, a: CountedArray, b: CountedArray) -> CountedArray:
        """⟨a, b⟩: n products and n − 1 additions for vectors of length n."""
        if len(a.shape) != 1 or a.shape != b.shape:
            raise ShapeError(f"inner product of shapes {_both(a, b)}: two vectors of one length are needed")
        return a @ b

    def outer(self, a: CountedArray, b: CountedArray) -> CountedArray:
        """One product per entry of the result."""
        return self.per_entry("multiplications", (_vector(a, "outer"), _vector(b, "outer")))

    def diag(self, a: CountedArray) -> CountedArray:
        """The diagonal matrix of a vector; free."""
        return CountedArray(self, (_vector(a, "diag"),) * 2)

    def scale_rows(self, a: CountedArray, m: CountedArray) -> CountedArray:
        """``diag(a) m``: one product per entry of ``m``."""
        if len(a.shape) != 1 or _matrix(m, "scale_rows")[0] != a.shape[0]:
            raise ShapeError(f"scale_rows of shapes {_both(a, m)}")
        return self.per_entry("multiplications", m.shape)

    def column(self, a: CountedArray) -> CountedArray:
        """A vector as a matrix with one column; free."""
        return CountedArray(self, (_vector(a, "column"), 1))

    def kron(self, a: CountedArray, b: CountedArray) -> CountedArray:
        """The Kronecker product: one product per entry of the result."""
        (rows_a, columns_a), (rows_b, columns_b) = _matrix(a, "kron"), _matrix(b, "kron")
        return self.per_entry("multiplications", (rows_a * rows_b, columns_a * columns_b))

    def row_kron(self, a: CountedArray, b: CountedArray) -> CountedArray:
        """``a ⊘ b``, row by row: one product per entry of the result."""
        (rows_a, columns_a), (rows_b, columns_b) = _matrix(a, "row_kron"), _matrix(b, "row_kron")
        if rows_a != rows_b:
            raise ShapeError(f"row-wise product of {_both(a, b)}")
        return self.per_entry("multiplications", (rows_a, columns_a * columns_b))

    def vec(self, a: CountedArray) -> CountedArray:
        """The rows one after another; free."""
        return CountedArray(self, (math.prod(_matrix(a, "vec")),))

    def vec_by_columns(self, a: CountedArray) -> CountedArray:
        """The columns one after another; free."""
        return CountedArray(self, (math.prod(_matrix(a, "vec_by_columns")),))

    def block(self, a: CountedArray, j: Any, size: Dimension) -> CountedArray:
        """The ``j``-th block of ``size`` rows, where ``size`` divides the rows at all sizes; free."""
        rows, columns = _matrix(a, "block")
        count = Size.of(rows).exact_quotient(size)
        if count is None:
            raise ShapeError(f"{rows} rows do not split into blocks of {size}")
        _keeps_axis(j, count)
        return CountedArray(self, (size, columns))

    def rows(self, make: Callable[[Any], CountedArray], count: Dimension) -> CountedArray:
        """The matrix whose ``j``-th row is ``make(j)``: ``count`` times the cost of one row."""
        return CountedArray(self, (count, self._vector_length(make, count, "rows")))

    def columns(self, make: Callable[[Any], CountedArray], count: Dimension) -> CountedArray:
        """The matrix whose ``i``-th column is ``make(i)``: ``count`` times the cost of one column."""
        return CountedArray(self, (self._vector_length(make, count, "columns"), count))

    def sum_over(self, make: Callable[[Any], CountedArray], count: Dimension) -> CountedArray:
        """``Σ_j make(j)``: ``count`` times the cost of a term, and ``count − 1`` additions of terms."""
        term = self._repeated(make, count, "sum_over")
        self.charge(additions=(count - 1) * _volume(term.shape))
        return term

    def T_mat(self, a: Dimension, b: Dimension, c: Dimension) -> Size:
        """Operations of the schoolbook product of an ``a``×``b`` by a ``b``×``c`` matrix, as counted here."""
        with self.isolated() as counts:
            self.array_of_shape((a, b)) @ self.array_of_shape((b, c))
        return counts.total

    def D(self, function: Callable[..., Any], point: CountedArray) -> DerivativeShape:
        """The derivative of ``function`` at ``point``: its shape only, so :meth:`counted` refuses it."""
        return DerivativeShape(self, function, point)

    def gradient(self, function: Callable[..., Any], point: CountedArray) -> CountedArray:
        """The gradient of a scalar function: its shape, that of ``point``."""
        entry = self.D(function, point)[point]
        if entry.shape:
            raise ShapeError(f"gradient of a function with values of shape {shape_text(entry.shape)}")
        return CountedArray(self, point.shape)
