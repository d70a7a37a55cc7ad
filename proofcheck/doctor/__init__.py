"""What there is on this machine to compute with, what is missing, and whether what is required works.

Nothing here imports NumPy or another library of arrays: a broken one is found out and does not get in the
way.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from proofcheck.doctor.machine import Machine, machine, variables
from proofcheck.doctor.packages import DISTRIBUTION, Extra, Package, extras, requirements
from proofcheck.doctor.probes import NotInstalled, Unanswered, ask
from proofcheck.doctor.storage import CacheState, cache_state
from proofcheck.loading import ENTRY_POINT_GROUP

__all__ = ["BACKENDS", "Backend", "Diagnosis", "examine"]

#: What gradients are computed with, in the order of the report: "kernels" are the compiled ones, for NumPy.
BACKENDS = ("numpy", "kernels", "torch", "jax", "cupy")


@dataclass(frozen=True)
class Backend:
    """A library of arrays, or the compiled kernels.

    Attributes:
        name: one of :data:`BACKENDS`.
        version: of the library; None if it cannot be used.
        offers: what it computes with: devices, a BLAS, kernels.
        problem: why it cannot be used; None if it can.
    """

    name: str
    version: str | None
    offers: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True)
class Diagnosis:
    """All that was found.

    Attributes:
        machine: what this runs on.
        requirements: this package, and what it requires.
        backends: what gradients can be computed with.
        matrix_product: speeds of NumPy's, one for each dtype, as
            :class:`proofcheck.doctor.peak.Peak` has them; none where it does not work.
        cache: where verdicts are kept.
        claims: names and modules of the claim packages installed.
        extras: what else can be installed, and what of it is.
        variables: of the environment, those set that change speed, backends or places.
    """

    machine: Machine
    requirements: tuple[Package, ...]
    backends: tuple[Backend, ...]
    matrix_product: tuple[dict[str, Any], ...]
    cache: CacheState
    claims: dict[str, str]
    extras: tuple[Extra, ...]
    variables: dict[str, str]

    @property
    def broken(self) -> tuple[str, ...]:
        """What is required and does not work, a line each."""
        lines = [f"{one.name}: {one.problem}" for one in self.requirements if one.problem is not None]
        numpy = self.backends[0]
        if not lines and (numpy.problem is not None or not self.matrix_product):
            lines.append(f"numpy: {numpy.problem or 'its matrix product does not work'}")
        if not lines and not self.claims:
            lines.append(f"no claims are installed; install {DISTRIBUTION} anew")
        return tuple(lines)


def examine() -> Diagnosis:
    """Look at everything; some seconds, most of them for importing other libraries.

    The matrix product is timed while nothing else of this runs.
    """
    try:
        speeds = tuple(ask("peak"))
    except Unanswered:  # whatever it is, it shows where NumPy is asked
        speeds = ()
    points = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)
    return Diagnosis(
        machine=machine(),
        requirements=requirements(_failing),
        backends=tuple(_backend(name) for name in BACKENDS),
        matrix_product=speeds,
        cache=cache_state(),
        claims={point.name: point.value for point in points},
        extras=extras(),
        variables=variables(),
    )


def _failing(modules: tuple[str, ...]) -> dict[str, str]:
    try:
        found: dict[str, str] = ask("imports", *modules)
    except Unanswered as error:  # one of them ended the process: each alone then
        if len(modules) == 1:
            return {modules[0]: str(error)}
        return {name: why for module in modules for name, why in _failing((module,)).items()}
    return found


def _backend(name: str) -> Backend:
    try:
        version, offers = ask(name)
    except NotInstalled:
        return Backend(name, None, (), "not installed")
    except Unanswered as error:
        return Backend(name, None, (), str(error))
    return Backend(name, version, tuple(offers), None)
