"""Small products on blocks whose rows are contiguous, in registers: what all kernels are made of.

A block is a (p, b) array, one column for each query or key, b a multiple of :func:`panel`; a register holds
neighbouring columns.  Each function below works through tiles of some rows and some registers of columns,
holding the tile in registers until its sums are complete.  They are written as LLVM's vectors, which any
processor has in some width: a loop of sums is vectorised by the compiler only where it may reorder them, and
then in no fixed order.  So a result depends on the processor's width, but on nothing else.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from proofcheck.numeric.kernels.compiling import compiled

__all__ = ["COLUMNS", "Emitter", "dot", "gather", "panel", "panel_of", "product"]


def _vector_bytes() -> int:
    """The width of a register on the processor that numba compiles for."""
    if numba.config.CPU_NAME:  # chosen by the user, who may name features too
        named = str(numba.config.CPU_FEATURES or "").split(",")
        features = {name[1:]: name.startswith("+") for name in named}
    else:
        features = dict(llvmlite.binding.get_host_cpu_features())
    return 64 if features.get("avx512f") else 32 if features.get("avx") else 16


_BYTES = _vector_bytes()
#: Registers of columns of a tile.
COLUMNS = 3
_MOST = 8 if _BYTES == 64 else 4  # rows of a tile: 24 sums in 32 registers, or 12 in 16


def panel(dtype: Any) -> int:
    """What the columns of a block are a multiple of."""
    return int(COLUMNS * _BYTES // np.dtype(dtype).itemsize)


N = types.intp


class Emitter:
    """Vectors of one type, in the function that is being built."""

    def __init__(self, context: Any, builder: Any, array: Any) -> None:
        self.context, self.builder = context, builder
        self.element = context.get_value_type(array.dtype)
        self.lanes = _BYTES // (4 if array.dtype == types.float32 else 8)
        self.size = _BYTES // self.lanes  # of an element: blocks need not be aligned to more
        self.vector = ir.VectorType(self.element, self.lanes)
        # a product and a sum in one operation where the processor has it
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fmuladd.v{self.lanes}{self.element.intrinsic_name}"
        self.madd = cgutils.get_or_insert_function(builder.module, kind, name)

    def data(self, array: Any, value: Any) -> Any:
        """The address of an array's first element."""
        return self.context.make_array(array)(self.context, self.builder, value).data

    def number(self, value: int) -> Any:
        """An offset or a count."""
        return ir.Constant(ir.IntType(64), value)

    def at(self, pointer: Any, *offsets: Any) -> Any:
        """An address some elements further on."""
        for offset in offsets:
            pointer = self.builder.gep(pointer, [offset])
        return pointer

    def load(self, pointer: Any) -> Any:
        """The vector at an address."""
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        return self.builder.load(pointer, align=self.size)

    def store(self, value: Any, pointer: Any) -> None:
        """Put a vector at an address."""
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        self.builder.store(value, pointer, align=self.size)

    def broadcast(self, pointer: Any) -> Any:
        """The element at an address, in every place of a vector."""
        one = self.builder.insert_element(
            ir.Constant(self.vector, ir.Undefined), self.builder.load(pointer), ir.Constant(ir.IntType(32), 0)
        )
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, one, mask)

    def constant(self, value: float) -> Any:
        """A number in every place of a vector."""
        return ir.Constant(self.vector, [value] * self.lanes)

    def steps(self, columns: int) -> list[Any]:
        """Where the registers of a tile begin, in elements."""
        return [self.number(column * self.lanes) for column in range(columns)]

    def places(self, values: list[Any]) -> list[Any]:
        """Places for vectors that change in a loop; the compiler puts them into registers."""
        found = []
        for value in values:
            place = cgutils.alloca_once(self.builder, self.vector)
            self.builder.store(value, place)
            found.append(place)
        return found

    def sums(self, rows: int, columns: int) -> list[list[Any]]:
        """Places for sums, each 0."""
        return [self.places([self.constant(0.0)] * columns) for _ in range(rows)]

    def multiply_add(self, left: Any, right: Any, addend: Any) -> Any:
        """The product and sum, rounded once or twice."""
        return self.builder.call(self.madd, [left, right, addend])

    def add_product(self, place: Any, left: Any, right: Any) -> None:
        """Add a product to what is in a place."""
        self.builder.store(self.multiply_add(left, right, self.builder.load(place)), place)

    def total(self, value: Any) -> Any:
        """The sum of a vector's elements: halves are added until one is left."""
        lanes, wide = self.lanes, value
        while lanes > 1:
            lanes //= 2
            index = ir.VectorType(ir.IntType(32), lanes)
            low = self.builder.shuffle_vector(wide, wide, ir.Constant(index, list(range(lanes))))
            high = self.builder.shuffle_vector(wide, wide, ir.Constant(index, list(range(lanes, 2 * lanes))))
            wide = self.builder.fadd(low, high)
        return self.builder.extract_element(wide, ir.Constant(ir.IntType(32), 0))


