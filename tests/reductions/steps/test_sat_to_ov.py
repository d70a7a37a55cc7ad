"""SAT → orthogonal vectors: every small formula, by truth tables over Python's booleans."""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reductions.chain import Reduced
from reductions.problems.bits import TooLargeError
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.problems.sat import Formula
from reductions.steps.sat_to_ov import SplitAndList

Clauses = tuple[tuple[int, ...], ...]


def unsatisfied(clauses: Clauses, values: tuple[bool, ...]) -> int:
    """How many different clauses have no literal that these values make true."""
    false = {
        frozenset(clause)
        for clause in clauses
        if not any(values[abs(literal) - 1] == (literal > 0) for literal in clause)
    }
    return len(false)


def check(variables: int, clauses: Clauses) -> None:
    """The only instance against the truth table: inner products, pairs, what they map back to."""
    step, formula = SplitAndList(), Formula(variables, clauses)
    (made,) = step.apply(formula)
    instance, half = made.instance, (variables + 1) // 2
    assert instance.left.shape == instance.right.shape
    assert instance.left.shape[0] == 2**half
    satisfiable = False
    for i, j in product(range(2**half), repeat=2):
        bits = [row >> k & 1 for row in (i, j) for k in range(half)]
        values = tuple(map(bool, bits[:variables]))
        wrong = unsatisfied(clauses, values)
        found = sum(int(x) * int(y) for x, y in zip(instance.left[i], instance.right[j], strict=True))
        assert found == wrong, (formula, i, j)
        assert instance.verify((i, j)) == (wrong == 0)
        literals = tuple(v if value else -v for v, value in enumerate(values, 1))
        assert step.invert((i, j), made.back) == literals
        assert formula.verify(literals) or wrong
        satisfiable |= wrong == 0
    assert (instance.solve() is not None) == satisfiable


LITERALS = (1, -1, 2, -2, 3, -3)
CLAUSES = [
    tuple(x for x, kept in zip(LITERALS, chosen, strict=True) if kept) for chosen in product((0, 1), repeat=6)
]


def test_every_formula_with_three_variables_and_up_to_two_clauses() -> None:
    # 64 clauses, the empty one and tautologies among them.
    check(3, ())
    for clause in CLAUSES:
        check(3, (clause,))
    for pair in combinations_with_replacement(CLAUSES, 2):
        check(3, pair)


@pytest.mark.parametrize("variables", [1, 2, 3, 4, 5])
def test_unsatisfiable(variables: int) -> None:
    # All clauses of a formula that every assignment violates exactly once.
    clauses = tuple(product(*((v, -v) for v in range(1, variables + 1))))
    check(variables, clauses)
    (made,) = SplitAndList().apply(Formula(variables, clauses))
    assert made.instance.solve() is None
    products = made.instance.left.astype(int) @ made.instance.right.T
    assert (products == 1).all()
    (made,) = SplitAndList().apply(Formula(variables, clauses[1:]))
    assert made.instance.solve() is not None


@pytest.mark.parametrize(
    ("variables", "clauses", "left", "right"),
    [
        (0, (), [[0]], [[0]]),
        (0, ((),), [[1]], [[1]]),
        (1, ((1, -1),), [[0], [0]], [[0], [0]]),
        (1, ((1,),), [[1], [0]], [[1], [1]]),
        (1, ((), (-1, -1)), [[1, 0], [1, 1]], [[1, 1], [1, 1]]),
        (2, ((1, 2), (-2,), (2, 1)), [[1, 1], [0, 1]], [[1, 0], [0, 1]]),
        (3, ((2, -3),), [[1], [1], [0], [0]], [[0], [1], [0], [1]]),
    ],
)
def test_by_hand(variables: int, clauses: Clauses, left: list[list[int]], right: list[list[int]]) -> None:
    (made,) = SplitAndList().apply(Formula(variables, clauses))
    assert (made.instance.left.tolist(), made.instance.right.tolist()) == (left, right)
    check(variables, clauses)


@st.composite
def formulas(draw: Any) -> tuple[int, Clauses]:
    variables = draw(st.integers(0, 7))
    literal = st.integers(1, max(variables, 1)).flatmap(lambda v: st.sampled_from([v, -v]))
    clause = st.lists(literal, max_size=4 if variables else 0).map(tuple)
    return variables, tuple(draw(st.lists(clause, max_size=12)))


@given(formula=formulas())
@settings(max_examples=150, deadline=None)
def test_formulas(formula: tuple[int, Clauses]) -> None:
    check(*formula)


@given(formula=formulas())
@settings(max_examples=100, deadline=None)
def test_sizes(formula: tuple[int, Clauses]) -> None:
    normalised = Formula(*formula).normalised()
    (made,) = SplitAndList().apply(Formula(*formula))
    sizes = SplitAndList().sizes({"n": formula[0], "m": len(normalised.clauses)})
    assert sizes == {"N": len(made.instance.left), "m": made.instance.left.shape[1]}
    assert sizes["N"] == len(made.instance.right)


def test_sizes_of_what_cannot_be_built() -> None:
    assert SplitAndList().sizes({"n": 199, "m": 0}) == {"N": 2**100, "m": 1}


def test_a_planted_assignment_comes_back() -> None:
    rng = np.random.default_rng(5)
    planted = [int(v if rng.random() < 0.5 else -v) for v in range(1, 20)]
    clauses = []
    while len(clauses) < 200:
        clause = tuple(int(v) * int(rng.choice([-1, 1])) for v in rng.choice(19, 3, replace=False) + 1)
        if set(clause) & set(planted):
            clauses.append(clause)
    formula, step = Formula(19, tuple(clauses)), SplitAndList()
    (made,) = step.apply(formula)
    assignment = step.invert(made.instance.solve(), made.back)
    assert formula.verify(assignment)
    i, j = (
        sum((literal > 0) << k for k, literal in enumerate(half)) for half in (planted[:10], planted[10:])
    )
    assert made.instance.verify((i, j))
    assert step.invert((np.int64(i), np.int64(j)), made.back) == tuple(planted)
    assert all(type(literal) is int for literal in step.invert((np.int64(i), np.int64(j)), made.back))


def test_too_large_is_refused_before_memory_is_taken() -> None:
    clause = ((1, 2),)
    with pytest.raises(TooLargeError, match=rf"100 variables and 1 clauses needs {2**51} bytes.* = {2**32} "):
        next(SplitAndList().apply(Formula(100, clause)))
    with pytest.raises(TooLargeError, match=r"needs at least 2\^500002 bytes"):
        next(SplitAndList().apply(Formula(10**6, ((1,), (2,)))))


def test_the_limit_is_exact() -> None:
    # 2 sides, 4 rows, 3 columns; the repeated clause does not count.
    formula = Formula(3, ((1,), (2,), (3, 1), (1, 3)))
    (made,) = SplitAndList(max_bytes=24).apply(formula)
    assert made.instance.left.nbytes + made.instance.right.nbytes == 24
    with pytest.raises(TooLargeError, match="needs 24 bytes; at most max_bytes = 23"):
        next(SplitAndList(max_bytes=23).apply(formula))


def test_sides_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    monkeypatch.setattr(
        "reductions.steps.sat_to_ov.OrthogonalVectors",
        lambda *given: built.append(given) or OrthogonalVectors(*given),
    )
    (made,) = SplitAndList().apply(Formula(4, ((1, -4),)))
    assert isinstance(made, Reduced)
    assert made.instance.left is built[0][0]
    assert made.instance.right is built[0][1]
