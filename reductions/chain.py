"""Reductions as steps: an instance becomes others, of which one is a YES-instance if and only if it is.

A step turns one instance into a stream of instances, each with what it takes to read a witness of it back.
Most steps give exactly one; a step that guesses (the advice of a distributed PCP) gives one for each guess,
and they are made one at a time. The answer to the instance is the disjunction of the answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Chain", "Problem", "Reduced", "Step"]


class Problem(Protocol):
    """An instance of a decision problem, small enough to be held in memory."""

    def verify(self, witness: Any) -> bool:
        """Whether this witnesses that the instance is a YES-instance."""

    def solve(self) -> Any | None:
        """A witness by brute force; None for a NO-instance."""


@dataclass(frozen=True)
class Reduced:
    """One instance that a step made, and what reads its witnesses back.

    Attributes:
        instance: of the step's target problem.
        back: what :meth:`Step.invert` needs to know.
    """

    instance: Any
    back: Any


class Step(Protocol):
    """A reduction from one problem to a disjunction of instances of another."""

    @property
    def name(self) -> str:
        """Of the step."""

    def apply(self, instance: Any) -> Iterator[Reduced]:
        """The instances, one after another: some is a YES-instance if and only if this one is."""

    def invert(self, witness: Any, back: Any) -> Any:
        """A witness of the instance, from a witness of one that :meth:`apply` made.

        Args:
            witness: of the instance made.
            back: what came with that, as :class:`Reduced` has it.
        """

    def sizes(self, given: Mapping[str, int]) -> Mapping[str, int]:
        """The sizes of what is made, as exact formulas in the sizes of the instance; nothing is built."""


@dataclass(frozen=True)
class Chain:
    """Steps one after another; a step itself.

    Attributes:
        name: of the chain.
        steps: from the first to the last.
    """

    name: str
    steps: Sequence[Step]

    def apply(self, instance: Any) -> Iterator[Reduced]:
        """The instances of the last step, depth first; ``back`` has one entry for each step."""
        yield from self._from(0, instance, ())

    def _from(self, number: int, instance: Any, back: tuple[Any, ...]) -> Iterator[Reduced]:
        if number == len(self.steps):
            yield Reduced(instance, back)
            return
        for made in self.steps[number].apply(instance):
            yield from self._from(number + 1, made.instance, (*back, made.back))

    def invert(self, witness: Any, back: Sequence[Any]) -> Any:
        """A witness of the first instance.

        Args:
            witness: of an instance of the last step.
            back: what came with that, an entry for each step.
        """
        for step, own in zip(reversed(self.steps), reversed(back), strict=True):
            witness = step.invert(witness, own)
        return witness

    def sizes(self, given: Mapping[str, int]) -> Mapping[str, int]:
        """All sizes along the chain; where two steps have one of the same name, the later step's."""
        known = dict(given)
        for step in self.steps:
            known |= step.sizes(known)
        return known
