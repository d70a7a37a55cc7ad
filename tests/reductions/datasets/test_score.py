"""Scores: by definition and against a simulation; predictions that cannot be used are one line."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reductions
from proofcheck.errors import UserInputError
from reductions.datasets.score import area_interval, area_under_curve, read_predictions, score


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_the_area_is_the_share_of_pairs_in_order(pairs: list[tuple[bool, int]]) -> None:
    above = [value for truth, value in pairs if truth]
    below = [value for truth, value in pairs if not truth]
    if not above or not below:
        return
    shares = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in itertools.product(above, below)]
    truth, values = (np.array(column) for column in zip(*pairs, strict=True))
    assert area_under_curve(truth, values.astype(float)) == pytest.approx(
        sum(shares) / len(shares), abs=1e-12
    )


@pytest.mark.parametrize(("shift", "yes", "no"), [(0.0, 40, 40), (1.0, 30, 60), (2.5, 50, 50)])
def test_the_interval_covers_as_often_as_it_says(shift: float, yes: int, no: int) -> None:
    # Normal scores whose means differ by the shift: the area is Φ(shift/√2).
    exact = (1 + math.erf(shift / 2)) / 2
    rng = np.random.default_rng(int(10 * shift))
    runs, covered = 2000, 0
    truth = np.arange(yes + no) < yes
    for _ in range(runs):
        low, high = area_interval(area_under_curve(truth, rng.normal(size=yes + no) + shift * truth), yes, no)
        covered += low <= exact <= high
    # It is known to be somewhat wide for normal scores.
    assert covered / runs > 0.95 - 4 * math.sqrt(0.95 * 0.05 / runs)
    assert covered / runs < 0.99


def test_the_interval_does_not_shrink_to_a_point() -> None:
    low, high = area_interval(1.0, 10, 10)
    assert 0.6 < low < 0.95
    assert high == 1.0
    assert area_interval(0.0, 10, 10) == pytest.approx((0.0, 1 - low), abs=1e-9)


def truth_of(directory: Path) -> dict[str, bool]:
    return {row.id: row.label for row in reductions.load(directory) if row.label is not None}


def test_perfect_and_constant_predictions(written: Path, tmp_path: Path) -> None:
    truth = truth_of(written)
    path = tmp_path / "p.csv"
    path.write_text("id,prediction\n" + "".join(f"{one},{label}\n" for one, label in truth.items()))
    found = score(written, path)
    names = ["all", "planted", "sat", "planted-n64", "direct-n64", "pcp-n64"]
    assert [one.group for one in found] == names
    assert [one.count for one in found] == [56, 40, 16, 40, 8, 8]
    for one in found:
        assert one.accuracy[0] == 1.0
        assert one.accuracy[1][0] < 1.0
        assert one.area is not None
        assert one.area[0] == 1.0
    path.write_text("id,score\n" + "".join(f"{one},0.25\n" for one in truth))
    for one in score(written, path):
        assert (one.accuracy[0], one.area and one.area[0]) == (0.5, 0.5)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_the_formats_are_read_alike(tmp_path: Path, form: str) -> None:
    values = {"a": 0.25, "b": -3.0, "c": 7.0}
    path = tmp_path / f"p.{form}"
    if form == "csv":
        path.write_text("\ufeffid,score,note\r\n" + "".join(f"{k},{v},x\r\n" for k, v in values.items()))
    elif form == "jsonl":
        path.write_text("".join(json.dumps({"id": k, "score": v}) + "\n\n" for k, v in values.items()))
    else:
        pq.write_table(pa.table({"id": list(values), "score": list(values.values())}), path)
    assert read_predictions(path) == values


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("p.txt", "", r"ends with \.csv"),
        ("missing.csv", None, "cannot read"),
        ("p.csv", "id,score\na,nan\n", "prediction 1 is 'nan'; expected a finite number"),
        ("p.csv", "id,score\na,1\nb,inf\n", "prediction 2 is 'inf'"),
        ("p.csv", "id,score\na,\n", "prediction 1 is ''"),
        ("p.csv", "id,score\na\n", "prediction 1 is None"),
        ("p.csv", "id,prediction\na,maybe\n", "expected true or false"),
        ("p.csv", "id,prediction\na,0.5\n", "expected true or false"),
        ("p.csv", "id,score\na,1\na,1\n", "the id 'a' is there twice"),
        ("p.csv", "name,score\na,1\n", "expected the columns 'id'"),
        ("p.csv", b"id,score\n\xff,1\n", "no CSV"),
        ("p.jsonl", '{"id": "a", "score": NaN}\n', "is nan; expected a finite number"),
        ("p.jsonl", '{"id": "a", "prediction": null}\n', "is None"),
        ("p.jsonl", '{"id": 3, "score": 1}\n', "the id 3 is no text"),
        ("p.jsonl", '{"id": ["a"], "score": 1}\n', "is no text"),
        (
            "p.jsonl",
            '{"id": "a", "score": 1}\n{"id": "b", "prediction": 1}\n',
            "prediction 2: expected the columns",
        ),
        ("p.jsonl", "[1]\n", "line 1: expected an object"),
        ("p.jsonl", "{\n", "line 1 is no JSON"),
        ("p.parquet", "text", "no Parquet"),
    ],
)
def test_predictions_that_are_none(
    tmp_path: Path, name: str, text: str | bytes | None, complaint: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserInputError, match=complaint) as refused:
        read_predictions(path)
    assert "\n" not in str(refused.value)


def test_ids_have_to_be_those_of_the_data_set(written: Path, tmp_path: Path) -> None:
    truth = list(truth_of(written))
    path = tmp_path / "p.csv"

    def predict(ids: list[str]) -> None:
        path.write_text("id,prediction\n" + "".join(f"{one},yes\n" for one in ids))

    predict([*truth, "other"])
    with pytest.raises(UserInputError, match=r"1 id \('other'\), which .* has not with a label"):
        score(written, path)
    predict([*truth, "signs-n64-b1-0000000"])
    with pytest.raises(UserInputError, match="signs-n64-b1-0000000"):
        score(written, path)
    predict(truth[5:])
    with pytest.raises(UserInputError, match=r"lacks 5 ids \('.*', …\)"):
        score(written, path)
    train = [row.id for row in reductions.load(written).rows(split="train") if row.label is not None]
    predict(train)
    assert score(written, path, split="train")[0].count == len(train)
    with pytest.raises(UserInputError, match="split is 'dev'"):
        score(written, path, split="dev")
