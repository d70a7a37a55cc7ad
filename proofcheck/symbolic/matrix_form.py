"""Matrix forms: Σ_{j,k} A1[j,a]·p[j,k]·A2[k,b] is entry (a, b) of A1ᵀ p A2.

The factors of a product are edges of a graph whose nodes are indices.  If they line up as a path from
the row index to the column index through all summed ones, the product is an entry of a product of
matrices, a factor transposed where the path runs against it.  Factors with the same two indices
are an entrywise product, one with a single index on the way is a diagonal matrix, and sums of such
products are sums of matrices.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

from proofcheck.symbolic.normal_form import expand
from proofcheck.symbolic.products import Product
from proofcheck.symbolic.terms import Delta, Entry, Idx, Term

__all__ = ["Factor", "MatrixForm", "MatrixProduct", "matrix_form"]


@dataclass(frozen=True)
class Factor:
    """One factor: arrays multiplied entrywise, each as it is or transposed.

    Attributes:
        arrays: names, each with whether it is transposed; no name stands for the identity.
        kind: a matrix, a vector on a diagonal, a vector, or a vector of ones (its size for a name).
    """

    arrays: tuple[tuple[str, bool], ...]
    kind: str = "matrix"

    @property
    def turned(self) -> bool:
        """Whether it is transposed as a whole."""
        return self.kind == "matrix" and all(transposed for _, transposed in self.arrays)

    def value(self, xp: Any, arrays: Mapping[str, Any], size: Callable[[str], Any]) -> Any:
        """The factor made of given arrays; None for the identity."""
        if self.kind == "ones":
            return xp.ones(size(self.arrays[0][0]))
        if self == _IDENTITY:
            return None
        each = [arrays[name].T if transposed else arrays[name] for name, transposed in self.arrays]
        product = reduce(lambda a, b: a * b, each)
        return xp.diag(product) if self.kind == "diagonal" else product


_IDENTITY = Factor((("", False),))


@dataclass(frozen=True)
class MatrixProduct:
    """``coefficient · Π sizes · factor · factor · …``."""

    coefficient: Fraction
    sizes: tuple[tuple[str, Fraction], ...]
    factors: tuple[Factor, ...]


@dataclass(frozen=True)
class MatrixForm:
    """A sum of products of matrices.

    Attributes:
        products: the products; none is 0.
        shape: the sizes of the sum.
    """

    products: tuple[MatrixProduct, ...]
    shape: tuple[str, ...]

    def text(self) -> str:
        """For reading, as in ``A1ᵀ p A2 / d``."""
        return _Writing(None).form(self)

    def latex(self, symbol: Callable[[str], str]) -> str:
        """For LaTeX, with names written by ``symbol``."""
        return _Writing(symbol).form(self)

    def value(self, xp: Any, arrays: Mapping[str, Any], size: Callable[[str], Any]) -> Any:
        """The matrix or vector made of given arrays, in the arithmetic of a namespace.

        Args:
            xp: a namespace of statements.
            arrays: what the names stand for.
            size: what a size symbol stands for, as something to multiply by.
        """
        total = 0 * xp.ones(*(size(dim) for dim in self.shape))
        for product in self.products:
            values = [factor.value(xp, arrays, size) for factor in product.factors]
            kept = [value for value in values if value is not None]
            term = reduce(lambda a, b: a @ b, kept) if kept else xp.eye(size(self.shape[0]))
            for dim, power in product.sizes:
                for _ in range(abs(int(power))):
                    term = term * size(dim) if power > 0 else term / size(dim)
            total = total + product.coefficient * term
        return total


def matrix_form(term: Term, row: Idx, column: Idx | None = None) -> MatrixForm | None:
    """The matrix whose entries the term gives, or the vector if there is no column.

    Returns:
        None if the factors of some product line up in no such way.
    """
    products = [_matrix_product(product, row, column) for product in expand(term)]
    found = [product for product in products if product is not None]
    if len(found) < len(products):
        return None
    found.sort(key=lambda one: (one.coefficient < 0, [factor.arrays for factor in one.factors]))
    return MatrixForm(tuple(found), (row.dim,) if column is None else (row.dim, column.dim))


def _matrix_product(product: Product, row: Idx, column: Idx | None) -> MatrixProduct | None:
    edges: dict[frozenset[Idx], list[tuple[str, tuple[Idx, ...]]]] = {}
    for atom, power in product.atoms:
        if power.denominator != 1 or power < 1 or not isinstance(atom, (Entry, Delta)):
            return None
        name, at = (atom.name, atom.indices) if isinstance(atom, Entry) else ("", (atom.left, atom.right))
        if not 1 <= len(at) <= 2 or len(set(at)) < len(at):
            return None
        edges.setdefault(frozenset(at), []).extend([(name, at)] * int(power))
    factors: list[Factor] = []
    current, waiting = row, set(product.bound)
    while True:
        if loop := edges.pop(frozenset((current,)), None):
            # A vector that the path ends in is a factor by itself; on the way it is a diagonal.
            kind = "vector" if column is None and not edges else "diagonal"
            factors.append(Factor(tuple((name, False) for name, _ in loop), kind))
            if kind == "vector":
                break
        if current == column:
            break
        onward = [edge for edge in edges if current in edge and len(edge) == 2]
        if column is None and not onward and current != row:
            factors.append(Factor(((current.dim, False),), "ones"))
            break
        if len(onward) != 1:
            return None
        ((following,),) = (onward[0] - {current},)
        if following not in waiting and following != column:
            return None
        factors.append(Factor(tuple((name, at[0] != current) for name, at in sorted(edges.pop(onward[0])))))
        waiting.discard(following)
        current = following
    if edges or waiting:
        return None
    # A Kronecker delta is symmetric.
    factors = [_IDENTITY if one.arrays == (("", True),) else one for one in factors]
    return MatrixProduct(product.coefficient, product.sizes, tuple(factors))


# --- writing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Writing:
    """How a form is written: as text, or as LaTeX with a function that writes names."""

    symbol: Callable[[str], str] | None

    def form(self, form: MatrixForm) -> str:
        minus = "−" if self.symbol is None else "-"
        text = ""
        for product in form.products:
            negative = product.coefficient < 0
            sign = (f" {minus} " if negative else " + ") if text else (minus if negative else "")
            text += sign + self.product(product)
        return text or "0"

    def product(self, product: MatrixProduct) -> str:
        coefficient = abs(product.coefficient)
        above = [str(coefficient.numerator)] if coefficient.numerator != 1 else []
        below = [str(coefficient.denominator)] if coefficient.denominator != 1 else []
        for dim, power in product.sizes:
            (above if power > 0 else below).append(self.power(dim, abs(power)))
        body = self.chain(product.factors)
        if self.symbol is None:
            over = " / " + (below[0] if len(below) == 1 else f"({' '.join(below)})") if below else ""
            return " ".join([*above, body]) + over
        if below:
            return rf"\frac{{{' '.join(above) or '1'}}}{{{' '.join(below)}}}\, {body}"
        return r"\, ".join([*above, body])

    def power(self, dim: str, power: Fraction) -> str:
        if power == 1:
            return dim
        return f"{dim}^{power}" if self.symbol is None else f"{dim}^{{{power}}}"

    def chain(self, factors: Sequence[Factor]) -> str:
        """The factors in order; neighbours that are all transposed become the transpose of a product."""
        words: list[str] = []
        for turned, group in itertools.groupby((f for f in factors if f != _IDENTITY), lambda f: f.turned):
            if not turned:
                words += map(self.factor, group)
                continue
            inside = [self.factor(_untransposed(factor)) for factor in reversed(list(group))]
            body = inside[0] if len(inside) == 1 else f"({' '.join(inside)})"
            words.append(body + self.transposed)
        return " ".join(words) or "I"

    def factor(self, factor: Factor) -> str:
        if factor.kind == "ones":
            return (
                f"1_{factor.arrays[0][0]}"
                if self.symbol is None
                else rf"\mathbf{{1}}_{{{factor.arrays[0][0]}}}"
            )
        circle = " ∘ " if self.symbol is None else r" \circ "
        write = self.symbol or str
        words = [write(name) + (self.transposed if turned else "") for name, turned in factor.arrays]
        if factor.kind == "diagonal":
            return ("diag" if self.symbol is None else r"\operatorname{diag}") + f"({circle.join(words)})"
        return f"({circle.join(words)})" if len(words) > 1 else words[0]

    @property
    def transposed(self) -> str:
        return "ᵀ" if self.symbol is None else r"^\top"


def _untransposed(factor: Factor) -> Factor:
    return Factor(tuple((name, False) for name, _ in factor.arrays))
