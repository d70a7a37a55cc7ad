"""The gradient on dask workers: the local engine's numbers, whatever happens to workers."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import dask
import distributed
import numpy as np
import pytest
import zarr

from proofcheck import cluster as clusters
from proofcheck.errors import ApproximationError, UserInputError
from proofcheck.gradient_chunks import gradient_of_directory
from proofcheck.integrations.dask import DaskEngine, dask_engine, gradient_on_workers
from proofcheck.numeric.chunked.engine import LocalEngine, chunk_slices
from proofcheck.numeric.chunked.gradient import ChunkedResult
from tests.cli_helpers import proofcheck
from tests.gradient_helpers import arrays_of, names_in, run, save_directory
from tests.test_gradient_process import drawn, start

ALL = ("X", "Y", "A1", "A2", "A3")
CHUNKS = chunk_slices(25, 2, 1)


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    """Two workers in threads of this process."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=False,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as connected,
    ):
        yield connected


def local(path: Path, output: Path | None, **how: Any) -> ChunkedResult:
    return gradient_of_directory(path, lambda: nullcontext(LocalEngine()), output, **how)[0]


def files_in(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("chunk_rows", [1000, 64, 7])
def test_the_result_is_the_local_one_bit_for_bit(
    tmp_path: Path, client: distributed.Client, chunk_rows: int
) -> None:
    source = save_directory(tmp_path / "in", arrays_of(n=230, dtype="float32"))
    how: dict[str, Any] = {"wrt": ALL, "rtol": 1e-2, "chunk_rows": chunk_rows}
    reports: list[tuple[str, int, int]] = []
    result = gradient_on_workers(
        source,
        tmp_path / "dask",
        scheduler=client,
        progress=lambda *words: reports.append(words),
        **how,
    )
    same = local(source, tmp_path / "local", **how)
    assert files_in(tmp_path / "dask") == files_in(tmp_path / "local")
    assert result.found.loss == same.found.loss
    for name in ALL:
        np.testing.assert_array_equal(result.found.gradients[name], same.found.gradients[name])
    assert {phase for phase, _, _ in reports} >= {"checks", "range", "exact rows", "fast", "estimate"}
    assert all(0 < done <= total for _, done, total in reports)
    assert ("checks", 230, 230) in reports


def test_zarr_in_and_out(tmp_path: Path, client: distributed.Client) -> None:
    arrays = arrays_of(n=100)
    save_directory(tmp_path / "npy", arrays)
    for name, array in arrays.items():
        zarr.create_array(store=str(tmp_path / "zarr" / f"{name}.zarr"), data=array, chunks=(3, 2))
    how: dict[str, Any] = {"wrt": ALL, "degree": 4, "chunk_rows": 32}
    result = gradient_on_workers(tmp_path / "zarr", tmp_path / "out", scheduler=client, **how)
    same = local(tmp_path / "npy", tmp_path / "local", **how)
    assert isinstance(result.found.gradients["A2"], zarr.Array)
    assert result.found.gradients["A2"].chunks == (32, 3)  # no two workers write to one
    for name in ALL:
        np.testing.assert_array_equal(np.asarray(result.found.gradients[name][:]), same.found.gradients[name])


def _start(rows: slice) -> tuple[int, ...]:
    time.sleep(0.002 * (rows.start % 5))  # so that they are not done in their order
    return (rows.start,)


def _pair(left: Any, right: Any) -> Any:
    return (left, right)


def test_parts_are_joined_in_the_same_tree(client: distributed.Client) -> None:
    reported: list[int] = []
    for chunks in (CHUNKS, chunk_slices(200, 1, 1), CHUNKS[:1], CHUNKS[3:9]):
        reported.clear()
        found = DaskEngine(client).reduce(_start, _pair, chunks, reported.append)
        assert found == LocalEngine().reduce(_start, _pair, chunks, None)
        assert sum(reported) == chunks[-1].stop - chunks[0].start


def _refuses(rows: slice) -> int:
    if rows.start == 4:
        time.sleep(0.3)  # the first in order is the last in time
    if rows.start in (4, 8, 20):
        raise UserInputError(f"chunk at {rows.start}")
    return 1


def _sum(left: int, right: int) -> int:
    return left + right


def test_the_first_chunk_that_is_refused_is_told_of(client: distributed.Client) -> None:
    for engine in (DaskEngine(client), LocalEngine()):
        with pytest.raises(UserInputError, match="chunk at 4"):
            engine.reduce(_refuses, _sum, CHUNKS, None)


def test_work_that_fails_for_a_while_is_done_again(tmp_path: Path, client: distributed.Client) -> None:
    def flaky(rows: slice) -> int:
        mark = tmp_path / f"{rows.start}"
        if not mark.exists():
            mark.touch()
            raise OSError(5, "Input/output error")
        return rows.stop - rows.start

    assert DaskEngine(client).reduce(flaky, _sum, CHUNKS, None) == 25


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(5, "Input/output error"), r"a dask worker or its scheduler failed: .*Input/output error"),
        (MemoryError(), "a worker has not enough memory; take a smaller --chunk-rows"),
        (ModuleNotFoundError("No module named 'numba'"), "a worker lacks what it needs .*'numba'"),
    ],
)
def test_what_a_worker_lacks_is_one_line(client: distributed.Client, error: Exception, words: str) -> None:
    def fails(rows: slice) -> int:
        raise error

    with pytest.raises(UserInputError, match=words):
        DaskEngine(client).reduce(fails, _sum, CHUNKS, None)


