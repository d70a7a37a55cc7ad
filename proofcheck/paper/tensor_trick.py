"""Section 3.1, Facts 3.8 and 3.9, Lemma 3.10, and Appendix A."""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Index, Kind, Real, all_of, equal, has_shape, within
from proofcheck.paper.definitions import D_BY_D, N_BY_D
from proofcheck.paper.formulas import attention_loss, loss_entry

kronecker = Claim(
    "not:kronecker",
    kind=Kind.DEFINITION,
    title="Kronecker product, entry by entry",
    source="Alman & Song 2024, Section 3.1",
    quote="X ∈ R^{n0×m0}, Y ∈ R^{n1×m1}: (X⊗Y)_{(j0−1)n1+j1, (i0−1)m2+i1} = X_{j0,i0} Y_{j1,i1}.",
    formula=r"(X \otimes Y)_{(j_0-1)n_1+j_1,\,(i_0-1)m_2+i_1} = X_{j_0,i_0} Y_{j_1,i_1}",
    given={
        "X": Real("n0", "m0"),
        "Y": Real("n1", "m1"),
        "j0": Index("n0"),
        "i0": Index("m0"),
        "j1": Index("n1"),
        "i1": Index("m1"),
    },
)


@kronecker.printed
def _(
    xp: Any, X: Any, Y: Any, j0: Any, i0: Any, j1: Any, i1: Any, n0: Any, n1: Any, m0: Any, m1: Any, m2: Any
) -> Any:
    product = xp.kron(X, Y)
    return all_of(
        has_shape(product, (n0 * n1, m0 * m1)),
        equal(product[(j0 - 1) * n1 + j1, (i0 - 1) * m2 + i1], X[j0, i0] * Y[j1, i1]),
    )


@kronecker.mended(because="m2 is not declared; the column index steps by m1, the number of columns of Y")
def _(xp: Any, X: Any, Y: Any, j0: Any, i0: Any, j1: Any, i1: Any, n0: Any, n1: Any, m0: Any, m1: Any) -> Any:
    product = xp.kron(X, Y)
    return all_of(
        has_shape(product, (n0 * n1, m0 * m1)),
        equal(product[(j0 - 1) * n1 + j1, (i0 - 1) * m1 + i1], X[j0, i0] * Y[j1, i1]),
    )


fact_3_8 = Claim(
    "fact:3.8",
    kind=Kind.FACT,
    title="Tensor trick",
    source="Alman & Song 2024, Fact 3.8",
    quote="vec(A1 X A2^T) = (A1 ⊗ A2) vec(X).",
    formula=r"\mathrm{vec}(A_1 X A_2^\top) = (A_1 \otimes A_2)\,\mathrm{vec}(X)",
    given={"A1": N_BY_D, "A2": N_BY_D, "X": D_BY_D},
    uses=("not:kronecker",),
)


@fact_3_8.printed
def _(xp: Any, A1: Any, A2: Any, X: Any) -> Any:
    return equal(xp.vec(A1 @ X @ A2.T), xp.kron(A1, A2) @ xp.vec(X))


fact_3_9 = Claim(
    "fact:3.9",
    kind=Kind.FACT,
    title="Tensor trick under exp",
    source="Alman & Song 2024, Fact 3.9",
    quote="vec(exp(A1 X A2^T)) = exp(A x); (exp(A1 X A2^T)_{j0,*})^T = exp(A_{j0} x).",
    formula=r"\mathrm{vec}(\exp(A_1 X A_2^\top)) = \exp(\mathsf{A} x)",
    given={"A1": N_BY_D, "A2": N_BY_D, "X": D_BY_D, "j0": Index("n")},
    uses=("def:3.2", "fact:3.8"),
)


@fact_3_9.printed
def _(xp: Any, A1: Any, A2: Any, X: Any, j0: Any, n: Any) -> Any:
    A, x = xp.kron(A1, A2), xp.vec(X)
    weights = xp.exp(A1 @ X @ A2.T)
    return all_of(
        equal(xp.vec(weights), xp.exp(A @ x)),
        equal(weights[j0, :], xp.exp(xp.block(A, j0, n) @ x)),
    )


lem_3_10 = Claim(
    "lem:3.10",
    kind=Kind.LEMMA,
    title="The loss is the sum of its entries",
    source="Alman & Song 2024, Lemma 3.10",
    quote="With L(X) of Definition 1.2 and L(x)_{j0,i0} of Definition 3.7: "
    "L(X) = Σ_{j0} Σ_{i0} L(x)_{j0,i0}.",
    formula=r"L(X) = \sum_{j_0} \sum_{i_0} L(x)_{j_0,i_0}",
    given={"A1": N_BY_D, "A2": N_BY_D, "A3": N_BY_D, "E": N_BY_D, "X": D_BY_D, "Y": D_BY_D},
    uses=("def:1.2", "def:3.7"),
)


def _sum_of_entries(xp: Any, A: Any, X: Any, A3: Any, Y: Any, E: Any, n: Any, d: Any) -> Any:
    x = xp.vec(X)
    return xp.sum_over(lambda j0: xp.sum_over(lambda i0: loss_entry(xp, A, x, A3, Y, E, j0, i0, n), d), n)


@lem_3_10.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    return equal(
        attention_loss(xp, A1, A2, A3, E, X, Y, d),
        _sum_of_entries(xp, xp.kron(A1, A2), X, A3, Y, E, n, d),
    )


