"""reductions: the hard instances behind the lower bound, step by step, and deciding formulas through them.

SAT → orthogonal vectors → gap inner product → attention → gradient.  :mod:`reductions.steps` has the arrows,
:mod:`reductions.problems` what they go between, :mod:`reductions.decide` the way from a formula to an answer.
:func:`load` reads a data set of instances.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reductions.datasets.reader import load

__all__ = ["load"]


def __getattr__(name: str) -> object:
    # Imported when it is first asked for: the command's first moments import this package too.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reductions.datasets import reader

    globals()[name] = reader.load
    return reader.load


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
