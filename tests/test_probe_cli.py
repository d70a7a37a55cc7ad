"""The commands ``reductions probe`` and ``plot``: what they write and print, and what cannot be used."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from reductions.cli import app
from reductions.probe import read

TINY = ["--n", "32:64", "--d", "2", "--b", "0.25,0.5", "--families", "uniform"]
TINY += ["--budget", "40", "--jobs", "1"]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, standalone_mode=False)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    directory = tmp_path_factory.mktemp("cli") / "tiny"
    return directory, _run("probe", *TINY, "-o", str(directory), "--format", "json")


def test_a_probe_is_written_and_told(tiny: tuple[Path, Result]) -> None:
    directory, done = tiny
    assert done.return_value == 0
    assert done.stderr == f"reductions: 4 cells in {str(directory)!r}, 4 measured now\n"
    found = json.loads(done.stdout)
    assert [one["n"] for one in found["crossings"]] == [32, 64]
    assert {one["state"] for one in found["crossings"]} <= {"measured", "below", "beyond"}
    # Two sizes: no exponents.
    assert found["exponents"] == []
    rows = read(directory).rows
    assert [(one.n, one.b) for one in rows] == [(32, 0.25), (32, 0.5), (64, 0.25), (64, 0.5)]
    assert all(json.loads(one.environment)["threads"]["OMP_NUM_THREADS"] == "1" for one in rows)


def test_as_text(tiny: tuple[Path, Result]) -> None:
    again = _run("probe", *TINY, "-o", str(tiny[0]), "--resume", "--quiet")
    assert (again.return_value, again.stderr) == (0, "")
    assert "B/√ln n at which fast takes as long as exact" in again.stdout
    assert "n = 32" in again.stdout


def test_a_second_probe_needs_resume(tiny: tuple[Path, Result]) -> None:
    done = _run("probe", *TINY, "-o", str(tiny[0]))
    assert (done.return_value, done.stdout) == (2, "")
    assert "holds 'grid.json'; expected an empty directory, or --resume" in done.stderr


def test_what_is_damaged_is_told(tiny: tuple[Path, Result], tmp_path: Path) -> None:
    directory = tmp_path / "copy"
    (directory / "cells").mkdir(parents=True)
    for path in [tiny[0] / "grid.json", *(tiny[0] / "cells").iterdir()]:
        (directory / path.relative_to(tiny[0])).write_bytes(path.read_bytes())
    victim = min((directory / "cells").iterdir())
    victim.write_bytes(victim.read_bytes()[:50])
    assert _run("plot", str(directory), "-o", str(tmp_path / "plots")).return_value == 2
    done = _run("probe", *TINY, "-o", str(directory), "--resume")
    assert done.return_value == 0
    first, second = done.stderr.splitlines()
    assert victim.name in first
    assert first.endswith("; measured anew")
    assert second.endswith(", 1 measured now")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--n", "300000"], "n is 300000; expected an integer from 16 to 131,072"),
        (["--n", "5:3"], "--n 5:3: expected numbers such as 256, or A:B"),
        (["--n", "ten"], "--n ten: expected numbers"),
        (["--n", "64,64"], "n has 64 twice"),
        (["--d", "65"], "d is 65"),
        (["--b", "a"], "--b a: expected numbers with commas between"),
        (["--b", "nan"], "b is nan"),
        (["--families", "uniform,round"], "families has 'round'; expected some of uniform"),
        (["--eps", "0"], "eps is 0.0"),
        (["--budget", "0"], "budget is 0"),
        (["--pairs", "-1"], "pairs is -1"),
        (["--jobs", "0"], "--jobs 0"),
        (["--scheduler", "tcp://a:1"], "--scheduler tcp://a:1: only for --engine dask"),
        (["--families", "hard", "--d", "12"], "d is 12: the family 'hard' needs a power of two"),
    ],
)
def test_what_cannot_be_used(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = _run("probe", "-o", str(tmp_path / "out"), *arguments)
    assert (done.return_value, done.stdout) == (2, "")
    assert done.stderr.startswith("reductions: error: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_pictures_are_written(tiny: tuple[Path, Result], tmp_path: Path) -> None:
    done = _run("plot", str(tiny[0]), "-o", str(tmp_path / "plots"))
    assert (done.return_value, done.stderr) == (0, "")
    paths = [Path(line) for line in done.stdout.splitlines()]
    names = ["heat-d2-eps0.01", "exponents-d2", "transition-d2"]
    assert [path.name for path in paths] == [f"{name}.{end}" for name in names for end in ("svg", "png")]
    assert all(path.stat().st_size > 1000 for path in paths)


def test_an_incomplete_probe_is_drawn_with_a_note(tiny: tuple[Path, Result], tmp_path: Path) -> None:
    directory = tmp_path / "part"
    (directory / "cells").mkdir(parents=True)
    (directory / "grid.json").write_bytes((tiny[0] / "grid.json").read_bytes())
    done = _run("plot", str(directory), "-o", str(tmp_path / "plots"))
    assert done.return_value == 2
    assert "the probe has no rows yet" in done.stderr
    one = min((tiny[0] / "cells").iterdir())
    (directory / "cells" / one.name).write_bytes(one.read_bytes())
    done = _run("plot", str(directory), "-o", str(tmp_path / "plots"))
    assert done.return_value == 0
    assert done.stderr == "reductions: 3 cells are not measured yet, and not drawn\n"


def test_no_probe_to_draw(tmp_path: Path) -> None:
    for source in (tmp_path / "none", tmp_path, tmp_path / ("x" * 300)):
        done = _run("plot", str(source))
        assert (done.return_value, done.stdout) == (2, "")
        assert "cannot read" in done.stderr


def test_a_place_that_cannot_be_written(tiny: tuple[Path, Result], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _run("plot", str(tiny[0]), "-o", str(tmp_path / "file"))
    assert done.return_value == 2
    assert "cannot write" in done.stderr


@pytest.mark.parametrize(("module", "extra"), [("matplotlib", "notebooks"), ("pyarrow", "data")])
def test_a_missing_extra_is_one_line(
    tiny: tuple[Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    done = _run("plot", str(tiny[0]), "-o", str(tmp_path / "plots"))
    assert (done.return_value, done.stdout) == (2, "")
    reason = f"{module} is not installed; install the extra: pip install 'proofcheck[{extra}]'"
    assert done.stderr == f"reductions: error: {reason}\n"
