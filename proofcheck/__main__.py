"""The command ``proofcheck``, also as ``python -m proofcheck``."""

from proofcheck.start import leaving_at_once

__all__ = ["main"]


def main() -> None:
    """The console entry point: runs the command line and exits with its code."""
    with leaving_at_once("proofcheck"):
        from proofcheck.cli import main as run
    run()


if __name__ == "__main__":  # worker processes import this file too
    main()
