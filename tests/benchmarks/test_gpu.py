"""The GPU's benchmark says that there is none, and measures on what stands for one."""

from __future__ import annotations

import pytest

import gpu


def test_without_a_gpu_it_says_so_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "devices", lambda libraries: [])
    assert gpu.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["no GPU that CuPy, torch or JAX can use; nothing was measured"]


def test_what_cannot_start_has_no_device(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("no driver\nat all")

    def missing() -> None:
        raise ModuleNotFoundError("cupy")

    monkeypatch.setattr(gpu, "_LIBRARIES", {"cupy": missing, "torch": broken, "jax": lambda: None})
    assert gpu.devices(["cupy", "torch", "jax"]) == []
    assert capsys.readouterr().err == "torch: RuntimeError: no driver\n"


@pytest.mark.parametrize("library", ["torch", pytest.param("jax", marks=pytest.mark.slow)])
def test_it_runs_on_what_stands_for_a_device(library: str) -> None:
    device = gpu.on_device(library, "cpu")
    assert device is not None
    row = gpu.measured(device, 256, 2, 1)
    names = {"fast, degree 2", "exact"} | ({"SDPA, autograd"} if library == "torch" else set())
    assert set(row["whole call"]) == names
    errors = row["error of dL/dX against exact"]
    assert 0 < errors["fast, degree 2"] < 1e-2
    assert library == "jax" or errors["SDPA, autograd"] < 1e-4
    assert 0 < row["numbers to the host"]["at once"] <= row["numbers to the host"]["in all"]
