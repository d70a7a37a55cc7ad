"""The command ``proofcheck notebooks``: the course, copied to where it can be run and edited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proofcheck.command import PASSED, NotesOption, run_command
from proofcheck.streams import note, write_stdout

__all__ = ["notebooks"]


def notebooks(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; made if it is not there.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite notebooks that differ.")] = False,
    quiet: NotesOption = False,
) -> int:
    """Copy the course of notebooks into a directory. Prints the paths.

    Exits with 0 if all of them are there, 2 if one is there already and differs, which overwrites none, or if
    one cannot be written.
    """

    def run() -> int:
        from proofcheck.course import copy_notebooks

        paths = copy_notebooks(directory, force=force)
        write_stdout("".join(f"{path}\n" for path in paths), machine=False)
        if not quiet:
            note(
                f"proofcheck: {len(paths)} notebooks in {str(directory)!r}; to run them: "
                f"pip install 'proofcheck[notebooks,data,sat]'; jupyter lab {str(paths[0])!r}"
            )
        return PASSED

    return run_command(run)
