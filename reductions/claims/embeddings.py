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
