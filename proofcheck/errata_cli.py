"""The command ``proofcheck errata``: what is printed and does not stand, and what stands in its place."""

from __future__ import annotations

import contextlib
import sys
from enum import StrEnum
from typing import Annotated

import typer

from proofcheck.command import (
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
    no_claims,
    run_command,
    usable_cpus,
)
from proofcheck.streams import note, progress_bar

__all__ = ["errata"]


class ErrataFormat(StrEnum):
    """How a list of errata is written."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    HTML = "html"


def errata(
    modules: ModulesArgument = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="List only this claim; may be repeated.", show_default=False),
    ] = None,
    jobs: JobsOption = None,
    timeout: TimeoutOption = 60.0,
    format: Annotated[ErrataFormat, typer.Option(help="How to write the list.")] = ErrataFormat.MARKDOWN,
    output: OutputOption = None,
    seed: SeedOption = 0,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
) -> int:
    """List what does not stand as printed: why, what stands in its place, and what rests on it.

    Exits with 0 if every erratum has a mended form that stands, or there is none; with 1 if one has
    not, or a claim is in error, which may hide one; with 2 if the command cannot be carried out as given.
    """

    def run() -> int:
        workers = usable_cpus() if jobs is None else jobs
        check_options(workers, timeout, output)
        from proofcheck.report.errata import find_errata
        from proofcheck.report.errata_formats import to_html_text, to_markdown_text
        from proofcheck.report.errata_latex import to_latex_text
        from proofcheck.report.errata_page import summary
        from proofcheck.verify import verify

        # Claim modules may print; standard output is the list's.
        with progress_bar(quiet) as progress, contextlib.redirect_stdout(sys.stderr):
            report = verify(
                *(modules or ()),
                jobs=workers,
                timeout=timeout,
                seed=seed,
                cache=not no_cache,
                progress=progress,
            )
        if not report.results:
            raise no_claims(modules or ())
        found = find_errata(report, select=claim or ())
        writers = {
            ErrataFormat.MARKDOWN: to_markdown_text,
            ErrataFormat.LATEX: to_latex_text,
            ErrataFormat.HTML: to_html_text,
        }
        deliver(writers[format](found), output, machine=True)
        if not quiet:
            note(f"proofcheck: {summary(found)}")
        return PASSED if found.passed else NOT_PASSED

    return run_command(run)
