"""What a search for the best constant found, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proofcheck.checks.binding import Point, Sizes
from proofcheck.claims.claim import Claim
from proofcheck.extremal.enclosing import Certificate

__all__ = ["Constants", "CurvePoint", "Extreme", "Instance"]


@dataclass(frozen=True)
class CurvePoint:
    """The largest ratio found at some sizes, less its rounding error; None where none was defined."""

    sizes: Sizes
    ratio: float | None


@dataclass(frozen=True)
class Instance:
    """Inputs at which a ratio is the largest found.

    Attributes:
        sizes: values of the size symbols.
        indices: values of the statement's indices.
        inputs: arrays of fractions by symbol, members of the domains.
        certificate: what is certain about the two sides; None where there are too many entries to ask.
    """

    sizes: Sizes
    indices: Mapping[str, int]
    inputs: Point
    certificate: Certificate | None


@dataclass(frozen=True)
class Extreme:
    """One inequality of one form: the best constant found.

    Attributes:
        form: ``"printed"`` or ``"mended"``.
        number: of the relation in the statement, from 1.
        hidden: it is ``bounded(left, by=...)``, so that the ratio is a lower bound of the hidden constant.
        source: the relation in the statement's Python, without its proof; empty where it is not seen.
        curve: the largest ratio found at each of the sizes.
        ratio: that at the instance, from below where it is certified; None where no right side is positive.
        instance: where it is found.
        evaluations: how often the statement was evaluated.
        refuted: where a search for a counterexample found one at these sizes; it also looks where the right
            side is not positive, and no ratio means anything. Empty where it found none.
    """

    form: str
    number: int
    hidden: bool
    source: str
    curve: tuple[CurvePoint, ...]
    ratio: float | None
    instance: Instance | None
    evaluations: int
    refuted: str = ""

    @property
    def attained(self) -> bool:
        """Whether the two sides were decided to be equal at the instance, exactly."""
        return self._outcome("attained")

    @property
    def exceeded(self) -> bool:
        """Whether the left side is certainly the larger somewhere, so that the bound fails."""
        return self._outcome("exceeded") or bool(self.refuted)

    def _outcome(self, word: str) -> bool:
        found = None if self.instance is None else self.instance.certificate
        return not self.hidden and found is not None and found.outcome == word

    @property
    def slack(self) -> float | None:
        """The bound over the best found; None for a hidden constant, or where nothing positive was found."""
        return None if self.hidden or self.ratio is None or self.ratio <= 0 else 1 / self.ratio


@dataclass(frozen=True)
class Constants:
    """What is found about the inequalities of a claim.

    Attributes:
        claim: the claim.
        sizes: the values of each size symbol that were combined.
        extremes: one for each inequality, those of the printed form first.
        faults: forms that are not well-formed, or cannot be searched, with the reason.
    """

    claim: Claim
    sizes: Mapping[str, tuple[int, ...]]
    extremes: tuple[Extreme, ...]
    faults: Mapping[str, str]
