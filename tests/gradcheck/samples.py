"""Losses with gradients written by hand, and ways to get them wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(5)
N = 12
A = RNG.standard_normal((20, N))
B = RNG.standard_normal(20)
X = RNG.standard_normal(N)
UNITS = np.logspace(-8, 8, N)
HILBERT = 1 / (np.arange(N)[:, None] + np.arange(N) + 1.0)
MATRIX = RNG.standard_normal((5, 5))
NEARLY_SINGULAR = np.concatenate([MATRIX[:4], MATRIX[3:4] + 1e-8 * MATRIX[4:]])


class Case(NamedTuple):
    """A loss, its gradient, and where to check."""

    loss: Callable[..., Any]
    grad: Callable[..., Any]
    inputs: Any


def squares(x: Array) -> float:
    return float(0.5 * np.sum((A @ x - B) ** 2))


def squares_grad(x: Array) -> Array:
    return A.T @ (A @ x - B)


def softmax(x: Array) -> Array:
    weights = np.exp(x - np.max(x))
    return weights / np.sum(weights)


def entropy(x: Array) -> Any:
    p = softmax(x)
    return -np.sum(p * np.log(p))


def entropy_grad(x: Array) -> Array:
    p = softmax(x)
    return -p * (np.log(p) - np.sum(p * np.log(p)))


def log_sum_exp(x: Array) -> Any:
    return np.max(x) + np.log(np.sum(np.exp(x - np.max(x))))


def rosenbrock(x: Array) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_grad(x: Array) -> Array:
    gap = x[1:] - x[:-1] ** 2
    before = -400 * x[:-1] * gap - 2 * (1 - x[:-1])
    return np.concatenate([before, [0]]) + np.concatenate([[0], 200 * gap])


def inverse(m: Array) -> Array:
    return np.linalg.inv(m)


def unit_case(scale: float) -> Case:
    """A loss whose inputs are in other units."""
    return Case(lambda x: squares(x / scale), lambda x: squares_grad(x / scale) / scale, X * scale)


def scaled_case(scale: float) -> Case:
    """A loss in other units."""
    return Case(lambda x: scale * squares(x), lambda x: scale * squares_grad(x), X)


#: Correct; those that must be certified.
CERTAIN: dict[str, Case] = {
    "least squares": Case(squares, squares_grad, X),
    **{f"loss times {s:g}": scaled_case(s) for s in (1e-150, 1e-6, 1e6, 1e150)},
    **{f"inputs times {s:g}": unit_case(s) for s in (1e-150, 1e-6, 1e6, 1e150)},
    "units of their own": Case(
        lambda x: np.sum(np.cos(x / UNITS)), lambda x: -np.sin(x / UNITS) / UNITS, X * UNITS
    ),
    "weights of many sizes": Case(lambda x: 0.5 * np.sum(UNITS * x * x), lambda x: UNITS * x, X),
    "Hilbert matrix": Case(lambda x: 0.5 * x @ HILBERT @ x, lambda x: HILBERT @ x, X),
    "Rosenbrock": Case(rosenbrock, rosenbrock_grad, X),
    "Rosenbrock at its least": Case(rosenbrock, rosenbrock_grad, np.ones(N)),
    "least squares at the least": Case(squares, squares_grad, np.linalg.lstsq(A, B, rcond=None)[0]),
    "a large constant": Case(lambda x: 1e12 + np.sum(np.sin(x)), np.cos, X),
    "log-sum-exp": Case(log_sum_exp, softmax, X),
    "log-sum-exp of large scores": Case(log_sum_exp, softmax, 300 * X),
    "entropy": Case(entropy, entropy_grad, X),
    "norm of tiny inputs": Case(np.linalg.norm, lambda x: x / np.linalg.norm(x), 1e-12 * X),
    "absolute values": Case(lambda x: np.sum(np.abs(x)), np.sign, X),
    "rectifiers": Case(lambda x: np.sum(np.maximum(A @ x, 0)), lambda x: A.T @ (A @ x > 0).astype(float), X),
    "largest": Case(np.max, lambda x: (x == np.max(x)).astype(float), X),
    "logarithms": Case(lambda x: np.sum(np.log(x)), lambda x: 1 / x, np.abs(X) * 1e-10),
    "fast oscillation": Case(lambda x: np.sum(np.sin(1e4 * x)), lambda x: 1e4 * np.cos(1e4 * x), X),
    "log of a determinant": Case(lambda m: np.linalg.slogdet(m)[1], lambda m: inverse(m).T, MATRIX),
    "variance far from 0": Case(np.var, lambda x: 2 * (x - np.mean(x)) / x.size, X + 1e6),
    "constant": Case(lambda x: 3.0, np.zeros_like, X),
    "one coordinate": Case(lambda x: float(x[3]), lambda x: np.eye(N)[3], X),
    "zeros": Case(lambda x: np.sum(x**2) + x[0], lambda x: 2 * x + np.eye(N)[0], np.zeros(N)),
    "one entry next to 0": Case(squares, squares_grad, np.where(np.arange(N) == 2, 1e-17, X)),
    "saturated": Case(
        lambda x: np.sum(np.tanh(9 * A @ x)), lambda x: 9 * A.T @ (1 - np.tanh(9 * A @ x) ** 2), X
    ),
    "scalar": Case(np.exp, np.exp, np.float64(0.3)),
    "two inputs": Case(
        lambda a, b: np.sum(a) ** 2 + 1e-9 * np.sum(np.sin(b)),
        lambda a, b: (2 * np.sum(a) * np.ones_like(a), 1e-9 * np.cos(b)),
        (X, X[:5]),
    ),
}

#: Correct, but nearly singular or drowned in rounding: whatever is said, it is not that they are wrong.
HARD: dict[str, Case] = {
    "solving with a Hilbert matrix": Case(
        lambda x: 0.5 * x @ np.linalg.solve(HILBERT, x), lambda x: np.linalg.solve(HILBERT, x), X
    ),
    "nearly singular determinant": Case(
        np.linalg.det, lambda m: np.linalg.det(m) * inverse(m).T, NEARLY_SINGULAR
    ),
    "log of it": Case(lambda m: np.linalg.slogdet(m)[1], lambda m: inverse(m).T, NEARLY_SINGULAR),
    "trace of an inverse": Case(
        lambda m: np.trace(inverse(m)), lambda m: -(inverse(m) @ inverse(m)).T, NEARLY_SINGULAR
    ),
    **{
        f"cancellation at {s:g}": Case(
            lambda x: np.sum((1 - np.cos(x)) / x**2),
            lambda x: np.sin(x) / x**2 - 2 * (1 - np.cos(x)) / x**3,
            X * s,
        )
        for s in (1e-3, 1e-6)
    },
    "piecewise linear": Case(
        lambda x: np.sum(np.interp(x, np.arange(-4.0, 5), np.arange(-4.0, 5) ** 2)),
        lambda x: np.diff(np.arange(-4.0, 5) ** 2)[np.floor(x + 4).astype(int).clip(0, 7)] * (np.abs(x) < 4),
        X,
    ),
    "subgradient at a kink": Case(lambda x: np.sum(np.abs(x)), np.sign, np.where(np.arange(N) == 3, 0.0, X)),
    "overflows far out": Case(
        lambda x: np.sum(np.logaddexp(0, x)), lambda x: np.exp(x) / (1 + np.exp(x)), 20 * X
    ),
}


def changed(place: Any, factor: float) -> Callable[[Array], Array]:
    """The gradient of least squares, with some entries times a factor."""

    def grad(x: Array) -> Array:
        found = squares_grad(x)
        found[place] *= factor
        return found

    return grad


def large_only(x: Array) -> Array:
    found = squares_grad(x)
    return np.clip(found, -100, 100) if np.max(np.abs(x)) > 5 * np.max(np.abs(X)) else found


#: Wrong gradients of least squares, with words that the attribution has.
WRONG: dict[str, tuple[Callable[[Array], Array], str]] = {
    "1e-6 too large": (lambda x: squares_grad(x) * (1 + 1e-6), "missing factor 0.999999"),
    "1e-9 too large": (lambda x: squares_grad(x) * (1 + 1e-9), ""),
    "sign": (lambda x: -squares_grad(x), "wrong sign"),
    "twice": (lambda x: 2 * squares_grad(x), "missing factor 1/2"),
    "size": (lambda x: squares_grad(x) / N, f"missing factor {N}"),
    "zero": (np.zeros_like, "detached"),
    "off by one": (lambda x: np.roll(squares_grad(x), 1), "off by one along axis 0"),
    "one coordinate": (changed(7, 1.5), "wrong at x[7] only: missing factor 2/3"),
    "one coordinate a little": (changed(7, 1 + 1e-6), "wrong at x[7] only"),
    "a constant off": (lambda x: squares_grad(x) - np.mean(squares_grad(x)), "constant everywhere"),
    "float32 returned": (lambda x: squares_grad(x).astype(np.float32), "accumulated in float32"),
    "float32 inside": (
        lambda x: (A.T.astype(np.float32) @ (A @ x - B).astype(np.float32)).astype(np.float64),
        "accumulated in float32",
    ),
    "float16 inside": (
        lambda x: squares_grad(x).astype(np.float16).astype(np.float64),
        "accumulated in float16",
    ),
    "large inputs": (large_only, "right at the inputs given, wrong at the point x10"),
}
