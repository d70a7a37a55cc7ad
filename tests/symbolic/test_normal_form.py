"""The normal form: it has the value of the term, is 0 only for zeros, and sees through rewriting."""

from __future__ import annotations

import itertools
import time
from fractions import Fraction

import mpmath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofcheck.errors import OutsideCalculusError
from proofcheck.symbolic.canonical import polynomial_key
from proofcheck.symbolic.normal_form import expand, is_zero
from proofcheck.symbolic.terms import (
    ONE,
    ZERO,
    Const,
    Delta,
    Entry,
    Exp,
    Idx,
    Log,
    SizeOf,
    Sum,
    Term,
    add,
    fresh,
    mul,
    power,
)
from tests.symbolic.evaluation import (
    DIGITS,
    I,
    J,
    K,
    TooLarge,
    Undefined,
    close,
    difference,
    disturbed,
    points,
    rewritten,
    terms,
    value_of,
    value_of_polynomial,
)

L = Idx(-4, "n", "l")
HALF = Fraction(1, 2)
often = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def v(index: Idx) -> Entry:
    return Entry("v", (index,))


def m(row: Idx, column: Idx) -> Entry:
    return Entry("M", (row, column))


def total(make: object, dim: str = "n") -> Term:
    """Σ over a new index."""
    index = fresh(dim)
    return Sum(index, make(index))  # type: ignore[operator]


def number(value: Fraction | int) -> Const:
    return Const(Fraction(value))


def same(left: Term, right: Term) -> bool:
    return is_zero(difference(left, right))


S = Entry("s", ())


# --- properties ------------------------------------------------------------------------------------


@often
@given(terms(depth=4), st.integers(0, 99))
def test_expanding_keeps_the_value_wherever_there_is_one(term: Term, seed: int) -> None:
    try:
        expanded = expand(term)
    except (OutsideCalculusError, ZeroDivisionError):
        return
    with mpmath.workdps(DIGITS):
        for sizes, arrays, at in points(seed):
            try:
                expected = value_of(term, sizes, arrays, at)
                found = value_of_polynomial(expanded, sizes, arrays, at)
            except TooLarge:
                continue
            except Undefined:
                with pytest.raises((Undefined, TooLarge)):
                    value_of(term, sizes, arrays, at)
                continue
            assert close(found, expected)


@often
@given(st.data(), st.integers(0, 99))
def test_what_is_called_zero_is_zero(data: st.DataObject, seed: int) -> None:
    """The second term differs from the first in one place, so that sometimes they are equal after all."""
    term = data.draw(terms(depth=3))
    gap = difference(term, data.draw(disturbed(term)))
    try:
        zero = is_zero(gap)
    except (OutsideCalculusError, ZeroDivisionError):
        return
    if not zero:
        return
    with mpmath.workdps(DIGITS):
        for sizes, arrays, at in points(seed, 6):
            try:
                assert close(value_of(gap, sizes, arrays, at), 0)
            except (Undefined, TooLarge):
                continue


@often
@given(st.data())
def test_terms_that_are_written_otherwise_are_seen_to_be_equal(data: st.DataObject) -> None:
    term = data.draw(terms(depth=3, deltas=False))
    other = data.draw(rewritten(term))
    try:
        assert same(term, other)
    except (OutsideCalculusError, ZeroDivisionError):
        return


@often
@given(st.data())
def test_renaming_summed_indices_does_not_change_the_key(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=5))
    key = []
    for order in (range(4), data.draw(st.permutations(range(4)))):
        indices = [fresh("n") for _ in range(4)]
        term: Term = mul(*(m(indices[order[a]], indices[order[b]]) for a, b in parts))
        for index in indices:
            term = Sum(index, term)
        key.append(polynomial_key(expand(term)))
    assert key[0] == key[1]


@often
@given(st.data())
def test_equal_keys_mean_graphs_of_one_shape(data: st.DataObject) -> None:
    """Products of M over the edges of a graph: brute force over all orders says which are equal."""
    edges = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=4, max_size=4)
    graphs = [data.draw(edges) for _ in range(2)]
    keys = []
    for graph in graphs:
        indices = [fresh("n") for _ in range(4)]
        term: Term = mul(*(m(indices[a], indices[b]) for a, b in graph))
        for index in indices:
            term = Sum(index, term)
        keys.append(polynomial_key(expand(term)))
    alike = any(
        sorted((order[a], order[b]) for a, b in graphs[0]) == sorted(graphs[1])
        for order in itertools.permutations(range(4))
    )
    assert (keys[0] == keys[1]) == alike


# --- identities ------------------------------------------------------------------------------------


def softmax(row: Idx, column: Idx) -> Term:
    return mul(Exp(m(row, column)), power(total(lambda k: Exp(m(row, k))), -1))


