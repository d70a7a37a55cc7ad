"""What the commands share: their frame, exit codes, options, what is checked first, where a report goes."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeAlias

import typer

from proofcheck.claims.verdict import Level
from proofcheck.errors import UserInputError
from proofcheck.files import write_atomically
from proofcheck.streams import Page, check_writable, note, write_stdout
from proofcheck.versions import installed_version

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["INTERRUPTED", "LEVELS", "NOT_PASSED", "PASSED", "TERMINATED", "USER_ERROR", "EngineName"]
__all__ += ["JobsOption", "ModulesArgument", "NoCacheOption", "NotesOption", "OutputOption", "QuietOption"]
__all__ += ["SeedOption", "TextOrJson", "TimeoutOption"]
__all__ += [
    "check_options",
    "check_output",
    "complain",
    "deliver",
    "new_app",
    "no_claims",
    "output_to",
    "rendered",
]
__all__ += ["run_app", "run_command", "usable_cpus"]

PASSED, NOT_PASSED, USER_ERROR, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
LEVELS = ", ".join(level.value for level in Level if level is not Level.WELL_FORMED)
_MOST_JOBS = 512
_FILE_WIDTH = 100


class TextOrJson(StrEnum):
    """How a command writes what it found, where these are all there is."""

    TEXT = "text"
    JSON = "json"


class EngineName(StrEnum):
    """What works on many pieces: this machine, or the workers of a dask cluster."""

    LOCAL = "local"
    DASK = "dask"


def output_to(place: str, help: str) -> Any:
    """The option ``-o``.

    Args:
        place: what is named, ``"FILE"`` or ``"DIR"``.
        help: what is written there.
    """
    return typer.Option("-o", "--output", metavar=place, help=help, show_default=False)


# Options that read the same wherever they are taken.
ModulesArgument: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODULE",
        help="Claim modules: dotted names or .py files. Default: all that are installed.",
        show_default=False,
    ),
]
JobsOption: TypeAlias = Annotated[
    int | None,
    typer.Option(metavar="N", help="Worker processes. Default: usable CPUs.", show_default=False),
]
OutputOption: TypeAlias = Annotated[Path | None, output_to("FILE", "Write the report here.")]
TimeoutOption: TypeAlias = Annotated[
    float, typer.Option(metavar="S", help="Seconds after which a check is stopped and is unknown.")
]
NoCacheOption: TypeAlias = Annotated[bool, typer.Option("--no-cache", help="Compute everything anew.")]
SeedOption: TypeAlias = Annotated[int, typer.Option(metavar="S", min=0, help="Of all random choices.")]
QuietOption: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
#: Of a command that shows no progress.
NotesOption: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")]


def new_app(program: str, help: str) -> typer.Typer:
    """A command line without a command yet: it prints its help, or with ``--version`` the version.

    Args:
        program: its name.
        help: what it is for, in a line.
    """
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=help,
    )

    @app.callback(invoke_without_command=True)
    def _root(
        context: typer.Context,
        version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    ) -> None:
        if version:
            typer.echo(f"{program} {installed_version('proofcheck') or '(not installed)'}")
            raise typer.Exit
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())

    return app


def run_app(app: typer.Typer, program: str) -> NoReturn:
    """Run a command line of this name, and exit with its code."""
    # Killed by a job scheduler, worker processes must go too: an exception unwinds to where they are stopped.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(TERMINATED))
    try:
        code = app(standalone_mode=False, prog_name=program)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        # Typer's usage errors derive from a class of Click, of which newer versions have their own copy.
        explain: Callable[[], str] | None = getattr(error, "format_message", None)
        if explain is None:
            raise
        complain(f"{' '.join(explain().split())} (see {program} --help)", program)
        code = USER_ERROR
    if code == INTERRUPTED:
        note(f"{program}: interrupted")
    sys.exit(code)


def run_command(command: Callable[[], int], program: str = "proofcheck") -> int:
    """The exit code of a command; what a user can mend is told in one line."""
    try:
        return command()
    except UserInputError as error:
        complain(str(error), program)
        return USER_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED


def complain(text: str, program: str = "proofcheck") -> None:
    """An error, on standard error."""
    note(f"{program}: error: {text}")


def usable_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST_JOBS)
    return min(os.cpu_count() or 1, _MOST_JOBS)


def check_options(jobs: int, timeout: float, output: Path | None) -> None:
    """Refuse before the long work what cannot be used after it.

    Raises:
        UserInputError: too few or many jobs, no time, or a file that cannot be written.
    """
    if not 1 <= jobs <= _MOST_JOBS:
        raise UserInputError(f"--jobs {jobs}: expected a number from 1 to {_MOST_JOBS}")
    if not 0 < timeout < math.inf:
        raise UserInputError(f"--timeout {timeout:g}: expected a number of seconds greater than 0")
    check_output(output)


def check_output(output: Path | None) -> None:
    """Refuse before the long work a file that cannot be written after it; None is standard output.

    Raises:
        UserInputError: it cannot be written.
    """
    if output is not None:
        check_writable(output)


def no_claims(modules: Sequence[str], more: str = "") -> UserInputError:
    """That there is no claim in these modules, or in none that is installed.

    Args:
        modules: as they were named; none for all that are installed.
        more: what else is known of the reason.
    """
    if modules:
        named = ", ".join(modules)
        return UserInputError(
            f"no claims in {named}: importing a claim module makes Claim(...) objects{more}"
        )
    return UserInputError(
        "no claim modules are installed (entry point group 'proofcheck.claims'); name one, as in: "
        f"proofcheck verify MODULE{more}"
    )


def rendered(printer: Callable[[Console], None], *, to_file: bool) -> str:
    """What a printer puts on a console as wide as the screen, or as a file's lines."""
    from rich.console import Console

    screen = Console()
    # Rendered first and written after: writing may fail in ways that Rich does not foresee.
    page = Page("utf-8" if to_file else screen.encoding)
    console = Console(
        file=page,
        width=_FILE_WIDTH if to_file else screen.width,
        force_terminal=screen.is_terminal and not to_file,
    )
    printer(console)
    # Cells are padded; where no colours follow, their ends can go.
    return "".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())


def deliver(text: str, output: Path | None, *, machine: bool) -> None:
    """Write a report to the file asked for, else to standard output."""
    if output is not None:
        # Names of files may hold what UTF-8 does not; JSON reads this way of writing it back.
        write_atomically(output.resolve(), text.encode("utf-8", "backslashreplace").decode())
    else:
        write_stdout(text, machine=machine)
