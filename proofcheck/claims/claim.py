"""A claim: one statement of a paper, as printed and, where that fails, as mended.

A statement is written once, as a function of ``xp`` and of its symbols, and returns a proposition.
A claim has no status of its own: :mod:`proofcheck.claims.status` computes one from verdicts.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from proofcheck.claims.domains import Domain, Index
from proofcheck.claims.verdict import Level
from proofcheck.errors import ClaimDefinitionError, DeclarationError, FreeSymbolError

__all__ = [
    "Claim",
    "Declaration",
    "Family",
    "Form",
    "Kind",
    "Seriousness",
    "forget",
    "registered",
    "source_of",
]

Declaration = Domain | Index | tuple[Domain, ...]
Statement = Callable[..., Any]


class Kind(StrEnum):
    """What sort of statement a claim is."""

    DEFINITION = "definition"
    FACT = "fact"
    LEMMA = "lemma"
    THEOREM = "theorem"
    REMARK = "remark"
    FIGURE = "figure"
    HYPOTHESIS = "hypothesis"
    """A conjecture others rest on; it has no statement to check."""
    CITED = "cited"
    """A result of another work, taken over."""
    DERIVED = "derived"
    """Not printed anywhere: derived here."""
    PROOF = "proof"
    """What a printed proof says beyond the statement it proves."""


class Seriousness(StrEnum):
    """How serious it is that a printed form does not stand."""

    TYPOGRAPHICAL = "typographical"
    CONSTANT = "constant"
    """The statement stands with another constant, factor, sign or exponent."""
    HYPOTHESIS = "hypothesis"
    """The statement stands under other hypotheses."""
    GAP = "gap in a proof"


@dataclass(frozen=True)
class Family:
    """Inputs made from base inputs and a size t, along which a hidden constant is to be refuted.

    Attributes:
        make: a function of ``xp`` and of base inputs, their sizes and ``t``; it gives every symbol of the
            statement by name.
        given: what each base input ranges over.
        words: the inputs in words.
    """

    make: Callable[..., Mapping[str, Any]]
    given: Mapping[str, Domain]
    words: str

    @property
    def size_symbols(self) -> tuple[str, ...]:
        """Size symbols of the base inputs, sorted."""
        return tuple(sorted(frozenset[str]().union(*(domain.symbols for domain in self.given.values()))))


@dataclass(frozen=True)
class Form:
    """One form of a statement: printed or mended.

    Attributes:
        name: ``"printed"`` or ``"mended"``.
        statement: the function of ``xp`` and the symbols.
        given: what each symbol ranges over.
        where: an optional further hypothesis, a function like the statement; prefer a domain.
        because: what was wrong with the printed form (mended forms only).
        sizes: sizes per level that replace the defaults.
        family: inputs that are to refute a hidden constant of the statement.
        serious: how serious the fault of the printed form is, where that was said (mended forms only).
    """

    name: str
    statement: Statement
    given: Mapping[str, Declaration]
    where: Statement | None = None
    because: str = ""
    sizes: Mapping[Level, tuple[Mapping[str, int], ...]] | None = None
    family: Family | None = None
    serious: Seriousness | None = None

    @property
    def size_symbols(self) -> tuple[str, ...]:
        """Size symbols of all declarations, sorted."""
        symbols: set[str] = set()
        for declaration in self.given.values():
            for one in declaration if isinstance(declaration, tuple) else (declaration,):
                symbols |= one.symbols
        return tuple(sorted(symbols))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The statement's symbols: its parameters after ``xp``."""
        return tuple(inspect.signature(self.statement).parameters)[1:]

    @property
    def source(self) -> str:
        """The Python source of the statement; empty when it cannot be had."""
        return source_of(self.statement)

    @property
    def place(self) -> tuple[str | None, int | None]:
        """File and line of the statement; of one made in a notebook, nothing."""
        if _has_no_file(self.statement):
            return None, None
        try:
            file = inspect.getsourcefile(self.statement)
            return file, inspect.getsourcelines(self.statement)[1]
        except (OSError, TypeError):
            return None, None

    def domains(self) -> dict[str, Domain]:
        """Arrays and scalars by symbol; the first declaration where there are several."""
        chosen = {k: v[0] if isinstance(v, tuple) else v for k, v in self.given.items()}
        return {name: one for name, one in chosen.items() if isinstance(one, Domain)}

    def indices(self) -> dict[str, Index]:
        """Universally quantified indices by symbol."""
        return {name: one for name, one in self.given.items() if isinstance(one, Index)}

    def check_declarations(self) -> None:
        """Every symbol is declared, once and without contradiction.

        Raises:
            DeclarationError: two declarations of one symbol disagree.
            FreeSymbolError: a parameter that is neither given nor a size.
        """
        sizes = self.size_symbols
        for name, declaration in self.given.items():
            declared = declaration if isinstance(declaration, tuple) else (declaration,)
            words = [one.describe() for one in declared] + ["a size"] * (name in sizes)
            if len(set(map(_identity, declared))) > 1 or name in sizes:
                raise DeclarationError(f"{name} is declared as {' and as '.join(words)}")
        for function in (self.statement, self.where):
            if function is None:
                continue
            for name in tuple(inspect.signature(function).parameters)[1:]:
                if name not in self.given and name not in sizes:
                    raise FreeSymbolError(f"symbol {name} is used but nothing declares it")


