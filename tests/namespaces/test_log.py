"""The logarithm over every kind of scalar, and in every namespace."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.errors import OutsideCalculusError
from proofcheck.namespaces.counting import CountingNamespace
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.scalars import Dual, Running, fresh_tag, scalar_log
from proofcheck.namespaces.strict import Array, StrictNamespace

positive = st.floats(1e-300, 1e300)


@given(positive, st.floats(0, 0.9))
def test_a_running_logarithm_bounds_its_error(value: float, relative: float) -> None:
    with mpmath.workdps(60):
        found = Running(value, relative * value).log()
        for moved in (1 - mpmath.mpf(relative), 1 + mpmath.mpf(relative)):
            # The argument may be anywhere within its error.
            assert abs(found.value - mpmath.log(moved * mpmath.mpf(value))) <= found.error


@given(positive)
def test_a_running_logarithm_of_a_float_is_tight(value: float) -> None:
    assert Running(value).log().error <= 4 * 2.0**-53 * abs(math.log(value))


def test_an_argument_that_may_be_zero_has_no_bound() -> None:
    assert Running(1.0, 1.0).log().error == math.inf


def test_the_tangent_of_a_logarithm() -> None:
    tag = fresh_tag()
    found = Dual(tag, 4.0, 3.0).log()
    assert (found.value, found.tangent) == (math.log(4.0), 0.75)
    assert Dual(tag, 4.0, 0).log().tangent == 0
    inner = scalar_log(Dual(tag, Dual(fresh_tag(), 2.0, 1.0), 1.0))
    assert isinstance(inner, Dual)


def test_kinds_of_scalars() -> None:
    assert scalar_log(math.e) == 1.0
    assert scalar_log(1 + 1e-30j) == pytest.approx(1e-30j)
    with mpmath.workdps(50):
        assert scalar_log(mpmath.mpf(2)) == mpmath.log(2)
    assert scalar_log(sympy.Symbol("x")) == sympy.log(sympy.Symbol("x"))
    with pytest.raises(TypeError, match="Fraction"):
        scalar_log(Fraction(2))


@pytest.mark.parametrize("value", [0.0, -1.0, mpmath.mpf(-2), float("nan"), Running(-1.0)])
def test_what_is_not_positive_has_none(value: object) -> None:
    with pytest.raises(ValueError, match="expected a positive number"):
        scalar_log(value)


def test_exact_numbers_leave_their_field() -> None:
    with pytest.raises(OutsideCalculusError, match=r"log\(x\)"):
        scalar_log(ExactField(["x"]).variable("x"))


def test_arrays_of_floats_and_of_objects() -> None:
    numbers = [[1, 2], [3, 4]]
    for xp in (StrictNamespace(float, vectorised=True), StrictNamespace(float)):
        found = xp.log(xp.array(numbers)).values.astype(float)
        assert np.array_equal(found, np.log(np.array(numbers, dtype=float)))
    with pytest.raises(ValueError, match=r"log of -1\.0"):
        StrictNamespace(float, vectorised=True).log(Array(np.array([1.0, -1.0])))
    assert StrictNamespace().log(Array(np.array([1j]))).values[0] == np.log(1j)


def test_each_entry_costs_one_logarithm() -> None:
    xp = CountingNamespace(("d", "n"))
    n, d = xp.size("n"), xp.size("d")
    with xp.counted() as counts:
        assert xp.log(xp.array_of_shape((n, d))).shape == (n, d)
    assert counts.logarithms == n * d == counts.total
