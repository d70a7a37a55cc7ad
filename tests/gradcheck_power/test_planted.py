"""Every planted gradient is wrong, and every right one beside it right, by an oracle that shares no code."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.gradcheck_power.attention import attention, attention_in_all
from tests.gradcheck_power.cases import Case, Kind, Plant, block_errors, call, copied, like, numpy_blocks
from tests.gradcheck_power.oracle import Truth, true_gradient, truth
from tests.gradcheck_power.planted import all_planted
from tests.numeric.autograd import x_gradient_by_the_paper

PLANTED = all_planted()
OF_KIND = {kind: [plant for plant in PLANTED if plant.kind is kind] for kind in Kind}


def named(plants: list[Plant]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("plant", plants, ids=lambda plant: plant.name)


@pytest.fixture(autouse=True)
def _overflow_is_planted() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def right_within_doubt(case: Case) -> Truth:
    """The truth about the case, once its loss's own gradient has been found to agree with it."""
    found = truth(case)
    given = numpy_blocks(call(case.gradient, copied(case.inputs)))
    for mine, block, doubt in zip(given, found.gradient, found.uncertainty, strict=True):
        assert np.max(np.abs(mine - block)) <= doubt
    return found


def value(plant: Plant) -> list[float]:
    wrong = call(plant.fresh(), copied(plant.case.inputs))
    return block_errors(wrong, like(plant.case.inputs, true_gradient(plant.case)))


def test_there_are_many_and_their_names_differ() -> None:
    assert len({plant.name for plant in PLANTED}) == len(PLANTED) >= 45
    assert sum(plant.theme == "attention" for plant in PLANTED) >= 20
    assert all(plants for plants in OF_KIND.values())


@named([plant for plant in PLANTED if plant.kind is not Kind.KINK])
def test_the_loss_is_the_twin_and_its_right_gradient_is_right(plant: Plant) -> None:
    right_within_doubt(plant.case)


@named(OF_KIND[Kind.VALUE])
def test_values_are_wrong_by_what_they_say(plant: Plant) -> None:
    errors, found = value(plant), truth(plant.case)
    assert max(errors) >= plant.error
    # Far beyond what the oracle itself may be off by.
    doubts = [
        doubt / np.max(np.abs(block)) for doubt, block in zip(found.uncertainty, found.gradient, strict=True)
    ]
    assert max(error / doubt for error, doubt in zip(errors, doubts, strict=True)) > 100


@named(OF_KIND[Kind.KINK])
def test_no_subgradient_at_a_kink(plant: Plant) -> None:
    """Along some direction the slope claimed lies outside of the one-sided slopes of the loss there."""
    x, claimed = plant.case.inputs, plant.fresh()(plant.case.inputs.copy())
    step, outside = 2.0**-20, []
    for v in (*np.eye(len(x)), np.ones(len(x))):
        ahead, behind = (
            float(plant.case.loss(x + sign * step * v) - plant.case.loss(x)) / (sign * step)
            for sign in (1, -1)
        )
        outside.append(max(min(ahead, behind) - claimed @ v, claimed @ v - max(ahead, behind)))
    assert max(outside) >= plant.error
    (error,) = value(plant)
    assert error >= plant.error


@named(OF_KIND[Kind.NOT_FINITE])
def test_not_finite_where_the_truth_is(plant: Plant) -> None:
    assert np.all(np.isfinite(true_gradient(plant.case)))
    assert not np.all(np.isfinite(call(plant.fresh(), copied(plant.case.inputs))))


@named(OF_KIND[Kind.UNSTABLE])
def test_unstable_ones_differ_from_call_to_call(plant: Plant) -> None:
    wrong = plant.fresh()
    first, second = (call(wrong, copied(plant.case.inputs)) for _ in range(2))
    assert max(block_errors(second, first)) >= plant.error
    assert max(value(plant)) >= plant.error


@named(OF_KIND[Kind.STATEFUL])
def test_stateful_ones_are_right_and_then_wrong(plant: Plant) -> None:
    inputs, wrong = plant.case.inputs, plant.fresh()
    moved = like(inputs, [1.5 * block for block in numpy_blocks(inputs)])
    here, there = (like(inputs, true_gradient(plant.case, at)) for at in (inputs, moved))
    assert max(block_errors(call(wrong, copied(inputs)), here)) < 1e-12
    assert max(block_errors(call(wrong, copied(moved)), there)) >= plant.error


@named(OF_KIND[Kind.MUTATES])
def test_mutating_ones_change_their_inputs_alone(plant: Plant) -> None:
    inputs = copied(plant.case.inputs)
    found = call(plant.fresh(), inputs)
    assert max(block_errors(found, like(plant.case.inputs, true_gradient(plant.case)))) < 1e-12
    assert max(block_errors(inputs, plant.case.inputs)) > 0


@pytest.mark.parametrize("seed", range(3))
def test_the_attention_oracle_agrees_with_the_paper_in_mpmath(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = attention(rng)
    value, gradient = x_gradient_by_the_paper({**case.data.rest, "X": case.inputs})
    assert float(case.loss(case.inputs)) == pytest.approx(value, rel=1e-13)
    assert max(block_errors(true_gradient(case)[0], gradient)) < 1e-13
    every = attention_in_all(rng)
    _, gradient = x_gradient_by_the_paper(every.inputs)
    assert max(block_errors(true_gradient(every)[4], gradient)) < 1e-13
