"""Planted errors in layers and in functions of matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from tests.gradcheck_power.cases import Case, Plant
from tests.gradcheck_power.problems import ReLU, inverse, layer_norm, log_determinant, network, quadratic


def planted() -> Iterator[Plant]:
    """All of this file."""
    yield from _layers()
    yield from _matrices()


def _layers() -> Iterator[Plant]:
    theme = "layers"
    case = layer_norm(np.random.default_rng(12))
    parts, right, eps = case.data.parts, case.gradient, case.data.eps

    def in_x(change: Callable[..., np.ndarray]) -> Callable[[], Any]:
        def wrong(x: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> dict[str, np.ndarray]:
            s = parts(x, gain, bias)
            return {**right(x, gain, bias), "x": change(s, s.flow * gain, x)}

        return lambda: wrong

    rows = [
        (
            "mean detached",
            "no term for the mean",
            1e-2,
            in_x(lambda s, u, x: (u - s.z * np.mean(u * s.z)) / s.deviation),
        ),
        (
            "variance detached",
            "no term for the variance",
            1e-2,
            in_x(lambda s, u, x: (u - np.mean(u)) / s.deviation),
        ),
        (
            "eps outside the root",
            "√variance + eps for √(variance + eps)",
            1e-7,
            in_x(lambda s, u, x: (u - np.mean(u) - s.z * np.mean(u * s.z)) / (np.std(x) + eps)),
        ),
        (
            "n − 1 for n",
            "the variance's divisor in the backward pass",
            1e-2,
            in_x(lambda s, u, x: (u - np.mean(u) - s.z * np.sum(u * s.z) / (len(x) - 1)) / s.deviation),
        ),
    ]
    for name, what, error, fresh in rows:
        yield Plant(f"layer norm: {name}", what, theme, case, fresh, error)

    case = network(np.random.default_rng(13), (3, 4, 4, 2))
    net = case.data

    def without_biases(**weights: np.ndarray) -> dict[str, np.ndarray]:
        right = net.gradient(**weights)
        return {name: right[name] * (name != "b1") for name in weights}

    yield Plant(
        "net: no bias gradient",
        "one bias has none: a detached branch",
        theme,
        case,
        lambda: without_biases,
        0.9,
    )
    yield Plant(
        "net: no activation slope",
        "the slope of tanh is left out of the reverse pass",
        theme,
        case,
        lambda: lambda **weights: net.gradient(slope=np.ones_like, **weights),
        1e-2,
    )
    yield Plant(
        "net: slope at the output",
        "1 − tanh(tanh x)²: the slope taken after the activation",
        theme,
        case,
        lambda: lambda **weights: net.gradient(slope=lambda z: 1 / np.cosh(np.tanh(z)) ** 2, **weights),
        1e-2,
    )
    relu = network(np.random.default_rng(14), (3, 5, 2), ReLU)
    yield Plant(
        "net: leaky slope",
        "slope 1e-3 where relu has 0",
        theme,
        relu,
        lambda: lambda **weights: relu.data.gradient(slope=lambda z: np.where(z > 0, 1, 1e-3), **weights),
        1e-5,
    )

    ids, rng = np.array([0, 2, 2, 1]), np.random.default_rng(15)
    targets = rng.standard_normal((4, 2))
    tensors = torch.tensor(ids), torch.tensor(targets)

    def gather(T: np.ndarray) -> np.ndarray:
        found = np.zeros_like(T)
        np.add.at(found, ids, T[ids] - targets)
        return found

    def overwrite(T: np.ndarray) -> np.ndarray:
        found = np.zeros_like(T)
        found[ids] += T[ids] - targets
        return found

    table = Case(
        "embedding",
        rng.standard_normal((4, 2)),
        lambda T: 0.5 * np.sum((T[ids] - targets) ** 2),
        gather,
        twin=lambda T: 0.5 * (torch.nn.functional.embedding(tensors[0], T) - tensors[1]).square().sum(),
    )
    yield Plant(
        "embedding: repeated index",
        "a token that occurs twice is counted once",
        theme,
        table,
        lambda: overwrite,
        1e-2,
    )

    signal, kernel = rng.standard_normal(9), rng.standard_normal(3)
    tensor = torch.tensor(kernel)
    filtered = lambda x: np.convolve(x, kernel, "valid")  # noqa: E731
    conv = Case(
        "convolution",
        signal,
        lambda x: 0.5 * np.sum(filtered(x) ** 2),
        lambda x: np.convolve(filtered(x), kernel[::-1], "full"),
        twin=lambda x: (
            0.5 * torch.nn.functional.conv1d(x[None, None], tensor.flip(0)[None, None]).square().sum()
        ),
    )
    yield Plant(
        "convolution: kernel not flipped",
        "the adjoint with the kernel the wrong way round",
        theme,
        conv,
        lambda: lambda x: np.convolve(filtered(x), kernel, "full"),
        1e-2,
    )
    yield Plant(
        "convolution: rolled index",
        "the gradient shifted by one place",
        theme,
        conv,
        lambda: lambda x: np.roll(conv.gradient(x), 1),
        1e-2,
    )

    sums = Case(
        "cumulative sum",
        signal,
        lambda x: 0.5 * np.sum(np.cumsum(x) ** 2),
        lambda x: np.cumsum(np.cumsum(x)[::-1])[::-1],
        twin=lambda x: 0.5 * torch.cumsum(x, 0).square().sum(),
    )
    yield Plant(
        "cumulative sum: not reversed",
        "summed forwards in the reverse pass",
        theme,
        sums,
        lambda: lambda x: np.cumsum(np.cumsum(x)),
        1e-2,
    )
    yield Plant(
        "cumulative sum: truncated",
        "only the last four steps are gone back through",
        theme,
        sums,
        lambda: lambda x: np.array([np.sum(np.cumsum(x)[i : i + 4]) for i in range(len(x))]),
        1e-2,
    )


def _matrices() -> Iterator[Plant]:
    theme = "matrices"
    case = quadratic(np.random.default_rng(16), 5)
    A, b = case.data.A, case.data.b
    yield Plant("quadratic: A x", "A x for ½ (A + Aᵀ) x", theme, case, lambda: lambda x: A @ x - b, 1e-2)
    yield Plant("quadratic: no ½", "(A + Aᵀ) x", theme, case, lambda: lambda x: (A + A.T) @ x - b, 1e-2)
    upper = np.triu(A)
    yield Plant(
        "quadratic: upper triangle",
        "the lower triangle of A is not read",
        theme,
        case,
        lambda: lambda x: 0.5 * (upper + upper.T) @ x - b,
        1e-2,
    )
    case = inverse(np.random.default_rng(17))
    yield Plant(
        "inverse: no transpose", "−s (A⁻ᵀ s)ᵀ", theme, case, lambda: lambda A: case.gradient(A).T, 1e-2
    )
    determinant = log_determinant(np.random.default_rng(18))
    yield Plant("log-determinant: A⁻¹", "A⁻¹ for A⁻ᵀ", theme, determinant, lambda: np.linalg.inv, 1e-2)
    yield Plant(
        "log-determinant: symmetric part",
        "the symmetric part of A⁻ᵀ alone",
        theme,
        determinant,
        lambda: lambda A: (np.linalg.inv(A) + np.linalg.inv(A).T) / 2,
        1e-2,
    )