def test_a_mistake_of_the_program_stays_one(client: distributed.Client) -> None:
    def wrong(rows: slice) -> int:
        return 1 // (rows.start - rows.start)

    with pytest.raises(ZeroDivisionError):
        DaskEngine(client).reduce(wrong, _sum, CHUNKS, None)


def test_errors_of_the_inputs_arrive(tmp_path: Path, client: distributed.Client) -> None:
    arrays = arrays_of(n=60)
    save_directory(tmp_path / "in", arrays)
    with pytest.raises(ApproximationError, match="cannot meet rtol=1e-13"):
        gradient_on_workers(tmp_path / "in", scheduler=client, rtol=1e-13)
    arrays["E"][41, 0] = np.nan
    save_directory(tmp_path / "nan", arrays)
    with pytest.raises(UserInputError, match="E has an entry that is not finite"):
        gradient_on_workers(tmp_path / "nan", scheduler=client, chunk_rows=20)


def test_a_scheduler_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 0.5)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        with (
            pytest.raises(UserInputError, match=r"the scheduler at .* has no workers; start some"),
            dask_engine(client),
        ):
            pass
        with pytest.raises(UserInputError, match=r"has had no workers for 0\.1 s"):
            DaskEngine(client, patience=0.1).reduce(_start, _pair, CHUNKS, None)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://127.0.0.1:port"])
def test_a_scheduler_that_does_not_answer(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 0.5)
    save_directory(tmp_path / "in", arrays_of())
    assert run(tmp_path / "in", "--engine", "dask", "--scheduler", address, "-o", tmp_path / "out") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"proofcheck: error: no dask scheduler answers at '{address}'")
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_scheduler_that_goes_away() -> None:
    with distributed.LocalCluster(
        n_workers=1, processes=False, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
    ) as cluster:
        client = distributed.Client(cluster, set_as_default=False)

        def endless(rows: slice) -> int:
            time.sleep(0.5)
            return 1

        closing = threading.Timer(0.7, client.close)
        closing.start()
        with pytest.raises(
            UserInputError, match=r"dask scheduler (was lost|dropped the work)|scheduler failed"
        ):
            DaskEngine(client).reduce(endless, _sum, CHUNKS, None)
        closing.join()


def test_a_worker_that_is_killed_changes_nothing(tmp_path: Path) -> None:
    """Processes: one is killed while it works; the bits are those of the local engine."""
    source = save_directory(tmp_path / "in", arrays_of(n=3000))
    how: dict[str, Any] = {"wrt": ALL, "degree": 3, "chunk_rows": 50}
    killed: list[int] = []
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):

        def kill(phase: str, done: int, total: int) -> None:
            # In the second sweep: what the worker holds of the moments, and of the queries so far, is lost.
            if phase == "fast" and total / 3 < done < total / 2 and not killed:
                (pid, *_) = client.run(os.getpid).values()
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)

        result = gradient_on_workers(source, tmp_path / "dask", scheduler=client, progress=kill, **how)
        assert len(killed) == 1
        assert killed[0] not in client.run(os.getpid).values()
    local(source, tmp_path / "local", **how)
    for name, data in files_in(tmp_path / "local").items():
        if name != "report.json":
            assert (tmp_path / "dask" / name).read_bytes() == data, name
    assert result.found.degree == 3


def test_work_that_kills_its_workers_is_given_up(tmp_path: Path) -> None:
    def deadly(rows: slice) -> int:
        if rows.start == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return 1

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        dask_engine(workers=1) as engine,
        pytest.raises(UserInputError, match=r"workers were lost again and again .* smaller --chunk-rows"),
    ):
        engine.reduce(deadly, _sum, CHUNKS, None)


def test_the_command_with_processes(tmp_path: Path) -> None:
    save_directory(tmp_path / "in", arrays_of(n=500, dtype="float32"))
    words = ("--wrt", ",".join(ALL), "--rtol", "1e-2", "--chunk-rows", "90", "--quiet")
    pinned = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    for engine in (("local",), ("dask", "--workers", "2")):
        done = proofcheck(tmp_path, "gradient", "in", "-o", engine[0], "--engine", *engine, *words, **pinned)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert files_in(tmp_path / "dask") == files_in(tmp_path / "local")


def test_interrupted_it_ends_its_workers_and_says_so(tmp_path: Path) -> None:
    save_directory(tmp_path / "in", arrays_of(n=40_000, d=4))
    words = ("in", "--engine", "dask", "--workers", "1", "-o", "out", "--chunk-rows", "100")
    process, leader = start(tmp_path, *words)
    shown = drawn(leader, until=b"/40000")
    assert b"/40000" in shown
    process.send_signal(signal.SIGINT)
    shown = drawn(leader)
    os.close(leader)
    assert process.communicate(timeout=60)[0] == ""
    assert process.returncode == 130
    assert b"proofcheck: interrupted" in shown
    assert b"Traceback" not in shown
    assert names_in(tmp_path) == {"in"}
