"""Builds: complete and the same however often they were killed, and nothing else is read back."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import pickle
import signal
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from proofcheck.errors import UserInputError
from reductions import cli
from reductions.build import build, load
from reductions.decide import chain_named
from reductions.problems.bits import TooLargeError
from reductions.problems.dimacs import read_dimacs, write_dimacs
from reductions.problems.sat import Formula
from reductions.thresholds import norm_thresholds, slope_thresholds
from tests.cli_helpers import run

FORMULA = Formula(
    5,
    ((1, -2, 3), (-1, 4), (2, -5, 1), (-3, -4, 5), (1, 5), (-5, 5), (1, 5), (3, 4, -5), (-1, -5)),
)
UNSATISFIABLE = Formula(3, ((1, 2), (1, -2), (-1, 3), (-1, -3)))
HOW = [
    {"chain": "direct"},
    {"chain": "direct", "decoder": "gauss-legendre"},
    {"chain": "pcp"},
    {"chain": "pcp", "decoder": "riemann", "blocks": 3},
]
ids = ["-".join(map(str, how.values())) for how in HOW]

# Dies at the n-th file, all of it being in the temporary file, or after it, once it has its name.
KILLED = """
import os, signal, sys
from proofcheck import files
from reductions.build import build
from reductions.problems.dimacs import read_dimacs

at, when, chain = int(sys.argv[1]), sys.argv[2], sys.argv[3]
calls = 0


def count():
    global calls
    calls += 1
    if calls == at:
        os.kill(os.getpid(), signal.SIGKILL)


if when == "within":
    files.os.fsync = lambda handle: count()
