"""A report with one claim for every way to end, and the schema of its JSON."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from proofcheck import Claim, Index, Interval, Kind, Real, equal, verify
from proofcheck.claims.proposition import within
from proofcheck.results import Report

STATUSES = {
    "s:stands": "proved",
    "s:mended": "proved",
    "s:refuted": "refuted",
    "s:rests": "unknown",
    "s:ill-formed": "ill-formed",
    "s:vacuous": "vacuous",
    "s:error": "error",
    "s:needless": "error",
    "s:assumed": "assumed",
    "s:modulo": "proved modulo",
    "s:cost": "refuted",
}


def _claim(id: str, kind: Kind = Kind.LEMMA, **options: Any) -> Claim:
    given = options.pop("given", {"x": Real("n"), "y": Real("n")})
    return Claim(
        id, kind=kind, title=f"Über {id}", source="Paper, [bold]p. 1", quote="q ≤ 1", given=given, **options
    )


def sample_claims() -> list[Claim]:
    stands = _claim("s:stands")
    stands.printed(lambda xp, x, y: equal(x * y, y * x))

    mended = _claim(
        "s:mended", given={"A": Real("n", "d"), "B": Real("n", "d"), "t": Real(), "i": Index("n")}
    )
    mended.printed(lambda xp, A, B, t, i: equal(xp.exp(t * (A + B)) / 2, xp.exp(t * (A - B)) / 2))
    mended.mended(because="the sign of B is wrong")(
        lambda xp, A, B, t, i: equal(xp.exp(t * (A + B)) / 2, xp.exp(t * (B + A)) / 2)
    )

    refuted = _claim("s:refuted")
    refuted.printed(lambda xp, x, y: equal((x + y) / 4, (x - y) / 4))

    rests = _claim("s:rests", uses=("s:refuted",))
    rests.printed(lambda xp, x, y: equal(x + y, y + x))

    ill_formed = _claim("s:ill-formed")
    ill_formed.printed(lambda xp, x, z: equal(x, z))

    vacuous = _claim("s:vacuous", given={"x": Interval(1, 0, "n")})
    vacuous.printed(lambda xp, x: equal(x, x))

    error = _claim("s:error")
    error.printed(_buggy)

    needless = _claim("s:needless")
    needless.printed(lambda xp, x, y: equal(x + y, y + x))
    needless.mended(because="nothing")(lambda xp, x, y: equal(x + y, y + x))

    assumed = _claim("s:assumed", kind=Kind.HYPOTHESIS)

    modulo = _claim("s:modulo", assumes=("s:assumed",))
    modulo.printed(lambda xp, x, y: equal(x + y, y + x))

    cost = _claim("s:cost", given={"A": Real("n", "n")})
    cost.printed(lambda xp, A, n: within(_square, (A,), bound=n))

    return [stands, mended, refuted, rests, ill_formed, vacuous, error, needless, assumed, modulo, cost]


def _buggy(xp: Any, x: Any, y: Any) -> Any:
    raise ValueError("a bell \a and an escape \x1b[31m")


def _square(xp: Any, A: Any) -> Any:
    return A @ A


@functools.cache
def sample_report() -> Report:
    return verify(claims=sample_claims(), cache=False)


def report_of(*ids: str) -> Report:
    """The sample's results of these ids only."""
    whole = sample_report()
    return Report(tuple(whole[id] for id in ids), whole.environment)


WORDS = {
    "proved", "proved modulo", "proved at sizes", "supported", "defined", "assumed",
    "refuted", "refuted modulo", "ill-formed", "unknown", "vacuous", "error",
}  # fmt: skip
LEVELS = {"well_formed", "numeric", "finite_difference", "exact", "ball", "generic", "cost", "family"}
LEVELS |= {"counterexample"}


def assert_schema(data: Any) -> None:
    """The schema of ``proofcheck verify --format json``, written out independently of the program."""
    assert set(data) == {"schema_version", "environment", "claims"}
    assert data["schema_version"] == 1
    assert {"python", "platform", "packages", "seed", "sources"} <= set(data["environment"])
    for claim in data["claims"]:
        assert {"id", "kind", "title", "source", "uses", "assumes"} <= set(claim)
        assert {"status", "status_detail", "printed", "mended"} <= set(claim)
        assert claim["status"] in WORDS
        assert all(isinstance(one, str) for key in ("uses", "assumes") for one in claim[key])
        for name in ("printed", "mended"):
            form = claim[name]
            if form is None:
                continue
            assert form["status"] in WORDS
            assert isinstance(form["status_detail"], str)
            assert bool(form.get("because")) is (name == "mended")
            for verdict in form["verdicts"]:
                assert verdict["level"] in LEVELS
                assert verdict["verdict"] in {"holds", "refuted", "unknown", "error"}
                assert isinstance(verdict["detail"], str)
                assert verdict["seconds"] >= 0
            if form["counterexample"] is not None:
                _assert_exact(form["counterexample"])


def _assert_exact(found: Any) -> None:
    """Inputs are exact fractions as strings; nothing in a counterexample is a float."""
    for value in found.values() if isinstance(found, dict) else found:
        assert not isinstance(value, float)
        if isinstance(value, (dict, list)):
            _assert_exact(value)
    if isinstance(found, dict) and "inputs" in found:
        for text in _leaves(found["inputs"].values()):
            Fraction(text)


def _leaves(values: Any) -> Sequence[str]:
    found: list[str] = []
    for value in values:
        found += _leaves(value) if isinstance(value, list) else [value]
    return found
