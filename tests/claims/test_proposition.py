"""Propositions: what they hold, and what is none."""

from __future__ import annotations

import pytest

from proofcheck.claims import Relation, all_of, at_most, equal, has_shape, within
from proofcheck.claims.proposition import atoms


def test_each_relation_names_its_kind() -> None:
    found = [equal(1, 2), at_most(1, 2), has_shape(1, (2,)), within(len, (1,), bound=3)]
    assert [one.kind for one in found] == [
        Relation.EQUAL,
        Relation.AT_MOST,
        Relation.HAS_SHAPE,
        Relation.WITHIN,
    ]


def test_conjunctions_are_flattened_in_order() -> None:
    parts = [equal(i, i) for i in range(5)]
    nested = all_of(parts[0], all_of(parts[1], all_of(), all_of(parts[2], parts[3])), parts[4])
    assert list(atoms(nested)) == parts
    assert list(atoms(all_of())) == []


@pytest.mark.parametrize("value", [None, True, 1.0, (equal(1, 1),), "equal"])
def test_anything_else_is_a_bug_of_the_statement(value: object) -> None:
    with pytest.raises(TypeError, match=f"returned {type(value).__name__}"):
        list(atoms(value))
    with pytest.raises(TypeError):
        list(atoms(all_of(equal(1, 1), value)))  # type: ignore[arg-type]
