"""Probes in processes of their own: libraries that are there, absent, broken, noisy, crashing and hanging."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from proofcheck.doctor.probes import NotInstalled, Unanswered, ask


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that comes first on the path of probes."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def _write(library: Path, name: str, text: str) -> None:
    (library / f"{name}.py").write_text(text, encoding="utf-8")


def test_numpy_and_its_blas() -> None:
    found, (blas,) = ask("numpy")
    assert found == np.__version__
    assert blas.startswith("BLAS: ")


def test_kernels_are_there_and_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    found, (words,) = ask("kernels")
    assert found.startswith("numba ")
    assert words.startswith("compiled kernels")
    monkeypatch.setenv("PROOFCHECK_KERNELS", "off")
    with pytest.raises(Unanswered, match=r"^compiled kernels are switched off by PROOFCHECK_KERNELS=off$"):
        ask("kernels")


def test_a_library_made_up(library: Path) -> None:
    text = "__version__ = '9'\nclass D:\n    platform, id, device_kind = 'gpu', 1, 'Fast'\n"
    _write(library, "jax", f"{text}\n\ndef devices():\n    return [D, D]\n")
    assert ask("jax") == ["9", ["gpu:1 Fast", "gpu:1 Fast"]]


def test_devices_of_cupy(library: Path) -> None:
    _write(
        library,
        "cupy",
        "__version__ = '13'\n\n\nclass cuda:\n    class runtime:\n"
        "        getDeviceCount = staticmethod(lambda: 2)\n"
        "        getDeviceProperties = staticmethod(lambda number: {'name': b'GPU %d' % number})\n",
    )
    assert ask("cupy") == ["13", ["cuda:0 GPU 0", "cuda:1 GPU 1"]]


def test_what_it_prints_is_not_the_answer(library: Path) -> None:
    noise = "import os\nprint('{}')\nos.write(1, b'{}')\n"
    _write(library, "jax", f"{noise}__version__ = '9'\ndevices = list\n")
    assert ask("jax") == ["9", []]


def test_one_that_is_absent(library: Path) -> None:
    # Whether or not it is installed: the module that is asked for is the one that is missing.
    _write(library, "cupy", "raise ModuleNotFoundError(\"No module named 'cupy'\", name='cupy')\n")
    with pytest.raises(NotInstalled):
        ask("cupy")


def test_one_that_lacks_something_else_is_broken(library: Path) -> None:
    _write(library, "cupy", "import cupy_of_my_dreams\n")
    with pytest.raises(
        Unanswered, match="ModuleNotFoundError: No module named 'cupy_of_my_dreams'"
    ) as caught:
        ask("cupy")
    assert not isinstance(caught.value, NotInstalled)


def test_one_that_raises(library: Path) -> None:
    _write(library, "torch", "raise OSError('libcudart.so: cannot\\nopen')\n")
    with pytest.raises(Unanswered, match=r"^OSError: libcudart\.so: cannot open \(torch\.py:1\)$"):
        ask("torch")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", r"^ended by SIGSEGV$"),
        ("import os\nos._exit(3)\n", r"^ended with exit code 3: no message$"),
        ("raise SystemExit('cannot go on')\n", r"^ended with exit code 1: cannot go on$"),
    ],
)
def test_one_that_ends_its_process(library: Path, text: str, words: str) -> None:
    _write(library, "torch", text)
    with pytest.raises(Unanswered, match=words):
        ask("torch")


def test_one_that_hangs(library: Path) -> None:
    _write(library, "torch", "import time\ntime.sleep(600)\n")
    start = time.monotonic()
    with pytest.raises(Unanswered, match=r"^no answer in 2 s$"):
        ask("torch", timeout=2)
    assert time.monotonic() - start < 30


def test_modules_that_cannot_be_imported(library: Path) -> None:
    _write(library, "sound", "")
    _write(library, "broken", "1 / 0\n")
    assert ask("imports", "sound", "broken") == {
        "broken": "ZeroDivisionError: division by zero (broken.py:1)"
    }


def test_the_matrix_product() -> None:
    single, double = ask("peak")
    assert (single["dtype"], double["dtype"]) == ("float32", "float64")
    assert all(one["best"] >= one["median"] > 0 for one in (single, double))
