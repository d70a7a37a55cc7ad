"""What the extras bring, and one line where one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from proofcheck.errors import MissingExtraError, UserInputError

__all__ = ["EXTRAS", "check_extras"]

#: By extra, the modules that what needs it imports.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "cupy": ("cupy",),
    "data": ("pyarrow",),
    "dist": ("distributed", "zarr"),
    "fast": ("numba",),
    "hf": ("datasets", "mlcroissant", "safetensors"),
    "jax": ("jax",),
    "notebooks": ("matplotlib",),
    "sat": ("pysat",),
    "torch": ("torch",),
}


def check_extras(*extras: str) -> None:
    """Find out whether what these extras bring is installed; nothing of it is imported.

    Raises:
        MissingExtraError: something is not; the message names it and the line that installs it.
        UserInputError: there is no such extra.
    """
    for extra in extras:
        if extra not in EXTRAS:
            raise UserInputError(f"there is no extra {extra!r}; expected some of {', '.join(EXTRAS)}")
    missing = {
        extra: absent for extra in extras if (absent := [m for m in EXTRAS[extra] if find_spec(m) is None])
    }
    if missing:
        modules = [module for absent in missing.values() for module in absent]
        are, s = ("is", "") if len(modules) == 1 else ("are", "" if len(missing) == 1 else "s")
        raise MissingExtraError(
            f"{' and '.join(modules)} {are} not installed; install the extra{s}: "
            f"pip install 'proofcheck[{','.join(missing)}]'"
        )
