"""What leaves a device: every conversion of a torch or JAX array to the host, counted while a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np

__all__ = ["Transfers", "host_transfers"]

# NumPy reads JAX's memory without asking for any of these, so its own functions are watched too.
_TORCH = ("numpy", "cpu", "tolist", "item", "__array__", "__dlpack__", "__float__", "__int__", "__bool__")
_JAX = ("__array__", "__dlpack__", "tolist", "item", "__float__", "__int__", "__bool__")


@dataclass
class Transfers:
    """Numbers that were converted.

    Attributes:
        sizes: of each conversion, in numbers.
    """

    sizes: list[int] = field(default_factory=list)

    @property
    def largest(self) -> int:
        """Of one conversion."""
        return max(self.sizes, default=0)

    @property
    def total(self) -> int:
        """Of all of them."""
        return sum(self.sizes)


@contextmanager
def host_transfers(library: str) -> Iterator[Transfers]:
    """Count while the block runs.

    Arrays on a CPU are counted as if it were a device, so that a machine without one shows what would cross.
    A conversion that calls another of them counts once; ``tensor.cpu().numpy()`` is two.  What NumPy's
    functions other than ``asarray`` and ``array`` read of a JAX array is not seen.

    Args:
        library: ``"torch"`` or ``"jax"``.
    """
    if library == "torch":
        import torch

        kind: Any = torch.Tensor
        names = _TORCH
    elif library == "jax":
        import jax.numpy

        kind = type(jax.numpy.zeros(1))
        names = _JAX
    else:
        raise ValueError(f"library={library!r}: expected 'torch' or 'jax'")
    found = Transfers()
    inside = False

    def counted(original: Any) -> Any:
        def convert(self: Any, *arguments: Any, **options: Any) -> Any:
            nonlocal inside
            if inside:
                return original(self, *arguments, **options)
            inside = True
            try:
                found.sizes.append(int(self.numel() if library == "torch" else self.size))
                return original(self, *arguments, **options)
            finally:
                inside = False

        return convert

    def counted_function(original: Any) -> Any:
        def convert(array: Any, *arguments: Any, **options: Any) -> Any:
            if not isinstance(array, kind):
                return original(array, *arguments, **options)
            return counted(lambda array: original(array, *arguments, **options))(array)

        return convert

    with ExitStack() as stack:
        for name in ("asarray", "array"):
            stack.enter_context(mock.patch.object(np, name, counted_function(getattr(np, name))))
        for name in names:
            stack.enter_context(mock.patch.object(kind, name, counted(getattr(kind, name))))
        yield found
