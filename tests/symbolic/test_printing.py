"""Text and LaTeX of terms: a small parser reads the text back and must find the same value."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.symbolic.printing import free_indices_in_order, index_names, to_latex, to_text
from proofcheck.symbolic.terms import (
    ONE,
    Add,
    Const,
    Delta,
    Entry,
    Exp,
    Log,
    Mul,
    Pow,
    SizeOf,
    Sum,
    Term,
    fresh,
)
from tests.symbolic.evaluation import (
    DIGITS,
    DIMS,
    I,
    J,
    K,
    TooLarge,
    Undefined,
    close,
    exponential,
    logarithm,
    points,
    raised,
    terms,
    value_of,
)

TOKEN = re.compile(
    r"Σ_\{(?P<index>\w+)≤(?P<dim>\w+)\} |(?P<function>exp|log)(?=\()"
    r"|(?P<name>[A-Za-zδ]\w*?)_\{(?P<at>[^}]*)\}"
    r"|(?P<word>[A-Za-z]\w*)|(?P<number>\d+)|(?P<sign> [+−] |[−·/^()])"
)


class Reader:
    """Evaluates text as it reads it: sums bind as products do, ``/`` and ``·`` from left to right."""

    def __init__(self, text: str, sizes: Mapping[str, int], arrays: Any, at: Mapping[str, int]) -> None:
        self.tokens = list(TOKEN.finditer(text))
        assert "".join(token[0] for token in self.tokens) == text
        self.sizes, self.arrays, self.place, self.at = sizes, arrays, 0, dict(at)

    def sign(self) -> str:
        token = self.tokens[self.place] if self.place < len(self.tokens) else None
        return (token["sign"] or "") if token else ""

    def take(self) -> re.Match[str]:
        self.place += 1
        return self.tokens[self.place - 1]

    def sum(self) -> Any:
        negative = self.sign() == "−"
        if negative:
            self.take()
        total = -self.product() if negative else self.product()
        while self.sign() in (" + ", " − "):
            total = total + self.product() if self.take()["sign"] == " + " else total - self.product()
        return total

    def product(self) -> Any:
        value = self.power()
        while self.sign() in ("·", "/"):
            value = (
                value * self.power()
                if self.take()["sign"] == "·"
                else value * raised(self.power(), Fraction(-1), mpmath.mpf(10) ** -15)
            )
        return value

    def power(self) -> Any:
        value = self.atom()
        if self.sign() == "^":
            self.take()
            whole = self.take()
            if whole["number"]:
                return raised(value, Fraction(int(whole[0])))
            above, _, below, _ = (self.take() for _ in range(4))
            return raised(value, Fraction(int(above[0]), int(below[0])))
        return value

    def atom(self) -> Any:
        token = self.take()
        if token["index"]:
            start, values = self.place, []
            for k in range(self.sizes[token["dim"]]):
                self.place, self.at[token["index"]] = start, k
                values.append(self.product())
            del self.at[token["index"]]
            return mpmath.fsum(values)
        if token["function"]:
            return (exponential if token["function"] == "exp" else logarithm)(self.atom())
        if token["name"]:
            indices = token["at"].split(",") if "," in token["at"] else list(token["at"])
            places = tuple(self.at[index] for index in indices)
            if token["name"] == "δ":
                return mpmath.mpf(places[0] == places[1])
            return self.arrays[token["name"]][places]
        if token["word"]:
            word = token["word"]
            return mpmath.mpf(self.sizes[word]) if word in self.sizes else self.arrays[word][()]
        if token["number"]:
            return mpmath.mpf(int(token["number"]))
        assert token["sign"] == "("
        value = self.sum()
        assert self.take()["sign"] == ")"
        return value


@settings(deadline=None)
@given(terms(depth=4), st.integers(0, 99))
def test_text_means_what_the_term_means(term: Term, seed: int) -> None:
    names = index_names(term)
    text = to_text(term, names)
    with mpmath.workdps(DIGITS):
        for sizes, arrays, at in points(seed):
            try:
                expected = value_of(term, sizes, arrays, at)
            except (Undefined, TooLarge):
                continue
            reader = Reader(text, sizes, arrays, {name: at[index] for index, name in names.items()})
            try:
                found = reader.sum()
            except TooLarge:
                continue
            assert reader.place == len(reader.tokens)
            assert close(found, expected)


COMMANDS = {
    "left",
    "right",
    "frac",
    "sum",
    "exp",
    "log",
    "delta",
    "mathrm",
    "sqrt",
    "alpha",
    "backslash",
    ",",
}


def assert_valid_latex(text: str) -> None:
    """Braces and \\left…\\right are balanced, commands known, no two superscripts on one base."""
    bare = text.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    open_ones = 0
    for which in re.findall(r"\\(left|right)\b", text):
        open_ones += 1 if which == "left" else -1
        assert open_ones >= 0
    assert open_ones == 0
    assert set(re.findall(r"\\([A-Za-z]+|,)", text)) <= COMMANDS
    assert not re.search(r"\^\{[^{}]*\}\^|_\{[^{}]*\}_", text)


@settings(deadline=None)
@given(terms(depth=4))
def test_latex_is_balanced(term: Term) -> None:
    assert_valid_latex(to_latex(term))


V = Entry("v", (I,))
R = fresh("n", "i")
A1 = Entry("A1", (I, K))


@pytest.mark.parametrize(
    ("term", "text", "latex"),
    [
        (A1, "A1_{ik}", "(A_{1})_{ik}"),
        (Const(Fraction(-1, 2)), "−1/2", r"-\frac{1}{2}"),
        (Delta(I, J), "δ_{ij}", r"\delta_{ij}"),
        (Entry("s", ()), "s", "s"),
        (Entry("E_l", ()), "E_l", "E_{l}"),
        (Entry("eps", ()), "eps", r"\mathrm{eps}"),
        (Entry("@1", ()), "@1", r"\mathrm{@1}"),
        (Entry("a_b_c", ()), "a_b_c", r"\mathrm{a\_b\_c}"),
        (Entry("M", (fresh("n", "j0"), fresh("n", "j1"))), "M_{j0,j1}", "M_{j_{0},j_{1}}"),
        (Pow(V, Fraction(2)), "v_{i}^2", "{v_{i}}^{2}"),
        (Pow(V, Fraction(1, 2)), "v_{i}^(1/2)", "{v_{i}}^{1/2}"),
        (Pow(V, Fraction(-1)), "1/v_{i}", r"\frac{1}{v_{i}}"),
        (Pow(Pow(V, Fraction(2)), Fraction(3)), "(v_{i}^2)^3", r"{\left( {v_{i}}^{2} \right)}^{3}"),
        (Mul((Add((V, ONE)), V)), "(v_{i} + 1)·v_{i}", r"\left( v_{i} + 1 \right) \, v_{i}"),
        (Mul((V, Pow(V, Fraction(-2)))), "v_{i}/v_{i}^2", r"\frac{v_{i}}{{v_{i}}^{2}}"),
        (Add((V, Mul((Const(Fraction(-1)), V)))), "v_{i} − v_{i}", "v_{i} - v_{i}"),
        (
            Mul((Sum(R, Entry("v", (R,))), V)),
            "(Σ_{j≤n} v_{j})·v_{i}",
            r"\left( \sum_{j=1}^{n} v_{j} \right) \, v_{i}",
        ),
        (Mul((V, Sum(R, Entry("v", (R,))))), "v_{i}·Σ_{j≤n} v_{j}", r"v_{i} \, \sum_{j=1}^{n} v_{j}"),
        (
            Exp(Mul((V, Pow(SizeOf("d"), Fraction(-1))))),
            "exp(v_{i}/d)",
            r"\exp\left( \frac{v_{i}}{d} \right)",
        ),
        (Log(Add((V, ONE))), "log(v_{i} + 1)", r"\log\left( v_{i} + 1 \right)"),
    ],
)
def test_examples(term: Term, text: str, latex: str) -> None:
    assert to_text(term) == text
    assert to_latex(term) == latex
    assert_valid_latex(latex)


def test_no_two_indices_in_sight_have_one_name() -> None:
    indices = [fresh("n", "i") for _ in range(25)]
    names = index_names(Mul(tuple(Entry("v", (index,)) for index in indices)))
    assert len(set(names.values())) == 25
    assert names[indices[0]] == "i"
    inner, outer = fresh("n", "k"), fresh("n", "k")
    nested = Sum(outer, Mul((Entry("v", (outer,)), Sum(inner, Entry("M", (outer, inner))))))
    assert to_text(nested) == "Σ_{k≤n} v_{k}·Σ_{j≤n} M_{kj}"


def test_an_index_never_has_the_name_of_an_array_or_size() -> None:
    clash = [fresh("n", name) for name in ("v", "n", "s")]
    names = index_names(Mul((*(Entry("v", (index,)) for index in clash), Entry("s", ()))))
    assert not {"v", "n", "s"} & set(names.values())
    assert len(set(names.values())) == 3


def test_terms_that_differ_in_summed_indices_print_alike() -> None:
    texts = {to_text(Sum(index, Entry("M", (I, index)))) for index in (fresh("n"), fresh("n"))}
    assert texts == {"Σ_{k≤n} M_{ik}"}


def test_free_indices_come_in_the_order_of_writing() -> None:
    assert free_indices_in_order(Mul((Entry("M", (J, I)), Sum(K, Entry("w", (K,)))))) == (J, I)
    assert set(DIMS) >= {"M", "w"}


def test_names_may_be_given() -> None:
    assert to_text(Entry("M", (I, J)), {I: "a", J: "b"}) == "M_{ab}"
    assert list(itertools.islice(to_latex(V, {I: "a"}), 1)) == ["v"]
