"""The gradient in X by every method, as something to time and to hold against the exact one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofcheck import attention_gradient
from proofcheck.numeric.exact import exact_solution, query_contributions
from proofcheck.numeric.kernels import KERNELS, SWITCH, computed_by
from proofcheck.numeric.monomials import feature_count
from proofcheck.numeric.problem import checked_problem

from .favor import directions, favor_output

__all__ = ["FastCall", "Method", "exact_method", "fast_method", "favor_method", "kernels", "sdpa_method"]


@dataclass(frozen=True)
class Method:
    """One of them.

    Attributes:
        name: for tables.
        run: computes dL/dX from scratch, or what ``queries`` of the rows add to it.
        rows: dL/dQ of some queries, (m, d), X being I.
        queries: how many of the queries ``run`` takes, against all keys; None: all.
        features: k; None where there are none.
    """

    name: str
    run: Callable[[], Any]
    rows: Callable[[Sequence[int]], Any]
    queries: int | None = None
    features: int | None = None

    def scale(self, n: int) -> float:
        """What the time of ``run`` is multiplied by, to be that of all n queries."""
        return 1.0 if self.queries is None else n / self.queries


@contextmanager
def kernels(wanted: bool) -> Iterator[None]:
    """With compiled kernels, if there are any, or without."""
    before = os.environ.pop(SWITCH, None)
    if not wanted:
        os.environ[SWITCH] = "off"
    try:
        yield
    finally:
        os.environ.pop(SWITCH, None)
        if before is not None:
            os.environ[SWITCH] = before


def have_kernels(arrays: dict[str, Any]) -> bool:
    """Whether compiled kernels can be had for these."""
    with kernels(True):
        return computed_by(checked_problem(**arrays)) == KERNELS


def _kind(fused: bool) -> str:
    return "fused" if fused else "NumPy"


def _finished(queries: int | None, n: int) -> int | None:
    return None if queries is None or queries >= n else queries


def sdpa_method(arrays: dict[str, Any], queries: int | None = None) -> Method:
    """The scaled_dot_product_attention of torch, on a CPU, and its autograd, of some queries or all."""
    import torch

    A1, A2, A3, E, X, Y = (torch.from_numpy(arrays[name]) for name in ("A1", "A2", "A3", "E", "X", "Y"))
    n, d = A1.shape
    queries = _finished(queries, n)

    def loss(inputs: Any, targets: Any, weights: Any) -> Any:
        output = torch.nn.functional.scaled_dot_product_attention(
            (inputs @ weights)[None, None], A2[None, None], (A3 @ Y)[None, None], scale=1 / d
        )
        return 0.5 * (output[0, 0] - targets).square().sum()

    def run() -> Any:
        weights = X.clone().requires_grad_()
        loss(A1[:queries], E[:queries], weights).backward()
        return weights.grad.numpy()

    def rows(numbers: Sequence[int]) -> Any:
        chosen = torch.as_tensor(np.asarray(numbers))
        inputs = A1[chosen].requires_grad_()
        loss(inputs, E[chosen], X).backward()
        return inputs.grad.numpy()

    return Method("SDPA, autograd", run, rows, queries)


def favor_method(arrays: dict[str, Any], features: int, rng: np.random.Generator) -> Method:
    """FAVOR+ with as many features, and autograd through it; one draw of its directions."""
    import torch

    A1, A2, A3, E, X, Y = (torch.from_numpy(arrays[name]) for name in ("A1", "A2", "A3", "E", "X", "Y"))
    d = A1.shape[1]
    w = torch.from_numpy(directions(features, d, rng)).to(A1.dtype)

    def loss(inputs: Any, weights: Any) -> Any:
        output = favor_output(inputs @ weights / d**0.5, A2 / d**0.5, A3 @ Y, w)
        return 0.5 * (output - E).square().sum()

    def run() -> Any:
        weights = X.clone().requires_grad_()
        loss(A1, weights).backward()
        return weights.grad.numpy()

    def rows(numbers: Sequence[int]) -> Any:
        inputs = A1.clone().requires_grad_()
        loss(inputs, X).backward()
        return inputs.grad.numpy()[list(numbers)]

    return Method(f"FAVOR+, {features} features", run, rows, None, features)


def exact_method(arrays: dict[str, Any], fused: bool, queries: int | None = None) -> Method:
    """The exact method, by compiled kernels or by array operations, of some queries or all."""
    problem = checked_problem(**arrays)
    queries = _finished(queries, problem.n)

    def run() -> Any:
        with kernels(fused):
            if queries is None:
                return exact_solution(problem, ("X",)).gradients["X"]
            block = query_contributions(problem, range(queries)).gradient
            return problem.A1[:queries].T.astype(block.dtype) @ block

    def rows(numbers: Sequence[int]) -> Any:
        with kernels(fused):
            return query_contributions(problem, numbers).gradient

    return Method(f"exact, {_kind(fused)}", run, rows, queries)


class FastCall:
    """A whole call of the fast method, with the seconds that its sweeps took each time."""

    def __init__(self, arrays: dict[str, Any], fused: bool, **options: Any) -> None:
        self.arrays, self.fused, self.options = arrays, fused, options
        self.sweeps: list[float] = []

    def __call__(self, wrt: str = "X") -> Any:
        """Its result."""
        with kernels(self.fused):
            result = attention_gradient(**self.arrays, method="fast", wrt=wrt, **self.options)
        self.sweeps.append(result.seconds["fast"])
        return result


def fast_method(arrays: dict[str, Any], fused: bool, degree: int) -> Method:
    """The fast method with all monomials of a degree; ``run`` is a :class:`FastCall`."""
    call = FastCall(arrays, fused, degree=degree)
    k = feature_count(arrays["A1"].shape[1], degree)

    def rows(numbers: Sequence[int]) -> Any:
        return FastCall(arrays, fused, degree=degree)("A1").gradients["A1"][list(numbers)]

    return Method(f"fast, {_kind(fused)}, degree {degree}", call, rows, None, k)
