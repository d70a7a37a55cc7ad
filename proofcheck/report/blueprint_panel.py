"""The panel of a claim: what is printed, how it is checked, what was found, and what rests on it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from proofcheck.claims.claim import Form, source_of
from proofcheck.claims.graph import Graph
from proofcheck.claims.status import Status, sizes_text
from proofcheck.claims.verdict import Level, Verdict
from proofcheck.report.blueprint_graph import link_to, printed_word
from proofcheck.report.blueprint_math import mathml
from proofcheck.report.blueprint_style import css_class
from proofcheck.report.by_hand import by_hand
from proofcheck.report.errata import Erratum
from proofcheck.report.errata_page import survival
from proofcheck.results import ClaimResult, FormResult

__all__ = ["badge", "code", "links", "panel", "printed_badge", "table"]

# Their figures differ from processor to processor; the same run is to give the same page.
_FLOATS = frozenset({Level.NUMERIC, Level.FINITE_DIFFERENCE})


def panel(result: ClaimResult, graph: Graph, erratum: Erratum | None) -> str:
    """A claim as an article whose id is the claim's.

    Args:
        result: the claim's.
        graph: of all claims of the report.
        erratum: what the list of errata has about it; None if it stands as printed.
    """
    claim = result.claim
    return "\n".join(
        [
            f'<article id="{escape(claim.id)}" tabindex="-1">',
            f"<h2>{escape(claim.id)}: {escape(claim.title)}</h2>",
            f'<p class="muted">{escape(claim.kind.value)}; {escape(claim.source)}</p>',
            f"<p>Status: {badge(result.status)}</p>",
            _detail(result.status),
            f"<blockquote>{escape(claim.quote)}</blockquote>",
            *_formula(claim.formula),
            *_forms(result, erratum),
            *_neighbours(claim.id, graph, erratum),
            '<p><a href="#">All claims</a></p>',
            "</article>",
        ]
    )


def badge(status: Status) -> str:
    """A status word on its colour."""
    return f'<span class="badge s-{css_class(status.word.value)}">{status.word.value}</span>'


def printed_badge(result: ClaimResult) -> str:
    """The status of the printed form, with what became of it as the border."""
    kind = printed_word(result)
    if result.printed is None:
        return f'<span class="badge printed p-{css_class(kind)}">{kind}</span>'
    word = result.printed.status.word.value
    return f'<span class="badge printed p-{css_class(kind)} s-{css_class(word)}">{word}</span>'


def code(text: str) -> str:
    """Lines to be kept as they are."""
    return f"<pre>{escape(text)}</pre>"


def links(ids: Iterable[str], known: Iterable[str]) -> str:
    """Ids as links to their panels; those that have none as text."""
    there = frozenset(known)
    texts = (
        f'<a href="{link_to(id)}">{escape(id)}</a>' if id in there else f"{escape(id)} (not in this report)"
        for id in ids
    )
    return ", ".join(texts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells that are HTML already; the first two columns keep their words whole."""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "\n".join(_row(row) for row in rows)
    return f'<div class="table"><table><tr>{names}</tr>\n{body}</table></div>'


def _row(cells: Sequence[str]) -> str:
    names = "".join(f'<td class="name">{cell}</td>' for cell in cells[:2])
    return f"<tr>{names}{''.join(f'<td>{cell}</td>' for cell in cells[2:])}</tr>"


def _detail(status: Status) -> str:
    return f"<p>{escape(status.detail)}</p>" if status.detail else ""


def _formula(latex: str) -> Iterator[str]:
    if latex:
        yield f'<div class="formula">{mathml(latex) or f"<code>{escape(latex)}</code>"}</div>'


def _forms(result: ClaimResult, erratum: Erratum | None) -> Iterator[str]:
    if result.printed is None:
        yield "<h3>As printed</h3>"
        yield "<p>There is no statement to check.</p>"
        return
    # The list of errata chooses the counterexample that takes least work by hand.
    found = result.printed.counterexample if erratum is None else erratum.counterexample
    yield f"<h3>As printed: {printed_badge(result)}</h3>"
    yield _detail(result.printed.status)
    yield from _form(result.printed, found)
    if result.mended is None:
        return
    yield f"<h3>As mended: {badge(result.mended.status)}</h3>"
    yield _detail(result.mended.status)
    yield f'<p class="because">because {escape(result.mended.form.because)}</p>'
    mending = None if erratum is None else erratum.mending
    changes = () if mending is None else mending.changes
    if changes:
        words = (
            f"{c.symbol} is {c.mended or 'not declared'}, not {c.printed or 'undeclared'}" for c in changes
        )
        yield f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in words)}</ul>"
    yield from _form(result.mended, result.mended.counterexample)


def _form(result: FormResult, found: Mapping[str, object] | None) -> Iterator[str]:
    """The code, why it does not stand, and what every level said."""
    yield from _code(result.form)
    if found is not None:
        yield "<h4>Counterexample</h4>"
        yield code("\n".join(by_hand(found)))
        other = found.get("non_degenerate")
        if isinstance(other, Mapping):
            yield "<details><summary>A less special one</summary>"
            yield f"{code(chr(10).join(by_hand(other)))}</details>"
    rows = [(v.level.value, v.outcome.value, escape(_sizes(v)), escape(_words(v))) for v in result.verdicts]
    if rows:
        yield table(("level", "verdict", "sizes", "detail"), rows)


def _code(form: Form) -> Iterator[str]:
    """The statement, and a further hypothesis if there is one, as Python."""
    for label, function in (("", form.statement), ("where", form.where)):
        source = "" if function is None else textwrap.dedent(source_of(function)).strip("\n")
        if source:
            yield f"<h4>{label}</h4>" * bool(label) + code(source)


def _sizes(verdict: Verdict) -> str:
    return "all" if verdict.all_sizes else sizes_text(verdict.sizes)


def _words(verdict: Verdict) -> str:
    return "" if verdict.level in _FLOATS else verdict.detail


def _neighbours(id: str, graph: Graph, erratum: Erratum | None) -> Iterator[str]:
    claim = graph.claims[id]
    users = [one.id for one in graph.claims.values() if id in one.uses]
    further = [one for one in graph.claims if one not in users and id in graph.ancestors(one) and one != id]
    conditional = [one for one in graph.claims if id in graph.hypotheses(one)]
    lists = (
        ("Uses", claim.uses),
        ("Assumes", claim.assumes),
        ("Used by", users),
        ("Further claims that rest on it", further),
        ("Conditional on it", conditional),
    )
    yield "<h3>In the graph</h3>"
    items = [f"<li>{head}: {links(ids, graph.claims)}</li>" for head, ids in lists if ids]
    yield f"<ul>{''.join(items)}</ul>" if items else "<p>It uses nothing, and nothing uses it.</p>"
    if erratum is not None:
        yield f"<p>What rests on it: {escape(survival(erratum.dependents))}.</p>"
