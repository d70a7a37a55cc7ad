"""Counterexamples as a reader with a pencil needs them: whole, aligned, exact and in decimals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from proofcheck.report.by_hand import by_hand
from tests.report.errata_samples import FOUND


def test_a_point_is_shown_so_that_it_can_be_checked_by_hand() -> None:
    assert by_hand(FOUND) == [
        "at n = 2, i = 1",
        "    A = [1 -1/2]",
        "        [0    2]",
        "    x = t = 0",
        "relation 2 of the statement, left = right, fails at entry (1, 2):",
        "    left  = 1/4 = 0.25",
        "    right = exp(1) ≈ 2.71828182846",
    ]


def test_inputs_of_any_shape_stand_side_by_side_as_far_as_there_is_room() -> None:
    inputs = {"T": [[["1", "0"]], [["0", "10"]]], "x": ["1", "2"], "y": ["1"] * 30, "z": ["1"] * 20}
    lines = by_hand({**FOUND, "inputs": inputs, "relation": "at_most", "entry": []})
    assert lines[1:5] == [
        "    T[1] = [1 0]    x = [1 2]   y = [" + " ".join("1" * 30) + "]",
        "    T[2] = [0 10]",
        "    z = [" + " ".join("1" * 20) + "]",
        "relation 2 of the statement, left ≤ right, fails:",
    ]


def test_a_long_expression_is_whole() -> None:
    expression = " + ".join(f"exp({k}/7)" for k in range(80))
    lines = by_hand({**FOUND, "left": expression})
    assert max(map(len, lines)) <= 100
    start = next(k for k, line in enumerate(lines) if line.strip().startswith("left  = "))
    assert " ".join(line.strip() for line in lines[start:-1]) == f"left  = {expression} ≈ 0.25"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            {
                "relation": "within",
                "algorithm": "compute_f",
                "family": {"n": "t", "d": "1"},
                "count": "4*t^2 + t",
                "bound": "t",
                "ratio_at": [{"t": 10, "ratio": "41"}, {"t": 100, "ratio": "401"}],
            },
            [
                "for t = 1, 2, 3, ...: n = t, d = 1",
                "    operations of compute_f = 4*t^2 + t",
                "    bound = t",
                "the ratio grows without bound: 41 at t = 10, 401 at t = 100",
            ],
        ),
        (
            {"relation": "bounded", "family": {"n": "t", "d": "t^2"}, "ratio_at": [{"t": 10, "ratio": "5"}]},
            ["for t = 1, 2, 3, ...: n = t, d = t^2", "the ratio grows without bound: 5 at t = 10"],
        ),
        (
            {
                "relation": "bounded",
                "family": {"along": "A1 = t R"},
                "sizes": {"n": 1},
                "inputs": {"R": [["1/2"]], "E": [["0"]]},
                "growth": "t^2",
                "ratio_exact": "1/3",
                "relation_number": 2,
                "ratio_at": [{"t": 3, "ratio": "3"}],
            },
            [
                "for t = 1, 2, 3, ...: A1 = t R",
                "made at n = 1",
                "    R = [1/2]",
                "    E = 0",
                "    ratio = 1/3 at t = 1, and t^2 times that at t",
                "the ratio of relation 2 grows without bound: 3 at t = 3",
            ],
        ),
        ({"family": {"n": "t"}}, ["for t = 1, 2, 3, ...: n = t"]),
        (
            {"relation": "new"},
            [
                "relation 1 of the statement, left new right, fails:",
                "    left  =",
                "    right =",
            ],
        ),
    ],
    ids=["cost", "ratio", "inputs", "bare", "unknown"],
)
def test_families_and_what_lacks_keys(found: Mapping[str, Any], expected: list[str]) -> None:
    assert by_hand(found) == expected
