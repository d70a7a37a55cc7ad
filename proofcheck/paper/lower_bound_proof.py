"""What the proof of Lemma E.3 says on its way: Eqs. (7) to (10), and its constant 8.

One row of A is B·p with p ∈ [0, 1]^n, at least half of its entries 1.  The proof's "all the entries are in
the interval [1, B]" is not what the lemma says of A, whose entries lie in [0, B]: the equations are judged
over the lemma's matrices.  They are printed for all λ ∈ R, as the lemma is.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import (
    Bits,
    Claim,
    Declaration,
    HalfMax,
    Kind,
    Level,
    Positive,
    Real,
    all_of,
    at_most,
    equal,
)
from proofcheck.paper.lower_bound import FREE, f_first, f_second, slope_gaps

PROOF = "Alman & Song 2024, proof of Lemma E.3"
ROW: dict[str, Declaration] = {"p": HalfMax("n"), "V": Bits("n", "d"), "lam": Real(), "B": Positive()}
NORMALISER: dict[str, Declaration] = {"p": HalfMax("n"), "lam": Real(), "B": Positive()}
ABOVE_0: dict[str, Declaration] = {"lam": Positive()}
NEGATIVE = "for λ < 0 an entry below B has the larger exponential: it takes λ ≥ 0"


def weights(xp: Any, p: Any, lam: Any, B: Any) -> Any:
    """``e^{λ A_{i,j}}`` along one row."""
    return xp.exp(lam * B * p)


def b_of(xp: Any, p: Any, lam: Any, B: Any) -> Any:
    """``b(λ,i) = Σ_{k1,k2} e^{λ(A_{i,k1} + A_{i,k2})}``, which is the square of a sum."""
    return xp.sum(weights(xp, p, lam, B)) ** 2


def a_of(xp: Any, p: Any, V: Any, lam: Any, B: Any) -> Any:
    """``a(λ,i) = Σ_ℓ Σ_{j1,j2 ∈ S_ℓ} e^{λ(A_{i,j1} + A_{i,j2})}``."""
    return xp.sum((weights(xp, p, lam, B) @ V) ** 2)


def largest(xp: Any, lam: Any, B: Any) -> Any:
    """``e^{2Bλ}``."""
    return xp.exp(2 * B * lam)


eq_E_7 = Claim(
    "eq:E.7",
    kind=Kind.PROOF,
    title="Bounds on b",
    source=f"{PROOF}, Eq. (7)",
    quote="(n/2)² e^{2Bλ} ≤ b ≤ n² e^{2Bλ}",
    formula=r"(n/2)^2 e^{2B\lambda} \le b(\lambda,i) \le n^2 e^{2B\lambda}",
    given=NORMALISER,
)


def _eq_E_7(xp: Any, p: Any, lam: Any, B: Any, n: Any) -> Any:
    b, e = b_of(xp, p, lam, B), largest(xp, lam, B)
    return all_of(at_most(n * n * e / 4, b), at_most(b, n * n * e))


eq_E_7.printed(_eq_E_7)
eq_E_7.mended(because=NEGATIVE, given=ABOVE_0)(_eq_E_7)
eq_E_7.check(Level.EXACT, sizes=({"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}))

eq_E_8 = Claim(
    "eq:E.8",
    kind=Kind.PROOF,
    title="Bounds on b'",
    source=f"{PROOF}, Eq. (8)",
    quote="2b ≤ b' ≤ 2B b",
    formula=r"2 b(\lambda,i) \le b'(\lambda,i) \le 2B\, b(\lambda,i)",
    given=NORMALISER,
)


@eq_E_8.printed
def _(xp: Any, p: Any, lam: Any, B: Any) -> Any:
    b = b_of(xp, p, lam, B)
    slope = xp.gradient(lambda t: b_of(xp, p, t, B), lam)
    return all_of(at_most(2 * b, slope), at_most(slope, 2 * B * b))


@eq_E_8.mended(because="entries of A may be 0, or B less than 1: b' may be less than 2b, but not less than 0")
def _(xp: Any, p: Any, lam: Any, B: Any) -> Any:
    w = weights(xp, p, lam, B)
    slope = xp.gradient(lambda t: b_of(xp, p, t, B), lam)
    return all_of(
        at_most(0, slope, gap=2 * B * xp.sum(w) * xp.sum(w * p)),
        at_most(slope, 2 * B * b_of(xp, p, lam, B), gap=2 * B * xp.sum(w) * xp.sum(w * (1 - p))),
    )


eq_E_9 = Claim(
    "eq:E.9",
    kind=Kind.PROOF,
    title="Bounds on a",
    source=f"{PROOF}, Eq. (9)",
    quote="0 ≤ a ≤ n² e^{2Bλ}",
    formula=r"0 \le a(\lambda,i) \le n^2 e^{2B\lambda}",
    given=ROW,
)


@eq_E_9.printed
def _(xp: Any, p: Any, V: Any, lam: Any, B: Any, n: Any) -> Any:
    a = a_of(xp, p, V, lam, B)
    return all_of(at_most(0, a), at_most(a, n * n * largest(xp, lam, B)))


@eq_E_9.mended(
    because="a is a sum over the d columns of V: it takes d n² e^{2Bλ}; and " + NEGATIVE, given=ABOVE_0
)
def _(xp: Any, p: Any, V: Any, lam: Any, B: Any, n: Any, d: Any) -> Any:
    # n e^{λB} − Σ w v, of which one part is in the exponentials and one in the zeros of v.
    w, most = weights(xp, p, lam, B), xp.exp(lam * B)
    total, ones = w @ V, xp.ones(d)
    short = (w * (xp.exp(lam * B * (1 - p)) - 1)) @ V + most * (xp.ones(n) @ (1 - V))
    a = a_of(xp, p, V, lam, B)
    return all_of(
        at_most(0, a),
        at_most(a, d * n * n * largest(xp, lam, B), gap=xp.sum(short * (n * most * ones + total))),
    )


eq_E_9.check(
    Level.EXACT,
    sizes=({"n": 1, "d": 1}, {"n": 2, "d": 1}, {"n": 1, "d": 2}, {"n": 2, "d": 2}, {"n": 3, "d": 2}),
)

eq_E_10 = Claim(
    "eq:E.10",
    kind=Kind.PROOF,
    title="Bounds on a'",
    source=f"{PROOF}, Eq. (10)",
    quote="2a ≤ a' ≤ 2B a",
    formula=r"2 a(\lambda,i) \le a'(\lambda,i) \le 2B\, a(\lambda,i)",
    given=ROW,
)


@eq_E_10.printed
def _(xp: Any, p: Any, V: Any, lam: Any, B: Any) -> Any:
    a = a_of(xp, p, V, lam, B)
    slope = xp.gradient(lambda t: a_of(xp, p, V, t, B), lam)
    return all_of(at_most(2 * a, slope), at_most(slope, 2 * B * a))


@eq_E_10.mended(
    because="entries of A may be 0, or B less than 1: a' may be less than 2a, but not less than 0"
)
def _(xp: Any, p: Any, V: Any, lam: Any, B: Any) -> Any:
    w = weights(xp, p, lam, B)
    slope = xp.gradient(lambda t: a_of(xp, p, V, t, B), lam)
    total, part, rest = w @ V, (w * p) @ V, (w * (1 - p)) @ V
    return all_of(
        at_most(0, slope, gap=2 * B * xp.sum(total * part)),
        at_most(slope, 2 * B * a_of(xp, p, V, lam, B), gap=2 * B * xp.sum(total * rest)),
    )


prf_E_3 = Claim(
    "prf:E.3",
    kind=Kind.PROOF,
    title="|f'| ≤ 8 B n",
    source=PROOF,
    quote="f(λ) = Σ_i a(λ,i)/b(λ,i), giving |f'(λ)| ≤ 8 B n.",
    formula=r"|f'(\lambda)| \le 8Bn",
    given={"P": HalfMax("n", "n"), "V": Bits("n", "d"), "lam": Real(), "B": Positive()},
    uses=("eq:E.7", "eq:E.8", "eq:E.9", "eq:E.10"),
)


@prf_E_3.printed
def _(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any) -> Any:
    first = f_first(xp, P, V, lam, B)
    return all_of(
        at_most(first, 8 * B * n),
        at_most(-first, 8 * B * n),
    )


@prf_E_3.mended(
    because="a is a sum over the d columns of V: 8 B n fails from d = 28 on, (8/27) B n d is sharp",
    given=FREE,
)
def _(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any, d: Any) -> Any:
    first = f_first(xp, P, V, lam, B)
    up, down = slope_gaps(xp, P, V, lam, B, n, d)
    return all_of(
        at_most(first, 8 * B * n * d / 27, gap=2 * B * xp.sum(up)),
        at_most(-first, 8 * B * n * d / 27, gap=2 * B * xp.sum(down)),
    )


def second_by_quotients(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any) -> Any:
    """Σ_i (a'' − b'' f_i − 2 b' f_i') / b, every derivative by itself."""

    def row(i: Any) -> Any:
        p = P[i, :]

        def a(t: Any) -> Any:
            return a_of(xp, p, V, t, B)

        def b(t: Any) -> Any:
            return b_of(xp, p, t, B)

        def d1(g: Any, t: Any) -> Any:
            return xp.gradient(g, t)

        quotient, slope = a(lam) / b(lam), d1(lambda t: a(t) / b(t), lam)
        a2, b2 = (xp.gradient(lambda t, g=g: d1(g, t), lam) for g in (a, b))
        return (a2 - b2 * quotient - 2 * d1(b, lam) * slope) / b(lam)

    return xp.sum_over(row, n)


# Larger sizes leave no certificate over free symbols, and take long to find that out.
prf_E_3.check(Level.EXACT, sizes=({"n": 1, "d": 1}, {"n": 1, "d": 2}))

prf_E_3_second = Claim(
    "prf:E.3.second",
    kind=Kind.PROOF,
    title="f'' by quotients",
    source=PROOF,
    quote="f(λ) = Σ_i a(λ,i)/b(λ,i); f'' = Σ_i (a'' − b'' f(λ,i) − 2 b' f'(λ,i))/b with f(λ,i) = a/b.",
    formula=r"f'' = \sum_i \frac{a'' - b'' f_i - 2 b' f_i'}{b}",
    given={"P": Real("n", "n"), "V": Real("n", "d"), "lam": Real(), "B": Real()},
)


@prf_E_3_second.printed
def _(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any) -> Any:
    return equal(f_second(xp, P, V, lam, B), second_by_quotients(xp, P, V, lam, B, n))


prf_E_3_second.check(Level.EXACT, sizes=({"n": 1, "d": 1}, {"n": 2, "d": 1}))
