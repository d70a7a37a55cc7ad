"""Which cells a run has, how important they are, and what they cost on two cores of some years ago."""

from __future__ import annotations

import sys
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from . import cells
from .budget import Cell
from .inputs import KINDS
from .peak import METHODS, peak_bytes

__all__ = ["full_cells", "quick_cells"]

_DEGREES = {8: (2, 3, 4), 12: (2, 3), 16: (2, 3)}
_DECAYING = ("2^-i", "i^-2")
_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)


def ranks(n: int, d: int) -> list[dict[str, Any]]:
    """The k and the ε-rank of decaying spectra, by ``benchmarks/features.py``; largest scores 1 and 3."""
    if (folder := str(Path(__file__).parent.parent)) not in sys.path:
        sys.path.insert(0, folder)
    from features import EPSILONS, Case, inputs, rank_of

    rows = []
    for kind, scores in product(_DECAYING, (1.0, 3.0)):
        case = Case(inputs(kind, n, d, scores, 0))
        for epsilon, rank, found in zip(
            EPSILONS, rank_of(case.weights, EPSILONS), case.matrix_counts(), strict=True
        ):
            row: dict[str, Any] = {"data": kind, "n": n, "d": d, "largest score": scores, "epsilon": epsilon}
            k = None if found is None else found["k"]
            rows.append(row | {"rank": rank, "k": k, "k over rank": None if k is None else k / rank})
    return rows


def memory(exponents: tuple[int, ...], exact_to: int) -> list[dict[str, Any]]:
    """Peak bytes beyond the inputs, degree 3, d = 8; methods that take n² time up to n = 2^``exact_to``."""
    return [
        {"n": 2**exponent, "method": method, "bytes": peak_bytes(method, 2**exponent, 8, 3)}
        for exponent in exponents
        for method in METHODS
        if exponent <= exact_to or not method.startswith(("SDPA", "exact"))
    ]


def _of_reach(rounds: int, *, numpy: bool, rank_n: int) -> list[Cell]:
    """What the table of reach rests on."""
    large = partial(
        cells.side_by_side, "uniform", 2**17, 8, 1.0, (2, 3, 4), rounds, full=False, numpy=numpy, favor=numpy
    )
    baseline = partial(
        cells.side_by_side, "uniform", 2**15, 8, 1.0, (2, 3), rounds, full=True, numpy=numpy, favor=numpy
    )
    share = partial(cells.gemm_share, 2**20, 4, rounds, order=2048, numpy=True)
    return [
        Cell("large", 0, (30 if numpy else 4) * (rounds + 1) + 20, partial(large, whole_truth=True)),
        Cell("baseline", 1, (30 if numpy else 7) * (rounds + 1) + 5, baseline),
        Cell("share", 2, 12 * (rounds + 1), share),
        Cell("from n", 3, 5, partial(cells.from_which_n, tuple(2**e for e in range(6, 13)), 3, 9)),
        Cell("ranks", 4, 60 * (rank_n / 4096) ** 2 + 5, partial(ranks, rank_n, 8)),
    ]


def quick_cells() -> list[Cell]:
    """Those of the table of reach, and small ones of the others."""
    return [
        *_of_reach(2, numpy=False, rank_n=1024),
        Cell("slope", 5, 5, partial(cells.against_sizes, tuple(2**e for e in range(13, 18)), 3, 3)),
        Cell("B sweep", 6, 15, partial(cells.bounds_sweep, 2**11, _SHARES[::2], 1e-2, 2)),
        *(
            Cell(
                f"{kind}, d = {d}, B = {bound:g}, n = 2^11",
                7,
                1.0,
                partial(cells.side_by_side, kind, 2**11, d, bound, (2, 3), 2, full=True, numpy=False),
            )
            for kind, d, bound in _grid()
        ),
        Cell("memory", 8, 30, partial(memory, (13,), 13)),
    ]


def full_cells(rounds: int) -> list[Cell]:
    """All, the most important first."""
    sweep = partial(cells.bounds_sweep, 2**13, _SHARES, 1e-2, rounds)
    found = [
        *_of_reach(rounds, numpy=True, rank_n=4096),
        Cell("slope", 5, 5 * (rounds + 1), partial(cells.against_sizes, _sizes(15, 21), 3, rounds)),
        Cell("B sweep", 6, 10 * (rounds + 1), sweep),
        Cell("memory", 7, 120, partial(memory, (13, 15, 17, 20), 15)),
    ]
    # Sizes by what they tell of: where baselines are whole and cheap; where n is large; whole and dear.
    for importance, exponent, pairs in ((10, 13, 1.0), (20, 17, 4.0), (30, 15, 14.0)):
        for kind, d, bound in _grid():
            first = (kind, d, bound) == ("uniform", 8, 1.0)
            if first and exponent != 13:
                continue  # in "large" and "baseline"
            run = partial(
                cells.side_by_side,
                kind,
                2**exponent,
                d,
                bound,
                _DEGREES[d],
                rounds,
                full=exponent <= 13 or kind == "uniform",
                numpy=True,
            )
            name = f"{kind}, d = {d}, B = {bound:g}, n = 2^{exponent}"
            found.append(
                Cell(name, importance + KINDS.index(kind), pairs * (d / 8) ** 2 * (rounds + 1) + 1, run)
            )
    return found


def _sizes(first: int, end: int) -> tuple[int, ...]:
    return tuple(2**exponent for exponent in range(first, end))


def _grid() -> list[tuple[str, int, float]]:
    return list(product(KINDS, (8, 12, 16), (0.5, 1.0)))
