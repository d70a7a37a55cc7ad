"""Docstrings as they are written here: Google's sections, no types in them, and bars that are bars."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring

_CONFIG = Config(napoleon_use_ivar=True)
# With an underscore before it, which would make a reference of the letter before that.
_BAR = re.compile(r"(``.*?``)|(_?)\|")


class _Docstring(GoogleDocstring):
    """A colon in a description is a colon: types stand in signatures only."""

    def _consume_returns_section(self, preprocess_types: bool = False) -> list[tuple[str, str, list[str]]]:
        lines = self._dedent(self._consume_to_next_section())
        return [("", "", lines)] if lines else []

    def _parse_attribute_docstring(self) -> list[str]:
        return self._consume_to_end()

    def _consume_to_end(self) -> list[str]:
        lines = []
        while self._lines:
            lines.append(self._lines.next())
        return lines


def _escaped(bar: re.Match[str]) -> str:
    code, underscore = bar.groups()
    return code or (r"\_\|" if underscore else r"\|")


def _rewrite(app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """Sections to fields; |x| is an absolute value, not a substitution."""
    escaped = [_BAR.sub(_escaped, line) for line in lines]
    lines[:] = _Docstring(escaped, _CONFIG, app, what, name, found, options).lines()


def _parsable(
    app: Sphinx, what: str, name: str, found: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """The signature of a dataclass, in which a default that is made anew each time is no Python."""
    return (signature and signature.replace("<factory>", "...")), returned


def setup(app: Sphinx) -> dict[str, Any]:
    """Rewrite what autodoc finds."""
    app.connect("autodoc-process-docstring", _rewrite)
    app.connect("autodoc-process-signature", _parsable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
