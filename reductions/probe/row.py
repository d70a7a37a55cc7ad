"""What is recorded of a cell, a row for each ε."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from reductions.probe.cells import Cell

__all__ = ["TIMED", "Row"]

Times = tuple[float, ...]


@dataclass(frozen=True)
class Row:
    """One ε of one cell.

    Attributes:
        n, d, b, family, eps, seed, budget: of :class:`~reductions.probe.cells.Grid`.
        bound: B = b √ln n.
        reason: why the cell, or the fast method in it, has no numbers; None where it has.
        largest_score: max |S_ij|; None where there are no inputs.
        radius: what all centred scores are at most, by the bound that the fast method uses; None where it
            has not run.
        degree, features: the least degree within the budget whose error is at most ε, and that of the next
            degree too if that is within the budget; and its monomials. None if there is none, as all that
            follows from them.
        error: ‖g̃ − g‖_∞/‖g‖_∞ of the gradient in X at this degree, g being exact but for rounding.
        estimated, certified: the upper end of the estimate of that error, and its rigorous bound, over the
            same ‖g‖_∞; None where infinite.
        tried, least_error: the largest degree that was run, and the least error of all that were.
        rank, softmax_rank: how many singular values of exp(S), and of its row-softmax f, are more than ε
            times the largest; None where n is larger than the grid's ``rank_to``.
        dtype: of the features.
        fast_seconds, exact_seconds: by round, of what computes the gradient, without its checks and errors;
            of short calls those of the least interrupted of several in a row. All seconds are those of the
            clock in which the process had a processor.
        fast_call_seconds, exact_call_seconds: by round, of the whole calls.
        yardstick_seconds: by round, of the exact gradient of a fixed problem, n = 512 and d = 8: what the
            speed of the machine was at the moment.
        instances, separated: hard instances that were decided, and for how many the thresholds of YES and NO
            leave room; None in the other families, as all that follows.
        oracle_degree, oracle_features: of the fast gradient that was the oracle.
        right, wrong, undecided, plain_right: by it (:class:`~reductions.probe.decisions.Tally`).
        exact_right, exact_wrong, exact_undecided, exact_plain_right: by the exact gradient.
        load: of the machine when the cell was timed, over one minute; None where the system does not tell.
        environment: JSON: machine, versions, threads.
        digest: SHA-256 of all of this.
    """

    n: int
    d: int
    b: float
    family: str
    eps: float
    seed: int
    budget: int
    bound: float
    reason: str | None = None
    largest_score: float | None = None
    radius: float | None = None
    degree: int | None = None
    features: int | None = None
    error: float | None = None
    estimated: float | None = None
    certified: float | None = None
    tried: int | None = None
    least_error: float | None = None
    rank: int | None = None
    softmax_rank: int | None = None
    dtype: str | None = None
    fast_seconds: Times = ()
    exact_seconds: Times = ()
    fast_call_seconds: Times = ()
    exact_call_seconds: Times = ()
    yardstick_seconds: Times = ()
    instances: int | None = None
    separated: int | None = None
    oracle_degree: int | None = None
    oracle_features: int | None = None
    right: int | None = None
    wrong: int | None = None
    undecided: int | None = None
    plain_right: int | None = None
    exact_right: int | None = None
    exact_wrong: int | None = None
    exact_undecided: int | None = None
    exact_plain_right: int | None = None
    load: float | None = None
    environment: str = "{}"
    digest: str = ""

    @property
    def cell(self) -> Cell:
        """Where it was measured."""
        return Cell(self.n, self.d, self.b, self.family)

    @property
    def exists(self) -> bool:
        """Whether the cell has inputs: hard ones need room for a gadget."""
        return self.largest_score is not None

    @property
    def ratio(self) -> float | None:
        """Time of fast over exact: the median over the rounds; None where one was not timed."""
        return _middle(self.fast_seconds, self.exact_seconds)

    @property
    def ratio_best(self) -> float | None:
        """The least time of the fast method over the least of the exact one."""
        if not self.fast_seconds:
            return None
        return min(self.fast_seconds) / min(self.exact_seconds)

    @property
    def ratio_calls(self) -> float | None:
        """As :attr:`ratio`, of the whole calls."""
        return _middle(self.fast_call_seconds, self.exact_call_seconds)

    def found(self) -> dict[str, Any]:
        """What does not depend on the clock: the same for the same grid, machine and versions."""
        return {name: value for name, value in vars(self).items() if name not in TIMED}

    def computed_digest(self) -> str:
        """What :attr:`digest` is to be."""
        data = {name: value for name, value in vars(self).items() if name != "digest"}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


#: What a second run measures anew.
TIMED = tuple(
    field.name
    for field in fields(Row)
    if field.name.endswith("_seconds") or field.name in ("load", "environment", "digest")
)


def _middle(above: Times, below: Times) -> float | None:
    return float(np.median(np.divide(above, below))) if above else None
