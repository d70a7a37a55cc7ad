"""verify(): wrong, vacuous, ill-formed and crashing claims; modules, cache, workers, selection."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofcheck import Claim, Interval, Kind, Real, equal, verify
from proofcheck.claims import Level, Outcome
from proofcheck.claims.status import Word
from proofcheck.errors import UserInputError
from tests.claim_modules import CHAIN, CRASHING, GOOD, WRONG_B_1_5, without_seconds, words
from tests.helpers import claim_of

NOT_OF_AN_EQUALITY = {Level.BALL, Level.FAMILY, Level.COST}

# --- answers ---------------------------------------------------------------------------------


def test_a_true_claim(module: Callable[..., str]) -> None:
    report = verify(module(GOOD))
    assert words(report) == {"lem:good": "proved"}
    assert report.passed
    printed = report["lem:good"].printed
    assert printed is not None
    # Those that found nothing of their kind (no derivative, no cost) are not told.
    assert {v.level for v in printed.verdicts} == set(Level) - NOT_OF_AN_EQUALITY - {Level.FINITE_DIFFERENCE}


def test_a_wrong_claim_is_refuted_with_a_counterexample(module: Callable[..., str]) -> None:
    """Part 5 of Lemma B.1 with its minus sign flipped."""
    report = verify(module(WRONG_B_1_5))
    result = report["lem:flipped"]
    assert (result.status.word, report.passed) == (Word.REFUTED, False)
    assert result.printed is not None
    found = result.printed.counterexample
    assert found is not None
    # At n = 1, f = 1 and its derivative is 0; the flipped formula gives 2a.
    assert found["sizes"] == {"n": 1, "d": 1}
    A1, A2 = (float(found["inputs"][name][0][0]) for name in ("A1", "A2"))
    assert (float(found["left"]), float(found["right"])) == (0.0, 2 * A1 * A2)
    assert A1 * A2 != 0
    refuting = {v.level for v in result.printed.verdicts if v.outcome is Outcome.REFUTED}
    assert refuting == set(Level) - NOT_OF_AN_EQUALITY - {Level.WELL_FORMED}


def test_a_claim_nothing_satisfies_is_vacuous(module: Callable[..., str]) -> None:
    text = """
    empty = claim("lem:empty", x=Interval(1, 0, "n"))

    @empty.printed
    def _(xp, x):
        return equal(x, x)
    """
    report = verify(module(text))
    assert words(report) == {"lem:empty": "vacuous"}
    assert not report.passed


ILL_FORMED = """
free = claim("lem:free", x=Real("n"))

@free.printed
def _(xp, x, z):
    return equal(x, z)

shapes = claim("lem:shapes", A=Real("n", "d"), B=Real("n", "d"))

@shapes.printed
def _(xp, A, B):
    return equal(A @ B, A)

twice = claim("lem:twice", x=(Real("n"), Real()))

@twice.printed
def _(xp, x):
    return equal(x, x)
