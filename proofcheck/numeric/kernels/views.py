"""Inputs as the kernels take them: contiguous, aligned, and of one type, read-only or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["view"]


def view(array: Any, rows: slice, dtype: Any = None) -> NDArray[Any]:
    """These rows, read-only; a copy only where they are not contiguous, aligned and of the dtype."""
    found = np.require(np.asarray(array[rows]), dtype=dtype, requirements=["C", "A"]).view()
    found.flags.writeable = False
    return found
