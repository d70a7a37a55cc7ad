"""What explains a mismatch: hypotheses about the gradient, tried on the measured derivative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proofcheck.gradcheck.probe import Coordinates, Probe
from proofcheck.gradcheck.result import Attribution

__all__ = ["attribute"]


def attribute(
    probe: Probe, rows: Coordinates | None, terms: Mapping[str, Any], *, digits: bool
) -> Attribution | None:
    """The simplest hypothesis that explains the mismatch; None if none does."""
    return None
