"""Claims and their forms: declarations, free symbols, and what cannot be declared."""

from __future__ import annotations

from typing import Any

import pytest

from proofcheck.claims import Claim, Index, Interval, Kind, Level, Positive, Real, equal
from proofcheck.claims.claim import forget, registered
from proofcheck.errors import ClaimDefinitionError, DeclarationError, FreeSymbolError
from tests.helpers import claim_of, form_of


def statement(xp: Any, x: Any, n: Any) -> Any:
    return equal(x, x)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Real("n"), Real()),
        (Real("n"), Real("n", "n")),
        (Real("n"), Positive("n")),
        (Real("n", role="fixed"), Real("n", role="variable")),
        (Interval(0, 1, "n"), Interval(0, 2, "n")),
        (Interval(0, 1, "n"), Real("n")),
    ],
)
def test_contradictory_declarations(one: Any, other: Any) -> None:
    form = form_of(statement, x=(one, other))
    with pytest.raises(DeclarationError) as caught:
        form.check_declarations()
    assert str(caught.value) == f"x is declared as {one.describe()} and as {other.describe()}"


def test_a_repeated_declaration_that_agrees() -> None:
    form_of(statement, x=(Real("n"), Real("n"))).check_declarations()


def test_an_input_named_like_a_size() -> None:
    """``n`` cannot be a real number and the length of a vector at once."""
    with pytest.raises(DeclarationError, match="n is declared as real scalar and as a size"):
        form_of(statement, x=Real("n"), n=Real()).check_declarations()
    with pytest.raises(DeclarationError, match=r"n is declared as index in 1\.\.d and as a size"):
        form_of(statement, x=Real("n"), n=Index("d")).check_declarations()


@pytest.mark.parametrize("role", ["statement", "where"])
def test_a_free_symbol(role: str) -> None:
    def with_free(xp: Any, x: Any, z: Any) -> Any:
        return equal(x, z)

    form = form_of(with_free if role == "statement" else statement, where=with_free, x=Real("n"))
    with pytest.raises(FreeSymbolError, match="symbol z is used but nothing declares it"):
        form.check_declarations()


def test_what_a_form_is_made_of() -> None:
    form = form_of(statement, x=(Real("n"), Real()), i=Index("k^2"), A=Real("n", "d"))
    assert form.size_symbols == ("d", "k", "n")
    assert form.parameters == ("x", "n")
    assert form.domains() == {"x": Real("n"), "A": Real("n", "d")}
    assert form.indices() == {"i": Index("k^2")}
    assert form.source.startswith("def statement(")
    assert form_of(eval("lambda xp: None")).source == ""


@pytest.mark.parametrize("missing", ["id", "source", "quote"])
def test_what_a_claim_must_have(missing: str) -> None:
    words = {"id": "lem:x", "source": "p. 1", "quote": "x = x"}
    with pytest.raises(ClaimDefinitionError, match="must not be empty"):
        Claim(kind=Kind.LEMMA, title="", **{**words, missing: ""})


@pytest.mark.parametrize("name", ["uses", "assumes"])
def test_one_string_is_no_sequence_of_ids(name: str) -> None:
    with pytest.raises(ClaimDefinitionError, match="sequences of ids"):
        Claim("lem:x", kind=Kind.LEMMA, title="", source="s", quote="q", **{name: "lem:y"})


def test_a_kind_that_is_none() -> None:
    with pytest.raises(ValueError, match="theoremm"):
        Claim("lem:x", kind="theoremm", title="", source="s", quote="q")  # type: ignore[arg-type]


def test_forms_are_declared_once_and_in_order() -> None:
    claim = claim_of(None, x=Real("n"))
    with pytest.raises(ClaimDefinitionError, match="comes before the mended"):
        claim.mended(because="it fails")(statement)
    claim.printed(statement)
    with pytest.raises(ClaimDefinitionError, match="a second printed"):
        claim.printed(statement)
    with pytest.raises(ClaimDefinitionError, match="because of what"):
        claim.mended(because="")
    claim.mended(because="it fails", given={"y": Real()})(statement)
    with pytest.raises(ClaimDefinitionError, match="a second mended"):
        claim.mended(because="it fails")(statement)
    forms = claim.forms()
    assert list(forms) == ["printed", "mended"]
    assert forms["printed"].given == {"x": Real("n")}
    assert forms["mended"].given == {"x": Real("n"), "y": Real()}
    assert forms["mended"].because == "it fails"


def test_a_claim_has_no_place_for_a_status() -> None:
    assert not [name for name in vars(claim_of(statement)) if "status" in name]
    with pytest.raises(TypeError):
        Claim("lem:x", kind=Kind.LEMMA, title="", source="s", quote="q", status="proved")  # type: ignore[call-arg]


def test_sizes_apply_to_both_forms() -> None:
    claim = claim_of(statement, x=Real("n"))
    claim.mended(because="it fails")(statement)
    claim.check(Level.EXACT, Level.NUMERIC, sizes=[{"n": 4}])
    for form in claim.forms().values():
        assert form.sizes == {Level.EXACT: ({"n": 4},), Level.NUMERIC: ({"n": 4},)}


def test_the_registry() -> None:
    before = len(registered(__name__))
    made = claim_of(statement)  # registered where the constructor was called: in the helper's module
    assert made in registered("tests.helpers")
    own = Claim("lem:own", kind=Kind.LEMMA, title="", source="s", quote="q")
    assert registered(__name__)[before:] == (own,)
    forget(__name__)
    assert registered(__name__) == ()


def test_display() -> None:
    claim = Claim("a<b", kind=Kind.FACT, title="t & u", source="s", quote="x < y", formula="x < y")
    assert "a&lt;b" in claim._repr_html_()
    assert "x &lt; y" in claim._repr_html_()
    assert claim._repr_latex_() == "$\\displaystyle x < y$"
    assert claim_of(None)._repr_latex_() is None
    assert repr(claim) == "Claim('a<b', 't & u')"
