"""The commands ``generate``, ``validate``, ``score`` and ``export``: data sets of instances."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofcheck.command import (
    NOT_PASSED,
    PASSED,
    JobsOption,
    OutputOption,
    QuietOption,
    TextOrJson,
    check_options,
    check_output,
    deliver,
    output_to,
    run_command,
    usable_cpus,
)
from proofcheck.errors import UserInputError
from proofcheck.streams import note, progress_bar, write_stdout
from reductions.tables import text_table

if TYPE_CHECKING:
    from reductions.datasets.estimate import Estimate
    from reductions.datasets.score import Score
    from reductions.datasets.spec import Spec

__all__ = ["export", "generate", "score", "validate"]

_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


class ExportFormat(StrEnum):
    """What a data set can become."""

    NPZ = "npz"
    SAFETENSORS = "safetensors"
    DIMACS = "dimacs"


DirectoryArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="A data set of reductions generate.", show_default=False)
]


def generate(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SPEC", help="A TOML file, or the name of a shipped one.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        output_to(
            "DIR", "Write into this directory, empty or to be resumed. Default: the name of SPEC, here."
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(metavar="N", help="Instances of each configuration, even.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="S", help="In the place of SPEC's.", show_default=False)
    ] = None,
    jobs: JobsOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Complete what a killed run left.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how large it is and how long it takes; write nothing.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the shipped specifications.")] = False,
    quiet: QuietOption = False,
) -> int:
    """Write a data set of hard instances and controls, as Parquet. Prints the path of its manifest."""

    def run() -> int:
        from reductions.datasets.spec import read_spec, shipped_specs

        if listing:
            specs = shipped_specs()
            width = max(map(len, specs))
            write_stdout(
                "".join(f"{name:{width}}  {title}\n" for name, title in specs.items()), machine=False
            )
            return PASSED
        if source is None:
            raise UserInputError("SPEC is missing; expected a TOML file, or a name that --list has")
        workers = usable_cpus() if jobs is None else jobs
        check_options(workers, 1, None)
        spec = read_spec(source, count=count, seed=seed)
        if dry_run:
            write_stdout(_forecast(spec), machine=False)
            return PASSED
        from reductions.datasets.place import MANIFEST
        from reductions.datasets.writer import generate as write

        directory = output or Path(spec.name)
        with progress_bar(quiet) as progress:
            made = write(spec, directory, resume=resume, jobs=workers, progress=progress)
        for line in made.remade:
            note(f"reductions: {line}; made anew")
        write_stdout(f"{directory / MANIFEST}\n", machine=False)
        if not quiet:
            shards = made.manifest["shards"]
            rows, size = sum(one["rows"] for one in shards), sum(one["bytes"] for one in shards)
            note(f"reductions: {rows} instances in {len(shards)} shards, {_size(size)}")
        return PASSED

    return run_command(run, "reductions")


def validate(directory: DirectoryArgument, quiet: QuietOption = False) -> int:
    """Derive hashes, labels, witnesses and thresholds again; repairs nothing.

    Prints a line for each file or row that is not as it was written, and exits with 1 if there is one.
    """

    def run() -> int:
        from reductions.datasets.validate import validate as check

        with progress_bar(quiet) as progress:
            found = check(directory, progress)
        lines = [f"{one.where}: {one.what}\n" for one in found.findings]
        write_stdout("".join(lines), machine=False)
        if not quiet:
            note(f"reductions: {found.rows} rows are as they were written; {len(lines)} findings")
        return NOT_PASSED if lines else PASSED

    return run_command(run, "reductions")


def score(
    directory: DirectoryArgument,
    predictions: Annotated[
        Path,
        typer.Argument(
            metavar="PREDICTIONS",
            help="CSV, JSON lines or Parquet with id and prediction or score.",
            show_default=False,
        ),
    ],
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of this split only.", show_default=False)
    ] = None,
    format: Annotated[TextOrJson, typer.Option(help="How to write the scores.")] = TextOrJson.TEXT,
    output: OutputOption = None,
) -> int:
    """Score decisions: accuracy and area under the ROC curve with 95 % intervals, by kind and size."""

    def run() -> int:
        check_output(output)
        from reductions.datasets.score import score as scored

        found = scored(directory, predictions, split=split)
        machine = format is TextOrJson.JSON
        text = json.dumps([asdict(one) for one in found], indent=2) + "\n" if machine else _scores(found)
        deliver(text, output, machine=machine)
        return PASSED

    return run_command(run, "reductions")


def export(
    directory: DirectoryArgument,
    format: Annotated[ExportFormat, typer.Option(help="To write.", show_default=False)],
    output: Annotated[
        Path | None, output_to("DIR", "Write into this directory. Default: DIR-FORMAT.")
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """Write a data set as NumPy archives, safetensors or DIMACS. Prints the directory."""

    def run() -> int:
        from reductions.datasets.export import export as write

        place = output or Path(f"{directory.resolve().name}-{format.value}")
        with progress_bar(quiet) as progress:
            names = write(directory, place, format.value, progress=progress)
        write_stdout(f"{place}\n", machine=False)
        if not quiet:
            note(f"reductions: {len(names)} files")
        return PASSED

    return run_command(run, "reductions")


def _forecast(spec: Spec) -> str:
    """The table of --dry-run."""
    from reductions.datasets.estimate import estimate

    found = estimate(spec)
    rows = [("configuration", "instances", "matrices", "on disk", "time", "time is")]
    rows += map(_forecast_row, found)
    total = sum(one.seconds for one in found)
    stored, raw = sum(one.stored for one in found), sum(one.raw for one in found)
    rows.append(
        ("all", str(sum(one.instances for one in found)), _size(raw), _size(stored), _time(total), "")
    )
    return text_table(rows) + "One process; more divide the time. Sizes on disk and times are estimates.\n"


def _forecast_row(one: Estimate) -> tuple[str, str, str, str, str, str]:
    how = "measured on a few" if one.measured else "modelled"
    return one.config, str(one.instances), _size(one.raw), _size(one.stored), _time(one.seconds), how


def _scores(found: Sequence[Score]) -> str:
    rows: list[tuple[str, ...]] = [("instances", "count", "accuracy", "95 %", "AUC", "95 %")]
    for one in found:
        value, interval = one.accuracy
        area = ("", "") if one.area is None else (f"{one.area[0]:.4f}", _interval(one.area[1]))
        rows.append((one.group, str(one.count), f"{value:.4f}", _interval(interval), *area))
    return text_table(rows)


def _interval(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.4f} to {ends[1]:.4f}"


def _size(count: float) -> str:
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:.0f} B"


def _time(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:.2g} h"
    return f"{seconds / 60:.2g} min" if seconds >= 90 else f"{seconds:.2g} s"
