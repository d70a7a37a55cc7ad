"""The paper's claims: all there, the standing forms pass, and exactly these printed forms do not stand."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import proofcheck.paper
from proofcheck import Claim, Kind, verify
from proofcheck.claims import Level, Outcome
from proofcheck.claims.claim import registered
from proofcheck.claims.status import Word
from proofcheck.namespaces import scalars
from proofcheck.namespaces.exact import Exact
from proofcheck.namespaces.scalars import Dual
from proofcheck.namespaces.strict import StrictNamespace
from proofcheck.paper import definitions, formulas, gradient, problem, tensor_trick
from proofcheck.results import ClaimResult, Report
from tests.helpers import alone

IDS = """
def:1.1 def:1.2 rem:1.3 def:1.4 not:kronecker def:3.2 def:3.3 def:3.4 def:3.5 def:3.6 def:3.7 fact:3.8
fact:3.9 lem:3.10 fig:1 fig:2 lem:4.1 fact:A.1 fact:A.2 def:A.3 fact:A.4 lem:B.1.1 lem:B.1.2 lem:B.1.3
lem:B.1.4 lem:B.1.5 lem:B.1.6 lem:B.1.7 lem:B.1.8 lem:C.1 lem:C.2 def:C.3 lem:C.4 def:C.5 lem:C.6
lem:C.7 lem:C.8 hyp:3.1 def:E.1 lem:E.2 lem:E.3 eq:E.7 eq:E.8 eq:E.9 eq:E.10 lem:E.4
lem:D.1 lem:D.2 lem:D.3 lem:D.4 lem:D.5 thm:D.6 thm:1.6 thm:E.5 thm:1.5
as23:poly as23:rank as23:entry as23:row-sum as23:output as23:forward
"""
ILL_FORMED = {
    "def:1.2": "Y is declared as real d×d and as real scalar",
    "def:1.4": "symbol X is used but nothing declares it",
    "not:kronecker": "symbol m2 is used but nothing declares it",
    "fact:A.2": "symbol U is used but nothing declares it",
    "prf:B.1.8": "left side is scalar, right side is n",
    "prf:C.7": "symbol v is used but nothing declares it",
    "fig:1": "left side is d^2×1, right side is 1×1",
    "lem:C.8": "X is declared as fixed real d×d and as variable real d×d",
    "lem:4.1": "X is declared as fixed real d×d and as variable real d×d",
    "lem:D.1": "matrix product of d×n by d×d: n columns meet d rows",
    "lem:D.5": "matrix product of n×k by n×k: k columns meet n rows",
}
REFUTED = {"lem:3.10", "prf:B.1.7", "lem:C.7", "prf:4.1"}
REFUTED |= {"lem:E.3", "eq:E.7", "eq:E.8", "eq:E.9", "eq:E.10", "prf:E.3", "lem:D.3", "prf:D.6"}
REFUTED |= {"thm:D.6", "prf:E.5.slope", "thm:E.5"}
PARTLY_TRUE = {"prf:E.3", "lem:D.3", "thm:D.6", "thm:E.5"}
FAMILIES = {"prf:4.1", "lem:E.3"}


def modules() -> list[Any]:
    return [importlib.import_module(name) for name in proofcheck.paper.MODULES]


def claims() -> list[Claim]:
    return [claim for module in modules() for claim in registered(module.__name__)]


# --- the report --------------------------------------------------------------------------------


def test_every_statement_is_there_and_the_standing_forms_pass(paper_report: Report) -> None:
    found = [result.claim.id for result in paper_report.results]
    assert set(IDS.split()) <= set(found)
    assert len(set(found)) == len(found)
    assert [result.claim.id for result in paper_report.results if not result.passed] == []
    assert paper_report.passed


def test_which_printed_forms_do_not_stand(paper_report: Report) -> None:
    found: dict[Word, set[str]] = {}
    for result in paper_report.results:
        if result.printed is None:
            assert result.claim.kind in (Kind.HYPOTHESIS, Kind.CITED)
            continue
        found.setdefault(result.printed.status.word, set()).add(result.claim.id)
    standing = {Word.PROVED, Word.PROVED_AT_SIZES, Word.SUPPORTED, Word.DEFINED}
    assert found.keys() <= standing | {Word.REFUTED, Word.ILL_FORMED}
    assert found[Word.REFUTED] == REFUTED
    assert found[Word.ILL_FORMED] == set(ILL_FORMED)


def test_ill_formed_statements_name_their_symbol_or_shapes(paper_report: Report) -> None:
    for id, detail in ILL_FORMED.items():
        printed = paper_report[id].printed
        assert printed is not None
        assert printed.status.detail == detail
        assert printed.counterexample is None


def test_refuted_statements_show_a_counterexample(paper_report: Report) -> None:
    for id in REFUTED:
        printed = paper_report[id].printed
        assert printed is not None
        found = printed.counterexample
        assert found is not None
        assert ("family" in found) == (id in FAMILIES)
    # The role of the 1/d shows first at d = 2, and softmax is constant at n = 1.
    for id in ("lem:3.10", "lem:C.7"):
        printed = paper_report[id].printed
        assert printed is not None
        assert printed.counterexample is not None
        assert printed.counterexample["sizes"] == {"n": 2, "d": 2}


def test_mended_forms_stand_beside_those_that_do_not(paper_report: Report) -> None:
    for result in paper_report.results:
        mended = result.claim.id in REFUTED | set(ILL_FORMED)
        assert (result.mended is not None) == mended
        if result.mended is not None:
            assert result.mended.status.word in (
                Word.PROVED,
                Word.PROVED_AT_SIZES,
                Word.DEFINED,
            ), result.claim.id
            assert result.mended.form.because


def test_no_level_contradicts_another(paper_report: Report) -> None:
    """On a form that stands no level speaks against it, and on a refuted one none says it holds."""
    for result in paper_report.results:
        for form in (result.printed, result.mended):
            if form is None:
                continue
            said = {v.level: v.outcome for v in form.verdicts}
            assert Outcome.ERROR not in said.values(), result.claim.id
            if form.status.word not in (Word.REFUTED, Word.ILL_FORMED):
                assert Outcome.REFUTED not in said.values(), result.claim.id
            # At small sizes 8 B n holds, and every level that speaks about those says so; beside an equality
            # that fails, a bound may hold for all sizes.
            elif form.status.word is Word.REFUTED and result.claim.id not in FAMILIES | PARTLY_TRUE:
                holding = {level for level, outcome in said.items() if outcome is Outcome.HOLDS}
                assert holding == {Level.WELL_FORMED}, result.claim.id


def test_every_part_of_the_gradient_is_seen_by_differences(paper_report: Report) -> None:
    for id in ("lem:B.1.5", "lem:B.1.6", "lem:B.1.7", "lem:B.1.8", "eq:4", "lem:C.7", "rem:1.3"):
        result = paper_report[id]
        form = result.mended or result.printed
        assert form is not None
        outcomes = {v.level: v.outcome for v in form.verdicts}
        for level in (Level.EXACT, Level.FINITE_DIFFERENCE, Level.NUMERIC):
            assert outcomes[level] is Outcome.HOLDS, (id, level)


# --- how it is written down --------------------------------------------------------------------


def test_no_module_with_claims_is_forgotten() -> None:
    making = set()
    for found in pkgutil.iter_modules(proofcheck.paper.__path__):
        name = f"proofcheck.paper.{found.name}"
        path = Path(str(next(iter(proofcheck.paper.__path__)))) / f"{found.name}.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and "Claim" in (
                getattr(node.func, "id", ""),
                getattr(node.func, "attr", ""),
            ):
                making.add(name)
    assert making == set(proofcheck.paper.MODULES)
    assert len(set(proofcheck.paper.MODULES)) == len(proofcheck.paper.MODULES)


def test_no_status_is_typed() -> None:
    """No statement's source has a status word in it, and no module of the paper can reach one."""
    words = re.compile("|".join(rf"\b{re.escape(word.value)}\b" for word in Word), re.IGNORECASE)
    for claim in claims():
        for form in claim.forms().values():
            assert form.source, claim.id
            assert not words.search(form.source), claim.id
        assert "status" not in vars(claim)
    for module in [*modules(), formulas]:
        source = inspect.getsource(module)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                assert node.module is not None
                assert "status" not in node.module
                assert not {"Status", "Word", "Verdict", "Outcome"} & {alias.name for alias in node.names}
            if isinstance(node, ast.keyword):
                assert node.arg not in ("status", "verdict", "verdicts", "proved")


