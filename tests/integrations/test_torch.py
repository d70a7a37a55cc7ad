"""The loss for torch, held against the same loss in torch operations and torch's own derivatives."""

from __future__ import annotations

import copy
import math
import subprocess
import sys
from typing import Any

import pytest
import torch

from proofcheck.errors import ApproximationError, UserInputError
from proofcheck.torch import FastAttentionLoss
from tests.cli_helpers import environment

NAMES = ("A1", "A2", "A3", "E", "X", "Y")
Tensors = dict[str, torch.Tensor]


def tensors_of(
    *requiring: str, n: int = 200, d: int = 3, dtype: torch.dtype = torch.float64, spread: float = 1.0
) -> Tensors:
    generator = torch.Generator().manual_seed(5)
    made = {}
    for name in NAMES:
        shape = (d, d) if name in ("X", "Y") else (n, d)
        made[name] = spread * (2 * torch.rand(*shape, generator=generator, dtype=dtype) - 1)
    return {name: tensor.requires_grad_(name in requiring) for name, tensor in made.items()}


def plain(
    A1: torch.Tensor,
    A2: torch.Tensor,
    A3: torch.Tensor,
    E: torch.Tensor,
    X: torch.Tensor,
    Y: torch.Tensor,
    causal: bool = False,
) -> torch.Tensor:
    scores = A1 @ X @ A2.T / A1.shape[1]
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), -math.inf)
    return ((torch.softmax(scores, 1) @ A3 @ Y - E) ** 2).sum() / 2


def true_gradients(tensors: Tensors, *names: str, **how: Any) -> Tensors:
    """By torch in float64, which errs by some units of roundoff of what it sums."""
    wide = {name: tensor.detach().double() for name, tensor in tensors.items()}
    for name in names:
        wide[name].requires_grad_()
    loss = plain(**wide, **how)
    return dict(zip(names, torch.autograd.grad(loss, [wide[name] for name in names]), strict=True))


def largest(tensor: torch.Tensor) -> float:
    return float(tensor.abs().max())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("wrt", "how"),
    [
        (("X",), {}),
        (("X",), {"method": "exact"}),
        (("Y", "A2"), {"method": "fast", "rtol": 1e-3}),
        (("X", "Y", "A1", "A2", "A3"), {"eps": 1e-3}),
        (("A1", "A3"), {"rtol": 0.5, "guarantee": "certified"}),
    ],
)
def test_gradients_agree_with_autograd_within_the_errors_reported(
    dtype: torch.dtype, causal: bool, wrt: tuple[str, ...], how: dict[str, Any]
) -> None:
    tensors = tensors_of(*wrt, dtype=dtype)
    loss_fn = FastAttentionLoss(**how, causal=causal)
    loss = loss_fn(**tensors)
    assert (loss.shape, loss.dtype) == ((), dtype)
    loss.backward()
    result = loss_fn.last
    assert result is not None
    assert set(result.gradients) == set(wrt)
    wide = {name: tensor.detach().double() for name, tensor in tensors.items()}
    unit = torch.finfo(dtype).eps
    off = abs(loss.item() - plain(**wide, causal=causal).item())
    assert off <= result.error_bound["loss"] + unit * loss.item()
    for name, true in true_gradients(tensors, *wrt, causal=causal).items():
        found = tensors[name].grad
        assert found is not None
        assert found.dtype == dtype
        error = largest(found - true)
        assert error <= result.error_bound[name] + 1e-13
        allowed = max(how.get("eps", 0), how.get("rtol", 0 if "eps" in how else 1e-4) * largest(true))
        assert error <= allowed
        estimate = result.error_estimate.get(name)
        if estimate is not None and estimate.norm == "max":
            assert estimate.low <= error <= estimate.high + 1e-13
    for name in set(NAMES) - set(wrt):
        assert tensors[name].grad is None


def test_gradients_are_scaled_and_added_as_torch_does() -> None:
    tensors = tensors_of("X", "A1")
    (2.5 * FastAttentionLoss(method="exact")(**tensors) + tensors["X"].sum()).backward()
    true = true_gradients(tensors, "X", "A1")
    torch.testing.assert_close(tensors["X"].grad, 2.5 * true["X"] + 1)
    torch.testing.assert_close(tensors["A1"].grad, 2.5 * true["A1"])


def test_through_other_operations_and_strides() -> None:
    tensors = tensors_of("X")
    factor = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    long = {name: tensors[name].repeat_interleave(2, 0)[::2] for name in ("A1", "A2")}
    turned = tensors["A3"].T.contiguous().T
    assert not turned.is_contiguous()
    assert not long["A1"].is_contiguous()
    loss = FastAttentionLoss(method="exact")(
        long["A1"], factor * long["A2"], turned, tensors["E"], tensors["X"].T, tensors["Y"]
    )
    loss.backward()
    again = tensors["X"].detach().clone().requires_grad_()
    other = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    plain(tensors["A1"], other * tensors["A2"], tensors["A3"], tensors["E"], again.T, tensors["Y"]).backward()
    torch.testing.assert_close(factor.grad, other.grad)
    torch.testing.assert_close(tensors["X"].grad, again.grad)


