"""Section 3.2: Definitions 3.2 to 3.7, each with the relations a sound definition must satisfy.

These definitions, as Appendix B does, leave out the 1/d of Definition 1.2.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Declaration, Index, Kind, Real, all_of, at_most, equal, has_shape
from proofcheck.paper.formulas import (
    c_entry,
    c_matrix,
    f_matrix,
    f_row,
    h_column,
    h_matrix,
    loss_entry,
    normaliser,
    u_row,
)

N_BY_D = Real("n", "d")
D_BY_D = Real("d", "d")
SCORES: dict[str, Declaration] = {"A1": N_BY_D, "A2": N_BY_D, "x": Real("d^2"), "j0": Index("n")}
"""What f(x)_{j0} depends on: A = A1 ⊗ A2, x and the row."""
LOSS: dict[str, Declaration] = {**SCORES, "A3": N_BY_D, "Y": D_BY_D, "E": N_BY_D, "i0": Index("d")}
"""What L(x)_{j0,i0} depends on."""

def_3_2 = Claim(
    "def:3.2",
    kind=Kind.DEFINITION,
    title="A, its blocks, x and u(x)",
    source="Alman & Song 2024, Definition 3.2",
    quote="A = A1 ⊗ A2 ∈ R^{n²×d²}, A_{j0} its j0-th block of n rows, x = vec(X) ∈ R^{d²}. "
    "u(x)_{j0} = exp(A_{j0} x) ∈ R^n.",
    formula=r"u(x)_{j_0} = \exp(\mathsf{A}_{j_0} x)",
    given={"A1": N_BY_D, "A2": N_BY_D, "X": D_BY_D, "j0": Index("n"), "j1": Index("n")},
    uses=("not:kronecker",),
)


@def_3_2.printed
def _(xp: Any, A1: Any, A2: Any, X: Any, j0: Any, j1: Any, n: Any, d: Any) -> Any:
    A, x = xp.kron(A1, A2), xp.vec(X)
    u = u_row(xp, A, x, j0, n)
    return all_of(
        has_shape(A, (n * n, d * d)),
        has_shape(x, (d * d,)),
        has_shape(xp.block(A, j0, n), (n, d * d)),
        has_shape(u, (n,)),
        equal(xp.block(A, j0, n)[j1, :], A[(j0 - 1) * n + j1, :]),
        equal(u[j1], xp.exp(xp.inner(A[(j0 - 1) * n + j1, :], x))),
        at_most(0 * u, u),
    )


def_3_3 = Claim(
    "def:3.3",
    kind=Kind.DEFINITION,
    title="The normaliser α(x)",
    source="Alman & Song 2024, Definition 3.3",
    quote="α(x)_{j0} = ⟨exp(A_{j0} x), 1_n⟩.",
    formula=r"\alpha(x)_{j_0} = \langle \exp(\mathsf{A}_{j_0} x), \mathbf{1}_n \rangle",
    given=SCORES,
    uses=("def:3.2",),
)


@def_3_3.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, j0: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    alpha = normaliser(xp, A, x, j0, n)
    return all_of(
        has_shape(alpha, ()), equal(alpha, xp.sum(u_row(xp, A, x, j0, n))), at_most(0 * alpha, alpha)
    )


def_3_4 = Claim(
    "def:3.4",
    kind=Kind.DEFINITION,
    title="The softmax rows f(x)",
    source="Alman & Song 2024, Definition 3.4",
    quote="f(x)_{j0} = α(x)_{j0}^{-1} u(x)_{j0}; f(x) ∈ R^{n×n} has row j0 equal to f(x)_{j0}^T.",
    formula=r"f(x)_{j_0} = \alpha(x)_{j_0}^{-1} u(x)_{j_0}",
    given=SCORES,
    uses=("def:3.2", "def:3.3"),
)


@def_3_4.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, j0: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    f = f_matrix(xp, A, x, n)
    row = f_row(xp, A, x, j0, n)
    return all_of(
        has_shape(f, (n, n)),
        equal(f[j0, :], row),
        equal(normaliser(xp, A, x, j0, n) * row, u_row(xp, A, x, j0, n)),
        equal(xp.row_sums(f), xp.ones(n)),
        at_most(0 * row, row),
        at_most(row, xp.ones(n)),
    )


def_3_5 = Claim(
    "def:3.5",
    kind=Kind.DEFINITION,
    title="The values h(y)",
    source="Alman & Song 2024, Definition 3.5",
    quote="h(y)_{i0} = A3 Y_{*,i0} ∈ R^n; h(y) ∈ R^{n×d} has these as columns.",
    formula=r"h(y)_{i_0} = A_3 Y_{*,i_0}",
    given={"A3": N_BY_D, "Y": D_BY_D, "i0": Index("d")},
)


@def_3_5.printed
def _(xp: Any, A3: Any, Y: Any, i0: Any, n: Any, d: Any) -> Any:
    h, column = h_matrix(xp, A3, Y, d), h_column(xp, A3, Y, i0)
    return all_of(has_shape(column, (n,)), has_shape(h, (n, d)), equal(h[:, i0], column), equal(h, A3 @ Y))


def_3_6 = Claim(
    "def:3.6",
    kind=Kind.DEFINITION,
    title="The residual c(x, y)",
    source="Alman & Song 2024, Definition 3.6",
    quote="c(x,y)_{j0,i0} = ⟨f(x)_{j0}, h(y)_{i0}⟩ − E_{j0,i0}, that is c = f h − E ∈ R^{n×d}.",
    formula=r"c(x,y)_{j_0,i_0} = \langle f(x)_{j_0}, h(y)_{i_0} \rangle - E_{j_0,i_0}",
    given=LOSS,
    uses=("def:3.4", "def:3.5"),
)


@def_3_6.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, x: Any, Y: Any, E: Any, j0: Any, i0: Any, n: Any, d: Any) -> Any:
    A = xp.kron(A1, A2)
    c = c_matrix(xp, A, x, A3, Y, E, n, d)
    return all_of(
        has_shape(c, (n, d)),
        equal(c_entry(xp, A, x, A3, Y, E, j0, i0, n), c[j0, i0]),
    )


def_3_7 = Claim(
    "def:3.7",
    kind=Kind.DEFINITION,
    title="The loss of one entry",
    source="Alman & Song 2024, Definition 3.7",
    quote="L(x)_{j0,i0} = 0.5 c(x,y)_{j0,i0}².",
    formula=r"L(x)_{j_0,i_0} = 0.5\, c(x,y)_{j_0,i_0}^2",
    given=LOSS,
    uses=("def:3.6",),
)


@def_3_7.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, x: Any, Y: Any, E: Any, j0: Any, i0: Any, n: Any, d: Any) -> Any:
    A = xp.kron(A1, A2)
    loss = loss_entry(xp, A, x, A3, Y, E, j0, i0, n)
    c = c_matrix(xp, A, x, A3, Y, E, n, d)
    return all_of(has_shape(loss, ()), equal(loss + loss, c[j0, i0] * c[j0, i0]))
