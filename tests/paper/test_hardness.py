"""Theorem E.5: the identity it rests on, what it assumes, and what cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from proofcheck.checks.counterexample import check_counterexample
from proofcheck.claims import Outcome
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import equal
from proofcheck.claims.status import Word
from proofcheck.paper import hardness
from proofcheck.results import Report
from tests.helpers import rng


@pytest.mark.parametrize("id", ["thm:E.5", "thm:1.5"])
def test_proved_modulo_all_that_is_taken_for_granted(id: str, paper_report: Report) -> None:
    found = paper_report[id].status
    assert found.word is Word.PROVED_MODULO
    assert found.detail == "fact:taylor, hyp:3.1, lem:E.2, lem:E.5.slopes"
    assert paper_report["lem:E.5.slopes"].status.word is Word.ASSUMED


def test_the_slope_by_automatic_differentiation() -> None:
    generator = torch.Generator().manual_seed(0)
    n, d, lam = 5, 3, 0.7
    A1, A2, A3 = (torch.randn(n, d, generator=generator, dtype=torch.float64) for _ in range(3))

    def f(scale: Any) -> Any:
        return (torch.softmax(scale * A1 @ A2.T / d, dim=1) @ A3).pow(2).sum()

    X = (lam * torch.eye(d, dtype=torch.float64)).requires_grad_()
    loss = (torch.softmax(A1 @ X @ A2.T / d, dim=1) @ A3).pow(2).sum() / 2
    loss.backward()
    t = torch.tensor(lam, dtype=torch.float64, requires_grad=True)
    f(t).backward()
    assert X.grad is not None
    assert t.grad is not None
    assert float(t.grad) == pytest.approx(2 * float(torch.trace(X.grad)), rel=1e-12)


@pytest.mark.parametrize("kept", ["E", "no 1/d"])
def test_each_mend_of_the_slope_is_needed(kept: str) -> None:
    form = hardness.prf_E_5_slope.forms()["mended"]

    def statement(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, lam: Any, d: Any) -> Any:
        over = 1 if kept == "no 1/d" else d
        slope = xp.gradient(lambda t: hardness.norm_of_output(xp, t * (A1 @ A2.T) / over, A3), lam)
        target = E if kept == "E" else 0 * E
        return equal(slope, hardness.slope_by_gradient(xp, A1, A2, A3, target, lam, d))

    found = check_counterexample(Form("printed", statement, form.given), rng())
    assert found.outcome is Outcome.REFUTED


def test_b_0_is_refuted_by_one_entry(paper_report: Report) -> None:
    printed = paper_report["thm:E.5"].printed
    assert printed is not None
    shown = printed.counterexample
    assert shown is not None
    assert shown["sizes"] == {"n": 1, "d": 1}
    assert (shown["left"], shown["right"]) == ("1", "0")
