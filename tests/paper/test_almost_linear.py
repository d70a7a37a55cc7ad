"""Lemma D.1 and Theorem D.6: proved modulo the polynomial, with the constant of each step; not as printed."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from proofcheck.checks.counterexample import check_counterexample
from proofcheck.checks.generic import check_generic
from proofcheck.claims import Level, Outcome
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost, all_of, at_most, atoms
from proofcheck.claims.status import Word
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.numeric.low_rank import low_rank_gradient
from proofcheck.paper import almost_linear
from proofcheck.results import Report
from tests.helpers import rng


@pytest.mark.parametrize("id", ["lem:D.1", "thm:D.6.errors", "thm:D.6", "thm:1.6"])
def test_proved_modulo_the_polynomial_and_its_rank(id: str, paper_report: Report) -> None:
    found = paper_report[id]
    # The number of monomials is bounded at sizes only.
    assert (found.status.word, found.status.detail) == (
        Word.PROVED_MODULO,
        "as23:poly, as23:rank, as23:rank.best",
    )
    form = found.mended or found.printed
    assert form is not None
    proofs = [v for v in form.verdicts if v.level in (Level.GENERIC, Level.COST)]
    assert proofs
    assert all(v.outcome is Outcome.HOLDS and v.all_sizes for v in proofs)


def test_the_theorem_differs_from_its_mend_by_the_factor_d_alone(paper_report: Report) -> None:
    printed = paper_report["thm:D.6"].printed
    assert printed is not None
    shown = printed.counterexample
    assert shown is not None
    assert shown["sizes"]["d"] == 2
    assert 2 * float(shown["left_decimal"]) == float(shown["right_decimal"])


def scaled(form: Form, constant: float) -> Form:
    """The inequalities of a form with their right sides times a constant, without their gaps."""

    def statement(xp: Any, **symbols: Any) -> Any:
        found = [one for one in atoms(form.statement(xp, **symbols)) if isinstance(one, AtMost)]
        return all_of(*(at_most(one.left, one.right * constant) for one in found))

    statement.__signature__ = inspect.signature(form.statement)  # type: ignore[attr-defined]
    return Form("printed", statement, form.given)


@pytest.mark.parametrize("claim", [almost_linear.lem_D_1, almost_linear.thm_D_6_errors])
def test_smaller_constants_are_refuted(claim: Any) -> None:
    form = list(claim.forms().values())[-1]
    assert check_counterexample(scaled(form, 0.45), rng()).outcome is Outcome.REFUTED
    assert check_counterexample(scaled(form, 1), rng()).outcome is Outcome.UNKNOWN


def step(form: Form, number: int, constant: float) -> Form:
    whole = scaled(form, constant)

    def statement(xp: Any, **symbols: Any) -> Any:
        return list(atoms(whole.statement(xp, **symbols)))[number]

    statement.__signature__ = whole.statement.__signature__  # type: ignore[attr-defined]
    return Form("printed", statement, form.given)


@pytest.mark.parametrize("number", range(12))
def test_each_step_of_the_chain_is_attained(number: int) -> None:
    """With all entries ±1 both sides are equal: a tenth less is refuted."""
    form = almost_linear.thm_D_6_errors.forms()["printed"]
    found = [check_counterexample(step(form, number, 0.9), rng(seed)).outcome for seed in range(6)]
    assert Outcome.REFUTED in found


def test_a_gap_that_is_another_is_noticed() -> None:
    form = almost_linear.thm_D_6_errors.forms()["printed"]

    def doubled(xp: Any, **symbols: Any) -> Any:
        first = next(atoms(form.statement(xp, **symbols)))
        assert isinstance(first, AtMost)
        return at_most(first.left, first.right, gap=2 * first.gap)

    doubled.__signature__ = inspect.signature(form.statement)  # type: ignore[attr-defined]
    assert check_generic(Form("printed", doubled, form.given), rng()).outcome is Outcome.UNKNOWN


def test_the_algorithm_is_that_of_the_numeric_construction() -> None:
    random = np.random.default_rng(0)
    n, d = 9, 2
    arrays = {name: random.uniform(-1, 1, (n, d)) for name in ("A1", "A2", "A3", "E")}
    arrays |= {name: random.uniform(-1, 1, (d, d)) for name in ("X", "Y")}
    numeric = low_rank_gradient(**arrays, coefficients=[1.0, 1.0, 0.5])
    xp = StrictNamespace(float)
    inputs = (numeric.U1, numeric.V1, *(arrays[name] for name in ("A1", "A2", "A3", "E", "Y")))
    found = almost_linear.low_rank_gradient(xp, *(Array(np.asarray(one)) for one in inputs)).values / d
    # Sums of n k d products of entries of size at most about 4.
    assert np.max(np.abs(found - numeric.gradient)) <= 64 * n * d * 6 * np.finfo(float).eps


def test_normalised_factors_are_stochastic() -> None:
    random = np.random.default_rng(1)
    U, V = random.uniform(0.5, 1, (5, 3)), random.uniform(0.5, 1, (5, 3))
    xp = StrictNamespace(float)
    rows = (almost_linear.normalised(xp, Array(U), Array(V)) @ Array(V).T).values.sum(axis=1)
    assert rows == pytest.approx(np.ones(5), rel=1e-14)
