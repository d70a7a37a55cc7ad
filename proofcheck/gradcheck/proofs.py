"""A loss and a gradient written against ``xp``, as a claim: proved at small sizes, and for all sizes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from proofcheck.claims.claim import Claim, Kind, forget
from proofcheck.claims.domains import Domain, Interval, Positive, Real
from proofcheck.claims.proposition import all_of, equal
from proofcheck.claims.verdict import Level, Outcome, Verdict
from proofcheck.gradcheck.inputs import Inputs
from proofcheck.gradcheck.result import Agreement, Finding, FindingKind
from proofcheck.verify import check_form

__all__ = ["claim_of", "proofs"]

_AGREEMENT = {Outcome.HOLDS: Agreement.AGREES, Outcome.REFUTED: Agreement.DIFFERS}


def proofs(
    loss: Callable[..., Any],
    grad: Callable[..., Any],
    inputs: Inputs,
    sizes: Mapping[str, int],
    seed: int,
    bounds: tuple[float, float] | None = None,
) -> list[Finding]:
    """What the levels EXACT and GENERIC say of ``xp.gradient(loss) = grad``.

    A statement that is not well-formed (shapes that fit at the sizes given only, say) is left at that.

    Args:
        loss: a function of ``xp`` and the inputs.
        grad: the same.
        inputs: their names and shapes.
        sizes: names of sizes; dimensions of the same value are taken to be that size.
        seed: of the points at which a proof is tried again.
        bounds: of all inputs.
    """
    claim = claim_of(loss, grad, inputs, sizes, bounds)
    formed = check_form(claim, "printed", Level.WELL_FORMED, seed)
    if formed.outcome is not Outcome.HOLDS:
        return [_finding(formed, Agreement.NOTE)]
    verdicts = [check_form(claim, "printed", level, seed) for level in (Level.EXACT, Level.GENERIC)]
    return [_finding(one, _AGREEMENT.get(one.outcome, Agreement.NOTE)) for one in verdicts]


def _finding(verdict: Verdict, agreement: Agreement) -> Finding:
    words = {
        Outcome.HOLDS: "proved",
        Outcome.REFUTED: "disproved",
        Outcome.UNKNOWN: "not decided",
        Outcome.NOT_RUN: "not run",
        Outcome.ERROR: "not decided: it raised",
    }[verdict.outcome]
    if verdict.outcome is Outcome.HOLDS:
        words += " for all sizes" if verdict.all_sizes else f" at {len(verdict.sizes)} sizes, for all inputs"
    detail = f"{verdict.level.value}: {words}" + (f" ({verdict.detail})" if verdict.detail else "")
    return Finding(FindingKind.SYMBOLIC, agreement, detail, level=verdict.level.value)


def claim_of(
    loss: Callable[..., Any],
    grad: Callable[..., Any],
    inputs: Inputs,
    sizes: Mapping[str, int],
    bounds: tuple[float, float] | None = None,
) -> Claim:
    """The claim that the gradient is the loss's, for arrays of these shapes with symbolic sizes."""
    names = {value: name for name, value in reversed(list(sizes.items()))}
    given: dict[str, Domain] = {}
    symbols = [f"x{k}" for k in range(len(inputs.blocks))]
    if all(b.name.isidentifier() for b in inputs.blocks):
        symbols = [b.name for b in inputs.blocks]
    fixed = {name: value for name, value in inputs.fixed.items() if name not in sizes}
    shapes = {**dict(zip(symbols, (b.shape for b in inputs.blocks), strict=True))}
    shapes |= {name: value.shape for name, value in fixed.items()}
    for symbol, shape in shapes.items():
        dims = [names.setdefault(size, _new_size(names, shapes)) if size > 1 else "1" for size in shape]
        given[symbol] = _domain(dims, bounds)
    claim = Claim(
        f"gradcheck:{getattr(grad, '__name__', 'grad')}",
        kind=Kind.DERIVED,
        title="a gradient",
        source="gradcheck",
        quote="grad = dL/dx",
        given=given,
    )
    forget(claim.module)
    keyword = inputs.structure == "dict"

    def call(function: Callable[..., Any], xp: Any, values: Mapping[str, Any]) -> Any:
        others = {name: values[name] for name in (*fixed, *sizes)}
        if keyword:
            return function(xp, **{name: values[name] for name in symbols}, **others)
        return function(xp, *(values[name] for name in symbols), **others)

    def statement(xp: Any, **values: Any) -> Any:
        result = call(grad, xp, values)
        if inputs.structure == "one":
            parts = [result]
        elif inputs.structure == "tuple":
            parts = list(result)
        else:
            bare = not isinstance(result, Mapping)
            parts = [result] if bare else [result[b.key] for b in inputs.blocks]
        relations = []
        for name, part in zip(symbols, parts, strict=True):
            derivative = xp.gradient(lambda v, name=name: call(loss, xp, {**values, name: v}), values[name])
            relations.append(equal(derivative, part))
        return all_of(*relations)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind) for name in ("xp", *given, *sizes)]
    statement.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    claim.printed(statement)
    return claim


def _new_size(names: Mapping[int, str], taken: Mapping[str, Any]) -> str:
    return next(f"m{k}" for k in range(1, 99) if f"m{k}" not in names.values() and f"m{k}" not in taken)


def _domain(dims: list[str], bounds: tuple[float, float] | None) -> Domain:
    if bounds is None:
        return Real(*dims)
    if bounds[0] >= 0:
        return Positive(*dims)
    return Interval(Fraction(bounds[0]), Fraction(bounds[1]), *dims)
