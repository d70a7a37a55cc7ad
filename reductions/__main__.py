"""The command ``reductions``, also as ``python -m reductions``."""

from proofcheck.start import leaving_at_once

__all__ = ["main"]


def main() -> None:
    """The console entry point: runs the command line and exits with its code."""
    with leaving_at_once("reductions"):
        from reductions.cli import main as run
    run()


if __name__ == "__main__":  # worker processes import this file too
    main()
