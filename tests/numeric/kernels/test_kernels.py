"""The kernels as a user meets them: chosen by themselves, the same on any machine, and never in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofcheck import attention_gradient
from proofcheck.gradient_report import as_text, report_of
from proofcheck.numeric.exact import exact_solution, query_contributions
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.kernels import SWITCH, computed_by, have_kernels, threads
from proofcheck.numeric.magnitudes import magnitudes_before
from proofcheck.numeric.problem import VARIABLES, Problem, Solution, checked_problem
from proofcheck.numeric.runs import Seconds

ROOT = Path(__file__).resolve().parents[3]
TAYLOR = (1.0, 1.0, 1 / 2, 1 / 6)


def draw(n: int, d: int, dtype: Any = np.float64, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    arrays = {name: rng.uniform(-1, 1, (n, d)).astype(dtype) for name in ("A1", "A2", "A3", "E")}
    return arrays | {name: rng.uniform(-1, 1, (d, d)).astype(dtype) for name in ("X", "Y")}


def fast(problem: Problem) -> Solution:
    return fast_solution(problem, VARIABLES, TAYLOR, frame(problem))


def exact(problem: Problem) -> Solution:
    return exact_solution(problem, VARIABLES)


METHODS: dict[str, Callable[[Problem], Solution]] = {"fast": fast, "exact": exact}


def identical(left: Solution, right: Solution) -> bool:
    """Bit for bit."""
    return left.loss == right.loss and all(
        np.array_equal(left.gradients[name], right.gradients[name]) for name in VARIABLES
    )


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> Callable[[Problem], Solution]:
    return METHODS[request.param]


@pytest.fixture(autouse=True)
def threads_for_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Problems that are small enough for a test would have one thread otherwise."""
    monkeypatch.setattr(threads, "WORTH_THREADS", 0)


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_they_are_chosen_for_numpy_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    arrays = draw(20, 2)
    assert have_kernels(checked_problem(**arrays))
    assert computed_by(checked_problem(**arrays)) == "compiled kernels"
    moved = {name: torch.asarray(array) for name, array in arrays.items()}
    assert not have_kernels(checked_problem(**moved))
    assert computed_by(checked_problem(**moved)) == "array operations of torch"
    monkeypatch.setenv(SWITCH, "off")
    assert not have_kernels(checked_problem(**arrays))
    words = f"array operations of numpy: compiled kernels are switched off by {SWITCH}=off"
    assert computed_by(checked_problem(**arrays)) == words
    assert attention_gradient(**arrays, method="exact").computed_by == words


def test_the_report_tells_what_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of(attention_gradient(**draw(20, 2), method="exact"))
    assert "\ncomputed by compiled kernels\n" in as_text(report)
    assert report["versions"]["numba"]
    monkeypatch.setenv(SWITCH, "off")
    report = report_of(attention_gradient(**draw(20, 2), method="exact"))
    assert "\ncomputed by array operations of numpy: compiled kernels are switched off" in as_text(report)
    assert "numba" not in report["versions"]


@pytest.mark.parametrize("causal", [False, True])
def test_input_of_any_layout(method: Callable[[Problem], Solution], causal: bool) -> None:
    """The same numbers in memory that is strided, transposed, reversed, unaligned or read-only."""
    arrays = draw(700, 3)
    true = method(checked_problem(**arrays, causal=causal))

    def strided(array: Any) -> Any:
        wide = np.full((array.shape[0] * 2, array.shape[1] * 3), np.nan)
        wide[::2, ::3] = array
        return wide[::2, ::3]

    def unaligned(array: Any) -> Any:
        raw = np.empty(array.nbytes + 1, dtype=np.uint8)
        moved = raw[1:].view(array.dtype).reshape(array.shape)
        moved[:] = array
        return moved

    def read_only(array: Any) -> Any:
        array = array.copy()
        array.flags.writeable = False
        return array

    layouts = [
        strided,
        np.asfortranarray,
        lambda array: array[::-1, ::-1].copy()[::-1, ::-1],
        unaligned,
        read_only,
    ]
    assert not unaligned(arrays["A1"]).flags.aligned
    for layout in layouts:
        problem = checked_problem(**{name: layout(array) for name, array in arrays.items()}, causal=causal)
        assert identical(method(problem), true), layout


