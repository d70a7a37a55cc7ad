"""Planted errors of size, precision and place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from tests.gradcheck_power.attention import softmax
from tests.gradcheck_power.cases import Case, Kind, Plant
from tests.gradcheck_power.problems import TANH, log_sum_exp, logistic, network, quadratic


def planted() -> Iterator[Plant]:
    """All of this file."""
    yield from _sizes()
    yield from _precision()
    yield from _places()


def _scaled(case: Case, factor: float) -> Callable[[], Any]:
    return lambda: lambda *arrays: factor * case.gradient(*arrays)


def _sizes() -> Iterator[Plant]:
    theme = "sizes"
    case = logistic(np.random.default_rng(20))
    yield Plant(
        "× (1 + 1e-3)", "within the relative tolerance of torch", theme, case, _scaled(case, 1.001), 0.9e-3
    )
    yield Plant("× (1 + 1e-6)", "scaled by 1 + 1e-6", theme, case, _scaled(case, 1 + 1e-6), 0.9e-6)
    yield Plant("× (1 + 1e-9)", "scaled by 1 + 1e-9", theme, case, _scaled(case, 1 + 1e-9), 0.9e-9)
    small = scaled_loss(logistic(np.random.default_rng(21)), 1e-6)
    yield Plant(
        "× 2.5 near 1e-6", "2.5 times too large, values near 1e-6", theme, small, _scaled(small, 2.5), 1.4
    )
    yield Plant("0 near 1e-6", "0, where values are near 1e-6", theme, small, _scaled(small, 0.0), 0.9)
    tiny = scaled_loss(logistic(np.random.default_rng(22)), 1e-12)
    yield Plant("sign near 1e-12", "negated, values near 1e-12", theme, tiny, _scaled(tiny, -1.0), 1.9)
    huge = scaled_loss(logistic(np.random.default_rng(23)), 1e12)
    yield Plant(
        "× 1.0005 near 1e12", "5e-4 too large, values near 1e12", theme, huge, _scaled(huge, 1.0005), 4e-4
    )
    steep = quadratic(np.random.default_rng(24), 4, scale=3.0)
    yield Plant(
        "clipped at ±1",
        "every entry clipped to [−1, 1]",
        theme,
        steep,
        lambda: lambda x: np.clip(steep.gradient(x), -1, 1),
        1e-2,
    )
    yield Plant(
        "norm clipped",
        "rescaled to norm 1, as an optimiser would",
        theme,
        steep,
        lambda: lambda x: steep.gradient(x) / np.linalg.norm(steep.gradient(x)),
        1e-2,
    )
    yield Plant(
        "small entries dropped",
        "entries below a hundredth of the largest set to 0",
        theme,
        case_of_scales(),
        lambda: _sparse,
        1e-5,
    )


def scaled_loss(case: Case, factor: float) -> Case:
    """The same case with its loss multiplied."""
    assert case.twin is not None
    loss, gradient, twin = case.loss, case.gradient, case.twin
    return Case(
        f"{case.name}, times {factor:g}",
        case.inputs,
        lambda *a: factor * loss(*a),
        lambda *a: factor * gradient(*a),
        twin=lambda *a: factor * twin(*a),
        data=case.data,
    )


_WEIGHTS = np.array([1.0, 1e-3, 0.5, 2e-4])


def case_of_scales() -> Case:
    """Σ w sin x, with weights of different sizes."""
    tensor = torch.tensor(_WEIGHTS)
    return Case(
        "weights of four sizes",
        np.array([0.3, -0.2, 0.8, 0.1]),
        lambda x: _WEIGHTS @ np.sin(x),
        lambda x: _WEIGHTS * np.cos(x),
        twin=lambda x: (tensor * x.sin()).sum(),
    )


def _sparse(x: np.ndarray) -> np.ndarray:
    found = _WEIGHTS * np.cos(x)
    return np.where(np.abs(found) < 1e-2 * np.max(np.abs(found)), 0, found)


def _precision() -> Iterator[Plant]:
    theme = "precision"
    rng = np.random.default_rng(25)
    case = logistic(rng, n=200)
    F, y, n, ridge = case.data.F, case.data.y, case.data.n, case.data.ridge

    def accumulated(dtype: Any) -> Callable[[], Any]:
        def wrong(w: np.ndarray) -> np.ndarray:
            terms = (F * (-y * np.exp(-np.logaddexp(0, y * (F @ w))) / n)[:, None]).astype(dtype)
            total = np.zeros(len(w), dtype)
            for term in terms:
                total = total + term
            return total.astype(float) + ridge * w

        return lambda: wrong

    yield Plant(
        "float32 accumulation", "200 terms summed in float32", theme, case, accumulated(np.float32), 1e-9
    )
    yield Plant(
        "float16 accumulation", "200 terms summed in float16", theme, case, accumulated(np.float16), 1e-5
    )
    yield Plant(
        "rounded to three decimals",
        "np.round(gradient, 3)",
        theme,
        case,
        lambda: lambda w: np.round(case.gradient(w), 3),
        1e-4,
    )
    yield Plant(
        "one-sided difference",
        "forward differences with step 1e-4 for the derivative",
        theme,
        case,
        lambda: lambda w: np.array([(case.loss(w + 1e-4 * e) - case.loss(w)) / 1e-4 for e in np.eye(len(w))]),
        1e-7,
    )
    large = log_sum_exp(rng, 5, scale=1.0, shift=800.0)
    yield Plant(
        "log-sum-exp: overflow",
        "exp(x) / Σ exp(x) at entries near 800: NaN",
        theme,
        large,
        lambda: lambda x: np.exp(x) / np.sum(np.exp(x)),
        0.0,
        Kind.NOT_FINITE,
    )
    cut = log_sum_exp(rng, 5, scale=1.0, shift=800.0)
    yield Plant(
        "log-sum-exp: cut off",
        "the entries clipped to 700 before exp",
        theme,
        cut,
        lambda: lambda x: softmax(np.clip(x, None, 700), axis=0),
        1e-2,
    )


def _places() -> Iterator[Plant]:
    theme = "places"
    wide = logistic(np.random.default_rng(26), n=30, k=1000)

    def at(index: int, factor: float) -> Callable[[], Any]:
        def wrong(w: np.ndarray) -> np.ndarray:
            found = wide.gradient(w)
            found[index] *= factor
            return found

        return lambda: wrong

    yield Plant("one of 1,000: sign", "one coordinate of 1,000 negated", theme, wide, at(617, -1.0), 1e-2)
    yield Plant(
        "one of 1,000: × 1.01",
        "one coordinate of 1,000 a hundredth too large",
        theme,
        wide,
        at(123, 1.01),
        1e-4,
    )
    yield Plant(
        "one of 1,000: × (1 + 1e-6)",
        "one coordinate of 1,000 a millionth too large",
        theme,
        wide,
        at(871, 1 + 1e-6),
        1e-8,
    )
    yield Plant("last of 1,000 is 0", "the last coordinate is never written", theme, wide, at(999, 0.0), 1e-2)
    a, b = np.array([2e6, -1e6, 3e6]), np.array([3e-6, 1e-6, -2e-6])
    blocks = Case(
        "blocks of scales 1e6 and 1e-6",
        {"a": a, "b": b},
        _mixed_loss,
        _mixed_gradient,
        twin=lambda a, b: torch.log1p((a / 1e6) ** 2).sum() + torch.sin(b * 1e6).sum(),
    )

    def in_a(a: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
        return {**_mixed_gradient(a, b), "a": -_mixed_gradient(a, b)["a"]}

    def in_b(a: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
        return {**_mixed_gradient(a, b), "b": 1.001 * _mixed_gradient(a, b)["b"]}

    yield Plant(
        "badly scaled: the small gradient",
        "negated where parameters are 1e6 and slopes 1e-6; the other block, of slopes 1e6, is right",
        theme,
        blocks,
        lambda: in_a,
        1.9,
    )
    yield Plant(
        "badly scaled: the small parameters",
        "a thousandth too large where parameters are 1e-6",
        theme,
        blocks,
        lambda: in_b,
        0.9e-3,
    )
    net = network(np.random.default_rng(27), (3, 3, 3), TANH)

    def swapped(**weights: np.ndarray) -> dict[str, np.ndarray]:
        right = net.gradient(**weights)
        return {**right, "W0": right["W1"], "W1": right["W0"]}

    yield Plant(
        "blocks swapped",
        "the gradients of two matrices of one shape exchanged",
        theme,
        net,
        lambda: swapped,
        1e-2,
    )
    x = np.array([-0.8, 0.3, -0.2, 1.5])
    cubic = Case("cubic", x, lambda x: np.sum(x**3), lambda x: 3 * x**2, twin=lambda x: (x * x * x).sum())
    yield Plant(
        "wrong for negative inputs", "3 x |x| for 3 x²", theme, cubic, lambda: lambda x: 3 * x * abs(x), 1e-2
    )
    far = np.array([0.4, -0.7, 50.0, 1.1])
    bounded = Case(
        "log(1 + x²)",
        far,
        lambda x: np.sum(np.log1p(x**2)),
        lambda x: 2 * x / (1 + x**2),
        twin=lambda x: torch.log1p(x * x).sum(),
    )
    yield Plant(
        "wrong for large inputs",
        "2 / x at |x| > 30 for 2 x / (1 + x²)",
        theme,
        bounded,
        lambda: lambda x: np.where(np.abs(x) > 30, 2 / x, 2 * x / (1 + x**2)),
        1e-6,
    )


def _mixed_loss(a: np.ndarray, b: np.ndarray) -> float:
    return np.sum(np.log1p((a / 1e6) ** 2)) + np.sum(np.sin(b * 1e6))


def _mixed_gradient(a: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
    u = a / 1e6
    return {"a": 2 * u / (1 + u**2) / 1e6, "b": np.cos(b * 1e6) * 1e6}
