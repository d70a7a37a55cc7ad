"""Status: computed from verdicts, ancestors and assumptions; nowhere typed.

:func:`form_status` judges one form by its verdicts.  :func:`claim_status` judges a claim by its
standing form (mended, else printed), and :func:`rest_on` lowers it by what it rests on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from proofcheck.claims.claim import Kind
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict

__all__ = [
    "PASSING",
    "Status",
    "Word",
    "claim_status",
    "form_status",
    "is_disproved",
    "passes",
    "rest_on",
    "sizes_text",
]


class Word(StrEnum):
    """The words a status is one of."""

    PROVED = "proved"
    PROVED_MODULO = "proved modulo"
    PROVED_AT_SIZES = "proved at sizes"
    SUPPORTED = "supported"
    DEFINED = "defined"
    ASSUMED = "assumed"
    REFUTED = "refuted"
    REFUTED_MODULO = "refuted modulo"
    ILL_FORMED = "ill-formed"
    UNKNOWN = "unknown"
    VACUOUS = "vacuous"
    ERROR = "error"


#: What lets a claim pass.
PASSING = frozenset(
    {
        Word.PROVED,
        Word.PROVED_MODULO,
        Word.PROVED_AT_SIZES,
        Word.SUPPORTED,
        Word.DEFINED,
        Word.ASSUMED,
    }
)
_DOES_NOT_STAND = frozenset({Word.REFUTED, Word.REFUTED_MODULO, Word.ILL_FORMED})
_BROKEN = _DOES_NOT_STAND | {Word.VACUOUS, Word.ERROR}
# What rests on these is proved only if they hold, and at sizes at which nobody looked.
_NOT_FOR_ALL = frozenset({Word.UNKNOWN, Word.ASSUMED, Word.PROVED_AT_SIZES, Word.SUPPORTED})
_ASSUMABLE = frozenset({Kind.HYPOTHESIS, Kind.CITED})


@dataclass(frozen=True)
class Status:
    """A word, and beside it the sizes, ids or reason it needs."""

    word: Word
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.word.value} [{self.detail}]" if self.detail else self.word.value


def is_disproved(status: Status) -> bool:
    """Whether a form with this status does not stand: refuted or ill-formed."""
    return status.word in _DOES_NOT_STAND


def passes(status: Status) -> bool:
    """Whether a claim with this status counts as passed.  UNKNOWN never does."""
    return status.word in PASSING


def sizes_text(sizes: Iterable[Mapping[str, int]]) -> str:
    """Sizes for a reader: ``n=2 d=3, n=3 d=2``."""
    unique = dict.fromkeys(" ".join(f"{k}={v}" for k, v in sorted(one.items())) for one in sizes)
    return ", ".join(text for text in unique if text)


def form_status(kind: Kind, verdicts: Sequence[Verdict], relations: Collection[Relation]) -> Status:
    """The status of one form.

    Args:
        kind: the claim's kind; a definition whose sanity relations are established is *defined*.
        verdicts: what the levels said.
        relations: the kinds of relation the statement returns; each needs evidence.
    """
    for verdict in verdicts:
        if verdict.outcome is Outcome.ERROR:
            return Status(Word.ERROR, f"{verdict.level.value}: {verdict.detail}")
    for verdict in verdicts:
        if verdict.level is Level.WELL_FORMED and verdict.outcome is Outcome.REFUTED:
            return Status(Word.ILL_FORMED, verdict.detail)
    for verdict in verdicts:
        if verdict.vacuous:
            return Status(Word.VACUOUS, verdict.detail)
    unchecked = next((v for v in verdicts if v.level is Level.WELL_FORMED), None)
    if unchecked is not None and unchecked.outcome is Outcome.UNKNOWN:
        return Status(Word.UNKNOWN, unchecked.detail)
    disproof = next((v for v in verdicts if v.counterexample is not None), None)
    if disproof is not None:
        clash = _contradicted_proof(disproof, verdicts)
        if clash is not None:
            return Status(Word.ERROR, clash)
        return Status(Word.REFUTED, disproof.detail)
    against = next((v for v in verdicts if v.outcome is Outcome.REFUTED), None)
    if against is not None:
        return Status(
            Word.UNKNOWN, f"{against.level.value} speaks against it, but no exact counterexample was found"
        )
    return _established(kind, verdicts, relations)


def _contradicted_proof(disproof: Verdict, verdicts: Sequence[Verdict]) -> str | None:
    """A proof at the very size of a counterexample: one of the two levels is broken."""
    sizes = (disproof.counterexample or {}).get("sizes")
    relation = (disproof.counterexample or {}).get("relation")
    for verdict in verdicts:
        speaks = verdict.all_sizes or (sizes is not None and dict(sizes) in [dict(s) for s in verdict.sizes])
        if (
            verdict is not disproof
            and verdict.outcome is Outcome.HOLDS
            and verdict.level in (Level.EXACT, Level.BALL, Level.GENERIC, Level.COST)
            and relation in verdict.covers
            and speaks
        ):
            return f"{verdict.level.value} proves what {disproof.level.value} disproves"
    return None


def _established(kind: Kind, verdicts: Sequence[Verdict], relations: Collection[Relation]) -> Status:
    holding = [v for v in verdicts if v.outcome is Outcome.HOLDS]
    sizes: list[Mapping[str, int]] = []
    missing: list[str] = []
    weakest = Word.PROVED
    for relation in sorted(relations):
        evidence = [v for v in holding if relation in v.covers and (v.all_sizes or _generic(v))]
        at_sizes = [v for v in evidence if v.level in (Level.EXACT, Level.BALL, Level.WELL_FORMED)]
        # Where there are no size symbols, the only sizes are none: {}.
        if any(v.all_sizes or (v in at_sizes and not any(v.sizes)) for v in evidence):
            continue
        if at_sizes:
            sizes += at_sizes[0].sizes
            weakest = Word.PROVED_AT_SIZES if weakest is Word.PROVED else weakest
        elif evidence:
            weakest = Word.SUPPORTED
        else:
            missing.append(relation.value)
    if missing or not relations:
        reason = f"no evidence for: {', '.join(missing)}" if missing else "nothing was checked"
        return Status(Word.UNKNOWN, reason)
    if weakest is Word.SUPPORTED:
        detail = ", ".join(sorted({v.level.value for v in holding} - {Level.WELL_FORMED.value}))
    else:
        detail = sizes_text(sizes) if weakest is Word.PROVED_AT_SIZES else ""
    if kind is Kind.DEFINITION:
        return Status(Word.DEFINED, f"sanity {Status(weakest, detail)}")
    return Status(weakest, detail)


def _generic(verdict: Verdict) -> bool:
    """A size of 1 hides transposes and factors: some run must have every size at least 2."""
    return any(all(size >= 2 for size in sizes.values()) for sizes in verdict.sizes)


def claim_status(kind: Kind, printed: Status | None, mended: Status | None) -> Status:
    """The status of a claim's standing form.

    A mended form beside a printed one that stands is an error of the claim, and beside one that is
    unknown the claim is unknown: nothing is called a misprint without a counterexample or an
    ill-formedness.
    """
    if printed is None:
        if kind in _ASSUMABLE:
            return Status(Word.ASSUMED)
        return Status(Word.UNKNOWN, "no statement is encoded")
    if mended is None:
        return printed
    if printed.word is Word.ERROR:
        return printed
    if printed.word is Word.UNKNOWN:
        return Status(Word.UNKNOWN, f"whether the printed form fails is not known: {printed.detail}")
    if not is_disproved(printed):
        return Status(Word.ERROR, f"there is a mended form, but the printed one is {printed.word.value}")
    return mended


def rest_on(
    own: Status, ancestors: Mapping[str, Status], hypotheses: Collection[str], kinds: Mapping[str, Kind]
) -> Status:
    """Lower a claim's own status by what it rests on.

    Args:
        own: status by the claim's own verdicts.
        ancestors: own statuses of everything it uses or assumes, directly or not.
        hypotheses: ids it is conditional on, its ancestors' included.
        kinds: kinds of all of these; cited results that are assumed count as hypotheses.
    """
    if own.word in (Word.ERROR, Word.ILL_FORMED, Word.VACUOUS, Word.UNKNOWN, Word.ASSUMED):
        return own
    broken = sorted(id for id, status in ancestors.items() if status.word in _BROKEN)
    if broken:
        return Status(Word.UNKNOWN, f"rests on what does not stand: {', '.join(broken)}")
    modulo = set(hypotheses) | {
        id for id, status in ancestors.items() if status.word in _NOT_FOR_ALL or kinds[id] is Kind.HYPOTHESIS
    }
    if not modulo:
        return own
    if own.word is Word.REFUTED:
        return Status(Word.REFUTED_MODULO, ", ".join(sorted(modulo)))
    if own.word in (Word.PROVED, Word.PROVED_AT_SIZES):
        beside = f"; at sizes {own.detail}" if own.word is Word.PROVED_AT_SIZES else ""
        return Status(Word.PROVED_MODULO, ", ".join(sorted(modulo)) + beside)
    if own.word in (Word.SUPPORTED, Word.DEFINED):
        return Status(own.word, f"{own.detail}; modulo {', '.join(sorted(modulo))}")
    return own
