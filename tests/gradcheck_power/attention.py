"""The attention loss of the paper, its gradients, and what is planted in them.

L(X) = ½ ‖softmax(A1 X A2ᵀ / d) A3 Y − E‖_F², dL/dX = A1ᵀ p A2 / d with p_j = (diag(f_j) − f_j f_jᵀ) q_j,
q = c hᵀ, h = A3 Y and c = f h − E (Lemma C.7, with the 1/d of Definition 1.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from tests.gradcheck_power.cases import Case, Plant


def softmax(scores: np.ndarray, axis: int = 1) -> np.ndarray:
    weights = np.exp(scores - np.max(scores, axis=axis, keepdims=True))
    return weights / np.sum(weights, axis=axis, keepdims=True)


def _mask(n: int, causal: bool) -> np.ndarray:
    return np.where(np.tri(n, dtype=bool) | (not causal), 0.0, -np.inf)


def forward(A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, *, causal: bool = False) -> SimpleNamespace:
    """f, h, c, q of the paper."""
    f = softmax(A1 @ X @ A2.T / A1.shape[1] + _mask(len(A1), causal))
    h = A3 @ Y
    c = f @ h - E
    return SimpleNamespace(f=f, h=h, c=c, q=c @ h.T)


def centred(s: SimpleNamespace) -> np.ndarray:
    """p: the rows (diag(f_j) − f_j f_jᵀ) q_j."""
    return s.f * (s.q - np.sum(s.f * s.q, axis=1, keepdims=True))


def _twin(A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, *, causal: bool) -> Any:
    scores = A1 @ X @ A2.mT / A1.shape[1]
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -torch.inf)
    return 0.5 * torch.linalg.matrix_norm(torch.softmax(scores, dim=1) @ A3 @ Y - E) ** 2


def attention(
    rng: np.random.Generator, n: int = 6, d: int = 3, scale: float = 1.0, *, causal: bool = False
) -> Case:
    """The loss as a function of X alone; ``scale`` is that of X: 1e-3 is flat, 30 is peaked."""
    A1, A2, A3, E = (rng.standard_normal((n, d)) for _ in range(4))
    X, Y = scale * rng.standard_normal((d, d)), rng.standard_normal((d, d))
    rest = {"A1": A1, "A2": A2, "A3": A3, "E": E, "Y": Y}
    tensors = {name: torch.tensor(array) for name, array in rest.items()}
    return Case(
        name=f"attention in X, n = {n}, d = {d}, scale {scale:g}{', causal' if causal else ''}",
        inputs=X,
        loss=lambda X: 0.5 * np.sum(forward(X=X, causal=causal, **rest).c ** 2),
        gradient=lambda X: A1.T @ centred(forward(X=X, causal=causal, **rest)) @ A2 / d,
        twin=lambda X: _twin(X=X, causal=causal, **tensors),
        data=SimpleNamespace(**rest, d=d, n=n, rest=rest, causal=causal),
    )


def all_gradients(A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any) -> dict[str, np.ndarray]:
    """The gradients in all six arrays."""
    d = A1.shape[1]
    s = forward(A1, A2, A3, E, X, Y)
    p = centred(s)
    return {
        "A1": p @ A2 @ X.T / d,
        "A2": p.T @ A1 @ X / d,
        "A3": s.f.T @ s.c @ Y.T,
        "E": -s.c,
        "X": A1.T @ p @ A2 / d,
        "Y": A3.T @ s.f.T @ s.c,
    }


def attention_in_all(rng: np.random.Generator, n: int = 5, d: int = 2, scale: float = 1.0) -> Case:
    """The loss as a function of A1, A2, A3, E, X and Y."""
    inputs = {name: rng.standard_normal((n, d)) for name in ("A1", "A2", "A3", "E")}
    inputs |= {"X": scale * rng.standard_normal((d, d)), "Y": rng.standard_normal((d, d))}
    return Case(
        name=f"attention in all six arrays, n = {n}, d = {d}, scale {scale:g}",
        inputs=inputs,
        loss=lambda **arrays: 0.5 * np.sum(forward(**arrays).c ** 2),
        gradient=lambda **arrays: all_gradients(**arrays),
        twin=lambda **arrays: _twin(**arrays, causal=False),
    )


Wrong = Callable[[SimpleNamespace, SimpleNamespace, np.ndarray], np.ndarray]  # (state, data, X) -> gradient

# Each is a wrong dL/dX from f, h, c, q (s), the data (a) and X.
IN_X: dict[str, tuple[str, float, Wrong]] = {
    "no −f fᵀ": ("p = f ∘ q: the rank-one part is left out", 1e-2, lambda s, a, X: a.to_x(s.f * s.q)),
    "no diag(f)": (
        "only the rank-one part, −f ⟨f, q⟩",
        1e-2,
        lambda s, a, X: a.to_x(-s.f * np.sum(s.f * s.q, axis=1, keepdims=True)),
    ),
    "+f fᵀ": (
        "the rank-one part with the wrong sign",
        1e-2,
        lambda s, a, X: a.to_x(s.f * (s.q + np.sum(s.f * s.q, axis=1, keepdims=True))),
    ),
    "diagonal of the Jacobian": (
        "f (1 − f) entry by entry: softmax taken for a sigmoid",
        1e-2,
        lambda s, a, X: a.to_x(s.f * (1 - s.f) * s.q),
    ),
    "f² for f (1 − f)": ("f where 1 − f belongs", 1e-2, lambda s, a, X: a.to_x(s.f * s.f * s.q)),
    "no E": (
        "c = f h: the target is forgotten",
        1e-2,
        lambda s, a, X: a.to_x(centred(SimpleNamespace(f=s.f, q=s.f @ s.h @ s.h.T))),
    ),
    "no 1/d": ("the inner derivative 1/d is left out", 1e-2, lambda s, a, X: a.to_x(centred(s)) * a.d),
    "1/√d": ("the temperature 1/√d in place of 1/d", 1e-2, lambda s, a, X: a.to_x(centred(s)) * a.d**0.5),
    "no 1/2": ("twice the gradient: the ½ of L is forgotten", 0.9, lambda s, a, X: 2 * a.to_x(centred(s))),
    "A1 and A2 swapped": ("A2ᵀ p A1 / d", 1e-2, lambda s, a, X: a.A2.T @ centred(s) @ a.A1 / a.d),
    "transposed": ("dL/dXᵀ", 1e-2, lambda s, a, X: a.to_x(centred(s)).T),
    "sign": ("the whole gradient negated", 1.9, lambda s, a, X: -a.to_x(centred(s))),
    "wrong axis": (
        "softmax normalised over the columns in the backward pass",
        1e-2,
        lambda s, a, X: a.to_x(centred(SimpleNamespace(f=a.columns(X), q=s.q))),
    ),
    "wrong axis of the sum": (
        "⟨f, q⟩ summed over the columns",
        1e-2,
        lambda s, a, X: a.to_x(s.f * (s.q - np.sum(s.f * s.q, axis=0, keepdims=True))),
    ),
    "diag(r) from the wrong side": (
        "f diag(r) in place of diag(r) f, as Lemma D.5 prints it",
        1e-2,
        lambda s, a, X: a.to_x(s.f * (s.q - np.sum(s.f * s.q, axis=1))),
    ),
    "q transposed": (
        "q = h cᵀ, as Lemma D.3 prints it",
        1e-2,
        lambda s, a, X: a.to_x(centred(SimpleNamespace(f=s.f, q=s.q.T))),
    ),
    "off by one in a row": (
        "row j takes ⟨f, q⟩ of row j − 1",
        1e-2,
        lambda s, a, X: a.to_x(s.f * (s.q - np.roll(np.sum(s.f * s.q, axis=1, keepdims=True), 1, axis=0))),
    ),
    "last row left out": (
        "the loop over the rows ends one too early",
        1e-2,
        lambda s, a, X: a.A1[:-1].T @ centred(s)[:-1] @ a.A2 / a.d,
    ),
    "no Y": (
        "q = c A3ᵀ: h without its Y",
        1e-2,
        lambda s, a, X: a.to_x(centred(SimpleNamespace(f=s.f, q=s.c @ a.A3.T))),
    ),
    "float16 scores": (
        "f recomputed from scores in float16",
        1e-5,
        lambda s, a, X: a.to_x(centred(SimpleNamespace(f=a.half(X), q=s.q))),
    ),
    "float32 products": (
        "the last two products in float32",
        1e-9,
        lambda s, a, X: (
            np.float32(a.A1.T) @ np.float32(centred(s)) @ np.float32(a.A2) / np.float32(a.d)
        ).astype(float),
    ),
    "× (1 + 1e-6)": ("scaled by 1 + 1e-6", 0.9e-6, lambda s, a, X: (1 + 1e-6) * a.to_x(centred(s))),
    "one entry + 1e-7": (
        "one of the nine entries off by a part in ten million",
        1e-9,
        lambda s, a, X: a.to_x(centred(s)) * (1 + 1e-7 * (np.arange(a.d**2) == 4).reshape(a.d, a.d)),
    ),
}


def _helpers(case: Case) -> SimpleNamespace:
    """The case's data with what the planted gradients share."""
    a = case.data
    return SimpleNamespace(
        **vars(a),
        to_x=lambda p: a.A1.T @ p @ a.A2 / a.d,
        columns=lambda X: softmax(a.A1 @ X @ a.A2.T / a.d, axis=0),
        half=lambda X: softmax((a.A1 @ X @ a.A2.T / a.d).astype(np.float16)).astype(float),
    )


