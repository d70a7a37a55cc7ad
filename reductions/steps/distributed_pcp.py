"""Orthogonal vectors → gap inner product with a constant factor: a distributed PCP by Reed–Solomon codes.

Source: A. Abboud, A. Rubinstein, R. Williams, *Distributed PCP Theorems for Hardness of Approximation in
P*, FOCS 2017 (arXiv 1706.06407): its protocol with an advice, after S. Aaronson and A. Wigderson,
*Algebrization*, TOCT 2009, and the reduction from it, here with Reed–Solomon codes. The proof below is
complete.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from reductions.chain import Reduced
from reductions.problems.bits import BLOCK, Bits, refuse_beyond
from reductions.problems.gap import GapInnerProduct
from reductions.problems.orthogonal_vectors import OrthogonalVectors

__all__ = ["DistributedPCP"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class DistributedPCP:
    """Orthogonal vectors → q^{s−1} instances of gap inner product with yes = q and no = 2(s − 1).

    *Construction.* The m coordinates are cut into T blocks of s = ⌈m/T⌉, the last ones filled up with
    zeros; q is the least prime with q > T, q > 2(s − 1) and q ≥ s. (The last follows from the second for
    s ≥ 2.) For a left row a let a_j, j = 1, …, T, be the polynomial of degree < s over F_q that is the
    i-th bit of block j at i = 0, …, s − 1; b_j likewise for a right row b. An *advice* is a polynomial

        P* = Z R,    Z = Π_{i<s} (x − i),    deg R ≤ s − 2,                                               (1)

    q^{s−1} in number (P* = 0 alone for s = 1), and each gives an instance with a column for each (r, μ),
    r ∈ F_q and μ ∈ F_q^T:

        ã[r, μ] = 1  iff  Σ_j a_j(r) μ_j = P*(r),        b̃[r, μ] = 1  iff  μ = (b_j(r))_j.               (2)

    For each r one column of b̃ is 1, so that with p = Σ_j a_j b_j

        ⟨ã, b̃⟩ = the number of r ∈ F_q that accept: p(r) = P*(r).                                        (3)

    *YES stays YES.* If ⟨a, b⟩ = 0 all products of their bits are 0, so p is 0 at 0, …, s − 1 and Z
    divides it. As deg p ≤ 2(s − 1), p = Z R with deg R ≤ s − 2 (p = 0 for s = 1), which is an advice, and
    with that one all q points accept.

    *NO stays NO.* If ⟨a, b⟩ > 0, some i < s has 0 < Σ_j a_j(i) b_j(i) ≤ T < q over the integers, bits being
    summed, so that p(i) ≠ 0 in F_q, while P*(i) = 0 for every advice. So p − P* is not 0, of degree at most
    2(s − 1), and at most 2(s − 1) points accept, whatever the advice.

    So the pairs (i, j) with inner product q are orthogonal, all others have at most 2(s − 1) < q, the
    promise holds for every advice, and a witness is one of the instance it came from.

    Columns that are 0 in all of b̃ are left out, which changes no inner product: at most q N' of q^{T+1}
    are built. With s = 1, q is the least prime above T = m and nothing is guessed; with T = 1 there are
    about (2m)^{m−1} guesses.

    Attributes:
        blocks: T, at least 1.
        max_bytes: the most that one instance and what is kept between instances may take.

    Raises:
        UserInputError: ``blocks`` is no such integer.
    """

    blocks: int
    max_bytes: int = 4 << 30
    name: str = "distributed-pcp"

    def __post_init__(self) -> None:
        if type(self.blocks) is not int or self.blocks < 1:
            raise UserInputError(f"blocks is {self.blocks!r}; expected an integer of at least 1")

    def apply(self, instance: OrthogonalVectors) -> Iterator[Reduced]:
        """An instance for each advice, made when it is asked for.

        ``back`` is the advice: the s − 1 coefficients of R, that of x^0 first; they come in lexicographic
        order. All have the same ``right``. With D the number of columns it takes O(q N' (m + T log N')) +
        O(N D T) operations before the first and O(N D) for each.

        Raises:
            TooLargeError: it takes more than ``max_bytes``; the large arrays were not allocated.
        """
        s, q = _parameters(self.blocks, instance.left.shape[1])
        make = self.advised(instance)
        for advice in product(range(q), repeat=s - 1):
            yield Reduced(make(advice), advice)

    def advised(self, instance: OrthogonalVectors) -> Callable[[Sequence[int]], GapInnerProduct]:
        """A function that makes the instance of one advice, as :meth:`apply` has it; O(N D) for each.

        Raises:
            TooLargeError: as of :meth:`apply`.
        """
        T, (s, q) = self.blocks, _parameters(self.blocks, instance.left.shape[1])
        self._refuse_points(len(instance.right), s, q)
        basis = _lagrange_basis(s, q)
        columns = _Columns(instance.right, T, basis)
        self._refuse_columns(instance, q, columns.count)
        sums = _sums(instance.left, T, basis, columns)
        right = columns.indicators(len(instance.right))
        powers, zeros = _vandermonde(s - 1, q), _vanishing(s, q)

        def make(advice: Sequence[int]) -> GapInnerProduct:
            values = zeros * (np.array(advice, np.int64) @ powers % q) % q
            left = np.empty(sums.shape, np.uint8)
            np.equal(sums, values.astype(sums.dtype)[columns.points], out=left)
            left.setflags(write=False)
            return GapInnerProduct(left, right, q, 2 * (s - 1))

        return make

    def advice_of(self, instance: OrthogonalVectors, pair: tuple[int, int]) -> tuple[int, ...]:
        """The advice under which an orthogonal pair has the inner product q: R of (1) for P* = p.

        Args:
            instance: of orthogonal vectors.
            pair: a row of the left and one of the right, from 0.

        Returns:
            The s − 1 coefficients of R, that of x^0 first.

        Raises:
            UserInputError: the pair is not orthogonal.
        """
        if not instance.verify(pair):
            raise UserInputError(f"pair is {pair!r}; expected rows that are orthogonal")
        T, (s, q) = self.blocks, _parameters(self.blocks, instance.left.shape[1])
        basis = _lagrange_basis(s, q)
        left, right = instance.left[pair[0]][None], instance.right[pair[1]][None]
        # By interpolation at s, …, 2s − 2, where Z is not 0; as q > 2(s − 1) they are points of F_q.
        points = np.arange(s, 2 * s - 1)
        zeros, values = _vanishing(s, q), []
        for r in points.tolist():
            one, other = (_values(rows, T, basis[:, r], q).astype(np.int64) for rows in (left, right))
            values.append(int((one * other).sum()) * pow(int(zeros[r]), -1, q) % q)
        return _interpolated(points.tolist(), values, q)

    def invert(self, witness: tuple[int, int], back: tuple[int, ...]) -> tuple[int, int]:
        """The same pair of rows, whatever the advice was."""
        return witness

    def sizes(self, given: Mapping[str, int]) -> Mapping[str, int]:
        """From N and m.

        N as it is, T, s, q, yes, no; ``instances`` = q^{s−1}; ``D_full`` = q^{T+1}, the columns of (2);
        ``D``, the most that can occur: at each of the s points where the values are bits min(N, 2^T), at
        each of the others min(N, q^T, 2^{sT}). How many do occur depends on the rows.
        """
        N, T = given["N"], self.blocks
        s, q = _parameters(T, given["m"])
        most = s * min(N, 2**T) + (q - s) * min(N, q**T, 2 ** (s * T))
        made = {"instances": q ** (s - 1), "D": most, "D_full": q ** (T + 1), "yes": q, "no": 2 * (s - 1)}
        return {"N": N, "T": T, "s": s, "q": q, **made}

    def _refuse_points(self, rows: int, s: int, q: int) -> None:
        # The basis, and all values of the polynomials with their numbers among those that differ.
        needed = q * (8 * s + rows * (self.blocks * _narrow(q).itemsize + 8))
        refuse_beyond(needed, self.max_bytes, f"a distributed PCP of {rows} rows over {q} points")

    def _refuse_columns(self, instance: OrthogonalVectors, q: int, columns: int) -> None:
        left, right = len(instance.left), len(instance.right)
        entry = _narrow(q).itemsize + 1  # of the sums, which are kept, and of the side made from them
        what = f"a distributed PCP of {left} and {right} rows with {columns} columns"
        refuse_beyond((left * entry + right) * columns, self.max_bytes, what)


class _Columns:
    """The columns (r, μ) that occur in some b̃, by r and for each r by μ.

    Attributes:
        vectors: for each r the distinct μ, (D_r, T).
        where: for each r the number of each row's μ among those, (N',).
        points: r of each column, (D,).
        count: D.
    """

    def __init__(self, rows: Bits, T: int, basis: Ints) -> None:
        q = basis.shape[1]
        self.vectors, self.where = [], []
        for r in range(q):
            distinct, where = np.unique(_values(rows, T, basis[:, r], q), axis=0, return_inverse=True)
            self.vectors.append(distinct)
            self.where.append(where.reshape(-1))  # NumPy 2.0 has it as a column
        self.points = np.repeat(np.arange(q), [len(distinct) for distinct in self.vectors])
        self.count = len(self.points)

    def indicators(self, rows: int) -> Bits:
        """b̃ of (2), (N', D)."""
        made = np.zeros((rows, self.count), np.uint8)
        start = 0
        for distinct, where in zip(self.vectors, self.where, strict=True):
            made[np.arange(rows), start + where] = 1
            start += len(distinct)
        made.setflags(write=False)
        return made


def _parameters(T: int, m: int) -> tuple[int, int]:
    """The length s of a block and the field's size q."""
    s = -(-m // T)
    q = max(T + 1, 2 * (s - 1) + 1, s, 2)
    while not _is_prime(q):
        q += 1
    return s, q


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def _lagrange_basis(s: int, q: int) -> Ints:
    """(s, q): row i is the polynomial that is 1 at i and 0 at the other points below s, at all points."""
    points = np.arange(q)
    basis = np.ones((s, q), np.int64)
    for i in range(s):
        scale = 1
        for k in range(s):
            if k != i:
                basis[i] = basis[i] * (points - k) % q
                scale = scale * (i - k) % q
        basis[i] = basis[i] * pow(scale, -1, q) % q
    return basis


def _vanishing(s: int, q: int) -> Ints:
    """(q,): Z at all points."""
    values = np.ones(q, np.int64)
    for i in range(s):
        values = values * (np.arange(q) - i) % q
    return values


def _vandermonde(degree: int, q: int) -> Ints:
    """(degree, q): x^0, …, x^{degree − 1} at all points."""
    powers = np.ones((degree, q), np.int64)
    for k in range(1, degree):
        powers[k] = powers[k - 1] * np.arange(q) % q
    return powers


def _interpolated(points: list[int], values: Sequence[int], q: int) -> tuple[int, ...]:
    """The coefficients, x^0 first, of the polynomial of least degree through these points, by Lagrange."""
    found = [0] * len(points)
    for k, own in enumerate(points):
        product, scale = [1], 1
        for other in points[:k] + points[k + 1 :]:
            # Times (x − other).
            product = [(a - other * b) % q for a, b in zip([0, *product], [*product, 0], strict=True)]
            scale = scale * (own - other) % q
        factor = values[k] * pow(scale, -1, q)
        found = [(a + factor * b) % q for a, b in zip(found, product, strict=True)]
    return tuple(found)


def _narrow(q: int) -> np.dtype[np.unsignedinteger]:
    """The smallest type that holds 0, …, q − 1."""
    return np.min_scalar_type(q - 1)


def _values(rows: Bits, T: int, weights: Ints, q: int) -> NDArray[np.unsignedinteger]:
    """(N, T): the blocks' polynomials at one point, from what the basis is there."""
    s = len(weights)
    values = np.zeros((len(rows), T), np.int64)
    for i in range(s):
        # Every s-th bit, from i on, is the i-th of a block; the last blocks may have none left.
        bits = rows[:, i::s]
        values[:, : bits.shape[1]] += bits * weights[i]
    return (values % q).astype(_narrow(q))


def _sums(rows: Bits, T: int, basis: Ints, columns: _Columns) -> NDArray[np.unsignedinteger]:
    """(N, D): Σ_j a_j(r) μ_j for each column (r, μ); the left side for an advice is where this is P*(r)."""
    q = basis.shape[1]
    made = np.empty((len(rows), columns.count), _narrow(q))
    start = 0
    for r, distinct in enumerate(columns.vectors):
        block = slice(start, start + len(distinct))
        for i in range(0, len(rows), BLOCK):
            values = _values(rows[i : i + BLOCK], T, basis[:, r], q)
            made[i : i + BLOCK, block] = _products(values, distinct, q)
        start = block.stop
    return made


def _products(left: NDArray[Any], right: NDArray[Any], q: int) -> NDArray[Any]:
    """(N, N'): inner products modulo q of rows of T entries below q; exact for T q² < 2^63."""
    largest = max(left.shape[1] * (q - 1) ** 2, q)
    # BLAS for as long as its floats hold every sum: NumPy multiplies matrices of integers far more slowly.
    # Short integers it divides faster.
    exact = np.float32 if largest <= 1 << 24 else np.float64 if largest <= 1 << 53 else np.int64
    whole = np.min_scalar_type(largest).type
    sums: NDArray[Any] = np.matmul(left.astype(exact), right.astype(exact).T).astype(whole)
    sums %= whole(q)
    return sums
