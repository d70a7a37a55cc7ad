"""Strict arrays and the operations a statement may use.

A statement is a Python function of ``xp``.  :class:`StrictNamespace` is the ``xp`` of every check
at fixed sizes: the scalars inside its arrays decide what is computed (floats, mpmath numbers, exact
exponential polynomials, duals over any of them), the operations are the same.

Strict means: 1-based indices as in the paper, an index out of its range is an error, shapes must
agree exactly, and nothing is broadcast except scalars.  So a shape clash in a formula is found
rather than stretched away.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from proofcheck.errors import IndexRangeError, ShapeError
from proofcheck.namespaces.scalars import Dual, fresh_tag, scalar_exp, scalar_log

__all__ = ["Array", "Derivative", "Differentiator", "StrictNamespace", "by_duals", "shape_text"]

_object_exp = np.frompyfunc(scalar_exp, 1, 1)
_object_log = np.frompyfunc(scalar_log, 1, 1)


def shape_text(shape: tuple[Any, ...]) -> str:
    """A shape as a reader writes it: ``n×d``, ``scalar`` for the empty shape."""
    return "×".join(str(size) for size in shape) if shape else "scalar"


class Array:
    """An array with exact shapes and 1-based indices; ``values`` is the NumPy array inside."""

    __slots__ = ("values",)
    # A NumPy array on the left must not try to take this one apart entry by entry.
    __array_ufunc__ = None

    def __init__(self, values: Any) -> None:
        self.values: np.ndarray[Any, Any] = values if isinstance(values, np.ndarray) else _boxed(values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes along each axis; ``()`` for a scalar."""
        return tuple(self.values.shape)

    @property
    def T(self) -> Array:
        """The transpose of a matrix."""
        if self.values.ndim != 2:
            raise ShapeError(f"transpose needs a matrix, got shape {shape_text(self.shape)}")
        return Array(self.values.T)

    def _entrywise(self, other: Any, operation: Callable[[Any, Any], Any], name: str) -> Array:
        if not isinstance(other, Array):
            if isinstance(other, np.ndarray) and other.ndim:
                raise TypeError(f"{name} of a strict array and a NumPy array, which would be broadcast")
            return Array(operation(self.values, other))
        if self.shape != other.shape and self.shape and other.shape:
            raise ShapeError(
                f"{name} of shapes {shape_text(self.shape)} and {shape_text(other.shape)}: they differ"
            )
        # As arrays, scalars too: a lone dual number would take an array for a number and swallow it.
        return Array(operation(self.values, other.values))

    def __add__(self, other: Any) -> Array:
        return self._entrywise(other, lambda a, b: a + b, "sum")

    __radd__ = __add__

    def __sub__(self, other: Any) -> Array:
        return self._entrywise(other, lambda a, b: a - b, "difference")

    def __rsub__(self, other: Any) -> Array:
        return self._entrywise(other, lambda a, b: b - a, "difference")

    def __mul__(self, other: Any) -> Array:
        return self._entrywise(other, lambda a, b: a * b, "entrywise product")

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Array:
        return self._entrywise(other, lambda a, b: a / b, "entrywise quotient")

    def __rtruediv__(self, other: Any) -> Array:
        return self._entrywise(other, lambda a, b: b / a, "entrywise quotient")

    def __neg__(self) -> Array:
        return Array(-self.values)

    def __pow__(self, exponent: int) -> Array:
        return Array(self.values**exponent)

    def __matmul__(self, other: Any) -> Array:
        if not isinstance(other, Array) or not self.shape or not other.shape:
            raise ShapeError(f"matrix product needs two vectors or matrices, got {self!r} @ {other!r}")
        if len(self.shape) > 2 or len(other.shape) > 2:  # NumPy would take the leading axes for a batch
            raise ShapeError(
                f"matrix product of {shape_text(self.shape)} by {shape_text(other.shape)}: "
                "two vectors or matrices are needed; fix an index of an array with more axes"
            )
        if self.shape[-1] != other.shape[0]:
            raise ShapeError(
                f"matrix product of {shape_text(self.shape)} by {shape_text(other.shape)}: "
                f"{self.shape[-1]} columns meet {other.shape[0]} rows"
            )
        return Array(self.values @ other.values)

    def __getitem__(self, key: Any) -> Array:
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) != len(self.shape):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(self.shape)}")
        return Array(self.values[tuple(_position(k, size) for k, size in zip(keys, self.shape, strict=True))])

    def __repr__(self) -> str:
        return f"Array of shape {shape_text(self.shape)}"


