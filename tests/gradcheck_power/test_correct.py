"""The gradients called correct are: by torch's autograd or by mpmath, within roundoff and conditioning."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import mpmath
import numpy as np
import pytest
import torch

from tests.gradcheck_power.cases import Case, call, copied, like, numpy_blocks
from tests.gradcheck_power.correct import FAMILIES, all_correct
from tests.gradcheck_power.oracle import true_gradient, truth

CORRECT = all_correct()
CASES = [case for family in CORRECT.values() for case in family]


@pytest.fixture(autouse=True)
def _in_float64() -> Iterator[None]:
    with jax.enable_x64(True), np.errstate(all="ignore"):
        yield


def test_there_are_two_hundred_from_a_seed() -> None:
    assert len(CASES) == len({case.name for case in CASES}) == 200
    assert list(CORRECT) == list(FAMILIES)
    again = [case for family in all_correct().values() for case in family]
    for one, two in zip(CASES, again, strict=True):
        for a, b in zip(numpy_blocks(one.inputs), numpy_blocks(two.inputs), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_correct_gradients_are_correct(case: Case) -> None:
    found = truth(case)
    for mine, block, doubt in zip(
        numpy_blocks(call(case.gradient, copied(case.inputs))), found.gradient, found.uncertainty, strict=True
    ):
        assert np.all(np.isfinite(block))
        assert np.max(np.abs(mine - block)) <= doubt
        # A doubt so large that anything would pass is no test.
        assert doubt <= 1e-2 * np.max(np.abs(block))


@pytest.mark.parametrize("case", [case for case in CASES if case.twin], ids=lambda case: case.name)
def test_the_twin_is_the_loss(case: Case) -> None:
    """Autograd would differentiate another function without a sound: their values agree."""
    assert case.twin is not None
    ours = float(call(case.loss, copied(case.inputs)))
    twin = float(call(case.twin, like(case.inputs, [torch.tensor(b) for b in numpy_blocks(case.inputs)])))
    gradient = true_gradient(case)
    unit = 1e-5 if "float32" in case.name else 1e-14
    moved = sum(np.sum(np.abs(g * x)) for g, x in zip(gradient, numpy_blocks(case.inputs), strict=True))
    assert abs(ours - twin) <= unit * (abs(twin) + moved)


def test_the_oracle_of_mpmath_has_the_derivative_of_the_loss() -> None:
    """The closed forms in mpmath against its own differentiation of the printed loss."""
    (rational,) = (case for case in CORRECT["rational function near its pole"] if "1e-05" in case.name)
    with mpmath.workdps(60):
        expected = [
            float(mpmath.diff(lambda t: (t + 1) / (t - 1), mpmath.mpf(float(x)), h=mpmath.mpf(10) ** -25))
            for x in rational.inputs
        ]
    np.testing.assert_allclose(true_gradient(rational)[0], expected, rtol=1e-12)
