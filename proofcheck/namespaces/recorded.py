"""What :mod:`proofcheck.namespaces.traced` records: arrays that know what they are made of.

A node is an operation on other nodes.  There are few kinds, each with its value, the adjoints of its
arguments (reverse mode, on arrays) and its tangent (forward mode, as further nodes, which nests).
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from proofcheck.errors import IndexRangeError, ShapeError
from proofcheck.namespaces.strict import shape_text

__all__ = ["OPERATIONS", "Floats", "Node", "as_node", "constant", "needed", "outer", "picked", "places"]
__all__ += ["position", "stacked", "summed", "tangent"]

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
_order = itertools.count()


@dataclass(frozen=True)
class _Operation:
    """What a kind of node computes, backwards and forwards.

    Attributes:
        value: of the node's detail and its arguments' values.
        pull: adjoints of the arguments, of the detail, the node's adjoint, its value and the arguments'.
        push: the tangent, of the node and of its arguments' tangents (``None`` for zero).
    """

    value: Callable[..., Any]
    pull: Callable[..., tuple[Any, ...]]
    push: Callable[..., Node | None]


class Node:
    """A recorded array or scalar; it has the operators of a strict array."""

    __slots__ = ("arguments", "detail", "fixed", "kind", "number", "shape")
    __array_ufunc__ = None

    def __init__(
        self, kind: str, arguments: tuple[Node, ...], shape: tuple[int, ...], detail: Any = None
    ) -> None:
        self.kind, self.arguments, self.shape, self.detail = kind, arguments, shape, detail
        self.number = next(_order)
        self.fixed: Floats | None = None
        if kind != "input" and all(one.fixed is not None for one in arguments):
            # Made of constants alone: computed once, here.
            with np.errstate(all="ignore"):
                self.fixed = np.asarray(OPERATIONS[kind].value(detail, *(one.fixed for one in arguments)))

    @property
    def T(self) -> Node:
        """The transpose of a matrix."""
        if len(self.shape) != 2:
            raise ShapeError(f"transpose needs a matrix, got shape {shape_text(self.shape)}")
        return picked(self, places(self).T)

    def __add__(self, other: Any) -> Node:
        return _entrywise("add", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Node:
        return _entrywise("sub", self, other)

    def __rsub__(self, other: Any) -> Node:
        return _entrywise("sub", other, self)

    def __mul__(self, other: Any) -> Node:
        return _entrywise("mul", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Node:
        return _entrywise("div", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return _entrywise("div", other, self)

    def __neg__(self) -> Node:
        return _entrywise("mul", self, -1)

    def __pow__(self, exponent: int) -> Node:
        return Node("pow", (self,), self.shape, exponent)

    def __matmul__(self, other: Any) -> Node:
        if not isinstance(other, Node) or not self.shape or not other.shape:
            raise ShapeError(f"matrix product needs two vectors or matrices, got {self!r} @ {other!r}")
        if max(len(self.shape), len(other.shape)) > 2 or self.shape[-1] != other.shape[0]:
            raise ShapeError(f"matrix product of {shape_text(self.shape)} by {shape_text(other.shape)}")
        return Node("matmul", (self, other), self.shape[:-1] + other.shape[1:])

    def __getitem__(self, key: Any) -> Node:
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) != len(self.shape):
            raise ShapeError(f"{len(keys)} indices for an array of shape {shape_text(self.shape)}")
        where = [k if k == slice(None) else position(k, n) for k, n in zip(keys, self.shape, strict=True)]
        return picked(self, places(self)[tuple(where)])

    def __repr__(self) -> str:
        return f"Node of shape {shape_text(self.shape)}"


def position(key: Any, size: int) -> int:
    """A 1-based index as a position.

    Raises:
        IndexRangeError: it is outside its range.
    """
    if not 1 <= key <= size:
        raise IndexRangeError(f"index {key} is outside 1..{size}")
    return operator.index(key) - 1


def constant(value: Any) -> Node:
    """Numbers that depend on no input."""
    floats = np.asarray(value, dtype=float)
    return Node("constant", (), floats.shape, floats)


def as_node(value: Any) -> Node:
    """A node as it is, a number as a constant.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(value, Node):
        return value
    if isinstance(value, (int, float, Fraction, np.integer, np.floating)):
        return constant(float(value))
    raise TypeError(f"expected an array of the statement or a number, got a {type(value).__name__}")


def _entrywise(kind: str, one: Any, other: Any) -> Node:
    left, right = as_node(one), as_node(other)
    if left.shape != right.shape and left.shape and right.shape:
        raise ShapeError(f"shapes {shape_text(left.shape)} and {shape_text(right.shape)} differ")
    return Node(kind, (left, right), left.shape or right.shape)


def places(a: Node) -> np.ndarray[Any, Any]:
    """Flat positions of the entries, in the array's shape."""
    return np.arange(int(np.prod(a.shape))).reshape(a.shape)


def picked(a: Node, places: Any) -> Node:
    """The entries at these flat positions, in the shape of the positions."""
    places = np.asarray(places)
    return Node("pick", (a,), places.shape, places)


def summed(a: Node, axis: int | None = None) -> Node:
    """The sum of all entries, or along the rows of a matrix."""
    return Node("sum", (a,), () if axis is None else a.shape[:1], axis)


def outer(a: Node, b: Node) -> Node:
    """All products of an entry of one and an entry of the other."""
    return Node("outer", (a, b), a.shape + b.shape)


def _spread(a: Node, shape: tuple[int, ...]) -> Node:
    """A scalar as an array; anything else as it is."""
    return a if a.shape == shape else Node("spread", (a,), shape, shape)


# --- each kind: its value, its adjoints, its tangent ----------------------------------------------


