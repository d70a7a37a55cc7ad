"""Levels of evidence, and the verdict one check returns about one form of a claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Level", "Outcome", "Relation", "Verdict"]


class Level(StrEnum):
    """Kinds of evidence.  They are not one ladder: each proves or disproves its own kind of thing."""

    WELL_FORMED = "well_formed"
    """Declarations, shapes and index ranges fit; without this nothing else is asked."""
    NUMERIC = "numeric"
    """Floats with a running error bound, at random points: evidence."""
    FINITE_DIFFERENCE = "finite_difference"
    """Derivatives by differences with a fitted order: evidence."""
    EXACT = "exact"
    """Free symbols at fixed sizes, complete zero test: proves at those sizes."""
    BALL = "ball"
    """Interval arithmetic over boxes, subdivided: proves inequalities on bounded inputs at those sizes."""
    GENERIC = "generic"
    """Symbolic sizes, a normal form: proves for all sizes."""
    COST = "cost"
    """Operation counts as polynomials in the sizes, and limits of rates: proves for all sizes."""
    FAMILY = "family"
    """Inputs along which the ratio to an O(·) provably grows: disproves a hidden constant."""
    COUNTEREXAMPLE = "counterexample"
    """A search; what it finds is evaluated exactly and disproves."""


class Outcome(StrEnum):
    """What a check found.  UNKNOWN is never a pass."""

    HOLDS = "holds"
    REFUTED = "refuted"
    UNKNOWN = "unknown"
    ERROR = "error"
    NOT_RUN = "not_run"
    """Nothing in the statement is of the kind this level checks.  It is never a pass."""


class Relation(StrEnum):
    """The kinds of relation a proposition is made of; a level covers some of them."""

    EQUAL = "equal"
    AT_MOST = "at_most"
    HAS_SHAPE = "has_shape"
    WITHIN = "within"
    BOUNDED = "bounded"
    VANISHES = "vanishes"


@dataclass(frozen=True)
class Verdict:
    """What one level says about one form.

    Attributes:
        level: which check.
        outcome: what it found.
        detail: one line for a reader.
        covers: the relations in the statement this outcome speaks about.
        sizes: the sizes it was run at; empty when it speaks about all sizes.
        all_sizes: it speaks about every size, not only those listed.
        vacuous: no input meets the assumptions.
        counterexample: exact values as strings, when the level disproved the form.
        relations: the kinds of relation the statement returns (well-formedness reports them).
        seconds: how long the check took.
    """

    level: Level
    outcome: Outcome
    detail: str = ""
    covers: frozenset[Relation] = frozenset()
    sizes: tuple[Mapping[str, int], ...] = ()
    all_sizes: bool = False
    vacuous: bool = False
    counterexample: Mapping[str, Any] | None = None
    relations: frozenset[Relation] = frozenset()
    seconds: float = field(default=0.0, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Plain data, enough to rebuild the verdict with :meth:`from_json`."""
        return {
            "level": self.level.value,
            "verdict": self.outcome.value,
            "detail": self.detail,
            "seconds": round(self.seconds, 4),
            "covers": sorted(relation.value for relation in self.covers),
            "sizes": [dict(sizes) for sizes in self.sizes],
            "all_sizes": self.all_sizes,
            "vacuous": self.vacuous,
            "relations": sorted(relation.value for relation in self.relations),
            "counterexample": dict(self.counterexample) if self.counterexample is not None else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Rebuild a verdict.

        Raises:
            KeyError, TypeError, ValueError: ``data`` is not what :meth:`to_json` writes.
        """
        counterexample = data["counterexample"]
        if counterexample is not None and not isinstance(counterexample, dict):
            raise TypeError("counterexample must be an object or null")
        return cls(
            level=Level(data["level"]),
            outcome=Outcome(data["verdict"]),
            detail=str(data["detail"]),
            covers=frozenset(Relation(word) for word in data["covers"]),
            sizes=tuple({str(k): int(v) for k, v in sizes.items()} for sizes in data["sizes"]),
            all_sizes=bool(data["all_sizes"]),
            vacuous=bool(data["vacuous"]),
            counterexample=counterexample,
            relations=frozenset(Relation(word) for word in data["relations"]),
            seconds=float(data["seconds"]),
        )
