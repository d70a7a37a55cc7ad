"""AS23: the error lemmas are proved for all sizes, need their hypothesis, and are as slack as is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proofcheck.checks.counterexample import check_counterexample
from proofcheck.checks.generic import check_generic
from proofcheck.claims import Interval, Level, Outcome
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost, all_of, at_most, atoms
from proofcheck.claims.status import Word
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.numeric import low_rank_features
from proofcheck.paper import forward
from proofcheck.results import Report
from tests.helpers import rng


@pytest.mark.parametrize("id", ["as23:entry", "as23:row-sum", "as23:output"])
def test_the_lemmas_are_proved_for_all_sizes(id: str, paper_report: Report) -> None:
    printed = paper_report[id].printed
    assert printed is not None
    assert printed.status.word is Word.PROVED
    (generic,) = (v for v in printed.verdicts if v.level is Level.GENERIC)
    assert generic.all_sizes
    assert paper_report["as23:poly"].status.word is Word.ASSUMED


def worst_error(eps: float) -> float:
    """The largest error over ε, by trying: R = V = ±1, the weight of +1 being p."""
    p = np.linspace(0, 1, 200_001)
    m = 2 * p - 1
    return float(np.max(np.abs((m + eps) / (1 + eps * m) - m)) / eps)


@pytest.mark.parametrize("eps", [0.5, 0.1, 0.01])
def test_the_slack_is_nearly_2(eps: float) -> None:
    expected = 2 * (1 - np.sqrt(1 - eps**2)) / eps**2
    assert worst_error(eps) == pytest.approx(expected, rel=1e-8)
    assert 1 < worst_error(eps) < 1.08


def with_constant(constant: Any, **given: Any) -> Form:
    """The lemma with another constant for its 2, without its gaps."""
    form = forward.as23_output.forms()["printed"]

    def statement(xp: Any, A: Any, R: Any, eps: Any, W: Any, v: Any, n: Any, d: Any) -> Any:
        found = [one for one in atoms(form.statement(xp, A, R, eps, W, v, n, d)) if isinstance(one, AtMost)]
        return all_of(*(at_most(one.left, one.right * constant / 2) for one in found))

    return Form("printed", statement, {**form.given, **given})


def test_less_than_1_is_refuted() -> None:
    assert check_counterexample(with_constant(0.75), rng()).outcome is Outcome.REFUTED
    assert check_counterexample(with_constant(2), rng()).outcome is Outcome.UNKNOWN


def test_without_the_hypothesis_on_epsilon_there_is_no_proof() -> None:
    form = forward.as23_output.forms()["printed"]
    assert check_generic(form, rng()).outcome is Outcome.HOLDS
    larger = Form("printed", form.statement, {**form.given, "eps": Interval(0, 1)})
    assert check_generic(larger, rng()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("kind", ["score", "one term"])
def test_the_range_of_the_scores_is_attained_and_needs_its_square(kind: str) -> None:
    form = forward.as23_entry.forms()["printed"]

    def smaller(xp: Any, M: Any, N: Any, B: Any, n: Any, d: Any) -> Any:
        bound = 0.99 * B * B if kind == "score" else B
        return at_most((B * M) @ (B * N).T / d, bound)

    found = check_counterexample(Form("printed", smaller, form.given), rng())
    assert found.outcome is Outcome.REFUTED


def test_attention_from_factors_is_proved_modulo_the_polynomial(paper_report: Report) -> None:
    found = paper_report["as23:forward"].status
    assert (found.word, found.detail) == (Word.PROVED_MODULO, "as23:poly, as23:rank, as23:rank.best")


def test_attention_from_factors_is_what_the_construction_computes() -> None:
    """The factors of the numeric construction, the algorithm of the claim, and the dense formula."""
    random = np.random.default_rng(0)
    Q, K, W = random.uniform(-1, 1, (9, 2)), random.uniform(-1, 1, (9, 2)), random.uniform(-1, 1, (9, 3))
    U, V = low_rank_features.polynomial_factors(Q / 2, K, [1.0, 1.0, 0.5])
    xp = StrictNamespace(float)
    found = forward.low_rank_attention(xp, Array(U), Array(V), Array(W)).values
    weights = 1 + Q @ K.T / 2 + (Q @ K.T / 2) ** 2 / 2
    expected = weights / weights.sum(axis=1, keepdims=True) @ W
    assert np.max(np.abs(found - expected)) <= 64 * np.finfo(float).eps
