"""The gradient of inputs in a directory, chunk by chunk, into a directory: what any engine carries out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.files import replacing
from proofcheck.gradient_files import REPORT, check_directory, replacing_directory
from proofcheck.gradient_report import as_json, lasting, report_of
from proofcheck.gradient_store import StoredGradients, StoredInputs, open_inputs
from proofcheck.numeric.chunked.engine import Engine, chunk_slices
from proofcheck.numeric.chunked.gradient import ChunkedResult, chunked_gradient
from proofcheck.numeric.problem import checked_variables

__all__ = ["gradient_of_directory"]


def gradient_of_directory(
    path: Path,
    engine: Callable[[], contextlib.AbstractContextManager[Engine]],
    output: Path | None = None,
    *,
    wrt: Collection[str] | str = ("X",),
    chunk_rows: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    **how: Any,
) -> tuple[ChunkedResult, dict[str, Any]]:
    """Gradients of the inputs in a directory of .npy files or Zarr arrays, and the report on them.

    Args:
        path: the directory.
        engine: started once inputs and output have been looked at, and ended after the work.
        output: the directory to make, or to replace if it is from an earlier run.
        wrt: the variables; those with n rows need an output.
        chunk_rows: rows of a chunk.
        progress: called with a phase, the rows done and the rows in all.
        how: ``eps``, ``rtol``, ``guarantee``, ``seed`` and ``degree`` as
            :func:`~proofcheck.numeric.chunked.gradient.chunked_gradient` takes them.

    Returns:
        The result, with long gradients as the output's files have them: mapped, or Zarr arrays; and what
        ``report.json`` in the output says.

    Raises:
        UserInputError: a file, an argument or the engine cannot be used.
    """
    names = checked_variables(wrt)
    if output is not None:
        check_directory(output)
    source = open_inputs(path)
    long = [name for name in names if name not in ("X", "Y")]
    if long and output is None:
        raise UserInputError(
            f"the gradient in {long[0]} has {source.n} rows, and goes to a directory: name one with -o"
        )
    chunks = chunk_slices(source.n, chunk_rows, source.d)
    with _place_for(output, source, long, chunks[0].stop) as sink:
        with engine() as started:
            result = chunked_gradient(
                source, started, sink, wrt=names, chunk_rows=chunk_rows, progress=progress, **how
            )
        report = report_of(
            result.found,
            largest=dict(result.largest),
            n=source.n,
            d=source.d,
            eps=how.get("eps"),
            rtol=how.get("rtol"),
            guarantee=how.get("guarantee", "estimated"),
            causal=False,
            chunk_rows=result.chunk_rows,
            input_sha256=dict(result.sha256),
        )
        if sink is not None:
            _finish(sink, result, report, long)
    if output is None or not long:
        return result, report
    lasting_sink = replace(sink, directory=output.resolve()) if sink is not None else None
    assert lasting_sink is not None
    gradients = {
        name: lasting_sink.open(name) if name in long else result.found.gradients[name] for name in names
    }
    return replace(result, found=replace(result.found, gradients=gradients)), report


@contextlib.contextmanager
def _place_for(
    output: Path | None, source: StoredInputs, long: list[str], chunk_rows: int
) -> Iterator[StoredGradients | None]:
    """Room for the gradients, which takes the output's place at the end; None without an output."""
    if output is None:
        yield None
        return
    with replacing_directory(output) as directory:
        sink = StoredGradients(directory, source.in_zarr, (source.n, source.d), source.dtype)
        for name in long:
            sink.create(name, chunk_rows)
        yield sink


def _finish(sink: StoredGradients, result: ChunkedResult, report: dict[str, Any], long: list[str]) -> None:
    for name in long:
        sink.flush(name)
    for name, array in result.found.gradients.items():
        with replacing(sink.directory / f"grad_{name}.npy") as file:
            np.lib.format.write_array(file, array, allow_pickle=False)
    with replacing(sink.directory / REPORT) as file:
        file.write(as_json(lasting(report)).encode())
