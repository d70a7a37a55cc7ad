"""Status rules: every combination of verdicts against a decision list, and what a claim rests on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from proofcheck.claims import Kind, Level, Outcome, Relation, Verdict
from proofcheck.claims.status import PASSING, Status, Word, claim_status, form_status, passes, rest_on

EQUAL = frozenset({Relation.EQUAL})
SIZES = ({"d": 1, "n": 1}, {"d": 2, "n": 3})
HOLDS, REFUTED, UNKNOWN, ERROR = Outcome.HOLDS, Outcome.REFUTED, Outcome.UNKNOWN, Outcome.ERROR


def verdict(level: Level, outcome: Outcome, **more: Any) -> Verdict:
    return Verdict(level, outcome, **{"detail": "why", "covers": EQUAL, "sizes": SIZES, **more})


def well(outcome: Outcome = HOLDS, **more: Any) -> Verdict:
    covers = frozenset({Relation.HAS_SHAPE})
    return verdict(Level.WELL_FORMED, outcome, **{"covers": covers, "all_sizes": True, **more})


def disproof(relation: Relation = Relation.EQUAL, **sizes: int) -> Verdict:
    counterexample = {"sizes": sizes, "relation": relation.value}
    return verdict(Level.COUNTEREXAMPLE, REFUTED, covers=frozenset({relation}), counterexample=counterexample)


# --- every combination of what five levels may say of one equality --------------------------

OPTIONS: dict[str, dict[str, Verdict | None]] = {
    "well_formed": {
        "holds": well(),
        "refuted": well(REFUTED),
        "error": well(ERROR),
        "vacuous": well(UNKNOWN, vacuous=True),
    },
    "exact": {
        "absent": None,
        **{one.value: verdict(Level.EXACT, one) for one in (HOLDS, REFUTED, UNKNOWN, ERROR)},
    },
    "counterexample": {
        "absent": None,
        "unknown": verdict(Level.COUNTEREXAMPLE, UNKNOWN),
        "found where exact ran": disproof(d=2, n=3),
        "found elsewhere": disproof(d=5, n=5),
        "error": verdict(Level.COUNTEREXAMPLE, ERROR),
    },
    "finite_difference": {
        "absent": None,
        **{one.value: verdict(Level.FINITE_DIFFERENCE, one) for one in (HOLDS, REFUTED, UNKNOWN, ERROR)},
    },
    "numeric": {
        "absent": None,
        **{one.value: verdict(Level.NUMERIC, one) for one in (HOLDS, REFUTED, UNKNOWN, ERROR)},
    },
}


def combinations() -> Iterator[tuple[dict[str, str], list[Verdict]]]:
    for choice in itertools.product(*OPTIONS.values()):
        said = dict(zip(OPTIONS, choice, strict=True))
        yield said, [found for level, word in said.items() if (found := OPTIONS[level][word]) is not None]


def expected(said: dict[str, str]) -> Word:
    """The rules in words, first match wins."""
    if "error" in said.values():
        return Word.ERROR  # a broken check or statement says nothing else
    if said["well_formed"] == "refuted":
        return Word.ILL_FORMED
    if said["well_formed"] == "vacuous":
        return Word.VACUOUS
    if said["counterexample"].startswith("found"):
        where_proved = said["exact"] == "holds" and said["counterexample"] == "found where exact ran"
        return Word.ERROR if where_proved else Word.REFUTED
    if "refuted" in said.values():
        return Word.UNKNOWN  # evidence against, but no exact counterexample
    if said["exact"] == "holds":
        return Word.PROVED_AT_SIZES
    if "holds" in (said["finite_difference"], said["numeric"]):
        return Word.SUPPORTED
    return Word.UNKNOWN


def test_every_combination() -> None:
    seen = set()
    for said, verdicts in combinations():
        status = form_status(Kind.LEMMA, verdicts, EQUAL)
        assert status.word is expected(said), said
        seen.add(status.word)
        # The order in which levels report makes no difference to the word.
        assert form_status(Kind.LEMMA, verdicts[::-1], EQUAL).word is status.word
        defined = form_status(Kind.DEFINITION, verdicts, EQUAL).word
        assert defined is (Word.DEFINED if status.word in PASSING else status.word)
    assert len(seen) == 7


def test_unknown_never_passes() -> None:
    for word in Word:
        good = {"proved", "proved modulo", "proved at sizes", "supported", "defined", "assumed"}
        assert passes(Status(word)) == (word.value in good)
    for said, verdicts in combinations():
        if set(said.values()) <= {"holds", "unknown", "absent"} and "holds" not in list(said.values())[1:]:
            assert not passes(form_status(Kind.LEMMA, verdicts, EQUAL)), said


def test_no_verdicts_and_no_relations() -> None:
    assert form_status(Kind.LEMMA, [], frozenset()).word is Word.UNKNOWN
    assert form_status(Kind.LEMMA, [well()], frozenset()) == Status(Word.UNKNOWN, "nothing was checked")
    assert form_status(Kind.DEFINITION, [well()], frozenset()).word is Word.UNKNOWN


# --- kinds of evidence -----------------------------------------------------------------------


def test_each_relation_needs_evidence_of_its_own() -> None:
    both = frozenset({Relation.EQUAL, Relation.WITHIN})
    exact = verdict(Level.EXACT, HOLDS)
    cost = verdict(Level.COST, HOLDS, covers=frozenset({Relation.WITHIN}), sizes=(), all_sizes=True)
    assert form_status(Kind.LEMMA, [well(), exact], both) == Status(Word.UNKNOWN, "no evidence for: within")
    assert form_status(Kind.LEMMA, [well(), cost], both).word is Word.UNKNOWN
    assert form_status(Kind.LEMMA, [well(), cost, exact], both).word is Word.PROVED_AT_SIZES
    assert form_status(Kind.LEMMA, [well(), cost], frozenset({Relation.WITHIN})) == Status(Word.PROVED)
    numeric = verdict(Level.NUMERIC, HOLDS)
    weakest = form_status(Kind.LEMMA, [well(), cost, numeric], both)
    assert weakest.word is Word.SUPPORTED


def test_balls_prove_inequalities_at_their_sizes() -> None:
    at_most = frozenset({Relation.AT_MOST})
    ball = verdict(Level.BALL, HOLDS, covers=at_most)
    assert form_status(Kind.LEMMA, [well(), ball], at_most) == Status(
        Word.PROVED_AT_SIZES, "d=1 n=1, d=2 n=3"
    )
    assert form_status(Kind.LEMMA, [well(), ball], EQUAL).word is Word.UNKNOWN
    # Where it ran, a counterexample contradicts it; elsewhere it does not.
    here, elsewhere = (disproof(Relation.AT_MOST, d=2, n=n) for n in (3, 4))
    assert form_status(Kind.LEMMA, [well(), ball, here], at_most).word is Word.ERROR
    assert form_status(Kind.LEMMA, [well(), ball, elsewhere], at_most).word is Word.REFUTED


@pytest.mark.parametrize("level", [Level.EXACT, Level.BALL])
def test_the_only_size_there_is_are_all_sizes(level: Level) -> None:
    """A statement without size symbols is run at no sizes: the empty assignment."""
    at_most = frozenset({Relation.AT_MOST})
    found = verdict(level, HOLDS, covers=at_most, sizes=({},))
    assert form_status(Kind.LEMMA, [well(), found], at_most) == Status(Word.PROVED)
    numeric = verdict(Level.NUMERIC, HOLDS, covers=at_most, sizes=({},))
    assert form_status(Kind.LEMMA, [well(), numeric], at_most).word is Word.SUPPORTED


def test_shapes_are_proved_by_the_type_check() -> None:
    shape = frozenset({Relation.HAS_SHAPE})
    assert form_status(Kind.LEMMA, [well()], shape) == Status(Word.PROVED)
    at_sizes = form_status(Kind.LEMMA, [well(all_sizes=False)], shape)
    assert at_sizes == Status(Word.PROVED_AT_SIZES, "d=1 n=1, d=2 n=3")
    assert form_status(Kind.DEFINITION, [well()], shape) == Status(Word.DEFINED, "sanity proved")


@pytest.mark.parametrize("level", [Level.EXACT, Level.NUMERIC, Level.FINITE_DIFFERENCE])
@pytest.mark.parametrize("sizes", [({"n": 1},), ({"d": 1, "n": 5}, {"d": 4, "n": 1})])
def test_a_size_of_1_is_no_evidence(level: Level, sizes: Any) -> None:
    """n = 1 or d = 1 hides transposes and factors of d; such a proof must not even support."""
    status = form_status(Kind.LEMMA, [well(), verdict(level, HOLDS, sizes=sizes)], EQUAL)
    assert status.word is Word.UNKNOWN


def test_a_contradiction_names_both_levels() -> None:
    exact = verdict(Level.EXACT, HOLDS)
    status = form_status(Kind.LEMMA, [well(), exact, disproof(n=3, d=2)], EQUAL)
    assert status == Status(Word.ERROR, "exact proves what counterexample disproves")
    # A proof at one size never outranks a counterexample at another ...
    assert form_status(Kind.LEMMA, [well(), exact, disproof(n=2, d=2)], EQUAL).word is Word.REFUTED
    # ... nor one of another relation at the same size.
    other = disproof(Relation.AT_MOST, n=3, d=2)
    relations = frozenset({Relation.EQUAL, Relation.AT_MOST})
    assert form_status(Kind.LEMMA, [well(), exact, other], relations).word is Word.REFUTED
    everywhere = verdict(Level.EXACT, HOLDS, all_sizes=True)
    assert form_status(Kind.LEMMA, [well(), everywhere, disproof(n=2, d=2)], EQUAL).word is Word.ERROR
    # Floats are evidence; they contradict nothing.
    numeric = verdict(Level.NUMERIC, HOLDS)
    assert form_status(Kind.LEMMA, [well(), numeric, disproof(n=3, d=2)], EQUAL).word is Word.REFUTED


def test_a_growing_family_disproves() -> None:
    family = {"relation": "within", "family": {"n": "t"}}
    cost = verdict(
        Level.COST, REFUTED, covers=frozenset({Relation.WITHIN}), all_sizes=True, counterexample=family
    )
    found = form_status(Kind.LEMMA, [well(), verdict(Level.EXACT, HOLDS), cost], EQUAL | {Relation.WITHIN})
    assert found == Status(Word.REFUTED, "why")


# --- from forms to a claim -------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_a_claim_without_a_statement(kind: Kind) -> None:
    found = claim_status(kind, None, None)
    assumable = kind in (Kind.HYPOTHESIS, Kind.CITED)
    assert found.word is (Word.ASSUMED if assumable else Word.UNKNOWN)


@pytest.mark.parametrize("printed", Word)
@pytest.mark.parametrize("mended", Word)
def test_a_mended_form_needs_a_printed_one_that_fails(printed: Word, mended: Word) -> None:
    found = claim_status(Kind.LEMMA, Status(printed, "p"), Status(mended, "m"))
    if printed in (Word.REFUTED, Word.REFUTED_MODULO, Word.ILL_FORMED):
        assert found == Status(mended, "m")
    elif printed is Word.UNKNOWN:
        assert found == Status(Word.UNKNOWN, "whether the printed form fails is not known: p")
    else:
        assert found.word is Word.ERROR
        assert found.detail == (
            "p"
            if printed is Word.ERROR
            else f"there is a mended form, but the printed one is {printed.value}"
        )
    assert claim_status(Kind.LEMMA, Status(printed, "p"), None) == Status(printed, "p")


# --- what a claim rests on -------------------------------------------------------------------

OWN = Status(Word.PROVED_AT_SIZES, "n=2")


@pytest.mark.parametrize("word", Word)
def test_ancestors(word: Word) -> None:
    found = rest_on(
        OWN,
        {"lem:a": Status(word), "lem:b": Status(Word.PROVED)},
        (),
        dict.fromkeys(("lem:a", "lem:b"), Kind.LEMMA),
    )
    if word in (Word.REFUTED, Word.REFUTED_MODULO, Word.ILL_FORMED, Word.VACUOUS, Word.ERROR):
        assert found == Status(Word.UNKNOWN, "rests on what does not stand: lem:a")
    elif word in (Word.UNKNOWN, Word.ASSUMED, Word.PROVED_AT_SIZES, Word.SUPPORTED):
        # What holds at some sizes, or as far as floats tell, is no ground for all sizes.
        assert found == Status(Word.PROVED_MODULO, "lem:a; at sizes n=2")
    else:
        assert found == OWN


@pytest.mark.parametrize("word", Word)
def test_what_hypotheses_do_to_each_status(word: Word) -> None:
    found = rest_on(Status(word, "own"), {}, ("hyp:seth",), {})
    changed = {
        Word.PROVED: Status(Word.PROVED_MODULO, "hyp:seth"),
        Word.PROVED_AT_SIZES: Status(Word.PROVED_MODULO, "hyp:seth; at sizes own"),
        Word.REFUTED: Status(Word.REFUTED_MODULO, "hyp:seth"),
        Word.SUPPORTED: Status(Word.SUPPORTED, "own; modulo hyp:seth"),
        Word.DEFINED: Status(Word.DEFINED, "own; modulo hyp:seth"),
    }
    assert found == changed.get(word, Status(word, "own"))


def test_a_hypothesis_with_a_statement_stays_a_hypothesis() -> None:
    kinds = {"hyp:a": Kind.HYPOTHESIS, "lem:b": Kind.CITED}
    ancestors = {"hyp:a": Status(Word.PROVED), "lem:b": Status(Word.ASSUMED)}
    found = rest_on(Status(Word.PROVED), ancestors, ("hyp:c",), kinds)
    assert found == Status(Word.PROVED_MODULO, "hyp:a, hyp:c, lem:b")


def test_its_own_failure_comes_first() -> None:
    broken = {"lem:a": Status(Word.REFUTED)}
    for word in (Word.ERROR, Word.ILL_FORMED, Word.VACUOUS, Word.UNKNOWN, Word.ASSUMED):
        assert rest_on(Status(word, "x"), broken, (), {"lem:a": Kind.LEMMA}) == Status(word, "x")


def test_words() -> None:
    assert str(Status(Word.PROVED_AT_SIZES, "n=2")) == "proved at sizes [n=2]"
    assert str(Status(Word.UNKNOWN)) == "unknown"
