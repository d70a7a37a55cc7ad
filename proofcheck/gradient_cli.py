"""The command ``proofcheck gradient``: the gradient of the attention loss for arrays in files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofcheck.command import (
    PASSED,
    EngineName,
    QuietOption,
    SeedOption,
    TextOrJson,
    deliver,
    output_to,
    run_command,
)
from proofcheck.errors import UserInputError
from proofcheck.streams import note, progress_bar

if TYPE_CHECKING:
    from proofcheck.gradient_files import Inputs
    from proofcheck.numeric.chunked.engine import Engine
    from proofcheck.numeric.result import GradientResult

__all__ = ["gradient"]


class Guarantee(StrEnum):
    """What holds the error against the tolerance."""

    ESTIMATED = "estimated"
    CERTIFIED = "certified"


class Method(StrEnum):
    """How to compute a gradient."""

    AUTO = "auto"
    EXACT = "exact"
    FAST = "fast"
    LOW_RANK = "low-rank"


class Backend(StrEnum):
    """An array library."""

    NUMPY = "numpy"
    TORCH = "torch"
    JAX = "jax"
    CUPY = "cupy"


@dataclass(frozen=True)
class _Options:
    """What ``proofcheck gradient`` was asked for."""

    words: tuple[str, ...]
    output: Path | None
    how: dict[str, Any]  # keywords of attention_gradient
    mmap: bool
    format: TextOrJson
    quiet: bool
    engine: EngineName | None
    on: dict[str, Any]  # scheduler, workers, chunk_rows: what an engine is asked for


def gradient(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IN",
            help="The .npz file with the arrays A1, A2, A3, E (n x d), X and Y (d x d). With --demo: "
            "n=131072 d=8 B=1, or some of them.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, output_to("OUT", "Write gradients, loss and report into this .npz file.")
    ] = None,
    eps: Annotated[
        float | None,
        typer.Option(metavar="E", help="Allow this error in any entry of a gradient.", show_default=False),
    ] = None,
    rtol: Annotated[
        float | None,
        typer.Option(
            metavar="R",
            help="Allow this error in relation to a gradient's largest entry. Default: 1e-4, without --eps.",
            show_default=False,
        ),
    ] = None,
    guarantee: Annotated[
        Guarantee, typer.Option(help="Hold a rigorous bound, or an estimate, against the tolerance.")
    ] = Guarantee.ESTIMATED,
    method: Annotated[
        Method, typer.Option(help="The cheapest that meets the tolerance, or this one.")
    ] = Method.AUTO,
    wrt: Annotated[str, typer.Option(metavar="NAMES", help="Differentiate in these of X,Y,A1,A2,A3.")] = "X",
    causal: Annotated[
        bool, typer.Option("--causal", help="Let query i attend to the keys up to i only.")
    ] = False,
    backend: Annotated[
        Backend | None,
        typer.Option(help="Compute with this library. Default: numpy.", show_default=False),
    ] = None,
    seed: SeedOption = 0,
    mmap: Annotated[
        bool,
        typer.Option(
            "--mmap",
            help="IN and OUT are directories of .npy files; inputs are left on disk until they are used.",
        ),
    ] = False,
    engine: Annotated[
        EngineName | None,
        typer.Option(
            help="IN and OUT are directories of .npy files or Zarr arrays, far larger than memory: work on "
            "them chunk by chunk, by the fast method, in this process or on dask workers.",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With --engine dask: the scheduler to use. Default: processes on this machine.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="W", help="With --engine dask: how many such processes.", show_default=False),
    ] = None,
    chunk_rows: Annotated[
        int | None,
        typer.Option(
            metavar="R", help="With --engine: rows of a chunk. Default: 2^21/d.", show_default=False
        ),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Random inputs; compare the fast gradient's time with the exact one's."),
    ] = False,
    format: Annotated[TextOrJson, typer.Option(help="How to write the report.")] = TextOrJson.TEXT,
    quiet: QuietOption = False,
) -> int:
    """Compute gradients of the paper's loss (Definition 1.2), the exact way or a fast one, with error bounds.

    Without -o, only the report is written, to standard output. Exits with 0, or with 2 if the command
    cannot be carried out as given, as when no method meets the tolerance.
    """
    how = {
        "eps": eps,
        "rtol": rtol,
        "guarantee": guarantee.value,
        "method": method.value,
        "wrt": tuple(name.strip() for name in wrt.split(",")),
        "causal": causal,
        "backend": None if backend is None else backend.value,
        "seed": seed,
    }
    on = {"scheduler": scheduler, "workers": workers, "chunk_rows": chunk_rows}
    options = _Options(tuple(words or ()), output, how, mmap, format, quiet, engine, on)
    command = _demo if demo else _gradient if engine is None else _in_chunks
    return run_command(lambda: command(options))


def _check(options: _Options) -> None:
    """Refuse before the long work what cannot be used after it."""
    from proofcheck.numeric.problem import checked_variables

    checked_variables(options.how["wrt"])
    for name in ("eps", "rtol"):
        value = options.how[name]
        if value is not None and not 0 < value < math.inf:
            raise UserInputError(f"--{name} {value:g}: expected a finite number greater than 0")
    for name, needed in (("scheduler", EngineName.DASK), ("workers", EngineName.DASK), ("chunk_rows", None)):
        value = options.on[name]
        if value is None:
            continue
        option = f"--{name.replace('_', '-')}"
        if options.engine is None or (needed is not None and options.engine is not needed):
            raise UserInputError(f"{option} is for --engine {needed or 'local or dask'}; add that")
        if isinstance(value, int) and value < 1:
            raise UserInputError(f"{option} {value}: expected an integer of at least 1")
    if options.on["scheduler"] is not None and options.on["workers"] is not None:
        raise UserInputError("--workers starts processes here, and --scheduler has its own; give one of them")


def _gradient(options: _Options) -> int:
    from proofcheck.gradient_files import check_directory, check_file, read_directory, read_npz
    from proofcheck.gradient_report import report_of

    source, output, backend = _source(options), options.output, options.how["backend"]
    _check(options)
    if output is not None and options.mmap:
        check_directory(output)
    elif output is not None:
        check_file(output, source)
    inputs = read_directory(source) if options.mmap else read_npz(source)
    result = _computed(options, inputs)
    n, d = inputs.arrays["A1"].shape
    asked = {name: options.how[name] for name in ("eps", "rtol", "guarantee", "causal")}
    report = report_of(result, backend, n=n, d=d, **asked, input_sha256=inputs.sha256)
    if output is not None:
        _write(result, report, output, mmap=options.mmap)
    _show(report, options)
    return PASSED


def _source(options: _Options) -> Path:
    if len(options.words) != 1:
        raise UserInputError(
            f"{len(options.words)} inputs given; expected one, as in: proofcheck gradient in.npz -o out.npz"
        )
    return Path(options.words[0])


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Phases, and rows done of all, on a progress bar."""
    with progress_bar(quiet) as advance:
        yield None if advance is None else lambda phase, done, total: advance(done, total, phase)


