"""The inputs of Definition 1.2, checked, and what every method returns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import array_api_compat

from proofcheck.errors import UserInputError
from proofcheck.namespaces.arrays import Array, accumulation_dtype, common_namespace

__all__ = ["VARIABLES", "Problem", "Solution", "checked_problem", "checked_variables", "row_blocks"]

#: What the loss can be differentiated in, in the order of reports.
VARIABLES = ("X", "Y", "A1", "A2", "A3")

_ROWS_PER_CHECK = 1 << 16


@dataclass(frozen=True, eq=False)
class Problem:
    """Attention optimisation ([P] Definition 1.2): L = ½‖f A3 Y − E‖², f = row-softmax(A1 X A2ᵀ/d).

    Attributes:
        A1, A2, A3, E: n × d arrays of one library, one device and one dtype (float32 or float64).
        X, Y: d × d arrays of the same.
        causal: f attends to the keys j ≤ i of query i only.

    Made by :func:`checked_problem`; methods take it as it is.
    """

    A1: Array
    A2: Array
    A3: Array
    E: Array
    X: Array
    Y: Array
    causal: bool = False

    @property
    def n(self) -> int:
        """The number of rows: queries, and keys."""
        return int(self.A1.shape[0])

    @property
    def d(self) -> int:
        """The number of columns."""
        return int(self.A1.shape[1])

    @property
    def dtype(self) -> Any:
        """The dtype of the inputs, and of the gradients."""
        return self.A1.dtype

    @cached_property
    def xp(self) -> Any:
        """The array namespace of the inputs."""
        return array_api_compat.array_namespace(self.A1)

    @property
    def device(self) -> Any:
        """The device of the inputs."""
        return array_api_compat.device(self.A1)

    @cached_property
    def accumulator(self) -> Any:
        """The dtype that sums over n are kept in."""
        return accumulation_dtype(self.xp, self.A1)


@dataclass(frozen=True, eq=False)
class Solution:
    """The loss and gradients that one method computed.

    Attributes:
        loss: L(X), a Python float.
        gradients: by variable, shaped as the variable, in the dtype of the inputs.
        min_alpha: the least row sum of the weights that f divides by, in the method's own scale:
            of e^{S − rowmax} for the exact method, of P(S) for the polynomial ones.
        most_residual: max |c_ij| over the entries of c = f A3 Y − E.
    """

    loss: float
    gradients: Mapping[str, Array]
    min_alpha: float
    most_residual: float

    def largest(self, name: str) -> float:
        """‖g‖_∞ of a gradient; no second array of its size is made."""
        gradient = self.gradients[name]
        xp = array_api_compat.array_namespace(gradient)
        return max(float(xp.max(gradient)), -float(xp.min(gradient)))


def checked_problem(
    A1: Array, A2: Array, A3: Array, E: Array, X: Array, Y: Array, *, causal: bool = False
) -> Problem:
    """The inputs as a :class:`Problem`; O(nd) time, blockwise.

    Args:
        A1: (n, d), float32 or float64, of any array library known; so are the others.
        A2: (n, d).
        A3: (n, d).
        E: (n, d).
        X: (d, d).
        Y: (d, d).
        causal: query i attends to the keys up to i only.

    Raises:
        UserInputError: not arrays, of different libraries, devices or dtypes, not float32 or float64,
            shapes that do not match, n = 0, d = 0, or an entry that is not finite.
    """
    arrays = {"A1": A1, "A2": A2, "A3": A3, "E": E, "X": X, "Y": Y}
    xp = common_namespace(arrays)
    if A1.ndim != 2:
        raise UserInputError(f"A1 has shape {tuple(A1.shape)}; expected two dimensions, n rows and d columns")
    n, d = A1.shape
    if n == 0 or d == 0:
        raise UserInputError(f"A1 has shape {(n, d)}; expected at least one row and one column")
    for name, array in arrays.items():
        expected = (d, d) if name in ("X", "Y") else (n, d)
        if tuple(array.shape) != expected:
            raise UserInputError(
                f"{name} has shape {tuple(array.shape)}; expected {expected}, as A1 has shape {(n, d)}"
            )
    for name, array in arrays.items():
        for rows in row_blocks(array.shape[0], _ROWS_PER_CHECK):
            if not bool(xp.all(xp.isfinite(array[rows, :]))):
                raise UserInputError(f"{name} has an entry that is not finite (NaN or infinite); remove it")
    return Problem(A1, A2, A3, E, X, Y, bool(causal))


def checked_variables(wrt: Collection[str] | str) -> tuple[str, ...]:
    """The variables asked for, in the order of :data:`VARIABLES`.

    Raises:
        UserInputError: none, or one that is not a variable of the loss.
    """
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    unknown = [name for name in names if name not in VARIABLES]
    if unknown or not names:
        raise UserInputError(f"wrt={names!r}: expected one or more of {', '.join(VARIABLES)}")
    return tuple(name for name in VARIABLES if name in names)


def row_blocks(rows: int, size: int) -> Iterator[slice]:
    """Consecutive slices of at most ``size`` rows that cover ``rows`` of them."""
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))
