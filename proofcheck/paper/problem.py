"""Section 1: the layer, the optimisation problem and the gradient problem (Definitions 1.1 to 1.4)."""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Interval, Kind, Positive, Real, all_of, at_most, equal, has_shape
from proofcheck.paper.definitions import D_BY_D, N_BY_D
from proofcheck.paper.formulas import attention_loss, attention_output, row_softmax, squared_norm

def_1_1 = Claim(
    "def:1.1",
    kind=Kind.DEFINITION,
    title="One attention layer, forward",
    source="Alman & Song 2024, Definition 1.1",
    quote="Weights Q, K, V ∈ R^{d×d}, input E_l ∈ R^{n×d}: E_{l+1} = D^{-1} exp(E_l Q K^T E_l^T / d) E_l V, "
    "D = diag(exp(E_l Q K^T E_l^T / d) 1_n).",
    formula=r"E_{\ell+1} = D^{-1} \exp(E_\ell Q K^\top E_\ell^\top / d)\, E_\ell V",
    given={"Q": D_BY_D, "K": D_BY_D, "V": D_BY_D, "E_l": N_BY_D},
)


@def_1_1.printed
def _(xp: Any, Q: Any, K: Any, V: Any, E_l: Any, n: Any, d: Any) -> Any:
    weights = row_softmax(xp, E_l @ Q @ K.T @ E_l.T / d)
    layer = weights @ E_l @ V
    # Definition 1.2 is this layer with A1 = A2 = A3 = E_l, X = Q K^T and Y = V.
    same = attention_output(xp, E_l, E_l, E_l, Q @ K.T, V, d)
    return all_of(
        has_shape(layer, (n, d)),
        equal(xp.row_sums(weights), xp.ones(n)),
        equal(layer, same),
    )


def_1_2 = Claim(
    "def:1.2",
    kind=Kind.DEFINITION,
    title="Attention optimisation",
    source="Alman & Song 2024, Definition 1.2",
    quote="Given A1, A2, A3, E ∈ R^{n×d}, X ∈ R^{d×d} and a d × d size square matrix Y ∈ R: "
    "L(X) = 0.5 ||D(X)^{-1} exp(A1 X A2^T / d) A3 Y − E||_F^2, D(X) = diag(exp(A1 X A2^T / d) 1_n).",
    formula=r"L(X) = 0.5\, \| D(X)^{-1} \exp(A_1 X A_2^\top / d) A_3 Y - E \|_F^2",
    given={
        "A1": N_BY_D,
        "A2": N_BY_D,
        "A3": N_BY_D,
        "E": N_BY_D,
        "X": D_BY_D,
        "Y": (D_BY_D, Real()),
        "v": Real("d"),
    },
)


@def_1_2.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, v: Any, n: Any, d: Any) -> Any:
    return _sanity_of_loss(xp, A1, A2, A3, E, X, Y, v, n, d)


@def_1_2.mended(because="Y is a d×d matrix: Y ∈ R^{d×d}, not Y ∈ R", given={"Y": D_BY_D})
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, v: Any, n: Any, d: Any) -> Any:
    return _sanity_of_loss(xp, A1, A2, A3, E, X, Y, v, n, d)


def _sanity_of_loss(
    xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, v: Any, n: Any, d: Any
) -> Any:
    output = attention_output(xp, A1, A2, A3, X, Y, d)
    loss = attention_loss(xp, A1, A2, A3, E, X, Y, d)
    shifted_keys = A2 + xp.outer(xp.ones(n), v)
    return all_of(
        has_shape(output, (n, d)),
        has_shape(loss, ()),
        # The loss is half the squared distance from the output, and does not see a shift of all keys.
        equal(attention_loss(xp, A1, A2, A3, output - E, X, Y, d), 0.5 * squared_norm(xp, E)),
        equal(attention_loss(xp, A1, shifted_keys, A3, E, X, Y, d), loss),
    )


