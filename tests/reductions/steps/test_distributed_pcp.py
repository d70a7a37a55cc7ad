"""Distributed PCP: every small instance against the definitions by loops over Python integers."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from functools import cache
from itertools import islice, product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proofcheck.errors import UserInputError
from reductions.problems.bits import TooLargeError
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.steps import distributed_pcp
from reductions.steps.distributed_pcp import DistributedPCP

from ..problems.test_orthogonal_vectors import Rows, instances, orthogonal_pairs, sides

Polynomial = tuple[Any, ...]  # coefficients, that of x^0 first


def least_prime(T: int, s: int) -> int:
    primes = (q for q in range(2, 10**6) if all(q % k for k in range(2, q)))
    return next(q for q in primes if q > T and q > 2 * (s - 1) and q >= s)


def times(f: Polynomial, g: Polynomial) -> Polynomial:
    made = [0] * max(len(f) + len(g) - 1, 0)
    for i, x in enumerate(f):
        for j, y in enumerate(g):
            made[i + j] += x * y
    return tuple(made)


def at(f: Polynomial, r: int, q: int) -> int:
    return int(sum(c * r**k for k, c in enumerate(f)) % q)


@cache
def interpolated(bits: tuple[int, ...], q: int) -> Polynomial:
    """Through (i, bits[i]), over the rationals by Lagrange's formula and then modulo q."""
    total = [Fraction(0)] * len(bits)
    for i, bit in enumerate(bits):
        term: Polynomial = (Fraction(bit),)
        for k in range(len(bits)):
            if k != i:
                term = times(term, (Fraction(-k, i - k), Fraction(1, i - k)))
        total = [x + y for x, y in zip(total, term, strict=True)]
    return tuple(x.numerator * pow(x.denominator, -1, q) % q for x in total)


@cache
def values(bits: tuple[int, ...], q: int) -> tuple[int, ...]:
    polynomial = interpolated(bits, q)
    assert [at(polynomial, i, q) for i in range(len(bits))] == list(bits)
    return tuple(at(polynomial, r, q) for r in range(q))


def blocks(row: list[int], T: int, s: int, q: int) -> list[tuple[int, ...]]:
    """(a_1(r), …, a_T(r)) for each r."""
    padded = row + [0] * (s * T - len(row))
    of_blocks = [values(tuple(padded[j * s : j * s + s]), q) for j in range(T)]
    return list(zip(*of_blocks, strict=True))


@cache
def advice(s: int, q: int) -> dict[tuple[int, ...], tuple[int, ...]]:
    """The values of every P* = Z R, by the coefficients of R."""
    zeros: Polynomial = (1,)
    for i in range(s):
        zeros = times(zeros, (-i, 1))
    every = product(range(q), repeat=s - 1)
    return {R: tuple(at(times(zeros, R), r, q) for r in range(q)) for R in every}


