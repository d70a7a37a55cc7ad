"""A row of a data set: one instance with all that is known of it, exact, and the hash of all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from reductions.build import exact_fraction
from reductions.problems.attention import AttentionInstance, GradientInstance
from reductions.problems.dimacs import parse_dimacs
from reductions.problems.gap import GapInnerProduct
from reductions.problems.sat import Formula

__all__ = ["MATRICES", "Row", "Small", "digest_of", "sealed"]

#: A matrix of 0, 1 and −1.
Small = NDArray[np.int8]

#: The columns that hold matrices.
MATRICES = ("left", "right", "values")
_DIGITS = 32


@dataclass(frozen=True, eq=False)
class Row:
    """An instance. Numbers that are not whole are exact: fractions as text.

    Attributes:
        id: says nothing of the label.
        kind: ``"planted"``, ``"sat"``, ``"signs"``, ``"aligned"`` or ``"uniform"``.
        chain: how attention was made: ``"gap"`` of a gap instance, ``"direct"`` or ``"pcp"`` of a formula,
            ``"entries"`` of the entries themselves.
        n, d: queries (and keys), and their entries.
        columns: of ``left`` and ``right``; what is stored beyond them is 0.
        B: what the entries of A1 and A2 are at most, in absolute value.
        gamma: scale² / d: scores are this times inner products.
        scale, pad: of A1 and A2, as of :class:`~reductions.problems.attention.AttentionInstance`; no pad
            where the entries are given.
        score_bound: what the scores are at most, in absolute value.
        inner_yes, inner_no: thresholds of the inner products.
        slope_yes, slope_no: of |f'(1)|, at X = I, Y = I and E = 0.
        label: True for YES; None where there is nothing to decide.
        witness: a pair of rows that reaches ``inner_yes``; of YES-instances.
        required_accuracy: what an error of the gradient's entries has to be below; where there is nothing to
            decide 1/n.
        formula: in DIMACS, of ``"sat"``.
        advice: of the distributed PCP.
        left, right: integers: bits of the gadgets (N, D), N = n/2, or what A1 and A2 are multiples of, (n,
            d).
        values: what A3 is a multiple of, (n, d); None where it is the indicator of the first half of the
            keys.
        values_scale: A3 over ``values``.
        provenance: generator, version, seed, config, source, parameters and parent, the SHA-256 of what the
            instance was made of.
        hash: the first half of the SHA-256 of all else, in hexadecimal digits.
    """

    id: str
    kind: str
    chain: str
    n: int
    d: int
    columns: int
    B: str
    gamma: str
    scale: str
    pad: tuple[str, ...]
    score_bound: str
    inner_yes: int | None
    inner_no: int | None
    slope_yes: float | None
    slope_no: float | None
    label: bool | None
    witness: tuple[int, int] | None
    required_accuracy: float
    formula: str | None
    advice: tuple[int, ...] | None
    left: Small
    right: Small
    values: Small | None
    values_scale: str | None
    provenance: Mapping[str, Any]
    hash: str = ""

    @cached_property
    def instance(self) -> GradientInstance | None:
        """The instance of the gradient; None where there is nothing to decide.

        Raises:
            UserInputError: the row describes none.
        """
        if self.inner_yes is None or self.inner_no is None:
            return None
        left, right = (
            np.ascontiguousarray(side[:, : self.columns]).view(np.uint8) for side in (self.left, self.right)
        )
        gap = GapInnerProduct(left, right, self.inner_yes, self.inner_no)
        pad = tuple(self.exact(entry) for entry in self.pad)
        return GradientInstance(AttentionInstance(gap, self.exact(self.scale), pad))

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """A1, A2 and A3, each (n, d), float64 and exact.

        Raises:
            UserInputError: the row has neither thresholds nor values.
            TooLargeError: they take more than 4 GiB, with as much again for a gradient.
        """
        if (instance := self.instance) is not None:
            return instance.attention.arrays()
        if self.values is None or self.values_scale is None:
            raise UserInputError(f"row {self.id!r} has neither thresholds nor values; expected one of them")
        scale, own = float(self.exact(self.scale)), float(self.exact(self.values_scale))
        left, right, values = (matrix.astype(np.float64) for matrix in (self.left, self.right, self.values))
        return left * scale, right * scale, values * own

    def exact(self, text: str | None) -> Fraction:
        """One of the fractions of this row.

        Raises:
            UserInputError: it is none.
        """
        return exact_fraction(text, f"row {self.id!r}")

    def source(self) -> Formula | None:
        """The formula."""
        return None if self.formula is None else parse_dimacs(self.formula, f"the formula of {self.id!r}")


def digest_of(row: Row) -> str:
    """The hash of all of a row but its hash."""
    scalars, matrices = {}, []
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, np.ndarray):
            matrices.append((field.name, value))
        elif field.name != "hash":
            scalars[field.name] = value
    found = hashlib.sha256(json.dumps(scalars, sort_keys=True, separators=(",", ":")).encode())
    for name, matrix in matrices:
        found.update(f"\0{name}{matrix.shape}".encode())
        found.update(np.ascontiguousarray(matrix, np.int8).data)
    return found.hexdigest()[:_DIGITS]


def sealed(row: Row) -> Row:
    """The row with its hash."""
    return replace(row, hash=digest_of(row))
