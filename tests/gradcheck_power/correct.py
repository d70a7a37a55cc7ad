"""Two hundred correct gradients, from a seed: badly scaled, nearly singular, peaked, cancelling, large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from tests.gradcheck_power.attention import attention, attention_in_all
from tests.gradcheck_power.cases import Case, blocks, like
from tests.gradcheck_power.correct_libraries import in_jax, in_torch
from tests.gradcheck_power.problems import (
    ReLU,
    cross_entropy,
    elementwise,
    inverse,
    layer_norm,
    log_determinant,
    log_sum_exp,
    logistic,
    network,
    norm,
    polynomial,
    quadratic,
    rational,
)

SEED = 20240205
Family = Callable[[np.random.Generator], Iterator[Case]]


def all_correct() -> dict[str, list[Case]]:
    """The cases by family; every family has a generator of its own, so that one can grow alone."""
    return {
        name: list(family(np.random.default_rng([SEED, place])))
        for place, (name, family) in enumerate(FAMILIES.items())
    }


def _conditions(rng: np.random.Generator) -> Iterator[Case]:
    for power in (0, 1, 2, 3, 4, 6, 8, 10, 11, 12):
        yield quadratic(rng, 5, condition=10.0**power)


def _scales(rng: np.random.Generator) -> Iterator[Case]:
    for power in (-150, -100, -30, -12, -6, 6, 12, 30, 100, 150):
        yield quadratic(rng, 4, condition=1e3, scale=10.0**power)


def _offsets(rng: np.random.Generator) -> Iterator[Case]:
    for power in (3, 6, 8, 10, 12):
        yield quadratic(rng, 4, offset=10.0**power)


def _attention(rng: np.random.Generator) -> Iterator[Case]:
    for scale in (1e-6, 1e-3, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0):
        yield attention(rng, scale=scale)
    for n, d in ((3, 1), (2, 5), (16, 2)):
        yield attention(rng, n, d)


def _causal(rng: np.random.Generator) -> Iterator[Case]:
    for scale in (1e-3, 0.1, 1.0, 10.0, 30.0, 100.0):
        yield attention(rng, scale=scale, causal=True)


def _attention_in_all(rng: np.random.Generator) -> Iterator[Case]:
    for scale in (1e-6, 1e-3, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0):
        yield attention_in_all(rng, scale=scale)


def _cross_entropy(rng: np.random.Generator) -> Iterator[Case]:
    for scale in (1e-12, 1e-3, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 1e3):
        yield cross_entropy(rng, scale=scale)


def _logistic(rng: np.random.Generator) -> Iterator[Case]:
    for scale in (1e-9, 1e-3, 1.0, 10.0, 100.0, 1e3):
        yield logistic(rng, scale=scale)
    for scale in (1.0, 30.0, 100.0):
        yield logistic(rng, scale=scale, ridge=0.0)


def _log_sum_exp(rng: np.random.Generator) -> Iterator[Case]:
    for scale, shift in ((1e-6, 0), (1, 0), (10, 0), (100, 0), (1e4, 0), (1e8, 0), (1, 800)):
        yield log_sum_exp(rng, 6, scale, shift)
    for shift in (-800.0, 1e6):
        yield log_sum_exp(rng, 6, 1.0, shift)


def _inverses(rng: np.random.Generator) -> Iterator[Case]:
    for power in range(1, 11):
        yield inverse(rng, condition=10.0**power)


def _determinants(rng: np.random.Generator) -> Iterator[Case]:
    for power in (1, 2, 4, 6, 8, 9, 10, 11, 12):
        yield log_determinant(rng, condition=10.0**power)


def _norms(rng: np.random.Generator) -> Iterator[Case]:
    for power in (0, -3, -6, -12, -50, -150):
        yield norm(rng, scale=10.0**power)
    for scale, smooth in ((1e-3, 1e-3), (1e-8, 1e-8), (1e-8, 1e-3)):
        yield norm(rng, scale=scale, smooth=smooth)


def _deep(rng: np.random.Generator) -> Iterator[Case]:
    for depth in (1, 2, 3, 6, 10):
        yield network(rng, (3, *[4] * depth, 2))
    for gain in (0.1, 0.5, 2.0, 4.0, 10.0):
        yield network(rng, (3, 4, 4, 4, 2), gain=gain)


def _relu(rng: np.random.Generator) -> Iterator[Case]:
    for depth in (1, 2, 3, 4):
        yield network(rng, (3, *[6] * depth, 2), ReLU)
    for gain in (0.1, 0.5, 2.0, 10.0):
        yield network(rng, (4, 8, 8, 1), ReLU, gain)


def _kinks(rng: np.random.Generator) -> Iterator[Case]:
    """The subgradients at 0 that torch takes as well: 0 for relu and for |x|."""
    for scale, offset in ((1.0, 0.0), (1e-3, 1e3), (1e6, 0.0)):
        x, w = scale * rng.standard_normal(5), rng.standard_normal(5)
        x[2] = 0.0
        yield elementwise(
            f"relu at 0, values {scale:.0e}, offset {offset:.0e}",
            lambda x, offset=offset: np.maximum(x, 0) + offset,
            lambda x: (x > 0).astype(float),
            lambda x, offset=offset: torch.relu(x) + offset,
            x,
            w,
        )
        yield elementwise(
            f"|x| at 0, values {scale:.0e}, offset {offset:.0e}",
            lambda x, offset=offset: np.abs(x) + offset,
            np.sign,
            lambda x, offset=offset: torch.abs(x) + offset,
            x,
            w,
        )


def _polynomials(rng: np.random.Generator) -> Iterator[Case]:
    expanded = [1]
    for degree in range(1, 9):
        expanded = [low - high for low, high in zip([0, *expanded], [*expanded, 0], strict=True)]
        if degree >= 3:
            x = 1 + 10.0 ** rng.uniform(-2, -0.5, 3) * rng.choice([-1.0, 1.0], 3)
            yield polynomial(expanded, x, f"(x − 1)^{degree} multiplied out, near 1")
    chebyshev = [[1], [0, 1]]
    while len(chebyshev) <= 20:
        twice = [0, *(2 * value for value in chebyshev[-1])]
        before = chebyshev[-2] + [0] * (len(twice) - len(chebyshev[-2]))
        chebyshev.append([a - b for a, b in zip(twice, before, strict=True)])
    for degree in (10, 15, 20):
        yield polynomial(chebyshev[degree], rng.uniform(-1, 1, 3), f"Chebyshev polynomial of degree {degree}")


def _rational(rng: np.random.Generator) -> Iterator[Case]:
    for power in range(1, 11):
        yield rational(rng, 3, 10.0**-power)


def _mixed(rng: np.random.Generator) -> Iterator[Case]:
    for power in (2, 4, 6, 8, 12, 50, 150):
        big = 10.0**power
        yield Case(
            name=f"blocks of scales {big:.0e}, 1 and {1 / big:.0e}",
            inputs={
                "a": big * rng.standard_normal(3),
                "b": rng.standard_normal(2),
                "c": rng.standard_normal(2) / big,
            },
            loss=lambda a, b, c, big=big: (
                np.sum(np.log1p((a / big) ** 2)) * b[0] + np.sum(np.sin(c * big) * b)
            ),
            gradient=lambda a, b, c, big=big: {
                "a": 2 * (a / big) / (1 + (a / big) ** 2) / big * b[0],
                "b": np.sin(c * big) + np.array([np.sum(np.log1p((a / big) ** 2)), 0]),
                "c": np.cos(c * big) * big * b,
            },
            twin=lambda a, b, c, big=big: (
                torch.log1p((a / big) ** 2).sum() * b[0] + (torch.sin(c * big) * b).sum()
            ),
        )


def _one(rng: np.random.Generator) -> Iterator[Case]:
    rows: list[tuple[str, float, Any, Any, Any]] = [
        ("x^x", 1.7, lambda x: x**x, lambda x: x**x * (1 + np.log(x)), lambda x: x**x),
        (
            "exp(−1/x²)",
            0.15,
            lambda x: np.exp(-1 / x**2),
            lambda x: 2 / x**3 * np.exp(-1 / x**2),
            lambda x: torch.exp(-(x**-2)),
        ),
        (
            "arctan(1000 x)",
            1e-3,
            lambda x: np.arctan(1e3 * x),
            lambda x: 1e3 / (1 + (1e3 * x) ** 2),
            lambda x: torch.atan(1e3 * x),
        ),
        ("log x", 1e-8, np.log, lambda x: 1 / x, torch.log),
        ("1/x", 1e-5, lambda x: 1 / x, lambda x: -1 / x**2, torch.reciprocal),
        ("√x", 1e-10, np.sqrt, lambda x: 0.5 / np.sqrt(x), torch.sqrt),
        ("sinh x", 20.0, np.sinh, np.cosh, torch.sinh),
        ("cos x far out", 1e4, np.cos, lambda x: -np.sin(x), torch.cos),
        ("x² at 0", 0.0, lambda x: x**2, lambda x: 2 * x, torch.square),
        ("a constant", 0.3, lambda x: 2.0 + 0 * x, lambda x: 0 * x, lambda x: 2 + 0 * x),
    ]
    for place, (name, x, loss, gradient, twin) in enumerate(rows):
        # By turns an array of one entry and one of no dimensions.
        point = np.array([x]) if place % 2 else np.array(x)
        yield Case(
            name, point, lambda x, loss=loss: np.sum(loss(x)), gradient, lambda x, twin=twin: twin(x).sum()
        )


def _frequencies(rng: np.random.Generator) -> Iterator[Case]:
    for power in range(1, 6):
        w = 10.0**power
        yield Case(
            f"sin({w:.0e} x)",
            rng.uniform(0.5, 1.5, 3),
            lambda x, w=w: np.sum(np.sin(w * x)),
            lambda x, w=w: w * np.cos(w * x),
            lambda x, w=w: torch.sin(w * x).sum(),
        )


def _layer_norms(rng: np.random.Generator) -> Iterator[Case]:
    for spread in (10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-5):
        yield layer_norm(rng, spread=spread)


def _thousand(rng: np.random.Generator) -> Iterator[Case]:
    yield logistic(rng, n=30, k=1000)
    yield network(rng, (10, 25, 25, 3))
    yield log_sum_exp(rng, 1000, scale=3.0)
    yield norm(rng, 1000, scale=1e-6)


def _in_float32(rng: np.random.Generator) -> Iterator[Case]:
    cases = [
        log_sum_exp(rng, 6),
        log_sum_exp(rng, 6, 10.0),
        norm(rng),
        norm(rng, scale=1e-6),
        quadratic(rng, 4),
        logistic(rng),
        attention(rng),
        cross_entropy(rng),
        layer_norm(rng),
        network(rng, (3, 4, 2)),
    ]
    for case in cases:
        single = [block.astype(np.float32) for block in blocks(case.inputs).values()]
        yield replace(case, name=f"{case.name}, float32", inputs=like(case.inputs, single))


FAMILIES: dict[str, Family] = {
    "attention in X, flat to peaked": _attention,
    "causal attention in X": _causal,
    "attention in all six arrays": _attention_in_all,
    "quadratic form, condition 1 to 1e12": _conditions,
    "quadratic form, values 1e-150 to 1e150": _scales,
    "quadratic form + 1e3 to 1e12": _offsets,
    "cross-entropy, flat to peaked": _cross_entropy,
    "logistic regression": _logistic,
    "log-sum-exp": _log_sum_exp,
    "inverse, condition 1e1 to 1e10": _inverses,
    "log-determinant, condition 1e1 to 1e12": _determinants,
    "norm, also near 0": _norms,
    "tanh nets, also deep": _deep,
    "relu nets at generic points": _relu,
    "at kinks: subgradients": _kinks,
    "polynomials that cancel": _polynomials,
    "rational function near its pole": _rational,
    "blocks of different scales": _mixed,
    "one parameter": _one,
    "sine of frequency 1e1 to 1e5": _frequencies,
    "layer norm, also nearly constant": _layer_norms,
    "about 1,000 parameters": _thousand,
    "inputs in float32": _in_float32,
    "torch functions": in_torch,
    "JAX functions": in_jax,
}
