"""Engines: one thread a process, answers by number, failures in the place of answers, workers that die."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from proofcheck.errors import UserInputError
from proofcheck.workers import Failed
from reductions.probe import DaskEngine, LocalEngine
from tests.reductions.probe.work import THREADS, threads

ROOT = Path(__file__).parents[3]


def test_local_processes_have_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    found = dict(LocalEngine(2).map(threads, [(1,), (2,), (-1,)]))
    assert found[0] == (1, ["1"] * len(THREADS))
    assert found[1] == (2, ["1"] * len(THREADS))
    assert isinstance(found[2], Failed)
    assert "no number of mine" in str(found[2])
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_nothing_to_do_starts_nothing() -> None:
    assert list(LocalEngine(1).map(threads, [])) == []
    assert list(DaskEngine("tcp://127.0.0.1:1").map(threads, [])) == []


def test_dask_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserInputError, match=r"install the extra: pip install 'proofcheck\[dist\]'"):
        next(DaskEngine().map(threads, [(1,)]))


# In a process of its own: dask starts threads and logs that outlive a test.
SCRIPT = '''
import json
import subprocess
import sys
from proofcheck.errors import UserInputError
from proofcheck.workers import Failed
from reductions.probe import DaskEngine
from tests.reductions.probe.work import dying, threads, waiting

# A scheduler in a process of its own, which can be killed.
CLUSTER = """
import time
from distributed import LocalCluster
cluster = LocalCluster(n_workers=1, processes=False, protocol="tcp", dashboard_address=None)
print(cluster.scheduler_address, flush=True)
time.sleep(120)
"""

if __name__ == "__main__":
    found = dict(DaskEngine(jobs=2).map(threads, [(1,), (2,), (-1,)]))
    found[2] = [isinstance(found[2], Failed), str(found[2])]
    died = dict(DaskEngine(jobs=2).map(dying, [(number, "{place}") for number in range(4)]))
    refused = []
    try:
        next(DaskEngine("nonsense").map(threads, [(1,)]))
    except UserInputError as error:
        refused.append(str(error))
    cluster = subprocess.Popen([sys.executable, "-c", CLUSTER], stdout=subprocess.PIPE, text=True)
    gone = DaskEngine(cluster.stdout.readline().strip()).map(waiting, [(0.0,), (60.0,)])
    assert next(gone) == (0, 0.0)
    cluster.kill()
    try:
        next(gone)
    except UserInputError as error:
        refused.append(str(error))
    cluster.communicate()
    print(json.dumps([found, died, refused]))
'''


def test_dask_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("{place}", str(tmp_path)))
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found, died, refused = json.loads(done.stdout)
    assert found["0"] == [1, ["1"] * len(THREADS)]
    assert found["1"] == [2, ["1"] * len(THREADS)]
    assert found["2"] == [True, "ValueError: no number of mine"]
    # Task 1 took its worker with it the first time.
    assert (tmp_path / "died").exists()
    assert died == {str(number): 10 * number for number in range(4)}
    nobody, lost = refused
    assert nobody.startswith("no dask scheduler answers at 'nonsense'; expected an address such as tcp://")
    assert "the dask scheduler" in lost
    assert lost.endswith("see that it runs, and go on with --resume")
