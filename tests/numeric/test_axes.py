from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from proofcheck.numeric.axes import Axes, principal_axes, rotated_range
from proofcheck.numeric.frame import frame
from proofcheck.numeric.problem import checked_problem

from .expansions import MORE_KINDS, decaying, points_of
from .hard_cases import draw_case

_CASES = 60  # of each kind


def _case(kind: str, rng: np.random.Generator) -> dict[str, Any]:
    if kind in ("decaying", "deficient"):
        return MORE_KINDS[kind](rng, int(rng.choice([1, 2, 3, 20])), int(rng.integers(1, 6)))
    return draw_case(kind, rng)[0]


@pytest.mark.parametrize("kind", MORE_KINDS)
def test_a_score_is_the_same_along_the_axes_up_to_its_bound(kind: str) -> None:
    """In long double, for the R at hand; and what is bounded over all points is."""
    rng = np.random.default_rng(list(kind.encode()))
    seen = 0
    for _ in range(_CASES):
        problem = checked_problem(**_case(kind, rng))
        where = frame(problem)
        points = points_of(problem, where)
        axes = principal_axes(*points)
        if axes is None:
            assert not np.any(points[0] @ points[1].T)
            continue
        seen += 1
        found = rotated_range(problem, where, axes)
        wide = [array.astype(np.longdouble) for array in points]
        turned = [wide[0] @ axes.query, wide[1] @ axes.key]
        scores = wide[0] @ wide[1].T
        assert np.max(np.abs(scores - turned[0] @ turned[1].T)) <= found.epsilon
        assert np.all(np.max(np.abs(turned[0]), axis=0) <= found.query_bound)
        assert np.all(np.max(np.abs(turned[1]), axis=0) <= found.key_bound)
        assert np.max(np.abs(turned[0]) @ np.abs(turned[1]).T) <= found.radius
        # The bounds are no larger than they need be: axes down to 10⁻¹² of the first are kept.
        largest = np.max(np.linalg.norm(points[0], axis=1)) * np.max(np.linalg.norm(points[1], axis=1))
        assert found.epsilon <= 1e-4 * np.max(np.abs(scores)) + 1e-11 * largest
        assert found.radius <= (1 + 1e-4) * axes.count * np.max(found.query_bound * found.key_bound)
    assert (seen == 0) == (kind == "zero")


def test_another_rotation_is_bounded_as_it_is() -> None:
    """The bound is of the R at hand: where it is not what it should be, that is seen."""
    problem = checked_problem(**decaying(np.random.default_rng(3), 50, 4))
    where = frame(problem)
    axes = principal_axes(*points_of(problem, where))
    assert axes is not None
    bent = replace(axes, key=axes.key * 1.01)
    assert rotated_range(problem, where, axes).epsilon < 1e-13
    assert rotated_range(problem, where, bent).epsilon > 1e-3


@pytest.mark.parametrize("d", [1, 2, 5, 8])
def test_second_moments_are_equal_and_diagonal(d: int) -> None:
    """Σ is diagonal for both, and Σ² are the eigenvalues of C_q C_k: found by another algorithm."""
    rng = np.random.default_rng(d)
    queries, keys = (
        rng.standard_normal((200, d)) @ rng.standard_normal((d, d)) * 10.0**scale for scale in (3, -2)
    )
    axes = principal_axes(queries, keys)
    assert axes is not None
    assert axes.count == d
    assert np.all(np.diff(axes.strength) <= 0)
    for points in (queries @ axes.query, keys @ axes.key):
        moments = points.T @ points / 200
        assert np.allclose(moments, np.diag(axes.strength), rtol=0, atol=1e-10 * axes.strength[0])
    product = queries.T @ queries @ keys.T @ keys / 200**2
    squares = np.sort(np.linalg.eigvals(product).real)[::-1]
    assert np.allclose(axes.strength**2, squares, rtol=1e-6)


def test_axes_without_scores_are_left_out() -> None:
    """Queries in a plane, keys in another: they meet in a line."""
    rng = np.random.default_rng(0)
    queries, keys = rng.standard_normal((2, 40, 3))
    queries[:, 2] = 0
    keys[:, 0] = 0
    axes = principal_axes(queries, keys)
    assert axes is not None
    assert axes.count == 1
    assert np.allclose((queries @ axes.query) @ (keys @ axes.key).T, queries @ keys.T, rtol=0, atol=1e-13)


def test_no_scores_no_axes() -> None:
    points = np.random.default_rng(0).standard_normal((40, 2))
    assert principal_axes(points, 0 * points) is None
    assert principal_axes(0 * points, points) is None
    assert principal_axes(points * [1, 0], points * [0, 1]) is None
    assert principal_axes(points * np.inf, points) is None
    assert principal_axes(points * 1e200, points * 1e200) is None  # the scores overflow


def test_array_libraries(backend: Any) -> None:
    arrays = decaying(np.random.default_rng(1), 60, 3)
    here = checked_problem(**arrays)
    there = checked_problem(**{name: backend.asarray(array) for name, array in arrays.items()})
    axes = principal_axes(*points_of(here, frame(here)))
    assert isinstance(axes, Axes)
    found, expected = rotated_range(there, frame(there), axes), rotated_range(here, frame(here), axes)
    for name, value in vars(expected).items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-12), name
