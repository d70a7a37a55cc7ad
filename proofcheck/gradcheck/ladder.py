"""The derivative along a line, by central differences over a ladder of steps, with a radius that is derived.

D(h) = (L(x + hv) − L(x − hv)) / 2h = D + c₁h² + c₂h⁴ + … + noise/h. Over halved steps Richardson's tableau
removes the powers one by one, T[j][k] = T[j−1][k+1] + (T[j−1][k+1] − T[j−1][k]) / (4ʲ − 1), and the entry
with the least error is taken: the change from the entries it was made of (Ridders), and the rounding of the
loss over the step. Before that, the differences D(h) − D(h/2) are seen to fall like h² (or faster) as far as
they stand clear of rounding.

The one-sided slopes differ by J(h) = (L(x + hv) − 2L(x) + L(x − hv)) / h, which falls like h where the loss
is differentiable and does not where it has a kink.

References: C. Ridders, *Adv. Eng. Software* 4 (1982) 75; J. Moré and S. Wild, *Estimating computational
noise*, SIAM J. Sci. Comput. 33 (2011) 1292, whose difference table gives the noise.
"""

from __future__ import annotations

import itertools
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
_TAIL = 6
_WINDOW = 4
_ABRUPT = 2.0**12
_FINE = 2.0**-24
# Noise that is a larger share of the loss than plain rounding of float64 leaves.
_ROUGH = 1e-12
# Noise that is this share of all changes of the loss leaves nothing to measure.
_DROWNED = 1e-2
# One-sided slopes at a kink differ by the same amount at all fine steps.
_SAME_JUMP = 0.1
_FINER = 4.0


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
    """What rounding does to values on a smooth curve at equal small distances: a standard deviation.

    σ_k² = (k!)²/(2k)! · mean of the squared k-th differences; the largest of k = 3, 4, 5 (Moré and Wild).
    """
    scale = max(map(abs, values))
    if not 0 < scale < math.inf:
        return 0.0
    row = [value / scale for value in values]
    worst = 0.0
    for k in range(1, 6):
        row = [b - a for a, b in itertools.pairwise(row)]
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
    # What finer steps show beyond rounding, a value taken from coarser ones must not contradict.
    above, below = [math.inf], [-math.inf]
    for step, quotient in zip(reversed(steps), reversed(quotients), strict=True):
        here, spread = as_float(quotient), _FINER * noise / step
        above.append(min(above[-1], here + spread))
        below.append(max(below[-1], here - spread))
    above.reverse()
    below.reverse()
    for j in range(1, min(_COLUMNS, len(column) - 1) + 1):
        finer = [b + (b - a) / (4**j - 1) for a, b in itertools.pairwise(column)]
        for k, value in enumerate(finer):
            rounding = 2.0 * noise / steps[k + j]
            error = abs(as_float(value - column[k])) + rounding
            if error < radius and below[k + j + 1] - error <= as_float(value) <= above[k + j + 1] + error:
                best, radius = value, error
        column = finer
    return best, radius


def measure(
    at: Callable[[float], Any],
    middle: Any,
    steps: Sequence[float],
    noise: float,
    as_float: Callable[[Any], float] = float,
) -> Slope:
    """The derivative at 0 of a function of one number.

    Args:
        at: the function; NaN where it has no value.
        middle: its value at 0.
        steps: each half the one before, at least 3.
        noise: a first idea of what rounding does to its values; the ladder may show more.
        as_float: the nearest float of a value.
    """
    used: list[float] = []
    reach = 0.0
    quotients: list[Any] = []
    jumps: list[float] = []
    for step in steps:
        plus, minus = at(step), at(-step)
        quotient = (plus - minus) / (2 * step)
        if not math.isfinite(as_float(quotient)):
            used, quotients, jumps = [], [], []  # what is left of a gap does not belong to the ladder
            continue
        used.append(step)
        reach = max(reach, abs(as_float(plus - middle)), abs(as_float(minus - middle)))
        quotients.append(quotient)
        jumps.append(as_float((plus - middle) - (middle - minus)) / step)
    ladder = tuple((h, as_float(q)) for h, q in zip(used, quotients, strict=True))
    if len(used) < 3:
        return Slope(math.nan, math.inf, None, noise, "the loss is not finite around the point", None, ladder)
    moves = [as_float(b - a) for a, b in itertools.pairwise(quotients)]
    changes = [abs(move) for move in moves]
    if len(used) > _TAIL + 3:
        noise = max(noise, _noise_of_tail(used, changes), _noise_of_quanta(used, moves, jumps))
        # The value in the middle may be off where those around it are not: the jump is then ≈ 2 noise / h.
        noise = max(noise, _noise_of_tail(used, [abs(jump) for jump in jumps]))
    bend = _bend(used, jumps, noise)
    if bend is not None and abs(bend) < _KINK_SLOPE and _constant(used, jumps, noise):
        middle, half = as_float(quotients[-1]), jumps[_clear_jumps(used, jumps, noise)[-1]] / 2
        kink = middle - half, middle + half
        return Slope(quotients[-1], math.inf, None, noise, "the loss has a kink here", kink, ladder)
    if noise > _ROUGH * (abs(as_float(middle)) + reach) and noise > _DROWNED * reach:
        reason = "rounding of the loss is as large as its changes"
        return Slope(quotients[-1], math.inf, None, noise, reason, None, ladder)
    first = _after_gap(used, changes, noise)
    if first:
        used, quotients, changes = used[first:], quotients[first:], changes[first:]
    order = _order(used, changes, noise)
    value, radius = extrapolated(used, quotients, noise, as_float)
    reason = ""
    if bend is not None:
        reason = "the loss is rougher here than any step resolves"
    elif order is not None and order < _LEAST_ORDER:
        reason = f"differences fall with power {order:.2f} of the step where 2 is due"
    return Slope(value, radius, order, noise, reason, None, ladder)


