"""Checks of what the families are called with."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError


def size(name: str, value: Any, least: int, most: int | None = None) -> int:
    """An integer in a range, as an int.

    Raises:
        UserInputError: it is none.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        accepted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise UserInputError(f"{name} is {value!r}; expected an integer {accepted}")
    return int(value)


def probability(name: str, value: Any) -> float:
    """A number from 0 to 1.

    Raises:
        UserInputError: it is none.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    number = float(value) if real else math.nan
    if not 0 <= number <= 1:
        raise UserInputError(f"{name} is {value!r}; expected a number from 0 to 1")
    return number


def generator(rng: Any) -> np.random.Generator:
    """A random generator of NumPy.

    Raises:
        UserInputError: it is none: a seed, or the older RandomState.
    """
    if not isinstance(rng, np.random.Generator):
        raise UserInputError(
            f"rng is a {type(rng).__name__}; expected a Generator, as from numpy.random.default_rng(seed)"
        )
    return rng
