"""Constants of a function, moved by a unit in the last place: what their rounding does to its values.

A function closes over arrays, or finds them in its module. A nearly singular matrix among them makes the loss
and the gradient, both correct, disagree by more than rounding of the inputs explains; a twin of the function
with these arrays moved shows by how much.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["Mover", "twin"]

_DEEPEST = 4


def twin(
    function: types.FunctionType,
    names: Mapping[str, Any],
    closure: tuple[Any, ...] | None,
    defaults: tuple[Any, ...] | None,
) -> Callable[..., Any]:
    """The same code with other values for some of its global names, its closure and its defaults."""
    made = types.FunctionType(
        function.__code__, {**function.__globals__, **names}, function.__name__, defaults, closure
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


class Mover:
    """Makes twins of functions with their constant float64 arrays moved, the same array always alike.

    Args:
        rng: which entries move where.
        kind: of the library's arrays.
        to_numpy, from_numpy: of the library; the latter also takes an array like which to make one.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        kind: type,
        to_numpy: Callable[[Any], Any],
        from_numpy: Callable[[Any, Any], Any],
    ) -> None:
        self._rng, self._kind, self._to_numpy, self._from_numpy = rng, kind, to_numpy, from_numpy
        self._known: dict[int, tuple[Any, Any]] = {}
        self.moved = 0

    def function(self, function: Any, depth: int = 0) -> Any:
        """The twin; the function itself where it is no plain one."""
        if not isinstance(function, types.FunctionType) or depth > _DEEPEST:
            return function
        if id(function) in self._known:
            return self._known[id(function)][1]
        self._known[id(function)] = (function, function)  # recursion ends at the original
        used = _names(function.__code__)
        names = {
            name: self._value(value, depth)
            for name, value in function.__globals__.items()
            if name in used and not name.startswith("__")
        }
        closure = function.__closure__ and tuple(self._cell(cell, depth) for cell in function.__closure__)
        defaults = function.__defaults__ and tuple(self._value(v, depth) for v in function.__defaults__)
        made = twin(function, names, closure, defaults)
        self._known[id(function)] = (function, made)
        return made

    def _cell(self, cell: Any, depth: int) -> Any:
        try:
            return types.CellType(self._value(cell.cell_contents, depth))
        except ValueError:  # empty
            return cell

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, types.FunctionType):
            return self.function(value, depth + 1)
        if type(value) in (tuple, list) and depth <= _DEEPEST:
            return type(value)(self._value(one, depth + 1) for one in value)
        if type(value) is dict and depth <= _DEEPEST:
            return {key: self._value(one, depth + 1) for key, one in value.items()}
        if not isinstance(value, (self._kind, np.ndarray)):
            return value
        if id(value) not in self._known:
            self._known[id(value)] = (value, self._array(value))
        return self._known[id(value)][1]

    def _array(self, value: Any) -> Any:
        array = value if isinstance(value, np.ndarray) else self._to_numpy(value)
        if array.dtype != np.float64 or not array.shape:
            return value
        toward = self._rng.choice([-math.inf, math.inf], size=array.shape)
        self.moved += 1
        moved = np.where(array == 0, 0.0, np.nextafter(array, toward))
        return moved if isinstance(value, np.ndarray) else self._from_numpy(moved, value)


def _names(code: types.CodeType) -> set[str]:
    """Global names in a function's code, and in functions within it."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found
