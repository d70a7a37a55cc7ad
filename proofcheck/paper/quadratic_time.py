"""Section 4 and the cost statements of Appendix C.

A cost statement says that an algorithm computes a quantity and how many operations it takes.  So
each claim has both: the straightforward algorithm equals the definition, and its operations, counted
as polynomials in n and d, are within a constant of the stated bound.  "Time" carries such a constant
whether or not an O(·) is printed: T_mat is defined up to one.
"""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Kind, Real, all_of, equal, within
from proofcheck.paper.definitions import D_BY_D, N_BY_D
from proofcheck.paper.formulas import (
    attention_loss,
    c_matrix,
    f_matrix,
    h_matrix,
    p_matrix,
    row_softmax,
)

LAYER = {"A1": N_BY_D, "A2": N_BY_D, "A3": N_BY_D, "E": N_BY_D, "X": D_BY_D, "Y": D_BY_D}
N_BY_N = Real("n", "n")


def compute_f(xp: Any, A1: Any, A2: Any, X: Any) -> Any:
    """The softmax rows f from their factors: two products, then exp and a division per entry."""
    return row_softmax(xp, A1 @ X @ A2.T)


def compute_h(xp: Any, A3: Any, Y: Any) -> Any:
    """H = A3 Y."""
    return A3 @ Y


def compute_c(xp: Any, f: Any, h: Any, E: Any) -> Any:
    """C = f h − E."""
    return f @ h - E


def compute_q(xp: Any, c: Any, h: Any) -> Any:
    """Q = c hᵀ."""
    return c @ h.T


def compute_p(xp: Any, f: Any, q: Any) -> Any:
    """P = f ∘ q − diag(r) f with r the row sums of f ∘ q: each rank-one part costs O(n)."""
    product = f * q
    return product - xp.scale_rows(xp.row_sums(product), f)


