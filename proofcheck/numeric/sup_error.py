"""The relative error of polynomials for exp, bounded and minimised in ball arithmetic (Arb, by python-flint).

*Bounded.*  Coefficients are taken as the exact dyadic numbers that are stored.  For E(t) = P(t) e^{-t} − 1,

    E'(t) = (P'(t) − P(t)) e^{-t},                                                              (1)

so |E| is largest on [−ρ, ρ] at an end or at a real root of the polynomial P' − P.  These roots are isolated
with certified error bounds, and E is evaluated on balls that contain them.

*Minimised.*  By (1) again E has at most g extrema inside the range.  So Remez' exchange has no choice: from
g + 2 points with E = ±h in turn, the next are the ends and the roots of P' − P, of which alternation
leaves exactly one to each inner sign.  In the mean square, the minimum solves linear equations.

Both work with Q(s) = P(ρs) on [−1, 1], at a precision that is doubled until the coefficients are accurate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat, arb_poly, ctx, fmpz_poly
from numpy.typing import NDArray

from proofcheck.errors import ApproximationError

__all__ = ["alternation_error", "equioscillating", "fitted", "projected", "sup_relative_error", "upper_float"]

_ACCURACY = 44  # bits to which the sup is found before it is rounded up
_FIRST_PRECISION = 128
_LAST_PRECISION = 1 << 14  # beyond the bits of the least and the largest double together
_LEAST_DOUBLE = -1074
_COEFFICIENT_ACCURACY = 60  # bits, before the rounding to doubles
_LEVEL_ACCURACY = 40  # bits to which the extrema of a minimax polynomial are level
_EXCHANGES = 100
_UNRESOLVED = 2.0**-26  # √u: a direction that a sample spans by less than this is lost in rounding
_EVALUATED = 2.0**-50  # 8u: what is no more than this share of Σ_m |a_m| |s|^m is taken for rounding


def sup_relative_error(coefficients: Sequence[float], radius: float) -> float:
    """An upper bound of sup over [−ρ, ρ] of |P(t) e^{-t} − 1|.

    Args:
        coefficients: a_0 … a_g, finite, at least one.
        radius: ρ ≥ 0, finite.

    Returns:
        A double at most 2^-43 in relation above the sup, but for the rounding of subnormal numbers;
        infinite where the sup is beyond all doubles.

    A few milliseconds for g = 20; the isolation of the roots is what costs.
    """
    precision = _FIRST_PRECISION
    polynomial, shift = _integer_polynomial([arb(coefficient) for coefficient in coefficients])
    derivative = polynomial.derivative() - polynomial
    while True:
        with ctx.workprec(precision):
            end = arb(radius)
            scale = arb(2) ** -shift
            points = [end, -end, *_critical_points(derivative, end)]
            # Balls of roots may reach beyond the range, or hold none of its roots: then they are above the
            # sup by as much as they are wide, which the next precision makes small, and never below it.
            errors = [abs(polynomial(point) * scale * (-point).exp() - 1) for point in points]
            highest = max(error.upper() for error in errors)
            surely = max(error.lower() for error in errors)
            if (
                highest <= surely * (1 + arb(2) ** -_ACCURACY)
                or highest <= arb(2) ** _LEAST_DOUBLE
                or precision >= _LAST_PRECISION
            ):
                return upper_float(highest)
        precision *= 2


def _integer_polynomial(coefficients: Sequence[arb]) -> tuple[fmpz_poly, int]:
    """Integers N_m and k with a_m = N_m/2^k for the midpoints a_m of these balls, exactly."""
    parts = [a.mid().man_exp() for a in coefficients]
    shift = max([-int(exponent) for mantissa, exponent in parts if mantissa], default=0)
    return fmpz_poly([int(mantissa) << max(shift + int(exponent), 0) for mantissa, exponent in parts]), shift


def _critical_points(polynomial: fmpz_poly, radius: arb) -> list[arb]:
    """Balls that contain the real roots of an integer polynomial in [−radius, radius], at flint's precision.

    Roots that cannot be told from such ones are among them.  The zero polynomial, for P = 0, has none.
    """
    roots: list[Any] = polynomial.complex_roots()  # with their multiplicities
    # A comparison of balls is true only where it is certain.
    return [root.real for root, _ in roots if root.imag.contains(0) and not root.real.abs_lower() > radius]


def upper_float(value: arb) -> float:
    """The least double, or nearly so, that is at least every number of the ball; may be infinite."""
    top = value.upper()
    rounded = float(top)
    if math.isnan(rounded):
        return math.inf
    return rounded if math.isinf(rounded) or arb(rounded) >= top else math.nextafter(rounded, math.inf)


def alternation_error(degree: int, radius: float) -> float:
    """A lower bound of δ for every polynomial of degree g: de la Vallée-Poussin's.

    With w_i = 1/Π_{j≠i} (s_i − s_j) at g + 2 points, Σ_i w_i Q(s_i) = 0 for every Q of degree g, that is
    Σ_i w_i e^{ρ s_i} (1 + E(s_i)) = 0; hence sup |E| ≥ |Σ_i w_i e^{ρ s_i}| / Σ_i |w_i| e^{ρ s_i}.

    Args:
        degree: g.
        radius: ρ; the s_i are in [−1, 1].
    """
    with ctx.workprec(_precision(degree, radius)):
        points = [(-(arb(i) / (degree + 1)).cos_pi()).mid() for i in range(degree + 2)]
        least = _level(points, arb(radius)).abs_lower()
        rounded = float(least)
        return math.nextafter(rounded, 0.0) if arb(rounded) > least else rounded


def equioscillating(degree: int, radius: float) -> list[float]:
    """The doubles nearest to the coefficients of the polynomial with the least δ.

    Args:
        degree: g.
        radius: ρ.
    """
    return _rounded(lambda scale: _exchanged(degree, scale), degree, radius)


def projected(degree: int, radius: float) -> list[float]:
    """The doubles nearest to the coefficients of least ∫ E(t)² dt/√(ρ² − t²).

    Args:
        degree: g.
        radius: ρ.
    """
    return _rounded(lambda scale: _nearest(degree, scale, arb_poly([]), arb_poly([1])), degree, radius)


def fitted(base: Sequence[float], radius: float, sample: NDArray[np.float64]) -> list[float]:
    """The doubles nearest to those of least Σ_i E(s_i)², and of least ∫ E(t)² dt/√(ρ² − t²) among these.

    Args:
        base: the coefficients of a polynomial of the same degree, to start from.
        radius: ρ.
        sample: the scores s_i, shape (N,).
    """
    degree, basis = len(base) - 1, _SampleBasis.of(sample, base)

    def compute(scale: arb) -> arb_poly | None:
        correction, multiple = basis.polynomials(scale)
        fit = arb_poly([arb(a) * scale**m for m, a in enumerate(base)]) + correction
        return _nearest(degree - len(basis.components), scale, fit, multiple)

    return _rounded(compute, degree, radius) if basis.components else list(base)


def _precision(degree: int, radius: float) -> int:
    """Bits for errors that cancel to about ρ^{g+1}/(2^g (g+1)!), and for weights that differ by e^{2ρ}."""
    small = 0.0
    if radius > 0:
        small = (degree + 1) * (1 - math.log2(radius)) + math.lgamma(degree + 2) / math.log(2)
    return int(_FIRST_PRECISION + 6 * radius + 4 * degree + min(max(small, 0.0), 2.0 - _LEAST_DOUBLE))


def _rounded(compute: Callable[[arb], arb_poly | None], degree: int, radius: float) -> list[float]:
    """The doubles nearest to a_m = q_m/ρ^m, for the coefficients q_m that are computed for a radius ρ."""
    # On ranges so short that the error is below all doubles, polynomials for one serve for all of them.
    resolved = 1 - (2 - _LEAST_DOUBLE - math.lgamma(degree + 2) / math.log(2)) / (degree + 1)
    precision = _precision(degree, max(radius, 2.0**resolved))
    while precision <= _LAST_PRECISION:
        with ctx.workprec(precision):
            scale = max(arb(radius), arb(2) ** math.floor(resolved))
            scaled = compute(scale)
            found = None if scaled is None else [scaled[m] / scale**m for m in range(degree + 1)]
            if found is not None and all(map(_is_accurate, found)):
                return [float(coefficient) for coefficient in found]
        precision *= 2
    where = f"degree {degree} and radius {radius!r}"
    raise ApproximationError(f"no coefficients were found for {where}: reduce the degree")


def _is_accurate(coefficient: arb) -> bool:
    vanishes = coefficient.abs_upper() < arb(2) ** (_LEAST_DOUBLE - 2)
    return bool(vanishes) or coefficient.rel_accuracy_bits() >= _COEFFICIENT_ACCURACY


# The least sup.


def _level(points: list[arb], radius: arb) -> arb:
    """The h with E = h, −h, h, … at these g + 2 points for some polynomial of degree g."""
    plain, alternating = arb(0), arb(0)
    for i, point in enumerate(points):
        others = points[:i] + points[i + 1 :]
        term = (radius * point).exp() / math.prod((point - other for other in others), start=arb(1))
        plain += term
        alternating += (-1) ** i * term
    return -plain / alternating


def _exchanged(degree: int, radius: arb) -> arb_poly | None:
    """Q by Remez' exchange; None where the precision does not do.

    It starts at the projection: that one's error is orthogonal to the g + 1 functions s^m e^{-ρs}, which
    satisfy Haar's condition, so it changes sign g + 1 times and has g extrema inside as well.
    """
    found = _nearest(degree, radius, arb_poly([]), arb_poly([1]))
    for _ in range(_EXCHANGES):
        if found is None:
            return None
        slope = _integer_polynomial((found.derivative() - radius * found).coeffs())[0]
        inner = _critical_points(slope, arb(1))
        if len(inner) != degree:
            return None
        points = [arb(-1), *sorted(root.mid() for root in inner), arb(1)]
        highest = max(abs(found(point) * (-radius * point).exp() - 1).abs_upper() for point in points)
        level = _level(points, radius)
        if highest <= level.abs_lower() * (1 + arb(2) ** -_LEVEL_ACCURACY):  # no polynomial is below level
            return found
        values = [(radius * point).exp() * (1 + (-1) ** i * level) for i, point in enumerate(points)]
        found = arb_poly.interpolate(points[:-1], values[:-1], algorithm="newton")
    return None


# The least mean square.


@dataclass(frozen=True)
class _SampleBasis:
    """Polynomials q_0, q_1, … with q_k(s_i) e^{-s_i} orthonormal over a sample, by Arnoldi's recurrence.

    With x = (s − centre)/half,   following_k q_{k+1} = x q_k − Σ_{j ≤ k} mixing_kj q_j.   The recurrence ends
    where the right side vanishes on the sample, or where the sample is fitted up to rounding: the sample
    then decides nothing about multiples of it.  ``components`` are those of the least-squares correction,
    one for each q_k; there are none if there is nothing to correct.
    """

    centre: float
    half: float
    first: float
    components: list[float]
    mixing: list[list[float]]
    following: list[float]

    @classmethod
    def of(cls, sample: NDArray[np.float64], base: Sequence[float]) -> _SampleBasis:
        low, high = float(np.min(sample)), float(np.max(sample))
        centre, half = low / 2 + high / 2, (high / 2 - low / 2) or 1.0
        x, weights = (sample - centre) / half, np.exp(-sample)
        norm = float(np.linalg.norm(weights))
        basis = cls(centre, half, 1 / norm, [], [], [])
        with np.errstate(over="ignore", invalid="ignore"):
            left = 1 - np.polynomial.polynomial.polyval(sample, base) * weights
            sizes = np.polynomial.polynomial.polyval(np.abs(sample), np.abs(base)) * weights
        rounding = _EVALUATED * float(np.linalg.norm(sizes))
        vectors = np.empty((len(base), sample.size))
        vector = weights / norm
        for k in range(len(base)):
            if not float(np.linalg.norm(left)) > rounding:  # nothing to correct, or overflow
                break
            vectors[k] = vector
            basis.components.append(float(vector @ left))
            left = left - basis.components[-1] * vector
            vector, mixing = x * vector, np.zeros(k + 1)
            for _ in range(2):  # the second time removes what rounding left of the first
                parts = vectors[: k + 1] @ vector
                vector = vector - parts @ vectors[: k + 1]
                mixing += parts
            basis.mixing.append([float(part) for part in mixing])
            basis.following.append(float(np.linalg.norm(vector)))
            if basis.following[-1] <= _UNRESOLVED:
                break
            vector = vector / basis.following[-1]
        return basis

    def polynomials(self, radius: arb) -> tuple[arb_poly, arb_poly]:
        """The correction, and the polynomial whose multiples are left open, in t/ρ."""
        x = arb_poly([arb(-self.centre) / self.half, radius / self.half])
        basis, fit = [arb_poly([arb(self.first)])], arb_poly([])
        for component, mixing, following in zip(self.components, self.mixing, self.following, strict=True):
            fit += component * basis[-1]
            mixed = sum((h * q for h, q in zip(mixing, basis, strict=True)), start=arb_poly([]))
            basis.append((x * basis[-1] - mixed) * (1 / arb(max(following, _UNRESOLVED))))
        return fit, basis[-1]


def _nearest(degree: int, radius: arb, fit: arb_poly, multiple: arb_poly) -> arb_poly | None:
    """Q = F + Ω H with the least mean square of E, for some H of a degree; None where precision is short."""
    if degree < 0:
        return fit
    square, cross = (multiple * multiple).coeffs(), (multiple * fit).coeffs()
    powers = _moments(radius, degree + len(multiple))
    products = _moments(2 * radius, 2 * degree + len(square) + len(fit))
    gram = [_mean(square, products, shift) for shift in range(2 * degree + 1)]
    right = [_mean(multiple.coeffs(), powers, i) - _mean(cross, products, i) for i in range(degree + 1)]
    matrix = arb_mat([[gram[i + j] for j in range(degree + 1)] for i in range(degree + 1)])
    try:
        solution = matrix.solve(arb_mat([[value] for value in right]))
    except ZeroDivisionError:
        return None
    return fit + multiple * arb_poly([solution[i, 0] for i in range(degree + 1)])


def _mean(coefficients: Sequence[arb], moments: Sequence[arb], shift: int) -> arb:
    """Of Σ_l c_l s^l s^shift, from the means of powers."""
    return sum((c * moments[shift + power] for power, c in enumerate(coefficients)), start=arb(0))


def _moments(rate: arb, count: int) -> list[arb]:
    """The means of s^m e^{-κs} with the Chebyshev weight on [−1, 1], for m < count.

    With s = cos θ, and I_j(κ) the mean of cos(jθ) e^{κ cos θ}: (−2)^{-m} Σ_i C(m, i) I_{|m−2i|}(κ).
    """
    bessel = [rate.bessel_i(order) for order in range(count)]
    return [
        sum((math.comb(m, i) * bessel[abs(m - 2 * i)] for i in range(m + 1)), start=arb(0)) / arb(-2) ** m
        for m in range(count)
    ]