def _added(node: Node, one: Node | None, other: Node | None, sign: int = 1) -> Node | None:
    """The sum of two tangents, or with ``sign`` -1 the difference, in the node's shape."""
    if other is None:
        return None if one is None else _spread(one, node.shape)
    if one is None:
        return _spread(other if sign > 0 else -other, node.shape)
    return _spread(one + other if sign > 0 else one - other, node.shape)


def _product_rule(node: Node, one: Node | None, other: Node | None) -> Node | None:
    a, b = node.arguments
    return _added(node, None if one is None else one * b, None if other is None else a * other)


def _quotient_rule(node: Node, one: Node | None, other: Node | None) -> Node | None:
    top = _added(node, one, None if other is None else node * other, -1)
    return None if top is None else top / node.arguments[1]


def _bilinear(make: Callable[[Node, Node], Node]) -> Callable[..., Node | None]:
    def push(node: Node, one: Node | None, other: Node | None) -> Node | None:
        a, b = node.arguments
        return _added(node, None if one is None else make(one, b), None if other is None else make(a, other))

    return push


def _linear(make: Callable[[Node, Node], Node]) -> Callable[..., Node | None]:
    return lambda node, tangent: None if tangent is None else make(node, tangent)


def _stack_rule(node: Node, *tangents: Node | None) -> Node | None:
    if all(one is None for one in tangents):
        return None
    zero = constant(np.zeros(node.arguments[0].shape))
    return stacked([zero if one is None else one for one in tangents])


def stacked(nodes: Sequence[Node]) -> Node:
    """Arrays of one shape along a new first axis."""
    return Node("stack", tuple(nodes), (len(nodes), *nodes[0].shape))


def _pull_matmul(_: Any, g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    if a.ndim == 1 and b.ndim == 1:
        return g * b, g * a
    if a.ndim == 1:
        return b @ g, np.multiply.outer(a, g)
    if b.ndim == 1:
        return np.multiply.outer(g, b), a.T @ g
    return g @ b.T, a.T @ g


def _pull_pick(places: Any, g: Any, out: Any, a: Any) -> tuple[Any]:
    # Most picks take an entry once at most, but a slice of a repeated one may not.
    return (np.bincount(places.ravel(), weights=g.ravel(), minlength=a.size).reshape(a.shape),)


def _pull_sum(axis: Any, g: Any, out: Any, a: Any) -> tuple[Any]:
    return (np.broadcast_to(g if axis is None else g[:, None], a.shape),)


def _pull_outer(_: Any, g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return np.tensordot(g, b, axes=b.ndim), np.tensordot(a, g, axes=a.ndim)


OPERATIONS: dict[str, _Operation] = {
    "constant": _Operation(lambda v: v, lambda v, g, out: (), lambda node: None),
    "add": _Operation(lambda _, a, b: a + b, lambda _, g, out, a, b: (g, g), _added),
    "sub": _Operation(
        lambda _, a, b: a - b, lambda _, g, out, a, b: (g, -g), lambda n, s, t: _added(n, s, t, -1)
    ),
    "mul": _Operation(lambda _, a, b: a * b, lambda _, g, out, a, b: (g * b, g * a), _product_rule),
    "div": _Operation(lambda _, a, b: a / b, lambda _, g, out, a, b: (g / b, -g * out / b), _quotient_rule),
    "pow": _Operation(
        lambda k, a: a**k,
        lambda k, g, out, a: (g * k * a ** (k - 1) if k else g * 0,),
        lambda n, t: None if t is None or not n.detail else t * (n.arguments[0] ** (n.detail - 1) * n.detail),
    ),
    "exp": _Operation(
        lambda _, a: np.exp(a), lambda _, g, out, a: (g * out,), _linear(lambda node, t: t * node)
    ),
    "log": _Operation(
        lambda _, a: np.log(a), lambda _, g, out, a: (g / a,), _linear(lambda n, t: t / n.arguments[0])
    ),
    "matmul": _Operation(lambda _, a, b: a @ b, _pull_matmul, _bilinear(operator.matmul)),
    "outer": _Operation(lambda _, a, b: np.multiply.outer(a, b), _pull_outer, _bilinear(outer)),
    "sum": _Operation(lambda axis, a: a.sum(axis=axis), _pull_sum, _linear(lambda n, t: summed(t, n.detail))),
    "pick": _Operation(
        lambda places, a: a.ravel()[places], _pull_pick, _linear(lambda n, t: picked(t, n.detail))
    ),
    "spread": _Operation(
        lambda shape, a: np.broadcast_to(a, shape),
        lambda shape, g, out, a: (g,),
        _linear(lambda n, t: _spread(t, n.shape)),
    ),
    "stack": _Operation(lambda _, *parts: np.stack(parts), lambda _, g, out, *parts: tuple(g), _stack_rule),
}


def needed(outputs: Sequence[Node]) -> list[Node]:
    """The nodes that outputs are made of, in the order they were made; constants are left out."""
    found: dict[int, Node] = {}
    waiting = [node for node in outputs if node.fixed is None]
    while waiting:
        node = waiting.pop()
        if node.number not in found:
            found[node.number] = node
            waiting += [one for one in node.arguments if one.fixed is None]
    return [found[number] for number in sorted(found)]


def tangent(output: Node, point: Node, direction: Node) -> Node | None:
    """The derivative of a node along a direction at another node it was made from."""
    tangents: dict[int, Node | None] = {point.number: direction}
    for node in needed([output]):
        if node is point or node.kind == "input":
            continue
        known = [tangents.get(one.number) for one in node.arguments]
        if any(one is not None for one in known):
            tangents[node.number] = OPERATIONS[node.kind].push(node, *known)
    return tangents.get(output.number)
