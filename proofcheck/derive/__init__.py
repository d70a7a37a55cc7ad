"""Derivatives worked out step by step for all sizes, every step proved.

``derive("loss-gradient")`` works out the paper's gradient, ``derive_expression(...)`` that of a loss of
one's own; the result can be written as text, LaTeX, Markdown or a notebook.
"""

from proofcheck.derive.expression import derive_expression
from proofcheck.derive.formats import as_latex, as_markdown, as_text
from proofcheck.derive.notebook import as_notebook
from proofcheck.derive.result import Check, Derivation, Part
from proofcheck.derive.targets import TARGETS, derive

__all__ = [
    "TARGETS",
    "Check",
    "Derivation",
    "Part",
    "as_latex",
    "as_markdown",
    "as_notebook",
    "as_text",
    "derive",
    "derive_expression",
]
