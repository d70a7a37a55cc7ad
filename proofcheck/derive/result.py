"""What a derivation has found: lines, each with whether it is proved."""

from __future__ import annotations

from dataclasses import dataclass

from proofcheck.symbolic.derivation import Definition, Step
from proofcheck.symbolic.matrix_form import MatrixForm
from proofcheck.symbolic.terms import Idx, Term

__all__ = ["Check", "Derivation", "Part"]


@dataclass(frozen=True)
class Check:
    """Something that was checked beside the steps.

    Attributes:
        text: what was found, for a reader.
        proved: whether it is as it should be.
    """

    text: str
    proved: bool


@dataclass(frozen=True)
class Part:
    """A quantity differentiated once, along the chain.

    Attributes:
        variable: the input it is differentiated with respect to.
        at: indices of the entry of it.
        steps: the lines.
        raw: the derivative as the rules give it, before anything is simplified; None if it is not shown.
    """

    variable: str
    at: tuple[Idx, ...]
    steps: tuple[Step, ...]
    raw: Term | None = None


@dataclass(frozen=True)
class Derivation:
    """A derivative worked out step by step.

    Attributes:
        target: what was asked for: the name of a target, or an expression.
        loss: what is differentiated, in the words of whoever asked.
        inputs: names of inputs and their size symbols.
        definitions: the chain, each with what was checked about it.
        parts: one for each time that the loss is differentiated.
        form: the last derivative as a matrix or vector, if it is recognised.
        checks: what was checked beside the steps.
        conditions: what must hold for the loss to be defined.
        failure: why there is no derivation; empty if there is one.
        seconds: how long it took.
    """

    target: str
    loss: str
    inputs: tuple[tuple[str, tuple[str, ...]], ...]
    definitions: tuple[tuple[Definition, bool], ...] = ()
    parts: tuple[Part, ...] = ()
    form: MatrixForm | None = None
    checks: tuple[Check, ...] = ()
    conditions: tuple[str, ...] = ()
    failure: str = ""
    seconds: float = 0.0

    @property
    def steps(self) -> tuple[Step, ...]:
        """All lines of all parts."""
        return tuple(step for part in self.parts for step in part.steps)

    @property
    def proved(self) -> bool:
        """Whether every definition, every step and every check is proved."""
        return (
            bool(self.steps)
            and not self.failure
            and all(
                (
                    *(proved for _, proved in self.definitions),
                    *(step.proved for step in self.steps),
                    *(check.proved for check in self.checks),
                )
            )
        )

    @property
    def verdict(self) -> str:
        """``PROVED`` or ``UNKNOWN``."""
        return "PROVED" if self.proved else "UNKNOWN"

    @property
    def result(self) -> Term | None:
        """The last derivative, as a term."""
        return self.steps[-1].term if self.steps else None
