"""``proofcheck gradient`` as its users meet it: what it computes, writes and reports, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofcheck.numeric import gradient as library
from proofcheck.numeric.gradient import attention_gradient
from tests.cli_helpers import command, proofcheck
from tests.cli_helpers import run as run_words
from tests.gradient_helpers import NAMES, Arrays, arrays_of, names_in, run, save, save_directory

ERROR = "proofcheck: error: "


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, json.loads(str(arrays.pop("report")))


def test_help_is_quick(tmp_path: Path) -> None:
    shown = run_words(tmp_path, [sys.executable, "-X", "importtime", *command("gradient", "--help")[1:]])
    assert shown.returncode == 0
    assert "--guarantee" in shown.stdout
    imported = {line.split("|")[-1].strip() for line in shown.stderr.splitlines()}
    assert not {"torch", "jax", "sympy", "proofcheck.gradient_files", "rich.progress"} & imported


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        ((), {}),
        (
            ("--method", "exact", "--causal", "--wrt", "Y,A1"),
            {"method": "exact", "causal": True, "wrt": "Y A1"},
        ),
        (
            ("--method", "fast", "--eps", "0.01", "--wrt", " X, A2,A3", "--seed", "3"),
            {"method": "fast", "eps": 0.01, "wrt": "X A2 A3", "seed": 3},
        ),
        (
            ("--guarantee", "certified", "--rtol", "1e-6"),
            {"guarantee": "certified", "rtol": 1e-6},
        ),
    ],
)
def test_the_file_has_what_the_library_gives(options: tuple[str, ...], keywords: dict[str, Any]) -> None:
    arrays = arrays_of()
    source = save(Path("in.npz"), arrays)
    assert run(source, "-o", "out.npz", *options) == 0
    keywords = {**keywords, "wrt": keywords.get("wrt", "X").split()}
    expected = attention_gradient(**arrays, **keywords)
    found, report = written("out.npz")
    assert set(found) == {"loss", *(f"grad_{name}" for name in keywords["wrt"])}
    for name, gradient in expected.gradients.items():
        np.testing.assert_array_equal(found[f"grad_{name}"], gradient)
    assert found["loss"] == expected.loss
    assert report["input_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert report["versions"]["python"] == platform.python_version()
    assert report["versions"]["numpy"] == np.__version__
    assert (report["n"], report["d"], report["seed"]) == (40, 3, keywords.get("seed", 0))
    theirs = expected.to_dict()
    for key in set(theirs) - {"seconds", "reason"}:
        assert report[key] == json.loads(json.dumps(theirs[key])), key
    assert not {"seconds", "reason"} & set(report)


def test_the_gradient_is_that_of_the_loss() -> None:
    """Against the loss in plain NumPy, differentiated by a complex step."""
    arrays = arrays_of(n=20)
    save(Path("in.npz"), arrays)
    assert run("in.npz", "-o", "out.npz", "--wrt", ",".join(("X", "Y", "A1", "A2", "A3")), "--quiet") == 0
    found, report = written("out.npz")
    rng = np.random.default_rng(0)
    for name in ("X", "Y", "A1", "A2", "A3"):
        direction = rng.standard_normal(arrays[name].shape)
        moved = {**arrays, name: arrays[name] + 1e-30j * direction}
        slope = np.imag(plain_loss(moved)) / 1e-30
        error = abs(np.sum(found[f"grad_{name}"] * direction) - slope)
        assert error <= report["error_bound"][name] * np.sum(np.abs(direction)) + 1e-12 * abs(slope)
    assert abs(found["loss"] - plain_loss(arrays)) <= report["error_bound"]["loss"] + 1e-12 * found["loss"]


def plain_loss(a: Arrays) -> Any:
    weights = np.exp(a["A1"] @ a["X"] @ a["A2"].T / a["A1"].shape[1])
    residual = (weights / weights.sum(axis=1, keepdims=True)) @ a["A3"] @ a["Y"] - a["E"]
    return (residual**2).sum() / 2


def test_directories_give_what_files_give(capsys: pytest.CaptureFixture[str]) -> None:
    arrays = arrays_of(dtype="float32")
    arrays["A2"] = np.asfortranarray(arrays["A2"])
    save(Path("in.npz"), arrays)
    save_directory(Path("in"), arrays)
    options = ("--wrt", "X,A2", "--method", "exact")
    assert run("in.npz", "-o", "out.npz", *options) == 0
    assert run("in", "--mmap", "-o", "out", *options) == 0
    found, report = written("out.npz")
    assert names_in(Path("out")) == {"grad_X.npy", "grad_A2.npy", "report.json"}
    for name in ("grad_X", "grad_A2"):
        assert np.load(f"out/{name}.npy", allow_pickle=False).tobytes() == found[name].tobytes()
    second = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    hashes = {name: hashlib.sha256(Path(f"in/{name}.npy").read_bytes()).hexdigest() for name in NAMES}
    assert second.pop("input_sha256") == hashes
    del report["input_sha256"]
    assert second == report
    assert capsys.readouterr().err.count("Warning") == 0


def test_torch_takes_the_memory_of_a_directory_over(capsys: pytest.CaptureFixture[str]) -> None:
    """And the files are as they were."""
    import_module("torch")
    arrays = arrays_of(dtype="float32")
    save(Path("in.npz"), arrays)
    save_directory(Path("in"), arrays)
    options = ("--wrt", "X,A2", "--method", "exact")
    assert run("in.npz", "-o", "out.npz", *options) == 0
    assert run("in", "--mmap", "--backend", "torch", "-o", "out", *options) == 0
    np.testing.assert_allclose(np.load("out/grad_X.npy"), written("out.npz")[0]["grad_X"], rtol=1e-5)
    for name in NAMES:
        np.testing.assert_array_equal(np.load(f"in/{name}.npy"), arrays[name])
    assert capsys.readouterr().err.count("Warning") == 0


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    save(Path("in.npz"), arrays_of())
    save_directory(Path("in"), arrays_of())
    files, directories = set(), set()
    for cache in ("one", "two", "two"):  # the machine is measured anew, or was measured before
        options = ("--method", "fast", "--quiet")
        done = proofcheck(
            tmp_path, "gradient", "in.npz", "-o", "out.npz", *options, PROOFCHECK_CACHE_DIR=cache
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        files.add(Path("out.npz").read_bytes())
        assert run("in", "--mmap", "-o", "out", *options) == 0
        directories.add(tuple(path.read_bytes() for path in sorted(Path("out").iterdir())))
    assert len(files) == len(directories) == 1
    assert names_in(tmp_path) == {"in.npz", "in", "out.npz", "out", "one", "two"}


def test_reports(capsys: pytest.CaptureFixture[str]) -> None:
    save(Path("in.npz"), arrays_of())
    assert run("in.npz") == 0
    text = capsys.readouterr()
    for words in ("method ", "loss ", "dL/dX ", "error at most ", "scale ", "seconds "):
        assert words in text.out
    assert text.err == ""
    assert run("in.npz", "--format", "json") == 0
    both = capsys.readouterr()
    report = json.loads(both.out)
    assert report["seconds"]
    assert report["reason"] in both.err
    assert run("in.npz", "-o", "out.npz") == 0
    to_file = capsys.readouterr()
    assert to_file.out == ""
    assert "dL/dX " in to_file.err
    assert run("in.npz", "-o", "out.npz", "--format", "json", "--quiet") == 0
    quiet = capsys.readouterr()
    assert quiet.err == ""
    assert json.loads(quiet.out)["loss"] == report["loss"]


def test_what_is_not_finite_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    arrays = arrays_of()
    save(Path("in.npz"), {**arrays, "X": 40 * arrays["X"]})
    assert run("in.npz", "--format", "json", "-q") == 0
    json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    save(Path("in.npz"), arrays_of())
    Path("real.npz").write_bytes(b"old")
    Path("link.npz").symlink_to("real.npz")
    assert run("in.npz", "-o", "link.npz", "-q") == 0
    assert Path("link.npz").is_symlink()
    assert "loss" in written("real.npz")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "0 inputs given"),
        (("in.npz", "in.npz"), "2 inputs given"),
        (("missing.npz",), "cannot read 'missing.npz': No such file"),
        (("x" * 300,), "File name too long"),
        (("x" * 300, "--engine", "local"), "is not a directory"),
        (("in",), "is a directory; add --mmap"),
        (("in.npz", "--mmap"), "is not a directory; --mmap reads"),
        (("missing", "--mmap"), "is not a directory"),
        ((os.devnull,), "not a regular file"),
        (("in.npz", "--eps", "0"), "--eps 0: expected a finite number"),
        (("in.npz", "--rtol", "nan"), "--rtol nan: expected"),
        (("in.npz", "--rtol", "inf"), "--rtol inf: expected"),
        (("in.npz", "--eps", "x"), "--eps"),
        (("in.npz", "--seed", "-1"), "Invalid value for '--seed'"),
        (("in.npz", "--wrt", "X,Z"), "expected one or more of X, Y, A1, A2, A3"),
        (("in.npz", "--wrt", ""), "expected one or more of X, Y, A1, A2, A3"),
        (("in.npz", "--method", "quick"), "--method"),
        (("in.npz", "--guarantee", "none"), "--guarantee"),
        (("in.npz", "--backend", "tensorflow"), "--backend"),
        (
            ("in.npz", "--method", "fast", "--guarantee", "certified", "--rtol", "1e-12"),
            "cannot meet rtol=1e-12",
        ),
        (("in.npz", "--rtol", "1e-17"), "rounding a result to float64 alone"),
        (("in.npz", "-o", "no/out.npz"), "cannot write 'no/out.npz'"),
        (("in.npz", "-o", "in"), "not a regular file"),
        (("in.npz", "-o", "in.npz"), "is the input"),
        (("in.npz", "-o", "./link.npz"), "is the input"),
        (("in", "--mmap", "-o", "no/out"), "cannot write 'no/out'"),
        (("in", "--mmap", "-o", "in"), "not from proofcheck gradient"),
        (("in", "--mmap", "-o", "in.npz"), "not from proofcheck gradient"),
        (("in", "--mmap", "-o", "."), "not from proofcheck gradient"),
        (("--demo", "in.npz"), "--demo in.npz: expected n=…, d=… or B=…"),
        (("--demo", "n=0"), "expected an integer of at least 1 for n"),
        (("--demo", "n=1.5"), "expected an integer of at least 1 for n"),
        (("--demo", "d=x"), "expected an integer of at least 1 for d"),
        (("--demo", "B=0"), "for B"),
        (("--demo", "B=nan"), "for B"),
        (("--demo", "B=1e39"), "for B"),
        (("--demo", "n=9", "n=9"), "n is given twice"),
        (("--demo", "m=9"), "expected n=…, d=… or B=…"),
        (("--demo", f"n=1{'0' * 400}"), "take a smaller n or d"),
        (("--demo", "n=2", "d=10000000"), "take a smaller n or d"),
        (("--demo", "-o", "out.npz"), "-o is for arrays in files"),
        (("--demo", "--mmap"), "--mmap is for arrays in files"),
        (("--demo", "n=9", "--rtol", "-1"), "--rtol -1: expected"),
        (("--demo", "n=2000", "B=30"), "cannot meet rtol"),
    ],
)
def test_what_cannot_be_done_is_one_line_before_the_work(
    tmp_path: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    save(Path("in.npz"), arrays_of())
    save_directory(Path("in"), arrays_of())
    Path("link.npz").symlink_to("in.npz")
    before = Path("in.npz").read_bytes()
    try:
        code = run(*arguments)
        captured = capsys.readouterr()
    except Exception as error:  # of Typer; main() makes a line of it
        code, shown = 2, getattr(error, "format_message")()  # noqa: B009
        assert words in " ".join(shown.split())
    else:
        assert captured.out == ""
        assert captured.err.startswith(ERROR)
        assert captured.err.count("\n") == 1
        assert words in captured.err
    assert code == 2
    assert Path("in.npz").read_bytes() == before
    assert names_in(tmp_path) == {"in.npz", "in", "link.npz"}


@pytest.mark.parametrize("output", [("no/out.npz",), ("no/out", "--mmap")])
def test_a_place_that_cannot_be_written_is_found_first(
    monkeypatch: pytest.MonkeyPatch, output: tuple[str, ...]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise AssertionError("the work has begun")

    monkeypatch.setattr(library, "attention_gradient", fails)
    save(Path("in.npz"), arrays_of())
    save_directory(Path("in"), arrays_of())
    assert run("in.npz" if len(output) == 1 else "in", "-o", *output) == 2


def test_memory_that_runs_out_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(library, "attention_gradient", full)
    save(Path("in.npz"), arrays_of())
    assert run("in.npz") == 2
    assert capsys.readouterr().err.startswith(f"{ERROR}there is not enough memory")


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_libraries(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    import_module(backend)
    arrays = arrays_of(dtype="float32")
    save(Path("in.npz"), arrays)
    for name in ("numpy", backend):
        assert run("in.npz", "--backend", name, "--method", "exact", "-o", f"{name}.npz", "-q") == 0
        found, report = written(f"{name}.npz")
        np.testing.assert_allclose(found["grad_X"], written("numpy.npz")[0]["grad_X"], rtol=1e-4)
        assert report["versions"][name]
    assert capsys.readouterr().err == ""
