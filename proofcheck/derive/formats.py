"""A derivation as text, LaTeX or Markdown."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from proofcheck.derive.result import Derivation, Part
from proofcheck.symbolic.arranging import legible
from proofcheck.symbolic.derivation import Definition, Step, StepKind
from proofcheck.symbolic.matrix_form import MatrixForm
from proofcheck.symbolic.printing import free_indices_in_order, to_latex, to_text
from proofcheck.symbolic.terms import Entry, Idx, Term

__all__ = ["as_latex", "as_markdown", "as_text", "in_words", "markdown_sections"]

_WIDTH = 96


@dataclass(frozen=True)
class Row:
    """One line of a section: ``left = right``, why, and whether it is proved."""

    left: str
    right: str
    reason: str
    proved: bool


@dataclass(frozen=True)
class Note:
    """A sentence, and whether it is proved, where it says something that is to be."""

    text: str
    proved: bool | None = None


@dataclass(frozen=True)
class Section:
    """Sentences and lines under a heading."""

    title: str
    notes: tuple[Note, ...] = ()
    rows: tuple[Row, ...] = ()


class _Notation:
    """How terms, derivatives and sentences are written; this one is for plain text."""

    def term(self, term: Term, indices: Sequence[Idx]) -> str:
        return to_text(term, _called(indices))

    def derivative(self, quantity: str, variable: str) -> str:
        return f"∂{quantity}/∂{variable}"

    def math(self, formula: str) -> str:
        """A formula inside a sentence."""
        return formula

    def words(self, text: str) -> str:
        """Plain words."""
        return text

    def code(self, text: str) -> str:
        """Something typed."""
        return text

    def form(self, form: MatrixForm) -> str:
        return form.text()

    def name(self, name: str) -> str:
        return self.term(Entry(name, ()), ())


class _Markdown(_Notation):
    def term(self, term: Term, indices: Sequence[Idx]) -> str:
        return to_latex(term, _called(indices))

    def derivative(self, quantity: str, variable: str) -> str:
        return rf"\frac{{\partial {quantity}}}{{\partial {variable}}}"

    def math(self, formula: str) -> str:
        return f"${formula}$"

    def code(self, text: str) -> str:
        return f"`{text}`"

    def form(self, form: MatrixForm) -> str:
        return form.latex(self.name)


class _Latex(_Markdown):
    def math(self, formula: str) -> str:
        return rf"\({formula}\)"

    def words(self, text: str) -> str:
        return _latex_words(text)

    def code(self, text: str) -> str:
        return rf"\texttt{{{_latex_words(text)}}}"


def _called(indices: Iterable[Idx]) -> dict[Idx, str]:
    return {index: index.name for index in indices}


# --- what there is to say ------------------------------------------------------------------------


def in_words(derivation: Derivation) -> str:
    """The outcome in one sentence."""
    if derivation.failure:
        return f"UNKNOWN: {derivation.failure}."
    sizes = sorted({dim for _, dims in derivation.inputs for dim in dims}, reverse=True)
    where = f" for all {', '.join(sizes)} ≥ 1" if sizes else ""
    if derivation.conditions:
        where += " where the loss is defined"
    if derivation.proved:
        return f"PROVED: every line above holds{where}."
    return f"UNKNOWN: not every line above is proved{where}."


def _sections(derivation: Derivation, notation: _Notation) -> Iterator[Section]:
    """The derivation, section by section."""
    yield Section(notation.words("Given"), tuple(_given(derivation, notation)))
    declared = _declared(derivation)
    free = (*declared, *(index for part in derivation.parts for index in part.at))
    if derivation.definitions:
        rows = [_definition(one, proved, notation, declared) for one, proved in derivation.definitions]
        yield Section(notation.words("Definitions"), (), tuple(rows))
    for part in derivation.parts:
        yield _differentiated(part, notation, free)
    if derivation.form is not None:
        name = notation.name(derivation.parts[-1].variable)
        row = Row(
            notation.derivative("L", name), notation.form(derivation.form), "", derivation.checks[0].proved
        )
        yield Section(notation.words("As a matrix"), (), (row,))
    if derivation.checks:
        notes = tuple(Note(notation.words(check.text), check.proved) for check in derivation.checks)
        yield Section(notation.words("Checked besides"), notes)


def _given(derivation: Derivation, notation: _Notation) -> Iterator[Note]:
    shapes: dict[tuple[str, ...], list[str]] = {}
    for name, dims in derivation.inputs:
        shapes.setdefault(dims, []).append(notation.math(notation.name(name)))
    words = []
    for dims, names in shapes.items():
        shape = "×".join(dims) if len(dims) > 1 else f"vector of {dims[0]}" if dims else "scalar"
        words.append(f"{', '.join(names)}: {notation.words(shape)}")
    yield Note("; ".join(words))
    yield Note(f"Loss: {notation.code(derivation.loss)}")
    for condition in derivation.conditions:
        yield Note(f"Defined where {notation.code(condition)}")


def _declared(derivation: Derivation) -> tuple[Idx, ...]:
    """Indices that the loss depends on."""
    found = (
        index
        for one, _ in derivation.definitions
        for index in free_indices_in_order(one.body)
        if index not in one.indices
    )
    return tuple(dict.fromkeys(found))


def _definition(one: Definition, proved: bool, notation: _Notation, declared: Sequence[Idx]) -> Row:
    indices = (*one.indices, *declared)
    body = legible(one.body, {*(index.name for index in one.indices), one.name})
    left = notation.term(Entry(one.name, one.indices), indices)
    return Row(left, notation.term(body, indices), notation.words(one.source), proved)


def _differentiated(part: Part, notation: _Notation, free: Sequence[Idx]) -> Section:
    variable = notation.term(Entry(part.variable, part.at), free)
    last = part.steps[-1]
    rows: list[Row] = []
    if part.raw is not None:
        left = notation.derivative(notation.name(last.quantity.name), variable)
        rows.append(
            Row(left, notation.term(part.raw, free), notation.words("by the rules alone"), last.proved)
        )
    constant = [step for step in part.steps if step.kind is StepKind.CONSTANT]
    for step in part.steps:
        if step not in constant or step is last:
            rows.append(_step(step, variable, notation, (*step.indices, *free), last=step is last))
    notes = []
    if constant:
        names = ", ".join(notation.math(notation.name(step.quantity.name)) for step in constant)
        verb = "does" if len(constant) == 1 else "do"
        text = f"{names} {verb} not depend on {notation.math(notation.name(part.variable))}"
        notes.append(Note(text, all(step.proved for step in constant)))
    return Section(f"{notation.words('Derivatives in')} {notation.math(variable)}", tuple(notes), tuple(rows))


def _step(step: Step, variable: str, notation: _Notation, indices: Sequence[Idx], *, last: bool) -> Row:
    right = notation.term(step.term, indices)
    if step.name is not None:
        name = notation.math(notation.name(step.name.name))
        source = notation.words(f" put in ({step.name.source})" if step.name.source else " put in")
        return Row("", right, name + source, step.proved)
    left = notation.derivative(notation.term(Entry(step.quantity.name, step.indices), indices), variable)
    reason = step.quantity.lemma or ("simplified" if last else "chain rule")
    return Row(left, right, notation.words(reason), step.proved)


# --- text ----------------------------------------------------------------------------------------


def as_text(derivation: Derivation) -> str:
    """The derivation as plain text, 96 columns wide."""
    lines = [_title(derivation), ""]
    for section in _sections(derivation, _Notation()):
        lines.append(section.title)
        for note in section.notes:
            text = f"{_mark(note.proved)} {note.text}".strip()
            lines += textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
        width = 0
        for row in section.rows:
            width = len(row.left) if row.left else width
            lines += _text_row(row, width)
        lines.append("")
    lines += textwrap.wrap(in_words(derivation), _WIDTH)
    return "\n".join(lines) + "\n"


def _mark(proved: bool | None) -> str:
    return "" if proved is None else "✓" if proved else "✗"


def _text_row(row: Row, width: int) -> list[str]:
    start = f"  {_mark(row.proved)} {row.left:{width}} = "
    # A line should not end in a Σ.
    formula = (start + row.right).replace("} ", "}\N{NO-BREAK SPACE}")
    wrapped = textwrap.wrap(
        formula, _WIDTH, subsequent_indent=" " * 8, break_long_words=False, break_on_hyphens=False
    )
    lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in wrapped]
    if not row.reason:
        return lines
    reason = f"[{row.reason}]"
    if len(lines[-1]) + 2 + len(reason) <= _WIDTH:
        lines[-1] += reason.rjust(_WIDTH - len(lines[-1]))
        return lines
    return [*lines, reason.rjust(_WIDTH)]


def _title(derivation: Derivation) -> str:
    return f"proofcheck derive: {derivation.target}"


# --- LaTeX ---------------------------------------------------------------------------------------

_PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\usepackage[paperwidth=WIDTHmm,paperheight=210mm,margin=15mm]{geometry}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\begin{document}
\small
"""
_WORDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "×": r"\(\times\)",
    "·": r"\(\cdot\)",
    "−": r"\(-\)",
    "≥": r"\(\ge\)",
    "≤": r"\(\le\)",
    "≠": r"\(\ne\)",
    "∂": r"\(\partial\)",
    "‖": r"\(\|\)",
    "²": r"\(^2\)",
    "ᵀ": r"\(^\top\)",
}
_COMMAND = re.compile(r"\\(?:left|right|frac|text|partial)\b|(?<=\\)\w+|[{}^_\s\\]")
_MARKS = {None: "", True: r"\(\checkmark\) ", False: r"\(\times\) "}


