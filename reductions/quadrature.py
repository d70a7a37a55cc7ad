r"""∫ f' over [0, 1]: points, weights and rigorous errors, for f of the hard instances.

*Left Riemann sums* (Alman & Song 2024, Lemma E.4): |t_m − (f(1) − f(0))| ≤ b/(2m) for |f''| ≤ b, and by
Lemma E.3 as mended b = (8/27) B² n, V having one column that is not 0.

*Gauss–Legendre.* If |f'| ≤ G on the Bernstein ellipse of [0, 1] with parameter ρ = e^σ, the m-point rule
with m ≥ 2 errs by at most (32/15) G e^{−2mσ}/(1 − e^{−2σ}): Chebyshev coefficients are at most 2Gρ^{−k},
odd ones do not count, and |∫T_k| + |rule| ≤ 2/(k² − 1) + 2 ≤ 32/15 for k ≥ 4 [Trefethen, SIAM Review 50
(2008), Theorem 4.5].

Where f' is analytic. Divided by e^{λB}, a row's normaliser is N + Σ e^{−λδ}, 0 ≤ δ ≤ B. Take s = sinh²σ =
√2/B and λ = x + iy in the ellipse, for which y² ≤ (s/4)(s + 4x) if x ≥ 0 and y² ≤ s²/4, x ≥ −s/4 if not.
For x < 0 then |yδ| ≤ sB/2 < π/2, and real parts are positive. For x ≥ 0 a real part e^{−xδ} cos(yδ) is
negative only if |y| > π/(2B), which takes x > x* = (π² − 2)/(4√2 B); there x/|y| ≥ 2Bx*/π =: κ = 0.885…,
and e^{−κθ} cos θ ≥ −e^{−κθ*} cos(π − θ*) at tan θ* = −κ, which is −0.0882…. So the normaliser is at least
N(1 − 0.089) in absolute value, and a sum of first-half weights is at most e^{sB/4}/(1 − 0.089) = 1.563… < r
= 8/5. With |o| ≤ r and |o'| ≤ B r (1 + r) (δ = 0 on the second half),

    |f'| ≤ G = 2 n B r² (1 + r).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from flint import arb, ctx

__all__ = ["Rule", "gauss_count", "gauss_error", "gauss_rule", "printed_count", "riemann_rule"]
__all__ += ["slope_bounds"]

_PRECISION = 128
_RADIUS = Fraction(8, 5)
_MOST_POINTS = 100_000


@dataclass(frozen=True)
class Rule:
    """A quadrature rule on [0, 1].

    Attributes:
        points: where f' is to be evaluated, as doubles.
        weights: as doubles.
        error: of the sum of weights times exact f' at the points, at most.
    """

    points: tuple[float, ...]
    weights: tuple[float, ...]
    error: float


def slope_bounds(n: int, B: Fraction) -> tuple[Fraction, Fraction]:
    """Bounds of |f'| and |f''| for all real λ, by Lemma E.3 as mended: (8/27) B n and (8/27) B² n."""
    return Fraction(8, 27) * B * n, Fraction(8, 27) * B * B * n


def printed_count(n: int) -> int:
    """⌈log₂⁴ n⌉, the number of points that Theorem E.5 takes, up to a constant; at least 1."""
    return max(1, math.ceil(math.log2(n) ** 4))


def riemann_rule(n: int, B: Fraction, count: int) -> Rule:
    """The left Riemann sum at ``count`` points i/m, rounded to doubles.

    Args:
        n: queries.
        B: the largest score.
        count: m, at least 1.
    """
    first, second = slope_bounds(n, B)
    points = tuple(i / count for i in range(count))
    # A point moves by at most 2^-53, a weight by 2^-53 of itself.
    rounding = (second + first) * Fraction(1, 2**52)
    return Rule(points, (1 / count,) * count, float(second / (2 * count) + rounding) * (1 + 1e-12))


def gauss_error(n: int, B: Fraction, count: int) -> float:
    """The error of the Gauss–Legendre rule in exact arithmetic, rounded up.

    Args:
        n: queries.
        B: the largest score.
        count: points, at least 2.
    """
    with ctx.workprec(_PRECISION):
        size = 2 * n * _ball(B) * _ball(_RADIUS**2 * (1 + _RADIUS))
        sigma = (arb(2).sqrt() / _ball(B)).sqrt().asinh()
        found = arb(32) / 15 * size * (-2 * count * sigma).exp() / (1 - (-2 * sigma).exp())
        return math.nextafter(float(found.upper()), math.inf)


def gauss_count(n: int, B: Fraction, tolerance: float) -> int | None:
    """The least number of points, 2 at least, whose error is at most a tolerance; None if above 100,000.

    Args:
        n: queries.
        B: the largest score.
        tolerance: of f(1) − f(0).
    """
    low, high = 2, 2
    while gauss_error(n, B, high) > tolerance:
        low, high = high, 2 * high
        if high > _MOST_POINTS:
            return None
    while low < high:
        middle = (low + high) // 2
        if gauss_error(n, B, middle) > tolerance:
            low = middle + 1
        else:
            high = middle
    return high


def gauss_rule(n: int, B: Fraction, count: int) -> Rule:
    """The Gauss–Legendre rule on [0, 1] with its points and weights rounded to doubles.

    Args:
        n: queries.
        B: the largest score.
        count: points, at least 2; those of a count are computed once, in balls of 128 bits.
    """
    points, weights = _gauss(count)
    first, second = slope_bounds(n, B)
    rounding = (second + first) * Fraction(1, 2**52)
    return Rule(points, weights, (gauss_error(n, B, count) + float(rounding)) * (1 + 1e-12))


@lru_cache(maxsize=32)
def _gauss(count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    with ctx.workprec(_PRECISION):
        found = [arb.legendre_p_root(count, k, weight=True) for k in range(count)]
        return (
            tuple(float((1 + root) / 2) for root, _ in found),
            tuple(float(weight / 2) for _, weight in found),
        )


def _ball(value: Fraction) -> arb:
    return arb(value.numerator) / arb(value.denominator)
