"""MathML against KaTeX's own, and what is refused."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from proofcheck.claims import Claim
from proofcheck.report.blueprint_math import mathml
from tests.katex import _context
from tests.report.blueprint_samples import paper_claims

_STRUCTURE = {"msub", "msup", "msubsup", "munder", "mover", "munderover", "mfrac", "msqrt", "mroot"}
# Characters for the same sign, and those that are not seen.
_ALIKE = str.maketrans({"‖": "∥", "∣": "|", "∗": "*", "⋅": "·", "\u2061": None, "\u200b": None})


def _katex(formula: str) -> Element:
    """What KaTeX makes of a displayed formula, as MathML."""
    options = {"displayMode": True, "strict": "error", "throwOnError": True, "output": "mathml"}
    # Through JSON: the binding cannot read a string that is still in pieces.
    text = json.loads(
        _context().eval(f"JSON.stringify(katex.renderToString({json.dumps(formula)}, {json.dumps(options)}))")
    )
    found = re.search(r"<math.*</math>", text, re.DOTALL)
    assert found is not None
    plain = re.sub(r"<annotation.*?</annotation>", "", found[0], flags=re.DOTALL)
    return fromstring(re.sub(r' xmlns="[^"]*"', "", plain).replace("&nbsp;", "\u00a0"))


def _shape(element: Element) -> list[Any]:
    """Signs in their order, with what is above, below, or a fraction of what."""
    text = unicodedata.normalize("NFKC", element.text or "").translate(_ALIKE)
    parts: list[Any] = ["".join(text.split())]
    for child in element:
        for part in _shape(child):
            if isinstance(part, str) and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
    return ["", (element.tag, *map(_shape, element)), ""] if element.tag in _STRUCTURE else parts


def _ours(formula: str) -> Element:
    text = mathml(formula)
    assert text is not None, f"not supported: {formula}"
    return fromstring(text)


@pytest.mark.parametrize(
    "claim", [claim for claim in paper_claims() if claim.formula], ids=lambda claim: claim.id
)
def test_every_formula_of_the_paper_says_what_katex_says(claim: Claim) -> None:
    assert _shape(_ours(claim.formula)) == _shape(_katex(claim.formula))


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{\sum_{i=1}^n x_i}{\sqrt{2}} \le \max_{i} x_i^2",
        r"\left( \sum_{i} x_i \right)^{\top} \tfrac{1}{2}",
        r"\Bigl\{ x \Bigr\} \cup \{ y \} + \bigl\| x \bigr\| + \left\| x \right\| + \left\{ x \right\}",
        r"\Bigl[ \bigl\langle x, y \bigr\rangle \Bigr] + \Bigl\lfloor x \Bigr\rfloor + \left. x \right|",
        r"\operatorname{diag}(f) - f f^\top \circ A \oslash B \otimes C",
        r"\bigl( x \bigr)^2 + x_{*, i} + \|x\|_\infty + |y| / d",
        r"\mathsf{AttLGC} \in \mathbb{RN} \mathbf{1}_n \mathcal{T}",
        r"f''(x) = \lim_{m \to \infty} t_m, \ldots, \dots",
        r"\sqrt[3]{x} \ne \tilde q \overset{\text{Part 5}}{=} \widetilde g",
    ],
)
def test_other_formulas_say_what_katex_says(formula: str) -> None:
    assert _shape(_ours(formula)) == _shape(_katex(formula))


def test_katex_disagrees_with_another_formula() -> None:
    assert _shape(_ours("x_1^2")) != _shape(_katex("x_1 {}^2"))
    assert _shape(_ours("a - b")) != _shape(_katex("a + b"))


@pytest.mark.parametrize(
    ("formula", "part"),
    [
        (r"\Theta(n)", '<mi mathvariant="normal">Θ</mi>'),
        (r"\mathrm{d}", '<mi mathvariant="normal">d</mi>'),
        (r"\theta", "<mi>θ</mi>"),
        (r"\mathsf{At}", "<mi>𝖠</mi><mi>𝗍</mi>"),
        (r"\mathbf{1}", "<mn>𝟏</mn>"),
        (r"\mathbb{RA}", "<mi>ℝ</mi><mi>𝔸</mi>"),
        (r"\operatorname{diag}", "<mi>diag</mi>"),
        (r"|x|", '<mo lspace="0" rspace="0" stretchy="false">|</mo>'),
        (r"\tilde q", '<mover accent="true">'),
        (r"\xrightarrow{n \to \infty}", "<mover><mstyle"),
        (r"\begin{cases} a & b \end{cases}", "<mtable><mtr><mtd><mi>a</mi></mtd>"),
        (r"\text{a <b> & c}", "<mtext>a\u00a0&lt;b&gt;\u00a0&amp;\u00a0c</mtext>"),
    ],
)
def test_a_formula_is_written_so(formula: str, part: str) -> None:
    assert part in (mathml(formula) or "")


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "x^{",
        r"\frac{a}",
        r"\left( x",
        r"\nosuchcommand x",
        r"\operatorname{arg\nosuch}",
        r"\style{color: red}{x}",
        r"\class{node}{x}",
        r"\href{javascript:alert(1)}{x}",
        r"\color{red} x",
        r"\colorbox{red}{x}",
        r"a \not= b",
    ],
)
def test_what_cannot_be_shown_rightly_is_refused(formula: str) -> None:
    assert mathml(formula) is None


@pytest.mark.parametrize(
    "formula", [r"\text{<script>x</script>}", r"\unicode{x3c}script>", "<script>", "a < b"]
)
def test_no_formula_makes_an_element_that_mathml_has_not(formula: str) -> None:
    text = mathml(formula)
    if text is not None:
        assert {element.tag for element in fromstring(text).iter()} <= {"math", "mrow", "mtext", "mi", "mo"}
