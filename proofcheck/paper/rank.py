"""The rank of a polynomial of Q Kᵀ/d: how many columns its factors have, need and have as n grows.

P(S) = Σ_t a_t S^t, entrywise, of S = Q Kᵀ/d is a sum over the monomials of degree ≤ g in d variables:

    P(S)_ij = Σ_m w_m q_i^m k_j^m,    w_m = a_{|m|} |m|! / (m! d^{|m|}),

so that C(d+g, g) columns suffice (AS23 prints C(2(g+d), 2g)).  No fewer do where all a_t > 0: at the points
m with |m| ≤ g as rows of Q and K, the matrix of monomials is invertible.

How k = C(d+g, g) grows: with L = log n, d = c L, 1/ε = n^a and B² = L/s, where B = o(√log n) says s → ∞, the
degree of `as23:poly` on [−B², B²] is at most g = γ L with γ = κ (a/log(a s) + 1/s), and

    log k ≤ g (1 + log(1 + d/g)) = L γ (1 + log(1 + c/γ)) = o(L),

since C(d+g, g) ≤ (d+g)^g/g! and g! ≥ (g/e)^g.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import flint

from proofcheck.claims import (
    Claim,
    Declaration,
    Kind,
    Level,
    Positive,
    Real,
    all_of,
    at_most,
    equal,
    has_shape,
)
from proofcheck.errors import OutsideCalculusError

SOURCE = "Alman & Song 2023 (AS23), Fast Attention Requires Bounded Entries,"
SMALL = tuple({"n": n, "d": d, "g": g} for n, d, g in ((1, 1, 1), (2, 1, 2), (2, 2, 2), (3, 2, 3), (2, 3, 2)))


@cache
def exponents(d: int, g: int) -> tuple[tuple[int, ...], ...]:
    """The multi-indices of degree at most g in d variables, by degree: C(d+g, g) of them."""
    every = (m for m in product(range(g + 1), repeat=d) if sum(m) <= g)
    return tuple(sorted(every, key=lambda m: (sum(m), m)))


def at_fixed_sizes(*sizes: Any) -> None:
    """Refuse sizes that are symbols.

    Raises:
        OutsideCalculusError: how many monomials there are is no polynomial in d and g.
    """
    if not all(isinstance(size, int) for size in sizes):
        raise OutsideCalculusError("the number of monomials is known at fixed d and g only")


def monomials(xp: Any, Q: Any, d: int, g: int) -> Any:
    """The n × C(d+g, g) matrix of q_i^m."""
    n = Q.shape[0]

    def column(number: int) -> Any:
        out = xp.ones(n)
        for variable, power in enumerate(exponents(d, g)[number - 1], start=1):
            out = out * Q[:, variable] ** power
        return out

    return xp.columns(column, math.comb(d + g, g))


def from_earlier(xp: Any, features: Any, Q: Any, d: int, g: int) -> Any:
    """The features again, each but the first as the product of one before it and a column of Q."""
    every = exponents(d, g)

    def column(number: int) -> Any:
        m = every[number - 1]
        if number == 1:
            return features[:, 1]
        variable = next(k for k, power in enumerate(m) if power)
        smaller = tuple(power - (k == variable) for k, power in enumerate(m))
        return features[:, every.index(smaller) + 1] * Q[:, variable + 1]

    return xp.columns(column, len(every))


def weights(xp: Any, a0: Any, a: Any, d: int, g: int) -> Any:
    """w_m for every monomial, as a vector."""
    degrees = [sum(m) for m in exponents(d, g)]
    numbers = [
        Fraction(math.factorial(t), d**t * math.prod(map(math.factorial, m)))
        for t, m in zip(degrees, exponents(d, g), strict=True)
    ]
    own = xp.rows(lambda row: (a[degrees[row - 1]] if degrees[row - 1] else a0) * xp.ones(1), len(degrees))
    return own[:, 1] * xp.array(numbers)


def polynomial(xp: Any, S: Any, a0: Any, a: Any, g: int) -> Any:
    """P(S) = a_0 + a_1 S + … + a_g S^g, entrywise."""
    total = a0 * xp.ones(*S.shape)
    for t in range(1, g + 1):
        total = total + a[t] * S**t
    return total


POLYNOMIAL: dict[str, Declaration] = {"a0": Real(), "a": Real("g")}

as23_rank = Claim(
    "as23:rank",
    kind=Kind.LEMMA,
    title="The rank of a polynomial of Q Kᵀ/d",
    source=f"{SOURCE} Section 3",
    quote="P(QKᵀ/d) has rank at most C(2(g+d), 2g), features computed row by row.",
    formula=r"\operatorname{rank} P(QK^\top/d) \le \binom{2(g+d)}{2g}",
    given={"Q": Real("n", "d"), "K": Real("n", "d"), **POLYNOMIAL},
)


@as23_rank.printed
def _(xp: Any, Q: Any, K: Any, a0: Any, a: Any, n: Any, d: Any, g: Any) -> Any:
    at_fixed_sizes(d, g)
    k = math.comb(d + g, g)
    U = monomials(xp, Q, d, g)
    V = xp.scale_rows(weights(xp, a0, a, d, g), monomials(xp, K, d, g).T).T
    return all_of(
        has_shape(U, (n, k)),
        has_shape(V, (n, k)),
        equal(U @ V.T, polynomial(xp, Q @ K.T / d, a0, a, g)),
        # Row by row: every feature but the first is an earlier one times a variable.
        equal(from_earlier(xp, U, Q, d, g), U),
        at_most(k, math.comb(2 * (g + d), 2 * g)),
    )


as23_rank.check(Level.EXACT, Level.NUMERIC, Level.COUNTEREXAMPLE, sizes=SMALL)

as23_rank_best = Claim(
    "as23:rank.best",
    kind=Kind.DERIVED,
    title="The smallest rank, and how it grows",
    source="derived here, for AS23 Section 3",
    quote="C(d+g, g) columns are needed where all coefficients are positive: at the points m of a grid with "
    "|m| ≤ g the matrix has that rank. And C(d+g, g) ≤ (e (1 + d/g))^g.",
    formula=r"\operatorname{rank} P(QK^\top/d) = \binom{d+g}{g} \le \Bigl(e\Bigl(1+\frac{d}{g}\Bigr)\Bigr)^g",
    # The steps of the grid are free: rows q m, entry by entry.
    given={"q": Positive("d"), "a0": Positive(), "a": Positive("g")},
    uses=("as23:rank",),
)


@cache
def inverse_of_grid(d: int, g: int) -> tuple[tuple[Fraction, ...], ...]:
    """The inverse of the matrix of monomials at the points m with |m| ≤ g, in fractions."""
    rows = [
        [math.prod(x**e for x, e in zip(at, m, strict=True)) for m in exponents(d, g)]
        for at in exponents(d, g)
    ]
    return tuple(
        tuple(Fraction(int(entry.p), int(entry.q)) for entry in row)
        for row in flint.fmpz_mat(rows).inv().tolist()
    )


def exponent_of_rank(xp: Any, s: Any, a: Any, c: Any, kappa: Any) -> Any:
    """An upper bound of log k / log n: γ (1 + log(1 + c/γ)) with γ = κ (a/log(a s) + 1/s)."""
    degree = kappa * (a / xp.log(a * s) + 1 / s)
    return degree * (1 + xp.log(1 + c / degree))


def exponent_of_dimension(xp: Any, s: Any, c: Any) -> Any:
    """The exponent of n in d = c log n, as a function of s = log n."""
    return xp.log(c * s) / s


@as23_rank_best.printed
def _(xp: Any, q: Any, a0: Any, a: Any, d: Any, g: Any) -> Any:
    at_fixed_sizes(d, g)
    k = math.comb(d + g, g)
    Q = xp.array(exponents(d, g)) @ xp.diag(q)
    inverse = xp.array(inverse_of_grid(d, g))
    P = polynomial(xp, Q @ Q.T / d, a0, a, g)
    # Congruent to a diagonal of positive numbers, P has full rank: w_m q^{2m} for every monomial m.
    squares = monomials(xp, xp.outer(xp.ones(1), q * q), d, g)[1, :]
    return all_of(
        equal(inverse @ P @ inverse.T, xp.diag(weights(xp, a0, a, d, g) * squares)),
        at_most(g**g * k, xp.exp(g * xp.ones(1)) * (d + g) ** g),
    )


as23_rank_best.check(
    Level.EXACT,
    Level.NUMERIC,
    Level.COUNTEREXAMPLE,
    sizes=tuple({"d": d, "g": g} for d, g in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (2, 3))),
)
