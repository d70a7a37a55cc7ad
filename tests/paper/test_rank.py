"""The rank of a polynomial of scores: as many columns as are said, no fewer, and how their number grows."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from proofcheck.checks.exact import check_exact
from proofcheck.checks.rate import decide_rate
from proofcheck.claims import Level, Outcome
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import Vanishes, equal
from proofcheck.claims.status import Word
from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.numeric import low_rank_features
from proofcheck.numeric.polynomial import smallest_degree
from proofcheck.paper import rank
from proofcheck.results import Report
from tests.helpers import rng


def test_proved_at_sizes(paper_report: Report) -> None:
    assert paper_report["as23:rank"].status.word is Word.PROVED_AT_SIZES
    assert "d=2 g=2" in paper_report["as23:rank"].status.detail
    best = paper_report["as23:rank.best"].status
    assert best.word is Word.PROVED_MODULO
    assert best.detail.startswith("as23:rank; at sizes ")


@pytest.mark.parametrize(("d", "g"), [(1, 1), (1, 4), (2, 3), (3, 2), (4, 1)])
def test_monomials_are_all_there_once(d: int, g: int) -> None:
    found = rank.exponents(d, g)
    assert len(found) == len(set(found)) == math.comb(d + g, g)
    assert all(len(m) == d and min(m) >= 0 and sum(m) <= g for m in found)
    assert [sum(m) for m in found] == sorted(sum(m) for m in found)


def test_the_factors_are_those_of_the_numeric_construction() -> None:
    """Same products and as many columns; the order of the columns is each one's own."""
    random = np.random.default_rng(0)
    Q, K = random.uniform(-1, 1, (7, 3)), random.uniform(-1, 1, (7, 3))
    coefficients = [0.5, 2.0, 1.5]
    U, V = low_rank_features.polynomial_factors(Q / 3, K, coefficients)
    xp = StrictNamespace(float)
    a0, a = xp.array(np.array(Fraction(1, 2))), xp.array(np.array([Fraction(2), Fraction(3, 2)]))
    features = rank.monomials(xp, Array(Q), 3, 2).values
    values = rank.monomials(xp, Array(K), 3, 2).values * rank.weights(xp, a0, a, 3, 2).values
    assert U.shape == features.shape == (7, math.comb(5, 2))
    assert np.max(np.abs(U @ V.T - features @ values.T)) <= 256 * np.finfo(float).eps


@pytest.mark.parametrize(("d", "g"), [(1, 2), (2, 2), (3, 2)])
def test_the_rank_by_another_program(d: int, g: int) -> None:
    """SymPy's rank of P(Q Kᵀ/d) at the grid: k with positive coefficients, less without one."""
    points = sympy.Matrix(rank.exponents(d, g))
    scores = points * points.T / d

    def rank_with(coefficients: list[int]) -> int:
        return int(scores.applyfunc(lambda s: sum(a * s**t for t, a in enumerate(coefficients))).rank())

    k = math.comb(d + g, g)
    assert rank_with([1] * (g + 1)) == k
    assert rank_with([0] + [1] * g) < k


def test_one_column_fewer_is_not_enough() -> None:
    form = rank.as23_rank.forms()["printed"]

    def shorter(xp: Any, Q: Any, K: Any, a0: Any, a: Any, d: Any, g: Any) -> Any:
        rank.at_fixed_sizes(d, g)
        k = math.comb(d + g, g) - 1
        U = rank.monomials(xp, Q, d, g)
        V = xp.scale_rows(rank.weights(xp, a0, a, d, g), rank.monomials(xp, K, d, g).T).T
        cut = [xp.columns(lambda j, m=m: m[:, j], k) for m in (U, V)]
        return equal(cut[0] @ cut[1].T, rank.polynomial(xp, Q @ K.T / d, a0, a, g))

    sizes = {Level.EXACT: ({"n": 2, "d": 2, "g": 2},)}
    found = check_exact(Form("printed", shorter, form.given, sizes=sizes), rng())
    assert found.outcome is Outcome.REFUTED


def test_symbolic_sizes_are_refused() -> None:
    with pytest.raises(OutsideCalculusError, match="at fixed d and g only"):
        rank.at_fixed_sizes(2, sympy.Symbol("g"))


def test_the_exponents_vanish() -> None:
    for exponent in (rank.exponent_of_rank, rank.exponent_of_dimension):
        assert decide_rate(Vanishes(exponent))[0] is Outcome.HOLDS


def test_the_exponent_bounds_what_is_counted() -> None:
    """log C(d+g, g) against g (1 + log(1 + d/g)), for the degrees that the program itself finds."""
    for log_n in (6.0, 12.0, 24.0):
        d = round(log_n)
        for radius in (log_n / 16, log_n / 8):
            g = smallest_degree(math.exp(-log_n), radius).degree
            counted = math.log(math.comb(d + g, g))
            assert counted <= g * (1 + math.log(1 + d / g)) <= 2.2 * counted
