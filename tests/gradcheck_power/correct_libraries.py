"""Correct gradients written in torch and in JAX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from tests.gradcheck_power.cases import Case


def in_torch(rng: np.random.Generator) -> Iterator[Case]:
    w = torch.tensor(rng.standard_normal(5))
    x = lambda: torch.tensor(rng.standard_normal(5))  # noqa: E731
    rows: list[tuple[str, Any, Any, Any]] = [
        (
            "torch: log-sum-exp",
            lambda x: torch.log(torch.exp(x).sum()),
            lambda x: torch.softmax(x, 0),
            lambda x: torch.logsumexp(x, 0),
        ),
        (
            "torch: tanh",
            lambda x: w.to(x) @ torch.tanh(x),
            lambda x: w.to(x) * torch.cosh(x) ** -2,
            lambda x: (w * (1 - 2 / (torch.exp(2 * x) + 1))).sum(),
        ),
        (
            "torch: norm",
            lambda x: torch.sqrt(x @ x),
            lambda x: x / torch.sqrt(x @ x),
            torch.linalg.vector_norm,
        ),
        ("torch: quartic", lambda x: (x**4).sum(), lambda x: 4 * x**3, lambda x: (x * x * x * x).sum()),
    ]
    for name, loss, gradient, twin in rows:
        yield Case(name, x(), loss, gradient, twin, library="torch")


def in_jax(rng: np.random.Generator) -> Iterator[Case]:
    with jax.enable_x64(True):
        w = jnp.asarray(rng.standard_normal(5))
        points = [jnp.asarray(rng.standard_normal(5)) for _ in range(4)]
    tensor = torch.tensor(np.array(w))
    rows: list[tuple[str, Any, Any, Any]] = [
        (
            "JAX: log-sum-exp",
            lambda x: jnp.log(jnp.sum(jnp.exp(x))),
            jax.nn.softmax,
            lambda x: torch.logsumexp(x, 0),
        ),
        (
            "JAX: tanh",
            lambda x: w @ jnp.tanh(x),
            lambda x: w * jnp.cosh(x) ** -2.0,
            lambda x: tensor @ x.tanh(),
        ),
        ("JAX: norm", lambda x: jnp.sqrt(x @ x), lambda x: x / jnp.sqrt(x @ x), torch.linalg.vector_norm),
        ("JAX: quartic", lambda x: jnp.sum(x**4), lambda x: 4 * x**3, lambda x: (x * x * x * x).sum()),
    ]
    for (name, loss, gradient, twin), point in zip(rows, points, strict=True):
        yield Case(name, point, loss, gradient, twin, library="jax")
