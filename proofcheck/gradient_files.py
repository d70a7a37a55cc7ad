"""The arrays that ``proofcheck gradient`` reads and writes: an .npz file, or a directory of .npy files.

Files come from anywhere: nothing is unpickled, headers are checked against the sizes of the data before
memory is asked for, and whatever is wrong with a file is one line.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import stat
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from proofcheck.files import replacing, resolved, temporary_beside
from proofcheck.namespaces.arrays import Array
from proofcheck.streams import check_writable

__all__ = [
    "DTYPES",
    "NAMES",
    "REPORT",
    "Inputs",
    "check_array",
    "check_directory",
    "check_file",
    "damage_of",
    "read_directory",
]
__all__ += ["read_npz", "readable", "replacing_directory", "write_directory", "write_npz"]

#: What the arrays of Definition 1.2 are called.
NAMES = ("A1", "A2", "A3", "E", "X", "Y")

#: The name of the report in a directory of results.
REPORT = "report.json"

_EXPECTED = ", ".join(NAMES)
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
_LONGEST_HEADER = 1 << 14  # beyond what NumPy takes


@dataclass(frozen=True)
class Inputs:
    """Arrays by name, and the SHA-256 of the file, or of each file, that they were read from."""

    arrays: dict[str, Array]
    sha256: str | dict[str, str]


def read_npz(path: Path) -> Inputs:
    """The arrays of an .npz file.

    Raises:
        UserInputError: it cannot be read, is damaged, or does not hold exactly the arrays expected.
    """
    if os.path.isdir(path):
        raise UserInputError(f"{str(path)!r} is a directory; add --mmap to read A1.npy, A2.npy, … in it")
    with readable(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not zipfile.is_zipfile(file):
            raise UserInputError(
                f"{str(path)!r} is no .npz file, or is cut off; write one with numpy.savez(file, A1=A1, …)"
            )
        with damage_of(str(path)), zipfile.ZipFile(file) as archive:
            members = _members(archive, path)
            for name, member in members.items():
                with archive.open(member) as stream:
                    check_array(stream, member.file_size, f"{name} in {str(path)!r}")
            return Inputs({name: _array(archive, member) for name, member in members.items()}, digest)


def read_directory(path: Path) -> Inputs:
    """The arrays of a directory of .npy files, left on disk until they are used.

    Raises:
        UserInputError: a file is missing, cannot be read or is damaged.
    """
    if not os.path.isdir(path):
        raise UserInputError(f"{str(path)!r} is not a directory; --mmap reads A1.npy, A2.npy, … in one")
    missing = [name for name in NAMES if not os.path.exists(path / f"{name}.npy")]
    if missing:
        raise UserInputError(
            f"{str(path)!r} has no file {missing[0]}.npy; expected one for each of {_EXPECTED}"
        )
    arrays: dict[str, Array] = {}
    digests: dict[str, str] = {}
    for name in NAMES:
        place = path / f"{name}.npy"
        with readable(place) as file, damage_of(str(place)):
            check_array(file, os.fstat(file.fileno()).st_size, repr(str(place)))
            file.seek(0)
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
            arrays[name] = _mapped(place)
    return Inputs(arrays, digests)


def _mapped(place: Path) -> Array:
    """An array that the system reads from a file as it is used; what is written to it stays in memory."""
    try:
        # Writable, as torch wants the memory that it takes over.
        return np.asarray(np.load(place, mmap_mode="c", allow_pickle=False))
    except OSError:  # an array larger than all memory: a system may refuse to promise copies of it
        return np.asarray(np.load(place, mmap_mode="r", allow_pickle=False))


@contextmanager
def readable(path: Path) -> Iterator[BufferedReader]:
    """A regular file, opened.

    Raises:
        UserInputError: there is none, or reading it fails in the block.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise UserInputError(f"cannot read {str(path)!r}: it is not a regular file")
        file = path.open("rb")
    except OSError as error:
        raise UserInputError(f"cannot read {str(path)!r}: {error.strerror}") from error
    with file:
        try:
            yield file
        except OSError as error:
            raise UserInputError(f"cannot read {str(path)!r}: {error.strerror}") from error


@contextmanager
def damage_of(what: str) -> Iterator[None]:
    """Tell in one line what reading damaged data raises, which is a dozen kinds of exception."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy warns of headers that it mends; they are refused or right
            yield
    except UserInputError:
        raise
    except MemoryError as error:
        raise UserInputError(
            f"there is not enough memory for the arrays of {what!r}; store them as .npy files and use --mmap"
        ) from error
    except Exception as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise UserInputError(f"{what!r} is damaged: {reason}; write it again") from error


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The members of an .npz file by the names of their arrays."""
    counts = Counter(member.filename.removesuffix(".npy") for member in archive.infolist())
    for name in NAMES:
        if not counts[name]:
            raise UserInputError(f"{str(path)!r} has no array {name}; expected {_EXPECTED}")
    for name, count in counts.items():
        if name not in NAMES:
            raise UserInputError(
                f"{str(path)!r} has an array {name[:40]!r}; expected {_EXPECTED} and no others"
            )
        if count > 1:
            raise UserInputError(f"{str(path)!r} has {count} arrays {name}; expected one")
    return {member.filename.removesuffix(".npy"): member for member in archive.infolist()}


