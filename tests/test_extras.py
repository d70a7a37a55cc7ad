"""Extras that are missing are named in one line."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from proofcheck.errors import MissingExtraError, UserInputError
from proofcheck.extras import EXTRAS, check_extras

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: Extras that nothing a user calls asks for.
FOR_DEVELOPERS = {"dev", "docs", "test"}


def test_every_extra_is_known() -> None:
    assert set(PROJECT["optional-dependencies"]) - FOR_DEVELOPERS == set(EXTRAS)


def test_an_extra_brings_its_modules() -> None:
    distributions = packages_distributions()
    installed = [(extra, one) for extra, modules in EXTRAS.items() for one in modules if find_spec(one)]
    assert len(installed) > 5
    for extra, module in installed:
        wanted = [line.lower().replace("_", "-") for line in PROJECT["optional-dependencies"][extra]]
        names = {name.lower().replace("_", "-") for name in distributions[module]}
        assert any(name in line for line in wanted for name in names), (extra, module)


@pytest.mark.parametrize(
    ("blocked", "extras", "words", "install"),
    [
        ("matplotlib", "notebooks", "matplotlib is not installed; install the extra", "notebooks"),
        ("pyarrow", "notebooks data", "pyarrow is not installed; install the extra", "data"),
        (
            "matplotlib pyarrow",
            "notebooks data",
            "matplotlib and pyarrow are not installed; install the extras",
            "notebooks,data",
        ),
        ("distributed zarr", "dist", "distributed and zarr are not installed; install the extra", "dist"),
    ],
)
def test_what_is_missing_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, blocked: str, extras: str, words: str, install: str
) -> None:
    for module in blocked.split():
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as caught:
        check_extras(*extras.split())
    message = f"{words}: pip install 'proofcheck[{install}]'"
    assert str(caught.value) == message
    assert caught.value._render_traceback_() == [message]


def test_nothing_is_said_where_nothing_is_missing() -> None:
    check_extras()
    check_extras("notebooks", "data", "sat")


def test_an_extra_that_there_is_not() -> None:
    with pytest.raises(UserInputError, match="there is no extra 'nothing'; expected some of cupy, data"):
        check_extras("nothing")