def test_each_claim_says_what_it_quotes() -> None:
    for claim in claims():
        assert claim.quote, claim.id
        assert claim.formula, claim.id
        assert claim.source, claim.id
        assumed = claim.kind in (Kind.HYPOTHESIS, Kind.CITED)
        assert (claim.printed_form is None) == assumed, claim.id


def test_what_the_parts_cite() -> None:
    """The dependencies the printed proofs name: 3 from 2; 4 from 3 and A.1; 5 from 3, 4; 6 from 5."""
    uses = {claim.id: set(claim.uses) for claim in claims()}
    assert "lem:B.1.2" in uses["lem:B.1.3"]
    assert {"lem:B.1.3", "fact:A.1"} <= uses["lem:B.1.4"]
    assert {"lem:B.1.3", "lem:B.1.4"} <= uses["lem:B.1.5"]
    assert "lem:B.1.5" in uses["lem:B.1.6"]


# --- every repair is necessary -----------------------------------------------------------------


def printed_alone(claim: Claim, statement: Callable[..., Any], **given: Any) -> ClaimResult:
    """A statement as the only form of a claim with the same symbols, verified."""
    trial = Claim(
        claim.id,
        kind=Kind.LEMMA,
        title=claim.title,
        source=claim.source,
        quote=claim.quote,
        given={**claim.given, **given},
    )
    trial.printed(statement)
    return verify(claims=[trial], cache=False)[claim.id]


