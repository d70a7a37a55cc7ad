"""The files as other libraries read them: the same numbers, without being told anything."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reductions
from proofcheck.errors import UserInputError
from reductions.datasets.row import Row

Rows = Iterable[Mapping[str, Any]]


@pytest.fixture(scope="module")
def rows(written: Path) -> dict[str, Row]:
    return {row.id: row for row in reductions.load(written)}


@pytest.fixture(autouse=True)
def _offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def _same(found: Any, expected: Any) -> bool:
    if expected is None:
        return found is None or found != found  # pandas has NaN in a column of numbers
    if isinstance(expected, np.ndarray):
        return np.array_equal(np.array([np.asarray(line) for line in found]), expected)
    if isinstance(expected, tuple):
        return list(found) == list(expected)
    return bool(found == expected)


def _check(found: Rows, rows: dict[str, Row], config: str, split: str | None = None) -> None:
    ids = []
    for one in found:
        row = rows[one["id"]]
        ids.append(row.id)
        names = [name for name in vars(row) if name not in ("instance", "provenance")]
        assert [name for name in names if not _same(one[name], getattr(row, name))] == []
        assert one["provenance"]["parent"] == row.provenance["parent"]
    assert len(ids) == len(set(ids))
    if split is None:
        assert set(ids) == {row.id for row in rows.values() if row.provenance["config"] == config}


def _pandas(pattern: str, folder: Path) -> Rows:
    import pandas as pd

    return pd.concat([pd.read_parquet(path) for path in sorted(folder.iterdir())]).to_dict("records")


def _polars(pattern: str, folder: Path) -> Rows:
    import polars as pl

    return pl.read_parquet(pattern).to_dicts()


def _duckdb(pattern: str, folder: Path) -> Rows:
    import duckdb

    result = duckdb.sql(f"SELECT * FROM read_parquet('{pattern}')")
    return [dict(zip(result.columns, line, strict=True)) for line in result.fetchall()]


def _pyarrow(pattern: str, folder: Path) -> Rows:
    import pyarrow.parquet as pq

    found: Rows = pq.read_table(folder).to_pylist()
    return found


@pytest.mark.parametrize("read", [_pandas, _polars, _duckdb, _pyarrow])
def test_other_libraries_read_the_same(
    written: Path, rows: dict[str, Row], read: Callable[[str, Path], Rows]
) -> None:
    for config in reductions.load(written).configs:
        folder = written / "data" / config
        _check(read(f"{folder.as_posix()}/*.parquet", folder), rows, config)


def test_duckdb_filters_and_polars_scans(written: Path, rows: dict[str, Row]) -> None:
    import duckdb
    import polars as pl

    pattern = f"{written.as_posix()}/data/planted-n64/*.parquet"
    (count,) = duckdb.sql(f"SELECT count(*) FROM '{pattern}' WHERE label AND n = 64").fetchall()[0]
    own = [row for row in rows.values() if row.kind == "planted"]
    assert count == len(own) // 2
    ids = pl.scan_parquet(pattern).filter(pl.col("label")).select("id").collect()["id"].to_list()
    assert sorted(ids) == sorted(row.id for row in own if row.label)


def test_load_dataset(written: Path, rows: dict[str, Row], tmp_path: Path) -> None:
    import datasets

    datasets.disable_progress_bars()
    names = datasets.get_dataset_config_names(str(written))
    assert tuple(names) == reductions.load(written).configs
    for config in names:
        loaded = datasets.load_dataset(str(written), config, cache_dir=str(tmp_path / "cache"))
        every = [one for split in loaded.values() for one in split]
        _check(every, rows, config)
        for split, part in loaded.items():
            expected = {row.id for row in reductions.load(written).rows(config, split)}
            assert set(part["id"]) == expected
        kept = next(iter(loaded.values())).with_format("numpy", dtype=None)[0]
        row = rows[str(kept["id"])]
        assert kept["left"].dtype == np.int8
        np.testing.assert_array_equal(kept["left"], row.left)
        assert kept["required_accuracy"] == row.required_accuracy
    streamed = datasets.load_dataset(str(written), names[0], split="train", streaming=True)
    _check(itertools.islice(streamed, 3), rows, names[0], "train")


# Of rdflib about itself, and of pandas about mlcroissant.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")
def test_croissant_is_valid_and_leads_to_the_rows(
    written: Path, rows: dict[str, Row], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=str(written / "croissant.json"))
    # A date of publication is recommended: there is none.
    problems = [record.getMessage() for record in caplog.records]
    assert all("datePublished" in text and text.count("  -  ") == 1 for text in problems), problems
    names = [record.id for record in dataset.metadata.record_sets]
    assert tuple(names) == reductions.load(written).configs
    files = {one.id: one.sha256 for one in dataset.metadata.file_objects}
    assert files == {one["path"]: one["sha256"] for one in reductions.load(written).manifest["shards"]}
    for config in names:
        seen = set()
        for record in dataset.records(config):
            found = {key.partition("/")[2]: value for key, value in record.items()}
            row = rows[found["id"].decode()]
            seen.add(row.id)
            np.testing.assert_array_equal(np.array(found["left"]), row.left)
            assert found["label"] == row.label
            assert found["gamma"].decode() == row.gamma
        assert seen == {row.id for row in rows.values() if row.provenance["config"] == config}


def test_load_gives_typed_instances_lazily(written: Path, rows: dict[str, Row]) -> None:
    data = reductions.load(written)
    assert len(data) == len(rows) == len(list(data))
    first = next(iter(data))
    assert first.instance is not None
    assert (first.instance.solve() is not None) is first.label
    for row in rows.values():
        A1, A2, A3 = row.arrays()
        assert A1.shape == A2.shape == A3.shape == (row.n, row.d)
    with pytest.raises(UserInputError, match="config is 'other'; expected one of planted-n64"):
        list(data.rows("other"))


def test_load_needs_a_complete_data_set(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match=r"has no manifest\.json.*--resume"):
        reductions.load(tmp_path)


def test_no_source_is_in_two_splits(written: Path) -> None:
    splits: dict[str, set[str]] = {}
    data = reductions.load(written)
    for entry in data.manifest["shards"]:
        for row in data.rows(entry["config"], entry["split"]):
            splits.setdefault(row.provenance["parent"], set()).add(entry["split"])
    assert len(splits) > 100
    assert all(len(found) == 1 for found in splits.values())
    # Formulas that two chains have made instances of.
    parents = [{row.provenance["parent"] for row in data.rows(f"{chain}-n64")} for chain in ("direct", "pcp")]
    assert parents[0] == parents[1]


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserInputError, match=r"pip install 'proofcheck\[data\]'"):
        reductions.load(os.curdir)
