"""Rates: whether a function of one variable tends to 0, decided by SymPy's limit (Gruntz's algorithm).

What SymPy answers is checked again in 50 digits of mpmath at growing arguments: there the values must be
finite and fall.
"""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import mpmath

from proofcheck.claims.proposition import Vanishes
from proofcheck.claims.verdict import Outcome

__all__ = ["decide_rate"]

_DIGITS = 50
# s = 10^k: the slowest o(1) here is a quotient of iterated logarithms.
_POWERS = (3, 30, 300, 3000, 30000)
_CONSTANTS = (1, 7)


def decide_rate(rate: Vanishes) -> tuple[Outcome, str]:
    """Whether a rate tends to 0, and in words why.

    Returns:
        HOLDS; REFUTED where the limit is another; UNKNOWN where there is no answer, or the two disagree.
    """
    import sympy

    name = getattr(rate.rate, "__name__", "rate")
    s, *constants = list(inspect.signature(rate.rate).parameters)[1:]
    symbols = [sympy.Symbol(one, positive=True) for one in (s, *constants)]
    try:
        limit = sympy.limit(rate.rate(sympy, *symbols), symbols[0], sympy.oo)
    except (NotImplementedError, ValueError, TypeError) as error:
        return Outcome.UNKNOWN, f"{name}: no limit found: {error}"
    if isinstance(limit, sympy.Limit) or limit.has(sympy.nan, sympy.AccumBounds):
        return Outcome.UNKNOWN, f"{name}: no limit found"
    if limit.free_symbols - set(symbols[1:]) or not (limit == 0 or _is_elsewhere(limit)):
        return Outcome.UNKNOWN, f"{name}: the limit {limit} is not understood"
    if limit != 0:
        return Outcome.REFUTED, f"{name} tends to {limit} as {s} → ∞, not to 0"
    for value in _CONSTANTS:
        seen = _values(rate, [value] * len(constants))
        if not _fall(seen):
            shown = ", ".join(mpmath.nstr(one, 3) for one in seen)
            return Outcome.UNKNOWN, f"{name}: SymPy's limit is 0, but the values {shown} do not fall"
    for_all = f", for all {', '.join(constants)} > 0" if constants else ""
    return Outcome.HOLDS, f"{name} tends to 0 as {s} → ∞{for_all}"


def _is_elsewhere(limit: Any) -> bool:
    """Whether it is seen that a limit is not 0: a number, infinite, or a positive multiple of constants."""
    return bool(limit.is_infinite or limit.is_nonzero)


def _values(rate: Vanishes, constants: list[int]) -> list[Any]:
    with mpmath.workdps(_DIGITS):
        return [rate.rate(mpmath, mpmath.mpf(10) ** k, *map(mpmath.mpf, constants)) for k in _POWERS]


def _fall(values: list[Any]) -> bool:
    """Whether they are finite and come nearer to 0; past the first, where constants may rule."""
    sizes = [abs(one) for one in values]
    return all(map(mpmath.isfinite, sizes)) and all(
        later < earlier or later == 0 for earlier, later in itertools.pairwise(sizes[1:])
    )
