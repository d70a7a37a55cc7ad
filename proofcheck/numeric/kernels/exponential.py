r"""e^x in float64, in operations that a compiler can do on whole registers: no table, no call, no branch.

x = k ln 2 + r with k the integer next to x/ln 2, so |r| ≤ ln 2/2 but for rounding, and e^x = 2^k e^r.  k ln 2 is
subtracted in two parts (Cody & Waite 1980), of which the first has 42 bits, so that k times it is exact.  e^r is
a polynomial of degree 11, interpolated in Chebyshev's points; its coefficients, rounded, leave a relative
error below 0.16 u on |r| ≤ 0.3466, u = 2^{-53}.

*Error.*  With a product and a sum in one rounding, r errs by 2^{-55} at most, 0.25 u of e^r; Horner's last step
1 + r·s rounds once, and s, of relative error below 2.1 u, moves it by |r s|/e^r · 2.1 u ≤ 0.87 u at most (r s/e^r is
largest in size at r = −ln 2/2, where it is 0.42); the scaling by 2^k is exact.  That is below 2.3 u in all.  Where the
processor rounds twice, one rounding of r·s and one of the second part are added: below 3.2 u.  Below −708 the result is 0
where e^x < 3.4e-308; a NaN stays one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from proofcheck.numeric.kernels.compiling import compiled

__all__ = ["exponential"]

_PER_LOG_2 = 1.4426950408889634
_LOG_2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")
_LOG_2_LOW = float.fromhex("0x1.ef35793c76730p-45")
_LEAST = -708.0
# Adding it rounds to an integer, which is then in the lowest bits.
_ROUNDER = 1.5 * 2.0**52
# Of 1, r, r², …
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11 = (
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


@intrinsic
def _power_of_two(typingctx: Any, rounded: Any) -> Any:
    """2^k from k + the rounder, by its bits, for −1022 ≤ k ≤ 1023."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = ir.IntType(64)
        number = builder.bitcast(args[0], bits)
        exponent = builder.shl(builder.add(number, ir.Constant(bits, 1023)), ir.Constant(bits, 52))
        return builder.bitcast(exponent, ir.DoubleType())

    return types.float64(types.float64), generate


@compiled
def exponential(x):  # type: ignore[no-untyped-def]
    """e^x for a float64 x ≤ 709, within 4 u relatively; 0 for x < −708."""
    rounded = x * _PER_LOG_2 + _ROUNDER
    k = rounded - _ROUNDER
    r = x - k * _LOG_2_HIGH
    r = r - k * _LOG_2_LOW
    s = _C10 + r * _C11
    s = _C9 + r * s
    s = _C8 + r * s
    s = _C7 + r * s
    s = _C6 + r * s
    s = _C5 + r * s
    s = _C4 + r * s
    s = _C3 + r * s
    s = _C2 + r * s
    s = _C1 + r * s
    value = (_C0 + r * s) * _power_of_two(rounded)
    return 0.0 if x < _LEAST else value
