"""Decisions about hard instances, the fast gradient being the oracle at a given number of features."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from proofcheck.numeric.monomials import feature_count
from proofcheck.numeric.search import largest_degree
from reductions.decide import Verdict, decide_instance
from reductions.oracles import FastOracle, FloatOracle, Oracle
from reductions.probe.cells import Cell
from reductions.probe.inputs import hard_pair

__all__ = ["Decisions", "Tally", "decisions", "degree_within"]


@dataclass
class Tally:
    """How decisions came out, by certificate, and by the value alone.

    Attributes:
        right, wrong, undecided: what :func:`~reductions.decide.decide_instance` says, which counts errors.
        plain_right: for how many the value alone lies on the right side of the middle of the thresholds,
            √(yes·no); one that is no number, or thresholds in the wrong order, count as not right.
    """

    right: int = 0
    wrong: int = 0
    undecided: int = 0
    plain_right: int = 0

    def add(self, found: Verdict | None, truth: bool) -> None:
        """Count one decision; None is an oracle that contradicts its own certificate."""
        if found is None:
            self.wrong += 1
            return
        if found.answer is None:
            self.undecided += 1
        elif found.answer == truth:
            self.right += 1
        else:
            self.wrong += 1
        thresholds = found.thresholds
        if thresholds.separated and math.isfinite(found.value):
            middle = math.sqrt(max(thresholds.yes, 0.0) * thresholds.no)
            self.plain_right += (found.value > middle) == truth


@dataclass
class Decisions:
    """The decisions of a cell.

    Attributes:
        instances: how many there are, half of them YES.
        separated: for how many the thresholds of YES and NO leave room between them; at a small bound none.
        degree, features: of the fast oracle; None if not even degree 1 is within the budget.
        fast, exact: by the fast gradient, and by the exact one on the same instances.
    """

    degree: int | None
    features: int | None
    instances: int = 0
    separated: int = 0
    fast: Tally = field(default_factory=Tally)
    exact: Tally = field(default_factory=Tally)


def degree_within(d: int, budget: int) -> int | None:
    """The largest degree whose features are within the budget and fit in memory; None if 1 is too large."""
    most = largest_degree(d) or 0
    fitting = [degree for degree in range(1, most + 1) if feature_count(d, degree) <= budget]
    return max(fitting, default=None)


def decisions(cell: Cell, seed: int, pairs: int, budget: int) -> Decisions | None:
    """Decide pairs of a planted and a null instance; None where the cell has none.

    Args:
        cell: of the family ``hard``.
        seed: of the instances.
        pairs: how many.
        budget: the most features that the fast oracle may have.
    """
    degree = degree_within(cell.d, budget)
    found = Decisions(degree, None if degree is None else feature_count(cell.d, degree))
    for number in range(pairs):
        pair = hard_pair(cell, seed, number)
        if pair is None:
            return None
        for instance, truth in zip(pair, (True, False), strict=True):
            found.instances += 1
            oracles: list[tuple[Tally, Oracle]] = [(found.exact, FloatOracle())]
            if degree is None:
                found.fast.undecided += 1
            else:
                oracles.append((found.fast, FastOracle(degree=degree)))
            for tally, oracle in oracles:
                # What overflows is no certificate, and counts as none.
                with np.errstate(over="ignore", invalid="ignore"):
                    try:
                        verdict = decide_instance(instance, oracle)
                    except ArithmeticError:
                        tally.add(None, truth)
                        continue
                tally.add(verdict, truth)
                if tally is found.exact:
                    found.separated += verdict.thresholds.separated
    return found
