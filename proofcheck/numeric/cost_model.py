"""How long each method will take: measured once on a machine, then read from a file.

Times are a + b·x for operation counts x, one line for each method, library, device and dtype; fitted to a
few short runs. They choose between methods and appear in no report as a measurement.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.files import cache_directory, write_atomically
from proofcheck.namespaces.arrays import dtype_text, to_numpy
from proofcheck.numeric.axes import Axes
from proofcheck.numeric.exact import exact_solution
from proofcheck.numeric.expansion import Expansion
from proofcheck.numeric.fast import fast_solution
from proofcheck.numeric.frame import frame
from proofcheck.numeric.kernels import computed_by, have_kernels
from proofcheck.numeric.kernels.threads import WORTH_THREADS, thread_count
from proofcheck.numeric.monomials import feature_count
from proofcheck.numeric.problem import Problem, Solution
from proofcheck.numeric.pruned import pruned_exponents

__all__ = ["CostModel", "cost_model"]

_VERSION = 4  # of what the file holds
_REPEATS = 3
_ENOUGH_SECONDS = 0.2  # for the repeats of one run: on a busy machine they are slow, and no better
_TAYLOR = tuple(1 / math.factorial(t) for t in range(6))


@dataclass(frozen=True)
class CostModel:
    """Seconds by method.

    Attributes:
        exact: (per call, per pair of query and key, per pair and column).
        exact_keys: how many times as long it takes with A2 or A3.
        fast: by the dtype of features and products, (per call, per row, per row and feature, per row and
            product of :func:`_products`).
        pruned: as fast, for the monomials of an expansion, where no kernel computes them.
        fast_keys: as exact_keys.
        kernels: whether the fast method is that of compiled kernels.
    """

    exact: tuple[float, float, float]
    exact_keys: float
    fast: dict[str, tuple[float, float, float, float]]
    pruned: dict[str, tuple[float, float, float, float]]
    fast_keys: float
    kernels: bool

    def exact_seconds(self, problem: Problem, wrt: tuple[str, ...]) -> float:
        """What the exact method will take."""
        call, pair, column = self.exact
        pairs = problem.n**2 * (0.5 if problem.causal else 1.0)
        return call + pairs * (pair + column * problem.d) * self._keys(wrt, self.exact_keys)

    def fast_seconds(self, problem: Problem, wrt: tuple[str, ...], degree: int, dtype: str) -> float:
        """What one run of the fast method will take, features and products of this dtype."""
        features, products = feature_count(problem.d, degree), _products(problem.d, degree, self.kernels)
        return self._seconds(self.fast[dtype], problem, wrt, features, products, self.kernels)

    def pruned_seconds(
        self, problem: Problem, wrt: tuple[str, ...], features: int, raised: int | None, dtype: str
    ) -> float:
        """The same for so many monomials of an expansion.

        Args:
            problem: the inputs.
            wrt: the variables.
            features: how many monomials.
            raised: with kernels, how many there are of them and their products with one variable; None
                without.
            dtype: of features and products.
        """
        if raised is not None:
            products = raised * (1 + problem.d)
            return self._seconds(self.fast[dtype], problem, wrt, features, products, True)
        return self._seconds(
            self.pruned[dtype], problem, wrt, features, features * (1 + problem.d) ** 2, False
        )

    def _seconds(
        self,
        rates: tuple[float, float, float, float],
        problem: Problem,
        wrt: tuple[str, ...],
        features: int,
        products: int,
        kernels: bool,
    ) -> float:
        call, row, feature, product = rates
        work = row + feature * features + product * products
        if problem.causal and kernels:
            # the moments of the keys twice, and pairs within blocks of some 96 rows
            work += product * (products / 2 + 96 * 4 * (1 + problem.d))
        elif problem.causal:  # pairs within a block of 256 rows; and the table is made anew for each
            work += product * (256 * (1 + problem.d) ** 2 + products)
        seconds = problem.n * work * self._keys(wrt, self.fast_keys)
        if kernels and problem.n * products >= WORTH_THREADS:
            seconds /= thread_count()  # the runs that were fitted are of one thread
        return call + seconds

    @staticmethod
    def _keys(wrt: tuple[str, ...], factor: float) -> float:
        return factor if "A2" in wrt or "A3" in wrt else 1.0


def _products(d: int, degree: int, kernels: bool) -> int:
    """The entries of the table of moments: compiled kernels keep each different one once."""
    if kernels:
        return feature_count(d, degree + 1) * (1 + d)
    return feature_count(d, degree) * (1 + d) ** 2


def cost_model(problem: Problem) -> CostModel:
    """The model for a problem's library, device and dtype: from this process, the file, or new runs."""
    return _cost_model(
        _Setting(
            problem.xp,
            problem.device,
            problem.dtype,
            problem.accumulator,
            computed_by(problem),
            have_kernels(problem),
        )
    )


