"""What a check of a gradient found: a verdict, the measurements behind it, what explains a mismatch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from typing import Any

__all__ = [
    "SCHEMA_VERSION",
    "Agreement",
    "Attribution",
    "Finding",
    "FindingKind",
    "GradcheckReport",
    "GradcheckVerdict",
    "Place",
]

SCHEMA_VERSION = 1


class GradcheckVerdict(StrEnum):
    """What a check of a gradient says about it."""

    CERTIFIED = "CERTIFIED"
    """Equal to the derivative at the points and to the accuracy that the report names."""
    REFUTED = "REFUTED"
    """Different from the derivative by more than both their errors."""
    UNDECIDED = "UNDECIDED"
    """Neither could be shown; it is no pass."""


class Agreement(StrEnum):
    """What one measurement says."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNRESOLVED = "unresolved"
    NOTE = "note"
    """It says nothing about the gradient, but about the run."""


class FindingKind(StrEnum):
    """What was measured."""

    DIRECTION = "direction"
    COORDINATE = "coordinate"
    COORDINATES = "coordinates"
    """All coordinates of an input at once."""
    KINK = "kink"
    DETERMINISM = "determinism"
    FINITE = "finite"
    PRECISION = "precision"
    NOISE = "noise"
    POINT = "point"
    SYMBOLIC = "symbolic"
    INPUT = "input"


@dataclass(frozen=True)
class Finding:
    """One measurement.

    Attributes:
        kind: what was measured.
        agreement: what it says.
        detail: one line for a reader.
        point: where: ``"given"``, or how the point was made from it.
        level: ``"float64"`` or ``"extended"``; a level of proof for a symbolic finding.
        place: the coordinate or the direction.
        derivative: along it, in the units of the loss (a step of the input's own scale is 1).
        radius: the derivative is within this of the true one.
        gradient: what the gradient gives along it.
        rounding: what a correct gradient may be off by at this precision.
        order: at which power of the step the error was seen to fall; None where it could not be seen.
        ladder: step and difference quotient, coarsest first.
    """

    kind: FindingKind
    agreement: Agreement
    detail: str
    point: str = "given"
    level: str = "float64"
    place: str | None = None
    derivative: float | None = None
    radius: float | None = None
    gradient: float | None = None
    rounding: float | None = None
    order: float | None = None
    ladder: tuple[tuple[float, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data; what was not measured is left out."""
        data: dict[str, Any] = {
            "kind": self.kind.value,
            "agreement": self.agreement.value,
            "detail": self.detail,
            "point": self.point,
            "level": self.level,
        }
        for name in ("place", "derivative", "radius", "gradient", "rounding", "order"):
            value = getattr(self, name)
            if value is not None:
                data[name] = _plain(value)
        if self.ladder:
            data["ladder"] = [[step, _plain(value)] for step, value in self.ladder]
        return data


def _plain(value: Any) -> Any:
    """A float that JSON has, or its name."""
    if isinstance(value, float) and not abs(value) < float("inf"):
        return repr(value)
    return value


@dataclass(frozen=True)
class Attribution:
    """What explains a mismatch.

    Attributes:
        kind: a word for programs: ``"factor"``, ``"transpose"``, ``"term"``, ….
        text: for readers, such as ``"missing factor 1/2"``.
        residual: the largest difference that is left once it is mended, relative to the largest before; 1
            where it is described and cannot be mended.
        block: the input it is about; None for all.
        data: numbers that belong to it.
    """

    kind: str
    text: str
    residual: float
    block: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = f" in {self.block}" if self.block and self.block not in self.text else ""
        left = f" (leaves {self.residual:.1e} of the mismatch)" if self.residual < 1 else ""
        return f"{self.text}{where}{left}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": self.kind,
            "text": self.text,
            "residual": self.residual,
            "block": self.block,
            "data": {name: _plain(value) for name, value in self.data.items()},
        }


@dataclass(frozen=True)
class Place:
    """Where a function is defined.

    Attributes:
        name: of the function.
        file: its source file; None where it has none.
        line: from 1.
    """

    name: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, repr=False)
class GradcheckReport:
    """The outcome of a check; true only if the gradient is certified.

    Attributes:
        verdict: follows from the findings.
        summary: the verdict in one line: for CERTIFIED at which points and how accurately, for REFUTED the
            clearest mismatch, for UNDECIDED what was missing.
        findings: the measurements.
        attribution: what explains the mismatch, if something does.
        reproducer: Python text that shows the mismatch by itself, if there is one.
        accuracy: for CERTIFIED, the largest error that is left possible, relative to the largest entry of
            the gradient of the same input (each in units of the input's scale); else None.
        points: at which the gradient was found to agree.
        loss: the loss.
        grad: the gradient.
        seed: of the random numbers.
        evaluations: how many times the loss and the gradient were called.
        seconds: how long it took.
    """

    verdict: GradcheckVerdict
    summary: str
    findings: tuple[Finding, ...]
    attribution: Attribution | None
    reproducer: str | None
    accuracy: float | None
    points: tuple[str, ...]
    loss: Place
    grad: Place
    seed: int
    evaluations: Mapping[str, int]
    seconds: float = field(default=0.0, compare=False)

    def __bool__(self) -> bool:
        return self.verdict is GradcheckVerdict.CERTIFIED

    def of(self, kind: FindingKind) -> tuple[Finding, ...]:
        """The findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind is kind)

    def __repr__(self) -> str:
        return f"GradcheckReport({self.verdict.value}: {self.summary})"

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of ``proofcheck gradcheck --format json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "loss": self.loss.name,
            "grad": self.grad.name,
            "verdict": self.verdict.value,
            "summary": self.summary,
            "accuracy": self.accuracy,
            "points": list(self.points),
            "attribution": None if self.attribution is None else self.attribution.to_json(),
            "reproducer": self.reproducer,
            "seed": self.seed,
            "evaluations": dict(self.evaluations),
            "seconds": round(self.seconds, 4),
            "findings": [finding.to_json() for finding in self.findings],
        }

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(one.point)}</td><td>{escape(one.place or '')}</td><td>{escape(one.level)}</td>"
            f"<td>{escape(one.agreement.value)}</td><td "
            f"style='text-align:left'>{escape(one.detail)}</td></tr>"
            for one in self.findings
        )
        head = "<tr><th>point</th><th>place</th><th>level</th><th></th><th>found</th></tr>"
        explained = f"<p>{escape(str(self.attribution))}</p>" if self.attribution else ""
        code = f"<pre>{escape(self.reproducer)}</pre>" if self.reproducer else ""
        return (
            f"<p><b>{escape(self.verdict.value)}</b> {escape(self.grad.name)}: {escape(self.summary)}</p>"
            f"{explained}{code}<table>{head}{rows}</table>"
        )
