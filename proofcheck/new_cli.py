"""The command ``proofcheck new``: a claims package for another paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proofcheck.command import PASSED, NotesOption, run_command
from proofcheck.streams import note

__all__ = ["new"]


def new(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="To be made, or empty.")],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the project. Default: the directory's.", show_default=False),
    ] = None,
    paper: Annotated[str, typer.Option(metavar="TITLE", help="Of the paper.")] = "The paper",
    requirement: Annotated[
        str,
        typer.Option(
            metavar="SPEC", help="How installers get proofcheck, such as 'proofcheck @ git+https://…'."
        ),
    ] = "proofcheck",
    quiet: NotesOption = False,
) -> int:
    """Lay out a claims package for another paper: one claim that is proved, tests, and a workflow for CI.

    Exits with 0 if it is there, 2 if it cannot be laid out as given; then nothing was written.
    """

    def run() -> int:
        from proofcheck.project import lay_out

        package = lay_out(directory, name=name, paper=paper, requirement=requirement)
        if not quiet:
            verify = f"proofcheck verify {package}.claims --format json -o baseline.json"
            note(
                f"proofcheck: laid out {str(directory)!r}; in it: pip install -e '.[test]'; {verify}; pytest"
            )
        return PASSED

    return run_command(run)
