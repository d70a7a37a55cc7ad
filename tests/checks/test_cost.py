"""The cost check: proofs, disproofs, and what it must leave open."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofcheck.checks.cost import check_cost, constant_for, growing_family, symbolic_shapes
from proofcheck.claims import (
    Index,
    Level,
    Outcome,
    Real,
    Relation,
    Verdict,
    all_of,
    at_most,
    equal,
    has_shape,
    within,
)
from proofcheck.claims.claim import Form
from proofcheck.errors import FreeSymbolError, OutsideCalculusError, ShapeError
from proofcheck.namespaces.counting import CountingNamespace, Size
from proofcheck.namespaces.strict import StrictNamespace

GIVEN: dict[str, Any] = {
    "A": Real("n", "d"),
    "B": Real("n", "d"),
    "X": Real("d", "d"),
    "u": Real("n"),
    "j": Index("n"),
}
XP = CountingNamespace(("n", "d"))
N, D = XP.size("n"), XP.size("d")


def form(statement: Callable[..., Any]) -> Form:
    return Form("printed", statement, GIVEN)


def softmax(xp: Any, A: Any, B: Any, X: Any) -> Any:
    weights = xp.exp(A @ X @ B.T)
    return xp.scale_rows(1 / xp.row_sums(weights), weights)


def product(xp: Any, A: Any, X: Any) -> Any:
    return A @ X


def costs(algorithm: Callable[..., Any], inputs: str, bound: Callable[[Any, Any, Any], Any]) -> Form:
    """The statement that the algorithm is within the bound, a function of (xp, n, d)."""

    def statement(xp: Any, A: Any, B: Any, X: Any, u: Any, n: Any, d: Any) -> Any:
        named = {"A": A, "B": B, "X": X, "u": u, "n": n, "d": d}
        return within(algorithm, tuple(named[name] for name in inputs.split()), bound=bound(xp, n, d))

    return form(statement)


class Tick:
    """A scalar without a value, which notes every operation done with it."""

    def __init__(self, tally: Counter[str]) -> None:
        self.tally = tally

    def _note(self, *_: Any) -> Tick:
        self.tally["operations"] += 1
        return Tick(self.tally)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = exp = _note


def softmax_operations(n: int, d: int) -> int:
    tally: Counter[str] = Counter()
    xp = StrictNamespace(lambda value: Tick(tally))
    A, B, X = (xp.array(np.zeros(shape, dtype=object)) for shape in ((n, d), (n, d), (d, d)))
    softmax(xp, A, B, X)
    return tally["operations"]


def test_softmax_holds_with_a_bound_made_of_products() -> None:
    verdict = check_cost(costs(softmax, "A B X", lambda xp, n, d: xp.T_mat(n, d, n) + xp.T_mat(n, d, d)))
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.level is Level.COST
    assert verdict.covers == {Relation.WITHIN}
    assert verdict.all_sizes
    assert verdict.detail == (
        "softmax: n^2*d + n*d^2 - n*d - n additions, n^2*d + n*d^2 + n^2 multiplications, n divisions, "
        "n^2 exponentials; total 2*n^2*d + 2*n*d^2 + 2*n^2 - n*d ≤ 4·(2*n^2*d + 2*n*d^2 - n^2 - n*d) "
        "for all n, d ≥ 1"
    )
    for n in range(1, 6):
        for d in range(1, 6):
            bound = n * n * (2 * d - 1) + n * d * (2 * d - 1)
            assert softmax_operations(n, d) == 2 * n * n * d + 2 * n * d * d + 2 * n * n - n * d
            assert softmax_operations(n, d) <= 4 * bound


def test_softmax_in_n_d_squared_is_refuted_by_a_family() -> None:
    verdict = check_cost(costs(softmax, "A B X", lambda xp, n, d: n * d * d))
    assert verdict.outcome is Outcome.REFUTED
    found = verdict.counterexample
    assert found is not None
    assert found["relation"] == "within"
    assert found["family"] == {"n": "t", "d": "1"}
    assert (found["count"], found["bound"]) == ("4*t^2 + t", "t")
    assert found["ratio_at"] == [
        {"t": 10, "ratio": "41"},
        {"t": 100, "ratio": "401"},
        {"t": 1000, "ratio": "4001"},
    ]
    assert found["counts"]["exponentials"] == "n^2"
    # By hand, at the first of them:
    assert Fraction(softmax_operations(10, 1), 10) == 41
    plain = json.loads(json.dumps(verdict.to_json()))
    assert Verdict.from_json(plain) == verdict


def test_the_constant_is_the_least_and_is_uniform() -> None:
    # 2 n d² − n d ≤ 2·n d², with C = 1 too small from d = 2 on.
    def detail(bound: Callable[[Any, Any, Any], Any]) -> str:
        return check_cost(costs(product, "A X", bound)).detail

    assert "≤ 2·(n*d^2)" in detail(lambda xp, n, d: n * d * d)
    assert "≤ 1·(2*n*d^2 - n*d)" in detail(lambda xp, n, d: xp.T_mat(n, d, d))
    assert "≤ 1·(2*n*d^2)" in detail(lambda xp, n, d: 2 * n * d * d)


@pytest.mark.parametrize(
    ("count", "bound", "constant"),
    [
        (7 * N, 2 * N, 4),  # 7/2 is rounded up
        (8 * N, 2 * N, 4),
        (N + 1, N, 2),  # reached at n = 1
        (N - 1, N, 1),
        (N - N, N, 1),
        (N * D, N * D + D, 1),
        (N, N * N, 1),  # sizes are at least 1
        (N, N * (N + 1) / 2, 1),
        (5 * N**0, 2 * N**0, 3),
        (N * N, N, None),
        (N, N - 1, None),  # the bound is 0 at n = 1
        (N, -N, None),
        (N, N - N, None),
        (N - N, N - N, None),
        (N * D, N**2 + D**2, 1),  # between two terms of the bound
        (N * D, 3 * N**2 - 4 * N * D + 3 * D**2, None),  # true, but out of reach
    ],
)
def test_constants(count: Size, bound: Size, constant: int | None) -> None:
    assert constant_for(count, bound) == constant


polynomials = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(-3, 6), min_size=1, max_size=5
).map(lambda terms: sum((c * N**a * D**b for (a, b), c in terms.items()), Size.of(0)))


@given(count=polynomials, bound=polynomials)
def test_a_constant_is_enough_and_a_family_rules_all_out(count: Size, bound: Size) -> None:
    constant, family = constant_for(count, bound), growing_family(count, bound, ("n", "d"))
    assert constant is None or family is None
    if constant is not None:
        for n in range(1, 7):
            for d in range(1, 7):
                sizes = {"n": n, "d": d}
                assert count.at(sizes) <= constant * bound.at(sizes)
        # One less leaves a negative coefficient, so the method cannot do better.
        if constant > 1:
            assert min((bound * (constant - 1) - count).above_one().terms().values()) < 0
    if family is not None:
        ratios = []
        for t in (10**8, 10**10):
            sizes = {name: t**power for name, power in family.items()}
            assert count.at(sizes) > 0
            if bound.at(sizes) > 0:
                ratios.append(count.at(sizes) / bound.at(sizes))
        assert not ratios or 0 < 10 * ratios[0] < ratios[1]


def test_the_family_may_need_two_sizes_that_grow_at_different_rates() -> None:
    # With n fixed or d fixed the bound wins; only where both grow, in step, does the product.
    assert growing_family(N**2 * D**2, N**3 + D**3, ("n", "d")) == {"n": 1, "d": 1}
    assert growing_family(N**3 * D, N**4 + D**2, ("n", "d")) == {"n": 1, "d": 2}
    assert growing_family(N * D, N**2 + D**2, ("n", "d")) is None


def test_a_bound_that_is_not_positive_has_no_constant() -> None:
    assert growing_family(N * D**2, N**2 * D - N * D**2, ("n", "d")) == {"n": 0, "d": 0}  # 1 against 0
    assert growing_family(N * D, N**2 - 2 * D**2, ("n", "d")) == {"n": 0, "d": 0}  # 1 against −1
    assert growing_family(N * D, N**2 + 1 - D**2, ("n", "d")) == {"n": 0, "d": 1}  # t against 2 − t²


@pytest.mark.parametrize(
    ("count", "bound", "constant"),
    [
        (N * D, N**2 + D**2, 1),
        (N**2 * D, N**3 + N * D**2, 1),
        (6 * N * D**2, N**2 + D**4, 12),
        (N**2 * D, N**3 + D**2, None),  # at n = t², d = t³ the ratio is t
        (N * D, N**2 + 1, None),
    ],
)
def test_a_term_between_two_of_the_bound_is_within_them(count: Any, bound: Any, constant: int | None) -> None:
    found = constant_for(count, bound)
    assert (found is None) == (constant is None)
    if found is not None:
        for n, d in itertools.product((1, 2, 3, 10, 1000), repeat=2):
            assert count.at({"n": n, "d": d}) <= found * bound.at({"n": n, "d": d})


def test_many_symbols_do_not_take_long() -> None:
    names = [f"n{k}" for k in range(12)]
    xp = CountingNamespace(names)
    first, last = xp.size("n0"), xp.size("n11")
    assert growing_family(first * last, first, names) == {name: int(name == "n11") for name in names}
    assert growing_family(first, first * last, names) is None


def test_unknown_when_neither_a_constant_nor_a_family_is_found() -> None:
    def scaled(xp: Any, A: Any) -> Any:
        return 2 * A

    verdict = check_cost(costs(scaled, "A", lambda xp, n, d: 3 * n * n - 4 * n * d + 3 * d * d))
    assert verdict.outcome is Outcome.UNKNOWN  # n d ≤ 3 n² − 4 n d + 3 d² is true, and not seen
    assert "neither" in verdict.detail
    assert not verdict.covers
    assert not verdict.all_sizes


@pytest.mark.parametrize(
    ("algorithm", "words"),
    [
        (lambda xp, A, n: xp.D(lambda A: A, A)[A], "derivative"),
        (lambda xp, A, n: xp.sum_over(lambda j: xp.sum(xp.ones(j)), n), "costs differ"),
        (lambda xp, A, n: A if n > 3 else 2 * A, "may depend on the sizes"),
        (lambda xp, A, n: [A * j for j in range(n)], "may depend on the sizes"),
    ],
)
def test_unknown_when_the_cost_is_not_countable(algorithm: Callable[..., Any], words: str) -> None:
    verdict = check_cost(costs(algorithm, "A n", lambda xp, n, d: n * d))
    assert verdict.outcome is Outcome.UNKNOWN
    assert words in verdict.detail


def test_unknown_when_the_statement_leaves_the_calculus() -> None:
    def statement(xp: Any, u: Any, n: Any) -> Any:
        return within(lambda xp, u: 2 * u, (xp.ones(n - 1),), bound=n)

    assert check_cost(form(statement)).outcome is Outcome.UNKNOWN
    with pytest.raises(OutsideCalculusError):
        symbolic_shapes(form(statement))


def test_unknown_when_the_cost_depends_on_an_index() -> None:
    def statement(xp: Any, j: Any, n: Any) -> Any:
        return within(lambda xp, j: 2 * xp.ones(j), (j,), bound=n)

    verdict = check_cost(form(statement))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "index j" in verdict.detail


def test_not_run_without_a_cost() -> None:
    def statement(xp: Any, A: Any, n: Any, d: Any) -> Any:
        return has_shape(A, (n, d))

    assert check_cost(form(statement)).outcome is Outcome.NOT_RUN


def test_an_algorithm_that_does_nothing_takes_no_time() -> None:
    verdict = check_cost(costs(lambda xp, A: A.T, "A", lambda xp, n, d: 1))
    assert verdict.outcome is Outcome.HOLDS
    assert "no operations; total 0 ≤ 1·(1)" in verdict.detail


def test_every_cost_in_a_statement_counts() -> None:
    def statement(bounds: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[..., Any]:
        def both(xp: Any, A: Any, X: Any, n: Any, d: Any) -> Any:
            first, second = bounds(n, d)
            return all_of(
                within(product, (A, X), bound=first), equal(A, A), within(product, (A, X), bound=second)
            )

        return both

    outcomes = [
        check_cost(form(statement(bounds))).outcome
        for bounds in (
            lambda n, d: (n * d * d, n * d * d * d),
            lambda n, d: (n * d * d, n * d),
            lambda n, d: (n**3 + d**9 + n * n, n * d),
            lambda n, d: (n * d * d, d * (3 * n * n - 4 * n * d + 3 * d * d)),
        )
    ]
    assert outcomes == [Outcome.HOLDS, Outcome.REFUTED, Outcome.REFUTED, Outcome.UNKNOWN]


def test_the_cost_of_the_inputs_is_not_the_algorithms() -> None:
    def statement(xp: Any, A: Any, X: Any, n: Any, d: Any) -> Any:
        return within(lambda xp, m: m + m, (A @ X,), bound=n * d)

    assert check_cost(form(statement)).outcome is Outcome.HOLDS


def test_ill_formed_statements_and_mistakes_in_python_are_not_verdicts() -> None:
    with pytest.raises(ShapeError):
        check_cost(costs(lambda xp, A, B: A @ B, "A B", lambda xp, n, d: n))
    with pytest.raises(FreeSymbolError, match="symbol Z"):
        check_cost(form(lambda xp, Z: equal(Z, Z)))
    with pytest.raises(TypeError, match="made of sizes"):
        check_cost(costs(product, "A X", lambda xp, n, d: xp.ones(n)))
    with pytest.raises(ZeroDivisionError):
        check_cost(costs(lambda xp, A: 1 // 0, "A", lambda xp, n, d: n))


# symbolic_shapes


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (lambda xp, A, n, d: has_shape(A, (d, n)), "the shape is n×d, stated is d×n"),
        (lambda xp, A, n: has_shape(A, (n,)), "the shape is n×d, stated is n"),
        (lambda xp, X: equal(xp.vec(X), xp.sum(X)), "left side is d^2, right side is scalar"),
        (lambda xp, A, B: equal(A, B.T), "left side is n×d, right side is d×n"),
        (lambda xp, A, u: at_most(A, u), "left side is n×d, right side is n"),
        (lambda xp, A, n: all_of(equal(A, A), equal(A, n)), "left side is n×d, right side is scalar"),
    ],
)
def test_shapes_that_differ_are_named(statement: Callable[..., Any], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        symbolic_shapes(form(statement))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "statement",
    [
        lambda xp, A, n, d: has_shape(xp.kron(A, A), (n * n, d**2)),
        lambda xp, A, u: has_shape(xp.column(u).T @ A, (1, A.shape[1])),
        lambda xp, A: at_most(0, A),
        lambda xp, A: at_most(A, xp.sum(A)),
        lambda xp, A, j: equal(A[j, :], xp.block(A, j, 1)[1, :]),
        lambda xp, n, d: at_most(n, n * d),
        lambda xp, X: equal(xp.gradient(lambda X: xp.sum(X @ X), X), 2 * X.T),
    ],
)
def test_shapes_that_fit(statement: Callable[..., Any]) -> None:
    assert symbolic_shapes(form(statement))


def test_a_statement_about_cost_alone_compares_no_shapes() -> None:
    assert not symbolic_shapes(costs(product, "A X", lambda xp, n, d: n))


def test_sizes_print_in_the_order_of_the_declarations() -> None:
    declared = Form("printed", lambda xp, M, b, a: has_shape(M, (a,)), {"M": Real("b^2", "2*a*b")})
    with pytest.raises(ShapeError, match=r"^the shape is b\^2×2\*b\*a, stated is a$"):
        symbolic_shapes(declared)
