"""Three losses that are in no paper here, written as a user would write them.

A softmax cross-entropy on top of attention, attention under a causal mask, and attention whose queries
and keys are rotated by a matrix of their own row.  The program derives each gradient and proves the
closed form for all sizes.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from proofcheck import verify
from proofcheck.checks.finite_difference import check_finite_difference
from proofcheck.checks.generic import check_generic
from proofcheck.claims import Interval, Real, equal
from proofcheck.claims.claim import Form
from proofcheck.claims.verdict import Outcome
from proofcheck.namespaces.strict import StrictNamespace
from tests.helpers import claim_of, form_of, rng

LAYER = {
    "A1": Real("n", "d"),
    "A2": Real("n", "d"),
    "A3": Real("n", "d"),
    "X": Real("d", "d"),
    "Y": Real("d", "d"),
}


def row_softmax(xp: Any, scores: Any) -> Any:
    weights = xp.exp(scores)
    return xp.scale_rows(1 / xp.row_sums(weights), weights)


def through_softmax(xp: Any, f: Any, q: Any) -> Any:
    """The gradient in the scores, from the one in the rows f of their softmax."""
    product = f * q
    return product - xp.scale_rows(xp.row_sums(product), f)


# --- cross-entropy -----------------------------------------------------------------------------------


def cross_entropy(xp: Any, A1: Any, A2: Any, A3: Any, X: Any, Y: Any, T: Any, d: Any) -> Any:
    """−Σ T_ji log softmax(O)_ji with O the output of attention; T holds weights of the classes."""
    output = row_softmax(xp, A1 @ X @ A2.T / d) @ A3 @ Y
    return -xp.sum(T * xp.log(row_softmax(xp, output)))


def cross_entropy_gradient(xp: Any, A1: Any, A2: Any, A3: Any, X: Any, Y: Any, T: Any, d: Any) -> Any:
    f = row_softmax(xp, A1 @ X @ A2.T / d)
    h = A3 @ Y
    c = xp.scale_rows(xp.row_sums(T), row_softmax(xp, f @ h)) - T
    return A1.T @ through_softmax(xp, f, c @ h.T) @ A2 / d


def of_cross_entropy(xp: Any, A1: Any, A2: Any, A3: Any, X: Any, Y: Any, T: Any, d: Any) -> Any:
    return equal(
        xp.gradient(lambda X: cross_entropy(xp, A1, A2, A3, X, Y, T, d), X),
        cross_entropy_gradient(xp, A1, A2, A3, X, Y, T, d),
    )


# --- a causal mask -----------------------------------------------------------------------------------


def masked_softmax(xp: Any, scores: Any, M: Any) -> Any:
    weights = M * xp.exp(scores)
    return xp.scale_rows(1 / xp.row_sums(weights), weights)


def masked_loss(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, M: Any, d: Any) -> Any:
    residual = masked_softmax(xp, A1 @ X @ A2.T / d, M) @ A3 @ Y - E
    return 0.5 * xp.sum(residual * residual)


def of_masked_loss(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, M: Any, d: Any) -> Any:
    f, h = masked_softmax(xp, A1 @ X @ A2.T / d, M), A3 @ Y
    return equal(
        xp.gradient(lambda X: masked_loss(xp, A1, A2, A3, E, X, Y, M, d), X),
        A1.T @ through_softmax(xp, f, (f @ h - E) @ h.T) @ A2 / d,
    )


# --- rotations ---------------------------------------------------------------------------------------


def rotated(xp: Any, R: Any, a: Any, n: Any) -> Any:
    """Row j of the matrix, turned by R_j."""
    return xp.rows(lambda j: R[j, :, :] @ a[j, :], n)


def rotated_loss(
    xp: Any, A1: Any, A2: Any, A3: Any, E: Any, WQ: Any, WK: Any, Y: Any, R: Any, n: Any, d: Any
) -> Any:
    scores = rotated(xp, R, A1 @ WQ, n) @ rotated(xp, R, A2 @ WK, n).T / d
    residual = row_softmax(xp, scores) @ A3 @ Y - E
    return 0.5 * xp.sum(residual * residual)


def of_rotated_loss(
    xp: Any, A1: Any, A2: Any, A3: Any, E: Any, WQ: Any, WK: Any, Y: Any, R: Any, n: Any, d: Any
) -> Any:
    queries, keys = rotated(xp, R, A1 @ WQ, n), rotated(xp, R, A2 @ WK, n)
    f, h = row_softmax(xp, queries @ keys.T / d), A3 @ Y
    turned = through_softmax(xp, f, (f @ h - E) @ h.T) @ keys / d
    back = xp.rows(lambda j: R[j, :, :].T @ turned[j, :], n)
    return equal(xp.gradient(lambda WQ: rotated_loss(xp, A1, A2, A3, E, WQ, WK, Y, R, n, d), WQ), A1.T @ back)


FORMS: dict[str, Form] = {
    "cross-entropy": form_of(of_cross_entropy, **LAYER, T=Real("n", "d")),
    "causal mask": form_of(of_masked_loss, **LAYER, E=Real("n", "d"), M=Interval(0, 1, "n", "n")),
    "rotations": form_of(
        of_rotated_loss,
        **{name: LAYER[name] for name in ("A1", "A2", "A3", "Y")},
        E=Real("n", "d"),
        WQ=Real("d", "d"),
        WK=Real("d", "d"),
        R=Real("n", "d", "d"),
    ),
}
CONDITIONS = {"cross-entropy": "", "causal mask": "assuming Σ_{k≤n} M_{jk}·exp(", "rotations": ""}


@pytest.mark.parametrize("name", FORMS)
def test_the_gradient_is_proved_for_all_sizes(name: str) -> None:
    verdict = check_generic(FORMS[name], rng())
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.all_sizes
    assert CONDITIONS[name] in verdict.detail
    assert ("assuming" in verdict.detail) == bool(CONDITIONS[name])


@pytest.mark.parametrize("name", FORMS)
def test_finite_differences_agree(name: str) -> None:
    assert check_finite_difference(FORMS[name], rng()).outcome is Outcome.HOLDS


def doubled(name: str) -> Form:
    """The same claim with a closed form that is twice too large."""
    right = FORMS[name].statement

    @functools.wraps(right)  # it has the same symbols
    def wrong(xp: Any, **symbols: Any) -> Any:
        found = right(xp, **symbols)
        return equal(found.left, 2 * found.right)

    return form_of(wrong, **FORMS[name].given)


@pytest.mark.parametrize("name", FORMS)
def test_a_wrong_gradient_is_not_proved(name: str) -> None:
    assert check_generic(doubled(name), rng()).outcome is Outcome.REFUTED


def test_the_cross_entropy_is_what_numpy_computes() -> None:
    """The gradient at a point against central differences of plain NumPy code."""
    generator = np.random.default_rng(1)
    n, d = 4, 3
    a1, a2, a3, t = (generator.normal(size=(n, d)) for _ in range(4))
    x, y = generator.normal(size=(d, d)), generator.normal(size=(d, d))

    def softmax(scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]

    def loss(x: np.ndarray[Any, Any]) -> float:
        return float(-np.sum(t * np.log(softmax(softmax(a1 @ x @ a2.T / d) @ a3 @ y))))

    xp = StrictNamespace(float, vectorised=True)
    inputs = {"A1": a1, "A2": a2, "A3": a3, "X": x, "Y": y, "T": t}
    found = cross_entropy_gradient(xp, **{name: xp.array(value) for name, value in inputs.items()}, d=d)
    step = 1e-5
    for position in np.ndindex(d, d):
        unit = np.zeros((d, d))
        unit[position] = step
        slope = (loss(x + unit) - loss(x - unit)) / (2 * step)
        assert found.values[position] == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", FORMS)
def test_verify_calls_it_proved(name: str) -> None:
    form = FORMS[name]
    claim = claim_of(form.statement, id=f"own:{name.split()[0]}", **form.given)
    report = verify(claims=[claim], jobs=0)
    assert report.results[0].status.word.value == "proved"
