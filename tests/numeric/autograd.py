"""The loss as others differentiate it: torch, JAX, and mpmath by the diag(f) − f fᵀ of the paper."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import torch

NAMES = ("A1", "A2", "A3", "E", "X", "Y")


def by_torch(arrays: dict[str, Any], *, causal: bool) -> tuple[float, dict[str, np.ndarray]]:
    """Loss and gradients by torch's autograd, float64."""
    leaves = {name: torch.tensor(arrays[name], dtype=torch.float64, requires_grad=True) for name in NAMES}
    A1, A2, A3, E, X, Y = leaves.values()
    scores = A1 @ X @ A2.T / A1.shape[1]
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -torch.inf)
    loss = 0.5 * (torch.softmax(scores, dim=1) @ A3 @ Y - E).square().sum()
    loss.backward()
    gradients = {}
    for name, leaf in leaves.items():
        assert leaf.grad is not None
        gradients[name] = leaf.grad.numpy()
    return loss.item(), gradients


def by_jax(arrays: dict[str, Any], *, causal: bool) -> tuple[float, dict[str, np.ndarray]]:
    """Loss and gradients by jax.value_and_grad, float64."""

    def loss(A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any) -> Any:
        scores = A1 @ X @ A2.T / A1.shape[1]
        if causal:
            scores = jnp.where(jnp.tri(A1.shape[0], dtype=bool), scores, -jnp.inf)
        return 0.5 * jnp.sum((jax.nn.softmax(scores, axis=1) @ A3 @ Y - E) ** 2)

    values = [jnp.asarray(arrays[name], dtype=jnp.float64) for name in NAMES]
    value, gradients = jax.value_and_grad(loss, argnums=tuple(range(6)))(*values)
    return float(value), {name: np.asarray(g) for name, g in zip(NAMES, gradients, strict=True)}


def x_gradient_by_the_paper(arrays: dict[str, Any], digits: int = 40) -> tuple[float, np.ndarray]:
    """Loss and dL/dX in mpmath, by Lemma C.7: p_{j0} = (diag(f_{j0}) − f_{j0} f_{j0}ᵀ) q_{j0}, over d."""
    with mpmath.workdps(digits):
        A1, A2, A3, E, X, Y = (mpmath.matrix(arrays[name].tolist()) for name in NAMES)
        n, d = A1.rows, A1.cols
        scores = A1 * X * A2.T / d
        h = A3 * Y
        p = mpmath.zeros(n, n)
        loss = mpmath.mpf(0)
        for row in range(n):
            u = [mpmath.exp(scores[row, column]) for column in range(n)]
            f = mpmath.matrix([value / mpmath.fsum(u) for value in u])
            c = (f.T * h) - E[row, :]
            loss += mpmath.fsum(value**2 for value in c) / 2
            q = h * c.T
            part = (mpmath.diag(list(f)) - f * f.T) * q
            for column in range(n):
                p[row, column] = part[column]
        gradient = A1.T * p * A2 / d
        return float(loss), np.array(gradient.tolist(), dtype=np.float64)
