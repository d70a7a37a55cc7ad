"""Output of ``proofcheck gradient`` that is the old one or the new one at any moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofcheck.errors import UserInputError
from proofcheck.gradient_files import check_directory, write_directory, write_npz
from tests.gradient_helpers import names_in


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


GRADIENTS = {"grad_X": np.ones((3, 3)), "grad_A1": np.ones((40, 3))}
OLD = {"grad_X": np.zeros((3, 3))}
REPORT = '{"input_sha256": ""}'


def interrupting(after: float) -> Callable[..., Any]:
    """A wrapper that interrupts the call of this number; half a number more: when it is done."""
    calls = iter(range(100))

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **keywords: Any) -> Any:
            number = next(calls)
            if number == after:
                raise KeyboardInterrupt
            result = function(*arguments, **keywords)
            if number + 0.5 == after:
                if hasattr(result, "close"):
                    result.close()
                raise KeyboardInterrupt
            return result

        return wrapped

    return wrap


@pytest.mark.parametrize("after", [step / 2 for step in range(13)])
def test_interrupted_at_any_call_a_file_is_old_or_new(
    after: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_npz(Path("out.npz"), OLD)
    old = Path("out.npz").read_bytes()
    write_npz(Path("new.npz"), GRADIENTS)
    new = Path("new.npz").read_bytes()
    Path("new.npz").unlink()
    wrap = interrupting(after)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", wrap(Path.open))
        patch.setattr(Path, "replace", wrap(Path.replace))
        patch.setattr(np.lib.format, "write_array", wrap(np.lib.format.write_array))
        patch.setattr(os, "fsync", wrap(os.fsync))
        try:
            write_npz(Path("out.npz"), GRADIENTS)
            assert after >= 5
        except KeyboardInterrupt:
            assert after < 5
    assert names_in(tmp_path) == {"out.npz"}
    assert Path("out.npz").read_bytes() == (old if after < 4.5 else new)


@pytest.mark.parametrize("earlier", [False, True], ids=["new", "replaced"])
def test_interrupted_at_any_call_a_directory_is_old_or_new(
    earlier: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(60):
        for made in Path("out").glob("*"):
            made.unlink()
        if Path("out").exists():
            Path("out").rmdir()
        if earlier:
            write_directory(Path("out"), OLD, REPORT)
        wrap = interrupting(step / 2)
        with monkeypatch.context() as patch:
            for name in ("mkdir", "open", "replace", "rename"):
                patch.setattr(Path, name, wrap(getattr(Path, name)))
            try:
                write_directory(Path("out"), GRADIENTS, REPORT)
                done = True
            except KeyboardInterrupt:
                done = False
        assert names_in(tmp_path) - {"out"} == set()
        if not earlier and not Path("out").exists():
            assert not done
            continue
        found = names_in(Path("out"))
        whole = found == {"grad_X.npy", "grad_A1.npy", "report.json"}
        assert whole or (not done and found == {"grad_X.npy", "report.json"})
        assert np.load("out/grad_X.npy").all() == whole
    assert done


def test_only_directories_of_this_command_are_replaced() -> None:
    write_directory(Path("out"), OLD, REPORT)
    check_directory(Path("out"))
    Path("out/notes.txt").touch()
    with pytest.raises(UserInputError, match="not from proofcheck gradient"):
        check_directory(Path("out"))
    with pytest.raises(UserInputError, match="not from proofcheck gradient"):
        write_directory(Path("out"), GRADIENTS, REPORT)
    Path("out/notes.txt").unlink()
    for text in ("{}", "[", "3", ""):
        Path("out/report.json").write_text(text, encoding="utf-8")
        with pytest.raises(UserInputError, match="not from proofcheck gradient"):
            check_directory(Path("out"))
    assert sorted(path.name for path in Path("out").iterdir()) == ["grad_X.npy", "report.json"]
    Path("empty").mkdir()
    with pytest.raises(UserInputError, match="not from proofcheck gradient"):
        check_directory(Path("empty"))
    Path("circle").symlink_to("circle")
    with pytest.raises(UserInputError, match="cannot write 'circle'"):
        check_directory(Path("circle"))


def test_a_full_device_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserInputError, match=r"cannot write '.*out.npz': No space left"):
        write_npz(Path("out.npz"), GRADIENTS)
    with pytest.raises(UserInputError, match="No space left"):
        write_directory(Path("out"), GRADIENTS, REPORT)
    assert names_in(tmp_path) == set()
