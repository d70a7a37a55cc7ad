"""Polynomials that stand for exp on [−ρ, ρ], with rigorous bounds of their relative errors.

Replacing e^{S_ij} by P(S_ij) in a row of a softmax changes no entry by more than a factor
(1 + δ)/(1 − δ), where

    δ = sup over [−ρ, ρ] of |E(t)|,    E(t) = P(t) e^{-t} − 1,

so the error that counts is the relative one.  Coefficients are found in ball arithmetic and rounded to
doubles; the bound of δ is that of the rounded ones.  How the kinds differ: ``docs/polynomials.md``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from flint import arb, ctx
from numpy.typing import ArrayLike

from proofcheck.errors import ApproximationError, UserInputError
from proofcheck.namespaces.arrays import Array
from proofcheck.numeric import sup_error

__all__ = [
    "ExpPolynomial",
    "aggarwal_alman_degree",
    "chebyshev",
    "least_squares",
    "minimax",
    "smallest_degree",
    "taylor",
]

_MOST_DEGREE = 170  # 1/171! is not a normal double
_MOST_RADIUS = 300.0  # e^{2ρ}, by which relative errors grow, stays a double with room for the rest
_ROUNDED_DEGREES = 8  # rounding errors differ between degrees, so one that is too large does not decide
_CACHE = 1024


@dataclass(frozen=True)
class ExpPolynomial:
    """P(t) = Σ_m a_m t^m ≈ e^t on [−ρ, ρ].

    Attributes:
        coefficients: a_0 … a_g.
        kind: ``"taylor"``, ``"chebyshev"``, ``"minimax"`` or ``"least-squares"``.
        radius: ρ.
        relative_error: an upper bound of δ for exactly these coefficients.
    """

    coefficients: tuple[float, ...]
    kind: str
    radius: float
    relative_error: float

    @classmethod
    def certified(cls, coefficients: Sequence[float], kind: str, radius: float) -> ExpPolynomial:
        """With the bound of δ computed, in a few milliseconds for g = 20.

        Args:
            coefficients: a_0 … a_g.
            kind: how they were found.
            radius: ρ, at least 0.

        Raises:
            UserInputError: no coefficient, one that is not finite, or no such radius.
        """
        stored = tuple(float(coefficient) for coefficient in coefficients)
        if not stored or not all(map(math.isfinite, stored)):
            raise UserInputError(f"coefficients is {stored}; expected a_0 … a_g, finite: try a lower degree")
        radius = _checked_number("radius", radius)
        return cls(stored, kind, radius, sup_error.sup_relative_error(stored, radius))

    @property
    def degree(self) -> int:
        """The degree g of the polynomials it was chosen from; a_g may be 0."""
        return len(self.coefficients) - 1

    def __call__(self, t: Array) -> Array:
        """P(t) by Horner's scheme: for a number, or an array of any library, in its shape and dtype."""
        value = 0 * t + self.coefficients[-1]
        for coefficient in reversed(self.coefficients[:-1]):
            value = value * t + coefficient
        return value

    def sup_on(self, radius: float) -> float:
        """An upper bound of δ on [−radius, radius] instead: on a smaller range it may be much less."""
        return _sup_on(self.coefficients, _checked_number("radius", radius))

    def absolute(self, t: float) -> float:
        """Σ_m |a_m| |t|^m, rounded up: a factor of the bounds on what rounding does to P(t)."""
        with ctx.workprec(128):
            point, value = arb(abs(float(t))), arb(0)
            for coefficient in reversed(self.coefficients):
                value = value * point + arb(abs(coefficient))
            return sup_error.upper_float(value)


@lru_cache(maxsize=_CACHE)
def _sup_on(coefficients: tuple[float, ...], radius: float) -> float:
    return sup_error.sup_relative_error(coefficients, radius)


def taylor(degree: int, radius: float) -> ExpPolynomial:
    """Σ_{m ≤ g} t^m/m!, each coefficient correctly rounded.

    Args:
        degree: g, at most 170.
        radius: ρ, at most 300.

    Raises:
        UserInputError: an argument is of the wrong kind or negative.
        ApproximationError: it is too large.
    """
    return _constructed("taylor", *_checked(degree, radius))


