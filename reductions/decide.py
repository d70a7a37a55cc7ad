"""Deciding a formula through gradients of attention, or saying that it cannot be decided.

Three decoders read the answer off an instance: *one query* of f'(1); *Gauss–Legendre* quadrature of f'
with a certified number of points; the *printed* left Riemann sum with ⌈log₂⁴ n⌉ points. Each gives a
value and how far it may be off. A NO-instance is at most ``no``, a YES-instance at least ``yes``: a value
that is certainly above ``no`` decides for YES, one that is certainly below ``yes`` for NO, and nothing
else decides. :func:`decide_outputs` reads the forward computation instead, entry by entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from proofcheck.streams import Progress
from reductions.chain import Chain
from reductions.oracles import Answer, Oracle
from reductions.problems.attention import AttentionInstance, GradientInstance
from reductions.problems.sat import Formula
from reductions.quadrature import Rule, gauss_count, gauss_rule, printed_count, riemann_rule
from reductions.steps.attention_to_gradient import AttentionToGradient
from reductions.steps.direct_embedding import DirectEmbedding
from reductions.steps.distributed_pcp import DistributedPCP
from reductions.steps.gap_to_attention import GapToAttention, Reading
from reductions.steps.sat_to_ov import SplitAndList
from reductions.thresholds import Thresholds, entry_thresholds, norm_thresholds, slope_thresholds

__all__ = [
    "QUADRATURE_SHARE",
    "Decision",
    "Reading",
    "Verdict",
    "chain_named",
    "decide",
    "decide_instance",
    "decide_outputs",
]

Ask = Callable[[GradientInstance, float], Answer]

#: The part of the room between the thresholds that quadrature may use; the rest is the oracle's.
QUADRATURE_SHARE = 0.1


@dataclass(frozen=True)
class Verdict:
    """What was found about one instance of the gradient.

    Attributes:
        answer: True for YES, False for NO, None where the certificate does not separate them.
        value: |f'(1)|, f(1), or the largest entry of the output.
        error: how far it may be off.
        thresholds: what a YES-instance reaches at least and a NO-instance at most.
        calls: of the oracle.
        required: the accuracy of an entry, of the gradient or the output, that would certainly have decided.
        achieved: the accuracy of an entry that the oracle's errors amount to.
    """

    answer: bool | None
    value: float
    error: float
    thresholds: Thresholds
    calls: int
    required: float
    achieved: float

    @property
    def margin(self) -> float:
        """How far the certificate is from saying nothing; negative where it does."""
        above, below = (
            self.value - self.error - self.thresholds.no,
            self.thresholds.yes - self.value - self.error,
        )
        return max(above, below)


@dataclass(frozen=True)
class Decision:
    """What was found about a formula.

    Attributes:
        satisfiable: None where it is not decided.
        assignment: a satisfying one, a literal for each variable in order, found by decisions alone.
        chain, decoder, oracle: how.
        calls: of the oracle, in all decisions.
        required: the least accuracy required by a decision, of an entry of the gradient; None without a call.
        achieved: the largest error of an entry; None without a call.
        margin: the least margin of a decision; None without a call.
        sizes: of the formula, and of the first decision as :meth:`~reductions.chain.Chain.sizes` has them.
    """

    satisfiable: bool | None
    assignment: tuple[int, ...] | None
    chain: str
    decoder: str
    oracle: str
    calls: int
    required: float | None
    achieved: float | None
    margin: float | None
    sizes: Mapping[str, int] = field(default_factory=dict)


def chain_named(name: str, decoder: str, *, blocks: int = 4) -> Chain:
    """The chain from a formula to gradients, for the decoder that is to read them.

    Args:
        name: ``"direct"`` or ``"pcp"``.
        decoder: ``"one-query"``, ``"gauss-legendre"`` or ``"riemann"``.
        blocks: T of the distributed PCP.

    Raises:
        UserInputError: another name.
    """
    if name not in ("direct", "pcp"):
        raise UserInputError(f"chain is {name!r}; expected 'direct' or 'pcp'")
    if decoder not in ("one-query", "gauss-legendre", "riemann"):
        raise UserInputError(f"decoder is {decoder!r}; expected 'one-query', 'gauss-legendre' or 'riemann'")
    middle = DirectEmbedding() if name == "direct" else DistributedPCP(blocks=blocks)
    reading: Reading = "slope" if decoder == "one-query" else "norm"
    return Chain(name, (SplitAndList(), middle, GapToAttention(reading), AttentionToGradient()))


def decide_instance(instance: GradientInstance, oracle: Ask, decoder: str = "one-query") -> Verdict:
    """Decide one instance of the gradient.

    Args:
        instance: made for this decoder.
        oracle: gives f'(λ) and its error.
        decoder: as of :func:`chain_named`.

    Raises:
        UserInputError: the oracle gave something that is no number; a count of points above 100,000.
        ArithmeticError: a value between those of YES- and NO-instances: the oracle errs more than it says.
    """
    attention = instance.attention
    if decoder == "one-query":
        thresholds = slope_thresholds(attention)
        rule = Rule((1.0,), (1.0,), 0.0)
    else:
        thresholds = norm_thresholds(attention)
        rule = _rule(attention, decoder, thresholds)
    total = error = 0.0
    for point, weight in zip(rule.points, rule.weights, strict=True):
        answer = oracle(instance, point)
        if not (math.isfinite(answer.slope) and answer.error >= 0):
            raise UserInputError(f"the oracle gave {answer.slope} within {answer.error}; expected numbers")
        total += weight * answer.slope
        error += weight * answer.error
    achieved = error / (2 * attention.d)
    # Sums of as many terms as there are points, each at most |f'|; and, for the norm, f(0) = N/2 beside them.
    rounding = 4 * len(rule.points) * 2.0**-53 * float(attention.bound * attention.n)
    value = abs(total) if decoder == "one-query" else float(instance.start) + total
    error = (error + rule.error + (0.0 if decoder == "one-query" else rounding)) * (1 + 1e-9)
    required = max(0.0, thresholds.accuracy - rule.error) / (2 * attention.d)
    found = _answer(value, error, thresholds)
    return Verdict(found, value, error, thresholds, len(rule.points), required, achieved)


def _rule(attention: AttentionInstance, decoder: str, thresholds: Thresholds) -> Rule:
    if decoder == "riemann":
        return riemann_rule(attention.n, attention.bound, printed_count(attention.n))
    tolerance = QUADRATURE_SHARE * thresholds.accuracy
    count = gauss_count(attention.n, attention.bound, tolerance)
    if count is None:
        raise UserInputError(
            f"Gauss–Legendre needs more than 100,000 points at n = {attention.n}, "
            f"B = {float(attention.bound):.3g}"
        )
    return gauss_rule(attention.n, attention.bound, count)


def decide_outputs(
    instance: AttentionInstance, outputs: NDArray[np.floating[Any]], accuracy: float
) -> Verdict:
    """Decide an instance of attention entrywise, from all of its output.

    Args:
        instance: made for the reading ``"entrywise"`` or any other; what is asked for depends on its γ.
        outputs: (n, d) or (n,): the output of attention, or its first column.
        accuracy: how far an entry may be off; not checked.

    Raises:
        UserInputError: an array of another shape, entries that are not finite, a negative accuracy.
        ArithmeticError: as of :func:`decide_instance`.
    """
    outputs = np.asarray(outputs, dtype=float)
    if outputs.shape not in ((instance.n, instance.d), (instance.n,)):
        raise UserInputError(
            f"outputs has the shape {outputs.shape}; expected {(instance.n, instance.d)}, or its first column"
        )
    if not np.isfinite(outputs).all():
        raise UserInputError("outputs has entries that are not finite; expected numbers")
    if not accuracy >= 0:
        raise UserInputError(f"accuracy is {accuracy!r}; expected a number of at least 0")
    thresholds = entry_thresholds(instance)
    column = outputs if outputs.ndim == 1 else outputs[:, 0]
    value = float(column.max())
    answer = _answer(value, accuracy, thresholds)
    return Verdict(answer, value, accuracy, thresholds, 1, max(0.0, thresholds.accuracy), accuracy)


def _answer(value: float, error: float, thresholds: Thresholds) -> bool | None:
    is_yes, is_no = value - error > thresholds.no, value + error < thresholds.yes
    if is_yes and is_no:
        raise ArithmeticError(
            f"{value!r} within {error!r} lies between NO ({thresholds.no!r}) and YES ({thresholds.yes!r}): "
            "no instance does; the oracle's errors are larger than it says"
        )
    return True if is_yes else False if is_no else None


@dataclass
class _Run:
    """A chain with an oracle, and what its decisions have taken so far."""

    chain: Chain
    decoder: str
    oracle: Oracle
    progress: Progress | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    # How many of how many decisions there are, with those for an assignment; and the calls of all.
    done: int = 0
    total: int = 1
    calls: int = 0

    def ask(self, instance: GradientInstance, temperature: float) -> Answer:
        """The oracle's answer, counted."""
        found = self.oracle(instance, temperature)
        self.calls += 1
        if self.progress is not None:
            self.progress(self.done, self.total, f"{self.calls} gradients")
        return found

    def decide(self, formula: Formula) -> bool | None:
        """Whether the formula is satisfiable; formulas without a clause to check need no oracle."""
        compact = _compact(formula)
        if not compact.clauses:
            return True
        if () in compact.clauses:
            return False
        undecided = False
        for made in self.chain.apply(compact):
            verdict = decide_instance(made.instance, self.ask, self.decoder)
            self.verdicts.append(verdict)
            if verdict.answer:
                return True
            undecided = undecided or verdict.answer is None
        return None if undecided else False


