"""What this distribution requires, by its own metadata, and what of it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["DISTRIBUTION", "GIVES", "Extra", "Package", "extras", "module_of", "requirements"]

DISTRIBUTION = "proofcheck"

#: What each extra is for. Those for developing are not named.
GIVES = {
    "notebooks": "running the notebooks; plots",
    "fast": "compiled kernels for the gradients of NumPy arrays",
    "sat": "Formula.solve: the answer of a SAT solver, to compare with",
    "data": "data sets of instances, as Parquet",
    "dist": "gradients on dask workers and of Zarr arrays",
    "hf": "data sets with Croissant metadata and as safetensors, loaded by 'datasets'",
    "torch": "gradients of torch's arrays; the loss FastAttentionLoss",
    "jax": "gradients of JAX's arrays",
    "cupy": "gradients of CuPy's arrays, on an NVIDIA GPU",
    "docs": "building the documentation",
}
_FOR_DEVELOPING = frozenset({"dev", "test"})
_MODULES = {"python-flint": "flint"}


@dataclass(frozen=True)
class Package:
    """One requirement.

    Attributes:
        name: of the distribution.
        needs: the versions that do, such as ``>=2``.
        version: the one installed; None if there is none.
        problem: why it does not do; None if it does.
    """

    name: str
    needs: str
    version: str | None
    problem: str | None


@dataclass(frozen=True)
class Extra:
    """An extra and its requirements, those of the extras it includes among them."""

    name: str
    gives: str
    packages: tuple[Package, ...]

    @property
    def missing(self) -> tuple[Package, ...]:
        """The requirements that are not met."""
        return tuple(package for package in self.packages if package.problem is not None)

    @property
    def pip(self) -> str:
        """The command that installs it."""
        return f"pip install '{DISTRIBUTION}[{self.name}]'"


def requirements(fails_to_import: Callable[[tuple[str, ...]], dict[str, str]]) -> tuple[Package, ...]:
    """What the program cannot do without.

    Args:
        fails_to_import: of modules of these names, those that cannot be imported, and why.

    Returns:
        The package that requires, then what it requires.
    """
    try:
        own = Package(DISTRIBUTION, "", metadata.version(DISTRIBUTION), None)
    except metadata.PackageNotFoundError:
        return (Package(DISTRIBUTION, "", None, "not installed, only found; install it with pip"),)
    try:
        wanted = [one for one in _declared() if _applies(one, "")]
    except ImportError as error:  # what reads requirements is itself one
        return (own, Package("packaging", "", None, f"cannot be imported: {error}"))
    found = [_installed(one) for one in wanted]
    failing = fails_to_import(tuple(module_of(one.name) for one in found if one.version is not None))
    return own, *(
        replace(one, problem=f"cannot be imported: {failing[module_of(one.name)]}")
        if one.problem is None and module_of(one.name) in failing
        else one
        for one in found
    )


def extras() -> tuple[Extra, ...]:
    """The extras that a user may want; none where the package is not installed."""
    try:
        names = metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
        return tuple(
            Extra(name, GIVES[name], tuple(_installed(one) for one in _of_extra(name)))
            for name in names
            if name not in _FOR_DEVELOPING
        )
    except (metadata.PackageNotFoundError, ImportError):
        return ()


def module_of(distribution: str) -> str:
    """The name that a requirement is imported by."""
    return _MODULES.get(distribution, distribution.replace("-", "_"))


def _declared() -> list[Requirement]:
    from packaging.requirements import Requirement

    return [Requirement(text) for text in metadata.requires(DISTRIBUTION) or ()]


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _of_extra(extra: str) -> Iterator[Requirement]:
    for one in _declared():
        if _applies(one, extra) and not _applies(one, ""):
            if one.name == DISTRIBUTION:
                for included in sorted(one.extras):
                    yield from _of_extra(included)
            else:
                yield one


def _installed(requirement: Requirement) -> Package:
    needs = str(requirement.specifier)
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Package(requirement.name, needs, None, "not installed")
    meets = requirement.specifier.contains(version, prereleases=True)
    return Package(requirement.name, needs, version, None if meets else f"needs {needs}")
