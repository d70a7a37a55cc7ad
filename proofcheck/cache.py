"""Verdicts of earlier runs, kept while nothing they depend on has changed.

One JSON file a verdict, in a directory named by the hash of proofcheck's own sources and of the
versions it computes with.  A file that cannot be read back is as if it were not there.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

from proofcheck.claims.verdict import Outcome, Verdict
from proofcheck.errors import UserInputError
from proofcheck.files import write_atomically

__all__ = ["Cache"]

_KEPT_GENERATIONS = 5
_GENERATION = re.compile(r"[0-9a-f]{32}")


class Cache:
    """Verdicts by key.

    Args:
        directory: where; made on the first write.
        generation: hash of everything all verdicts depend on.
    """

    def __init__(self, directory: Path, generation: str) -> None:
        self._root = directory
        self._directory = directory / generation[:32]
        self._writable = True

    def _path(self, key: str) -> Path:
        return self._directory / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"

    def get(self, key: str) -> Verdict | None:
        """The verdict stored under a key; None if there is none or it is damaged."""
        try:
            data = json.loads(self._path(key).read_text(encoding="utf-8"))
            return Verdict.from_json(data["verdict"]) if data["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, key: str, verdict: Verdict, *, final: bool = True) -> None:
        """Store a verdict; one that a slower machine or a mended program would not repeat is not stored.

        Args:
            key: what the verdict depends on beside the generation.
            verdict: what to store.
            final: False for a check that was stopped.
        """
        if not final or verdict.outcome is Outcome.ERROR or not self._writable:
            return
        try:
            if not self._directory.is_dir():
                self._directory.mkdir(parents=True, exist_ok=True)
                self._drop_old()
            write_atomically(self._path(key), json.dumps({"key": key, "verdict": verdict.to_json()}))
        except (OSError, UserInputError):
            self._writable = False  # a read-only cache costs time, not answers

    def _drop_old(self) -> None:
        # Only directories this class made: the user may have pointed us at one with other things in it.
        generations = sorted(
            (path for path in self._root.iterdir() if _GENERATION.fullmatch(path.name) and path.is_dir()),
            key=lambda path: path.stat().st_mtime,
        )
        for path in generations[:-_KEPT_GENERATIONS]:
            shutil.rmtree(path, ignore_errors=True)