@lem_3_10.mended(
    because="Definition 1.2 divides the scores by d, Definition 3.2 does not: u(x)_{j0} = exp(A_{j0} x / d)"
)
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    return equal(
        attention_loss(xp, A1, A2, A3, E, X, Y, d),
        _sum_of_entries(xp, xp.kron(A1, A2) / d, X, A3, Y, E, n, d),
    )


fact_A_1 = Claim(
    "fact:A.1",
    kind=Kind.FACT,
    title="Entrywise products and inner products",
    source="Alman & Song 2024, Fact A.1",
    quote="⟨x∘y, z⟩ = x^T diag(y) z; ⟨x,y⟩ = ⟨x∘y, 1_n⟩.",
    formula=r"\langle x \circ y, z \rangle = x^\top \mathrm{diag}(y) z",
    given={"x": Real("n"), "y": Real("n"), "z": Real("n")},
)


@fact_A_1.printed
def _(xp: Any, x: Any, y: Any, z: Any, n: Any) -> Any:
    return all_of(
        equal(xp.inner(x * y, z), xp.inner(x, xp.diag(y) @ z)),
        equal(xp.inner(x, y), xp.inner(x * y, xp.ones(n))),
    )


fact_A_2 = Claim(
    "fact:A.2",
    kind=Kind.FACT,
    title="Entrywise product of low-rank matrices",
    source="Alman & Song 2024, Fact A.2",
    quote="(U1 V1^T) ∘ (U2 V2^T) = (U1 ⊘ U2)(V1 ⊘ V2)^T, where for U1 ∈ R^{n×k1}, U2 ∈ R^{n×k2}: "
    "(U1 ⊘ U2)_{i, l1+(l2−1)k1} = (U1)_{i,l1} U_{i,l2}.",
    formula=r"(U_1 V_1^\top) \circ (U_2 V_2^\top) = (U_1 \oslash U_2)(V_1 \oslash V_2)^\top",
    given={
        "U1": Real("n", "k1"),
        "V1": Real("n", "k1"),
        "U2": Real("n", "k2"),
        "V2": Real("n", "k2"),
        "i": Index("n"),
        "l1": Index("k1"),
        "l2": Index("k2"),
    },
)


@fact_A_2.printed
def _(
    xp: Any, U: Any, U1: Any, V1: Any, U2: Any, V2: Any, i: Any, l1: Any, l2: Any, n: Any, k1: Any, k2: Any
) -> Any:
    product = xp.row_kron(U1, U2)
    return all_of(
        has_shape(product, (n, k1 * k2)),
        equal(product[i, l1 + (l2 - 1) * k1], U1[i, l1] * U[i, l2]),
        equal((U1 @ V1.T) * (U2 @ V2.T), product @ xp.row_kron(V1, V2).T),
    )


@fact_A_2.mended(because="U is not declared; the second factor is (U2)_{i,l2}")
def _(xp: Any, U1: Any, V1: Any, U2: Any, V2: Any, i: Any, l1: Any, l2: Any, n: Any, k1: Any, k2: Any) -> Any:
    product = xp.row_kron(U1, U2)
    return all_of(
        has_shape(product, (n, k1 * k2)),
        equal(product[i, l1 + (l2 - 1) * k1], U1[i, l1] * U2[i, l2]),
        equal((U1 @ V1.T) * (U2 @ V2.T), product @ xp.row_kron(V1, V2).T),
    )


FACTORS = {"M": Real("a", "b"), "N": Real("b", "c")}

def_A_3 = Claim(
    "def:A.3",
    kind=Kind.DEFINITION,
    title="T_mat",
    source="Alman & Song 2024, Definition A.3",
    quote="T_mat(a,b,c) is the time to multiply an a×b by a b×c matrix. (Here: by the schoolbook algorithm.)",
    formula=r"\mathcal{T}_{\mathrm{mat}}(a, b, c)",
    given=FACTORS,
)


def multiply(xp: Any, M: Any, N: Any) -> Any:
    """The schoolbook product."""
    return M @ N


@def_A_3.printed
def _(xp: Any, M: Any, N: Any, a: Any, b: Any, c: Any) -> Any:
    return all_of(
        has_shape(M @ N, (a, c)),
        within(multiply, (M, N), bound=xp.T_mat(a, b, c)),
        within(multiply, (M, N), bound=a * b * c),
    )


fact_A_4 = Claim(
    "fact:A.4",
    kind=Kind.FACT,
    title="T_mat is symmetric up to constants",
    source="Alman & Song 2024, Fact A.4",
    quote="T_mat is, up to constants, symmetric under permutation of its arguments.",
    formula=r"\mathcal{T}_{\mathrm{mat}}(a,b,c) = O(\mathcal{T}_{\mathrm{mat}}(b,a,c)) = "
    r"O(\mathcal{T}_{\mathrm{mat}}(a,c,b)) = \dots",
    given=FACTORS,
    uses=("def:A.3",),
)


@fact_A_4.printed
def _(xp: Any, M: Any, N: Any, a: Any, b: Any, c: Any) -> Any:
    return all_of(
        within(multiply, (M, N), bound=xp.T_mat(a, c, b)),
        within(multiply, (M, N), bound=xp.T_mat(b, a, c)),
        within(multiply, (M, N), bound=xp.T_mat(b, c, a)),
        within(multiply, (M, N), bound=xp.T_mat(c, a, b)),
        within(multiply, (M, N), bound=xp.T_mat(c, b, a)),
    )
