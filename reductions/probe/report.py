"""The fits of a probe as tables, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from reductions.probe.fit import Crossing, Exponent, crossings, exponents
from reductions.probe.row import Row

__all__ = ["cell_rows", "crossing_rows", "decision_rows", "exponent_rows", "markdown_table"]

#: Lines of a table, the first being its head.
Table = list[tuple[str, ...]]

_NONE = "–"


def crossing_rows(rows: Sequence[Row], seed: int = 0) -> Table:
    """Where fast and exact take the same time, with intervals: a column for each n."""
    found = crossings(rows, np.random.default_rng(seed))
    sizes = sorted({one.n for one in found})
    table: Table = [("d", "family", "error", *(f"n = {n}" for n in sizes))]
    for d, family, eps in dict.fromkeys((one.d, one.family, one.eps) for one in found):
        own = {one.n: one for one in found if (one.d, one.family, one.eps) == (d, family, eps)}
        cells = (_crossing(own[n]) if n in own else _NONE for n in sizes)
        table.append((str(d), family, f"{eps:g}", *cells))
    return table


def _crossing(one: Crossing) -> str:
    if one.state != "measured":
        return f"{'<' if one.state == 'below' else '>'} {one.value:g}"
    low, high = ("…" if end is None else f"{end:.2f}" for end in (one.low, one.high))
    return f"{one.value:.2f} ({low} to {high})"


def exponent_rows(rows: Sequence[Row], seed: int = 0) -> Table:
    """The exponents of time in n of both methods, with intervals."""
    table: Table = [("d", "family", "B/√ln n", "error", "n", "degrees", "fast", "exact")]
    found = exponents(rows, np.random.default_rng(seed))
    for fast, exact in zip(found[::2], found[1::2], strict=True):
        table.append(
            (
                str(fast.d),
                fast.family,
                f"{fast.b:g}",
                f"{fast.eps:g}",
                f"{fast.n[0]} to {fast.n[-1]}",
                " ".join(map(str, fast.degrees)),
                _exponent(fast),
                _exponent(exact),
            )
        )
    return table


def _exponent(one: Exponent) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def cell_rows(rows: Iterable[Row]) -> Table:
    """What was measured in each cell that has inputs."""
    what = ("degree", "features", "had", "estimated", "rank", "rank of f")
    table: Table = [("n", "d", "family", "B/√ln n", "error", *what, "fast/exact", "of the best", "of calls")]
    for row in rows:
        if row.exists:
            counts = (row.degree, row.features)
            errors = (row.error, row.estimated)
            ratios = (row.ratio, row.ratio_best, row.ratio_calls)
            table.append(
                (
                    str(row.n),
                    str(row.d),
                    row.family,
                    f"{row.b:g}",
                    f"{row.eps:g}",
                    *map(_count, counts),
                    *(_NONE if error is None else f"{error:.1e}" for error in errors),
                    *map(_count, (row.rank, row.softmax_rank)),
                    *(_NONE if ratio is None else f"{ratio:.2g}" for ratio in ratios),
                )
            )
    return table


def decision_rows(rows: Sequence[Row]) -> Table:
    """How hard instances were decided; the same for every ε, and given once."""
    how = ("right", "wrong", "undecided", "plain right")
    head = ("n", "d", "B/√ln n", "largest score", "instances", "separated", "features")
    table: Table = [(*head, *(f"{by}: {one}" for by in ("fast", "exact") for one in how))]
    eps = max((row.eps for row in rows), default=0.0)
    for row in rows:
        if row.instances is not None and row.eps == eps:
            counts = (row.instances, row.separated, row.oracle_features)
            fast = (row.right, row.wrong, row.undecided, row.plain_right)
            exact = (row.exact_right, row.exact_wrong, row.exact_undecided, row.exact_plain_right)
            numbers = map(_count, (*counts, *fast, *exact))
            table.append((str(row.n), str(row.d), f"{row.b:g}", f"{row.largest_score:.1f}", *numbers))
    return table


def _count(value: int | None) -> str:
    return _NONE if value is None else str(value)


def markdown_table(table: Table) -> str:
    """A table of Markdown."""
    head, *rest = table
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "".join(f"{line}\n" for line in [*lines, *(f"| {' | '.join(row)} |" for row in rest)])
