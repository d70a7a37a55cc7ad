"""Laying out a claims package for another paper: a directory that is there whole or not at all."""

from __future__ import annotations

import importlib.util
import json
import keyword
import re
import shutil
import sys
import unicodedata
from importlib.resources import files
from pathlib import Path

from proofcheck.errors import UserInputError
from proofcheck.files import temporary_beside

__all__ = ["lay_out"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")  # as in [PEP 508]
_LONGEST = 200
_TAKEN = frozenset({"conftest", "proofcheck", "reductions", "test", "tests"})
# Template by the path of the file that is made of it.
_FILES = {
    ".github/workflows/claims.yml": "workflow.yml",
    ".gitignore": "gitignore",
    "README.md": "README.md",
    "@PACKAGE@/__init__.py": "package.py",
    "@PACKAGE@/claims.py": "claims.py",
    "@PACKAGE@/model.py": "model.py",
    "pyproject.toml": "pyproject.toml",
    "tests/test_model.py": "test_model.py",
}
_PLACE = re.compile("@([A-Z_]+)@")


def lay_out(
    directory: Path, *, name: str | None = None, paper: str = "The paper", requirement: str = "proofcheck"
) -> str:
    """Lay out a project with one claim that is proved, code with a gradient, tests and a CI workflow.

    It is written beside the directory, and renamed when it is whole.

    Args:
        directory: where; it may be there if it is empty, and its parent has to be.
        name: of the distribution; the directory's if None. The package is named after it.
        paper: title of the paper.
        requirement: how installers get proofcheck, such as ``"proofcheck @ git+https://…"``.

    Returns:
        The name of the package.

    Raises:
        UserInputError: a name or text that cannot be used, or a directory that cannot be written or is not
            empty.
    """
    target = directory.resolve()
    # What is given is named in messages, what is derived from the directory also.
    name = target.name if name is None else name
    package = _package(name)
    _check_line("--paper", paper)
    _check_line("--requirement", requirement)
    if re.match(r"proofcheck(?![\w.-])", requirement) is None:
        raise UserInputError(
            f"--requirement {requirement!r}: expected a requirement of proofcheck, such as "
            f"'proofcheck>=0.1' or 'proofcheck @ git+https://…'"
        )
    _check_free(directory, target)
    values = {
        "NAME": name,
        "PACKAGE": package,
        "PAPER": paper,
        # What JSON writes is a string in TOML and in Python too.
        "NAME_STRING": json.dumps(name),
        "PAPER_STRING": json.dumps(paper, ensure_ascii=False),
        "REQUIREMENT_STRING": json.dumps(requirement, ensure_ascii=False),
        "DESCRIPTION_STRING": json.dumps(f"The claims of {paper}, checked", ensure_ascii=False),
    }
    temporary = temporary_beside(target)
    try:
        for path, template in _FILES.items():
            file = temporary / _filled(path, values)
            file.parent.mkdir(parents=True, exist_ok=True)
            text = (files("proofcheck") / "templates" / f"{template}.template").read_text(encoding="utf-8")
            file.write_text(_filled(text, values), encoding="utf-8")
        temporary.rename(target)
    except OSError as error:
        raise UserInputError(
            f"cannot write {str(directory)!r}: {error.strerror}; choose another path"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return package


def _filled(text: str, values: dict[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)


def _package(name: str) -> str:
    """The name of the package of a distribution."""
    hint = "choose another with --name"
    if _NAME.fullmatch(name) is None or len(name) > _LONGEST:
        raise UserInputError(
            f"name {name!r}: expected letters, digits, '-', '_' and '.' between letters or digits; {hint}"
        )
    package = re.sub("[-_.]+", "_", name).lower()
    if not package.isidentifier() or keyword.iskeyword(package):
        raise UserInputError(f"name {name!r}: no package can be called {package!r}; {hint}")
    if package in _TAKEN | sys.stdlib_module_names or _is_installed(package):
        raise UserInputError(f"name {name!r}: there is a module {package!r} already; {hint}")
    return package


def _is_installed(package: str) -> bool:
    found = importlib.util.find_spec(package)
    return found is not None and found.origin is not None  # a directory alone is no package


def _check_line(option: str, text: str) -> None:
    if not text.strip() or len(text) > _LONGEST or any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise UserInputError(
            f"{option} {text[:_LONGEST]!r}: expected one line of at most {_LONGEST} characters"
        )


def _check_free(directory: Path, target: Path) -> None:
    if target == Path.cwd():
        raise UserInputError(f"{str(directory)!r} is the current directory; name one to be made")
    try:
        if target.exists() and not target.is_dir():
            raise UserInputError(f"{str(directory)!r} is not a directory; name one to be made")
        if not target.parent.is_dir():
            raise UserInputError(f"{str(directory)!r}: {str(target.parent)!r} is no directory; make it first")
        empty = not target.exists() or not any(target.iterdir())
    except OSError as error:
        raise UserInputError(f"cannot read {str(directory)!r}: {error.strerror}") from error
    if not empty:
        raise UserInputError(f"{str(directory)!r} is not empty; name a directory to be made")
