"""Planted errors that hide: in directions that checks like to take, and behind a memory or chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.gradcheck_power.attention import softmax
from tests.gradcheck_power.cases import Kind, Plant
from tests.gradcheck_power.problems import log_sum_exp, logistic


def planted() -> Iterator[Plant]:
    """All of this file."""
    yield from _directions()
    yield from _behaviour()


def _directions() -> Iterator[Plant]:
    theme = "directions"
    case = logistic(np.random.default_rng(28), k=12)
    rng = np.random.default_rng(29)

    def hidden(known: Callable[[np.ndarray], list[np.ndarray]], size: float) -> Callable[[], Any]:
        noise = rng.standard_normal(12)

        def wrong(w: np.ndarray) -> np.ndarray:
            basis, _ = np.linalg.qr(np.stack(known(w), axis=1))
            error = noise - basis @ (basis.T @ noise)
            return case.gradient(w) + size * error * np.max(np.abs(case.gradient(w))) / np.max(np.abs(error))

        return lambda: wrong

    ones = np.ones(12)
    yield Plant(
        "unseen by (1, …, 1)",
        "an error whose entries add up to 0",
        theme,
        case,
        hidden(lambda w: [ones], 0.1),
        0.09,
    )
    yield Plant(
        "unseen along x and the gradient",
        "an error orthogonal to x, to the gradient and to (1, …, 1)",
        theme,
        case,
        hidden(lambda w: [ones, w, case.gradient(w)], 0.1),
        0.09,
    )
    yield Plant(
        "unseen, and small",
        "such an error, a hundred-thousandth of the gradient",
        theme,
        case,
        hidden(lambda w: [ones, w, case.gradient(w)], 1e-5),
        0.9e-5,
    )
    flat = log_sum_exp(np.random.default_rng(30), 6)
    yield Plant(
        "null direction of softmax",
        "1/n added everywhere: an error along (1, …, 1) alone",
        theme,
        flat,
        lambda: lambda x: softmax(x, axis=0) + 1e-3 / len(x),
        1e-4,
    )
    yield Plant(
        "two errors that cancel",
        "+ at one coordinate, − at another",
        theme,
        case,
        lambda: lambda w: case.gradient(w) + 1e-2 * (np.eye(12)[3] - np.eye(12)[4]),
        1e-3,
    )


def _behaviour() -> Iterator[Plant]:
    theme = "behaviour"
    case = logistic(np.random.default_rng(31))
    right = case.gradient

    def noisy() -> Callable[[np.ndarray], np.ndarray]:
        rng = np.random.default_rng(32)
        return lambda w: right(w) * (1 + 1e-3 * rng.standard_normal(w.shape))

    def dropout() -> Callable[[np.ndarray], np.ndarray]:
        rng = np.random.default_rng(34)
        return lambda w: right(w) * rng.integers(0, 2, w.shape) * 2

    def stale() -> Callable[[np.ndarray], np.ndarray]:
        seen: list[np.ndarray] = []

        def wrong(w: np.ndarray) -> np.ndarray:
            seen.append(right(w))
            return seen[max(len(seen) - 2, 0)]

        return wrong

    def cached() -> Callable[[np.ndarray], np.ndarray]:
        first: list[np.ndarray] = []

        def wrong(w: np.ndarray) -> np.ndarray:
            first.append(right(w))
            return first[0]

        return wrong

    def warmed() -> Callable[[np.ndarray], np.ndarray]:
        wrong = cached()
        wrong(np.ones(5))
        return wrong

    def accumulating() -> Callable[[np.ndarray], np.ndarray]:
        total: list[np.ndarray] = []

        def wrong(w: np.ndarray) -> np.ndarray:
            total.append(right(w))
            return np.sum(total, axis=0)

        return wrong

    def in_place(w: np.ndarray) -> np.ndarray:
        found = right(w)
        w -= 1e-3 * found
        return found

    yield Plant(
        "noise of 1e-3", "another gradient at every call", theme, case, lambda: noisy(), 1e-4, Kind.UNSTABLE
    )
    yield Plant(
        "dropout left on",
        "a random half of the entries, doubled",
        theme,
        case,
        lambda: dropout(),
        0.1,
        Kind.UNSTABLE,
    )
    yield Plant(
        "stale", "the gradient of the inputs before", theme, case, lambda: stale(), 1e-2, Kind.STATEFUL
    )
    yield Plant(
        "cached",
        "the gradient of the first inputs for ever",
        theme,
        case,
        lambda: cached(),
        1e-2,
        Kind.STATEFUL,
    )
    yield Plant(
        "cached from another batch",
        "the gradient of inputs that were there before the check",
        theme,
        case,
        lambda: warmed(),
        1e-2,
    )
    yield Plant(
        "accumulating",
        "added to what earlier calls found: not set to 0 between them",
        theme,
        case,
        lambda: accumulating(),
        0.4,
        Kind.STATEFUL,
    )
    yield Plant(
        "in place",
        "the right values, but the inputs take a step downhill",
        theme,
        case,
        lambda: in_place,
        0.0,
        Kind.MUTATES,
    )
