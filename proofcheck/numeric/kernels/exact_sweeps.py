"""The exact method on NumPy arrays by compiled kernels: what :mod:`proofcheck.numeric.exact` computes.

Gradients in A2 and A3 take a third sweep, of all queries for each block of keys, with q, w, and three numbers
for each query kept from the first two: no two threads add to one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.kernels.exact_rows import exact_keys, exact_rows
from proofcheck.numeric.kernels.threads import in_order
from proofcheck.numeric.kernels.tiles import panel
from proofcheck.numeric.kernels.views import view
from proofcheck.numeric.problem import Problem, Solution, row_blocks

__all__ = ["GROUP", "fused_exact_solution", "fused_query_rows", "pair_operations"]

Floats = NDArray[np.float64]

#: Keys, or queries, that are summed at a time.
GROUP = 512

_BLOCK = panel(np.float64)
_PART_PAIRS = 1 << 22  # some milliseconds
_PART_COPIED = 1 << 15
_PER_COPY = 10  # operations for each entry
_PER_PAIR = 30  # for a pair, beside those for each of its columns
_MOST_ROWS = GROUP // 2 // _BLOCK * _BLOCK  # two parts at least are summed before they are added to all


def fused_exact_solution(
    problem: Problem,
    wrt: tuple[str, ...],
    *,
    block_rows: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Solution:
    """As :func:`~proofcheck.numeric.exact.exact_solution`, but for overflow, which is left in the loss."""
    return _Sweeps(problem, wrt).run(block_rows, progress)


def fused_query_rows(problem: Problem, rows: Sequence[int]) -> tuple[Floats, Floats, Floats]:
    """Output, residual and gradient of some queries, (m, d) each, numbers in any order."""
    sweeps = _Sweeps(problem, ("X",))
    numbers = np.array(rows, dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    parts = [numbers[order[part]] for part in row_blocks(len(numbers), sweeps.part_rows(len(numbers)))]
    operations = 2 * pair_operations(len(numbers) * problem.n, problem.d)
    found = [part.rows for part in in_order(sweeps.queries, parts, operations)]
    back = np.argsort(order, kind="stable")
    output, residual, gradient = (np.concatenate(arrays)[back] for arrays in zip(*found, strict=True))
    return output, residual, gradient


def pair_operations(pairs: int, d: int) -> int:
    """Operations of a sweep over so many pairs of queries and keys, as threads are started for them."""
    return pairs * (_PER_PAIR + 4 * d)


class _Part:
    """What was found for some queries."""

    def __init__(self, count: int, d: int, gradient: bool, state: bool) -> None:
        self.rows = tuple(np.empty((size, d)) for size in (count, count, count if gradient else 0))
        self.state = np.empty((count if state else 0, 2 * d + 3))
        self.sums = np.zeros((2, d, d))
        self.finite, self.least = True, np.inf


def _converted(array: NDArray[Any]) -> Floats:
    """A float64 view, or a copy made in threads."""
    if array.dtype == np.float64:
        return view(array, slice(0, len(array)))
    found = np.empty(array.shape)

    def work(rows: slice) -> None:
        found[rows] = array[rows]

    for _ in in_order(work, row_blocks(len(array), _PART_COPIED), _PER_COPY * array.size):
        pass
    return view(found, slice(0, len(array)))


class _Sweeps:
    """What the sweeps share."""

    def __init__(self, problem: Problem, wrt: tuple[str, ...]) -> None:
        self.problem, self.wrt = problem, wrt
        self.keys, self.values = (_converted(array) for array in (problem.A2, problem.A3))
        self.X, self.Y = (view(array, slice(0, problem.d), np.float64) for array in (problem.X, problem.Y))
        self.key_gradient = "A2" in wrt or "A3" in wrt

    def part_rows(self, count: int) -> int:
        """Queries, or keys, for a thread at a time."""
        wanted = min(_PART_PAIRS // self.problem.n, -(-count // 4), _MOST_ROWS)
        return max(wanted // _BLOCK, 1) * _BLOCK

    def queries(self, numbers: NDArray[np.int64] | slice) -> _Part:
        """The first two sweeps for some queries."""
        problem, n = self.problem, self.problem.n
        if isinstance(numbers, slice):
            A1, E = (view(array, numbers, np.float64) for array in (problem.A1, problem.E))
            numbers = np.arange(numbers.start, numbers.stop)
        else:
            A1, E = (
                view(array[numbers], slice(0, len(numbers)), np.float64) for array in (problem.A1, problem.E)
            )
        part = _Part(len(numbers), problem.d, bool({"X", "A1"} & set(self.wrt)), self.key_gradient)
        part.finite, part.least = exact_rows(
            A1,
            E,
            numbers,
            self.X,
            self.Y,
            self.keys,
            self.values,
            n,
            GROUP,
            _BLOCK,
            problem.causal,
            *part.rows,
            part.state,
            part.sums,
        )
        return part

    def run(self, block_rows: int | None, progress: Callable[[int], None] | None) -> Solution:
        """All sweeps."""
        problem, n, d = self.problem, self.problem.n, self.problem.d
        found: dict[str, Any] = {
            name: np.zeros((n, d), dtype=problem.dtype) for name in self.wrt if name in ("A1", "A2", "A3")
        }
        state = np.empty((n if self.key_gradient else 0, 2 * d + 3))
        sums, some, summed = np.zeros((2, d, d)), np.zeros((2, d, d)), 0
        loss, some_loss, least, most = 0.0, 0.0, np.inf, 0.0
        rows = block_rows or self.part_rows(n)
        blocks, operations = row_blocks(n, rows), 2 * pair_operations(n * n, d)
        for block, part in in_order(lambda block: (block, self.queries(block)), blocks, operations):
            residual, gradient = part.rows[1], part.rows[2]
            some_loss += float(np.sum(residual * residual)) / 2 if part.finite else np.nan
            least, most = min(least, part.least), max(most, float(np.max(np.abs(residual))))
            some += part.sums
            summed += block.stop - block.start
            if summed >= GROUP or block.stop == n:  # not one long sum: it would round more
                sums, loss = sums + some, loss + some_loss
                some, some_loss, summed = np.zeros((2, d, d)), 0.0, 0
            if "A1" in found:
                found["A1"][block] = gradient @ self.X.T
            if self.key_gradient:
                state[block] = part.state
            if progress is not None:
                progress(block.stop - block.start)
        if self.key_gradient:
            self._key_sweep(state, found)
        found |= {"X": sums[0], "Y": sums[1]}
        with np.errstate(over="ignore", invalid="ignore"):
            gradients = {name: found[name].astype(problem.dtype, copy=False) for name in self.wrt}
        return Solution(
            loss=loss,
            gradients=gradients,
            min_alpha=least,
            most_residual=most,
        )

    def _key_sweep(self, state: Floats, found: dict[str, Any]) -> None:
        n, d = self.problem.n, self.problem.d
        points, backward = state[:, :d].copy(), state[:, d : 2 * d].copy()
        highest, total, correction = (state[:, 2 * d + number].copy() for number in range(3))
        none = np.empty((0, d), dtype=self.problem.dtype)

        def work(rows: slice) -> None:
            exact_keys(
                self.keys[rows],
                self.values[rows],
                rows.start,
                points,
                backward,
                highest,
                1 / total,
                correction,
                GROUP,
                _BLOCK,
                self.problem.causal,
                found["A2"][rows] if "A2" in found else none,
                found["A3"][rows] if "A3" in found else none,
            )

        blocks: Iterator[slice] = row_blocks(n, self.part_rows(n))
        for _ in in_order(work, blocks, pair_operations(n * n, d)):
            pass
