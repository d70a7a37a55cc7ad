from __future__ import annotations

import numpy as np

from proofcheck import attention_gradient


def test_losses_of_exact_and_fast_training_agree_within_the_reported_errors() -> None:
    """200 steps of gradient descent in X and Y on data that a hidden layer of the same kind made."""
    n, d, rate = 300, 3, 0.01
    rng = np.random.default_rng(3)
    A1, A2, A3 = (rng.uniform(-1.5, 1.5, (n, d)) for _ in range(3))
    scores = A1 @ rng.uniform(-2, 2, (d, d)) @ A2.T / d
    f = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    E = f @ A3 @ rng.uniform(-1, 1, (d, d)) + 0.05 * rng.standard_normal((n, d))

    def train(**how: object) -> tuple[list[float], list[float], list[float], list[float]]:
        X, Y = 0.1 * np.eye(d), 0.1 * np.eye(d)
        losses, loss_bounds, errors, sizes = [], [], [], []
        for _ in range(200):
            result = attention_gradient(A1, A2, A3, E, X, Y, wrt=("X", "Y"), **how)  # type: ignore[arg-type]
            losses.append(result.loss)
            loss_bounds.append(result.error_bound["loss"])
            errors.append(max((e.high for e in result.error_estimate.values()), default=0.0))
            sizes.append(sum(float(np.abs(g).sum()) for g in result.gradients.values()))
            X, Y = X - rate * result.gradients["X"], Y - rate * result.gradients["Y"]
        return losses, loss_bounds, errors, sizes

    exact, _, _, sizes = train(method="exact")
    fast, bounds, errors, _ = train(method="fast", degree=4)
    assert exact[-1] < 0.5 * exact[0]
    # A step moves each weight wrong by at most the rate times the gradient's error, and to first order a
    # loss by the sum of these times the gradient's entries; what is of second order is far below.
    drift = np.concatenate([[0.0], np.cumsum(rate * np.asarray(errors))[:-1]])
    allowed = np.asarray(bounds) + np.asarray(sizes) * drift
    difference = np.abs(np.asarray(fast) - np.asarray(exact))
    assert np.all(difference <= allowed)
    # Not because it allows anything: without the reported errors the losses do differ.
    assert np.max(difference) > 1e-9
    assert np.max(difference / np.asarray(exact)) < 1e-3