@dataclass(frozen=True)
class _Setting:
    xp: Any
    device: Any
    dtype: Any
    accumulator: Any
    computed_by: str
    kernels: bool

    def key(self) -> str:
        """What the times depend on."""
        threads = [os.environ.get(name, "") for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")]
        parts = [
            _VERSION,
            platform.node(),
            platform.machine(),
            platform.processor(),
            os.cpu_count(),
            *threads,
            self.xp.__name__,
            str(self.device),
            str(self.dtype),
            version("numpy"),
            self.kernels,
            self.computed_by if not self.kernels else version("numba"),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@lru_cache(maxsize=8)
def _cost_model(setting: _Setting) -> CostModel:
    path = cache_directory() / f"cost-model-{setting.key()}.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return CostModel(
            exact=_numbers(data["exact"], 3),
            exact_keys=_numbers([data["exact_keys"]], 1)[0],
            fast={name: _numbers(data["fast"][name], 4) for name in data["fast"]},
            pruned={name: _numbers(data["pruned"][name], 4) for name in data["pruned"]},
            fast_keys=_numbers([data["fast_keys"]], 1)[0],
            kernels=setting.kernels,
        )
    except (OSError, ValueError, KeyError, TypeError):
        model = _measured(setting)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(model), indent=1))
    except (OSError, UserInputError):
        pass  # measured again by the next process
    return model


def _numbers(values: Any, count: int) -> Any:
    """As many finite numbers, not negative.

    Raises:
        ValueError: something else was in the file.
    """
    if len(values) != count or not all(
        isinstance(value, float) and 0 <= value < math.inf for value in values
    ):
        raise ValueError("not a cost model")
    return tuple(values)


def _measured(setting: _Setting) -> CostModel:
    """Fit both methods to short runs; under a second on a processor."""
    n = 2048 if setting.kernels else 768  # some milliseconds
    runs = [(128, 2), (n, 2), (n, 16)]
    exact = _fit([(1.0, n * n, n * n * d) for n, d in runs], [_exact(setting, n, d, ("X",)) for n, d in runs])
    keys = _exact(setting, n, 16, ("X", "A2", "A3")) / _exact(setting, n, 16, ("X",))
    fast: dict[str, tuple[float, ...]] = {}
    pruned: dict[str, tuple[float, ...]] = {}
    sizes = [(64, 2, 1), (4096, 2, 2), (4096, 8, 1), (4096, 8, 3), (2048, 4, 5)]
    for dtype in (setting.xp.float32, setting.accumulator):
        counts: list[tuple[float, ...]] = []
        for n, d, degree in sizes:
            products = _products(d, degree, setting.kernels)
            counts.append((1.0, n, n * feature_count(d, degree), n * products))
        times = [_fast(setting, n, d, degree, dtype, ("X",)) for n, d, degree in sizes]
        name = dtype_text(dtype)
        fast[name] = pruned[name] = _fit(counts, times)
        if setting.kernels:
            expansions = [_some(d, degree) for _, d, degree in sizes]
            counts = []
            for (n, d, _), expansion in zip(sizes, expansions, strict=True):
                features = expansion.monomials.count
                counts.append((1.0, n, n * features, n * features * (1 + d) ** 2))
            times = [
                _fast(setting, n, d, degree, dtype, ("X",), expansion)
                for (n, d, degree), expansion in zip(sizes, expansions, strict=True)
            ]
            pruned[name] = _fit(counts, times)
    dtype = setting.accumulator
    fast_keys = _fast(setting, 4096, 8, 2, dtype, ("X", "A2", "A3")) / _fast(
        setting, 4096, 8, 2, dtype, ("X",)
    )
    return CostModel(
        exact=(exact[0], exact[1], exact[2]),
        exact_keys=max(1.0, keys),
        fast={name: (found[0], found[1], found[2], found[3]) for name, found in fast.items()},
        pruned={name: (found[0], found[1], found[2], found[3]) for name, found in pruned.items()},
        fast_keys=max(1.0, fast_keys),
        kernels=setting.kernels,
    )


