"""YES- and NO-instances of gap inner product whose sides are, each alone, the same up to columns.

A NO-instance is (left, right π): the sides of a YES-instance, the columns of one of them permuted. Whatever
is computed from one side and does not depend on the order of its columns is then the same for both,
exactly: the weights of rows, the numbers of ones in columns, the histogram of the entries, the Gram matrix
of the rows, its spectrum, which rows coincide. What differs is how the sides lie to each other, which is
the question.

The statistics of the two sides together that take linear time are evened out as well: all columns of a side
have as many ones, up to one, so that the mean of the inner products of a row, and of all of them, does not
depend on π; and π is, of some hundred permutations, one of those whose sum of squared inner products is
nearest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from reductions.families import _arguments
from reductions.problems.bits import Bits, product_blocks

__all__ = ["closest_permutations", "planted_twins", "twin_weights"]

_Ints: TypeAlias = NDArray[np.int64]

# A side may have so many more or fewer ones in a row than half of the columns.
_AROUND = 3
# At most so many pairs are to be expected, of random rows, that would break the promise: every second
# instance has none.
_EXPECTED = (7, 10)
_MOST_DRAWS = 1000
# Permutations that are compared, and the entries of the matrices this takes.
_MOST_COMPARED, _MOST_ENTRIES = 256, 1 << 20


def twin_weights(N: int, D: int, gap: int) -> tuple[int, int, int]:
    """Ones in a row of the left and of the right, and c_yes, that make the promise as tight as chance allows.

    For rows of weights a and b drawn uniformly P(ip > no) is a tail of the hypergeometric distribution. Of
    the weights near D/2 and the thresholds no = yes − gap those are taken for which N² P(ip > no) is
    largest, but at most 0.7: a lower threshold would not hold for random rows, a higher one would be easier.

    Args:
        N: rows on each side, at least 2.
        D: columns, at least 4.
        gap: Δ = yes − no, at least 1.

    Returns:
        a, b and yes.

    Raises:
        UserInputError: an argument is out of its range, or there are too few columns for these.
    """
    N, D = _arguments.size("N", N, 2), _arguments.size("D", D, 4)
    gap = _arguments.size("gap", gap, 1)
    best: tuple[tuple[float, int], tuple[int, int, int]] | None = None
    middle = D // 2
    weights = range(max(1, middle - _AROUND), min(D - 1, middle + _AROUND) + 1)
    for a in weights:
        for b in (b for b in weights if b >= a):
            rows, tail = math.comb(D, b), 0
            for no in range(a - 1, -1, -1):
                # Integers: the choice is the same everywhere.
                more = tail + math.comb(a, no + 1) * math.comb(D - a, b - no - 1)
                if N * N * more * _EXPECTED[1] > _EXPECTED[0] * rows:
                    break
                tail = more
                if no + gap <= a and b - no - gap <= D - a:
                    key = N * N * tail / rows, -abs(2 * a - D) - abs(2 * b - D)
                    if best is None or key > best[0]:
                        best = key, (a, b, no + gap)
    if best is None:
        raise UserInputError(
            f"D is {D}: too few columns for a gap of {gap} among {N} rows on each side; "
            "choose more columns or a smaller gap"
        )
    return best[1]


def planted_twins(
    N: int, D: int, gap: int, rng: np.random.Generator
) -> tuple[Bits, Bits, tuple[int, int], _Ints]:
    """A YES-instance with one planted pair, and the permutation of columns that makes it a NO-instance.

    Rows are uniform of the weights of :func:`twin_weights`; a uniform pair (i, j) has an inner product of
    exactly yes, right[j] being uniform among such rows; then ones are moved within rows, not those of the
    pair, until the columns of each side have as many ones, up to one. It is drawn again until the promise
    holds, which takes a few draws.

    Guarantee, checked by all N² inner products: ⟨left[i], right[j]⟩ = yes and every other inner product is at
    most yes − gap; with right[:, permutation] in the place of right every one is.

    Args:
        N: rows on each side, at least 2.
        D: columns, at least 4.
        gap: Δ, at least 1.
        rng: the source of randomness.

    Returns:
        left (N, D), right (N, D), (i, j) from 0, and the permutation (D,); O(N² D) time.

    Raises:
        UserInputError: an argument is out of its range, or no draw of a thousand keeps the promise.
    """
    a, b, yes = twin_weights(N, D, gap)
    rng = _arguments.generator(rng)
    for _ in range(_MOST_DRAWS):
        left, right = _random(N, D, a, rng), _random(N, D, b, rng)
        i, j = rng.integers(0, N, size=2).tolist()
        right[j] = 0
        right[j, rng.permutation(np.flatnonzero(left[i]))[:yes]] = 1
        right[j, rng.permutation(np.flatnonzero(left[i] == 0))[: b - yes]] = 1
        _level(left, i, rng)
        _level(right, j, rng)
        if _exceeds(left, right, yes - gap, (i, j)):
            continue
        for permutation in closest_permutations(left, right, rng):
            if not _exceeds(left, right[:, permutation], yes - gap):
                return left, right, (i, j), permutation
    raise UserInputError(
        f"no instance with {N} rows, {D} columns and a gap of {gap} was found in {_MOST_DRAWS} draws; "
        "choose more columns"
    )


def closest_permutations(
    left: Bits,
    right: Bits,
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator], _Ints] | None = None,
) -> Iterator[_Ints]:
    """Random permutations π of the columns, those first that keep the sum of squared inner products best.

    Σ ⟨left[i], right[j] π⟩² = Σ_{kl} (LᵀL)_{kl} (RᵀR)_{π(k) π(l)}: exact in float64, O(D²) for each once the
    two matrices are there.

    Args:
        left: (N, D).
        right: (N', D).
        rng: the source of randomness.
        draw: a permutation; a uniform one unless given.
    """
    D = left.shape[1]
    count = max(16, min(_MOST_COMPARED, _MOST_ENTRIES // D**2))
    if draw is None:
        permutations = rng.permuted(np.tile(np.arange(D), (count, 1)), axis=1)
    else:
        permutations = np.array([draw(rng) for _ in range(count)])
    own, other = (_gram(side) for side in (left, right))
    # Integers below 2^53: exact, in whatever order they are added.
    moved = other[permutations[:, :, None], permutations[:, None, :]]
    sums = np.einsum("kl,pkl->p", own, moved)
    target = np.sum(own * other)
    yield from permutations[np.argsort(np.abs(sums - target), kind="stable")]


def _gram(side: Bits) -> NDArray[np.float64]:
    """(D, D): how many rows have both of two columns."""
    whole = side.astype(np.float64)
    return whole.T @ whole


def _random(rows: int, columns: int, weight: int, rng: np.random.Generator) -> Bits:
    """Rows of this weight, uniform and independent: where the smallest of random numbers are."""
    bits = np.zeros((rows, columns), np.uint8)
    chosen = rng.random((rows, columns)).argpartition(weight - 1, axis=1)[:, :weight]
    np.put_along_axis(bits, chosen, 1, axis=1)
    return bits


def _level(bits: Bits, kept: int, rng: np.random.Generator) -> None:
    """Move ones within rows, all but one row, until the columns have as many, up to one.

    The columns with the most ones get the one more. So a column with too many has at least two more than one
    with too few: two rows or more have a one in the first and none in the second, and one of them may change.
    """
    sums = bits.sum(axis=0, dtype=np.int64)
    base, more = divmod(int(sums.sum()), len(sums))
    wanted = np.full(len(sums), base)
    wanted[np.argsort(-sums, kind="stable")[:more]] += 1
    while len(full := np.flatnonzero(sums > wanted)):
        for here in full.tolist():
            for there in np.flatnonzero(sums < wanted).tolist():
                rows = np.flatnonzero(bits[:, here] > bits[:, there])
                count = min(sums[here] - wanted[here], wanted[there] - sums[there])
                moved = rng.permutation(rows[rows != kept])[:count]
                bits[moved, here], bits[moved, there] = 0, 1
                sums[here] -= len(moved)
                sums[there] += len(moved)


def _exceeds(left: Bits, right: Bits, most: int, but: tuple[int, int] | None = None) -> bool:
    """Whether some inner product, but that of one pair, is more than this."""
    for i, j, products in product_blocks(left, right):
        if but is not None and 0 <= but[0] - i < len(products) and 0 <= but[1] - j < products.shape[1]:
            products[but[0] - i, but[1] - j] = 0
        if products.max() > most:
            return True
    return False
