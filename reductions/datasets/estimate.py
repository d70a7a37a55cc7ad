"""How large a data set will be and how long it will take: measured on a few sources where that is quick.

A source of a configuration whose inner products take less than a fraction of a second is made, and stored,
and the time and the bytes are extrapolated. For a larger one the time is a model: its inner products, some
times over, at the rate of a matrix product measured here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from reductions.datasets.sources import rows_of_source
from reductions.datasets.spec import Config, Spec
from reductions.datasets.table import parquet_of

__all__ = ["Estimate", "estimate"]

# Operations of the inner products of one source that are measured, not modelled.
_QUICK = 2e9
# About every second draw keeps the promise, for a YES-instance and again for its twin.
_DRAWS = 4
_SAMPLE = 8
_RATE_SIZE = 512
# Bits and signs take an eighth of a byte.
_PACKED = 8


@dataclass(frozen=True)
class Estimate:
    """Of one configuration.

    Attributes:
        config: its name.
        instances: how many.
        raw: bytes of its matrices.
        stored: bytes of its Parquet files, about.
        seconds: with one process, about.
        measured: whether sources were made for this.
    """

    config: str
    instances: int
    raw: int
    stored: float
    seconds: float
    measured: bool


def estimate(spec: Spec) -> list[Estimate]:
    """For each configuration what it will take."""
    rate = 0.0
    found = []
    for config in spec.configs:
        raw = config.count * config.row_bytes
        work = _work(config)
        if work <= _QUICK:
            seconds, stored = _measured(spec, config)
        else:
            rate = rate or _rate()
            seconds = work / rate * config.sources
            stored = raw / (_PACKED if config.kind in ("planted", "sat", "signs") else 1)
        found.append(Estimate(config.name, config.count, raw, stored, seconds, work <= _QUICK))
    return found


def _work(config: Config) -> float:
    """Operations for the inner products of one source."""
    if config.per_source == 1:
        return 0.0
    columns = int(config.parameters.get("clauses", config.columns))
    return 2.0 * config.rows**2 * _DRAWS * columns


def _measured(spec: Spec, config: Config) -> tuple[float, float]:
    """Seconds and bytes of all, from a few."""
    count = min(_SAMPLE, config.sources)
    if config.row_bytes * config.per_source * count > 1 << 24:
        count = 1
    start = time.perf_counter()
    rows = [row for number in range(count) for row in rows_of_source(spec, config, number, None)[0]]
    data = parquet_of(rows, config.columns)
    share = config.sources / count
    return (time.perf_counter() - start) * share, len(data) * share


def _rate() -> float:
    """Operations of a matrix product in a second."""
    matrix = np.ones((_RATE_SIZE, _RATE_SIZE), np.float32)
    matrix @ matrix
    start = time.perf_counter()
    matrix @ matrix
    return 2.0 * _RATE_SIZE**3 / (time.perf_counter() - start)
