"""The command ``proofcheck``.

Reports go to standard output, everything else to standard error.  Exit codes: 0 passed, 1 not
passed, 2 the command cannot be carried out as given, 130 interrupted.  What takes long to import is
imported where it is used, so that ``--help`` is quick.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofcheck.audit_cli import audit
from proofcheck.command import (
    LEVELS,
    NOT_PASSED,
    PASSED,
    JobsOption,
    ModulesArgument,
    NoCacheOption,
    OutputOption,
    QuietOption,
    SeedOption,
    TimeoutOption,
    check_options,
    deliver,
    new_app,
    no_claims,
    rendered,
    run_app,
    run_command,
    usable_cpus,
)
from proofcheck.constant_cli import constant
from proofcheck.derive_cli import derive, figure
from proofcheck.diff_cli import diff
from proofcheck.doctor_cli import doctor
from proofcheck.errata_cli import errata
from proofcheck.gradcheck_cli import gradcheck
from proofcheck.gradient_cli import gradient
from proofcheck.new_cli import new
from proofcheck.notebooks_cli import notebooks
from proofcheck.streams import note, progress_bar

if TYPE_CHECKING:
    from proofcheck.results import Report

__all__ = ["app", "main"]

app = new_app("proofcheck", "Check the claims of a theory paper, symbolically and numerically.")


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    HTML = "html"
    SARIF = "sarif"


@dataclass(frozen=True)
class _Options:
    """What ``proofcheck verify`` was asked for."""

    modules: tuple[str, ...]
    claims: tuple[str, ...]
    levels: tuple[str, ...]
    jobs: int
    timeout: float
    format: Format
    output: Path | None
    seed: int
    baseline: Path | None
    cache: bool
    quiet: bool
    verbose: bool


def main() -> None:
    """Run the command line, and exit with its code."""
    run_app(app, "proofcheck")


@app.command()
def verify(
    modules: ModulesArgument = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Report only this claim; may be repeated.", show_default=False),
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LEVEL",
            help=f"Run only this level: {LEVELS}; may be repeated. Well-formedness is always checked.",
            show_default=False,
        ),
    ] = None,
    jobs: JobsOption = None,
    timeout: TimeoutOption = 60.0,
    format: Annotated[Format, typer.Option(help="How to write the report.")] = Format.TABLE,
    output: OutputOption = None,
    seed: SeedOption = 0,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A JSON report: what is in it passes, whatever it is, and any change fails.",
            show_default=False,
        ),
    ] = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List all verdicts.")] = False,
) -> int:
    """Check claims and report their statuses.

    Exits with 0 if every claim passes in the form that stands (mended, else printed), 1 if not,
    2 if the command cannot be carried out as given.
    """
    options = _Options(
        modules=tuple(modules or ()),
        claims=tuple(claim or ()),
        levels=tuple(word.lower().replace("-", "_") for word in level or ()),
        jobs=usable_cpus() if jobs is None else jobs,
        timeout=timeout,
        format=format,
        output=output,
        seed=seed,
        baseline=baseline,
        cache=not no_cache,
        quiet=quiet,
        verbose=verbose,
    )
    return run_command(lambda: _verify(options))


def _verify(options: _Options) -> int:
    check_options(options.jobs, options.timeout, options.output)
    from proofcheck.report.machine import compare_with_baseline, read_baseline
    from proofcheck.report.table import summary
    from proofcheck.verify import verify as run

    before = read_baseline(options.baseline) if options.baseline is not None else None
    # Claim modules may print; standard output is the report's.
    with progress_bar(options.quiet) as progress, contextlib.redirect_stdout(sys.stderr):
        report = run(
            *options.modules,
            select=options.claims,
            levels=options.levels,
            jobs=options.jobs,
            timeout=options.timeout,
            seed=options.seed,
            cache=options.cache,
            progress=progress,
        )
    if not report.results:
        raise no_claims(options.modules)
    _deliver(report, options)
    if not options.quiet and (options.output is not None or options.format is not Format.TABLE):
        note(f"proofcheck: {summary(report)}")
    if before is None:
        return PASSED if report.passed else NOT_PASSED
    changes = compare_with_baseline(report, before, selected=bool(options.claims))
    for change in changes:
        note(f"proofcheck: changed: {change}")
    if not changes and not options.quiet:
        note(f"proofcheck: nothing changed from {str(options.baseline)!r}")
    return NOT_PASSED if changes else PASSED


def _deliver(report: Report, options: _Options) -> None:
    """Write the report to the file asked for, else to standard output."""
    from proofcheck.report.machine import to_json_text, to_junit_text
    from proofcheck.report.table import print_table

    if options.format is Format.TABLE:
        text = rendered(
            lambda console: print_table(report, console, verbose=options.verbose),
            to_file=options.output is not None,
        )
    elif options.format is Format.HTML:
        from proofcheck.report.blueprint import to_blueprint_text

        text = to_blueprint_text(report)
    elif options.format is Format.SARIF:
        from proofcheck.report.sarif import to_sarif_text

        text = to_sarif_text(report)
    else:
        text = (to_json_text if options.format is Format.JSON else to_junit_text)(report)
    deliver(text, options.output, machine=options.format is not Format.TABLE)


app.command()(audit)
app.command()(constant)
app.command()(derive)
app.command()(diff)
app.command()(doctor)
app.command()(errata)
app.command()(figure)
app.command()(gradcheck)
app.command()(gradient)
app.command()(new)
app.command()(notebooks)
