r"""The exact gradient: quadratic in n, and in blocks, so that no n × n matrix is held.

With S = A1 X A2ᵀ/d, f = row-softmax(S), o = f A3, c = o Y − E and w = c Yᵀ, [P] Lemma C.7 with its 1/d reads

    p_ij = f_ij (w_i·A3_j − w_i·o_i),    dL/dX = A1ᵀ p A2/d,                                            (10)

since q_ij = c_i·h_j = w_i·A3_j and r_i = Σ_j f_ij q_ij = w_i·o_i.  The other gradients are

    dL/dY = oᵀ c,   dL/dA1 = p A2 Xᵀ/d,   dL/dA2 = pᵀ A1 X/d,   dL/dA3 = fᵀ w.                          (11)

Each block of queries makes two sweeps over the keys: one for the row maximum, the sum of weights and o,
which are rescaled as the maximum rises (Milakov & Gimelshein 2018), and one for p.  All is computed in the
precision of the sums, float64 where there is one, whatever the dtype of the inputs: others are held against
this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import array_api_compat
import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.namespaces.arrays import Array, add_rows, is_writable, put_rows
from proofcheck.numeric.kernels import have_kernels
from proofcheck.numeric.problem import Problem, Solution, row_blocks

__all__ = ["QueryRows", "exact_solution", "exact_sums", "naive_solution", "query_contributions"]

# Rows of queries and of keys: a block of scores stays in the cache, and in memory that an allocator hands out
# again without asking the system for it; on a device, a call costs more than its arithmetic.
_HOST_BLOCK = (64, 512)
_DEVICE_BLOCK = (4096, 4096)


@dataclass(frozen=True, eq=False)
class QueryRows:
    """What is true of some queries, (m, d) each, in the dtype of the problem's sums.

    Attributes:
        output: o_i.
        residual: c_i.
        gradient: Σ_j p_ij A2_j/d, so that dL/dX = A1ᵀ of all such rows.
    """

    output: Array
    residual: Array
    gradient: Array


@dataclass(frozen=True, eq=False)
class _Block:
    """Some queries after the first sweep over the keys.

    Attributes:
        points: q_i = A1_i X/d, (b, d).
        numbers: their row numbers, (b, 1).
        highest, total: the largest score, and the sum of e^{S − highest}, (b, 1).
        output, residual, backward: o, c and w, (b, d).
    """

    points: Array
    numbers: Array
    highest: Array
    total: Array
    output: Array
    residual: Array
    backward: Array


def naive_solution(problem: Problem, wrt: tuple[str, ...]) -> Solution:
    """(10) and (11) with n × n matrices, f∘q − diag(r) f as the paper has it; O(n²d) time, O(n²) memory.

    Args:
        problem: the inputs.
        wrt: the variables, from :data:`~proofcheck.numeric.problem.VARIABLES`.

    Raises:
        UserInputError: the scores overflow.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _naive(problem, wrt)


def _naive(problem: Problem, wrt: tuple[str, ...]) -> Solution:
    xp = problem.xp
    A1, A2, A3, E, X, Y = (
        xp.astype(xp.asarray(array), problem.accumulator)
        for array in (problem.A1, problem.A2, problem.A3, problem.E, problem.X, problem.Y)
    )
    transposed = xp.matrix_transpose
    scores = A1 @ X @ transposed(A2) / problem.d
    if problem.causal:
        rows = xp.arange(problem.n, device=problem.device)
        scores = xp.where(rows[None, :] <= rows[:, None], scores, -xp.inf)
    weights = xp.exp(scores - xp.max(scores, axis=1, keepdims=True))
    total = xp.sum(weights, axis=1, keepdims=True)
    f, h = weights / total, A3 @ Y
    c = f @ h - E
    q = c @ transposed(h)
    p = f * q - xp.sum(f * q, axis=1, keepdims=True) * f
    gradients = {
        "X": lambda: transposed(A1) @ p @ A2 / problem.d,
        "Y": lambda: transposed(f @ A3) @ c,
        "A1": lambda: p @ A2 @ transposed(X) / problem.d,
        "A2": lambda: transposed(p) @ A1 @ X / problem.d,
        "A3": lambda: transposed(f) @ c @ transposed(Y),
    }
    return Solution(
        loss=_finite(float(xp.sum(c * c)) / 2),
        gradients={name: xp.astype(gradients[name](), problem.dtype) for name in wrt},
        min_alpha=float(xp.min(total)),
        most_residual=float(xp.max(xp.abs(c))),
    )


