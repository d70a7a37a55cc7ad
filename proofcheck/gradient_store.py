"""Inputs and gradients larger than memory: a directory with a .npy file or a Zarr array for each.

What is here can be pickled and sent to workers: it holds paths, and opens them for each chunk anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from proofcheck.gradient_files import NAMES, check_array, damage_of, readable
from proofcheck.gradient_zarr import check_zarr, create_zarr, open_zarr, read_zarr, write_zarr

__all__ = ["StoredGradients", "StoredInputs", "open_inputs"]

_SMALL = ("X", "Y")


@dataclass(frozen=True)
class StoredInputs:
    """A :class:`~proofcheck.numeric.chunked.engine.Source` of files.

    Attributes:
        places: the file or Zarr array of each input.
        n, d, dtype, X, Y: as there.
    """

    places: dict[str, Path]
    n: int
    d: int
    dtype: np.dtype[Any]
    X: NDArray[Any] = field(repr=False)
    Y: NDArray[Any] = field(repr=False)

    @property
    def in_zarr(self) -> bool:
        """Whether A1 is a Zarr array."""
        return self.places["A1"].suffix != ".npy"

    def read(self, name: str, rows: slice) -> NDArray[Any]:
        """These rows of an input: mapped from a .npy file, or a copy from a Zarr array.

        Raises:
            UserInputError: they cannot be read.
        """
        return _read(self.places[name], rows)


def open_inputs(path: Path) -> StoredInputs:
    """The inputs in a directory: for each NAME.npy, or the Zarr array NAME.zarr or NAME.

    Raises:
        UserInputError: one is missing, there twice, damaged, or of a shape or dtype that does not fit.
    """
    if not os.path.isdir(path):  # false of names that the system does not take, too
        raise UserInputError(
            f"{str(path)!r} is not a directory; expected one with A1.npy or A1.zarr, A2.npy or A2.zarr, …"
        )
    places = {name: _place(path, name) for name in NAMES}
    known = {name: _checked(place) for name, place in places.items()}
    (n, d), dtype = known["A1"]
    for name, (shape, found) in known.items():
        expected = (d, d) if name in _SMALL else (n, d)
        if shape != expected:
            raise UserInputError(f"{name} has shape {shape}; expected {expected}, as A1 has shape {(n, d)}")
        if found != dtype:
            raise UserInputError(f"the arrays differ in dtype: A1 {dtype}, {name} {found}; convert one")
    small = [np.array(_read(places[name], slice(0, d))) for name in _SMALL]
    return StoredInputs({name: place.absolute() for name, place in places.items()}, n, d, dtype, *small)


def _place(path: Path, name: str) -> Path:
    found = [place for end in (".npy", ".zarr", "") if (place := path / f"{name}{end}").exists()]
    if not found:
        raise UserInputError(
            f"{str(path)!r} has no {name}.npy and no Zarr array {name}.zarr; "
            f"expected one for each of {', '.join(NAMES)}"
        )
    if len(found) > 1:
        raise UserInputError(
            f"{str(path)!r} has {found[0].name} and {found[1].name}; remove the one that is not meant"
        )
    return found[0]


def _checked(place: Path) -> tuple[tuple[int, int], np.dtype[Any]]:
    if place.suffix != ".npy":
        return check_zarr(place)
    with readable(place) as file, damage_of(str(place)):
        return check_array(file, os.fstat(file.fileno()).st_size, repr(str(place)))


def _read(place: Path, rows: slice) -> NDArray[Any]:
    if place.suffix != ".npy":
        return read_zarr(place, rows)
    with readable(place):  # the reason, where it cannot be read
        pass
    with damage_of(str(place)):
        # Unmapped as soon as the chunk is done, so that a worker's memory does not seem to grow.
        return np.ascontiguousarray(np.load(place, mmap_mode="r", allow_pickle=False)[rows])


@dataclass(frozen=True)
class StoredGradients:
    """A :class:`~proofcheck.numeric.chunked.engine.Sink` of files.

    Attributes:
        directory: where grad_A1.npy or grad_A1.zarr and so on are.
        zarr: whether they are Zarr arrays.
        shape, dtype: of each.
    """

    directory: Path
    zarr: bool
    shape: tuple[int, int]
    dtype: np.dtype[Any]

    def place(self, name: str) -> Path:
        """The file or Zarr array of a gradient."""
        return self.directory / f"grad_{name}.{'zarr' if self.zarr else 'npy'}"

    def create(self, name: str, chunk_rows: int) -> None:
        """Room for a gradient whose chunks have these rows.

        Raises:
            UserInputError: there is none.
        """
        place = self.place(name)
        with _written(place):
            if self.zarr:
                create_zarr(place, self.shape, self.dtype, chunk_rows)
            else:
                npy.open_memmap(place, mode="w+", dtype=self.dtype, shape=self.shape)

    def write(self, name: str, rows: slice, values: NDArray[Any]) -> None:
        """Put these rows.

        Raises:
            UserInputError: they cannot be written.
        """
        place = self.place(name)
        with _written(place):
            if self.zarr:
                write_zarr(place, rows, values)
            else:
                _write_npy(place, rows, values)

    def flush(self, name: str) -> None:
        """Have the system put a .npy file on disk."""
        if not self.zarr:
            with _written(self.place(name)), self.place(name).open("r+b") as file:
                os.fsync(file.fileno())

    def open(self, name: str) -> Any:
        """A gradient: mapped from a .npy file, or a Zarr array."""
        place = self.place(name)
        return open_zarr(place) if self.zarr else np.load(place, mmap_mode="r", allow_pickle=False)


def _write_npy(place: Path, rows: slice, values: NDArray[Any]) -> None:
    """Written and not mapped: a full disk is then an error, and not the end of the process."""
    with place.open("r+b") as file:
        npy.read_magic(file)
        npy.read_array_header_1_0(file)
        file.seek(rows.start * values.shape[1] * values.itemsize, os.SEEK_CUR)
        file.write(np.ascontiguousarray(values).data)


@contextmanager
def _written(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserInputError(f"cannot write {str(place)!r}: {error.strerror}; choose another path") from error
