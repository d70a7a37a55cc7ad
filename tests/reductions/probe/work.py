"""What workers are given to do."""

from __future__ import annotations

import os
import time
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def threads(number: int) -> tuple[int, list[str]]:
    if number < 0:
        raise ValueError("no number of mine")
    return number, [os.environ.get(name, "") for name in THREADS]


def dying(number: int, place: str) -> int:
    """Ten times the number; the first to have 1 takes its process with it."""
    mark = Path(place) / "died"
    if number == 1 and not mark.exists():
        mark.touch()
        os._exit(3)
    return 10 * number


def waiting(seconds: float) -> float:
    """The seconds, once they are over."""
    time.sleep(seconds)
    return seconds
