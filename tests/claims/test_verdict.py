"""Verdicts as plain data and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proofcheck.claims import Level, Outcome, Relation, Verdict

FULL = Verdict(
    Level.COUNTEREXAMPLE,
    Outcome.REFUTED,
    "at n=2: 0 against 1",
    covers=frozenset({Relation.EQUAL, Relation.AT_MOST}),
    sizes=({"n": 2, "d": 3}, {}),
    all_sizes=True,
    vacuous=True,
    counterexample={"inputs": {"x": ["1/2"]}},
    relations=frozenset({Relation.WITHIN}),
    seconds=1.5,
)


@pytest.mark.parametrize("verdict", [FULL, Verdict(Level.EXACT, Outcome.NOT_RUN)])
def test_there_and_back(verdict: Verdict) -> None:
    again = Verdict.from_json(json.loads(json.dumps(verdict.to_json())))
    assert again == verdict
    assert again.seconds == verdict.seconds


@pytest.mark.parametrize(
    "damage",
    [
        {"level": "guess"},
        {"verdict": "fine"},
        {"covers": ["nothing"]},
        {"covers": "equal"},
        {"sizes": [{"n": "two"}]},
        {"sizes": 3},
        {"counterexample": "none"},
        {"seconds": None},
    ],
)
def test_damaged_data(damage: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        Verdict.from_json({**FULL.to_json(), **damage})


@pytest.mark.parametrize("key", sorted(FULL.to_json()))
def test_missing_data(key: str) -> None:
    with pytest.raises(KeyError):
        Verdict.from_json({name: value for name, value in FULL.to_json().items() if name != key})
