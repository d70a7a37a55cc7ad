"""Appendix D: proved for all sizes, every repair necessary, and the same algebra as the numeric factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proofcheck import verify
from proofcheck.claims import Claim, Kind, Level, Outcome, Relation, all_of, equal
from proofcheck.claims.status import Word
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.numeric import low_rank as numeric
from proofcheck.paper import upper_bound as D
from proofcheck.results import Report


@pytest.mark.parametrize("id", ["lem:D.2", "lem:D.3", "lem:D.4", "lem:D.5", "prf:D.6", "prf:D.6.error"])
def test_the_standing_forms_are_proved_for_all_sizes(id: str, paper_report: Report) -> None:
    result = paper_report[id]
    form = result.mended or result.printed
    assert form is not None
    assert form.status.word is Word.PROVED
    (generic,) = (v for v in form.verdicts if v.level is Level.GENERIC)
    assert generic.outcome is Outcome.HOLDS
    kinds = {"prf:D.6": {Relation.EQUAL}, "prf:D.6.error": {Relation.AT_MOST}}
    assert generic.covers == kinds.get(id, {Relation.EQUAL, Relation.AT_MOST})


def alone(statement: Any) -> Word:
    claim = Claim(
        "lem:half", kind=Kind.LEMMA, title="t", source="s", quote="q", given={**D.FIRST, **D.SECOND}
    )
    claim.printed(statement)
    return verify(claims=[claim], cache=False)["lem:half"].status.word


def test_lemma_D_5_needs_both_repairs() -> None:
    def transposes_only(xp: Any, U1: Any, V1: Any, U2: Any, V2: Any, n: Any) -> Any:
        r = D.row_corrections(xp, U1, V1, U2, V2)
        columns = U1 @ xp.scale_rows(r, V1).T
        return equal(columns, D.rank_one_part(xp, U1 @ V1.T, U2 @ V2.T, n))

    def side_only(xp: Any, U1: Any, V1: Any, U2: Any, V2: Any, n: Any) -> Any:
        r = xp.row_sums((U1 @ V1) * (U2 @ V2))
        return equal(xp.scale_rows(r, U1) @ V1.T, D.rank_one_part(xp, U1 @ V1.T, U2 @ V2.T, n))

    assert alone(transposes_only) is Word.REFUTED
    assert alone(side_only) is Word.ILL_FORMED


def test_the_printed_factors_of_lemma_D_3_are_an_identity() -> None:
    """h (U1 V1ᵀ h − E)ᵀ = h hᵀ V1 U1ᵀ − h Eᵀ is true; what fails is that it approximates q."""

    def identity(xp: Any, U1: Any, V1: Any, U2: Any, V2: Any) -> Any:
        h, E = U2, V2
        return all_of(equal(h @ (U1 @ (V1.T @ h) - E).T, h @ (h.T @ V1) @ U1.T - h @ E.T))

    assert alone(identity) is Word.PROVED


def test_the_numeric_module_computes_the_same() -> None:
    """The constructions of numeric.low_rank against the formulas of the claims, which share no code."""
    rng = np.random.default_rng(5)
    n, k, d = 6, 4, 3
    U1, V1 = rng.normal(size=(n, k)), rng.normal(size=(n, k))
    U2, V2 = rng.normal(size=(n, d)), rng.normal(size=(n, d))
    xp = StrictNamespace(float)
    strict = [Array(value) for value in (U1, V1, U2, V2)]
    r = numeric.row_correction(U1, V1, U2, V2)
    assert D.row_corrections(xp, *strict).values == pytest.approx(r, rel=1e-12)
    U4, V4 = numeric.p2_factors(U1, V1, r)
    rows = D.rank_one_part(xp, Array(U1 @ V1.T), Array(U2 @ V2.T), n).values
    assert pytest.approx(rows, rel=1e-10, abs=1e-10) == U4 @ V4.T
    U3, V3 = numeric.p1_factors(U1, V1, U2, V2)
    claimed = (xp.row_kron(strict[0], strict[2]) @ xp.row_kron(strict[1], strict[3]).T).values
    assert pytest.approx(claimed, rel=1e-10, abs=1e-10) == U3 @ V3.T