def exact_solution(
    problem: Problem,
    wrt: tuple[str, ...],
    *,
    block_rows: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Solution:
    """The loss and gradients, (10) and (11), in blocks of queries and of keys.

    Args:
        problem: the inputs.
        wrt: the variables, from :data:`~proofcheck.numeric.problem.VARIABLES`; may be empty.
        block_rows: queries a block; by default such that a block's scores stay in the cache.
        progress: called with the queries done since the last call.

    Raises:
        UserInputError: the scores overflow.

    O(n²d) time, half of it if causal; the memory of a few blocks beyond the outputs.  With compiled kernels,
    O(nd) memory: float64 copies of A2 and A3 if they are not contiguous or not float64, and 2d + 3 numbers a
    query for gradients in A2 or A3.
    """
    if have_kernels(problem):
        from proofcheck.numeric.kernels.exact_sweeps import fused_exact_solution

        solution = fused_exact_solution(problem, wrt, block_rows=block_rows, progress=progress)
        _finite(solution.loss)
        return solution
    xp = problem.xp
    totals: dict[str, Array] = {}
    for name in wrt:
        shape = (problem.d, problem.d) if name in ("X", "Y") else (problem.n, problem.d)
        totals[name] = xp.zeros(shape, dtype=problem.accumulator, device=problem.device)
    loss, least, most = 0.0, float("inf"), 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # found at the end, and refused
        for rows in row_blocks(problem.n, block_rows or _block_size(problem)[0]):
            numbers = xp.arange(rows.start, rows.stop, device=problem.device)
            inputs = _rows(problem, problem.A1, rows)
            block = _first_sweep(
                problem, inputs, _rows(problem, problem.E, rows), numbers[:, None], rows.stop
            )
            loss += float(xp.sum(block.residual * block.residual)) / 2
            least = min(least, float(xp.min(block.total)))
            most = max(most, float(xp.max(xp.abs(block.residual))))
            if "Y" in wrt:
                totals["Y"] = totals["Y"] + xp.matrix_transpose(block.output) @ block.residual
            if set(wrt) - {"Y"}:
                gradient = _second_sweep(problem, block, totals, rows.stop)
                if "X" in wrt:
                    totals["X"] = totals["X"] + xp.matrix_transpose(inputs) @ gradient
                if "A1" in wrt:
                    X = xp.matrix_transpose(xp.astype(problem.X, problem.accumulator))
                    totals["A1"] = put_rows(totals["A1"], rows, gradient @ X)
            if progress is not None:
                progress(rows.stop - rows.start)
    return Solution(
        loss=_finite(loss),
        gradients={name: xp.astype(value, problem.dtype) for name, value in totals.items()},
        min_alpha=least,
        most_residual=most,
    )


def exact_sums(problem: Problem) -> dict[str, int]:
    """What the rounding of :func:`exact_solution` depends on: blocks of keys, and terms of one sum."""
    rows, keys = _block_size(problem)
    return {"key_blocks": -(-problem.n // keys), "longest_sum": max(rows, keys, problem.d)}


def query_contributions(problem: Problem, rows: Sequence[int]) -> QueryRows:
    """The exact rows of some queries; O(mnd) time for m of them.

    Args:
        problem: the inputs.
        rows: their numbers, from 0.
    """
    if have_kernels(problem):
        from proofcheck.numeric.kernels.exact_sweeps import fused_query_rows

        return QueryRows(*fused_query_rows(problem, rows))
    xp = problem.xp
    parts = []
    for some in row_blocks(len(rows), _block_size(problem)[0]):
        numbers = xp.asarray(list(rows[some]), device=problem.device)
        inputs, targets = (
            xp.astype(xp.take(xp.asarray(array), numbers, axis=0), problem.accumulator)
            for array in (problem.A1, problem.E)
        )
        last = max(rows[some]) + 1
        block = _first_sweep(problem, inputs, targets, numbers[:, None], last)
        parts.append((block.output, block.residual, _second_sweep(problem, block, {}, last)))
    output, residual, gradient = (xp.concat(list(arrays), axis=0) for arrays in zip(*parts, strict=True))
    return QueryRows(output, residual, gradient)


def _block_size(problem: Problem) -> tuple[int, int]:
    on_host = array_api_compat.is_numpy_array(problem.A1) or str(problem.device) == "cpu"
    return _HOST_BLOCK if on_host and is_writable(problem.A1) else _DEVICE_BLOCK


def _rows(problem: Problem, array: Array, rows: slice) -> Array:
    return problem.xp.astype(problem.xp.asarray(array[rows, :]), problem.accumulator)


def _key_blocks(problem: Problem, stop: int) -> Iterator[slice]:
    """Blocks of the keys that queries below ``stop`` attend to."""
    return row_blocks(stop if problem.causal else problem.n, _block_size(problem)[1])


def _scores(problem: Problem, points: Array, numbers: Array, keys: Array, columns: slice) -> Array:
    """S of a block, (b, keys), −∞ where the query does not attend."""
    xp = problem.xp
    scores = points @ xp.matrix_transpose(keys)
    if problem.causal:
        seen = xp.arange(columns.start, columns.stop, device=problem.device)[None, :] <= numbers
        scores = xp.where(seen, scores, -xp.inf)
    return scores


def _first_sweep(problem: Problem, inputs: Array, targets: Array, numbers: Array, stop: int) -> _Block:
    """Row maxima, sums of weights and outputs of some queries."""
    xp = problem.xp
    Y = xp.astype(problem.Y, problem.accumulator)
    points = inputs @ xp.astype(problem.X, problem.accumulator) / problem.d
    highest: Array | None = None
    total: Array | None = None
    summed: Array = None
    for columns in _key_blocks(problem, stop):
        scores = _scores(problem, points, numbers, _rows(problem, problem.A2, columns), columns)
        risen = xp.max(scores, axis=1, keepdims=True)
        if highest is not None:
            risen = xp.maximum(highest, risen)
        weights = xp.exp(scores - risen)
        values = weights @ _rows(problem, problem.A3, columns)
        if highest is None:  # every query attends to a key of the first block
            total, summed = xp.sum(weights, axis=1, keepdims=True), values
        else:
            factor = xp.exp(highest - risen)
            total = total * factor + xp.sum(weights, axis=1, keepdims=True)
            summed = summed * factor + values
        highest = risen
    assert total is not None  # there is a first block of keys
    output = summed / total
    residual = output @ Y - targets
    backward = residual @ xp.matrix_transpose(Y)
    return _Block(points, numbers, highest, total, output, residual, backward)


def _second_sweep(problem: Problem, block: _Block, totals: dict[str, Array], stop: int) -> Array:
    """Σ_j p_ij A2_j/d of a block, (b, d); what the block adds for the keys goes into ``totals``."""
    xp = problem.xp
    correction = xp.sum(block.backward * block.output, axis=1, keepdims=True)
    gradient = xp.zeros_like(block.points)
    for columns in _key_blocks(problem, stop):
        keys = _rows(problem, problem.A2, columns)
        scores = _scores(problem, block.points, block.numbers, keys, columns)
        f = xp.exp(scores - block.highest) / block.total
        q = block.backward @ xp.matrix_transpose(_rows(problem, problem.A3, columns))
        p = f * (q - correction)
        gradient = gradient + p @ keys
        if "A2" in totals:
            totals["A2"] = add_rows(totals["A2"], columns, xp.matrix_transpose(p) @ block.points)
        if "A3" in totals:
            totals["A3"] = add_rows(totals["A3"], columns, xp.matrix_transpose(f) @ block.backward)
    return gradient / problem.d


def _finite(loss: float) -> float:
    """The loss.

    Raises:
        UserInputError: it overflowed, or the scores did.
    """
    if not np.isfinite(loss):
        raise UserInputError(
            "the scores A1 X A2^T/d or the loss overflow float64; scale A1, A2 or X (or A3, Y or E) down"
        )
    return loss