def test_without_gradients_there_is_a_loss() -> None:
    loss_fn = FastAttentionLoss(method="exact")
    assert loss_fn.last is None
    tensors = tensors_of("X", "A1", "E")
    with torch.no_grad():
        loss = loss_fn(**tensors)
    assert not loss.requires_grad
    assert set(loss_fn.last.gradients) == {"X"}
    torch.testing.assert_close(loss, plain(**tensors).detach())
    plain_tensors = {name: tensor.detach() for name, tensor in tensors.items()}
    torch.testing.assert_close(loss_fn(**plain_tensors), loss)


def test_training_goes_down_as_with_the_plain_loss() -> None:
    losses: dict[str, list[float]] = {}
    for kind, loss_fn in (("fast", FastAttentionLoss(rtol=1e-5)), ("plain", plain)):
        tensors = tensors_of("X", "Y", n=300)
        optimiser = torch.optim.SGD([tensors["X"], tensors["Y"]], lr=2e-3)
        losses[kind] = []
        for _ in range(6):
            optimiser.zero_grad()
            loss = loss_fn(**tensors)
            loss.backward()
            optimiser.step()
            losses[kind].append(loss.item())
    assert losses["plain"] == sorted(losses["plain"], reverse=True)
    assert losses["fast"] == pytest.approx(losses["plain"], rel=1e-5)


def test_it_is_a_module() -> None:
    loss_fn = FastAttentionLoss(rtol=1e-3, seed=4)
    assert repr(loss_fn).startswith("FastAttentionLoss(rtol=0.001, guarantee='estimated', method='auto'")
    assert not list(loss_fn.parameters())
    copied = copy.deepcopy(loss_fn)
    copied(**tensors_of("X"))
    assert (copied.last.seed, loss_fn.last) == (4, None)


@pytest.mark.parametrize("outer", [False, True])
def test_second_derivatives_are_refused_and_never_silently_zero(outer: bool) -> None:
    tensors = tensors_of("X", "Y")
    loss = FastAttentionLoss(method="exact")(**tensors)
    weight = torch.tensor(2.0, dtype=torch.float64, requires_grad=outer)
    (gradient,) = torch.autograd.grad(weight * loss, tensors["X"], create_graph=True)
    torch.testing.assert_close(gradient.detach(), 2 * true_gradients(tensors, "X")["X"])
    with pytest.raises(UserInputError, match="FastAttentionLoss has no second derivatives"):
        (loss + gradient.norm()).backward()


def test_twice_backward_is_told_by_torch() -> None:
    tensors = tensors_of("X")
    loss = FastAttentionLoss(method="exact")(**tensors)
    loss.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        loss.backward()


def test_a_gradient_in_E_is_refused() -> None:
    with pytest.raises(UserInputError, match="E requires a gradient, which FastAttentionLoss does not give"):
        FastAttentionLoss()(**tensors_of("X", "E"))


@pytest.mark.parametrize(
    ("change", "how", "words"),
    [
        ({"A1": [[1.0]]}, {}, "A1 is a list; expected a torch.Tensor"),
        ({"A2": torch.ones(7, 3, dtype=torch.float64)}, {}, "A2 has shape"),
        ({"A3": torch.ones(200, 3)}, {}, "the arrays differ in dtype"),
        ({"Y": torch.full((3, 3), math.nan, dtype=torch.float64)}, {}, "Y has an entry that is not finite"),
        ({}, {"rtol": -1.0}, "rtol=-1.0"),
        ({}, {"method": "quick"}, "method='quick'"),
        ({}, {"guarantee": "none"}, "guarantee='none'"),
    ],
)
def test_bad_arguments(change: dict[str, Any], how: dict[str, Any], words: str) -> None:
    with pytest.raises(UserInputError, match=words):
        FastAttentionLoss(**how)(**{**tensors_of("X"), **change})


def test_a_tolerance_that_cannot_be_met() -> None:
    with pytest.raises(ApproximationError):
        FastAttentionLoss(method="fast", rtol=1e-12, guarantee="certified")(**tensors_of("X"))


def test_a_loss_beyond_float32_is_refused() -> None:
    tensors = tensors_of("X", dtype=torch.float32)
    tensors["E"] = 1e19 * tensors["E"]
    with pytest.raises(UserInputError, match=r"which torch.float32 cannot hold; pass float64 tensors"):
        FastAttentionLoss(method="exact", eps=1e30)(**tensors)


def test_torch_is_imported_only_here_and_named_if_it_is_missing() -> None:
    program = (
        "import sys, proofcheck, proofcheck.cli, proofcheck.numeric.gradient\n"
        "assert 'torch' not in sys.modules\n"
        "sys.modules['torch'] = None\n"
        "try:\n"
        "    import proofcheck.torch\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "proofcheck.torch needs torch: pip install 'proofcheck[torch]'\n"
