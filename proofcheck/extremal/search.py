"""The search over a grid of sizes: who starts from what, and which instance is shown."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from proofcheck.checks.binding import Sizes, draw_point, index_tuples, sizes_words
from proofcheck.checks.climb import resized
from proofcheck.checks.counterexample import check_counterexample
from proofcheck.checks.well_formed import check_well_formed
from proofcheck.claims.claim import Claim, Form
from proofcheck.claims.domains import Real
from proofcheck.claims.proposition import atoms
from proofcheck.claims.verdict import Level, Outcome
from proofcheck.errors import EmptyDomainError, UserInputError
from proofcheck.extremal.ascent import Climber, Objective, traced
from proofcheck.extremal.enclosing import certified, simplified
from proofcheck.extremal.results import Constants, CurvePoint, Extreme, Instance
from proofcheck.extremal.sources import relation_source
from proofcheck.extremal.space import Space
from proofcheck.loading import one_line
from proofcheck.streams import Progress

__all__ = ["DEFAULT_EVALUATIONS", "DEFAULT_SIZE", "LEAST_EVALUATIONS", "best_constant", "size_symbols"]

DEFAULT_EVALUATIONS, LEAST_EVALUATIONS = 1500, 100
#: Entries of all inputs together: a recorded statement takes memory by what it does with them.
MOST_ENTRIES = 2**15
#: Of a size symbol that nobody names.
DEFAULT_SIZE = 2
_STARTS, _STARTS_BESIDE, _LEADERS = 8, 3, 3
# Of so many times as many draws as starts the best are started from.
_DRAWS = 6
# Starts of its own, beside what smaller sizes hand over, only where they are cheap.
_MOST_COLD = 200
_TABLE_ENTRIES = 12
# Among ratios that agree to this, the one at the smallest sizes is the instance to show.
_SAME = 1e-6
# So many of those are asked whether the two sides are equal there.
_CERTIFIED = 10
_INDEX_CHOICES = 16
# A counterexample is looked for at sizes up to this.
_SMALL = 4


@dataclass
class _Found:
    """The best of one relation at one combination of sizes."""

    ratio: float = -math.inf
    inputs: dict[str, Any] = field(default_factory=dict)
    indices: Mapping[str, int] = field(default_factory=dict)
    evaluations: int = 0
    others: list[dict[str, Any]] = field(default_factory=list)


def size_symbols(claim: Claim) -> tuple[str, ...]:
    """The size symbols of a claim's forms, sorted."""
    return tuple(sorted({name for form in claim.forms().values() for name in form.size_symbols}))


def best_constant(
    claim: Claim,
    *,
    sizes: Mapping[str, Sequence[int]] | None = None,
    rng: np.random.Generator | None = None,
    evaluations: int = DEFAULT_EVALUATIONS,
    progress: Progress | None = None,
) -> Constants:
    """Search for the least constant of every inequality of a claim, printed and mended.

    Args:
        claim: the claim.
        sizes: the values of size symbols to combine; 2 for a symbol that is left out.
        rng: draws the starting points; the same ones without it.
        evaluations: of the statement, at most, for one relation at one combination of sizes.
        progress: called with (done, total, label) after each combination of sizes.

    Returns:
        For each inequality the largest ratio found at each combination and the best instance.  The time is
        that of ``evaluations`` runs per relation and combination, on arrays of those sizes.

    Raises:
        UserInputError: the claim has no inequality, a size has no symbol in it, is below 1 or makes inputs of
            more than 2^15 entries; or there are fewer than 100 evaluations.
    """
    grid = _grid(claim, sizes or {})
    if evaluations < LEAST_EVALUATIONS:
        raise UserInputError(f"evaluations={evaluations}: expected at least {LEAST_EVALUATIONS}")
    generator = np.random.default_rng(0) if rng is None else rng
    forms = claim.forms()
    combinations = _combinations(grid)
    extremes: list[Extreme] = []
    faults: dict[str, str] = {}
    for part, (name, form) in enumerate(forms.items()):
        own = generator.spawn(1)[0]
        label = f"{claim.id} {name}"

        def advance(done: int, at: Sizes, part: int = part, label: str = label) -> None:
            if progress is not None:
                total = len(combinations) * len(forms)
                progress(part * len(combinations) + done, total, f"{label} {sizes_words(at)}")

        verdict = check_well_formed(form, own)
        if verdict.outcome is not Outcome.HOLDS:
            faults[name] = verdict.detail
            continue
        try:
            found = _searched(form, combinations, own, evaluations, advance)
            extremes += [_refuted_elsewhere(form, one, combinations, own) for one in found]
        except EmptyDomainError as error:
            faults[name] = str(error)
        except Exception as error:
            # A bug in a statement, or what cannot be recorded, is told about the form.
            faults[name] = one_line(error)
    if not extremes and not faults:
        raise UserInputError(f"claim {claim.id!r} has no inequality: no at_most(...) and no bounded(...)")
    return Constants(claim, grid, tuple(extremes), faults)