rem_1_3 = Claim(
    "rem:1.3",
    kind=Kind.REMARK,
    title="The output is linear in Y",
    source="Alman & Song 2024, Remark 1.3",
    quote="The output is linear in Y, so the gradient in Y is easy to add; X is the variable.",
    formula=r"\partial L / \partial Y = (f A_3)^\top (f A_3 Y - E)",
    given={
        "A1": N_BY_D,
        "A2": N_BY_D,
        "A3": N_BY_D,
        "E": N_BY_D,
        "X": D_BY_D,
        "Y": D_BY_D,
        "Z": D_BY_D,
        "s": Real(),
    },
    uses=("def:1.2",),
)


@rem_1_3.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, Z: Any, s: Any, d: Any) -> Any:
    def output(Y: Any) -> Any:
        return attention_output(xp, A1, A2, A3, X, Y, d)

    mixed = row_softmax(xp, A1 @ X @ A2.T / d) @ A3
    return all_of(
        equal(output(Y + s * Z), output(Y) + s * output(Z)),
        equal(
            xp.gradient(lambda Y: attention_loss(xp, A1, A2, A3, E, X, Y, d), Y),
            mixed.T @ (mixed @ Y - E),
        ),
    )


def_1_4 = Claim(
    "def:1.4",
    kind=Kind.DEFINITION,
    title="Approximate attention loss gradient, AAttLGC(n, d, ε)",
    source="Alman & Song 2024, Definition 1.4",
    quote="Given four n×d matrices A1, A2, A3, E and a square matrix Y ∈ R^{d×d}, ||A1 X||_∞ ≤ B, "
    "||A2||_∞ ≤ B for a positive B, all entries O(log n)-bit rationals, L(X) of Definition 1.2. Output a "
    "vector g~ with ||g~ − dL(X)/dX||_∞ ≤ ε, where ||A||_∞ = max_ij |A_ij|.",
    formula=r"\| \widetilde g - dL(X)/dX \|_\infty \le \epsilon",
    # The bounds are hypotheses, so they are built into the inputs: A2 = B P with |P| ≤ 1 and
    # A1 = (B/d) R with |R|, |X| ≤ 1.  An answer g~ is the gradient moved by at most ε anywhere.
    given={
        "R": Interval(-1, 1, "n", "d"),
        "P": Interval(-1, 1, "n", "d"),
        "A3": N_BY_D,
        "E": N_BY_D,
        "Y": D_BY_D,
        "B": Positive(),
        "eps": Positive(),
        "s": Interval(-1, 1, "d^2"),
    },
    uses=("def:1.2",),
)
def_1_4_X = {"X": Interval(-1, 1, "d", "d")}


@def_1_4.printed
def _(
    xp: Any, R: Any, P: Any, A3: Any, E: Any, X: Any, Y: Any, B: Any, eps: Any, s: Any, n: Any, d: Any
) -> Any:
    A1, A2 = R * B / d, P * B
    gradient = xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X)
    g = xp.vec(gradient) + eps * s  # the output, "a vector"
    return all_of(_entries_at_most(A1 @ X, B), _entries_at_most(A2, B), _entries_at_most(g - gradient, eps))


@def_1_4.mended(
    because="X is used but not among what is given; g~ is a vector, so it approximates vec(dL(X)/dX)",
    given=def_1_4_X,
)
def _(
    xp: Any, R: Any, P: Any, A3: Any, E: Any, X: Any, Y: Any, B: Any, eps: Any, s: Any, n: Any, d: Any
) -> Any:
    A1, A2 = R * B / d, P * B
    gradient = xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X)
    g = xp.vec(gradient) + eps * s
    return all_of(
        has_shape(g, (d * d,)),
        _entries_at_most(A1 @ X, B),
        _entries_at_most(A2, B),
        _entries_at_most(g - xp.vec(gradient), eps),
    )


def _entries_at_most(m: Any, bound: Any) -> Any:
    """``‖m‖_∞ ≤ bound`` with ‖m‖_∞ = max_ij |m_ij|."""
    return all_of(at_most(m, bound), at_most(-m, bound))
