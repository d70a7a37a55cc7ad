"""Deciding a formula through gradients of attention, or saying that it cannot be decided.

Three decoders read the answer off an instance: *one query* of f'(1); *Gauss–Legendre* quadrature of f'
with a certified number of points; the *printed* left Riemann sum with ⌈log₂⁴ n⌉ points. Each gives a
value and how far it may be off. A NO-instance is at most ``no``, a YES-instance at least ``yes``: a value
that is certainly above ``no`` decides for YES, one that is certainly below ``yes`` for NO, and nothing
else decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from proofcheck.errors import UserInputError
from reductions.chain import Chain
from reductions.oracles import Oracle
from reductions.problems.attention import AttentionInstance, GradientInstance
from reductions.problems.sat import Formula
from reductions.quadrature import Rule, gauss_count, gauss_rule, printed_count, riemann_rule
from reductions.steps.attention_to_gradient import AttentionToGradient
from reductions.steps.direct_embedding import DirectEmbedding
from reductions.steps.distributed_pcp import DistributedPCP
from reductions.steps.gap_to_attention import GapToAttention, Reading
from reductions.steps.sat_to_ov import SplitAndList
from reductions.thresholds import Thresholds, norm_thresholds, slope_thresholds

__all__ = [
    "QUADRATURE_SHARE",
    "ChainName",
    "Decision",
    "Decoder",
    "Reading",
    "Verdict",
    "chain_named",
    "decide",
    "decide_instance",
]

ChainName = Literal["direct", "pcp"]
Decoder = Literal["one-query", "gauss-legendre", "riemann"]

#: The part of the room between the thresholds that quadrature may use; the rest is the oracle's.
QUADRATURE_SHARE = 0.1


@dataclass(frozen=True)
class Verdict:
    """What was found about one instance of the gradient.

    Attributes:
        answer: True for YES, False for NO, None where the certificate does not separate them.
        value: |f'(1)|, or f(1).
        error: how far it may be off.
        thresholds: what a YES-instance reaches at least and a NO-instance at most.
        calls: of the oracle.
        required: the accuracy of an entry of the gradient that would certainly have decided.
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


def decide_instance(instance: GradientInstance, oracle: Oracle, decoder: str = "one-query") -> Verdict:
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
    is_yes, is_no = value - error > thresholds.no, value + error < thresholds.yes
    if is_yes and is_no:
        raise ArithmeticError(
            f"{value!r} within {error!r} lies between NO ({thresholds.no!r}) and YES ({thresholds.yes!r}): "
            "no instance does; the oracle's errors are larger than it says"
        )
    found = True if is_yes else False if is_no else None
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


@dataclass
class _Run:
    """A chain with an oracle, and what its decisions have taken so far."""

    chain: Chain
    decoder: str
    oracle: Oracle
    verdicts: list[Verdict] = field(default_factory=list)

    def decide(self, formula: Formula) -> bool | None:
        """Whether the formula is satisfiable; formulas without a clause to check need no oracle."""
        compact = _compact(formula)
        if not compact.clauses:
            return True
        if () in compact.clauses:
            return False
        undecided = False
        for made in self.chain.apply(compact):
            verdict = decide_instance(made.instance, self.oracle, self.decoder)
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
) -> Decision:
    """Decide a formula, and find a satisfying assignment by deciding it with variables set.

    Args:
        formula: what is to be decided.
        oracle: gives f'(λ) and its error.
        chain: ``"direct"`` or ``"pcp"``.
        decoder: ``"one-query"``, ``"gauss-legendre"`` or ``"riemann"``.
        blocks: T of the distributed PCP.
        assignment: look for one too, with a decision for each variable.

    Raises:
        UserInputError: a name that is none of these; an instance too large; an oracle that gives no numbers.
        ArithmeticError: as of :func:`decide_instance`.
    """
    run = _Run(chain_named(chain, decoder, blocks=blocks), decoder, oracle)
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
