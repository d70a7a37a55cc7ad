from __future__ import annotations

import itertools
from collections import Counter
from math import comb
from typing import Any

import numpy as np
import pytest

from proofcheck.errors import UserInputError
from reductions.families import planted_ksat, random_ksat
from tests.reductions.families.oracles import models, within

SIZES = [(1, 0, 1), (1, 4, 1), (2, 5, 2), (5, 0, 3), (5, 21, 3), (6, 30, 6), (40, 170, 3), (3, 9, 1)]


@pytest.mark.parametrize(("n", "m", "k"), SIZES)
def test_counts_and_distinct_sorted_variables(n: int, m: int, k: int) -> None:
    rng = np.random.default_rng(1)
    for formula in (random_ksat(n, m, k, rng), planted_ksat(n, m, k, rng)[0]):
        assert formula.variables == n
        assert len(formula.clauses) == m
        for clause in formula.clauses:
            names = [abs(x) for x in clause]
            assert len(set(names)) == k
            assert names == sorted(names)


@pytest.mark.parametrize(("n", "k"), [(4, 2), (4, 3), (5, 1), (4, 4)])
def test_random_clauses_are_uniform(n: int, k: int) -> None:
    m = 40_000
    seen = Counter(random_ksat(n, m, k, np.random.default_rng(2)).clauses)
    possible = {
        tuple(v * s for v, s in zip(names, signs, strict=True))
        for names in itertools.combinations(range(1, n + 1), k)
        for signs in itertools.product((1, -1), repeat=k)
    }
    assert len(possible) == comb(n, k) * 2**k
    assert set(seen) == possible  # each is far likelier to occur than not
    assert all(within(count, m, 1 / len(possible)) for count in seen.values())


@pytest.mark.parametrize(("n", "k"), [(4, 2), (4, 3), (5, 1), (4, 4)])
def test_planted_clauses_are_uniform_among_the_satisfied(n: int, k: int) -> None:
    m = 40_000
    formula, assignment = planted_ksat(n, m, k, np.random.default_rng(3))
    seen = Counter(formula.clauses)
    possible = {
        clause
        for names in itertools.combinations(range(1, n + 1), k)
        for signs in itertools.product((1, -1), repeat=k)
        if (clause := tuple(v * s for v, s in zip(names, signs, strict=True)))
        and set(clause) & set(assignment)
    }
    assert len(possible) == comb(n, k) * (2**k - 1)
    assert set(seen) == possible
    assert all(within(count, m, 1 / len(possible)) for count in seen.values())


@pytest.mark.parametrize("seed", range(20))
def test_the_planted_assignment_satisfies(seed: int) -> None:
    formula, assignment = planted_ksat(6, 60, 3, np.random.default_rng(seed))
    assert [abs(x) for x in assignment] == [1, 2, 3, 4, 5, 6]
    assert tuple(x > 0 for x in assignment) in models(formula)
    assert formula.verify(assignment)
    assert formula.solve() is not None


def test_planted_assignments_are_uniform() -> None:
    rng = np.random.default_rng(4)
    seen = Counter(planted_ksat(3, 1, 2, rng)[1] for _ in range(4000))
    assert len(seen) == 8
    assert all(within(count, 4000, 1 / 8) for count in seen.values())


def test_dense_random_formulas_are_unsatisfiable() -> None:
    assert random_ksat(6, 200, 3, np.random.default_rng(5)).solve() is None
    assert models(random_ksat(6, 200, 3, np.random.default_rng(5))) == []


def test_same_state_same_output_and_no_global_state() -> None:
    for family in (random_ksat, planted_ksat):
        assert family(9, 30, 3, np.random.default_rng(7)) == family(9, 30, 3, np.random.default_rng(7))
        assert family(9, 30, 3, np.random.default_rng(7)) != family(9, 30, 3, np.random.default_rng(8))
        rng = np.random.default_rng(7)
        assert family(9, 30, 3, rng) != family(9, 30, 3, rng)
    _, assignment = planted_ksat(3, 2, 2, np.random.default_rng(0))
    assert all(type(x) is int for x in assignment)


def test_sizes_may_be_integers_of_numpy() -> None:
    made = random_ksat(np.int64(5), np.int32(4), np.uint8(3), np.random.default_rng(0))  # type: ignore[arg-type]
    assert made == random_ksat(5, 4, 3, np.random.default_rng(0))


@pytest.mark.parametrize("family", [random_ksat, planted_ksat])
@pytest.mark.parametrize(
    ("n", "m", "k", "message"),
    [
        (0, 1, 1, "n is 0; expected an integer of at least 1"),
        (3, -1, 1, "m is -1; expected an integer of at least 0"),
        (3, 1, 0, "k is 0; expected an integer from 1 to 3"),
        (3, 1, 4, "k is 4; expected an integer from 1 to 3"),
        (3.0, 1, 1, "n is 3.0; expected an integer of at least 1"),
        (3, True, 1, "m is True; expected an integer of at least 0"),
        (3, 1, "2", "k is '2'; expected an integer from 1 to 3"),
    ],
)
def test_sizes_out_of_range(family: Any, n: Any, m: Any, k: Any, message: str) -> None:
    with pytest.raises(UserInputError) as caught:
        family(n, m, k, np.random.default_rng(0))
    assert str(caught.value) == message


@pytest.mark.parametrize("family", [random_ksat, planted_ksat])
@pytest.mark.parametrize("rng", [0, None, np.random.RandomState(0)])
def test_what_is_no_generator(family: Any, rng: Any) -> None:
    with pytest.raises(UserInputError, match=r"rng is a \w+; expected a Generator"):
        family(3, 1, 1, rng)
