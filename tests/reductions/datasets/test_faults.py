"""A run that is killed at any moment is completed to the files of an undisturbed one; damage is named.

Kill points are events of the operating system that Python tells of (files opened, renamed, removed,
directories made) and times. One process imports everything once and forks for each.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from proofcheck.errors import UserInputError
from reductions.datasets import table
from reductions.datasets.place import sealed_json
from reductions.datasets.reader import load
from reductions.datasets.row import Row, sealed
from reductions.datasets.sources import split_of
from reductions.datasets.table import Shard, parquet_of
from reductions.datasets.validate import validate
from tests.cli_helpers import environment
from tests.reductions.datasets.samples import content

KILLED = """
import json, os, random, shutil, signal, sys, time
from pathlib import Path

from reductions.datasets import writer
from reductions.datasets.spec import spec_of
from reductions.datasets.validate import validate
from proofcheck.errors import UserInputError
from reductions.datasets.reader import load
from tests.reductions.datasets.samples import content

writer._BATCH_SOURCES = 4
# What a killed process wrote is kept by the system, flushed or not; flushing is slow.
os.fsync = lambda handle: None
FAMILIES = [
    {"name": "planted", "kind": "planted", "n": 64, "D": 24, "count": 16},
    {"name": "signs", "kind": "signs", "n": 64, "d": 2, "b": 1.0, "count": 12},
]
SPEC = spec_of({"name": "mine", "family": FAMILIES})
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}


def child(work):
    process = os.fork()
    if process == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(process, 0)[1]


def counting(limit, report=None):
    # Kills at the event with this number; what is opened elsewhere, to read, is no event.
    seen = 0

    def hook(name, arguments):
        nonlocal seen
        if name in EVENTS and "out" in str(arguments[0]):
            seen += 1
            if seen == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            if report is not None:
                report.write_text(str(seen))

    sys.addaudithook(hook)


def generate(directory, resume):
    return writer.generate(SPEC, directory, resume=resume)


def first(limit, report=None):
    def work():
        counting(limit, report)
        generate("out", False)
    return work


def timed(seconds):
    def work():
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, seconds)
        generate("out", False)
        signal.setitimer(signal.ITIMER_REAL, 0)
    return work


def resumed():
    assert generate("out", True).remade == ()


generate("undisturbed", False)  # in this process: children find everything imported
expected = content(Path("undisturbed"))
began = time.perf_counter()
assert child(first(None, Path("events"))) == 0
took = time.perf_counter() - began
assert content(Path("out")) == expected
events = int(Path("events").read_text())
shutil.rmtree("out")

random.seed(int(sys.argv[1]))
points = [("event", at) for at in random.sample(range(1, events + 1), min(90, events))]
points += [("time", random.uniform(0, took)) for _ in range(100 - len(points))]
killed = 0
for kind, at in points:
    status = child(first(at) if kind == "event" else timed(at))
    assert status in (0, signal.SIGKILL), (kind, at, status)
    assert kind == "time" or status == signal.SIGKILL, (kind, at, status)
    killed += status == signal.SIGKILL
    if Path("out").exists() and not Path("out", "manifest.json").exists():
        try:
            load("out")
        except UserInputError as error:
            assert "no manifest.json" in str(error)
        else:
            raise AssertionError((kind, at))
    assert child(resumed) == 0, (kind, at)
    assert content(Path("out")) == expected, (kind, at)
    shutil.rmtree("out")
print(json.dumps({"events": events, "points": len(points), "killed": killed, "seconds": took}))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes to fork here")
def test_killed_at_a_hundred_points(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, "0"],
        cwd=tmp_path,
        env=environment(OPENBLAS_NUM_THREADS="1"),
        capture_output=True,
        encoding="utf-8",
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["points"] == 100
    assert said["events"] >= 60
    assert said["killed"] >= 85, said


