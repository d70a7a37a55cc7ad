"""FAVOR+: softmax attention by positive orthogonal random features, in torch, with its gradient by autograd.

Choromanski et al., "Rethinking Attention with Performers" (ICLR 2021): with rows w_r orthogonal within
groups of d and of normal lengths, E exp(w·q − |q|²/2) exp(w·k − |k|²/2) = exp(q·k).  It shares no code with
the methods it is put beside.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["directions", "favor_output"]


def directions(features: int, d: int, rng: np.random.Generator) -> Any:
    """(features, d): orthogonal within each group of d, with the lengths of normal vectors."""
    groups = []
    for _ in range(-(-features // d)):
        turn, triangle = np.linalg.qr(rng.standard_normal((d, d)))
        groups.append((turn * np.sign(np.diag(triangle))).T)  # without the signs, not uniform among rotations
    lengths = np.linalg.norm(rng.standard_normal((features, d)), axis=1)
    return np.concatenate(groups)[:features] * lengths[:, None]


def favor_output(queries: Any, keys: Any, values: Any, w: Any) -> Any:
    """Σ_j f̃_ij v_j for f̃ of the features, (n, d) torch tensors; O(n m d) time for m directions.

    Args:
        queries: (n, d), scaled so that scores are queries · keys.
        keys: (n, d).
        values: (n, d).
        w: (m, d), made by :func:`directions`.
    """
    import torch

    def features(points: Any, stay: tuple[int, ...]) -> Any:
        exponents = points @ w.T - points.square().sum(1, keepdim=True) / 2
        # A factor for each query, or one for all keys, cancels in the quotient, and keeps exp in range.
        return (exponents - exponents.detach().amax(stay, keepdim=True)).exp()

    of_queries, of_keys = features(queries, (1,)), features(keys, (0, 1))
    table = torch.cat([values, torch.ones_like(values[:, :1])], 1)
    sums = of_queries @ (of_keys.T @ table)
    return sums[:, :-1] / sums[:, -1:]
