"""Numeric arrays of any library that keeps the array API standard: NumPy, CuPy, torch, JAX.

The lookup is array-api-compat's.  Here are only the few things the standard leaves open: what can be
written in place, in which precision to accumulate, and messages that name the argument.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import array_api_compat
import numpy as np

from proofcheck.errors import UserInputError

__all__ = [
    "BACKENDS",
    "Array",
    "accumulation_dtype",
    "add_rows",
    "as_backend",
    "common_namespace",
    "dtype_name",
    "dtype_text",
    "is_writable",
    "multiply_rows",
    "put_rows",
    "to_numpy",
    "unit_roundoff",
]

#: An array of any such library; its operations are looked up by :func:`common_namespace`.
Array: TypeAlias = Any

#: The libraries that ``as_backend`` knows by name, with the extra that installs each.
BACKENDS: Mapping[str, str | None] = {"numpy": None, "torch": "torch", "jax": "jax", "cupy": "cupy"}

_MODULES = {"numpy": "numpy", "torch": "torch", "jax": "jax.numpy", "cupy": "cupy"}


def common_namespace(arrays: Mapping[str, Array]) -> Any:
    """The array namespace that all these arrays share.

    Args:
        arrays: by the names to use in messages.

    Returns:
        A module whose functions keep the array API standard.

    Raises:
        UserInputError: something is no array, they come from different libraries, lie on different
            devices, or differ in dtype; or the dtype is not float32 or float64.
    """
    for name, array in arrays.items():
        if not array_api_compat.is_array_api_obj(array):
            raise UserInputError(
                f"{name} is a {type(array).__name__}, not an array; convert it, as in numpy.asarray({name})"
            )
    try:
        xp = array_api_compat.array_namespace(*arrays.values())
    except TypeError as error:
        kinds = ", ".join(f"{name}: {_library(array)}" for name, array in arrays.items())
        raise UserInputError(
            f"the arrays come from different libraries ({kinds}); convert them to one, or pass backend="
        ) from error
    _check_alike("dtype", {name: dtype_name(array) for name, array in arrays.items()})
    _check_alike("device", {name: str(array_api_compat.device(array)) for name, array in arrays.items()})
    first, array = next(iter(arrays.items()))
    if array.dtype not in (xp.float32, xp.float64):
        raise UserInputError(
            f"{first} has dtype {dtype_name(array)}; expected float32 or float64: convert it, as in "
            f"{first}.astype('float64')"
        )
    return xp


def _check_alike(what: str, found: Mapping[str, str]) -> None:
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name}: {value}" for name, value in found.items())
        raise UserInputError(f"the arrays differ in {what} ({listed}); convert them to one {what}")


def _library(array: Array) -> str:
    return type(array).__module__.partition(".")[0]


def dtype_name(array: Array) -> str:
    """The name of an array's dtype without its library: ``"float64"``."""
    return dtype_text(array.dtype)


def dtype_text(dtype: Any) -> str:
    """The name of a dtype without its library."""
    # str() gives "float64", "torch.float64" or, for a scalar type of NumPy and JAX, "<class '…float64'>".
    return str(dtype).rpartition(".")[2].rstrip("'>")


def unit_roundoff(xp: Any, dtype: Any) -> float:
    """u: half the distance from 1 to the next number of a floating dtype; 2^-53 for float64."""
    return float(xp.finfo(dtype).eps) / 2


def accumulation_dtype(xp: Any, like: Array) -> Any:
    """float64 where the library and device have it, else the array's own dtype.

    JAX has no float64 unless ``jax_enable_x64`` is set: it warns and makes float32.
    """
    if array_api_compat.is_jax_namespace(xp):
        import jax

        return xp.float64 if jax.config.jax_enable_x64 else like.dtype
    if str(array_api_compat.device(like)).startswith("mps"):
        return like.dtype
    return xp.float64


def is_writable(array: Array) -> bool:
    """Whether a library's arrays can be assigned to: not JAX's. A read-only array is no exception."""
    return not array_api_compat.is_jax_array(array)


def put_rows(buffer: Array, rows: slice, values: Array) -> Array:
    """The two-dimensional buffer with these rows replaced: itself where that can be, else a copy."""
    if is_writable(buffer):
        buffer[rows, :] = values
        return buffer
    return buffer.at[rows, :].set(values)


def add_rows(buffer: Array, rows: slice, values: Array) -> Array:
    """The two-dimensional buffer with values added to these rows: itself where that can be, else a copy."""
    if is_writable(buffer):
        buffer[rows, :] += values
        return buffer
    return buffer.at[rows, :].add(values)


def multiply_rows(buffer: Array, rows: slice, left: Array, right: Array) -> None:
    """``buffer[rows, :] = left * right`` for a writable buffer, without a temporary where that can be."""
    target = buffer[rows, :]
    if array_api_compat.is_numpy_array(buffer):
        np.multiply(left, right, out=target)
    elif array_api_compat.is_torch_array(buffer) or array_api_compat.is_cupy_array(buffer):
        array_api_compat.array_namespace(buffer).multiply(left, right, out=target)
    else:
        buffer[rows, :] = left * right


def to_numpy(array: Array) -> np.ndarray[Any, Any]:
    """A NumPy array with the same elements; from another device they are copied."""
    if array_api_compat.is_torch_array(array):
        return np.asarray(array.detach().cpu().numpy())
    if array_api_compat.is_cupy_array(array):
        return np.asarray(array.get())
    if isinstance(array, np.ndarray):
        return array
    return np.asarray(np.from_dlpack(array))


def as_backend(name: str, array: Array) -> Array:
    """The array in another library, on that library's default device.

    Raises:
        UserInputError: no such library, or it is not installed.
    """
    if name not in BACKENDS:
        raise UserInputError(f"backend={name!r}: expected one of {', '.join(BACKENDS)}")
    try:
        module = importlib.import_module(_MODULES[name])
    except ImportError as error:
        raise UserInputError(
            f"backend={name!r} is not installed: pip install 'proofcheck[{BACKENDS[name]}]'"
        ) from error
    elements = to_numpy(array)
    if name == "jax" and elements.dtype == np.float64:
        import jax

        if not jax.config.jax_enable_x64:
            raise UserInputError(
                "backend='jax' and float64 arrays: JAX rounds them to float32; pass float32 arrays, or call "
                "jax.config.update('jax_enable_x64', True) first"
            )
    return module.asarray(elements)
