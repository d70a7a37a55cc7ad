from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from proofcheck.numeric.kernels.threads import WORTH_THREADS, in_order, thread_count


@pytest.fixture(params=["1", "2", "5"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)
    return int(request.param)


def test_results_are_in_the_order_of_the_parts(threads: int) -> None:
    def work(part: int) -> int:
        time.sleep(0.002 * (part % 3))  # later parts are done before earlier ones
        return part

    assert list(in_order(work, range(20), WORTH_THREADS)) == list(range(20))
    assert list(in_order(work, [], WORTH_THREADS)) == []
    assert list(in_order(work, [7], WORTH_THREADS)) == [7]


def test_few_parts_are_on_the_way(threads: int) -> None:
    """So the memory that their results take does not grow with how many there are."""
    asked: list[int] = []

    def parts() -> Iterator[int]:
        for part in range(50):
            asked.append(part)
            yield part

    for taken, _ in enumerate(in_order(lambda part: part, parts(), WORTH_THREADS)):
        assert len(asked) <= taken + threads + 3


def test_an_exception_comes_through_and_ends_the_threads(threads: int) -> None:
    before = threading.active_count()

    def work(part: int) -> int:
        if part == 3:
            raise ValueError("part 3")
        return part

    with pytest.raises(ValueError, match="part 3"):
        list(in_order(work, range(10), WORTH_THREADS))
    assert threading.active_count() == before
    for part in in_order(lambda part: part, range(10), WORTH_THREADS):
        if part == 2:
            break
    del part
    assert threading.active_count() == before


@pytest.mark.parametrize("operations", [WORTH_THREADS - 1, WORTH_THREADS])
def test_no_thread_is_started_for_little_work(operations: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    where = set(in_order(lambda part: threading.current_thread(), range(4), operations))
    assert (where == {threading.current_thread()}) is (operations < WORTH_THREADS)


def test_how_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert thread_count() == 3
    for other in ("0", "-1", "many", ""):
        monkeypatch.setenv("OMP_NUM_THREADS", other)
        assert thread_count() >= 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert thread_count() >= 1
