"""The cache directory and the files in it: kept, replaced, and never anything else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proofcheck.cache import Cache
from proofcheck.claims import Level, Outcome, Verdict
from proofcheck.errors import UserInputError
from proofcheck.files import write_atomically

HOLDS = Verdict(Level.EXACT, Outcome.HOLDS, "why", sizes=({"n": 2},), seconds=0.25)


def generation(number: int) -> str:
    return f"{number:064x}"[::-1]


def test_there_and_back(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "deep" / "down", generation(1))
    assert cache.get("key") is None
    cache.put("key", HOLDS)
    assert cache.get("key") == HOLDS
    assert cache.get("other key") is None
    assert Cache(tmp_path / "deep" / "down", generation(2)).get("key") is None
    assert Cache(tmp_path / "deep" / "down", generation(1)).get("key") == HOLDS


def test_what_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, generation(1))
    cache.put("crash", Verdict(Level.EXACT, Outcome.ERROR, "NameError"))
    cache.put("stopped", Verdict(Level.EXACT, Outcome.UNKNOWN, "stopped"), final=False)
    assert cache.get("crash") is None
    assert cache.get("stopped") is None
    assert list(tmp_path.iterdir()) == []


def test_old_generations_go_and_nothing_else(tmp_path: Path) -> None:
    others = [tmp_path / "mine.txt", tmp_path / "f00d", tmp_path / ("F" * 32)]
    others[0].write_text("kept", encoding="utf-8")
    for other in others[1:]:
        other.mkdir(parents=True, exist_ok=True)
    for number in range(9):
        Cache(tmp_path, generation(number)).put("key", HOLDS)
        os.utime(tmp_path / generation(number)[:32], (number, number))
    kept = {path.name for path in tmp_path.iterdir()}
    assert {other.relative_to(tmp_path).parts[0] for other in others} <= kept
    assert {generation(number)[:32] for number in range(9)} & kept == {
        generation(number)[:32] for number in range(4, 9)
    }


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    write_atomically(file, "old")
    write_atomically(file, "new ∘")
    assert file.read_text(encoding="utf-8") == "new ∘"
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file.json"
    write_atomically(file, "old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserInputError, match="No space left on device"):
        write_atomically(file, "new")
    assert file.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="choose another path"):
        write_atomically(tmp_path / "no" / "file.json", "text")
