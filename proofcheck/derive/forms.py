"""Matrix forms checked: the matrix that was recognised, multiplied out again as a statement would be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from proofcheck.derive.result import Check
from proofcheck.namespaces.indexed import IndexedArray, IndexedNamespace
from proofcheck.symbolic.derivation import Chain
from proofcheck.symbolic.matrix_form import MatrixForm
from proofcheck.symbolic.normal_form import is_zero
from proofcheck.symbolic.terms import Const, Entry, Idx, Term, add, mul

__all__ = ["check_form"]


def check_form(
    form: MatrixForm, chain: Chain, inputs: Mapping[str, tuple[str, ...]], term: Term, at: tuple[Idx, ...]
) -> Check:
    """Prove that the entries of a matrix form are a term, names unfolded on both sides."""
    dims = dict(inputs)
    dims |= {name: tuple(i.dim for i in one.indices) for name, one in chain.definitions.items()}
    xp = IndexedNamespace(sorted({dim for shape in dims.values() for dim in shape}))
    arrays = {
        name: IndexedArray(xp, [(dim,) for dim in shape], _entries(chain, name))
        for name, shape in dims.items()
    }
    value = form.value(xp, arrays, xp.size).entry(*((index,) for index in at))
    same = is_zero(add(value, mul(Const(Fraction(-1)), chain.unfold(term))))
    return Check("the matrix, multiplied out, has these entries", same)


def _entries(chain: Chain, name: str) -> Callable[..., Term]:
    return lambda *places: chain.unfold(Entry(name, tuple(index for (index,) in places)))
