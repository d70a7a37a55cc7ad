"""The command ``proofcheck doctor``: what there is to compute with, and what is missing."""

from __future__ import annotations

from typing import Annotated

import typer

from proofcheck.command import (
    NOT_PASSED,
    PASSED,
    NotesOption,
    OutputOption,
    TextOrJson,
    check_output,
    deliver,
    run_command,
)
from proofcheck.streams import note

__all__ = ["doctor"]


def doctor(
    format: Annotated[TextOrJson, typer.Option(help="How to write what was found.")] = TextOrJson.TEXT,
    output: OutputOption = None,
    quiet: NotesOption = False,
) -> int:
    """Show versions, backends, the speed of a matrix product, the cache, and what is not installed.

    Takes some seconds. Exits with 0 if everything that is required works, whatever else is missing; 1 if
    something that is required does not; 2 if the command cannot be carried out as given.
    """

    def run() -> int:
        check_output(output)
        from proofcheck.doctor import examine
        from proofcheck.report.doctor import doctor_summary, to_doctor_json, to_doctor_text

        diagnosis = examine()
        machine = format is TextOrJson.JSON
        text = (to_doctor_json if machine else to_doctor_text)(diagnosis)
        deliver(text, output, machine=machine)
        if not quiet and (output is not None or machine):
            note(f"proofcheck: {doctor_summary(diagnosis)}")
        return NOT_PASSED if diagnosis.broken else PASSED

    return run_command(run)