def decide(
    formula: Formula,
    oracle: Oracle,
    *,
    chain: str = "direct",
    decoder: str = "one-query",
    blocks: int = 4,
    assignment: bool = True,
    progress: Progress | None = None,
) -> Decision:
    """Decide a formula, and find a satisfying assignment by deciding it with variables set.

    Args:
        formula: what is to be decided.
        oracle: gives f'(λ) and its error.
        chain: ``"direct"`` or ``"pcp"``.
        decoder: ``"one-query"``, ``"gauss-legendre"`` or ``"riemann"``.
        blocks: T of the distributed PCP.
        assignment: look for one too, with a decision for each variable.
        progress: called after each gradient, with how many of how many decisions are made, and words.

    Raises:
        UserInputError: a name that is none of these; an instance too large; an oracle that gives no numbers.
        ArithmeticError: as of :func:`decide_instance`.
    """
    run = _Run(chain_named(chain, decoder, blocks=blocks), decoder, oracle, progress)
    run.total += formula.variables if assignment else 0
    satisfiable = run.decide(formula)
    found = _assignment(formula, run) if satisfiable and assignment else None
    verdicts = run.verdicts
    return Decision(
        satisfiable,
        found,
        chain,
        decoder,
        oracle.name,
        sum(verdict.calls for verdict in verdicts),
        min((verdict.required for verdict in verdicts), default=None),
        max((verdict.achieved for verdict in verdicts), default=None),
        min((verdict.margin for verdict in verdicts), default=None),
        _sizes(run.chain, formula),
    )


