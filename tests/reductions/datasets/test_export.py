"""Exports: read back by the libraries they are for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

import reductions
from proofcheck.errors import UserInputError
from reductions.datasets.export import export
from reductions.datasets.row import Row
from reductions.datasets.writer import generate
from reductions.problems.dimacs import read_dimacs
from tests.reductions.datasets.samples import FAMILIES, content, spec


def _check(arrays: dict[str, np.ndarray], scalars: list[dict[str, object]], rows: dict[str, Row]) -> None:
    for k, said in enumerate(scalars):
        row = rows.pop(str(said["id"]))
        assert (said["gamma"], said["hash"], said["label"]) == (row.gamma, row.hash, row.label)
        assert arrays["label"][k] == (-1 if row.label is None else row.label)
        np.testing.assert_array_equal(arrays["left"][k], row.left)
        np.testing.assert_array_equal(arrays["right"][k], row.right)
        assert ("values" in arrays) is (row.values is not None)
        if row.values is not None:
            np.testing.assert_array_equal(arrays["values"][k], row.values)
        assert {array.dtype for array in arrays.values()} == {np.dtype(np.int8)}


def test_npz(written: Path, tmp_path: Path) -> None:
    rows = {row.id: row for row in reductions.load(written)}
    for name in export(written, tmp_path, "npz"):
        if name.endswith(".npz"):
            with np.load(tmp_path / name, allow_pickle=False) as archive:
                _check(dict(archive), json.loads((tmp_path / name).with_suffix(".json").read_bytes()), rows)
    assert rows == {}


def test_safetensors(written: Path, tmp_path: Path) -> None:
    rows = {row.id: row for row in reductions.load(written)}
    for name in export(written, tmp_path, "safetensors"):
        with safe_open(str(tmp_path / name), "numpy") as file:
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
            _check(arrays, json.loads(file.metadata()["rows"]), rows)
    assert rows == {}


def test_dimacs(written: Path, tmp_path: Path) -> None:
    rows = {f"{row.id}.cnf": row for row in reductions.load(written) if row.formula is not None}
    assert set(export(written, tmp_path, "dimacs")) == set(rows)
    for name, row in rows.items():
        formula = read_dimacs(tmp_path / name)
        assert formula == row.source()
        assert (formula.solve() is not None) is row.label


@pytest.mark.parametrize("form", ["npz", "safetensors", "dimacs"])
def test_the_same_bytes_again(written: Path, tmp_path: Path, form: str) -> None:
    for place in ("a", "b", "a"):
        export(written, tmp_path / place, form)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_what_is_refused(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserInputError, match="format is 'csv'; expected one of 'npz'"):
        export(written, tmp_path / "out", "csv")
    generate(spec(FAMILIES[0], count=4), tmp_path / "planted")
    with pytest.raises(UserInputError, match="has no formulas"):
        export(tmp_path / "planted", tmp_path / "out", "dimacs")
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(UserInputError, match=r"pip install 'proofcheck\[hf\]'"):
        export(written, tmp_path / "out", "safetensors")
