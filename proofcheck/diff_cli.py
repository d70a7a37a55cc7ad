"""The command ``proofcheck diff``: what changed between two reports, and which way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from proofcheck.errors import UserInputError
from proofcheck.streams import note

if TYPE_CHECKING:
    from proofcheck.report.changes import Change

__all__ = ["diff"]

SCHEMA_VERSION = 1


class FailOn(StrEnum):
    """Which changes make the command exit with 1."""

    ANY = "any"
    WORSE = "worse"


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The JSON report of an earlier run.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The JSON report of a later run.")],
    format: Annotated[TextOrJson, typer.Option(help="How to write the changes.")] = TextOrJson.TEXT,
    output: OutputOption = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 if anything changed, or only if something got worse.")
    ] = FailOn.ANY,
    quiet: NotesOption = False,
) -> int:
    """Say what changed between two JSON reports of verify or of gradcheck, and whether for better or worse.

    Compared are statuses, their details, counterexamples, and which claims there are. Stronger evidence is
    better, weaker is worse, and so is a claim that is gone. Exits with 0 if nothing changed, 1 if something
    did (with --fail-on worse: if something got worse), 2 if the command cannot be carried out as given.
    """

    def run() -> int:
        check_output(output)
        from proofcheck.report.changes import Direction, changed
        from proofcheck.report.machine import read_report

        (before, claims_before), (after, claims_after) = read_report(old), read_report(new)
        if before != after:
            words = f"{str(old)!r} is a report of {before}, {str(new)!r} of {after}"
            raise UserInputError(f"{words}; expected two reports of one command")
        changes = changed(claims_before, claims_after, thorough=True)
        if format is TextOrJson.JSON:
            data = {
                "schema_version": SCHEMA_VERSION,
                "old": str(old),
                "new": str(new),
                "changes": [change.to_json() for change in changes],
            }
            text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        else:
            text = "".join(f"{change.direction.value:<6} {change}\n" for change in changes)
            text += f"{_summary(changes)}\n"
        deliver(text, output, machine=format is TextOrJson.JSON)
        if not quiet and (output is not None or format is TextOrJson.JSON):
            note(f"proofcheck: {_summary(changes)}")
        counted = [one for one in changes if fail_on is FailOn.ANY or one.direction is Direction.WORSE]
        return NOT_PASSED if counted else PASSED

    return run_command(run)


def _summary(changes: Sequence[Change]) -> str:
    if not changes:
        return "nothing changed"
    claims, number = len({change.id for change in changes}), len(changes)
    counts = Counter(change.direction.value for change in changes)
    words = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    changes_of = f"{number} {'change' if number == 1 else 'changes'}"
    return f"{changes_of} in {claims} {'claim' if claims == 1 else 'claims'}: {words}"
