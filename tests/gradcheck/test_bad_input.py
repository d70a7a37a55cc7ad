"""What a user can get wrong is told in one line that names the argument, its value and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from proofcheck import gradcheck
from proofcheck.errors import UserInputError
from proofcheck.gradcheck import FindingKind

from .samples import Array


def total(x: Array) -> Any:
    return np.sum(x * x)


def twice(x: Array) -> Array:
    return 2 * x


def raises(x: Array) -> Any:
    return 1 / 0


def in_place(x: Array) -> Any:
    x += 1
    return np.sum(x)


ONES = np.ones(3)
RNG = np.random.default_rng(0)
BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "array": (
        lambda: gradcheck(twice, twice, ONES),
        r"loss returned an array of shape \(3,\); .*value\.sum\(\)",
    ),
    "nan": (lambda: gradcheck(lambda x: np.sum(x) * np.nan, twice, ONES), "loss is nan at the inputs given"),
    "complex": (lambda: gradcheck(lambda x: np.sum(x) * 1j, twice, ONES), "loss returned a complex number"),
    "none": (lambda: gradcheck(lambda x: None, twice, ONES), "loss returned None.*return statement"),
    "text": (lambda: gradcheck(lambda x: "1", twice, ONES), "loss returned a value of type"),
    "again": (lambda: gradcheck(lambda x: RNG.random(), twice, ONES), "loss gives .* and then .* seed"),
    "loss raises": (
        lambda: gradcheck(raises, twice, ONES),
        r"loss raised ZeroDivisionError.*test_bad_input.py:\d+",
    ),
    "grad raises": (
        lambda: gradcheck(total, raises, ONES),
        r"grad raised ZeroDivisionError.*test_bad_input.py:\d+",
    ),
    "in place": (lambda: gradcheck(in_place, twice, ONES), "loss changes its input x in place.*copy"),
    "grad in place": (
        lambda: gradcheck(total, lambda x: np.multiply(x, 2, out=x), ONES),
        "grad changes its input",
    ),
    "shape": (
        lambda: gradcheck(total, lambda x: x[1:], ONES),
        r"grad in x has shape \(2,\); expected \(3,\)",
    ),
    "transposed": (lambda: gradcheck(total, np.transpose, np.ones((2, 3))), "seems to be transposed"),
    "tuple": (lambda: gradcheck(total, lambda x: (x,), ONES), "grad returned a tuple; expected one array"),
    "too few": (
        lambda: gradcheck(lambda x, y: total(x), lambda x, y: (x,), (ONES, ONES)),
        "1 values; .* tuple of 2",
    ),
    "keys": (lambda: gradcheck(lambda a: total(a), lambda a: {"b": a}, {"a": ONES}), "keys b; expected a"),
    "integers": (lambda: gradcheck(total, lambda x: np.ones(3, int), ONES), "grad in x has dtype int64"),
    "complex grad": (lambda: gradcheck(total, lambda x: x * 1j, ONES), "grad in x has dtype complex128"),
    "grad none": (lambda: gradcheck(total, lambda x: None, ONES), "grad returned None"),
    "integer inputs": (
        lambda: gradcheck(total, twice, np.ones(3, int)),
        r"x has dtype int64; .*astype\('float64'\)",
    ),
    "complex inputs": (lambda: gradcheck(total, twice, np.ones(3, complex)), "x is complex"),
    "list": (lambda: gradcheck(total, twice, [1.0, 2.0]), r"x is a list; .*numpy\.asarray\(x\)"),
    "empty": (lambda: gradcheck(total, twice, np.ones((0, 2))), r"x is empty \(shape \(0, 2\)\)"),
    "no inputs": (lambda: gradcheck(total, twice, ()), "inputs is empty"),
    "infinite": (
        lambda: gradcheck(total, twice, np.array([1.0, np.inf])),
        "x has an entry that is not finite",
    ),
    "outside": (
        lambda: gradcheck(total, twice, ONES, domain=(2, 3)),
        r"x\[0\] = 1\.0 is outside the domain \(2, 3\)",
    ),
    "predicate": (
        lambda: gradcheck(total, twice, ONES, domain=lambda x: False),
        "outside the domain: domain",
    ),
    "domain": (
        lambda: gradcheck(total, twice, ONES, domain=(3, 2)),
        r"domain=\(3, 2\): expected two numbers",
    ),
    "rtol": (lambda: gradcheck(total, twice, ONES, rtol=2.0), "rtol=2.0: expected a number between 0 and 1"),
    "evaluations": (lambda: gradcheck(total, twice, ONES, evaluations=0), "evaluations=0: expected"),
    "names": (lambda: gradcheck(total, twice, ONES, names=("a", "b")), "expected 1 different names"),
    "wrt": (lambda: gradcheck(total, twice, {"x": ONES}, wrt="y"), "wrt='y': expected names of inputs"),
    "no function": (lambda: gradcheck(3, twice, ONES), "loss is a int; expected a function"),
    "terms": (
        lambda: gradcheck(total, lambda x: x, ONES, terms={"t": np.ones(2)}),
        r"terms\['t'\] has shape \(2,\) for x; expected \(3,\)",
    ),
    "terms raise": (
        lambda: gradcheck(total, np.sin, ONES, terms={"t": raises}),
        r"terms\['t'\] raised ZeroDivision",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_a_mistake_is_told_in_one_line(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(UserInputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_inputs_of_any_layout_are_left_alone() -> None:
    strided = np.arange(1.0, 13.0).reshape(3, 4)[:, ::2]
    frozen = np.arange(1.0, 4.0)
    frozen.flags.writeable = False
    for inputs in (strided, strided.T, frozen, np.asfortranarray(np.ones((2, 3))), np.ones((2, 3))[::-1]):
        before = inputs.copy()
        assert gradcheck(total, twice, inputs)
        assert np.array_equal(inputs, before)


def test_float32_inputs_are_checked_at_float64_and_it_is_said() -> None:
    report = gradcheck(lambda x: np.sum(np.exp(x)), np.exp, np.ones(3, np.float32))
    assert report
    (note,) = report.of(FindingKind.INPUT)
    assert "x is float32; it was checked at float64" in note.detail