def check(left: Rows, right: Rows, T: int) -> None:
    """All instances against the definition: inner products, thresholds, columns, witnesses, sizes."""
    step, m = DistributedPCP(T), len(left[0])
    s = -(-m // T)
    q = least_prime(T, s)
    a, b = ([blocks(row, T, s, q) for row in side] for side in (left, right))
    sums = [
        [[sum(x * y for x, y in zip(u, v, strict=True)) % q for u, v in zip(f, g, strict=True)] for g in b]
        for f in a
    ]
    columns = len({(r, g[r]) for g in b for r in range(q)})
    orthogonal, accepted = orthogonal_pairs(left, right), []
    made = list(step.apply(OrthogonalVectors(np.array(left), np.array(right))))
    assert [one.back for one in made] == list(advice(s, q))
    for one in made:
        instance, target = one.instance, advice(s, q)[one.back]
        expected = [[sum(x == y for x, y in zip(p, target, strict=True)) for p in row] for row in sums]
        assert (instance.left.astype(int) @ instance.right.T).tolist() == expected
        assert (instance.yes, instance.no) == (q, 2 * (s - 1))
        assert instance.left.shape == (len(left), columns)
        assert instance.promise_holds()
        pairs = [pair for pair in product(range(len(left)), range(len(right))) if instance.verify(pair)]
        assert instance.solve() == (pairs[0] if pairs else None)
        accepted += [step.invert(pair, one.back) for pair in pairs]
    # Of an orthogonal pair exactly one P* is the polynomial; no other pair is accepted by any.
    assert sorted(accepted) == orthogonal
    check_sizes(step, max(len(left), len(right)), m, made, columns)


def check_sizes(step: DistributedPCP, N: int, m: int, made: list[Any], columns: int) -> None:
    T, s = step.blocks, -(-m // step.blocks)
    q = least_prime(T, s)
    sizes = dict(step.sizes({"N": N, "m": m}))
    assert columns <= sizes.pop("D") <= min(N * q, q ** (T + 1))
    thresholds = {"yes": q, "no": 2 * (s - 1)}
    assert (
        sizes == {"N": N, "T": T, "s": s, "q": q, "instances": len(made), "D_full": q ** (T + 1)} | thresholds
    )


@pytest.mark.parametrize(("m", "T"), [(m, T) for m in (1, 2, 3) for T in range(1, m + 2)])
def test_every_instance_with_two_rows(m: int, T: int) -> None:
    # Up to the order of rows; those without an orthogonal pair first.
    ordered = [side for side in sides(2, m) if side[0] <= side[1]]
    pairs = sorted(product(ordered, repeat=2), key=lambda given: len(orthogonal_pairs(*given)))
    assert not orthogonal_pairs(*pairs[0])
    for left, right in pairs:
        check(left, right, T)


def feasible(most: int) -> list[tuple[int, int]]:
    """All (T, s) with at most so many advice; of those with s = 1, which have one, a few."""
    found = [(T, s) for s in range(2, 9) for T in range(1, most) if least_prime(T, s) ** (s - 1) <= most]
    return [(T, 1) for T in (*range(1, 12), 31)] + found


def test_which_parameters_are_feasible() -> None:
    beyond = {(T, s) for T, s in feasible(100) if s > 2}
    assert beyond == {(T, 3) for T in range(1, 7)}
    assert sorted(T for T, s in feasible(100) if s == 2) == list(range(1, 97))


@pytest.mark.parametrize("slack", [0, 1])
def test_all_feasible_parameters(slack: int) -> None:
    rng = np.random.default_rng(slack)
    for T, s in feasible(100):
        # The most coordinates of s a block, and the fewest.
        m = (s - 1) * T + 1 if slack else s * T
        ones, comb = [1] * m, [int(k % s == s - 1) for k in range(m)]
        some = [[int(bit) for bit in rng.random(m) < 0.5] for _ in range(2)]
        # Overlaps of T blocks in one place: 0 modulo T, and so in F_q if q were T.
        full, sparse = (
            [row for row in (ones, comb, some[0]) if any(row)],
            [ones, *([comb] if any(comb) else [])],
        )
        check(full, [row for row in sparse if all(map(sum, zip(*full, row, strict=True)))] or sparse, T)
        check([*some, comb], [[1 - bit for bit in some[0]], comb, ones], T)


@pytest.mark.parametrize("T", [2, 3, 5, 7, 11, 13])
@pytest.mark.parametrize("s", [1, 2])
def test_no_instances_that_a_field_of_size_t_would_accept(T: int, s: int) -> None:
    # Each sum of T ones is T: 0 in F_T.
    ones = [1] * (s * T)
    instance = OrthogonalVectors(np.array([ones]), np.array([ones]))
    for one in DistributedPCP(T).apply(instance):
        assert one.instance.solve() is None
        assert one.instance.largest[0] <= 2 * (s - 1)


@pytest.mark.parametrize(("T", "m"), [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (2, 4), (3, 3), (3, 2), (4, 3)])
def test_full_dimension(T: int, m: int) -> None:
    # All q^{T+1} columns of the definition; those that are built have a 1 on the right, in order.
    s = -(-m // T)
    q = least_prime(T, s)
    rng = np.random.default_rng(m)
    left, right = ([[int(x) for x in row] for row in rng.integers(0, 2, (5, m))] for _ in range(2))
    full = list(product(range(q), product(range(q), repeat=T)))
    assert len(full) == q ** (T + 1)
    a, b = ([blocks(row, T, s, q) for row in side] for side in (left, right))
    on_the_right = [[int(mu == g[r]) for r, mu in full] for g in b]
    occurring = [k for k in range(len(full)) if any(row[k] for row in on_the_right)]
    for one in DistributedPCP(T).apply(OrthogonalVectors(np.array(left), np.array(right))):
        target = advice(s, q)[one.back]
        on_the_left = [
            [int(sum(x * y for x, y in zip(f[r], mu, strict=True)) % q == target[r]) for r, mu in full]
            for f in a
        ]
        assert one.instance.left.tolist() == [[row[k] for k in occurring] for row in on_the_left]
        assert one.instance.right.tolist() == [[row[k] for k in occurring] for row in on_the_right]


@given(rows=instances(), T=st.integers(1, 12))
@settings(max_examples=80, deadline=None)
def test_instances(rows: tuple[Rows, Rows], T: int) -> None:
    s = -(-len(rows[0][0]) // T)
    assume(least_prime(T, s) ** (s - 1) <= 350)
    check(*rows, T)


@given(T=st.integers(1, 60), m=st.integers(1, 300), N=st.integers(1, 5000))
@settings(max_examples=200, deadline=None)
def test_thresholds_leave_a_gap_and_the_field_is_the_least(T: int, m: int, N: int) -> None:
    sizes, s = DistributedPCP(T).sizes({"N": N, "m": m}), -(-m // T)
    assert (sizes["s"], sizes["q"]) == (s, least_prime(T, s))
    assert 0 <= sizes["no"] == 2 * (s - 1) < sizes["yes"] == sizes["q"]
    assert sizes["instances"] == sizes["q"] ** (s - 1)
    assert sizes["D"] <= min(N * sizes["q"], sizes["D_full"])


@pytest.mark.parametrize(("m", "T", "most"), [(2, 2, 12), (2, 1, 7), (3, 3, 40)])
def test_the_most_columns_occur_when_all_rows_do(m: int, T: int, most: int) -> None:
    rows = np.array(list(product((0, 1), repeat=m)))
    made = next(DistributedPCP(T).apply(OrthogonalVectors(rows, rows)))
    assert DistributedPCP(T).sizes({"N": 2**m, "m": m})["D"] == made.instance.left.shape[1] == most


def test_instances_come_one_at_a_time() -> None:
    # 41^19 advice.
    rng = np.random.default_rng(0)
    instance = OrthogonalVectors(*((rng.random((4, 20)) < 0.7).astype(np.uint8) for _ in range(2)))
    first, second, third = islice(DistributedPCP(1).apply(instance), 3)
    assert [one.back[-1] for one in (first, second, third)] == [0, 1, 2]
    assert {one.back[:-1] for one in (first, second, third)} == {(0,) * 18}
    assert first.instance.right is second.instance.right is third.instance.right
    assert DistributedPCP(1).sizes({"N": 4, "m": 20})["instances"] == 41**19


def test_rows_beyond_a_block_are_all_made() -> None:
    # More rows than are multiplied at once, of which the last left one is orthogonal to the last right one.
    left, right = np.ones((1100, 2), np.uint8), np.ones((3, 2), np.uint8)
    left[1099], right[2] = [0, 1], [1, 0]
    found = [one.instance.solve() for one in DistributedPCP(2).apply(OrthogonalVectors(left, right))]
    assert found == [(1099, 2)]


@pytest.mark.parametrize("T", [300, 700])
def test_fields_that_need_wider_integers(T: int) -> None:
    # q > 255 takes two bytes; sums up to 700 · 700² take four, and floats of 64 bits.
    rng = np.random.default_rng(T)
    left, right = ((rng.random((3, 2 * T)) < 0.5).astype(np.uint8) for _ in range(2))
    right[1] = 1 - left[2]
    q = least_prime(T, 2)
    a, b = ([blocks(row, T, 2, q) for row in side.tolist()] for side in (left, right))
    sums = [
        [sum(x * y for x, y in zip(f, g, strict=True)) % q for f, g in zip(*pair, strict=True)]
        for pair in product(a, b)
    ]
    for one in islice(DistributedPCP(T).apply(OrthogonalVectors(left, right)), 3):
        target = [r * (r - 1) * one.back[0] % q for r in range(q)]
        products = one.instance.left.astype(int) @ one.instance.right.T
        expected = [sum(x == y for x, y in zip(p, target, strict=True)) for p in sums]
        assert products.reshape(-1).tolist() == expected


@pytest.mark.parametrize("q", [2, 251, 257, 65521, 65537, 2**24 - 3, 2**26 - 5, 2**30 - 35])
def test_products_are_exact(q: int) -> None:
    # Around what float32, float64 and 64 bits hold.
    rng = np.random.default_rng(q)
    drawn = q - 1 - rng.integers(0, min(q, 9), (2, 5, 7))
    expected = drawn[0].astype(object) @ drawn[1].T.astype(object) % q
    narrow = drawn.astype(np.min_scalar_type(q - 1))
    assert (distributed_pcp._products(narrow[0], narrow[1], q) == expected).all()


def test_too_large_is_refused_before_memory_is_taken() -> None:
    rng = np.random.default_rng(3)
    instance = OrthogonalVectors(*((rng.random((4000, 30)) < 0.5).astype(np.uint8) for _ in range(2)))
    tracemalloc.start()
    with pytest.raises(TooLargeError, match=r"4000 and 4000 rows with \d+ columns needs \d+ bytes; at most"):
        next(DistributedPCP(15, max_bytes=100_000_000).apply(instance))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.reset_peak()
    with pytest.raises(
        TooLargeError, match=f"4000 rows over 17 points needs {17 * (8 * 2 + 4000 * (15 + 8))} bytes"
    ):
        next(DistributedPCP(15, max_bytes=17 * (8 * 2 + 4000 * (15 + 8)) - 1).apply(instance))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_the_limit_is_exact() -> None:
    # 3 points; 3 columns, of 2 bytes a row on the left and 1 on the right.
    left, right = np.array([[1, 0], [0, 0], [1, 1]]), np.array([[1, 0]] * 20)
    instance = OrthogonalVectors(left, right)
    with pytest.raises(TooLargeError, match=f"20 rows over 3 points needs {3 * (8 + 20 * (2 + 8))} bytes"):
        next(DistributedPCP(2, max_bytes=623).apply(instance))
    assert len(list(DistributedPCP(2, max_bytes=624).apply(instance))) == 1
    instance = OrthogonalVectors(np.repeat(left, 100, axis=0), right)
    with pytest.raises(
        TooLargeError, match=f"300 and 20 rows with 3 columns needs {(300 * 2 + 20) * 3} bytes"
    ):
        next(DistributedPCP(2, max_bytes=(300 * 2 + 20) * 3 - 1).apply(instance))
    assert next(DistributedPCP(2, max_bytes=(300 * 2 + 20) * 3).apply(instance))


@pytest.mark.parametrize("given", [0, -1, 1.0, True, "2", None])
def test_blocks_are_a_positive_integer(given: Any) -> None:
    with pytest.raises(UserInputError, match=r"blocks is .*; expected an integer of at least 1"):
        DistributedPCP(given)


@pytest.mark.parametrize("blocks", [1, 2, 3, 5])
@pytest.mark.parametrize("m", [1, 5, 8])
def test_the_advice_of_a_pair_is_the_one_that_accepts_it(blocks: int, m: int) -> None:
    rng = np.random.default_rng(m)
    left, right = rng.integers(0, 2, (2, 4, m), dtype=np.uint8)
    right[1] &= 1 - left[2]
    vectors, step = OrthogonalVectors(left, right), DistributedPCP(blocks=blocks)
    advice = step.advice_of(vectors, (2, 1))
    made = step.advised(vectors)(advice)
    assert made.verify((2, 1))
    # The same instance as among all of them, where there are few enough.
    every = islice(step.apply(vectors), 2000)
    (same,) = [one.instance for one in every if one.back == advice] or [made]
    np.testing.assert_array_equal(same.left, made.left)
    np.testing.assert_array_equal(same.right, made.right)
    others = [pair for pair in product(range(4), repeat=2) if not vectors.verify(pair)]
    if others:
        with pytest.raises(UserInputError, match="expected rows that are orthogonal"):
            step.advice_of(vectors, others[0])
