"""Gradients of a user's own loss, given as an expression of the matrix language.

Softmaxes, and what is squared in ``norm2``, become named quantities of a chain, so that long derivatives
stay readable; the rest is the same as for the paper's loss.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from proofcheck.derive.forms import check_form
from proofcheck.derive.language import FUNCTIONS, Declaration, Expression, Interpreter, parse_declaration
from proofcheck.derive.points import Comparison, Quantity, compare
from proofcheck.derive.result import Derivation, Part
from proofcheck.errors import OutsideCalculusError, UserInputError
from proofcheck.namespaces.indexed import IndexedArray, IndexedNamespace
from proofcheck.namespaces.strict import Array, StrictNamespace
from proofcheck.symbolic.arranging import legible
from proofcheck.symbolic.decide import assumptions
from proofcheck.symbolic.derivation import Chain, Definition
from proofcheck.symbolic.differential import partial
from proofcheck.symbolic.matrix_form import matrix_form
from proofcheck.symbolic.terms import Entry, Idx, Sum, Term, fresh, indices_of, mul, power, subterms

__all__ = ["derive_expression"]

_LONGEST_RAW = 100  # parts of a term; a longer one is no help to a reader


def derive_expression(source: str, given: Sequence[str], wrt: str | None) -> Derivation:
    """Derive the gradient of a scalar expression for all sizes.

    Args:
        source: the loss, for example ``0.5 * norm2(A @ x - b)``.
        given: declarations such as ``A: n d``, ``x: d`` and ``i: index n``.
        wrt: the array to differentiate in.

    Returns:
        A derivation whose ``failure`` says so if the expression is outside the calculus.

    Raises:
        UserInputError: the expression or a declaration cannot be used.
    """
    start = time.perf_counter()
    loss = _Loss(source, given, wrt)
    try:
        derivation = loss.derivation()
    except OutsideCalculusError as error:
        derivation = Derivation(source, source, loss.inputs, failure=f"outside the calculus: {error}")
    except ZeroDivisionError as error:
        raise UserInputError(f"expression: it divides by something that is 0 everywhere ({error})") from error
    return replace(derivation, seconds=time.perf_counter() - start)


class _Loss:
    """An expression with its declarations, and the chain that is made while it is interpreted."""

    def __init__(self, source: str, given: Sequence[str], wrt: str | None) -> None:
        self.declared = _declarations(given)
        self.sizes = sorted({dim for one in self.declared.values() for dim in one.dims})
        arrays = [one.name for one in self.declared.values() if not one.is_index]
        wrt = None if wrt is None else unicodedata.normalize("NFKC", wrt)  # as Python reads names
        if wrt not in arrays:
            raise UserInputError(
                f"--wrt {wrt or '(missing)'}: expected one of the arrays that --given declares: "
                f"{', '.join(arrays) or 'none'}"
            )
        self.wrt = wrt
        self.expression = Expression(source)
        self.inputs = tuple((name, self.declared[name].dims) for name in arrays)
        self._definitions: list[Definition] = []
        self._taken = {*self.declared, *self.sizes, *FUNCTIONS}

    def derivation(self) -> Derivation:
        """The whole of it, but for the time."""
        xp = IndexedNamespace(self.sizes)
        value, free = self._indexed(xp)
        if value.axes:
            raise UserInputError(
                f"expression: the loss is no scalar, its shape is {'×'.join(map(str, value.shape))}; "
                "sum(...) and norm2(...) make a scalar of it"
            )
        last = Definition(self._name("L"), (), value.entry(), "the expression", folds=False)
        chain = Chain((*self._definitions, last))
        letters = (
            name for name in ("a", "b", "e", "g", *(f"a{k}" for k in range(9))) if name not in self._taken
        )
        at = tuple(fresh(dim, next(letters)) for dim in self.declared[self.wrt].dims)
        steps = tuple(chain.differentiate(self.wrt, at, last.name))
        term = steps[-1].term
        whole = chain.unfold(last.body)
        inputs = dict(self.inputs)
        form = matrix_form(term, *at) if len(at) in (1, 2) else None
        checks = [] if form is None else [check_form(form, chain, inputs, term, at)]
        used = {index: name for name, index in free.items() if index in _indices(whole)}
        quantity = self._strict(used)
        what = Comparison(quantity, inputs, tuple(self.sizes), self.wrt, at, tuple(used), chain, term)
        checks.append(compare(what))
        return Derivation(
            target=self.expression.source,
            loss=self.expression.source,
            inputs=self.inputs,
            definitions=tuple((one, True) for one in chain.definitions.values()),
            parts=(Part(self.wrt, at, steps, self._raw(whole, at)),),
            form=form,
            checks=tuple(checks),
            conditions=assumptions(whole),
        )

    def _indexed(self, xp: IndexedNamespace) -> tuple[IndexedArray, dict[str, Idx]]:
        """The loss as terms, and what its declared indices are."""
        names: dict[str, Any] = {}
        free: dict[str, Idx] = {}
        for one in self.declared.values():
            axes = [xp.size(dim) for dim in one.dims]
            if one.is_index:
                names[one.name] = xp.index(one.name, axes[0])
                (free[one.name],) = xp.decode(names[one.name], one.dims)
            else:
                names[one.name] = xp.input(one.name, axes)
        sizes = {dim: xp.size(dim) for dim in self.sizes}
        interpreter = Interpreter(self.expression, xp, names, sizes, xp.scalar, self._named)
        value: IndexedArray = interpreter.value()
        return value, free

    def _strict(self, free: Mapping[Idx, str]) -> Quantity:
        """The loss at fixed sizes, from the same text."""

        def quantity(
            xp: StrictNamespace, arrays: Mapping[str, Array], sizes: Mapping[str, int], at: Mapping[Idx, int]
        ) -> Array:
            unused = {one.name: 1 for one in self.declared.values() if one.is_index}
            names = {**arrays, **unused, **{name: at[index] for index, name in free.items()}}
            value: Array = Interpreter(self.expression, xp, names, sizes, xp.array).value()
            return value

        return quantity

    def _raw(self, whole: Term, at: tuple[Idx, ...]) -> Term | None:
        """The derivative as the rules give it."""
        raw = partial(whole, self.wrt, at)
        if sum(1 for _ in subterms(raw)) > _LONGEST_RAW:
            return None
        return legible(raw, {*self._taken, *(index.name for index in at)})

    # --- names for parts --------------------------------------------------------------------------

    def _named(self, function: str, argument: Any) -> Any:
        """Name what a softmax or a squared norm is made of; the value of the call."""
        if function == "softmax" and len(argument.axes) in (1, 2):
            return self._softmax(argument)
        if function == "norm2":
            named = self._defined("c", argument, folds=True)
            return argument.xp.sum(named * named)
        return None

    def _softmax(self, scores: IndexedArray) -> IndexedArray:
        xp = scores.xp
        weights = self._defined("u", xp.exp(self._defined("s", scores, folds=False)), folds=True)
        *before, last = weights.axes
        total = IndexedArray(
            xp,
            before,
            lambda *at: _summed(last, lambda inner: weights.entry(*at, inner)),
        )
        normaliser = self._defined("α", total, folds=True)
        softmax = IndexedArray(
            xp, weights.axes, lambda *at: mul(power(normaliser.entry(*at[:-1]), -1), weights.entry(*at))
        )
        return self._defined("f", softmax, folds=True)

    def _defined(self, name: str, value: IndexedArray, *, folds: bool) -> IndexedArray:
        """Give a value a name, unless it has one."""
        letters = iter("jklm")
        places = tuple(tuple(fresh(dim, next(letters, "k")) for dim in axis) for axis in value.axes)
        body = value.entry(*places)
        if isinstance(body, Entry):
            return value
        name = self._name(name)
        indices = tuple(index for place in places for index in place)
        self._definitions.append(Definition(name, indices, body, "named here", folds=folds))
        return IndexedArray(
            value.xp, value.axes, lambda *at: Entry(name, tuple(i for place in at for i in place))
        )

    def _name(self, wanted: str) -> str:
        name = next(
            one for one in (wanted, *(f"{wanted}{k}" for k in range(2, 10_000))) if one not in self._taken
        )
        self._taken.add(name)
        return name


def _indices(term: Term) -> set[Idx]:
    return {index for part in subterms(term) for index in indices_of(part)}


def _summed(axis: tuple[str, ...], body: Any) -> Term:
    place = tuple(fresh(dim, "k") for dim in axis)
    total: Term = body(place)
    for index in place:
        total = Sum(index, total)
    return total


def _declarations(given: Sequence[str]) -> dict[str, Declaration]:
    found: dict[str, Declaration] = {}
    for text in given:
        one = parse_declaration(text)
        if one.name in found:
            raise UserInputError(f"--given {text!r}: {one.name} is declared twice")
        found[one.name] = one
    for one in found.values():
        for dim in one.dims:
            if dim in found or dim in FUNCTIONS:
                raise UserInputError(
                    f"--given: {dim} is the size of {one.name} and also a name; choose another for either"
                )
    return found
