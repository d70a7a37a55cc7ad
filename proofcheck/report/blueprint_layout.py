"""A layered drawing of a directed graph: ranks, order within a rank, coordinates, routes of edges.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures"
(1981): an edge that spans several ranks has a dummy vertex in each rank between, which keeps it clear of
the nodes there. The same input gives the same drawing, on every machine.

Written here for want of a library: grandalf has had no release since 2023 and is under the GPL or EPL;
fast-sugiyama comes compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum
from typing import TypeAlias

from proofcheck.report.blueprint_ranks import (
    Edge,
    Layers,
    Neighbours,
    Vertex,
    closing_a_cycle,
    ordered,
    ranks_of,
)

__all__ = ["GAP", "SPACE", "Drawing", "Edge", "Point", "draw"]

Point: TypeAlias = tuple[float, float]

GAP = 44.0  #: between two ranks
SPACE = 14.0  #: between two neighbours of a rank
_DUMMY_WIDTH = 4.0
_BESIDE = 32.0  # between two components
_PORTS = 10.0  # between two edges that meet at a node
_RELAXATIONS = 60
# How straight a segment is to be, by how many of its ends are dummies: Gansner et al. (1993), section 4.
_STIFFNESS = (1.0, 2.0, 8.0)


@dataclass(frozen=True)
class Drawing:
    """Where everything is.

    Attributes:
        width, height: of the whole.
        centres: of the nodes.
        routes: of the edges, from the tail's lower side to the head's upper side; every two points are the
            ends of a curve that leaves and arrives vertically.
    """

    width: float
    height: float
    centres: Mapping[str, Point]
    routes: Mapping[Edge, tuple[Point, ...]]


def draw(widths: Mapping[str, float], height: float, edges: Iterable[Edge]) -> Drawing:
    """Lay a graph out: tails above heads, but for one edge of each cycle.

    Args:
        widths: of the nodes, by name; their order settles ties.
        height: of every node.
        edges: between two different nodes of ``widths``.
    """
    edges = tuple(dict.fromkeys(edges))
    drawings = [_component(part, widths, height, edges) for part in _components(widths, edges)]
    # Stable: what has the same height keeps its order.
    return _packed(sorted(drawings, key=lambda one: -one.height * (len(one.centres) > 1)))


def _components(names: Iterable[str], edges: Sequence[Edge]) -> list[list[str]]:
    """The weakly connected parts, each in the order of the names."""
    part = {name: name for name in names}

    def root(name: str) -> str:
        while part[name] != name:
            name = part[name]
        return name

    for tail, head, _ in edges:
        part[root(head)] = root(tail)
    parts: dict[str, list[str]] = {}
    for name in part:
        parts.setdefault(root(name), []).append(name)
    return list(parts.values())


def _packed(drawings: Sequence[Drawing]) -> Drawing:
    """The drawings in rows no wider than the widest."""
    limit = max((one.width for one in drawings), default=0.0)
    x = y = row = width = 0.0
    centres: dict[str, Point] = {}
    routes: dict[Edge, tuple[Point, ...]] = {}
    for one in drawings:
        if x > 0 and x + one.width > limit:
            x, y, row = 0.0, y + row + _BESIDE, 0.0
        centres |= {name: (x + a, y + b) for name, (a, b) in one.centres.items()}
        routes |= {edge: tuple((x + a, y + b) for a, b in way) for edge, way in one.routes.items()}
        width, row, x = max(width, x + one.width), max(row, one.height), x + one.width + _BESIDE
    return Drawing(width, y + row, centres, routes)


def _component(
    names: Sequence[str], widths: Mapping[str, float], height: float, edges: Sequence[Edge]
) -> Drawing:
    own = set(names)
    mine = [edge for edge in edges if edge[0] in own]
    upward = closing_a_cycle(names, mine)
    # Laid out as if they went downward, and turned back at the end.
    turned = {edge: (edge[1], edge[0], edge[2]) if edge in upward else edge for edge in mine}
    ranks = ranks_of(names, list(turned.values()))
    chains = {edge: _chain(turned[edge], ranks) for edge in mine}
    below: Neighbours = {(name, "", 0): [] for name in names}
    above: Neighbours = {(name, "", 0): [] for name in names}
    layers: Layers = [[] for _ in range(1 + max(ranks.values()))]
    for name in names:
        layers[ranks[name]].append((name, "", 0))
    for chain in chains.values():
        for upper, lower in pairwise(chain):
            if lower not in above:
                layers[lower[2]].append(lower)
                above[lower], below[lower] = [], []
            if lower not in below[upper]:
                below[upper].append(lower)
                above[lower].append(upper)
    layers = ordered(layers, above, below)
    width = {v: _DUMMY_WIDTH if v[1] else widths[v[0]] for layer in layers for v in layer}
    x = _abscissae(layers, above, below, width)
    centres = {name: (x[name, "", 0], ranks[name] * (height + GAP) + height / 2) for name in names}
    routes = {}
    for edge, chain in chains.items():
        way = _route(chain, ranks, x, above, below, width, height)
        routes[edge] = way[::-1] if edge in upward else way
    right = max(x[v] + width[v] / 2 for v in x)
    return Drawing(right, len(layers) * (height + GAP) - GAP, centres, routes)


def _chain(edge: Edge, ranks: Mapping[str, int]) -> tuple[Vertex, ...]:
    tail, head, lane = edge
    between = ((tail, lane, rank) for rank in range(ranks[tail] + 1, ranks[head]))
    return ((tail, "", 0), *between, (head, "", 0))


def _abscissae(
    layers: Layers, above: Neighbours, below: Neighbours, width: Mapping[Vertex, float]
) -> dict[Vertex, float]:
    """Centres that make the edges nearly vertical: layer after layer, the least squares given the others."""
    x: dict[Vertex, float] = {}
    for layer in layers:
        even = _spread([0.0] * len(layer), [1.0] * len(layer), [width[v] for v in layer])
        x |= zip(layer, even, strict=True)
    for _ in range(_RELAXATIONS):
        for layer in (*layers, *reversed(layers)):
            wished, weights = [], []
            for v in layer:
                ends = [(_STIFFNESS[bool(v[1]) + bool(u[1])], x[u]) for u in (*above[v], *below[v])]
                weight = fsum(w for w, _ in ends)
                wished.append(fsum(w * at for w, at in ends) / weight if ends else x[v])
                weights.append(weight or 1.0)
            x |= zip(layer, _spread(wished, weights, [width[v] for v in layer]), strict=True)
    left = min(x[v] - width[v] / 2 for v in x)
    return {v: round(at - left, 1) for v, at in x.items()}


def _spread(wished: Sequence[float], weights: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Positions nearest to the wished ones, by weighted least squares, that keep order and distance.

    With the distances taken off it is isotonic regression, which pooling adjacent violators solves.
    """
    offsets = [0.0]
    for one, other in pairwise(widths):
        offsets.append(offsets[-1] + (one + other) / 2 + SPACE)
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for wish, weight, offset in zip(wished, weights, offsets, strict=True):
        pool = (wish - offset, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, heavy, members = pools.pop()
            both = heavy + pool[1]
            pool = ((mean * heavy + pool[0] * pool[1]) / both, both, members + pool[2])
        pools.append(pool)
    flat = [mean for mean, _, members in pools for _ in range(members)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=True)]


def _route(
    chain: Sequence[Vertex],
    ranks: Mapping[str, int],
    x: Mapping[Vertex, float],
    above: Neighbours,
    below: Neighbours,
    width: Mapping[Vertex, float],
    height: float,
) -> tuple[Point, ...]:
    """Down the gaps in curves, and straight down through the ranks between."""
    points: list[Point] = []
    for k, v in enumerate(chain):
        top = (v[2] if v[1] else ranks[v[0]]) * (height + GAP)
        if k > 0:
            points.append((_port(v, chain[k - 1], above[v], x, width[v]), top))
        if k < len(chain) - 1:
            points.append((_port(v, chain[k + 1], below[v], x, width[v]), top + height))
    return tuple(points)


def _port(
    v: Vertex, other: Vertex, neighbours: Sequence[Vertex], x: Mapping[Vertex, float], width: float
) -> float:
    """Where on the side of a vertex the edge to a neighbour meets it: in the neighbours' order."""
    if v[1]:
        return x[v]
    place = sorted(neighbours, key=lambda u: x[u]).index(other) - (len(neighbours) - 1) / 2
    return round(x[v] + place * min(_PORTS, width / 2 / len(neighbours)), 1)
