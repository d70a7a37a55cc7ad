"""Appendix B and Lemma C.7: the gradient, part by part; Figures 1 and 2 as claims about shapes.

Appendix B leaves out the 1/d of Definition 1.2 ("only a rescaling"); Lemma B.1 is about Definition
3.7, which leaves it out too, while Lemma C.7 is stated for Definition 1.2, which has it.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Declaration, Index, Kind, Real, all_of, equal, has_shape
from proofcheck.paper.definitions import D_BY_D, LOSS, N_BY_D, SCORES
from proofcheck.paper.formulas import (
    attention_loss,
    c_entry,
    c_matrix,
    f_matrix,
    f_row,
    h_column,
    loss_entry,
    normaliser,
    p_matrix,
    q_matrix,
    row_jacobian,
    u_row,
)

COORDINATE: dict[str, Declaration] = {"i": Index("d^2")}
SOURCE = "Alman & Song 2024, Lemma B.1, part"
NOTE = " (A_{j0,i} is the i-th column of A_{j0}.)"


def column_of_block(xp: Any, A: Any, j0: Any, i: Any, n: Any) -> Any:
    """``A_{j0,i} ∈ R^n``: the i-th column of the j0-th block."""
    return xp.block(A, j0, n)[:, i]


lem_B_1_1 = Claim(
    "lem:B.1.1",
    kind=Kind.LEMMA,
    title="Derivative of x",
    source=f"{SOURCE} 1",
    quote="dx/dx_i = e_i.",
    formula=r"\frac{dx}{dx_i} = e_i",
    given={"x": Real("d^2"), **COORDINATE},
)


@lem_B_1_1.printed
def _(xp: Any, x: Any, i: Any, d: Any) -> Any:
    return equal(xp.D(lambda x: x, x)[i], xp.eye(d * d)[:, i])


lem_B_1_2 = Claim(
    "lem:B.1.2",
    kind=Kind.LEMMA,
    title="Derivative of the scores",
    source=f"{SOURCE} 2",
    quote="d(A_{j0} x)/dx_i = A_{j0,i}, stated as (A_{j0})_i." + NOTE,
    formula=r"\frac{d\,\mathsf{A}_{j_0} x}{dx_i} = \mathsf{A}_{j_0,i}",
    given={**SCORES, **COORDINATE},
    uses=("def:3.2", "lem:B.1.1"),
)


@lem_B_1_2.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, j0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    return equal(xp.D(lambda x: xp.block(A, j0, n) @ x, x)[i], column_of_block(xp, A, j0, i, n))


lem_B_1_3 = Claim(
    "lem:B.1.3",
    kind=Kind.LEMMA,
    title="Derivative of u",
    source=f"{SOURCE} 3",
    quote="du(x)_{j0}/dx_i = A_{j0,i} ∘ u(x)_{j0}." + NOTE,
    formula=r"\frac{du(x)_{j_0}}{dx_i} = \mathsf{A}_{j_0,i} \circ u(x)_{j_0}",
    given={**SCORES, **COORDINATE},
    uses=("lem:B.1.2",),
)


@lem_B_1_3.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, j0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    return equal(
        xp.D(lambda x: u_row(xp, A, x, j0, n), x)[i],
        column_of_block(xp, A, j0, i, n) * u_row(xp, A, x, j0, n),
    )


lem_B_1_4 = Claim(
    "lem:B.1.4",
    kind=Kind.LEMMA,
    title="Derivative of α",
    source=f"{SOURCE} 4",
    quote="dα(x)_{j0}/dx_i = ⟨A_{j0,i}, u(x)_{j0}⟩." + NOTE,
    formula=r"\frac{d\alpha(x)_{j_0}}{dx_i} = \langle \mathsf{A}_{j_0,i}, u(x)_{j_0} \rangle",
    given={**SCORES, **COORDINATE},
    uses=("def:3.3", "lem:B.1.3", "fact:A.1"),
)


@lem_B_1_4.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, j0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    return equal(
        xp.D(lambda x: normaliser(xp, A, x, j0, n), x)[i],
        xp.inner(column_of_block(xp, A, j0, i, n), u_row(xp, A, x, j0, n)),
    )


lem_B_1_5 = Claim(
    "lem:B.1.5",
    kind=Kind.LEMMA,
    title="Derivative of f",
    source=f"{SOURCE} 5",
    quote="df(x)_{j0}/dx_i = A_{j0,i} ∘ f(x)_{j0} − ⟨A_{j0,i}, f(x)_{j0}⟩ f(x)_{j0}." + NOTE,
    formula=r"\frac{df(x)_{j_0}}{dx_i} = \mathsf{A}_{j_0,i} \circ f(x)_{j_0} "
    r"- \langle \mathsf{A}_{j_0,i}, f(x)_{j_0} \rangle f(x)_{j_0}",
    given={**SCORES, **COORDINATE},
    uses=("def:3.4", "lem:B.1.3", "lem:B.1.4"),
)


@lem_B_1_5.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, j0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    a, f = column_of_block(xp, A, j0, i, n), f_row(xp, A, x, j0, n)
    return equal(xp.D(lambda x: f_row(xp, A, x, j0, n), x)[i], a * f - xp.inner(a, f) * f)


HEADS: dict[str, Declaration] = {**SCORES, "A3": N_BY_D, "Y": D_BY_D, "i0": Index("d"), **COORDINATE}

lem_B_1_6 = Claim(
    "lem:B.1.6",
    kind=Kind.LEMMA,
    title="Derivative of ⟨f, h⟩",
    source=f"{SOURCE} 6",
    quote="d⟨f(x)_{j0}, h(y)_{i0}⟩/dx_i = ⟨h(y)_{i0}, A_{j0,i} ∘ f(x)_{j0}⟩ "
    "− ⟨h(y)_{i0}, f(x)_{j0}⟩ ⟨A_{j0,i}, f(x)_{j0}⟩." + NOTE,
    formula=r"\frac{d\langle f(x)_{j_0}, h(y)_{i_0} \rangle}{dx_i} = "
    r"\langle h(y)_{i_0}, \mathsf{A}_{j_0,i} \circ f(x)_{j_0} \rangle "
    r"- \langle h(y)_{i_0}, f(x)_{j_0} \rangle \langle \mathsf{A}_{j_0,i}, f(x)_{j_0} \rangle",
    given=HEADS,
    uses=("def:3.5", "lem:B.1.5"),
)


def _part_6(xp: Any, A: Any, x: Any, A3: Any, Y: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    """The right-hand side of part 6."""
    a, f = column_of_block(xp, A, j0, i, n), f_row(xp, A, x, j0, n)
    h = h_column(xp, A3, Y, i0)
    return xp.inner(h, a * f) - xp.inner(h, f) * xp.inner(a, f)


@lem_B_1_6.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A, h = xp.kron(A1, A2), h_column(xp, A3, Y, i0)
    return equal(
        xp.D(lambda x: xp.inner(f_row(xp, A, x, j0, n), h), x)[i],
        _part_6(xp, A, x, A3, Y, j0, i0, i, n),
    )


lem_B_1_7 = Claim(
    "lem:B.1.7",
    kind=Kind.LEMMA,
    title="Derivative of c",
    source=f"{SOURCE} 7",
    quote="dc(x)_{j0,i0}/dx_i = the right-hand side of part 6." + NOTE,
    formula=r"\frac{dc(x)_{j_0,i_0}}{dx_i} = "
    r"\langle h(y)_{i_0}, \mathsf{A}_{j_0,i} \circ f(x)_{j_0} \rangle "
    r"- \langle h(y)_{i_0}, f(x)_{j_0} \rangle \langle \mathsf{A}_{j_0,i}, f(x)_{j_0} \rangle",
    given={**LOSS, **COORDINATE},
    uses=("def:3.6", "lem:B.1.6"),
)


@lem_B_1_7.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    return equal(
        xp.D(lambda x: c_entry(xp, A, x, A3, Y, E, j0, i0, n), x)[i],
        _part_6(xp, A, x, A3, Y, j0, i0, i, n),
    )


prf_B_1_7 = Claim(
    "prf:B.1.7",
    kind=Kind.PROOF,
    title="Which part gives the derivative of c",
    source="Alman & Song 2024, proof of Lemma B.1, part 7",
    quote='Part 7 follows from "Part 4": dc(x)_{j0,i0}/dx_i is the right-hand side of part 4.',
    formula=r"\frac{dc(x)_{j_0,i_0}}{dx_i} \overset{\text{Part 4}}{=} \dots",
    given={**LOSS, **COORDINATE},
    uses=("lem:B.1.7",),
)


@prf_B_1_7.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    return equal(
        xp.D(lambda x: c_entry(xp, A, x, A3, Y, E, j0, i0, n), x)[i],
        xp.inner(column_of_block(xp, A, j0, i, n), u_row(xp, A, x, j0, n)),
    )


@prf_B_1_7.mended(because="part 4 is the derivative of α; the derivative of c is that of ⟨f, h⟩, part 6")
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    h = h_column(xp, A3, Y, i0)
    return equal(
        xp.D(lambda x: c_entry(xp, A, x, A3, Y, E, j0, i0, n), x)[i],
        xp.D(lambda x: xp.inner(f_row(xp, A, x, j0, n), h), x)[i],
    )


lem_B_1_8 = Claim(
    "lem:B.1.8",
    kind=Kind.LEMMA,
    title="Derivative of the loss of one entry",
    source=f"{SOURCE} 8",
    quote="dL(x)_{j0,i0}/dx_i = c(x)_{j0,i0} (⟨h(y)_{i0}, A_{j0,i} ∘ f(x)_{j0}⟩ "
    "− ⟨f(x)_{j0}, A_{j0,i}⟩ ⟨h(y)_{i0}, f(x)_{j0}⟩)." + NOTE,
    formula=r"\frac{dL(x)_{j_0,i_0}}{dx_i} = c(x)_{j_0,i_0} \left( "
    r"\langle h(y)_{i_0}, \mathsf{A}_{j_0,i} \circ f(x)_{j_0} \rangle "
    r"- \langle f(x)_{j_0}, \mathsf{A}_{j_0,i} \rangle \langle h(y)_{i_0}, f(x)_{j_0} \rangle \right)",
    given={**LOSS, **COORDINATE},
    uses=("def:3.7", "lem:B.1.7"),
)


@lem_B_1_8.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    a, f = column_of_block(xp, A, j0, i, n), f_row(xp, A, x, j0, n)
    h, c = h_column(xp, A3, Y, i0), c_entry(xp, A, x, A3, Y, E, j0, i0, n)
    return equal(
        xp.D(lambda x: loss_entry(xp, A, x, A3, Y, E, j0, i0, n), x)[i],
        c * (xp.inner(h, a * f) - xp.inner(f, a) * xp.inner(h, f)),
    )


prf_B_1_8 = Claim(
    "prf:B.1.8",
    kind=Kind.PROOF,
    title="Which part gives the derivative of the loss",
    source="Alman & Song 2024, proof of Lemma B.1, part 8",
    quote='Part 8 follows from "Part 5": dL(x)_{j0,i0}/dx_i = c(x)_{j0,i0} times the right-hand side '
    "of part 5.",
    formula=r"\frac{dL(x)_{j_0,i_0}}{dx_i} \overset{\text{Part 5}}{=} c(x)_{j_0,i_0} \cdot \dots",
    given={**LOSS, **COORDINATE},
    uses=("lem:B.1.8",),
)


@prf_B_1_8.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    a, f = column_of_block(xp, A, j0, i, n), f_row(xp, A, x, j0, n)
    c = c_entry(xp, A, x, A3, Y, E, j0, i0, n)
    return equal(
        xp.D(lambda x: loss_entry(xp, A, x, A3, Y, E, j0, i0, n), x)[i],
        c * (a * f - xp.inner(a, f) * f),
    )


@prf_B_1_8.mended(because="part 5 is the derivative of f, a vector; the chain rule needs that of c, part 7")
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    return equal(
        xp.D(lambda x: loss_entry(xp, A, x, A3, Y, E, j0, i0, n), x)[i],
        c_entry(xp, A, x, A3, Y, E, j0, i0, n) * xp.D(lambda x: c_entry(xp, A, x, A3, Y, E, j0, i0, n), x)[i],
    )


eq_4 = Claim(
    "eq:4",
    kind=Kind.LEMMA,
    title="The gradient of one entry as a quadratic form",
    source="Alman & Song 2024, Lemma C.7, Eq. (4)",
    quote="dL(x)_{j0,i0}/dx_i = c(x,y)_{j0,i0} A_{j0,i}^T "
    "(diag(f(x)_{j0}) − f(x)_{j0} f(x)_{j0}^T) h(y)_{i0}." + NOTE,
    formula=r"\frac{dL(x)_{j_0,i_0}}{dx_i} = c(x,y)_{j_0,i_0}\, \mathsf{A}_{j_0,i}^\top "
    r"(\mathrm{diag}(f(x)_{j_0}) - f(x)_{j_0} f(x)_{j_0}^\top)\, h(y)_{i_0}",
    given={**LOSS, **COORDINATE},
    uses=("lem:B.1.8", "fact:A.1"),
)


@eq_4.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A = xp.kron(A1, A2)
    a, f = column_of_block(xp, A, j0, i, n), f_row(xp, A, x, j0, n)
    c = c_entry(xp, A, x, A3, Y, E, j0, i0, n)
    return equal(
        xp.D(lambda x: loss_entry(xp, A, x, A3, Y, E, j0, i0, n), x)[i],
        c * xp.inner(a, row_jacobian(xp, f) @ h_column(xp, A3, Y, i0)),
    )


def_C_3 = Claim(
    "def:C.3",
    kind=Kind.DEFINITION,
    title="q(x)",
    source="Alman & Song 2024, Definition C.3 and Eq. (5)",
    quote="q(x) = c(x) h(y)^T ∈ R^{n×n}; q(x)_{j0}^T is its j0-th row; "
    "q(x)_{j0} = Σ_{i0} c(x)_{j0,i0} h(y)_{i0}.",
    formula=r"q(x) = c(x)\, h(y)^\top",
    given={name: LOSS[name] for name in ("A1", "A2", "A3", "x", "Y", "E", "j0")},
    uses=("def:3.5", "def:3.6"),
)


@def_C_3.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, x: Any, Y: Any, E: Any, j0: Any, n: Any, d: Any) -> Any:
    A = xp.kron(A1, A2)
    q = q_matrix(xp, A, x, A3, Y, E, n, d)
    row = xp.sum_over(lambda i0: c_entry(xp, A, x, A3, Y, E, j0, i0, n) * h_column(xp, A3, Y, i0), d)
    return all_of(has_shape(q, (n, n)), equal(q[j0, :], row))


eq_5 = Claim(
    "eq:5",
    kind=Kind.LEMMA,
    title="A row of q as a sum",
    source="Alman & Song 2024, Lemma C.7, Eq. (5)",
    quote="q(x)_{j0} = Σ_{i0} c(x)_{j0,i0} h(y)_{i0}.",
    formula=r"q(x)_{j_0} = \sum_{i_0} c(x)_{j_0,i_0}\, h(y)_{i_0}",
    given={name: LOSS[name] for name in ("A1", "A2", "A3", "x", "Y", "E", "j0")},
    uses=("def:C.3",),
)


@eq_5.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, x: Any, Y: Any, E: Any, j0: Any, n: Any, d: Any) -> Any:
    A, c = xp.kron(A1, A2), c_matrix(xp, xp.kron(A1, A2), x, A3, Y, E, n, d)
    row = xp.sum_over(lambda i0: c[j0, i0] * h_column(xp, A3, Y, i0), d)
    return equal(q_matrix(xp, A, x, A3, Y, E, n, d)[j0, :], row)


def_C_5 = Claim(
    "def:C.5",
    kind=Kind.DEFINITION,
    title="p(x)",
    source="Alman & Song 2024, Definition C.5",
    quote="p(x)_{j0} = (diag(f(x)_{j0}) − f(x)_{j0} f(x)_{j0}^T) q(x)_{j0}; "
    "p(x)_{j0}^T is the j0-th row of p(x).",
    formula=r"p(x)_{j_0} = (\mathrm{diag}(f(x)_{j_0}) - f(x)_{j_0} f(x)_{j_0}^\top)\, q(x)_{j_0}",
    given={name: LOSS[name] for name in ("A1", "A2", "A3", "x", "Y", "E", "j0")},
    uses=("def:3.4", "def:C.3"),
)


@def_C_5.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, x: Any, Y: Any, E: Any, j0: Any, n: Any, d: Any) -> Any:
    A = xp.kron(A1, A2)
    f = f_matrix(xp, A, x, n)
    q = q_matrix(xp, A, x, A3, Y, E, n, d)
    p = p_matrix(xp, f, q, n)
    weights, values = f[j0, :], q[j0, :]
    mean = xp.inner(weights, values)
    return all_of(
        has_shape(p, (n, n)),
        equal(p[j0, :], weights * values - mean * weights),
        # A row of f is a probability distribution, and ⟨p_{j0}, q_{j0}⟩ the variance of q_{j0} under it.
        equal(xp.inner(p[j0, :], values), xp.inner(weights, (values - mean) ** 2)),
    )


lem_C_7 = Claim(
    "lem:C.7",
    kind=Kind.LEMMA,
    title="The gradient in closed form",
    source="Alman & Song 2024, Lemma C.7",
    quote="With L of Definition 1.2: dL(x)/dx = vec(A1^T p(x) A2).",
    formula=r"\frac{dL(x)}{dx} = \mathrm{vec}(A_1^\top p(x) A_2)",
    given={"A1": N_BY_D, "A2": N_BY_D, "A3": N_BY_D, "E": N_BY_D, "X": D_BY_D, "Y": D_BY_D},
    uses=("def:1.2", "def:C.5", "lem:3.10", "eq:4", "eq:5"),
)


def p_of(xp: Any, A: Any, X: Any, A3: Any, Y: Any, E: Any, n: Any, d: Any) -> Any:
    """p(x) of Definition C.5 for x = vec(X) and the given A."""
    x = xp.vec(X)
    return p_matrix(xp, f_matrix(xp, A, x, n), q_matrix(xp, A, x, A3, Y, E, n, d), n)


@lem_C_7.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    p = p_of(xp, xp.kron(A1, A2), X, A3, Y, E, n, d)
    return equal(
        xp.vec(xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X)),
        xp.vec(A1.T @ p @ A2),
    )


@lem_C_7.mended(
    because="Definition 1.2 divides the scores by d: p(x) is built from exp(A_{j0} x / d), "
    "and the chain rule gives a factor 1/d"
)
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    p = p_of(xp, xp.kron(A1, A2) / d, X, A3, Y, E, n, d)
    return equal(
        xp.vec(xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X)),
        xp.vec(A1.T @ p @ A2) / d,
    )


prf_C_7 = Claim(
    "prf:C.7",
    kind=Kind.PROOF,
    title="From inner products to the quadratic form",
    source="Alman & Song 2024, proof of Lemma C.7",
    quote="⟨f(x)_{j0} ∘ A_{j0,i}, h(y)_{i0}⟩ = A_{j0,i}^T diag(f(x)_{j0}) h(y)_{i0} and "
    "⟨f(x)_{j0}, v⟩ ⟨f(x)_{j0}, A_{j0,i}⟩ = A_{j0,i}^T f(x)_{j0} f(x)_{j0}^T h(y)_{i0}." + NOTE,
    formula=r"\langle f(x)_{j_0}, v \rangle \langle f(x)_{j_0}, \mathsf{A}_{j_0,i} \rangle = "
    r"\mathsf{A}_{j_0,i}^\top f(x)_{j_0} f(x)_{j_0}^\top h(y)_{i_0}",
    given=HEADS,
    uses=("def:3.4", "def:3.5", "fact:A.1"),
)


@prf_C_7.printed
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, v: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A, h = xp.kron(A1, A2), h_column(xp, A3, Y, i0)
    a, f = column_of_block(xp, A, j0, i, n), f_row(xp, A, x, j0, n)
    return all_of(
        equal(xp.inner(f * a, h), xp.inner(a, xp.diag(f) @ h)),
        equal(xp.inner(f, v) * xp.inner(f, a), xp.inner(a, xp.outer(f, f) @ h)),
    )


@prf_C_7.mended(because="v is not declared; it is h(y)_{i0}")
def _(xp: Any, A1: Any, A2: Any, x: Any, A3: Any, Y: Any, j0: Any, i0: Any, i: Any, n: Any) -> Any:
    A, h = xp.kron(A1, A2), h_column(xp, A3, Y, i0)
    a, f = column_of_block(xp, A, j0, i, n), f_row(xp, A, x, j0, n)
    return all_of(
        equal(xp.inner(f * a, h), xp.inner(a, xp.diag(f) @ h)),
        equal(xp.inner(f, h) * xp.inner(f, a), xp.inner(a, xp.outer(f, f) @ h)),
    )
