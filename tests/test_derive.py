"""The paper's derivatives, derivatives of a user's own loss, and the ways they are written."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import nbformat
import pytest

from proofcheck.derive import (
    TARGETS,
    Derivation,
    as_latex,
    as_markdown,
    as_notebook,
    as_text,
    derive,
    derive_expression,
    paper_chain,
    targets,
)
from proofcheck.derive.points import Comparison, compare
from proofcheck.errors import UserInputError
from proofcheck.symbolic.derivation import Chain, StepKind
from proofcheck.symbolic.printing import to_text
from proofcheck.symbolic.terms import Const, Entry, fresh, mul
from tests.katex import render

FORMS = {
    "loss-gradient": "A1ᵀ p A2 / d",
    "y-gradient": "(f A3)ᵀ c",
    "a1-gradient": "p A2 Xᵀ / d",
    "a2-gradient": "pᵀ A1 X / d",
    "a3-gradient": "fᵀ c Yᵀ",
}
_TWO = Const(Fraction(2))


@pytest.fixture(scope="module")
def timed() -> dict[str, tuple[Derivation, float]]:
    """Each derivation, and the seconds that this process had a processor for it."""
    found = {}
    for target in TARGETS:
        start = time.process_time()
        derivation = derive(target)
        found[target] = derivation, time.process_time() - start
    return found


@pytest.fixture(scope="module")
def derivations(timed: dict[str, tuple[Derivation, float]]) -> dict[str, Derivation]:
    return {target: derivation for target, (derivation, _) in timed.items()}


@pytest.mark.parametrize("target", FORMS)
@pytest.mark.parametrize("scaled", [True, False])
def test_gradients_of_the_paper(target: str, scaled: bool) -> None:
    derivation = derive(target, scaled=scaled)
    assert derivation.proved
    assert derivation.verdict == "PROVED"
    assert derivation.form is not None
    assert derivation.form.text() == (FORMS[target] if scaled else FORMS[target].removesuffix(" / d"))


def test_the_gradient_introduces_the_papers_names_one_by_one(derivations: dict[str, Derivation]) -> None:
    steps = derivations["loss-gradient"].steps
    differentiated = [step.quantity.name for step in steps if step.kind is StepKind.DERIVATIVE]
    assert differentiated == ["s", "u", "α", "f", "o", "c", "ℓ", "L"]
    lemmas = [step.quantity.lemma for step in steps if step.kind is StepKind.DERIVATIVE]
    assert lemmas == [*(f"Lemma B.1, part {part}" for part in range(2, 9)), "Lemma C.7"]
    assert [step.quantity.name for step in steps if step.kind is StepKind.CONSTANT] == ["h"]
    put_in = [step.name.name for step in steps if step.name is not None]
    assert put_in == ["q", "r", "p"]
    (_, last) = (
        to_text(step.term, {i: i.name for i in derivations["loss-gradient"].parts[0].at})
        for step in steps[-2:]
    )
    assert last == "(Σ_{j≤n} Σ_{k≤n} A1_{ja}·p_{jk}·A2_{kb})/d"


def test_the_hessian(derivations: dict[str, Derivation]) -> None:
    hessian = derivations["hessian"]
    assert hessian.proved
    assert any("symmetric" in check.text for check in hessian.checks)
    names = {i: i.name for part in hessian.parts for i in part.at}
    first = next(
        s for s in hessian.parts[1].steps if s.quantity.name == "G" and s.kind is StepKind.DERIVATIVE
    )
    used = set(re.findall(r"(\w+)_\{", to_text(first.term, names))) - {"Σ"}
    assert used == {"A1", "A2", "f", "h", "p"}
    assert to_text(hessian.steps[-1].term, names) == (
        "(Σ_{j≤n} A1_{j,a'}·A1_{ja}·(Σ_{i≤d} w_{jib}·w_{j,i,b'} + Σ_{k≤n} p_{jk}·A2_{kb}·A2_{k,b'} − "
        "v_{jb}·z_{j,b'} − z_{jb}·v_{j,b'}))/d^2"
    )


def test_gradients_take_less_than_two_seconds_and_the_hessian_less_than_ten(
    timed: dict[str, tuple[Derivation, float]],
) -> None:
    assert max(timed[target][1] for target in FORMS) < 2
    assert timed["hessian"][1] < 10
    assert all(derivation.seconds > 0 for derivation, _ in timed.values())


def test_an_unknown_target() -> None:
    with pytest.raises(UserInputError, match="no target 'gradient'"):
        derive("gradient")


# --- damage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["s", "u", "α", "f", "h", "o", "c", "ℓ", "q", "r", "p", "L"])
def test_a_damaged_definition_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    original = paper_chain.definitions

    def damaged(*, scaled: bool) -> Any:
        return tuple(
            replace(one, body=mul(_TWO, one.body)) if one.name == name else one
            for one in original(scaled=scaled)
        )

    monkeypatch.setattr(targets, "definitions", damaged)
    derivation = derive("loss-gradient")
    assert not derivation.proved
    assert name in [one.name for one, proved in derivation.definitions if not proved]
    assert "✗" in as_text(derivation)


def test_the_other_convention_for_the_scores_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = paper_chain.definitions
    monkeypatch.setattr(targets, "definitions", lambda *, scaled: original(scaled=not scaled))
    assert not derive("loss-gradient").proved


def test_a_wrong_derivative_is_refuted_at_a_point() -> None:
    (a,) = at = (fresh("d", "a"),)
    what = Comparison(
        quantity=lambda xp, arrays, sizes, free: xp.sum(arrays["x"] * arrays["x"]),
        inputs={"x": ("d",)},
        sizes=("d",),
        variable="x",
        at=at,
        free=(),
        chain=Chain([]),
        term=mul(_TWO, Entry("x", (a,))),
    )
    assert compare(what).proved
    wrong = compare(replace(what, term=Entry("x", (a,))))
    assert not wrong.proved
    assert "d = " in wrong.text


# --- expressions -----------------------------------------------------------------------------------

PAPER = [*(f"{name}: n d" for name in ("A1", "A2", "A3", "E")), "X: d d", "Y: d d"]
EXPRESSIONS: list[tuple[str, Sequence[str], str, str | None]] = [
    ("0.5 * norm2(A @ x - b)", ["A: n d", "x: d", "b: n"], "x", "Aᵀ c"),
    ("norm2(A @ X - B)", ["A: n d", "X: d m", "B: n m"], "X", "2 Aᵀ c"),
    ("sum(A * B)", ["A: n d", "B: n d"], "A", "B"),
    ("inner(vec(A), kron(B, C) @ vec(A))", ["A: n d", "B: n n", "C: d d"], "A", "B A Cᵀ + Bᵀ A C"),
    ("sum(sum(A[i, j] * B[j, i] for j in d) for i in n)", ["A: n d", "B: d n"], "B", "Aᵀ"),
    ("sum(outer(x, y) @ Z)", ["x: n", "y: d", "Z: d m"], "x", None),
    ("sum(diag(x) @ A)", ["x: n", "A: n d"], "x", "A 1_d"),
    ("sum(rowsum(A) ** 2) / n", ["A: n d"], "A", None),
    ("sum(ones(n))", ["A: n d"], "A", "0"),
    ("exp(t) * t ** -2", ["t:"], "t", None),
    ("sum(log(1 + exp(-A)))", ["A: n d"], "A", None),
    ("-A[i, k] ** 3 + d", ["A: n d", "i: index n", "k: index d"], "A", None),
    ("sum(eye(n) * A)", ["A: n n"], "A", "I"),
    ("sum(exp(softmax(v)))", ["v: n"], "v", None),
    ("0.5 * norm2(softmax(A1 @ X @ A2.T / d) @ A3 @ Y - E)", PAPER, "X", None),
]


@pytest.mark.parametrize(("source", "given", "wrt", "form"), EXPRESSIONS, ids=[one[0] for one in EXPRESSIONS])
def test_expressions(source: str, given: Sequence[str], wrt: str, form: str | None) -> None:
    derivation = derive_expression(source, given, wrt)
    assert derivation.proved, as_text(derivation)
    if form is not None:
        assert derivation.form is not None
        assert derivation.form.text() == form


ATTENTION = {
    "cross-entropy": (
        "-sum(T * log(softmax(Q @ K.T / d) @ V))",
        ["T: n m", "Q: n d", "K: n d", "V: n m"],
    ),
    "causally masked": (
        "norm2(diag(1 / rowsum(M * exp(Q @ K.T))) @ (M * exp(Q @ K.T)) @ V - E)",
        ["M: n n", "Q: n d", "K: n d", "V: n m", "E: n m"],
    ),
    "rotated by row": (
        "sum(T[j,k] * (log(sum(exp("
        "sum(Q[j,a] * R[j,a,b] * S[l,c,b] * K[l,c] for a in d for b in d for c in d)"
        ") for l in n)) - sum(Q[j,a] * R[j,a,b] * S[k,c,b] * K[k,c] for a in d for b in d for c in d)) "
        "for j in n for k in n)",
        ["T: n n", "Q: n d", "K: n d", "R: n d d", "S: n d d"],
    ),
}


@pytest.mark.parametrize("wrt", ["Q", "K"])
@pytest.mark.parametrize("name", ATTENTION)
def test_losses_that_are_not_in_the_paper(name: str, wrt: str) -> None:
    source, given = ATTENTION[name]
    derivation = derive_expression(source, given, wrt)
    assert derivation.proved, as_text(derivation)


def test_conditions_are_said() -> None:
    derivation = derive_expression("sum(1 / A)", ["A: n d"], "A")
    assert derivation.proved
    (condition,) = derivation.conditions
    assert "≠ 0" in condition
    assert condition in as_text(derivation)
    assert "where the loss is defined" in as_text(derivation)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("tanh(A)", "tanh is outside the calculus"),
        ("A[1, k]", "fixed index 1"),
        ("1e999 * sum(A)", "not a finite number"),
    ],
)
def test_what_is_outside_the_calculus_is_named(source: str, words: str) -> None:
    derivation = derive_expression(source, ["A: n d", "k: index d"], "A")
    assert derivation.verdict == "UNKNOWN"
    assert words in derivation.failure
    assert words in " ".join(as_text(derivation).split())


BAD = [
    ("norm2(A @ (B", "column 11: '(' was never closed"),
    ("norm2(A) +", "column 11: invalid syntax, at the end"),
    ("norm2(A) $ 2", "column 10: "),
    ("norm2(Z)", "column 7: Z is not declared; --given declares A, B, d, i, k, n"),
    ("norm2(A + B)", "n×d and d×n differ"),
    ("norm2(A @ A)", "d and n differ"),
    ("A[k, k]", "index k runs over 1..d, the axis over 1..n"),
    ("A[A, k]", "expected an index"),
    ("A[i]", "1 indices for an array of shape n×d"),
    ("A", "the loss is no scalar, its shape is n×d"),
    ("sum(i)", "the index i is used as an array"),
    ("sum(A) / 0", "divides by something that is 0"),
    ("sum(A ** 20)", "expected an exponent from -8 to 8"),
    ("sum(A ** A)", "expected an exponent"),
    ("sum(A, B)", "sum takes 1 argument(s), not 2"),
    ("sum(A[j, k] for j in q)", "column 22: expected one of the sizes d, n"),
    ("sum(A[i, k] for i in n)", "i already stands for something"),
    ("sum(A for i in n if A)", "expected 'for INDEX in SIZE'"),
    ("exp(A for i in n)", "is not in the language here"),
    ("sum(A) if A else 1", "a condition is not in the language"),
    ("sum(A) < 1", "a comparison is not in the language"),
    ("lambda: A", "'lambda' is not in the language"),
    ("A.__class__", ".__class__ is not in the language"),
    ("__import__('os').system('true')", "expected a function's name"),
    ("exp('A')", "expected a number"),
    ("sum(A % 2)", "'mod' is not in the language"),
    ("~sum(A)", "'invert' is not in the language"),
    ("(A, A)", "'tuple' is not in the language here"),
    ("(" * 250 + "A" + ")" * 250, "too many nested parentheses"),
    ("A" + ".T" * 300, "nested too deeply"),
    ("sum(A)" + " + sum(A)" * 2000, "at most 5000 are read"),
    ("sum(A)\n+ 1", "must be one line"),
]


@pytest.mark.parametrize(("source", "words"), BAD, ids=[source[:30] for source, _ in BAD])
def test_bad_expressions_are_explained_in_a_line(source: str, words: str) -> None:
    with pytest.raises(UserInputError) as caught:
        derive_expression(source, ["A: n d", "B: d n", "i: index n", "k: index d"], "A")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "wrt", "words"),
    [
        (["A n d"], "A", "expected a name, a colon"),
        (["A: n*d"], "A", "expected a name, a colon"),
        (["i: index n d", "A: n"], "A", "expected a name, a colon"),
        (["A: n d", "A: n"], "A", "A is declared twice"),
        (["A: n d", "d: n"], "A", "d is the size of A and also a name"),
        (["exp: n"], "exp", "exp is a function of the language"),
        (["A: n d"], None, "--wrt (missing): expected one of the arrays"),
        (["A: n d"], "B", "--wrt B: expected one of the arrays that --given declares: A"),
        (["A: n d", "i: index n"], "i", "--wrt i: expected one of the arrays"),
    ],
)
def test_bad_declarations(given: Sequence[str], wrt: str | None, words: str) -> None:
    with pytest.raises(UserInputError) as caught:
        derive_expression("sum(A)", given, wrt)
    assert words in str(caught.value)


# --- formats ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def odd() -> Derivation:
    """Names and signs that LaTeX and Markdown could take for theirs."""
    return derive_expression("sum(a_b * log(β * a_b)) / n", ["a_b: n d", "β:"], "a_b")


def test_lines_of_text_fit(derivations: dict[str, Derivation]) -> None:
    for target, derivation in derivations.items():
        assert max(map(len, as_text(derivation).splitlines())) <= 100, target


@pytest.mark.parametrize("target", TARGETS)
def test_latex_compiles(target: str, derivations: dict[str, Derivation]) -> None:
    _assert_compiles(as_latex(derivations[target]))


def test_latex_of_odd_names_compiles(odd: Derivation) -> None:
    assert odd.proved
    text = as_latex(odd)
    _assert_compiles(text)
    assert text.isascii()


def _assert_compiles(text: str) -> None:
    assert text.startswith("\\documentclass")
    assert text.rstrip().endswith("\\end{document}")
    body = text.partition("\\begin{document}")[2]
    displayed = re.findall(r"\\begin\{align\*\}.*?\\end\{align\*\}", body, re.DOTALL)
    assert len(displayed) >= 2
    for formula in displayed:
        render(formula)
    rest = re.sub(r"\\begin\{align\*\}.*?\\end\{align\*\}", "", body, flags=re.DOTALL)
    for formula in re.findall(r"\\\((.*?)\\\)", rest):
        render(formula, display=False)
    # What is left is words: nothing in them may be special to LaTeX.
    words = re.sub(
        r"\\\(.*?\\\)|\\(?:sub)?section\*|\\text\w+|\\bigskip|\\small|\\end\{document\}|\\[_^{}$&#%]",
        "",
        rest,
    )
    assert re.search(r"[\\$&#%^_~]", words) is None, words


@pytest.mark.parametrize("target", TARGETS)
def test_markdown_renders(target: str, derivations: dict[str, Derivation]) -> None:
    text = as_markdown(derivations[target])
    displayed = re.findall(r"^\$\$\n(.*?)^\$\$$", text, re.DOTALL | re.MULTILINE)
    assert len(displayed) >= 2
    for formula in displayed:
        render(formula)
    rest = re.sub(r"^\$\$\n.*?^\$\$$", "", text, flags=re.DOTALL | re.MULTILINE)
    for formula in re.findall(r"\$(.+?)\$", rest):
        render(formula, display=False)


def test_katex_refuses_what_is_no_latex() -> None:
    with pytest.raises(Exception, match="Undefined control sequence"):
        render(r"\nothing")
    with pytest.raises(Exception, match="Unexpected end of input"):
        render(r"\frac{1}")


def test_notebooks_are_valid_and_run(
    derivations: dict[str, Derivation], capsys: pytest.CaptureFixture[str]
) -> None:
    text = as_notebook(derivations["y-gradient"], 'derive("y-gradient")')
    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    assert json.loads(text)["nbformat_minor"] == 5
    namespace: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, namespace)
    assert namespace["derivation"].proved
    assert "(f A3)ᵀ c" in capsys.readouterr().out


def test_formats_do_not_change_from_run_to_run() -> None:
    first, second = derive("a1-gradient"), derive("a1-gradient")
    for write in (as_text, as_latex, as_markdown):
        assert write(first) == write(second)
