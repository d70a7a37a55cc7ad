"""Scoring a user's predictions of the label: accuracy and the area under the ROC curve, with intervals.

*Accuracy* with Wilson's interval. The *area* A under the curve is the probability that a YES-instance
scores above a NO-instance, ties counting half; its interval is all A' with |A − A'| ≤ z s(A'), where

    s²(A') = A'(1 − A')/(m k) · [1 + ((m + k)/2 − 1) ((1 − A')/(2 − A') + A'/(1 + A'))]

for m YES- and k NO-instances (R. G. Newcombe, *Confidence intervals for an effect size measure based on the
Mann–Whitney statistic, part 2*, Statistics in Medicine 25, 2006, method 5): it does not shrink to a point
at 0 or 1.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofcheck.errors import UserInputError
from reductions.datasets.reader import load
from reductions.datasets.table import arrow

__all__ = ["Score", "area_interval", "area_under_curve", "read_predictions", "score"]

#: Two-sided 95 %.
_Z = 1.959963984540054
_MOST_BYTES = 1 << 30
_WORDS = {"true": 1.0, "yes": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "0": 0.0}
_SHOWN = 3

Interval = tuple[float, float]


@dataclass(frozen=True)
class Score:
    """How good predictions are on some of the instances.

    Attributes:
        group: what they have in common.
        count: how many.
        accuracy: the share that is right, and its 95 % interval.
        area: under the ROC curve, and its 95 % interval; None where all have one label.
    """

    group: str
    count: int
    accuracy: tuple[float, Interval]
    area: tuple[float, Interval] | None


def score(directory: str | Path, predictions: str | Path, *, split: str | None = None) -> list[Score]:
    """Score predictions for every instance with a label.

    Args:
        directory: of the data set.
        predictions: a file; see :func:`read_predictions`.
        split: of which all have to be predicted, and no others; all splits unless given.

    Returns:
        For all instances, for each kind, and for each configuration.

    Raises:
        UserInputError: an id that the data set has not, one without a label, one that is missing or is there
            twice; a prediction that is no number; a file that cannot be read.
    """
    labels = _labels(Path(directory), split)
    found = read_predictions(predictions)
    unknown = [one for one in found if one not in labels]
    if unknown:
        raise UserInputError(
            f"{str(predictions)!r} has {_some(unknown)}, which {_set(directory, split)} has not with a label"
        )
    missing = [one for one in labels if one not in found]
    if missing:
        raise UserInputError(
            f"{str(predictions)!r} lacks {_some(missing)}; expected every instance with a label of "
            f"{_set(directory, split)}"
        )
    truth = np.array([label for label, _, _ in labels.values()])
    values = np.array([found[one] for one in labels])
    groups = {"all": np.ones(len(truth), bool)}
    for at in (1, 2):
        names = np.array([entry[at] for entry in labels.values()])
        groups |= {str(name): names == name for name in dict.fromkeys(names)}
    return [_score(name, truth[own], values[own]) for name, own in groups.items()]


def read_predictions(path: str | Path) -> dict[str, float]:
    """The predictions of a file, by id.

    A CSV file with a header, a file with a JSON object on each line, or Parquet, by the name's ending;
    columns ``id`` and ``prediction`` (true or false, yes or no, 1 or 0) or ``score`` (a number, above 0.5
    for YES).

    Raises:
        UserInputError: it is none of these; an id that is there twice; a value that is none, or not finite.
    """
    place = Path(path)
    name = repr(str(path))
    reader = _READERS.get(place.suffix.lower())
    if reader is None:
        raise UserInputError(f"{name}: expected a file that ends with .csv, .jsonl or .parquet")
    try:
        with place.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserInputError(f"cannot read {name}: {reason}") from error
    if len(data) > _MOST_BYTES:
        raise UserInputError(f"{name} is larger than {_MOST_BYTES} bytes; expected predictions")
    found: dict[str, float] = {}
    column = None
    for number, row in enumerate(reader(data, name), start=1):
        where = f"{name}, prediction {number}"
        own = "score" if "score" in row else "prediction"
        if "id" not in row or own not in row or column not in (None, own):
            raise UserInputError(f"{where}: expected the columns 'id' and either 'prediction' or 'score'")
        column = own
        if not isinstance(row["id"], str):
            raise UserInputError(f"{where}: the id {row['id']!r:.60} is no text")
        if row["id"] in found:
            raise UserInputError(f"{where}: the id {row['id']!r:.60} is there twice")
        found[row["id"]] = _value(row[own], own == "score", where)
    return found


def area_under_curve(truth: NDArray[np.bool_], values: NDArray[np.float64]) -> float:
    """The probability that a YES-instance scores above a NO-instance, ties counting half.

    Args:
        truth: (n,), with both values.
        values: (n,).
    """
    above, below = values[truth], np.sort(values[~truth])
    left = np.searchsorted(below, above, side="left")
    right = np.searchsorted(below, above, side="right")
    return float((left + right).sum() / (2 * len(above) * len(below)))


def area_interval(area: float, yes: int, no: int) -> Interval:
    """The 95 % interval of an area under the curve; see above.

    Args:
        area: as of :func:`area_under_curve`.
        yes: how many YES-instances, at least 1.
        no: how many NO-instances, at least 1.
    """

    def misses(other: float) -> bool:
        bent = (1 - other) / (2 - other) + other / (1 + other)
        variance = other * (1 - other) / (yes * no) * (1 + ((yes + no) / 2 - 1) * bent)
        return abs(area - other) > _Z * math.sqrt(variance)

    return _bisected(area, 0.0, misses), _bisected(area, 1.0, misses)


def _bisected(inside: float, outside: float, misses: Callable[[float], bool]) -> float:
    """Where it begins to miss, between one that does not and one that may."""
    if not misses(outside):
        return outside
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if misses(middle) else (middle, outside)
    return inside


def _wilson(right: int, count: int) -> Interval:
    """Of a share (E. B. Wilson 1927)."""
    share, spread = right / count, _Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _score(group: str, truth: NDArray[np.bool_], values: NDArray[np.float64]) -> Score:
    right = int(np.sum((values > 0.5) == truth))
    yes, no = int(truth.sum()), int((~truth).sum())
    area = None
    if yes and no:
        own = area_under_curve(truth, values)
        area = own, area_interval(own, yes, no)
    return Score(group, len(truth), (right / len(truth), _wilson(right, len(truth))), area)


def _labels(directory: Path, split: str | None) -> dict[str, tuple[bool, str, str]]:
    """For each id with a label: the label, the kind, the configuration."""
    found = {}
    data = load(directory)
    if split is not None and split not in data.manifest["splits"]:
        raise UserInputError(f"split is {split!r:.60}; expected one of {', '.join(data.manifest['splits'])}")
    for row in data.rows(split=split):
        if row.label is not None:
            found[row.id] = row.label, row.kind, row.provenance["config"]
    if not found:
        raise UserInputError(f"{_set(directory, split)} has no instance with a label")
    return found


def _value(value: Any, is_score: bool, where: str) -> float:
    if isinstance(value, str) and not is_score:
        number = _WORDS.get(value.strip().lower(), math.nan)
    elif isinstance(value, str | int | float):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    else:
        number = math.nan
    if not math.isfinite(number) or (not is_score and number not in (0, 1)):
        expected = "a finite number" if is_score else "true or false, yes or no, 1 or 0"
        raise UserInputError(f"{where} is {value!r:.60}; expected {expected}")
    return number


def _csv(data: bytes, name: str) -> Iterator[Mapping[str, Any]]:
    try:
        yield from csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserInputError(f"{name} is no CSV file: {error}") from error


def _json_lines(data: bytes, name: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UserInputError(f"{name}, line {number} is no JSON: {error}") from error
            if not isinstance(row, dict):
                raise UserInputError(f"{name}, line {number}: expected an object with an id")
            yield row


def _parquet(data: bytes, name: str) -> Iterator[Mapping[str, Any]]:
    pa = arrow()
    try:
        table = pa.parquet.read_table(io.BytesIO(data))
        names = [name for name in ("id", "prediction", "score") if name in table.column_names]
        yield from table.select(names).to_pylist()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise UserInputError(f"{name} is no Parquet file: {' '.join(str(error).split())}") from error


_READERS: dict[str, Callable[[bytes, str], Iterator[Mapping[str, Any]]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(f"{one!r:.60}" for one in ids[:_SHOWN])
    return f"{len(ids)} id{'' if len(ids) == 1 else 's'} ({shown}{', …' if len(ids) > _SHOWN else ''})"


def _set(directory: str | Path, split: str | None) -> str:
    return f"{str(directory)!r}" + (f", split {split}" if split else "")
