"""Mutants are exactly the changes they should be, one at a time, and mean what they say."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofcheck.checks.binding import draw_point, evaluate, index_tuples
from proofcheck.claims import (
    Bits,
    HalfMax,
    Index,
    Interval,
    Positive,
    Real,
    all_of,
    at_most,
    equal,
    has_shape,
    within,
)
from proofcheck.claims.claim import Form
from proofcheck.claims.proposition import Atom
from proofcheck.errors import ShapeError, UserInputError
from proofcheck.mutation import Mutant, mutants
from proofcheck.namespaces.strict import StrictNamespace
from tests.helpers import form_of, rng

SIZES = {"n": 3, "d": 3}
X, Y, M = Real("n"), Real("n"), Real("n", "d")


def changes(statement: Callable[..., Any], **given: Any) -> list[str]:
    """What is changed, without the places."""
    return [one.description.split(": ", 1)[1] for one in mutants(form_of(statement, **given), "it")]


def atoms_of(form: Form, seed: int = 0) -> list[Atom]:
    """The relations at one point; mutants and originals of a form get the same point."""
    point = draw_point(form, SIZES, rng(seed), scale=Fraction(1))
    return evaluate(form, StrictNamespace(Fraction), SIZES, point, index_tuples(form, SIZES)[-1])


def differs(one: Any, other: Any) -> bool:
    left, right = (np.asarray(getattr(side, "values", side), dtype=object) for side in (one, other))
    return left.shape != right.shape or bool((left != right).any())


def test_each_operator() -> None:
    assert changes(lambda_free_sum, x=X, y=Y) == [
        "x + y → x - y",
        "x + y → x",
        "x + y → y",
        "x + y → x.T + y",
        "x + y → x + y.T",
        "-x - y → -x + y",
        "-x - y → -x",
        "-x - y → -y",
        "-x - y → (-x).T - y",
        "-x - y → -x - y.T",
        "-x → x",
    ]
    assert changes(products, A=M, B=M) == [
        "A * B → A",
        "A * B → B",
        "A * B → A.T * B",
        "A * B → A * B.T",
        "A / 2 → A",
        "A / 2 → A.T / 2",
        "2 → 3",
        "2 → 1",
    ]
    assert changes(powers, A=Real("d", "d")) == [
        "A.T @ A → A.T",
        "A.T @ A → A",
        "A.T @ A → A.T @ A.T",
        "A.T → A",
        "0.5 * A ** 2 → 0.5",
        "0.5 * A ** 2 → A ** 2",
        "0.5 * A ** 2 → 0.5 * (A ** 2).T",
        "0.5 → 1.0",
        "A ** 2 → A.T ** 2",
        "2 → 3",
        "2 → 1",
    ]


def lambda_free_sum(xp: Any, x: Any, y: Any) -> Any:
    return equal(x + y, -x - y)


def products(xp: Any, A: Any, B: Any) -> Any:
    return equal(A * B, A / 2)


def powers(xp: Any, A: Any) -> Any:
    return equal(A.T @ A, 0.5 * A**2)


def test_indices_sizes_and_arguments() -> None:
    assert changes(entries, A=Real("n", "n"), i=Index("n"), j=Index("n"), k=Index("d")) == [
        "A[i, j] → A[j, i]",
        "i → j",
        "j → i",
        "weighted(A, i, j, n) → weighted(A.T, i, j, n)",
        "weighted(A, i, j, n) → weighted(A, j, i, n)",
        "i → j",
        "j → i",
        "n → d",
        "index in 1..n → index in 1..d",
        "index in 1..n → index in 1..d",
        "index in 1..d → index in 1..n",
    ]


def weighted(A: Any, i: Any, j: Any, n: Any) -> Any:
    return A[i, j] * n


def entries(xp: Any, A: Any, i: Any, j: Any, k: Any, n: Any) -> Any:
    return equal(A[i, j], weighted(A, i, j, n))


def test_loops_bind_indices_of_their_own() -> None:
    found = changes(loops, A=Real("n", "n"), i=Index("n"))
    assert "A[i, k] → A[k, i]" in found
    assert "k → i" in found  # k runs over 1..n as i does
    assert "i → k" in found


def loops(xp: Any, A: Any, i: Any, n: Any) -> Any:
    return equal(xp.row_sums(A)[i], xp.sum_over(lambda k: A[i, k], n))


def test_exponentials_and_weights_of_rows_may_go() -> None:
    found = changes(softmax, A=M)
    assert "xp.exp(A) → A" in found
    assert "xp.scale_rows(1 / xp.row_sums(xp.exp(A)), xp.exp(A)) → xp.exp(A)" in found


def softmax(xp: Any, A: Any) -> Any:
    return equal(xp.scale_rows(1 / xp.row_sums(xp.exp(A)), xp.exp(A)), A)


def shared(xp: Any, x: Any, y: Any) -> Any:
    z = x - y
    w = z * z
    return equal(w + z, z * (x - y) + z)


def test_a_shared_local_is_changed_at_one_occurrence_on_one_side() -> None:
    form = form_of(shared, x=X, y=Y)
    found = mutants(form, "it")
    # z has one occurrence in w + z, two in w, and two on the right, besides x - y itself.
    assert sum("x - y → x + y" in one.description for one in found) == 6
    sides = {"left": 0, "right": 1}
    seen = 0
    for one in found:
        side = one.description.split(",")[0].split()[-1]
        try:
            (old,), (new,) = atoms_of(one.original), atoms_of(one.form)
        except ShapeError:  # a vector transposed
            continue
        changed = [differs(old.left, new.left), differs(old.right, new.right)]  # type: ignore[union-attr]
        assert changed == [sides[side] == 0, sides[side] == 1], one.description
        seen += 1
    assert seen > 20
    assert len({one.description for one in found}) == len(found)


def test_an_inlined_definition_is_not_caught_by_a_lambda() -> None:
    form = form_of(caught, x=X, y=Y)
    (one,) = [one for one in mutants(form, "it") if one.description.endswith("x * y → y")]
    (old,), (new,) = atoms_of(one.original), atoms_of(one.form)
    assert differs(old.left, new.left)  # type: ignore[union-attr]
    # x + (x * y → y) with the outer x: at the point u = 2 x, u + x y becomes u + y.
    point = draw_point(form, SIZES, rng(0), scale=Fraction(1))
    assert list(new.left.values) == list(2 * point["x"] + point["y"])  # type: ignore[union-attr]
    (one,) = [one for one in mutants(form, "it") if one.description.endswith("x * y → x")]
    assert list(atoms_of(one.form)[0].left.values) == list(3 * point["x"])  # type: ignore[union-attr]


def caught(xp: Any, x: Any, y: Any) -> Any:
    h = x * y
    return equal(applied(lambda x: x + h, 2 * x), x)


def applied(function: Any, value: Any) -> Any:
    return function(value)


def test_relations_come_alone_and_shapes_not_at_all() -> None:
    found = mutants(form_of(several, x=X, y=Y), "it")
    assert {one.description[: len("relation 2")] for one in found} == {"relation 2", "relation 3"}
    for one in found:
        try:
            assert len(atoms_of(one.form)) == len(atoms_of(one.original)) == 1
        except ShapeError:
            continue
    assert "at_most(x, y) → at_most(y, x)" in [one.description.split(": ")[1] for one in found]


def several(xp: Any, x: Any, y: Any, n: Any) -> Any:
    return all_of(has_shape(x + y, (n,)), all_of(at_most(x, y), equal(x + y, y)))


def test_helpers_that_make_relations_values_or_sides_are_opened() -> None:
    found = changes(opened, x=X, y=Y)
    for change in ("u - v → u + v", "a + b → a", "p * p → p", "s * r_3 → s", "at_most(u, v) → at_most(v, u)"):
        assert change in found, found
    # A helper that others may use is a word of the statement, not a part of it.
    assert not any(
        "A[i, j]" in change for change in changes(entries_of_helper, A=Real("n", "n"), i=Index("n"))
    )


def relations_of(u: Any, v: Any) -> Any:
    return all_of(at_most(u, v), equal(u - v, v))


def parts_of(a: Any, b: Any) -> Any:
    r = a + b
    return r, a * b


def _right_side(s: Any, r: Any) -> Any:
    return s * r


def opened(xp: Any, x: Any, y: Any) -> Any:
    p, r = parts_of(x, y)
    return all_of(relations_of(x, y), equal(p * p, _right_side(r, p)))


def entries_of_helper(xp: Any, A: Any, i: Any, n: Any) -> Any:
    return equal(A[i, i], weighted(A, i, i, n))


def test_opened_helpers_mean_the_same() -> None:
    form = form_of(opened, x=X, y=Y)
    whole = atoms_of(form)
    originals = {id(one.original): one.original for one in mutants(form, "it")}
    assert len(originals) == len(whole) == 3
    for original, expected in zip(originals.values(), whole, strict=True):
        (alone,) = atoms_of(original)
        assert type(alone) is type(expected)
        assert not differs(alone.left, expected.left)  # type: ignore[union-attr]
        assert not differs(alone.right, expected.right)  # type: ignore[union-attr]


def test_a_helper_that_would_read_a_local_for_a_global_stays_shut() -> None:
    form = form_of(clashing, x=X)
    (alone,) = {id(one.original): one.original for one in mutants(form, "it")}.values()
    assert not differs(atoms_of(alone)[0].right, atoms_of(form)[0].right)  # type: ignore[union-attr]


SCALE = 5


def _scaled(x: Any) -> Any:
    return SCALE * x


def clashing(xp: Any, x: Any) -> Any:
    SCALE = 7 * x
    return equal(SCALE, _scaled(x))


def test_bounds_are_changed_and_made_larger_algorithms_not() -> None:
    assert changes(cost, A=M) == [
        "n * d → n",
        "n * d → d",
        "n → d",
        "d → n",
        "n * d → n * d * d",
        "n * d → n * d * n",
    ]


def cost(xp: Any, A: Any, n: Any, d: Any) -> Any:
    return within(lambda xp, A: A + A, (2 * A,), bound=n * d)


def test_hypotheses_are_weakened_one_at_a_time() -> None:
    def given_of(one: Mutant) -> dict[str, str]:
        return {name: declared.describe() for name, declared in one.form.given.items()}

    form = form_of(
        hypotheses, x=Positive("n"), y=Interval(-1, 1, "n"), i=Index("n"), where=lambda xp, x: at_most(x, x)
    )
    found = [one for one in mutants(form, "it") if one.of_hypothesis]
    assert [one.description for one in found] == [
        "given x: positive n → real n",
        "given y: real n in [-1, 1] → real n",
        "where: dropped",
    ]
    assert given_of(found[0]) == {"x": "real n", "y": "real n in [-1, 1]", "i": "index in 1..n"}
    assert all(one.form.statement is form.statement for one in found)
    assert found[2].form.where is None


def test_discrete_inputs_are_weakened_to_intervals() -> None:
    form = form_of(two_inputs, p=HalfMax("n"), v=Bits("n"))
    found = [one for one in mutants(form, "it") if one.of_hypothesis]
    assert [one.description for one in found] == [
        "given p: real n in [0, 1], half of each row 1 → real n in [0, 1]",
        "given v: 0-1 n → real n in [0, 1]",
    ]


def two_inputs(xp: Any, p: Any, v: Any) -> Any:
    return at_most(p * v, p)


def hypotheses(xp: Any, x: Any, y: Any, i: Any) -> Any:
    return at_most(y[i] * x[i], x[i])


def test_a_size_that_the_statement_did_not_need_is_bound() -> None:
    form = form_of(one_size, A=M)
    (one,) = [one for one in mutants(form, "it") if one.description.endswith("d → n")]
    assert one.form.parameters == ("A", "d", "n")
    form = Form("printed", one.form.statement, form.given)
    point = draw_point(form, {"n": 5, "d": 2}, rng(), scale=Fraction(1))
    (atom,) = evaluate(form, StrictNamespace(Fraction), {"n": 5, "d": 2}, point, {})
    assert list(atom.left.values.flat) == list((point["A"] * 5).flat)  # type: ignore[union-attr]


def one_size(xp: Any, A: Any, d: Any) -> Any:
    return equal(A * d, A)


def test_closures_and_keyword_defaults_are_kept() -> None:
    factor, other = 3, 4

    def statement(xp: Any, x: Any, *, times: Any = 2) -> Any:
        return equal(x * factor, x * other * times)

    form = form_of(statement, x=X)
    one = next(one for one in mutants(form, "it") if "x * factor → x" in one.description)
    assert one.form.parameters == ("x", "times")
    made = one.form.statement(None, 10)
    assert (made.left, made.right) == (10, 80)


def test_a_local_function_stays_and_its_arguments_are_changed() -> None:
    found = changes(with_local_function, x=X, y=Y)
    assert "x + y → x - y" in found
    assert not any(change.startswith("u * u") for change in found)


def with_local_function(xp: Any, x: Any, y: Any) -> Any:
    def square(u: Any) -> Any:
        return u * u

    return equal(square(x + y), x)


def test_a_local_that_changes_is_not_put_elsewhere() -> None:
    found = mutants(form_of(changing, x=X, y=Y), "it")
    assert not any("x * y" in one.description for one in found)
    for one in found:
        if not one.description.endswith(".T"):
            assert atoms_of(one.original)


def changing(xp: Any, x: Any, y: Any) -> Any:
    total = x * y
    total = total + x
    z = total - y
    return equal(z * y, z)


def test_statements_that_cannot_be_read_are_refused() -> None:
    made: dict[str, Any] = {}
    exec("def unseen(xp, x):\n    return None\n", made)

    def branches(xp: Any, x: Any) -> Any:
        if xp is None:
            return equal(x, x)
        return equal(x, 2 * x)

    for statement in (lambda xp, x: equal(x, x), made["unseen"], branches):
        with pytest.raises(UserInputError, match="claim 'a' cannot be audited: its statement must be"):
            mutants(form_of(statement, x=X), "claim 'a'")


def test_what_is_unpacked_stays() -> None:
    """A star is no expression, so that nothing can be put in its place; the rest is changed as ever."""

    def statement(xp: Any, x: Any, y: Any) -> Any:
        both = (x, y)
        return equal(xp.inner(*both), xp.sum(x * y))

    found = [one.description for one in mutants(form_of(statement, x=Real("n"), y=Real("n")), "it")]
    assert [one for one in found if one.endswith(": x * y → x")]
    assert not [one for one in found if ": both →" in one or ": *both →" in one]
