"""The command ``proofcheck constant``: how good the constant of a claimed inequality is."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofcheck.command import (
    NOT_PASSED,
    PASSED,
    ModulesArgument,
    OutputOption,
    QuietOption,
    SeedOption,
    check_output,
    deliver,
    no_claims,
    run_command,
)
from proofcheck.errors import MissingExtraError, UserInputError
from proofcheck.ranges import walked
from proofcheck.streams import note, progress_bar

if TYPE_CHECKING:
    from proofcheck.claims.claim import Claim
    from proofcheck.extremal import Constants

__all__ = ["constant"]

_LEAST_EVALUATIONS, _MOST_EVALUATIONS = 100, 10**7
_EXPECTED = "expected a:b with 1 ≤ a ≤ b, or one size, such as 2:64 or 5"


class ConstantFormat(StrEnum):
    """How best constants are written."""

    TABLE = "table"
    JSON = "json"


def constant(
    claim: Annotated[str, typer.Argument(metavar="ID", help="The claim, such as lem:E.3.")],
    modules: ModulesArgument = None,
    n: Annotated[
        str | None,
        typer.Option("--n", metavar="A:B", help="Sizes n: A, 2A, 4A, ..., B; or one.", show_default=False),
    ] = None,
    d: Annotated[
        str | None, typer.Option("--d", metavar="A:B", help="Sizes d, likewise.", show_default=False)
    ] = None,
    size: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=A:B",
            help="Sizes of another symbol; may be repeated. A symbol that is not named is 2.",
            show_default=False,
        ),
    ] = None,
    evaluations: Annotated[
        int,
        typer.Option(metavar="N", help="Of each inequality at each combination of sizes, at most."),
    ] = 1500,
    format: Annotated[ConstantFormat, typer.Option(help="How to write the report.")] = ConstantFormat.TABLE,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the ratios against the sizes: .svg, .png or .pdf. Needs the extra 'notebooks'.",
            show_default=False,
        ),
    ] = None,
    output: OutputOption = None,
    seed: SeedOption = 0,
    quiet: QuietOption = False,
) -> int:
    """Search for the best constant of each inequality of a claim, and the inputs it is found at.

    The ratio left/right is climbed at every combination of the sizes. Exits with 0 if no bound of the form
    that stands (mended, else printed) is exceeded for certain, 1 if one is or the form cannot be searched,
    2 if the command cannot be carried out as given.
    """

    def run() -> int:
        asked = _asked(n, d, size or [])
        if not _LEAST_EVALUATIONS <= evaluations <= _MOST_EVALUATIONS:
            raise UserInputError(
                f"--evaluations {evaluations}: expected a number from {_LEAST_EVALUATIONS} to "
                f"{_MOST_EVALUATIONS}"
            )
        suffix = None if plot is None else _plot_format(plot)
        for path in (output, plot):
            check_output(path)
        from proofcheck.extremal import best_constant
        from proofcheck.verify import generator

        # Claim modules may print; standard output is the report's.
        with contextlib.redirect_stdout(sys.stderr):
            chosen = _loaded(claim, tuple(modules or ()))
            _check_symbols(chosen, asked)
            with progress_bar(quiet) as progress:
                found = best_constant(
                    chosen,
                    sizes={name: values for name, (values, _) in asked.items()},
                    rng=generator(seed, chosen.id, "constant"),
                    evaluations=evaluations,
                    progress=progress,
                )
        if plot is not None and suffix is not None:
            _write_plot(found, plot, suffix)
        _write(found, format, output, seed)
        if not quiet:
            _notes(found, plot, report_elsewhere=output is not None or format is ConstantFormat.JSON)
        return PASSED if _stands(found) else NOT_PASSED

    return run_command(run)


def _asked(n: str | None, d: str | None, size: list[str]) -> dict[str, tuple[tuple[int, ...], str]]:
    """By symbol, the sizes and the option that named them."""
    given = [(name, text, f"--{name} {text}") for name, text in (("n", n), ("d", d)) if text is not None]
    for one in size:
        name, equals, text = one.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UserInputError(f"--size {one}: expected NAME=A:B, such as m=1:64")
        given.append((name.strip(), text, f"--size {one}"))
    asked: dict[str, tuple[tuple[int, ...], str]] = {}
    for name, text, option in given:
        if name in asked:
            raise UserInputError(f"{option}: size {name} was already given by {asked[name][1]}")
        sizes = walked(text)
        if sizes is None:
            raise UserInputError(f"{option}: {_EXPECTED}")
        asked[name] = sizes, option
    return asked


def _plot_format(path: Path) -> str:
    from proofcheck.extras import check_extras
    from proofcheck.plots import FORMATS

    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        names = ", ".join(f".{one}" for one in FORMATS)
        raise UserInputError(f"--plot {path}: expected a file name that ends in one of {names}")
    try:
        check_extras("notebooks")
    except MissingExtraError as error:
        raise UserInputError(f"--plot {path}: {error}") from error
    return suffix


def _loaded(id: str, modules: tuple[str, ...]) -> Claim:
    """The claim with this id."""
    from proofcheck.claims.graph import Graph
    from proofcheck.loading import discover, load

    loaded = load(modules or discover())
    claims = [one for module in loaded for one in module.claims]
    broken = "".join(f"; {one.reference} could not be imported: {one.error}" for one in loaded if one.error)
    if not claims:
        raise no_claims(modules, broken)
    graph = Graph(claims)
    try:
        graph.select([id])
    except UserInputError as error:
        raise UserInputError(f"{error}{broken}") from error
    return graph.claims[id]


def _check_symbols(claim: Claim, asked: Mapping[str, tuple[Any, str]]) -> None:
    from proofcheck.extremal import size_symbols

    symbols = size_symbols(claim)
    for name, (_, option) in asked.items():
        if name not in symbols:
            has = f"its sizes are {', '.join(symbols)}" if symbols else "it has no sizes"
            raise UserInputError(f"{option}: claim {claim.id!r} has no size {name}; {has}")


def _write_plot(found: Constants, path: Path, format: str) -> None:
    from proofcheck.files import replacing
    from proofcheck.report.extremal import draw

    content = draw(found, format)
    with replacing(path.resolve()) as file:
        file.write(content)


def _write(found: Constants, format: ConstantFormat, output: Path | None, seed: int) -> None:
    from proofcheck.loading import toolkit_digest
    from proofcheck.report.extremal import to_json_text, to_text
    from proofcheck.results import environment

    if format is ConstantFormat.JSON:
        text = to_json_text(found, environment(seed, toolkit_digest()))
    else:
        text = to_text(found)
    deliver(text, output, machine=format is ConstantFormat.JSON)


def _notes(found: Constants, plot: Path | None, *, report_elsewhere: bool) -> None:
    if plot is not None:
        note(f"proofcheck: wrote {str(plot)!r}")
    if report_elsewhere:
        exceeded = sum(extreme.exceeded for extreme in found.extremes)
        attained = sum(extreme.attained for extreme in found.extremes)
        count = len(found.extremes)
        note(
            f"proofcheck: {found.claim.id}: {count} inequalit{'y' if count == 1 else 'ies'}, "
            f"{attained} attained, {exceeded} exceeded"
        )


def _stands(found: Constants) -> bool:
    """Whether nothing found speaks against the form that is to stand."""
    form = [*found.claim.forms()][-1]
    return form not in found.faults and not any(
        extreme.exceeded for extreme in found.extremes if extreme.form == form
    )
