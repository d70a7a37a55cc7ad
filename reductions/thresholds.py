r"""What the output and its norm are, at least for YES and at most for NO, in ball arithmetic.

Write u = γ(M − ip) for one key, a = γ(M − c_yes) ≥ 0 for the largest inner product there can be, D = γ(M −
c_no) and x = Σ_j e^{−u_j}, o = x/(x + N). In a YES-instance some row, which occurs twice, has a key with u
= a; in a NO-instance every u is at least D.

*Entrywise.*  o is increasing in x: YES o ≥ e^{−a}/(e^{−a} + N), NO o ≤ e^{−D}/(1 + e^{−D}).

*Norm.*  f(1) = Σ o² over 2N rows: YES f(1) ≥ 2 o_yes², NO f(1) ≤ 2N o_no².

*Slope.* f'(1) = 2 Σ o o' with o' = x'N/(x + N)² and −x' = Σ_j u_j e^{−u_j}. Let a ≥ 1: then u e^{−u} falls
from u = a on, and no sign changes. NO: x ≤ N e^{−D} and −x' ≤ N D e^{−D}, so |f'(1)| ≤ 4 N D e^{−2D}. YES:
for a row with a key at u = a, −x' ≥ a e^{−a} and e^{−a} ≤ x ≤ N e^{−a} ≤ N/e; x/(x + N)³ rises up to x =
N/2, so it is at least its value at e^{−a}, and |f'(1)| ≥ 4 a e^{−2a} N/(e^{−a} + N)³.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx

from proofcheck.errors import UserInputError
from reductions.problems.attention import AttentionInstance

__all__ = ["Thresholds", "entry_thresholds", "norm_thresholds", "slope_thresholds"]

_PRECISION = 128


@dataclass(frozen=True)
class Thresholds:
    """Between these a value says nothing.

    Attributes:
        yes: what is at least reached in a YES-instance, rounded down.
        no: what is at most reached in a NO-instance, rounded up.
    """

    yes: float
    no: float

    @property
    def separated(self) -> bool:
        """Whether there is room between them."""
        return self.no < self.yes

    @property
    def accuracy(self) -> float:
        """An error below this decides: half of the room between them."""
        return (self.yes - self.no) / 2


def entry_thresholds(instance: AttentionInstance) -> Thresholds:
    """Of the largest entry of the output."""
    with ctx.workprec(_PRECISION):
        yes, no = _outputs(instance)
        return _rounded(yes, no)


def norm_thresholds(instance: AttentionInstance) -> Thresholds:
    """Of f(1), the squared Frobenius norm of the output."""
    with ctx.workprec(_PRECISION):
        yes, no = _outputs(instance)
        return _rounded(2 * yes**2, 2 * instance.rows * no**2)


def slope_thresholds(instance: AttentionInstance) -> Thresholds:
    """Of |f'(1)|.

    Raises:
        UserInputError: a < 1, where terms may cancel.
    """
    least = instance.gamma * (instance.level - instance.gap.yes)
    if least < 1:
        raise UserInputError(
            f"γ(M − c_yes) is {float(least):.6g}: expected at least 1 for one query; "
            "raise M, the squared norm of the pad"
        )
    with ctx.workprec(_PRECISION):
        a, D = _distances(instance)
        N = arb(instance.rows)
        yes = 4 * a * (-2 * a).exp() * N / ((-a).exp() + N) ** 3
        return _rounded(yes, 4 * N * D * (-2 * D).exp())


def _distances(instance: AttentionInstance) -> tuple[arb, arb]:
    """The numbers a and D."""
    gamma, level = instance.gamma, instance.level
    return _ball(gamma * (level - instance.gap.yes)), _ball(gamma * (level - instance.gap.no))


def _outputs(instance: AttentionInstance) -> tuple[arb, arb]:
    a, D = _distances(instance)
    yes, no = (-a).exp(), (-D).exp()
    return yes / (yes + instance.rows), no / (1 + no)


def _ball(value: Fraction) -> arb:
    return arb(value.numerator) / arb(value.denominator)


def _rounded(yes: arb, no: arb) -> Thresholds:
    return Thresholds(
        math.nextafter(float(yes.lower()), -math.inf), math.nextafter(float(no.upper()), math.inf)
    )
