"""Small gap instances and attention on them, evaluated to many digits by formulas written out here."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from reductions.problems.attention import AttentionInstance, GradientInstance
from reductions.problems.gap import GapInnerProduct
from reductions.steps.gap_to_attention import GapToAttention, Reading

DIGITS = 60


def gap_instance(N: int, m: int, rng: np.random.Generator, *, yes: bool) -> GapInnerProduct:
    """Direct embedding of random vectors, with exactly the pairs that are orthogonal as YES pairs."""
    left, right = ((rng.random((N, m)) < 0.6).astype(np.uint8) for _ in range(2))
    left[:, 0] = right[:, 0] = 1
    if yes:
        i, j = rng.integers(N), rng.integers(N)
        left[i] = rng.random(m) < 0.5
        right[j] = (1 - left[i]) * (rng.random(m) < 0.7)
    gadgets = [
        np.stack([1 - left, left, 0 * left], axis=-1).reshape(N, 3 * m),
        np.stack([0 * right + 1, 1 - right, right], axis=-1).reshape(N, 3 * m),
    ]
    return GapInnerProduct(gadgets[0], gadgets[1], m, m - 1)


def attention_of(gap: GapInnerProduct, reading: Reading) -> AttentionInstance:
    (made,) = GapToAttention(reading).apply(gap)
    return made.instance


def gradient_of(gap: GapInnerProduct, reading: Reading) -> GradientInstance:
    return GradientInstance(attention_of(gap, reading))


def exact_arrays(instance: AttentionInstance) -> tuple[Any, Any, Any]:
    """Q, K and V with mpmath entries, from the definition and not from the instance's own arrays."""
    N, D, d = len(instance.gap.left), instance.gap.left.shape[1], instance.d
    scale = mpmath.mpf(instance.scale.numerator) / instance.scale.denominator
    pad = [scale * mpmath.mpf(one.numerator) / one.denominator for one in instance.pad]
    rest = [mpmath.mpf(0)] * (d - D - len(pad))
    zeros = [mpmath.mpf(0)] * D
    half = [[scale * int(x) for x in row] + pad + rest for row in instance.gap.left]
    Q = half + half
    K = [[scale * int(x) for x in row] + [mpmath.mpf(0)] * len(pad) + rest for row in instance.gap.right]
    K += [zeros + pad + rest for _ in range(N)]
    V = [[1 if j == 0 and k < N else 0 for j in range(d)] for k in range(2 * N)]
    return Q, K, V


def scores(instance: AttentionInstance) -> list[list[Any]]:
    Q, K, _ = exact_arrays(instance)
    return [[mpmath.fdot(q, k) / instance.d for k in K] for q in Q]


def outputs(instance: AttentionInstance, temperature: Any) -> list[Any]:
    """Column 1 of the output, one entry a query."""
    N = len(instance.gap.left)
    found = []
    for row in scores(instance):
        top = max(mpmath.re(score) for score in row)
        weights = [mpmath.exp(temperature * (score - top)) for score in row]
        found.append(mpmath.fsum(weights[:N]) / mpmath.fsum(weights))
    return found


def norm(instance: AttentionInstance, temperature: Any) -> Any:
    return mpmath.fsum(o * o for o in outputs(instance, temperature))


def slope(instance: AttentionInstance, temperature: Any) -> Any:
    """f' by a complex step: exact to half of the digits."""
    step = mpmath.mpf(10) ** (-DIGITS // 3)
    return mpmath.im(norm(instance, mpmath.mpc(temperature, step))) / step
