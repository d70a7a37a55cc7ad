"""Losses with right gradients, each with a twin in torch: what correct cases and planted errors share."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from tests.gradcheck_power.attention import softmax
from tests.gradcheck_power.cases import Case

ReLU = "relu"
TANH = "tanh"


def elementwise(name: str, f: Any, slope: Any, twin: Any, x: np.ndarray, w: np.ndarray | None = None) -> Case:
    """Σ w f(x), with weights from 1 to 2 unless others are given."""
    w = np.linspace(1, 2, len(x)) if w is None else w
    tensor = torch.tensor(w)
    return Case(
        name=name,
        inputs=x,
        loss=lambda x: w @ f(x),
        gradient=lambda x: w * slope(x),
        twin=lambda x: (tensor * twin(x)).sum(),
        data=w,
    )


def quadratic(
    rng: np.random.Generator, n: int, condition: float = 1.0, scale: float = 1.0, offset: float = 0.0
) -> Case:
    """½ xᵀ A x − bᵀ x + offset, A not symmetric, its singular values from 1 to 1/condition."""
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    A = left * np.geomspace(1, 1 / condition, n) @ right
    x, b = scale * rng.standard_normal(n), scale * rng.standard_normal(n)
    tensors = torch.tensor(A), torch.tensor(b)
    return Case(
        name=f"quadratic form, n = {n}, condition {condition:.0e}, values {scale:.0e}, offset {offset:.0e}",
        inputs=x,
        loss=lambda x: 0.5 * x @ A @ x - b @ x + offset,
        gradient=lambda x: 0.5 * (A @ x + A.T @ x) - b,
        twin=lambda x: 0.5 * torch.einsum("i,ij,j", x, tensors[0], x) - (tensors[1] * x).sum() + offset,
        data=SimpleNamespace(A=A, b=b),
    )


def cross_entropy(rng: np.random.Generator, n: int = 5, k: int = 4, m: int = 3, scale: float = 1.0) -> Case:
    """Mean cross-entropy of a linear classifier with weights W (k × m) and bias b (m)."""
    features, labels = rng.standard_normal((n, k)), rng.integers(0, m, n)
    rows, tensors = np.arange(n), (torch.tensor(features), torch.tensor(labels))

    def loss(W: np.ndarray, b: np.ndarray) -> float:
        logits = features @ W + b
        top = np.max(logits, axis=1)
        return np.mean(np.log(np.sum(np.exp(logits - top[:, None]), axis=1)) + top - logits[rows, labels])

    def residual(W: np.ndarray, b: np.ndarray) -> np.ndarray:
        P = softmax(features @ W + b)
        P[rows, labels] = -np.sum(P * (np.arange(m) != labels[:, None]), axis=1)  # p − 1, without cancelling
        return P / n

    def gradient(W: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
        R = residual(W, b)
        return {"W": features.T @ R, "b": np.sum(R, axis=0)}

    return Case(
        name=f"cross-entropy, {k * m + m} parameters, logits of scale {scale:g}",
        inputs={"W": scale * rng.standard_normal((k, m)), "b": scale * rng.standard_normal(m)},
        loss=loss,
        gradient=gradient,
        twin=lambda W, b: torch.nn.functional.cross_entropy(tensors[0] @ W + b, tensors[1]),
        data=SimpleNamespace(features=features, labels=labels, residual=residual, n=n, m=m),
    )


def logistic(
    rng: np.random.Generator, n: int = 20, k: int = 5, scale: float = 1.0, ridge: float = 0.1
) -> Case:
    """Mean log(1 + exp(−y F w)) + ½ ridge ‖w‖²."""
    F, y = rng.standard_normal((n, k)) / np.sqrt(k), rng.choice([-1.0, 1.0], n)
    tensors = torch.tensor(F), torch.tensor(y)

    def gradient(w: np.ndarray) -> np.ndarray:
        margins = y * (F @ w)
        return -F.T @ (y * np.exp(-np.logaddexp(0, margins))) / n + ridge * w

    return Case(
        name=f"logistic regression, {k} parameters, weights of scale {scale:g}, ridge {ridge:g}",
        inputs=scale * rng.standard_normal(k),
        loss=lambda w: np.mean(np.logaddexp(0, -y * (F @ w))) + 0.5 * ridge * w @ w,
        gradient=gradient,
        twin=lambda w: (
            -torch.nn.functional.logsigmoid(tensors[1] * (tensors[0] @ w)).mean() + 0.5 * ridge * w.dot(w)
        ),
        data=SimpleNamespace(F=F, y=y, n=n, ridge=ridge),
    )


def log_sum_exp(rng: np.random.Generator, n: int, scale: float = 1.0, shift: float = 0.0) -> Case:
    """log Σ exp(x), by subtracting the largest."""
    return Case(
        name=f"log-sum-exp, n = {n}, scale {scale:g}, shift {shift:g}",
        inputs=scale * rng.standard_normal(n) + shift,
        loss=lambda x: np.max(x) + np.log(np.sum(np.exp(x - np.max(x)))),
        gradient=lambda x: softmax(x, axis=0),
        # torch.logsumexp's gradient, exp(x − log-sum-exp), would lose what the entries' size costs.
        twin=lambda x: torch.log(torch.exp(x - x.max().detach()).sum()) + x.max().detach(),
    )


def _square(rng: np.random.Generator, n: int, condition: float) -> np.ndarray:
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return left * np.geomspace(1, 1 / condition, n) @ right


def inverse(rng: np.random.Generator, n: int = 3, condition: float = 10.0) -> Case:
    """½ ‖A⁻¹ b‖²."""
    b = rng.standard_normal(n)
    tensor = torch.tensor(b)

    def gradient(A: np.ndarray) -> np.ndarray:
        s = np.linalg.solve(A, b)
        return -np.outer(np.linalg.solve(A.T, s), s)

    return Case(
        name=f"inverse, n = {n}, condition {condition:.0e}",
        inputs=_square(rng, n, condition),
        loss=lambda A: 0.5 * np.sum(np.linalg.solve(A, b) ** 2),
        gradient=gradient,
        twin=lambda A: 0.5 * (torch.linalg.inv(A) @ tensor).square().sum(),
        data=SimpleNamespace(b=b),
    )


def log_determinant(rng: np.random.Generator, n: int = 3, condition: float = 10.0) -> Case:
    """log |det A|."""
    return Case(
        name=f"log-determinant, n = {n}, condition {condition:.0e}",
        inputs=_square(rng, n, condition),
        loss=lambda A: np.linalg.slogdet(A)[1],
        gradient=lambda A: np.linalg.inv(A).T,
        twin=lambda A: torch.linalg.slogdet(A)[1],
    )


def norm(rng: np.random.Generator, n: int = 4, scale: float = 1.0, smooth: float = 0.0) -> Case:
    """√(‖x‖² + smooth²)."""
    return Case(
        name=f"norm, n = {n}, values {scale:.0e}{f', smoothed by {smooth:.0e}' if smooth else ''}",
        inputs=scale * rng.standard_normal(n),
        loss=lambda x: np.sqrt(x @ x + smooth**2),
        gradient=lambda x: x / np.sqrt(x @ x + smooth**2),
        twin=lambda x: torch.linalg.vector_norm(torch.cat([x, torch.tensor([smooth], dtype=x.dtype)])),
    )


def network(
    rng: np.random.Generator,
    widths: tuple[int, ...],
    activation: str = TANH,
    gain: float = 1.0,
    rows: int = 4,
) -> Case:
    """Half the squared error of a net with biases, by its own reverse pass."""
    inputs: dict[str, np.ndarray] = {}
    for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(widths)):
        inputs[f"W{layer}"] = gain * rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)
        inputs[f"b{layer}"] = 0.1 * rng.standard_normal(fan_out)
    features, targets = rng.standard_normal((rows, widths[0])), rng.standard_normal((rows, widths[-1]))
    depth, tensors = len(widths) - 1, (torch.tensor(features), torch.tensor(targets))
    act = {TANH: np.tanh, ReLU: lambda z: np.maximum(z, 0)}[activation]
    slope = {TANH: lambda z: 1 / np.cosh(z) ** 2, ReLU: lambda z: (z > 0).astype(float)}[activation]
    torch_act = {TANH: torch.tanh, ReLU: torch.relu}[activation]

    def states(weights: dict[str, np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        values, before = [features], []
        for layer in range(depth):
            before.append(values[-1] @ weights[f"W{layer}"] + weights[f"b{layer}"])
            values.append(act(before[-1]) if layer < depth - 1 else before[-1])
        return values, before

    def gradient(*, slope: Any = slope, **weights: np.ndarray) -> dict[str, np.ndarray]:
        values, before = states(weights)
        flow, found = values[-1] - targets, {}
        for layer in reversed(range(depth)):
            if layer < depth - 1:
                flow = flow * slope(before[layer])
            found[f"W{layer}"], found[f"b{layer}"] = values[layer].T @ flow, np.sum(flow, axis=0)
            flow = flow @ weights[f"W{layer}"].T
        return {name: found[name] for name in weights}

    def twin(**weights: torch.Tensor) -> torch.Tensor:
        value = tensors[0]
        for layer in range(depth):
            value = torch.addmm(weights[f"b{layer}"], value, weights[f"W{layer}"])
            value = torch_act(value) if layer < depth - 1 else value
        return 0.5 * torch.nn.functional.mse_loss(value, tensors[1], reduction="sum")

    return Case(
        name=f"{activation} net, widths {'-'.join(map(str, widths))}, gain {gain:g}",
        inputs=inputs,
        loss=lambda **weights: 0.5 * np.sum((states(weights)[0][-1] - targets) ** 2),
        gradient=lambda **weights: gradient(**weights),
        twin=twin,
        data=SimpleNamespace(gradient=gradient, states=states, targets=targets, depth=depth),
    )


def polynomial(coefficients: list[int], x: np.ndarray, name: str) -> Case:
    """Σ_j p(x_j) by Horner, whose terms cancel; the coefficients are integers, the constant first."""
    derivative = [power * value for power, value in enumerate(coefficients)][1:]

    def horner(values: list[int], x: np.ndarray) -> np.ndarray:
        total = np.zeros_like(x)
        for value in reversed(values):
            total = total * x + value
        return total

    return Case(
        name=name,
        inputs=x,
        loss=lambda x: np.sum(horner(coefficients, x)),
        gradient=lambda x: horner(derivative, x),
        exact=lambda x: [sum(value * t**power for power, value in enumerate(derivative)) for t in x],
        magnitude=lambda x: horner([abs(value) for value in derivative], np.abs(x)),
    )


def rational(rng: np.random.Generator, n: int, distance: float) -> Case:
    """Σ (x + 1) / (x − 1) near the pole at 1."""
    return Case(
        name=f"rational function, n = {n}, {distance:.0e} from its pole",
        inputs=1 + distance * rng.uniform(0.5, 2, n) * rng.choice([-1.0, 1.0], n),
        loss=lambda x: np.sum((x + 1) / (x - 1)),
        gradient=lambda x: -2 / (x - 1) ** 2,
        exact=lambda x: [-2 / (t - 1) ** 2 for t in x],
    )


def layer_norm(rng: np.random.Generator, n: int = 6, spread: float = 1.0, eps: float = 1e-5) -> Case:
    """Σ w (gain (x − mean) / √(variance + eps) + bias)², in x, gain and bias."""
    weights = rng.uniform(0.5, 1.5, n)
    tensor = torch.tensor(weights)

    def parts(x: Any, gain: Any, bias: Any) -> SimpleNamespace:
        deviation = np.sqrt(np.var(x) + eps)
        z = (x - np.mean(x)) / deviation
        out = gain * z + bias
        return SimpleNamespace(z=z, deviation=deviation, out=out, flow=2 * weights * out)

    def gradient(x: Any, gain: Any, bias: Any) -> dict[str, np.ndarray]:
        s = parts(x, gain, bias)
        u = s.flow * gain
        return {
            "x": (u - np.mean(u) - s.z * np.mean(u * s.z)) / s.deviation,
            "gain": s.flow * s.z,
            "bias": s.flow,
        }

    return Case(
        name=f"layer norm, n = {n}, spread {spread:.0e}",
        inputs={
            "x": 1 + spread * rng.standard_normal(n),
            "gain": 1 + 0.1 * rng.standard_normal(n),
            "bias": 0.1 * rng.standard_normal(n),
        },
        loss=lambda x, gain, bias: np.sum(weights * parts(x, gain, bias).out ** 2),
        gradient=gradient,
        twin=lambda x, gain, bias: (
            tensor * torch.nn.functional.layer_norm(x, x.shape, gain, bias, eps) ** 2
        ).sum(),
        data=SimpleNamespace(parts=parts, eps=eps),
    )
