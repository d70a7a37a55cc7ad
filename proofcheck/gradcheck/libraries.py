"""How values reach a function and come back: NumPy, torch, JAX, SymPy, and functions of ``xp``."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.gradcheck.constants import Mover, twin
from proofcheck.gradcheck.extended import Numbers
from proofcheck.namespaces.strict import Array, StrictNamespace

__all__ = ["JaxLibrary", "Library", "NumpyLibrary", "SympyLibrary", "TorchLibrary", "XpLibrary", "library_of"]

Values = np.ndarray[Any, Any]


class Library:
    """NumPy, and what the others have in common.

    Attributes:
        name: for readers.
        levels: in which its functions can be evaluated, beside float64.
        code: how a reproducer makes an array of float64 from the text of a NumPy array.
        needs: imports of that code.
    """

    name = "NumPy"
    levels: tuple[str, ...] = ("float32", "extended")
    code = "{}"
    needs: tuple[str, ...] = ("import numpy as np",)

    def to_numpy(self, value: Any) -> Values:
        """What a function returned, as a NumPy array in its own dtype."""
        return np.asarray(value)

    def make(self, values: Values, like: Any) -> Any:
        """An array of the library from values of any level; ``like`` is the user's own."""
        return values

    def prepare(self, function: Callable[..., Any], numbers: Numbers | None) -> Callable[..., Any]:
        """The function as it is to be called at a level: ``numbers`` are those of ``extended``."""
        return function

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """What must hold around every call."""
        yield

    def faster(self, function: Callable[..., Any]) -> Callable[..., Any] | None:
        """The same function, compiled; None if the library does not compile."""
        return None

    def mover(self, rng: np.random.Generator) -> Mover | None:
        """What moves the constants of functions; None if the library's functions have none."""
        return Mover(rng, self.kind(), self.to_numpy, self.make)

    def kind(self) -> type:
        """Of the library's arrays."""
        return np.ndarray


class NumpyLibrary(Library):
    """NumPy arrays."""

    def prepare(self, function: Callable[..., Any], numbers: Numbers | None) -> Callable[..., Any]:
        """With many digits, a plain function's ``float(...)`` keeps the digits instead of dropping them."""
        if numbers is None or not inspect.isfunction(function) or "float" not in function.__code__.co_names:
            return function
        own = function.__globals__
        if "float" in own:
            return function

        def keep(value: Any = 0.0) -> Any:
            if isinstance(value, np.ndarray) and value.shape == ():
                value = value.item()
            return value if numbers.is_one(value) else float(value)

        return twin(function, {"float": keep}, function.__closure__, function.__defaults__)


class TorchLibrary(Library):
    """Tensors of torch, on the device of the user's own."""

    name = "torch"
    levels = ("float32",)
    code = "torch.from_numpy({})"
    needs = ("import numpy as np", "import torch")

    def kind(self) -> type:
        """Of the library's arrays."""
        import torch

        found: type = torch.Tensor
        return found

    def to_numpy(self, value: Any) -> Values:
        """As for NumPy; gradients and devices are left behind."""
        import torch

        if isinstance(value, torch.Tensor):
            value = value.detach().cpu()
            if value.dtype is torch.bfloat16:
                value = value.to(torch.float32)
            return np.asarray(value.resolve_conj().resolve_neg().numpy())
        return np.asarray(value)

    def make(self, values: Values, like: Any) -> Any:
        """An array of the library from values of any level."""
        import torch

        made = torch.from_numpy(np.ascontiguousarray(values)).reshape(values.shape).to(like.device)
        return made.requires_grad_() if like.requires_grad else made


class JaxLibrary(Library):
    """Arrays of JAX, with 64 bits for the time of a call."""

    name = "JAX"
    levels = ("float32",)
    code = "jnp.asarray({})"
    needs = (
        "import jax",
        "jax.config.update('jax_enable_x64', True)",
        "import jax.numpy as jnp",
        "import numpy as np",
    )

    def kind(self) -> type:
        """Of the library's arrays."""
        import jax

        found: type = jax.Array
        return found

    def make(self, values: Values, like: Any) -> Any:
        """An array of the library from values of any level."""
        import jax.numpy as jnp

        return jnp.asarray(values)

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """What must hold around every call."""
        import jax

        # Newer versions have moved it.
        with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64(True):
            yield

    def faster(self, function: Callable[..., Any]) -> Callable[..., Any] | None:
        """The same function, compiled."""
        import jax

        compiled: Callable[..., Any] = jax.jit(function)
        return compiled


class XpLibrary(Library):
    """Functions of ``xp``, in the language of statements."""

    name = "xp"
    levels = ("extended",)

    def to_numpy(self, value: Any) -> Values:
        """As for NumPy; gradients and devices are left behind."""
        return value.values if isinstance(value, Array) else np.asarray(value)

    def make(self, values: Values, like: Any) -> Any:
        """An array of the library from values of any level."""
        return Array(np.array(values))

    def prepare(self, function: Callable[..., Any], numbers: Numbers | None) -> Callable[..., Any]:
        """The function as it is to be called at a level."""
        if numbers is None:
            xp = StrictNamespace(float, vectorised=True)
        else:

            def exactly(value: Any) -> Any:
                if numbers.is_one(value):
                    return value
                fraction = Fraction(value)
                return numbers.number(fraction.numerator) / fraction.denominator

            xp = StrictNamespace(exactly)
        return lambda *values, **named: function(xp, *values, **named)

    def mover(self, rng: np.random.Generator) -> Mover | None:
        """Nothing: the constants of such functions are exact."""
        return None


class SympyLibrary(Library):
    """Expressions of SymPy, evaluated with as many digits as asked for."""

    name = "SymPy"
    levels = ("extended",)

    def make(self, values: Values, like: Any) -> Any:
        """An array of the library from values of any level."""
        return values[()]

    def prepare(self, function: Callable[..., Any], numbers: Numbers | None) -> Callable[..., Any]:
        """The function as it is to be called at a level."""
        return lambda **values: function(numbers, **values)

    def mover(self, rng: np.random.Generator) -> Mover | None:
        """Nothing: the constants of such functions are exact."""
        return None


def library_of(name: str, value: Any) -> Library:
    """The library of one input.

    Raises:
        UserInputError: it is no array of a known one.
    """
    kind = type(value)
    root = kind.__module__.partition(".")[0]
    if isinstance(value, (np.ndarray, np.floating, np.integer, np.bool_, float, int, complex)):
        return NumpyLibrary()
    if root == "torch" and hasattr(value, "detach"):
        return TorchLibrary()
    if root in ("jax", "jaxlib"):
        return JaxLibrary()
    if isinstance(value, (list, Mapping)):
        raise UserInputError(
            f"{name} is a {kind.__name__}; expected an array: convert it, as in "
            f"numpy.asarray({name}), and pass several inputs as a tuple or a dict of arrays"
        )
    raise UserInputError(f"{name} is a {kind.__name__}; expected an array of NumPy, torch or JAX, or a float")
