"""Arguments and options that the commands of ``reductions`` share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["BlocksOption", "ChainName", "ChainOption", "DecoderName", "DecoderOption", "FormulaArgument"]


class ChainName(StrEnum):
    """The way from orthogonal vectors to a gap."""

    DIRECT = "direct"
    PCP = "pcp"


class DecoderName(StrEnum):
    """How the answer is read off gradients."""

    ONE_QUERY = "one-query"
    GAUSS_LEGENDRE = "gauss-legendre"
    RIEMANN = "riemann"


FormulaArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A formula in DIMACS CNF.", show_default=False)
]
ChainOption = Annotated[ChainName, typer.Option(help="From orthogonal vectors to a gap.")]
DecoderOption = Annotated[DecoderName, typer.Option(help="How the answer is read.")]
BlocksOption = Annotated[int, typer.Option(metavar="T", min=1, help="Blocks of the distributed PCP.")]
