"""Rows of a probe that never ran, with times that follow a law."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from reductions.probe import Row


def row(n: int, b: float, fast: Sequence[float] = (), exact: Sequence[float] = (), **more: object) -> Row:
    """A row of d = 8, uniform, ε = 0.01; timed if there are times."""
    rounds = len(fast)
    made = Row(n=n, d=8, b=b, family="uniform", eps=0.01, seed=0, budget=100, bound=b, largest_score=1.0)
    if rounds:
        made = replace(
            made,
            degree=2,
            features=45,
            error=1e-3,
            fast_seconds=tuple(fast),
            exact_seconds=tuple(exact),
            fast_call_seconds=tuple(fast),
            exact_call_seconds=tuple(exact),
            yardstick_seconds=(1.0,) * rounds,
        )
    made = replace(made, **more)  # type: ignore[arg-type]
    return replace(made, digest=made.computed_digest())


def rows_of_laws(
    sizes: Sequence[int],
    bounds: Sequence[float],
    fast: Callable[[int, float], float],
    exact: Callable[[int, float], float],
    rounds: int = 5,
) -> list[Row]:
    """Every round takes what the laws say."""
    return [row(n, b, [fast(n, b)] * rounds, [exact(n, b)] * rounds) for n in sizes for b in bounds]


class Inline:
    """An engine of this very process.

    Attributes:
        tasks: what it was given.
    """

    def __init__(self) -> None:
        self.tasks: list[tuple[Any, ...]] = []

    def map(
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        self.tasks += tasks
        for number, task in enumerate(tasks):
            yield number, function(*task)
