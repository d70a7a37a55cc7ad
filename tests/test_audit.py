"""The audit: right claims leave no survivor, blind checks do, and every fate is earned by evidence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofcheck import classification
from proofcheck.audit import Audit, audit
from proofcheck.claims import Index, Interval, Level, Real, all_of, at_most, equal, has_shape, within
from proofcheck.claims.verdict import Outcome, Verdict
from proofcheck.classification import CHECKS, Fate
from proofcheck.errors import UserInputError
from tests.cli_helpers import HEAD
from tests.helpers import claim_of

X, Y = Real("n"), Real("n")
VALUES = (Level.NUMERIC, Level.COUNTEREXAMPLE, Level.EXACT, Level.GENERIC)


def audited(statement: Callable[..., Any], *, levels: tuple[Level, ...] = (), **given: Any) -> Audit:
    return audit(claims=[claim_of(statement, **given)], levels=levels)


def fates(found: Audit) -> dict[str, Fate]:
    return {one.mutation.split(": ", 1)[1]: one.fate for one in found.findings}


def square_of_difference(xp: Any, x: Any, y: Any) -> Any:
    z = x - y
    return equal(z * z, x * x + y * y - 2 * x * y)


def test_wrong_equations_are_killed_by_every_level_of_their_kind() -> None:
    found = audited(square_of_difference, x=X, y=Y)
    assert found.passed
    assert len(found.findings) == len(found.of(Fate.KILLED)) > 15
    assert {one.killed_by for one in found.findings} == {VALUES}
    assert found.by_level == {level: len(found.findings) * (level in VALUES) for level in found.levels}


def test_equivalent_means_proved_equal_on_both_sides() -> None:
    def symmetric(xp: Any, x: Any, y: Any, n: Any) -> Any:
        return equal(xp.inner(x, y), xp.inner(x * y, xp.ones(n)))

    found = audited(symmetric, x=X, y=Y)
    assert [one.mutation.split(": ")[1] for one in found.of(Fate.EQUIVALENT)] == [
        "xp.inner(x, y) → xp.inner(y, x)",
        "xp.inner(x * y, xp.ones(n)) → xp.inner(xp.ones(n), x * y)",
    ]
    assert {one.reason for one in found.of(Fate.EQUIVALENT)} == {"generic"}


def test_an_equivalent_is_proved_at_sizes_where_no_proof_for_all_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blind = {**CHECKS, Level.GENERIC: lambda form, rng: Verdict(Level.GENERIC, Outcome.UNKNOWN)}
    monkeypatch.setattr(classification, "CHECKS", blind)

    def symmetric(xp: Any, x: Any, y: Any, n: Any) -> Any:
        return equal(xp.inner(x, y), xp.inner(x * y, xp.ones(n)))

    found = audited(symmetric, x=X, y=Y).of(Fate.EQUIVALENT)
    assert [one.reason for one in found] == ["exact at n=1, n=2, n=3"] * 2


def test_a_true_inequality_is_weaker_or_slack() -> None:
    def bounded(xp: Any, p: Any) -> Any:
        return at_most(0 * p, p + p)

    found = fates(audited(bounded, p=Interval(0, 1, "n")))
    assert found["p + p → p"] is Fate.SLACK  # true, but below what is stated
    assert found["0 * p → p"] is Fate.SLACK
    assert found["0 * p → 0"] is Fate.WEAKER
    assert found["at_most(0 * p, p + p) → at_most(p + p, 0 * p)"] is Fate.KILLED
    assert found["real n in [0, 1] → real n"] is Fate.KILLED


def test_a_larger_right_side_is_weaker() -> None:
    def bounded(xp: Any, p: Any, q: Any) -> Any:
        return at_most(p - q, p)

    found = fates(audited(bounded, p=Interval(0, 1, "n"), q=Interval(0, 1, "n")))
    assert found["p - q → -q"] is Fate.WEAKER
    assert found["p - q → p"] is Fate.SLACK
    assert found["p - q → p + q"] is Fate.KILLED


def test_a_weaker_bound_is_proved_through_the_original() -> None:
    """The gap of the original does not fit the mutant, and nothing else proves either over softmax rows."""

    def cubic(xp: Any, s: Any, v: Any) -> Any:
        u = xp.exp(s)
        o, rest = xp.sum(u * v) / xp.sum(u), xp.sum(u * (1 - v)) / xp.sum(u)
        return at_most(27 * o * o * rest, 4, gap=(3 * o - 2) ** 2 * (3 * o + 1))

    found = audited(cubic, s=Real("n"), v=Interval(0, 1, "n"))
    (larger,) = (one for one in found.findings if one.mutation.endswith(": 4 → 5"))
    assert larger.fate is Fate.WEAKER
    assert larger.reason == "proved; follows from the original"


def test_a_hypothesis_that_is_not_needed_is_slack() -> None:
    def commutes(xp: Any, p: Any, q: Any) -> Any:
        return equal(p + q, q + p)

    found = audited(commutes, p=Interval(0, 1, "n"), q=Real("n"))
    assert [(one.mutation, one.reason) for one in found.of(Fate.SLACK)] == [
        ("given p: real n in [0, 1] → real n", "nothing refutes it without this hypothesis")
    ]


def add(xp: Any, a: Any, b: Any) -> Any:
    return a + b


def test_bounds_of_costs() -> None:
    def cost(xp: Any, A: Any, B: Any, n: Any, d: Any) -> Any:
        return all_of(within(add, (A, B), bound=n * d), within(add, (A, B), bound=n * n * d + n * d * d))

    found = audited(cost, A=Real("n", "d"), B=Real("n", "d"))
    seen = {one.mutation.split(":")[0] + one.mutation.split(":")[1]: one for one in found.findings}
    fate_of = {
        key.split(" line ")[0] + key.split(" line ")[1].lstrip("0123456789"): seen[key].fate for key in seen
    }
    assert fate_of["relation 1 bound, n * d → n"] is Fate.KILLED
    assert fate_of["relation 1 bound, n * d → n * d * n"] is Fate.WEAKER
    assert fate_of["relation 2 bound, n * n * d + n * d * d → n * n * d"] is Fate.SLACK
    assert fate_of["relation 2 bound, n * n * d + n * d * d → n * n * d - n * d * d"] is Fate.KILLED
    assert not found.of(Fate.SURVIVOR)


def test_nothing_ill_typed_and_no_shape_counts() -> None:
    def shapes(xp: Any, A: Any, x: Any, n: Any) -> Any:
        return all_of(has_shape(A @ x, (n,)), equal(A @ x + A @ x, 2 * (A @ x)))

    found = audited(shapes, A=Real("n", "d"), x=Real("d"))
    assert found.findings
    assert not any("relation 1" in one.mutation for one in found.findings)
    assert not any(one.mutation.endswith((" → A", " → x", ".T")) for one in found.findings)


def test_an_index_out_of_its_range_at_other_sizes_is_ill_typed_too() -> None:
    def entry(xp: Any, x: Any, i: Any, n: Any, d: Any) -> Any:
        return equal(x[i] + x[i], 2 * x[i])

    # Well-formedness is tried at (1, 1), (3, 7) and (7, 3), where n ≤ d^2.
    found = audited(entry, x=Real("d^2"), i=Index("d"), y=Real("n"))
    assert not any("given i" in one.mutation for one in found.findings)


def test_forms_that_do_not_stand_have_no_mutants() -> None:
    def wrong(xp: Any, x: Any, y: Any) -> Any:
        return equal(x + y, x - y)

    found = audit(claims=[claim_of(wrong, id="a:wrong", x=X, y=Y), claim_of(None, id="a:nothing")])
    assert not found.findings
    assert not found.passed
    assert {id: status.split(" [")[0] for id, status in found.left_out.items()} == {
        "a:wrong": "refuted",
        "a:nothing": "unknown",
    }


def test_the_standing_form_is_the_mended_one() -> None:
    claim = claim_of(lambda xp, x, y: equal(x + y, x - y), x=X, y=Y)
    claim.mended(because="sign")(square_of_difference)
    found = audit(claims=[claim])
    assert found.passed
    assert any("z" in one.mutation for one in found.findings)


def test_a_level_that_is_not_asked_kills_nothing() -> None:
    found = audited(square_of_difference, levels=(Level.COST,), x=X, y=Y)
    assert len(found.of(Fate.SURVIVOR)) == len(found.findings)
    assert found.by_level == {Level.COST: 0}
    assert found.to_json()["survivors"][0]["reason"] == "nothing asked refutes it, and nothing proves it"


def test_a_mutant_that_is_stopped_survives(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(HEAD + SLOW, encoding="utf-8")
    found = audit(str(tmp_path / "slow.py"), levels=["numeric"], jobs=1, timeout=2)
    (one,) = found.of(Fate.SURVIVOR)
    assert one.mutation.endswith("2 → 3")
    assert one.reason.startswith("stopped after 2 s")
    assert found.of(Fate.KILLED)


SLOW = """
import time

