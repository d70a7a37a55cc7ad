"""The command ``proofcheck`` among signals, pipes that close, full devices and terminals."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli_helpers import ENDLESS, WRONG, command, environment, write_module


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_nothing_behind(tmp_path: Path, number: int, code: int) -> None:
    write_module(tmp_path, ENDLESS)
    words = command("verify", "mine.py", "--format", "json", "-o", "report.json")
    process = subprocess.Popen(
        words,
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    started = tmp_path / "started"
    deadline = time.monotonic() + 60
    while not (started.exists() and started.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    before = time.monotonic()
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to the workers as well
    else:
        process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert time.monotonic() - before < 30  # and not until the check is stopped, after 60
    assert process.returncode == code
    assert (output, errors) == ("", "proofcheck: interrupted\n" if code == 130 else "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__", "cache"}
    assert left == {"mine.py", "started"}


def test_a_reader_that_leaves_early(tmp_path: Path) -> None:
    write_module(tmp_path, WRONG)
    process = subprocess.Popen(
        command("verify", "mine.py"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_standard_output_that_cannot_be_written(tmp_path: Path) -> None:
    write_module(tmp_path, WRONG)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("verify", "mine.py"),
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("proofcheck: error: cannot write to standard output")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_is_for_terminals(tmp_path: Path, quiet: bool) -> None:
    write_module(tmp_path, WRONG)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command("verify", "mine.py", *(["--quiet"] if quiet else [])),
        cwd=tmp_path,
        env=environment(TERM="xterm"),
        stdout=subprocess.PIPE,
        stderr=follower,
        encoding="utf-8",
    )
    os.close(follower)
    drawn = b""
    try:
        while chunk := os.read(leader, 65536):
            drawn += chunk
    except OSError:  # how Linux reports that the other end is closed
        pass
    os.close(leader)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "\x1b" not in output
    assert (b"a:wrong" in drawn) is not quiet
