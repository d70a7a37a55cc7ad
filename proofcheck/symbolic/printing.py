"""Terms for a reader, as text and as LaTeX.

Summed indices get letters of their own; an index keeps its name if nothing else in sight has it.
Sums bind as products do: ``Σ_{k≤n} a_k + b`` is ``(Σ_{k≤n} a_k) + b``.
"""

from __future__ import annotations

import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from proofcheck.symbolic.terms import (
    Add,
    Const,
    Delta,
    Entry,
    Exp,
    Idx,
    Log,
    Mul,
    Pow,
    SizeOf,
    Sum,
    Term,
    children,
    indices_of,
    subterms,
)

__all__ = ["free_indices_in_order", "index_names", "to_latex", "to_text"]

_LETTERS = "jklmipqrstuvwabcegh"
# How tightly a piece of text binds; an open one ends in a sum, which takes in what follows.
_SUM, _OPEN, _PRODUCT, _POWER, _ATOM = range(5)


def to_text(term: Term, names: Mapping[Idx, str] | None = None) -> str:
    """One line of text; ``names`` are those of indices that are not summed."""
    return _Text(term, names).write(term)[0]


def to_latex(term: Term, names: Mapping[Idx, str] | None = None) -> str:
    """LaTeX for math mode; ``names`` are those of indices that are not summed."""
    return _Latex(term, names).write(term)[0]


def free_indices_in_order(term: Term) -> tuple[Idx, ...]:
    """The indices that are not summed, in the order in which they are first written."""
    if isinstance(term, Sum):
        return tuple(index for index in free_indices_in_order(term.body) if index != term.index)
    found = list(indices_of(term))
    for child in children(term):
        found += free_indices_in_order(child)
    return tuple(dict.fromkeys(found))


def index_names(term: Term) -> dict[Idx, str]:
    """A name for each index that is not summed."""
    names: dict[Idx, str] = {}
    taken = _reserved(term)
    for index in free_indices_in_order(term):
        names[index] = _name(index, taken | set(names.values()))
    return names


def _reserved(term: Term) -> set[str]:
    """Names of arrays and sizes, which no index may have."""
    found = set()
    for part in subterms(term):
        if isinstance(part, Entry):
            found.add(part.name)
        elif isinstance(part, SizeOf):
            found.add(part.dim)
        found.update(index.dim for index in indices_of(part))
    return found


def _name(index: Idx, taken: set[str]) -> str:
    if index.name not in taken:
        return index.name
    numbered = (f"{letter}{number}" for number in range(1, len(taken) + 2) for letter in _LETTERS)
    return next(name for name in itertools.chain(_LETTERS, numbered) if name not in taken)


class _Writer(ABC):
    """What text and LaTeX have in common: which signs, brackets and fractions there are."""

    minus: str
    dot: str

    def __init__(self, term: Term, names: Mapping[Idx, str] | None) -> None:
        self.names = dict(index_names(term) if names is None else names)
        self.reserved = _reserved(term)

    @abstractmethod
    def brackets(self, text: str) -> str: ...
    @abstractmethod
    def indexed(self, name: str, indices: Sequence[str]) -> str: ...
    @abstractmethod
    def function(self, name: str, argument: str) -> str: ...
    @abstractmethod
    def total(self, index: str, dim: str, body: str) -> str: ...
    @abstractmethod
    def power(self, base: str, exponent: Fraction) -> str: ...
    @abstractmethod
    def fraction(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]: ...
    @abstractmethod
    def symbol(self, name: str) -> str: ...

    def write(self, term: Term) -> tuple[str, int]:
        """A term and how tightly its text binds."""
        match term:
            case Const(value):
                return self.number(value)
            case SizeOf(dim):
                return self.symbol(dim), _ATOM
            case Entry(name, at):
                return self.indexed(name, [self.names[i] for i in at]), _ATOM
            case Delta(left, right):
                return self.indexed("δ", [self.names[left], self.names[right]]), _ATOM
            case Sum(index, body):
                outer = self.names
                name = _name(index, self.reserved | set(outer.values()))
                self.names = {**outer, index: name}
                inside = self.inside(body, _OPEN)
                self.names = outer
                return self.total(name, index.dim, inside), _OPEN
            case Add(parts):
                return self.added(parts), _SUM
            case Mul(parts):
                return self.multiplied(parts)
            case Pow(_, exponent) if exponent < 0:
                return self.multiplied((term,))
            case Pow(base, exponent):
                return self.power(self.inside(base, _ATOM), Fraction(exponent)), _POWER
            case Exp(argument):
                return self.function("exp", self.write(argument)[0]), _ATOM
            case Log(argument):
                return self.function("log", self.write(argument)[0]), _ATOM

    def inside(self, term: Term, binding: int) -> str:
        """A term as part of something that binds so tightly."""
        text, own = self.write(term)
        return text if own >= binding else self.brackets(text)

    def number(self, value: Fraction) -> tuple[str, int]:
        above = (str(abs(value.numerator)), _ATOM)
        text, binding = (
            above if value.denominator == 1 else self.fraction(above, (str(value.denominator), _ATOM))
        )
        return (text, binding) if value >= 0 else (self.minus + text, _SUM)

    def added(self, parts: Sequence[Term]) -> str:
        text = ""
        for part in parts:
            written, binding = self.write(part)
            if isinstance(part, Add):
                written = self.brackets(written)
            if not text:
                text = written
            elif binding == _SUM and written.startswith(self.minus):
                text += f" {self.minus} {written.removeprefix(self.minus)}"
            else:
                text += f" + {written}"
        return text or "0"

    def multiplied(self, parts: Sequence[Term]) -> tuple[str, int]:
        coefficient = Fraction(1)
        above: list[Term] = []
        below: list[Term] = []
        for part in _flat(parts):
            if isinstance(part, Const):
                coefficient *= part.value
            elif isinstance(part, Pow) and part.exponent < 0:
                positive = -Fraction(part.exponent)
                below.append(part.base if positive == 1 else Pow(part.base, positive))
            else:
                above.append(part)
        top = self.factors(abs(coefficient.numerator), above)
        divided = below or coefficient.denominator != 1
        text, binding = self.fraction(top, self.factors(coefficient.denominator, below)) if divided else top
        if coefficient >= 0:
            return text, binding
        return self.minus + (text if binding > _SUM else self.brackets(text)), _SUM

    def factors(self, number: int, parts: Sequence[Term]) -> tuple[str, int]:
        """A product; a sum may stand without brackets at its end only."""
        written = [(str(number), _ATOM)] if number != 1 or not parts else []
        written += [self.write(part) for part in parts]
        if len(written) == 1:
            return written[0]
        texts = []
        for place, (text, binding) in enumerate(written):
            needed = _OPEN if place == len(written) - 1 else _PRODUCT
            texts.append(text if binding >= needed else self.brackets(text))
        return self.dot.join(texts), _OPEN if written[-1][1] == _OPEN else _PRODUCT


