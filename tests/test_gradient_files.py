"""Input files that are damaged or hostile."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofcheck import gradient_files
from proofcheck.errors import UserInputError
from proofcheck.gradient_files import read_directory, read_npz
from tests.gradient_helpers import Arrays, arrays_of, run, save, save_directory


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Trap:
    """Unpickled, it leaves a file."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("unpickled"),)


def trap() -> Any:
    array = np.empty((40, 3), dtype=object)
    array[:] = Trap()
    return array


def npy(array: Any, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def header(text: str, size: int = 0) -> bytes:
    """An .npy file with this header and as many bytes of data."""
    padded = text + " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(padded)) + padded.encode() + bytes(size)


def described(shape: str, descr: str = "'<f8'", size: int = 0) -> bytes:
    return header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}", size)


def archive(members: dict[str, bytes] | None = None, **more: Any) -> None:
    """``in.npz`` with these members in place of those that are right."""
    right = {f"{name}.npy": npy(array) for name, array in arrays_of().items()}
    with zipfile.ZipFile("in.npz", "w", **more) as file:
        for name, data in {**right, **(members or {})}.items():
            file.writestr(name, data)


BAD_ARRAYS: dict[str, tuple[bytes, str]] = {
    "a pickled array": (npy(trap()), "holds pickled objects, which are never read"),
    "pickled": (b"\x80\x04K\x01.", "its header is damaged"),
    "objects in records": (described("(3, 3)", "[('a', 'O')]"), "holds pickled objects"),
    "integers": (npy(np.ones((40, 3), dtype=int)), "has dtype int64; expected float32 or float64"),
    "halves": (npy(np.ones((40, 3), dtype=np.float16)), "has dtype float16; expected"),
    "the other byte order": (npy(np.ones((40, 3), dtype=">f8")), "has dtype >f8; expected"),
    "text": (npy(np.array([["x"]])), "has dtype <U1; expected"),
    "empty": (b"", "its header is damaged"),
    "no header": (b"\x93NUMPY\x01\x00", "its header is damaged"),
    "no literal": (header("{'descr': __import__('os').mkdir('made')}"), "its header is damaged"),
    "deep": (header("(" * 9000 + ")" * 9000), "its header is damaged"),
    "long": (header("{" + " " * 20000 + "}"), "its header is damaged"),
    "a header without end": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "its header is damaged"),
    "another version": (npy(np.ones((40, 3)), (3, 0)), "its header is damaged"),
    "a vector": (npy(np.ones(40)), "has shape (40,); expected two dimensions"),
    "no rows": (npy(np.ones((0, 3))), "has shape (0, 3); expected two dimensions of at least 1"),
    "negative": (described("(-40, -3)", size=960), "has shape (-40, -3); expected"),
    "larger than memory": (described("(10**9, 10**9)".replace("10**9", "1000000000")), "expected 8000000000"),
    "beyond all sizes": (described(f"(1{'0' * 100}, 1)"), "it is damaged"),
    "cut off": (npy(np.ones((40, 3)))[:-8], "has 1080 bytes; expected 1088"),
    "too long": (npy(np.ones((40, 3))) + b"more", "has 1092 bytes; expected 1088"),
}


