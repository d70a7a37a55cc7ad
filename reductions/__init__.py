"""reductions: the hard instances behind the lower bound, step by step, and deciding formulas through them.

SAT → orthogonal vectors → gap inner product → attention → gradient.  :mod:`reductions.steps` has the arrows,
:mod:`reductions.problems` what they go between, :mod:`reductions.decide` the way from a formula to an answer.
:func:`load` reads a data set of instances.
"""

from reductions.datasets.reader import load

__all__ = ["load"]
