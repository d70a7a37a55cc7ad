"""Derivatives of the paper's loss: ``derive("loss-gradient")`` and its relatives."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from proofcheck.derive.forms import check_form
from proofcheck.derive.paper_chain import (
    INPUTS,
    abbreviations,
    checked,
    definitions,
    gradient_definition,
    paper_loss,
)
from proofcheck.derive.points import Comparison, Quantity, compare
from proofcheck.derive.result import Check, Derivation, Part
from proofcheck.errors import UserInputError
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.symbolic.derivation import Chain, Definition, Step
from proofcheck.symbolic.matrix_form import matrix_form
from proofcheck.symbolic.normal_form import is_zero
from proofcheck.symbolic.terms import Const, Idx, Term, add, fresh, mul, substitute

__all__ = ["TARGETS", "derive"]

TARGETS: Mapping[str, str] = {
    "loss-gradient": "X",
    "y-gradient": "Y",
    "a1-gradient": "A1",
    "a2-gradient": "A2",
    "a3-gradient": "A3",
    "hessian": "X",
}
"""What can be derived from the paper's loss, and the input it is a derivative in."""
_SECOND_ORDER_SIZES = ((1, 1), (2, 2))


def derive(target: str, *, scaled: bool = True) -> Derivation:
    """Derive one of the paper's gradients, or the Hessian, for all n and d.

    Args:
        target: one of :data:`TARGETS`.
        scaled: with the 1/d of Definition 1.2; Appendix B leaves it out.

    Raises:
        UserInputError: there is no such target.
    """
    if target not in TARGETS:
        raise UserInputError(f"no target {target!r}; expected one of {', '.join(TARGETS)}")
    start = time.perf_counter()
    variable = TARGETS[target]
    at = _places(INPUTS[variable])
    chain = Chain(definitions(scaled=scaled))
    parts = [Part(variable, at, tuple(chain.differentiate(variable, at, "L")))]
    term = parts[0].steps[-1].term
    if target == "hessian":
        chain = Chain((*abbreviations(tuple(chain.definitions.values())), gradient_definition(at, term)))
        second = _places(INPUTS[variable], "'")
        parts.append(Part(variable, second, tuple(chain.differentiate(variable, second, "G"))))
        term = parts[-1].steps[-1].term
        form = None
        checks = [
            _symmetry(chain, term, at, second),
            compare(
                Comparison(_gradient(scaled, at), INPUTS, ("d", "n"), variable, second, at, chain, term),
                patterns=_SECOND_ORDER_SIZES,
            ),
        ]
    else:
        form = matrix_form(term, *at)
        checks = [compare(Comparison(_loss(scaled), INPUTS, ("d", "n"), variable, at, (), chain, term))]
        if form is not None:
            checks.insert(0, check_form(form, chain, INPUTS, term, at))
    return Derivation(
        target=target,
        loss="L(X) = 0.5 ‖D(X)^{-1} exp(A1 X A2ᵀ%s) A3 Y − E‖_F²" % (" / d" if scaled else ""),
        inputs=tuple(INPUTS.items()),
        definitions=_shown(checked(chain, scaled=scaled), [step for part in parts for step in part.steps]),
        parts=tuple(parts),
        form=form,
        checks=tuple(checks),
        seconds=time.perf_counter() - start,
    )


def _places(dims: tuple[str, ...], prime: str = "") -> tuple[Idx, ...]:
    """Indices of an entry of an input: (a, b) of a d×d matrix, (m, a) of an n×d one."""
    letters = iter("ab")
    return tuple(fresh(dim, ("m" if dim == "n" else next(letters)) + prime) for dim in dims)


def _loss(scaled: bool) -> Quantity:
    def quantity(
        xp: StrictNamespace, arrays: Mapping[str, Array], sizes: Mapping[str, int], free: Mapping[Idx, int]
    ) -> Array:
        value: Array = paper_loss(xp, arrays, sizes["d"] if scaled else 1)
        return value

    return quantity


def _gradient(scaled: bool, at: tuple[Idx, ...]) -> Quantity:
    """One entry of the gradient in X, by dual numbers."""

    def quantity(
        xp: StrictNamespace, arrays: Mapping[str, Array], sizes: Mapping[str, int], free: Mapping[Idx, int]
    ) -> Array:
        def loss(X: Any) -> Array:
            return _loss(scaled)(xp, {**arrays, "X": X}, sizes, {})

        return xp.D(loss, arrays["X"])[tuple(free[index] for index in at)]

    return quantity


def _symmetry(chain: Chain, term: Term, first: tuple[Idx, ...], second: tuple[Idx, ...]) -> Check:
    """Whether the second derivative is the same in either order."""
    swapped = substitute(
        term, {**dict(zip(first, second, strict=True)), **dict(zip(second, first, strict=True))}
    )
    same = is_zero(chain.unfold(add(term, mul(Const(Fraction(-1)), swapped))))
    pairs = [", ".join(index.name for index in pair) for pair in (first, second)]
    return Check(f"({pairs[0]}) and ({pairs[1]}) may be exchanged: the Hessian is symmetric", same)


def _shown(
    known: Sequence[tuple[Definition, bool]], steps: Sequence[Step]
) -> tuple[tuple[Definition, bool], ...]:
    """The definitions that the steps use, and any that is not what the claims say."""
    used = {step.quantity.name for step in steps} | {
        step.name.name for step in steps if step.name is not None
    }
    return tuple((one, same) for one, same in known if one.name in used or not same)
