"""Counts against an instrumented scalar that counts as it goes, at concrete sizes."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.errors import IndexRangeError, OutsideCalculusError, ShapeError
from proofcheck.namespaces.counting import CountedArray, CountingNamespace, Counts, Size
from proofcheck.namespaces.strict import Array, StrictNamespace

KINDS = ("additions", "multiplications", "divisions", "exponentials")
SHAPES: dict[str, tuple[str, ...]] = {
    "A": ("n", "d"),
    "B": ("n", "d"),
    "X": ("d", "d"),
    "f": ("n", "n"),
    "q": ("n", "n"),
    "u": ("n",),
    "v": ("n",),
    "w": ("d",),
    "s": (),
}


class Tallied:
    """A scalar without a value, which notes every operation done with it."""

    def __init__(self, tally: Counter[str]) -> None:
        self.tally = tally

    def _note(self, kind: str, other: Any = None) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # NumPy then goes through its entries
        self.tally[kind] += 1
        return Tallied(self.tally)

    def __add__(self, other: Any) -> Any:
        return self._note("additions", other)

    def __mul__(self, other: Any) -> Any:
        return self._note("multiplications", other)

    def __truediv__(self, other: Any) -> Any:
        return self._note("divisions", other)

    __radd__ = __sub__ = __rsub__ = __add__
    __rmul__ = __mul__
    __rtruediv__ = __truediv__

    def __neg__(self) -> Tallied:
        return self._note("additions")

    def __pos__(self) -> Tallied:
        return self

    def __pow__(self, exponent: int) -> Tallied:
        power = self
        for _ in range(abs(exponent) - 1):
            power = power * self
        return 1 / power if exponent < 0 else power

    def exp(self) -> Tallied:
        return self._note("exponentials")


def tallied(algorithm: Callable[..., Any], sizes: dict[str, int]) -> dict[str, int]:
    """The operations that strict arrays of instrumented scalars go through."""
    tally: Counter[str] = Counter()
    xp = StrictNamespace(lambda value: Tallied(tally))
    inputs = {
        name: xp.array(np.zeros([sizes[s] for s in shape], dtype=object)) for name, shape in SHAPES.items()
    }
    algorithm(xp, **inputs, **sizes)
    return {kind: tally[kind] for kind in KINDS}


def symbolic(algorithm: Callable[..., Any]) -> Counts:
    xp = CountingNamespace(("n", "d"))
    sizes = {name: xp.size(name) for name in ("n", "d")}
    inputs = {name: xp.array_of_shape([sizes[s] for s in shape]) for name, shape in SHAPES.items()}
    with xp.counted() as counts:
        algorithm(xp, **inputs, **sizes)
    return counts


def softmax(xp: Any, scores: Any) -> Any:
    weights = xp.exp(scores)
    return xp.scale_rows(1 / xp.row_sums(weights), weights)


def blockwise(xp: Any, A: Any, B: Any, X: Any, n: Any) -> Any:
    K, x = xp.kron(A, B), xp.vec(X)

    def row(j: Any) -> Any:
        u = xp.exp(xp.block(K, j, n) @ x)
        return u / xp.inner(u, xp.ones(n))

    return xp.rows(row, n)


ALGORITHMS: dict[str, Callable[..., Any]] = {
    "nothing": lambda xp, A, **_: A.T,
    "softmax rows": lambda xp, A, B, X, **_: softmax(xp, A @ X @ B.T),
    "scores over d": lambda xp, A, B, X, d, **_: softmax(xp, A @ X @ B.T / d),
    "q = c hT": lambda xp, A, B, **_: A @ B.T,
    "p by rank one": lambda xp, f, q, **_: f * q - xp.scale_rows(xp.row_sums(f * q), f),
    "p by matrices": lambda xp, f, q, n, **_: xp.rows(
        lambda j: (xp.diag(f[j, :]) - xp.outer(f[j, :], f[j, :])) @ q[j, :], n
    ),
    "p with diag(r) f formed": lambda xp, f, q, **_: f * q - xp.diag(xp.row_sums(f * q)) @ f,
    "gradient": lambda xp, A, B, X, f, q, d, **_: A.T @ (f * q) @ B / d,
    "blocks of a Kronecker product": lambda xp, A, B, X, n, **_: blockwise(xp, A, B, X, n),
    "columns": lambda xp, A, X, d, **_: xp.columns(lambda i: A @ X[:, i], d),
    "nested sums": lambda xp, A, B, n, d, **_: xp.sum_over(
        lambda j: xp.sum_over(lambda i: 0.5 * (A[j, i] - B[j, i]) ** 2, d), n
    ),
    "sum of rows": lambda xp, A, n, **_: xp.sum_over(lambda j: -A[j, :], n),
    "sum of an index that is unused": lambda xp, s, n, **_: xp.sum_over(lambda j: xp.exp(s), n),
    "row-wise Kronecker": lambda xp, A, B, **_: xp.row_kron(A, B) @ xp.row_kron(B, A).T,
    "loss": lambda xp, A, B, **_: 0.5 * xp.sum((A - B) * (A - B)),
    "powers": lambda xp, A, X, **_: (A**0, A**1, A**2, A**5, X**-1, X**-3),
    "vectors": lambda xp, A, X, u, v, w, **_: (u @ v, A @ w, u @ A, X @ w, xp.inner(u, v), xp.outer(u, w)),
    "numbers": lambda xp, A, n, d, **_: (A + 1, 2 - A, n * A, A * d, A / 2, 1.5 / A, A - d, n - A, n / A),
    "scalars": lambda xp, A, s, **_: (s * A, A + s, A / s, s / A, s - A, s * s, -s, 1 / s, s**3),
    "index arithmetic": lambda xp, A, B, n, d, **_: xp.sum_over(
        lambda j: xp.kron(A, B)[(j - 1) * n + j, :] * 2, n
    ),
    "free": lambda xp, A, X, u, n, d, **_: (
        xp.ones(n, d),
        xp.eye(n * d),
        xp.column(u),
        xp.diag(u),
        xp.vec(A),
        xp.vec_by_columns(A),
        xp.unit((1, 1), (n, d)),
        xp.T_mat(n, d, d),
    ),
}


@pytest.mark.parametrize("name", ALGORITHMS)
@given(n=st.integers(1, 5), d=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_counts_are_those_of_an_instrumented_scalar(name: str, n: int, d: int) -> None:
    counts = symbolic(ALGORITHMS[name])
    found = {kind: counts.by_kind()[kind].at({"n": n, "d": d}) for kind in KINDS}
    assert found == tallied(ALGORITHMS[name], {"n": n, "d": d})
    assert counts.total.at({"n": n, "d": d}) == sum(found.values())


def test_counts_of_the_schoolbook_product_are_the_textbook_ones() -> None:
    xp = CountingNamespace(("a", "b", "c"))
    a, b, c = (xp.size(name) for name in "abc")
    with xp.counted() as counts:
        product = xp.array_of_shape((a, b)) @ xp.array_of_shape((b, c))
    assert product.shape == (a, c)
    assert counts == Counts(a * b * c - a * c, a * b * c, 0, 0)
    assert str(counts.total) == "2*a*b*c - a*c"
    assert xp.T_mat(a, b, c) == counts.total
    for sizes in itertools.product((1, 2, 3, 5), repeat=3):
        strict = StrictNamespace().T_mat(*sizes)
        assert xp.T_mat(a, b, c).at(dict(zip("abc", sizes, strict=True))) == strict
        assert xp.T_mat(*sizes) == strict


def test_every_operation_of_strict_arrays_exists() -> None:
    settings_only = {"differentiate", "vectorised", "derivatives_taken"}
    ours, theirs = CountingNamespace(("n",)), StrictNamespace()
    missing = {name for name in dir(theirs) if not name.startswith("_") and not hasattr(ours, name)}
    assert missing == settings_only
    dunders = {name for name in vars(Array) if callable(getattr(Array, name))}
    assert {name for name in dunders if not hasattr(CountedArray, name)} == set()
    assert hasattr(CountedArray, "T")


CLASHES: dict[str, Callable[..., Any]] = {
    "product": lambda xp, A, f, **_: A @ f,
    "product with a scalar": lambda xp, A, s, **_: A @ s,
    "product with a number": lambda xp, A, **_: A @ 2,
    "sum": lambda xp, A, X, **_: A + X,
    "no broadcasting over rows": lambda xp, A, w, **_: A - w,
    "entrywise product": lambda xp, A, B, **_: A * B.T,
    "entrywise quotient": lambda xp, u, w, **_: u / w,
    "transpose of a vector": lambda xp, u, **_: u.T,
    "one index for a matrix": lambda xp, A, **_: A[1],
    "two indices for a vector": lambda xp, u, **_: u[1, 1],
    "part of a slice": lambda xp, u, **_: u[1:2],
    "index 0": lambda xp, A, **_: A[0, 1],
    "index beyond a fixed size": lambda xp, u, **_: xp.column(u)[1, 2],
    "inner": lambda xp, u, w, **_: xp.inner(u, w),
    "inner of matrices": lambda xp, A, B, **_: xp.inner(A, B),
    "outer": lambda xp, A, u, **_: xp.outer(A, u),
    "diag": lambda xp, A, **_: xp.diag(A),
    "column": lambda xp, A, **_: xp.column(A),
    "row_sums": lambda xp, u, **_: xp.row_sums(u),
    "scale_rows": lambda xp, w, A, **_: xp.scale_rows(w, A),
    "scale_rows by a matrix": lambda xp, A, f, **_: xp.scale_rows(f, A),
    "kron": lambda xp, A, u, **_: xp.kron(A, u),
    "row_kron": lambda xp, A, X, **_: xp.row_kron(A, X),
    "vec": lambda xp, u, **_: xp.vec(u),
    "vec_by_columns": lambda xp, u, **_: xp.vec_by_columns(u),
    "block": lambda xp, A, d, **_: xp.block(A, 1, d),
    "block 0": lambda xp, A, n, **_: xp.block(A, 0, n),
    "blocks of 2": lambda xp, A, **_: xp.block(A, 1, 2),
    "rows of matrices": lambda xp, A, n, **_: xp.rows(lambda j: A, n),
    "columns of scalars": lambda xp, s, n, **_: xp.columns(lambda j: s, n),
    "rows of different lengths": lambda xp, n, **_: xp.rows(lambda j: xp.ones(j), n),
    "terms of different shapes": lambda xp, n, **_: xp.sum_over(lambda j: xp.ones(j + 1), n),
    "direction": lambda xp, u, w, **_: xp.D(lambda u: u, u)[w],
    "coordinate": lambda xp, u, **_: xp.D(lambda u: u, u)[1, 1],
    "gradient of a vector": lambda xp, u, **_: xp.gradient(lambda u: 2 * u, u),
    "unit": lambda xp, n, **_: xp.unit((1, 1), (n,)),
}


@pytest.mark.parametrize("name", CLASHES)
def test_as_strict_as_strict_arrays(name: str) -> None:
    sizes = {"n": 3, "d": 7}
    xp = StrictNamespace()
    inputs = {k: xp.array(np.ones([sizes[s] for s in shape], dtype=object)) for k, shape in SHAPES.items()}
    with pytest.raises((ShapeError, IndexRangeError)) as strict:
        CLASHES[name](xp, **inputs, **sizes)
    counting = CountingNamespace(("n", "d"))
    symbols = {s: counting.size(s) for s in ("n", "d")}
    shapes = {k: counting.array_of_shape([symbols[s] for s in shape]) for k, shape in SHAPES.items()}
    with pytest.raises((ShapeError, IndexRangeError)) as found:
        CLASHES[name](counting, **shapes, **symbols)
    assert found.type is strict.type


def test_messages_name_the_sizes() -> None:
    xp = CountingNamespace(("n", "d"))
    n, d = xp.size("n"), xp.size("d")
    A, f = xp.array_of_shape((n, d)), xp.array_of_shape((n, n))
    with pytest.raises(ShapeError, match=r"^matrix product of n×d by n×n: d columns meet n rows$"):
        A @ f
    with pytest.raises(ShapeError, match=r"^sum of shapes n\^2×d\^2 and n×d: they differ$"):
        xp.kron(A, A) + A
    with pytest.raises(ShapeError, match=r"^n rows do not split into blocks of d$"):
        xp.block(A, 1, d)


def test_blocks_divide_as_polynomials() -> None:
    xp = CountingNamespace(("n", "d"))
    n, d = xp.size("n"), xp.size("d")
    j = xp.index("j")
    stacked = xp.array_of_shape((n * n * d + n * d, d))
    assert xp.block(stacked, j, n * d).shape == (n * d, d)
    assert xp.block(stacked, j, n + 1).shape == (n + 1, d)
    # n(n + 1)d is even at all sizes although its half has fractional coefficients; n d is not.
    assert xp.block(stacked, j, 2).shape == (2, d)
    with pytest.raises(ShapeError):
        xp.block(xp.array_of_shape((n * d, d)), j, 2)


def test_derivatives_have_shapes_and_no_count() -> None:
    xp = CountingNamespace(("n", "d"))
    n, d = xp.size("n"), xp.size("d")
    x, X, K = xp.array_of_shape((d,)), xp.array_of_shape((d, d)), xp.array_of_shape((n, d))

    def function(x: Any) -> Any:
        return xp.exp(K @ x)

    i = xp.index("i")
    assert xp.D(function, x)[i].shape == (n,)
    assert xp.D(function, x)[x].shape == (n,)
    assert xp.D(lambda X: K @ X, X)[i, 1].shape == (n, d)
    assert xp.D(lambda x: xp.D(function, x)[i], x)[1].shape == (n,)
    assert xp.gradient(lambda X: xp.sum(K @ X), X).shape == (d, d)
    assert xp.counts == Counts()
    with xp.counted(), pytest.raises(OutsideCalculusError):
        xp.D(function, x)[i]
    derivative = xp.D(function, x)
    with xp.counted(), pytest.raises(OutsideCalculusError):
        derivative[i]
    assert xp.D(function, x)[i].shape == (n,)


def test_counts_are_isolated_also_after_an_error() -> None:
    xp = CountingNamespace(("n",))
    u = xp.array_of_shape((xp.size("n"),))
    with xp.counted() as outer:
        xp.exp(u)
        with xp.counted() as inner:
            u * u
        with pytest.raises(ShapeError), xp.counted():
            u + xp.array_of_shape((2,))
        u + u
    assert inner == Counts(multiplications=xp.size("n"))
    assert outer == Counts(additions=xp.size("n"), exponentials=xp.size("n"))
    assert xp.counts == Counts()


def test_what_cannot_be_counted_for_all_sizes_is_refused() -> None:
    xp = CountingNamespace(("n", "d"))
    n, d = xp.size("n"), xp.size("d")
    u = xp.array_of_shape((n,))
    with pytest.raises(OutsideCalculusError, match="not an integer ≥ 1"):
        xp.ones(n - 1)  # no vector at n = 1, where "b − 1 additions" would be −1
    with pytest.raises(OutsideCalculusError, match="not an integer ≥ 1"):
        xp.ones(n / 2)
    with pytest.raises(OutsideCalculusError, match="costs differ"):
        xp.sum_over(lambda j: xp.sum(xp.ones(j)), n)
    with pytest.raises(OutsideCalculusError, match="numbers"):
        xp.sum_over(lambda j: j, n)
    with pytest.raises(OutsideCalculusError, match="exponent"):
        u**n
    with pytest.raises(OutsideCalculusError, match="no polynomial"):
        1 / d * u
    with pytest.raises(OutsideCalculusError, match="more than two axes"):
        xp.array_of_shape((n, n, n)) @ u
    with pytest.raises(TypeError):
        u + "text"


# Size

N = CountingNamespace(("n", "d")).size("n")
D = CountingNamespace(("n", "d")).size("d")
I = CountingNamespace(("n", "d")).index("i")  # noqa: E741

expressions = st.recursive(
    st.one_of(st.sampled_from([N, D, I]), st.integers(-4, 4), st.fractions(-2, 2, max_denominator=3)),
    lambda inner: st.tuples(st.sampled_from("+-*^"), inner, inner),
    max_leaves=8,
)


def interpret(tree: Any, symbols: dict[str, int] | None) -> Any:
    if isinstance(tree, Size):
        return tree if symbols is None else symbols[str(tree)]
    if not isinstance(tree, tuple):
        return tree
    operation, left, right = tree[0], interpret(tree[1], symbols), interpret(tree[2], symbols)
    if operation == "^":
        return left**2
    return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}[operation]()


@given(tree=expressions, n=st.integers(1, 9), d=st.integers(1, 9), i=st.integers(1, 9))
def test_sizes_calculate_as_numbers_do(tree: Any, n: int, d: int, i: int) -> None:
    symbols = {"n": n, "d": d, "i": i}
    size = Size.of(interpret(tree, None))
    value = interpret(tree, symbols)
    assert size.at(symbols) == value
    assert size.substitute(symbols) == value
    assert size.above_one().substitute({k: v - 1 for k, v in symbols.items()}) == value
    if size.is_natural():
        assert value >= 1
        assert Fraction(value).denominator == 1


@given(left=expressions, right=expressions)
def test_equal_sizes_have_equal_hashes(left: Any, right: Any) -> None:
    a, b = Size.of(interpret(left, None)), Size.of(interpret(right, None))
    assert (a == b) == (str(a - b) == "0")
    assert a + b == b + a
    assert hash(a + b - b) == hash(a)
    assert a + b - b == a
    if a.constant is not None:
        assert a == a.constant
        assert hash(a) == hash(a.constant)


def test_sizes_print_in_the_order_of_their_symbols() -> None:
    assert str(2 * N**2 * D + N) == "2*n^2*d + n"
    assert str((I - 1) * N + I) == "n*i - n + i"
    assert repr(N - N) == "Size(0)"
    assert (N * D / D, N != D, N == 1, N - N + 1 == 1) == (N, True, False, True)
    assert {N: 1}[(N * 2) / 2] == 1


@pytest.mark.parametrize(
    "question",
    [
        lambda: N < 2,
        lambda: N >= 1,
        lambda: bool(N),
        lambda: list(range(N)),
        lambda: N // 2,
        lambda: N % 2,
        lambda: 1 / N,
        lambda: N**-1,
        lambda: float(N),
    ],
)
def test_sizes_refuse_what_depends_on_their_values(question: Callable[[], Any]) -> None:
    with pytest.raises(OutsideCalculusError):
        question()


def test_sizes_do_not_mix_with_other_things() -> None:
    with pytest.raises(TypeError):
        N + "1"  # type: ignore[operator]
    assert N != "n"
