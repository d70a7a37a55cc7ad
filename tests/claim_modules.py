"""Claim modules that tests write to disk, and what the tests look at in the reports about them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from proofcheck import verify
from proofcheck.claims.status import Word
from proofcheck.results import Report

HEAD = """
from proofcheck import Claim, Index, Interval, Kind, Level, Real, all_of, at_most, equal, has_shape

def claim(id, uses=(), kind=Kind.LEMMA, **given):
    return Claim(id, kind=kind, title=id, source="s", quote="q", given=given, uses=uses)
"""

GOOD = """
good = claim("lem:good", x=Real("n"))

@good.printed
def _(xp, x):
    return equal(xp.exp(x + x), xp.exp(x) * xp.exp(x))
"""

WRONG_B_1_5 = """
from proofcheck.paper.formulas import f_row

A = Real("n", "d")
flipped = claim("lem:flipped", A1=A, A2=A, x=Real("d^2"), j0=Index("n"), i=Index("d^2"))

@flipped.printed
def _(xp, A1, A2, x, j0, i, n):
    A = xp.kron(A1, A2)
    a, f = xp.block(A, j0, n)[:, i], f_row(xp, A, x, j0, n)
    return equal(xp.D(lambda x: f_row(xp, A, x, j0, n), x)[i], a * f + xp.inner(a, f) * f)
"""

CHAIN = """
for id, uses in (("lem:1", ()), ("lem:2", ("lem:1",)), ("lem:3", ("lem:2",)), ("lem:4", ())):
    one = claim(id, uses=uses, x=Real("n"))

    @one.printed
    def _(xp, x):
        return equal(x + x, FACTOR * x)
"""

CRASHING = """
named = claim("lem:name", x=Real("n"))

@named.printed
def _(xp, x):
    return equal(x, no_such_name)

raising = claim("lem:raises", x=Real("n"))

@raising.printed
def _(xp, x):
    raise RuntimeError("what the author left behind")

late = claim("lem:late", x=Real("n"))

@late.printed
def _(xp, x, n):
    if n == 2:
        raise IndexError("only at n = 2")
    return equal(x, x)

nothing = claim("lem:nothing", x=Real("n"))

@nothing.printed
def _(xp, x):
    equal(x, x)

leaving = claim("lem:leaves", x=Real("n"))

@leaving.printed
def _(xp, x):
    raise SystemExit(3)
"""


def reloaded(path: str, **options: Any) -> Report:
    """As a new process would: the module is read from disk again."""
    sys.modules.pop(Path(path).stem, None)
    return verify(path, **options)


def words(report: Report) -> dict[str, str]:
    """The bare words; which levels prove for all sizes is the levels' own affair."""
    found = {result.claim.id: result.status.word for result in report.results}
    return {id: "proved" if word is Word.PROVED_AT_SIZES else word.value for id, word in found.items()}


def without_seconds(report: Report) -> Any:
    def stripped(data: Any) -> Any:
        if isinstance(data, dict):
            return {key: stripped(value) for key, value in data.items() if key != "seconds"}
        return [stripped(one) for one in data] if isinstance(data, list) else data

    return stripped(json.loads(json.dumps(report.to_json())))
