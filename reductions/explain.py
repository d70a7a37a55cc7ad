"""A picture of the chain for one formula: what is made of it, how large, and what each step promises."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from reductions.build import stages, thresholds_of
from reductions.chain import Chain
from reductions.decide import QUADRATURE_SHARE, chain_named
from reductions.problems.attention import AttentionInstance, GradientInstance
from reductions.problems.bits import Bits
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.problems.sat import Formula
from reductions.quadrature import gauss_count, printed_count
from reductions.thresholds import Thresholds

__all__ = ["MOST_COLUMNS", "MOST_ROWS", "explain"]

#: The largest instances of orthogonal vectors whose rows are drawn.
MOST_ROWS, MOST_COLUMNS = 8, 12

# Lengths in pixels. A monospaced letter is 0.602 em wide in the widest of the usual fonts; a letter that a
# font lacks may come from a wider one, for which there is room.
_WIDTH, _EDGE, _PAD, _LINE, _CELL = 1000, 20, 16, 20, 20
_LETTERS = 114
_STYLE = (
    "text { font: 13px 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1a1a2e } "
    ".title { font-weight: bold; font-size: 15px } .contract { font-style: italic; fill: #33415c } "
    ".box { fill: #f4f6fb; stroke: #33415c } .arrow { stroke: #33415c; stroke-width: 2 } "
    ".head { fill: #33415c } .one { fill: #d5dcec } .zero { fill: #ffffff } "
    ".pair { fill: none; stroke: #c2410c; stroke-width: 3 } .bit { text-anchor: middle }"
)


@dataclass(frozen=True)
class _Box:
    title: str
    lines: Sequence[str]
    contract: str | None = None  # of the arrow that leads on
    rows: OrthogonalVectors | None = None
    pair: tuple[int, int] | None = None


@dataclass
class _Drawing:
    """Elements from top to bottom."""

    y: int = _EDGE
    elements: list[str] = field(default_factory=list)

    def text(self, x: int, y: int, words: str, kind: str = "") -> None:
        """One line, its baseline at y."""
        shown = f' class="{kind}"' if kind else ""
        self.elements.append(f'<text x="{x}" y="{y}"{shown}>{escape(words)}</text>')

    def rectangle(self, x: int, y: int, width: int, height: int, kind: str) -> None:
        """A rectangle."""
        self.elements.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="{kind}"/>')

    def box(self, box: _Box) -> None:
        """A box, and the arrow below it."""
        lines = [part for line in box.lines for part in textwrap.wrap(line, _LETTERS)]
        height = 2 * _PAD + 18 + _LINE * len(lines)
        if box.rows is not None:
            height += _LINE + _CELL * max(len(box.rows.left), len(box.rows.right)) + _PAD
        self.rectangle(_EDGE, self.y, _WIDTH - 2 * _EDGE, height, "box")
        x, y = _EDGE + _PAD, self.y + _PAD + 14
        self.text(x, y, box.title, "title")
        for line in lines:
            y += _LINE
            self.text(x, y, line)
        if box.rows is not None:
            for name, side, at, left in (
                ("left", box.rows.left, 0, x),
                ("right", box.rows.right, 1, _WIDTH // 2),
            ):
                self.side(name, side, None if box.pair is None else box.pair[at], left, y + _PAD)
        self.y += height
        if box.contract is not None:
            self.arrow(box.contract)

    def side(self, name: str, rows: Bits, marked: int | None, x: int, y: int) -> None:
        """The rows of one side; one of them is marked."""
        first = x + 90
        top = y + _LINE
        self.text(first, y + 14, name)
        for i, row in enumerate(rows.tolist()):
            self.text(x, top + _CELL * i + 15, f"row {i}{' →' if i == marked else ''}")
            for k, bit in enumerate(row):
                left = first + _CELL * k
                self.rectangle(left, top + _CELL * i, _CELL, _CELL, "one" if bit else "zero")
                self.text(left + _CELL // 2, top + _CELL * i + 15, str(bit), "bit")
        if marked is not None:
            self.rectangle(first, top + _CELL * marked, _CELL * rows.shape[1], _CELL, "pair")

    def arrow(self, contract: str) -> None:
        """An arrow down, with what holds along it."""
        lines = textwrap.wrap(contract, _LETTERS - 4)
        height = 28 + _LINE * len(lines)
        x, tip = _EDGE + 24, self.y + height
        self.elements.append(f'<line x1="{x}" y1="{self.y}" x2="{x}" y2="{tip - 10}" class="arrow"/>')
        self.elements.append(f'<path d="M{x - 6} {tip - 12} h12 l-6 12 z" class="head"/>')
        for number, line in enumerate(lines):
            self.text(x + 20, self.y + 28 + _LINE * number, line, "contract")
        self.y = tip


def explain(formula: Formula, chain: str = "direct", decoder: str = "one-query", *, blocks: int = 4) -> str:
    """The chain for a formula as one SVG document, without scripts and without anything from elsewhere.

    It has the sizes of every instance and the contract of every step; of instances with at most 8 rows and
    12 columns the rows too, with the first orthogonal pair marked, if there is one.

    Args:
        formula: where the chain begins; it is normalised.
        chain: ``"direct"`` or ``"pcp"``.
        decoder: ``"one-query"``, ``"gauss-legendre"`` or ``"riemann"``.
        blocks: T of the distributed PCP.

    Raises:
        UserInputError: a name that is none of these, or an instance too large to be built.
    """
    whole = chain_named(chain, decoder, blocks=blocks)
    formula = formula.normalised()
    expected = whole.sizes({"n": formula.variables, "m": len(formula.clauses)})
    vectors, made = next(stages(whole, formula))
    attention: AttentionInstance = made.instance.attention
    thresholds = thresholds_of(attention, decoder)
    boxes = [
        _formula_box(formula),
        _vectors_box(vectors, whole, formula, chain),
        _gap_box(attention, expected, chain),
        _attention_box(attention),
        _gradient_box(made.instance, decoder, thresholds, expected.get("instances", 1)),
    ]
    drawing = _Drawing()
    for box in boxes:
        drawing.box(box)
    height = drawing.y + _EDGE
    title = f"From a formula to gradients of attention: chain {chain}, decoder {decoder}"
    description = "; ".join(f"{box.title}: {' '.join(box.lines)}" for box in boxes)
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<style>{escape(_STYLE, quote=False)}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    return "\n".join([*head, *drawing.elements, "</svg>"]) + "\n"


def _formula_box(formula: Formula) -> _Box:
    clauses = len(formula.clauses)
    return _Box(
        "SAT",
        [f"n = {_many(formula.variables, 'variable')}, m = {_many(clauses, 'clause')}, normalised"],
        "⟨left[i], right[j]⟩ = the number of clauses that the assignment (i, j) leaves unsatisfied",
    )


def _vectors_box(vectors: OrthogonalVectors, whole: Chain, formula: Formula, chain: str) -> _Box:
    rows, columns = vectors.left.shape
    lines = [f"N = {_many(rows, 'row')} on each side, m = {_many(columns, 'column')}"]
    contract = (
        "⟨a', b'⟩ = m − ⟨a, b⟩: m if the rows are orthogonal, at most m − 1 if not"
        if chain == "direct"
        else "orthogonal: ⟨a', b'⟩ = q for some advice; not: at most 2(s − 1) for every advice"
    )
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        return _Box("Orthogonal vectors", lines, contract)
    pair = vectors.solve()
    if pair is None:
        lines.append("no orthogonal pair: the formula is not satisfiable")
    else:
        literals = whole.steps[0].invert(pair, formula.variables)
        lines.append(f"orthogonal: left[{pair[0]}] and right[{pair[1]}], the first such pair (framed)")
        lines.append(f"satisfying assignment: {' '.join(map(str, literals)) or 'the empty one'}")
    return _Box("Orthogonal vectors", lines, contract, vectors, pair)


def _gap_box(attention: AttentionInstance, expected: Mapping[str, int], chain: str) -> _Box:
    gap, count = attention.gap, expected.get("instances", 1)
    lines = [
        f"N = {_many(attention.rows, 'row')} on each side, D = {_many(gap.left.shape[1], 'column')}",
        f"c_yes = {gap.yes}, c_no = {gap.no}, gap Δ = {gap.margin}",
    ]
    if chain == "pcp":
        T, s, q = (expected[name] for name in ("T", "s", "q"))
        lines.append(f"T = {_many(T, 'block')} of s = {_many(s, 'bit')} over the field of q = {q}")
        made = f"{_many(count, 'instance')}, one for each advice: q^(s − 1) = {_number(count)}"
        lines.append(f"{made}; YES if one is" if count > 1 else made)
    else:
        lines.append("1 instance")
    contract = (
        "scores γ⟨a', b'⟩ and γM in [0, B]; a row's output at λ is x/(x + N), x = Σ exp(−λγ(M − ⟨a', b'⟩))"
    )
    return _Box("Gap inner product", lines, contract)


def _attention_box(attention: AttentionInstance) -> _Box:
    lines = [
        f"n = 2N = {_many(attention.n, 'query', 'queries')} and as many keys, "
        f"d = {_many(attention.d, 'column')}",
        f"scale σ = {attention.scale}, γ = σ²/d ≈ {float(attention.gamma):.6g}, "
        f"M = ‖pad‖² ≈ {float(attention.level):.6g}",
        f"B = γM ≈ {float(attention.bound):.6g}, the largest score",
    ]
    contract = "A1 = Q, A2 = K, A3 = V, E = 0, Y = I, X = λI: f(λ) = ‖output‖²_F, f'(λ) = 2 tr(dL/dX)"
    return _Box("Attention", lines, contract)


def _gradient_box(instance: GradientInstance, decoder: str, thresholds: Thresholds, count: int) -> _Box:
    attention = instance.attention
    calls = _calls(attention, decoder, thresholds)
    read = "|f'(1)|" if decoder == "one-query" else "f(1) = f(0) + ∫ f'"
    shown = "more than 100,000" if calls is None else _number(calls)
    plural = "query" if calls == 1 else "queries"
    lines = [
        f"n = {attention.n}, d = {attention.d}; f(0) = N/2 = {instance.start}",
        f"decoder {decoder}: {shown} {plural} of the gradient"
        + (" for each instance" if count > 1 else "")
        + f", to read {read}",
        f"YES at least ≈ {thresholds.yes:.6g}, NO at most ≈ {thresholds.no:.6g}",
        f"decided where {read.split(' ', maxsplit=1)[0]} is known within ≈ {thresholds.accuracy:.6g}",
    ]
    return _Box("Gradient", lines)


def _calls(attention: AttentionInstance, decoder: str, thresholds: Thresholds) -> int | None:
    """How often the gradient is asked for; None if more than 100,000 times."""
    if decoder == "one-query":
        return 1
    if decoder == "riemann":
        return printed_count(attention.n)
    return gauss_count(attention.n, attention.bound, QUADRATURE_SHARE * thresholds.accuracy)


def _many(count: int, what: str, plural: str = "") -> str:
    return f"{_number(count)} {what if count == 1 else plural or what + 's'}"


def _number(count: int) -> str:
    # Python refuses to write integers of thousands of digits.
    return f"{count:,}" if count < 10**15 else f"about 2^{count.bit_length() - 1}"
