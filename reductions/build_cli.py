"""The commands ``build``, which writes every instance of a chain, and ``explain``, which draws it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from proofcheck.command import OutputOption, QuietOption, check_output, deliver, output_to, run_command
from proofcheck.streams import note, progress_bar, write_stdout
from reductions.options import (
    BlocksOption,
    ChainName,
    ChainOption,
    DecoderName,
    DecoderOption,
    FormulaArgument,
)

__all__ = ["build", "explain"]


def build(
    file: FormulaArgument,
    chain: ChainOption = ChainName.DIRECT,
    decoder: DecoderOption = DecoderName.ONE_QUERY,
    blocks: BlocksOption = 4,
    output: Annotated[
        Path | None,
        output_to("DIR", "Write into this directory, empty or of the same build. Default: FILE-build here."),
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """Write every instance of the chain, to gradients of attention.

    A run that was killed is completed by running it again. Prints the path of the manifest.
    """

    def run() -> int:
        from reductions.build import build as build_files
        from reductions.build_files import MANIFEST
        from reductions.problems.dimacs import read_dimacs

        directory = output or Path(f"{file.stem}-build")
        formula = read_dimacs(file)
        with progress_bar(quiet) as progress:
            manifest = build_files(
                formula,
                directory,
                chain=chain.value,
                decoder=decoder.value,
                blocks=blocks,
                progress=progress,
            )
        write_stdout(f"{directory / MANIFEST}\n", machine=False)
        if not quiet:
            note(f"reductions: {_summary(manifest)}")
        return 0

    return run_command(run, "reductions")


def explain(
    file: FormulaArgument,
    chain: ChainOption = ChainName.DIRECT,
    decoder: DecoderOption = DecoderName.ONE_QUERY,
    blocks: BlocksOption = 4,
    output: OutputOption = None,
) -> int:
    """Draw the chain for a formula, with its sizes and what each step promises, as SVG."""

    def run() -> int:
        check_output(output)
        from reductions.explain import explain as picture_of
        from reductions.problems.dimacs import read_dimacs

        picture = picture_of(read_dimacs(file), chain.value, decoder.value, blocks=blocks)
        deliver(picture, output, machine=True)
        return 0

    return run_command(run, "reductions")


def _summary(manifest: dict[str, Any]) -> str:
    sizes = ", ".join(f"{name} = {size}" for name, size in manifest["sizes"].items())
    # The manifest itself is a file too, which it does not list.
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    return f"{len(manifest['files']) + 1} files, {size:,} bytes and the manifest; {sizes}"