@pytest.mark.parametrize("causal", [False, True])
def test_any_number_of_threads_gives_the_same(
    method: Callable[[Problem], Solution], causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = checked_problem(**draw(5000, 4, np.float32), causal=causal)
    found = []
    for number in ("1", "2", "7"):
        monkeypatch.setenv("OMP_NUM_THREADS", number)
        found.append(method(problem))
    assert identical(found[0], found[1])
    assert identical(found[0], found[2])


def test_calls_from_several_threads_at_once(method: Callable[[Problem], Solution]) -> None:
    problems = [checked_problem(**draw(1500, 3, seed=seed)) for seed in range(6)]
    alone = [method(problem) for problem in problems]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(method, problems))
    assert all(identical(left, right) for left, right in zip(alone, together, strict=True))


@pytest.mark.parametrize("n", [1, 2, 23, 24, 25, 48, 511, 512, 513, 1025])
@pytest.mark.parametrize("causal", [False, True])
def test_sizes_around_a_block(n: int, causal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against array operations; n and the terms of a sum, 4 n + 100, roundings of the largest entry."""
    problem = checked_problem(**draw(n, 2, seed=n), causal=causal)
    rows = sorted({0, n // 2, n - 1})
    found = [(method(problem), query_contributions(problem, rows)) for method in METHODS.values()]
    monkeypatch.setenv(SWITCH, "off")
    true = [(method(problem), query_contributions(problem, rows)) for method in METHODS.values()]
    for (left, left_rows), (right, right_rows) in zip(found, true, strict=True):
        roundings = (4 * n + 100) * 2.0**-53
        assert left.loss == pytest.approx(right.loss, rel=roundings)
        assert left.min_alpha == pytest.approx(right.min_alpha, rel=roundings)
        assert left.most_residual == pytest.approx(right.most_residual, rel=roundings)
        for name in VARIABLES:
            size = max(1.0, float(np.max(np.abs(right.gradients[name]))))
            assert np.max(np.abs(left.gradients[name] - right.gradients[name])) <= roundings * size
        for name in ("output", "residual", "gradient"):
            assert np.allclose(
                getattr(left_rows, name), getattr(right_rows, name), rtol=0, atol=4 * roundings
            )


def test_queries_of_a_sample_in_any_order() -> None:
    problem = checked_problem(**draw(300, 3), causal=True)
    rows = (299, 0, 150, 150, 7)
    shuffled = query_contributions(problem, rows)
    for place, row in enumerate(rows):
        alone = query_contributions(problem, (row,))
        for name in ("output", "residual", "gradient"):
            assert np.array_equal(getattr(shuffled, name)[place], getattr(alone, name)[0])


@pytest.mark.parametrize("kind", ["plain", "overflowing"])
def test_what_is_found_about_the_rows(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames and sizes, against array operations; more rows than one thread's part."""
    arrays = draw(10_000, 3)
    if kind == "overflowing":
        arrays["A1"][5] *= 1e200
        arrays["X"] *= 1e200
    problem = checked_problem(**arrays)
    with np.errstate(all="ignore"):
        found = frame(problem), magnitudes_before(problem)
        monkeypatch.setenv(SWITCH, "off")
        true = frame(problem), magnitudes_before(problem)
    for left, right in zip(found, true, strict=True):
        for name, value in vars(right).items():
            assert np.allclose(getattr(left, name), value, rtol=1e-12, atol=1e-15), name


def test_numba_is_imported_when_it_is_needed() -> None:
    done = run(
        "import sys, proofcheck, proofcheck.numeric.fast, proofcheck.numeric.exact\n"
        "assert 'numba' not in sys.modules and 'llvmlite' not in sys.modules"
    )
    assert done.returncode == 0, done.stderr


GRADIENT = """
import sys
{before}
import numpy as np
from proofcheck.numeric.exact import exact_solution
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.kernels import computed_by
from proofcheck.numeric.problem import checked_problem
rng = np.random.default_rng(0)
arrays = {{name: rng.uniform(-1, 1, (900, 2)) for name in ("A1", "A2", "A3", "E")}}
problem = checked_problem(**arrays, X=np.eye(2), Y=np.eye(2))
print(computed_by(problem))
wrt = ("X", "A2")
found = exact_solution(problem, wrt), fast_solution(problem, wrt, (1.0, 1.0, 0.5), frame(problem))
for gradient in (one.gradients[name] for one in found for name in ("X", "A2")):
    print(*gradient.ravel()[:9].tolist())
"""


def gradients(before: str = "", **environment: str) -> tuple[str, list[float]]:
    """What computed the gradients in a process, and some of their entries."""
    done = run(GRADIENT.format(before=before), **environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    words, *lines = done.stdout.splitlines()
    return words, [float(number) for line in lines for number in line.split()]


def agree(left: list[float], right: list[float]) -> bool:
    """To a few thousand roundings."""
    return len(left) == 26 and all(
        abs(x - y) <= 1e-12 * max(1.0, abs(x)) for x, y in zip(left, right, strict=True)
    )


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("sys.modules['numba'] = None", "compiled kernels need numba: pip install 'proofcheck[fast]'"),
        ("import os; os.environ['NUMBA_DISABLE_JIT'] = '1'", "numba is switched off by NUMBA_DISABLE_JIT"),
    ],
)
def test_without_numba_it_is_said_and_done(before: str, words: str) -> None:
    said, found = gradients(before)
    assert said == f"array operations of numpy: {words}"
    assert agree(found, gradients()[1])


