"""LaTeX as MathML Core, which browsers show by themselves, written so that nothing else gets through.

latex2mathml parses. What it makes is taken as a tree, never as its text, in which ``<`` is left as it is.
Only known elements and attributes are copied; a formula with anything else is given up rather than shown
wrongly.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from html import escape, unescape
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from latex2mathml.symbols_parser import convert_symbol

__all__ = ["letter_of_font", "mathml"]

_ATTRIBUTES: dict[str, set[str]] = {
    "math": {"display"},
    "mfrac": {"linethickness"},
    "mo": {"fence", "form", "maxsize", "minsize", "movablelimits", "stretchy"},
    "mspace": {"width"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mover": {"accent"},
    **{tag: set() for tag in ("mi", "mn", "mroot", "mrow", "msqrt", "mtable", "mtd", "mtext", "mtr")},
    **{tag: set() for tag in ("msub", "msubsup", "msup", "munder", "munderover")},
}
_VALUE = re.compile(r"-?[a-z0-9.]+")
_CHILDREN = dict.fromkeys(("mfrac", "mover", "mroot", "msub", "msup", "munder"), 2)
_CHILDREN |= dict.fromkeys(("msubsup", "munderover"), 3)
_TEXT_ONLY = frozenset({"mi", "mn", "mo", "mspace", "mtext"})
# Browsers have no columnalign; xmlns is not for HTML; accent and mathvariant are worked out here.
_DROPPED = frozenset({"accent", "columnalign", "mathvariant", "xmlns"})
_UPRIGHT = re.compile(r"\\mathrm\s*\{([A-Za-z])\}")  # latex2mathml forgets that one letter is upright
_UNSPACED = frozenset("|‖/")  # browsers would set off a bar or a slash between two operands
# What TeX puts below and above these in a displayed formula, latex2mathml often puts beside them.
_WITH_LIMITS = frozenset({*"∑∏∐⋂⋃⋁⋀", "det", "gcd", "inf", "lim", "max", "min", "sup"})
_LIMITS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
_ARROW_LABEL = "+0.833em"  # the width that only the label of an arrow such as \xrightarrow has


class _UnsupportedError(Exception):
    """MathML Core has no such thing, or it is not copied here."""


def mathml(latex: str) -> str | None:
    """A displayed formula as a MathML element; None where it would not be shown rightly.

    Args:
        latex: without dollar signs.
    """
    latex = _UPRIGHT.sub(r"\\mathrm{{\1}}", latex)
    try:
        return _written(convert_to_element(latex, display="block"))
    except Exception:  # latex2mathml raises whatever its own code happens to raise
        return None


def _written(element: Element) -> str:
    tag, attributes = _tag(element), {k: v for k, v in element.attrib.items() if k not in _DROPPED}
    variant = element.get("mathvariant", "normal")
    text = unescape(element.text or "")
    # Behind \bigl, a delimiter is printed by its name.
    symbol = convert_symbol(text) if tag == "mo" and text.startswith("\\") else None
    text = text if symbol is None else chr(int(symbol, 16))
    if variant != "normal":
        text = "".join(_letter(character, variant) for character in text)
    # The name of an unknown command is printed, backslash and all.
    if "\\" in text or tag not in _ATTRIBUTES or len(element) != _CHILDREN.get(tag, len(element)):
        raise _UnsupportedError
    if len(element) if tag in _TEXT_ONLY else text.strip():
        raise _UnsupportedError
    if tag == "mo" and text.isalpha() and text != "mod":  # a name, not a sign
        tag, attributes = "mi", {}
    if tag == "mover" and element[1].tag == "mo":
        attributes["accent"] = "true"
    if not all(name in _ATTRIBUTES[tag] and _VALUE.fullmatch(value) for name, value in attributes.items()):
        raise _UnsupportedError
    if tag == "mo" and (text in _UNSPACED or "minsize" in attributes):  # the latter for \bigl
        attributes |= {"lspace": "0", "rspace": "0"}
    if tag == "mi" and len(text) == 1 and (element.get("mathvariant") == "normal" or "Α" <= text <= "Ω"):
        attributes["mathvariant"] = "normal"  # else it is italic, which capital Greek is not in TeX
    words = "".join(f' {name}="{value}"' for name, value in sorted(attributes.items()))
    return f"<{tag}{words}>{escape(text)}{''.join(map(_written, element))}</{tag}>"


def _tag(element: Element) -> str:
    """The element to write for one of latex2mathml's."""
    tag = element.tag
    if tag in _LIMITS and unescape(element[0].text or "") in _WITH_LIMITS:
        return _LIMITS[tag]
    if tag == "mpadded" and element.attrib.pop("width", "") == _ARROW_LABEL:
        element.attrib.clear()
        element[-1].attrib = {"width": "0.3em"}
        return "mrow"
    return tag


def _letter(character: str, variant: str) -> str:
    letter = letter_of_font(character, variant)
    if letter is None:
        raise _UnsupportedError
    return letter


def letter_of_font(character: str, font: str) -> str | None:
    """A letter of a font: in MathML Core it is a character, such as MATHEMATICAL BOLD CAPITAL A.

    Args:
        character: a letter or digit, plain.
        font: a value of MathML's attribute mathvariant, such as ``"double-struck"``.

    Returns:
        The character; None where Unicode has none.
    """
    style = font.upper().replace("BOLD-ITALIC", "BOLD ITALIC")
    kind = re.sub(r"^(LATIN|GREEK) |LETTER ", "", unicodedata.name(character, ""))
    for name in (f"MATHEMATICAL {style} {kind}", f"{style} {kind}"):  # the second for ℝ
        with suppress(KeyError):
            return unicodedata.lookup(name)
    return None