def chebyshev(degree: int, radius: float) -> ExpPolynomial:
    """The polynomial with the least ∫ E(t)² dt/√(ρ² − t²) over [−ρ, ρ].

    The weight is that of the Chebyshev polynomials; it makes the largest |E| nearly as small as can be.
    O(g³) operations in ball arithmetic.

    Args:
        degree: g, at most 170.
        radius: ρ, at most 300.

    Raises:
        UserInputError: an argument is of the wrong kind or negative.
        ApproximationError: it is too large.
    """
    return _constructed("chebyshev", *_checked(degree, radius))


def minimax(degree: int, radius: float) -> ExpPolynomial:
    """The polynomial with the least δ, found by Remez' exchange; only then rounded to doubles.

    It equioscillates: E takes the values ±δ in turn at g + 2 points, until rounding is what δ is made of.
    Some 20 ms for g = 20, 100 ms for g = 40.

    Args:
        degree: g, at most 170.
        radius: ρ, at most 300.

    Raises:
        UserInputError: an argument is of the wrong kind or negative.
        ApproximationError: it is too large.
    """
    return _constructed("minimax", *_checked(degree, radius))


#: Coefficients by kind, for the kinds that need no sample.
_COEFFICIENTS: Mapping[str, Callable[[int, float], list[float]]] = MappingProxyType(
    {
        "taylor": lambda degree, radius: [1 / math.factorial(m) for m in range(degree + 1)],
        "chebyshev": sup_error.projected,
        "minimax": sup_error.equioscillating,
    }
)


@lru_cache(maxsize=_CACHE)
def _constructed(kind: str, degree: int, radius: float) -> ExpPolynomial:
    return ExpPolynomial.certified(_COEFFICIENTS[kind](degree, radius), kind, radius)


