"""Every rule of the calculus is needed: damaged in turn, a claim that held no longer holds.

Damage that proves too much shows as a contradiction: proved, and different at a point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from proofcheck.checks.generic import check_generic
from proofcheck.claims import Index, Real, equal
from proofcheck.claims.claim import Form
from proofcheck.claims.verdict import Outcome
from proofcheck.paper.gradient import eq_4, lem_B_1_1, lem_B_1_3, lem_B_1_4, lem_B_1_5, lem_B_1_8, lem_C_7
from proofcheck.paper.tensor_trick import fact_3_8, fact_A_1
from proofcheck.symbolic import canonical, differential, normal_form, rewriting
from proofcheck.symbolic.products import Base, Product, free_indices, renamed
from proofcheck.symbolic.terms import (
    ONE,
    ZERO,
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
    mul,
)
from tests.helpers import form_of, rng

N, D, ND, NN = Real("n"), Real("d"), Real("n", "d"), Real("n", "n")


def softmax(xp: Any, x: Any) -> Any:
    weights = xp.exp(x)
    return weights / xp.sum(weights)


TRUE: dict[str, Form] = {
    "sizes are constants": form_of(
        lambda xp, x, n: equal(xp.gradient(lambda x: n * xp.sum(x) + 2, x), n * xp.ones(n)), x=N
    ),
    "deltas are constants": form_of(
        lambda xp, x, n: equal(xp.gradient(lambda x: xp.sum(xp.eye(n) @ x), x), xp.ones(n)), x=N
    ),
    "sums": form_of(lambda xp, x: equal(xp.gradient(lambda x: xp.sum(x + x * x), x), 1 + 2 * x), x=N),
    "products": form_of(
        lambda xp, x, y: equal(xp.gradient(lambda x: xp.sum(x * y * xp.exp(x)), x), (1 + x) * y * xp.exp(x)),
        x=N,
        y=N,
    ),
    "powers": form_of(lambda xp, x: equal(xp.gradient(lambda x: xp.sum(x**3), x), 3 * x**2), x=N),
    "the chain": form_of(
        lambda xp, x: equal(xp.gradient(lambda x: xp.sum(xp.exp(x * x)), x), 2 * x * xp.exp(x * x)), x=N
    ),
    "logarithms": form_of(
        lambda xp, x: equal(xp.gradient(lambda x: xp.log(xp.sum(xp.exp(x))), x), softmax(xp, x)), x=N
    ),
    "identity": form_of(lambda xp, x, n: equal(xp.eye(n) @ x, x), x=N),
    "symmetric identity": form_of(
        lambda xp, n, i, j, k: equal(xp.eye(n)[i, j] * xp.eye(n)[j, k], xp.eye(n)[j, k] * xp.eye(n)[i, k]),
        i=Index("n"),
        j=Index("n"),
        k=Index("n"),
    ),
    "constants summed": form_of(lambda xp, x, n: equal(xp.sum(x + 1), xp.sum(x) + n), x=N),
    "equal factors": form_of(lambda xp, x: equal(x * x / x, x), x=N),
    "exponentials": form_of(lambda xp, x: equal(xp.exp(x) * xp.exp(x), xp.exp(2 * x)), x=N),
    "softmax": form_of(lambda xp, x: equal(xp.sum(softmax(xp, x)), 1), x=N),
    "sigmoid": form_of(lambda xp, x: equal(xp.exp(x) / (1 + xp.exp(x)), 1 - 1 / (1 + xp.exp(x))), x=N),
    "reciprocals": form_of(lambda xp, x: equal(1 / (2 * x), 0.5 * x**-1), x=N),
    "common factors": form_of(lambda xp, x, y, z: equal(1 / (x * y + x * z), 1 / x / (y + z)), x=N, y=N, z=N),
    "binomial": form_of(lambda xp, x, y: equal((x + y) ** 2, x**2 + 2 * x * y + y**2), x=N, y=N),
    "log softmax": form_of(lambda xp, x: equal(xp.log(softmax(xp, x)), x - xp.log(xp.sum(xp.exp(x)))), x=N),
    "like terms": form_of(lambda xp, x: equal(x + 2 * x, 3 * x), x=N),
    "independent sums": form_of(lambda xp, x: equal(xp.sum(x) ** 2, xp.sum(xp.outer(x, x))), x=N),
    "renamed sums": form_of(
        lambda xp, A, B: equal(xp.sum((A @ B) * (A @ B).T), xp.sum((B.T @ A.T) * (A @ B))),
        A=ND,
        B=Real("d", "n"),
    ),
    "meeting": form_of(
        lambda xp, x, n: equal(xp.sum(xp.eye(n) / (1 + xp.outer(x, x) ** 2)), xp.sum(1 / (1 + x**4))),
        x=N,
    ),
    **{
        f"{claim.id} {name}": form
        for claim in (
            fact_3_8,
            fact_A_1,
            lem_B_1_1,
            lem_B_1_3,
            lem_B_1_4,
            lem_B_1_5,
            lem_B_1_8,
            eq_4,
            lem_C_7,
        )
        for name, form in claim.forms().items()
        if (claim.id, name) != ("lem:C.7", "printed")
    },
}
FALSE: dict[str, Form] = {
    "a transpose": form_of(lambda xp, M: equal(M, M.T), M=NN),
    "Σ x² = (Σ x)²": form_of(lambda xp, x: equal(xp.sum(x * x), xp.sum(x) ** 2), x=N),
    "n = d": form_of(lambda xp, A, n, d: equal(n * A, d * A), A=ND),
    "x² = x³": form_of(lambda xp, x: equal(x**2, x**3), x=N),
}


def outcome(form: Form) -> Outcome:
    return check_generic(form, rng()).outcome


@pytest.mark.parametrize("name", TRUE)
def test_undamaged_claims_hold(name: str) -> None:
    assert outcome(TRUE[name]) is Outcome.HOLDS


@pytest.mark.parametrize("name", FALSE)
def test_false_claims_are_refuted(name: str) -> None:
    assert outcome(FALSE[name]) is Outcome.REFUTED


# --- rules of differentiation ------------------------------------------------------------------------


def _slope(term: Term, name: str, at: Any) -> Term:
    return differential.partial(term, name, at)


DERIVATIVES: dict[type[Any], tuple[tuple[str, ...], Callable[..., Term]]] = {
    Const: (("sizes are constants",), lambda term, name, at: ONE),
    SizeOf: (("sizes are constants",), lambda term, name, at: ONE),
    Delta: (("deltas are constants",), lambda term, name, at: ONE),
    Entry: (
        ("lem:B.1.1 printed", "lem:B.1.3 printed"),
        lambda term, name, at: ONE if term.name == name else ZERO,
    ),
    Sum: (("lem:B.1.4 printed",), lambda term, name, at: _slope(term.body, name, at)),
    Add: (("sums", "lem:B.1.8 printed"), lambda term, name, at: _slope(term.parts[-1], name, at)),
    Mul: (
        ("products", "lem:B.1.5 printed"),
        lambda term, name, at: mul(_slope(term.parts[0], name, at), *term.parts[1:]),
    ),
    Pow: (
        ("powers", "lem:B.1.5 printed"),
        lambda term, name, at: mul(Const(Fraction(term.exponent)), term, _slope(term.base, name, at)),
    ),
    Exp: (("the chain", "lem:B.1.3 printed"), lambda term, name, at: _slope(term.argument, name, at)),
    Log: (("logarithms",), lambda term, name, at: _slope(term.argument, name, at)),
}


@pytest.mark.parametrize("kind", DERIVATIVES, ids=lambda kind: kind.__name__)
def test_a_damaged_derivative_is_found(kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    names, wrong = DERIVATIVES[kind]
    monkeypatch.setitem(differential.RULES, kind, wrong)
    for name in names:
        assert outcome(TRUE[name]) is not Outcome.HOLDS


def test_every_derivative_is_damaged() -> None:
    assert set(DERIVATIVES) == set(differential.RULES)


# --- rules of the normal form ------------------------------------------------------------------------

right = {
    name: getattr(normal_form, name)
    for name in ("collect", "divided", "exp_of", "log_of", "merged", "multiplied", "power_of", "times")
}
right_atom_key = canonical.atom_key


def _deltas_dropped(product: Product) -> Product:
    return replace(product, atoms=tuple(one for one in product.atoms if not isinstance(one[0], Delta)))


def _unused_dropped(product: Product) -> Product:
    used = {index for atom, _ in product.atoms for index in free_indices(atom)}
    return replace(product, bound=tuple(index for index in product.bound if index in used))


def _last_power(product: Product) -> Product:
    powers = {right_atom_key(atom): (atom, power) for atom, power in product.atoms}
    return replace(product, atoms=tuple(powers.values()))


def _without_raising(product: Product) -> Any:
    """B·B^k = B^k in place of B^{k+1}."""
    found = right["divided"](product)
    if found is None:
        return None
    bases = tuple(factor for factor in product.atoms if isinstance(factor[0], Base))
    return [replace(found[0], atoms=(*found[0].atoms, *bases)), *found[1:]]


def _without_rest(product: Product) -> Any:
    """t·B^k = B^{k+1}, whatever else is in B."""
    found = right["divided"](product)
    return found and found[:1]


def _number_of_left(left: Product, other: Product) -> Product:
    return replace(right["multiplied"](left, other), coefficient=left.coefficient)


def _indices_shared(left: Product, other: Product) -> Product:
    """The right one's summed indices are taken for the left one's."""
    product = right["multiplied"](left, other)
    theirs = product.bound[len(left.bound) :]
    if not theirs or [i.dim for i in theirs] != [i.dim for i in left.bound]:
        return product
    moved = dict(zip(theirs, left.bound, strict=True))
    atoms = tuple((renamed(atom, moved), power) for atom, power in product.atoms)
    return replace(product, bound=left.bound, atoms=atoms)


def _no_mixed_terms(left: Any, other: Any) -> Any:
    pairs = zip(left, other, strict=False) if len(left) > 1 else ((left[0], one) for one in other)
    return right["collect"](right["multiplied"](p, q) for p, q in pairs)


def _every_index_alike(atom: Any, names: Any = canonical._NO_NAMES) -> str:
    if isinstance(atom, Entry):
        return f"{atom.name!r}[{len(atom.indices)}]"
    return right_atom_key(atom, names)


def _nothing_met(atom: Any, power: Fraction) -> Any:
    met = len(set(atom.at)) < len(atom.at)
    return None if met else right_rewritten(atom, power)


right_rewritten = normal_form._rewritten
right_common = normal_form._common_factor

DAMAGE: dict[str, tuple[Any, str, Any, tuple[str, ...]]] = {
    "deltas vanish": (normal_form, "without_deltas", _deltas_dropped, ("identity", "lem:B.1.3 printed")),
    "deltas stay": (normal_form, "without_deltas", lambda p: p, ("identity", "symmetric identity")),
    "unused indices leave no size": (
        normal_form,
        "with_sizes_for_unused",
        _unused_dropped,
        ("constants summed",),
    ),
    "powers do not add": (normal_form, "merged", _last_power, ("equal factors", "exponentials")),
    "sums are not absorbed": (normal_form, "divided", lambda p: None, ("softmax", "sigmoid")),
    "absorption without a power": (normal_form, "divided", _without_raising, ("softmax",)),
    "absorption without a rest": (normal_form, "divided", _without_rest, ("sigmoid",)),
    "exponents lose their number": (
        normal_form,
        "exp_of",
        lambda body: right["exp_of"](tuple(replace(p, coefficient=Fraction(1)) for p in body)),
        ("exponentials",),
    ),
    "negative powers lose their sign": (
        normal_form,
        "power_of",
        lambda body, exponent: right["power_of"](body, abs(exponent)),
        ("reciprocals", "softmax"),
    ),
    "common factors are kept inside": (
        normal_form,
        "_common_factor",
        lambda body, *, whole: Product(),
        ("common factors",),
    ),
    "mixed terms vanish": (normal_form, "times", _no_mixed_terms, ("binomial",)),
    "logarithms drop factors": (
        normal_form,
        "log_of",
        lambda body: right["log_of"](body)[:1],
        ("log softmax",),
    ),
    "numbers do not multiply": (normal_form, "multiplied", _number_of_left, ("like terms",)),
    "sums share indices": (normal_form, "multiplied", _indices_shared, ("independent sums",)),
    "like terms are not joined": (
        normal_form,
        "_order",
        lambda product: (str(id(product)), ()),
        ("like terms",),
    ),
    "names of summed indices count": (
        canonical,
        "_labellings",
        lambda indices, factors, names: iter([sorted(indices)]),
        ("renamed sums",),
    ),
    "indices that meet are not simplified": (normal_form, "_rewritten", _nothing_met, ("meeting",)),
}
TOO_MUCH: dict[str, tuple[Any, str, Any, str]] = {
    "keys forget indices": (canonical, "atom_key", _every_index_alike, "a transpose"),
    "keys forget sizes": (normal_form, "_order", lambda p: (canonical.product_key(p), ()), "n = d"),
    "keys forget powers": (
        canonical,
        "_loose_key",
        lambda factors, names: "".join(sorted({canonical.atom_key(atom, names) for atom, _ in factors})),
        "x² = x³",
    ),
    "products share indices": (normal_form, "multiplied", _indices_shared, "Σ x² = (Σ x)²"),
}


@pytest.fixture
def damage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, str, Any], None]]:
    """Replace a rule wherever it is used; what was found out with it is forgotten afterwards."""

    def replace_rule(module: Any, name: str, wrong: Any) -> None:
        old = getattr(module, name)
        for user in (normal_form, rewriting, canonical):
            if getattr(user, name, None) is old:
                monkeypatch.setattr(user, name, wrong)

    canonical.forget_scopes()
    yield replace_rule
    monkeypatch.undo()
    canonical.forget_scopes()


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_rule_makes_a_claim_fail(name: str, damage: Callable[[Any, str, Any], None]) -> None:
    module, rule, wrong, claims = DAMAGE[name]
    damage(module, rule, wrong)
    for claim in claims:
        assert outcome(TRUE[claim]) is not Outcome.HOLDS


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_rule_that_proves_too_much_is_caught_at_a_point(
    name: str, damage: Callable[[Any, str, Any], None]
) -> None:
    module, rule, wrong, claim = TOO_MUCH[name]
    damage(module, rule, wrong)
    verdict = check_generic(FALSE[claim], rng())
    assert verdict.outcome is Outcome.ERROR
    assert verdict.detail.startswith("proved, but they differ at")
