"""Gap inner product → attention: σ and the pad for the decoder that is to read the answer.

Three decoders read an instance in three ways, and want different temperatures (:mod:`reductions.thresholds`):

* *entrywise*, from all of the output: M = c_yes, γ = ln(4N)/Δ;
* *norm*, from f(1) alone: M = c_yes, γ = (ln(N+1) + ½ ln N + ½ ln 4)/Δ, for which NO f(1) ≤ ½/(N+1)² and
  YES ≥ 2/(N+1)²;
* *slope*, from f'(1) alone: M = c_yes + 1/γ, γ the least with YES ≥ 4 NO.

With Δ = c_yes − c_no = 1, as the direct embedding has it, γ and the entries squared are Θ(log n), and B =
γM is Θ(log² n) for M = Θ(log n); a constant gap Δ = Θ(M), as of the distributed PCP, has B = Θ(log n).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from reductions.chain import Reduced
from reductions.problems.attention import AttentionInstance
from reductions.problems.gap import GapInnerProduct

__all__ = ["GapToAttention", "Reading", "least_slope_gamma", "rounded_up"]

#: What of attention the answer is read from.
Reading = Literal["entrywise", "norm", "slope"]

# σ² · pad² · a sum of at most 2^13 terms stays within the 53 bits of a double.
_BITS = 10


@dataclass(frozen=True)
class GapToAttention:
    """Gap inner product → attention computation.

    Args:
        reading: how the answer is to be read off.
    """

    reading: Reading = "slope"
    name: str = "gap-to-attention"

    def apply(self, instance: GapInnerProduct) -> Iterator[Reduced]:
        """One instance of attention, with σ and the pad rounded up to few bits."""
        N, gap = int(instance.left.shape[0]), instance.yes - instance.no
        gamma = _gamma(self.reading, N, gap)
        whole = [Fraction(1)] * instance.yes
        if self.reading == "slope":
            # The part of M above c_yes, in as many equal entries of at most 1 as it takes.
            count = max(1, math.ceil(1 / gamma))
            whole += [rounded_up(math.sqrt(1 / (gamma * count)))] * count
        d = 1 << (int(instance.left.shape[1]) + len(whole) - 1).bit_length()
        scale = rounded_up(math.sqrt(gamma * d))
        yield Reduced(AttentionInstance(instance, scale, tuple(whole)), None)

    def invert(self, witness: tuple[int, int], back: None) -> tuple[int, int]:
        """The same pair of rows."""
        return witness

    def sizes(self, given: Mapping[str, int]) -> Mapping[str, int]:
        """From N, D, yes and no: n = 2N, and d, a power of two."""
        gamma = _gamma(self.reading, given["N"], given["yes"] - given["no"])
        pad = given["yes"] + (max(1, math.ceil(1 / gamma)) if self.reading == "slope" else 0)
        return {"n": 2 * given["N"], "d": 1 << (given["D"] + pad - 1).bit_length()}


def _gamma(reading: Reading, N: int, gap: int) -> float:
    if reading == "entrywise":
        return math.log(4 * N) / gap
    if reading == "norm":
        return (math.log(N + 1) + math.log(N) / 2 + math.log(4) / 2) / gap
    return least_slope_gamma(N, gap)


def least_slope_gamma(N: int, gap: int) -> float:
    """The least γ with 4 e^{−2} N/(N + 1/e)³ ≥ 4 · 4 N D e^{−2D}, D = 1 + γ·gap; found by bisection."""
    # From here on e^{−1} is lost in a double, and N itself may be beyond all of them.
    log = math.log(N) if N > 1 << 53 else math.log(N + math.exp(-1))
    target = -2 - math.log(4) - 3 * log
    low, high = 1.0, 2.0
    while math.log(high) - 2 * high > target:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        if math.log(middle) - 2 * middle > target:
            low = middle
        else:
            high = middle
    return (high - 1) / gap


def rounded_up(value: float) -> Fraction:
    """The next number with few bits from a positive one on."""
    exponent = math.frexp(value)[1] - _BITS
    return Fraction(math.ceil(math.ldexp(value, -exponent))) * Fraction(2) ** exponent
