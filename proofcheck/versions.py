"""Which version of a distribution is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["installed_version"]


def installed_version(name: str) -> str | None:
    """Of the distribution of this name; None where there is none, as in a source tree without an install."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