def least_squares(degree: int, radius: float, sample: ArrayLike) -> ExpPolynomial:
    """The polynomial with the least Σ_i E(s_i)² over a sample of scores.

    Where the sample leaves polynomials undecided, having at most g distinct points or clusters of them, or
    being fitted up to rounding by a lower degree, the one nearest to :func:`chebyshev` is taken, in the
    norm that defines that one.  Otherwise nothing holds P near exp away from the sample:
    ``relative_error`` tells how far it strays.

    Args:
        degree: g, at most 170.
        radius: ρ, at most 300.
        sample: the s_i, shape (N,), N ≥ 1, in [−ρ, ρ].

    Raises:
        UserInputError: an argument is of the wrong kind or out of range.
        ApproximationError: degree or radius is too large.

    O(N g²) operations in doubles, and O(g³) in ball arithmetic.
    """
    degree, radius = _checked(degree, radius)
    try:
        scores = np.asarray(sample, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserInputError(
            f"sample is no array of numbers ({error}); pass a 1-D array of scores"
        ) from error
    if scores.ndim != 1 or not scores.size:
        raise UserInputError(
            f"sample has shape {scores.shape}; expected (N,) with N >= 1: flatten it, as in numpy.ravel"
        )
    outside = ~(np.abs(scores) <= radius)  # NaN is outside
    if outside.any():
        raise UserInputError(
            f"sample has the score {float(scores[outside][0])!r}; expected finite scores within [-radius, "
            f"radius] for radius = {radius!r}: enlarge radius, or clip the sample"
        )
    base = _constructed("chebyshev", degree, radius).coefficients
    return ExpPolynomial.certified(sup_error.fitted(base, radius, scores), "least-squares", radius)


def smallest_degree(
    tolerance: float, radius: float, kind: str = "minimax", max_degree: int = 60
) -> ExpPolynomial:
    """The polynomial of the least degree whose ``relative_error`` is at most a tolerance.

    Degrees at which no polynomial at all can do, by de la Vallée-Poussin's bound, are passed over.  The
    search ends after a few degrees whose errors are no larger than what rounding the coefficients may do.

    Args:
        tolerance: for δ, positive.
        radius: ρ, at most 300.
        kind: ``"taylor"``, ``"chebyshev"`` or ``"minimax"``.
        max_degree: the last degree to try.

    Raises:
        UserInputError: an argument is of the wrong kind or out of range.
        ApproximationError: no degree will do; the message says what can be had.
    """
    tolerance = _checked_number("tolerance", tolerance)
    if tolerance == 0:
        raise UserInputError("tolerance is 0.0; expected a positive number, such as 1e-6")
    max_degree, radius = _checked(max_degree, radius, "max_degree")
    if kind not in _COEFFICIENTS:
        raise UserInputError(
            f"kind is {kind!r}; expected one of {', '.join(_COEFFICIENTS)} (least squares need a sample: "
            "call least_squares for each degree)"
        )
    at_floor = last = 0
    for last in range(max_degree + 1):
        if sup_error.alternation_error(last, radius) > tolerance:
            continue
        found = _constructed(kind, last, radius)
        if found.relative_error <= tolerance:
            return found
        at_floor += found.relative_error <= 2.0**-53 * found.absolute(radius) * math.exp(radius)
        if at_floor == _ROUNDED_DEGREES:
            break
    best = _constructed(kind, 0, radius)
    for degree in range(1, last + 1):  # those that could be better in the digits shown
        if sup_error.alternation_error(degree, radius) < 0.999 * best.relative_error:
            best = min(best, _constructed(kind, degree, radius), key=lambda found: found.relative_error)
    hint = "reduce radius: rounding sets the limit" if at_floor else "raise max_degree"
    raise ApproximationError(
        f"tolerance is {tolerance!r}; with float64 coefficients and radius = {radius!r} the least relative "
        f"error of {kind} polynomials up to degree {last} is {best.relative_error:.3g}, at degree "
        f"{best.degree}: allow more, or {hint}"
    )


def aggarwal_alman_degree(error: float, bound: float) -> int:
    """⌈max{log(1/ε)/log(log(1/ε)/B), B}⌉: the order of the degree in [AS23], with 1 for its constant.

    Aggarwal & Alman 2022 show that the least degree of a polynomial within ε on [0, B] is of this order
    for B > 1 and ε < 0.1, and [AS23] derives relative error ε on [−B, B] from it.  An order says nothing
    about a given case: this is here to be shown beside degrees that are computed, and bounds nothing.
    Where log(1/ε) ≤ B the first term is not positive, and the second is the larger; just beyond, the first
    has a pole, and the value is far from any degree that is needed.

    Args:
        error: ε, between 0 and 1.
        bound: B > 0.

    Raises:
        UserInputError: an argument is out of range.
    """
    error, bound = _checked_number("error", error), _checked_number("bound", bound)
    if not 0 < error < 1:
        raise UserInputError(f"error is {error!r}; expected a number between 0 and 1, such as 1e-6")
    if bound == 0:
        raise UserInputError("bound is 0.0; expected a positive number: the largest |S_ij|")
    digits = -math.log(error)
    ratio = math.log(digits) - math.log(bound)
    return math.ceil(max(digits / ratio, bound) if ratio > 0 else bound)


def _checked(degree: Any, radius: Any, name: str = "degree") -> tuple[int, float]:
    """Degree and radius as an int and a float that the constructors can work with."""
    try:
        whole = -1 if isinstance(degree, bool | np.bool_) else operator.index(degree)
    except TypeError:
        whole = -1
    if whole < 0:
        raise UserInputError(
            f"{name} is {degree!r} ({type(degree).__name__}); expected an int >= 0: convert it with int()"
        )
    number = _checked_number("radius", radius)
    if whole > _MOST_DEGREE:
        raise ApproximationError(
            f"{name} is {whole}; expected at most {_MOST_DEGREE}: coefficients of higher degrees, about "
            "1/m!, are below the normal doubles"
        )
    if number > _MOST_RADIUS:
        raise ApproximationError(
            f"radius is {number!r}; expected at most {_MOST_RADIUS:g}: no polynomial of float64 coefficients "
            "follows exp that far; use the exact method, or smaller scores"
        )
    return whole, number


def _checked_number(name: str, value: Any) -> float:
    """A finite number that is not negative, as a float."""
    try:
        number = math.nan if isinstance(value, str | bytes | bool | np.bool_) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise UserInputError(
            f"{name} is {value!r} ({type(value).__name__}); expected a finite number >= 0: check how it was "
            "computed"
        )
    return number
