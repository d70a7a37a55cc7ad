"""``proofcheck notebooks``: the course copied out whole, and nothing of the user's overwritten."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from proofcheck import course
from proofcheck.errors import UserInputError
from tests.cli_helpers import proofcheck

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(ROOT.glob("notebooks/[0-9]*.py"))
NAMES = sorted(path.name for path in ROOT.glob("notebooks/*.ipynb"))


def test_a_clone_has_them_all() -> None:
    assert list(course.notebooks()) == NAMES
    assert len(NAMES) == 6


def test_a_wheel_has_them_all() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {f"notebooks/{name}": f"proofcheck/notebooks/{name}" for name in NAMES}


def test_those_of_a_wheel_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_one.ipynb").write_text("{}")
    (tmp_path / "notebooks" / "notes.txt").write_text("")
    monkeypatch.setattr(course, "files", lambda package: tmp_path)
    assert course.notebooks() == {"01_one.ipynb": b"{}"}


def test_an_installation_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "files", lambda package: tmp_path)
    monkeypatch.setattr(course, "__file__", str(tmp_path / "proofcheck" / "course.py"))
    (tmp_path / "notebooks").mkdir()  # of another package
    with pytest.raises(UserInputError, match="has no notebooks; install it anew"):
        course.copy_notebooks(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_they_are_copied_as_they_are(tmp_path: Path) -> None:
    done = proofcheck(tmp_path, "notebooks", "a/course")
    assert (done.returncode, done.stdout) == (0, "".join(f"a/course/{name}\n" for name in NAMES))
    assert done.stderr == (
        "proofcheck: 6 notebooks in 'a/course'; to run them: pip install 'proofcheck[notebooks,data,sat]'; "
        f"jupyter lab 'a/course/{NAMES[0]}'\n"
    )
    needed = [
        re.findall(r'"(\w+)"', script.read_text("utf-8").split("start(")[1].split(")")[0])
        for script in SCRIPTS
    ]
    assert {extra for extras in needed for extra in extras} == {"notebooks", "data", "sat"}
    copied = tmp_path / "a" / "course"
    assert sorted(path.name for path in copied.iterdir()) == NAMES
    assert all((copied / name).read_bytes() == (ROOT / "notebooks" / name).read_bytes() for name in NAMES)


def test_quietly(tmp_path: Path) -> None:
    done = proofcheck(tmp_path, "notebooks", ".", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == NAMES


def test_what_is_the_same_is_left_alone_and_what_differs_is_refused(tmp_path: Path) -> None:
    paths = course.copy_notebooks(tmp_path)
    times = [path.stat().st_mtime_ns for path in paths]
    assert course.copy_notebooks(tmp_path) == paths
    assert [path.stat().st_mtime_ns for path in paths] == times
    paths[1].write_text("mine")
    paths[2].unlink()
    with pytest.raises(UserInputError, match=rf"{NAMES[1]}' differs from .*; --force overwrites"):
        course.copy_notebooks(tmp_path)
    assert paths[1].read_text() == "mine"
    assert not paths[2].exists()
    paths[3].write_text("mine")
    with pytest.raises(UserInputError, match=rf"{NAMES[1]}' and 1 more differ from"):
        course.copy_notebooks(tmp_path)


def test_force_overwrites(tmp_path: Path) -> None:
    (tmp_path / NAMES[0]).write_text("mine")
    (tmp_path / "mine.ipynb").write_text("mine")
    refused = proofcheck(tmp_path, "notebooks", ".")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"proofcheck: error: '{NAMES[0]}' differs from what proofcheck has; --force overwrites, or choose "
        "another directory\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAMES[0], "mine.ipynb"]
    assert proofcheck(tmp_path, "notebooks", ".", "--force").returncode == 0
    assert (tmp_path / NAMES[0]).read_bytes() == (ROOT / "notebooks" / NAMES[0]).read_bytes()
    assert (tmp_path / "mine.ipynb").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == [*NAMES, "mine.ipynb"]  # no temporary file


@pytest.mark.parametrize("force", [False, True])
def test_places_that_cannot_be_written(tmp_path: Path, force: bool) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "a\0b"):
        with pytest.raises(UserInputError, match=r"cannot write '.*; choose another directory"):
            course.copy_notebooks(place, force=force)
    (tmp_path / "full" / NAMES[2]).mkdir(parents=True)
    with pytest.raises(UserInputError, match=rf"{NAMES[2]}' is not a regular file"):
        course.copy_notebooks(tmp_path / "full", force=force)
    assert os.listdir(tmp_path / "full") == [NAMES[2]]
