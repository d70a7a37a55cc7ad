"""Which rank each node of a layered drawing has, and the order within the ranks."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise
from math import fsum
from typing import TypeAlias

__all__ = ["Edge", "Layers", "Neighbours", "Vertex", "closing_a_cycle", "crossings", "ordered", "ranks_of"]

#: From what is used to what uses it; edges of one tail and lane share their way as far as they can.
Edge: TypeAlias = tuple[str, str, str]  # tail, head, lane
#: A node has neither lane nor rank; a dummy vertex belongs to the edges of a tail and a lane.
Vertex: TypeAlias = tuple[str, str, int]
Layers: TypeAlias = list[list[Vertex]]
Neighbours: TypeAlias = dict[Vertex, list[Vertex]]

_SWEEPS = 24


def closing_a_cycle(names: Sequence[str], edges: Sequence[Edge]) -> frozenset[Edge]:
    """Edges whose reversal leaves no cycle: those that lead back to a node that is being visited."""
    leaving: dict[str, list[Edge]] = {name: [] for name in names}
    for edge in edges:
        leaving[edge[0]].append(edge)
    found: set[Edge] = set()
    open_: set[str] = set()
    done: set[str] = set()
    for name in names:
        if name in done:
            continue
        open_.add(name)
        stack = [(name, iter(leaving[name]))]
        while stack:
            here, waiting = stack[-1]
            for edge in waiting:
                head = edge[1]
                if head in open_:
                    found.add(edge)
                elif head not in done:
                    open_.add(head)
                    stack.append((head, iter(leaving[head])))
                    break
            else:
                stack.pop()
                open_.discard(here)
                done.add(here)
    return frozenset(found)


def ranks_of(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Longest paths; then each node moves to where its edges are shorter, until none gains."""
    tails: dict[str, list[str]] = {name: [] for name in names}
    heads: dict[str, list[str]] = {name: [] for name in names}
    for tail, head in dict.fromkeys(edge[:2] for edge in edges):
        tails[head].append(tail)
        heads[tail].append(head)
    ranks = dict.fromkeys(names, 0)
    order = [name for name in names if not tails[name]]
    missing = {name: len(tails[name]) for name in names}
    for name in order:
        for head in heads[name]:
            ranks[head] = max(ranks[head], ranks[name] + 1)
            missing[head] -= 1
            if not missing[head]:
                order.append(head)
    moved = True
    while moved:
        moved = False
        for name in reversed(order):
            if len(heads[name]) > len(tails[name]):
                lowest = min(ranks[head] for head in heads[name]) - 1
                moved, ranks[name] = moved or lowest > ranks[name], lowest
    return ranks


def ordered(layers: Layers, above: Neighbours, below: Neighbours) -> Layers:
    """An order within the ranks with few crossings: barycentres down and up, then swaps of neighbours."""
    best, fewest = layers, crossings(layers, below)
    for sweep in range(_SWEEPS):
        downward = sweep % 2 == 0
        layers = _sorted_by_barycentre(layers, above if downward else below, downward)
        layers = _swapped(layers, above, below)
        number = crossings(layers, below)
        if number < fewest:
            best, fewest = layers, number
    return best


def _sorted_by_barycentre(layers: Layers, neighbours: Neighbours, downward: bool) -> Layers:
    places: dict[Vertex, float] = {}
    result: Layers = []
    for layer in layers if downward else layers[::-1]:
        # Who has no neighbours there keeps its place.
        wished = {
            v: fsum(places[u] for u in neighbours[v]) / len(neighbours[v]) if neighbours[v] else float(k)
            for k, v in enumerate(layer)
        }
        result.append(sorted(layer, key=wished.__getitem__))
        places |= {v: float(k) for k, v in enumerate(result[-1])}
    return result if downward else result[::-1]


def _swapped(layers: Layers, above: Neighbours, below: Neighbours) -> Layers:
    """Neighbours change places while that saves a crossing."""
    layers = [list(layer) for layer in layers]
    place = {v: k for layer in layers for k, v in enumerate(layer)}

    def between(left: Vertex, right: Vertex) -> int:
        pairs = ((a, b) for side in (above, below) for a in side[left] for b in side[right])
        return sum(place[a] > place[b] for a, b in pairs)

    saved = True
    while saved:
        saved = False
        for layer in layers:
            for k in range(len(layer) - 1):
                left, right = layer[k], layer[k + 1]
                if between(left, right) > between(right, left):
                    layer[k], layer[k + 1] = right, left
                    place[left], place[right] = k + 1, k
                    saved = True
    return layers


def crossings(layers: Layers, below: Neighbours) -> int:
    """How many segments cross, as inversions between the two orders."""
    total = 0
    for upper, lower in pairwise(layers):
        place = {v: k for k, v in enumerate(lower)}
        seen: list[int] = []
        for v in upper:
            ends = sorted(place[w] for w in below[v])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total
