"""A mismatch as a few lines of Python that show it by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from proofcheck.gradcheck.probe import Probe
from proofcheck.gradcheck.result import Finding

__all__ = ["reproducer"]


def reproducer(probe: Probe, findings: Sequence[Finding]) -> str | None:
    """The text; None if no single coordinate shows the mismatch."""
    return None