def _in_x(case: Case, wrong: Wrong) -> Callable[[], Callable[[np.ndarray], np.ndarray]]:
    a = _helpers(case)
    return lambda: lambda X: wrong(forward(X=X, causal=a.causal, **a.rest), a, X)


def planted() -> Iterator[Plant]:
    """The paper's loss, wrong in every way that its gradient offers."""
    theme = "attention"
    case = attention(np.random.default_rng(1))
    for name, (what, error, wrong) in IN_X.items():
        yield Plant(f"attention: {name}", what, theme, case, _in_x(case, wrong), error)

    causal = attention(np.random.default_rng(2), causal=True)
    open_rows = _helpers(causal)
    yield Plant(
        "attention: causal mask ignored",
        "the backward pass forgets the mask of the forward pass",
        theme,
        causal,
        lambda: lambda X: open_rows.to_x(centred(forward(X=X, **open_rows.rest))),
        1e-2,
    )
    yield Plant(
        "attention: masked after softmax",
        "future weights set to 0 without normalising the rest again",
        theme,
        causal,
        lambda: (
            lambda X: open_rows.to_x(
                centred(
                    SimpleNamespace(
                        f=np.tril(forward(X=X, **open_rows.rest).f),
                        q=forward(X=X, causal=True, **open_rows.rest).q,
                    )
                )
            )
        ),
        1e-2,
    )

    flat = attention(np.random.default_rng(3), scale=1e-4)
    yield Plant(
        "attention: flat, mean for ⟨f, q⟩",
        "the mean of q for ⟨f, q⟩: the two agree where scores are 0, and these are near 0",
        theme,
        flat,
        _in_x(flat, lambda s, a, X: a.to_x(s.f * (s.q - np.mean(s.q, axis=1, keepdims=True)))),
        1e-7,
    )
    peaked = attention(np.random.default_rng(4), scale=30.0)
    yield Plant(
        "attention: peaked, × 2.5",
        "2.5 times too large where attention has all but settled on one token",
        theme,
        peaked,
        _in_x(peaked, lambda s, a, X: 2.5 * a.to_x(centred(s))),
        1.4,
    )

    every = attention_in_all(np.random.default_rng(5))

    def changed(name: str, change: Callable[..., np.ndarray]) -> Callable[[], Callable[..., Any]]:
        def wrong(**arrays: np.ndarray) -> dict[str, np.ndarray]:
            right = all_gradients(**arrays)
            return {**right, name: change(right, **arrays)}

        return lambda: wrong

    slips: dict[str, tuple[str, str, Callable[..., np.ndarray]]] = {
        "sign of dL/dE": ("E", "+c for −c", lambda g, **a: -g["E"]),
        "dL/dY without its transpose": (
            "Y",
            "A3ᵀ f c for A3ᵀ fᵀ c",
            lambda g, A3, **a: A3.T @ forward(A3=A3, **a).f @ forward(A3=A3, **a).c,
        ),
        "X for Xᵀ in dL/dA1": (
            "A1",
            "p A2 X / d",
            lambda g, A1, A2, X, **a: centred(forward(A1, A2, X=X, **a)) @ A2 @ X / A1.shape[1],
        ),
        "detached keys": ("A2", "no gradient flows to A2", lambda g, **a: np.zeros_like(g["A2"])),
    }
    for name, (block, what, change) in slips.items():
        yield Plant(f"attention: {name}", what, theme, every, changed(block, change), 1e-2)
