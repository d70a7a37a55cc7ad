"""What changed between two JSON reports of claims, and whether for better or worse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proofcheck.claims.status import PASSING, Status, Word, is_disproved

__all__ = ["Change", "Direction", "changed"]

_FORMS = ("printed", "mended")
_PASSING = PASSING | {"CERTIFIED"}  # the word of a gradient that passes
# Of statuses that pass; of a definition nothing is said, since how it is established is in its detail.
_STRENGTH: dict[str, int] = {
    Word.PROVED: 3,
    Word.PROVED_MODULO: 2,
    Word.PROVED_AT_SIZES: 2,
    Word.SUPPORTED: 1,
    Word.ASSUMED: 0,
}
# Statuses whose detail says what is proved; of the others it is a message.
_DETAILED = frozenset({Word.PROVED_MODULO, Word.PROVED_AT_SIZES, Word.SUPPORTED, Word.DEFINED})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a report from elsewhere may drive a terminal
_LONGEST = 160


class Direction(StrEnum):
    """Which way a change goes."""

    BETTER = "better"
    WORSE = "worse"
    OTHER = "other"


@dataclass(frozen=True)
class Change:
    """One thing that changed about a claim.

    Attributes:
        id: of the claim.
        what: ``"claim"`` for one that is new or gone; ``"status"``, ``"as printed"``, ``"as mended"`` for a
            status; ``"detail"``; ``"counterexample as printed"``, ``"counterexample as mended"``.
        was: before; None if it was not there.
        now: after; None if it is not there.
        direction: for better or worse.  What is no longer checked is worse, whatever it was.
    """

    id: str
    what: str
    was: Any
    now: Any
    direction: Direction

    def __str__(self) -> str:
        if self.what == "claim":
            text = f"new, {self.now}" if self.was is None else f"gone, was {self.was}"
        else:
            text = f"{self.what} was {_brief(self.was)}, is {_brief(self.now)}"
        return _CONTROL.sub("\ufffd", f"{self.id}: {text}")

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of ``proofcheck diff --format json``."""
        return {
            "id": self.id,
            "what": self.what,
            "was": self.was,
            "now": self.now,
            "direction": self.direction.value,
        }


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], *, selected: bool = False, thorough: bool = False
) -> list[Change]:
    """What changed between two reports, in the order of the later one; what is gone comes last.

    Args:
        before: a report as :mod:`proofcheck.report.machine` reads it.
        after: another.
        selected: the later one was restricted to some ids, so that claims it lacks are not gone.
        thorough: compare also what a status says beside its word, and counterexamples.
    """
    gone = {claim["id"]: claim for claim in before["claims"]}
    changes: list[Change] = []
    for new in after["claims"]:
        id = new["id"]
        old = gone.pop(id, None)
        if old is None:
            passes = new["status"] in _PASSING
            direction = Direction.BETTER if passes else Direction.WORSE
            changes.append(Change(id, "claim", None, new["status"], direction))
        else:
            changes += _statuses(id, old, new)
            changes += _details(id, old, new) if thorough else ()
    if not selected:
        changes += [Change(id, "claim", one["status"], None, Direction.WORSE) for id, one in gone.items()]
    return changes


def _statuses(id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    pairs = [("status", old["status"], new["status"])]
    pairs += [(f"as {name}", _status(old[name]), _status(new[name])) for name in _FORMS]
    for what, was, now in pairs:
        if was != now:
            yield Change(id, what, was, now, _direction(was, now))


def _details(id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    was, now = old.get("status_detail", ""), new.get("status_detail", "")
    if old["status"] == new["status"] and new["status"] in _DETAILED and was != now:
        yield Change(id, "detail", was, now, Direction.OTHER)
    for name in _FORMS:
        statuses = _status(old[name]), _status(new[name])
        # Where only one of the two has a counterexample, the statuses say so.
        if all(word is not None and is_disproved(Status(Word(word))) for word in statuses):
            was, now = (form[name].get("counterexample") for form in (old, new))
            if was != now:
                yield Change(id, f"counterexample as {name}", was, now, Direction.OTHER)


def _status(form: Mapping[str, Any] | None) -> str | None:
    return None if form is None else form["status"]


def _direction(was: str | None, now: str | None) -> Direction:
    """Of a change of status: failing before passing, and weaker before stronger evidence."""
    if was is None or now is None:
        return Direction.OTHER
    if (was in _PASSING) != (now in _PASSING):
        return Direction.BETTER if now in _PASSING else Direction.WORSE
    before, after = _STRENGTH.get(was), _STRENGTH.get(now)
    if before is None or after is None or before == after:
        return Direction.OTHER
    return Direction.BETTER if before < after else Direction.WORSE


def _brief(value: Any) -> str:
    """A value in a few words."""
    if value is None or value == "":
        return "absent"
    if isinstance(value, dict) and isinstance(value.get("sizes"), dict):
        sizes = " ".join(f"{name}={size}" for name, size in value["sizes"].items())
        return _shortened(
            f"at {sizes or 'no sizes'} with {json.dumps(value.get('inputs'), ensure_ascii=False)}"
        )
    return _shortened(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
