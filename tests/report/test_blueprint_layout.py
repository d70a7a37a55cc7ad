"""The layered drawing: what may not overlap, what must go down, and that edges keep clear of nodes."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofcheck.report.blueprint_layout import GAP, SPACE, Drawing, Edge, draw
from proofcheck.report.blueprint_ranks import closing_a_cycle, crossings, ordered, ranks_of
from tests.report.blueprint_samples import paper_claims

HEIGHT = 30.0


def _graph(size: int, density: float, seed: int) -> tuple[dict[str, float], list[Edge]]:
    choose = random.Random(seed)
    names = [f"v{k}" for k in range(size)]
    widths = {name: choose.choice((20.0, 60.0, 150.0)) for name in names}
    pairs = [pair for pair in combinations(names, 2) if choose.random() < density]
    choose.shuffle(pairs)
    return widths, [(a, b, choose.choice(("uses", "assumes"))) for a, b in pairs]


def _box(name: str, drawing: Drawing, widths: dict[str, float]) -> tuple[float, float, float, float]:
    x, y = drawing.centres[name]
    return x - widths[name] / 2, x + widths[name] / 2, y - HEIGHT / 2, y + HEIGHT / 2


def _curve(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Points of the curve that leaves and arrives vertically."""
    middle = (start[1] + end[1]) / 2
    points = []
    for k in range(21):
        t = k / 20
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        x = (a + b) * start[0] + (c + d) * end[0]
        points.append((x, a * start[1] + (b + c) * middle + d * end[1]))
    return points


def _check(drawing: Drawing, widths: dict[str, float], edges: list[Edge]) -> None:
    assert set(drawing.centres) == set(widths)
    boxes = {name: _box(name, drawing, widths) for name in widths}
    for left, right, top, bottom in boxes.values():
        assert left >= -0.1
        assert right <= drawing.width + 0.1
        assert top >= -0.1
        assert bottom <= drawing.height + 0.1
    for a, b in combinations(boxes.values(), 2):
        apart = max(a[0] - b[1], b[0] - a[1]), max(a[2] - b[3], b[2] - a[3])
        assert apart[0] >= SPACE - 0.2 or apart[1] >= 0
    assert set(drawing.routes) == set(edges)
    for (tail, head, _), route in drawing.routes.items():
        assert boxes[tail][0] <= route[0][0] <= boxes[tail][1]
        assert boxes[head][0] <= route[-1][0] <= boxes[head][1]
        assert (route[0][1], route[-1][1]) == (boxes[tail][3], boxes[head][2])
        assert all(start[1] < end[1] for start, end in pairwise(route))
        for x, y in (point for ends in pairwise(route) for point in _curve(*ends)):
            for left, right, top, bottom in boxes.values():
                assert not (left - 1 < x < right + 1 and top + 0.1 < y < bottom - 0.1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("size", "density"), [(5, 0.5), (20, 0.08), (30, 0.15)])
def test_nodes_are_apart_and_edges_go_down_around_them(size: int, density: float, seed: int) -> None:
    widths, edges = _graph(size, density, seed)
    _check(draw(widths, HEIGHT, edges), widths, edges)


def test_the_papers_graph_is_drawn_so() -> None:
    claims = paper_claims()
    widths = {claim.id: 8.0 * len(claim.id) for claim in claims}
    edges = [(used, claim.id, "uses") for claim in claims for used in claim.uses]
    assert len(edges) > 100
    _check(draw(widths, HEIGHT, edges), widths, edges)


def test_a_long_edge_goes_around_what_is_in_its_way() -> None:
    chain = [("a", "b", "uses"), ("b", "c", "uses"), ("a", "c", "uses")]
    drawing = draw({"a": 40.0, "b": 40.0, "c": 40.0}, HEIGHT, chain)
    route = drawing.routes["a", "c", "uses"]
    assert len(route) == 4
    assert route[1][0] == route[2][0]
    assert abs(route[1][0] - drawing.centres["b"][0]) > 20 + SPACE / 2


