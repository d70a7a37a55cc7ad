"""The paper's chain of definitions, from the scores to the loss and on to q, r and p.

Every definition is compared with the formula that the claims of :mod:`proofcheck.paper` check, so
that a slip in either shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from proofcheck.namespaces.indexed import IndexedArray, IndexedNamespace
from proofcheck.paper import formulas
from proofcheck.symbolic.derivation import Chain, Definition
from proofcheck.symbolic.normal_form import is_zero
from proofcheck.symbolic.terms import Const, Entry, Exp, Idx, SizeOf, Sum, Term, add, fresh, mul, power

__all__ = ["INPUTS", "abbreviations", "checked", "definitions", "gradient_definition", "paper_loss"]

INPUTS: Mapping[str, tuple[str, ...]] = {
    "A1": ("n", "d"),
    "A2": ("n", "d"),
    "A3": ("n", "d"),
    "E": ("n", "d"),
    "X": ("d", "d"),
    "Y": ("d", "d"),
}
"""The inputs and their sizes."""
_MINUS_ONE, _HALF = Const(Fraction(-1)), Const(Fraction(1, 2))


def _entry(name: str, *indices: Idx) -> Term:
    return Entry(name, indices)


def _minus(term: Term) -> Term:
    return mul(_MINUS_ONE, term)


def definitions(*, scaled: bool) -> tuple[Definition, ...]:
    """s, u, α, f, h, ⟨f, h⟩, c, ℓ, q, r, p and L.

    Args:
        scaled: divide the scores by d as Definition 1.2 does; Appendix B leaves that out.
    """
    j, k, j0, k0 = (fresh("n", name) for name in "jkjk")
    a, b, i, i0 = (fresh("d", name) for name in "abii")
    scale = power(SizeOf("d"), -1) if scaled else Const(Fraction(1))
    scores = Sum(a, Sum(b, mul(_entry("A1", j, a), _entry("X", a, b), _entry("A2", k, b))))
    f_jk, q_jk = _entry("f", j, k), _entry("q", j, k)
    return (
        Definition(
            "s",
            (j, k),
            mul(scale, scores),
            "Definition 1.2" if scaled else "Definition 3.2",
            "Lemma B.1, part 2",
            folds=False,
        ),
        Definition("u", (j, k), Exp(_entry("s", j, k)), "Definition 3.2", "Lemma B.1, part 3"),
        Definition("α", (j,), Sum(k0, _entry("u", j, k0)), "Definition 3.3", "Lemma B.1, part 4"),
        Definition(
            "f",
            (j, k),
            mul(power(_entry("α", j), -1), _entry("u", j, k)),
            "Definition 3.4",
            "Lemma B.1, part 5",
        ),
        Definition(
            "h", (k, i), Sum(a, mul(_entry("A3", k, a), _entry("Y", a, i))), "Definition 3.5", "Remark 1.3"
        ),
        Definition(
            "o",
            (j, i),
            Sum(k0, mul(_entry("f", j, k0), _entry("h", k0, i))),
            "part of Definition 3.6",
            "Lemma B.1, part 6",
            folds=False,
        ),
        Definition(
            "c",
            (j, i),
            add(_entry("o", j, i), _minus(_entry("E", j, i))),
            "Definition 3.6",
            "Lemma B.1, part 7",
        ),
        Definition(
            "ℓ",
            (j, i),
            mul(_HALF, power(_entry("c", j, i), 2)),
            "Definition 3.7",
            "Lemma B.1, part 8",
            folds=False,
        ),
        Definition("q", (j, k), Sum(i0, mul(_entry("c", j, i0), _entry("h", k, i0))), "Definition C.3", ""),
        Definition("r", (j,), Sum(k0, mul(_entry("f", j, k0), _entry("q", j, k0))), "Lemma D.5", ""),
        Definition(
            "p", (j, k), add(mul(f_jk, q_jk), _minus(mul(_entry("r", j), f_jk))), "Definition C.5", ""
        ),
        Definition(
            "L",
            (),
            Sum(j0, Sum(i0, _entry("ℓ", j0, i0))),
            "Definition 1.2, Lemma 3.10",
            "Lemma C.7",
            folds=False,
        ),
    )


def gradient_definition(at: Sequence[Idx], term: Term) -> Definition:
    """G, the gradient that was derived, as a quantity to differentiate again."""
    return Definition("G", tuple(at), term, "the gradient above", "the Hessian", folds=False)


def abbreviations(chain: Sequence[Definition]) -> tuple[Definition, ...]:
    """The chain with quantities that make the Hessian short; they are not the paper's.

    v is the mean of the keys under f, w the derivative of c without its factor A1/d, z = p A2.
    """
    j, k = fresh("n", "j"), fresh("n", "k")
    i, b = fresh("d", "i"), fresh("d", "b")
    key = _entry("A2", k, b)
    centred = add(
        Sum(k, mul(_entry("f", j, k), _entry("h", k, i), key)),
        _minus(mul(_entry("o", j, i), _entry("v", j, b))),
    )
    return (
        *(replace(one, folds=True, late=True) if one.name == "o" else one for one in chain),
        Definition("v", (j, b), Sum(k, mul(_entry("f", j, k), key)), "f A2"),
        Definition("w", (j, i, b), centred, "a factor of the derivative of c"),
        Definition("z", (j, b), Sum(k, mul(_entry("p", j, k), key)), "p A2"),
    )


def checked(chain: Chain, *, scaled: bool) -> tuple[tuple[Definition, bool], ...]:
    """The definitions, each with whether it is the formula of the claims; mere abbreviations always are."""
    given = _formulas(IndexedNamespace(("n", "d")), scaled=scaled)
    found = []
    for one in chain.definitions.values():
        same = True
        if one.name in given:
            places, value = given[one.name]
            same = is_zero(add(chain.unfold(Entry(one.name, places)), _minus(value)))
        found.append((one, same))
    return tuple(found)


def _formulas(xp: IndexedNamespace, *, scaled: bool) -> dict[str, tuple[tuple[Idx, ...], Term]]:
    """A generic entry of every quantity, by the formulas of the claims, and its indices."""
    n, d = xp.size("n"), xp.size("d")
    given = {name: xp.input(name, [xp.size(dim) for dim in dims]) for name, dims in INPUTS.items()}
    j0, j1, i0 = xp.index("j0", n), xp.index("j1", n), xp.index("i0", d)
    (j,), (k,), (i,) = xp.decode(j0, ("n",)), xp.decode(j1, ("n",)), xp.decode(i0, ("d",))
    A, x = xp.kron(given["A1"], given["A2"]), xp.vec(given["X"])
    A = A / d if scaled else A
    A3, Y, E = given["A3"], given["Y"], given["E"]
    f = formulas.f_matrix(xp, A, x, n)
    q = formulas.q_matrix(xp, A, x, A3, Y, E, n, d)
    row, column = formulas.f_row(xp, A, x, j0, n), formulas.h_column(xp, A3, Y, i0)
    values: dict[str, tuple[tuple[Idx, ...], IndexedArray]] = {
        "s": ((j, k), (xp.block(A, j0, n) @ x)[j1]),
        "u": ((j, k), formulas.u_row(xp, A, x, j0, n)[j1]),
        "α": ((j,), formulas.normaliser(xp, A, x, j0, n)),
        "f": ((j, k), row[j1]),
        "h": ((k, i), column[j1]),
        "o": ((j, i), xp.inner(row, column)),
        "c": ((j, i), formulas.c_entry(xp, A, x, A3, Y, E, j0, i0, n)),
        "ℓ": ((j, i), formulas.loss_entry(xp, A, x, A3, Y, E, j0, i0, n)),
        "q": ((j, k), q[j0, j1]),
        "r": ((j,), xp.inner(row, q[j0, :])),
        "p": ((j, k), formulas.p_matrix(xp, f, q, n)[j0, j1]),
        "L": ((), paper_loss(xp, given, d if scaled else 1)),
    }
    return {name: (places, value.entry()) for name, (places, value) in values.items()}


def paper_loss(xp: Any, given: Mapping[str, Any], scale: Any) -> Any:
    """The loss of Definition 1.2 with the scores divided by ``scale``, over any namespace."""
    A1, A2, A3, E, X, Y = (given[name] for name in INPUTS)
    return formulas.attention_loss(xp, A1, A2, A3, E, X, Y, scale)
