"""Whether a changed relation follows from the claim it was made from, all sizes at once.

A claim over all P also speaks of its transpose, and one over [-1, 1] of −P and of 0: a mutant that only
renames an input so is no other claim.  Nor is one that says what another relation of the claim says.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from proofcheck.checks.binding import draw_point, evaluate, index_tuples
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import Domain, Real
from proofcheck.claims.proposition import AtMost, Atom, Equal, Proposition, all_of, at_most, atoms, equal
from proofcheck.mutation import Mutant
from proofcheck.namespaces.scalars import Running
from proofcheck.namespaces.strict import StrictNamespace

__all__ = ["consequence"]

_CONSTANTS = (0, 1, -1)


@dataclass(frozen=True)
class _Renaming:
    """Other members of the domains of some inputs, for each of their members."""

    names: Sequence[str]
    words: str
    apply: Callable[[Any], Any]


def consequence(mutant: Mutant, proof: Callable[[Form], str]) -> str:
    """How a mutant follows from its claim, in words; empty if it is not seen to.

    Args:
        mutant: one with a changed relation, whose hypotheses are as they were.
        proof: in words how a form is proved; empty if it is not.
    """
    whole = _Source(mutant.whole, "another relation of the claim")
    renamed = [
        _Source(mutant.original, f"the original with {one.words} for {', '.join(one.names)}", one)
        for one in _renamings(mutant.original)
    ]
    reasons = []
    for number in range(_count(mutant.form)):
        reason = next(
            (
                source.words
                for source in (whole, *renamed)
                for old in range(_count(source.form))
                for turned in (False, True)
                if proof(_from(source, old, mutant.form, number, turned))
            ),
            "",
        )
        if not reason:
            return ""
        reasons.append(reason)
    return f"follows from {' and '.join(dict.fromkeys(reasons))}"


@dataclass(frozen=True)
class _Source:
    """A form that stands, perhaps at another input."""

    form: Form
    words: str
    renaming: _Renaming | None = None

    def relations(self, xp: Any, symbols: dict[str, Any]) -> list[Atom]:
        """Its relations at the inputs of the mutant."""
        values = {name: symbols[name] for name in self.form.parameters}
        if self.renaming is not None:
            for name in self.renaming.names:
                values[name] = self.renaming.apply(values[name])
        return list(atoms(self.form.statement(xp, **values)))


def _renamings(form: Form) -> Iterator[_Renaming]:
    """Other members of the domains; none where a further hypothesis ties the inputs together."""
    if form.where is not None:
        return
    inputs = {name: domain for name, domain in form.domains().items() if name in form.parameters}
    square = tuple(
        name
        for name, domain in inputs.items()
        if domain.is_entrywise and len(domain.dims) == 2 and domain.dims[0] == domain.dims[1]
    )
    for names in dict.fromkeys((*((name,) for name in square), *([square] if square else []))):
        yield _Renaming(names, "the transpose", lambda value: value.T)
    for name, domain in inputs.items():
        if type(domain) is Real:
            yield _Renaming([name], f"-{name}", operator.neg)
        if domain.is_entrywise and domain.bounds is not None:
            total = sum(domain.bounds)
            yield _Renaming([name], f"{total} - {name}", partial(operator.sub, total))
        for constant in _CONSTANTS:
            if _holds_constant(domain, constant):
                yield _Renaming([name], str(constant), partial(_everywhere, constant))


def _everywhere(constant: int, value: Any) -> Any:
    return 0 * value + constant


def _holds_constant(domain: Domain, constant: int) -> bool:
    """Whether the array of this one number is a member, whatever its size."""
    small = np.full((2,) * len(domain.dims), Fraction(constant), dtype=object)
    return domain.contains(small)


def _count(form: Form) -> int:
    """How many relations a form has."""
    sizes = dict.fromkeys(form.size_symbols, 2)
    point = draw_point(form, sizes, np.random.default_rng(0), scale=Fraction(1))
    return len(list(evaluate(form, StrictNamespace(Running.of), sizes, point, index_tuples(form, sizes)[0])))


def _from(source: _Source, old: int, form: Form, new: int, turned: bool) -> Form:
    """The source's relation, and what is enough for the form's to follow from it.

    ``turned``: compared with the transpose of the form's, which says the same.
    """

    def statement(xp: Any, **symbols: Any) -> Any:
        known = source.relations(xp, symbols)[old]
        values = {name: symbols[name] for name in form.parameters}
        return all_of(known, _enough(known, list(atoms(form.statement(xp, **values)))[new], turned))

    # What binds a statement's symbols reads them from its signature.
    names = dict.fromkeys((*source.form.parameters, *form.parameters))
    statement.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("xp", *names)]
    )
    return replace(form, statement=statement)


def _transposed(side: Any) -> Any:
    """Of both sides of a relation, which then says the same; a number stays."""
    return side.T if getattr(side, "shape", ()) else side


def _enough(known: Atom, wanted: Atom, turned: bool) -> Proposition:
    if isinstance(known, AtMost) and isinstance(wanted, AtMost):
        left, right = (_transposed(side) if turned else side for side in (wanted.left, wanted.right))
        return all_of(at_most(left, known.left), at_most(known.right, right))
    if not turned and isinstance(known, Equal) and isinstance(wanted, Equal):
        return all_of(equal(wanted.left, known.left), equal(wanted.right, known.right))
    return equal(0, 1)  # of another kind: nothing is seen to follow
