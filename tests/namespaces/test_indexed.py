"""Every operation at symbolic sizes against the same operation of strict arrays, entry by entry."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.errors import IllFormedError, IndexRangeError, OutsideCalculusError, ShapeError
from proofcheck.namespaces.indexed import IndexedArray, IndexedNamespace
from proofcheck.namespaces.strict import StrictNamespace
from proofcheck.symbolic.normal_form import is_zero
from proofcheck.symbolic.terms import fresh, subterms
from tests.symbolic.evaluation import DIGITS, close, difference, value_of

SHAPES: dict[str, tuple[str, ...]] = {
    "A": ("n", "d"),
    "B": ("n", "d"),
    "X": ("d", "d"),
    "M": ("n", "n"),
    "u": ("n",),
    "v": ("n",),
    "w": ("d",),
    "x": ("d", "d"),
    "s": (),
    "R": ("n", "d", "d"),
}
INDICES = {"j": "n", "k": "n", "i": "d"}
SIZES = [(1, 1), (2, 1), (1, 2), (2, 3), (3, 2)]


class Scope:
    """The symbols of a statement as attributes."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


Statement = Callable[[Any, Any], Any]

OPERATIONS: dict[str, Statement] = {
    "sum": lambda xp, g: g.A + g.B,
    "difference": lambda xp, g: g.A - g.B,
    "a number minus an array": lambda xp, g: 2 - g.A,
    "a size times an array": lambda xp, g: g.n * g.A,
    "an array over a size": lambda xp, g: g.A / g.d,
    "a number over an array": lambda xp, g: 1 / g.A,
    "a half": lambda xp, g: 0.5 * g.A,
    "a polynomial in sizes": lambda xp, g: (g.n * g.d - 1) * g.A,
    "a fraction of sizes": lambda xp, g: g.A / (g.n + 1),
    "entrywise product": lambda xp, g: g.A * g.B,
    "entrywise quotient": lambda xp, g: g.A / g.B,
    "a scalar times a matrix": lambda xp, g: g.s * g.A,
    "a matrix plus a scalar": lambda xp, g: g.A + g.s,
    "a scalar minus a matrix": lambda xp, g: g.s - g.A,
    "sign change": lambda xp, g: -g.A,
    "square": lambda xp, g: g.A**2,
    "reciprocal square": lambda xp, g: g.A**-2,
    "power 0": lambda xp, g: g.A**0,
    "transpose": lambda xp, g: g.A.T,
    "matrix product": lambda xp, g: g.A @ g.X,
    "matrix times vector": lambda xp, g: g.A @ g.w,
    "vector times matrix": lambda xp, g: g.u @ g.A,
    "vector times vector": lambda xp, g: g.u @ g.v,
    "entry": lambda xp, g: g.A[g.j, g.i],
    "row": lambda xp, g: g.A[g.j, :],
    "column": lambda xp, g: g.A[:, g.i],
    "one matrix of many": lambda xp, g: g.R[g.j, :, :],
    "a fibre": lambda xp, g: g.R[:, g.i, g.i],
    "ones": lambda xp, g: xp.ones(g.n, g.d),
    "a scalar one": lambda xp, g: xp.ones(),
    "identity": lambda xp, g: xp.eye(g.n),
    "unit": lambda xp, g: xp.unit((g.j, g.i), (g.n, g.d)),
    "exp": lambda xp, g: xp.exp(g.A),
    "log": lambda xp, g: xp.log(xp.exp(g.A) + 1),
    "sum of entries": lambda xp, g: xp.sum(g.A),
    "sum of a scalar": lambda xp, g: xp.sum(g.s),
    "sum of three axes": lambda xp, g: xp.sum(g.R),
    "row sums": lambda xp, g: xp.row_sums(g.A),
    "inner": lambda xp, g: xp.inner(g.u, g.v),
    "outer": lambda xp, g: xp.outer(g.u, g.w),
    "diag": lambda xp, g: xp.diag(g.u),
    "scale_rows": lambda xp, g: xp.scale_rows(g.u, g.A),
    "column matrix": lambda xp, g: xp.column(g.u),
    "kron": lambda xp, g: xp.kron(g.A, g.X),
    "kron of a row of a kron": lambda xp, g: xp.kron(xp.kron(g.A, g.M), g.X),
    "kron with a column": lambda xp, g: xp.kron(xp.column(g.u), g.A),
    "row_kron": lambda xp, g: xp.row_kron(g.A, g.M),
    "vec": lambda xp, g: xp.vec(g.A),
    "vec_by_columns": lambda xp, g: xp.vec_by_columns(g.A),
    "vec times kron": lambda xp, g: xp.kron(g.A, g.X) @ xp.vec(g.X),
    "block": lambda xp, g: xp.block(xp.kron(g.A, g.X), g.j, g.d),
    "a row of a kron": lambda xp, g: xp.kron(g.A, g.X)[(g.j - 1) * g.d + g.i, :],
    "an entry of a kron": lambda xp, g: xp.kron(g.M, g.M)[(g.j - 1) * g.n + g.k, (g.k - 1) * g.n + g.j],
    "rows": lambda xp, g: xp.rows(lambda j: g.A[j, :] * g.u[j], g.n),
    "rows in rows": lambda xp, g: xp.rows(lambda j: xp.rows(lambda k: g.A[k, :] * g.M[j, k], g.n) @ g.w, g.n),
    "columns": lambda xp, g: xp.columns(lambda i: g.A[:, i] * g.w[i], g.d),
    "rotated rows": lambda xp, g: xp.rows(lambda j: g.R[j, :, :] @ g.A[j, :], g.n),
    "sum_over": lambda xp, g: xp.sum_over(lambda j: g.M[j, :] * g.u[j], g.n),
    "sum_over of scalars": lambda xp, g: xp.sum_over(lambda j: g.u[j], g.n),
    "sum_over of numbers": lambda xp, g: xp.sum_over(lambda j: 2, g.n) + g.s,
    "a derivative": lambda xp, g: xp.D(lambda x: xp.exp(g.A @ x), g.w)[g.i],
    "a derivative in a matrix": lambda xp, g: xp.D(lambda X: g.A @ X, g.X)[g.i, g.i],
    "a derivative along a direction": lambda xp, g: xp.D(lambda u: u * u, g.u)[g.v],
    "a gradient": lambda xp, g: xp.gradient(lambda X: xp.sum(xp.exp(g.A @ X)), g.X),
    "a gradient in vec": lambda xp, g: xp.gradient(lambda a: xp.sum(a * a), xp.vec(g.A)),
    "a derivative in vec": lambda xp, g: xp.D(lambda a: a / xp.sum(xp.exp(a)), xp.vec(g.A))[
        (g.j - 1) * g.d + g.i
    ],
    "a derivative of a derivative": lambda xp, g: xp.D(lambda u: xp.D(lambda u: xp.exp(u * u), u)[g.j], g.u)[
        g.k
    ],
    "a derivative at another point": lambda xp, g: xp.D(lambda u: u * u * g.v, g.A @ g.w)[g.j],
    "a gradient of a logarithm": lambda xp, g: xp.gradient(lambda u: xp.log(xp.sum(xp.exp(u))), g.u),
    "a gradient of a constant": lambda xp, g: xp.gradient(lambda u: g.s * 2, g.u),
    "softmax": lambda xp, g: xp.scale_rows(1 / xp.row_sums(xp.exp(g.M)), xp.exp(g.M)),
}