def check_array(stream: IO[bytes], size: int, what: str) -> tuple[tuple[int, int], np.dtype[Any]]:
    """Shape and dtype in the header of an .npy file, which is held against the size of the file.

    Raises:
        UserInputError: it is not that of a matrix of floats, or has more or fewer bytes than it says.
    """
    head = BytesIO(stream.read(_LONGEST_HEADER))
    try:
        version = npy.read_magic(head)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version}")  # of dtypes that are refused below
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(head)
    except Exception as error:  # the header is a Python literal, and its dtype can be anything
        raise UserInputError(
            f"{what} is not an array as numpy.save writes it: its header is damaged"
        ) from error
    if dtype.hasobject:
        raise UserInputError(f"{what} holds pickled objects, which are never read; save it as float64")
    if dtype not in DTYPES:
        raise UserInputError(
            f"{what} has dtype {str(dtype)[:40]}; expected float32 or float64 in this machine's byte order: "
            "convert it before saving, as in A1.astype('float64')"
        )
    if len(shape) != 2 or min(shape) < 1:
        raise UserInputError(f"{what} has shape {str(shape)[:60]}; expected two dimensions of at least 1")
    expected = head.tell() + math.prod(shape) * dtype.itemsize
    if size != expected:
        raise UserInputError(
            f"{what} has {size} bytes; expected {expected} for its shape {str(shape)[:60]}: it is damaged"
        )
    return shape, dtype


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(member) as stream:
        array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)  # and its checksum is compared
    return array


def check_file(output: Path, source: Path) -> None:
    """Find out before the long work whether the result can be put there.

    Raises:
        UserInputError: it cannot, or the inputs are there.
    """
    check_writable(output)
    if output.exists() and output.resolve() == source.resolve():
        raise UserInputError(f"-o {str(output)!r} is the input, which would be lost; choose another path")


def check_directory(output: Path) -> None:
    """Find out before the long work whether a directory of results can be put there.

    Raises:
        UserInputError: it cannot, or something else is there.
    """
    try:
        place = resolved(output)
        if place.exists() and not _is_ours(place):
            raise UserInputError(
                f"-o {str(output)!r} is there, and not from proofcheck gradient; choose another path"
            )
        tempfile.TemporaryFile(dir=place.parent).close()
    except OSError as error:
        raise UserInputError(
            f"cannot write {str(output)!r}: {error.strerror}; choose another path"
        ) from error


def _is_ours(place: Path) -> bool:
    """Whether :func:`write_directory` made a directory, and nobody put anything else in it."""
    if not place.is_dir():
        return False
    found = {path.name for path in place.iterdir()}
    if REPORT not in found or not all(
        name == REPORT or (name.startswith("grad_") and name.endswith((".npy", ".zarr"))) for name in found
    ):
        return False
    try:
        return "input_sha256" in json.loads((place / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def write_npz(output: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an .npz file, byte for byte the same for the same arrays; never half of it.

    Raises:
        UserInputError: the place cannot be written to.
    """
    with replacing(output.resolve()) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            # A ZipInfo of its own has the same time stamp always.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as stream:
                npy.write_array(stream, array, allow_pickle=False)


def write_directory(output: Path, gradients: Mapping[str, NDArray[Any]], report: str) -> None:
    """Write grad_*.npy and the report into a directory that takes the place of an earlier one.

    Raises:
        UserInputError: the place cannot be written to.
    """
    with replacing_directory(output) as new:
        for name, array in gradients.items():
            with replacing(new / f"{name}.npy") as file:
                npy.write_array(file, array, allow_pickle=False)
        with replacing(new / REPORT) as file:
            file.write(report.encode())


@contextmanager
def replacing_directory(output: Path) -> Iterator[Path]:
    """A new directory beside the output, which takes its place when the block is done.

    Raises:
        UserInputError: the place cannot be written to.
    """
    place = output.resolve()
    new, old = temporary_beside(place), temporary_beside(place)
    try:
        new.mkdir()
        yield new
        check_directory(output)  # it may have changed meanwhile
        # A directory that is not empty cannot be renamed over.
        if place.exists():
            place.rename(old)
        new.rename(place)
    except OSError as error:
        raise UserInputError(
            f"cannot write {str(output)!r}: {error.strerror}; choose another path"
        ) from error
    finally:
        if old.exists() and not place.exists():
            old.rename(place)
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
