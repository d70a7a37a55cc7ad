"""NUMERIC: both sides as floats that carry a bound on their rounding error, at random points.

Two sides agree when they differ by no more than their own error bounds allow; a point where the
bounds are as large as the values says nothing and is not counted.  So no tolerance is chosen, and
inputs near 1e-3 are held to the same relative accuracy as inputs near 1.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from proofcheck.checks.binding import default_sizes, draw_point, entries, evaluate, index_tuples
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost, Equal
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.namespaces.scalars import Running
from proofcheck.namespaces.strict import StrictNamespace

__all__ = ["check_numeric"]

_SCALES = (Fraction(1, 2), Fraction(1, 1024), Fraction(1))
_INDEX_CHOICES = 6
# The bounds are of first order; a small factor covers the terms of second order.
_SAFETY = 4.0
# A gap this many times its bound is beyond what the terms of second order could explain.
_CLEAR = 1e3
# A point counts only if it would have shown a relative error of this size.
_INFORMATIVE = 1e-6


def check_numeric(form: Form, rng: np.random.Generator) -> Verdict:
    """Compare the two sides at random points of several scales and sizes."""
    xp = StrictNamespace(Running.of)
    told = 0
    worst = 0.0
    points = 0
    covers: set[Relation] = set()
    silent: set[int] = set()
    spoken: set[int] = set()
    sizes_run = default_sizes(Level.NUMERIC, form)
    for sizes in sizes_run:
        choices = index_tuples(form, sizes)
        for scale in _SCALES:
            point = draw_point(form, sizes, rng, scale=scale)
            picked = rng.choice(len(choices), size=min(_INDEX_CHOICES, len(choices)), replace=False)
            for choice in picked:
                try:
                    found = evaluate(form, xp, sizes, point, choices[int(choice)])
                except (OverflowError, ZeroDivisionError):
                    continue  # a point beyond the range of float64, or of the statement, says nothing
                points += 1
                for number, atom in enumerate(found):
                    if not isinstance(atom, (Equal, AtMost)):
                        continue
                    covers.add(atom.kind)
                    agrees, informative, relative = _compare(atom)
                    if not agrees:
                        where = ", ".join(f"{k}={v}" for k, v in {**sizes, **choices[int(choice)]}.items())
                        return Verdict(
                            Level.NUMERIC,
                            Outcome.REFUTED,
                            f"the sides differ by {relative:.1e} of their size at {where}, scale {scale}",
                            covers=frozenset({atom.kind}),
                            sizes=(sizes,),
                        )
                    (spoken if informative else silent).add(number)
                    told += informative
                    worst = max(worst, relative if informative else 0.0)
    if not covers:
        return Verdict(Level.NUMERIC, Outcome.NOT_RUN)
    if not spoken or silent - spoken:
        return Verdict(
            Level.NUMERIC, Outcome.UNKNOWN, "rounding error is as large as the values", frozenset(covers)
        )
    if covers == {Relation.AT_MOST}:
        spread = "no left side above the right one"
    else:
        # Equal code on both sides gives equal bits, and an agreement that says nothing.
        spread = f"largest relative difference {worst:.1e}" if worst else "equal bit for bit: shared code?"
    return Verdict(
        Level.NUMERIC,
        Outcome.HOLDS,
        f"{told} comparisons at {points} points, {spread}",
        covers=frozenset(covers),
        sizes=sizes_run,
    )


def _compare(atom: Equal | AtMost) -> tuple[bool, bool, float]:
    """(the sides agree, the comparison is informative, difference relative to their size)."""
    excess = slack = size = 0.0
    agrees = clear = True
    for _, one, other in entries(atom):
        left, right = Running.of(one), Running.of(other)
        allowed = _SAFETY * (left.error + right.error)
        gap = left.value - right.value
        gap = gap if isinstance(atom, AtMost) else abs(gap)
        if math.isnan(gap) or math.isinf(allowed):
            return True, False, 0.0
        agrees = agrees and gap <= allowed
        clear = clear and gap <= _CLEAR * allowed
        excess, slack = max(excess, gap), max(slack, allowed)
        size = max(size, abs(left.value), abs(right.value))
    informative = size > 0.0 and slack <= _INFORMATIVE * size
    # Where the bounds are as large as the values, only a gap far beyond them is a disagreement.
    return agrees if informative else clear, informative, excess / size if size else 0.0