def bound_strictly(xp: StrictNamespace, sizes: dict[str, int], arrays: Any, at: dict[str, int]) -> Scope:
    values: dict[str, Any] = {**sizes, **{name: at[name] + 1 for name in INDICES}}
    for name, dims in SHAPES.items():
        entries = np.empty(tuple(sizes[dim] for dim in dims), dtype=object)
        for place, value in arrays[name].items():
            entries[place] = value
        values[name] = xp.array(entries)
    return Scope(values)


def bound_symbolically(xp: IndexedNamespace) -> tuple[Scope, dict[str, Any]]:
    sizes = {name: xp.size(name) for name in ("n", "d")}
    indices = {name: xp.index(name, sizes[dim]) for name, dim in INDICES.items()}
    arrays = {name: xp.input(name, [sizes[dim] for dim in dims]) for name, dims in SHAPES.items()}
    return Scope({**sizes, **indices, **arrays}), indices


def random_point(sizes: dict[str, int], seed: int) -> tuple[Any, dict[str, int]]:
    generator = random.Random(seed)
    arrays = {
        name: {
            place: Fraction(generator.choice([-3, -2, -1, 1, 2, 3]), generator.choice([2, 3, 5]))
            for place in itertools.product(*(range(sizes[dim]) for dim in dims))
        }
        for name, dims in SHAPES.items()
    }
    return arrays, {name: generator.randrange(sizes[dim]) for name, dim in INDICES.items()}