@pytest.mark.parametrize(("data", "words"), BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
@pytest.mark.parametrize("mmap", [False, True], ids=["npz", "mmap"])
def test_an_array_that_cannot_be_used(
    data: bytes, words: str, mmap: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if mmap:
        save_directory(Path("in"), arrays_of())
        Path("in/A2.npy").write_bytes(data)
        words_of_call: tuple[str, ...] = ("in", "--mmap")
    else:
        archive({"A2.npy": data})
        words_of_call = ("in.npz",)
    assert_one_line(words, capsys, *words_of_call)
    assert not Path("unpickled").exists()
    assert not Path("made").exists()


def assert_one_line(words: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
    assert run(*arguments, "-o", "out") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("proofcheck: error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert len(captured.err) < 400
    assert not Path("out").exists()


def changed(change: Callable[[Arrays], object]) -> Arrays:
    arrays = arrays_of()
    change(arrays)
    return arrays


@pytest.mark.parametrize("mmap", [False, True], ids=["npz", "mmap"])
@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (changed(lambda a: a.pop("Y")), "Y"),
        (changed(lambda a: a.update(A2=a["A2"][:-1])), "A2 has shape (39, 3); expected (40, 3)"),
        (changed(lambda a: a.update(X=np.ones((3, 4)))), "X has shape (3, 4); expected (3, 3)"),
        (changed(lambda a: a.update(E=a["E"].astype("float32"))), "the arrays differ in dtype"),
        (changed(lambda a: a["A3"].fill(np.nan)), "A3 has an entry that is not finite"),
        (changed(lambda a: a.update(X=a["X"] * 1e200, A1=a["A1"] * 1e200)), ""),
    ],
)
def test_arrays_that_do_not_fit(
    arrays: Arrays, words: str, mmap: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if mmap:
        save_directory(Path("in"), arrays)
    else:
        save(Path("in.npz"), arrays)
    assert_one_line(words, capsys, *(("in", "--mmap") if mmap else ("in.npz",)))


def test_an_archive_with_other_members(capsys: pytest.CaptureFixture[str]) -> None:
    archive({"B.npy": npy(np.ones(3))})
    assert_one_line("'in.npz' has an array 'B'; expected A1, A2, A3, E, X, Y and no others", capsys, "in.npz")
    archive({"../../A1.npy": npy(np.ones(3))})
    assert_one_line("has an array '../../A1'", capsys, "in.npz")
    archive({"A1": npy(np.ones((40, 3)))})
    assert_one_line("'in.npz' has 2 arrays A1; expected one", capsys, "in.npz")
    arrays = arrays_of()
    del arrays["E"]
    save(Path("in.npz"), arrays)
    assert_one_line("'in.npz' has no array E; expected A1, A2, A3, E, X, Y", capsys, "in.npz")


def test_a_file_that_is_no_archive(capsys: pytest.CaptureFixture[str]) -> None:
    for data in (b"", b"text", b"\x80\x04K\x01.", npy(np.ones((40, 3))), npy(trap()), bytes(1 << 16)):
        Path("in.npz").write_bytes(data)
        assert_one_line("'in.npz' is no .npz file, or is cut off", capsys, "in.npz")
    assert not Path("unpickled").exists()


def test_a_pipe_is_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("in.npz")
    assert_one_line("not a regular file", capsys, "in.npz")
    save_directory(Path("in"), arrays_of())
    Path("in/E.npy").unlink()
    os.mkfifo("in/E.npy")
    assert_one_line("not a regular file", capsys, "in", "--mmap")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_any_damage_is_found_or_does_no_harm(compression: int) -> None:
    archive(compression=compression)
    good = Path("in.npz").read_bytes()
    arrays = read_npz(Path("in.npz")).arrays
    assert {name: array.tobytes() for name, array in arrays.items()} == {
        name: array.tobytes() for name, array in arrays_of().items()
    }
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(400):
        damaged = bytearray(good)
        for place in rng.integers(0, len(good), size=rng.integers(1, 4)):
            damaged[place] = rng.integers(0, 256)
        Path("in.npz").write_bytes(damaged)
        refused += not _as_it_was(arrays)
    assert refused > 300
    for end in rng.integers(0, len(good), size=60):
        Path("in.npz").write_bytes(good[:end])
        assert not _as_it_was(arrays)


def _as_it_was(arrays: Arrays) -> bool:
    """Whether the file can be read; what is read has the checksums it was written with."""
    try:
        found = read_npz(Path("in.npz")).arrays
    except UserInputError:
        return False
    # The header may say another order or shape and leave the bytes alone; they are under the checksum too.
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    return True


def test_inputs_in_a_directory_stay_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    save_directory(Path("in"), arrays_of())
    found = read_directory(Path("in")).arrays
    for name, array in arrays_of().items():
        np.testing.assert_array_equal(found[name], array)
        assert type(found[name]) is np.ndarray
        assert isinstance(found[name].base, np.memmap)
    found["A1"][:] = 0
    assert np.load("in/A1.npy").any()
    load = np.load

    def no_copies(*arguments: Any, mmap_mode: str, **keywords: Any) -> Any:
        if mmap_mode == "c":
            raise OSError(12, "Cannot allocate memory")
        return load(*arguments, mmap_mode=mmap_mode, **keywords)

    monkeypatch.setattr(np, "load", no_copies)
    np.testing.assert_array_equal(read_directory(Path("in")).arrays["A2"], arrays_of()["A2"])


def test_a_file_that_fails_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk with a fault, or where a network goes away."""
    save(Path("in.npz"), arrays_of())

    def failing(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(gradient_files.hashlib, "file_digest", failing)
    with pytest.raises(UserInputError, match=r"^cannot read 'in.npz': Input/output error$"):
        read_npz(Path("in.npz"))


def test_memory_that_runs_out_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(gradient_files.npy, "read_array", full)
    save(Path("in.npz"), arrays_of())
    with pytest.raises(UserInputError, match=r"not enough memory for the arrays of 'in.npz'; store them as"):
        read_npz(Path("in.npz"))