"""


def test_ill_formed_claims_name_the_symbol_or_the_shapes(module: Callable[..., str]) -> None:
    report = verify(module(ILL_FORMED))
    assert set(words(report).values()) == {"ill-formed"}
    assert not report.passed
    details = {result.claim.id: result.status.detail for result in report.results}
    assert details == {
        "lem:free": "symbol z is used but nothing declares it",
        "lem:shapes": "matrix product of n×d by n×d: d columns meet n rows",
        "lem:twice": "x is declared as real n and as real scalar",
    }
    for result in report.results:
        assert result.printed is not None
        # Nothing else is asked of what does not denote anything.
        assert [v.level for v in result.printed.verdicts] == [Level.WELL_FORMED]


def test_a_crash_is_an_error_and_the_others_still_run(module: Callable[..., str]) -> None:
    report = verify(module(CRASHING, GOOD))
    found = words(report)
    assert found.pop("lem:good") == "proved"
    assert set(found.values()) == {"error"}
    details = {result.claim.id: result.status.detail for result in report.results}
    assert "NameError: name 'no_such_name' is not defined" in details["lem:name"]
    assert "RuntimeError: what the author left behind" in details["lem:raises"]
    assert "IndexError: only at n = 2" in details["lem:late"]
    assert "this one returned NoneType" in details["lem:nothing"]
    assert not report.passed
    # The line of the statement is named.
    stem = Path(report["lem:name"].claim.module).stem
    assert f"{stem}.py:" in details["lem:name"]


def test_a_module_that_raises_on_import(module: Callable[..., str]) -> None:
    broken = module("value = 1 / 0")
    report = verify(broken, module(GOOD))
    assert words(report) == {f"module:{broken}": "error", "lem:good": "proved"}
    assert "ZeroDivisionError" in report[f"module:{broken}"].status.detail
    assert not report.passed


def test_a_module_with_a_syntax_error(module: Callable[..., str]) -> None:
    broken = module("def (")
    assert words(verify(broken, module(GOOD)))[f"module:{broken}"] == "error"


def test_modules_that_do_not_exist() -> None:
    with pytest.raises(UserInputError, match="there is no such file"):
        verify("no_such_file.py")
    for name in ("no_such_module_at_all", "no such name", "..", "proofcheck.nothing"):
        with pytest.raises(UserInputError, match="was not found"):
            verify(name)


def test_faults_of_registration(module: Callable[..., str]) -> None:
    text = """
    edges = ("a b", "b a", "c goood", "d c", "twin", "twin")
    for id, *uses in map(str.split, edges):
        one = claim(id, uses=uses, x=Real("n"))

        @one.printed
        def _(xp, x):
            return equal(x, x)
    """
    report = verify(module(GOOD.replace("lem:good", "good"), text))
    assert words(report) == {
        "good": "proved",
        "a": "error",
        "b": "error",
        "c": "error",
        "d": "unknown",
        "twin": "error",
    }
    assert report["d"].status.detail == "rests on what does not stand: c"
    assert "nearest: good" in report["c"].status.detail
    assert report["a"].status.detail == "uses itself: a -> b -> a"


def test_a_mended_form_beside_a_printed_one_that_stands(module: Callable[..., str]) -> None:
    text = """
    @good.mended(because="I thought it was wrong")
    def _(xp, x):
        return equal(xp.exp(2 * x), xp.exp(x) ** 2)
    """
    report = verify(module(GOOD, text))
    status = report["lem:good"].status
    assert status.word is Word.ERROR
    assert status.detail.startswith("there is a mended form, but the printed one is proved")
    assert not report.passed


def test_a_claim_without_a_statement_is_no_pass(module: Callable[..., str]) -> None:
    report = verify(module('claim("lem:bare")\nclaim("hyp:bare", kind=Kind.HYPOTHESIS)'))
    assert words(report) == {"lem:bare": "unknown", "hyp:bare": "assumed"}
    assert not report.passed


def test_an_empty_run_does_not_pass(module: Callable[..., str]) -> None:
    report = verify(module(""))
    assert report.results == ()
    assert not report.passed


def test_a_proof_at_size_1_alone_is_no_evidence(module: Callable[..., str]) -> None:
    text = """
    only = claim("lem:only", x=Real("n"))

    @only.printed
    def _(xp, x, n):
        return equal(xp.sum(x), xp.sum(x))

    only.check(*Level, sizes=[{"n": 1}])
    """
    assert words(verify(module(text), levels=["exact", "numeric", "counterexample"])) == {
        "lem:only": "unknown"
    }


# --- claims made in this process -------------------------------------------------------------


def test_claims_in_this_process() -> None:
    true = claim_of(lambda xp, x: equal(x + x, 2 * x), id="lem:true", x=Real("n"))
    false = claim_of(lambda xp, x: equal(x + x, x), id="lem:false", uses=("lem:true",), x=Real("n"))
    report = verify(claims=[true, false], jobs=2)
    assert words(report) == {"lem:true": "proved", "lem:false": "refuted"}
    assert report["lem:true"].claim is true
    with pytest.raises(KeyError):
        report["lem:other"]


def test_claims_in_this_process_are_not_cached(tmp_path: Path) -> None:
    def run(factor: int) -> str:
        one = claim_of(lambda xp, x: equal(x + x, factor * x), id="lem:same", x=Real("n"))
        return words(verify(claims=[one]))["lem:same"]

    assert (run(2), run(3), run(2)) == ("proved", "refuted", "proved")
    assert not list((tmp_path / "cache").rglob("*.json"))


def test_claims_beside_a_module(module: Callable[..., str]) -> None:
    own = Claim("lem:own", kind=Kind.LEMMA, title="", source="s", quote="q", uses=("lem:good",))
    own.given["x"] = Interval(0, 1, "n")
    own.printed(lambda xp, x: equal(x, x))
    assert set(words(verify(module(GOOD), claims=[own]))) == {"lem:good", "lem:own"}


# --- selection -------------------------------------------------------------------------------


def test_select_reports_these_and_runs_what_they_use(module: Callable[..., str]) -> None:
    labels: list[str] = []
    path = module("FACTOR = 2", CHAIN)
    report = verify(path, select=["lem:3"], progress=lambda done, total, label: labels.append(label))
    assert words(report) == {"lem:3": "proved"}
    assert {label.split()[0] for label in labels} == {"lem:1", "lem:2", "lem:3"}


def test_select_sees_a_broken_ancestor(module: Callable[..., str]) -> None:
    wrong = 'bad = claim("lem:0", x=Real("n"))\n\n@bad.printed\ndef _(xp, x):\n    return equal(x + x, x)\n'
    chain = CHAIN.replace('("lem:1", ())', '("lem:1", ("lem:0",))')
    report = verify(module("FACTOR = 2", wrong, chain), select=["lem:3", "lem:4"])
    assert words(report) == {"lem:3": "unknown", "lem:4": "proved"}
    assert report["lem:3"].status.detail == "rests on what does not stand: lem:0"


def test_an_unknown_id_names_the_nearest(module: Callable[..., str]) -> None:
    with pytest.raises(UserInputError, match=r"unknown claim id 'lem:goood'; nearest: lem:good"):
        verify(module(GOOD), select=["lem:goood"])


def test_levels(module: Callable[..., str]) -> None:
    path = module(GOOD)
    for level, word in (
        (Level.EXACT, "proved at sizes"),
        (Level.GENERIC, "proved"),
        (Level.NUMERIC, "supported"),
        (Level.COUNTEREXAMPLE, "unknown"),
        (Level.WELL_FORMED, "unknown"),
    ):
        report = verify(path, levels=[level])
        assert report["lem:good"].status.word.value == word
        printed = report["lem:good"].printed
        assert printed is not None
        assert {v.level for v in printed.verdicts} == {Level.WELL_FORMED, level}
    both = verify(path, levels=["exact", "numeric"])
    assert both["lem:good"].status.word is Word.PROVED_AT_SIZES
    with pytest.raises(UserInputError, match="level 'guess': expected one of well_formed, numeric"):
        verify(path, levels=["guess"])


@pytest.mark.parametrize("options", [{"jobs": -1}, {"timeout": 0}, {"timeout": float("nan")}])
def test_options_that_cannot_be(options: dict[str, Any], module: Callable[..., str]) -> None:
    with pytest.raises(UserInputError, match="expected jobs"):
        verify(module(GOOD), **options)


# --- worker processes ------------------------------------------------------------------------

ENDLESS = """
endless = claim("lem:endless", x=Real("n"))