def shards_of(directory: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((directory / "manifest.json").read_bytes())["shards"]
    return found


def test_all_is_well(written: Path) -> None:
    found = validate(written)
    assert (found.findings, found.rows) == ([], 176)


@pytest.mark.parametrize("seed", range(30))
def test_a_flipped_byte_is_named(copy: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shards = shards_of(copy)
    entry = shards[int(rng.integers(len(shards)))]
    path = copy / entry["path"]
    data = bytearray(path.read_bytes())
    at = int(rng.integers(len(data)))
    data[at] ^= 1 << int(rng.integers(8))
    path.write_bytes(data)
    before = content(copy)
    findings = validate(copy).findings
    # The file, by its hash; no other file and no row of another.
    assert findings[0].where == entry["path"]
    assert "SHA-256" in findings[0].what
    rows = {one.where for one in findings[1:]}
    own = f"{entry['config']}-"
    assert all(where.startswith((entry["path"], own)) for where in rows)
    with pytest.raises(UserInputError, match=Path(entry["path"]).name):
        list(load(copy))
    assert content(copy) == before


def test_exactly_the_damaged_rows_are_named(copy: Path) -> None:
    # Many row groups, one of which has a page that is damaged.
    entry = max(shards_of(copy), key=lambda one: one["rows"])
    path = copy / entry["path"]
    rows = list(Shard(path.read_bytes()).every_row())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "ROW_GROUP", 8)
        data = table.parquet_of(rows, rows[0].left.shape[1])
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(1)
    columns = [group.column(k) for k in range(group.num_columns)]
    column = next(one for one in columns if one.path_in_schema.startswith("left"))
    at = column.data_page_offset + column.total_compressed_size // 2
    path.write_bytes(data)
    resign(copy, entry["path"], data)
    assert validate(copy).findings == []
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    shard, rows_found = validate(copy).findings
    assert shard.where == entry["path"]
    assert rows_found.where == f"{entry['path']}, rows 8 to 15"
    assert validate(copy).rows == 176 - 8


def resign(directory: Path, path: str, data: bytes, hashes: list[str] | None = None) -> None:
    """Let the manifest have the hash of another content, and of its rows."""
    manifest = json.loads((directory / "manifest.json").read_bytes())
    del manifest["digest"]
    for one in manifest["shards"]:
        if one["path"] == path:
            one |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            one["row_hashes"] = hashes or one["row_hashes"]
    (directory / "manifest.json").write_text(json.dumps(sealed_json(manifest)))


@pytest.mark.parametrize("keep", [0, 3, 100, -1, -200])
def test_a_truncated_shard_is_named(copy: Path, keep: int) -> None:
    entry = shards_of(copy)[0]
    path = copy / entry["path"]
    path.write_bytes(path.read_bytes()[:keep])
    findings = validate(copy).findings
    assert [one.where for one in findings] == [entry["path"], f"{entry['path']}, all rows"]
    with pytest.raises(UserInputError, match=f"{Path(entry['path']).name}' has .* bytes; expected"):
        list(load(copy))


def test_a_missing_shard_and_one_too_many_are_named(copy: Path) -> None:
    first, second = shards_of(copy)[:2]
    (copy / first["path"]).unlink()
    stray = copy / "data" / first["config"] / "train-00077.parquet"
    stray.write_bytes((copy / second["path"]).read_bytes())
    findings = validate(copy).findings
    assert {one.where for one in findings} == {first["path"], stray.relative_to(copy).as_posix()}


@pytest.mark.parametrize("name", ["README.md", "croissant.json", "instances.svg", "spec.json"])
def test_files_beside_the_shards_are_checked(copy: Path, name: str) -> None:
    path = copy / name
    data = path.read_bytes()
    path.write_bytes(data[:-20] + b"x" + data[-19:])
    assert [one.where for one in validate(copy).findings] == [name]
    path.unlink()
    assert [one.where for one in validate(copy).findings] == [name]


def edited(manifest: dict[str, Any], change: str) -> None:
    shard = manifest["shards"][0]
    if change == "seed":
        manifest["seed"] = 1
    elif change == "row hash":
        shard["row_hashes"][0] = "0" * 32
    elif change == "sha":
        shard["sha256"] = "0" * 64
    elif change == "path":
        shard["path"] = "../../elsewhere.parquet"
    elif change == "fewer":
        del manifest["shards"][0]


@pytest.mark.parametrize("change", ["seed", "row hash", "sha", "path", "fewer"])
def test_an_edited_manifest_is_named_and_not_used(copy: Path, change: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    edited(manifest, change)
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (finding,) = validate(copy).findings
    assert finding.where == "manifest.json"
    assert "it was edited" in finding.what
    with pytest.raises(UserInputError, match="it was edited"):
        load(copy)


@pytest.mark.parametrize("change", ["seed", "row hash", "sha", "path", "fewer"])
def test_a_manifest_edited_and_signed_anew_is_found_out(copy: Path, change: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    shard = dict(manifest["shards"][0])
    del manifest["digest"]
    edited(manifest, change)
    (copy / "manifest.json").write_text(json.dumps(sealed_json(manifest)))
    findings = validate(copy).findings
    where = {one.where for one in findings}
    first = next(iter(Shard((copy / shard["path"]).read_bytes()).every_row())).id
    if change == "seed":
        assert "spec.json" in where
        assert len(where) == 1 + 176
    else:
        expected = {"row hash": first, "sha": shard["path"], "fewer": shard["path"], "path": "manifest.json"}
        assert where == {expected[change]}


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_manifests_that_are_none(copy: Path, data: bytes) -> None:
    (copy / "manifest.json").write_bytes(data)
    (finding,) = validate(copy).findings
    assert finding.where == "manifest.json"
    with pytest.raises(UserInputError, match=r"manifest\.json"):
        load(copy)


def forged(directory: Path, config: str, **change: Any) -> str:
    """Change the first row of a configuration, and sign all anew: what is left to refuse is what it says."""
    entry = next(one for one in shards_of(directory) if one["config"] == config)
    path = directory / entry["path"]
    rows = list(Shard(path.read_bytes()).every_row())
    at = next(k for k, row in enumerate(rows) if row.label is not False)
    rows[at] = sealed(replace(rows[at], **{k: v(rows[at]) if callable(v) else v for k, v in change.items()}))
    data = parquet_of(rows, rows[0].left.shape[1])
    path.write_bytes(data)
    resign(directory, entry["path"], data, [row.hash for row in rows])
    return rows[at].id


def _with(name: str, at: tuple[int, int], value: int) -> Any:
    def change(row: Row) -> Any:
        matrix = np.array(getattr(row, name))
        matrix[at] = value
        return matrix

    return change


def _other_formula(row: Row) -> str:
    assert row.formula is not None
    head, first, rest = row.formula.split("\n", 2)
    literals = first.split()
    return "\n".join([head, " ".join([str(-int(literals[0])), *literals[1:]]), rest])


@pytest.mark.parametrize(
    ("config", "change", "complaint"),
    [
        ("planted-n64", {"label": False}, "label is False; expected True"),
        ("planted-n64", {"label": None}, "label is None"),
        ("planted-n64", {"witness": (0, 40)}, r"witness is \(0, 40\), which is none"),
        ("planted-n64", {"witness": None}, "witness is None"),
        ("planted-n64", {"slope_yes": 0.5}, "slope_yes is 0.5; expected"),
        ("planted-n64", {"required_accuracy": 1.0}, "required_accuracy is 1.0; expected"),
        ("planted-n64", {"gamma": "1"}, "gamma is '1'; expected"),
        ("planted-n64", {"score_bound": "1"}, "score_bound is '1'"),
        ("planted-n64", {"B": "1"}, "B is '1'"),
        ("planted-n64", {"n": 128}, "n is 128; expected 64"),
        ("planted-n64", {"columns": 23}, "beyond its columns|largest inner product|label|no instance"),
        ("planted-n64", {"left": _with("left", (3, 3), 2)}, "left holds 2"),
        ("planted-n64", {"left": _with("left", (3, 3), -1)}, "left holds 255"),
        ("planted-n64", {"pad": ("1e999999",)}, "expected a fraction"),
        ("planted-n64", {"scale": "0/0"}, "expected a fraction"),
        ("planted-n64", {"inner_no": lambda row: row.inner_no - 4}, "between the thresholds|expected"),
        ("direct-n64", {"formula": _other_formula}, "not those of its formula"),
        ("direct-n64", {"formula": "p cnf x"}, "describes no instance"),
        ("pcp-n64", {"advice": (0, 0)}, "advice is"),
        ("pcp-n64", {"advice": lambda row: tuple((x + 1) % 11 for x in row.advice)}, "not those of its"),
        ("pcp-n64", {"left": _with("left", (0, -1), 1)}, "beyond its columns"),
        ("signs-n64-b1", {"left": _with("left", (0, 0), 0)}, "entries of left are not as B"),
        ("uniform-n64-b0_25", {"values_scale": "1"}, "entries of values are not as B"),
        ("uniform-n64-b0_25", {"values": None}, "values is no"),
        ("aligned-n64-b1", {"right": _with("right", (0, 0), 0)}, "not along one direction"),
        ("signs-n64-b1", {"label": True}, "has a label"),
        ("signs-n64-b1", {"required_accuracy": 2.0}, "required_accuracy is 2.0"),
        ("signs-n64-b1", {"provenance": lambda row: {**row.provenance, "seed": 5}}, "its seed is 5"),
        ("signs-n64-b1", {"id": "signs-n64-b1-0000009"}, "another row with this id"),
    ],
)
def test_rows_that_say_what_does_not_follow_are_named(
    copy: Path, config: str, change: dict[str, Any], complaint: str
) -> None:
    name = forged(copy, config, **change)
    findings = validate(copy).findings
    assert {one.where for one in findings} == {name}
    assert re.search(complaint, findings[0].what), findings


def test_a_source_in_another_split_is_named(copy: Path) -> None:
    shards = shards_of(copy)
    shares = json.loads((copy / "manifest.json").read_bytes())["splits"]
    other = next(f"{k:064x}" for k in range(99) if split_of(f"{k:064x}", shares) != shards[0]["split"])
    name = forged(copy, shards[0]["config"], provenance=lambda row: {**row.provenance, "parent": other})
    (finding,) = validate(copy).findings
    assert finding.where == name
    assert "does not belong to" in finding.what
