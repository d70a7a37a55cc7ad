r"""e^x in float64, in operations that go on whole registers: no table, no call, no branch.

x = k ln 2 + r with k the integer next to x/ln 2, so |r| ≤ ln 2/2 but for rounding, and e^x = 2^k e^r.
k ln 2 is subtracted in two parts (Cody & Waite 1980), of which the first has 42 bits, so that k times it is
exact.  e^r is a polynomial of degree 11, interpolated in Chebyshev's points; its coefficients, rounded, leave
a relative error below 0.16 u on |r| ≤ 0.3466, with u = 2^{-53}.

*Error.*  r errs by at most 2^{-55}, 0.25 u of e^r, where a product and a sum round once, and by twice that
where they round twice.  Horner's scheme ends with 1 + r s, where |r s| ≤ 0.42 e^r: its last step brings u, or
1.42 u, and the error of s, below 2.5 u or 3.5 u, at most 1.05 u or 1.5 u.  The scaling by 2^k is exact.
That is below 2.5 u, or, rounding twice, 3.6 u: :data:`ULPS` times u covers both.  Below −708 the result is 0,
where e^x < 3.4e-308; a NaN stays one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from proofcheck.numeric.kernels.compiling import compiled
from proofcheck.numeric.kernels.tiles import COLUMNS, Emitter, panel_of

__all__ = ["ULPS", "raise_highest", "weigh", "weigh_rows", "weigh_slopes"]

_N = types.intp

#: The relative error of e^x at most, in units of 2^-53.
ULPS = 4

_PER_LOG_2 = 1.4426950408889634
_LOG_2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")
_LOG_2_LOW = float.fromhex("0x1.ef35793c76730p-45")
_LEAST = -708.0
# Adding it rounds to an integer, which is then in the lowest bits.
_ROUNDER = 1.5 * 2.0**52
# Of 1, r, r², …
_COEFFICIENTS = tuple(
    float.fromhex(digits)
    for digits in (
        "0x1p+0",
        "0x1p+0",
        "0x1.0000000000011p-1",
        "0x1.555555555555ap-3",
        "0x1.555555554f0cep-5",
        "0x1.111111110f225p-7",
        "0x1.6c16c187fbeb1p-10",
        "0x1.a01a01b1437fbp-13",
        "0x1.a01991ac69d18p-16",
        "0x1.71ddf5748b00cp-19",
        "0x1.28b4059a6fc39p-22",
        "0x1.af631d21c7c3ap-26",
    )
)


def _exponential(emit: Emitter, x: Any) -> Any:
    """e^x of a vector."""
    builder, bits = emit.builder, ir.VectorType(ir.IntType(64), emit.lanes)

    def integers(value: int) -> Any:
        return ir.Constant(bits, [value] * emit.lanes)

    rounder = emit.constant(_ROUNDER)
    rounded = emit.multiply_add(x, emit.constant(_PER_LOG_2), rounder)
    k = builder.fsub(rounded, rounder)
    r = emit.multiply_add(k, emit.constant(-_LOG_2_HIGH), x)
    r = emit.multiply_add(k, emit.constant(-_LOG_2_LOW), r)
    value = emit.constant(_COEFFICIENTS[-1])
    for coefficient in reversed(_COEFFICIENTS[:-1]):
        value = emit.multiply_add(value, r, emit.constant(coefficient))
    # 2^k by its bits: those of the rounder end in zeros, which k was added to, and the rest is shifted out.
    exponent = builder.shl(builder.add(builder.bitcast(rounded, bits), integers(1023)), integers(52))
    value = builder.fmul(value, builder.bitcast(exponent, emit.vector))
    return builder.select(builder.fcmp_ordered("<", x, emit.constant(_LEAST)), emit.constant(0.0), value)


@intrinsic
def _highest_tile(typingctx, block, start, width, rows, risen):
    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature.args[0])
        block, risen = (emit.data(signature.args[i], args[i]) for i in (0, 4))
        _, start, width, rows, _ = args
        steps = emit.steps(COLUMNS)
        places = emit.places([emit.load(emit.at(risen, start, step)) for step in steps])
        with cgutils.for_range(builder, rows) as loop:
            line = emit.at(block, start, builder.mul(loop.index, width))
            for step, place in zip(steps, places, strict=True):
                score, before = emit.load(emit.at(line, step)), builder.load(place)
                higher = builder.fcmp_ordered(">", score, before)
                builder.store(builder.select(higher, score, before), place)
        for step, place in zip(steps, places, strict=True):
            emit.store(builder.load(place), emit.at(risen, start, step))
        return context.get_dummy_value()

    return types.void(block, _N, _N, _N, risen), generate


@intrinsic
def _weigh_tile(typingctx, block, start, width, rows, shift, total):
    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature.args[0])
        block, shift, total = (emit.data(signature.args[i], args[i]) for i in (0, 4, 5))
        _, start, width, rows, _, _ = args
        steps = emit.steps(COLUMNS)
        shifts = [emit.load(emit.at(shift, start, step)) for step in steps]
        sums = emit.places([emit.constant(0.0)] * COLUMNS)
        with cgutils.for_range(builder, rows) as loop:
            line = emit.at(block, start, builder.mul(loop.index, width))
            for step, by, place in zip(steps, shifts, sums, strict=True):
                weight = _exponential(emit, builder.fsub(emit.load(emit.at(line, step)), by))
                emit.store(weight, emit.at(line, step))
                builder.store(builder.fadd(builder.load(place), weight), place)
        for step, place in zip(steps, sums, strict=True):
            emit.store(builder.load(place), emit.at(total, start, step))
        return context.get_dummy_value()

    return types.void(block, _N, _N, _N, shift, total), generate


@intrinsic
def _slopes_tile(typingctx, block, start, width, rows, shift, slopes, less):
    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature.args[0])
        block, shift, slopes, less = (emit.data(signature.args[i], args[i]) for i in (0, 4, 5, 6))
        _, start, width, rows, *_ = args
        steps = emit.steps(COLUMNS)
        shifts = [emit.load(emit.at(shift, start, step)) for step in steps]
        lesser = [emit.load(emit.at(less, start, step)) for step in steps]
        with cgutils.for_range(builder, rows) as loop:
            offset = builder.mul(loop.index, width)
            line, slope = emit.at(block, start, offset), emit.at(slopes, start, offset)
            for step, by, minus in zip(steps, shifts, lesser, strict=True):
                weight = _exponential(emit, builder.fsub(emit.load(emit.at(line, step)), by))
                factor = builder.fsub(emit.load(emit.at(slope, step)), minus)
                emit.store(builder.fmul(weight, factor), emit.at(line, step))
        return context.get_dummy_value()

    return types.void(block, _N, _N, _N, shift, slopes, less), generate


@intrinsic
def _rows_tile(typingctx, block, start, width, rows, shift, factor, first):
    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature.args[0])
        block, shift, factor = (emit.data(signature.args[i], args[i]) for i in (0, 4, 5))
        _, start, width, rows, _, _, first = args
        steps = emit.steps(COLUMNS)
        with cgutils.for_range(builder, rows) as loop:
            line = emit.at(block, start, builder.mul(loop.index, width))
            by = emit.broadcast(emit.at(shift, first, loop.index))
            times = emit.broadcast(emit.at(factor, first, loop.index))
            for step in steps:
                weight = _exponential(emit, builder.fsub(emit.load(emit.at(line, step)), by))
                emit.store(builder.fmul(weight, times), emit.at(line, step))
        return context.get_dummy_value()

    return types.void(block, _N, _N, _N, shift, factor, _N), generate


# Blocks are float64, two-dimensional and contiguous, their width a multiple of a panel; vectors are as long.


@compiled
def raise_highest(block, rows, risen):
    """Let risen[r] be the largest of itself and of block[j, r] for j < rows; a NaN is none."""
    for start in range(0, block.shape[1], panel_of(block)):
        _highest_tile(block, start, block.shape[1], rows, risen)


@compiled
def weigh(block, rows, shift, total):
    """block[j, r] ← e^(block[j, r] − shift[r]) for j < rows, and total[r] their sum over j."""
    for start in range(0, block.shape[1], panel_of(block)):
        _weigh_tile(block, start, block.shape[1], rows, shift, total)


@compiled
def weigh_slopes(block, rows, shift, slopes, less):
    """block[j, r] ← e^(block[j, r] − shift[r]) (slopes[j, r] − less[r]) for j < rows; slopes is as wide."""
    for start in range(0, block.shape[1], panel_of(block)):
        _slopes_tile(block, start, block.shape[1], rows, shift, slopes, less)


@compiled
def weigh_rows(block, rows, shift, factor, first):
    """block[i, r] ← e^(block[i, r] − shift[first + i]) factor[first + i] for i < rows."""
    for start in range(0, block.shape[1], panel_of(block)):
        _rows_tile(block, start, block.shape[1], rows, shift, factor, first)
