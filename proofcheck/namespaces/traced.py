"""Statements as recorded programs: traced once at fixed sizes, then run many times on whole float arrays.

A search evaluates one statement at thousands of points.  Here its operations are recorded, derivatives
included (forward mode, as further operations), so that a run does only what the outputs asked for need, with
NumPy on whole arrays, and can be followed backwards for the gradient with respect to every input at once.
The shapes were checked before: what comes here is a statement that StrictNamespace evaluates at these sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from proofcheck.namespaces.recorded import (
    OPERATIONS,
    Floats,
    Node,
    as_node,
    constant,
    needed,
    outer,
    picked,
    places,
    position,
    stacked,
    summed,
    tangent,
)

__all__ = ["Program", "TracingNamespace"]


class _Derivative:
    """The derivative of a function at a point, indexed as that of the strict namespace."""

    def __init__(self, function: Callable[[Node], Node], point: Node) -> None:
        # Under a name of its own: the function may hold the point itself too, as a constant.
        self._point = Node("pick", (point,), point.shape, places(point))
        self._value = function(self._point)

    def __getitem__(self, along: Any) -> Node:
        direction = along
        if not isinstance(along, Node):
            unit = np.zeros(self._point.shape)
            keys = along if isinstance(along, tuple) else (along,)
            unit[tuple(position(k, n) for k, n in zip(keys, unit.shape, strict=True))] = 1.0
            direction = constant(unit)
        found = tangent(self._value, self._point, direction)
        return constant(np.zeros(self._value.shape)) if found is None else found


class TracingNamespace:
    """The ``xp`` of a statement that is to be recorded; the operations of StrictNamespace."""

    def input(self, name: str, shape: tuple[int, ...]) -> Node:
        """An input by name; its values are given to :meth:`Program.run`."""
        return Node("input", (), shape, name)

    def array(self, entries: Any) -> Node:
        """An array of exact numbers, each as its nearest float."""
        return constant(np.asarray(entries, dtype=object).astype(float))

    def ones(self, *shape: int) -> Node:
        """All ones."""
        return constant(np.ones(shape))

    def eye(self, size: int) -> Node:
        """The identity matrix."""
        return constant(np.eye(size))

    def unit(self, keys: tuple[int, ...], shape: tuple[int, ...]) -> Node:
        """The array that is 1 at the 1-based position ``keys`` and 0 elsewhere."""
        values = np.zeros(shape)
        values[tuple(position(k, size) for k, size in zip(keys, shape, strict=True))] = 1.0
        return constant(values)

    def exp(self, a: Node) -> Node:
        """The exponential of every entry."""
        return Node("exp", (a,), a.shape)

    def log(self, a: Node) -> Node:
        """The natural logarithm of every entry; not a number where there is none."""
        return Node("log", (a,), a.shape)

    def sum(self, a: Node) -> Node:
        """The sum of all entries."""
        return summed(a)

    def row_sums(self, a: Node) -> Node:
        """The sum along each row of a matrix."""
        return summed(a, 1)

    def inner(self, a: Node, b: Node) -> Node:
        """⟨a, b⟩ of two vectors."""
        return summed(a * b)

    def outer(self, a: Node, b: Node) -> Node:
        """``a bᵀ`` of two vectors."""
        return outer(a, b)

    def diag(self, a: Node) -> Node:
        """The diagonal matrix with a vector on its diagonal."""
        return outer(a, self.ones(*a.shape)) * self.eye(a.shape[0])

    def scale_rows(self, a: Node, m: Node) -> Node:
        """``diag(a) m``."""
        return outer(a, self.ones(m.shape[1])) * m

    def column(self, a: Node) -> Node:
        """A vector as a matrix with one column."""
        return picked(a, places(a)[:, None])

    def kron(self, a: Node, b: Node) -> Node:
        """The Kronecker product of two matrices."""
        products = outer(a, b)  # indexed a-row, a-column, b-row, b-column
        rows, columns = a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]
        return picked(products, places(products).transpose(0, 2, 1, 3).reshape(rows, columns))

    def row_kron(self, a: Node, b: Node) -> Node:
        """``a ⊘ b``: each row is the Kronecker product of the rows, the first factor's index fastest."""
        wide_a = np.tile(places(a), b.shape[1])
        wide_b = np.repeat(places(b), a.shape[1], axis=1)
        return picked(a, wide_a) * picked(b, wide_b)

    def vec(self, a: Node) -> Node:
        """The rows of a matrix one after another."""
        return picked(a, places(a).reshape(-1))

    def vec_by_columns(self, a: Node) -> Node:
        """The columns of a matrix one after another."""
        return picked(a, places(a).T.reshape(-1))

    def block(self, a: Node, j: int, size: int) -> Node:
        """The ``j``-th block of ``size`` rows of a matrix."""
        start = position(j, a.shape[0] // size) * size
        return picked(a, places(a)[start : start + size])

    def rows(self, make: Callable[[int], Node], count: int) -> Node:
        """The matrix whose ``j``-th row is the vector ``make(j)``."""
        return stacked([make(j) for j in range(1, count + 1)])

    def columns(self, make: Callable[[int], Node], count: int) -> Node:
        """The matrix whose ``i``-th column is the vector ``make(i)``."""
        return self.rows(make, count).T

    def sum_over(self, make: Callable[[int], Node], count: int) -> Node:
        """``Σ_{j=1}^{count} make(j)``."""
        total = make(1)
        for j in range(2, count + 1):
            total = total + make(j)
        return total

    def T_mat(self, a: int, b: int, c: int) -> int:
        """Operations of the schoolbook product of an ``a``×``b`` by a ``b``×``c`` matrix."""
        return a * c * (2 * b - 1)

    def D(self, function: Callable[[Node], Node], point: Node) -> _Derivative:
        """The derivative of ``function`` at ``point``."""
        return _Derivative(function, point)

    def gradient(self, function: Callable[[Node], Node], point: Node) -> Node:
        """All partial derivatives of a scalar function, in the shape of ``point``."""
        derivative = self.D(function, point)
        parts = [derivative[tuple(k + 1 for k in at)] for at in np.ndindex(*point.shape)]
        return picked(stacked(parts), np.arange(len(parts)).reshape(point.shape))


class Program:
    """Some outputs of a recorded statement, to be run on floats.

    Args:
        outputs: nodes or numbers, each an output.

    A run takes the time of the operations that the outputs need, at a few microseconds each besides.
    """

    def __init__(self, outputs: Sequence[Any]) -> None:
        self._outputs = [as_node(one) for one in outputs]
        self._nodes = needed(self._outputs)
        self._values: dict[int, Floats] = {}

    def run(self, inputs: Mapping[str, Floats]) -> list[Floats]:
        """The outputs at these inputs; infinite or not a number where they are not defined."""
        values: dict[int, Floats] = {}
        with np.errstate(all="ignore"):
            for node in self._nodes:
                if node.kind == "input":
                    values[node.number] = np.asarray(inputs[node.detail], dtype=float)
                    continue
                known = (one.fixed if one.fixed is not None else values[one.number] for one in node.arguments)
                values[node.number] = OPERATIONS[node.kind].value(node.detail, *known)
        self._values = values
        return [one.fixed if one.fixed is not None else values[one.number] for one in self._outputs]

    def pull(self, seeds: Sequence[Floats]) -> tuple[dict[str, Floats], float]:
        """Gradients of Σ seed·output at the last run's inputs, and a first-order bound on its rounding error.

        Each operation's relative error is taken to be its number of terms times 2^-53; the adjoints say how
        far that reaches.
        """
        adjoints: dict[int, Any] = {}
        for node, seed in zip(self._outputs, seeds, strict=True):
            if node.fixed is None:
                adjoints[node.number] = adjoints.get(node.number, 0.0) + seed
        gradients: dict[str, Floats] = {}
        error = 0.0
        with np.errstate(all="ignore"):
            for node in reversed(self._nodes):
                adjoint = adjoints.pop(node.number, None)
                if adjoint is None:
                    continue
                out = self._values[node.number]
                if node.kind == "input":
                    gradients[node.detail] = adjoint
                    continue
                known = [
                    one.fixed if one.fixed is not None else self._values[one.number] for one in node.arguments
                ]
                error += float(np.abs(adjoint * _rounding(node.kind, node.detail, out, known)).sum())
                parts = OPERATIONS[node.kind].pull(node.detail, adjoint, out, *known)
                for one, part in zip(node.arguments, parts, strict=True):
                    if one.fixed is None:
                        fitted = part if one.shape == np.shape(part) else np.sum(part)
                        adjoints[one.number] = adjoints.get(one.number, 0.0) + fitted
        return gradients, error * 2.0**-53


def _rounding(kind: str, detail: Any, out: Any, known: Sequence[Any]) -> Any:
    """What the relative rounding error of an operation is relative to, times its number of terms."""
    if kind in ("pick", "spread", "stack"):
        return 0.0
    if kind == "matmul":
        return known[0].shape[-1] * (np.abs(known[0]) @ np.abs(known[1]))
    if kind == "sum":
        return (known[0].size // max(out.size, 1)) * np.abs(known[0]).sum(axis=detail)
    return np.abs(out)
