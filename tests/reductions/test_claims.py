"""The claims of the reductions: found by their entry point, proved, and about what the steps compute."""

from __future__ import annotations

import math

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
from reductions.steps.direct_embedding import DirectEmbedding

from .instances import attention_of, outputs, scores


@pytest.fixture(scope="module")
def report() -> Report:
    return verify("reductions.claims", cache=False)


def test_they_are_installed() -> None:
    assert "reductions.claims" in discover()


def test_all_are_proved_for_all_sizes(report: Report) -> None:
    assert [result.claim.id for result in report.results] == [
        one.id for one in registered("reductions.claims")
    ]
    assert len(report.results) >= 4
    for result in report.results:
        assert result.status.word is Word.PROVED, result.claim.id
        assert result.printed is not None
        (generic,) = (v for v in result.printed.verdicts if v.level is Level.GENERIC)
        assert (generic.outcome, generic.all_sizes) == (Outcome.HOLDS, True)


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
    assert claims.SOURCE
