r"""What the rows of a probe amount to: exponents of time in n, and where fast and exact take the same time.

*Exponents.* For fixed d, b, family and ε the slope of log time against log n, by least squares. Times of
different cells are of different minutes, so each is divided by that of the yardstick in the same round. B =
b √ln n grows along with n, and so does the degree that ε takes: a slope over few sizes describes these sizes.

*Crossings.* For fixed n, d, family and ε the b at which the fast method takes as long as the exact one:
log ratio, interpolated linearly in b between the last cell where fast is faster and the next. The cell that
follows may have no ratio, if the error is not met within the budget of features: then the crossing is
*beyond* what was measured, and b is a lower end only.

*Intervals* are of the bootstrap (Efron 1979): the rounds of each cell are drawn anew with replacement, and
the fit is made anew; 2.5 and 97.5 percent. They speak of the spread of the clock, and of nothing else: not of
other inputs, other machines, or whether a power law holds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reductions.probe.row import Row

__all__ = ["Crossing", "Exponent", "crossings", "exponents"]

_LEAST_SIZES = 3
_ENDS = (0.025, 0.975)

_Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Exponent:
    """Time ∝ n^value over some sizes.

    Attributes:
        d, b, family, eps: what is fixed.
        method: ``"fast"`` or ``"exact"``.
        n: the sizes, at least three, of the cells that were timed.
        degrees: of the fast method at these sizes.
        value, low, high: the slope, and its interval.
    """

    d: int
    b: float
    family: str
    eps: float
    method: str
    n: tuple[int, ...]
    degrees: tuple[int, ...]
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Crossing:
    """B*/√ln n, where fast and exact take the same time at the same error.

    Attributes:
        n, d, family, eps: what is fixed.
        state: ``"measured"``; ``"below"``: at the least b measured the fast method is slower already, or
            does not meet ε within the budget; ``"beyond"``: it is faster at every b at which it meets ε.
        value: b where it is measured; else the b that it lies below or beyond.
        low, high: its interval; None where an end is beyond what was measured, and if it is not measured.
    """

    n: int
    d: int
    family: str
    eps: float
    state: str
    value: float
    low: float | None
    high: float | None


def exponents(rows: Iterable[Row], rng: np.random.Generator, draws: int = 1000) -> list[Exponent]:
    """The exponents of all settings with at least three sizes that were timed.

    Args:
        rows: of a probe.
        rng: of the bootstrap.
        draws: of the bootstrap.
    """
    found = []
    for (d, b, family, eps), own in _grouped(rows, lambda row: (row.d, row.b, row.family, row.eps)).items():
        timed = sorted((row for row in own if row.fast_seconds), key=lambda row: row.n)
        if len(timed) < _LEAST_SIZES:
            continue
        sizes = tuple(row.n for row in timed)
        degrees = tuple(row.degree for row in timed if row.degree is not None)
        logs = np.log(sizes)
        weights = (logs - logs.mean()) / float(np.sum((logs - logs.mean()) ** 2))
        for method in ("fast", "exact"):
            units = [_in_yardsticks(row, method) for row in timed]
            value = float(weights @ np.log([np.median(one) for one in units]))
            again = np.stack([np.log(_medians(one, rng, draws)) for one in units])
            low, high = np.quantile(weights @ again, _ENDS)
            found.append(Exponent(d, b, family, eps, method, sizes, degrees, value, float(low), float(high)))
    return found


def crossings(rows: Iterable[Row], rng: np.random.Generator, draws: int = 1000) -> list[Crossing]:
    """The crossings of all n, d, families and ε, of which there is a row with inputs.

    Args:
        rows: of a probe.
        rng: of the bootstrap.
        draws: of the bootstrap.
    """
    found = []
    for (n, d, family, eps), own in _grouped(rows, lambda row: (row.n, row.d, row.family, row.eps)).items():
        # Rows without a run have no inputs at all: not even a radius is known where no gadget fits.
        own = sorted((row for row in own if row.exists), key=lambda row: row.b)
        if not own:
            continue
        bounds = [row.b for row in own]
        ratios = [_ratios(row) for row in own]
        state, value = _crossing(bounds, [_log_median(one) for one in ratios])
        if state != "measured":
            found.append(Crossing(n, d, family, eps, state, value, None, None))
            continue
        again = np.stack(
            [np.full(draws, math.nan) if one is None else np.log(_medians(one, rng, draws)) for one in ratios]
        )
        ends = np.sort([_as_number(*_crossing(bounds, list(column))) for column in again.T])
        low = float(ends[math.floor(_ENDS[0] * (draws - 1))])
        high = float(ends[math.ceil(_ENDS[1] * (draws - 1))])
        found.append(Crossing(n, d, family, eps, state, value, _or_none(low), _or_none(high)))
    return found


def _grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def _in_yardsticks(row: Row, method: str) -> _Samples:
    seconds = row.fast_seconds if method == "fast" else row.exact_seconds
    return np.divide(seconds, row.yardstick_seconds)


def _ratios(row: Row) -> _Samples | None:
    return np.divide(row.fast_seconds, row.exact_seconds) if row.fast_seconds else None


def _log_median(samples: _Samples | None) -> float:
    return math.nan if samples is None else math.log(float(np.median(samples)))


def _medians(samples: _Samples, rng: np.random.Generator, draws: int) -> _Samples:
    """Medians of as many samples drawn anew, (draws,)."""
    drawn = samples[rng.integers(0, len(samples), (draws, len(samples)))]
    return np.asarray(np.median(drawn, axis=1))


def _crossing(bounds: Sequence[float], logs: Sequence[float]) -> tuple[str, float]:
    """Where log ratio, NaN where it was not measured, first rises to 0 from below: its state, and b."""
    before: tuple[float, float] | None = None
    for b, log in zip(bounds, logs, strict=True):
        if math.isnan(log) or log >= 0:
            if before is None:
                return "below", b
            if math.isnan(log):
                return "beyond", before[0]
            start, from_log = before
            return "measured", start + (b - start) * from_log / (from_log - log)
        before = b, log
    return "beyond", bounds[-1]


def _as_number(state: str, value: float) -> float:
    return {"measured": value, "below": -math.inf, "beyond": math.inf}[state]


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
