"""Rows of bits: how they are validated and stored, and all inner products of two sets of them by blocks."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError

__all__ = [
    "BLOCK",
    "Bits",
    "TooLargeError",
    "frozen_bits",
    "frozen_sides",
    "is_pair",
    "product_blocks",
    "refuse_beyond",
]

Bits = NDArray[np.uint8]

#: Rows of a side that are multiplied at once: 4 MiB of float32 for a block of products.
BLOCK = 1024
# Entries of a side that are held as floats at once, so that long rows take fewer of them: 64 MiB.
_ENTRIES = 1 << 24
# Integers up to here are float32 numbers, and so is every partial sum of an inner product.
_EXACT = 1 << 24


class TooLargeError(UserInputError):
    """What is asked for takes more memory than is allowed; nothing was allocated."""


def refuse_beyond(needed: int, max_bytes: int, what: str) -> None:
    """Refuse what takes too much memory.

    Raises:
        TooLargeError: more than ``max_bytes`` are needed; the message has both numbers.
    """
    if needed > max_bytes:
        # Python refuses to write integers of thousands of digits.
        shown = str(needed) if needed < 1 << 128 else f"at least 2^{needed.bit_length() - 1}"
        raise TooLargeError(
            f"{what} needs {shown} bytes; at most max_bytes = {max_bytes} are allowed: "
            "choose a smaller instance or a larger max_bytes"
        )


def frozen_bits(rows: Any, name: str) -> Bits:
    """The rows as a read-only matrix of uint8.

    An array that is this already and owns its memory is taken as it is; everything else is copied, so that
    nothing the caller holds can change the result.

    Args:
        rows: (N, m) booleans or integers, all 0 or 1, N ≥ 1 and m ≥ 1.
        name: for messages.

    Raises:
        UserInputError: they are something else.
    """
    try:
        array = np.asarray(rows)
    except ValueError as error:  # of rows that differ in length
        raise UserInputError(f"{name} is no matrix: {error}; expected rows of one length") from error
    if array.ndim != 2 or 0 in array.shape:
        raise UserInputError(f"{name} has shape {array.shape}; expected (N, m) with N and m at least 1")
    if array.dtype.kind not in "biu":
        raise UserInputError(f"{name} has dtype {array.dtype}; expected booleans or integers")
    low, high = array.min(), array.max()
    if low < 0 or high > 1:
        raise UserInputError(f"{name} holds {low if low < 0 else high}; expected 0 and 1 only")
    # Not a view: who has the array it is a view of might write to that.
    owns = array.base is None and array.flags.c_contiguous and not array.flags.writeable
    if array.dtype != np.uint8 or not owns:
        array = np.array(array, dtype=np.uint8, order="C")
        array.setflags(write=False)
    return array


def frozen_sides(left: Any, right: Any) -> tuple[Bits, Bits]:
    """Both sides of an instance, :func:`frozen_bits` each.

    Raises:
        UserInputError: a side is something else, or the rows of the two differ in length.
    """
    left, right = frozen_bits(left, "left"), frozen_bits(right, "right")
    if left.shape[1] != right.shape[1]:
        raise UserInputError(
            f"rows of left have {left.shape[1]} bits and rows of right {right.shape[1]}; "
            "expected the same number"
        )
    return left, right


def is_pair(witness: Any, left: int, right: int) -> bool:
    """Whether this is a pair (i, j), a tuple or a list, with 0 ≤ i < left and 0 ≤ j < right."""
    if not isinstance(witness, tuple | list) or len(witness) != 2:
        return False
    # NumPy's integers are indices, its and Python's truth values are not.
    if any(isinstance(at, bool) or not isinstance(at, numbers.Integral) for at in witness):
        return False
    return all(0 <= int(at) < size for at, size in zip(witness, (left, right), strict=True))


def product_blocks(
    left: Bits, right: Bits, block: int = BLOCK
) -> Iterator[tuple[int, int, NDArray[np.floating[Any]]]]:
    """All inner products, exact, by blocks (i, j, P): P[k, l] = ⟨left[i + k], right[j + l]⟩.

    The blocks come by i and for each i by j. By BLAS in float32, in which integers up to 2^24 are exact, or
    float64 for longer rows. Time O(N N' m); memory for block² products and for at most 2^24 entries (or one
    row, if that is longer) of a side, whatever N is.

    Args:
        left: (N, m) of 0 and 1.
        right: (N', m).
        block: the most rows of a side that are multiplied at once.
    """
    width = left.shape[1]
    dtype: type[np.floating[Any]] = np.float32 if width <= _EXACT else np.float64
    rows = max(1, min(block, _ENTRIES // width))
    for i in range(0, len(left), rows):
        upper: NDArray[Any] = left[i : i + rows].astype(dtype)
        for j in range(0, len(right), rows):
            yield i, j, upper @ right[j : j + rows].astype(dtype).T