def _sizes(chain: Chain, formula: Formula) -> Mapping[str, int]:
    compact = _compact(formula)
    own = {"variables": formula.variables, "clauses": len(formula.clauses)}
    if not compact.clauses or () in compact.clauses:
        return own
    return {**own, **chain.sizes({"n": compact.variables, "m": len(compact.clauses)})}


def _assignment(formula: Formula, run: _Run) -> tuple[int, ...] | None:
    """A satisfying assignment of a satisfiable formula, one decision a variable; None if one says nothing."""
    literals: list[int] = []
    rest = formula
    for variable in range(1, formula.variables + 1):
        run.done = variable
        tried = rest.conditioned([variable])
        answer = run.decide(tried)
        if answer is None:
            return None
        literals.append(variable if answer else -variable)
        rest = tried if answer else rest.conditioned([-variable])
    if not formula.verify(literals):
        raise ArithmeticError(f"decisions led to {literals}, which does not satisfy the formula")
    return tuple(literals)


def _compact(formula: Formula) -> Formula:
    """As satisfiable a formula with the variables that occur numbered 1, 2, …, and no larger than need be."""
    formula = formula.normalised()
    occurring = _variables(formula.clauses)
    number = {variable: k for k, variable in enumerate(occurring, start=1)}
    clauses = tuple(tuple(number[x] if x > 0 else -number[-x] for x in clause) for clause in formula.clauses)
    return Formula(len(occurring), clauses)


def _variables(clauses: Iterable[Sequence[int]]) -> list[int]:
    return sorted({abs(literal) for clause in clauses for literal in clause})
