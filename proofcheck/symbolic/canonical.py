"""Canonical texts: equal for polynomials that differ only in names of summed indices and in order.

A text spells its polynomial out in full, so equal texts mean equal polynomials.  Summed indices are
labelled by colour refinement, and where that leaves some alike by trying each of them first
(individualisation); the least text wins.  Labels carry how deeply sums are nested below them, so
that no label inside a scope is also one of a scope around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from proofcheck.errors import OutsideCalculusError
from proofcheck.symbolic.products import (
    Atom,
    Factor,
    Polynomial,
    Product,
    Scope,
    Scoped,
    components,
    free_indices,
    free_of_polynomial,
)
from proofcheck.symbolic.terms import Delta, Entry, Idx

__all__ = ["atom_key", "closed", "factors_key", "forget_scopes"]
__all__ += ["limited", "polynomial_key", "product_key", "spend"]

MOST_STEPS = 100_000
"""How many steps one normal form may take: a second or two."""
_MOST_LABELLINGS = 300
_MOST_KEYS = 500

_steps_left: ContextVar[list[int] | None] = ContextVar("steps_left", default=None)
_NO_NAMES: Mapping[Idx, str] = {}


@contextmanager
def limited() -> Iterator[None]:
    """Everything inside takes at most :data:`MOST_STEPS` steps together."""
    if _steps_left.get() is not None:
        yield
        return
    token = _steps_left.set([MOST_STEPS])
    try:
        yield
    finally:
        _steps_left.reset(token)


def spend(steps: int) -> None:
    """Count steps.

    Raises:
        OutsideCalculusError: there were too many.
    """
    left = _steps_left.get()
    if left is not None:
        left[0] -= steps
        if left[0] < 0:
            raise OutsideCalculusError(f"the normal form takes more than {MOST_STEPS} steps")


# --- texts ---------------------------------------------------------------------------------------


def polynomial_key(body: Iterable[Product], names: Mapping[Idx, str] = _NO_NAMES) -> str:
    """The canonical text of a polynomial, its free indices called by ``names``."""
    return "+".join(sorted(f"{p.coefficient}{_sizes(p)}{product_key(p, names)}" for p in body))


def _sizes(product: Product) -> str:
    return "".join(f"·{dim!r}^{power}" for dim, power in product.sizes)


def product_key(product: Product, names: Mapping[Idx, str] = _NO_NAMES) -> str:
    """The canonical text of a product without its coefficient and sizes.

    Raises:
        OutsideCalculusError: too many summed indices look alike.
    """
    if not product.bound:
        return _loose_key(product.atoms, names)
    inside: set[int] = set()
    sums = []
    for indices, places in components(product):
        inside.update(places)
        sums.append(factors_key(indices, [product.atoms[place] for place in places], names))
    loose = [factor for place, factor in enumerate(product.atoms) if place not in inside]
    return f"{_loose_key(loose, names)}{''.join(sorted(sums))}"


def factors_key(
    indices: Sequence[Idx], factors: Sequence[Factor], names: Mapping[Idx, str] = _NO_NAMES
) -> str:
    """The canonical text of a sum over indices that cannot be split into a product of sums."""
    height = 1 + max((a.scope.height for a, _ in factors if isinstance(a, Scoped)), default=0)
    best = None
    for count, order in enumerate(_labellings(indices, factors, names)):
        if count == _MOST_LABELLINGS:
            raise OutsideCalculusError(f"{len(indices)} summation indices are too alike to be told apart")
        labels = {index: f"b{height}.{place}:{index.dim!r}" for place, index in enumerate(order)}
        key = _loose_key(factors, {**names, **labels})
        best = key if best is None else min(best, key)
    return f"Σ{sorted(index.dim for index in indices)}{{{best}}}"


def _loose_key(factors: Iterable[Factor], names: Mapping[Idx, str]) -> str:
    return "".join(sorted(f"·{atom_key(atom, names)}^{power}" for atom, power in factors))


def atom_key(atom: Atom, names: Mapping[Idx, str] = _NO_NAMES) -> str:
    """The canonical text of an atom."""
    texts = [names.get(i) or f"f{i.number}:{i.dim!r}" for i in free_indices(atom)]
    if isinstance(atom, Entry):
        return f"{atom.name!r}[{','.join(texts)}]"
    if isinstance(atom, Delta):
        return f"δ[{','.join(sorted(texts))}]"
    scope = atom.scope
    at = tuple(texts)
    key = scope.keys.get(at)
    if key is None:
        key = polynomial_key(scope.body, dict(zip(scope.parameters, at, strict=True)))
        if len(scope.keys) > _MOST_KEYS:
            scope.keys.clear()
        scope.keys[at] = key
    return f"{type(atom).__name__}({key})"


# --- labels --------------------------------------------------------------------------------------


def _labellings(
    indices: Sequence[Idx], factors: Sequence[Factor], names: Mapping[Idx, str]
) -> Iterator[Sequence[Idx]]:
    """Orders of the indices; which orders there are does not depend on what the indices are called."""
    if len(indices) == 1:
        yield indices
        return
    touching: dict[Idx, list[Factor]] = {index: [] for index in indices}
    for factor in factors:
        for index in set(free_indices(factor[0])):
            if index in touching:
                touching[index].append(factor)
    yield from _refinements(touching, names, {index: f"c:{index.dim!r}" for index in indices})


def _refinements(
    touching: Mapping[Idx, Sequence[Factor]], names: Mapping[Idx, str], colours: Mapping[Idx, str]
) -> Iterator[Sequence[Idx]]:
    colours = _refined(touching, names, colours)
    cells: dict[str, list[Idx]] = {}
    for index, colour in colours.items():
        cells.setdefault(colour, []).append(index)
    alike = min((colour for colour, cell in cells.items() if len(cell) > 1), default=None)
    if alike is None:
        yield [cells[colour][0] for colour in sorted(cells)]
        return
    for index in cells[alike]:
        yield from _refinements(touching, names, {**colours, index: f"{alike}!"})


def _refined(
    touching: Mapping[Idx, Sequence[Factor]], names: Mapping[Idx, str], colours: Mapping[Idx, str]
) -> Mapping[Idx, str]:
    """Tell indices apart by the factors around them, until nothing changes."""
    while True:
        number = len(set(colours.values()))
        if number == len(colours):
            return colours
        view = {**names, **colours}
        signatures = {}
        for index, factors in touching.items():
            spend(len(factors))
            view[index] = "*"
            around = sorted(f"{atom_key(atom, view)}^{power}" for atom, power in factors)
            view[index] = colours[index]
            signatures[index] = (colours[index], *around)
        ranks = {signature: rank for rank, signature in enumerate(sorted(set(signatures.values())))}
        colours = {index: f"c{ranks[signatures[index]]}:{index.dim!r}" for index in touching}
        if len(ranks) == number:
            return colours


# --- closing -------------------------------------------------------------------------------------

_MOST_SCOPES = 20_000
_scopes: dict[str, Scope] = {}


def closed(body: Polynomial) -> tuple[Scope, tuple[Idx, ...]]:
    """The polynomial as a function of its free indices, and those indices; equal ones share a scope."""
    free = sorted(free_of_polynomial(body))
    if len(free) > 1:
        others = {index: f"?:{index.dim!r}" for index in free}
        signatures = {i: polynomial_key(body, {**others, i: f"*:{i.dim!r}"}) for i in free}
        free.sort(key=lambda index: signatures[index])
    key = polynomial_key(body, {index: f"p{place}:{index.dim!r}" for place, index in enumerate(free)})
    if len(_scopes) > _MOST_SCOPES:
        _scopes.clear()
    scope = _scopes.setdefault(key, Scope(tuple(free), body))
    return scope, tuple(free)


def forget_scopes() -> None:
    """Forget what is known about polynomials seen before; only time is lost."""
    _scopes.clear()
