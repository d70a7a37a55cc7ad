"""The parts of the gradient of the paper's loss, for attributing a mismatch to one of them.

L(X) = ½‖f h − E‖², f = row-softmax(A1 X A2ᵀ/d), h = A3 Y.  With c = f h − E and q = c hᵀ, row j of p is
(diag(f_j) − f_j f_jᵀ) q_j, and dL/dX = A1ᵀ p A2 / d ([P] Definitions C.3 to C.7; the 1/d is of Definition
1.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from proofcheck.errors import UserInputError

__all__ = ["attention_terms"]

Matrix = np.ndarray[Any, Any]


def attention_terms(A1: Matrix, A2: Matrix, A3: Matrix, E: Matrix, X: Matrix, Y: Matrix) -> dict[str, Matrix]:
    """What a gradient in X lacks if it has one of the usual mistakes: by name, d×d arrays; O(n²d).

    Args:
        A1: n×d.
        A2: n×d.
        A3: n×d.
        E: n×d.
        X: d×d.
        Y: d×d.

    Returns:
        ``"diag(f) part"``, ``"f f^T part"`` and ``"E part"`` are parts of the gradient, which may be missing;
        ``"factor 1/d"``, ``"transpose"``, ``"softmax over columns"`` (f normalised over its columns) and
        ``"Jacobian over columns"`` (diag(f) − f fᵀ of columns of f) are the right gradient less the wrong
        one.

    Raises:
        UserInputError: shapes that do not fit.
    """
    d = np.shape(X)[-1] if np.ndim(X) else 0
    n = np.shape(A1)[0] if np.ndim(A1) else 0
    for name, array, shape in (
        *((name, array, (n, d)) for name, array in (("A1", A1), ("A2", A2), ("A3", A3), ("E", E))),
        *((name, array, (d, d)) for name, array in (("X", X), ("Y", Y))),
    ):
        if np.shape(array) != shape:
            raise UserInputError(f"{name} has shape {np.shape(array)}; expected {shape}, as X is {d}×{d}")
    weights = np.exp(_below_zero(A1 @ X @ A2.T / d, None))
    f = weights / weights.sum(axis=1, keepdims=True)
    by_columns = weights / weights.sum(axis=0, keepdims=True)
    h = A3 @ Y

    def outer(p: Matrix) -> Matrix:
        found: Matrix = A1.T @ p @ A2 / d
        return found

    def gradient(f: Matrix, q: Matrix, axis: int) -> Matrix:
        return outer(f * q - f * (f * q).sum(axis=axis, keepdims=True))

    q = (f @ h - E) @ h.T
    whole = gradient(f, q, 1)
    return {
        "diag(f) part": outer(f * q),
        "f f^T part": -outer(f * (f * q).sum(axis=1, keepdims=True)),
        "E part": gradient(f, -E @ h.T, 1),
        "factor 1/d": whole - d * whole,
        "transpose": whole - whole.T,
        "softmax over columns": whole - gradient(by_columns, (by_columns @ h - E) @ h.T, 0),
        "softmax over columns, Jacobian over rows": whole
        - gradient(by_columns, (by_columns @ h - E) @ h.T, 1),
        "Jacobian over columns": whole - gradient(f, q, 0),
    }


def _below_zero(scores: Matrix, axis: int | None) -> Matrix:
    """Scores less their largest, which a softmax over rows or over columns does not see."""
    found: Matrix = scores - scores.max(axis=axis, keepdims=True)
    return found
