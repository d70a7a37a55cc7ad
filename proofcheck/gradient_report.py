"""What ``proofcheck gradient`` reports about a result: as JSON, and as text."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from proofcheck.namespaces.arrays import to_numpy
from proofcheck.numeric.kernels import KERNELS
from proofcheck.versions import installed_version

if TYPE_CHECKING:
    from proofcheck.numeric.result import GradientResult

__all__ = ["as_json", "as_text", "lasting", "report_of"]

#: What depends on how fast the machine is, and would make two runs on the same input differ.
_PASSING = ("reason", "seconds")


def report_of(result: GradientResult, backend: str | None = None, **more: Any) -> dict[str, Any]:
    """A result but for its gradients, with what it was made with; null where a number is not finite.

    Args:
        result: what was computed.
        backend: the library it was computed with; NumPy by default.
        more: what else the report says.
    """
    report = result.to_dict()
    report["largest"] = {name: _largest(array) for name, array in result.gradients.items()}
    report |= more
    libraries = ["numpy", *([backend] if backend not in (None, "numpy") else ())]
    libraries += ["numba"] if result.computed_by == KERNELS else []
    report["versions"] = {"python": platform.python_version(), "proofcheck": installed_version("proofcheck")}
    report["versions"] |= {name: installed_version(name) for name in libraries}
    found: dict[str, Any] = _finite(report)
    return found


def _largest(array: Any) -> float:
    elements = to_numpy(array)
    return max(float(elements.max()), -float(elements.min()))


def _finite(value: Any) -> Any:
    """JSON has no infinities."""
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def lasting(report: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a report that the same inputs give again."""
    return {name: value for name, value in report.items() if name not in _PASSING}


def as_json(report: Mapping[str, Any]) -> str:
    """A report for programs."""
    return json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def as_text(report: Mapping[str, Any]) -> str:
    """A report for readers."""
    seconds, demo = report["seconds"], report.get("demo")
    polynomial = []
    if report["degree"] is not None:
        kind = f"{report['kind']}, degree {report['degree']}"
        along = "" if report["axes"] is None else f" of {report['axes']} principal axes"
        polynomial = [f"polynomial  {kind}, {report['features']} features{along}, in {report['dtype']}"]
    lines = [
        *(() if demo is None else _inputs_of(demo)),
        f"method      {report['method']}: {report['reason']}",
        *polynomial,
        f"computed by {report['computed_by']}",
        f"loss        {report['loss']:.6g}, error at most {_number(report['error_bound'].get('loss'))}",
        *(line for name in report["largest"] for line in _gradient_lines(report, name)),
        f"scale       {_number(report['scale'])} (of dL/dX, if nothing cancelled)",
        f"seconds     {', '.join(f'{name} {value:.3g}' for name, value in seconds.items())}; "
        f"{sum(seconds.values()):.3g} in all",
        *(() if demo is None else _times_of(demo)),
    ]
    return "".join(f"{line}\n" for line in lines)


def _gradient_lines(report: Mapping[str, Any], name: str) -> list[str]:
    """One gradient's size, and what is known of its error."""
    first = f"{f'dL/d{name}':<11} largest entry {_number(report['largest'][name])}"
    first += f", error at most {_number(report['error_bound'].get(name))}"
    estimate = report["error_estimate"].get(name)
    if estimate is None:
        return [first]
    what = {"max": "largest error", "rms": "root mean square error"}.get(estimate["norm"], estimate["norm"])
    interval = f"{_number(estimate['low'])} to {_number(estimate['high'])}"
    return [
        first,
        f"{'':<11} {what} estimated {_number(estimate['value'])}, {interval} "
        f"at {estimate['confidence']:.0%} from {estimate['queries']} queries",
    ]


def _inputs_of(demo: Mapping[str, Any]) -> list[str]:
    """What a demonstration ran on."""
    size = f"n = {demo['n']}, d = {demo['d']}"
    return [
        f"inputs      {size}, float32: A1, A2, A3, E uniform from -{demo['B']:g} to {demo['B']:g}, X = Y = I"
    ]


def _times_of(demo: Mapping[str, Any]) -> list[str]:
    """How long the exact method takes, and whether that was measured or scaled."""
    exact = demo["exact"]
    how = "measured"
    if exact["rows"] < demo["n"]:
        how = f"scaled from {exact['rows']} of {demo['n']} queries in {exact['measured_seconds']:.3g} s"
    ratio = (
        f"{exact['seconds'] / demo['call_seconds']:.3g} times the {demo['call_seconds']:.3g} s of the call"
    )
    return [f"exact       {exact['seconds']:.3g} s, {how}; {ratio}"]


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"