@endless.printed
def _(xp, x, n):
    while n == 3:
        pass
    return equal(x, x)

dying = claim("lem:dying", x=Real("n"))

@dying.printed
def _(xp, x, n):
    import os
    if n == 3:
        os._exit(7)
    return equal(x, x)
"""


def test_workers_give_the_same_report(module: Callable[..., str]) -> None:
    path = module(GOOD, WRONG_B_1_5, ILL_FORMED, CRASHING)
    here = verify(path, cache=False)
    seen: list[tuple[int, int]] = []
    there = verify(path, cache=False, jobs=2, progress=lambda done, total, label: seen.append((done, total)))
    assert without_seconds(there) == without_seconds(here)
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == seen[-1][1]


def test_a_check_that_does_not_end_or_dies(module: Callable[..., str], tmp_path: Path) -> None:
    report = verify(module(ENDLESS, GOOD), jobs=2, timeout=4, levels=["numeric"])
    assert words(report) == {"lem:endless": "unknown", "lem:dying": "error", "lem:good": "supported"}
    endless = report["lem:endless"].printed
    assert endless is not None
    assert "stopped after 4 s; a longer --timeout may decide it" in endless.verdicts[-1].detail
    assert "exit code 7" in report["lem:dying"].status.detail
    assert not report.passed
    # A stopped check is asked again next time.
    kept = [json.loads(file.read_text(encoding="utf-8")) for file in (tmp_path / "cache").rglob("*.json")]
    assert kept
    assert not [one for one in kept if "stopped" in one["verdict"]["detail"]]


# --- seeds -----------------------------------------------------------------------------------


def test_a_seed_gives_one_report_and_the_order_of_work_does_not_matter(module: Callable[..., str]) -> None:
    path = module(GOOD, WRONG_B_1_5)
    whole = without_seconds(verify(path, cache=False, seed=5))
    assert without_seconds(verify(path, cache=False, seed=5)) == whole
    alone = without_seconds(verify(path, cache=False, seed=5, select=["lem:flipped"]))
    assert alone["claims"] == [one for one in whole["claims"] if one["id"] == "lem:flipped"]
    assert whole["environment"]["seed"] == 5


def test_reports_and_results_introduce_themselves_in_one_line(module: Callable[..., str]) -> None:
    report = verify(module(GOOD))
    assert repr(report) == "Report(1 claims, all passed)"
    assert repr(report["lem:good"]) == "ClaimResult('lem:good': proved)"
