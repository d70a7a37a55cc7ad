"""Each move of the climb does what the others do not, and no step is made of rounding."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofcheck.claims import Bits, HalfMax, Interval, Positive, Real, at_most
from proofcheck.claims.claim import Form
from proofcheck.extremal import best_constant
from proofcheck.extremal.ascent import Climber, Objective, traced
from proofcheck.extremal.space import Space
from tests.helpers import claim_of, form_of, rng


def climber(form: Form, start: Any, evaluations: int, **sizes: int) -> Climber:
    space = Space(form, sizes)
    return Climber(
        Objective(space, traced(form, sizes, {})[1]), space, np.array(start, dtype=float), evaluations
    )


def test_a_linear_bound_is_reached_in_one_jump() -> None:
    form = form_of(lambda xp, x, n: at_most(xp.sum(x), n), x=Interval(-1, 1, "n"))
    found = climber(form, [0.1] * 64, 2, n=64)
    found.climb()
    assert found.ratio == pytest.approx(1)
    assert found.used == 2


def test_bits_flip_together() -> None:
    form = form_of(lambda xp, v, n: at_most(xp.sum(v), n), v=Bits("n"))
    found = climber(form, [0] * 64, 3, n=64)
    found.climb()
    assert found.ratio == pytest.approx(1)


def test_a_point_without_a_slope_is_left() -> None:
    form = form_of(lambda xp, x: at_most(1 + x * x, xp.array(2)), x=Interval(-1, 1))
    found = climber(form, [0], 100)
    found.climb()
    assert found.ratio == pytest.approx(1)


def test_one_row_may_take_the_place_of_all() -> None:
    """Each row has two local maxima, of 1 at 0 and of 2 at 1; a slope leads from neither to the other."""
    form = form_of(
        lambda xp, A, n: at_most(xp.sum(2 * A[:, 1] * A[:, 2] + (1 - A[:, 1]) * (1 - A[:, 2])), 2 * n),
        A=Bits("n", "d"),
    )
    found = climber(form, [0, 0] * 15 + [1, 1], 60, n=16, d=2)
    found.climb()
    assert found.ratio < 1
    found = climber(form, [1, 1] + [0, 0] * 15, 60, n=16, d=2)
    found.climb()
    assert found.ratio == pytest.approx(1)


def test_a_larger_size_starts_from_the_best_of_a_smaller_one() -> None:
    """Cold starts at 128 end among 2^128 local maxima; at 1 there are two."""

    def statement(xp: Any, v: Any, w: Any, n: Any) -> Any:
        return at_most(xp.sum(2 * v * w + (1 - v) * (1 - w)), 2 * n)

    claim = claim_of(statement, v=Bits("n"), w=Bits("n"))
    (alone,) = best_constant(claim, sizes={"n": [128]}, rng=rng(), evaluations=300).extremes
    assert alone.ratio is not None
    assert alone.ratio < 0.99
    (handed,) = best_constant(claim, sizes={"n": [1, 128]}, rng=rng(), evaluations=300).extremes
    assert [point.ratio for point in handed.curve] == [pytest.approx(1), pytest.approx(1)]


def test_rounding_is_no_step() -> None:
    tenth = Fraction(1, 10)
    form = form_of(lambda xp, x: at_most(x * x + tenth - x * x, xp.array(tenth)), x=Real())
    found = climber(form, [0], 10_000)
    assert found.ratio == pytest.approx(1)
    objective = Objective(Space(form, {}), traced(form, {}, {})[1])
    values = np.linspace(10, 1000, 500)
    # There is something to be taken in by.
    assert max(objective.ratio(np.array([x])) for x in values) > 1 + 1e-11
    assert not any(found.offer(np.array([x])) for x in values)


def test_a_point_where_a_side_is_no_number_is_no_step() -> None:
    form = form_of(lambda xp, x: at_most(xp.log(x), xp.exp(x)), x=Real())
    found = climber(form, [1], 50)
    assert not found.offer(np.array([-1.0]))
    assert not found.offer(np.array([1000.0]))


def test_members_of_the_domains() -> None:
    form = form_of(
        lambda xp, P, b, x: at_most(xp.sum(P) * b * x, b), P=HalfMax("n", "n"), b=Positive(), x=Interval(0, 1)
    )
    sizes = {"n": 3}
    space = Space(form, sizes)
    generator = rng()
    for _ in range(50):
        wild = space.admitted(generator.normal(scale=3, size=space.size))
        assert space.contains(space.fractions(wild))
        slope = generator.normal(size=space.size)
        for moved in (space.moved(wild, slope, 0.7), space.corner(wild, slope)):
            assert space.contains(space.fractions(space.admitted(moved)))
    assert not space.contains({**space.fractions(wild), "P": np.full((3, 3), 0)})


def test_the_corner_keeps_half_of_each_row_where_it_costs_least() -> None:
    form = form_of(lambda xp, p: at_most(xp.sum(p), xp.array(9)), p=HalfMax("n"))
    space = Space(form, {"n": 4})
    corner = space.corner(np.ones(4), np.array([-3.0, -1.0, -4.0, -2.0]))
    assert corner.tolist() == [0, 1, 0, 1]


def test_of_many_draws_the_best_are_started_from() -> None:
    """Seven bits must be 1, or all but one: no slope leads there, and with this seed few starts do."""
    claim = claim_of(
        lambda xp, a, b, c, d, e, f, g: at_most(a * b * c * d * e * f * g, xp.array(1)),
        **{name: Bits() for name in "abcdefg"},
    )
    (extreme,) = best_constant(claim, rng=rng(10), evaluations=300).extremes
    assert extreme.attained
