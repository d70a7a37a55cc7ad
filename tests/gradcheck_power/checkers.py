"""The checkers, each called as its documentation says and at its defaults.

A loss and its gradient are handed to torch as a ``torch.autograd.Function`` (forward: the loss, backward: the
gradient times what arrives) and to JAX as a ``custom_jvp`` whose rule is ⟨gradient, tangent⟩, so that both of
check_grads' default modes run; functions of NumPy arrays go through ``pure_callback``. JAX's ``order`` has no
default: it is 1, for gradients. With JAX's own default arrays are float32; beside it stands the run with x64.
"""

from __future__ import annotations

import enum
import functools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.test_util import check_grads
from torch.autograd.gradcheck import GradcheckError

from proofcheck import gradcheck
from tests.gradcheck_power.cases import Case, Gradient, blocks, call, copied, like


class Answer(enum.Enum):
    """What a checker said of a gradient."""

    PASSED = "passed"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    FAILED = "could not run"


@dataclass(frozen=True)
class Found:
    """An answer; ``why`` says what kept a checker from running or deciding."""

    answer: Answer
    why: str = ""


def _quietly(check: Callable[[], Found]) -> Found:
    """Warnings and floating-point complaints of the functions under test are not the checker's."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return check()
        except Exception as error:  # a checker that raises on its input has not answered
            return Found(Answer.FAILED, f"{type(error).__name__}: {str(error).splitlines()[0]}")


@contextmanager
def x64(on: bool) -> Iterator[None]:
    """64-bit types in every thread: callbacks run in threads that ``jax.enable_x64`` does not reach."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", on)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def by_us(case: Case, gradient: Gradient) -> Found:
    """``proofcheck.gradcheck``."""

    def check() -> Found:
        with x64(True):
            report = gradcheck(case.loss, gradient, copied(case.inputs))
        answers = {
            "CERTIFIED": Answer.PASSED,
            "REFUTED": Answer.REFUSED,
            "UNDECIDED": Answer.UNDECIDED,
        }
        return Found(answers[report.verdict.name], str(report))

    return _quietly(check)


def by_torch(case: Case, gradient: Gradient) -> Found:
    """``torch.autograd.gradcheck(function, inputs)``."""

    def native(tensors: tuple[torch.Tensor, ...]) -> Any:
        held = [tensor.detach() for tensor in tensors]
        if case.library == "numpy":
            return like(case.inputs, [tensor.numpy() for tensor in held])
        if case.library == "jax":
            return like(case.inputs, [jnp.asarray(tensor.numpy()) for tensor in held])
        return like(case.inputs, held)

    def tensor(value: Any, of: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(value if isinstance(value, torch.Tensor) else np.array(value), dtype=of.dtype)

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(*tensors)
            return tensor(call(case.loss, native(tensors)), tensors[0])

        @staticmethod
        def backward(ctx: Any, arriving: torch.Tensor) -> Any:
            found = blocks(call(gradient, native(ctx.saved_tensors))).values()
            pairs = zip(found, ctx.saved_tensors, strict=True)
            return tuple(arriving * tensor(value, leaf) for value, leaf in pairs)

    def check() -> Found:
        leaves = [torch.as_tensor(np.array(block)) for block in blocks(copied(case.inputs)).values()]
        try:
            with x64(True):
                torch.autograd.gradcheck(Wrapped.apply, [leaf.requires_grad_() for leaf in leaves])
        except GradcheckError as error:
            return Found(Answer.REFUSED, str(error))
        return Found(Answer.PASSED)

    return _quietly(check)


def _held(case: Case, arrays: tuple[Any, ...]) -> Any:
    """The inputs as the case's own library has them, from JAX's."""
    copies = [np.array(array) for array in arrays]
    return like(case.inputs, list(map(torch.tensor, copies)) if case.library == "torch" else copies)


@functools.cache
def _loss(case: Case, dtype: Any) -> Callable[..., np.ndarray]:
    """The loss as JAX calls it back: one function for a case, since JAX compiles anew for each function."""
    return lambda *arrays: np.asarray(call(case.loss, _held(case, arrays)), dtype)


def _by_jax(case: Case, gradient: Gradient, wide: bool) -> Found:
    def check() -> Found:
        with x64(wide):
            points = [jnp.asarray(np.array(block)) for block in blocks(copied(case.inputs)).values()]
            dtype = points[0].dtype

            def gradient_of(*arrays: Any) -> tuple[np.ndarray, ...]:
                found = blocks(call(gradient, _held(case, arrays))).values()
                return tuple(np.asarray(block, dtype) for block in found)

            shapes = tuple(jax.ShapeDtypeStruct(point.shape, dtype) for point in points)

            @jax.custom_jvp
            def wrapped(*arrays: Any) -> Any:
                if case.library == "jax":
                    return call(case.loss, like(case.inputs, list(arrays)))
                return jax.pure_callback(_loss(case, dtype), jax.ShapeDtypeStruct((), dtype), *arrays)

            @wrapped.defjvp
            def rule(arrays: Any, tangents: Any) -> Any:
                if case.library == "jax":
                    found = tuple(blocks(call(gradient, like(case.inputs, list(arrays)))).values())
                else:
                    found = jax.pure_callback(gradient_of, shapes, *arrays)
                slope = sum(jnp.vdot(block, tangent) for block, tangent in zip(found, tangents, strict=True))
                return wrapped(*arrays), slope

            try:
                check_grads(wrapped, points, order=1)
            except AssertionError as error:
                return Found(Answer.REFUSED, str(error))
        return Found(Answer.PASSED)

    return _quietly(check)


def by_jax_x64(case: Case, gradient: Gradient) -> Found:
    """``jax.test_util.check_grads(function, inputs, order=1)`` with 64-bit types enabled."""
    return _by_jax(case, gradient, True)


def by_jax(case: Case, gradient: Gradient) -> Found:
    """The same in JAX's default, which makes the inputs float32."""
    return _by_jax(case, gradient, False)


OURS, TORCH, JAX_X64, JAX = "ours", "torch", "JAX, x64", "JAX"
CHECKERS: dict[str, Callable[[Case, Gradient], Found]] = {
    OURS: by_us,
    TORCH: by_torch,
    JAX_X64: by_jax_x64,
    JAX: by_jax,
}
