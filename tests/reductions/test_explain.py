"""The picture of a chain: well-formed, self-contained, and it says what is built."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from proofcheck.errors import UserInputError
from reductions.build import build
from reductions.decide import chain_named, decide_instance
from reductions.explain import explain
from reductions.oracles import Answer
from reductions.problems.sat import Formula

SVG = "{http://www.w3.org/2000/svg}"
FORMULA = Formula(
    6,
    ((1, -2, 3), (-1, 4), (2, -5, 6), (-3, -4, 5), (1, 5), (-6, 2), (3, 4, -5), (-1, -6)),
)
UNSATISFIABLE = Formula(3, ((1, 2), (1, -2), (-1, 3), (-1, -3)))
HOW = [
    {},
    {"decoder": "gauss-legendre"},
    {"chain": "pcp", "decoder": "riemann"},
    {"chain": "pcp", "blocks": 2},
]


def lines_of(picture: str) -> list[str]:
    root = ET.fromstring(picture)
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("formula", [FORMULA, UNSATISFIABLE, Formula(0, ()), Formula(9, ((), (9,)))])
def test_it_is_one_document_of_its_own(formula: Formula, how: dict[str, Any]) -> None:
    picture = explain(formula, **how)
    assert picture == explain(formula.normalised(), **how)
    root = ET.fromstring(picture)
    assert root.tag == f"{SVG}svg"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "text", "line", "path")
    }
    # Nothing from elsewhere: the namespace is the only address.
    assert picture.count("http") == 1
    assert "url(" not in picture
    titles = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "title"]
    assert titles == ["SAT", "Orthogonal vectors", "Gap inner product", "Attention", "Gradient"]
    assert len([text for text in root.iter(f"{SVG}text") if text.get("class") == "contract"]) == 4


@pytest.mark.parametrize("how", HOW, ids=str)
def test_its_sizes_are_those_of_the_build(tmp_path: Any, how: dict[str, Any]) -> None:
    sizes = build(FORMULA, tmp_path, **how)["sizes"]
    text = "\n".join(lines_of(explain(FORMULA, **how)))
    assert f"n = {sizes['variables']} variables, m = {sizes['clauses']} clauses" in text
    assert f"N = {sizes['N']} rows on each side, m = {sizes['m']} columns" in text
    assert f"N = {sizes['N']} rows on each side, D = {sizes['D']} columns" in text
    assert f"c_yes = {sizes['yes']}, c_no = {sizes['no']}, gap Δ = {sizes['yes'] - sizes['no']}" in text
    assert f"n = 2N = {sizes['n']} queries and as many keys, d = {sizes['d']} columns" in text
    assert f"{sizes['instances']} instance" in text


@pytest.mark.parametrize("how", HOW, ids=str)
def test_its_queries_and_thresholds_are_those_of_a_decision(how: dict[str, Any]) -> None:
    chain = chain_named(
        how.get("chain", "direct"), decoder := how.get("decoder", "one-query"), blocks=how.get("blocks", 4)
    )
    instance = next(chain.apply(FORMULA)).instance

    verdict = decide_instance(instance, Oracle(), decoder)
    text = "\n".join(lines_of(explain(FORMULA, **how)))
    plural = "query" if verdict.calls == 1 else "queries"
    assert f"decoder {decoder}: {verdict.calls} {plural} of the gradient" in text
    yes, no = verdict.thresholds.yes, verdict.thresholds.no
    assert f"YES at least ≈ {yes:.6g}, NO at most ≈ {no:.6g}" in text
    attention = instance.attention
    assert f"γ = σ²/d ≈ {float(attention.scale) ** 2 / attention.d:.6g}, " in text
    assert f"B = γM ≈ {float(attention.bound):.6g}, " in text


class Oracle:
    """Says nothing, however often it is asked."""

    name = "nothing"

    def __call__(self, instance: Any, temperature: float) -> Answer:
        return Answer(0.0, 1e9)


def test_the_rows_and_the_pair() -> None:
    picture = explain(FORMULA)
    root = ET.fromstring(picture)
    bits = "".join(text.text or "" for text in root.iter(f"{SVG}text") if text.get("class") == "bit")
    # Row i of the left side has the values of variables 1 to 3, of the right side those of 4 to 6.
    expected = "".join(
        "01"[all(literal not in true for literal in clause)]
        for first in (1, 4)
        for row in range(8)
        for true in [{v if row >> (v - first) & 1 else -v for v in range(first, first + 3)}]
        for clause in FORMULA.clauses
    )
    assert bits == expected
    frames = [rectangle for rectangle in root.iter(f"{SVG}rect") if rectangle.get("class") == "pair"]
    assert len(frames) == 2
    pairs = [
        (i, j)
        for i, j in itertools.product(range(8), repeat=2)
        if FORMULA.verify([v if (i | j << 3) >> (v - 1) & 1 else -v for v in range(1, 7)])
    ]
    i, j = pairs[0]
    lines = lines_of(picture)
    assert f"orthogonal: left[{i}] and right[{j}], the first such pair (framed)" in lines
    (assignment,) = (line for line in lines if line.startswith("satisfying assignment: "))
    assert FORMULA.verify([int(word) for word in assignment.split()[2:]])
    # The frame is around the row that it is about.
    labels = {text.text: text for text in root.iter(f"{SVG}text") if "→" in (text.text or "")}
    assert {name.split()[1] for name in labels if name} == {str(i), str(j)}
    assert {int(frame.get("y") or 0) + 15 for frame in frames} == {
        int(label.get("y") or 0) for label in labels.values()
    }


def test_no_pair() -> None:
    picture = explain(UNSATISFIABLE)
    assert "no orthogonal pair: the formula is not satisfiable" in lines_of(picture)
    assert 'class="pair"' not in picture


@pytest.mark.parametrize(
    "formula",
    [Formula(7, ((1, 7),)), Formula(6, tuple((v, w) for v in (1, 2, 3) for w in (4, 5, 6, -4, -5)))],
    ids=["rows", "columns"],
)
def test_larger_instances_have_no_rows(formula: Formula) -> None:
    picture = explain(formula)
    assert 'class="bit"' not in picture
    assert "orthogonal pair" not in picture


@pytest.mark.parametrize("how", HOW, ids=str)
def test_nothing_overlaps(how: dict[str, Any]) -> None:
    root = ET.fromstring(explain(FORMULA, **how))
    width, height = (int(root.get(name) or 0) for name in ("width", "height"))
    letter = {"title": 15 * 0.602, "bit": 0.0}
    spans = []
    for text in root.iter(f"{SVG}text"):
        kind, x, y = text.get("class") or "", int(text.get("x") or 0), int(text.get("y") or 0)
        end = x + letter.get(kind, 13 * 0.602) * len(text.text or "")
        assert end <= width - 20
        assert y <= height - 20
        spans.append((y, x, end))
    for (y, _, end), (below, x, _) in itertools.pairwise(sorted(spans)):
        assert below - y >= 15 or (below == y and x >= end), (y, below)


@pytest.mark.parametrize("how", [{"chain": "<svg>"}, {"decoder": "&"}, {"chain": "pcp", "blocks": 0}])
def test_names_that_are_none(how: dict[str, Any]) -> None:
    with pytest.raises(UserInputError):
        explain(FORMULA, **how)
