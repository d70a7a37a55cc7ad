"""A recorded statement gives what the strict namespace gives, and its gradient is that of differences."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from proofcheck.checks.binding import draw_point, evaluate, index_tuples
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import Real
from proofcheck.claims.proposition import AtMost, Bounded, Equal, atoms, equal
from proofcheck.errors import EmptyDomainError, IllFormedError, IndexRangeError, ShapeError
from proofcheck.loading import discover, load
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.namespaces.traced import Program, TracingNamespace
from tests.helpers import form_of, rng

FORMS = [
    pytest.param(form, id=f"{claim.id}-{name}")
    for module in load(discover())
    for claim in module.claims
    for name, form in claim.forms().items()
]


def recorded(form: Form, sizes: Any, indices: Any) -> list[Any]:
    xp = TracingNamespace()
    values = {**sizes, **indices}
    for name, domain in form.domains().items():
        values[name] = xp.input(name, domain.shape(sizes))
    return list(atoms(form.statement(xp, **{name: values[name] for name in form.parameters})))


def sides(atom: Any) -> list[Any]:
    return [atom.left, atom.by if isinstance(atom, Bounded) else atom.right]


@pytest.mark.parametrize("form", FORMS)
def test_every_relation_of_the_paper(form: Form) -> None:
    sizes = {name: 3 - k % 2 for k, name in enumerate(form.size_symbols)}
    try:
        form.check_declarations()
        point = draw_point(form, sizes, rng(), scale=1)  # type: ignore[arg-type]
        indices = index_tuples(form, sizes)[-1]
        expected = evaluate(form, StrictNamespace(float), sizes, point, indices)
    except (IllFormedError, EmptyDomainError):
        return
    floats = {name: value.astype(float) for name, value in point.items()}
    found = recorded(form, sizes, indices)
    assert len(found) == len(expected)
    for one, other in zip(expected, found, strict=True):
        if not isinstance(one, (Equal, AtMost, Bounded)):
            continue
        for strict, value in zip(sides(one), Program(sides(other)).run(floats), strict=True):
            numbers = np.asarray(strict.values if isinstance(strict, Array) else strict, dtype=float)
            assert value.shape == numbers.shape
            np.testing.assert_allclose(value, numbers, rtol=1e-9, atol=1e-9 * (1 + np.abs(numbers).max()))


def test_every_operation_is_there() -> None:
    operations = [name for name, _ in inspect.getmembers(StrictNamespace, inspect.isfunction)]
    public = [name for name in operations if not name.startswith("_")]
    assert len(public) > 10
    assert [name for name in public if not hasattr(TracingNamespace, name)] == []


def everything(xp: Any, A: Any, B: Any, v: Any, s: Any, n: Any, d: Any) -> Any:
    """A scalar in which every kind of operation has a part."""
    soft = xp.scale_rows(1 / xp.row_sums(xp.exp(A @ B.T)), xp.exp(s * (A @ B.T)))
    stacked = xp.rows(lambda j: A[j, :] * v[j], n) + xp.columns(lambda i: B[:, i] / (1 + s * s), d)
    more = xp.sum(xp.row_kron(A, B)) * xp.sum(xp.kron(A, B) ** 3) + xp.sum(xp.block(A, 2, 1))
    slope = xp.gradient(lambda t: xp.sum(xp.exp(t * A) @ xp.diag(t * xp.ones(d))), s)
    return equal(
        xp.sum(soft @ stacked) + more + slope + xp.inner(v, A @ xp.unit((1,), (d,))) + xp.log(1 + s * s),
        xp.sum(xp.vec_by_columns(A) * xp.vec(B)) - xp.sum_over(lambda k: v[k] ** 2, n) + xp.sum(xp.column(v)),
    )


def test_gradients_agree_with_differences() -> None:
    form = form_of(everything, A=Real("n", "d"), B=Real("n", "d"), v=Real("n"), s=Real())
    sizes = {"n": 2, "d": 3}
    (atom,) = recorded(form, sizes, {})
    program = Program([atom.left - atom.right])
    generator = rng()
    inputs = {name: generator.normal(size=domain.shape(sizes)) for name, domain in form.domains().items()}
    program.run(inputs)
    gradients, error = program.pull([np.ones(())])
    assert 0 < error < 1e-10
    step = 1e-6
    for name, values in inputs.items():
        for at in np.ndindex(*values.shape):
            ends = []
            for sign in (1, -1):
                moved = values.copy()
                moved[at] += sign * step
                ends.append(float(program.run({**inputs, name: moved})[0]))
            slope = (ends[0] - ends[1]) / (2 * step)
            assert gradients[name][at] == pytest.approx(slope, rel=1e-6, abs=1e-6), (name, at)


def test_the_error_covers_cancellation() -> None:
    xp = TracingNamespace()
    x = xp.input("x", ())
    program = Program([(x + 1) - x])
    (value,) = program.run({"x": np.array(2.0**52 + 1)})
    _, error = program.pull([np.ones(())])
    assert abs(float(value) - 1) <= error


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda a: a[4, 1], IndexRangeError),
        (lambda a: a[0, 1], IndexRangeError),
        (lambda a: a[1], ShapeError),
        (lambda a: a @ a, ShapeError),
        (lambda a: a + a.T, ShapeError),
        (lambda a: a + "x", TypeError),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Callable[[Any], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        wrong(TracingNamespace().input("a", (3, 2)))
