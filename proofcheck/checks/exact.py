"""EXACT: free symbols at fixed sizes, exact rational functions of exponentials, complete zero test.

Every entry of every input is a symbol of its own, so an equality that is found to hold at a size is
proved for all inputs of that size.  :mod:`proofcheck.checks.second_opinion` asks SymPy again, with
other arithmetic and other derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from proofcheck.checks.binding import (
    Sizes,
    default_sizes,
    discrete_cases,
    entries,
    evaluate,
    index_tuples,
    sizes_words,
)
from proofcheck.checks.second_opinion import second_opinion
from proofcheck.claims.claim import Form
from proofcheck.claims.domains import Domain, Interval
from proofcheck.claims.proposition import AtMost, Equal
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.errors import EmptyDomainError, OutsideCalculusError
from proofcheck.namespaces.exact import ExactField
from proofcheck.namespaces.strict import Array, StrictNamespace

__all__ = ["check_exact", "symbolic_inputs"]


def entry_name(name: str, position: tuple[int, ...]) -> str:
    """The name of one entry's symbol: ``X[1,2]`` for X₁₂, which no input is called; a scalar's own."""
    return f"{name}[{','.join(str(k + 1) for k in position)}]" if position else name


def symbolic_inputs(
    domains: Mapping[str, Domain], sizes: Sizes, fixed: Mapping[str, np.ndarray[Any, Any]] | None = None
) -> tuple[ExactField, dict[str, Array]]:
    """A field with a symbol for every entry of every input, and the inputs made of them.

    Args:
        domains: of the inputs.
        sizes: values of the size symbols.
        fixed: by input, a number for each entry that is one and ``None`` for the others.

    Raises:
        EmptyDomainError: an interval is empty.
    """
    numbers = {
        name: fixed[name] if fixed is not None else np.full(domain.shape(sizes), None, dtype=object)
        for name, domain in domains.items()
    }
    names = {
        name: [
            entry_name(name, position)
            for position in np.ndindex(*domain.shape(sizes))
            if numbers[name][position] is None
        ]
        for name, domain in domains.items()
    }
    positive = [entry for name, domain in domains.items() if domain.is_positive for entry in names[name]]
    intervals: dict[str, tuple[Any, Any]] = {}
    for name, domain in domains.items():
        if isinstance(domain, Interval):
            if domain.low > domain.high:
                raise EmptyDomainError(f"the interval of {name} is empty")
            intervals |= dict.fromkeys(names[name], (domain.low, domain.high))
    everything = [entry for group in names.values() for entry in group]
    field = ExactField(everything, positive=positive, intervals=intervals)
    inputs = {}
    for name, domain in domains.items():
        values = np.empty(domain.shape(sizes), dtype=object)
        for position in np.ndindex(*values.shape):
            number = numbers[name][position]
            values[position] = (
                field.variable(entry_name(name, position)) if number is None else field.constant(number)
            )
        inputs[name] = Array(values)
    return field, inputs


def check_exact(form: Form, rng: np.random.Generator) -> Verdict:
    """Prove the form's equalities and inequalities at each of the sizes.

    A form with a further hypothesis (``where``) is out of reach: free symbols cannot be filtered.
    """
    if form.where is not None:
        return Verdict(Level.EXACT, Outcome.NOT_RUN, "free symbols cannot be held to a 'where'")
    proved: list[Sizes] = []
    covers: set[Relation] = set()
    comparisons = 0
    try:
        for sizes, fixed in discrete_cases(form, default_sizes(Level.EXACT, form)):
            field, inputs = symbolic_inputs(form.domains(), sizes, fixed)
            xp = StrictNamespace(field.constant)
            for indices in index_tuples(form, sizes):
                for atom in evaluate(form, xp, sizes, {}, indices, arrays=inputs):
                    if not isinstance(atom, (Equal, AtMost)):
                        continue
                    covers.add(atom.kind)
                    for position, left, right in entries(atom):
                        comparisons += 1
                        holds = _holds(field, atom, left, right)
                        if not holds:
                            return Verdict(
                                Level.EXACT,
                                Outcome.UNKNOWN if holds is None else Outcome.REFUTED,
                                _difference(atom, position, {**sizes, **indices}),
                                covers=frozenset({atom.kind}),
                                sizes=(sizes,),
                            )
            if not covers:
                break
            if sizes not in proved:
                proved.append(sizes)
    except OutsideCalculusError as error:
        return Verdict(
            Level.EXACT, Outcome.UNKNOWN, str(error), covers=frozenset(covers), sizes=tuple(proved)
        )
    if not covers:
        return Verdict(Level.EXACT, Outcome.NOT_RUN)
    opinion = second_opinion(form, rng)
    return Verdict(
        Level.EXACT,
        Outcome.ERROR if opinion.contradicts else Outcome.HOLDS,
        f"{comparisons} entries with free symbols; SymPy {opinion.text}",
        covers=frozenset(covers),
        sizes=tuple(proved),
    )


def _holds(field: ExactField, atom: Equal | AtMost, left: Any, right: Any) -> bool | None:
    difference = field.constant(0) + right - left
    if isinstance(atom, Equal):
        return bool(difference.is_zero())
    # A certificate that fails disproves nothing.
    return True if difference.is_nonnegative() else None


def _difference(atom: Equal | AtMost, position: tuple[int, ...], where: Mapping[str, int]) -> str:
    entry = f"entry {', '.join(map(str, position))}, " if position else ""
    if isinstance(atom, Equal):
        return f"the sides differ at {entry}{sizes_words(where)}"
    return f"no certificate that the left side is at most the right at {entry}{sizes_words(where)}"
