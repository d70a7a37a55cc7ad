"""The report of a run for a terminal, a pipe or a text file: a table, then what needs explaining."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from proofcheck.claims.status import Status, Word, is_disproved, passes
from proofcheck.claims.verdict import Relation
from proofcheck.report.by_hand import SYMBOLS, decimal_beside, is_zero, matrix_lines, side_by_side
from proofcheck.results import ClaimResult, FormResult, Report

__all__ = ["print_table", "summary"]

_WIDEST_ID = 24
_NARROWEST_TITLE = 10
_GAP = 2
_LONGEST_EXPRESSION = 400
_NO_BREAK = "\N{NO-BREAK SPACE}"
_SIZES = re.compile(r"(?<=\d) (?=\w+=\d)")  # "d=2 n=3" stays on one line
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # messages of exceptions may drive a terminal


def print_table(report: Report, console: Console, *, verbose: bool = False) -> None:
    """Print a row per claim, what is to be said about those that do not simply stand, and a summary.

    Args:
        report: what to print.
        console: where to; its width and colours are used.
        verbose: explain every claim, with all verdicts and a less special counterexample.
    """
    console.print(_table(report, console))
    for result in report.results:
        if verbose or not result.passed or _disproved(result.printed):
            console.print()
            for line in _explanation(result, console.width, verbose):
                console.print(line, soft_wrap=True)
    console.print()
    console.print(Text(summary(report), "bold green" if report.passed else "bold red"), soft_wrap=True)


def summary(report: Report) -> str:
    """The counts in one line: statuses, and forms that do not stand as printed."""
    total = len(report.results)
    parts = [
        f"{count} {word}" for word, count in Counter(r.status.word.value for r in report.results).items()
    ]
    text = f"{total} {'claim' if total == 1 else 'claims'}: {', '.join(parts)}"
    failed = [result for result in report.results if _disproved(result.printed)]
    if failed:
        mended = sum(result.mended is not None and result.passed for result in failed)
        text += f"; {len(failed)} not as printed, {mended} of them mended"
    missing = sum(not result.passed for result in report.results)
    return f"{text}; {f'{missing} did not pass' if missing else 'all passed'}"


def _disproved(form: FormResult | None) -> bool:
    return form is not None and is_disproved(form.status)


def _style(status: Status) -> str:
    if passes(status):
        return "green"
    return "yellow" if status.word is Word.UNKNOWN else "red"


def _cells(result: ClaimResult, *, ascii_only: bool) -> tuple[Text, Text, Text]:
    """As printed, as mended, and a mark with the claim's status where the standing form's differs."""
    printed = mended = Text()
    if result.printed is not None:
        printed = Text(result.printed.status.word.value, _style(result.printed.status))
        if result.mended is not None:
            printed.append(" ->" if ascii_only else " →")
    if result.mended is not None:
        mended = Text(result.mended.status.word.value, _style(result.mended.status))
    standing = result.mended or result.printed
    good, bad = ("ok", "x") if ascii_only else ("✓", "✗")
    mark = good if result.passed else "?" if result.status.word is Word.UNKNOWN else bad
    same = standing is not None and standing.status.word is result.status.word
    word = "" if same and result.passed else f" {result.status.word.value}"
    return printed, mended, Text(mark + word, _style(result.status))


def _table(report: Report, console: Console) -> Table:
    ascii_only = console.options.ascii_only
    rows = [
        (Text(r.claim.id), Text(r.claim.title), *_cells(r, ascii_only=ascii_only)) for r in report.results
    ]
    heads = ("claim", "title", "as printed", "as mended", "status")
    # Rich would rather shorten an id than wrap a title, so the widths are given.
    widths = [max([len(head), *(row[k].cell_len for row in rows)]) for k, head in enumerate(heads)]
    widths[0] = min(widths[0], _WIDEST_ID)
    spare = console.width - sum(widths) + widths[1] - _GAP * (len(heads) - 1)
    widths[1] = min(widths[1], max(spare, _NARROWEST_TITLE))
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for head, width in zip(heads, widths, strict=True):
        table.add_column(head, width=width, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _wrap(text: str, width: int, indent: int, style: str = "", *, hanging: int = 2) -> Iterator[Text]:
    """Lines that start at ``indent``; those after the first start further in."""
    lines = textwrap.wrap(
        _SIZES.sub(_NO_BREAK, _CONTROL.sub("\ufffd", text)),
        max(width, 40),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
    )
    return (Text(line.replace(_NO_BREAK, " "), style) for line in lines)


def _explanation(result: ClaimResult, width: int, verbose: bool) -> Iterator[Text]:
    """Why the printed form does not stand or the claim does not pass, for a reader with a pencil."""
    claim = result.claim
    yield from _wrap(f"{claim.id}  {claim.title} ({claim.source})", width, 0, "bold")
    for form in (result.printed, result.mended):
        if form is None:
            continue
        if form is result.mended:
            yield from _wrap(f"mended because {form.form.because}", width, 2)
        yield from _wrap(f"as {form.form.name} {_words(form.status)}", width, 2, _style(form.status))
        if form.counterexample is not None:
            yield from _counterexample(form.counterexample, width, verbose)
        if verbose:
            yield from _verdicts(form, width)
    standing = result.mended or result.printed
    if standing is None or standing.status != result.status:
        yield from _wrap(f"so the claim is {_words(result.status)}", width, 2, _style(result.status))


def _words(status: Status) -> str:
    return f"{status.word.value}: {status.detail}" if status.detail else status.word.value


def _verdicts(form: FormResult, width: int) -> Iterator[Text]:
    for verdict in form.verdicts:
        head = f"{verdict.level.value:<18}{verdict.outcome.value:<8}{verdict.seconds:7.2f} s  "
        yield from _wrap(head + verdict.detail, width, 4, "dim", hanging=len(head))


def _counterexample(found: Mapping[str, Any], width: int, verbose: bool) -> Iterator[Text]:
    if found["relation"] == Relation.WITHIN.value:
        yield from _family(found, width)
        return
    if found["relation"] == Relation.BOUNDED.value:
        yield from _growth(found, width)
        return
    yield from _case(found, "counterexample", width)
    other = found.get("non_degenerate")
    if verbose and other:
        yield from _case(other, "a less special one", width)


def _case(found: Mapping[str, Any], head: str, width: int) -> Iterator[Text]:
    """One disproof: sizes, indices, inputs, and the two sides exactly and in decimals."""
    settings = [f"{name} = {value}" for name, value in {**found["sizes"], **found["indices"]}.items()]
    yield from _wrap(f"{head} at {', '.join(settings)}" if settings else head, width, 4)
    zero = [name for name, value in found["inputs"].items() if is_zero(value)]
    blocks = [matrix_lines(name, value) for name, value in found["inputs"].items() if name not in zero]
    yield from _inputs(blocks, width)
    if zero:
        yield from _wrap(f"{' = '.join(zero)} = 0", width, 6)
    place = f", at entry ({', '.join(map(str, found['entry']))})" if found["entry"] else ""
    relation = f"left {SYMBOLS[found['relation']]} right"
    yield from _wrap(f"relation {found['relation_number']} fails, {relation}{place}:", width, 6)
    for side in ("left", "right"):
        exact, decimal = found[side], found[f"{side}_decimal"]
        if len(exact) > _LONGEST_EXPRESSION:
            exact = f"{exact[:_LONGEST_EXPRESSION]}… (whole with --format json)"
        yield from _wrap(f"{side:<5} = {exact}{decimal_beside(exact, decimal)}", width, 8, hanging=8)


def _family(found: Mapping[str, Any], width: int) -> Iterator[Text]:
    """Sizes along which an operation count outgrows every multiple of its bound."""
    along = ", ".join(f"{name} = {size}" for name, size in found["family"].items())
    yield from _wrap(f"counterexample: operations of {found['algorithm']} along {along}", width, 4)
    for name in ("count", "bound"):
        yield from _wrap(f"{name} = {found[name]}", width, 6, hanging=8)


def _growth(found: Mapping[str, Any], width: int) -> Iterator[Text]:
    """Inputs along which a ratio outgrows every constant."""
    along, number = found["family"]["along"], found["relation_number"]
    yield from _wrap(f"counterexample along {along}, in relation {number}", width, 4)
    blocks = [matrix_lines(name, value) for name, value in found["inputs"].items()]
    yield from _inputs(blocks, width)
    ratios = ", ".join(f"{one['ratio']} at t = {one['t']}" for one in found["ratio_at"])
    yield from _wrap(f"left / bound grows as {found['growth']}: {ratios}", width, 6, hanging=8)


def _inputs(blocks: Sequence[list[str]], width: int) -> Iterator[Text]:
    for line in side_by_side(blocks, width, 6):
        yield Text(line, "cyan")
