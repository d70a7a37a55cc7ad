"""Errata: what is printed and does not stand, found in the report of a run.

Nothing here is written by hand and nothing depends on the machine: the same claims and the same seed give
the same list.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofcheck.claims.claim import Declaration, Form, Kind, Seriousness, source_of
from proofcheck.claims.graph import Graph
from proofcheck.claims.status import Status, Word, is_disproved, passes, sizes_text
from proofcheck.claims.verdict import Level, Outcome, Verdict
from proofcheck.results import ClaimResult, FormResult, Report

__all__ = ["Change", "Dependent", "Errata", "Erratum", "Evidence", "Mending", "find_errata"]

_FLOATS = frozenset({Level.NUMERIC, Level.FINITE_DIFFERENCE})


@dataclass(frozen=True)
class Evidence:
    """What one level says of a form.

    Attributes:
        level: which check.
        outcome: what it found.
        detail: in words; empty for a level that computes with floats.
        sizes: the sizes it holds at, in words; empty when it speaks about all sizes.
    """

    level: Level
    outcome: Outcome
    detail: str
    sizes: str = ""


@dataclass(frozen=True)
class Change:
    """A symbol whose declaration the mended form changes; an empty side declares nothing."""

    symbol: str
    printed: str
    mended: str


@dataclass(frozen=True)
class Mending:
    """The form that is to stand in place of the printed one.

    Attributes:
        because: what is wrong with the printed form.
        source: the Python source of the statement.
        changes: declarations that differ from those of the printed form.
        where: the Python source of a further hypothesis; empty without one.
        status: of the claim in this form, what it rests on included.
        evidence: what the levels say of this form.
    """

    because: str
    source: str
    changes: tuple[Change, ...]
    where: str
    status: Status
    evidence: tuple[Evidence, ...]

    @property
    def stands(self) -> bool:
        """Whether the status passes."""
        return passes(self.status)


@dataclass(frozen=True)
class Dependent:
    """A claim that uses the one in question, directly or not."""

    id: str
    status: Status

    @property
    def stands(self) -> bool:
        """Whether the status passes."""
        return passes(self.status)


@dataclass(frozen=True)
class Erratum:
    """A printed statement, or a printed proof, that does not stand.

    Attributes:
        id, title, kind, place, quote, formula: the claim's; ``place`` is where it is printed.
        source: the Python source of the printed form, whose sides a counterexample speaks of.
        status: of the printed form: refuted or ill-formed.
        reason: why, in one line.
        counterexample: the smallest one that was found; None for what is ill-formed.
        mending: the mended form, if there is one.
        seriousness: None where only a mended form could tell and there is none.
        dependents: what rests on it, in the order of the report.
    """

    id: str
    title: str
    kind: Kind
    place: str
    quote: str
    formula: str
    source: str
    status: Word
    reason: str
    counterexample: Mapping[str, Any] | None
    mending: Mending | None
    seriousness: Seriousness | None
    dependents: tuple[Dependent, ...]

    @property
    def mended(self) -> bool:
        """Whether there is a mended form and it stands."""
        return self.mending is not None and self.mending.stands


@dataclass(frozen=True)
class Errata:
    """The errata of a report.

    Attributes:
        items: in the order of the report.
        undecided: ids and statuses of claims that may or may not be errata.
        judged: whether nothing failed to be judged; what is in error may hide an erratum.
        claims: how many claims were checked.
    """

    items: tuple[Erratum, ...]
    undecided: tuple[tuple[str, Status], ...]
    judged: bool
    claims: int

    @property
    def passed(self) -> bool:
        """Whether every erratum has a mended form that stands, and no claim is in error."""
        return self.judged and all(item.mended for item in self.items)


def find_errata(report: Report, *, select: Sequence[str] = ()) -> Errata:
    """List what does not stand as printed.

    Args:
        report: of a whole run: what rests on an erratum is looked for in it.
        select: list only these ids; empty for all.

    Raises:
        UserInputError: an id that no claim of the report has; the nearest ids are named.
    """
    graph = Graph([result.claim for result in report.results])
    wanted = set(graph.select(select) or graph.claims)
    ancestors = {id: graph.ancestors(id) for id in graph.claims}
    items, undecided, judged = [], [], True
    for result in report.results:
        if result.claim.id not in wanted:
            continue
        if result.printed is not None and is_disproved(result.printed.status):
            resting = [r for r in report.results if result.claim.id in ancestors[r.claim.id]]
            items.append(_erratum(result, result.printed, resting))
        elif not result.passed:
            undecided.append((result.claim.id, result.status))
            judged = judged and result.status.word is not Word.ERROR
    return Errata(tuple(items), tuple(undecided), judged, len(wanted))


def _erratum(result: ClaimResult, printed: FormResult, resting: Sequence[ClaimResult]) -> Erratum:
    claim = result.claim
    return Erratum(
        id=claim.id,
        title=claim.title,
        kind=claim.kind,
        place=claim.source,
        quote=claim.quote,
        formula=claim.formula,
        source=_source(printed.form.statement),
        status=printed.status.word,
        reason=printed.status.detail,
        counterexample=_smallest(printed),
        mending=None if result.mended is None else _mending(result, printed.form, result.mended),
        seriousness=_seriousness(claim.kind, printed, result.mended),
        dependents=tuple(Dependent(r.claim.id, r.status) for r in resting),
    )


def _seriousness(kind: Kind, printed: FormResult, mended: FormResult | None) -> Seriousness | None:
    """As the mended form says, else by what it changes."""
    if mended is not None and mended.form.serious is not None:
        return mended.form.serious
    if kind is Kind.PROOF:
        return Seriousness.GAP
    if printed.status.word is Word.ILL_FORMED:
        return Seriousness.TYPOGRAPHICAL
    if mended is None:
        return None
    if mended.form.where is not printed.form.where or _changes(printed.form, mended.form):
        return Seriousness.HYPOTHESIS
    return Seriousness.CONSTANT


def _smallest(printed: FormResult) -> Mapping[str, Any] | None:
    """The counterexample that takes least work by hand; only COUNTEREXAMPLE shrinks what it finds."""
    found = [v.counterexample for v in printed.verdicts if v.counterexample is not None]
    return min(found, key=_work, default=None)


def _work(found: Mapping[str, Any]) -> tuple[bool, int, int]:
    """Points before families, then by the sizes, then by how many entries are not zero."""
    entries = sum(_nonzero(value) for value in found.get("inputs", {}).values())
    return "family" in found, sum(found.get("sizes", {}).values()), entries


def _nonzero(value: Any) -> int:
    return sum(map(_nonzero, value)) if isinstance(value, list) else int(value != "0")


def _mending(result: ClaimResult, printed: Form, mended: FormResult) -> Mending:
    form = mended.form
    return Mending(
        because=form.because,
        source=_source(form.statement),
        changes=_changes(printed, form),
        where="" if form.where is None else _source(form.where),
        # What the mended form alone is worth would say too much where it rests on something broken.
        status=result.status,
        evidence=tuple(map(_evidence, mended.verdicts)),
    )


def _evidence(verdict: Verdict) -> Evidence:
    # The last digits of floats differ from processor to processor, and with them the detail.
    detail = "" if verdict.level in _FLOATS else verdict.detail
    holds_at = () if verdict.all_sizes or verdict.outcome is not Outcome.HOLDS else verdict.sizes
    return Evidence(verdict.level, verdict.outcome, detail, sizes_text(holds_at))


def _changes(printed: Form, mended: Form) -> tuple[Change, ...]:
    before = {name: _described(one) for name, one in printed.given.items()}
    after = {name: _described(one) for name, one in mended.given.items()}
    names = dict.fromkeys((*before, *after))
    pairs = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    return tuple(Change(*pair) for pair in pairs if pair[1] != pair[2])


def _described(declaration: Declaration) -> str:
    several = declaration if isinstance(declaration, tuple) else (declaration,)
    return " and ".join(one.describe() for one in several)


def _source(function: Callable[..., Any]) -> str:
    """The Python source as a block of its own."""
    return textwrap.dedent(source_of(function)).strip("\n")
