"""The command ``reductions``: so far ``--version`` and ``--help``."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Build the hard instances behind the lower bound. This version has no reductions yet.",
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        try:
            typer.echo(f"reductions {installed_version('proofcheck')}")
        except PackageNotFoundError:
            typer.echo("reductions (not installed)")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """The console entry point."""
    app(prog_name="reductions")


if __name__ == "__main__":
    main()
