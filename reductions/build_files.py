"""The files of a built chain: what they are called and hold, and what a directory of a build may hold.

``formula.cnf`` comes first and says the options, so whatever a killed run leaves can be told from the files
of another formula.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from proofcheck.errors import UserInputError
from proofcheck.files import LEFT_OVER
from reductions.files import Contents, contents_digest, digest_of, is_file, told
from reductions.problems.bits import Bits

__all__ = ["FORMULA", "INSTANCE", "MANIFEST", "VECTORS", "bits_of", "check_place", "contents_of_bits"]
__all__ += ["expected_names"]

FORMULA, MANIFEST = "formula.cnf", "manifest.json"
_SIDES = ("left", "right")
VECTORS = tuple(f"orthogonal-vectors-{side}.npy" for side in _SIDES)
#: The files of instance k.
INSTANCE = (*(f"gap-{{:05d}}-{side}.npy" for side in _SIDES), "attention-{:05d}.json")

_CHOOSE = "expected an empty directory or one of this very build: choose another, or remove what is there"


def expected_names(instances: int) -> list[str]:
    """All files of a chain with so many instances, in the order in which they are written."""
    numbered = [name.format(k) for k in range(instances) for name in INSTANCE]
    return [FORMULA, *VECTORS, *numbered, MANIFEST]


def contents_of_bits(bits: Bits) -> Contents:
    """An .npy file; the array is not copied."""
    header = BytesIO()
    npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(bits))
    return header.getvalue(), bits.data.cast("B")


def check_place(directory: Path, allowed: Collection[str], formula: Contents) -> None:
    """Refuse a directory that holds what a build would not write, and clear what a killed run left half.

    Args:
        directory: to be written to.
        allowed: the names of the files of this build.
        formula: what ``formula.cnf`` is to hold.

    Raises:
        UserInputError: there are other files, or files of another formula or of other options.
    """
    # A set: a build may have many files.
    allowed = set(allowed)
    with told(directory):
        names = sorted(os.listdir(directory))
    left_over = [name for name in names if LEFT_OVER.fullmatch(name) and is_file(directory / name)]
    kept = [name for name in names if name not in left_over]
    place = repr(str(directory))
    for name in kept:
        if not is_file(directory / name):
            raise UserInputError(f"{place} holds {name!r}, no regular file; {_CHOOSE}")
    if kept and FORMULA not in kept:
        raise UserInputError(f"{place} holds {kept[0]!r} and no {FORMULA}; {_CHOOSE}")
    if kept and digest_of(directory / FORMULA) != contents_digest(formula):
        raise UserInputError(
            f"{place} holds {FORMULA} of another formula, or of other options (its first line has them); "
            f"{_CHOOSE}"
        )
    for name in kept:
        if name not in allowed:
            raise UserInputError(f"{place} holds {name!r}, which this build does not write; {_CHOOSE}")
    with told(directory):
        for name in left_over:
            (directory / name).unlink(missing_ok=True)


def bits_of(data: bytes, name: str) -> Bits:
    """The matrix of an .npy file of uint8; nothing is unpickled, and no more than the data is allocated.

    Raises:
        UserInputError: it is something else; whether all entries are bits is left to the instance.
    """
    stream = BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of headers that Python 2 wrote
            if npy.read_magic(stream) != (1, 0):
                raise ValueError("a version other than 1.0")
            shape, fortran, dtype = npy.read_array_header_1_0(stream)
    except Exception as error:
        # Headers are Python literals, which fail to parse in many ways.
        raise UserInputError(f"{name} is no .npy file: {error}; expected one of version 1.0") from error
    if dtype != np.uint8 or fortran or len(shape) != 2:
        order = "Fortran" if fortran else "C"
        raise UserInputError(
            f"{name} holds {dtype} of shape {shape} in {order} order; expected uint8, a matrix, in C order"
        )
    found, expected = len(data) - stream.tell(), shape[0] * shape[1]
    if found != expected:
        raise UserInputError(
            f"{name} has {found} bytes of data; expected {expected}, its shape being {shape}"
        )
    return np.frombuffer(data, np.uint8, offset=stream.tell()).reshape(shape)
