"""Decisions against a SAT solver: never wrong, and undecided only where the certificate says so."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from proofcheck.errors import UserInputError
from reductions.decide import chain_named, decide, decide_instance, decide_outputs
from reductions.oracles import Answer, FloatOracle, MpmathOracle
from reductions.problems.attention import GradientInstance
from reductions.problems.sat import Formula
from reductions.thresholds import entry_thresholds, slope_thresholds

from .instances import attention_of, gap_instance, outputs

FLOAT = FloatOracle()
HOW = [("direct", "one-query"), ("direct", "gauss-legendre"), ("pcp", "one-query"), ("pcp", "gauss-legendre")]
LITERALS = (1, -1, 2, -2, 3, -3)
CLAUSES = [(a,) for a in LITERALS] + [
    (a, b) for a, b in itertools.combinations(LITERALS, 2) if abs(a) != abs(b)
]


def random_formula(n: int, m: int, k: int, rng: np.random.Generator) -> Formula:
    clauses = []
    for _ in range(m):
        variables = rng.choice(n, size=min(k, n), replace=False) + 1
        clauses.append(tuple(int(v) if rng.integers(2) else -int(v) for v in variables))
    return Formula(n, tuple(clauses))


def agrees(formula: Formula, **how: object) -> bool:
    """The answer is the solver's, and an assignment that is given is one; False where it is not decided."""
    found = decide(formula, FLOAT, **how)  # type: ignore[arg-type]
    if found.satisfiable is None:
        return False
    assert found.satisfiable == (formula.solve() is not None), formula
    if found.satisfiable and how.get("assignment", True):
        assert found.assignment is not None
        assert formula.verify(found.assignment)
        assert [abs(literal) for literal in found.assignment] == list(range(1, formula.variables + 1))
    return True


@pytest.mark.parametrize("clauses", [0, 1, 2])
def test_all_small_formulas(clauses: int) -> None:
    for chosen in itertools.combinations(CLAUSES, clauses):
        assert agrees(Formula(3, chosen))


@pytest.mark.parametrize("seed", range(30))
def test_random_formulas_around_the_threshold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 11))
    formula = random_formula(n, max(1, round(4.27 * n)), 3, rng)
    assert agrees(formula)


@pytest.mark.parametrize("seed", range(4))
def test_gauss_legendre(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    formula = random_formula(4, int(rng.integers(4, 14)), 2, rng)
    assert agrees(formula, decoder="gauss-legendre")


@pytest.mark.parametrize("seed", range(6))
def test_distributed_pcp(seed: int) -> None:
    rng = np.random.default_rng(200 + seed)
    formula = random_formula(4, int(rng.integers(2, 7)), 2, rng)
    assert agrees(formula, chain="pcp", blocks=3)


def test_odd_formulas() -> None:
    for formula in (
        Formula(0, ()),
        Formula(3, ()),
        Formula(0, ((),)),
        Formula(2, ((1, 2), ())),
        Formula(1, ((1,),)),
        Formula(1, ((1,), (-1,))),
        Formula(5, ((3,),)),
        Formula(2, ((1, 1, 2), (1, -1), (-2, -2))),
    ):
        if formula.solve() is None:
            assert decide(formula, FLOAT).satisfiable is False
        else:
            assert agrees(formula)


@dataclass
class Perturbed:
    """An oracle that errs by what it says, in the direction given."""

    accuracy: float
    sign: int
    name: str = "perturbed"

    def __call__(self, instance: GradientInstance, temperature: float) -> Answer:
        exact = MpmathOracle()(instance, temperature)
        error = 2 * instance.attention.d * self.accuracy
        return Answer(exact.slope + self.sign * error, error + exact.error)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("chain", "decoder"), HOW)
