"""Which number is it?  Factors that gradients go wrong by: small fractions, and sizes of the arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["recognised"]

# A measured factor is known about this well; the next simple number is much farther away.
_CLOSE = 1e-6


def recognised(ratio: float, shapes: Sequence[tuple[int, ...]]) -> tuple[float | None, str]:
    """The simple number that a measured ratio is, and its name; None and digits if it is none.

    Args:
        ratio: as measured.
        shapes: of the inputs: their sizes, products, squares and roots are looked for too.
    """
    for value, words in _candidates(shapes):
        for sign in (1, -1):
            if abs(ratio - sign * value) <= _CLOSE * value:
                return sign * value, words if sign > 0 else f"-{words}"
    return None, f"{ratio:.10g}"


def _candidates(shapes: Sequence[tuple[int, ...]]) -> list[tuple[float, str]]:
    found = [(1.0, "1")]
    found += [(float(k), str(k)) for k in range(2, 13)] + [(1.0 / k, f"1/{k}") for k in range(2, 13)]
    sizes = {size for shape in shapes for size in shape if size > 1}
    sizes |= {math.prod(shape) for shape in shapes if math.prod(shape) > 1}
    for size in sorted(sizes):
        found += [(float(size), f"{size} (a size)"), (1.0 / size, f"1/{size} (one over a size)")]
        root = math.sqrt(size)
        found += [
            (root, f"√{size}"),
            (1 / root, f"1/√{size}"),
            (2.0 * size, f"2·{size}"),
            (2.0 / size, f"2/{size}"),
        ]
        found += [(0.5 * size, f"{size}/2"), (float(size) ** 2, f"{size}²"), (1.0 / size**2, f"1/{size}²")]
    found += [
        (math.sqrt(2), "√2"),
        (1 / math.sqrt(2), "1/√2"),
        (math.pi, "π"),
        (2 * math.pi, "2π"),
        (1 / math.pi, "1/π"),
    ]
    found += [
        (1 / (2 * math.pi), "1/(2π)"),
        (math.sqrt(2 * math.pi), "√(2π)"),
        (1 / math.sqrt(2 * math.pi), "1/√(2π)"),
    ]
    found += [
        (math.log(2), "ln 2"),
        (1 / math.log(2), "1/ln 2"),
        (math.log(10), "ln 10"),
        (1 / math.log(10), "1/ln 10"),
    ]
    found += [(p / q, f"{p}/{q}") for q in range(2, 10) for p in range(2, 10) if math.gcd(p, q) == 1]
    return found
