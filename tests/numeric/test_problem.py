from __future__ import annotations

import math
from typing import Any

import array_api_strict
import numpy as np
import pytest
import torch

from proofcheck.errors import UserInputError
from proofcheck.numeric.problem import VARIABLES, checked_problem, checked_variables, row_blocks

NAMES = ("A1", "A2", "A3", "E", "X", "Y")


def arrays(n: int = 5, d: int = 3, dtype: Any = np.float64) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        name: rng.standard_normal((d, d) if name in ("X", "Y") else (n, d)).astype(dtype) for name in NAMES
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_it_knows(dtype: type) -> None:
    given = arrays(5, 3, dtype)
    problem = checked_problem(**given, causal=True)
    assert (problem.n, problem.d, problem.causal) == (5, 3, True)
    assert problem.dtype == dtype
    assert problem.accumulator == np.float64
    assert all(getattr(problem, name) is given[name] for name in NAMES)


def test_array_libraries(backend: Any) -> None:
    problem = checked_problem(**{name: backend.asarray(value) for name, value in arrays().items()})
    assert problem.accumulator == problem.xp.float64
    assert problem.xp.ones((2,), dtype=problem.dtype, device=problem.device).shape == (2,)


@pytest.mark.parametrize("name", NAMES)
def test_a_shape_that_does_not_match(name: str) -> None:
    given = arrays()
    given[name] = np.ones((4, 2))
    with pytest.raises(UserInputError, match=r"has shape \(.*\); expected \(.*\), as A1 has shape"):
        checked_problem(**given)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", NAMES)
def test_an_entry_that_is_not_finite(name: str, value: float) -> None:
    given = arrays()
    given[name][-1, -1] = value
    with pytest.raises(UserInputError, match=f"{name} has an entry that is not finite"):
        checked_problem(**given)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_rows_or_no_columns(shape: tuple[int, int]) -> None:
    empty = dict.fromkeys(("A1", "A2", "A3", "E"), np.ones(shape))
    square = np.ones((shape[1], shape[1]))
    with pytest.raises(UserInputError, match="expected at least one row and one column"):
        checked_problem(**empty, X=square, Y=square)


def test_one_dimension() -> None:
    with pytest.raises(UserInputError, match=r"A1 has shape .* expected two dimensions, n rows and"):
        checked_problem(**dict.fromkeys(NAMES, np.ones(3)))


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float16, np.complex128, np.longdouble])
def test_dtypes_that_are_not_taken(dtype: type) -> None:
    with pytest.raises(UserInputError, match=r"A1 has dtype .*; expected float32 or float64"):
        checked_problem(**arrays(dtype=dtype))


def test_mixed_dtypes() -> None:
    given = arrays() | {"E": np.ones((5, 3), dtype=np.float32)}
    with pytest.raises(UserInputError, match=r"differ in dtype \(A1: float64, .*E: float32.*\)"):
        checked_problem(**given)


@pytest.mark.parametrize("other", [torch.asarray, array_api_strict.asarray])
def test_mixed_libraries(other: Any) -> None:
    given = arrays() | {"X": other(np.eye(3))}
    with pytest.raises(UserInputError, match=r"different libraries \(A1: numpy, .*X: (torch|array_api)"):
        checked_problem(**given)


def test_mixed_devices() -> None:
    given = {name: torch.asarray(value) for name, value in arrays().items()}
    given["Y"] = given["Y"].to("meta")
    with pytest.raises(UserInputError, match=r"differ in device \(A1: cpu, .*Y: meta\)"):
        checked_problem(**given)


@pytest.mark.parametrize("value", [[[1.0, 2.0]], 1.0, None, "A1"], ids=["list", "number", "None", "text"])
def test_what_is_no_array(value: object) -> None:
    with pytest.raises(UserInputError, match=r"A3 is a .*, not an array; convert it"):
        checked_problem(**(arrays() | {"A3": value}))


def test_variables() -> None:
    assert checked_variables("X") == ("X",)
    assert checked_variables(("A3", "X", "X")) == ("X", "A3")
    assert checked_variables(VARIABLES) == VARIABLES
    for wrong in ((), ("E",), "XY", ("X", "x")):
        with pytest.raises(UserInputError, match="expected one or more of X, Y, A1, A2, A3"):
            checked_variables(wrong)


def test_row_blocks_cover_all_rows_once() -> None:
    for rows in range(12):
        for size in range(1, 14):
            blocks = list(row_blocks(rows, size))
            assert [number for block in blocks for number in range(rows)[block]] == list(range(rows))
            assert all(0 < block.stop - block.start <= size for block in blocks)