def _boxed(value: Any) -> np.ndarray[Any, Any]:
    """A lone scalar as an array without axes, kept as it is."""
    if isinstance(value, (float, complex)):
        return np.asarray(value)
    box = np.empty((), dtype=object)
    box[()] = value
    return box


def _position(key: Any, size: int) -> Any:
    if isinstance(key, slice):
        if key != slice(None):
            raise ShapeError("only the full slice ':' is defined on strict arrays; use xp.block for rows")
        return key
    if not 1 <= key <= size:
        raise IndexRangeError(f"index {key} is outside 1..{size}")
    return operator.index(key) - 1


class Differentiator(Protocol):
    """How a namespace takes the derivative of ``function`` at ``point`` along ``direction``."""

    def __call__(
        self, xp: StrictNamespace, function: Callable[[Array], Array], point: Array, direction: Array, /
    ) -> Array:
        """∂function/∂direction at the point, in the shape of the function's value."""
        ...


def by_duals(
    xp: StrictNamespace, function: Callable[[Array], Array], point: Array, direction: Array
) -> Array:
    """Forward mode: exact up to the scalars' own arithmetic, nests."""
    tag = fresh_tag()
    seeded = np.empty(point.shape, dtype=object)
    for position in np.ndindex(*point.shape):
        seeded[position] = Dual(tag, _item(point.values[position]), _item(direction.values[position]))
    result = function(Array(seeded))
    zero = xp.number(0)
    out = np.empty(result.shape, dtype=object)
    for position in np.ndindex(*result.shape):
        entry: Any = result.values[position]
        depends = isinstance(entry, Dual) and entry.tag == tag
        tangent = entry.tangent if depends else 0
        out[position] = zero if type(tangent) is int and tangent == 0 else tangent
    return Array(out)


def _item(entry: Any) -> Any:
    return entry.item() if isinstance(entry, np.generic) else entry


class Derivative:
    """The derivative of a function at a point; index it with a coordinate or a direction.

    ``xp.D(F, x)[i]`` is ∂F/∂x_i, ``xp.D(F, X)[i, j]`` is ∂F/∂X_ij, and ``xp.D(F, x)[v]``, for an
    array ``v`` of the shape of ``x``, the derivative along ``v``.  The shape is that of ``F(x)``.
    """

    def __init__(self, xp: StrictNamespace, function: Callable[[Array], Array], point: Array) -> None:
        self._xp = xp
        self._function = function
        self._point = point

    def __getitem__(self, along: Any) -> Array:
        if isinstance(along, Array):
            if along.shape != self._point.shape:
                raise ShapeError(
                    f"direction of shape {shape_text(along.shape)} at a point of shape "
                    f"{shape_text(self._point.shape)}"
                )
            direction = along
        else:
            keys = along if isinstance(along, tuple) else (along,)
            direction = self._xp.unit(keys, self._point.shape)
        self._xp.derivatives_taken += 1
        return self._xp.differentiate(self._xp, self._function, self._point, direction)


