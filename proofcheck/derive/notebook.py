"""A derivation as a Jupyter notebook, in nbformat 4.5, written by hand: no package is needed for it."""

from __future__ import annotations

import json
from typing import Any

from proofcheck.derive.formats import in_words, markdown_sections
from proofcheck.derive.result import Derivation

__all__ = ["as_notebook"]


def as_notebook(derivation: Derivation, call: str) -> str:
    """The derivation's sections, and cells that derive it again.

    Args:
        derivation: what to show.
        call: Python for the same derivation, such as ``derive("loss-gradient")``.
    """
    function = call.partition("(")[0]
    cells = [
        _markdown(f"# `{derivation.target}`\n\nThe next cell works the derivation out again."),
        _code(
            f"from proofcheck.derive import as_text, {function}\n\nderivation = {call}\nderivation.verdict"
        ),
        *(_markdown(section) for section in markdown_sections(derivation)),
        _markdown(f"**{in_words(derivation)}**\n\nThe same as text, from the derivation in memory:"),
        _code("print(as_text(derivation))"),
        _code("[step.proved for step in derivation.steps]"),
    ]
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{number}"
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text: str) -> dict[str, Any]:
    cell = _markdown(text)
    return {**cell, "cell_type": "code", "execution_count": None, "outputs": []}
