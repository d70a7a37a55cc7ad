"""The commands ``probe``, which measures where the fast gradient stops, and ``plot``, which draws it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofcheck.command import (
    PASSED,
    EngineName,
    JobsOption,
    QuietOption,
    SeedOption,
    TextOrJson,
    check_options,
    output_to,
    run_command,
    usable_cpus,
)
from proofcheck.errors import UserInputError
from proofcheck.ranges import walked
from proofcheck.streams import note, progress_bar, write_stdout
from reductions.tables import text_table

if TYPE_CHECKING:
    from reductions.probe import Engine, Probe

__all__ = ["plot", "probe"]

_GIVEN = "expected numbers such as 256, or A:B for A, 2A, 4A, ..., B, with commas between"


def probe(
    n: Annotated[str, typer.Option("--n", metavar="A:B", help="Rows: A, 2A, ..., B; or some, as 64,96.")] = (
        "128:1024"
    ),
    d: Annotated[str, typer.Option("--d", metavar="A:B", help="Columns, likewise.")] = "8",
    b: Annotated[
        str, typer.Option("--b", metavar="LIST", help="Bounds of the entries over the root of ln n.")
    ] = "0.25,0.5,1,2,8",
    families: Annotated[
        str, typer.Option(metavar="LIST", help="Of uniform, signs, aligned, clustered and hard.")
    ] = "uniform,signs,aligned,clustered,hard",
    eps: Annotated[str, typer.Option(metavar="LIST", help="Relative errors asked for.")] = "1e-2",
    budget: Annotated[int, typer.Option(metavar="K", help="Features of the fast method, at most.")] = 10_000,
    pairs: Annotated[int, typer.Option(metavar="P", help="Of hard instances in a cell, YES and NO.")] = 4,
    rank_to: Annotated[int, typer.Option(metavar="N", help="Compute ranks for n of at most this.")] = 1024,
    output: Annotated[
        Path | None, output_to("DIR", "Write into this directory. Default: probe, here.")
    ] = None,
    seed: SeedOption = 0,
    engine: Annotated[EngineName, typer.Option(help="Where to measure.")] = EngineName.LOCAL,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Of a running Dask scheduler. Default: workers on this machine.",
            show_default=False,
        ),
    ] = None,
    jobs: JobsOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what a killed run left.")] = False,
    format: Annotated[TextOrJson, typer.Option(help="How to write the fits.")] = TextOrJson.TEXT,
    quiet: QuietOption = False,
) -> int:
    """Measure the fast gradient beside the exact one, over sizes, bounds and families of inputs.

    Writes a Parquet file for each cell, and prints where both take the same time, and the exponents in n.
    """

    def run() -> int:
        from reductions.probe import Grid
        from reductions.probe import probe as measure

        workers = usable_cpus() if jobs is None else jobs
        check_options(workers, 1, None)
        directory = output or Path("probe")
        if scheduler is not None and engine is not EngineName.DASK:
            raise UserInputError(f"--scheduler {scheduler}: only for --engine dask")
        grid = Grid(
            n=_walks("--n", n),
            d=_walks("--d", d),
            b=_numbers("--b", b),
            families=_words(families),
            eps=_numbers("--eps", eps),
            seed=seed,
            budget=budget,
            pairs=pairs,
            rank_to=rank_to,
        )
        with progress_bar(quiet) as progress:
            done = measure(
                grid, directory, engine=_engine(engine, scheduler, workers), resume=resume, progress=progress
            )
        for line in done.remade:
            note(f"reductions: {line}; measured anew")
        machine = format is TextOrJson.JSON
        write_stdout(_json(done.result) if machine else _text(done.result), machine=machine)
        if not quiet:
            cells = f"{len(grid)} cell{'' if len(grid) == 1 else 's'}"
            note(f"reductions: {cells} in {str(directory)!r}, {done.measured} measured now")
        return PASSED

    return run_command(run, "reductions")


def plot(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A probe, complete or not; or a Parquet file of one.", show_default=False
        ),
    ],
    output: Annotated[Path | None, output_to("DIR", "Write into this directory. Default: DIR-plots.")] = None,
    seed: SeedOption = 0,
    quiet: QuietOption = False,
) -> int:
    """Draw a probe: heat maps, exponents and transition, as PNG and SVG. Prints the paths."""

    def run() -> int:
        from proofcheck.files import replacing
        from reductions.files import told
        from reductions.probe import draw, read

        found = read(source)
        directory = output or Path(f"{source.resolve().with_suffix('').name}-plots")
        pictures = list(draw(found.rows, seed=seed))
        with told(directory):
            directory.mkdir(parents=True, exist_ok=True)
        paths = []
        for picture in pictures:
            for ending, content in (("svg", picture.svg), ("png", picture.png)):
                paths.append(directory / f"{picture.name}.{ending}")
                with replacing(paths[-1]) as file:
                    file.write(content)
        write_stdout("".join(f"{path}\n" for path in paths), machine=False)
        if found.missing and not quiet:
            note(f"reductions: {found.missing} cells are not measured yet, and not drawn")
        return PASSED

    return run_command(run, "reductions")


def _engine(name: EngineName, scheduler: str | None, jobs: int) -> Engine:
    from reductions.probe import DaskEngine, LocalEngine

    return LocalEngine(jobs) if name is EngineName.LOCAL else DaskEngine(scheduler, jobs)


def _text(found: Probe) -> str:
    from reductions.probe.report import crossing_rows, exponent_rows

    crossing, exponent = text_table(crossing_rows(found.rows)), text_table(exponent_rows(found.rows))
    return (
        "B/√ln n at which fast takes as long as exact\n\n"
        f"{crossing}\nexponents of time in n (at least three sizes)\n\n{exponent}"
    )


def _json(found: Probe) -> str:
    import numpy as np

    from reductions.probe import crossings, exponents

    data = {
        "crossings": [asdict(one) for one in crossings(found.rows, np.random.default_rng(0))],
        "exponents": [asdict(one) for one in exponents(found.rows, np.random.default_rng(0))],
    }
    return json.dumps(data, indent=2) + "\n"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _walks(option: str, text: str) -> tuple[int, ...]:
    """Sizes: single ones and ranges, each twice the one before, with commas between."""
    found: list[int] = []
    for part in _parts(text):
        sizes = walked(part)
        if sizes is None:
            raise UserInputError(f"{option} {text[:60]}: {_GIVEN}")
        found += sizes
    return tuple(found)


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in _parts(text))
    except ValueError:
        raise UserInputError(f"{option} {text[:60]}: expected numbers with commas between") from None


def _words(text: str) -> tuple[str, ...]:
    return tuple(_parts(text))