def _after_gap(steps: Sequence[float], changes: Sequence[float], noise: float) -> int:
    """Where a stretch starts that the loss is straight on, after steps across kinks; 0 if there is none.

    The changes are clear of rounding down to some step and then vanish, where a smooth loss's would fall step
    by step.
    """
    clear = [k for k, change in enumerate(changes) if change > _CLEAR * noise / steps[k + 1]]
    if not clear:
        return 0
    last = clear[-1]
    straight = len(changes) - last - 1
    due = changes[last] / 8 if straight else 0.0
    return last + 1 if straight >= _TAIL and due > _CLEAR * noise / steps[last + 2] else 0


def _order(steps: Sequence[float], changes: Sequence[float], noise: float) -> float | None:
    """Power of the step with which changes fall, at the finest steps where they are clear of rounding."""
    clear = []
    for k in range(len(changes) - 1):
        if changes[k + 1] > _CLEAR * noise / steps[k + 2]:
            clear.append(math.log2(changes[k] / changes[k + 1]) if changes[k] > 0 else -math.inf)
    if not clear:
        return None
    last = sorted(clear[-3:])
    return last[len(last) // 2]


def _noise_of_tail(steps: Sequence[float], changes: Sequence[float]) -> float:
    """Noise as the finest steps show it, where change·h is level; 0 where they show something else.

    A loss that varies faster than the finest step has changes too, but then change·h falls or grows.
    """
    level = [change * step for change, step in zip(changes, steps, strict=False)]
    before, last = max(level[-2 * _WINDOW : -_WINDOW]), max(level[-_WINDOW:])
    return max(before, last) / 1.5 if before / 8 < last < 8 * before else 0.0


def _noise_of_quanta(steps: Sequence[float], moves: Sequence[float], jumps: Sequence[float]) -> float:
    """Noise that is stuck at fine steps: values that move by quanta, as 1 − cos x does at small x.

    |move|·h is then level over coarse steps, and falls all at once where a step no longer reaches the next
    quantum. Of a smooth loss it falls by 8 from step to step; a kink at a distance leaves it level too, but
    there the moves have one sign and are all alike.

    Args:
        steps: coarsest first.
        moves: from each step's quotient to the next one's.
        jumps: of the one-sided slopes, which a kink at a distance makes large.
    """
    level = [abs(move) * step for move, step in zip(moves, steps, strict=False)]
    finer = found = 0.0
    for last in range(len(level) - 2, 0, -1):
        finer = max(finer, level[last + 1])
        # Short stretches count at steps so fine that they will not reach a kink by chance.
        width, drop = (2, _ABRUPT / 32) if steps[last] < _FINE else (_WINDOW, _ABRUPT)
        if last < 2 * width - 1 or level[last] <= drop * finer:
            continue
        window = level[last - width + 1 : last + 1]
        earlier = level[last - 2 * width + 1 : last - width + 1]
        seen = level[last - 2 * width + 2 : last]
        one_sign = len({move > 0 for move in moves[last - 2 * width + 2 : last]}) == 1
        bent = abs(jumps[last - width]) * steps[last - width] > 8 * level[last - width]
        alike = width > 2 and one_sign and bent and max(seen) < 1.5 * min(seen)
        still = width == 2 and level[last] > level[last - 1] / 2
        if (max(window) > max(earlier) / 6 or still) and not alike:
            found = max(found, *window)
    return found / 1.5


def _clear_jumps(steps: Sequence[float], jumps: Sequence[float], noise: float) -> list[int]:
    return [k for k, jump in enumerate(jumps) if abs(jump) > _CLEAR * 4 * noise / steps[k]]


def _constant(steps: Sequence[float], jumps: Sequence[float], noise: float) -> bool:
    last = [jumps[k] for k in _clear_jumps(steps, jumps, noise)[-_TAIL:]]
    return max(last) - min(last) <= _SAME_JUMP * abs(last[-1])


def _bend(steps: Sequence[float], jumps: Sequence[float], noise: float) -> float | None:
    """Power of the step that the jump of the one-sided slopes goes with; None if it falls as it should."""
    clear = _clear_jumps(steps, jumps, noise)
    if len(clear) < 3:
        return None
    a, b, c = clear[-3:]
    if c + 1 < len(steps) and abs(jumps[c]) > 2 * _CLEAR * 4 * noise / steps[c + 1]:
        return None  # it would be seen at the next step too, and is not: the kink is at a distance
    slope = math.log(abs(jumps[a] / jumps[c])) / math.log(steps[a] / steps[c])
    same_sign = jumps[a] * jumps[c] > 0 and jumps[b] * jumps[c] > 0
    return slope if same_sign and slope < _KINK_SLOPE else None
