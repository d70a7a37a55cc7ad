"""``proofcheck gradient`` among signals, terminals and libraries that are missing."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli_helpers import command, environment, proofcheck, run
from tests.gradient_helpers import arrays_of, names_in, save, save_directory


def start(directory: Path, *arguments: str) -> tuple[subprocess.Popen[str], int]:
    """The command with a terminal for standard error, and the terminal's other end."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command("gradient", *arguments),
        cwd=directory,
        env=environment(TERM="xterm"),
        stdout=subprocess.PIPE,
        stderr=follower,
        encoding="utf-8",
    )
    os.close(follower)
    return process, leader


def drawn(leader: int, until: bytes | None = None) -> bytes:
    """What appears on the terminal, to its end or until some words do."""
    shown = b""
    try:
        while (until is None or until not in shown) and (chunk := os.read(leader, 65536)):
            shown += chunk
    except OSError:  # how Linux reports that the other end is closed
        pass
    return shown


@pytest.mark.parametrize("mmap", [False, True], ids=["npz", "mmap"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_the_old_result(tmp_path: Path, number: int, code: int, mmap: bool) -> None:
    arrays = arrays_of(n=30_000, d=2)  # seconds for the exact method
    if mmap:
        save_directory(tmp_path / "in.npz", arrays)
    else:
        save(tmp_path / "in.npz", arrays)
        (tmp_path / "out").write_bytes(b"old")
    process, leader = start(
        tmp_path, "in.npz", "-o", "out", "--method", "exact", *(["--mmap"] if mmap else [])
    )
    shown = drawn(leader, until=b"exact")
    assert b"exact" in shown
    process.send_signal(number)
    shown = drawn(leader)
    os.close(leader)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (code, "")
    assert b"Traceback" not in shown
    assert (b"proofcheck: interrupted" in shown) is (code == 130)
    assert names_in(tmp_path) == ({"in.npz"} if mmap else {"in.npz", "out"})
    assert mmap or (tmp_path / "out").read_bytes() == b"old"


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_is_for_terminals(tmp_path: Path, quiet: bool) -> None:
    save(tmp_path / "in.npz", arrays_of(n=3000))
    words = ("in.npz", "-o", "out.npz", "--method", "exact", *(["--quiet"] if quiet else []))
    process, leader = start(tmp_path, *words)
    shown = drawn(leader)
    os.close(leader)
    assert process.communicate(timeout=60)[0] == ""
    assert process.returncode == 0
    assert (b"/3000" in shown) is not quiet
    piped = proofcheck(tmp_path, "gradient", *words)
    assert (piped.returncode, piped.stdout) == (0, "")
    assert "\x1b" not in piped.stderr
    assert "/3000" not in piped.stderr
    assert bool(piped.stderr) is not quiet


def test_a_library_that_is_not_installed(tmp_path: Path) -> None:
    save(tmp_path / "in.npz", arrays_of())
    program = (
        "import sys, proofcheck.cli\n"
        "sys.modules['cupy'] = None\n"
        "sys.argv = ['proofcheck', 'gradient', 'in.npz', '--backend', 'cupy']\n"
        "proofcheck.cli.main()\n"
    )
    done = run(tmp_path, [sys.executable, "-c", program])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("proofcheck: error: backend='cupy' is not installed")
    assert done.stderr.count("\n") == 1
