"""The claims of the reductions: found by their entry point, proved, and about what the steps compute."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from proofcheck import verify
from proofcheck.claims import Level, Outcome
from proofcheck.claims.claim import registered
from proofcheck.claims.status import Word
from proofcheck.loading import discover
from proofcheck.results import Report
from reductions import claims
from reductions.problems.gap import GapInnerProduct
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.quadrature import printed_count
from reductions.steps.direct_embedding import DirectEmbedding

from .instances import attention_of, outputs, scores


@pytest.fixture(scope="module")
def report() -> Report:
    return verify("reductions.claims", cache=False)


def test_they_are_installed() -> None:
    assert "reductions.claims" in discover()


def test_no_module_is_forgotten() -> None:
    names = {f"reductions.claims.{one.stem}" for one in Path(claims.__file__).parent.glob("*.py")}
    assert names - {"reductions.claims.__init__"} == set(claims.MODULES)
    for name in claims.MODULES:
        importlib.import_module(name)
        assert registered(name), name


# They have no size symbols, and no gap that is seen to be one.
BY_BALLS = {"red:printed.example", "red:gauss.size"}


def test_what_stands_and_why(report: Report) -> None:
    found = {result.claim.id: result for result in report.results}
    assert list(found) == [one.id for name in claims.MODULES for one in registered(name)]
    assert set(found) > BY_BALLS
    for name, result in found.items():
        form = result.mended or result.printed
        assert form is not None
        proofs = {v.level for v in form.verdicts if v.outcome is Outcome.HOLDS}
        assert result.status.word is Word.PROVED, name
        if name in BY_BALLS:
            assert Level.BALL in proofs
        else:
            assert any(v.all_sizes for v in form.verdicts if v.level in (Level.GENERIC, Level.COST)), name
            assert proofs & {Level.GENERIC, Level.COST}


def test_the_printed_numbers_do_not_decide(report: Report) -> None:
    (result,) = (one for one in report.results if one.claim.id == "prf:E.5")
    assert result.printed is not None
    assert result.printed.status.word is Word.REFUTED
    assert [one.claim.id for one in report.results if one.mended is not None] == ["prf:E.5"]


def test_the_example_is_an_instance_decided_wrongly() -> None:
    """N = 4 and one orthogonal pair: the printed sum is what a NO-instance gives; the integral is not."""
    N, D, points = 4, 6, 81

    def f(lam: Any) -> Any:
        """From the rows: 2N of them, of which two have a key of distance 0."""
        rows = [[0] + [D] * (N - 1)] + [[D] * N] * (N - 1)
        kept = [mpmath.fsum(mpmath.exp(-lam * u) for u in row) for row in rows]
        return 2 * mpmath.fsum((x / (x + N)) ** 2 for x in kept)

    with mpmath.workdps(30):
        assert mpmath.log(N + 1) + mpmath.log(N) / 2 + mpmath.log(4) / 2 <= D
        left = (
            f(mpmath.mpf(0))
            + mpmath.fsum(mpmath.diff(f, mpmath.mpf(i) / points) for i in range(points)) / points
        )
        assert left < mpmath.mpf(1) / (2 * (N + 1) ** 2)
        assert f(mpmath.mpf(1)) > mpmath.mpf(2) / (N + 1) ** 2
    assert printed_count(2 * N) == points


def test_the_embedding_is_the_steps() -> None:
    rng = np.random.default_rng(0)
    vectors = OrthogonalVectors(*((rng.random((5, 4)) < 0.5).astype(np.uint8) for _ in range(2)))
    (made,) = DirectEmbedding().apply(vectors)
    left, right = (side.astype(int) for side in (made.instance.left, made.instance.right))
    products = vectors.left.astype(int) @ vectors.right.astype(int).T
    assert (left @ right.T == 4 - products).all()
    distances = (left[:, None, :] != right[None, :, :]).sum(axis=2)
    assert (distances == 4 + 2 * products).all()


def test_scores_and_outputs_are_the_instances() -> None:
    rows = np.array([[1, 0, 1], [0, 1, 1]], dtype=np.uint8)
    instance = attention_of(GapInnerProduct(rows, rows, 3, 2), "norm")
    gamma, level = float(instance.gamma), float(instance.level)
    products = rows.astype(int) @ rows.astype(int).T
    for i, row in enumerate(scores(instance)):
        expected = [gamma * products[i % 2][j] for j in range(2)] + [gamma * level] * 2
        assert [float(score) for score in row] == pytest.approx(expected, rel=1e-12)
    x = sum(math.exp(-gamma * (level - product)) for product in products[0])
    assert float(outputs(instance, 1)[0]) == pytest.approx(x / (x + 2), rel=1e-12)
