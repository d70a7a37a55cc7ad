"""Formulas in pairs, one satisfiable and one not, and the gap instances that the chains make of them.

The twin of a formula has the same clauses cut in two, the halves of the first variables and the halves of
the last, joined otherwise: split and list then makes the same left side of both, and the same right side
but for the order of its columns (:mod:`reductions.families.twins`). Halves are exchanged among clauses that
have as many literals of each, so all clauses keep their length. Either formula may be the one that was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from reductions.families.ksat import random_ksat
from reductions.families.twins import closest_permutations
from reductions.problems.gap import GapInnerProduct
from reductions.problems.orthogonal_vectors import OrthogonalVectors
from reductions.problems.sat import Formula
from reductions.steps.direct_embedding import DirectEmbedding
from reductions.steps.distributed_pcp import DistributedPCP
from reductions.steps.sat_to_ov import SplitAndList

__all__ = ["formula_twins", "gap_of", "instances_of"]

_MOST_DRAWS = 1000
_MOST_TWINS = 32
# Guesses of the advice that are compared.
_GUESSES = 400

Pair = tuple[int, int]


def formula_twins(
    variables: int, clauses: int, literals: int, rng: np.random.Generator
) -> tuple[tuple[Formula, Formula], Formula]:
    """A satisfiable formula and an unsatisfiable one, and which was drawn, by the uniform model.

    Both have distinct clauses in random order. Whether they are satisfiable is found by brute force over the
    pairs of half assignments.

    Args:
        variables: an even number.
        clauses: how many.
        literals: in a clause.
        rng: the source of randomness.

    Raises:
        UserInputError: no pair is found in a thousand draws: nearly all formulas of these sizes are
            satisfiable, or nearly none.
    """
    for _ in range(_MOST_DRAWS):
        base = random_ksat(variables, clauses, literals, rng)
        if len(base.normalised().clauses) < clauses:
            continue
        vectors = vectors_of(base)
        satisfiable = vectors.solve() is not None
        halves = [_cut(clause, variables // 2) for clause in base.clauses]
        classes = np.array([len(first) for first, _ in halves])
        tried = closest_permutations(vectors.left, vectors.right, rng, partial(_within, classes))
        for _, permutation in zip(range(_MOST_TWINS), tried, strict=False):
            joined = tuple(halves[at][0] + halves[other][1] for at, other in enumerate(permutation.tolist()))
            twin = Formula(variables, joined)
            if len(set(joined)) < clauses or (vectors_of(twin).solve() is not None) == satisfiable:
                continue
            twins = (base, twin) if satisfiable else (twin, base)
            first, second = (_shuffled(formula, rng) for formula in twins)
            return (first, second), base
    raise UserInputError(
        f"{variables} variables and {clauses} clauses of {literals}: no satisfiable and unsatisfiable "
        f"pair in {_MOST_DRAWS} draws; choose a number of clauses at which either is common"
    )


def instances_of(
    twins: Sequence[Formula], chain: str, blocks: int, rng: np.random.Generator
) -> Iterator[tuple[Formula, GapInnerProduct, tuple[int, ...] | None, Pair | None]]:
    """For the satisfiable formula and for its twin: a gap instance, its advice, and a pair that reaches yes.

    Of the distributed PCP the satisfiable formula has the advice of its first solution. A row of the left
    that has an accepted partner is heavier than the others, by up to q among about N, which few rows hide.
    The other formula gives a NO-instance with every advice: of some hundreds it has the one that makes
    weights and sums most alike.

    Args:
        twins: a satisfiable formula and its twin, as of :func:`formula_twins`.
        chain: ``"direct"`` or ``"pcp"``.
        blocks: T of the distributed PCP.
        rng: the source of randomness.

    Raises:
        UserInputError: the first is not satisfiable.
    """
    yes, no = twins
    vectors = vectors_of(yes)
    pair = vectors.solve()
    if pair is None:
        raise UserInputError("the first of the twins is not satisfiable")
    if chain == "direct":
        yield yes, gap_of(yes, chain, blocks, None), None, pair
        yield no, gap_of(no, chain, blocks, None), None, None
        return
    step = DistributedPCP(blocks=blocks)
    advice = step.advice_of(vectors, pair)
    gap = step.advised(vectors)(advice)
    yield yes, gap, advice, pair
    make = step.advised(vectors_of(no))
    target = _profile(gap)
    tried = rng.integers(0, gap.yes, (_GUESSES, len(advice))).tolist()
    chosen = min(tried, key=lambda own: np.square(_profile(make(own)) - target).sum())
    yield no, make(chosen), tuple(chosen), None


def gap_of(formula: Formula, chain: str, blocks: int, advice: tuple[int, ...] | None) -> GapInnerProduct:
    """What a chain makes of a formula, with this advice.

    Args:
        formula: where the chain begins.
        chain: ``"direct"`` or ``"pcp"``.
        blocks: T of the distributed PCP.
        advice: its guess; None for the direct chain.

    Raises:
        UserInputError: there is no such advice.
    """
    vectors = vectors_of(formula)
    if chain == "direct":
        (made,) = DirectEmbedding().apply(vectors)
        gap: GapInnerProduct = made.instance
        return gap
    step = DistributedPCP(blocks=blocks)
    s = step.sizes({"N": 1, "m": vectors.left.shape[1]})["s"]
    if advice is None or len(advice) != s - 1:
        raise UserInputError(f"advice is {advice!r:.60}; expected {s - 1} coefficients")
    return step.advised(vectors)(advice)


def _profile(gap: GapInnerProduct) -> NDArray[np.int64]:
    """What is to be alike: weights of rows, sums of the inner products of rows and of columns, in order."""
    left, right = gap.left, gap.right
    weights = left.sum(axis=1, dtype=np.int64)
    # Matrices of bytes times vectors, row by row: BLAS would copy them to floats.
    rows, columns = (
        np.einsum("ik,k->i", one, other.sum(axis=0, dtype=np.int64))
        for one, other in ((left, right), (right, left))
    )
    return np.concatenate([np.sort(weights), np.sort(rows), np.sort(columns)])


def vectors_of(formula: Formula) -> OrthogonalVectors:
    """The orthogonal vectors of a formula."""
    (made,) = SplitAndList().apply(formula)
    vectors: OrthogonalVectors = made.instance
    return vectors


def _cut(clause: tuple[int, ...], half: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Literals of the first half of the variables, and of the second."""
    return tuple(x for x in clause if abs(x) <= half), tuple(x for x in clause if abs(x) > half)


def _within(classes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A permutation that keeps the classes."""
    made = np.arange(len(classes))
    for one in np.unique(classes):
        at = np.flatnonzero(classes == one)
        made[at] = rng.permutation(at)
    return made


def _shuffled(formula: Formula, rng: np.random.Generator) -> Formula:
    order = rng.permutation(len(formula.clauses)).tolist()
    return Formula(formula.variables, tuple(formula.clauses[at] for at in order))
