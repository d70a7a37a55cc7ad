"""Hand-made reports with errata: what the levels say is given, so that nothing is computed but statuses."""

from __future__ import annotations

from typing import Any

from proofcheck.claims import Claim, Kind, Level, Outcome, Real, Relation, Verdict, equal
from proofcheck.claims.graph import Graph
from proofcheck.report.errata import Errata, find_errata
from proofcheck.results import Report, assemble

EQUAL = frozenset({Relation.EQUAL})
FOUND: dict[str, Any] = {
    "sizes": {"n": 2},
    "inputs": {"A": [["1", "-1/2"], ["0", "2"]], "x": ["0", "0"], "t": "0"},
    "indices": {"i": 1},
    "relation": "equal",
    "relation_number": 2,
    "entry": [1, 2],
    "left": "1/4",
    "right": "exp(1)",
    "left_decimal": "0.25",
    "right_decimal": "2.71828182846",
}
WELL_FORMED = Verdict(Level.WELL_FORMED, Outcome.HOLDS, "shapes fit", relations=EQUAL, all_sizes=True)
PROVED = Verdict(Level.GENERIC, Outcome.HOLDS, "1 equality", EQUAL, all_sizes=True)
DISPROVED = Verdict(Level.COUNTEREXAMPLE, Outcome.REFUTED, "0.25 against 2.7", EQUAL, counterexample=FOUND)
ILL_FORMED = Verdict(Level.WELL_FORMED, Outcome.REFUTED, "symbol z is used but nothing declares it")
STANDS, REFUTED = (WELL_FORMED, PROVED), (WELL_FORMED, DISPROVED)
NASTY = (
    "1. *a* _b_ [x](y) <b>c</b> | `d` $e$ & #1 ~f~ \\alpha {g}^2 100% -- \"h\" ''i'' https://j.k "
    "A ∘ B ⊗ C, α ≤ ᵀ, ‖x‖ ∈ ²"
)


def statement(xp: Any, x: Any) -> Any:
    remark = """
```
\\end{verbatim} and <pre>, and what is above: no page may take them for its own
    """
    return equal(x, x) if remark else None


def further(xp: Any, x: Any) -> Any:
    return equal(x, x + 0)


def printed_claim(id: str, *, kind: Kind = Kind.LEMMA, quote: str = "q", uses: tuple[str, ...] = ()) -> Claim:
    claim = Claim(
        id,
        kind=kind,
        title="t_1",
        source="s",
        quote=quote,
        formula=r"\| x \| \le 1",
        given={"x": Real("n")},
        uses=uses,
    )
    claim.printed(statement)
    return claim


def mended_claim(id: str, **options: Any) -> Claim:
    form = {name: options.pop(name) for name in ("given", "where", "serious") if name in options}
    claim = printed_claim(id, **options)
    claim.mended(because="a sign is wrong", **form)(statement)
    return claim


def hand_made(*claims: tuple[Claim, tuple[Verdict, ...]]) -> Report:
    """Hand-made: what the levels say of the printed forms; mended forms are proved."""
    graph = Graph([claim for claim, _ in claims])
    verdicts = {(claim.id, "printed"): found for claim, found in claims}
    verdicts |= {(claim.id, "mended"): STANDS for claim, _ in claims}
    return assemble(graph, verdicts, tuple(graph.claims), {})


def errata_of(*claims: tuple[Claim, tuple[Verdict, ...]]) -> Errata:
    return find_errata(hand_made(*claims))


def nasty_errata() -> Errata:
    return errata_of((mended_claim("e:nasty", quote=NASTY), REFUTED))
