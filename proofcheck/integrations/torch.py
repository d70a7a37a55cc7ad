"""The attention loss as a torch module whose backward pass takes near-linear time.

The gradients are computed along with the loss, in the forward pass, by
:func:`~proofcheck.numeric.gradient.attention_gradient`; the backward pass only scales them.
"""

from __future__ import annotations

import math
from typing import Any

from proofcheck.errors import UserInputError
from proofcheck.numeric.gradient import attention_gradient
from proofcheck.numeric.problem import VARIABLES
from proofcheck.numeric.result import GradientResult

try:
    import torch
    from torch.autograd.function import once_differentiable
except ImportError as error:
    raise ImportError("proofcheck.torch needs torch: pip install 'proofcheck[torch]'") from error

__all__ = ["FastAttentionLoss"]

_INPUTS = ("A1", "A2", "A3", "E", "X", "Y")


class FastAttentionLoss(torch.nn.Module):  # type: ignore[misc]  # torch is not checked
    """L = ½‖f A3 Y − E‖_F², f = row-softmax(A1 X A2ᵀ/d) ([P] Definition 1.2), for training.

    Called with tensors A1, A2, A3, E, X, Y it returns the scalar L; ``backward`` gives gradients for those
    of X, Y, A1, A2 and A3 that require them. Second derivatives are refused, and so is a gradient in E.

    Args:
        eps: the absolute error allowed in any entry of a gradient.
        rtol: the relative error allowed; 1e-4 if neither is given.
        guarantee: ``"estimated"`` or ``"certified"``: what is held against the tolerance.
        method: ``"auto"``, ``"exact"``, ``"fast"`` or ``"low-rank"``.
        causal: query i attends to the keys j ≤ i only.
        seed: of the sample that errors are estimated from.

    Attributes:
        last: the :class:`~proofcheck.numeric.result.GradientResult` of the latest call, with the errors of
            its gradients; None before the first.

    Raises:
        UserInputError: as ``attention_gradient`` raises, when called.
    """

    def __init__(
        self,
        eps: float | None = None,
        rtol: float | None = None,
        guarantee: str = "estimated",
        method: str = "auto",
        causal: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.how: dict[str, Any] = {
            "eps": eps,
            "rtol": rtol,
            "guarantee": guarantee,
            "method": method,
            "causal": causal,
            "seed": seed,
        }
        self.last: GradientResult | None = None

    def forward(
        self,
        A1: torch.Tensor,
        A2: torch.Tensor,
        A3: torch.Tensor,
        E: torch.Tensor,
        X: torch.Tensor,
        Y: torch.Tensor,
    ) -> torch.Tensor:
        """The loss, a scalar tensor of the inputs' dtype on their device.

        Args:
            A1: (n, d), float32 or float64, as are the others.
            A2: (n, d).
            A3: (n, d).
            E: (n, d), without a gradient of its own.
            X: (d, d).
            Y: (d, d).

        Raises:
            UserInputError: what is no tensor, an E that requires a gradient, or as ``attention_gradient``
                raises.
        """
        tensors = (A1, A2, A3, E, X, Y)
        for name, tensor in zip(_INPUTS, tensors, strict=True):
            if not isinstance(tensor, torch.Tensor):
                raise UserInputError(f"{name} is a {type(tensor).__name__}; expected a torch.Tensor")
        if torch.is_grad_enabled() and E.requires_grad:
            raise UserInputError(
                "E requires a gradient, which FastAttentionLoss does not give (it is -c, the residual); "
                "pass E.detach()"
            )
        if not torch.is_grad_enabled():  # or gradients that nobody can use would be computed
            tensors = tuple(tensor.detach() for tensor in tensors)
        loss: torch.Tensor = _Loss.apply(self, *tensors)
        return loss

    def extra_repr(self) -> str:
        """The arguments that are not None, as torch prints a module."""
        return ", ".join(f"{name}={value!r}" for name, value in self.how.items() if value is not None)


class _Loss(torch.autograd.Function):  # type: ignore[misc]
    """The loss; its gradients are known after the forward pass."""

    @staticmethod
    def forward(ctx: Any, module: FastAttentionLoss, *tensors: torch.Tensor) -> torch.Tensor:
        needed = dict(zip(_INPUTS, ctx.needs_input_grad[1:], strict=True))
        # Where none is needed the loss is that of a training step, which computes the gradient in X.
        wrt = [name for name in VARIABLES if needed[name]] or ["X"]
        arrays = {name: tensor.detach() for name, tensor in zip(_INPUTS, tensors, strict=True)}
        result = attention_gradient(**arrays, **module.how, wrt=wrt)
        module.last = result
        ctx.names = [name for name in _INPUTS if needed[name]]
        # The inputs only tell the second derivative, if one is asked for, what it would be in.
        ctx.save_for_backward(*(result.gradients[name] for name in ctx.names), *tensors)
        loss = tensors[0].new_tensor(result.loss)
        if not math.isfinite(float(loss)):
            raise UserInputError(
                f"the loss is {result.loss:.6g}, which {loss.dtype} cannot hold; pass float64 tensors"
            )
        return loss

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        gradients = dict(zip(ctx.names, ctx.saved_tensors, strict=False))
        inputs = ctx.saved_tensors[len(gradients) :]
        scaled = {name: outer[0] * gradient for name, gradient in gradients.items()}
        if torch.is_grad_enabled():  # create_graph=True
            scaled = {name: _Once.apply(value, *inputs) for name, value in scaled.items()}
        return None, *(scaled.get(name) for name in _INPUTS)


class _Once(torch.autograd.Function):  # type: ignore[misc]
    """A gradient that cannot be differentiated; torch would take it for a constant."""

    @staticmethod
    def forward(ctx: Any, gradient: torch.Tensor, *inputs: torch.Tensor) -> torch.Tensor:
        return gradient.clone()

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        raise UserInputError(
            "FastAttentionLoss has no second derivatives: a gradient of its gradient was asked for "
            "(create_graph=True); write the loss in torch operations for that"
        )
