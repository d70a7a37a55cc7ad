"""Parquet: exact, small, and the same bytes."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import reductions
from proofcheck.errors import UserInputError
from reductions.datasets.picture import score_bound_of
from reductions.datasets.row import digest_of
from reductions.datasets.sources import rows_of_source
from reductions.datasets.table import Shard, parquet_of, schema_of
from tests.reductions.datasets.samples import spec

SPEC = spec()


@pytest.mark.parametrize("config", SPEC.configs, ids=lambda config: config.name)
def test_rows_come_back(config: object) -> None:
    own = next(one for one in SPEC.configs if one is config)
    rows = [row for number in range(3) for row in rows_of_source(SPEC, own, number, "1")[0]]
    data = parquet_of(rows, own.columns)
    assert parquet_of(rows, own.columns) == data
    again = list(Shard(data).every_row())
    assert [row.id for row in again] == [row.id for row in rows]
    for one, other in zip(again, rows, strict=True):
        assert digest_of(one) == one.hash == other.hash
        for name, value in vars(other).items():
            if not isinstance(value, np.ndarray):
                assert vars(one)[name] == value


def test_the_columns_are_what_the_card_says(written: Path) -> None:
    schema = pq.read_schema(next((written / "data" / "planted-n64").iterdir()))
    assert str(schema.field("left").type.value_type) == "fixed_size_list<element: int8 not null>[24]"
    card = (written / "README.md").read_text(encoding="utf-8")
    assert [name for name in schema.names if f"`{name}`" not in card] == []


def test_bits_take_an_eighth_of_a_byte() -> None:
    (config,) = spec({"name": "planted", "kind": "planted", "n": 256, "D": 24, "count": 200}).configs
    rows = [row for number in range(100) for row in rows_of_source(SPEC, config, number, "1")[0]]
    raw = len(rows) * config.row_bytes
    assert len(parquet_of(rows, 24)) < raw / 8 + 300 * len(rows)


@pytest.mark.parametrize("what", ["other", "extra", "width", "text"])
def test_other_tables_are_refused(what: str) -> None:
    schema = schema_of(4)
    if what == "text":
        data = b"PAR1 and nothing"
    else:
        tables = {
            "other": pa.table({"id": ["a"]}),
            "extra": pa.Table.from_pylist([], schema=schema.append(pa.field("more", pa.int8()))),
            "width": pa.Table.from_pylist([], schema=schema.set(0, pa.field("id", pa.int8()))),
        }
        buffer = io.BytesIO()
        pq.write_table(tables[what], buffer)
        data = buffer.getvalue()
    with pytest.raises(UserInputError, match=r"other columns|cannot be read as Parquet"):
        Shard(data)


def test_the_picture_has_a_point_for_each_configuration(written: Path) -> None:
    picture = (written / "instances.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(picture)
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    words = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    kinds = {config.kind for config in SPEC.configs}
    assert kinds <= words
    assert len(circles) == len(SPEC.configs) + len(kinds)
    # Of the rows σ and the pad are rounded up to ten bits, and so their squares by at most 2^−8 each.
    for row in reductions.load(written):
        config = next(one for one in SPEC.configs if one.name == row.provenance["config"])
        exact = float(Fraction(row.score_bound))
        assert score_bound_of(config) <= exact * (1 + 1e-12)
        assert score_bound_of(config) >= exact * (1 - 2**-8) ** 2