def _refuted_elsewhere(
    form: Form, extreme: Extreme, combinations: Sequence[Sizes], rng: np.random.Generator
) -> Extreme:
    """With what a search for a counterexample says at the smaller of these sizes."""
    own = [{name: sizes[name] for name in form.size_symbols} for sizes in combinations]
    small = [sizes for sizes in own if max(sizes.values(), default=1) <= _SMALL]
    if extreme.hidden or extreme.exceeded or not small:
        return extreme

    def alone(xp: Any, **symbols: Any) -> Any:
        return list(atoms(form.statement(xp, **symbols)))[extreme.number - 1]

    # What binds a statement's symbols reads them from its signature.
    alone.__signature__ = inspect.signature(form.statement)  # type: ignore[attr-defined]
    at_these = {**(form.sizes or {}), Level.COUNTEREXAMPLE: tuple(small)}
    verdict = check_counterexample(replace(form, statement=alone, sizes=at_these), rng, shrink=False)
    # The search goes on to larger sizes than these; what holds there is not asked here.
    if verdict.outcome is Outcome.REFUTED and dict(verdict.sizes[0]) in own:
        return replace(extreme, refuted=verdict.detail)
    return extreme


def _grid(claim: Claim, sizes: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    symbols = size_symbols(claim)
    for name, values in sizes.items():
        if name not in symbols:
            has = f"its sizes are {', '.join(symbols)}" if symbols else "it has none"
            raise UserInputError(f"size {name!r}: claim {claim.id!r} has no such size; {has}")
        if not values or min(values) < 1:
            raise UserInputError(f"sizes of {name!r}: {list(values)}: expected numbers from 1 on")
    grid = {name: tuple(sorted(set(sizes.get(name, (DEFAULT_SIZE,))))) for name in symbols}
    largest = {name: values[-1] for name, values in grid.items()}
    for form in claim.forms().values():
        entries = sum(math.prod(domain.shape(largest)) for domain in form.domains().values())
        if entries > MOST_ENTRIES:
            raise UserInputError(
                f"sizes {sizes_words(largest)}: the inputs of {claim.id!r} have {entries} entries; "
                f"expected at most {MOST_ENTRIES}"
            )
    return grid


def _combinations(grid: Mapping[str, tuple[int, ...]]) -> list[dict[str, int]]:
    """Every choice of sizes, each after those it can be handed an instance from."""
    return [dict(zip(grid, choice, strict=True)) for choice in itertools.product(*grid.values())]


def _searched(
    form: Form,
    combinations: Sequence[Sizes],
    rng: np.random.Generator,
    evaluations: int,
    advance: Callable[[int, Sizes], None],
) -> list[Extreme]:
    """The extremes of one form's inequalities."""
    own = [{name: sizes[name] for name in form.size_symbols} for sizes in combinations]
    own = [dict(one) for one in dict.fromkeys(tuple(sizes.items()) for sizes in own)]
    found: dict[int, dict[tuple[int, ...], _Found]] = {}
    hidden: dict[int, bool] = {}
    for done, sizes in enumerate(own, start=1):
        space = Space(form, sizes)
        choices = index_tuples(form, sizes)
        # All of them where they are few; else the ends and some between.
        others = range(len(choices)) if len(choices) <= _INDEX_CHOICES else rng.choice(len(choices), 4)
        picked = [choices[k] for k in dict.fromkeys((0, len(choices) - 1, *map(int, others)))]
        for indices in picked:
            for number, relation in traced(form, sizes, indices).items():
                hidden[number] = relation.hidden
                at = found.setdefault(number, {})
                best = at.setdefault(tuple(sizes.values()), _Found())
                handed = _handed(form, own, sizes, at)
                share = evaluations // len(picked)
                _best_at(Objective(space, relation), space, indices, handed, rng, share, best)
        advance(done, sizes)
    return [_extreme(form, number, hidden[number], own, at) for number, at in found.items()]


def _handed(
    form: Form, combinations: Sequence[Sizes], sizes: Sizes, found: Mapping[tuple[int, ...], _Found]
) -> list[dict[str, Any]]:
    """The best of the combinations with one size the next smaller, their rows and columns repeated."""
    handed = []
    for symbol, size in sizes.items():
        smaller = [one[symbol] for one in combinations if one[symbol] < size]
        if not smaller:
            continue
        old = max(smaller)
        best = found[tuple({**sizes, symbol: old}.values())]
        repeated = resized(form, best.inputs, symbol, [k % old for k in range(size)]) if best.inputs else None
        if repeated is not None:
            handed.append(repeated)
    return handed


def _best_at(
    objective: Objective,
    space: Space,
    indices: Mapping[str, int],
    handed: Sequence[Mapping[str, Any]],
    rng: np.random.Generator,
    evaluations: int,
    best: _Found,
) -> None:
    """Climb from what was handed over and from random members; the best is put into ``best``."""
    starts = [space.vector(point) for point in handed]
    # What is handed over has been climbed to before.
    evaluations = evaluations // 2 if handed else evaluations
    if not handed or space.size <= _MOST_COLD:
        count = _STARTS_BESIDE if handed else _STARTS
        drawn = [_drawn(space, rng, k) for k in range(min(_DRAWS * count, evaluations // 4 + 1))]
        # Many roads lead to a plateau where both sides are 0; what starts above it never gets there.
        starts += sorted(drawn, key=lambda start: -objective.ratio(start))[:count]
        best.evaluations += len(drawn)
        evaluations -= len(drawn)
    climbers = []
    for number, start in enumerate(starts):
        climber = Climber(objective, space, start, evaluations // (2 * len(starts)))
        if number >= len(handed) and space.size <= _TABLE_ENTRIES and number % 2:
            climber.tables(rng)
        climber.climb()
        climbers.append(climber)
    best.others += [space.arrays(one.vector) for one in climbers if one.ratio >= 1 - _SAME]
    # The most promising have as many evaluations again as all of them together had.
    leaders = sorted(climbers, key=lambda one: -one.ratio)[:_LEADERS]
    last = [Climber(objective, space, one.vector, evaluations // (2 * len(leaders))) for one in leaders]
    for climber in last:
        climber.climb()
        if climber.ratio > best.ratio:
            best.ratio, best.indices = climber.ratio, indices
            best.inputs = space.arrays(climber.vector)
    best.evaluations += sum(one.used for one in (*climbers, *last))


def _drawn(space: Space, rng: np.random.Generator, number: int) -> Any:
    """A start: small values and generic ones in turn, every fourth with real scalars at 0."""
    scale = None if number % 2 else Fraction(1 + number % 4)
    start = space.vector(draw_point(space.form, space.sizes, rng, scale=scale))
    if number % 4 == 1:
        for name, at in space.places.items():
            if not space.domains[name].dims and isinstance(space.domains[name], Real):
                start[at] = 0.0
    return start


def _extreme(
    form: Form,
    number: int,
    hidden: bool,
    combinations: Sequence[Sizes],
    found: Mapping[tuple[int, ...], _Found],
) -> Extreme:
    by_sizes = [(sizes, found[tuple(sizes.values())]) for sizes in combinations]
    curve = tuple(
        CurvePoint(sizes, one.ratio if math.isfinite(one.ratio) else None) for sizes, one in by_sizes
    )
    used = sum(one.evaluations for _, one in by_sizes)
    most = max(one.ratio for _, one in by_sizes)
    source = relation_source(form, number)
    if not math.isfinite(most):
        return Extreme(form.name, number, hidden, source, curve, None, None, used)
    close = [(sizes, one) for sizes, one in by_sizes if one.ratio >= most - _SAME * abs(most)]
    close.sort(key=lambda pair: (math.prod(pair[0].values()), tuple(pair[0].values())))
    shown: tuple[Instance, float] | None = None
    # One of several instances may have equality at simple fractions, where another's are irrational.
    waiting = [(sizes, best, best.inputs) for sizes, best in close]
    waiting += [(sizes, best, inputs) for sizes, best in reversed(close) for inputs in best.others]
    for sizes, best, inputs in waiting[:_CERTIFIED]:
        other = _instance(form, number, sizes, best.indices, inputs)
        if shown is None or _is_attained(other[0]):
            shown = other
        if hidden or most < 1 - _SAME or _is_attained(shown[0]):
            break
    assert shown is not None
    return Extreme(form.name, number, hidden, source, curve, shown[1], shown[0], used)


def _is_attained(instance: Instance) -> bool:
    return instance.certificate is not None and instance.certificate.outcome == "attained"


def _instance(
    form: Form, number: int, sizes: Sizes, indices: Mapping[str, int], found: Mapping[str, Any]
) -> tuple[Instance, float]:
    """An instance at these sizes, simplified and certified, with its ratio."""
    space = Space(form, sizes)
    relation = traced(form, sizes, indices)[number]
    inputs, ratio = simplified(Objective(space, relation), space, space.vector(found))
    certificate = certified(form, sizes, inputs, indices, number)
    return Instance(sizes, indices, inputs, certificate), (
        ratio if certificate is None else certificate.ratio[0]
    )
