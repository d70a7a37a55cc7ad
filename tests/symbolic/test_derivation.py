"""Chains of definitions differentiated and folded; matrix forms; terms written for a reader."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from proofcheck.symbolic import derivation as engine
from proofcheck.symbolic.arranging import Arrangement, legible
from proofcheck.symbolic.derivation import Chain, Definition, StepKind
from proofcheck.symbolic.folding import fold
from proofcheck.symbolic.matrix_form import matrix_form
from proofcheck.symbolic.normal_form import expand, is_zero
from proofcheck.symbolic.printing import to_text
from proofcheck.symbolic.terms import (
    Add,
    Const,
    Delta,
    Entry,
    Exp,
    Idx,
    Mul,
    SizeOf,
    Sum,
    Term,
    add,
    fresh,
    mul,
    power,
)

J, K, L_ = (fresh("n", name) for name in "jkl")
A, B = (fresh("d", name) for name in "ab")
MINUS = Const(Fraction(-1))


def entry(name: str, *indices: Idx) -> Term:
    return Entry(name, indices)


def softmax_chain(**changes: Any) -> Chain:
    """f = softmax(x wᵀ) by rows, g = f v, loss = Σ g; y = f w."""
    bodies = {
        "s": mul(entry("x", J), entry("w", K)),
        "u": Exp(entry("s", J, K)),
        "z": Sum(K, entry("u", J, K)),
        "f": mul(entry("u", J, K), power(entry("z", J), -1)),
        "t": entry("v", J),
        "g": Sum(K, mul(entry("f", J, K), entry("v", K))),
        "y": Sum(K, mul(entry("f", J, K), entry("w", K))),
        "loss": Sum(J, entry("g", J)),
    }
    bodies |= changes
    indices = {"s": (J, K), "u": (J, K), "z": (J,), "f": (J, K), "t": (J,), "g": (J,), "y": (J,), "loss": ()}
    return Chain([Definition(name, indices[name], bodies[name], folds=name != "loss") for name in indices])


def test_steps_are_named_and_proved() -> None:
    steps = list(softmax_chain().differentiate("x", (L_,), "loss"))
    # t is not needed for the loss; y is put in at the end.
    assert [step.quantity.name for step in steps] == ["s", "u", "z", "f", "g", "loss", "loss"]
    assert [step.kind for step in steps[-2:]] == [StepKind.DERIVATIVE, StepKind.FOLDED]
    assert steps[-1].name is not None
    assert steps[-1].name.name == "y"
    assert all(step.proved for step in steps)
    texts = [to_text(step.term, {i: i.name for i in (*step.indices, L_)}) for step in steps]
    assert texts[1] == "δ_{jl}·u_{jk}·w_{k}"
    assert texts[3] == "δ_{jl}·f_{jk}·(w_{k} − Σ_{m≤n} f_{jm}·w_{m})"
    assert texts[-1] == "Σ_{j≤n} f_{lj}·v_{j}·w_{j} − y_{l}·g_{l}"


def test_what_does_not_depend_on_the_variable_is_constant() -> None:
    steps = list(softmax_chain().differentiate("v", (L_,), "loss"))
    kinds = {step.quantity.name: step.kind for step in steps}
    assert kinds["f"] is StepKind.CONSTANT
    assert kinds["g"] is kinds["loss"] is StepKind.DERIVATIVE
    assert all(step.proved for step in steps)


def test_late_definitions_are_folded_last() -> None:
    chain = softmax_chain()
    late = [*chain.definitions.values()]
    late = [
        Definition(one.name, one.indices, one.body, folds=one.folds, late=one.name == "g") for one in late
    ]
    steps = list(Chain(late).differentiate("x", (L_,), "loss"))
    assert [step.name.name for step in steps if step.name is not None] == ["g", "y"]
    assert all(step.proved for step in steps)


def test_unfolding_goes_down_to_the_inputs() -> None:
    chain = softmax_chain()
    unfolded = chain.unfold(entry("f", J, K))
    scores = Exp(mul(entry("x", J), entry("w", K)))
    total = Sum(L_, Exp(mul(entry("x", J), entry("w", L_))))
    assert is_zero(add(unfolded, mul(MINUS, scores, power(total, -1))))


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[1:],
        lambda body: (*body, *body),
        lambda body: tuple(type(one)(-one.coefficient, one.sizes, one.bound, one.atoms) for one in body),
    ],
    ids=["dropped", "doubled", "negated"],
)
def test_a_damaged_fold_is_noticed(monkeypatch: pytest.MonkeyPatch, damage: Any) -> None:
    monkeypatch.setattr(engine, "fold", lambda body, definitions: damage(fold(body, definitions)))
    steps = list(softmax_chain().differentiate("x", (L_,), "loss"))
    assert not all(step.proved for step in steps)


def test_a_damaged_rule_is_noticed_where_the_chain_rule_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Chain._slope

    def without_last(self: Chain, one: Definition, variable: str, at: Any, known: Any) -> Term:
        return original(self, one, variable, at, dict(list(known.items())[:-1]))

    monkeypatch.setattr(Chain, "_slope", without_last)
    steps = list(softmax_chain().differentiate("x", (L_,), "loss"))
    assert not all(step.proved for step in steps)


def test_folding_changes_only_how_a_polynomial_is_written() -> None:
    chain = softmax_chain()
    names = [chain.definitions[name] for name in ("u", "z", "f")]
    body = expand(mul(Exp(entry("s", J, K)), power(entry("z", J), -2)))
    folded = Arrangement().term(fold(body, names))
    assert to_text(folded, {J: "j", K: "k"}) == "f_{jk}/z_{j}"
    assert is_zero(add(chain.unfold(folded), mul(MINUS, chain.unfold(Arrangement().term(body)))))


def test_a_name_is_put_in_only_where_all_of_it_stands() -> None:
    both = Definition("p", (J,), add(entry("x", J), entry("y", J)))
    assert to_text(Arrangement().term(fold(expand(add(entry("x", K), entry("y", K))), [both]))) == "p_{k}"
    alone = expand(entry("x", K))
    assert fold(alone, [both]) == alone


# --- matrix forms ----------------------------------------------------------------------------------


def total(indices: tuple[Idx, ...], *factors: Term) -> Term:
    body = mul(*factors)
    for index in indices:
        body = Sum(index, body)
    return body


D = fresh("d", "c")
FORMS = [
    (total((J, K), entry("A1", J, A), entry("p", J, K), entry("A2", K, B)), "A1ᵀ p A2"),
    (
        mul(power(SizeOf("d"), -1), total((J, K), entry("A1", J, A), entry("p", J, K), entry("A2", K, B))),
        "A1ᵀ p A2 / d",
    ),
    (total((J, K), entry("A3", J, A), entry("f", K, J), entry("c", K, B)), "(f A3)ᵀ c"),
    (entry("X", B, A), "Xᵀ"),
    (Delta(A, B), "I"),
    (add(entry("X", A, B), mul(MINUS, entry("Y", A, B))), "X − Y"),
    (mul(Const(Fraction(-3, 2)), entry("X", A, B)), "−3 X / 2"),
    (mul(entry("X", A, B), entry("Y", B, A)), "(X ∘ Yᵀ)"),
    (total((D,), entry("X", A, D), entry("v", D), entry("Y", D, B)), "X diag(v) Y"),
    (total((J,), entry("r", J), entry("A1", J, A), entry("A2", J, B)), "A1ᵀ diag(r) A2"),
    (mul(SizeOf("n"), power(SizeOf("d"), -2), entry("X", A, B)), "n X / d^2"),
    (Const(Fraction(0)), "0"),
]


@pytest.mark.parametrize(("term", "text"), FORMS, ids=[text for _, text in FORMS])
def test_matrix_forms(term: Term, text: str) -> None:
    form = matrix_form(term, A, B)
    assert form is not None
    assert form.text() == text


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (entry("v", A), "v"),
        (total((J,), entry("A1", J, A), entry("c", J)), "A1ᵀ c"),
        (total((J,), entry("A1", J, A)), "A1ᵀ 1_n"),
        (total((J,), entry("A1", J, A), entry("c", J), entry("b", J)), "A1ᵀ (c ∘ b)"),
        (total((J, K), entry("A1", J, A), entry("p", J, K), entry("c", K)), "A1ᵀ p c"),
    ],
)
def test_vector_forms(term: Term, text: str) -> None:
    form = matrix_form(term, A)
    assert form is not None
    assert form.text() == text


@pytest.mark.parametrize(
    "term",
    [
        mul(entry("x", A), entry("y", B)),
        Exp(entry("X", A, B)),
        power(entry("X", A, B), -1),
        total((J,), entry("A1", J, A), entry("A1", J, B), entry("p", J, J)),
        mul(entry("X", A, B), Sum(J, entry("v", J))),
        entry("T", A, B, A),
    ],
)
def test_what_is_no_product_of_matrices_has_no_form(term: Term) -> None:
    assert matrix_form(term, A, B) is None


def test_a_form_in_latex() -> None:
    form = matrix_form(total((J, K), entry("A3", J, A), entry("f", K, J), entry("c", K, B)), A, B)
    assert form is not None
    assert form.latex(str) == r"(f A3)^\top c"


# --- terms for a reader ----------------------------------------------------------------------------


def test_what_products_share_stands_before_a_bracket() -> None:
    body = expand(
        add(
            mul(entry("f", J, K), entry("x", K)),
            mul(MINUS, entry("f", J, K), Sum(L_, mul(entry("f", J, L_), entry("x", L_)))),
        )
    )
    assert to_text(Arrangement().term(body), {J: "j", K: "k"}) == "f_{jk}·(x_{k} − Σ_{l≤n} f_{jl}·x_{l})"


def test_an_arrangement_equals_the_polynomial() -> None:
    term = Add(
        (
            Sum(J, Sum(K, mul(entry("x", J), entry("f", J, K), entry("y", K)))),
            Sum(L_, mul(Const(Fraction(2)), entry("x", L_), entry("y", L_))),
            Mul((SizeOf("n"), Sum(J, entry("x", J)))),
        )
    )
    assert is_zero(add(term, mul(MINUS, Arrangement(("x", "f")).term(expand(term)))))


def test_summed_indices_get_names_of_their_own() -> None:
    inner = fresh("n", "j")
    term = legible(mul(entry("x", J), Sum(inner, entry("f", J, inner))), {"k"})
    assert isinstance(term, Mul)
    (found,) = (part for part in term.parts if isinstance(part, Sum))
    assert found.index.name == "l"
