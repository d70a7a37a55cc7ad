"""KaTeX, strict: an error for whatever LaTeX would not understand.

The script comes with the package sphinxcontrib-katex and runs in QuickJS, so that neither Node nor a
network is needed.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import files
from typing import Any

import quickjs


@cache
def _context() -> Any:
    (script,) = (file for file in files("sphinxcontrib-katex") or () if file.name == "katex.min.js")
    context = quickjs.Context()
    context.eval(script.read_text(encoding="utf-8"))
    return context


def render(formula: str, *, display: bool = True) -> int:
    """How long the HTML of a formula is; raises if KaTeX cannot parse it."""
    options = {"displayMode": display, "strict": "error", "throwOnError": True}
    length: int = _context().eval(
        f"katex.renderToString({json.dumps(formula)}, {json.dumps(options)}).length"
    )
    return length
