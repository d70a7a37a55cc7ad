"""Finding and importing claim modules: by entry point, by dotted name, or by file.

An entry point of the group ``proofcheck.claims`` names a module; if that has a tuple ``MODULES``,
the claims are in the modules it lists.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import importlib.util
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from proofcheck.claims.claim import Claim, forget, registered
from proofcheck.errors import UserInputError

__all__ = [
    "ENTRY_POINT_GROUP",
    "LoadedModule",
    "discover",
    "import_reference",
    "load",
    "one_line",
    "source_digest",
    "toolkit_digest",
]

ENTRY_POINT_GROUP = "proofcheck.claims"


@dataclass(frozen=True)
class LoadedModule:
    """One claim module.

    Attributes:
        reference: what :func:`load` was given: a dotted name or a path.
        claims: the claims it makes.
        error: why it could not be imported, in one line; None if it could.
        digest: hash of its source and of what it imports outside installed libraries.
    """

    reference: str
    claims: tuple[Claim, ...]
    error: str | None
    digest: str


def discover() -> tuple[str, ...]:
    """References of all installed claim modules, sorted by entry point name."""
    found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)
    return tuple(point.value for point in found)


def load(references: Iterable[str]) -> list[LoadedModule]:
    """Import claim modules; a module that raises is reported, the others still load.

    Raises:
        UserInputError: a module or file that does not exist.
    """
    loaded: list[LoadedModule] = []
    seen: set[str] = set()
    waiting = list(references)
    while waiting:
        reference = waiting.pop(0)
        if reference in seen:
            continue
        seen.add(reference)
        try:
            module = import_reference(reference)
        except UserInputError:
            raise
        except (Exception, SystemExit) as error:
            # Whatever a claim module raises is the module's finding, not ours.
            loaded.append(LoadedModule(reference, (), one_line(error), ""))
            continue
        listed = getattr(module, "MODULES", ())
        if not isinstance(listed, tuple | list) or not all(isinstance(name, str) for name in listed):
            fault = f"MODULES is {listed!r:.60}; expected a tuple of names of modules"
            loaded.append(LoadedModule(reference, (), fault, ""))
            continue
        waiting = [*listed, *waiting]
        claims = registered(module.__name__)
        if claims or not listed:
            loaded.append(LoadedModule(reference, claims, None, source_digest(module)))
    return loaded


def import_reference(reference: str, what: str = "claim module") -> ModuleType:
    """Import a module by dotted name, from here too, or by the path of its file.

    Args:
        reference: which.
        what: it is, for messages.

    Raises:
        UserInputError: there is no such module; whatever else importing it raises is passed on.
    """
    if reference.endswith(".py"):
        return _import_file(Path(reference), what)
    cwd = str(Path.cwd())
    if cwd not in sys.path:
        sys.path.insert(0, cwd)
    if reference in sys.modules:
        return sys.modules[reference]
    found = None
    if all(part.isidentifier() for part in reference.split(".")):
        with contextlib.suppress(ModuleNotFoundError, ValueError):
            found = importlib.util.find_spec(reference)
    if found is None:
        raise UserInputError(
            f"{what} {reference!r} was not found; expected a dotted module name that can be imported "
            f"from here, or the path of a .py file"
        )
    forget(reference)
    return importlib.import_module(reference)


def _import_file(path: Path, what: str) -> ModuleType:
    if not os.path.isfile(path):  # false of names that the system does not take, too
        raise UserInputError(f"{what} {str(path)!r}: there is no such file")
    path = path.resolve()
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if known is not None:
        raise UserInputError(
            f"{what} {str(path)!r}: a module named {path.stem!r} is already in use; rename the file"
        )
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    forget(path.stem)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module


def one_line(error: BaseException) -> str:
    """An exception as one line: type, message, and the place in the source it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    outside = [f for f in frames if not f.filename.startswith("<")]
    place = f" ({Path(outside[-1].filename).name}:{outside[-1].lineno})" if outside else ""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}{place}"


def _hash_files(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def toolkit_digest() -> str:
    """Hash of the sources of proofcheck itself: whatever changes in it, results are computed anew."""
    return _hash_files(Path(__file__).parent.rglob("*.py"))


def source_digest(module: ModuleType) -> str:
    """Hash of a claim module's source and of every module it reaches outside installed libraries."""
    installed = [Path(sysconfig.get_path(key)) for key in ("stdlib", "purelib", "platlib")]
    toolkit = Path(__file__).parent
    paths: set[Path] = set()
    waiting = [module]
    while waiting:
        one = waiting.pop()
        file = getattr(one, "__file__", None)
        if file is None or not file.endswith(".py"):
            continue
        path = Path(file).resolve()
        outside = not any(path.is_relative_to(root) for root in (*installed, toolkit))
        if path in paths or (one is not module and not outside):
            continue
        paths.add(path)
        names = {
            value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            for name, value in list(vars(one).items())
            # Who imported it is no part of it, nor what pytest adds, under names that no source can have.
            if name != "__loader__" and name.isidentifier()
        }
        # A number or a dict does not tell where it is from; the import statement does.
        names |= _imported(one, path)
        waiting += [sys.modules[name] for name in names if isinstance(name, str) and name in sys.modules]
    return _hash_files(paths)


def _imported(module: ModuleType, path: Path) -> set[str]:
    """Names of the modules that a module's import statements may mean."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            if node.level:
                if not module.__package__:
                    continue  # it failed, and the module lives without
                base = importlib.util.resolve_name(base, module.__package__)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names
