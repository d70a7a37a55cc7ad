"""Small data sets that the tests share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reductions.datasets.spec import Spec, spec_of

#: One family of every kind, and of every chain.
FAMILIES: list[dict[str, Any]] = [
    {"name": "planted", "kind": "planted", "n": 64, "D": 24},
    {"name": "direct", "kind": "sat", "n": 64, "count": 8},
    {"name": "pcp", "kind": "sat", "chain": "pcp", "n": 64, "count": 8},
    {"name": "signs", "kind": "signs", "n": 64, "d": 4, "b": 1.0},
    {"name": "aligned", "kind": "aligned", "n": 64, "d": 4, "b": 1.0},
    {"name": "uniform", "kind": "uniform", "n": 64, "d": 4, "b": 0.25},
]


def spec(*families: Mapping[str, Any], **more: Any) -> Spec:
    """A specification of these families, or of all."""
    own = {"name": "mine", "count": 40, "family": list(families or FAMILIES), **more}
    return spec_of(own)


def content(directory: Path) -> dict[str, bytes]:
    """All files, by their path from there."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
