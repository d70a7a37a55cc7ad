"""What explains a mismatch, and code that shows it."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
import torch

from proofcheck import gradcheck
from proofcheck.gradcheck import attention_terms
from proofcheck.gradcheck.factors import recognised

from .samples import WRONG, Array, X, squares

RNG = np.random.default_rng(11)
SIZES = (6, 4)
A1, A2, A3, E = (RNG.standard_normal(SIZES) for _ in range(4))
P, Q = (RNG.standard_normal((4, 4)) for _ in range(2))


def attention(x: Array) -> float:
    scores = A1 @ x @ A2.T / 4
    weights = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    f = weights / np.sum(weights, axis=1, keepdims=True)
    return float(0.5 * np.sum((f @ A3 @ Q - E) ** 2))


def autograd(x: Array) -> Array:
    """An oracle that shares nothing with the terms."""
    moved = torch.from_numpy(x.copy()).requires_grad_()
    f = torch.softmax(torch.from_numpy(A1) @ moved @ torch.from_numpy(A2).T / 4, 1)
    (0.5 * (f @ torch.from_numpy(A3 @ Q) - torch.from_numpy(E)).square().sum()).backward()
    assert moved.grad is not None
    return moved.grad.numpy()


TERMS = attention_terms(A1, A2, A3, E, P, Q)


def test_the_parts_of_the_papers_gradient_add_up() -> None:
    whole = TERMS["diag(f) part"] + TERMS["f f^T part"]
    assert np.allclose(whole, autograd(P), rtol=1e-12, atol=0)
    assert np.allclose(TERMS["factor 1/d"], -3 * whole, rtol=1e-12, atol=0)
    assert np.allclose(TERMS["transpose"], whole - whole.T, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [name for name in TERMS if name not in ("factor 1/d", "transpose")])
def test_a_missing_part_is_named(name: str) -> None:
    report = gradcheck(attention, lambda x: autograd(x) - TERMS[name], P, terms=TERMS)
    assert report.attribution is not None
    assert report.attribution.text == f"missing term '{name}'"
    assert report.attribution.residual < 1e-6


def test_simple_explanations_come_first() -> None:
    by_d = gradcheck(attention, lambda x: 4 * autograd(x), P, terms=TERMS).attribution
    assert by_d is not None
    assert by_d.text == "missing factor 1/4"
    turned = gradcheck(attention, lambda x: autograd(x).T, P, terms=TERMS).attribution
    assert turned is not None
    assert turned.text == "transposed"


def test_a_row_off_by_one() -> None:
    def grad(x: Array) -> Array:
        found = autograd(x)
        found[2] = np.roll(found[2], 1)
        return found

    assert "wrong in row 2 of x only: off by one" in str(gradcheck(attention, grad, P).attribution)


def test_normalisation_over_the_wrong_axis_shows_in_sums() -> None:
    weights = RNG.standard_normal((3, 4))

    def softmax(s: Array, axis: int) -> Array:
        e = np.exp(s)
        return e / np.sum(e, axis=axis, keepdims=True)

    def loss(s: Array) -> Any:
        return np.sum(weights * softmax(s, 1))

    def grad(s: Array, axis: int = 0) -> Array:
        f = softmax(s, axis)
        return f * (weights - np.sum(f * weights, axis=axis, keepdims=True))

    s = RNG.standard_normal((3, 4))
    assert gradcheck(loss, lambda s: grad(s, 1), s)
    assert "normalised over the wrong axis" in str(gradcheck(loss, grad, s).attribution)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(0.5, "1/2"), (-2.0, "-2"), (2 / 3, "2/3"), (1 / 35, "1/35 (one over a size)"), (7**-0.5, "1/√7")],
)
def test_factors_are_recognised(ratio: float, words: str) -> None:
    value, found = recognised(ratio * (1 + 1e-9), [(5, 7)])
    assert value == pytest.approx(ratio)
    assert found == words
    assert recognised(1.2345678, [(5, 7)]) == (None, "1.2345678")


def printed(code: str) -> tuple[float, float]:
    """The derivative and the gradient that a reproducer prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "reproducer", "exec"), {"__name__": "reproducer"})
    (_, derivative), (_, gradient) = (line.split() for line in out.getvalue().splitlines())
    return float(derivative), float(gradient)


def simple_loss(x: Any) -> Any:
    return (x * x * x).sum()


def simple_wrong(x: Any) -> Any:
    return x * x


def torch_inputs() -> Any:
    return torch.tensor([[0.3, 1.7], [2.5, -1.1]], dtype=torch.float64)


@pytest.mark.parametrize("inputs", [torch_inputs().numpy(), torch_inputs()], ids=["NumPy", "torch"])
def test_the_reproducer_runs_by_itself(inputs: Any) -> None:
    report = gradcheck(simple_loss, simple_wrong, inputs)
    assert report.reproducer is not None
    derivative, gradient = printed(report.reproducer)
    assert derivative == pytest.approx(3 * gradient, rel=1e-6)
    # One coordinate is enough to show it; the others are 0.
    assert report.reproducer.count("0.0") >= 3


def test_the_reproducer_of_several_inputs_by_name() -> None:
    report = gradcheck(pair_loss, pair_wrong, {"a": np.array([0.5, 1.5]), "b": np.array([2.0])})
    assert report.reproducer is not None
    derivative, gradient = printed(report.reproducer)
    assert derivative == pytest.approx(2 * gradient, rel=1e-6)


def pair_loss(a: Array, b: Array) -> Any:
    return np.sum(a) * np.sum(b * b)


def pair_wrong(a: Array, b: Array) -> dict[str, Array]:
    return {"a": np.sum(b * b) * np.ones_like(a), "b": np.sum(a) * b}


def test_a_function_that_cannot_be_had_is_left_out() -> None:
    report = gradcheck(squares, WRONG["twice"][0], X)
    assert report.reproducer is not None
    assert "grad = ...  # the function that was checked" in report.reproducer