def to_mpf(value: Any) -> Any:
    return mpmath.mpf(Fraction(value).numerator) / Fraction(value).denominator


def entries_of(xp: IndexedNamespace, array: IndexedArray, sizes: dict[str, int], point: Any, at: Any) -> Any:
    """All entries of an array of terms, at given sizes."""
    places = [tuple(fresh(dim) for dim in axis) for axis in array.axes]
    term = array.entry(*places)
    lengths = [[sizes[index.dim] for index in place] for place in places]
    out = np.empty(tuple(int(np.prod(length)) for length in lengths), dtype=object)
    for position in np.ndindex(*out.shape):
        values = dict(at)
        for place, length, number in zip(places, lengths, position, strict=True):
            parts = np.unravel_index(number, length) if length else ()
            values.update(zip(place, map(int, parts), strict=True))
        out[position] = value_of(term, sizes, point, values)
    return out


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.permutations(SIZES))
def test_entries_agree_with_strict_arrays(name: str, seed: int, order: list[tuple[int, int]]) -> None:
    xp = IndexedNamespace(("d", "n"))
    scope, indices = bound_symbolically(xp)
    array = OPERATIONS[name](xp, scope)
    with mpmath.workdps(DIGITS):
        strict = StrictNamespace(to_mpf)
        for n, d in order[:2]:
            sizes = {"n": n, "d": d}
            point, at = random_point(sizes, seed)
            expected = OPERATIONS[name](strict, bound_strictly(strict, sizes, point, at)).values
            shape = tuple(size.at(sizes) for size in array.shape)
            assert shape == expected.shape
            numbers = {
                key: {place: to_mpf(v) for place, v in values.items()} for key, values in point.items()
            }
            free = {xp.decode(symbol, (INDICES[key],))[0]: at[key] for key, symbol in indices.items()}
            found = entries_of(xp, array, sizes, numbers, free)
            for position in np.ndindex(*expected.shape):
                assert close(found[position], expected[position])


CLASHES: dict[str, Statement] = {
    "sum": lambda xp, g: g.A + g.X,
    "sum with the transpose": lambda xp, g: g.A + g.A.T,
    "product": lambda xp, g: g.A @ g.B,
    "product with a scalar": lambda xp, g: g.A @ g.s,
    "product of three axes": lambda xp, g: g.R @ g.w,
    "transpose of a vector": lambda xp, g: g.u.T,
    "transpose of three axes": lambda xp, g: g.R.T,
    "too few indices": lambda xp, g: g.A[g.j],
    "too many indices": lambda xp, g: g.u[g.j, g.j],
    "a slice": lambda xp, g: g.A[1:2, :],
    "inner of two lengths": lambda xp, g: xp.inner(g.u, g.w),
    "inner of matrices": lambda xp, g: xp.inner(g.A, g.A),
    "outer of matrices": lambda xp, g: xp.outer(g.A, g.u),
    "diag of a matrix": lambda xp, g: xp.diag(g.A),
    "scale_rows of another length": lambda xp, g: xp.scale_rows(g.w, g.A),
    "scale_rows of a vector": lambda xp, g: xp.scale_rows(g.u, g.u),
    "row sums of a vector": lambda xp, g: xp.row_sums(g.u),
    "column of a matrix": lambda xp, g: xp.column(g.A),
    "kron of a vector": lambda xp, g: xp.kron(g.u, g.A),
    "row_kron of other rows": lambda xp, g: xp.row_kron(g.A, g.X),
    "vec of a vector": lambda xp, g: xp.vec(g.u),
    "vec_by_columns of a vector": lambda xp, g: xp.vec_by_columns(g.u),
    "block that does not divide": lambda xp, g: xp.block(g.A, g.j, g.d),
    "rows of scalars": lambda xp, g: xp.rows(lambda j: g.u[j], g.n),
    "columns of matrices": lambda xp, g: xp.columns(lambda j: g.A, g.n),
    "gradient of a vector": lambda xp, g: xp.gradient(lambda u: u, g.u),
    "derivative along a direction of another shape": lambda xp, g: xp.D(lambda u: u, g.u)[g.w],
    "derivative with too many indices": lambda xp, g: xp.D(lambda u: u, g.u)[g.j, g.j],
    "unit with too few indices": lambda xp, g: xp.unit((g.j,), (g.n, g.d)),
}


