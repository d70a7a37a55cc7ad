from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.errors import UserInputError
from reductions.problems.sat import Formula

LITERALS_OF_2 = (1, -1, 2, -2)


def total(n: int) -> Iterator[tuple[int, ...]]:
    return itertools.product(*((-v, v) for v in range(1, n + 1)))


def value(clauses: Sequence[Sequence[int]], bits: Sequence[bool]) -> bool:
    """The textbook definition, on truth values."""
    return all(any(bits[abs(x) - 1] == (x > 0) for x in clause) for clause in clauses)


def bits_of(assignment: Sequence[int]) -> list[bool]:
    return [x > 0 for x in sorted(assignment, key=abs)]


def small() -> list[Formula]:
    """All formulas with 2 variables and up to 3 clauses of distinct literals, empty ones included."""
    subsets = [c for size in range(5) for c in itertools.combinations(LITERALS_OF_2, size)]
    return [Formula(2, clauses) for m in range(4) for clauses in itertools.product(subsets, repeat=m)]


def randoms(count: int, most: int = 6) -> list[Formula]:
    """Formulas near the threshold, with repeated literals, tautologies and unit and empty clauses."""
    source = random.Random(20240711)
    made = []
    for _ in range(count):
        n = source.randint(1, most)
        clauses = tuple(
            tuple(
                source.choice((1, -1)) * source.randint(1, n) for _ in range(source.choice((1, 2, 3, 3, 4)))
            )
            for _ in range(source.randint(0, 5 * n))
        )
        made.append(Formula(n, clauses if source.random() < 0.95 else (*clauses, ())))
    return made


def clauses_of(n: int) -> st.SearchStrategy[tuple[int, ...]]:
    literals = [x for v in range(1, n + 1) for x in (v, -v)]
    return st.lists(st.sampled_from(literals), max_size=5).map(tuple) if n else st.just(())


formulas = st.integers(0, 5).flatmap(
    lambda n: st.builds(Formula, st.just(n), st.lists(clauses_of(n), max_size=8).map(tuple))
)


def test_every_small_formula_is_verified_and_solved_by_the_definition() -> None:
    everything = small()
    assert len(everything) == 1 + 16 + 16**2 + 16**3
    for formula in everything:
        truths = {a: value(formula.clauses, bits_of(a)) for a in total(2)}
        assert {a: formula.verify(a) for a in truths} == truths
        found = formula.solve()
        assert (found is not None) == any(truths.values())
        assert found is None or truths[found]


def test_random_formulas_up_to_6_variables() -> None:
    answers = []
    for formula in randoms(300):
        truths = {a: value(formula.clauses, bits_of(a)) for a in total(formula.variables)}
        assert {a: formula.verify(a) for a in truths} == truths
        found = formula.solve()
        assert (found is not None) == any(truths.values())
        assert found is None or truths[found]
        answers.append(found is not None)
    assert 60 < sum(answers) < 240  # both answers are tried


def test_solve_agrees_with_another_solver() -> None:
    from pysat.solvers import Solver

    for formula in randoms(200, most=14):
        with Solver(name="minisat22", bootstrap_with=[list(clause) for clause in formula.clauses]) as other:
            satisfiable = other.solve()
        found = formula.solve()
        assert (found is not None) == satisfiable
        if found is not None:
            assert [abs(x) for x in found] == list(range(1, formula.variables + 1))
            assert value(formula.clauses, bits_of(found))