def test_the_same_graph_is_drawn_the_same_and_names_do_not_matter() -> None:
    widths, edges = _graph(25, 0.12, 1)
    again = draw(dict(widths), HEIGHT, list(edges))
    assert again == draw(widths, HEIGHT, edges)
    renamed = draw(
        {f"{name}'": width for name, width in widths.items()},
        HEIGHT,
        [(f"{a}'", f"{b}'", lane) for a, b, lane in edges],
    )
    assert {name.removesuffix("'"): at for name, at in renamed.centres.items()} == again.centres


def test_a_cycle_has_one_edge_upward() -> None:
    ring = [("a", "b", "uses"), ("b", "c", "uses"), ("c", "a", "uses")]
    assert closing_a_cycle("abc", ring) == {("c", "a", "uses")}
    drawing = draw(dict.fromkeys("abc", 40.0), HEIGHT, ring)
    y = {name: at[1] for name, at in drawing.centres.items()}
    assert y["a"] < y["b"] < y["c"]
    route = drawing.routes["c", "a", "uses"]
    assert route[0][1] == y["c"] - HEIGHT / 2
    assert route[-1][1] == y["a"] + HEIGHT / 2
    assert all(start[1] > end[1] for start, end in pairwise(route))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 9).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.tuples(*[st.integers(0, n - 1)] * 2)))
    )
)
def test_any_graph_is_drawn(case: tuple[int, set[tuple[int, int]]]) -> None:
    size, pairs = case
    names = [str(k) for k in range(size)]
    edges = sorted((str(a), str(b), "uses") for a, b in pairs if a != b)
    upward = closing_a_cycle(names, edges)
    downward = [(b, a, lane) if (a, b, lane) in upward else (a, b, lane) for a, b, lane in edges]
    ranks = ranks_of(names, downward)
    assert all(ranks[tail] < ranks[head] for tail, head, _ in downward)
    drawing = draw(dict.fromkeys(names, 50.0), HEIGHT, edges)
    for edge, route in drawing.routes.items():
        assert (route[0][1] > route[-1][1]) is (edge in upward)


def test_ranks_are_longest_paths_and_nodes_move_to_what_uses_them() -> None:
    edges = [("a", "b", ""), ("b", "c", ""), ("a", "c", ""), ("late", "c", "")]
    assert ranks_of(["a", "b", "c", "late"], edges) == {"a": 0, "b": 1, "c": 2, "late": 1}


def test_crossings_are_counted_and_removed() -> None:
    top, bottom = [("a", "", 0), ("b", "", 0)], [("c", "", 0), ("d", "", 0)]
    below = {top[0]: [bottom[1]], top[1]: [bottom[0]], bottom[0]: [], bottom[1]: []}
    above = {top[0]: [], top[1]: [], bottom[0]: [top[1]], bottom[1]: [top[0]]}
    assert crossings([top, bottom], below) == 1
    assert crossings(ordered([top, bottom], above, below), below) == 0
    below[top[0]], below[top[1]] = bottom, bottom
    assert crossings([top, bottom], below) == 1


def test_parts_that_do_not_hang_together_are_beside_each_other_or_below() -> None:
    edges = [(f"a{k}", f"a{k + 1}", "uses") for k in range(4)] + [("b0", "b1", "uses")]
    widths = dict.fromkeys(("alone", *(f"a{k}" for k in range(5)), "b0", "b1"), 40.0) | {"wide": 100.0}
    drawing = draw(widths, HEIGHT, edges)
    _check(drawing, widths, edges)
    assert drawing.width == 100
    assert drawing.centres["a0"] == (20, 15)
    assert drawing.centres["b0"][1] > 5 * (HEIGHT + GAP) - GAP


def test_nothing_is_drawn_in_no_space() -> None:
    assert draw({}, HEIGHT, []) == Drawing(0, 0, {}, {})
