"""The page of errata in Markdown, LaTeX and HTML, read back."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from proofcheck.claims import Level, Outcome, Verdict
from proofcheck.report.by_hand import by_hand
from proofcheck.report.errata import find_errata
from proofcheck.report.errata_formats import to_html_text, to_markdown_text
from proofcheck.report.errata_latex import to_latex_text
from tests.report.errata_samples import (
    DISPROVED,
    FOUND,
    ILL_FORMED,
    NASTY,
    REFUTED,
    STANDS,
    WELL_FORMED,
    errata_of,
    mended_claim,
    nasty_errata,
    printed_claim,
)
from tests.report.samples import sample_report


def _parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def _inline(tokens: list[Token]) -> list[str]:
    """The text of every paragraph and cell, as a reader sees it."""
    lines = []
    for token in tokens:
        if token.type == "inline":
            children = token.children or []
            assert {child.type for child in children} <= {"text", "strong_open", "strong_close"}
            lines.append("".join(child.content for child in children))
    return lines


def test_markdown_says_what_was_said() -> None:
    tokens = _parsed(to_markdown_text(nasty_errata()))
    assert NASTY in _inline(tokens)
    fences = [(token.info, token.content) for token in tokens if token.type == "fence"]
    (item,) = nasty_errata().items
    source = f"{item.source}\n"
    assert "```" in source
    assert fences == [
        ("math", "\\| x \\| \\le 1\n"),
        ("py", source),
        ("text", "\n".join(by_hand(FOUND)) + "\n"),
        ("py", source),
    ]
    assert tokens[0].type == "html_block"
    assert "proofcheck errata --format markdown" in tokens[0].content
    rows = [_inline(tokens)[k : k + 5] for k, text in enumerate(_inline(tokens)) if text == "e:nasty"]
    assert rows == [["e:nasty", "constant", "refuted", "proved", "nothing"]]


class _Page(HTMLParser):
    """Tags, the text within each kind of them, ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.ids: list[str | None] = []
        self.links: list[str | None] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag != "meta":
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data


def test_html_says_what_was_said_in_one_file() -> None:
    page = _Page(to_html_text(nasty_errata()))
    assert page.open == []
    (item,) = nasty_errata().items
    assert page.texts["blockquote"] == [NASTY]
    assert page.texts["code"] == [item.formula]
    assert page.texts["pre"] == [item.source, "\n".join(by_hand(FOUND)), item.source]
    assert page.texts["h2"] == ["e:nasty: t_1"]
    assert set(page.texts) <= {
        *("html", "head", "title", "style", "body", "h1", "h2", "p", "b", "blockquote", "code", "pre"),
        *("table", "tr", "th", "td", "a", "ul", "li"),
    }
    assert page.links == [f"#{id}" for id in page.ids] == ["#e:nasty"]


def _literal(latex: str) -> str:
    """Reads escaped LaTeX back; fails on what TeX would not print."""
    for command, character in (("textbackslash", "\\"), ("textasciitilde", "~"), ("textasciicircum", "^")):
        latex = latex.replace(f"\\{command}{{}}", f"\\{ord(character):03}")
    latex = latex.replace("{}", "")
    assert not re.search(r"(?<!\\)[{}$&#%_^~]", latex)
    latex = re.sub(r"\\([{}$&#%_])", r"\1", latex)
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1])), latex)


def test_latex_says_what_was_said_and_its_groups_close() -> None:
    text = to_latex_text(nasty_errata())
    quote = re.search(r"\\begin\{quote\}\n(.*)\n\\end\{quote\}", text)
    assert quote is not None
    assert _literal(quote[1]) == NASTY
    assert "-{}-" in quote[1]  # no dash
    blocks = re.findall(r"\\begin\{verbatim\}\n(.*?)\n\\end\{verbatim\}", text, re.DOTALL)
    (item,) = nasty_errata().items
    source = item.source.replace("\\end{verbatim}", "\\end {verbatim}")
    assert source != item.source
    assert blocks == [source, "\n".join(by_hand(FOUND)), source]
    plain = re.sub(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", "", text, flags=re.DOTALL)
    plain = re.sub(r"(?m)^%.*$", "", re.sub(r"\\[{}%]", "", plain))
    assert plain.count("{") == plain.count("}") > 50
    opened, closed = (re.findall(rf"\\{word}{{(\w+)}}", plain) for word in ("begin", "end"))
    assert sorted(opened) == sorted(closed)
    assert r"\[ \| x \| \le 1 \]" in text


def test_long_lines_are_broken_in_latex_and_lose_nothing() -> None:
    wide = {**FOUND, "inputs": {"x": ["1000000"] * 40}}
    text = to_latex_text(
        errata_of((mended_claim("e:wide"), (WELL_FORMED, replace(DISPROVED, counterexample=wide))))
    )
    blocks = re.findall(r"\\begin\{verbatim\}\n(.*?)\n\\end\{verbatim\}", text, re.DOTALL)
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 104
    assert sum(block.count("1000000") for block in blocks) == 40


def test_pdflatex_is_told_of_every_character_it_does_not_know() -> None:
    text = to_latex_text(errata_of((mended_claim("e:snow", quote="∘ ☃ Ü –"), REFUTED)))
    declared = dict(re.findall(r"\\DeclareUnicodeCharacter\{(\w+)\}\{(.*)\}", text))
    assert declared == {
        "2218": r"\ensuremath{\circ}",
        "2603": r"\textnormal{[U+2603]}",
        "2248": r"\ensuremath{\approx}",
    }


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")
def test_latex_compiles(tmp_path: Path) -> None:
    hard = errata_of(
        (mended_claim("e:nasty", quote=NASTY), REFUTED),
        (
            mended_claim("e:[", quote="[x] ☃ ᵀ Ü ℝ ⁻ ₁ ½ × · –—‘’“”„†‡•‰‹›€™", uses=("e:nasty",)),
            (ILL_FORMED,),
        ),
        (printed_claim("e:error"), (Verdict(Level.EXACT, Outcome.ERROR, "a bell \a"),)),
    )
    (tmp_path / "errata.tex").write_text(to_latex_text(hard), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "errata.tex"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (tmp_path / "errata.log").read_text(encoding="utf-8", errors="replace")


def test_no_page_has_control_characters() -> None:
    found = find_errata(sample_report())
    assert "\a" in str(dict(found.undecided)["s:error"])
    for write in (to_markdown_text, to_latex_text, to_html_text):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", write(found))
        assert "a bell \ufffd" in write(found)


def test_a_run_without_errata_says_so() -> None:
    text = to_markdown_text(errata_of((printed_claim("e:a"), STANDS)))
    assert _inline(_parsed(text)) == ["Errata", "0 of 1 claim do not stand as printed."]
