"""Formulas of the documentation as MathML, which browsers show by themselves: no script, no font, no network.

KaTeX parses, strictly, so that what it does not know fails the build.  Its script comes with the package
sphinxcontrib-katex and runs in QuickJS, without Node.  What browsers have left out of MathML (letters of
other fonts by attribute, alignment of columns) is written in the way that they do understand.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.metadata import files
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

import quickjs
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from proofcheck.report.blueprint_math import letter_of_font

LOGGER = logging.getLogger(__name__)
# Notebooks write their formulas inline and ask for the displayed style.
_DISPLAYED = re.compile(r"\s*\\displaystyle\b")
_FONTS = frozenset({"mi", "mn", "mo", "ms", "mtext"})
_BARS = {"∥": "‖", "∣": "|"}
_SIGNS = frozenset("−+±∓")
_CLOSING = frozenset(")]}⟩⌉⌋∥‖∣|!′⊤")
_UNKNOWN_TO_BROWSERS = frozenset({"maction", "menclose", "mlabeledtr", "mglyph"})


class FormulaError(ValueError):
    """Not LaTeX that KaTeX knows, or nothing that browsers can show."""


@cache
def _katex() -> Any:
    (script,) = (file for file in files("sphinxcontrib-katex") or () if file.name == "katex.min.js")
    context = quickjs.Context()
    context.eval(script.read_text(encoding="utf-8"))
    return context


@cache
def mathml(latex: str, display: bool) -> str:
    """The MathML element of a formula.

    Args:
        latex: without dollar signs.
        display: on lines of its own, else in a line of text.

    Raises:
        FormulaError: KaTeX, in its strict mode, refuses the formula, or browsers could not show it.
    """
    options = {"displayMode": display, "strict": "error", "throwOnError": True, "output": "mathml"}
    call = f"katex.renderToString({json.dumps(latex)}, {json.dumps(options)})"
    try:
        # Through JSON: the binding cannot read a string that is still in pieces.
        written = json.loads(_katex().eval(f"JSON.stringify({call})"))
    except quickjs.JSException as error:
        raise FormulaError(str(error).splitlines()[0]) from error
    try:
        root = fromstring(written.replace("&nbsp;", "\N{NO-BREAK SPACE}"))
    except ParseError as error:
        raise FormulaError(f"KaTeX writes what is no XML: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    found, formula = root.find("math"), root.find("math/semantics/*")
    if found is None or formula is None:
        raise FormulaError("KaTeX makes nothing of it")
    shown = Element("math", {"display": "block"} if display else {})
    shown.append(formula)
    _for_browsers(shown)
    return tostring(shown, encoding="unicode", short_empty_elements=False)


def _for_browsers(element: Element) -> None:
    """Rewrite what is MathML 3 and not MathML Core, in place."""
    if element.tag in _UNKNOWN_TO_BROWSERS:
        raise FormulaError(f"browsers have no <{element.tag}>")
    variant = element.attrib.pop("mathvariant", None)
    if variant == "normal" and element.tag == "mi" and len(element.text or "") == 1:
        element.set("mathvariant", "normal")  # else one letter is italic
    elif variant not in (None, "normal") and element.tag in _FONTS:
        element.text = "".join(_letter(letter, variant) for letter in element.text or "")
    if element.tag == "mtable":
        _align(element)
    if element.tag == "mo" and element.get("stretchy") == "false" and element.text in _BARS:
        # A norm's bar: the sign that KaTeX takes is for browsers one of a relation, with space around it.
        element.text = _BARS[element.text]
        element.attrib.update(lspace="0", rspace="0")
    before = None
    for child in element:
        if child.tag == "mo" and child.text in _SIGNS and (before is None or _awaits(before)):
            child.set("form", "prefix")
        before = child
        _for_browsers(child)


def _awaits(element: Element) -> bool:
    """Something must follow it, so that a minus behind it is a sign and no difference."""
    return element.tag == "mo" and element.text not in _CLOSING


def _letter(letter: str, font: str) -> str:
    styled = letter_of_font(letter, font)
    if styled is None and letter.isalnum():
        raise FormulaError(f"Unicode has no {font} {letter!r}")
    return letter if styled is None else styled


def _align(table: Element) -> None:
    """Columns of a table, by CSS: browsers know neither columnalign nor columnspacing."""
    sides = table.attrib.pop("columnalign", "").split()
    gaps = table.attrib.pop("columnspacing", "").split()
    for name in ("rowspacing", "columnlines", "rowlines"):
        table.attrib.pop(name, None)
    if (width := table.attrib.pop("width", None)) is not None:
        table.set("style", f"width: {width}")
        table.set("displaystyle", "true")  # of a formula with a number, which KaTeX puts into a table
    for row in table:
        for number, cell in enumerate(row):
            rules = []
            if number < len(sides):
                rules.append(f"text-align: {sides[number]}")
            if gaps:
                rules.append("padding-left: 0" if number == 0 else f"padding-left: {_at(gaps, number - 1)}")
                rules.append("padding-right: 0")
            if (width := cell.attrib.pop("width", None)) is not None:
                rules.append(f"width: {width}")
            if rules:
                cell.set("style", "; ".join(rules))


def _at(words: list[str], number: int) -> str:
    """The last word of a list stands for all that follow."""
    return words[min(number, len(words) - 1)]


def _visit_inline(self: Any, node: nodes.math) -> None:
    latex = node.astext()
    displayed = _DISPLAYED.match(latex) is not None
    self.body.append(f'<span class="formula{" displayed" if displayed else ""}">')
    self.body.append(_written(latex, displayed, node))
    self.body.append("</span>")
    raise nodes.SkipNode


def _visit_block(self: Any, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="formula displayed"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append(_written(node.astext(), True, node))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def _written(latex: str, display: bool, node: nodes.Node) -> str:
    try:
        return mathml(latex, display)
    except FormulaError as error:
        LOGGER.warning("a formula that cannot be shown: %s: %r", error, latex, location=node)
        return ""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name ``katex-mathml``."""
    app.add_html_math_renderer("katex-mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
