"""Orthogonal vectors → gap inner product: every small instance against the definition."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings

from reductions.problems.bits import TooLargeError
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.steps.direct_embedding import DirectEmbedding

from ..problems.test_orthogonal_vectors import Rows, instances, orthogonal_pairs, sides

LEFT, RIGHT = {0: [1, 0, 0], 1: [0, 1, 0]}, {0: [1, 1, 0], 1: [1, 0, 1]}


def check(left: Rows, right: Rows) -> None:
    """The only instance, its pairs and its Hamming view against the pairs that are orthogonal."""
    step, m = DirectEmbedding(), len(left[0])
    (made,) = step.apply(OrthogonalVectors(np.array(left), np.array(right)))
    instance, expected = made.instance, orthogonal_pairs(left, right)
    assert instance.left.tolist() == [[bit for a in row for bit in LEFT[a]] for row in left]
    assert instance.right.tolist() == [[bit for b in row for bit in RIGHT[b]] for row in right]
    assert (instance.yes, instance.no, instance.margin) == (m, m - 1, 1)
    assert instance.promise_holds()
    hamming = instance.hamming()
    assert (hamming.near, hamming.far) == (m, m + 2)
    assert hamming.promise_holds()
    for witness in product(range(len(left)), range(len(right))):
        a, b = left[witness[0]], right[witness[1]]
        overlap = sum(x * y for x, y in zip(a, b, strict=True))
        gadgets = list(zip(instance.left[witness[0]], instance.right[witness[1]], strict=True))
        assert sum(int(x) * int(y) for x, y in gadgets) == m - overlap
        assert sum(int(x != y) for x, y in gadgets) == m + 2 * overlap
        assert instance.verify(witness) == hamming.verify(witness) == (witness in expected)
        assert step.invert(witness, made.back) == witness
    assert instance.solve() == hamming.solve() == (expected[0] if expected else None)
    sizes = step.sizes({"N": len(left), "m": m})
    assert sizes == {"N": instance.left.shape[0], "D": instance.left.shape[1], "yes": m, "no": m - 1}


@pytest.mark.parametrize("m", [1, 2])
def test_every_instance_with_two_rows(m: int) -> None:
    for left, right in product(sides(2, m), repeat=2):
        check(left, right)


def test_every_instance_with_two_rows_of_three_bits() -> None:
    # Up to the order of rows.
    ordered = [side for side in sides(2, 3) if side[0] <= side[1]]
    for left, right in product(ordered, repeat=2):
        check(left, right)


@given(rows=instances())
@settings(max_examples=80, deadline=None)
def test_instances(rows: tuple[Rows, Rows]) -> None:
    check(*rows)


def test_the_limit_is_exact() -> None:
    instance = OrthogonalVectors(np.eye(4, dtype=int), np.eye(4, dtype=int)[:2])
    (made,) = DirectEmbedding(max_bytes=72).apply(instance)
    assert made.instance.left.nbytes + made.instance.right.nbytes == 72
    with pytest.raises(TooLargeError, match="6 rows of 4 bits needs 72 bytes; at most max_bytes = 71"):
        next(DirectEmbedding(max_bytes=71).apply(instance))
