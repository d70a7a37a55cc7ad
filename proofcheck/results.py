"""What a run of checks found: per form, per claim, and the whole, as plain data and for display."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from proofcheck.claims.claim import Claim, Form, Kind
from proofcheck.claims.graph import Graph
from proofcheck.claims.status import Status, Word, claim_status, form_status, passes, rest_on
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.versions import installed_version

__all__ = [
    "SCHEMA_VERSION",
    "ClaimResult",
    "FormResult",
    "Report",
    "assemble",
    "broken_module",
    "environment",
]

#: Of the JSON report.
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class FormResult:
    """One form of a claim with what was found about it."""

    form: Form
    verdicts: tuple[Verdict, ...]
    status: Status

    @property
    def counterexample(self) -> Mapping[str, Any] | None:
        """The first exact counterexample among the verdicts."""
        return next((v.counterexample for v in self.verdicts if v.counterexample is not None), None)

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of ``proofcheck verify --format json``."""
        data: dict[str, Any] = {
            "status": self.status.word.value,
            "status_detail": self.status.detail,
            "verdicts": [
                {
                    "level": verdict.level.value,
                    "verdict": verdict.outcome.value,
                    "detail": verdict.detail,
                    "seconds": round(verdict.seconds, 4),
                    "sizes": [dict(sizes) for sizes in verdict.sizes],
                }
                for verdict in self.verdicts
            ],
            "counterexample": None if self.counterexample is None else dict(self.counterexample),
        }
        if self.form.because:
            data["because"] = self.form.because
        return data


@dataclass(frozen=True, repr=False)
class ClaimResult:
    """One claim with the results of its forms and the status computed from them."""

    claim: Claim
    printed: FormResult | None
    mended: FormResult | None
    status: Status

    @property
    def passed(self) -> bool:
        """Whether the standing form counts as passed."""
        return passes(self.status)

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of ``proofcheck verify --format json``."""
        return {
            "id": self.claim.id,
            "kind": self.claim.kind.value,
            "title": self.claim.title,
            "source": self.claim.source,
            "quote": self.claim.quote,
            "uses": list(self.claim.uses),
            "assumes": list(self.claim.assumes),
            "status": self.status.word.value,
            "status_detail": self.status.detail,
            "printed": None if self.printed is None else self.printed.to_json(),
            "mended": None if self.mended is None else self.mended.to_json(),
        }

    def __repr__(self) -> str:
        return f"ClaimResult({self.claim.id!r}: {self.status})"

    def _repr_latex_(self) -> str | None:
        return self.claim._repr_latex_()

    def _repr_html_(self) -> str:
        parts = [self.claim._repr_html_(), f"<p>Status: <b>{escape(str(self.status))}</b></p>"]
        for result in (self.printed, self.mended):
            if result is None:
                continue
            because = f", because {escape(result.form.because)}" if result.form.because else ""
            rows = "".join(
                f"<tr><td>{escape(v.level.value)}</td><td>{escape(v.outcome.value)}</td>"
                f"<td style='text-align:left'>{escape(v.detail)}</td></tr>"
                for v in result.verdicts
            )
            parts.append(
                f"<p>As {result.form.name}: <b>{escape(str(result.status))}</b>{because}</p>"
                f"<pre>{escape(result.form.source)}</pre><table>{rows}</table>"
            )
        return "".join(parts)


@dataclass(frozen=True, repr=False)
class Report:
    """The outcome of a run.

    Attributes:
        results: selected claims, in the order of their modules.
        environment: versions, machine, seed and source hash.
    """

    results: tuple[ClaimResult, ...]
    environment: Mapping[str, Any]

    def __getitem__(self, id: str) -> ClaimResult:
        for result in self.results:
            if result.claim.id == id:
                return result
        raise KeyError(id)

    @property
    def passed(self) -> bool:
        """Whether every claim's standing form passes; an empty run does not."""
        return bool(self.results) and all(result.passed for result in self.results)

    def __repr__(self) -> str:
        return f"Report({len(self.results)} claims, {'all passed' if self.passed else 'not all passed'})"

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of ``proofcheck verify --format json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "environment": dict(self.environment),
            "claims": [result.to_json() for result in self.results],
        }

    def _repr_html_(self) -> str:
        rows = []
        for result in self.results:
            printed = str(result.printed.status.word.value) if result.printed else ""
            mended = str(result.mended.status.word.value) if result.mended else ""
            rows.append(
                f"<tr><td>{escape(result.claim.id)}</td><td style='text-align:left'>"
                f"{escape(result.claim.title)}</td><td>{escape(printed)}</td><td>{escape(mended)}</td>"
                f"<td><b>{escape(result.status.word.value)}</b></td></tr>"
            )
        head = "<tr><th>claim</th><th>title</th><th>as printed</th><th>as mended</th><th>status</th></tr>"
        return f"<table>{head}{''.join(rows)}</table>"


def assemble(
    graph: Graph,
    verdicts: Mapping[tuple[str, str], Sequence[Verdict]],
    selected: Sequence[str],
    environment: Mapping[str, Any],
) -> Report:
    """Compute every status from verdicts, ancestors and assumptions.

    Args:
        graph: all claims of the run.
        verdicts: by claim id and form name.
        selected: ids to report.
        environment: what the run was made with.
    """
    forms: dict[tuple[str, str], FormResult] = {}
    own: dict[str, Status] = {}
    for id, claim in graph.claims.items():
        statuses: dict[str, Status] = {}
        for name, form in claim.forms().items():
            found = tuple(verdicts.get((id, name), ()))
            status = form_status(claim.kind, found, _relations(found))
            forms[id, name] = FormResult(form, found, status)
            statuses[name] = status
        fault = graph.faults.get(id)
        if fault is not None:
            own[id] = Status(Word.ERROR, fault)
        else:
            own[id] = claim_status(claim.kind, statuses.get("printed"), statuses.get("mended"))
    kinds: dict[str, Kind] = {id: claim.kind for id, claim in graph.claims.items()}
    results = []
    for id in selected:
        ancestors = {one: own[one] for one in graph.ancestors(id) | graph.hypotheses(id) if one in own}
        status = rest_on(own[id], ancestors, graph.hypotheses(id), kinds)
        results.append(
            ClaimResult(graph.claims[id], forms.get((id, "printed")), forms.get((id, "mended")), status)
        )
    return Report(tuple(results), environment)


def _relations(verdicts: Sequence[Verdict]) -> frozenset[Relation]:
    """The relations a statement returns, as its well-formedness check saw them."""
    return frozenset().union(*(v.relations for v in verdicts if v.level is Level.WELL_FORMED))


def broken_module(reference: str, error: str) -> tuple[Claim, Verdict]:
    """A claim module that could not be imported, as a claim that is an error."""
    claim = Claim(
        f"module:{reference}",
        kind=Kind.PROOF,
        title="claim module that cannot be imported",
        source=reference,
        quote=error,
    )
    claim.module = reference
    return claim, Verdict(Level.WELL_FORMED, Outcome.ERROR, error)


def environment(seed: int, digest: str) -> dict[str, Any]:
    """Versions, machine, seed and source hash: what it takes to run the same again."""
    names = ("proofcheck", "numpy", "sympy", "mpmath", "python-flint")
    packages = {name: installed_version(name) or "not installed" for name in names}
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": packages,
        "seed": seed,
        "sources": digest,
    }
