"""The paper's formulas as functions of ``xp``, used by the claims; nothing here is checked by itself.

Two spellings of the same objects live side by side, because the paper has both: the vectors of
Definitions 3.2 to 3.7, indexed by j0 and i0 and built from ``A = A1 ⊗ A2`` and ``x = vec(X)``, and
the matrices of Appendix C.  Where the 1/d of Definition 1.2 is meant, ``A / d`` is passed for ``A``.

Reference: J. Alman and Z. Song, *The Fine-Grained Complexity of Gradient Computation for Training
Large Language Models*, NeurIPS 2024, arXiv 2402.04497.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "attention_loss",
    "attention_output",
    "c_entry",
    "c_matrix",
    "f_matrix",
    "f_row",
    "h_column",
    "h_matrix",
    "loss_entry",
    "normaliser",
    "p_matrix",
    "q_matrix",
    "row_jacobian",
    "row_softmax",
    "squared_norm",
    "u_row",
]


def squared_norm(xp: Any, m: Any) -> Any:
    """‖m‖_F²."""
    return xp.sum(m * m)


def row_softmax(xp: Any, scores: Any) -> Any:
    """``D^{-1} exp(scores)`` with ``D = diag(exp(scores) 1)``."""
    weights = xp.exp(scores)
    return xp.scale_rows(1 / xp.row_sums(weights), weights)


def attention_output(xp: Any, A1: Any, A2: Any, A3: Any, X: Any, Y: Any, d: Any) -> Any:
    """``D(X)^{-1} exp(A1 X A2ᵀ / d) A3 Y`` of Definition 1.2, an n×d matrix."""
    return row_softmax(xp, A1 @ X @ A2.T / d) @ (A3 @ Y)


def attention_loss(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
    """``L(X) = 0.5 ‖D(X)^{-1} exp(A1 X A2ᵀ / d) A3 Y − E‖_F²`` of Definition 1.2."""
    return 0.5 * squared_norm(xp, attention_output(xp, A1, A2, A3, X, Y, d) - E)


def u_row(xp: Any, A: Any, x: Any, j0: Any, n: Any) -> Any:
    """``u(x)_{j0} = exp(A_{j0} x)`` of Definition 3.2; A_{j0} is the j0-th block of n rows of A."""
    return xp.exp(xp.block(A, j0, n) @ x)


def normaliser(xp: Any, A: Any, x: Any, j0: Any, n: Any) -> Any:
    """``α(x)_{j0} = ⟨exp(A_{j0} x), 1_n⟩`` of Definition 3.3."""
    return xp.inner(u_row(xp, A, x, j0, n), xp.ones(n))


def f_row(xp: Any, A: Any, x: Any, j0: Any, n: Any) -> Any:
    """``f(x)_{j0} = α(x)_{j0}^{-1} u(x)_{j0}`` of Definition 3.4."""
    u = u_row(xp, A, x, j0, n)
    return u / xp.inner(u, xp.ones(n))


def f_matrix(xp: Any, A: Any, x: Any, n: Any) -> Any:
    """``f(x) ∈ R^{n×n}``, row j0 being f(x)_{j0}ᵀ."""
    return xp.rows(lambda j0: f_row(xp, A, x, j0, n), n)


def h_column(xp: Any, A3: Any, Y: Any, i0: Any) -> Any:
    """``h(y)_{i0} = A3 Y_{*,i0}`` of Definition 3.5."""
    return A3 @ Y[:, i0]


def h_matrix(xp: Any, A3: Any, Y: Any, d: Any) -> Any:
    """``h(y) ∈ R^{n×d}``, column i0 being h(y)_{i0}."""
    return xp.columns(lambda i0: h_column(xp, A3, Y, i0), d)


def c_entry(xp: Any, A: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, n: Any) -> Any:
    """``c(x,y)_{j0,i0} = ⟨f(x)_{j0}, h(y)_{i0}⟩ − E_{j0,i0}`` of Definition 3.6."""
    return xp.inner(f_row(xp, A, x, j0, n), h_column(xp, A3, Y, i0)) - E[j0, i0]


def c_matrix(xp: Any, A: Any, x: Any, A3: Any, Y: Any, E: Any, n: Any, d: Any) -> Any:
    """``c = f h − E ∈ R^{n×d}``."""
    return f_matrix(xp, A, x, n) @ h_matrix(xp, A3, Y, d) - E


def loss_entry(xp: Any, A: Any, x: Any, A3: Any, Y: Any, E: Any, j0: Any, i0: Any, n: Any) -> Any:
    """``L(x)_{j0,i0} = 0.5 c(x,y)_{j0,i0}²`` of Definition 3.7."""
    return 0.5 * c_entry(xp, A, x, A3, Y, E, j0, i0, n) ** 2


def q_matrix(xp: Any, A: Any, x: Any, A3: Any, Y: Any, E: Any, n: Any, d: Any) -> Any:
    """``q(x) = c(x) h(y)ᵀ ∈ R^{n×n}`` of Definition C.3."""
    return c_matrix(xp, A, x, A3, Y, E, n, d) @ h_matrix(xp, A3, Y, d).T


def row_jacobian(xp: Any, f: Any) -> Any:
    """``diag(f) − f fᵀ`` for one row f of the softmax, an n×n matrix (Figure 2)."""
    return xp.diag(f) - xp.outer(f, f)


def p_matrix(xp: Any, f: Any, q: Any, n: Any) -> Any:
    """``p(x) ∈ R^{n×n}`` of Definition C.5: row j0 is ``((diag(f_{j0}) − f_{j0} f_{j0}ᵀ) q_{j0})ᵀ``."""
    return xp.rows(lambda j0: row_jacobian(xp, f[j0, :]) @ q[j0, :], n)
