"""The speed of a matrix product, by a clock that is made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from proofcheck.doctor import peak
from proofcheck.doctor.peak import gemm, gemm_peak


def _clock(lasting: Callable[[int], float], ran: list[int]) -> Callable[[], float]:
    """Seconds by which every product that was run lasts so long, by its order."""

    def now() -> float:
        return sum(map(lasting, ran))

    return now


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The orders of the products that were run, none of which takes time."""
    orders: list[int] = []

    def made(order: int, dtype: Any, rng: np.random.Generator) -> Callable[[], None]:
        return lambda: orders.append(order)

    monkeypatch.setattr(peak, "gemm", made)
    return orders


def test_the_product_is_the_product() -> None:
    found = gemm(3, np.float32, np.random.default_rng(5))()
    rng = np.random.default_rng(5)
    left, right = (rng.standard_normal((3, 3)) for _ in range(2))
    expected = [[sum(left[i, k] * right[k, j] for k in range(3)) for j in range(3)] for i in range(3)]
    assert found.dtype == np.float32
    # Factors, products and two sums are rounded, 2^-24 each; so 5 of these of the sum of absolute values.
    allowed = 5 * 2**-24 * (np.abs(left) @ np.abs(right)).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=allowed)


def test_operations_over_seconds(ran: list[int]) -> None:
    # At 1 GFLOP/s a product of order 128 takes 4.2 ms and one of order 256 34 ms: that is long enough.
    found = gemm_peak("float64", np.random.default_rng(0), clock=_clock(lambda n: 2e-9 * n**3, ran))
    assert ran[:8] == [128] * 4 + [256] * 4
    assert set(ran[8:]) == {256}
    assert (found.dtype, found.order, found.runs) == ("float64", 256, len(ran) - 8)
    assert found.runs == -(-0.5 // (2e-9 * 256**3))
    assert (found.best, found.median) == (1.0, 1.0)


def test_best_and_median_differ_where_times_do(ran: list[int]) -> None:
    # Products take 1, 2, 3, 4 and 5 times as long as at 1000 GFLOP/s, in turn.
    lengths = [(1 + k % 5) * 2e-12 * 1024**3 for k in range(1000)]
    found = gemm_peak("float32", np.random.default_rng(0), clock=lambda: sum(lengths[: len(ran)]))
    assert (found.order, found.best, found.median) == (1024, 1000.0, 333.0)


def test_a_product_that_was_disturbed_does_not_choose_the_order(ran: list[int]) -> None:
    # Every third takes a second more, as on a machine that others use.
    lengths = [2e-12 * 1024**3 + (k % 3 == 1) for k in range(1000)]
    found = gemm_peak("float32", np.random.default_rng(0), clock=lambda: sum(lengths[: len(ran)]))
    assert (found.order, found.best) == (1024, 1000.0)


def test_three_are_timed_however_slow(ran: list[int]) -> None:
    found = gemm_peak("float64", np.random.default_rng(0), clock=_clock(lambda n: 9.0, ran))
    assert (found.order, found.runs, ran) == (128, 3, [128] * 7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_real_one(dtype: str) -> None:
    found = gemm_peak(dtype, np.random.default_rng(0), seconds=0.01)
    assert found.dtype == dtype
    assert found.best >= found.median > 0
    assert found.runs >= 3
