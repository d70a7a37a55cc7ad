"""The reference is complete, or the build fails; and a name leads there, whichever module it is told from."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from importlib import import_module
from inspect import isclass, isroutine
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.autodoc.mock import mock
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
_MISSING = object()


def undocumented(modules: Sequence[str], documented: Collection[str]) -> list[str]:
    """Names in ``__all__`` of the modules that are nowhere documented, or have no docstring.

    Args:
        modules: dotted names; what two of them export needs to be documented under one of its names only.
        documented: full names of what the pages describe.
    """
    loaded = {module: import_module(module) for module in modules}
    homes = _homes(documented)
    missing = []
    for module, value in loaded.items():
        for name in value.__all__:
            found = getattr(value, name)
            if f"{module}.{name}" not in documented and id(found) not in homes:
                missing.append(f"{module}.{name} is on no page of the reference")
            elif (isclass(found) or isroutine(found)) and not (found.__doc__ or "").strip():
                missing.append(f"{module}.{name} has no docstring")
    return missing


def _homes(documented: Iterable[str]) -> dict[int, str]:
    """Where an object is documented, by its identity."""
    found = ((full, _object(full)) for full in documented)
    return {id(value): full for full, value in found if callable(value)}


def _object(full: str) -> object:
    """What a full name stands for, if its module has been imported."""
    module, _, name = full.rpartition(".")
    return getattr(sys.modules.get(module), name, _MISSING)


def _check(app: Sphinx, env: BuildEnvironment) -> None:
    with mock(app.config.autodoc_mock_imports):
        for line in undocumented(app.config.public_modules, env.domains.python_domain.objects):
            LOGGER.warning("%s", line)


def _other_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.Element | None:
    """A reference by the name under which an object is defined leads to the one it is documented under."""
    if node.get("refdomain") != "py":
        return None
    domain = env.domains.python_domain
    homes = _homes(domain.objects)
    for full in (node["reftarget"], f"{node.get('py:module')}.{node['reftarget']}"):
        home = homes.get(id(_object(full)))
        if home is not None:
            return domain.resolve_xref(
                env, node["refdoc"], app.builder, node["reftype"], home, node, contnode
            )
    return None


def setup(app: Sphinx) -> dict[str, Any]:
    """Check when all pages have been read."""
    app.add_config_value("public_modules", [], "env", list)
    app.connect("env-check-consistency", _check)
    app.connect("missing-reference", _other_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