class StrictNamespace:
    """The operations of a statement over one kind of scalar.

    Args:
        number: turns an exact number (``int``, ``Fraction`` or ``float``, taken exactly) into a scalar.
        differentiate: how derivatives are taken.
        vectorised: keep arrays in a NumPy float or complex dtype, not as objects.
    """

    def __init__(
        self,
        number: Callable[[Any], Any] = float,
        differentiate: Differentiator = by_duals,
        *,
        vectorised: bool = False,
    ) -> None:
        self.number = number
        self.differentiate = differentiate
        self.vectorised = vectorised
        self.derivatives_taken = 0

    def array(self, entries: Any) -> Array:
        """Take an array of exact numbers in (an object array of ``int`` or ``Fraction``)."""
        entries = np.asarray(entries, dtype=object)
        out = np.empty(entries.shape, dtype=object)
        for position in np.ndindex(*entries.shape):
            out[position] = self.number(entries[position])
        return Array(out.astype(float) if self.vectorised else out)

    def ones(self, *shape: int) -> Array:
        """All ones."""
        return self.array(np.full(shape, 1, dtype=object))

    def eye(self, size: int) -> Array:
        """The identity matrix."""
        return self.array(np.eye(size, dtype=int).astype(object))

    def unit(self, keys: tuple[int, ...], shape: tuple[int, ...]) -> Array:
        """The array that is 1 at the 1-based position ``keys`` and 0 elsewhere."""
        if len(keys) != len(shape):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(shape)}")
        entries = np.zeros(shape, dtype=int).astype(object)
        entries[tuple(_position(k, size) for k, size in zip(keys, shape, strict=True))] = 1
        return self.array(entries)

    def exp(self, a: Array) -> Array:
        """The exponential of every entry (never the matrix exponential)."""
        if a.values.dtype == object:
            return Array(_object_exp(a.values))
        return Array(np.exp(a.values))

    def log(self, a: Array) -> Array:
        """The natural logarithm of every entry.

        Raises:
            ValueError: an entry is a real number that is not positive.
        """
        if a.values.dtype == object:
            return Array(_object_log(a.values))
        if a.values.dtype.kind == "f" and not (a.values > 0).all():
            raise ValueError(f"log of {a.values.min()}: expected positive numbers")
        return Array(np.log(a.values))

    def sum(self, a: Array) -> Array:
        """The sum of all entries."""
        return Array(a.values.sum())

    def row_sums(self, a: Array) -> Array:
        """The sum along each row of a matrix: ``a 1``."""
        return Array(_matrix(a, "row_sums").values.sum(axis=1))

    def inner(self, a: Array, b: Array) -> Array:
        """⟨a, b⟩ of two vectors of one length."""
        if len(a.shape) != 1 or a.shape != b.shape:
            raise ShapeError(
                f"inner product of shapes {shape_text(a.shape)} and {shape_text(b.shape)}: "
                "two vectors of one length are needed"
            )
        return Array((a.values * b.values).sum())

    def outer(self, a: Array, b: Array) -> Array:
        """``a bᵀ`` of two vectors."""
        if len(a.shape) != 1 or len(b.shape) != 1:
            raise ShapeError(f"outer product of shapes {shape_text(a.shape)} and {shape_text(b.shape)}")
        return Array(np.multiply.outer(a.values, b.values))

    def diag(self, a: Array) -> Array:
        """The diagonal matrix with the vector ``a`` on its diagonal."""
        if len(a.shape) != 1:
            raise ShapeError(f"diag needs a vector, got shape {shape_text(a.shape)}")
        out = np.empty(a.shape * 2, dtype=a.values.dtype)
        out[:] = self.number(0)
        np.fill_diagonal(out, a.values)
        return Array(out)

    def scale_rows(self, a: Array, m: Array) -> Array:
        """``diag(a) m`` without forming the diagonal matrix."""
        if len(a.shape) != 1 or _matrix(m, "scale_rows").shape[0] != a.shape[0]:
            raise ShapeError(f"scale_rows of shapes {shape_text(a.shape)} and {shape_text(m.shape)}")
        return Array(a.values[:, None] * m.values)

    def column(self, a: Array) -> Array:
        """A vector as a matrix with one column."""
        if len(a.shape) != 1:
            raise ShapeError(f"column needs a vector, got shape {shape_text(a.shape)}")
        return Array(a.values[:, None])

    def kron(self, a: Array, b: Array) -> Array:
        """The Kronecker product of two matrices."""
        (rows_a, columns_a), (rows_b, columns_b) = _matrix(a, "kron").shape, _matrix(b, "kron").shape
        blocks = np.multiply.outer(a.values, b.values)  # indexed a-row, a-column, b-row, b-column
        return Array(blocks.transpose(0, 2, 1, 3).reshape(rows_a * rows_b, columns_a * columns_b))

    def row_kron(self, a: Array, b: Array) -> Array:
        """``a ⊘ b``: each row is the Kronecker product of the rows, the first factor's index fastest."""
        if _matrix(a, "row_kron").shape[0] != _matrix(b, "row_kron").shape[0]:
            raise ShapeError(f"row-wise product of {shape_text(a.shape)} and {shape_text(b.shape)}")
        products = b.values[:, :, None] * a.values[:, None, :]
        return Array(products.reshape(a.shape[0], a.shape[1] * b.shape[1]))

    def vec(self, a: Array) -> Array:
        """The rows of a matrix one after another, as one vector (the order Fact 3.8 needs)."""
        return Array(_matrix(a, "vec").values.reshape(-1))

    def vec_by_columns(self, a: Array) -> Array:
        """The columns of a matrix one after another, as one vector."""
        return Array(_matrix(a, "vec_by_columns").values.T.reshape(-1))

    def block(self, a: Array, j: int, size: int) -> Array:
        """The ``j``-th block of ``size`` rows of a matrix."""
        count, rest = divmod(_matrix(a, "block").shape[0], size)
        if rest:
            raise ShapeError(f"{a.shape[0]} rows do not split into blocks of {size}")
        start = _position(j, count) * size
        return Array(a.values[start : start + size])

    def rows(self, make: Callable[[int], Array], count: int) -> Array:
        """The matrix whose ``j``-th row is the vector ``make(j)``, j = 1..count."""
        return Array(_stacked([make(j) for j in range(1, count + 1)], "rows"))

    def columns(self, make: Callable[[int], Array], count: int) -> Array:
        """The matrix whose ``i``-th column is the vector ``make(i)``, i = 1..count."""
        return Array(_stacked([make(i) for i in range(1, count + 1)], "columns").T)

    def sum_over(self, make: Callable[[int], Array], count: int) -> Array:
        """``Σ_{j=1}^{count} make(j)``."""
        total = make(1)
        for j in range(2, count + 1):
            total = total + make(j)
        return total

    def T_mat(self, a: int, b: int, c: int) -> int:
        """Operations of the schoolbook product of an ``a``×``b`` by a ``b``×``c`` matrix."""
        return a * c * (2 * b - 1)

    def D(self, function: Callable[[Array], Array], point: Array) -> Derivative:
        """The derivative of ``function`` at ``point``; see :class:`Derivative`."""
        return Derivative(self, function, point)

    def gradient(self, function: Callable[[Array], Array], point: Array) -> Array:
        """All partial derivatives of a scalar function, in the shape of ``point``."""
        derivative = self.D(function, point)
        out = np.empty(point.shape, dtype=object)
        for position in np.ndindex(*point.shape):
            entry = derivative[tuple(k + 1 for k in position)]
            if entry.shape:
                raise ShapeError(f"gradient of a function with values of shape {shape_text(entry.shape)}")
            out[position] = entry.values[()]
        return Array(out.astype(float) if self.vectorised else out)


def _matrix(a: Array, operation: str) -> Array:
    if len(a.shape) != 2:
        raise ShapeError(f"{operation} needs a matrix, got shape {shape_text(a.shape)}")
    return a


def _stacked(vectors: list[Array], operation: str) -> np.ndarray[Any, Any]:
    for vector in vectors:
        if len(vector.shape) != 1 or vector.shape != vectors[0].shape:
            raise ShapeError(f"{operation} needs vectors of one length, got {shape_text(vector.shape)}")
    return np.stack([vector.values for vector in vectors])
