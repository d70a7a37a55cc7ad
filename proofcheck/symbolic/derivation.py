"""Derivations: a chain of named quantities, differentiated one after another and folded back.

A chain defines each quantity by the ones before it, as a paper does: u from the scores, α from u,
f from both.  The derivative of a quantity is worked out from its definition and the derivatives
already found, and wherever a definition's right-hand side appears it is folded into the name again
(:mod:`.folding`).  So the steps come out in the chain's own words; each is then proved, with every
definition unfolded, against the derivative taken directly from the inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from proofcheck.symbolic.arranging import Arrangement, legible
from proofcheck.symbolic.differential import partial
from proofcheck.symbolic.folding import Definition, fold
from proofcheck.symbolic.normal_form import Polynomial, expand, is_zero
from proofcheck.symbolic.terms import (
    ZERO,
    Const,
    Entry,
    Idx,
    Sum,
    Term,
    add,
    fresh,
    mul,
    replace_entries,
    substitute,
    subterms,
)

__all__ = ["Chain", "Definition", "Step", "StepKind"]

_MINUS_ONE = Const(Fraction(-1))


class StepKind(StrEnum):
    """What a line of a derivation is."""

    DERIVATIVE = "derivative"
    """The derivative of a quantity, by the chain rule."""
    FOLDED = "folded"
    """The line before, with one more name put in."""
    CONSTANT = "constant"
    """The quantity does not depend on the variable."""


@dataclass(frozen=True)
class Step:
    """One line of a derivation: ``∂ quantity[indices] / ∂ variable[at] = term``.

    Attributes:
        quantity: the quantity that is differentiated.
        indices: its indices.
        term: the derivative, in the chain's names; 0 for a constant.
        kind: what the line is.
        proved: the calculus proved the line for all sizes, with all definitions unfolded.
        name: the definition that the line puts in, where it is folded.
    """

    quantity: Definition
    indices: tuple[Idx, ...]
    term: Term
    kind: StepKind
    proved: bool
    name: Definition | None = None


class Chain:
    """Definitions in order, and derivations along them."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.definitions = {one.name: one for one in definitions}

    def unfold(self, term: Term) -> Term:
        """The term with every name replaced by what it is, down to the inputs."""
        for one in reversed(self.definitions.values()):
            term = replace_entries(term, one.name, one.at)
        return term

    def differentiate(self, variable: str, at: tuple[Idx, ...], last: str) -> Iterator[Step]:
        """Derivatives of what ``last`` is made of, in order, and of ``last`` itself, as steps.

        Names that no definition on the way uses (q, r and p of a gradient), and late ones, are put
        into the last derivative one after another.

        Args:
            variable: name of the input.
            at: indices of the entry of it that is varied.
            last: name of the quantity to end with.
        """
        known: dict[str, Term] = {}  # derivative of each name at its own indices
        needed = self.needed(last)
        foldable = [one for one in self.definitions.values() if one.folds]
        usual = [one for one in foldable if one.name in needed and not one.late]
        extra = [one for one in foldable if one not in usual]
        for one in self.definitions.values():
            if one.name not in needed:
                continue
            direct = partial(self.unfold(Entry(one.name, one.indices)), variable, at)
            body = fold(expand(self._slope(one, variable, at, known)), usual)
            known[one.name] = self._written(body, one, at)
            kind = StepKind.DERIVATIVE if body else StepKind.CONSTANT
            yield self._step(one, known[one.name], kind, direct)
            if one.name != last:
                continue
            for put_in in extra:
                folded = fold(body, [*usual, put_in])
                if folded != body:
                    body, usual = folded, [*usual, put_in]
                    yield self._step(one, self._written(body, one, at), StepKind.FOLDED, direct, put_in)

    def needed(self, last: str) -> frozenset[str]:
        """The names a quantity is made of, itself included."""
        found = {last}
        for one in reversed(self.definitions.values()):
            if one.name in found:
                found |= {t.name for t in subterms(one.body) if isinstance(t, Entry)}
        return frozenset(found & self.definitions.keys())

    def _step(
        self, one: Definition, term: Term, kind: StepKind, direct: Term, name: Definition | None = None
    ) -> Step:
        proved = is_zero(add(direct, mul(_MINUS_ONE, self.unfold(term))))
        return Step(one, one.indices, term, kind, proved, name)

    def _written(self, body: Polynomial, one: Definition, at: tuple[Idx, ...]) -> Term:
        names = tuple(reversed(self.definitions))
        taken = {*names, *(index.name for index in (*one.indices, *at)), *(index.dim for index in at)}
        return legible(Arrangement(names, first=at).term(body), taken)

    def _slope(self, one: Definition, variable: str, at: tuple[Idx, ...], known: Mapping[str, Term]) -> Term:
        """∂ body, by the chain rule over the names in it."""
        total = partial(one.body, variable, at)
        for name, derivative in known.items():
            if derivative == ZERO:
                continue
            earlier = self.definitions[name]
            places = tuple(fresh(i.dim, i.name) for i in earlier.indices)
            outer = partial(one.body, name, places)
            inner = substitute(derivative, dict(zip(earlier.indices, places, strict=True)))
            body = mul(outer, inner)
            for index in places:
                body = Sum(index, body)
            total = add(total, body)
        return total
