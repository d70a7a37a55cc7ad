"""A report of a run that never was."""

from __future__ import annotations

from typing import Any


def _times(seconds: float) -> dict[str, Any]:
    return {"best": seconds / 2, "median": seconds, "worst": 2 * seconds, "rounds": 3}


def _fast(sweeps: float, whole: float, error: float) -> dict[str, Any]:
    errors = {"of rows of dL/dQ": 2 * error, "of dL/dX": error}
    return {"whole call": _times(whole), "sweeps alone": _times(sweeps), "relative error": errors}


def _baseline(seconds: float, **more: Any) -> dict[str, Any]:
    return {"whole call": _times(seconds), "relative error": {"of rows of dL/dQ": 1e-7}} | more


def report() -> dict[str, Any]:
    """One with every kind of cell."""
    block = {"queries measured": 1024, "scaled by": 128.0}
    sizes = {"data": "uniform", "d": 8, "B": 1.0, "dtype": "float32", "rows of dL/dQ": 512}
    large = {
        "SDPA, autograd": _baseline(100.0, **block),
        "exact, fused": _baseline(20.0, **block),
        "fast, fused, degree 2": _fast(0.02, 0.05, 9e-4),
        "fast, fused, degree 3": _fast(0.04, 0.08, 8e-5),
        "fast, NumPy, degree 2": _fast(0.001, 0.001, 9e-4),
    }
    baseline = {"SDPA, autograd": _baseline(5.0), "exact, fused": _baseline(2.5)}
    share = {"n": 2**20, "features": 495, "fused": {"share": {"best": 0.7, "median": 0.625}}}
    rows = [
        {"n": n, "error": error, "sdpa": _times(1.0)} | _fast(0.1, 0.1, error)
        for n, error in ((256, 1e-3), (512, 2e-4))
    ]
    part = {
        "seconds": {"1024": _times(0.1), "2048": _times(0.2)},
        "slope": {"mean": 1.0, "low": 0.9, "high": 1.1, "confidence": 0.95, "by round": [1.0], "bend": 1.25},
    }
    larger = {"n": 64, "d": 8, "B": 4.08, "B in sqrt(ln n)": 2.0, "rtol": 1e-2, "auto chose": "exact"}
    larger |= {"seconds": {"exact": _times(0.1), "auto": _times(0.1)}, "fast refused": "no degree"}
    return {
        "environment": {
            "machine": "x86-64",
            "processor": None,
            "cpus": 2,
            "python": "3.11.0",
            "date": "2026-01-02",
            "versions": {"numpy": "2.0", "numba": None},
        },
        "load": {
            "load average at start": 0.1,
            "load average at end": 1.5,
            "processors used by this run": 1.4,
            "processors used by others": 0.1,
            "loaded machine": False,
        },
        "left out": ["clustered"],
        "cells": {
            "large": sizes | {"n": 2**17, "exact baselines": "a block", "methods": large},
            "baseline": sizes | {"n": 2**15, "exact baselines": "all queries", "methods": baseline},
            "share": share,
            "from n": {"degree": 3, "rows": rows, "from n": {"sweeps alone": 256, "whole call": None}},
            "ranks": [{"n": 1024, "k over rank": 1.5}, {"n": 1024, "k over rank": 3.5}],
            "slope": {
                "sizes": [1024, 2048],
                "degree": 3,
                "d": 8,
                "B": 1.0,
                "computed by": "compiled kernels",
                "sweeps alone": part,
                "whole call": part,
            },
            "B sweep": [larger],
            "memory": [
                {"n": 8192, "method": "FAVOR+", "bytes": 2**21},
                {"n": 1, "method": "x", "bytes": None},
            ],
        },
    }