@pytest.mark.parametrize("name", CLASHES)
def test_shapes_clash_where_they_do_for_strict_arrays(name: str) -> None:
    sizes = {"n": 3, "d": 2}
    point, at = random_point(sizes, 0)
    strict = StrictNamespace(to_mpf)
    with pytest.raises(ShapeError):
        CLASHES[name](strict, bound_strictly(strict, sizes, point, at))
    xp = IndexedNamespace(("d", "n"))
    with pytest.raises(ShapeError):
        CLASHES[name](xp, bound_symbolically(xp)[0])


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (lambda xp, g: g.A[g.i, g.i], "index i runs over 1..d, the axis over 1..n"),
        (lambda xp, g: xp.kron(g.A, g.X)[g.j, :], r"index j runs over 1..n, the axis over 1..n\*d"),
        (lambda xp, g: g.A[0, :], "index 0 is outside 1..n"),
        (lambda xp, g: xp.column(g.u)[:, 2], "index 2 is outside 1..1"),
    ],
)
def test_an_index_out_of_its_range_is_named(statement: Statement, words: str) -> None:
    xp = IndexedNamespace(("d", "n"))
    with pytest.raises(IndexRangeError, match=words):
        statement(xp, bound_symbolically(xp)[0])


OUTSIDE: dict[str, tuple[Statement, str]] = {
    "an index as a number": (lambda xp, g: g.j * g.u, "the index j as a number"),
    "a summed index as a number": (lambda xp, g: xp.sum_over(lambda j: j * g.u, g.n), "as a number"),
    "one entry by its number": (lambda xp, g: g.u[2], "index 2 on an axis of size n"),
    "a shifted index": (lambda xp, g: g.u[g.j + 1], r"index j \+ 1"),
    "an array of numbers": (lambda xp, g: xp.array([1, 2]), "xp.array"),
    "a sum of sizes as an axis": (lambda xp, g: xp.ones(g.n + g.d), "an axis of size"),
    "sizes in another order": (lambda xp, g: xp.vec(g.A) + xp.vec(g.A.T), "different orders"),
    "blocks in another order": (lambda xp, g: xp.block(xp.kron(g.A, g.X), g.i, g.n), "in this order"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_is_named(name: str) -> None:
    statement, words = OUTSIDE[name]
    xp = IndexedNamespace(("d", "n"))
    with pytest.raises(OutsideCalculusError, match=words):
        statement(xp, bound_symbolically(xp)[0])


def test_an_index_over_a_product_in_another_order_is_outside_not_ill_formed() -> None:
    xp = IndexedNamespace(("d", "n"))
    scope, _ = bound_symbolically(xp)
    index = xp.index("p", scope.d * scope.n)  # type: ignore[attr-defined]  # d*n, last one fastest
    with pytest.raises(OutsideCalculusError):
        xp.vec(scope.A)[index]  # type: ignore[attr-defined]


def test_a_matrix_whose_columns_clash_is_ill_formed() -> None:
    xp = IndexedNamespace(("d", "n"))
    scope, _ = bound_symbolically(xp)
    with pytest.raises(IllFormedError):
        scope.A @ scope.u  # type: ignore[attr-defined]


def test_every_operation_of_strict_arrays_is_there() -> None:
    public = {name for name in vars(StrictNamespace) if not name.startswith("_")}
    assert public <= set(vars(IndexedNamespace))


def test_sums_share_no_index() -> None:
    xp = IndexedNamespace(("d", "n"))
    scope, _ = bound_symbolically(xp)
    squared = (scope.u @ scope.v) * (scope.u @ scope.v)  # type: ignore[attr-defined]
    sums = [part.index for part in subterms(squared.entry()) if hasattr(part, "index")]
    assert len(sums) == len(set(sums)) == 2


def test_what_is_partly_defined_is_noted_in_terms_of_the_inputs() -> None:
    xp = IndexedNamespace(("d", "n"))
    scope, _ = bound_symbolically(xp)
    xp.gradient(lambda u: xp.sum(1 / u), scope.A @ scope.w)  # type: ignore[attr-defined]
    noted = xp.partly_defined()
    assert len(noted) == 1
    names = {part.name for part in subterms(noted[0]) if hasattr(part, "name")}
    assert names == {"A", "w"}


def test_a_noted_quotient_is_the_quotient() -> None:
    xp = IndexedNamespace(("d", "n"))
    scope, _ = bound_symbolically(xp)
    place = (fresh("n"),)
    left, right = scope.u / scope.v, scope.u * scope.v**-1  # type: ignore[attr-defined]
    assert is_zero(difference(left.entry(place), right.entry(place)))
    assert len(xp.partly_defined()) == 2
