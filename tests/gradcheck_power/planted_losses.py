"""Planted errors in classifiers, activations and kinks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from tests.gradcheck_power.attention import softmax
from tests.gradcheck_power.cases import Case, Kind, Plant
from tests.gradcheck_power.problems import (
    cross_entropy,
    elementwise,
    logistic,
)

erf = np.vectorize(math.erf)


def planted() -> Iterator[Plant]:
    """All of this file."""
    yield from _classifiers()
    yield from _activations()
    yield from _kinks()


def _classifiers() -> Iterator[Plant]:
    theme = "classifiers"
    case = cross_entropy(np.random.default_rng(10))
    d = case.data

    def from_residual(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[], Any]:
        def wrong(W: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
            R = change(d.residual(W, b))
            return {"W": d.features.T @ R, "b": np.sum(R, axis=0)}

        return lambda: wrong

    hot = np.eye(d.m)[d.labels] / d.n

    def over_columns(W: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
        R = softmax(d.features @ W + b, axis=0) / d.n - hot
        return {"W": d.features.T @ R, "b": np.sum(R, axis=0)}

    def batch_mean(W: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
        R = d.residual(W, b)
        return {"W": d.features.T @ R, "b": np.mean(R, axis=0)}

    rows = [
        ("sum for mean", "not divided by the number of rows", from_residual(lambda R: R * d.n)),
        (
            "mean over classes",
            "divided by the classes, not by the rows",
            from_residual(lambda R: R * d.n / d.m),
        ),
        (
            "labels off by one",
            "the labels of the next row",
            from_residual(lambda R: R + hot - np.roll(hot, 1, 0)),
        ),
        ("no labels", "softmax, without minus one at the label", from_residual(lambda R: R + hot)),
        ("wrong axis of softmax", "normalised over the rows in the gradient", lambda: over_columns),
        ("bias averaged", "mean over the rows where the sum belongs, in the bias alone", lambda: batch_mean),
    ]
    for name, what, fresh in rows:
        yield Plant(f"cross-entropy: {name}", what, theme, case, fresh, 1e-2)

    case = logistic(np.random.default_rng(11))
    right, ridge = case.gradient, case.data.ridge
    F, y, n = case.data.F, case.data.y, case.data.n
    rows = [
        ("no regulariser", "the ridge term is in the loss alone", lambda: lambda w: right(w) - ridge * w),
        ("regulariser twice", "2 λ w for λ w", lambda: lambda w: right(w) + ridge * w),
        (
            "σ for 1 − σ",
            "the probability of the label for that of the other",
            lambda: lambda w: -F.T @ (y / (1 + np.exp(-y * (F @ w)))) / n + ridge * w,
        ),
    ]
    for name, what, fresh in rows:
        yield Plant(f"logistic: {name}", what, theme, case, fresh, 1e-2)


def _activations() -> Iterator[Plant]:
    theme = "activations"
    x = np.array([-1.3, -0.4, 0.2, 0.7, 1.9])
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    density = lambda x: np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    normal = lambda x: (1 + erf(x / math.sqrt(2))) / 2  # noqa: E731

    def by_tanh(x: np.ndarray) -> np.ndarray:
        a = math.sqrt(2 / math.pi)
        t = np.tanh(a * (x + 0.044715 * x**3))
        return (1 + t) / 2 + x * (1 - t**2) * a * (1 + 3 * 0.044715 * x**2) / 2

    rows: list[tuple[str, str, float, Any, Any, Any, Any]] = [
        (
            "tanh: 1 − x²",
            "the input squared for the output squared",
            1e-2,
            np.tanh,
            lambda x: 1 - np.tanh(x) ** 2,
            torch.tanh,
            lambda x: 1 - x**2,
        ),
        (
            "sigmoid: s",
            "s for s (1 − s)",
            1e-2,
            sigmoid,
            lambda x: sigmoid(x) * sigmoid(-x),
            torch.sigmoid,
            sigmoid,
        ),
        (
            "gelu: of the tanh form",
            "the derivative of the tanh approximation for that of the exact gelu",
            1e-5,
            lambda x: x * normal(x),
            lambda x: normal(x) + x * density(x),
            torch.nn.functional.gelu,
            by_tanh,
        ),
        (
            "swish: no x s′",
            "one term of the product rule",
            1e-2,
            lambda x: x * sigmoid(x),
            lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
            torch.nn.functional.silu,
            sigmoid,
        ),
        (
            "softplus at β = 2",
            "the derivative at another temperature",
            1e-2,
            lambda x: np.logaddexp(0, x),
            sigmoid,
            torch.nn.functional.softplus,
            lambda x: sigmoid(2 * x),
        ),
        (
            "sin(x²): no 2x",
            "the inner derivative is left out",
            1e-2,
            lambda x: np.sin(x**2),
            lambda x: 2 * x * np.cos(x**2),
            lambda x: torch.sin(x**2),
            lambda x: np.cos(x**2),
        ),
        (
            "exp(−x²): sign",
            "2x for −2x inside",
            1e-2,
            lambda x: np.exp(-(x**2)),
            lambda x: -2 * x * np.exp(-(x**2)),
            lambda x: torch.exp(-(x**2)),
            lambda x: 2 * x * np.exp(-(x**2)),
        ),
        (
            "√(1 + x²): no ½",
            "twice the derivative of the square root",
            0.9,
            lambda x: np.sqrt(1 + x**2),
            lambda x: x / np.sqrt(1 + x**2),
            lambda x: torch.sqrt(1 + x**2),
            lambda x: 2 * x / np.sqrt(1 + x**2),
        ),
        (
            "x³: integer division",
            "7 // 2 for 7 / 2 in the coefficient",
            1e-2,
            lambda x: 7 / 6 * x**3,
            lambda x: 7 / 2 * x**2,
            lambda x: 7 / 6 * x**3,
            lambda x: 7 // 2 * x**2,
        ),
        (
            "elu: wrong for negative inputs",
            "1 where exp(x) belongs",
            1e-2,
            lambda x: np.where(x > 0, x, np.expm1(x)),
            lambda x: np.where(x > 0, 1, np.exp(x)),
            torch.nn.functional.elu,
            lambda x: np.ones_like(x),
        ),
    ]
    for name, what, error, f, slope, twin, wrong in rows:
        case = elementwise(name.partition(":")[0], f, slope, twin, x)
        w = case.data
        yield Plant(name, what, theme, case, lambda wrong=wrong, w=w: lambda x: w * wrong(x), error)


def _kinks() -> Iterator[Plant]:
    theme = "kinks"
    near = np.array([-1.1, -0.05, 0.4, 1.2])
    relu = lambda x: np.maximum(x, 0)  # noqa: E731
    case = elementwise("relu", relu, lambda x: (x > 0).astype(float), torch.relu, near)
    w = case.data
    yield Plant(
        "relu: x > −0.1",
        "the slope of the wrong side of the kink, at −0.05",
        theme,
        case,
        lambda: lambda x: w * (x > -0.1),
        1e-2,
    )
    case = elementwise("abs", np.abs, np.sign, torch.abs, near)
    yield Plant("abs: 1", "the slope of x for that of |x|", theme, case, lambda: lambda x: 1 * w, 1e-2)
    case = elementwise(
        "leaky relu",
        lambda x: np.where(x > 0, x, 0.01 * x),
        lambda x: np.where(x > 0, 1, 0.01),
        torch.nn.functional.leaky_relu,
        near,
    )
    yield Plant(
        "leaky relu: 0 below 0",
        "relu's slope for leaky relu's",
        theme,
        case,
        lambda: lambda x: w * (x > 0),
        4e-3,
    )
    at = np.array([-1.1, 0.0, 0.4, 1.2])
    case = elementwise("relu at 0", relu, lambda x: (x > 0).astype(float), torch.relu, at)
    yield Plant(
        "relu at 0: −1",
        "−1 at the kink, where slopes from 0 to 1 are subgradients",
        theme,
        case,
        lambda: lambda x: w * np.where(x == 0, -1, x > 0),
        1e-2,
        Kind.KINK,
    )
    tie = np.array([0.3, 1.0, 1.0, -0.2])
    case = Case(
        "max at a tie", tie, np.max, lambda x: (x == x.max()) / np.sum(x == x.max()), twin=lambda x: x.amax()
    )
    yield Plant(
        "max: 1 at both of a tie",
        "the slopes at a tie add up to 2",
        theme,
        case,
        lambda: lambda x: (x == x.max()).astype(float),
        0.5,
        Kind.KINK,
    )
    case = elementwise(
        "huber",
        lambda x: np.where(np.abs(x) < 1, x**2 / 2, np.abs(x) - 0.5),
        lambda x: np.clip(x, -1, 1),
        lambda x: torch.nn.functional.huber_loss(x, torch.zeros_like(x), reduction="none"),
        np.array([-2.5, -0.3, 0.8, 3.0]),
    )
    yield Plant(
        "huber: not clipped",
        "x beyond the knee, where the slope is ±1: wrong for large inputs only",
        theme,
        case,
        lambda: lambda x: w * x,
        1e-2,
    )
