"""Small makers of forms and claims, and formulas that any arithmetic can interpret."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from proofcheck.claims import Claim, Kind, Level
from proofcheck.claims.claim import Form


def form_of(
    statement: Callable[..., Any],
    *,
    where: Callable[..., Any] | None = None,
    sizes: Mapping[Level, tuple[Mapping[str, int], ...]] | None = None,
    **given: Any,
) -> Form:
    return Form("printed", statement, given, where=where, sizes=sizes)


def claim_of(
    statement: Callable[..., Any] | None,
    *,
    id: str = "lem:test",
    kind: Kind = Kind.LEMMA,
    uses: tuple[str, ...] = (),
    assumes: tuple[str, ...] = (),
    **given: Any,
) -> Claim:
    claim = Claim(id, kind=kind, title="t", source="s", quote="q", given=given, uses=uses, assumes=assumes)
    if statement is not None:
        claim.printed(statement)
    return claim


def alone(claim: Claim) -> Claim:
    """The same claim resting on nothing, so that it can be verified without its ancestors."""
    copy = Claim(
        claim.id,
        kind=claim.kind,
        title=claim.title,
        source=claim.source,
        quote=claim.quote,
        given=claim.given,
    )
    copy.printed_form, copy.mended_form = claim.printed_form, claim.mended_form
    return copy


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def mpf(value: Any) -> Any:
    fraction = Fraction(value)
    return mpmath.mpf(fraction.numerator) / fraction.denominator


# A formula is a tree: a name, a Fraction, or (operation, operands...); "^3" is the third power.
Formula = Any

OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def interpret(
    formula: Formula,
    variables: Mapping[str, Any],
    number: Callable[[Fraction], Any],
    exp: Callable[[Any], Any],
) -> Any:
    if isinstance(formula, str):
        return variables[formula]
    if isinstance(formula, Fraction):
        return number(formula)
    operation, *operands = formula
    values = [interpret(operand, variables, number, exp) for operand in operands]
    if operation == "exp":
        return exp(*values)
    if operation.startswith("^"):
        return values[0] ** int(operation[1:])
    return OPERATIONS[operation](*values)
