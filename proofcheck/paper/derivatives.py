"""Gradients the paper leaves out: in Y (Remark 1.3), A1, A2 and A3, with the 1/d, and the Hessian in X.

These are not printed in the paper; they are what its method gives, for training all of a layer.
With S = A1 X A2ᵀ/d, f = row-softmax(S), c = f A3 Y − E, q = c (A3 Y)ᵀ and p as in Lemma C.6.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Declaration, Index, Kind, Level, equal
from proofcheck.paper.definitions import D_BY_D, LOSS, N_BY_D
from proofcheck.paper.formulas import attention_loss, f_matrix, loss_entry, p_matrix, q_matrix, row_softmax
from proofcheck.paper.gradient import column_of_block

LAYER: dict[str, Declaration] = {
    "A1": N_BY_D,
    "A2": N_BY_D,
    "A3": N_BY_D,
    "E": N_BY_D,
    "X": D_BY_D,
    "Y": D_BY_D,
}
LOSS_BY_ENTRY: dict[str, Declaration] = {name: LOSS[name] for name in ("A1", "A2", "A3", "x", "Y", "E")}
SOURCE = "derived here by the method of Alman & Song 2024, Appendix B"


def f_c_p(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> tuple[Any, Any, Any]:
    """f, c and p with the 1/d of Definition 1.2."""
    f = row_softmax(xp, A1 @ X @ A2.T / d)
    h = A3 @ Y
    c = f @ h - E
    weighted = f * (c @ h.T)
    return f, c, weighted - xp.scale_rows(xp.row_sums(weighted), f)


def _gradient_claim(name: str, formula: str, quote: str) -> Claim:
    return Claim(
        f"der:{name}",
        kind=Kind.DERIVED,
        title=f"Gradient in {name}",
        source=SOURCE,
        quote=quote,
        formula=formula,
        given=LAYER,
        uses=("def:1.2", "def:C.5"),
    )


der_X = _gradient_claim(
    "X", r"\frac{\partial L}{\partial X} = \tfrac1d A_1^\top p A_2", "dL/dX = A1^T p A2 / d."
)


@der_X.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    _, _, p = f_c_p(xp, A1, A2, A3, E, X, Y, d)
    return equal(
        xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X),
        A1.T @ p @ A2 / d,
    )


der_blocks = Claim(
    "der:blocks",
    kind=Kind.DERIVED,
    title="The gradient block by block",
    source="derived here; the step of Lemma C.7 from Eqs. (4) and (5) to the matrix form",
    quote="Σ_{j0} Σ_{i0} dL(x)_{j0,i0}/dx_i = Σ_{j0} ⟨A_{j0,i}, p(x)_{j0}⟩.",
    formula=r"\sum_{j_0} \sum_{i_0} \frac{dL(x)_{j_0,i_0}}{dx_i} = "
    r"\sum_{j_0} \langle \mathsf{A}_{j_0,i}, p(x)_{j_0} \rangle",
    given={**LOSS_BY_ENTRY, "i": Index("d^2")},
    uses=("eq:4", "eq:5", "def:C.5"),
)


@der_blocks.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, x: Any, Y: Any, E: Any, i: Any, n: Any, d: Any) -> Any:
    A = xp.kron(A1, A2)

    def loss(x: Any) -> Any:
        def row(j0: Any) -> Any:
            return xp.sum_over(lambda i0: loss_entry(xp, A, x, A3, Y, E, j0, i0, n), d)

        return xp.sum_over(row, n)

    p = p_matrix(xp, f_matrix(xp, A, x, n), q_matrix(xp, A, x, A3, Y, E, n, d), n)
    blocks = xp.sum_over(lambda j0: xp.inner(column_of_block(xp, A, j0, i, n), p[j0, :]), n)
    return equal(xp.D(loss, x)[i], blocks)


der_Y = _gradient_claim(
    "Y", r"\frac{\partial L}{\partial Y} = (f A_3)^\top c", "dL/dY = (f A3)^T c, by Remark 1.3."
)


@der_Y.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    f, c, _ = f_c_p(xp, A1, A2, A3, E, X, Y, d)
    return equal(
        xp.gradient(lambda Y: attention_loss(xp, A1, A2, A3, E, X, Y, d), Y),
        (f @ A3).T @ c,
    )


der_A1 = _gradient_claim(
    "A1", r"\frac{\partial L}{\partial A_1} = \tfrac1d p A_2 X^\top", "dL/dA1 = p A2 X^T / d."
)


@der_A1.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    _, _, p = f_c_p(xp, A1, A2, A3, E, X, Y, d)
    return equal(
        xp.gradient(lambda A1: attention_loss(xp, A1, A2, A3, E, X, Y, d), A1),
        p @ A2 @ X.T / d,
    )


der_A2 = _gradient_claim(
    "A2", r"\frac{\partial L}{\partial A_2} = \tfrac1d p^\top A_1 X", "dL/dA2 = p^T A1 X / d."
)


@der_A2.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    _, _, p = f_c_p(xp, A1, A2, A3, E, X, Y, d)
    return equal(
        xp.gradient(lambda A2: attention_loss(xp, A1, A2, A3, E, X, Y, d), A2),
        p.T @ A1 @ X / d,
    )


der_A3 = _gradient_claim("A3", r"\frac{\partial L}{\partial A_3} = f^\top c Y^\top", "dL/dA3 = f^T c Y^T.")


@der_A3.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    f, c, _ = f_c_p(xp, A1, A2, A3, E, X, Y, d)
    return equal(
        xp.gradient(lambda A3: attention_loss(xp, A1, A2, A3, E, X, Y, d), A3),
        f.T @ c @ Y.T,
    )


der_hessian = Claim(
    "der:hessian",
    kind=Kind.DERIVED,
    title="The Hessian in X is symmetric",
    source=SOURCE,
    quote="d²L / dX_{ij} dX_{km} = d²L / dX_{km} dX_{ij}.",
    formula=r"\frac{\partial^2 L}{\partial X_{ij}\,\partial X_{km}} = "
    r"\frac{\partial^2 L}{\partial X_{km}\,\partial X_{ij}}",
    given={**LAYER, "i": Index("d"), "j": Index("d"), "k": Index("d"), "m": Index("d")},
    uses=("der:X",),
)


@der_hessian.printed
def _(
    xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, i: Any, j: Any, k: Any, m: Any, d: Any
) -> Any:
    def slope(row: Any, column: Any) -> Any:
        return lambda X: xp.D(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X)[row, column]

    return equal(xp.D(slope(i, j), X)[k, m], xp.D(slope(k, m), X)[i, j])


# Two evaluations inside one another: the smallest sizes at which nothing is hidden are enough here.
der_hessian.check(Level.EXACT, sizes=({"n": 1, "d": 1}, {"n": 2, "d": 2}))
der_hessian.check(Level.FINITE_DIFFERENCE, sizes=({"n": 2, "d": 2},))
