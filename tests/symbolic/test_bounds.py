"""Bounds read off a term hold every value it takes."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofcheck.namespaces.indexed import IndexedNamespace
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.symbolic.bounds import bounds_of, is_sum_of_nonnegatives
from proofcheck.symbolic.normal_form import expand

SCALARS = ("v", "w", "w2", "b", "z")
VECTORS = ("vs", "bs", "zs")
DOMAINS: dict[str, tuple[Any, Any]] = {
    **dict.fromkeys(("v", "vs"), (Fraction(0), Fraction(1))),
    **dict.fromkeys(("w", "w2"), (Fraction(-1), Fraction(1))),
    **dict.fromkeys(("b", "bs"), (Fraction(0), math.inf)),
}
FORMULAS: dict[str, tuple[Any, tuple[Any, Any]]] = {
    "a square": (lambda xp, a: (a["z"] - a["w"]) ** 2, (0, math.inf)),
    "equal factors": (lambda xp, a: a["z"] * a["z"], (0, math.inf)),
    "one minus": (lambda xp, a: 1 - a["v"], (0, 1)),
    "one minus a product": (lambda xp, a: 1 - a["w"] * a["w2"], (0, 2)),
    "a sum of what is at least 0": (lambda xp, a: xp.sum(a["bs"] * (1 - a["vs"])), (0, math.inf)),
    "a sum of what is at most 0": (lambda xp, a: xp.sum(-a["bs"]), (-math.inf, 0)),
    "a sum of no known sign": (lambda xp, a: xp.sum(a["zs"]), (-math.inf, math.inf)),
    "an exponential": (lambda xp, a: xp.exp(a["z"]), (0, math.inf)),
    "an exponential from 1 on": (lambda xp, a: xp.exp(a["b"]) - 1, (0, math.inf)),
    "an exponential up to 1": (lambda xp, a: xp.exp(-a["b"]), (0, 1)),
    "a quotient": (lambda xp, a: a["v"] / xp.sum(xp.exp(a["zs"])), (0, math.inf)),
    "a product of signs": (lambda xp, a: -a["b"] * a["v"], (-math.inf, 0)),
    "nothing known": (lambda xp, a: a["z"], (-math.inf, math.inf)),
    "not written so that it shows": (lambda xp, a: 1 - xp.sum(a["vs"]), (-math.inf, 1)),
    "an odd power": (lambda xp, a: a["w"] ** 3, (-1, 1)),
    "a quotient of unknown sign": (lambda xp, a: 1 / a["w"], (-math.inf, math.inf)),
    "half of it": (lambda xp, a: a["w"] / 2, (-Fraction(1, 2), Fraction(1, 2))),
    "a reciprocal": (lambda xp, a: 1 / (1 + a["v"]), (Fraction(1, 2), 1)),
    "a reciprocal without an end": (lambda xp, a: 1 / (2 + a["b"]) ** 2, (0, Fraction(1, 4))),
    "a logarithm": (lambda xp, a: xp.log(a["b"]), (-math.inf, math.inf)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_bounds(name: str) -> None:
    formula, expected = FORMULAS[name]
    xp = IndexedNamespace(("n",))
    inputs = {letter: xp.input(letter, ()) for letter in SCALARS}
    inputs |= {letter: xp.input(letter, (xp.size("n"),)) for letter in VECTORS}
    assert bounds_of(formula(xp, inputs).entry(), DOMAINS) == expected


@pytest.mark.parametrize("name", FORMULAS)
def test_values_lie_within(name: str) -> None:
    formula, (low, high) = FORMULAS[name]
    rng = np.random.default_rng(0)
    strict = StrictNamespace(float)
    for _ in range(60):
        inputs = {}
        for letter in SCALARS + VECTORS:
            shape = () if letter in SCALARS else (3,)
            first, last = DOMAINS.get(letter, (-3, 3))
            values = rng.uniform(float(first), min(float(last), 5.0), shape)
            inputs[letter] = Array(np.asarray(values))
        value = float(formula(strict, inputs).values)
        assert float(low) - 1e-12 <= value <= float(high) + 1e-12


def test_a_size_is_at_least_1() -> None:
    xp = IndexedNamespace(("n",))
    assert bounds_of(xp.scalar(xp.size("n")).entry(), {}) == (1, math.inf)


NORMAL_FORMS: dict[str, tuple[Any, bool]] = {
    "more of the same": (lambda xp, a: 9 * a["b"] - 8 * a["b"], True),
    "less of the same": (lambda xp, a: 8 * a["b"] - 9 * a["b"], False),
    "nothing": (lambda xp, a: a["z"] - a["z"], True),
    "an even power": (lambda xp, a: a["z"] ** 2 + a["b"], True),
    "an odd power": (lambda xp, a: a["z"] ** 3, False),
    "an exponential": (lambda xp, a: a["b"] * xp.exp(a["z"]), True),
    "over a sum of what is positive": (lambda xp, a: a["b"] / xp.sum(a["bs"]), True),
    "over a sum of no known sign": (lambda xp, a: a["b"] / xp.sum(a["zs"]), False),
    "a sum": (lambda xp, a: xp.sum(a["bs"]) * 2 - xp.sum(a["bs"]), True),
    "a square that is multiplied out": (lambda xp, a: (a["b"] - a["v"]) ** 2, False),
    "an input of both signs": (lambda xp, a: a["b"] * a["w"], False),
}


@pytest.mark.parametrize("name", NORMAL_FORMS)
def test_sums_of_what_is_not_negative(name: str) -> None:
    formula, expected = NORMAL_FORMS[name]
    xp = IndexedNamespace(("n",))
    inputs = {letter: xp.input(letter, ()) for letter in SCALARS}
    inputs |= {letter: xp.input(letter, (xp.size("n"),)) for letter in VECTORS}
    assert is_sum_of_nonnegatives(expand(formula(xp, inputs).entry()), DOMAINS) is expected
