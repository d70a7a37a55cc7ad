"""Running a probe: nothing twice, nothing lost, nothing overwritten that is something else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from proofcheck.errors import UserInputError
from proofcheck.workers import Failed
from reductions.files import alone_in
from reductions.probe import Grid, Probed, probe, read
from tests.reductions.probe.conftest import SMALL
from tests.reductions.probe.samples import Inline

ROOT = Path(__file__).parents[3]
QUICK = Grid(n=(16, 18), d=(2,), b=(0.25, 0.5), families=("uniform", "signs"), budget=20, rank_to=0)


def content(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


class Stopping(Inline):
    """Stops like a killed run after some cells."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def map(
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        for number, answer in super().map(function, tasks):
            if number == self.after:
                raise KeyboardInterrupt
            yield number, answer


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    done = probe(QUICK, tmp_path, engine=Inline(), progress=lambda *seen: told.append(seen))
    assert [(at, of) for at, of, _ in told] == [(k, 8) for k in range(1, 9)]
    assert [name for _, _, name in told] == [cell.name for cell in QUICK.cells()]
    assert (done.measured, done.remade, done.result.missing) == (8, (), 0)


def test_no_cell_is_measured_twice(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        probe(QUICK, tmp_path, engine=Stopping(3))
    before = content(tmp_path)
    assert len(before) == 1 + 3
    assert read(tmp_path).missing == 5
    engine = Inline()
    done = probe(QUICK, tmp_path, engine=engine, resume=True)
    assert done.measured == 5
    assert [task[0] for task in engine.tasks] == list(QUICK.cells())[3:]
    assert content(tmp_path).items() >= before.items()
    again = Inline()
    assert probe(QUICK, tmp_path, engine=again, resume=True).measured == 0
    assert again.tasks == []


def test_a_resumed_run_finds_what_an_undisturbed_one_does(small: tuple[Path, Probed], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        probe(SMALL, tmp_path, engine=Stopping(7))
    done = probe(SMALL, tmp_path, engine=Inline(), resume=True)
    assert [row.found() for row in done.result] == [row.found() for row in small[1].result]


def test_a_damaged_cell_is_measured_anew_and_told(tmp_path: Path) -> None:
    first = probe(QUICK, tmp_path, engine=Inline()).result
    path = tmp_path / "cells" / f"{list(QUICK.cells())[2].name}.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserInputError, match=r"is damaged.*reductions probe --resume measures it anew"):
        read(tmp_path)
    done = probe(QUICK, tmp_path, engine=Inline(), resume=True)
    assert done.measured == 1
    (line,) = done.remade
    assert path.name in line
    assert [row.found() for row in done.result] == [row.found() for row in first]


def test_a_cell_under_the_name_of_another_is_measured_anew(tmp_path: Path) -> None:
    probe(QUICK, tmp_path, engine=Inline())
    names = [tmp_path / "cells" / f"{cell.name}.parquet" for cell in QUICK.cells()]
    shutil.copyfile(names[0], names[1])
    with pytest.raises(UserInputError, match="holds rows of another cell or grid"):
        read(tmp_path)
    assert probe(QUICK, tmp_path, engine=Inline(), resume=True).measured == 1


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserInputError, match=r"holds 'notes\.txt'; expected an empty directory, or --resume"):
        probe(QUICK, tmp_path, engine=Inline())
    with pytest.raises(UserInputError, match=r"holds 'notes\.txt' and no grid\.json"):
        probe(QUICK, tmp_path, engine=Inline(), resume=True)
    assert content(tmp_path) == {"notes.txt": b"mine"}


def test_strange_files_and_links_are_refused(tmp_path: Path) -> None:
    probe(QUICK, tmp_path, engine=Inline())
    (tmp_path / "cells" / "mine.parquet").write_bytes(b"")
    with pytest.raises(UserInputError, match=r"holds 'cells/mine\.parquet', which this probe has not"):
        probe(QUICK, tmp_path, engine=Inline(), resume=True)
    (tmp_path / "cells" / "mine.parquet").unlink()
    path = tmp_path / "cells" / f"{next(iter(QUICK.cells())).name}.parquet"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserInputError, match="which this probe has not"):
        probe(QUICK, tmp_path, engine=Inline(), resume=True)


@pytest.mark.parametrize("change", [{"seed": 1}, {"budget": 21}, {"b": (0.25,)}])
def test_a_probe_of_another_grid_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    probe(QUICK, tmp_path, engine=Inline())
    before = content(tmp_path)
    with pytest.raises(UserInputError, match="holds a probe of another grid, seed or budget"):
        probe(Grid(**{**vars(QUICK), **change}), tmp_path, engine=Inline(), resume=True)
    assert content(tmp_path) == before


def test_two_writers_are_refused(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(UserInputError, match="another run is writing"):
        probe(QUICK, tmp_path, engine=Inline())


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserInputError, match="cannot write"):
        probe(QUICK, tmp_path / "file" / "probe", engine=Inline())


def test_a_cell_that_cannot_be_measured_keeps_the_others(tmp_path: Path) -> None:
    class Failing(Inline):
        def map(
            self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
        ) -> Iterator[tuple[int, Any]]:
            for number, answer in super().map(function, tasks):
                yield number, Failed("its process died") if number == 2 else answer

    name = list(QUICK.cells())[2].name
    with pytest.raises(UserInputError, match=f"cell {name} could not be measured: its process died"):
        probe(QUICK, tmp_path, engine=Failing())
    assert read(tmp_path).missing == 6


def test_killed_at_any_moment_it_is_completed(tmp_path: Path, small: tuple[Path, Probed]) -> None:
    options = ["--n", "32,48,64", "--b", "0.5,1,8", "--families", "uniform,hard", "--eps", "1e-2,1e-6"]
    options += ["--budget", "500", "--pairs", "1", "--rank-to", "48", "--jobs", "1", "--quiet"]
    command = [sys.executable, "-m", "reductions", "probe", *options, "-o", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    kept: dict[str, bytes] = {}
    for cells in (0, 2, 7):
        process = subprocess.Popen([*command, "--resume"], env=environment, start_new_session=True)
        deadline = time.monotonic() + 60
        while len(content(tmp_path / "out")) < 1 + cells and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        found = content(tmp_path / "out")
        assert found.items() >= {k: v for k, v in kept.items() if not k.endswith(".tmp")}.items()
        kept = found
    done = subprocess.run([*command, "--resume"], env=environment, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (
        content(tmp_path / "out").items()
        >= {name: data for name, data in kept.items() if not name.endswith(".tmp")}.items()
    )
    found_rows = [row.found() for row in read(tmp_path / "out")]
    assert found_rows == [row.found() for row in small[1].result]
    assert not [name for name in content(tmp_path / "out") if name.endswith(".tmp")]
