"""Certificates that a sum of terms c·monomial·e^p has one sign on a box: beyond terms of one sign each.

Two more ways than :meth:`ExponentialPolynomials.certified_sign` has:

* *Dominance*: every negative term c·m·e^p has positive ones c'·m·e^q with c' in all at least |c| and
  q − p seen to be ≥ 0, as in n² e^{2λ} − Σ e^{λ(s + t)} for s, t ≤ 1.
* *Polynomials*: a polynomial that is of degree at most 1 in each variable but one takes its least value
  where the others are at ends of their intervals.  What is left has one variable, and its roots are
  counted exactly (Sturm), double ones too: 4/27 − x²(1 − x) touches 0 at x = 2/3.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from proofcheck.namespaces.exponential_polynomials import ExponentialPolynomials, Rational, Terms

__all__ = ["sign_on_box"]

_MOST_CORNERS = 256

Intervals = Mapping[str, tuple[Rational, Rational]]


def sign_on_box(
    ring: ExponentialPolynomials, terms: Terms, positive: frozenset[str], intervals: Intervals
) -> int | None:
    """1 where the sum is seen to be ≥ 0, -1 where it is seen to be ≤ 0, 0 for the sum 0, else None.

    Args:
        ring: of the terms.
        terms: the sum.
        positive: variables that are ≥ 0, without those of intervals.
        intervals: low and high of the others that are bounded.
    """
    moved = ring.over_intervals(terms, intervals)
    sign = ring.certified_sign(moved, positive | intervals.keys())
    if sign is not None:
        return sign
    for sign in (1, -1):
        if _dominated(ring, moved, sign, positive, intervals):
            return sign
        if _polynomial(ring, terms, sign, positive, intervals):
            return sign
    return None


def _dominated(
    ring: ExponentialPolynomials, moved: Terms, sign: int, positive: frozenset[str], intervals: Intervals
) -> bool:
    """Whether positive terms of sign·moved make up for its negative ones."""
    signed = [k for k, name in enumerate(ring.names) if name not in positive and name not in intervals]
    supply: list[list[Any]] = []  # monomial, exponent, what is left of the coefficient
    demand: list[tuple[Any, int, Any]] = []
    for p, coefficient in moved.items():
        for monomial, factor in coefficient.terms():
            if any(monomial[k] % 2 for k in signed):
                return False
            if factor * sign > 0:
                supply.append([monomial, p, factor * sign])
            else:
                demand.append((monomial, p, -factor * sign))
    known: dict[tuple[int, int], bool] = {}

    def covers(q: int, p: int) -> bool:
        if (q, p) not in known:
            difference = ring.exponents[q] - ring.exponents[p]
            gap = ring.over_intervals({0: difference}, intervals) if difference != 0 else {}
            known[q, p] = ring.certified_sign(gap, positive | intervals.keys()) in (0, 1)
        return known[q, p]

    for monomial, p, needed in demand:
        for source in supply:
            if needed > 0 and source[2] > 0 and source[0] == monomial and covers(source[1], p):
                taken = min(source[2], needed)
                source[2] -= taken
                needed -= taken
        if needed > 0:
            return False
    return True


def _polynomial(
    ring: ExponentialPolynomials, terms: Terms, sign: int, positive: frozenset[str], intervals: Intervals
) -> bool:
    """Whether sign·terms is a polynomial that is ≥ 0 on the box, decided by corners and by roots."""
    if terms.keys() != {0}:
        return False
    polynomial = {tuple(map(int, m)): Fraction(str(c)) * sign for m, c in terms[0].terms()}
    # A common factor of positive variables, such as a scale, changes no sign.
    for k, name in enumerate(ring.names):
        low = intervals.get(name, (1, 1))[0] if name in intervals else 0
        if (name in positive or name in intervals) and low >= 0:
            least = min(m[k] for m in polynomial)
            polynomial = {(*m[:k], m[k] - least, *m[k + 1 :]): c for m, c in polynomial.items()}
    used = [k for k in range(len(ring.names)) if any(m[k] for m in polynomial)]
    curved = [k for k in used if ring.names[k] not in intervals or any(m[k] > 1 for m in polynomial)]
    straight = [k for k in used if k not in curved]
    if len(curved) > 1 or 2 ** len(straight) > _MOST_CORNERS:
        return False
    ends = [[Fraction(str(end)) for end in intervals[ring.names[k]]] for k in straight]
    for corner in itertools.product(*ends):
        coefficients: dict[int, Fraction] = {}
        for m, c in polynomial.items():
            for k, value in zip(straight, corner, strict=True):
                c *= value ** m[k]
            power = m[curved[0]] if curved else 0
            coefficients[power] = coefficients.get(power, Fraction(0)) + c
        name = ring.names[curved[0]] if curved else ""
        low, high = intervals.get(name, (0 if name in positive else None, None))
        if not _nonnegative_between(coefficients, low, high):
            return False
    return True


def _nonnegative_between(coefficients: Mapping[int, Fraction], low: Any, high: Any) -> bool:
    """Whether Σ c_k x^k ≥ 0 for all low ≤ x ≤ high; ``None`` is an infinite end."""
    import sympy

    def rational(value: Any) -> Any:
        fraction = Fraction(str(value))
        return sympy.Rational(fraction.numerator, fraction.denominator)

    x = sympy.Symbol("x")
    whole = sympy.Poly({(k,): rational(c) for k, c in coefficients.items()}, x)
    ends = [None if end is None else rational(end) for end in (low, high)]
    if whole.is_zero:
        return True
    # The sign can change only at a root of odd multiplicity; between such roots one point decides.
    turning = sympy.Poly(1, x)
    for factor, multiplicity in whole.sqf_list()[1]:
        if multiplicity % 2:
            turning *= factor
    inside = turning.count_roots(*ends) if turning.degree() > 0 else 0
    inside -= sum(end is not None and turning.eval(end) == 0 for end in set(ends) if turning.degree() > 0)
    if inside:
        return False
    # Between the ends and off the roots, of which there are at most as many as the degree.
    start = ends[0] if ends[0] is not None else (ends[1] - 1 if ends[1] is not None else sympy.Integer(0))
    width = (ends[1] - start) if ends[1] is not None else sympy.Integer(1)
    points = (start + width * sympy.Rational(k, whole.degree() + 2) for k in range(1, whole.degree() + 2))
    values = [whole.eval(point) for point in (*points, start)]
    return bool(all(value >= 0 for value in values))
