"""Reports for the blueprint: the paper's claims, and one claim that tries to be more than text."""

from __future__ import annotations

import importlib
from typing import Any

import proofcheck.paper
from proofcheck.claims import Claim, Kind, Level, Outcome, Real, Verdict, equal
from proofcheck.claims.claim import registered
from proofcheck.results import Report
from tests.report.errata_samples import DISPROVED, REFUTED, STANDS, WELL_FORMED, hand_made, printed_claim

#: Markup that would run or load something if it were taken for markup.
EVIL = (
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    "</pre></title></style><svg onload=alert(1)><a href='javascript:alert(1)'>&amp;--> \x1b[31m"
)
EVIL_ID = "e:<b>\"'& x</b>"


def paper_claims() -> list[Claim]:
    for name in proofcheck.paper.MODULES:
        importlib.import_module(name)
    return [claim for name in proofcheck.paper.MODULES for claim in registered(name)]


def evil_statement(xp: Any, x: Any) -> Any:
    text = "</pre><script>document.title = 'owned'</script>"
    return equal(x, x) if text else None


def evil_claim() -> Claim:
    claim = Claim(
        EVIL_ID,
        kind=Kind.LEMMA,
        title=EVIL,
        source=EVIL,
        quote=EVIL,
        formula=r"\text{<script>document.title = 'owned'</script>} + \style{color: red}{x}",
        given={"x": Real("n")},
        uses=("b:stands", "b:elsewhere<i>"),
    )
    claim.printed(evil_statement)
    claim.mended(because=EVIL, where=evil_statement, given={"x": Real("n"), EVIL: Real("n")})(evil_statement)
    return claim


def small_report() -> Report:
    """A handful of claims with every kind of border, one of them evil."""
    hypothesis = Claim("b:hypothesis", kind=Kind.HYPOTHESIS, title="h", source="s", quote="q")
    conditional = Claim(
        "b:conditional",
        kind=Kind.THEOREM,
        title="t",
        source="s",
        quote="q",
        formula=r"\frac{1}{2} \operatorname{diag}(x)",
        given={"x": Real("n")},
        uses=("b:stands",),
        assumes=("b:hypothesis",),
    )
    conditional.printed(evil_statement)
    found = {**(DISPROVED.counterexample or {}), "left": EVIL, "non_degenerate": DISPROVED.counterexample}
    against = Verdict(Level.COUNTEREXAMPLE, Outcome.REFUTED, EVIL, DISPROVED.covers, counterexample=found)
    report = hand_made(
        (printed_claim("b:stands", kind=Kind.DEFINITION), STANDS),
        (printed_claim("b:refuted", uses=("b:stands",)), REFUTED),
        (hypothesis, ()),
        (conditional, STANDS),
        (printed_claim("b:unknown", kind=Kind.PROOF), (WELL_FORMED,)),
        (evil_claim(), (WELL_FORMED, against)),
    )
    return Report(report.results, {"python": EVIL, "packages": {"numpy": "2"}, "seed": 0})
