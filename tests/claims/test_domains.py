"""Domains: what they describe, and that every draw lies in them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.claims import Bits, HalfMax, Index, Interval, Positive, Real
from proofcheck.claims.domains import Domain, dimension, dimension_symbols
from proofcheck.errors import ClaimDefinitionError, EmptyDomainError
from tests.helpers import rng

SIZES = {"n": 3, "d": 2}
scales = st.one_of(st.none(), st.sampled_from([Fraction(1), Fraction(1, 1024), Fraction(7, 3)]))
ends = st.fractions(-5, 5, max_denominator=12)


@pytest.mark.parametrize(
    ("text", "value", "symbols"),
    [
        ("n", 3, {"n"}),
        ("d^2", 4, {"d"}),
        ("2*n", 6, {"n"}),
        ("n*d", 6, {"n", "d"}),
        ("n * d^3 * 5", 120, {"n", "d"}),
        ("7", 7, set()),
    ],
)
def test_dimensions(text: str, value: int, symbols: set[str]) -> None:
    assert dimension(text, SIZES) == value
    assert dimension_symbols(text) == symbols
    assert Real(text).shape(SIZES) == (value,)
    assert Index(text).symbols == symbols


@pytest.mark.parametrize("text", ["", "n+1", "n^0", "n^-1", "0", "n**2", "^2", "n d", "-n"])
def test_a_dimension_that_is_no_product(text: str) -> None:
    with pytest.raises(ClaimDefinitionError, match="expected a product"):
        Real("n", text)


@given(st.integers(0, 2**32), scales)
def test_draws_of_reals(seed: int, scale: Fraction | None) -> None:
    drawn = Real("n", "d").draw(rng(seed), SIZES, scale=scale)
    assert drawn.shape == (3, 2)
    for value in drawn.flat:
        assert isinstance(value, Fraction)
        assert abs(value) <= 2 * (scale or 1)


@given(st.integers(0, 2**32), scales)
def test_draws_of_positives(seed: int, scale: Fraction | None) -> None:
    assert all(value > 0 for value in Positive("n", "d^2").draw(rng(seed), SIZES, scale=scale).flat)


@given(st.integers(0, 2**32), scales, ends, ends)
def test_draws_of_intervals(seed: int, scale: Fraction | None, one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    domain = Interval(low, high, "n", "d")
    assert all(low <= value <= high for value in domain.draw(rng(seed), SIZES, scale=scale).flat)
    assert all(low <= value <= high for value in domain.table())
    assert {low, high, (low + high) / 2} <= set(domain.table())


@pytest.mark.parametrize("scale", [None, Fraction(1, 2)])
def test_an_empty_interval(scale: Fraction | None) -> None:
    with pytest.raises(EmptyDomainError, match=r"\[1, 0\] is empty"):
        Interval(1, 0, "n").draw(rng(), SIZES, scale=scale)


@pytest.mark.parametrize("domain", [Real("n"), Positive("n"), Interval(0, 1, "n"), Interval(-1, 1)])
def test_tables_have_no_repetitions_and_fit(domain: Domain) -> None:
    table = domain.table()
    assert len(set(table)) == len(table) >= 3
    assert all(domain.admit(value) == value for value in table)
    # Simplest first: shrinking takes the first that will do.
    assert table[0] == (1 if isinstance(domain, Positive) else 0)


def test_draws_are_generic_and_repeatable() -> None:
    drawn = Real("n", "n").draw(rng(3), {"n": 12}, scale=Fraction(1, 2))
    assert len(set(drawn.flat)) > 100
    assert np.array_equal(drawn, Real("n", "n").draw(rng(3), {"n": 12}, scale=Fraction(1, 2)))
    assert all(Fraction(float(value)) == value for value in drawn.flat)
    scalar = Real().draw(rng(), {})
    assert scalar.shape == ()


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        (Real("n", "d"), "real n×d"),
        (Real(), "real scalar"),
        (Real("d^2", role="fixed"), "fixed real d^2"),
        (Positive(), "positive scalar"),
        (Interval(0, Fraction(1, 2), "n"), "real n in [0, 1/2]"),
        (Index("d^2"), "index in 1..d^2"),
        (Bits("n", "d"), "0-1 n×d"),
        (HalfMax("n", "n"), "real n×n in [0, 1], half of each row 1"),
    ],
)
def test_words(declaration: Any, words: str) -> None:
    assert declaration.describe() == words


def test_generic_members_of_an_interval_are_spread_over_it() -> None:
    drawn = Interval(3, 4, "n").draw(np.random.default_rng(0), {"n": 50}, scale=Fraction(1))
    assert all(3 <= value <= 4 for value in drawn)
    assert len(set(drawn)) > 10


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("scale", [None, Fraction(1)])
def test_half_of_each_row_is_1(n: int, scale: Fraction | None) -> None:
    domain = HalfMax("m", "n")
    drawn = domain.draw(np.random.default_rng(n), {"m": 4, "n": n}, scale=scale)
    assert drawn.shape == (4, n)
    for row in drawn:
        assert 2 * sum(entry == 1 for entry in row) >= n
    assert domain.contains(drawn)
    broken = drawn.copy()
    broken[0, :] = Fraction(1, 2)
    assert not domain.contains(broken)


def test_bits_are_drawn_and_recognised() -> None:
    drawn = Bits("n").draw(np.random.default_rng(0), {"n": 50}, scale=Fraction(1))
    assert set(drawn) == {0, 1}
    assert Bits("n").contains(drawn)
    assert not Bits("n").contains(drawn + Fraction(1, 2))


def test_cases_are_all_of_the_domain() -> None:
    bits = [tuple(case) for case in Bits("n").cases({"n": 3})]
    assert len(set(bits)) == len(bits) == 8
    # Of three entries two are 1: three choices a row, the third entry free.
    half = list(HalfMax("m", "n").cases({"m": 2, "n": 3}))
    assert len(half) == 9
    for case in half:
        assert [[entry is None for entry in row].count(True) for row in case] == [1, 1]
        assert all(entry is None or entry == 1 for entry in case.flat)
    (free,) = Real("n").cases({"n": 2})
    assert list(free) == [None, None]


@pytest.mark.parametrize("domain", [Bits("n"), HalfMax("n"), Interval(0, 1, "n"), Positive("n"), Real("n")])
def test_simpler_members_and_changes_stay_inside(domain: Domain) -> None:
    value = domain.draw(np.random.default_rng(3), {"n": 4})
    assert domain.contains(value)
    for other in domain.simpler(value):
        assert domain.contains(other)
        assert (other != value).sum() == 1
    changed = domain.changed(value, (0,), Fraction(-5))
    assert (changed is None) == (not isinstance(domain, Real))