def _in_chunks(options: _Options) -> int:
    """The gradient of inputs that are never in memory as a whole."""
    from proofcheck.gradient_chunks import gradient_of_directory
    from proofcheck.numeric.chunked.engine import LocalEngine

    source, how = _source(options), dict(options.how)
    _check(options)
    method, causal, backend = how.pop("method"), how.pop("causal"), how.pop("backend")
    for option, refused in (
        (f"--method {method}", method not in (Method.AUTO.value, Method.FAST.value)),
        ("--causal", causal),
        (f"--backend {backend}", backend not in (None, Backend.NUMPY.value)),
    ):
        if refused:
            raise UserInputError(
                f"{option} does not work in chunks: --engine has the fast method, not causal, for NumPy; "
                "leave one of them out"
            )
    engine: Callable[[], AbstractContextManager[Engine]] = lambda: nullcontext(LocalEngine())  # noqa: E731
    if options.engine is EngineName.DASK:
        try:
            from proofcheck.integrations.dask import dask_engine
        except ImportError as error:
            raise UserInputError(str(error)) from error
        engine = partial(dask_engine, options.on["scheduler"], options.on["workers"])
    with _progress(options.quiet) as progress:
        _, report = gradient_of_directory(
            source, engine, options.output, chunk_rows=options.on["chunk_rows"], progress=progress, **how
        )
    _show(report, options)
    return PASSED


def _computed(options: _Options, inputs: Inputs) -> GradientResult:
    from proofcheck.numeric.gradient import attention_gradient

    with _progress(options.quiet) as progress:
        try:
            return attention_gradient(**inputs.arrays, **options.how, progress=progress)
        except MemoryError as error:
            raise UserInputError(
                "there is not enough memory; take fewer rows, a larger tolerance, or --mmap"
            ) from error


def _write(result: GradientResult, report: dict[str, Any], output: Path, *, mmap: bool) -> None:
    """Gradients, loss, and what a report says that does not differ from run to run."""
    import numpy as np

    from proofcheck.gradient_files import write_directory, write_npz
    from proofcheck.gradient_report import as_json, lasting
    from proofcheck.namespaces.arrays import to_numpy

    gradients = {f"grad_{name}": to_numpy(array) for name, array in result.gradients.items()}
    text = as_json(lasting(report))
    if mmap:
        write_directory(output, gradients, text)
    else:
        write_npz(output, {**gradients, "loss": np.asarray(result.loss), "report": np.asarray(text)})


def _show(report: dict[str, Any], options: _Options) -> None:
    """The report, where it was asked for, and for readers on standard error."""
    from proofcheck.gradient_report import as_json, as_text

    if options.format is TextOrJson.JSON:
        deliver(as_json(report), None, machine=True)
    elif options.output is None:
        deliver(as_text(report), None, machine=False)
        return
    if not options.quiet:
        note(as_text(report).rstrip())


def _demo(options: _Options) -> int:
    from proofcheck.gradient_demo import measured, parsed

    given_here = (
        ("-o", options.output is not None),
        ("--mmap", options.mmap),
        ("--engine", options.engine is not None),
    )
    for name, given in given_here:
        if given:
            raise UserInputError(f"{name} is for arrays in files; --demo makes its own and keeps nothing")
    _check(options)
    size = parsed(options.words)
    with progress_bar(options.quiet) as advance:
        report = measured(size, options.how, advance)
    _show(report, options)
    return PASSED
