r"""The fast gradient: near-linear time in n, working memory that does not depend on n.

With P ≈ exp on the range of the scores, f̃_ij = P(q_i·k_j)/α_i replaces the softmax; the k_j are centred
and both are scaled (:mod:`proofcheck.numeric.frame`).  Write g_j for row j of A3 (centred: ḡ is its mean).

*Forward.*  By (1) of :mod:`proofcheck.numeric.monomials`, with φ the monomials and ω their weights,

    α_i = Σ_j P(q_i·k_j) = (ω∘φ(q_i))·Σ_j φ(k_j),    α_i (o_i − ḡ) = (ω∘φ(q_i))·Σ_j φ(k_j) (g_j − ḡ)ᵀ,   (2)

and c_i = Yᵀ o_i − E_i, L = ½ Σ_i |c_i|².

*Backward.*  w_i = Y c_i is the derivative in o_i.  As in [P] Lemma C.7, with p̃_ij = f̃_ij (q̃_ij − r_i),

    dL/dq_i = Σ_j p̃_ij k_j = Σ_j P(q_i·k_j) (v_i·[1, g_j − ḡ]) k_j,    v_i = [−w_i·(o_i − ḡ), w_i]/α_i.   (3)

This is the reverse mode of Σ_j R(q_i·k_j) (v_i·[1, g_j − ḡ]) in q_i, for the antiderivative R of P: the
paper's f∘(q − r), with f from P.  Going back through the features of R needs one more degree, and a sweep
over them; but ∇_q R(q·k_j) = P(q·k_j) k_j has the features of P alone, so the sweep is done once, on the
moments, and not for each query:

    W = Σ_j φ(k_j) ⊗ [1, k_j] ⊗ [1, g_j − ḡ],    C(d+g, d) × (1+d)²,                                   (4)

holds what (2) and (3) need, and both sweeps over the rows are one monomial evaluation and one matrix
product.  In the keys the roles change: with Z = Σ_i φ(q_i) ⊗ v_i ⊗ [1, q_i],

    dL/dk_j = Σ_i p̃_ij q_i = (ω∘φ(k_j))·Z·[1, g_j − ḡ],     dL/dg_j = Σ_i f̃_ij w_i.                      (5)

Each term of Σ_j p̃_ij is exactly 0 in sum, so centring keys and values changes nothing in (3) and (5).

Nothing in (2) to (5) asks φ to be all monomials, or its points to be in the coordinates of the [1, k_j] and
[1, q_i] beside it: an :class:`~proofcheck.numeric.expansion.Expansion` has fewer, in coordinates of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import array_api_compat
import numpy as np

from proofcheck.namespaces.arrays import Array, is_writable
from proofcheck.numeric.axes import Axes
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.fast_totals import Basis, FastSolution, Totals, columns_of
from proofcheck.numeric.frame import Frame, keys_in, queries
from proofcheck.numeric.kernels import have_kernels
from proofcheck.numeric.monomials import Monomials, monomials
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["Stages", "by_kernels", "fast_block_rows", "fast_solution", "fast_stages"]

_CACHE_BYTES = 1 << 20  # features and products of one block: a usual second-level cache
_MOST_AMPLIFICATION = 32.0  # five bits
_DEVICE_BYTES = 1 << 27  # where a call costs more than its arithmetic, larger blocks pay


def fast_block_rows(problem: Problem, degree: int, block_dtype: Any, count: int | None = None) -> int:
    """Rows a block, such that its features stay in the cache (on a CPU) or fill the device.

    Args:
        problem: the inputs.
        degree: of the polynomial.
        block_dtype: of the features.
        count: how many there are, if not all monomials.
    """
    width = (monomials(problem.d, degree).count if count is None else count) + (1 + problem.d) ** 2
    on_host = array_api_compat.is_numpy_array(problem.A1) or "cpu" in str(problem.device).lower()
    budget = _CACHE_BYTES if on_host and is_writable(problem.A1) else _DEVICE_BYTES
    rows = budget // (width * problem.xp.finfo(block_dtype).bits // 8)
    most = 1024 if budget == _CACHE_BYTES else 1 << 16
    if problem.causal:  # within a block the cost is quadratic in its rows
        most = min(most, 256)
    return int(min(max(rows, 128), most))


def by_kernels(problem: Problem, axes: Axes | None) -> bool:
    """Whether compiled kernels find the solution, for monomials of these axes, or of the columns.

    They have gradients in the coordinates of the features; back from axes, these must not lose many digits.
    """
    turned = axes is not None and (problem.causal or not axes.amplification < _MOST_AMPLIFICATION)
    return not turned and have_kernels(problem)


def fast_solution(
    problem: Problem,
    wrt: tuple[str, ...],
    coefficients: tuple[float, ...],
    where: Frame,
    *,
    expansion: Expansion | None = None,
    block_dtype: Any = None,
    block_rows: int | None = None,
    sample: Sequence[int] = (),
    progress: Callable[[int], None] | None = None,
) -> FastSolution:
    """The loss and gradients with P(S)/Σ P(S) for the softmax; exact but for rounding, given P.

    Args:
        problem: the inputs.
        wrt: the variables, from :data:`~proofcheck.numeric.problem.VARIABLES`; may be empty.
        coefficients: a_0 … a_g of P.
        where: the coordinates to work in.
        expansion: the monomials to take, of degree at most g, and their coordinates; by default all, in
            those of ``where``.  P is then what they add up to, but within a block if causal.
        block_dtype: float32 or float64 of the array library, for features and products;
            sums over n are kept in float64 where there is one. By default the inputs' dtype.
        block_rows: rows a block.
        sample: numbers of queries, increasing, whose rows to keep.
        progress: called with the rows done since the last call; 2n in all, 3n for A2 or A3, and n less
            if causal.

    Returns:
        min_alpha is that of P(S').

    Raises:
        ApproximationError: some α_i is not positive, so that there is no f̃; or the loss or a gradient
            overflows.

    O(n C(d+g, d) (1+d)²) time; at most four times C(d+g, d) (1+d)² numbers of working memory, those of a
    block, and one n × (1+d) array where both ``causal`` and A2 or A3 are asked for; and the outputs.
    """
    if by_kernels(problem, None if expansion is None else expansion.axes):
        from proofcheck.numeric.kernels.fast_sweeps import fused_fast_solution

        return fused_fast_solution(
            problem,
            wrt,
            coefficients,
            where,
            expansion=expansion,
            block_dtype=block_dtype,
            block_rows=block_rows,
            sample=sample,
            progress=progress,
        )
    sweep = _Sweep.of(problem, wrt, coefficients, where, expansion, block_dtype, block_rows, sample, progress)
    # Scores too large for any polynomial overflow; then alpha is infinite or not a number, and refused.
    with np.errstate(over="ignore", invalid="ignore"):
        return sweep.run()


class Stages(Protocol):
    """The sweeps of the fast method one by one, for some rows of a problem that is not causal.

    The rows may be a part of all: the moments of all keys are the sum of those of the parts, and so are those
    of the queries.
    """

    def moments(self) -> Array:
        """(4): the moments of these keys."""
        ...

    def queries(self, moments: Array) -> tuple[FastSolution, Array]:
        """From the moments of all keys, what these queries add, and their moments Z of (5).

        The solution has loss, magnitudes, and gradients in X and Y in the dtype of the sums, all of these
        queries alone; and their rows of the gradient in A1.

        Raises:
            ApproximationError: as :func:`fast_solution` does.
        """
        ...

    def keys(self, moments: Array) -> dict[str, Array]:
        """(5): from Z of all queries, the rows of the gradients in A2 and A3."""
        ...


def fast_stages(
    problem: Problem,
    wrt: tuple[str, ...],
    coefficients: tuple[float, ...],
    where: Frame,
    *,
    block_dtype: Any = None,
    sample: Sequence[int] = (),
) -> Stages:
    """The sweeps for rows that may be some of more; arguments as those of :func:`fast_solution`."""
    if have_kernels(problem):
        from proofcheck.numeric.kernels.fast_sweeps import Sweeps

        return Sweeps(problem, wrt, coefficients, where, None, block_dtype, None, tuple(sample), None)
    return _Sweep.of(problem, wrt, coefficients, where, None, block_dtype, None, sample, None)


@dataclass(eq=False)
class _Sweep:
    """What the sweeps over blocks of rows share."""

    problem: Problem
    wrt: tuple[str, ...]
    features: Monomials
    coefficients: tuple[float, ...]
    weights: Array  # ω as a row, (1, count)
    rows: int
    sample: tuple[int, ...]
    progress: Callable[[int], None] | None
    basis: Basis
    axes: tuple[Array, Array] | None  # of the queries and of the keys, (d, r)
    buffer: Array | None

    @classmethod
    def of(
        cls,
        problem: Problem,
        wrt: tuple[str, ...],
        coefficients: tuple[float, ...],
        where: Frame,
        expansion: Expansion | None,
        block_dtype: Any,
        block_rows: int | None,
        sample: Sequence[int],
        progress: Callable[[int], None] | None,
    ) -> _Sweep:
        xp, device = problem.xp, problem.device
        dtype = problem.dtype if block_dtype is None else block_dtype
        degree = len(coefficients) - 1
        features = monomials(problem.d, degree) if expansion is None else expansion.monomials
        rows = min(block_rows or fast_block_rows(problem, degree, dtype, features.count), problem.n)

        def vector(elements: Array) -> Array:
            return xp.asarray(elements, dtype=problem.accumulator, device=device)

        buffer = None
        if is_writable(problem.X):
            buffer = xp.empty((features.count, rows), dtype=dtype, device=device)
        return cls(
            problem=problem,
            wrt=wrt,
            features=features,
            coefficients=coefficients,
            weights=vector(features.weights(coefficients)[None, :]),
            rows=rows,
            sample=tuple(sample),
            progress=progress,
            basis=Basis(vector(where.key_centre), vector(where.value_centre), vector(where.scale), dtype),
            axes=None if expansion is None else (vector(expansion.query_axes), vector(expansion.key_axes)),
            buffer=buffer,
        )

    def run(self) -> FastSolution:
        """All sweeps."""
        problem = self.problem
        totals = Totals(problem, self.wrt, self.basis, self.sample)
        backward = self._query_sweep(totals, None if problem.causal else self.moments())
        if "A2" in self.wrt or "A3" in self.wrt:
            self._key_sweep(totals, backward)
        return totals.solution(self.rows, self.features.count, problem.dtype)

    def moments(self) -> Array:
        """As :class:`Stages` has it."""
        row_gradient = self._row_gradient
        found = self._zeros(1 + self.problem.d if row_gradient else 1)
        for rows in row_blocks(self.problem.n, self.rows):
            found += self._key_moments(rows, row_gradient)
            self._report(rows)
        return found

    def queries(self, moments: Array) -> tuple[FastSolution, Array]:
        """As :class:`Stages` has it."""
        totals = Totals(self.problem, self.wrt, self.basis, self.sample)
        with np.errstate(over="ignore", invalid="ignore"):
            backward = self._query_sweep(totals, moments)
            return totals.solution(self.rows, self.features.count, self.problem.accumulator), backward

    def keys(self, moments: Array) -> dict[str, Array]:
        """As :class:`Stages` has it."""
        totals = Totals(self.problem, self.wrt, self.basis, ())
        with np.errstate(over="ignore", invalid="ignore"):
            self._key_sweep(totals, moments)
        return totals.rows_of("A2", "A3")

    @property
    def _row_gradient(self) -> bool:
        return "X" in self.wrt or "A1" in self.wrt

    def _query_sweep(self, totals: Totals, moments: Array | None) -> Array:
        """(2) and (3), from the moments of all keys, or, if causal, of those before the block; Z of (5)."""
        problem, xp, row_gradient = self.problem, self.problem.xp, self._row_gradient
        if moments is None:
            moments = self._zeros(1 + problem.d if row_gradient else 1)
        else:
            table = self._table(moments)
        key_gradient = "A2" in self.wrt or "A3" in self.wrt
        backward = self._zeros((1 + problem.d if "A2" in self.wrt else 1) if key_gradient else 0)
        for rows in row_blocks(problem.n, self.rows):
            points, turned = self._queries(rows)
            if problem.causal:
                table = self._table(moments)
            applied = table @ self._features(turned)
            if problem.causal:
                keys, turned_keys = self._keys(rows)
                outer = self._outer(keys, self._values(rows), row_gradient)
                applied += outer @ xp.matrix_transpose(self._within(points, keys))
                moments += self._features(turned_keys) @ xp.matrix_transpose(outer)
            cotangent = totals.add(rows, applied)
            if key_gradient and not problem.causal:
                outer = self._outer(points, cotangent, "A2" in self.wrt)
                backward += self._features(turned) @ xp.matrix_transpose(outer)
            self._report(rows)
        return backward

    def _key_sweep(self, totals: Totals, moments: Array) -> None:
        """(5): from the moments of all queries, or, if causal, of those after the block."""
        problem, xp = self.problem, self.problem.xp
        table = self._table(moments)
        for rows in reversed(list(row_blocks(problem.n, self.rows))):
            keys, turned = self._keys(rows)
            if problem.causal:
                table = self._table(moments)
            applied = table @ self._features(turned)
            if problem.causal:
                points, turned = self._queries(rows)
                outer = self._outer(points, totals.cotangent(rows), "A2" in self.wrt)
                applied += outer @ self._within(points, keys)
                moments += self._features(turned) @ xp.matrix_transpose(outer)
            totals.add_keys(rows, applied, self._values(rows))
            self._report(rows)

    def _zeros(self, groups: int) -> Array:
        """Sums for ``groups`` × (1+d) columns of moments."""
        shape = (self.features.count, groups * (1 + self.problem.d))
        return self.problem.xp.zeros(shape, dtype=self.problem.accumulator, device=self.problem.device)

    def _report(self, rows: slice) -> None:
        if self.progress is not None:
            self.progress(rows.stop - rows.start)

    def _queries(self, rows: slice) -> tuple[Array, Array]:
        """The scaled queries of a block as columns, (d, b), and those in the features, (r, b)."""
        block = queries(self.problem, rows) * self.basis.scale
        return self._turned(block, 0)

    def _keys(self, rows: slice) -> tuple[Array, Array]:
        """The same for the centred, scaled keys."""
        block = keys_in(self.problem, rows, self.basis.key_centre) / self.basis.scale
        return self._turned(block, 1)

    def _turned(self, block: Array, side: int) -> tuple[Array, Array]:
        points = self._columns(block)
        return points, points if self.axes is None else self._columns(block @ self.axes[side])

    def _values(self, rows: slice) -> Array:
        """[1, g_j − ḡ] of a block as columns, (1+d, b)."""
        xp, block = self.problem.xp, self.problem.xp.asarray(self.problem.A3[rows, :])
        values = xp.astype(block, self.problem.accumulator) - self.basis.value_centre
        return self._with_ones(self._columns(values))

    def _columns(self, block: Array) -> Array:
        return columns_of(block, self.problem.xp, self.basis.dtype)

    def _with_ones(self, columns: Array) -> Array:
        xp = self.problem.xp
        return xp.concat([xp.ones_like(columns[:1, :]), columns], axis=0)

    def _outer(self, points: Array, factors: Array, with_points: bool) -> Array:
        """[1, x] ⊗ factors by column, ((1+d)(1+d), b); without the points the factors alone."""
        if not with_points:
            return factors
        points = self._with_ones(points)
        product = points[:, None, :] * factors[None, :, :]
        return self.problem.xp.reshape(product, (-1, points.shape[1]))

    def _features(self, points: Array) -> Array:
        return self.features.evaluate(points, self.buffer)

    def _key_moments(self, rows: slice, row_gradient: bool) -> Array:
        keys, turned = self._keys(rows)
        outer = self._outer(keys, self._values(rows), row_gradient)
        return self._features(turned) @ self.problem.xp.matrix_transpose(outer)

    def _table(self, moments: Array) -> Array:
        """The weighted moments as rows, in the dtype of the products."""
        xp = self.problem.xp
        return xp.astype(xp.matrix_transpose(moments) * self.weights, self.basis.dtype, copy=False)

    def _within(self, points: Array, keys: Array) -> Array:
        """P(S) of a block's queries and its own keys, 0 where the key comes after the query."""
        xp = self.problem.xp
        scores = xp.matrix_transpose(points) @ keys
        value = xp.full_like(scores, self.coefficients[-1])
        for coefficient in reversed(self.coefficients[:-1]):
            value = value * scores + coefficient
        return xp.tril(value)