def test_an_adversarial_oracle_is_never_believed_too_far(chain: str, decoder: str, sign: int) -> None:
    """All weights of a sum being positive, errors of one sign are the worst there are."""
    rng = np.random.default_rng(7)
    seen = set()
    for _ in range(12 if decoder == "one-query" else 3):
        formula = random_formula(4, int(rng.integers(6, 14)), 2, rng)
        truth = formula.solve() is not None
        for exponent in range(-12, 0, 2):
            oracle = Perturbed(10.0**exponent, sign)
            found = decide(formula, oracle, chain=chain, decoder=decoder, assignment=False)
            seen.add(found.satisfiable)
            assert found.satisfiable in (truth, None)
            assert found.required is not None
            assert found.achieved is not None
            if found.achieved < 0.99 * found.required:
                assert found.satisfiable is truth
    assert None in seen
    assert seen & {True, False}


def test_an_oracle_that_understates_its_error_is_noticed_or_undecided() -> None:
    """Between NO and YES there is no instance: a value there with no error is refused."""
    formula = Formula(2, ((1, 2), (-1,)))
    (made,) = chain_named("direct", "one-query").apply(formula)
    limits = slope_thresholds(made.instance.attention)

    class Between:
        name = "between"

        def __call__(self, instance: GradientInstance, temperature: float) -> Answer:
            return Answer(-(limits.yes + limits.no) / 2, 0.0)

    with pytest.raises(ArithmeticError, match="errors are larger than it says"):
        decide_instance(made.instance, Between())


@pytest.mark.parametrize(
    "answer", [Answer(float("nan"), 0.0), Answer(0.0, float("nan")), Answer(float("inf"), 1.0)]
)
def test_no_numbers(answer: Answer) -> None:
    class Broken:
        name = "broken"

        def __call__(self, instance: GradientInstance, temperature: float) -> Answer:
            return answer

    with pytest.raises(UserInputError, match="expected numbers"):
        decide(Formula(1, ((1,),)), Broken())


