"""Claims about the reductions: embeddings, scores, outputs, thresholds and how many points a decoder takes.

Found by the entry point group ``proofcheck.claims``.  What is proved here is proved about formulas; that the
code of the steps computes them is tested by brute force.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import (
    Bits,
    Claim,
    Kind,
    Positive,
    Real,
    all_of,
    equal,
)

SOURCE = "derived here, for the chain behind Alman & Song 2024, Theorem E.5"

split = Claim(
    "red:split",
    kind=Kind.DERIVED,
    title="Split and list",
    source=SOURCE,
    quote="a_k = 1 if the left half satisfies no literal of clause k, b_k for the right half: ⟨a, b⟩ is the "
    "number of clauses left unsatisfied. Here clauses of three literals, two of them on the left.",
    formula=r"\langle a, b \rangle = \#\{k : u_k \vee v_k \vee w_k \text{ is false}\}",
    # Whether the first, second and third literal of each clause is true.
    given={"u": Bits("m"), "v": Bits("m"), "w": Bits("m")},
)


@split.printed
def _(xp: Any, u: Any, v: Any, w: Any, m: Any) -> Any:
    # Inclusion and exclusion: 1 where one of the three is 1.
    satisfied = u + v + w - u * v - u * w - v * w + u * v * w
    return equal(xp.inner((1 - u) * (1 - v), 1 - w), m - xp.sum(satisfied))


direct = Claim(
    "red:direct",
    kind=Kind.DERIVED,
    title="The direct embedding",
    source=SOURCE,
    quote="a → (1−a, a, 0), b → (1, 1−b, b): inner product m − ⟨a,b⟩, Hamming distance m + 2⟨a,b⟩.",
    formula=r"\langle a', b' \rangle = m - \langle a, b \rangle,\quad "
    r"\|a' - b'\|_1 = m + 2 \langle a, b \rangle",
    given={"a": Bits("m"), "b": Bits("m")},
)


@direct.printed
def _(xp: Any, a: Any, b: Any, m: Any) -> Any:
    product = xp.inner(1 - a, xp.ones(m)) + xp.inner(a, 1 - b)
    left = xp.sum(1 - a) + xp.sum(a)
    right = m + xp.sum(1 - b) + xp.sum(b)
    return all_of(
        equal(product, m - xp.inner(a, b)),
        # |a'| + |b'| − 2⟨a', b'⟩, which is the Hamming distance of bits.
        equal(left + right - 2 * product, m + 2 * xp.inner(a, b)),
    )


pcp = Claim(
    "red:pcp",
    kind=Kind.DERIVED,
    title="The distributed PCP: orthogonal blocks of two",
    source=SOURCE,
    quote="a_j, b_j the lines through the bits of block j at 0 and 1: S = Σ_j a_j b_j has S(i) = Σ_j a_ji "
    "b_ji, and S(x) = S(0)(1 − x) + S(1) x + Z(x) R with Z = x(x − 1): if ⟨a, b⟩ = 0 then S = Z R, an "
    "advice. An identity with integer coefficients holds in every field.",
    formula=r"\sum_j a_j(x) b_j(x) = (1-x)\,S(0) + x\,S(1) + x(x-1)\,R",
    # Two bits of each of T blocks.
    given={"a": Bits("T"), "a1": Bits("T"), "b": Bits("T"), "b1": Bits("T"), "x": Real()},
)


@pcp.printed
def _(xp: Any, a: Any, a1: Any, b: Any, b1: Any, x: Any) -> Any:
    def total(x: Any) -> Any:
        return xp.inner((1 - x) * a + x * a1, (1 - x) * b + x * b1)

    rest = xp.inner(a1 - a, b1 - b)
    return all_of(
        equal(total(0 * x), xp.inner(a, b)),
        equal(total(0 * x + 1), xp.inner(a1, b1)),
        equal(total(x), (1 - x) * xp.inner(a, b) + x * xp.inner(a1, b1) + x * (x - 1) * rest),
    )


roots = Claim(
    "red:pcp.roots",
    kind=Kind.DERIVED,
    title="The distributed PCP: what is not orthogonal is found out",
    source=SOURCE,
    quote="F = S − Z R* has degree 2 = 2(s − 1) at most, and F(0) = S(0), F(1) = S(1), of which one is not 0 "
    "mod q > T. With three roots all coefficients would be 0, the leading one first.",
    formula=r"F(x)(y-z) + F(y)(z-x) + F(z)(x-y) = -\gamma\,(x-y)(y-z)(z-x),\quad F(x) = \alpha + \beta x + "
    r"\gamma x^2",
    given={"alpha": Real(), "beta": Real(), "gamma": Real(), "x": Real("k"), "y": Real("k"), "z": Real("k")},
)


@roots.printed
def _(xp: Any, alpha: Any, beta: Any, gamma: Any, x: Any, y: Any, z: Any) -> Any:
    def F(t: Any) -> Any:
        return alpha + beta * t + gamma * t * t

    return equal(F(x) * (y - z) + F(y) * (z - x) + F(z) * (x - y), -gamma * (x - y) * (y - z) * (z - x))


scores = Claim(
    "red:scores",
    kind=Kind.DERIVED,
    title="Scores of the hard instances",
    source=SOURCE,
    quote="Q = σ [a', p], K = σ [b', 0] and σ [0, p]: the scores QKᵀ/d are γ⟨a',b'⟩ and γM, with "
    "γ = σ²/d and M = ‖p‖².",
    formula=r"QK^\top/d = \gamma \langle a', b' \rangle \text{ and } \gamma M",
    given={"a": Bits("D"), "b": Bits("D"), "p": Real("k"), "sigma": Positive(), "d": Positive()},
)


@scores.printed
def _(xp: Any, a: Any, b: Any, p: Any, sigma: Any, d: Any) -> Any:
    gamma = sigma * sigma / d

    def product(query: tuple[Any, Any], key: tuple[Any, Any]) -> Any:
        return sum(xp.inner(sigma * x, sigma * y) for x, y in zip(query, key, strict=True)) / d

    return all_of(
        equal(product((a, p), (b, 0 * p)), gamma * xp.inner(a, b)),
        equal(product((a, p), (0 * b, p)), gamma * xp.inner(p, p)),
    )


output = Claim(
    "red:output",
    kind=Kind.DERIVED,
    title="One row of the output, and its slope",
    source=SOURCE,
    quote="With N keys of scores B − u_j and N of B, o(λ) = x/(x + N), x = Σ_j e^{−λ u_j}, and "
    "o'(1) = −N Σ_j u_j e^{−u_j}/(x + N)².",
    formula=r"o = \frac{x}{x+N},\quad o' = -\frac{N \sum_j u_j e^{-u_j}}{(x+N)^2},\quad x = \sum_j e^{-u_j}",
    given={"u": Real("N"), "B": Real(), "lam": Real()},
)


@output.printed
def _(xp: Any, u: Any, B: Any, lam: Any, N: Any) -> Any:
    def first(t: Any) -> Any:
        return xp.exp(t * (B * xp.ones(N) - u))

    def o(t: Any) -> Any:
        return xp.sum(first(t)) / (xp.sum(first(t)) + xp.sum(xp.exp(t * B * xp.ones(N))))

    kept = xp.exp(-lam * u)
    x = xp.sum(kept)
    return all_of(
        equal(o(lam), x / (x + N)),
        equal(xp.gradient(o, lam), -N * xp.sum(u * kept) / (x + N) ** 2),
    )
