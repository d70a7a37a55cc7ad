"""Files of rows: the same back, whatever is damaged refused, and other libraries read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from proofcheck.errors import UserInputError
from reductions.probe import Probed, Row, read, shipped
from reductions.probe.store import rows_from, rows_to_parquet
from tests.reductions.probe.samples import row


def test_rows_come_back(small: tuple[Path, Probed]) -> None:
    rows = list(small[1].result)
    assert rows_from(rows_to_parquet(rows), "it") == rows
    assert list(read(small[0])) == rows
    assert len(small[1].result) == len(rows)
    assert rows_to_parquet(rows) == rows_to_parquet(rows)


def test_one_file_of_rows(small: tuple[Path, Probed], tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    path.write_bytes(rows_to_parquet(small[1].result.rows))
    found = read(path)
    assert found.rows == small[1].result.rows
    assert found.missing == 0


def test_pandas_reads_the_folder_of_cells(small: tuple[Path, Probed]) -> None:
    table = pd.read_parquet(small[0] / "cells")
    rows = small[1].result.rows
    assert len(table) == len(rows)
    assert list(table.columns) == list(Row.__dataclass_fields__)
    assert sorted(table["bound"]) == sorted(one.bound for one in rows)


@pytest.mark.parametrize("seed", range(3))
def test_a_changed_byte_is_never_given(seed: int) -> None:
    rows = [row(64, 0.5, [0.1, 0.2], [0.3, 0.4]), row(64, 1.0, reason="not met")]
    data = rows_to_parquet(rows)
    rng = np.random.default_rng(seed)
    refused = 0
    for at in rng.integers(0, len(data), 60).tolist():
        damaged = bytearray(data)
        damaged[at] ^= int(rng.integers(1, 256))
        try:
            found = rows_from(bytes(damaged), "it")
        except UserInputError:
            refused += 1
        else:
            # What no reader looks at, such as who wrote it.
            assert found == rows
    assert refused > 20


@pytest.mark.parametrize("keep", [0, 3, 100, -1])
def test_a_truncated_file_is_refused(keep: int) -> None:
    data = rows_to_parquet([row(64, 0.5)])
    with pytest.raises(UserInputError, match="it is damaged"):
        rows_from(data[:keep], "it")


def test_a_changed_number_is_found_by_its_digest() -> None:
    made = row(64, 0.5)
    forged = Row(**{**vars(made), "bound": 0.7})
    with pytest.raises(UserInputError, match="it is damaged: row 0 has another digest"):
        rows_from(rows_to_parquet([forged]), "it")


def test_other_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pd.DataFrame({"n": [1]}).to_parquet(path)
    with pytest.raises(UserInputError, match="has other columns"):
        read(path)


def test_no_probe_there(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="cannot read"):
        read(tmp_path / "none")
    with pytest.raises(UserInputError, match=r"cannot read .*grid\.json"):
        read(tmp_path)
    (tmp_path / "grid.json").write_text("{}")
    with pytest.raises(UserInputError, match=r"grid\.json' is damaged: expected an object"):
        read(tmp_path)
    (tmp_path / "grid.json").write_text("{")
    with pytest.raises(UserInputError, match="is no JSON"):
        read(tmp_path)


def test_the_shipped_probe_is_whole() -> None:
    found = shipped()
    assert found.rows
    assert found.missing == 0
    assert {one.family for one in found} == {"uniform", "signs", "aligned", "clustered", "hard"}
    # Compiled kernels, one thread: what docs/probe.md says.
    assert all('"computed by": "compiled kernels"' in one.environment for one in found)
    assert all('"OMP_NUM_THREADS": "1"' in one.environment for one in found)
