"""The command ``proofcheck gradcheck``: is this function the gradient of that one?"""

from __future__ import annotations

import contextlib
import inspect
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofcheck.command import (
    NOT_PASSED,
    PASSED,
    NotesOption,
    OutputOption,
    SeedOption,
    check_output,
    deliver,
    rendered,
    run_command,
)
from proofcheck.errors import UserInputError
from proofcheck.streams import note

if TYPE_CHECKING:
    from proofcheck.gradcheck import GradcheckReport

__all__ = ["gradcheck"]

_DEFAULT_INPUTS = "inputs"


class GradcheckFormat(StrEnum):
    """How a check of a gradient is reported."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"


def gradcheck(
    loss: Annotated[str, typer.Argument(metavar="MODULE:LOSS", help="The loss, in a module or .py file.")],
    grad: Annotated[str, typer.Argument(metavar="MODULE:GRAD", help="Its alleged gradient.")],
    inputs: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FACTORY",
            help="A function that gives the inputs; it may take a numpy Generator. "
            f"Default: '{_DEFAULT_INPUTS}' in the loss's module.",
            show_default=False,
        ),
    ] = None,
    rtol: Annotated[
        float | None,
        typer.Option(metavar="R", help="A relative difference that is allowed.", show_default=False),
    ] = None,
    wrt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Of inputs by name, one that the gradient is in; may be repeated. Default: all.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[GradcheckFormat, typer.Option(help="How to write the report.")] = GradcheckFormat.TABLE,
    output: OutputOption = None,
    seed: SeedOption = 0,
    quiet: NotesOption = False,
) -> int:
    """Measure the derivative of a loss and compare a gradient with it.

    Exits with 0 if the gradient is certified, 1 if it is refuted or nothing could be decided, 2 if the
    command cannot be carried out as given.
    """

    def run() -> int:
        check_output(output)
        # Modules and functions may print; standard output is the report's.
        with contextlib.redirect_stdout(sys.stderr):
            report = _checked(loss, grad, inputs, seed, rtol, wrt)
        deliver(_text(report, format, to_file=output is not None), output, machine=format != "table")
        if not quiet and (output is not None or format is not GradcheckFormat.TABLE):
            note(f"proofcheck: {report.verdict.value} {report.grad.name}: {report.summary}")
        return PASSED if report else NOT_PASSED

    return run_command(run)


def _checked(
    loss: str, grad: str, inputs: str | None, seed: int, rtol: float | None, wrt: list[str] | None
) -> GradcheckReport:
    from proofcheck.gradcheck import gradcheck as check
    from proofcheck.verify import generator

    loss_function, grad_function = _attribute(loss, "loss"), _attribute(grad, "grad")
    reference = inputs or f"{loss.rpartition(':')[0]}:{_DEFAULT_INPUTS}"
    factory = _attribute(reference, "inputs")
    values = _made(factory, reference, generator(seed, "gradcheck", "inputs"))
    return check(loss_function, grad_function, values, seed=seed, rtol=rtol, wrt=wrt or None)


def _attribute(reference: str, role: str) -> Any:
    """What ``MODULE:NAME`` names.

    Raises:
        UserInputError: it is not of that form, the module cannot be imported, or it lacks the name.
    """
    from proofcheck.loading import import_reference, one_line

    module_name, colon, name = reference.rpartition(":")
    if not colon or not module_name or not name:
        raise UserInputError(
            f"{role} {reference!r}: expected MODULE:NAME, such as my_module:{role} or my_file.py:{role}"
        )
    try:
        value: Any = import_reference(module_name, f"{role} {reference!r}: module")
    except UserInputError:
        raise
    except (Exception, SystemExit) as error:
        raise UserInputError(
            f"{role} {reference!r}: importing {module_name} raised {one_line(error)}"
        ) from error
    for part in name.split("."):
        if not hasattr(value, part):
            hint = "; name one with --inputs MODULE:FACTORY" if role == "inputs" else "; check the spelling"
            raise UserInputError(f"{role} {reference!r}: {module_name} has no {name!r}{hint}")
        value = getattr(value, part)
    return value


def _made(factory: Any, reference: str, rng: Any) -> Any:
    """What the factory of the inputs gives."""
    from proofcheck.loading import one_line

    if not callable(factory):
        raise UserInputError(
            f"inputs {reference!r} is a {type(factory).__name__}; expected a function that returns "
            "the inputs, of a numpy Generator or of nothing"
        )
    try:
        takes = any(
            p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            for p in inspect.signature(factory).parameters.values()
        )
    except (TypeError, ValueError):
        takes = True
    try:
        return factory(rng) if takes else factory()
    except (Exception, SystemExit) as error:
        raise UserInputError(f"inputs {reference!r} raised {one_line(error)}") from error


def _text(report: GradcheckReport, format: GradcheckFormat, *, to_file: bool) -> str:
    from proofcheck.report import gradcheck as formats

    if format is GradcheckFormat.TABLE:
        return rendered(lambda console: formats.print_gradcheck(report, console), to_file=to_file)
    writers = {
        GradcheckFormat.JSON: formats.to_gradcheck_json,
        GradcheckFormat.JUNIT: formats.to_gradcheck_junit,
        GradcheckFormat.SARIF: formats.to_gradcheck_sarif,
    }
    return writers[format](report)
