r"""Monomials worth having: those whose terms, by the moments of the data, are not small.

A term of (1) of :mod:`proofcheck.numeric.monomials` is ω_β q^β k^β.  For independent coordinates its root
mean square over all pairs of a query and a key is ω_β ∏_a (E q_a^{2β_a})^{1/2} (E k_a^{2β_a})^{1/2}; with
P ≈ exp, ω_β ≈ 1/β!, this is

    v(β) = ∏_a u_a(β_a),    u_a(j) = (E q_a^{2j})^{1/2} (E k_a^{2j})^{1/2}/j!.                          (13)

With every u_a made non-increasing, {β : v(β) ≥ τ, |β| ≤ g} is downward closed: with β it has all that divides
it, so that each monomial is again made from an earlier one by a single product.  The set is found axis by
axis from the products that are above τ, so that the work is that of the set and not of C(d+g, d).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.monomials import Monomials

__all__ = ["axis_sizes", "monomials_of", "pruned_exponents"]

Floats = NDArray[np.float64]
Exponents = NDArray[np.int64]

_LADDER = 4.0  # from one threshold to the next, until what is dropped fits in
_RUNGS = 24


@np.errstate(over="ignore", invalid="ignore", under="ignore")
def axis_sizes(queries: Floats, keys: Floats, degree: int) -> Floats:
    """The u_a(j) of (13) for j ≤ ``degree``, each no larger than the one before: (r, degree + 1).

    Args:
        queries: those of a sample, (m, r), in the coordinates of the monomials.
        keys: the same.
        degree: g.
    """
    sizes = np.ones((queries.shape[1], degree + 1))
    for j in range(1, degree + 1):
        product = np.sqrt(np.mean(queries ** (2 * j), axis=0)) * np.sqrt(np.mean(keys ** (2 * j), axis=0))
        sizes[:, j] = np.nan_to_num(product / math.factorial(j), nan=np.inf, posinf=np.inf)
    return np.asarray(np.minimum.accumulate(sizes, axis=1))


def pruned_exponents(sizes: Floats, degree: int, allowed: float, most: int) -> Exponents | None:
    """The fewest multi-indices of degree at most ``degree`` whose complement has √(Σ v²) ≤ ``allowed``.

    Args:
        sizes: made by :func:`axis_sizes`.
        degree: g, at least 0.
        allowed: for the complement, positive.
        most: how many multi-indices there may be.

    Returns:
        A downward closed set that holds 0, (count, r), the largest v first; None if it would have more than
        ``most``, or if the sums cannot be told from their rounding.

    O(count · r) time and memory for the largest set looked at, which is at most a few times the result.
    """
    total = _total(sizes, degree)
    if allowed**2 <= 1e-17 * float(total):
        return None
    threshold = min(allowed, 1.0)
    for _ in range(_RUNGS):
        found = _above(sizes, degree, threshold, int(_LADDER) * most)
        if found is None:
            return None
        exponents, values = found
        order = np.lexsort((exponents.sum(axis=1), -values))
        squares = values[order].astype(np.longdouble) ** 2
        left = total - np.cumsum(squares)
        enough = np.flatnonzero(left <= np.longdouble(allowed) ** 2)
        if enough.size:
            count = int(enough[0]) + 1
            return exponents[order[:count]] if count <= most else None
        threshold /= _LADDER
    return None


def _total(sizes: Floats, degree: int) -> np.longdouble:
    """Σ v² over all multi-indices of degree at most g, as the coefficients of a product of polynomials."""
    series = np.zeros(degree + 1, dtype=np.longdouble)
    series[0] = 1
    for axis in sizes.astype(np.longdouble) ** 2:
        series = np.convolve(series, axis)[: degree + 1]
    return np.longdouble(np.sum(series))


def _above(sizes: Floats, degree: int, threshold: float, most: int) -> tuple[Exponents, Floats] | None:
    """All multi-indices with v ≥ ``threshold``, and their v; None if there are more than ``most``."""
    axes = sizes.shape[0]
    exponents, values = np.zeros((1, axes), dtype=np.int64), np.ones(1)
    for axis in range(axes):
        parts, sized = [exponents], [values]
        for power in range(1, degree + 1):
            # A prefix that is too small with this power is too small with every higher one.
            larger = values * sizes[axis, power]
            kept = (larger >= threshold) & (exponents.sum(axis=1) + power <= degree)
            if not kept.any():
                break
            added = exponents[kept].copy()
            added[:, axis] = power
            parts.append(added)
            sized.append(larger[kept])
        exponents, values = np.concatenate(parts), np.concatenate(sized)
        if len(values) > most:
            return None
    return exponents, values


def monomials_of(exponents: Exponents) -> Monomials:
    """The monomials of a downward closed set, by degree, then lexicographically.

    Args:
        exponents: its multi-indices in any order, (count, variables), 0 among them.

    Raises:
        ValueError: the set is not downward closed.

    O(count · variables) time.
    """
    degrees = exponents.sum(axis=1)
    order = np.lexsort((*(-column for column in exponents.T[::-1]), degrees))
    exponents, degrees = exponents[order], degrees[order]
    place = {row.tobytes(): number for number, row in enumerate(exponents)}
    firsts = np.argmax(exponents > 0, axis=1)  # the variable that each is a product by
    below = exponents.copy()
    below[np.arange(1, len(below)), firsts[1:]] -= 1
    steps: list[tuple[int, slice, slice]] = []
    for number in range(1, len(exponents)):
        variable = int(firsts[number])
        source = place.get(below[number].tobytes())
        if source is None:
            raise ValueError(f"{exponents[number].tolist()} is in the set, and a divisor of it is not")
        if steps:
            last, target, read = steps[-1]
            if last == variable and read.stop == source and degrees[target.start] == degrees[number]:
                steps[-1] = (last, slice(target.start, number + 1), slice(read.start, source + 1))
                continue
        steps.append((variable, slice(number, number + 1), slice(source, source + 1)))
    return Monomials.of(exponents, tuple(steps))