def test_definition_1_4_needs_both_repairs() -> None:
    claim = problem.def_1_4
    assert claim.printed_form is not None
    assert claim.mended_form is not None
    only_declared = printed_alone(claim, claim.printed_form.statement, **problem.def_1_4_X)
    assert only_declared.status.word is Word.ILL_FORMED
    assert "d^2" in only_declared.status.detail
    assert "d×d" in only_declared.status.detail
    only_vec = printed_alone(claim, claim.mended_form.statement)
    assert only_vec.status.word is Word.ILL_FORMED
    assert "symbol X" in only_vec.status.detail


@pytest.mark.parametrize("where", ["inside exp", "outside"])
def test_lemma_C_7_needs_both_repairs(where: str) -> None:
    def half_mended(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, n: Any, d: Any) -> Any:
        A = xp.kron(A1, A2)
        p = gradient.p_of(xp, A / d if where == "inside exp" else A, X, A3, Y, E, n, d)
        loss = formulas.attention_loss
        return gradient.equal(
            xp.vec(xp.gradient(lambda X: loss(xp, A1, A2, A3, E, X, Y, d), X)),
            xp.vec(A1.T @ p @ A2) / (d if where == "outside" else 1),
        )

    result = printed_alone(gradient.lem_C_7, half_mended)
    assert result.status.word is Word.REFUTED
    assert result.printed is not None
    assert result.printed.counterexample is not None
    assert result.printed.counterexample["sizes"] == {"n": 2, "d": 2}


def test_lemmas_C_8_and_4_1_need_both_roles() -> None:
    quadratic_time = importlib.import_module("proofcheck.paper.quadratic_time")
    claim = quadratic_time.lem_C_8
    for kept in ("X", "Y"):
        half = printed_alone(claim, claim.printed_form.statement, **{kept: quadratic_time._ROLES[kept]})
        assert half.status.word is Word.ILL_FORMED
        other = "Y" if kept == "X" else "X"
        assert half.status.detail.startswith(f"{other} is declared as fixed")


# --- statuses are computed: damage a piece and they change ---------------------------------------


NOT_GENERIC = tuple(level for level in Level if level is not Level.GENERIC)


def status_of(claim: Claim, levels: tuple[Level, ...] = ()) -> Word:
    """Of the claim by itself, by its own checks, nothing cached."""
    return verify(claims=[alone(claim)], levels=levels, cache=False)[claim.id].status.word


