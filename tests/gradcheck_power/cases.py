"""What a gradient check is tried on: a loss with its right gradient, and a wrong one planted beside it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# One array, a tuple of arrays (positional) or a dict of arrays (keywords).
Structure = Any
Loss = Callable[..., Any]
Gradient = Callable[..., Structure]


@dataclass(frozen=True, eq=False)
class Case:
    """A loss at a point, with its right gradient.

    ``twin`` is the same loss written again for torch, which its autograd differentiates; ``exact`` is the
    gradient in closed form for a list of mpmath numbers, where float64 would not do as an oracle. One of the
    two is given, and neither shares code with ``loss`` and ``gradient``. ``magnitude`` is the gradient with
    every term replaced by its absolute value: how much cancels, for problems whose constants cancel.
    """

    name: str
    inputs: Structure
    loss: Loss
    gradient: Gradient
    twin: Loss | None = None
    exact: Callable[[list[Any]], list[Any]] | None = None
    magnitude: Gradient | None = None
    library: str = "numpy"
    data: Any = None


class Kind(enum.Enum):
    """In what way a planted gradient is wrong."""

    VALUE = "wrong values at the point"
    KINK = "no subgradient at a kink"
    NOT_FINITE = "NaN or infinite where the gradient is finite"
    UNSTABLE = "different values at the same point"
    STATEFUL = "right at the first call, wrong at a later one"
    MUTATES = "right values, but its inputs are changed"


@dataclass(frozen=True)
class Plant:
    """A wrong gradient of a case. ``fresh`` makes it, anew for every check, since some have a memory.

    ``error`` is the least relative error that it has in some block, max |wrong − right| / max |right| (for
    STATEFUL: at the later call); a test measures it.
    """

    name: str
    what: str
    theme: str
    case: Case
    fresh: Callable[[], Gradient]
    error: float
    kind: Kind = Kind.VALUE


def blocks(structure: Structure) -> dict[str, Any]:
    """The arrays of a structure by name."""
    if isinstance(structure, Mapping):
        return dict(structure)
    if isinstance(structure, tuple):
        return {str(position): block for position, block in enumerate(structure)}
    return {"": structure}


def like(structure: Structure, values: list[Any]) -> Structure:
    """A structure of the same form that holds these arrays."""
    if isinstance(structure, Mapping):
        return dict(zip(structure, values, strict=True))
    if isinstance(structure, tuple):
        return tuple(values)
    (value,) = values
    return value


def call(function: Callable[..., Any], structure: Structure) -> Any:
    """The function at a structure: one argument, positional ones, or keywords."""
    if isinstance(structure, Mapping):
        return function(**structure)
    if isinstance(structure, tuple):
        return function(*structure)
    return function(structure)


def copied(structure: Structure) -> Structure:
    """The same structure with arrays of its own."""
    return like(structure, [_copy(block) for block in blocks(structure).values()])


def _copy(block: Any) -> Any:
    return block.detach().clone() if hasattr(block, "detach") else block.copy()


def numpy_blocks(structure: Structure) -> Iterator[np.ndarray]:
    """The arrays in order, as NumPy arrays of float64."""
    for block in blocks(structure).values():
        yield np.array(block.detach().numpy() if hasattr(block, "detach") else block, dtype=np.float64)


def block_errors(wrong: Structure, right: Structure) -> list[float]:
    """For every block, max |wrong − right| / max |right|; infinite where anything is not finite."""
    errors = []
    for bad, good in zip(numpy_blocks(wrong), numpy_blocks(right), strict=True):
        with np.errstate(invalid="ignore"):
            difference, size = float(np.max(np.abs(bad - good))), float(np.max(np.abs(good)))
        errors.append(difference / size if np.isfinite(difference) and size > 0 else np.inf)
    return errors
