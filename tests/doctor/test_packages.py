"""Requirements and extras, by metadata that is made up and by that of this installation."""

from __future__ import annotations

import builtins
import tomllib
from email.message import Message
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from proofcheck.doctor import packages
from proofcheck.doctor.packages import GIVES, Extra, Package, extras, module_of, requirements

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSIONS = {"proofcheck": "7", "here": "2.5", "old": "1.9", "python-flint": "0.8", "beta": "2.0rc1"}
REQUIRES = [
    "here>=2",
    "python-flint",
    "absent>=1; python_version < '3'",
    "beta>=1; extra == 'fast'",
    "absent; extra == 'data'",
    "proofcheck[fast,data]; extra == 'hf'",
    "here[more]>=2; extra == 'hf'",
    "absent; extra == 'dev'",
]


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requirements that the distribution has; tests may add to them."""
    declared = list(REQUIRES)
    about = Message()
    for name in ("fast", "data", "hf", "dev"):
        about["Provides-Extra"] = name

    def version(name: str) -> str:
        if name not in VERSIONS:
            raise PackageNotFoundError(name)
        return VERSIONS[name]

    monkeypatch.setattr(packages.metadata, "requires", lambda name: declared)
    monkeypatch.setattr(packages.metadata, "metadata", lambda name: about)
    monkeypatch.setattr(packages.metadata, "version", version)
    return declared


def _works(modules: tuple[str, ...]) -> dict[str, str]:
    return {}


@pytest.mark.usefixtures("made_up")
def test_what_is_required_and_there() -> None:
    assert requirements(_works) == (
        Package("proofcheck", "", "7", None),
        Package("here", ">=2", "2.5", None),
        Package("python-flint", "", "0.8", None),
    )


def test_what_is_required_and_missing_or_too_old(made_up: list[str]) -> None:
    made_up += ["gone>=3", "old>=2,<3"]
    *_, gone, old = requirements(_works)
    assert gone == Package("gone", ">=3", None, "not installed")
    assert (old.version, old.problem) == ("1.9", "needs <3,>=2")


@pytest.mark.usefixtures("made_up")
def test_what_cannot_be_imported() -> None:
    asked: list[str] = []

    def fails(modules: tuple[str, ...]) -> dict[str, str]:
        asked.extend(modules)
        return {"flint": "ImportError: no such symbol"}

    *_, flint = requirements(fails)
    assert asked == ["here", "flint"]
    assert flint.problem == "cannot be imported: ImportError: no such symbol"


@pytest.mark.usefixtures("made_up")
def test_extras_and_what_each_lacks() -> None:
    fast, data, hf = extras()
    assert fast == Extra("fast", GIVES["fast"], (Package("beta", ">=1", "2.0rc1", None),))
    assert (fast.missing, fast.pip) == ((), "pip install 'proofcheck[fast]'")
    assert [one.name for one in data.missing] == ["absent"]
    assert [one.name for one in hf.packages] == ["absent", "beta", "here"]
    assert [one.name for one in hf.missing] == ["absent"]


def test_a_package_that_is_not_installed(made_up: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> Any:
        raise PackageNotFoundError(name)

    for function in ("version", "metadata", "requires"):
        monkeypatch.setattr(packages.metadata, function, none)
    (own,) = requirements(_works)
    assert (own.name, own.version) == ("proofcheck", None)
    assert own.problem is not None
    assert extras() == ()


@pytest.mark.usefixtures("made_up")
def test_without_what_reads_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.startswith("packaging"):
            raise ModuleNotFoundError("No module named 'packaging'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert requirements(_works)[1] == Package(
        "packaging", "", None, "cannot be imported: No module named 'packaging'"
    )
    assert extras() == ()


def test_of_this_installation() -> None:
    found = requirements(_works)
    declared = {text.partition(">")[0].strip() for text in PROJECT["dependencies"]}
    assert {one.name for one in found} == {"proofcheck", *declared}
    assert {one.version for one in found if one.name == "numpy"} == {version("numpy")}
    assert [one.problem for one in found if one.problem] == []
    assert {one.name for one in extras()} == set(PROJECT["optional-dependencies"]) - {"dev", "test"}


@pytest.mark.parametrize("text", PROJECT["dependencies"])
def test_every_requirement_is_imported_by_the_name_that_is_tried(text: str) -> None:
    __import__(module_of(text.partition(">")[0].strip()))