def test_a_numba_that_cannot_be_imported(tmp_path: Path) -> None:
    """As when NumPy is newer than it allows."""
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs NumPy 2.9 or less')\n")
    said, _ = gradients(f"sys.path.insert(0, {str(tmp_path)!r})")
    assert said == "array operations of numpy: numba cannot be imported (Numba needs NumPy 2.9 or less)"


# Kernels are compiled anew for each processor: some ten seconds, several times that on a busy machine.
@pytest.mark.timeout(900)
def test_any_processor_and_no_place_for_a_cache() -> None:
    """A processor of which nothing is known, and no directory that can be written to: compiled anew."""
    nowhere = "import numba.core.caching as caching; caching.CacheImpl._locator_classes = []"
    said, found = gradients(nowhere, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    assert said == "compiled kernels"
    assert agree(found, gradients()[1])


def test_the_time_that_compiling_takes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.001, 0.001, 0.001])
    monkeypatch.setattr("proofcheck.numeric.runs.compile_seconds", lambda: next(clock))
    seconds = Seconds()
    for name in ("exact", "bound"):
        with seconds.phase(name):
            time.sleep(0.002)
    assert seconds["compilation"] == 0.001
    assert seconds["exact"] >= 0.001
    assert set(seconds) == {"compilation", "exact", "bound"}


FORK = """
import os, sys, threading
import numpy as np
sys.path.insert(0, {root!r})
from tests.numeric.kernels.test_kernels import METHODS, checked_problem, draw, identical, threads
threads.WORTH_THREADS = 0
problem = checked_problem(**draw(3000, 3))
for method in METHODS.values():
    before = method(problem)
    child = os.fork()
    if child == 0:
        os._exit(0 if identical(method(problem), before) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert threading.active_count() == 1
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_after_a_call() -> None:
    done = run(FORK.format(root=str(ROOT)), OMP_NUM_THREADS="3")
    assert done.returncode == 0, done.stderr


LONG = """
import sys
import numpy as np
from proofcheck.numeric.exact import exact_solution
from proofcheck.numeric.problem import checked_problem
rng = np.random.default_rng(0)
arrays = {name: rng.uniform(-1, 1, (1 << 18, 8)) for name in ("A1", "A2", "A3", "E")}
problem = checked_problem(**arrays, X=np.eye(8), Y=np.eye(8))
def progress(rows):
    sys.stdout.write(f"{rows}\\n")
    sys.stdout.flush()
try:
    exact_solution(problem, ("X",), progress=progress)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a console event, not a signal")
def test_an_interrupt_ends_a_long_call() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LONG], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline()  # it runs
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert output.endswith("interrupted\n")
    # Some parts of milliseconds each, on a machine that may be busy.
    assert time.monotonic() - start < 10