def _flat(parts: Iterable[Term]) -> Iterator[Term]:
    for part in parts:
        if isinstance(part, Mul):
            yield from _flat(part.parts)
        else:
            yield part


class _Text(_Writer):
    minus = "−"
    dot = "·"

    def brackets(self, text: str) -> str:
        return f"({text})"

    def indexed(self, name: str, indices: Sequence[str]) -> str:
        return f"{name}_{{{_listed(indices)}}}" if indices else name

    def function(self, name: str, argument: str) -> str:
        return f"{name}({argument})"

    def total(self, index: str, dim: str, body: str) -> str:
        return f"Σ_{{{index}≤{dim}}} {body}"

    def power(self, base: str, exponent: Fraction) -> str:
        return f"{base}^{exponent}" if exponent.denominator == 1 else f"{base}^({exponent})"

    def fraction(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        top = self.brackets(above[0]) if above[1] < _PRODUCT else above[0]
        bottom = self.brackets(below[0]) if below[1] < _POWER else below[0]
        return f"{top}/{bottom}", _PRODUCT

    def symbol(self, name: str) -> str:
        return name


class _Latex(_Writer):
    minus = "-"
    dot = r" \, "

    def brackets(self, text: str) -> str:
        return rf"\left( {text} \right)"

    def indexed(self, name: str, indices: Sequence[str]) -> str:
        symbol = r"\delta" if name == "δ" else self.symbol(name)
        if not indices:
            return symbol
        listed = [self.symbol(index) for index in indices]
        body = f"({symbol})" if "_" in symbol else symbol
        return f"{body}_{{{_listed(listed)}}}"

    def function(self, name: str, argument: str) -> str:
        return rf"\{name}\left( {argument} \right)"

    def total(self, index: str, dim: str, body: str) -> str:
        return rf"\sum_{{{self.symbol(index)}=1}}^{{{self.symbol(dim)}}} {body}"

    def power(self, base: str, exponent: Fraction) -> str:
        return f"{{{base}}}^{{{exponent}}}"

    def fraction(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        return rf"\frac{{{above[0]}}}{{{below[0]}}}", _PRODUCT

    def symbol(self, name: str) -> str:
        """``A1`` as A with index 1, ``j0`` and ``i.1`` alike, Greek as commands, longer words upright."""
        if name.endswith("'") and (plain := name.rstrip("'")):
            return self.symbol(plain) + name.removeprefix(plain)
        match = re.fullmatch(rf"([A-Za-z{''.join(_COMMANDS)}])[_.]?([A-Za-z0-9]+)", name)
        if match is not None and (len(match[2]) == 1 or match[2].isdigit() or not name.isalnum()):
            return f"{self.symbol(match[1])}_{{{match[2]}}}"
        if len(name) == 1:
            return _COMMANDS.get(name, name)
        escaped = re.sub(r"[\\{}$&#^_%~]", lambda found: _ESCAPED.get(found[0], "\\" + found[0]), name)
        return rf"\mathrm{{{escaped}}}"


_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi "
    "chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell"
)
_COMMANDS = dict(
    zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩℓ", (rf"\{word}" for word in _GREEK.split()), strict=True)
)
_ESCAPED = {"\\": r"\backslash ", "^": r"\hat{}", "~": r"\tilde{}"}


def _listed(names: Iterable[str]) -> str:
    names = tuple(names)
    return ("" if all(len(name) == 1 for name in names) else ",").join(names)
