"""``proofcheck gradient --engine local``: directories of .npy files and of Zarr arrays, good and bad."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from proofcheck import attention_gradient
from proofcheck.errors import UserInputError
from proofcheck.gradient_store import StoredGradients, open_inputs
from tests.cli_helpers import run as run_process
from tests.gradient_helpers import NAMES, Arrays, arrays_of, names_in, run, save_directory

ALL = "X,Y,A1,A2,A3"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def save_zarr(path: Path, arrays: Arrays, rows: int = 7, **how: Any) -> Path:
    """Each array in chunks of other sizes than the next."""
    for number, (name, array) in enumerate(arrays.items()):
        chunks = (min(rows + number, len(array)), array.shape[1])
        stored = zarr.create_array(
            store=str(path / f"{name}.zarr"), shape=array.shape, chunks=chunks, dtype=array.dtype, **how
        )
        stored[:] = array
    return path


def results(directory: str = "out") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(Path(directory).iterdir()):
        if path.suffix == ".npy":
            found[path.stem] = np.load(path)
        elif path.suffix == ".zarr":
            found[path.stem] = np.asarray(zarr.open_array(store=str(path), mode="r")[:])
    return found


def test_it_computes_the_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    arrays = arrays_of(n=300)
    save_directory(Path("in"), arrays)
    words = ("in", "--engine", "local", "-o", "out", "--wrt", ALL, "--rtol", "1e-3", "--chunk-rows", "37")
    assert run(*words) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "method      fast" in captured.err
    exact = attention_gradient(**arrays, wrt=ALL.split(","), method="exact").gradients
    report = json.loads(Path("out/report.json").read_text())
    found = results()
    for name, true in exact.items():
        gradient = found[f"grad_{name}"]
        assert gradient.dtype == arrays["A1"].dtype
        assert report["largest"][name] == np.max(np.abs(gradient))
        error = np.max(np.abs(gradient - true))
        assert error <= report["error_bound"][name]
        if name != "A1":
            assert error <= report["error_estimate"][name]["high"] <= 1e-3 * report["largest"][name]
    assert (report["chunk_rows"], report["n"], report["causal"]) == (37, 300, False)
    assert set(report["input_sha256"]) == set(NAMES)
    assert not {"seconds", "reason"} & set(report)
    assert names_in(Path()) == {"in", "out"}
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    assert run(*words, "--format", "json", "--quiet") == 0  # in place of the first, and the same
    assert json.loads(capsys.readouterr().out)["seconds"]["fast"] > 0
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before


@pytest.mark.parametrize(
    "how",
    [{}, {"zarr_format": 2}, {"shards": (24, 3)}, {"compressors": None}],
    ids=["version 3", "version 2", "sharded", "uncompressed"],
)
def test_zarr_arrays_of_any_chunks_give_the_same_bits(how: dict[str, Any]) -> None:
    arrays = arrays_of(n=101)
    save_directory(Path("in"), arrays)
    if "shards" in how:
        for name, array in arrays.items():
            if name in ("X", "Y"):
                np.save(f"{name}.npy", array)  # both kinds may stand side by side
        for name in ("A1", "A2", "A3", "E"):
            stored = zarr.create_array(
                store=f"in_zarr/{name}.zarr", shape=(101, 3), chunks=(8, 3), shards=(24, 3), dtype="float64"
            )
            stored[:] = arrays[name]
        for name in ("X", "Y"):
            shutil.move(f"{name}.npy", "in_zarr")
    else:
        save_zarr(Path("in_zarr"), arrays, **how)
    words = ("--engine", "local", "--wrt", ALL, "--rtol", "1e-2", "--chunk-rows", "20", "--quiet")
    assert run("in", "-o", "out", *words) == 0
    assert run("in_zarr", "-o", "out_zarr", *words) == 0
    assert {path.name for path in Path("out_zarr").iterdir()} == {
        "grad_A1.zarr",
        "grad_A2.zarr",
        "grad_A3.zarr",
        "grad_X.npy",
        "grad_Y.npy",
        "report.json",
    }
    found, same = results("out"), results("out_zarr")
    assert set(found) == set(same)
    for name, value in found.items():
        np.testing.assert_array_equal(value, same[name])
    assert Path("out/report.json").read_text() == Path("out_zarr/report.json").read_text()
    assert run("in_zarr", "-o", "out_zarr", *words) == 0  # over a result that has Zarr arrays


def test_arrays_of_columns_first_and_in_zarr_groups() -> None:
    arrays = arrays_of(n=50)
    save_directory(Path("in"), arrays)
    save_directory(Path("other"), {name: np.asfortranarray(array) for name, array in arrays.items()})
    group = zarr.open_group(store="group", mode="w")
    for name, array in arrays.items():
        group.create_array(name, data=array)
    words = ("--engine", "local", "--chunk-rows", "12", "--quiet")
    for source in ("in", "other", "group"):
        assert run(source, "-o", f"out_{source}", *words) == 0
    found = results("out_in")["grad_X"]
    np.testing.assert_array_equal(results("out_other")["grad_X"], found)
    np.testing.assert_array_equal(results("out_group")["grad_X"], found)


def assert_one_line(words: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("proofcheck: error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert len(captured.err) < 400
    assert not Path("out").exists()
    assert not list(Path().glob(".proofcheck*"))


def replaced(name: str, array: Any, **how: Any) -> Callable[[], object]:
    def change() -> None:
        shutil.rmtree(f"in/{name}.zarr")
        zarr.create_array(store=f"in/{name}.zarr", data=np.asarray(array), **how)

    return change


def edited(name: str, old: str, new: str) -> Callable[[], object]:
    def change() -> None:
        path = Path(f"in/{name}.zarr/zarr.json")
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: shutil.rmtree("in/E.zarr"), "'in' has no E.npy and no Zarr array E.zarr"),
        (lambda: np.save("in/A1.npy", np.ones((50, 3))), "'in' has A1.npy and A1.zarr; remove the one"),
        (replaced("A2", np.ones((49, 3))), "A2 has shape (49, 3); expected (50, 3), as A1 has shape (50, 3)"),
        (replaced("Y", np.ones((3, 4))), "Y has shape (3, 4); expected (3, 3)"),
        (replaced("A3", np.ones((50, 3, 1))), "has shape (50, 3, 1); expected two dimensions"),
        (replaced("A3", np.ones((50, 3), "int32")), "has dtype int32; expected float32 or float64"),
        (replaced("A3", np.ones((50, 3), "float32")), "the arrays differ in dtype: A1 float64, A3 float32"),
        (replaced("E", np.full((50, 3), np.nan)), "E has an entry that is not finite"),
        (replaced("E", np.zeros((50, 3))), ""),
        (lambda: Path("in/A1.zarr/zarr.json").unlink(), "'in/A1.zarr' is not a Zarr array"),
        (lambda: Path("in/A1.zarr/zarr.json").write_text("{"), "'in/A1.zarr' is damaged"),
        (edited("A1", '"zstd"', '"numcodecs.pickle"'), "is stored with the codec 'numcodecs.pickle'"),
        (lambda: _cut(Path("in/A2.zarr/c/3/0")), "in/A2.zarr' is damaged: Zstd"),
    ],
)
def test_zarr_arrays_that_cannot_be_used(
    change: Callable[[], object], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    save_zarr(Path("in"), arrays_of(n=50))
    change()
    if words:
        assert_one_line(words, capsys, "in", "--engine", "local", "-o", "out", "--chunk-rows", "16")
    else:  # nothing but zeros: Zarr leaves out chunks that are
        assert run("in", "--engine", "local", "-o", "out", "--quiet") == 0


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def test_a_codec_that_unpickles_never_runs(capsys: pytest.CaptureFixture[str]) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return Path.touch, (Path("unpickled"),)

    import pickle

    save_zarr(Path("in"), arrays_of(n=50), zarr_format=2, compressors=None)
    metadata = json.loads(Path("in/A1.zarr/.zarray").read_text())
    for key, value in (("filters", [{"id": "pickle", "protocol": 5}]), ("compressor", {"id": "pickle"})):
        Path("in/A1.zarr/.zarray").write_text(json.dumps({**metadata, key: value}))
        Path("in/A1.zarr/0.0").write_bytes(pickle.dumps(Trap()))
        assert_one_line("the codec 'pickle'", capsys, "in", "--engine", "local", "-o", "out")
    assert not Path("unpickled").exists()


def test_chunks_that_do_not_fit_in_memory_are_refused() -> None:
    save_directory(Path("in"), arrays_of(n=50))
    Path("in/A1.npy").unlink()
    zarr.create_array(store="in/A1.zarr", shape=(1 << 26, 3), chunks=(1 << 26, 3), dtype="float64")
    with pytest.raises(UserInputError, match=r"A1.zarr' is in chunks of 1610612736 bytes"):
        open_inputs(Path("in"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("in", "--engine", "local", "--causal"), "--causal does not work in chunks"),
        (("in", "--engine", "local", "--method", "exact"), "--method exact does not work in chunks"),
        (("in", "--engine", "local", "--backend", "torch"), "--backend torch does not work in chunks"),
        (("in", "--engine", "local", "--wrt", "X,A2"), "the gradient in A2 has 50 rows"),
        (("in", "--engine", "local", "--chunk-rows", "0"), "--chunk-rows 0: expected an integer"),
        (("in", "--engine", "local", "--workers", "2"), "--workers is for --engine dask"),
        (("in", "--mmap", "--scheduler", "tcp://x:1"), "--scheduler is for --engine dask"),
        (("in", "--mmap", "--chunk-rows", "5"), "--chunk-rows is for --engine local or dask"),
        (("in", "--engine", "dask", "--workers", "0"), "--workers 0: expected an integer"),
        (("in", "--engine", "dask", "--workers", "1", "--scheduler", "a"), "give one of them"),
        (("in.npz", "--engine", "local"), "'in.npz' is not a directory"),
        (("in", "in", "--engine", "local"), "2 inputs given; expected one"),
        (("in", "--engine", "local", "-o", "in"), "not from proofcheck gradient"),
        (("--demo", "--engine", "local"), "--engine is for arrays in files"),
        (("in", "--engine", "local", "--rtol", "1e-14"), "cannot meet rtol=1e-14"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    save_directory(Path("in"), arrays_of(n=50))
    assert_one_line(message, capsys, *words)


def test_files_that_change_or_go_away(capsys: pytest.CaptureFixture[str]) -> None:
    save_directory(Path("in"), arrays_of(n=50))
    source = open_inputs(Path("in"))
    Path("in/A2.npy").unlink()
    with pytest.raises(UserInputError, match=r"cannot read '.*A2.npy': No such file"):
        source.read("A2", slice(0, 5))
    sink = StoredGradients(Path("nowhere"), zarr=False, shape=(50, 3), dtype=np.dtype("float64"))
    for use in (lambda: sink.create("A1", 10), lambda: sink.write("A1", slice(0, 5), np.ones((5, 3)))):
        with pytest.raises(UserInputError, match=r"cannot write 'nowhere/grad_A1.npy': No such file"):
            use()


@pytest.mark.parametrize("missing", ["zarr", "distributed"])
def test_an_extra_that_is_not_installed(tmp_path: Path, missing: str) -> None:
    save_zarr(Path("in"), arrays_of(n=20))
    engine = "local" if missing == "zarr" else "dask"
    program = (
        "import sys, proofcheck.cli\n"
        f"sys.modules['{missing}'] = None\n"
        f"sys.argv = ['proofcheck', 'gradient', 'in', '--engine', '{engine}']\n"
        "proofcheck.cli.main()\n"
    )
    done = run_process(tmp_path, [sys.executable, "-c", program])
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'proofcheck[dist]'" in done.stderr
    assert done.stderr.count("\n") == 1
