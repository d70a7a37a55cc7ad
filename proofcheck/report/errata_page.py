"""The list of errata as a page: headings, paragraphs, code and tables, whatever they are written in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from proofcheck.claims.status import Word
from proofcheck.report.by_hand import by_hand
from proofcheck.report.errata import Dependent, Errata, Erratum, Evidence, Mending

__all__ = ["Block", "Code", "Formula", "Heading", "Items", "Paragraph", "Quote", "Table"]
__all__ += ["errata_page", "summary", "survival"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # messages of exceptions may hold anything
_FLOATS_NOTE = (
    "Figures of the levels numeric and finite_difference differ from processor to processor and are left "
    "out; proofcheck verify --claim ID --verbose shows them."
)


@dataclass(frozen=True)
class Heading:
    """A heading, of level 1 for the page and 2 for an erratum, whose anchor is its id."""

    level: int
    text: str
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """Running text, after a label in bold."""

    text: str
    label: str = ""


@dataclass(frozen=True)
class Quote:
    """The words of the paper."""

    text: str


@dataclass(frozen=True)
class Formula:
    """LaTeX, without dollar signs."""

    latex: str


@dataclass(frozen=True)
class Code:
    """Lines to be kept as they are: Python, or a counterexample."""

    text: str
    python: bool = False


@dataclass(frozen=True)
class Items:
    """A list of points."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first cell of a row is the anchor of a heading."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block: TypeAlias = Heading | Paragraph | Quote | Formula | Code | Items | Table


def summary(errata: Errata) -> str:
    """The counts in one line."""
    total = len(errata.items)
    of = f"{total} of {errata.claims} {'claim' if errata.claims == 1 else 'claims'}"
    text = f"{of} {'does' if total == 1 else 'do'} not stand as printed"
    if total:
        mended = sum(item.mended for item in errata.items)
        text += f", {mended} of them {'has' if mended == 1 else 'have'} a mended form that stands"
    if errata.undecided:
        text += f"; {len(errata.undecided)} could not be decided"
    return text


def errata_page(errata: Errata) -> tuple[Block, ...]:
    """The page: an overview, then each erratum, then what could not be decided."""
    return tuple(map(_clean, _page(errata)))


def _clean(block: Block) -> Block:
    """Without control characters, which neither XML nor TeX takes."""
    parts = {name: _cleaned(value) for name, value in vars(block).items()}
    return type(block)(**parts)


def _cleaned(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_cleaned, value))
    return _CONTROL.sub("\ufffd", value) if isinstance(value, str) else value


def _page(errata: Errata) -> Iterator[Block]:
    yield Heading(1, "Errata")
    yield Paragraph(f"{summary(errata)}.")
    if errata.items:
        counts = Counter(_seriousness(item) for item in errata.items)
        yield Paragraph("; ".join(f"{word}: {count}" for word, count in counts.items()) + ".", "How serious")
        yield Table(
            ("claim", "how serious", "as printed", "as mended", "what rests on it"),
            tuple(_row(item) for item in errata.items),
        )
        yield Paragraph(_FLOATS_NOTE)
    for item in errata.items:
        yield from _section(item)
    if errata.undecided:
        yield Heading(2, "Not decided")
        yield Paragraph("Whether these claims stand as printed is not known.")
        yield Items(tuple(f"{id}: {status}" for id, status in errata.undecided))


def _seriousness(item: Erratum) -> str:
    return "not known without a mended form" if item.seriousness is None else item.seriousness.value


def _row(item: Erratum) -> tuple[str, ...]:
    mended = "nothing" if item.mending is None else item.mending.status.word.value
    fallen = sum(not one.stands for one in item.dependents)
    rests = f"{len(item.dependents)}, {f'{fallen} do not stand' if fallen else 'all stand'}"
    rests = rests if item.dependents else "nothing"
    return item.id, _seriousness(item), item.status.value, mended, rests


def _section(item: Erratum) -> Iterator[Block]:
    yield Heading(2, f"{item.id}: {item.title}", item.id)
    yield Paragraph(f"{item.place} ({item.kind.value})", "Printed")
    yield Quote(item.quote)
    if item.formula:
        yield Formula(item.formula)
    if item.source:
        yield Paragraph("the printed form as a Python statement", "As checked")
        yield Code(item.source, python=True)
    if item.counterexample is None:
        yield Paragraph(f"{item.status.value}: {item.reason}", "Why it does not stand")
    else:
        yield Paragraph(f"{item.status.value}, by this counterexample", "Why it does not stand")
        yield Code("\n".join(by_hand(item.counterexample)))
    if item.mending is None:
        yield Paragraph("there is no mended form", "Mended")
    else:
        yield from _mended(item.mending)
    yield Paragraph(_seriousness(item), "How serious")
    yield Paragraph(survival(item.dependents), "What rests on it")


def _mended(mending: Mending) -> Iterator[Block]:
    yield Paragraph(f"because {mending.because}", "Mended")
    if mending.changes:
        yield Items(
            tuple(
                f"{one.symbol} is {one.mended or 'not declared'}, not {one.printed or 'undeclared'}"
                for one in mending.changes
            )
        )
    if mending.source:
        yield Code(mending.source, python=True)
    if mending.where:
        yield Paragraph("a further hypothesis", "Where")
        yield Code(mending.where, python=True)
    stands = "it stands" if mending.stands else "it does not stand"
    yield Paragraph(f"{stands}: {mending.status}", "Evidence")
    yield Items(tuple(map(_evidence, mending.evidence)) or ("no level ran",))


def _evidence(one: Evidence) -> str:
    words = f"{one.level.value} {one.outcome.value}"
    if one.sizes:
        words += f" at {one.sizes}"
    return f"{words}: {one.detail}" if one.detail else words


def survival(dependents: Sequence[Dependent]) -> str:
    """Whether what rests on a claim survives, in words."""
    if not dependents:
        return "nothing rests on it"
    standing = sum(one.stands for one in dependents)
    words = "it survives"
    if standing < len(dependents):
        words = "not all of it survives" if standing else "it does not survive"
    fallen_first = sorted(dependents, key=lambda one: one.stands)
    return f"{words}; {standing} of {len(dependents)} claims stand: {_by_status(fallen_first)}"


def _by_status(dependents: Sequence[Dependent]) -> str:
    """Ids, together where they have the same status; the sizes of what stands are left out."""
    groups: dict[str, list[str]] = {}
    for one in dependents:
        short = one.stands and one.status.word is not Word.PROVED_MODULO
        groups.setdefault(one.status.word.value if short else str(one.status), []).append(one.id)
    return "; ".join(f"{', '.join(ids)} ({status})" for status, ids in groups.items())
