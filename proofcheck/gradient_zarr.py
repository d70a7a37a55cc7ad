"""Matrices in Zarr arrays on disk: read by rows, and written by rows.

A codec of a Zarr array is code that runs on its bytes, and there is one that unpickles: only codecs that
compress, check or reorder bytes are let in.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from proofcheck.gradient_files import DTYPES, damage_of

__all__ = ["check_zarr", "create_zarr", "open_zarr", "read_zarr", "require_zarr", "write_zarr"]

_METADATA = {"zarr.json": 3, ".zarray": 2}
_CODECS = {"blosc", "bytes", "bz2", "crc32c", "gzip", "lz4", "lzma", "sharding_indexed", "shuffle"}
_CODECS |= {"transpose", "zlib", "zstd"}
_MOST_CHUNK = 1 << 28  # bytes that are held to read one row
_LONGEST_METADATA = 1 << 20


def require_zarr() -> Any:
    """The library.

    Raises:
        UserInputError: it is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise UserInputError("Zarr arrays need zarr: pip install 'proofcheck[dist]'") from error
    return zarr


def check_zarr(place: Path) -> tuple[tuple[int, int], np.dtype[Any]]:
    """Shape and dtype of an array, if it is one that can be read by rows.

    Raises:
        UserInputError: it is damaged, no matrix of floats, or in chunks that are too large; or it has a codec
            that is not known to be harmless, or the library is not installed.
    """
    found = [name for name in _METADATA if (place / name).is_file()]
    if not found:
        raise UserInputError(f"{str(place)!r} is not a Zarr array: it has neither zarr.json nor .zarray")
    with damage_of(str(place)):
        with (place / found[0]).open(encoding="utf-8") as file:
            metadata = json.loads(file.read(_LONGEST_METADATA))
        codecs = sorted({str(name)[:40] for name in _codecs(metadata)} - _CODECS)
        if codecs:
            raise UserInputError(
                f"{str(place)!r} is stored with the codec {codecs[0]!r}; "
                f"expected one of {', '.join(sorted(_CODECS))}"
            )
        array = open_zarr(place)
        shape, dtype = tuple(array.shape), np.dtype(array.dtype)
        chunk = array.shards or array.chunks
    if dtype not in DTYPES:
        raise UserInputError(
            f"{str(place)!r} has dtype {str(dtype)[:40]}; expected float32 or float64 in this machine's byte "
            "order: convert it before saving"
        )
    if len(shape) != 2 or min(shape) < 1:
        raise UserInputError(
            f"{str(place)!r} has shape {str(shape)[:60]}; expected two dimensions of at least 1"
        )
    size = math.prod(min(pair) for pair in zip(chunk, shape, strict=True)) * dtype.itemsize
    if size > _MOST_CHUNK:
        raise UserInputError(
            f"{str(place)!r} is in chunks of {size} bytes, each of which is held in memory whole; "
            f"write it in chunks of at most {_MOST_CHUNK} bytes"
        )
    return shape, dtype


def _codecs(metadata: Any) -> Iterator[str]:
    """The names of all codecs of a version 2 or 3 array, those inside of shards included."""
    if isinstance(metadata, dict):
        for key in ("codecs", "index_codecs", "filters", "compressor"):
            entry = metadata.get(key)
            for codec in entry if isinstance(entry, list) else [entry]:
                if isinstance(codec, dict):
                    yield str(codec.get("name", codec.get("id", "")))
                    yield from _codecs(codec.get("configuration"))
                elif codec is not None:
                    yield str(codec)


def open_zarr(place: Path, mode: str = "r") -> Any:
    """The array."""
    zarr = require_zarr()
    version = 3 if (place / "zarr.json").is_file() else 2
    return zarr.open_array(store=str(place), mode=mode, zarr_format=version)


def read_zarr(place: Path, rows: slice) -> NDArray[Any]:
    """Rows of an array that was checked.

    Raises:
        UserInputError: they are damaged.
    """
    with damage_of(str(place)):
        return np.ascontiguousarray(open_zarr(place)[rows])


def create_zarr(place: Path, shape: tuple[int, int], dtype: np.dtype[Any], chunk_rows: int) -> None:
    """An array in chunks of these rows, uncompressed: random bits do not compress."""
    require_zarr().create_array(
        store=str(place),
        shape=shape,
        chunks=(min(chunk_rows, shape[0]), shape[1]),
        dtype=dtype,
        compressors=None,
    )


def write_zarr(place: Path, rows: slice, values: NDArray[Any]) -> None:
    """Put rows, which are whole chunks of the array, so that nobody else writes to those."""
    open_zarr(place, "r+")[rows] = values