def _product_tile(rows: int) -> Any:
    @intrinsic
    def tile(typingctx, c, c0, ldc, a, a0, sp, sq, b, b0, ldb, terms):
        signature = types.void(c, N, N, a, N, N, N, b, N, N, N)

        def generate(context, builder, signature, args):
            emit = Emitter(context, builder, signature.args[7])
            _, c0, ldc, _, a0, sp, sq, _, b0, ldb, terms = args
            c, a, b = (emit.data(signature.args[i], args[i]) for i in (0, 3, 7))
            c, a, b = emit.at(c, c0), emit.at(a, a0), emit.at(b, b0)
            sums = emit.sums(rows, COLUMNS)
            steps = emit.steps(COLUMNS)
            with cgutils.for_range(builder, terms) as loop:
                line = emit.at(b, builder.mul(loop.index, ldb))
                loaded = [emit.load(emit.at(line, step)) for step in steps]
                factor = emit.at(a, builder.mul(loop.index, sq))
                for row in range(rows):
                    value = emit.broadcast(emit.at(factor, builder.mul(emit.number(row), sp)))
                    for column in range(COLUMNS):
                        emit.add_product(sums[row][column], value, loaded[column])
            for row in range(rows):
                line = emit.at(c, builder.mul(emit.number(row), ldc))
                for column in range(COLUMNS):
                    emit.store(builder.load(sums[row][column]), emit.at(line, steps[column]))
            return context.get_dummy_value()

        return signature, generate

    return tile


def _gather_tile(rows: int) -> Any:
    @intrinsic
    def tile(typingctx, c, c0, ldc, f, f0, ldf, w, t, t0, index, i0, ldi, terms):
        signature = types.void(c, N, N, f, N, N, w, t, N, index, N, N, N)

        def generate(context, builder, signature, args):
            emit = Emitter(context, builder, signature.args[3])
            _, c0, ldc, _, f0, ldf, _, _, t0, _, i0, ldi, terms = args
            c, f, w, t, index = (emit.data(signature.args[i], args[i]) for i in (0, 3, 6, 7, 9))
            c, f, t, index = emit.at(c, c0), emit.at(f, f0), emit.at(t, t0), emit.at(index, i0)
            sums = emit.sums(rows, COLUMNS)
            steps = emit.steps(COLUMNS)
            with cgutils.for_range(builder, terms) as loop:
                line = emit.at(f, builder.mul(loop.index, ldf))
                weight = emit.broadcast(emit.at(w, loop.index))
                loaded = [builder.fmul(weight, emit.load(emit.at(line, step))) for step in steps]
                for row in range(rows):
                    place = emit.at(index, builder.mul(emit.number(row), ldi), loop.index)
                    other = emit.at(t, builder.load(place))  # where the row begins
                    for column in range(COLUMNS):
                        emit.add_product(
                            sums[row][column], loaded[column], emit.load(emit.at(other, steps[column]))
                        )
            for row in range(rows):
                line = emit.at(c, builder.mul(emit.number(row), ldc))
                for column in range(COLUMNS):
                    emit.store(builder.load(sums[row][column]), emit.at(line, steps[column]))
            return context.get_dummy_value()

        return signature, generate

    return tile


def _dot_tile(rows: int, columns: int) -> Any:
    @intrinsic
    def tile(typingctx, out, o0, ldo, f, f0, ldf, g, g0, ldg, length):
        signature = types.void(out, N, N, f, N, N, g, N, N, N)

        def generate(context, builder, signature, args):
            emit = Emitter(context, builder, signature.args[3])
            _, o0, ldo, _, f0, ldf, _, g0, ldg, length = args
            out, f, g = (emit.data(signature.args[i], args[i]) for i in (0, 3, 6))
            out, f, g = emit.at(out, o0), emit.at(f, f0), emit.at(g, g0)
            sums = emit.sums(rows, columns)
            lefts = [emit.at(f, builder.mul(emit.number(row), ldf)) for row in range(rows)]
            rights = [emit.at(g, builder.mul(emit.number(column), ldg)) for column in range(columns)]
            with cgutils.for_range(builder, builder.sdiv(length, emit.number(emit.lanes))) as loop:
                place = builder.mul(loop.index, emit.number(emit.lanes))
                loaded = [emit.load(emit.at(right, place)) for right in rights]
                for row in range(rows):
                    left = emit.load(emit.at(lefts[row], place))
                    for column in range(columns):
                        emit.add_product(sums[row][column], left, loaded[column])
            for row in range(rows):
                line = emit.at(out, builder.mul(emit.number(row), ldo))
                for column in range(columns):
                    total = emit.total(builder.load(sums[row][column]))
                    if emit.element != ir.DoubleType():
                        total = builder.fpext(total, ir.DoubleType())
                    place = emit.at(line, emit.number(column))
                    builder.store(builder.fadd(builder.load(place), total), place)
            return context.get_dummy_value()

        return signature, generate

    return tile


