"""Ranges of sizes: which sizes they stand for, and what is none."""

from __future__ import annotations

import pytest

from proofcheck.ranges import walked


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("5", (5,)),
        (" 5 ", (5,)),
        ("2:64", (2, 4, 8, 16, 32, 64)),
        ("3:20", (3, 6, 12, 20)),
        ("4:4", (4,)),
        ("1:3", (1, 2, 3)),
    ],
)
def test_ranges_are_walked_in_powers_of_two(text: str, sizes: tuple[int, ...]) -> None:
    assert walked(text) == sizes


@pytest.mark.parametrize(
    "text", ["", "0", "-3", "0:4", "64:2", "1:2:3", "1.5", "²", "1:", ":4", "1 2", "9" * 12]
)
def test_what_is_no_range(text: str) -> None:
    assert walked(text) is None
