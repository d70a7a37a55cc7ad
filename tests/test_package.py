"""The package itself: what it exports, imported when it is first used and not before."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import proofcheck
from tests.cli_helpers import environment


def _printed(code: str) -> str:
    """What code prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, encoding="utf-8", check=True
    )
    return done.stdout


def test_importing_it_imports_nothing_else() -> None:
    found = _printed("import sys; import proofcheck; print(*sorted(sys.modules))").split()
    assert [name for name in found if name.startswith("proofcheck")] == ["proofcheck"]
    assert not {"numpy", "sympy", "mpmath", "flint", "rich", "typer"} & set(found)


def test_everything_it_exports_is_there() -> None:
    for name in proofcheck.__all__:
        assert not isinstance(getattr(proofcheck, name), ModuleType), name
    assert set(proofcheck.__all__) <= set(dir(proofcheck))
    assert proofcheck.__all__ == sorted(proofcheck.__all__)


def test_type_checkers_see_what_is_exported() -> None:
    tree = ast.parse(Path(proofcheck.__file__).read_text(encoding="utf-8"))
    (guarded,) = (node for node in tree.body if isinstance(node, ast.If))
    homes = {
        alias.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(homes) == proofcheck.__all__
    assert {name: proofcheck._HOMES.get(name, "proofcheck.claims") for name in homes} == homes


@pytest.mark.parametrize("name", ["verify", "gradcheck"])
def test_a_function_keeps_its_name_when_its_module_is_imported(name: str) -> None:
    code = f"import proofcheck.{name}, proofcheck; print(type(proofcheck.{name}).__name__)"
    assert _printed(code) == "function\n"
    code = f"from proofcheck import {name} as it; import proofcheck.{name}; print(proofcheck.{name} is it)"
    assert _printed(code) == "True\n"


def test_what_it_does_not_have_is_named() -> None:
    with pytest.raises(AttributeError, match="module 'proofcheck' has no attribute 'proof'"):
        proofcheck.proof  # noqa: B018
