"""Softmax regression: the loss that is minimised and the gradient it is minimised with."""

import numpy as np

RIDGE = 0.1


def loss(W, X, Y):
    """Mean cross-entropy of the scores X W against the rows of Y, and a ridge.

    Args:
        W: weights, (d, k).
        X: examples, (n, d).
        Y: weights of the classes, (n, k).
    """
    S = X @ W
    top = S.max(axis=1, keepdims=True)
    normaliser = top[:, 0] + np.log(np.exp(S - top).sum(axis=1))
    return (normaliser * Y.sum(axis=1) - (S * Y).sum(axis=1)).mean() + RIDGE / 2 * (W**2).sum()


def gradient(W, X, Y):
    """The gradient in W."""
    S = X @ W
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return X.T @ (P * Y.sum(axis=1, keepdims=True) - Y) / len(X) + RIDGE * W


def loss_of_weights(W):
    """The loss on the example data."""
    return loss(W, *data())


def gradient_of_weights(W):
    """Its gradient."""
    return gradient(W, *data())


def data():
    """Example data: X and Y."""
    rng = np.random.default_rng(20)
    return rng.normal(size=(6, 3)), rng.dirichlet(np.ones(4), size=6)


def weights():
    """Example weights, where gradients are checked."""
    return np.random.default_rng(21).normal(size=(3, 4))
