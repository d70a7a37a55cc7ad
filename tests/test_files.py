"""Where files go, and writing them whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofcheck.errors import UserInputError
from proofcheck.files import (
    LEFT_OVER,
    cache_directory,
    replacing,
    resolved,
    temporary_beside,
    write_atomically,
)
from proofcheck.streams import check_writable


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFCHECK_CACHE_DIR", str(tmp_path / "here"))
    assert cache_directory() == tmp_path / "here"
    monkeypatch.delenv("PROOFCHECK_CACHE_DIR")
    assert cache_directory().name == "proofcheck"


def test_a_file_is_replaced(tmp_path: Path) -> None:
    place = tmp_path / "it"
    for text in ("old\n", "neu: ü\n"):
        write_atomically(place, text)
        assert place.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [place]


def test_what_fails_or_is_interrupted_leaves_the_old_file(tmp_path: Path) -> None:
    place = tmp_path / "it"
    place.write_text("old")

    def begin(error: BaseException) -> None:
        with replacing(place) as file:
            file.write(b"new")
            (hidden,) = (path for path in tmp_path.iterdir() if path != place)
            assert LEFT_OVER.fullmatch(hidden.name)
            raise error

    for error in (ValueError("a mistake"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            begin(error)
        assert place.read_text() == "old"
        assert list(tmp_path.iterdir()) == [place]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match=r"cannot write '.*it': No such file .*; choose another path"):
        write_atomically(tmp_path / "missing" / "it", "new")
    (tmp_path / "directory").mkdir()
    with pytest.raises(UserInputError, match=r"cannot write '.*directory': Is a directory"):
        write_atomically(tmp_path / "directory", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["directory"]


def test_hidden_names_differ_and_are_known(tmp_path: Path) -> None:
    names = {temporary_beside(tmp_path / "it").name for _ in range(100)}
    assert len(names) == 100
    assert all(LEFT_OVER.fullmatch(name) for name in names)
    assert not LEFT_OVER.fullmatch("it")


def test_links_lead_to_a_place_or_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    assert resolved(tmp_path / "link") == tmp_path.resolve() / "file"  # not there yet
    (tmp_path / "circle").symlink_to("other")
    (tmp_path / "other").symlink_to("circle")
    with pytest.raises(OSError, match="symbolic links"):
        resolved(tmp_path / "circle")
    with pytest.raises(UserInputError, match=r"cannot write '.*circle'.*symbolic links"):
        check_writable(tmp_path / "circle")