_product8, _product4, _product2, _product1 = (_product_tile(min(rows, _MOST)) for rows in (8, 4, 2, 1))
_gather8, _gather4, _gather2, _gather1 = (_gather_tile(min(rows, _MOST)) for rows in (8, 4, 2, 1))
_dot83, _dot43, _dot23, _dot13 = (_dot_tile(min(rows, _MOST), 3) for rows in (8, 4, 2, 1))
_dot81, _dot41, _dot21, _dot11 = (_dot_tile(min(rows, _MOST), 1) for rows in (8, 4, 2, 1))


@compiled
def product(c, c0, a, a0, sp, sq, b, rows, terms, columns):
    """C[c0 + p, r] = Σ_q a[a0 + p·sp + q·sq] B[q, r] for p < rows, q < terms, r < columns.

    Args:
        c: two-dimensional and contiguous, as b; the dtype of all three.
        a: contiguous, addressed by element.
        columns: a multiple of :func:`panel`.
    """
    ldc, ldb = c.shape[1], b.shape[1]
    step = panel_of(c)
    for start in range(0, columns, step):
        p = 0
        while p + _MOST <= rows:
            _product8(c, (c0 + p) * ldc + start, ldc, a, a0 + p * sp, sp, sq, b, start, ldb, terms)
            p += _MOST
        if p + 4 <= rows:
            _product4(c, (c0 + p) * ldc + start, ldc, a, a0 + p * sp, sp, sq, b, start, ldb, terms)
            p += 4
        if p + 2 <= rows:
            _product2(c, (c0 + p) * ldc + start, ldc, a, a0 + p * sp, sp, sq, b, start, ldb, terms)
            p += 2
        if p < rows:
            _product1(c, (c0 + p) * ldc + start, ldc, a, a0 + p * sp, sp, sq, b, start, ldb, terms)


@compiled
def panel_of(block):
    """:func:`panel` of a block's dtype."""
    return COLUMNS * _BYTES // block.itemsize


@compiled
def gather(c, f, weights, t, index, rows, terms, columns):
    """C[l, r] = Σ_β weights[β] F[β, r] T[index[l, β], r] for l < rows, β < terms, r < columns.

    Args:
        c, f, t: two-dimensional and contiguous, as many columns in each; of the dtype of ``weights``.
        index: where rows of t begin, in elements: (rows, terms) or more, int64, contiguous.
        columns: a multiple of :func:`panel`.
    """
    ldc, ldf, ldi = c.shape[1], f.shape[1], index.shape[1]
    step = panel_of(c)
    for start in range(0, columns, step):
        p = 0
        while p + _MOST <= rows:
            _gather8(c, p * ldc + start, ldc, f, start, ldf, weights, t, start, index, p * ldi, ldi, terms)
            p += _MOST
        if p + 4 <= rows:
            _gather4(c, p * ldc + start, ldc, f, start, ldf, weights, t, start, index, p * ldi, ldi, terms)
            p += 4
        if p + 2 <= rows:
            _gather2(c, p * ldc + start, ldc, f, start, ldf, weights, t, start, index, p * ldi, ldi, terms)
            p += 2
        if p < rows:
            _gather1(c, p * ldc + start, ldc, f, start, ldf, weights, t, start, index, p * ldi, ldi, terms)


@compiled
def dot(out, o0, f, f0, g, rows, columns, length):
    """OUT[o0 + p, q] += Σ_{r < length} F[f0 + p, r] G[q, r] for p < rows, q < columns.

    Args:
        out: float64, two-dimensional and contiguous.
        f, g: of one dtype, two-dimensional and contiguous; the sum over r is kept in it.
        length: a multiple of :func:`panel`.
    """
    ldo, ldf, ldg = out.shape[1], f.shape[1], g.shape[1]
    q = 0
    while q < columns:
        wide = q + 3 <= columns
        p = 0
        while p < rows:
            o, s = (o0 + p) * ldo + q, (f0 + p) * ldf
            if p + _MOST <= rows:
                if wide:
                    _dot83(out, o, ldo, f, s, ldf, g, q * ldg, ldg, length)
                else:
                    _dot81(out, o, ldo, f, s, ldf, g, q * ldg, ldg, length)
                p += _MOST
            elif p + 4 <= rows:
                if wide:
                    _dot43(out, o, ldo, f, s, ldf, g, q * ldg, ldg, length)
                else:
                    _dot41(out, o, ldo, f, s, ldf, g, q * ldg, ldg, length)
                p += 4
            elif p + 2 <= rows:
                if wide:
                    _dot23(out, o, ldo, f, s, ldf, g, q * ldg, ldg, length)
                else:
                    _dot21(out, o, ldo, f, s, ldf, g, q * ldg, ldg, length)
                p += 2
            else:
                if wide:
                    _dot13(out, o, ldo, f, s, ldf, g, q * ldg, ldg, length)
                else:
                    _dot11(out, o, ldo, f, s, ldf, g, q * ldg, ldg, length)
                p += 1
        q += 3 if wide else 1
