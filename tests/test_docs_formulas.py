"""The formulas of the documentation: as KaTeX reads them, in the MathML that browsers show."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import pytest

from tests.docs_helpers import ROOT


@pytest.fixture(scope="module")
def katex_mathml() -> Any:
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    try:
        return import_module("katex_mathml")
    finally:
        sys.path.pop(0)


@pytest.mark.parametrize(
    ("formula", "parts"),
    [
        (r"\mathbb{R}^{n \times d}", ["<mi>ℝ</mi>"]),
        (r"\mathbf{1}_n + \mathcal{L} + \boldsymbol{\theta}", ["<mn>𝟏</mn>", "<mi>ℒ</mi>", "<mi>𝜽</mi>"]),
        (r"\operatorname{diag}(x)", ["<mi>diag</mi>"]),
        (r"\mathrm{d}", ['<mi mathvariant="normal">d</mi>']),
        (r"\lVert x \rVert", ['<mo stretchy="false" lspace="0" rspace="0">‖</mo>']),
        (r"[-x, 1 - x]", ['<mo form="prefix">−</mo><mi>x</mi>', "<mn>1</mn><mo>−</mo>"]),
        (r"a \tag{1}", ['<mtable style="width: 100%" displaystyle="true">', '<mtd style="width: 50%">']),
        (
            r"\begin{aligned} a &= b && \text{so $q$} \\ &= c \end{aligned}",
            ['<mtd style="text-align: right; padding-left: 0; padding-right: 0">', "<mi>q</mi>"],
        ),
        (
            r"\begin{cases} a & b \\ c & d \end{cases}",
            ['<mtd style="text-align: left; padding-left: 1em; padding-right: 0">'],
        ),
    ],
)
def test_a_formula_is_written_so(katex_mathml: Any, formula: str, parts: list[str]) -> None:
    text = katex_mathml.mathml(formula, True)
    assert [part for part in parts if part not in text] == []
    assert "mathvariant" not in text.replace('mathvariant="normal"', "")
    assert text.startswith('<math display="block">')


def test_a_formula_in_a_line_is_not_displayed(katex_mathml: Any) -> None:
    assert katex_mathml.mathml("x", False) == "<math><mrow><mi>x</mi></mrow></math>"


@pytest.mark.parametrize("formula", [r"\nosuch", "x^{", r"\boxed{x}", r"\mathbb{\alpha}", "ä"])
def test_what_cannot_be_shown_is_refused(katex_mathml: Any, formula: str) -> None:
    with pytest.raises(katex_mathml.FormulaError):
        katex_mathml.mathml(formula, True)