def compute_gradient(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    """dL/dX = A1ᵀ p A2 / d for the loss of Definition 1.2, in O(n²d + nd²)."""
    f = row_softmax(xp, A1 @ X @ A2.T / d)
    h = compute_h(xp, A3, Y)
    c = compute_c(xp, f, h, E)
    p = compute_p(xp, f, compute_q(xp, c, h))
    return A1.T @ p @ A2 / d


lem_C_1 = Claim(
    "lem:C.1",
    kind=Kind.LEMMA,
    title="Time of f and h",
    source="Alman & Song 2024, Lemma C.1",
    quote="f in T_mat(n,d,n) + T_mat(n,d,d); h in T_mat(n,d,d).",
    formula=r"f:\ \mathcal{T}_{\mathrm{mat}}(n,d,n) + \mathcal{T}_{\mathrm{mat}}(n,d,d),\quad "
    r"h:\ \mathcal{T}_{\mathrm{mat}}(n,d,d)",
    given={name: LAYER[name] for name in ("A1", "A2", "A3", "X", "Y")},
    uses=("def:3.4", "def:3.5", "def:A.3", "fact:3.9"),
)


@lem_C_1.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    return all_of(
        equal(compute_f(xp, A1, A2, X), f_matrix(xp, xp.kron(A1, A2), xp.vec(X), n)),
        equal(compute_h(xp, A3, Y), h_matrix(xp, A3, Y, d)),
        within(compute_f, (A1, A2, X), bound=xp.T_mat(n, d, n) + xp.T_mat(n, d, d)),
        within(compute_h, (A3, Y), bound=xp.T_mat(n, d, d)),
    )


lem_C_2 = Claim(
    "lem:C.2",
    kind=Kind.LEMMA,
    title="Time of c",
    source="Alman & Song 2024, Lemma C.2",
    quote="c from f, h in T_mat(n,n,d).",
    formula=r"c:\ \mathcal{T}_{\mathrm{mat}}(n,n,d)",
    given=LAYER,
    uses=("def:3.6", "def:A.3"),
)


@lem_C_2.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    A, x = xp.kron(A1, A2), xp.vec(X)
    f, h = f_matrix(xp, A, x, n), h_matrix(xp, A3, Y, d)
    return all_of(
        equal(compute_c(xp, f, h, E), c_matrix(xp, A, x, A3, Y, E, n, d)),
        within(compute_c, (f, h, E), bound=xp.T_mat(n, n, d)),
    )


lem_C_4 = Claim(
    "lem:C.4",
    kind=Kind.LEMMA,
    title="Time of q",
    source="Alman & Song 2024, Lemma C.4",
    quote="q in O(T_mat(n,n,d)).",
    formula=r"q:\ O(\mathcal{T}_{\mathrm{mat}}(n,n,d))",
    given={"c": N_BY_D, "h": N_BY_D},
    uses=("def:C.3", "def:A.3", "fact:A.4"),
)


@lem_C_4.printed
def _(xp: Any, c: Any, h: Any, n: Any, d: Any) -> Any:
    # Definition C.3 row by row: q_{j0} = Σ_{i0} c_{j0,i0} h_{i0}.
    q = xp.rows(lambda j0: xp.sum_over(lambda i0: c[j0, i0] * h[:, i0], d), n)
    return all_of(
        equal(compute_q(xp, c, h), q),
        within(compute_q, (c, h), bound=xp.T_mat(n, n, d)),
    )


lem_C_6 = Claim(
    "lem:C.6",
    kind=Kind.LEMMA,
    title="Time of p",
    source="Alman & Song 2024, Lemma C.6",
    quote="p in O(n²).",
    formula=r"p:\ O(n^2)",
    given={"f": N_BY_N, "q": N_BY_N},
    uses=("def:C.5",),
)


@lem_C_6.printed
def _(xp: Any, f: Any, q: Any, n: Any) -> Any:
    return all_of(
        equal(compute_p(xp, f, q), p_matrix(xp, f, q, n)),
        within(compute_p, (f, q), bound=n * n),
    )


_FIXED = {name: Real("n", "d", role="fixed") for name in ("A1", "A2", "A3", "E")}
_BOTH = (Real("d", "d", role="fixed"), Real("d", "d", role="variable"))
_ROLES = {"X": Real("d", "d", role="variable"), "Y": Real("d", "d", role="fixed")}
_BECAUSE = "X and Y are called fixed and variable at once: X is the variable, Y is fixed"


def _gradient_in_time(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    return all_of(
        equal(
            xp.gradient(lambda X: attention_loss(xp, A1, A2, A3, E, X, Y, d), X),
            compute_gradient(xp, A1, A2, A3, E, X, Y, d),
        ),
        within(
            compute_gradient,
            (A1, A2, A3, E, X, Y, d),
            bound=xp.T_mat(n, d, n) + xp.T_mat(n, d, d),
        ),
        within(compute_gradient, (A1, A2, A3, E, X, Y, d), bound=n * n * d + n * d * d),
    )


def _gradient_claim(id: str, source: str, uses: tuple[str, ...]) -> Claim:
    """Lemmas C.8 and 4.1 are one statement, printed twice."""
    claim = Claim(
        id,
        kind=Kind.LEMMA,
        title="Time of the gradient",
        source=source,
        quote='A1, A2, A3, E, X, Y "input fixed matrices"; X, Y "matrix variables (we will compute '
        'gradient with respect to X)". The gradient in T_mat(n,d,n) + T_mat(n,d,d), i.e. O(n²d + nd²).',
        formula=r"\frac{dL}{dX}:\ \mathcal{T}_{\mathrm{mat}}(n,d,n) + \mathcal{T}_{\mathrm{mat}}(n,d,d) "
        r"= O(n^2 d + n d^2)",
        given={**_FIXED, "X": _BOTH, "Y": _BOTH},
        uses=uses,
    )
    claim.printed(_gradient_in_time)
    claim.mended(because=_BECAUSE, given=_ROLES)(_gradient_in_time)
    return claim


lem_C_8 = _gradient_claim(
    "lem:C.8",
    "Alman & Song 2024, Lemma C.8",
    ("lem:C.1", "lem:C.2", "lem:C.4", "lem:C.6", "lem:C.7"),
)
lem_4_1 = _gradient_claim("lem:4.1", "Alman & Song 2024, Lemma 4.1 (= Lemma C.8)", ("lem:C.8",))


def block_by_block(xp: Any, A1: Any, A2: Any, X: Any) -> Any:
    """All scores as A x with A = A1 ⊗ A2 formed: the straightforward way, O(n²d²)."""
    return xp.exp(xp.kron(A1, A2) @ xp.vec(X))


prf_4_1 = Claim(
    "prf:4.1",
    kind=Kind.PROOF,
    title="Sketch of Lemma 4.1",
    source="Alman & Song 2024, Section 4",
    quote="f(x) in O(nd²) time, then c and q in O(n²d), p in n², the whole in O(n²d + nd²); the "
    "straightforward way is O(n²d²).",
    formula=r"f:\ O(nd^2),\quad c, q:\ O(n^2 d),\quad p:\ O(n^2),\quad O(n^2 d + n d^2)",
    given=LAYER,
    uses=("lem:C.1", "lem:C.2", "lem:C.4", "lem:C.6"),
)


def _sketch(
    xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any, *, time_of_f: Any
) -> Any:
    f, h = compute_f(xp, A1, A2, X), compute_h(xp, A3, Y)
    c = compute_c(xp, f, h, E)
    q = compute_q(xp, c, h)
    return all_of(
        equal(xp.vec(xp.exp(A1 @ X @ A2.T)), block_by_block(xp, A1, A2, X)),
        within(compute_f, (A1, A2, X), bound=time_of_f),
        within(compute_c, (f, h, E), bound=n * n * d),
        within(compute_q, (c, h), bound=n * n * d),
        within(compute_p, (f, q), bound=n * n),
        within(compute_gradient, (A1, A2, A3, E, X, Y, d), bound=n * n * d + n * d * d),
        within(block_by_block, (A1, A2, X), bound=n * n * d * d),
    )


@prf_4_1.printed
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    return _sketch(xp, A1, A2, A3, E, X, Y, n, d, time_of_f=n * d * d)


@prf_4_1.mended(because="f(x) has n² entries: it takes O(n²d + nd²), as Lemma C.1 says, not O(nd²)")
def _(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
    return _sketch(xp, A1, A2, A3, E, X, Y, n, d, time_of_f=n * n * d + n * d * d)