def source_of(function: Callable[..., Any]) -> str:
    """The Python source of a function, decorators included; empty when it cannot be had."""
    if _has_no_file(function):
        return ""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def _has_no_file(function: Callable[..., Any]) -> bool:
    """Whether it comes from ``eval`` or ``python -c``: Python 3.13 takes the text of one for the other's."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code is not None and code.co_filename == "<string>"


def _identity(one: Domain | Index) -> tuple[Any, ...]:
    return (type(one), one.describe())


_registry: dict[str, list[Claim]] = {}


def registered(module: str) -> tuple[Claim, ...]:
    """The claims made by a module, in the order they were made."""
    return tuple(_registry.get(module, ()))


def forget(module: str) -> None:
    """Drop a module's claims, before it is executed anew."""
    _registry.pop(module, None)


class Claim:
    """One numbered statement.

    Args:
        id: unique id such as ``"lem:B.1.5"``.
        kind: what sort of statement it is.
        title: a few words.
        source: where it stands: paper, number, page or section.
        quote: the statement in the paper's words and formulas, beside which a reader compares the code.
        formula: the formula in LaTeX, without dollar signs.
        given: what each symbol ranges over; the statement's parameters are drawn from here and from
            the size symbols in the dimensions.
        uses: ids of claims this one is built on.
        assumes: ids of hypotheses it is conditional on.

    Raises:
        ClaimDefinitionError: an empty id or source, or a form declared twice.
    """

    def __init__(
        self,
        id: str,
        *,
        kind: Kind,
        title: str,
        source: str,
        quote: str,
        formula: str = "",
        given: Mapping[str, Declaration] | None = None,
        uses: Sequence[str] = (),
        assumes: Sequence[str] = (),
    ) -> None:
        if not id or not source or not quote:
            raise ClaimDefinitionError(f"claim {id!r}: id, source and quote must not be empty")
        if isinstance(uses, str) or isinstance(assumes, str):
            raise ClaimDefinitionError(f"claim {id!r}: uses and assumes are sequences of ids, not one string")
        self.id = id
        self.kind = Kind(kind)
        self.title = title
        self.source = source
        self.quote = quote
        self.formula = formula
        self.given = dict(given or {})
        self.uses = tuple(uses)
        self.assumes = tuple(assumes)
        self.printed_form: Form | None = None
        self.mended_form: Form | None = None
        self._family: Family | None = None
        self._sizes: dict[Level, tuple[Mapping[str, int], ...]] = {}
        self.module: str = sys._getframe(1).f_globals.get("__name__", "__main__")
        own = _registry.setdefault(self.module, [])
        # In a notebook a cell is run again: the newer claim takes the older one's place.
        if self.module == "__main__":
            own[:] = [claim for claim in own if claim.id != id]
        own.append(self)

    def printed(self, statement: Statement) -> Statement:
        """Decorator: the statement exactly as printed, slips included.

        Args:
            statement: a function of ``xp`` and of the symbols that the claim declares, sizes among them.

        Raises:
            ClaimDefinitionError: there is a printed form already.
        """
        if self.printed_form is not None:
            raise ClaimDefinitionError(f"claim {self.id!r}: a second printed form")
        self.printed_form = Form("printed", statement, self.given)
        return statement

    def mended(
        self,
        *,
        because: str,
        given: Mapping[str, Declaration] | None = None,
        where: Statement | None = None,
        serious: Seriousness | None = None,
    ) -> Callable[[Statement], Statement]:
        """Decorator: the form that stands, beside a printed one that does not.

        Args:
            because: what is wrong with the printed form.
            given: declarations that replace or extend the claim's.
            where: a further hypothesis.
            serious: how serious that is; by default the list of errata works it out.

        Raises:
            ClaimDefinitionError: no reason, no printed form before it, or a mended form already.
        """
        if not because:
            raise ClaimDefinitionError(f"claim {self.id!r}: a mended form must say because of what")

        def register(statement: Statement) -> Statement:
            if self.printed_form is None:
                raise ClaimDefinitionError(f"claim {self.id!r}: the printed form comes before the mended one")
            if self.mended_form is not None:
                raise ClaimDefinitionError(f"claim {self.id!r}: a second mended form")
            self.mended_form = Form(
                "mended", statement, {**self.given, **(given or {})}, where, because, serious=serious
            )
            return statement

        return register

    def family(
        self, words: str, *, given: Mapping[str, Domain]
    ) -> Callable[[Callable[..., Mapping[str, Any]]], Callable[..., Mapping[str, Any]]]:
        """Decorator: inputs along which a hidden constant of the printed form is to be refuted.

        Args:
            words: the inputs in words, with ``t``.
            given: what each base input of the function ranges over.

        Raises:
            ClaimDefinitionError: there is a family already.
        """

        def register(make: Callable[..., Mapping[str, Any]]) -> Callable[..., Mapping[str, Any]]:
            if self._family is not None:
                raise ClaimDefinitionError(f"claim {self.id!r}: a second family")
            self._family = Family(make, dict(given), words)
            return make

        return register

    def check(self, *levels: Level, sizes: Sequence[Mapping[str, int]]) -> None:
        """Run these levels at these sizes instead of the defaults, for both forms.

        Args:
            levels: which; the others run at their defaults.
            sizes: for each run the value of every size symbol.
        """
        for level in levels:
            self._sizes[Level(level)] = tuple(dict(one) for one in sizes)

    def forms(self) -> dict[str, Form]:
        """The forms there are, by name, printed first."""
        found = {}
        for form in (self.printed_form, self.mended_form):
            if form is not None:
                family = self._family if form is self.printed_form else None
                found[form.name] = replace(form, sizes=self._sizes, family=family)
        return found

    def _repr_latex_(self) -> str | None:
        return f"$\\displaystyle {self.formula}$" if self.formula else None

    def _repr_html_(self) -> str:
        from html import escape

        return (
            f"<p><b>{escape(self.id)}</b> {escape(self.title)} "
            f"<small>({escape(self.kind.value)}; {escape(self.source)})</small></p>"
            f"<blockquote>{escape(self.quote)}</blockquote>"
        )

    def __repr__(self) -> str:
        return f"Claim({self.id!r}, {self.title!r})"
