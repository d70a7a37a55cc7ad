"""The graph of claims: what uses what, validated when claims are put together."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from proofcheck.claims.claim import Claim
from proofcheck.errors import UserInputError

__all__ = ["Graph", "nearest"]


def nearest(id: str, known: Iterable[str]) -> str:
    """The known ids closest to a mistyped one, as words for an error message."""
    close = difflib.get_close_matches(id, list(known), n=3, cutoff=0.4)
    return f"; nearest: {', '.join(close)}" if close else ""


class Graph:
    """Claims by id, with their ancestors.

    Args:
        claims: all claims of a run.

    Attributes:
        claims: by id, in the order given.
        faults: what is wrong with a claim's registration, by id; such a claim is *error*.
    """

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims: dict[str, Claim] = {}
        self.faults: dict[str, str] = {}
        for claim in claims:
            if claim.id in self.claims:
                first = self.claims[claim.id]
                self.faults[claim.id] = f"declared twice: in {first.module} and in {claim.module}"
            else:
                self.claims[claim.id] = claim
        for claim in self.claims.values():
            for used in (*claim.uses, *claim.assumes):
                if used not in self.claims:
                    self.faults[claim.id] = f"refers to unknown claim {used!r}{nearest(used, self.claims)}"
        for id in self.claims:
            if cycle := self._cycle(id):
                self.faults[id] = f"uses itself: {' -> '.join(cycle)}"

    def _cycle(self, id: str) -> list[str]:
        """A shortest chain of uses from a claim back to itself; empty if there is none."""
        chains = [[id]]
        seen: set[str] = set()
        for chain in chains:
            for used in self.claims[chain[-1]].uses:
                if used == id:
                    return [*chain, id]
                if used in self.claims and used not in seen:
                    seen.add(used)
                    chains.append([*chain, used])
        return []

    def ancestors(self, id: str) -> frozenset[str]:
        """Everything a claim uses, directly or not (unknown ids left out)."""
        seen: set[str] = set()
        waiting = list(self.claims[id].uses)
        while waiting:
            one = waiting.pop()
            if one not in seen and one in self.claims:
                seen.add(one)
                waiting += self.claims[one].uses
        return frozenset(seen)

    def hypotheses(self, id: str) -> frozenset[str]:
        """Everything a claim or one of its ancestors assumes."""
        return frozenset(h for one in {id, *self.ancestors(id)} for h in self.claims[one].assumes)

    def select(self, ids: Sequence[str]) -> tuple[str, ...]:
        """The ids themselves, checked.

        Raises:
            UserInputError: an id that no claim has; the nearest ids are named.
        """
        for id in ids:
            if id not in self.claims:
                raise UserInputError(f"unknown claim id {id!r}{nearest(id, self.claims)}")
        return tuple(dict.fromkeys(ids))