build(
    read_dimacs("in.cnf"),
    "out",
    chain=chain,
    progress=(lambda done, total, name: count()) if when == "after" else None,
)
"""


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def inodes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in directory.iterdir()}


@pytest.mark.parametrize("formula", [FORMULA, UNSATISFIABLE], ids=["satisfiable", "unsatisfiable"])
@pytest.mark.parametrize("how", HOW, ids=ids)
def test_what_is_built_is_read_back(tmp_path: Path, formula: Formula, how: dict[str, Any]) -> None:
    made = build(formula, tmp_path / "out", **how)
    built = load(str(tmp_path / "out"))
    assert built.manifest == made
    assert built.formula == formula.normalised()
    assert made["sizes"]["instances"] == len(built.instances)
    chain = chain_named(how["chain"], how.get("decoder", "one-query"), blocks=how.get("blocks", 4))
    again = list(chain.apply(formula))
    assert len(again) == len(built.instances)
    for reread, fresh in zip(built.instances, again, strict=True):
        assert reread.back == fresh.back
        assert reread.instance.attention.pad == fresh.instance.attention.pad
        for one, other in zip(
            reread.instance.attention.arrays(), fresh.instance.attention.arrays(), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    witnesses = [(made.instance.solve(), made.back) for made in built.instances]
    found = [built.chain.invert(pair, back) for pair, back in witnesses if pair is not None]
    assert all(map(formula.verify, found))
    assert bool(found) is (formula is FORMULA)


@pytest.mark.parametrize("how", HOW, ids=ids)
def test_the_files_say_how_to_rebuild(tmp_path: Path, how: dict[str, Any]) -> None:
    made = build(FORMULA, tmp_path, **how)
    for name, entry in made["files"].items():
        data = (tmp_path / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert set(content(tmp_path)) == {*made["files"], "manifest.json"}
    assert json.loads((tmp_path / "manifest.json").read_bytes()) == made
    left, right = (np.load(tmp_path / f"orthogonal-vectors-{side}.npy") for side in ("left", "right"))
    # Inner products count the clauses left unsatisfied.
    clauses = read_dimacs(tmp_path / "formula.cnf").clauses
    for i, j in itertools.product(range(8), repeat=2):
        true = {v if (i | j << 3) >> (v - 1) & 1 else -v for v in range(1, 6)}
        assert int(left[i].astype(int) @ right[j]) == sum(true.isdisjoint(clause) for clause in clauses)
    for k, reread in enumerate(load(tmp_path).instances):
        a, b = (np.load(tmp_path / f"gap-{k:05}-{side}.npy") for side in ("left", "right"))
        assert a.dtype == b.dtype == np.uint8
        said = json.loads((tmp_path / f"attention-{k:05}.json").read_bytes())
        scale, pad = Fraction(said["scale"]), [Fraction(entry) for entry in said["pad"]]
        N, D = a.shape
        Q, K, V = (np.zeros((2 * N, said["d"])) for _ in range(3))
        for i in range(N):
            Q[i, :D] = Q[N + i, :D] = float(scale) * a[i]
            K[i, :D] = float(scale) * b[i]
        Q[:, D : D + len(pad)] = K[N:, D : D + len(pad)] = [float(scale * entry) for entry in pad]
        V[:N, 0] = 1
        for one, other in zip((Q, K, V), reread.instance.attention.arrays(), strict=True):
            np.testing.assert_array_equal(one, other)
        level = sum(entry**2 for entry in pad)
        gamma = scale**2 / said["d"]
        assert [said[name] for name in ("gamma", "level", "bound")] == [
            str(x) for x in (gamma, level, gamma * level)
        ]
        assert (said["n"], said["N"], said["D"]) == (2 * N, N, D)
        thresholds = (norm_thresholds if how.get("decoder") else slope_thresholds)(reread.instance.attention)
        assert [said["reading"][name] for name in ("yes_at_least", "no_at_most")] == [
            thresholds.yes,
            thresholds.no,
        ]


@pytest.mark.parametrize("formula", [Formula(0, ()), Formula(3, ()), Formula(2, ((1, 2), ()))])
@pytest.mark.parametrize("how", HOW, ids=ids)
def test_formulas_with_nothing_to_decide(tmp_path: Path, formula: Formula, how: dict[str, Any]) -> None:
    build(formula, tmp_path, **how)
    found = [made.instance.solve() is not None for made in load(tmp_path).instances]
    assert any(found) is (() not in formula.clauses)


@pytest.mark.parametrize("how", HOW, ids=ids)
def test_the_same_bytes_wherever(tmp_path: Path, how: dict[str, Any]) -> None:
    first = build(FORMULA, tmp_path / "a" / "b", **how)
    assert build(FORMULA.normalised(), tmp_path / "c", **how) == first
    assert content(tmp_path / "a" / "b") == content(tmp_path / "c")


def test_what_is_there_is_left_alone_and_what_is_damaged_made_anew(tmp_path: Path) -> None:
    build(FORMULA, tmp_path)
    before, bytes_before = inodes(tmp_path), content(tmp_path)
    build(FORMULA, tmp_path)
    assert inodes(tmp_path) == before
    damaged = tmp_path / "gap-00000-left.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x02")
    (tmp_path / "gap-00000-right.npy").unlink()
    before = inodes(tmp_path)
    build(FORMULA, tmp_path)
    assert content(tmp_path) == bytes_before
    changed = {name for name, inode in inodes(tmp_path).items() if before.get(name) != inode}
    assert changed == {"gap-00000-left.npy", "gap-00000-right.npy"}


@pytest.mark.parametrize(
    ("chain", "when", "at"),
    [
        ("direct", "within", 1),
        ("direct", "within", 7),
        ("direct", "after", 1),
        ("direct", "after", 6),
        ("pcp", "within", 2),
        ("pcp", "within", 8),
        ("pcp", "after", 9),
    ],
)
def test_killed_and_run_again(tmp_path: Path, chain: str, when: str, at: int) -> None:
    write_dimacs(tmp_path / "in.cnf", FORMULA)
    killed = run(tmp_path, [sys.executable, "-c", KILLED, str(at), when, chain])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = content(tmp_path / "out")
    assert len(left) == at
    assert sum(name.startswith(".proofcheck-") for name in left) == (when == "within")
    assert "manifest.json" not in left
    with pytest.raises(UserInputError, match=r"manifest\.json"):
        load(tmp_path / "out")
    before = inodes(tmp_path / "out")
    build(FORMULA, tmp_path / "out", chain=chain)
    build(FORMULA, tmp_path / "undisturbed", chain=chain)
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")
    after = inodes(tmp_path / "out")
    assert all(after[name] == inode for name, inode in before.items() if name in after)


@pytest.mark.parametrize(
    ("there", "complaint"),
    [
        ("notes.txt", "'notes.txt'"),
        ("gap-00000-left.npy", r"and no formula\.cnf"),
        (".proofcheck-0123.tmp", r"'\.proofcheck-0123\.tmp'"),
        ("manifest.json", r"and no formula\.cnf"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, there: str, complaint: str) -> None:
    leftover = ".proofcheck-0123456789abcdef.tmp"
    for name in (there, leftover):
        (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(UserInputError, match=complaint) as refused:
        build(FORMULA, tmp_path)
    assert "choose another" in str(refused.value)
    assert content(tmp_path) == {there: b"mine", leftover: b"mine"}


@pytest.mark.parametrize("make", ["directory", "link"])
def test_what_is_no_file_is_refused(tmp_path: Path, make: str) -> None:
    build(FORMULA, tmp_path / "out")
    place = tmp_path / "out" / "gap-00000-left.npy"
    (tmp_path / "other").write_bytes(b"mine")
    place.unlink()
    if make == "directory":
        place.mkdir()
    else:
        place.symlink_to(tmp_path / "other")
    with pytest.raises(UserInputError, match="no regular file"):
        build(FORMULA, tmp_path / "out")
    assert (tmp_path / "other").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "other",
    [
        {"formula": UNSATISFIABLE},
        {"formula": FORMULA, "decoder": "riemann"},
        {"formula": FORMULA, "chain": "pcp"},
    ],
)
def test_builds_are_not_mixed(tmp_path: Path, other: dict[str, Any]) -> None:
    build(FORMULA, tmp_path)
    before = content(tmp_path)
    with pytest.raises(UserInputError, match=r"another formula, or of other options.*choose another"):
        build(directory=tmp_path, **other)
    assert content(tmp_path) == before
    # A killed run of pcp has instances that direct has not.
    (tmp_path / "gap-00001-left.npy").write_bytes(b"")
    with pytest.raises(UserInputError, match=r"'gap-00001-left\.npy', which this build does not write"):
        build(FORMULA, tmp_path)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(UserInputError, match="another run"):
        build(FORMULA, tmp_path)
    os.close(handle)
    build(FORMULA, tmp_path)


def test_too_much_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="1 gap instance needs 336 bytes"):
        build(FORMULA, tmp_path, max_bytes=335)
    build(FORMULA, tmp_path, max_bytes=336)
    many = Formula(8, tuple((v, w) for v, w in itertools.combinations(range(1, 9), 2)))
    with pytest.raises(UserInputError, match="expected at most 100000"):
        build(many, tmp_path / "many", chain="pcp", blocks=4)
    assert not (tmp_path / "many").exists()


@pytest.mark.parametrize(
    ("place", "complaint"), [("file", "choose another directory"), ("a\0b", "choose another directory")]
)
def test_directories_that_cannot_be_made(tmp_path: Path, place: str, complaint: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserInputError, match=complaint):
        build(FORMULA, tmp_path / place)


def resigned(directory: Path, name: str, data: bytes) -> None:
    """Change a file, and its hash with it: what is left to refuse is the content."""
    (directory / name).write_bytes(data)
    manifest = json.loads((directory / "manifest.json").read_bytes())
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (directory / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "name", ["formula.cnf", "orthogonal-vectors-right.npy", "gap-00000-left.npy", "attention-00000.json"]
)
def test_tampered_files_are_refused(tmp_path: Path, name: str) -> None:
    build(FORMULA, tmp_path)
    path = tmp_path / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(UserInputError, match=f"{name}' has the SHA-256 [0-9a-f]{{64}}; expected"):
        load(tmp_path)
    path.write_bytes(data + b" ")
    with pytest.raises(UserInputError, match=f"has {len(data) + 1} bytes; expected {len(data)}"):
        load(tmp_path)
    path.unlink()
    with pytest.raises(UserInputError, match=f"cannot read .*{name}'"):
        load(tmp_path)
    os.mkfifo(path)
    with pytest.raises(UserInputError, match="no regular file"):
        load(tmp_path)


class Boom:
    def __reduce__(self) -> Any:
        return (os.mkdir, ("unpickled",))


def _npy(array: np.ndarray[Any, Any], tmp_path: Path) -> bytes:
    np.save(tmp_path / "made.npy", array)
    data = (tmp_path / "made.npy").read_bytes()
    (tmp_path / "made.npy").unlink()
    return data


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((8, 21)), "float64"),
        (np.zeros((8, 21), np.uint8, order="F"), "Fortran"),
        (np.zeros(8, np.uint8), r"shape \(8,\)"),
        (np.full((8, 21), 2, np.uint8), "holds 2; expected 0 and 1 only"),
        (np.zeros((4, 21), np.uint8), "4 and 8 rows"),
        (np.zeros((8, 9), np.uint8), "9 bits"),
        (np.array([[Boom()]], object), "object"),
    ],
)
def test_arrays_that_are_no_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, array: Any, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    build(FORMULA, tmp_path / "out")
    resigned(tmp_path / "out", "gap-00000-left.npy", _npy(array, tmp_path))
    with pytest.raises(UserInputError, match=complaint):
        load(tmp_path / "out")
    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize("what", ["pickle", "empty", "huge", "cut"])
def test_files_that_are_no_arrays(tmp_path: Path, what: str) -> None:
    build(FORMULA, tmp_path)
    good = (tmp_path / "gap-00000-left.npy").read_bytes()
    data = {
        "pickle": pickle.dumps(Boom()),
        "empty": b"",
        "huge": good.replace(b"(8, 21)", b"(8, 10**9)"[:7]).replace(b"(8, 10*", b"(9**9,2"),
        "cut": good[:-1],
    }[what]
    resigned(tmp_path, "gap-00000-left.npy", data)
    with pytest.raises(UserInputError, match=r"no \.npy file|bytes of data") as refused:
        load(tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("scale", "1e999999999", "expected a fraction"),
        ("scale", 2, "expected a fraction"),
        ("scale", "3", "expected '9/"),
        ("pad", "1", "no list 'pad'"),
        ("pad", ["1"], "squared norm"),
        ("yes", True, "expected an integer"),
        ("yes", 6, "no is 6 and yes is 6"),
        ("level", "5", "level = '5'"),
        ("d", 128, "d = 128; expected"),
    ],
)
def test_descriptions_that_contradict_themselves(
    tmp_path: Path, key: str, value: Any, complaint: str
) -> None:
    build(FORMULA, tmp_path)
    said = json.loads((tmp_path / "attention-00000.json").read_bytes())
    if complaint == "expected '9/":
        complaint = "gamma = "
    resigned(tmp_path, "attention-00000.json", json.dumps(said | {key: value}).encode())
    with pytest.raises(UserInputError, match=complaint) as refused:
        load(tmp_path)
    assert "attention-00000.json" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"schema_version": 2}, "schema_version 2; expected 1"),
        ({"chain": "other"}, "'other'"),
        ({"chain": ["pcp"]}, "chain"),
        ({"decoder": None}, "decoder"),
        ({"chain": "pcp"}, "blocks = None"),
        ({"blocks": 3}, "blocks = 3"),
        ({"back": [[1]]}, "'back'"),
        ({"back": []}, "does not list the files of 0"),
        ({"files": {"../x": {}}}, "does not list"),
        ({"files": 3}, "does not list"),
    ],
)
def test_manifests_that_are_none(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    manifest = build(FORMULA, tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(UserInputError, match=complaint):
        load(tmp_path)


@pytest.mark.parametrize("entry", [None, {}, {"bytes": -1}, {"bytes": True}, {"bytes": 3, "sha256": 1}])
def test_entries_that_are_none(tmp_path: Path, entry: Any) -> None:
    manifest = build(FORMULA, tmp_path)
    manifest["files"]["formula.cnf"] = entry
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserInputError, match=r"does not say the \S+ of formula\.cnf"):
        load(tmp_path)


@pytest.mark.parametrize("data", [b"", b"[" * 100_000, b"\xff", b"[]", b"3"])
def test_manifests_that_are_no_json_objects(tmp_path: Path, data: bytes) -> None:
    build(FORMULA, tmp_path)
    (tmp_path / "manifest.json").write_bytes(data)
    with pytest.raises(UserInputError, match=r"manifest\.json"):
        load(tmp_path)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_dimacs(tmp_path / "in.cnf", FORMULA)

    def reductions(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(cli.app, words, standalone_mode=False)
        assert done.exception is None
        return done.return_value, done.stdout, done.stderr

    code, out, err = reductions("build", "in.cnf", "--chain", "pcp")
    assert (code, out) == (0, f"{Path('in-build') / 'manifest.json'}\n")
    assert err.startswith("reductions: 19 files, ")
    assert err.count("\n") == 1
    assert len(load(tmp_path / "in-build").instances) == 5
    assert reductions("build", "in.cnf", "-o", "d", "-q")[1:] == (f"{Path('d') / 'manifest.json'}\n", "")
    code, out, err = reductions("build", "in.cnf", "-o", "in-build")
    assert (code, out) == (2, "")
    assert "of other options" in err
    wrong = CliRunner().invoke(cli.app, ("build", "in.cnf", "-o", "e", "--blocks", "0"))
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert not (tmp_path / "e").exists()
    code, picture, err = reductions("explain", "in.cnf")
    assert (code, err) == (0, "")
    assert reductions("explain", "in.cnf", "-o", "p.svg") == (0, "", "")
    assert (tmp_path / "p.svg").read_text(encoding="utf-8") == picture
    assert reductions("explain", "missing.cnf")[0] == 2


def test_a_formula_that_declares_millions_of_variables_is_refused(tmp_path: Path) -> None:
    """Its sizes are beyond all floats."""
    formula = Formula(1 << 24, ((1, 2),))
    for decoder in ("one-query", "riemann"):
        with pytest.raises(UserInputError, match=r"needs at least 2\^\d+ bytes"):
            build(formula, tmp_path / decoder, decoder=decoder)
