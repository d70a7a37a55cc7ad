"""The wrong coordinates among many, by halving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from proofcheck.gradcheck.comparison import compare_along
from proofcheck.gradcheck.probe import Probe
from proofcheck.gradcheck.result import Agreement, Finding, FindingKind

__all__ = ["locate"]

_MOST = 4


def locate(probe: Probe, *, digits: bool) -> list[Finding]:
    """Some coordinates at which the gradient differs, each confirmed by itself.

    Along a direction that moves all coordinates of a set the gradient differs if one of them is wrong, but
    for a chance cancellation; the half with the larger difference is searched first. About 2·log₂(size)
    ladders for each.
    """
    found: list[Finding] = []
    waiting = [np.arange(probe.flat.size)]
    while waiting and len(found) < _MOST:
        here = waiting.pop()
        pattern = np.zeros(probe.flat.size)
        # Different weights, so that opposite errors do not cancel.
        pattern[here] = 1 + (here * 0.6180339887498949) % 1
        name = probe.subject.inputs.coordinate(int(here[0])) if here.size == 1 else f"{here.size} coordinates"
        findings = compare_along(probe, name, pattern, digits=digits)
        wrong = [f for f in findings if f.agreement is Agreement.DIFFERS]
        if not wrong:
            continue
        if here.size == 1:
            found.append(replace(wrong[0], kind=FindingKind.COORDINATE))
            continue
        half = here.size // 2
        waiting += [here[half:], here[:half]]
    return found