@pytest.mark.parametrize(
    ("chain", "decoder", "message"),
    [("indirect", "one-query", "chain is 'indirect'"), ("direct", "guess", "decoder is 'guess'")],
)
def test_unknown_names(chain: str, decoder: str, message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        decide(Formula(1, ((1,),)), FLOAT, chain=chain, decoder=decoder)


def test_progress_is_told_after_each_gradient() -> None:
    told: list[tuple[int, int, str]] = []
    found = decide(
        Formula(4, ((1, 2), (-1, 3), (4,))),
        FLOAT,
        progress=lambda done, total, words: told.append((done, total, words)),
    )
    assert [words for *_, words in told] == [f"{k + 1} gradients" for k in range(found.calls)]
    assert [done for done, *_ in told] == sorted(done for done, *_ in told)
    assert {total for _, total, _ in told} == {5}
    assert told[0][0] == 0
    assert told[-1][0] <= 4


def test_what_is_reported() -> None:
    found = decide(Formula(4, ((1, 2), (-1, 3), (4,))), FLOAT)
    assert found.satisfiable
    assert found.calls == 4  # the formula, then one for each variable while there is something to decide
    assert found.oracle == "float64"
    assert found.margin is not None
    assert found.margin > 0
    assert found.achieved is not None
    assert found.required is not None
    assert found.achieved < found.required
    assert found.sizes["N"] == 4
    assert found.sizes["n"] == 8


@pytest.mark.parametrize("sign", [-1, 0, 1])
@pytest.mark.parametrize("columns", [True, False])
def test_entrywise(sign: int, columns: bool) -> None:
    """From outputs of 60 digits, off by as much as is said: never wrong, decided within what is required."""
    rng = np.random.default_rng(11)
    seen = set()
    for k in range(10):
        instance = attention_of(gap_instance(5, 6, rng, yes=k % 2 == 0), "entrywise")
        exact = np.array([float(o) for o in outputs(instance, 1)])
        room = entry_thresholds(instance).accuracy
        assert room > 0
        truth = instance.solve() is not None
        for part in (0.0, 0.5, 0.99, 3.0):
            given = exact + sign * part * room
            if columns:
                given = np.column_stack([given, *np.zeros((instance.d - 1, len(given)))])
            found = decide_outputs(instance, given, part * room + 1e-15)
            assert found.answer in (truth, None)
            if part < 1:
                assert found.answer is truth
                assert found.required > found.achieved
            seen.add((part < 1, found.answer))
    assert {(True, True), (True, False)} <= seen
    if sign == 0:
        assert (False, None) in seen


@pytest.mark.parametrize(
    ("make", "accuracy", "message"),
    [
        (lambda n, d: np.zeros((n, d + 1)), 0.1, "outputs has the shape"),
        (lambda n, d: np.full(n, np.nan), 0.1, "not finite"),
        (lambda n, d: np.zeros(n), -1.0, "accuracy is -1.0"),
        (lambda n, d: np.zeros(n), float("nan"), "accuracy is nan"),
    ],
)
def test_outputs_that_are_none(make: Any, accuracy: float, message: str) -> None:
    instance = attention_of(gap_instance(3, 4, np.random.default_rng(0), yes=True), "entrywise")
    with pytest.raises(UserInputError, match=message):
        decide_outputs(instance, make(instance.n, instance.d), accuracy)


def test_an_output_between_the_cases_is_refused() -> None:
    instance = attention_of(gap_instance(3, 4, np.random.default_rng(0), yes=True), "entrywise")
    limits = entry_thresholds(instance)
    with pytest.raises(ArithmeticError, match="no instance does"):
        decide_outputs(instance, np.full(instance.n, (limits.yes + limits.no) / 2), 0.0)


def test_all_formulas_of_distributed_pcp_with_few_advices() -> None:
    """Random formulas whose chain has at most 100 instances, every number of blocks that is so."""
    rng = np.random.default_rng(300)
    tried = 0
    for _ in range(40):
        n = int(rng.integers(2, 6))
        formula = random_formula(n, int(rng.integers(1, 10)), 2, rng)
        for blocks in (1, 2, 3, 4):
            sizes = chain_named("pcp", "one-query", blocks=blocks).sizes({"n": n, "m": len(formula.clauses)})
            if sizes["instances"] <= 100:
                tried += 1
                assert agrees(formula, chain="pcp", blocks=blocks)
    assert tried > 60


@pytest.mark.slow
@pytest.mark.parametrize("clauses", [3, 4])
def test_all_formulas_of_three_variables(clauses: int) -> None:
    """With up to 4 clauses of size at most 2: with fewer than 3 they are tested always."""
    for chosen in itertools.combinations(CLAUSES, clauses):
        assert agrees(Formula(3, chosen))


def hundred_formulas(hundred: int) -> list[Formula]:
    """A tenth of a thousand around the threshold, with n ≤ 12 variables and clauses of 3."""
    rng = np.random.default_rng([12345, hundred])
    sizes = [(int(rng.integers(1, 13)), rng.uniform(3.2, 5.4)) for _ in range(100)]
    return [random_formula(n, max(1, round(ratio * n)), 3, rng) for n, ratio in sizes]


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["one-query", "gauss-legendre"])
@pytest.mark.parametrize("hundred", range(10))
def test_a_thousand_formulas(decoder: str, hundred: int) -> None:
    """Never wrong, never undecided; assignments where one query finds them."""
    for formula in hundred_formulas(hundred):
        assert agrees(formula, decoder=decoder, assignment=decoder == "one-query")


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["one-query", "gauss-legendre"])
@pytest.mark.parametrize("hundred", range(10))
def test_a_thousand_formulas_by_distributed_pcp(decoder: str, hundred: int) -> None:
    """All that have at most 100 instances: by the least number of blocks that has so few, and the largest."""
    tried = 0
    for formula in hundred_formulas(hundred):
        given = {"n": formula.variables, "m": len(formula.clauses)}
        few = [
            blocks
            for blocks in range(1, 17)
            if chain_named("pcp", decoder, blocks=blocks).sizes(given)["instances"] <= 100
        ]
        quick = decoder == "one-query"
        for blocks in sorted({*few[:1], *few[-1:]} if quick else {*few[:1]}):
            tried += 1
            assert agrees(formula, decoder=decoder, chain="pcp", blocks=blocks, assignment=quick)
    assert tried > 50
