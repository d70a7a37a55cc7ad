"""The command ``proofcheck audit``: do the checks notice when a claim is changed so as to be wrong?"""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from proofcheck.command import (
    LEVELS,
    NOT_PASSED,
    PASSED,
    JobsOption,
    ModulesArgument,
    OutputOption,
    QuietOption,
    SeedOption,
    check_options,
    deliver,
    rendered,
    run_command,
    usable_cpus,
)
from proofcheck.streams import note, progress_bar

if TYPE_CHECKING:
    from rich.console import Console

    from proofcheck.audit import Audit

__all__ = ["audit"]


class AuditFormat(StrEnum):
    """How an audit is written."""

    TABLE = "table"
    JSON = "json"


def audit(
    modules: ModulesArgument = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Audit only this claim; may be repeated.", show_default=False),
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LEVEL",
            help=f"Let only this level refute: {LEVELS}; may be repeated.",
            show_default=False,
        ),
    ] = None,
    jobs: JobsOption = None,
    timeout: Annotated[
        float, typer.Option(metavar="S", help="Seconds after which one check of one mutant is stopped.")
    ] = 60.0,
    format: Annotated[AuditFormat, typer.Option(help="How to write the report.")] = AuditFormat.TABLE,
    output: OutputOption = None,
    seed: SeedOption = 0,
    quiet: QuietOption = False,
) -> int:
    """Change claims that stand, one small thing at a time, and see whether the checks notice.

    Exits with 0 if no mutant survives, 1 if one does or there is none, 2 if the command cannot be
    carried out as given.
    """

    def run() -> int:
        workers = usable_cpus() if jobs is None else jobs
        check_options(workers, timeout, output)
        from proofcheck.audit import audit as audit_claims

        # Claim modules may print; standard output is the report's.
        with progress_bar(quiet) as progress, contextlib.redirect_stdout(sys.stderr):
            found = audit_claims(
                *(modules or ()),
                select=claim or (),
                levels=[word.lower().replace("-", "_") for word in level or ()],
                jobs=workers,
                timeout=timeout,
                seed=seed,
                progress=progress,
            )
        if format is AuditFormat.JSON:
            text = json.dumps(found.to_json(), ensure_ascii=False, indent=2) + "\n"
        else:
            text = rendered(lambda console: _print(found, console), to_file=output is not None)
        deliver(text, output, machine=format is AuditFormat.JSON)
        if not quiet and (output is not None or format is AuditFormat.JSON):
            note(f"proofcheck: {_summary(found)}")
        return PASSED if found.passed else NOT_PASSED

    return run_command(run)


def _print(found: Audit, console: Console) -> None:
    """Counts by claim, what each level kills alone, and the mutants that need a reader."""
    from rich.table import Table
    from rich.text import Text

    from proofcheck.classification import Fate

    fates = (Fate.KILLED, Fate.EQUIVALENT, Fate.WEAKER, Fate.SLACK, Fate.SURVIVOR)
    counts: dict[str, Counter[Fate]] = {}
    for one in found.findings:
        counts.setdefault(one.claim, Counter())[one.fate] += 1
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("claim", no_wrap=True)
    for name in ("mutants", *(fate.value for fate in fates)):
        table.add_column(name, justify="right")
    for claim, fate_counts in counts.items():
        cells = [Text(str(fate_counts[fate] or "")) for fate in fates]
        if fate_counts[Fate.SURVIVOR]:
            cells[-1].stylize("bold red")
        table.add_row(Text(claim), str(fate_counts.total()), *cells)
    console.print(table)
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("level alone", no_wrap=True)
    table.add_column("kills", justify="right")
    for level, count in found.by_level.items():
        table.add_row(level.value, str(count))
    console.print()
    console.print(table)
    for fate in (Fate.SLACK, Fate.SURVIVOR):
        if found.of(fate):
            console.print(Text(f"\n{fate.value}:", "bold"))
        for one in found.of(fate):
            console.print(Text(f"  {one.claim}: {one.mutation}"), soft_wrap=True)
            console.print(Text(f"    {one.reason}"), soft_wrap=True)
    for claim, status in found.left_out.items():
        console.print(Text(f"\n{claim} was left out: {status}"), soft_wrap=True)
    console.print()
    console.print(Text(_summary(found), "bold green" if found.passed else "bold red"), soft_wrap=True)


def _summary(found: Audit) -> str:
    from proofcheck.classification import Fate

    if not found.findings:
        return "no mutants: no claim with a statement stands"
    counts = Counter(one.fate for one in found.findings)
    others = (Fate.EQUIVALENT, Fate.WEAKER, Fate.SLACK)
    parts = [f"{counts[Fate.KILLED]} killed", *(f"{counts[fate]} {fate.value}" for fate in others)]
    survivors = counts[Fate.SURVIVOR]
    end = f"{survivors} survived" if survivors else "none survived"
    return f"{len(found.findings)} mutants: {', '.join(parts)}; {end}"
