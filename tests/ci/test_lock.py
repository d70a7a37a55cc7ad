"""The versions that CI installs: every requirement of the extra `dev`, and what those require in turn."""

from __future__ import annotations

import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = ROOT / ".ci" / "constraints.txt"
PYTHONS = ["3.11", "3.12", "3.13"]


def _lines_of_the_lock() -> list[Requirement]:
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _environment(python: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def _pinned(python: str) -> dict[str, Version]:
    """Versions by name, as pip on such a Python reads them."""
    pins: dict[str, Version] = {}
    for line in _lines_of_the_lock():
        if line.marker is None or line.marker.evaluate({**_environment(python), "extra": ""}):
            (pin,) = line.specifier
            assert pin.operator == "=="
            name = canonicalize_name(line.name)
            assert pins.setdefault(name, Version(pin.version)) == Version(pin.version), name
    return pins


def _wanted(extra: str, python: str) -> list[Requirement]:
    """What pip gets for an extra, that of the extras it includes among it."""
    found: list[Requirement] = []
    for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]):
        one = Requirement(text)
        if one.marker is not None and not one.marker.evaluate({**_environment(python), "extra": ""}):
            continue
        if one.name == PROJECT["name"]:
            for included in one.extras:
                found += _wanted(included, python)
        else:
            found.append(one)
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_it_has_every_direct_requirement_at_a_version_that_meets_it(python: str) -> None:
    pins, wanted = _pinned(python), _wanted("dev", python)
    names = {canonicalize_name(one.name) for one in wanted}
    assert {"numpy", "pytest", "ruff", "numba", "dask", "datasets"} <= names
    assert sorted(names - set(pins)) == []
    unmet = [
        f"{one}: {pins[canonicalize_name(one.name)]}"
        for one in wanted
        if not one.specifier.contains(pins[canonicalize_name(one.name)], prereleases=True)
    ]
    assert unmet == []


def _installed(name: str) -> Version | None:
    """The version installed, without what its builder appended."""
    try:
        return Version(Version(metadata.version(name)).public)
    except metadata.PackageNotFoundError:
        return None


def _inner(one: Requirement) -> list[Requirement]:
    """What an installed requirement requires itself, here."""
    found = map(Requirement, metadata.requires(one.name) or ())
    extras = ("", *one.extras)
    return [
        inner
        for inner in found
        if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def test_it_has_what_its_packages_require_in_turn() -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    pins, waiting = _pinned(python), _wanted("dev", python)
    direct = {canonicalize_name(one.name) for one in waiting}
    reached, missing, seen = set(), set(), set()
    while waiting:
        one = waiting.pop()
        if str(one) in seen:
            continue
        seen.add(str(one))
        name = canonicalize_name(one.name)
        reached.add(name)
        if name not in pins:
            missing.add(name)
        # Another release may require other things: where the lock was not installed, that says nothing.
        elif _installed(name) == pins[name]:
            waiting += _inner(one)
    assert reached > direct
    assert sorted(missing) == []


def test_ci_installs_with_the_lock() -> None:
    assert "-c .ci/constraints.txt" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "constraints" not in (ROOT / "README.md").read_text(encoding="utf-8")