def test_a_partial_assignment_is_a_witness_when_every_clause_has_a_literal_of_it() -> None:
    formula = Formula(3, ((1, 2), (-1, 3)))
    assert formula.verify([2, 3])
    assert formula.verify((-1, 2))
    assert not formula.verify([2])
    assert not formula.verify([])
    assert formula.verify([3, 3, 2, 2])
    assert formula.verify(np.array([3, 2]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "assignment",
    [
        [1, -1, 2],
        [1, 2, -2],
        [1, 0],
        [1, 3],
        [1, -3],
        [1, 10**30],
        [True, 2],
        [1.0, 2],
        [1, 2.0],
        ["1", 2],
        [1, None],
        [(1,), 2],
        "12",
        np.array([True, True]),
        np.array([[1, 2]]),
        np.array([1.0, 2.0]),
    ],
)
def test_what_is_no_assignment_is_no_witness(assignment: Any) -> None:
    assert Formula(2, ((1, 2),)).verify([1, 2])
    assert Formula(2, ((1, 2),)).verify(assignment) is False
    assert Formula(2, ()).verify(assignment) is False


def test_no_clause_and_an_empty_clause() -> None:
    assert Formula(0, ()).verify([])
    assert Formula(0, ()).solve() == ()
    assert Formula(2, ()).verify([])
    assert Formula(2, ()).verify([-1, 2])
    assert len(Formula(2, ()).solve() or ()) == 2
    for clauses in [((),), ((), (1,)), ((1, 2), ())]:
        assert not any(Formula(2, clauses).verify(a) for a in total(2))
        assert Formula(2, clauses).solve() is None
    assert Formula(0, ((),)).solve() is None
    assert not Formula(0, ((),)).verify([])


def test_unit_clauses_force_their_literals() -> None:
    formula = Formula(3, ((-3,), (2,), (1, 3, -2)))
    assert formula.solve() == (1, 2, -3)
    assert formula.conditioned([-3, 2]).clauses == ((1,),)
    assert Formula(1, ((1,), (-1,))).solve() is None


def test_variables_far_beyond_what_occurs_are_no_burden() -> None:
    # A solver that made room for all numbers up to the largest could not take this.
    last = 2**40
    assert Formula(last, ((last,), (1, -last), (-1, -last))).solve() is None
    found = Formula(300_000, ((300_000,), (-299_999, -300_000))).solve()
    assert found is not None
    assert len(found) == 300_000
    assert found[-2:] == (-299_999, 300_000)


def test_conditioned_keeps_exactly_the_assignments_with_these_literals() -> None:
    for formula in randoms(60, most=4):
        n = formula.variables
        for signs in itertools.product((-1, 0, 1), repeat=n):
            literals = [v * sign for v, sign in enumerate(signs, 1) if sign]
            rest = formula.conditioned(literals)
            assert rest.variables == n
            assert not {abs(x) for x in literals} & {abs(x) for clause in rest.clauses for x in clause}
            for assignment in total(n):
                if set(literals) <= set(assignment):
                    assert value(rest.clauses, bits_of(assignment)) == value(
                        formula.clauses, bits_of(assignment)
                    )


def test_conditioned_by_hand() -> None:
    formula = Formula(3, ((1, 2), (-1, 3), (-1,), (2, 3, 2)))
    assert formula.conditioned([1]) == Formula(3, ((3,), (), (2, 3, 2)))
    assert formula.conditioned([-2]) == Formula(3, ((1,), (-1, 3), (-1,), (3,)))
    assert formula.conditioned([]) == formula
    assert formula.conditioned(iter([1, 1])) == formula.conditioned([1])


@pytest.mark.parametrize(
    ("literals", "message"),
    [
        ([3], "literals hold 3; expected literals, non-zero integers from -2 to 2"),
        ([1, 0], "literals hold 0; expected literals"),
        ([-3], "literals hold -3; expected"),
        ([True], "literals hold True; expected"),
        (["1"], "literals hold '1'; expected"),
        ([2, -2], "literals hold both 2 and -2; expected one sign of a variable"),
        ([-1, 2, 1], "literals hold both 1 and -1; expected one sign of a variable"),
    ],
)
def test_conditions_that_cannot_be_met(literals: Any, message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        Formula(2, ((1, 2),)).conditioned(literals)


def is_normal(formula: Formula) -> bool:
    return len(set(formula.clauses)) == len(formula.clauses) and all(
        all(abs(one) < abs(next_) for one, next_ in itertools.pairwise(clause)) for clause in formula.clauses
    )


def test_normalised_has_the_same_assignments() -> None:
    for formula in [*small()[:1500], *randoms(200)]:
        normal = formula.normalised()
        assert normal.variables == formula.variables
        assert is_normal(normal)
        for assignment in total(formula.variables):
            assert normal.verify(assignment) == value(formula.clauses, bits_of(assignment))


@given(formulas)
def test_normalised_is_idempotent_and_sees_no_order_within_clauses(formula: Formula) -> None:
    normal = formula.normalised()
    assert normal.normalised() == normal
    assert (
        Formula(formula.variables, tuple(clause[::-1] for clause in formula.clauses)).normalised() == normal
    )
    assert all(normal.verify(a) == formula.verify(a) for a in total(formula.variables))


def test_normalised_by_hand() -> None:
    formula = Formula(3, ((3, -1, 3), (2, -2), (2,), (-1, 3), (), (1, 2), (2, 2), ()))
    assert formula.normalised() == Formula(3, ((-1, 3), (2,), (), (1, 2)))


@pytest.mark.parametrize(
    ("variables", "clauses", "message"),
    [
        (-1, (), "variables is -1; expected an integer of at least 0"),
        (True, (), "variables is True; expected"),
        (2.0, (), "variables is 2.0; expected"),
        ("2", (), "variables is '2'; expected"),
        (2, [(1,)], "clauses is a list; expected a tuple of tuples"),
        (2, ((1,), [2]), "clause 2 is a list; expected a tuple of literals"),
        (2, (1,), "clause 1 is a int; expected"),
        (2, ((1,), (1, 0)), "clause 2 holds 0; expected literals, non-zero integers from -2 to 2"),
        (2, ((3,),), "clause 1 holds 3; expected"),
        (2, ((-3,),), "clause 1 holds -3; expected"),
        (0, ((1,),), "clause 1 holds 1; expected"),
        (2, ((True,),), "clause 1 holds True; expected"),
        (2, ((1.0,),), "clause 1 holds 1.0; expected"),
        (2, (("1",),), "clause 1 holds '1'; expected"),
        (2, ((np.int64(1),),), "clause 1 holds np.int64"),
    ],
)
def test_what_is_no_formula(variables: Any, clauses: Any, message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        Formula(variables, clauses)


def test_formulas_are_values() -> None:
    assert Formula(2, ((1, 2),)) == Formula(2, ((1, 2),))
    assert Formula(2, ((1, 2),)) != Formula(3, ((1, 2),))
    assert len({Formula(2, ((1, 2),)), Formula(2, ((1, 2),))}) == 1


def test_without_the_solver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysat.solvers", None)
    with pytest.raises(UserInputError) as caught:
        Formula(1, ((1,),)).solve()
    assert str(caught.value) == (
        "python-sat is not installed; install the extra: pip install 'proofcheck[sat]'"
    )
