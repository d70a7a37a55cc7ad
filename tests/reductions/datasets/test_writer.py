"""Writing: the same bytes however it is done, and no directory that is something else."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from proofcheck import files
from proofcheck.errors import UserInputError
from reductions.datasets import writer
from reductions.datasets.place import manifest_of
from reductions.datasets.validate import validate
from reductions.datasets.writer import generate
from tests.reductions.datasets.samples import FAMILIES, content, spec

#: Many small shards, made in no time.
FAST = {"name": "signs", "kind": "signs", "n": 64, "d": 2, "b": 1.0, "count": 40}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_BATCH_SOURCES", 10)


def test_the_same_bytes_again(tmp_path: Path) -> None:
    small = spec(FAMILIES[0], FAST)
    first = generate(small, tmp_path / "a" / "b").manifest
    assert generate(small, tmp_path / "c").manifest == first
    assert content(tmp_path / "a" / "b") == content(tmp_path / "c")
    assert manifest_of(tmp_path / "c") == first
    other = generate(spec(FAMILIES[0], FAST, seed=1), tmp_path / "d").manifest
    assert not {one["sha256"] for one in other["shards"]} & {one["sha256"] for one in first["shards"]}


def test_worker_processes_make_the_same(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # processes start afresh, with the batches of the module
    generate(spec(), tmp_path / "out", jobs=2)
    assert content(tmp_path / "out") == content(written)


def test_what_the_manifest_says_is_there(tmp_path: Path) -> None:
    made = generate(spec(FAST), tmp_path)
    files_there = set(content(tmp_path))
    shards = {one["path"] for one in made.manifest["shards"]}
    assert files_there == {"spec.json", "manifest.json", *made.manifest["files"], *shards}
    assert sum(one["rows"] for one in made.manifest["shards"]) == 40
    assert len({one["batch"] for one in made.manifest["shards"]}) == 4


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    generate(spec(FAST), tmp_path, progress=lambda *seen: told.append(seen))
    assert [(done, total) for done, total, _ in told] == [(k, 4) for k in range(1, 5)]


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserInputError, match=r"holds 'notes\.txt'; expected an empty directory, or --resume"):
        generate(spec(FAST), tmp_path)
    with pytest.raises(UserInputError, match=r"'notes\.txt', which this data set has not"):
        generate(spec(FAST), tmp_path, resume=True)
    assert content(tmp_path) == {"notes.txt": b"mine"}


@pytest.mark.parametrize("kind", ["shard", "directory", "link", "stray"])
def test_what_does_not_belong_there_is_refused(tmp_path: Path, kind: str) -> None:
    generate(spec(FAST), tmp_path / "out")
    folder = tmp_path / "out" / "data" / "signs-n64-b1"
    every = {
        f"{split}-{batch:05d}.parquet" for split in ("train", "validation", "test") for batch in range(4)
    }
    absent = sorted(every - set(os.listdir(folder)))
    place = folder / (absent[0] if kind == "stray" else "train-00009.parquet")
    if kind == "directory":
        place.mkdir()
    elif kind == "link":
        (tmp_path / "elsewhere").write_bytes(b"mine")
        (folder / "train-00000.parquet").unlink()
        (folder / "train-00000.parquet").symlink_to(tmp_path / "elsewhere")
    else:
        place.write_bytes(b"mine")
    with pytest.raises(UserInputError, match=r"which this data set has not|no regular file"):
        generate(spec(FAST), tmp_path / "out", resume=True)
    if kind == "link":
        assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    else:
        assert place.exists()


@pytest.mark.parametrize("other", [{"seed": 1}, {"count": 20}, {"title": "another"}])
def test_another_specification_is_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    one = {key: value for key, value in FAST.items() if key != "count"}
    generate(spec(one), tmp_path)  # forty
    before = content(tmp_path)
    with pytest.raises(UserInputError, match="another specification, seed, count or version"):
        generate(spec(one, **other), tmp_path, resume=True)
    assert content(tmp_path) == before


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(UserInputError, match="another run is writing"):
        generate(spec(FAST), tmp_path)
    assert content(tmp_path) == {}
    os.close(handle)
    generate(spec(FAST), tmp_path)


@pytest.mark.parametrize("at", [1, 2, 3, 7, 15])
def test_a_full_disk_is_told_and_what_is_there_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    generate(spec(FAST), tmp_path / "undisturbed")
    calls = 0

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(UserInputError, match="No space left on device"):
            generate(spec(FAST), tmp_path / "out")
    assert not list((tmp_path / "out").rglob(".proofcheck-*"))
    assert "manifest.json" in str(validate(tmp_path / "out").findings)
    assert generate(spec(FAST), tmp_path / "out", resume=True).remade == ()
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "manifest", "manifest gone", "card"])
def test_resuming_makes_anew_what_is_damaged_and_says_so(tmp_path: Path, damage: str) -> None:
    generate(spec(FAST), tmp_path)
    before = content(tmp_path)
    shard = tmp_path / manifest_of(tmp_path)["shards"][2]["path"]
    path = {"manifest": tmp_path / "manifest.json", "card": tmp_path / "README.md"}.get(
        damage.split()[0], shard
    )
    data = path.read_bytes()
    if damage.endswith("gone"):
        path.unlink()
    elif damage == "manifest":
        path.write_bytes(data.replace(b'"seed": 0', b'"seed": 1', 1))
    else:
        path.write_bytes(data[:-9] if damage == "cut" else data[:50] + bytes([data[50] ^ 4]) + data[51:])
    remade = generate(spec(FAST), tmp_path, resume=True).remade
    assert content(tmp_path) == before
    expected = {"manifest": "manifest.json was not", "manifest gone": None, "card": "README.md was"}
    word = expected.get(damage, shard.name)
    assert (remade == ()) if word is None else (len(remade) == 1 and word in remade[0])


def test_a_complete_data_set_is_left_alone(tmp_path: Path) -> None:
    generate(spec(FAST), tmp_path)
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*")}
    assert generate(spec(FAST), tmp_path, resume=True).remade == ()
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*")} == before


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in ("file", "a\0b"):
        with pytest.raises(UserInputError, match="choose another directory"):
            generate(spec(FAST), tmp_path / place)
