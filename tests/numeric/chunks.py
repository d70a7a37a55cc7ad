"""Inputs and gradients in memory, where the chunked method reads and writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Held:
    """A source of arrays."""

    arrays: dict[str, Any]
    reads: list[tuple[str, slice]] = field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.arrays["A1"])

    @property
    def d(self) -> int:
        return len(self.arrays["X"])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.arrays["A1"].dtype

    @property
    def X(self) -> Any:
        return self.arrays["X"]

    @property
    def Y(self) -> Any:
        return self.arrays["Y"]

    def read(self, name: str, rows: slice) -> Any:
        assert name in ("A1", "A2", "A3", "E")
        self.reads.append((name, rows))
        return self.arrays[name][rows]


class Kept:
    """A sink in memory; NaN where nothing was written."""

    def __init__(self, source: Held) -> None:
        self.source = source
        self.found: dict[str, Any] = {}

    def write(self, name: str, rows: slice, values: Any) -> None:
        shape = (self.source.n, self.source.d)
        self.found.setdefault(name, np.full(shape, np.nan, self.source.dtype))[rows] = values
