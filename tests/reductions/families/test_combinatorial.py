"""Pigeonholes, parities and cardinalities: counts, and models by brute force and by python-sat."""

from __future__ import annotations

import itertools
from math import comb, perm
from typing import Any

import numpy as np
import pytest

from proofcheck.errors import UserInputError
from reductions.families import (
    at_least_two,
    at_most_one,
    exactly_one,
    one_against_two,
    parity,
    parity_chain,
    parity_contradiction,
    pigeonhole,
)
from reductions.problems.sat import Formula
from tests.reductions.families.oracles import models


def injections(pigeons: int, holes: int) -> set[tuple[bool, ...]]:
    """Every pigeon in at least one hole, every hole with at most one pigeon, by going over all owners."""
    found = set()
    for owners in itertools.product(range(-1, pigeons), repeat=holes):
        if set(range(pigeons)) <= set(owners):
            found.add(tuple(owners[hole] == pigeon for pigeon in range(pigeons) for hole in range(holes)))
    return found


@pytest.mark.parametrize(("pigeons", "holes"), [*itertools.product((1, 2, 3, 4), (1, 2, 3, 4))])
def test_pigeonhole(pigeons: int, holes: int) -> None:
    formula = pigeonhole(pigeons, holes)
    assert formula.variables == pigeons * holes
    assert len(formula.clauses) == pigeons + holes * comb(pigeons, 2)
    assert [len(clause) for clause in formula.clauses[:pigeons]] == [holes] * pigeons
    assert all(len(clause) == 2 for clause in formula.clauses[pigeons:])
    assert (formula.solve() is not None) == (pigeons <= holes)
    if pigeons * holes <= 12:
        assert set(models(formula)) == injections(pigeons, holes)
        if pigeons == holes:
            assert len(models(formula)) == perm(holes)


def test_larger_pigeonholes_by_the_solver() -> None:
    assert pigeonhole(8, 7).solve() is None
    found = pigeonhole(30, 30).solve()
    assert found is not None
    assert pigeonhole(30, 30).verify(found)


@pytest.mark.parametrize("odd", [True, False])
@pytest.mark.parametrize("n", range(1, 7))
def test_parity(n: int, odd: bool) -> None:
    wanted = [bits for bits in itertools.product((False, True), repeat=n) if sum(bits) % 2 == odd]
    direct, chain = parity(n, odd), parity_chain(n, odd)
    assert direct.variables == n
    assert len(direct.clauses) == 2 ** (n - 1)
    assert all(len(clause) == n for clause in direct.clauses)
    assert models(direct) == wanted
    assert chain.variables == 2 * n - 1
    assert len(chain.clauses) == 4 * (n - 1) + 1
    assert [bits[:n] for bits in models(chain)] == wanted


def test_long_chains_by_the_solver() -> None:
    for odd in (True, False):
        found = parity_chain(500, odd).solve()
        assert found is not None
        assert sum(x > 0 for x in found[:500]) % 2 == odd


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
@pytest.mark.parametrize("n", range(1, 6))
def test_parity_contradiction(n: int, seed: int | None) -> None:
    formula = parity_contradiction(n, None if seed is None else np.random.default_rng(seed))
    assert formula.variables == 3 * n - 2
    assert len(formula.clauses) == 8 * n - 6
    assert {abs(x) for clause in formula.clauses for x in clause} == set(range(1, 3 * n - 1))
    assert models(formula) == []
    assert formula.solve() is None
    # Each half alone says its parity: the contradiction is of the two.
    half = 4 * n - 3
    for clauses, odd in ((formula.clauses[:half], True), (formula.clauses[half:], False)):
        assert {bits[:n] for bits in models(Formula(formula.variables, clauses))} == {
            bits for bits in itertools.product((False, True), repeat=n) if sum(bits) % 2 == odd
        }


def test_the_order_of_the_second_chain() -> None:
    same = parity_contradiction(8)
    assert same == parity_contradiction(8)
    mixed = parity_contradiction(8, np.random.default_rng(1))
    assert mixed == parity_contradiction(8, np.random.default_rng(1))
    assert mixed != parity_contradiction(8, np.random.default_rng(2))
    assert mixed != same
    assert mixed.clauses[:29] == same.clauses[:29]
    # The chains share x_1, …, x_8 and nothing else.
    first, second = (
        {abs(x) for clause in part for x in clause} for part in (mixed.clauses[:29], mixed.clauses[29:])
    )
    assert first & second == set(range(1, 9))
    assert parity_contradiction(20, np.random.default_rng(3)).solve() is None


@pytest.mark.parametrize("n", range(1, 8))
def test_cardinalities(n: int) -> None:
    counts = {count: comb(n, count) for count in range(n + 1)}
    everything = list(itertools.product((False, True), repeat=n))
    most, one = at_most_one(n), exactly_one(n)
    assert most.variables == one.variables == n
    assert len(most.clauses) == comb(n, 2)
    assert len(one.clauses) == comb(n, 2) + 1
    assert models(most) == [bits for bits in everything if sum(bits) <= 1]
    assert models(one) == [bits for bits in everything if sum(bits) == 1]
    assert len(models(most)) == counts[0] + counts[1] == n + 1
    assert len(models(one)) == n
    assert most.solve() is not None
    assert one.solve() is not None
    if n == 1:
        return
    least, none = at_least_two(n), one_against_two(n)
    assert least.variables == none.variables == n
    assert len(least.clauses) == n
    assert all(len(clause) == n - 1 for clause in least.clauses)
    assert len(none.clauses) == n * (n + 1) // 2
    assert models(least) == [bits for bits in everything if sum(bits) >= 2]
    assert len(models(least)) == 2**n - n - 1
    assert models(none) == []
    assert none.solve() is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pigeonhole(0, 1), "pigeons is 0; expected an integer of at least 1"),
        (lambda: pigeonhole(1, 0), "holes is 0; expected an integer of at least 1"),
        (lambda: pigeonhole(2, 1.5), "holes is 1.5; expected an integer of at least 1"),
        (lambda: parity(0), "n is 0; expected an integer from 1 to 20"),
        (lambda: parity(21), "n is 21; expected an integer from 1 to 20"),
        (lambda: parity(3, 2), "odd is 2; expected True or False"),
        (lambda: parity_chain(0), "n is 0; expected an integer of at least 1"),
        (lambda: parity_chain(3, "even"), "odd is 'even'; expected True or False"),
        (lambda: parity_contradiction(0), "n is 0; expected an integer of at least 1"),
        (lambda: parity_contradiction(True), "n is True; expected an integer of at least 1"),
        (lambda: at_most_one(0), "n is 0; expected an integer of at least 1"),
        (lambda: exactly_one(-1), "n is -1; expected an integer of at least 1"),
        (lambda: at_least_two(1), "n is 1; expected an integer of at least 2"),
        (lambda: one_against_two(1), "n is 1; expected an integer of at least 2"),
        (
            lambda: parity_contradiction(3, 7),
            "rng is a int; expected a Generator, as from numpy.random.default_rng(seed)",
        ),
    ],
)
def test_arguments_out_of_range(call: Any, message: str) -> None:
    with pytest.raises(UserInputError) as caught:
        call()
    assert str(caught.value) == message