def _fit(counts: Sequence[tuple[float, ...]], times: list[float]) -> tuple[float, ...]:
    """Coefficients, none negative, with the least squares of relative errors."""
    table, target = np.asarray(counts) / np.asarray(times)[:, None], np.ones(len(times))
    scale = np.max(table, axis=0)
    kept = list(range(table.shape[1]))
    while True:
        solution = np.linalg.lstsq(table[:, kept] / scale[kept], target)[0] / scale[kept]
        if np.all(solution >= 0) or len(kept) == 1:
            found = np.zeros(table.shape[1])
            found[kept] = np.maximum(solution, 0.0)
            return tuple(found.tolist())
        kept.remove(kept[int(np.argmin(solution * scale[kept]))])


def _exact(setting: _Setting, n: int, d: int, wrt: tuple[str, ...]) -> float:
    problem = _problem(setting, n, d)
    return _least_seconds(lambda: exact_solution(problem, wrt), setting.kernels)


def _some(d: int, degree: int) -> Expansion:
    """About half of the monomials, as data of which some columns count less would have them."""
    sizes = np.exp2(-np.outer(np.arange(d) / d, np.arange(degree + 1)))
    exponents = pruned_exponents(sizes, degree, math.sqrt(feature_count(d, degree)) / 4, 1 << 16)
    assert exponents is not None
    identity = np.eye(d)
    return Expansion.of(Axes(identity, identity, np.ones(d), 0 * identity, math.inf), exponents)


def _fast(
    setting: _Setting,
    n: int,
    d: int,
    degree: int,
    dtype: Any,
    wrt: tuple[str, ...],
    expansion: Expansion | None = None,
) -> float:
    problem = _problem(setting, n, d)
    where = frame(problem)
    return _least_seconds(
        lambda: fast_solution(
            problem, wrt, _TAYLOR[: degree + 1], where, expansion=expansion, block_dtype=dtype
        ),
        setting.kernels,
    )


def _problem(setting: _Setting, n: int, d: int) -> Problem:
    rng = np.random.default_rng(0)

    def array(*shape: int) -> Any:
        return setting.xp.asarray(rng.uniform(-0.5, 0.5, shape), dtype=setting.dtype, device=setting.device)

    return Problem(array(n, d), array(n, d), array(n, d), array(n, d), array(d, d), array(d, d))


def _least_seconds(run: Callable[[], Solution], compiled: bool) -> float:
    """The shortest of a few runs, of which the first also compiles and allocates."""
    if compiled:
        run()  # takes seconds where nothing was compiled before
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        for gradient in run().gradients.values():
            to_numpy(gradient)  # a device works on while the call has returned
        times.append(time.perf_counter() - start)
        if sum(times) > _ENOUGH_SECONDS:
            break
    return min(times)
