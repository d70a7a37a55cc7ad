"""The pool of worker processes: tasks that end their process, and the end of the pool."""

from __future__ import annotations

import os
import time

import pytest
from pebble.pool.process import WorkerManager

from proofcheck.workers import Failed, Workers


def test_a_pool_that_ends_while_a_process_is_starting_prints_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than a process takes to start: it starts after the pool's channels are closed.
    real = WorkerManager.force_stop_workers
    monkeypatch.setattr(WorkerManager, "force_stop_workers", lambda self: (time.sleep(2), real(self)))
    workers = Workers(jobs=1, timeout=60)
    ((number, answer),) = workers.run(os._exit, [(3,)])
    # The pool is about to start a process in place of the one that died.
    workers.close()
    assert number == 0
    assert isinstance(answer, Failed)
    assert "exit code 3" in str(answer)
    assert capfd.readouterr().err == ""


def test_a_pool_that_was_closed_starts_again_when_it_is_needed() -> None:
    workers = Workers(jobs=1, timeout=60)
    for power in (3, 4):
        assert list(workers.run(pow, [(2, power)])) == [(0, 2**power)]
        workers.close()
