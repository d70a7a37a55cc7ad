"""The fast method on NumPy arrays by compiled kernels: what :mod:`proofcheck.numeric.fast` computes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.fast_totals import FastSolution, SampledRows, refuse_overflow, refused_alpha
from proofcheck.numeric.frame import Frame
from proofcheck.numeric.kernels.fast_rows import key_gradients, key_moments, query_moments, query_rows
from proofcheck.numeric.kernels.plan import Plan, plan
from proofcheck.numeric.kernels.threads import in_order
from proofcheck.numeric.kernels.tiles import panel
from proofcheck.numeric.kernels.views import view
from proofcheck.numeric.magnitudes import Magnitudes
from proofcheck.numeric.monomials import monomials
from proofcheck.numeric.problem import Problem, row_blocks

__all__ = ["Sweeps", "fused_fast_solution"]

Floats = NDArray[Any]

_KEY_BYTES = 1 << 19  # features of a block of keys: half of a usual second-level cache
_QUERY_BYTES = 1 << 18  # of a block of queries, and T of (12)
_MOST_COLUMNS = 768
_PART_ROWS = (1024, 8192)  # of the work for a thread at a time


def fused_fast_solution(
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
    """As :func:`~proofcheck.numeric.fast.fast_solution`, for NumPy arrays.

    The kernels have one set of coordinates.  With an expansion these are its axes, as many as columns: X R_q
    stands for X, and (A2 − m) R_k for A2; the gradients in q and k are turned back by R_qᵀ and R_kᵀ.
    """
    return Sweeps(
        problem, wrt, coefficients, where, expansion, block_dtype, block_rows, tuple(sample), progress
    ).run()


@dataclass(eq=False)
class _Part:
    """What some queries add to the sums: see :func:`~proofcheck.numeric.kernels.fast_rows.query_rows`."""

    positive: bool
    backward: Floats
    kept: Floats
    sums: Floats
    most: Floats
    alphas: Floats


class Sweeps:
    """What the sweeps share; as :class:`~proofcheck.numeric.fast.Stages` they can be run one by one."""

    def __init__(
        self,
        problem: Problem,
        wrt: tuple[str, ...],
        coefficients: tuple[float, ...],
        where: Frame,
        expansion: Expansion | None,
        block_dtype: Any,
        block_rows: int | None,
        sample: tuple[int, ...],
        progress: Callable[[int], None] | None,
    ) -> None:
        n, d = problem.n, problem.d
        self.problem, self.wrt, self.where, self.sample, self.progress = problem, wrt, where, sample, progress
        self.dtype = np.dtype(problem.dtype if block_dtype is None else block_dtype)
        features = monomials(d, len(coefficients) - 1) if expansion is None else expansion.monomials
        self.plan: Plan = plan(d, features.degree) if expansion is None else expansion.plan
        self.weights = features.weights(coefficients)
        size, step = self.dtype.itemsize, panel(self.dtype)
        columns = _QUERY_BYTES // ((self.plan.count + self.plan.full) * size)
        self.query_block = min(max(columns // step, 1), _MOST_COLUMNS // step // 4) * step
        columns = min(_KEY_BYTES // (self.plan.count * size), _MOST_COLUMNS)
        self.key_block = max(columns // self.query_block, 1) * self.query_block
        if block_rows is None:
            least, most = _PART_ROWS
            wanted = min(max(-(-n // 16), least), most)
            self.part_rows = max(wanted // self.key_block, 1) * self.key_block
        else:
            self.part_rows = block_rows
            self.key_block = self.query_block = min(self.query_block, -(-min(block_rows, n) // step) * step)
        self.block_rows = min(self.part_rows, max(self.key_block, self.query_block), n)
        self.row_gradient = "X" in wrt or "A1" in wrt
        self.key_gradient = "A2" in wrt or "A3" in wrt
        self.narrow_weights = self.weights.astype(self.dtype)
        self.coefficients = np.array(coefficients, dtype=self.dtype)
        self.index = self.plan.raised * self.query_block
        self.X, self.Y = (view(array, slice(0, d), np.float64) for array in (problem.X, problem.Y))
        self.turn: tuple[Floats, Floats] | None = None  # R_q and R_k, in the columns of X and A2
        self.scale, self.key_centre = where.scale, where.key_centre
        if expansion is not None:
            scale = where.scale[:, None]
            self.turn = (expansion.axes.query * scale, expansion.axes.key / scale)
            self.X = np.ascontiguousarray(self.X @ self.turn[0])
            self.scale, self.key_centre = np.ones(d), np.zeros(d)
        kept = n if problem.causal and self.key_gradient else 0
        self.cotangents = np.zeros((kept, 1 + d), dtype=self.dtype)
        self.outputs = {
            name: np.zeros((n, d), dtype=problem.dtype) for name in wrt if name in ("A1", "A2", "A3")
        }

    def run(self) -> FastSolution:
        """All sweeps."""
        total, kept = self._query_sweep(self._for_queries())
        if self.key_gradient:
            self._key_sweep(total.backward)
        return self._solution(total, kept, self.problem.dtype)

    def moments(self) -> Floats:
        """The moments of all keys, if not causal."""
        features = self.plan.full if self.row_gradient else self.plan.count
        found = np.zeros((features, 1 + self.problem.d))
        for rows, some in in_order(self._key_moments, self._parts(), self._operations(features)):
            found += some
            self._report(rows)
        return found

    def _operations(self, features: int) -> int:
        """Of a sweep whose products have so many features, as threads are started for them."""
        return self.problem.n * (1 + self.problem.d) * features

    def queries(self, moments: Floats) -> tuple[FastSolution, Floats]:
        """What the queries find from moments of keys, sums over them in float64; and their own moments."""
        total, kept = self._query_sweep(self._with_tables(moments, self.row_gradient))
        return self._solution(total, kept, np.float64), total.backward

    def keys(self, moments: Floats) -> dict[str, Floats]:
        """The gradients in A2 and A3 from moments of queries."""
        self._key_sweep(moments)
        return {name: self.outputs[name] for name in ("A2", "A3") if name in self.outputs}

    def _key_sweep(self, moments: Floats) -> None:
        operations = self._operations(self.plan.count + self.plan.full)
        for rows in in_order(self._key_gradients, self._for_keys(moments), operations):
            self._report(rows)

    def _query_sweep(
        self, given: Iterator[tuple[slice, Floats, Floats, Floats]]
    ) -> tuple[_Part, list[Floats]]:
        total: _Part | None = None
        kept: list[Floats] = []
        operations = self._operations(self.plan.count + self.plan.full)
        for rows, part in in_order(self._query_rows, given, operations):
            if not part.positive:
                raise refused_alpha(float(part.alphas[0]), float(part.alphas[1]))
            if len(part.kept):
                kept.append(part.kept)
            if total is None:
                total = part
            else:
                total.backward += part.backward
                total.sums += part.sums
                total.most = np.maximum(total.most, part.most)
                total.alphas[0] = min(total.alphas[0], part.alphas[0])
                total.alphas[2] = max(total.alphas[2], part.alphas[2])
            self._report(rows)
        assert total is not None  # there is a row
        return total, kept

    def _for_queries(self) -> Iterator[tuple[slice, Floats, Floats, Floats]]:
        """For each part the tables of the moments of its keys, and, if causal, those before it."""
        if not self.problem.causal:
            yield from self._with_tables(self.moments(), self.row_gradient)
            return
        features = self.plan.full if self.row_gradient else self.plan.count
        moments, operations = np.zeros((features, 1 + self.problem.d)), self._operations(features)
        for rows, some in in_order(self._key_moments, self._parts(), operations):
            yield rows, *self._prepared(moments, self.row_gradient), moments.copy()
            moments += some

    def _for_keys(self, moments: Floats) -> Iterator[tuple[slice, Floats, Floats, Floats]]:
        """For each part the tables of the moments of its queries, and, if causal, those after it."""
        with_points = "A2" in self.wrt
        if self.problem.causal:
            features = self.plan.full if with_points else self.plan.count
            moments, operations = np.zeros((features, 1 + self.problem.d)), self._operations(features)
            backwards = reversed(list(self._parts()))
            for rows, some in in_order(self._query_moments, backwards, operations):
                yield rows, *self._prepared(moments, with_points), moments.copy()
                moments += some
            return
        yield from self._with_tables(moments, with_points)

    def _with_tables(
        self, moments: Floats, with_points: bool
    ) -> Iterator[tuple[slice, Floats, Floats, Floats]]:
        """For each part the tables of the same moments."""
        prepared = self._prepared(moments, with_points)
        for rows in self._parts():
            yield rows, *prepared, moments[:0]

    def _parts(self) -> Iterator[slice]:
        return row_blocks(self.problem.n, self.part_rows)

    def _keys(self, rows: slice) -> Floats:
        """Rows of A2, or what stands for them."""
        if self.turn is None:
            return view(self.problem.A2, rows)
        centred = self.problem.A2[rows] - self.where.key_centre
        return np.ascontiguousarray(centred @ self.turn[1], dtype=self.dtype)

    def _report(self, rows: slice) -> None:
        if self.progress is not None:
            self.progress(rows.stop - rows.start)

    def _prepared(self, moments: Floats, with_points: bool) -> tuple[Floats, Floats]:
        """ω times the moments of degree at most g, and all moments, in the dtype of products."""
        count = self.plan.count
        with np.errstate(over="ignore", invalid="ignore"):
            table = (moments[:count] * self.weights[:, None]).astype(self.dtype)
            return table, (moments if with_points else moments[:0]).astype(self.dtype)

    def _key_moments(self, rows: slice) -> tuple[slice, Floats]:
        plan, where = self.plan, self.where
        out = np.zeros((plan.full if self.row_gradient else plan.count, 1 + self.problem.d))
        key_moments(
            self._keys(rows),
            view(self.problem.A3, rows),
            self.key_centre,
            self.scale,
            where.value_centre,
            self.narrow_weights,
            plan.steps,
            plan.top,
            self.row_gradient,
            self.key_block,
            out,
        )
        return rows, out

    def _query_moments(self, rows: slice) -> tuple[slice, Floats]:
        plan, with_points = self.plan, "A2" in self.wrt
        out = np.zeros((plan.full if with_points else plan.count, 1 + self.problem.d))
        query_moments(
            view(self.problem.A1, rows),
            self.X,
            self.scale,
            self.cotangents[rows],
            self.narrow_weights,
            plan.steps,
            plan.top,
            with_points,
            self.key_block,
            out,
        )
        return rows, out

    def _query_rows(self, given: tuple[slice, Floats, Floats, Floats]) -> tuple[slice, _Part]:
        rows, table, moments, running = given
        plan, problem, where, d = self.plan, self.problem, self.where, self.problem.d
        first, last = bisect_left(self.sample, rows.start), bisect_left(self.sample, rows.stop)
        keep = np.array(self.sample[first:last], dtype=np.int64) - rows.start
        size = 0
        if self.key_gradient and not problem.causal:
            size = plan.full if "A2" in self.wrt else plan.count
        part = _Part(
            positive=False,
            backward=np.zeros((size, 1 + d)),
            kept=np.zeros((len(keep), 4 * d + 1)),
            sums=np.zeros((3 * d + 3, 1 + d)),
            most=np.zeros((2, d)),
            alphas=np.array([np.inf, -np.inf, 0.0]),
        )
        part.positive = query_rows(
            view(problem.A1, rows),
            view(problem.E, rows),
            self.X,
            self.Y,
            self.scale,
            where.value_centre,
            self.narrow_weights,
            table,
            moments,
            plan.steps,
            plan.top,
            self.index,
            self.query_block,
            part.backward,
            "A2" in self.wrt,
            keep,
            part.kept,
            self._output("A1", rows),
            part.sums,
            part.most,
            part.alphas,
            running,
            view(problem.A2, rows),
            view(problem.A3, rows),
            self.key_centre,
            self.coefficients,
            rows.start if problem.causal else problem.n,
            self.cotangents[rows],
        )
        return rows, part

    def _key_gradients(self, given: tuple[slice, Floats, Floats, Floats]) -> slice:
        rows, table, moments, running = given
        plan, where = self.plan, self.where
        found = self._output("A2", rows)
        out = found if self.turn is None else np.zeros(found.shape)
        key_gradients(
            self._keys(rows),
            view(self.problem.A3, rows),
            self.key_centre,
            self.scale,
            where.value_centre,
            self.narrow_weights,
            table,
            moments,
            plan.steps,
            plan.top,
            self.index,
            self.query_block,
            out,
            self._output("A3", rows),
            running,
            view(self.problem.A1, rows),
            self.X,
            self.cotangents[rows],
            self.coefficients,
        )
        if self.turn is not None:
            found[:] = out @ self.turn[1].T
        return rows

    def _output(self, name: str, rows: slice) -> Floats:
        """Where to write these rows of a gradient, or no rows."""
        if name not in self.outputs:
            return np.zeros((0, self.problem.d), dtype=self.problem.dtype)
        return self.outputs[name][rows]

    def _solution(self, total: _Part, kept: list[Floats], dtype: Any) -> FastSolution:
        """The sums, those in X and Y rounded to a dtype."""
        d, sums, least = self.problem.d, total.sums, float(total.alphas[0])
        back = np.eye(d) if self.turn is None else self.turn[0].T
        found = {"X": sums[:d, :d] @ back / d, "Y": sums[d : 2 * d, :d], **self.outputs}
        loss = float(sums[3 * d + 2, 0])
        with np.errstate(over="ignore"):
            gradients = {
                name: found[name].astype(dtype if name in ("X", "Y") else self.problem.dtype, copy=False)
                for name in self.wrt
            }
        refuse_overflow(loss, gradients, np)
        sampled = None
        if kept:
            rows = np.concatenate(kept)
            sampled = SampledRows(
                self.sample,
                output=rows[:, :d],
                residual=rows[:, d : 2 * d],
                gradient=rows[:, 3 * d + 1 :] @ back if self.row_gradient else None,
                cotangent=rows[:, 2 * d : 3 * d + 1],
            )
        magnitudes = Magnitudes(
            queries=sums[2 * d : 3 * d, 0],
            products=sums[2 * d : 3 * d, 1:],
            residuals=sums[3 * d, :d],
            backward=sums[3 * d + 1, :d],
            most_residual=total.most[0],
            most_backward=total.most[1],
            keys_over_weight=float(total.alphas[2]),
            inverse_weight=1 / least,
        )
        return FastSolution(
            loss=loss,
            gradients=gradients,
            min_alpha=least,
            most_residual=float(magnitudes.most_residual.max()),
            magnitudes=magnitudes,
            sampled=sampled,
            block_rows=self.block_rows,
            features=self.plan.count,
        )
