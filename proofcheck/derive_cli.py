"""The commands ``proofcheck derive`` and ``proofcheck figure``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofcheck.command import NOT_PASSED, PASSED, NotesOption, check_output, deliver, output_to, run_command
from proofcheck.errors import UserInputError
from proofcheck.streams import note

if TYPE_CHECKING:
    from proofcheck.derive import Derivation

__all__ = ["derive", "figure"]


class DerivationFormat(StrEnum):
    """How a derivation is written."""

    TEXT = "text"
    LATEX = "latex"
    MARKDOWN = "markdown"
    NOTEBOOK = "notebook"


def derive(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="loss-gradient, y-gradient, a1-gradient, a2-gradient, a3-gradient or hessian, of the "
            "paper's loss; or a scalar expression in what --given declares, after -- if it begins "
            "with a minus.",
        ),
    ],
    given: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DECLARATION",
            help="Of a name in an expression: 'A1: n d', 'v: n', 't:' or 'i: index n'; may be repeated.",
            show_default=False,
        ),
    ] = None,
    wrt: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Differentiate an expression in this array.", show_default=False),
    ] = None,
    unscaled: Annotated[
        bool, typer.Option("--unscaled", help="Leave out the 1/d of Definition 1.2, as Appendix B does.")
    ] = False,
    format: Annotated[
        DerivationFormat, typer.Option(help="How to write the derivation.")
    ] = DerivationFormat.TEXT,
    output: Annotated[Path | None, output_to("FILE", "Write it here.")] = None,
    quiet: NotesOption = False,
) -> int:
    """Work out a derivative for all sizes, step by step, and prove every step.

    Exits with 0 if every step is proved, 1 if not, 2 if the command cannot be carried out as given.
    """

    def run() -> int:
        check_output(output)
        derivation, call = _derivation(target, given or [], wrt, unscaled)
        deliver(_written(derivation, call, format), output, machine=format is not DerivationFormat.TEXT)
        if not quiet:
            note(f"proofcheck: {target}: {derivation.verdict} in {derivation.seconds:.1f} s")
        return PASSED if derivation.proved else NOT_PASSED

    return run_command(run)


def _derivation(target: str, given: list[str], wrt: str | None, unscaled: bool) -> tuple[Derivation, str]:
    """The derivation, and the call of the library that gives it."""
    from proofcheck.derive import TARGETS, derive, derive_expression

    if target in TARGETS:
        if given or wrt is not None:
            raise UserInputError(f"--given and --wrt are for expressions; {target!r} has its own names")
        return derive(
            target, scaled=not unscaled
        ), f"derive({target!r}{', scaled=False' if unscaled else ''})"
    if not given:
        raise UserInputError(
            f"{target!r} is none of {', '.join(TARGETS)}; an expression needs --given for its names"
        )
    if unscaled:
        raise UserInputError(
            "--unscaled is about the paper's loss; an expression says itself what it divides by"
        )
    return derive_expression(target, given, wrt), f"derive_expression({target!r}, {given!r}, {wrt!r})"


def _written(derivation: Derivation, call: str, format: DerivationFormat) -> str:
    from proofcheck.derive import as_latex, as_markdown, as_notebook, as_text

    match format:
        case DerivationFormat.TEXT:
            return as_text(derivation)
        case DerivationFormat.LATEX:
            return as_latex(derivation)
        case DerivationFormat.MARKDOWN:
            return as_markdown(derivation)
        case DerivationFormat.NOTEBOOK:
            return as_notebook(derivation, call)


def figure(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="1 or 2, as in the paper.")],
    output: Annotated[Path, output_to("FILE", "The SVG file to write.")],
    quiet: NotesOption = False,
) -> int:
    """Draw a figure of the paper from the shapes that the claims have.

    Exits with 0, or with 2 if the command cannot be carried out as given.
    """

    def run() -> int:
        check_output(output)
        from proofcheck.report.figures import draw_figure

        deliver(draw_figure(number), output, machine=True)
        if not quiet:
            note(f"proofcheck: wrote {str(output)!r}")
        return PASSED

    return run_command(run)