UNDAMAGED = {
    "fact:3.8": (tensor_trick.fact_3_8, {Word.PROVED, Word.PROVED_AT_SIZES}),
    "lem:3.10": (tensor_trick.lem_3_10, {Word.PROVED, Word.PROVED_AT_SIZES}),
    "lem:B.1.5": (gradient.lem_B_1_5, {Word.PROVED, Word.PROVED_AT_SIZES}),
    "def:3.4": (definitions.def_3_4, {Word.DEFINED}),
}


@pytest.mark.parametrize("id", UNDAMAGED)
def test_undamaged(id: str) -> None:
    claim, expected = UNDAMAGED[id]
    assert status_of(claim) in expected


def test_a_zero_test_that_always_says_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exact, "is_zero", lambda self: True)
    assert status_of(tensor_trick.lem_3_10) is Word.ERROR


def test_a_zero_test_that_always_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exact, "is_zero", lambda self: False)
    assert status_of(tensor_trick.fact_3_8) is Word.ERROR
    assert status_of(tensor_trick.fact_3_8, NOT_GENERIC) is Word.UNKNOWN


def test_a_loss_without_its_1_over_d(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the 1/d dropped from Definition 1.2 the printed Lemma 3.10 is true, and the mend is not."""

    def without(xp: Any, A1: Any, A2: Any, A3: Any, E: Any, X: Any, Y: Any, d: Any) -> Any:
        return formulas.attention_loss(xp, A1, A2, A3, E, X, Y, 1)

    monkeypatch.setattr(tensor_trick, "attention_loss", without)
    result = verify(claims=[alone(tensor_trick.lem_3_10)], cache=False)["lem:3.10"]
    assert result.status.word is Word.ERROR
    assert result.printed is not None
    assert result.mended is not None
    assert result.printed.status.word in (Word.PROVED, Word.PROVED_AT_SIZES)
    assert result.mended.status.word is Word.REFUTED


def test_a_kronecker_product_with_its_factors_swapped(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = StrictNamespace.kron
    monkeypatch.setattr(StrictNamespace, "kron", lambda self, a, b: sound(self, b, a))
    # The calculus at symbolic sizes has arrays of its own and contradicts the damaged ones.
    assert status_of(tensor_trick.fact_3_8) is Word.ERROR
    assert status_of(tensor_trick.fact_3_8, NOT_GENERIC) is Word.REFUTED


def test_a_vec_by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StrictNamespace, "vec", StrictNamespace.vec_by_columns)
    # The calculus at symbolic sizes has arrays of its own and contradicts the damaged ones.
    assert status_of(tensor_trick.fact_3_8) is Word.ERROR
    assert status_of(tensor_trick.fact_3_8, NOT_GENERIC) is Word.REFUTED


def test_a_wrong_sign_in_the_division_of_duals(monkeypatch: pytest.MonkeyPatch) -> None:
    def divided(self: Dual, other: Any) -> Dual:
        tag, a, da, b, db = self._with(other)
        quotient = a / b
        product = scalars._times(db, quotient)
        return Dual(tag, quotient, scalars._over(scalars._add(da, product), b))

    monkeypatch.setattr(Dual, "__truediv__", divided)
    assert status_of(gradient.lem_B_1_5) is Word.ERROR
    assert status_of(gradient.lem_B_1_5, NOT_GENERIC) is Word.REFUTED
    # Differences use no duals, and are not taken in.
    assert status_of(gradient.lem_B_1_5, (Level.FINITE_DIFFERENCE,)) is Word.SUPPORTED


def test_a_running_error_that_is_never_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    """NUMERIC then speaks against true claims, which withholds the pass."""
    monkeypatch.setattr(scalars, "UNIT_ROUNDOFF", 0.0)
    assert status_of(gradient.lem_B_1_5) is Word.UNKNOWN


def test_softmax_rows_that_do_not_sum_to_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong_row(xp: Any, A: Any, x: Any, j0: Any, n: Any) -> Any:
        u = formulas.u_row(xp, A, x, j0, n)
        return u / (xp.inner(u, xp.ones(n)) + 1)

    monkeypatch.setattr(definitions, "f_row", wrong_row)
    assert status_of(definitions.def_3_4) is Word.REFUTED
