"""The command ``reductions``.

``decide`` exits as SAT solvers do: 10 satisfiable, 20 unsatisfiable, 0 not decided; 2 the command cannot be
carried out as given, 130 interrupted.  What takes long to import is imported where it is used.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from proofcheck.command import (
    OutputOption,
    QuietOption,
    TextOrJson,
    check_output,
    deliver,
    new_app,
    run_app,
    run_command,
)
from proofcheck.errors import UserInputError
from proofcheck.streams import note, progress_bar
from reductions.build_cli import build, explain
from reductions.datasets_cli import export, generate, score, validate
from reductions.options import (
    BlocksOption,
    ChainName,
    ChainOption,
    DecoderName,
    DecoderOption,
    FormulaArgument,
)
from reductions.probe_cli import plot, probe
from reductions.tables import text_table

if TYPE_CHECKING:
    from reductions.decide import Decision
    from reductions.oracles import Oracle
    from reductions.parameters import Parameters

__all__ = ["app", "main"]

SATISFIABLE, UNSATISFIABLE, UNDECIDED = 10, 20, 0
_ANSWERS = {
    True: (SATISFIABLE, "SATISFIABLE"),
    False: (UNSATISFIABLE, "UNSATISFIABLE"),
    None: (UNDECIDED, "UNKNOWN"),
}

app = new_app(
    "reductions", "The lower bound as running code: from a formula to gradients of attention, and back."
)


class OracleName(StrEnum):
    """What computes the gradients."""

    FLOAT = "float64"
    MPMATH = "mpmath"
    FAST = "fast"


app.command()(build)
app.command()(explain)
app.command()(generate)
app.command()(validate)
app.command()(score)
app.command()(export)
app.command()(probe)
app.command()(plot)


@app.command()
def decide(
    file: FormulaArgument,
    chain: ChainOption = ChainName.DIRECT,
    decoder: DecoderOption = DecoderName.ONE_QUERY,
    oracle: Annotated[OracleName, typer.Option(help="What computes the gradients.")] = OracleName.FLOAT,
    blocks: BlocksOption = 4,
    no_assignment: Annotated[
        bool, typer.Option("--no-assignment", help="Decide only: do not look for an assignment.")
    ] = False,
    format: Annotated[TextOrJson, typer.Option(help="How to write the answer.")] = TextOrJson.TEXT,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> int:
    """Decide a formula through gradients of attention.

    Exits with 10 if it is satisfiable, 20 if it is not, 0 if the certificate does not separate the two.
    """

    def run() -> int:
        check_output(output)
        from reductions.decide import decide as decide_formula
        from reductions.problems.dimacs import read_dimacs

        formula = read_dimacs(file)
        with progress_bar(quiet) as progress:
            found = decide_formula(
                formula,
                _oracle(oracle),
                chain=chain.value,
                decoder=decoder.value,
                blocks=blocks,
                assignment=not no_assignment,
                progress=progress,
            )
        machine = format is TextOrJson.JSON
        deliver(_json(found) if machine else _text(found), output, machine=machine)
        if not quiet:
            note(f"reductions: {_summary(found)}")
        return _ANSWERS[found.satisfiable][0]

    return run_command(run, "reductions")


@app.command()
def sizes(
    largest: Annotated[
        float, typer.Option("--to", metavar="N", help="The largest number of queries, at most 1e12.")
    ] = 1e12,
    blocks: BlocksOption = 4,
    format: Annotated[TextOrJson, typer.Option(help="How to write the table.")] = TextOrJson.TEXT,
    output: OutputOption = None,
) -> int:
    """The sizes of the chains by formula, for random 3-SAT at the threshold; nothing is built."""

    def run() -> int:
        check_output(output)
        if not 8 <= largest <= 1e12:
            raise UserInputError(f"--to {largest:g}: expected a number of queries from 8 to 1e12")
        if not 1 <= blocks <= 16:
            raise UserInputError(f"--blocks {blocks}: expected a number from 1 to 16")
        from reductions.parameters import parameters

        rows = [
            parameters(chain, variables, blocks=blocks)
            for chain in ("direct", "pcp", "ag")
            for variables in range(4, 2 * math.floor(math.log2(largest)) - 1, 8)
        ]
        machine = format is TextOrJson.JSON
        text = json.dumps([asdict(row) for row in rows], indent=2) + "\n" if machine else _table(rows)
        deliver(text, output, machine=machine)
        return 0

    return run_command(run, "reductions")


def _table(rows: Sequence[Parameters]) -> str:
    """One line for each chain and number of queries, in columns."""
    head = (
        "chain",
        "n",
        "variables",
        "m",
        "instances",
        "dimension",
        "yes",
        "no",
        "gamma",
        "B",
        "B/ln n",
        "B/ln² n",
    )
    cells = [head]
    for row in rows:
        over, over_square = row.over_log
        cells.append(
            (
                row.chain,
                f"{row.queries:.3g}",
                str(row.variables),
                str(row.clauses),
                "1" if row.instances == 0 else f"2^{row.instances:.0f}",
                f"{row.dimension:.3g}",
                str(row.yes),
                str(row.no),
                f"{row.gamma:.3g}",
                f"{row.bound:.4g}",
                f"{over:.3g}",
                f"{over_square:.3g}",
            )
        )
    return text_table(cells, str.rjust)


def _oracle(name: OracleName) -> Oracle:
    from reductions.oracles import FastOracle, FloatOracle, MpmathOracle

    known: dict[OracleName, Oracle] = {
        OracleName.FLOAT: FloatOracle(),
        OracleName.MPMATH: MpmathOracle(),
        OracleName.FAST: FastOracle(),
    }
    return known[name]


def _json(found: Decision) -> str:
    data = {
        "satisfiable": found.satisfiable,
        "assignment": None if found.assignment is None else list(found.assignment),
        "chain": found.chain,
        "decoder": found.decoder,
        "oracle": found.oracle,
        "oracle_calls": found.calls,
        "required_accuracy": _finite(found.required),
        "achieved_accuracy": _finite(found.achieved),
        "margin": _finite(found.margin),
        "sizes": dict(found.sizes),
    }
    return json.dumps(data, indent=2) + "\n"


def _finite(value: float | None) -> float | None:
    """A number of JSON, which has no infinity: an oracle without a bound has no accuracy."""
    return value if value is not None and math.isfinite(value) else None


def _text(found: Decision) -> str:
    """The lines of a SAT solver's output."""
    lines = [f"s {_ANSWERS[found.satisfiable][1]}"]
    if found.assignment is not None:
        lines.append(f"v {' '.join(map(str, (*found.assignment, 0)))}")
    return "".join(f"{line}\n" for line in lines)


def _summary(found: Decision) -> str:
    sizes = ", ".join(f"{name} = {size}" for name, size in found.sizes.items())
    calls = f"{found.calls} oracle call{'' if found.calls == 1 else 's'}"
    if found.required is None:
        return f"{calls}; nothing to decide"
    return (
        f"{calls}; gradients within {found.achieved:.3g}, {found.required:.3g} required; "
        f"margin {found.margin:.3g}; {sizes}"
    )


def main() -> None:
    """Run the command line, and exit with its code."""
    run_app(app, "reductions")
