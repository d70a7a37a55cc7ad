"""torch, JAX, SymPy and functions of ``xp``; what belongs to others is left as it was."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy
import torch

from proofcheck import gradcheck
from proofcheck.errors import UserInputError
from proofcheck.gradcheck import Agreement, FindingKind, GradcheckVerdict

RNG = np.random.default_rng(3)
W = RNG.standard_normal((6, 4))
V = RNG.standard_normal((4, 5))
C = RNG.standard_normal(5)


def torch_loss(V: Any, c: Any) -> Any:
    return torch.logsumexp(torch.relu(torch.from_numpy(W).to(V.dtype) @ V) + c, 0).square().sum()


def jax_loss(V: Any, c: Any) -> Any:
    return jnp.sum(jax.nn.logsumexp(jax.nn.relu(W @ V) + c, axis=0) ** 2)


TORCH = (torch_loss, torch.func.grad(torch_loss, argnums=(0, 1)), (torch.from_numpy(V), torch.from_numpy(C)))
JAX = (jax_loss, jax.grad(jax_loss, argnums=(0, 1)), (jnp.asarray(V), jnp.asarray(C)))


@pytest.mark.parametrize(("loss", "grad", "inputs"), [TORCH, JAX], ids=["torch", "JAX"])
def test_autograd_is_certified_and_its_mistakes_are_found(loss: Any, grad: Any, inputs: Any) -> None:
    assert gradcheck(loss, grad, inputs).verdict is GradcheckVerdict.CERTIFIED

    def little(V: Any, c: Any) -> Any:
        first, second = grad(V, c)
        return first * (1 + 1e-6), second

    def detached(V: Any, c: Any) -> Any:
        first, second = grad(V, c)
        return first, 0 * second

    report = gradcheck(loss, little, inputs)
    assert report.verdict is GradcheckVerdict.REFUTED
    assert str(report.attribution).startswith("missing factor 0.999999")
    assert report.attribution.block == "V"
    report = gradcheck(loss, detached, inputs)
    assert "the gradient in c is 0 everywhere" in str(report.attribution)


def test_lower_precision_inside_torch_is_found() -> None:
    def low(V: Any, c: Any) -> Any:
        return tuple(one.double() for one in TORCH[1](V.float(), c.float()))

    report = gradcheck(torch_loss, low, TORCH[2])
    assert report.verdict is GradcheckVerdict.REFUTED
    assert "accumulated in float32" in str(report.attribution)


def test_backward_of_torch_can_be_what_gives_the_gradient() -> None:
    x = torch.from_numpy(C.copy()).requires_grad_()

    def grad(x: Any) -> Any:
        x = x.detach().requires_grad_()
        x.exp().sum().backward()
        return x.grad

    assert gradcheck(lambda x: x.exp().sum(), grad, x)
    assert x.grad is None


def test_nothing_of_others_is_changed() -> None:
    digits = mpmath.mp.dps
    torch.manual_seed(1)
    torch_state = torch.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()
    gradcheck(*TORCH)
    gradcheck(*JAX)
    gradcheck(lambda x: np.sum(np.exp(x)), np.exp, C)
    assert mpmath.mp.dps == digits
    assert torch.get_default_dtype() is torch.float32
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)
    assert jnp.asarray(np.ones(2)).dtype == jnp.float32
    assert float(mpmath.mpf(1) / 3) == 1 / 3


def test_inputs_of_two_libraries_are_refused() -> None:
    with pytest.raises(UserInputError, match=r"different libraries .V: NumPy, c: torch."):
        gradcheck(torch_loss, TORCH[1], (V, torch.from_numpy(C)))


def test_a_dict_of_inputs_may_hold_some_that_are_not_differentiated() -> None:
    def loss(X: Any, scale: Any) -> Any:
        return np.sum(np.sin(X) * scale)

    inputs = {"X": V, "scale": np.full(V.shape, 2.0)}
    assert gradcheck(loss, lambda X, scale: np.cos(X) * scale, inputs, wrt="X")
    assert gradcheck(loss, lambda X, scale: {"X": np.cos(X) * scale}, inputs, wrt=["X"])
    assert gradcheck(loss, lambda X, scale: {"X": np.cos(X) * scale, "scale": np.sin(X)}, inputs)
    wrong = gradcheck(loss, lambda X, scale: {"X": np.cos(X), "scale": np.sin(X)}, inputs)
    assert wrong.attribution is not None
    assert wrong.attribution.text == "missing factor 2"
    assert wrong.attribution.block == "X"


x, y = sympy.symbols("x y")
EXPRESSION = sympy.exp(x * y) + sympy.sin(x)
INPUTS = {x: 0.3, y: 1.2}


def test_expressions_of_sympy() -> None:
    grad = {x: y * sympy.exp(x * y) + sympy.cos(x), y: x * sympy.exp(x * y)}
    report = gradcheck(EXPRESSION, grad, INPUTS)
    assert report.verdict is GradcheckVerdict.CERTIFIED
    assert [f.agreement for f in report.of(FindingKind.SYMBOLIC)] == [Agreement.AGREES] * 2
    wrong = gradcheck(EXPRESSION, {**grad, x: y * sympy.exp(x * y) - sympy.cos(x)}, INPUTS)
    assert wrong.verdict is GradcheckVerdict.REFUTED
    assert "along x" in wrong.summary


@pytest.mark.parametrize(
    ("grad", "inputs", "message"),
    [
        ({x: y}, INPUTS, "grad has the symbols x; expected x, y"),
        ({x: y, y: sympy.Symbol("z")}, INPUTS, "grad has the symbol z, for which inputs has no number"),
        ({x: y, y: x}, {x: 1.0, y: "a"}, "inputs.y. is 'a'; expected a number"),
        (lambda v: v, INPUTS, "grad is a function; for an expression, expected a dict by symbol"),
        ({x: y}, {x: 0.3}, "symbol y, for which inputs has no number"),
    ],
)
def test_bad_expressions(grad: Any, inputs: Any, message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        gradcheck(EXPRESSION, grad, inputs)


def quadratic(xp: Any, X: Any, A: Any) -> Any:
    return 0.5 * xp.sum((A @ X) * (A @ X))


def quadratic_grad(xp: Any, X: Any, A: Any) -> Any:
    return A.T @ (A @ X)


def test_a_function_of_xp_is_proved_too() -> None:
    inputs = {"X": RNG.standard_normal((3, 2)), "A": RNG.standard_normal((4, 3))}
    report = gradcheck(quadratic, quadratic_grad, inputs, wrt="X")
    assert report.verdict is GradcheckVerdict.CERTIFIED
    proofs = {f.level: f for f in report.of(FindingKind.SYMBOLIC)}
    assert set(proofs) == {"exact", "generic"}
    assert all(f.agreement is Agreement.AGREES for f in proofs.values())
    assert "for all sizes" in proofs["generic"].detail
    assert "generic: proved for all sizes" in report.summary
    assert not gradcheck(quadratic, quadratic_grad, inputs, wrt="X", prove=False).of(FindingKind.SYMBOLIC)


def test_a_wrong_function_of_xp_is_disproved() -> None:
    inputs = {"X": RNG.standard_normal((3, 2)), "A": RNG.standard_normal((4, 3))}
    report = gradcheck(quadratic, lambda xp, X, A: 2 * quadratic_grad(xp, X, A), inputs, wrt="X")
    assert report.verdict is GradcheckVerdict.REFUTED
    assert report.attribution is not None
    assert report.attribution.text == "missing factor 1/2"
    symbolic = report.of(FindingKind.SYMBOLIC)
    assert [f.agreement for f in symbolic] == [Agreement.DIFFERS] * 2


def test_sizes_of_a_function_of_xp() -> None:
    def loss(xp: Any, v: Any, n: Any) -> Any:
        return xp.sum(v * v) / n

    report = gradcheck(loss, lambda xp, v, n: 2 * v / n, C, sizes={"n": 5})
    assert report.verdict is GradcheckVerdict.CERTIFIED
    assert [f.agreement for f in report.of(FindingKind.SYMBOLIC)] == [Agreement.AGREES] * 2
    assert gradcheck(loss, lambda xp, v, n: 2 * v, C, sizes={"n": 5}).verdict is GradcheckVerdict.REFUTED
