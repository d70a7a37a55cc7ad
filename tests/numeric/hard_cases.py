"""Inputs that are hard for the fast method, and an oracle in extended precision that shares no code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, Any]


def reference(arrays: Arrays, *, causal: bool = False) -> tuple[dict[str, Any], dict[str, float]]:
    """Loss and gradients by the n × n formulas in long double, and how far each may be off.

    A long double has eleven bits more than float64.  Its roundings are bounded by the same formulas in
    absolute values: each of the n + d terms of a sum, and each score in its exponent, rounds once.
    """
    A1, A2, A3, E, X, Y = (arrays[name].astype(np.longdouble) for name in ("A1", "A2", "A3", "E", "X", "Y"))
    n, d = A1.shape
    # BLAS has no long double, so the products are NumPy's own loops.
    scores = A1 @ X @ A2.T / d
    exponent = (np.abs(A1) @ np.abs(X) @ np.abs(A2).T / d).max()
    if causal:
        scores = np.where(np.tri(n, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    f = weights / weights.sum(axis=1, keepdims=True)
    h = A3 @ Y
    c = f @ h - E
    q = c @ h.T
    p = f * (q - (f * q).sum(axis=1, keepdims=True))
    found = {
        "X": A1.T @ p @ A2 / d,
        "Y": (f @ A3).T @ c,
        "A1": p @ A2 @ X.T / d,
        "A2": p.T @ A1 @ X / d,
        "A3": f.T @ c @ Y.T,
        "loss": (c * c).sum() / 2,
    }
    A1, A2, A3, E, X, Y = (np.abs(value) for value in (A1, A2, A3, E, X, Y))
    c = f @ (A3 @ Y) + E
    q = c @ (A3 @ Y).T
    p = f * (q + (f * q).sum(axis=1, keepdims=True))
    sizes = {
        "X": A1.T @ p @ A2 / d,
        "Y": (f @ A3).T @ c,
        "A1": p @ A2 @ X.T / d,
        "A2": p.T @ A1 @ X / d,
        "A3": f.T @ c @ Y.T,
        "loss": (c * c).sum() / 2,
    }
    roundings = np.finfo(np.longdouble).eps * (4 * n + 8 * d + 32) * (1 + 4 * exponent)
    return found, {name: float(np.max(value) * roundings) for name, value in sizes.items()}


def _uniform(rng: np.random.Generator, n: int, d: int) -> Arrays:
    names = ("A1", "A2", "A3", "E")
    arrays = {name: rng.uniform(-1, 1, (n, d)) for name in names}
    return arrays | {name: rng.uniform(-1, 1, (d, d)) for name in ("X", "Y")}


def _aligned(rng: np.random.Generator, n: int, d: int) -> Arrays:
    """Rank one: all queries and keys along one direction, so that scores fill their range."""
    direction = rng.standard_normal(d)
    arrays = _uniform(rng, n, d)
    for name in ("A1", "A2"):
        arrays[name] = rng.choice([-1.0, 1.0], (n, 1)) * direction / np.linalg.norm(direction)
    return arrays | {"X": np.eye(d) * rng.uniform(0, 3)}


def _clustered(rng: np.random.Generator, n: int, d: int) -> Arrays:
    """Keys and values close together, far from 0."""
    arrays = _uniform(rng, n, d)
    far = 10.0 ** rng.uniform(0, 4)
    arrays["A2"] = far + arrays["A2"]
    arrays["A3"] = far + arrays["A3"]
    return arrays


def _scaled(rng: np.random.Generator, n: int, d: int) -> Arrays:
    """Tiny and huge scales whose product, the scores, stays moderate."""
    arrays = _uniform(rng, n, d)
    exponent = rng.uniform(-60, 60)
    arrays["A1"] = arrays["A1"] * 10.0**exponent
    arrays["A2"] = arrays["A2"] * 10.0**-exponent
    other = 10.0 ** rng.uniform(-8, 8)
    return arrays | {"A3": arrays["A3"] * other, "E": arrays["E"] * other * 10.0 ** rng.uniform(-3, 3)}


def _duplicated(rng: np.random.Generator, n: int, d: int) -> Arrays:
    """One row over and over, and a few others."""
    arrays = _uniform(rng, n, d)
    chosen = rng.integers(0, max(1, n // 4), n)
    return {name: value[chosen] if value.shape[0] == n else value for name, value in arrays.items()}


def _outlier(rng: np.random.Generator, n: int, d: int) -> Arrays:
    """One query, key or residual much larger than all others."""
    arrays = _uniform(rng, n, d)
    name = str(rng.choice(["A1", "A2", "A3", "E"]))
    arrays[name][rng.integers(0, n)] *= 30
    return arrays | {"X": arrays["X"] * 0.1}


def _signs(rng: np.random.Generator, n: int, d: int) -> Arrays:
    """Entries of ±1, which need a degree or two more than uniform ones."""
    return {name: np.sign(value) for name, value in _uniform(rng, n, d).items()}


def _large_scores(rng: np.random.Generator, n: int, d: int) -> Arrays:
    arrays = _uniform(rng, n, d)
    return arrays | {"X": arrays["X"] * 10.0 ** rng.uniform(0, 2)}


def _cancelling(rng: np.random.Generator, n: int, d: int) -> Arrays:
    """E close to the output, so that c is small beside h."""
    arrays = _uniform(rng, n, d)
    arrays["X"] = arrays["X"] * 0.5
    scores = arrays["A1"] @ arrays["X"] @ arrays["A2"].T / d
    f = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    noise = 10.0 ** rng.uniform(-9, -1)
    return arrays | {"E": f @ arrays["A3"] @ arrays["Y"] + noise * arrays["E"]}


KINDS: dict[str, Callable[[np.random.Generator, int, int], Arrays]] = {
    "uniform": _uniform,
    "aligned": _aligned,
    "clustered": _clustered,
    "scaled": _scaled,
    "duplicated": _duplicated,
    "outlier": _outlier,
    "signs": _signs,
    "large scores": _large_scores,
    "cancelling": _cancelling,
    "zero": lambda rng, n, d: {name: value * 0 for name, value in _uniform(rng, n, d).items()},
}


def draw_case(kind: str, rng: np.random.Generator, most: int = 48) -> tuple[Arrays, bool]:
    """Inputs of a kind, float64 or float32, of random sizes, n = 1 and d = 1 often; and whether causal."""
    n = int(rng.choice([1, 2, 3, int(rng.integers(4, most))]))
    d = int(rng.choice([1, 2, 3, 4]))
    dtype = np.float64 if rng.random() < 0.5 else np.float32
    arrays = KINDS[kind](rng, n, d)
    if dtype == np.float32 and kind == "scaled":  # within the range of float32
        arrays = KINDS["uniform"](rng, n, d)
    return {name: value.astype(dtype) for name, value in arrays.items()}, bool(rng.random() < 0.3)
