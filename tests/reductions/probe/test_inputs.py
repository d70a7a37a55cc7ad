"""The inputs of cells: bounded by B, of the shape that their family says, hard ones labelled right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reductions.probe import FAMILIES, Cell
from reductions.probe.inputs import arrays, hard_pair, hard_sizes

SOFT = tuple(family for family in FAMILIES if family != "hard")


@given(st.integers(16, 40), st.integers(1, 5), st.floats(0.1, 10), st.sampled_from(SOFT), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_entries_are_at_most_the_bound(n: int, d: int, b: float, family: str, seed: int) -> None:
    cell = Cell(n, d, b, family)
    A1, A2, A3, E, X, Y = arrays(cell, seed)
    for array in (A1, A2, A3, E):
        assert array.shape == (n, d)
        assert np.abs(array).max() <= cell.bound * (1 + 1e-15)
    assert np.array_equal(X, np.eye(d))
    assert np.array_equal(Y, np.eye(d))
    again = arrays(cell, seed)
    assert all(np.array_equal(one, other) for one, other in zip(again, (A1, A2, A3, E, X, Y), strict=True))


def test_each_family_is_what_it_says() -> None:
    made = {family: arrays(Cell(400, 4, 1.0, family), 0) for family in SOFT}
    bound = Cell(400, 4, 1.0, "signs").bound
    assert set(np.unique(made["signs"][0])) == {-bound, bound}
    assert np.linalg.matrix_rank(made["aligned"][0] @ made["aligned"][1].T) == 1
    scores = made["aligned"][0] @ made["aligned"][1].T / 4
    assert scores.min() < -0.9 * bound**2
    assert scores.max() > 0.9 * bound**2
    # Eight centres: within 0.2 B of one another in each entry, or at least 1.6 B apart in one.
    rows = made["clustered"][0]
    apart = np.abs(rows[:, None] - rows[None]).max(axis=2) / bound
    assert not np.any((apart > 0.2 + 1e-12) & (apart < 1.6 - 1e-12))
    assert 1 < len({tuple(np.sign(row)) for row in rows}) <= 8
    # Uniform entries have the variance B²/3: 1600 of them, each with kurtosis 9/5.
    spread = np.mean(made["uniform"][0] ** 2) / (bound**2 / 3)
    assert abs(spread - 1) < 5 * np.sqrt(0.8 / 1600)


def test_bounds_scale_the_same_draws() -> None:
    once, twice = (arrays(Cell(64, 3, b, "uniform"), 5) for b in (1.0, 2.0))
    np.testing.assert_allclose(2 * once[0], twice[0], rtol=1e-15)
    other = arrays(Cell(64, 3, 1.0, "uniform"), 6)
    assert not np.allclose(once[0], other[0])


@pytest.mark.parametrize("d", [8, 16, 32])
@pytest.mark.parametrize("b", [0.25, 1.0, 2.5, 8.0])
def test_hard_pairs(d: int, b: float) -> None:
    cell = Cell(64, d, b, "hard")
    sizes, pair = hard_sizes(cell), hard_pair(cell, 3, 0)
    if sizes is None:
        # So small a bound that even one coordinate leaves no room for a pad of squared norm 1 + 1/γ.
        assert pair is None
        assert 4 + 1 / (cell.bound**2 / d) > d
        return
    assert pair is not None
    m, more = sizes
    assert 4 * m + more <= d
    yes, no = pair
    for instance, truth in ((yes, True), (no, False)):
        attention = instance.attention
        assert (attention.n, attention.d) == (64, d)
        assert float(attention.entry_bound) <= cell.bound
        assert float(attention.entry_bound) > cell.bound * (1 - 2**-8)
        # The pad is what one query needs.
        assert attention.gamma * (attention.level - attention.gap.yes) >= 1
        Q, K, _ = attention.arrays()
        scores = Q @ K.T / d
        level = float(attention.gamma * attention.gap.yes)
        assert (scores[:, :32].max() >= level) == truth


def test_a_bound_without_room() -> None:
    assert hard_sizes(Cell(1024, 8, 0.25, "hard")) is None
    assert hard_sizes(Cell(1024, 8, 8.0, "hard")) == (1, 1)


def test_pairs_differ_by_number() -> None:
    cell = Cell(64, 16, 8.0, "hard")
    first, second = hard_pair(cell, 0, 0), hard_pair(cell, 0, 1)
    assert first is not None
    assert second is not None
    assert not np.array_equal(first[0].attention.gap.left, second[0].attention.gap.left)
