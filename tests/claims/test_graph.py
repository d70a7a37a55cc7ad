"""The graph of claims: duplicates, unknown ids, cycles, ancestors."""

from __future__ import annotations

import itertools

import pytest

from proofcheck.claims import Claim, Kind
from proofcheck.claims.graph import Graph, nearest
from proofcheck.errors import UserInputError


def named(id: str, *uses: str, assumes: tuple[str, ...] = ()) -> Claim:
    return Claim(id, kind=Kind.LEMMA, title="", source="s", quote="q", uses=uses, assumes=assumes)


def test_a_sound_graph() -> None:
    graph = Graph([named("a"), named("b", "a"), named("c", "b", assumes=("h",)), named("d", "c"), named("h")])
    assert graph.faults == {}
    assert graph.ancestors("d") == {"a", "b", "c"}
    assert graph.ancestors("a") == set()
    assert graph.hypotheses("d") == {"h"}
    assert graph.hypotheses("b") == set()
    assert graph.select(["d", "a", "d"]) == ("d", "a")


def test_a_duplicate_id() -> None:
    first, second = named("a"), named("a")
    graph = Graph([first, second, named("b")])
    assert graph.claims["a"] is first
    assert graph.faults == {"a": f"declared twice: in {__name__} and in {__name__}"}


@pytest.mark.parametrize("way", ["uses", "assumes"])
def test_an_unknown_id_names_the_nearest(way: str) -> None:
    wrong = named("x", "lem:B.1.55") if way == "uses" else named("x", assumes=("lem:B.1.55",))
    graph = Graph([named("lem:B.1.5"), named("fig:2"), wrong])
    assert list(graph.faults) == ["x"]
    assert graph.faults["x"].startswith("refers to unknown claim 'lem:B.1.55'; nearest: lem:B.1.5")
    assert graph.ancestors("x") == set()


def test_nearest_is_silent_where_nothing_is_near() -> None:
    assert nearest("zzz", ["lem:1", "def:2"]) == ""
    assert nearest("lem:11", ["lem:1", "lem:10"]) == "; nearest: lem:1, lem:10"


@pytest.mark.parametrize(
    ("edges", "on_a_cycle"),
    [
        ({"a": "a"}, "a"),
        ({"a": "b", "b": "a"}, "ab"),
        ({"a": "b", "b": "c", "c": "a", "d": "a"}, "abc"),
        ({"a": "b", "b": "a", "c": "d", "d": "c"}, "abcd"),
        ({"a": "bc", "b": "a", "c": "a"}, "abc"),
        ({"a": "b", "b": "ac", "c": "dd", "d": "c", "e": "a"}, "abcd"),
    ],
)
def test_cycles(edges: dict[str, str], on_a_cycle: str) -> None:
    """Every claim on a cycle is at fault, whichever cycle it is on, and no other."""
    graph = Graph([named(id, *uses) for id, uses in edges.items()])
    assert set(graph.faults) == set(on_a_cycle)
    for id, fault in graph.faults.items():
        path = fault.removeprefix("uses itself: ").split(" -> ")
        assert len(path) > 1
        assert path[0] == path[-1]
        assert id in path
        assert all(later in edges[one] for one, later in itertools.pairwise(path))


def test_select_names_the_nearest() -> None:
    graph = Graph([named("lem:C.7"), named("lem:C.8")])
    with pytest.raises(UserInputError, match=r"unknown claim id 'lem:C\.77'; nearest: lem:C\.7"):
        graph.select(["lem:C.7", "lem:C.77"])
