"""Attention → gradient (Alman & Song 2024, Theorem E.5): A1 = Q, A2 = K, A3 = V, E = 0, Y = I, X = λI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reductions.chain import Reduced
from reductions.problems.attention import AttentionInstance, GradientInstance

__all__ = ["AttentionToGradient"]


@dataclass(frozen=True)
class AttentionToGradient:
    """Attention computation → approximate attention loss gradient, read by f'(λ) = 2 tr(dL/dX)."""

    name: str = "attention-to-gradient"

    def apply(self, instance: AttentionInstance) -> Iterator[Reduced]:
        """One instance of the gradient."""
        yield Reduced(GradientInstance(instance), None)

    def invert(self, witness: tuple[int, int], back: None) -> tuple[int, int]:
        """The same pair of rows."""
        return witness

    def sizes(self, given: Mapping[str, int]) -> Mapping[str, int]:
        """Both n and d as they are."""
        return {"n": given["n"], "d": given["d"]}
