"""GENERIC: proofs for all sizes, what refutes, what stays open, and that a damaged calculus is noticed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofcheck.checks.generic import check_generic, differences
from proofcheck.claims import Claim, Form, Index, Interval, Kind, Outcome, Real, Verdict, equal
from proofcheck.namespaces import indexed
from proofcheck.paper.gradient import lem_B_1_5, lem_C_7
from proofcheck.symbolic import normal_form
from proofcheck.symbolic.terms import Const, Term, mul

GIVEN = {"M": Real("n", "d"), "N": Real("d", "n"), "v": Real("n"), "i": Index("n"), "j": Index("d")}


def form(statement: Callable[..., Any], **given: Any) -> Form:
    claim = Claim("lem:test", kind=Kind.LEMMA, title="t", source="s", quote="q", given={**GIVEN, **given})
    claim.printed(statement)
    return claim.forms()["printed"]


def check(target: Form) -> Verdict:
    return check_generic(target, np.random.default_rng(7))


TRUE = {
    "transposed product": lambda xp, M, N: equal((M @ N).T, N.T @ M.T),
    "softmax rows": lambda xp, M, n: equal(xp.row_sums(_softmax(xp, M)), xp.ones(n)),
    "exponents add": lambda xp, v: equal(xp.exp(v) * xp.exp(-v), xp.exp(0 * v)),
    "sum of ones": lambda xp, n, d: equal(xp.row_sums(xp.ones(n, d)), d * xp.ones(n)),
    "vec": lambda xp, M, i, j, d: equal(xp.vec(M)[(i - 1) * d + j], M[i, j]),
    "product rule": lambda xp, v, i: equal(xp.D(lambda v: xp.inner(v, v), v)[i], 2 * v[i]),
}
FALSE = {
    "wrong order": lambda xp, M, N, v: equal(M @ (N @ v), 2 * M @ (N @ v)),
    "exponents multiply": lambda xp, v: equal(xp.exp(v) * xp.exp(v), xp.exp(v * v)),
    "dropped factor": lambda xp, v, i: equal(xp.D(lambda v: xp.inner(v, v), v)[i], v[i]),
}


def _softmax(xp: Any, m: Any) -> Any:
    weights = xp.exp(m)
    return xp.scale_rows(1 / xp.row_sums(weights), weights)


@pytest.mark.parametrize("name", TRUE)
def test_proved_for_all_sizes(name: str) -> None:
    verdict = check(form(TRUE[name]))
    assert verdict.outcome is Outcome.HOLDS, verdict.detail
    assert verdict.all_sizes


@pytest.mark.parametrize("name", FALSE)
def test_refuted_at_a_point(name: str) -> None:
    verdict = check(form(FALSE[name]))
    assert verdict.outcome is Outcome.REFUTED
    assert "for example at" in verdict.detail


def test_a_further_hypothesis_is_out_of_reach() -> None:
    claim = Claim("lem:w", kind=Kind.LEMMA, title="t", source="s", quote="q", given={"v": Real("n")})
    claim.printed(lambda xp, v: equal(v, v))
    claim.mended(because="b", where=lambda xp, v: equal(v, v))(lambda xp, v: equal(v, v))
    assert check(claim.forms()["mended"]).outcome is Outcome.NOT_RUN


def test_no_sizes_or_no_equality_is_not_run() -> None:
    from proofcheck.claims import at_most

    assert check(form(lambda xp, v: at_most(0 * v, v * v))).outcome is Outcome.NOT_RUN
    claim = Claim("lem:s", kind=Kind.LEMMA, title="t", source="s", quote="q", given={"x": Interval(0, 1)})
    claim.printed(lambda xp, x: equal(x, x))
    assert check(claim.forms()["printed"]).outcome is Outcome.NOT_RUN


def test_what_the_calculus_cannot_say_is_unknown_and_named() -> None:
    verdict = check(form(lambda xp, v: equal(v[1], v[1])))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "index 1" in verdict.detail


def test_one_difference_for_each_equality() -> None:
    assert len(differences(lem_B_1_5.forms()["printed"])) == 1


# --- damage: with a rule broken, something that was proved no longer is ------------------------------

PROVED = {
    "B.1.5": lem_B_1_5.forms()["printed"],
    "C.7": lem_C_7.forms()["mended"],
    **{name: form(statement) for name, statement in TRUE.items()},
}


def broken() -> set[str]:
    """The statements of PROVED that are not proved now."""
    found = set()
    for name, target in PROVED.items():
        try:
            holds = check(target).outcome is Outcome.HOLDS
        except (RecursionError, AssertionError):
            holds = False
        if not holds:
            found.add(name)
    return found


def test_undamaged() -> None:
    assert broken() == set()


def test_a_wrong_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    right = indexed.partial

    def doubled(term: Term, name: str, at: Any) -> Term:
        return mul(Const(Fraction(2)), right(term, name, at))

    monkeypatch.setattr(indexed, "partial", doubled)
    assert {"B.1.5", "C.7", "product rule"} <= broken()


@pytest.mark.parametrize(
    ("rule", "replacement", "victim"),
    [
        ("with_sizes_for_unused", lambda product: product, "sum of ones"),
        ("without_deltas", lambda product: product, "product rule"),
        ("divided", lambda product: None, "softmax rows"),
    ],
)
def test_a_rule_left_out(
    monkeypatch: pytest.MonkeyPatch, rule: str, replacement: Callable[[Any], Any], victim: str
) -> None:
    monkeypatch.setattr(normal_form, rule, replacement)
    assert victim in broken()


def test_a_normal_form_that_is_always_zero_is_caught_by_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    from proofcheck.checks import generic

    monkeypatch.setattr(generic, "is_zero", lambda term: True)
    verdict = check(form(FALSE["exponents multiply"]))
    assert verdict.outcome is Outcome.ERROR
    assert "proved, but the sides differ" in verdict.detail