def _latex_words(text: str) -> str:
    """Plain words for LaTeX's text mode."""
    found = []
    for letter in text:
        written = _WORDS.get(letter, letter)
        if not written.isascii():
            symbol = to_latex(Entry(letter, ()))
            written = rf"\({symbol}\)" if symbol.isascii() else "?"
        found.append(written)
    return "".join(found)


def as_latex(derivation: Derivation) -> str:
    """A complete LaTeX document."""
    lines = [rf"\section*{{{_latex_words(_title(derivation))}}}"]
    for section in _sections(derivation, _Latex()):
        lines.append(rf"\subsection*{{{section.title}}}")
        lines += [f"{_MARKS[note.proved]}{note.text}\n" for note in section.notes]
        if section.rows:
            lines += [r"\begin{align*}", _aligned(section.rows), r"\end{align*}"]
    lines.append(rf"\bigskip\textbf{{{_latex_words(in_words(derivation))}}}")
    # Formulas are not broken, so the page is as wide as the longest one needs.
    longest = max((len(_COMMAND.sub("", line)) for line in "\n".join(lines).splitlines()), default=0)
    width = max(297, 30 + math.ceil(1.9 * longest))
    return _PREAMBLE.replace("WIDTH", str(width)) + "\n".join(lines) + "\n\\end{document}\n"


def _aligned(rows: Iterable[Row]) -> str:
    """Rows of an aligned environment: what is derived, the formula, and why."""
    lines = []
    for row in rows:
        mark = r"\checkmark" if row.proved else r"\times"
        lines.append(rf"{mark}\; {row.left} &= {row.right} && \text{{{row.reason}}}")
    return " \\\\\n".join(lines)


# --- Markdown ------------------------------------------------------------------------------------


def as_markdown(derivation: Derivation) -> str:
    """The derivation as Markdown, its formulas between ``$$``."""
    lines = [f"# `{_title(derivation)}`"]
    for section in markdown_sections(derivation):
        lines += ["", section]
    return "\n".join([*lines, "", f"**{in_words(derivation)}**"]) + "\n"


def markdown_sections(derivation: Derivation) -> Iterator[str]:
    """Each section as Markdown."""
    for section in _sections(derivation, _Markdown()):
        lines = [f"## {section.title}"]
        lines += [f"\n{_mark(note.proved)} {note.text}".replace("\n ", "\n") for note in section.notes]
        if section.rows:
            lines += ["", "$$", r"\begin{aligned}", _aligned(section.rows), r"\end{aligned}", "$$"]
        yield "\n".join(lines)
