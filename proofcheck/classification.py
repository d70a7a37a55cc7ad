"""What a mutant is: killed by a level, equal to the original, weaker, slack, or a survivor."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from proofcheck.checks.binding import default_sizes, sizes_words
from proofcheck.checks.counterexample import check_counterexample
from proofcheck.claims.claim import Form, Kind
from proofcheck.claims.proposition import (
    AtMost,
    Atom,
    Proposition,
    Within,
    all_of,
    at_most,
    atoms,
    equal,
    within,
)
from proofcheck.claims.status import Word, form_status
from proofcheck.claims.verdict import Level, Outcome, Relation, Verdict
from proofcheck.consequence import consequence
from proofcheck.errors import IllFormedError
from proofcheck.loading import one_line
from proofcheck.mutation import Mutant
from proofcheck.verify import CHECKS, generator

__all__ = ["REFUTES", "Fate", "check_mutant", "judge", "search_longer"]

_VALUES = frozenset({Relation.EQUAL, Relation.AT_MOST})
# What each level can refute, the quickest first.
REFUTES: dict[Level, frozenset[Relation]] = {
    Level.NUMERIC: _VALUES,
    Level.FINITE_DIFFERENCE: frozenset({Relation.EQUAL}),
    Level.COUNTEREXAMPLE: _VALUES,
    Level.EXACT: frozenset({Relation.EQUAL}),
    Level.BALL: frozenset({Relation.AT_MOST}),
    Level.GENERIC: frozenset({Relation.EQUAL}),
    Level.COST: frozenset({Relation.WITHIN}),
}
_SEARCHES = 20
_PROVED = (Word.PROVED, Word.PROVED_AT_SIZES)


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    EQUIVALENT = "equivalent"
    WEAKER = "weaker"
    SLACK = "slack"
    SURVIVOR = "survivor"


def check_mutant(mutant: Mutant, level: Level, seed: int, *words: str) -> Verdict | None:
    """The verdict of one level on a mutant, at one size where the level takes long.

    Args:
        mutant: the mutant.
        level: which level.
        seed: of the random inputs.
        words: what the mutant is called; the random inputs depend on it.

    Returns:
        None when the statement turned out to be ill-typed.
    """
    verdict, ill_typed = _Checker(seed, words)(_at_one_size(mutant.form), level)
    # An index may leave its range at sizes that are not tried for well-formedness.
    return None if ill_typed and level is not Level.GENERIC else verdict


def search_longer(mutant: Mutant, seed: int, *words: str) -> bool:
    """Whether searches from more seeds find a counterexample; arguments as of :func:`check_mutant`."""
    return any(
        _Checker(seed, (*words, str(again))).search(mutant.form, wide=again % 2 == 1)
        for again in range(_SEARCHES)
    )


def _at_one_size(form: Form) -> Form:
    """The form with one size for the levels that take long: one at which nothing is hidden."""
    sizes = dict(form.sizes or {})
    for level in (Level.EXACT, Level.FINITE_DIFFERENCE):
        every = default_sizes(level, form)
        sizes[level] = tuple(one for one in every if all(size > 1 for size in one.values()))[-1:] or every
    return replace(form, sizes=sizes)


class _Checker:
    """Runs checks on the forms of one mutant, with random numbers of its own."""

    def __init__(self, seed: int, words: Sequence[str]) -> None:
        self._seed, self._words = seed, words

    def __call__(self, form: Form, level: Level) -> tuple[Verdict, bool]:
        """The verdict, and whether the statement was found to be ill-formed on the way."""
        rng = generator(self._seed, *self._words, level.value)
        try:
            if level is Level.COUNTEREXAMPLE:  # nobody will read it
                return check_counterexample(form, rng, shrink=False), False
            return CHECKS[level](form, rng), False
        except (Exception, SystemExit) as error:
            return Verdict(level, Outcome.ERROR, one_line(error)), isinstance(error, IllFormedError)

    def search(self, form: Form, *, wide: bool) -> bool:
        """Whether a search finds a counterexample."""
        rng = generator(self._seed, *self._words, Level.COUNTEREXAMPLE.value)
        try:
            verdict = check_counterexample(form, rng, shrink=False, wide=wide)
        except (Exception, SystemExit):
            return False
        return verdict.outcome is Outcome.REFUTED

    def proof(self, form: Form, levels: Sequence[Level] = (Level.GENERIC, Level.EXACT, Level.COST)) -> str:
        """In words how the form is proved by these levels; empty if it is not."""
        verdicts = [self(form, level)[0] for level in (Level.WELL_FORMED, *levels)]
        status = form_status(Kind.LEMMA, verdicts, verdicts[0].relations)
        return str(status) if status.word in _PROVED else ""


def judge(mutant: Mutant, seed: int, *words: str) -> tuple[Fate, str]:
    """What a mutant is that no level refutes, with its proof or the reason.

    Arguments are those of :func:`check_mutant`.
    """
    check = _Checker(seed, words)
    if mutant.of_hypothesis:
        return Fate.SLACK, "nothing refutes it without this hypothesis"
    same = _related(mutant, _same)
    for level in (Level.GENERIC, Level.EXACT):
        verdict, _ = check(same, level)
        if verdict.outcome is Outcome.HOLDS:
            sizes = ", ".join(sizes_words(one).replace(", ", " ") for one in verdict.sizes)
            return Fate.EQUIVALENT, level.value if verdict.all_sizes else f"{level.value} at {sizes}"
    follows = check.proof(_related(mutant, _follows))
    proof = check.proof(mutant.form)
    if follows and not proof:
        # The gap that proves the original for all sizes does not fit another bound, but need not.
        proof = check.proof(mutant.original)
    # The gap that proves the original does not fit another left side, which may need none.
    proof = proof or check.proof(_without_gaps(mutant.form), (Level.GENERIC,))
    if not proof:
        reason = consequence(mutant, lambda form: check.proof(form, (Level.GENERIC,)))
        return (
            (Fate.WEAKER, reason)
            if reason
            else (Fate.SURVIVOR, "nothing asked refutes it, and nothing proves it")
        )
    if follows:
        return Fate.WEAKER, f"{proof}; follows from the original"
    return Fate.SLACK, f"{proof}; not seen to follow from the original"


def _without_gaps(form: Form) -> Form:
    """The form with no proofs given."""

    def statement(xp: Any, **symbols: Any) -> Any:
        found = atoms(form.statement(xp, **symbols))
        return all_of(*(at_most(one.left, one.right) if isinstance(one, AtMost) else one for one in found))

    statement.__signature__ = inspect.signature(form.statement)  # type: ignore[attr-defined]
    return replace(form, statement=statement)


Relate = Callable[[Atom, Atom], Proposition]


def _related(mutant: Mutant, relate: Relate) -> Form:
    """A form that relates each relation of the original to the mutant's."""
    original, changed = mutant.original, mutant.form

    def statement(xp: Any, **symbols: Any) -> Any:
        one = original.statement(xp, **{name: symbols[name] for name in original.parameters})
        other = changed.statement(xp, **symbols)
        return all_of(*(relate(old, new) for old, new in zip(atoms(one), atoms(other), strict=True)))

    # What binds a statement's symbols reads them from its signature.
    statement.__signature__ = inspect.signature(changed.statement)  # type: ignore[attr-defined]
    return replace(changed, statement=statement)


def _same(old: Any, new: Any) -> Proposition:
    """The two sides, or the two bounds, are the same."""
    if isinstance(old, Within):
        return equal(old.bound, new.bound)
    return all_of(equal(old.left, new.left), equal(old.right, new.right))


def _follows(old: Any, new: Any) -> Proposition:
    """What is enough for the new relation to follow from the old one."""
    if isinstance(old, Within):
        return within(_takes, (old.bound,), bound=new.bound)
    if isinstance(old, AtMost):
        return all_of(at_most(new.left, old.left), at_most(old.right, new.right))
    return _same(old, new)


def _takes(xp: Any, size: Any) -> Any:
    """An algorithm of exactly ``size`` operations."""
    return xp.exp(xp.ones(size))
