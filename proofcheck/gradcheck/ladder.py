"""The derivative along a line, by central differences over a ladder of steps, with a radius that is derived.

D(h) = (L(x + hv) − L(x − hv)) / 2h = D + c₁h² + c₂h⁴ + … + noise/h. Over halved steps Richardson's tableau removes
the powers one by one, T[j][k] = T[j−1][k+1] + (T[j−1][k+1] − T[j−1][k]) / (4ʲ − 1), and the entry with the least error
is taken: the change from the entries it was made of (Ridders), and the rounding of the loss over the step. Before that,
the differences D(h) − D(h/2) are seen to fall like h² (or faster) as far as they stand clear of rounding.

The one-sided slopes differ by J(h) = (L(x + hv) − 2L(x) + L(x − hv)) / h, which falls like h where the loss is
differentiable and does not where it has a kink.

References: C. Ridders, *Adv. Eng. Software* 4 (1982) 75; J. Moré and S. Wild, *Estimating computational noise*,
SIAM J. Sci. Comput. 33 (2011) 1292, whose difference table gives the noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Slope", "difference_noise", "extrapolated", "measure"]

# Below this fitted power of the step a difference quotient does not converge as it should.
_LEAST_ORDER = 1.5
# How far above rounding a difference must be for truncation to be what is seen.
_CLEAR = 16.0
_COLUMNS = 5
# Of log |J| against log h: 1 where differentiable, 0 at a kink.
_KINK_SLOPE = 0.3


@dataclass(frozen=True)
class Slope:
    """A derivative along a line.

    Attributes:
        value: of it, in the kind of number that was used.
        radius: the true one is within this, unless the loss is rougher than any step shows.
        order: fitted power of the step; None if no truncation error stands clear of rounding.
        noise: what rounding does to the loss.
        reason: why the value is not to be believed; empty if it is.
        kink: the slopes to the left and to the right, if they differ.
        ladder: step and quotient.
    """

    value: Any
    radius: float
    order: float | None
    noise: float
    reason: str = ""
    kink: tuple[float, float] | None = None
    ladder: tuple[tuple[float, float], ...] = ()


def difference_noise(values: Sequence[float]) -> float:
    """What rounding does to values that lie on a smooth curve, at equal small distances: one standard deviation.

    σ_k² = (k!)²/(2k)! · mean of the squared k-th differences; the largest of k = 3, 4, 5 (Moré and Wild).
    """
    scale = max(map(abs, values))
    if not 0 < scale < math.inf:
        return 0.0
    row = [value / scale for value in values]
    worst = 0.0
    for k in range(1, 6):
        row = [b - a for a, b in zip(row, row[1:], strict=False)]
        if k >= 3:
            factor = math.factorial(k) ** 2 / math.factorial(2 * k)
            worst = max(worst, math.sqrt(factor * sum(one * one for one in row) / len(row)))
    return worst * scale


def extrapolated(
    steps: Sequence[float], quotients: Sequence[Any], noise: float, as_float: Callable[[Any], float]
) -> tuple[Any, float]:
    """Value and radius from quotients at halved steps.

    Args:
        steps: each half the one before.
        quotients: at the steps, of any kind of number.
        noise: of the loss.
        as_float: the nearest float of such a number.
    """
    best, radius = quotients[-1], math.inf
    column = list(quotients)
    for j in range(1, min(_COLUMNS, len(column) - 1) + 1):
        finer = [b + (b - a) / (4**j - 1) for a, b in zip(column, column[1:], strict=False)]
        for k, value in enumerate(finer):
            rounding = 2.0 * noise / steps[k + j]
            truncation = abs(as_float(value - column[k]))
            if truncation + rounding < radius:
                best, radius = value, truncation + rounding
        column = finer
    return best, radius


def measure(
    at: Callable[[float], Any],
    middle: Any,
    steps: Sequence[float],
    noise: float,
    as_float: Callable[[Any], float] = float,
    *,
    keep: bool = True,
) -> Slope:
    """The derivative at 0 of a function of one number.

    Args:
        at: the function; NaN where it has no value.
        middle: its value at 0.
        steps: each half the one before, at least 3.
        noise: a first idea of what rounding does to its values; the ladder may show more.
        as_float: the nearest float of a value.
        keep: put the ladder into the result.
    """
    used: list[float] = []
    quotients: list[Any] = []
    jumps: list[float] = []
    for step in steps:
        plus, minus = at(step), at(-step)
        quotient = (plus - minus) / (2 * step)
        if not math.isfinite(as_float(quotient)):
            used, quotients, jumps = [], [], []  # what is left of a gap does not belong to the ladder
            continue
        used.append(step)
        quotients.append(quotient)
        jumps.append(as_float((plus - middle) - (middle - minus)) / step)
    ladder = tuple((h, as_float(q)) for h, q in zip(used, quotients, strict=True)) if keep else ()
    if len(used) < 3:
        return Slope(math.nan, math.inf, None, noise, "the loss is not finite around the point", None, ladder)
    changes = [abs(as_float(b - a)) for a, b in zip(quotients, quotients[1:], strict=False)]
    if len(used) > 8:
        # The finest steps show rounding and nothing else: change ≈ 1.5 noise / h.
        noise = max(noise, max(c * h for c, h in zip(changes[-5:], used[-5:], strict=True)) / 1.5)
    kink = _kink(used, quotients, jumps, noise, as_float)
    if kink is not None:
        return Slope(quotients[-1], math.inf, None, noise, "the loss has a kink here", kink, ladder)
    order = _order(used, changes, noise)
    value, radius = extrapolated(used, quotients, noise, as_float)
    reason = ""
    if order is not None and order < _LEAST_ORDER:
        reason = f"differences fall with power {order:.2f} of the step where 2 is due"
    return Slope(value, radius, order, noise, reason, None, ladder)


def _order(steps: Sequence[float], changes: Sequence[float], noise: float) -> float | None:
    """Power of the step with which the changes from step to step fall, at the finest steps where they are clear."""
    clear = []
    for k in range(len(changes) - 1):
        if changes[k + 1] > _CLEAR * noise / steps[k + 2]:
            clear.append(math.log2(changes[k] / changes[k + 1]) if changes[k] > 0 else -math.inf)
    if not clear:
        return None
    last = sorted(clear[-3:])
    return last[len(last) // 2]


def _kink(
    steps: Sequence[float],
    quotients: Sequence[Any],
    jumps: Sequence[float],
    noise: float,
    as_float: Callable[[Any], float],
) -> tuple[float, float] | None:
    clear = [k for k, jump in enumerate(jumps) if abs(jump) > _CLEAR * 4 * noise / steps[k]]
    if len(clear) < 3:
        return None
    *_, a, b, c = clear
    slope = math.log(abs(jumps[a] / jumps[c])) / math.log(steps[a] / steps[c])
    same_sign = jumps[a] * jumps[c] > 0 and jumps[b] * jumps[c] > 0
    if not same_sign or slope > _KINK_SLOPE:
        return None
    middle = as_float(quotients[c])
    return middle - jumps[c] / 2, middle + jumps[c] / 2