E_S = Exp(S)
SIGMOID = mul(E_S, power(add(ONE, E_S), -1))
IDENTITIES: dict[str, tuple[Term, Term]] = {
    "a row of a softmax sums to 1": (total(lambda k: softmax(I, k)), ONE),
    "all rows of a softmax sum to n": (total(lambda j: total(lambda k: softmax(j, k))), SizeOf("n")),
    "softmax under an outer sum": (
        total(lambda j: mul(v(j), total(lambda k: softmax(j, k)))),
        total(v),
    ),
    "two softmaxes, one cancelled": (
        total(lambda k: mul(softmax(I, k), softmax(I, J))),
        softmax(I, J),
    ),
    "deltas in two orders": (
        mul(Delta(I, J), Delta(J, L), v(L)),
        mul(Delta(J, L), Delta(I, J), v(I)),
    ),
    "a squared delta": (mul(Delta(I, J), Delta(I, J)), Delta(I, J)),
    "a summed delta": (total(lambda k: Delta(I, k)), ONE),
    "a summed pair of deltas": (total(lambda k: mul(Delta(I, k), Delta(k, J))), Delta(I, J)),
    "the trace of the identity": (total(lambda k: Delta(k, k)), SizeOf("n")),
    "indices that meet in a denominator": (
        mul(Delta(I, J), power(add(v(I), v(J)), -1)),
        mul(Delta(I, J), number(HALF), power(v(I), -1)),
    ),
    "indices that meet in an exponent": (mul(Delta(I, J), Exp(difference(v(I), v(J)))), Delta(I, J)),
    "indices that meet in a logarithm": (
        mul(Delta(I, J), Log(add(Exp(v(I)), Exp(v(J))))),
        mul(Delta(I, J), add(Log(number(2)), v(I))),
    ),
    "exponentials of a sum": (
        Exp(total(lambda k: add(v(k), S))),
        mul(Exp(total(v)), Exp(mul(SizeOf("n"), S))),
    ),
    "a power of an exponential": (power(Exp(add(S, S)), HALF), E_S),
    "the derivative of the sigmoid": (
        mul(E_S, power(add(ONE, E_S), -2)),
        mul(SIGMOID, difference(ONE, SIGMOID)),
    ),
    "the sigmoid two ways": (SIGMOID, power(add(ONE, Exp(mul(number(-1), S))), -1)),
    "a fraction in lowest terms": (
        mul(add(S, v(I)), power(add(mul(number(2), v(I)), mul(number(2), S)), -1)),
        number(HALF),
    ),
    "a difference of squares divided": (
        mul(difference(power(S, 2), power(v(I), 2)), power(add(S, v(I)), -1)),
        difference(S, v(I)),
    ),
    "the root of a size, squared": (
        mul(power(SizeOf("d"), -HALF), power(SizeOf("d"), -HALF)),
        power(SizeOf("d"), -1),
    ),
    "the root of a square norm, squared": (
        power(power(total(lambda k: power(v(k), 2)), HALF), 2),
        total(lambda k: power(v(k), 2)),
    ),
    "a vector over its norm has norm 1": (
        total(lambda j: power(mul(v(j), power(total(lambda k: power(v(k), 2)), -HALF)), 2)),
        ONE,
    ),
    "the root of a positive number times": (
        mul(power(add(mul(number(2), S), number(2)), HALF), power(add(S, ONE), -HALF)),
        power(number(2), HALF),
    ),
    "the logarithm of a quotient of exponentials": (
        Log(mul(Exp(v(I)), power(total(lambda k: Exp(v(k))), -1))),
        difference(v(I), Log(total(lambda k: Exp(v(k))))),
    ),
    "log-sum-exp moves with a shift": (
        Log(total(lambda k: Exp(add(v(k), S)))),
        add(S, Log(total(lambda k: Exp(v(k))))),
    ),
    "exp of log": (Exp(difference(v(I), Log(S))), mul(Exp(v(I)), power(S, -1))),
    "the logarithm of 1": (Log(ONE), ZERO),
    "sums with one factor each are a product": (
        total(lambda j: total(lambda k: mul(v(j), v(k)))),
        power(total(v), 2),
    ),
    "the root of 0": (power(difference(S, S), HALF), ZERO),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_identities(name: str) -> None:
    assert same(*IDENTITIES[name])


FALSE: dict[str, tuple[Term, Term]] = {
    "sums over two ranges": (total(lambda _: S, "n"), total(lambda _: S, "d")),
    "a sum of sums over one index or two": (
        total(lambda k: mul(v(k), v(k))),
        total(lambda j: total(lambda k: mul(v(j), v(k)))),
    ),
    "a transpose": (m(I, J), m(J, I)),
    "a row of a softmax summed along the column": (total(lambda k: softmax(k, I)), ONE),
    "softmax of another row cancelled": (
        total(lambda k: mul(Exp(m(I, k)), power(total(lambda q: Exp(m(J, q))), -1))),
        ONE,
    ),
    "an array with the name of the delta": (Entry("δ", (I, J)), Delta(I, J)),
    "an array whose name looks like a product": (Entry("x[]^1·y", ()), mul(Entry("x", ()), Entry("y", ()))),
    "the root of a square": (power(power(S, 2), HALF), S),
    "a root taken apart": (power(mul(S, v(I)), HALF), mul(power(S, HALF), power(v(I), HALF))),
    "the logarithm of a square": (Log(power(S, 2)), mul(number(2), Log(S))),
    "cycles of one length or two": (
        total(
            lambda a: total(
                lambda b: total(lambda c: total(lambda e: mul(m(a, b), m(b, c), m(c, e), m(e, a))))
            )
        ),
        total(
            lambda a: total(
                lambda b: total(lambda c: total(lambda e: mul(m(a, b), m(b, a), m(c, e), m(e, c))))
            )
        ),
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_what_looks_alike_and_differs(name: str) -> None:
    assert not same(*FALSE[name])


# --- what is outside -------------------------------------------------------------------------------


def test_division_by_zero_is_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        expand(power(difference(total(v), total(v)), -1))


def test_division_by_a_delta_is_outside() -> None:
    for denominator in (Delta(I, J), mul(Delta(I, J), S)):
        with pytest.raises(OutsideCalculusError, match="0 off the diagonal"):
            expand(mul(S, power(denominator, -1)))


def test_the_logarithm_of_zero_is_outside() -> None:
    with pytest.raises(OutsideCalculusError, match="logarithm of 0"):
        expand(Log(difference(S, S)))


def complete(size: int) -> Term:
    """Σ over as many indices of the product of M over all pairs: no two indices can be told apart."""
    indices = [fresh("n") for _ in range(size)]
    term: Term = mul(*(m(a, b) for a, b in itertools.permutations(indices, 2)))
    for index in indices:
        term = Sum(index, term)
    return term


def deep(levels: int) -> Term:
    term: Term = S
    for _ in range(levels):
        term = Exp(add(term, ONE))
    return term


def power_of_sums(exponent: int) -> Term:
    return power(add(total(v), total(lambda j: total(lambda k: m(j, k))), ONE), exponent)


@pytest.mark.parametrize(
    ("term", "why"),
    [
        (complete(9), "too alike"),
        (power_of_sums(60), "steps"),
        (power(add(v(I), ONE), 10**9), "steps"),
        (deep(3000), "nested too deeply"),
    ],
    ids=["indices alike", "many products", "a huge power", "nested deeply"],
)
def test_what_is_too_large_is_refused_soon(term: Term, why: str) -> None:
    start = time.process_time()
    with pytest.raises(OutsideCalculusError, match=why):
        expand(term)
    assert time.process_time() - start < 20


def frobenius_of_sandwich(times: int) -> Term:
    """‖A X Aᵀ‖_F² to a power: many look-alike indices, in parts that do not touch."""

    def squared() -> Term:
        i, j = fresh("n"), fresh("n")

        def entry() -> Term:
            k, q = fresh("d"), fresh("d")
            return Sum(k, Sum(q, mul(Entry("A", (i, k)), Entry("X", (k, q)), Entry("A", (j, q)))))

        return Sum(i, Sum(j, mul(entry(), entry())))

    return mul(*(squared() for _ in range(times)))


def test_look_alike_indices_in_parts_that_do_not_touch_are_no_trouble() -> None:
    assert same(frobenius_of_sandwich(4), mul(frobenius_of_sandwich(3), frobenius_of_sandwich(1)))
    assert not same(frobenius_of_sandwich(2), frobenius_of_sandwich(1))


def test_indices_that_meet_are_not_captured_by_sums_inside() -> None:
    """The index of the inner sum of one copy is put where the other copy has its own."""
    inner, outer = fresh("n"), fresh("n")
    row = Sum(inner, Exp(m(outer, inner)))
    term = Sum(outer, mul(power(row, -1), Delta(outer, I)))
    assert same(term, power(total(lambda k: Exp(m(I, k))), -1))
    shadowed = Sum(inner, mul(v(inner), Sum(inner, m(inner, I))))
    assert same(shadowed, mul(total(v), total(lambda k: m(k, I))))


def test_a_free_index_with_the_number_of_a_summed_one_stays_free() -> None:
    assert same(
        mul(Sum(K, Entry("w", (K,))), Entry("w", (K,))),
        mul(total(lambda k: Entry("w", (k,)), "d"), Entry("w", (K,))),
    )


def test_the_order_of_what_is_added_does_not_matter() -> None:
    parts = [mul(m(I, J), v(J)), mul(number(-1), v(I)), Exp(v(I)), total(v)]
    keys = {polynomial_key(expand(add(*order))) for order in itertools.permutations(parts)}
    assert len(keys) == 1
