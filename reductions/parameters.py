"""The sizes of a chain by formula, for as many queries as one likes: nothing is built.

Random 3-SAT at the threshold stands for "a formula of v variables": m = ⌈4.27 v⌉ clauses. The rows of the
table are the numbers of queries n = 2N, N = 2^{v/2}.

*Algebraic-geometry codes* in the place of Reed–Solomon's (Rubinstein 2018): over a field of Q = 64
elements there are codes of any rate R and relative distance δ with R + δ ≥ 1 − 1/(√Q − 1) (Tsfasman,
Vlăduţ and Zink). With blocks of s = ⌈m/T⌉ bits at rate R = 1/4 the length is ℓ = 4s, and products of
codewords lie in a code of rate 1/2 whose relative distance is at least δ = 1 − 1/2 − 1/7 = 5/14. Points
in the place of F_q's: c_yes = ℓ, c_no = ⌊(1 − δ) ℓ⌋, so that Δ = Θ(c_yes); dimension ℓ Q^T, which is
O(log N) for constant T; and Q^{ℓ/2} sub-instances for the advice. Existence only: they are not built
here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx

from reductions.steps.distributed_pcp import DistributedPCP
from reductions.steps.gap_to_attention import least_slope_gamma

__all__ = ["Parameters", "parameters"]

_THRESHOLD = Fraction(427, 100)
_FIELD = 64
_DISTANCE = Fraction(5, 14)


@dataclass(frozen=True)
class Parameters:
    """What a chain makes of random 3-SAT with one query of f'(1) at the end.

    Attributes:
        chain: ``"direct"``, ``"pcp"`` or ``"ag"``.
        queries: n = 2N.
        variables, clauses: of the formula.
        instances: how many gap instances, as a power of 2.
        dimension: columns of the gadgets, at most.
        yes, no: c_yes and c_no.
        gamma: γ.
        bound: B, the largest score.
        entry: the largest entry of Q and K without Definition 1.2's 1/d, √γ; with it √(γd).
        slope: what |f'(1)| is at least in a YES-instance.
    """

    chain: str
    queries: int
    variables: int
    clauses: int
    instances: float
    dimension: int
    yes: int
    no: int
    gamma: float
    bound: float
    entry: float
    slope: float

    @property
    def over_log(self) -> tuple[float, float]:
        """B over ln n and over ln² n: the one that stays bounded tells the regime."""
        log = math.log(self.queries)
        return self.bound / log, self.bound / log**2


def parameters(chain: str, variables: int, *, blocks: int = 4) -> Parameters:
    """The parameters for an even number of variables.

    Args:
        chain: ``"direct"``, ``"pcp"`` or ``"ag"``.
        variables: v ≥ 2; an odd number counts as the next.
        blocks: T of the distributed PCP.
    """
    variables += variables % 2
    rows, clauses = 1 << (variables // 2), math.ceil(_THRESHOLD * variables)
    instances, dimension, yes, no = _gap(chain, rows, clauses, blocks)
    gamma = least_slope_gamma(rows, yes - no)
    level = yes + 1 / gamma
    with ctx.workprec(64):
        N = arb(rows)
        slope = 4 * arb(-2).exp() * N / (N + arb(-1).exp()) ** 3
    return Parameters(
        chain,
        2 * rows,
        variables,
        clauses,
        instances,
        dimension,
        yes,
        no,
        gamma,
        gamma * level,
        math.sqrt(gamma),
        float(slope.mid()),
    )


def _gap(chain: str, rows: int, clauses: int, blocks: int) -> tuple[float, int, int, int]:
    """log₂ of the number of instances, dimension, yes and no."""
    if chain == "direct":
        return 0.0, 3 * clauses, clauses, clauses - 1
    if chain == "pcp":
        sizes: Mapping[str, int] = DistributedPCP(blocks=blocks).sizes({"N": rows, "m": clauses})
        instances = (sizes["s"] - 1) * math.log2(sizes["q"])
        return instances, sizes["D_full"], sizes["yes"], sizes["no"]
    length = 4 * math.ceil(Fraction(clauses, blocks))
    no = math.floor((1 - _DISTANCE) * length)
    return length / 2 * math.log2(_FIELD), length * _FIELD**blocks, length, no
