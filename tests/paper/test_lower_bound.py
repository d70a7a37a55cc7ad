"""Appendix E: what is proved of it and by which level, and that its parts are needed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from proofcheck.checks.counterexample import check_counterexample
from proofcheck.checks.generic import check_generic
from proofcheck.claims import Level, Outcome, Relation
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import AtMost, all_of, at_most, atoms
from proofcheck.claims.status import Word
from proofcheck.paper import lower_bound as E
from proofcheck.paper import lower_bound_proof as proof
from proofcheck.paper import riemann_sum
from proofcheck.results import Report
from proofcheck.verify import check_form
from tests.helpers import form_of, rng


def f_first(A: Any, V: Any, lam: float) -> float:
    """f'(λ) by a difference of f with many digits: nothing of the claims is in it."""

    def f(t: Any) -> Any:
        total = mpmath.mpf(0)
        for row in A:
            weights = [mpmath.exp(t * mpmath.mpf(a)) for a in row]
            for column in zip(*V, strict=True):
                o = mpmath.fsum(w for w, v in zip(weights, column, strict=True) if v) / mpmath.fsum(weights)
                total += o * o
        return total

    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -20
        return float((f(lam + step) - f(lam - step)) / (2 * step))


def test_bounds_of_lemma_E_3_are_proved_for_all_sizes(paper_report: Report) -> None:
    mended = paper_report["lem:E.3"].mended
    assert mended is not None
    assert mended.status.word is Word.PROVED
    (generic,) = (v for v in mended.verdicts if v.level is Level.GENERIC)
    assert generic.outcome is Outcome.HOLDS
    assert generic.all_sizes
    assert generic.covers == {Relation.AT_MOST}


def test_8_27_is_attained() -> None:
    """n = 3, d = 1, λ = 0: o = 2/3."""
    B = 2.0
    A, V = [[B, B, 0.0]] * 3, [[1], [1], [0]]
    assert f_first(A, V, 0.0) == pytest.approx(8 / 27 * B * 3, rel=1e-12)


def test_the_second_bound_is_within_twice_the_best() -> None:
    """n = 2, d = 1, V = e1, A = diag: o = (15 − √33)/24 gives f''/(B² n) = 0.15405 against 8/27."""
    o = (15 - 33**0.5) / 24
    lam = float(np.log(o / (1 - o)))
    A, V = [[1.0, 0.0], [1.0, 0.0]], [[1], [0]]
    step = 1e-4
    second = (f_first(A, V, lam + step) - f_first(A, V, lam - step)) / (2 * step)
    assert second / 2 == pytest.approx(2 * o * o * (1 - o) * (2 - 3 * o), rel=1e-6)
    assert second / 2 < 8 / 27 < 2 * second / 2


def test_the_family_is_checked_against_other_arithmetic(paper_report: Report) -> None:
    printed = paper_report["lem:E.3"].printed
    assert printed is not None
    shown = printed.counterexample
    assert shown is not None
    P = [[float(Fraction(entry)) for entry in row] for row in shown["inputs"]["P"]]
    B, lam = (float(Fraction(shown["inputs"][name])) for name in ("B", "lam"))
    A = [[B * entry for entry in row] for row in P]
    for one in shown["ratio_at"][:2]:
        V = [[int(entry)] * one["t"] for entry in shown["inputs"]["v"]]
        ratio = f_first(A, V, lam) / (B * len(A))
        sign = 1 if shown["relation_number"] == 1 else -1
        assert sign * ratio == pytest.approx(float(one["ratio"]), rel=1e-9)
    assert shown["growth"] == "t"


def test_8_B_n_fails_from_28_columns_on(paper_report: Report) -> None:
    """8/27 d > 8 from d = 28 on, and not before."""
    printed = paper_report["prf:E.3"].printed
    assert printed is not None
    assert printed.counterexample is not None
    assert printed.counterexample["sizes"] == {"d": 28, "n": 3}


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_each_gap_is_needed(kept: int) -> None:
    """Without its gap no inequality of the lemma is proved for all sizes."""
    mended = E.lem_E_3.forms()["mended"]

    def without(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any, d: Any) -> Any:
        found = [one for one in atoms(mended.statement(xp, P, V, lam, B, n, d)) if isinstance(one, AtMost)]
        return all_of(
            *(
                at_most(one.left, one.right, gap=one.gap if number != kept else None)
                for number, one in enumerate(found)
            )
        )

    form = Form("mended", without, mended.given)
    assert check_generic(form, rng()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("constant", [7, 8])
def test_a_smaller_constant_has_no_gap(constant: int) -> None:
    mended = E.lem_E_3.forms()["mended"]

    def smaller(xp: Any, P: Any, V: Any, lam: Any, B: Any, n: Any, d: Any) -> Any:
        first = next(iter(atoms(mended.statement(xp, P, V, lam, B, n, d))))
        assert isinstance(first, AtMost)
        return at_most(first.left, constant * B * n * d / 27, gap=first.gap)

    expected = Outcome.HOLDS if constant == 8 else Outcome.UNKNOWN
    assert check_generic(Form("mended", smaller, mended.given), rng()).outcome is expected


@pytest.mark.parametrize("claim", [proof.eq_E_7, proof.eq_E_9], ids=lambda claim: str(claim.id))
def test_equations_need_a_lambda_above_0(claim: Any) -> None:
    """The mended relation over all λ is refuted: that hypothesis alone is necessary."""
    mended = claim.forms()["mended"]
    over_all = form_of(mended.statement, **{**mended.given, "lam": claim.given["lam"]})
    assert check_counterexample(over_all, rng()).outcome is Outcome.REFUTED


def test_riemann_sum_attains_half_the_bound() -> None:
    """f = b x²/2 at m = 5, by itself: the error is b/(2m)."""
    m, b = 5, Fraction(3)
    riemann = sum(b * Fraction(i, m) / m for i in range(m))
    assert b / 2 - riemann == b / (2 * m)
    verdict = check_form(riemann_sum.lem_E_4_best, "printed", Level.GENERIC)
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.covers == {Relation.AT_MOST, Relation.EQUAL}


def test_what_the_proof_rests_on_is_assumed(paper_report: Report) -> None:
    assert paper_report["lem:E.2"].status.word is Word.ASSUMED
    assert paper_report["lem:E.4"].status.word is Word.PROVED_MODULO
    assert paper_report["lem:E.4"].status.detail == "fact:taylor"
