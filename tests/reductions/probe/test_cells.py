"""Grids: their cells, and what no grid can have."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.errors import UserInputError
from reductions.probe import FAMILIES, Cell, Grid

GOOD: dict[str, Any] = {"n": (64, 128), "d": (8,), "b": (0.5, 1.0)}


def test_all_combinations_in_order() -> None:
    grid = Grid(**GOOD, families=("uniform", "hard"))
    cells = list(grid.cells())
    assert len(cells) == len(grid) == 8
    assert cells[0] == Cell(64, 8, 0.5, "uniform")
    assert cells[-1] == Cell(128, 8, 1.0, "hard")
    assert len({cell.name for cell in cells}) == 8


def test_the_bound_is_in_square_roots_of_ln_n() -> None:
    assert Cell(1000, 8, 2.0, "uniform").bound == pytest.approx(2 * math.log(1000) ** 0.5)


@given(st.floats(0, 100, exclude_min=True), st.floats(0, 100, exclude_min=True), st.sampled_from(FAMILIES))
def test_names_tell_bounds_apart(a: float, b: float, family: str) -> None:
    names = {Cell(64, 8, one, family).name for one in (a, b)}
    assert len(names) == len({a, b})
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.+-") for name in names)


def test_a_grid_from_its_own_data() -> None:
    grid = Grid(**GOOD, eps=(0.01, 0.001), seed=7, budget=50, pairs=1, rank_to=0)
    assert Grid.from_json(json.loads(json.dumps(grid.to_json()))) == grid


@pytest.mark.parametrize("data", [None, [], {}, {**Grid(**GOOD).to_json(), "more": 1}])
def test_other_data_is_no_grid(data: Any) -> None:
    with pytest.raises(UserInputError, match="expected an object with n, d"):
        Grid.from_json(data)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"n": ()}, "n is empty"),
        ({"n": (64, 64)}, "n has 64 twice"),
        ({"n": (8,)}, "n is 8; expected an integer from 16 to 131,072"),
        ({"n": (1 << 18,)}, "n is 262144; expected an integer from 16 to 131,072"),
        ({"n": (True,)}, "n is True"),
        ({"n": "64"}, "n is '64'; expected several values"),
        ({"n": (65,)}, "n is 65: the family 'hard' needs an even number"),
        ({"d": (0,)}, "d is 0"),
        ({"d": (12,)}, "d is 12: the family 'hard' needs a power of two from 8 on"),
        ({"d": (4,)}, "d is 4: the family 'hard'"),
        ({"b": (0.0,)}, "b is 0.0; expected a number greater than 0, at most 100"),
        ({"b": (math.nan,)}, "b is nan"),
        ({"b": (101,)}, "b is 101"),
        ({"eps": (1.0,)}, "eps is 1.0; expected a number greater than 0, less than 1"),
        ({"families": ("round",)}, "families has 'round'; expected some of uniform, signs"),
        ({"seed": -1}, "seed is -1"),
        ({"budget": 0}, "budget is 0"),
        ({"pairs": 1001}, "pairs is 1001"),
        ({"rank_to": 1 << 14}, "rank_to is 16384"),
        ({"b": tuple(k / 1000 for k in range(1, 20_001))}, "the grid has 200,000 cells"),
    ],
)
def test_what_no_grid_can_have(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(UserInputError) as raised:
        Grid(**{**GOOD, **changed})
    assert words in str(raised.value)


def test_sizes_that_only_hard_inputs_refuse() -> None:
    assert len(Grid(n=(65,), d=(7,), b=(1,), families=("signs",))) == 1
