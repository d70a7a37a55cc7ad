"""Decisions of hard instances: counted right, and no more features than the budget has."""

from __future__ import annotations

from math import comb, inf, nan

import pytest

from reductions.decide import Verdict
from reductions.probe import Cell
from reductions.probe.decisions import Tally, decisions, degree_within
from reductions.thresholds import Thresholds

LIMITS = Thresholds(4.0, 1.0)


def _verdict(answer: bool | None, value: float, limits: Thresholds = LIMITS) -> Verdict:
    return Verdict(answer, value, 0.1, limits, 1, 1.0, 0.1)


@pytest.mark.parametrize(
    ("found", "truth", "counted"),
    [
        (_verdict(True, 5.0), True, Tally(right=1, plain_right=1)),
        (_verdict(True, 5.0), False, Tally(wrong=1)),
        (_verdict(False, 0.5), False, Tally(right=1, plain_right=1)),
        (_verdict(None, 1.9), False, Tally(undecided=1, plain_right=1)),
        (_verdict(None, 2.1), False, Tally(undecided=1)),
        (_verdict(None, 2.1), True, Tally(undecided=1, plain_right=1)),
        (_verdict(None, inf), True, Tally(undecided=1)),
        (_verdict(None, nan), False, Tally(undecided=1)),
        # Thresholds in the wrong order have no middle.
        (_verdict(None, 5.0, Thresholds(1.0, 4.0)), True, Tally(undecided=1)),
        (None, True, Tally(wrong=1)),
    ],
)
def test_one_decision_is_counted(found: Verdict | None, truth: bool, counted: Tally) -> None:
    tally = Tally()
    tally.add(found, truth)
    assert tally == counted


@pytest.mark.parametrize(("d", "budget"), [(8, 10_000), (8, 8), (8, 9), (1, 10), (16, 5000)])
def test_the_largest_degree_within_a_budget(d: int, budget: int) -> None:
    counts = {degree: comb(d + degree, d) for degree in range(1, 25)}
    fitting = [degree for degree, count in counts.items() if count <= budget]
    assert degree_within(d, budget) == (max(fitting) if fitting else None)


def test_where_scores_are_large_exact_gradients_decide_and_fast_ones_do_not() -> None:
    found = decisions(Cell(64, 8, 8.0, "hard"), seed=0, pairs=2, budget=200)
    assert found is not None
    assert found.instances == found.separated == 4
    assert (found.degree, found.features) == (3, 165)
    assert found.exact == Tally(right=4, plain_right=4)
    assert (found.fast.right, found.fast.wrong, found.fast.undecided) == (0, 0, 4)


def test_without_room_for_one_feature_nothing_is_decided() -> None:
    found = decisions(Cell(64, 8, 8.0, "hard"), seed=0, pairs=1, budget=5)
    assert found is not None
    assert (found.degree, found.features) == (None, None)
    assert found.fast == Tally(undecided=2)


def test_no_gadget_no_decisions() -> None:
    assert decisions(Cell(1024, 8, 0.25, "hard"), seed=0, pairs=1, budget=100) is None


def test_a_good_polynomial_is_never_wrong() -> None:
    # Scores of a few: the fast gradient is as good as the exact one, and says so.
    found = decisions(Cell(64, 16, 1.0, "hard"), seed=0, pairs=3, budget=5000)
    assert found is not None
    assert found.fast.wrong == found.exact.wrong == 0
    assert found.fast.right <= found.exact.right


def test_an_oracle_that_contradicts_itself_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def contradiction(*_: object) -> Verdict:
        raise ArithmeticError("between the thresholds")

    monkeypatch.setattr("reductions.probe.decisions.decide_instance", contradiction)
    found = decisions(Cell(64, 8, 8.0, "hard"), seed=0, pairs=1, budget=200)
    assert found is not None
    assert found.fast == found.exact == Tally(wrong=2)