def times(k, x):
    while k == 3:
        time.sleep(1)
    return k * x

@claim("a:slow").printed
def _(xp, x, y):
    return equal(x, times(2, x) - x)
"""


def test_processes_find_what_one_process_finds(tmp_path: Path) -> None:
    source = (
        HEAD
        + """
@claim("a:square").printed
def _(xp, x, y):
    z = x - y
    return equal(z * z, x * x + y * y - 2 * x * y)
"""
    )
    (tmp_path / "square.py").write_text(source, encoding="utf-8")
    calls: list[tuple[int, int]] = []
    one = audit(str(tmp_path / "square.py"), progress=lambda done, total, label: calls.append((done, total)))
    many = audit(str(tmp_path / "square.py"), jobs=2)
    assert one.to_json() == many.to_json()
    assert calls[-1][0] == calls[-1][1]


def test_no_claims_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text(HEAD, encoding="utf-8")
    with pytest.raises(UserInputError, match="no claims to audit"):
        audit(str(tmp_path / "empty.py"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_paper_leaves_no_survivor() -> None:
    found = audit("proofcheck.paper", jobs=2)
    assert not found.of(Fate.SURVIVOR)
    # Only what has no statement is left out: hypotheses, and results taken over.
    assert set(found.left_out.values()) == {"assumed"}
    assert len(found.of(Fate.KILLED)) > 1000


def test_a_paper_claim_leaves_no_survivor() -> None:
    found = audit("proofcheck.paper", select=["lem:B.1.5"])
    data = found.to_json()
    assert found.passed
    assert data["mutants"] == data["killed"] + len(data["equivalent"]) > 10
    # Swapping the arguments of an inner product changes nothing, and that is proved.
    assert {entry["proof"] for entry in data["equivalent"]} <= {"generic", "exact"}
    assert set(data) == {
        "mutants", "killed", "equivalent", "weaker", "slack", "survivors", "by_level", "environment",
    }  # fmt: skip


def test_what_one_level_kills_alone() -> None:
    found = audit("proofcheck.paper", select=["lem:B.1.5"], levels=["numeric"])
    assert found.levels == (Level.NUMERIC,)
    assert found.by_level[Level.NUMERIC] == len(found.of(Fate.KILLED)) > 0


def test_a_check_that_sees_nothing_leaves_survivors(monkeypatch: pytest.MonkeyPatch) -> None:
    from proofcheck.checks import numeric

    monkeypatch.setattr(numeric, "_compare", lambda atom: (True, True, 0.0))
    found = audit("proofcheck.paper", select=["lem:B.1.5"], levels=["numeric"])
    assert not found.passed
    assert found.of(Fate.SURVIVOR)


def test_a_level_that_refutes_nothing_is_refused() -> None:
    with pytest.raises(UserInputError, match="refutes no mutant"):
        audit("proofcheck.paper", select=["lem:B.1.5"], levels=["well_formed"])


def test_the_same_seed_gives_the_same_audit() -> None:
    runs: list[dict[str, Any]] = [
        audit("proofcheck.paper", select=["fact:A.1"], seed=3).to_json() for _ in range(2)
    ]
    assert runs[0] == runs[1]


def command(*arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proofcheck", "audit", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PROOFCHECK_CACHE_DIR": str(cache)},
        check=False,
        timeout=120,
    )


def test_the_command(tmp_path: Path) -> None:
    done = command("--claim", "fact:A.1", "--format", "json", "--quiet", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout)["survivors"] == []


def test_an_unknown_claim_is_a_usage_error(tmp_path: Path) -> None:
    done = command("--claim", "lem:B.1.55", cache=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "lem:B.1.5" in done.stderr
