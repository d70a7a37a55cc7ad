"""A mismatch as a few lines of Python: one coordinate, at the plainest inputs that still show it."""

from __future__ import annotations

import inspect
import math
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proofcheck.gradcheck.inputs import Block
from proofcheck.gradcheck.probe import Probe
from proofcheck.gradcheck.result import Agreement, Finding, FindingKind
from proofcheck.gradcheck.subject import Subject, UnavailableError

__all__ = ["reproducer"]

Values = np.ndarray[Any, Any]
# Up to this many entries are written out.
_LISTED = 64


def reproducer(probe: Probe, findings: Sequence[Finding]) -> str | None:
    """The text; None if no single coordinate shows the mismatch or the library has no arrays to write.

    It computes the central difference along the coordinate that differs most clearly, at the step at which
    rounding and truncation are both small against the mismatch, and prints it beside the entry of the
    gradient.
    """
    subject = probe.subject
    if subject.library.name == "SymPy":
        return None
    wrong = [
        f
        for f in findings
        if f.kind is FindingKind.COORDINATE
        and f.agreement is Agreement.DIFFERS
        and f.point == probe.point.name
    ]
    if not wrong:
        return None
    position = next(k for k in range(probe.flat.size) if subject.inputs.coordinate(k) == wrong[0].place)
    flat, step = _plainest(probe, position)
    block = subject.inputs.block_of(position)
    lines = [*_functions(subject), "", *_inputs(subject, flat)]
    lines += _comparison(subject, block, position, flat, step)
    return "\n".join(lines) + "\n"


def _difference(subject: Subject, flat: Values, position: int, step: float) -> tuple[float, float]:
    """The central difference and the gradient's entry."""
    plus, minus = flat.copy(), flat.copy()
    plus[position] += step
    minus[position] -= step
    try:
        gradient = float(subject.grad(flat)[position])
    except UnavailableError:
        return math.nan, math.nan
    return float((subject.loss(plus) - subject.loss(minus)) / (plus[position] - minus[position])), gradient


def _plainest(probe: Probe, position: int) -> tuple[Values, float]:
    """The plainest inputs at which one difference still shows the mismatch, with its step."""
    _, before = _best(probe, probe.flat, position)
    for candidate in _candidates(probe.flat, position):
        if probe.domain.given and not probe.domain.has(candidate):
            continue
        step, clear = _best(probe, candidate, position)
        # A mismatch that nearly drowns is no demonstration.
        if clear > min(before, 1e3) / 2 and clear > 4:
            return candidate, step
    return probe.flat, _best(probe, probe.flat, position)[0]


def _candidates(flat: Values, position: int) -> Iterator[Values]:
    here = flat[position]
    rounded = np.array([float(f"{value:.2g}") for value in flat])
    own = (rounded[position], here)
    for value in own:
        for rest in (0.0, 1.0):
            made = np.full(flat.shape, rest)
            made[position] = value
            yield made
    yield rounded


def _best(probe: Probe, flat: Values, position: int) -> tuple[float, float]:
    """The step at which the mismatch stands most clearly above the error of the difference; how clearly."""
    subject = probe.subject
    unit = float(probe.scale[position])
    best, clear = unit * 2.0**-12, 0.0
    last = None
    for power in range(4, 26, 3):
        step = unit * 2.0**-power
        derivative, gradient = _difference(subject, flat, position, step)
        if not (math.isfinite(derivative) and math.isfinite(gradient)):
            last = None
            continue
        if last is not None:
            change = abs(derivative - last) + 2.0**-52 * abs(derivative)
            found = (
                abs(derivative - gradient) / change
                if change
                else (math.inf if derivative != gradient else 0.0)
            )
            if found > clear:
                best, clear = step, found
        last = derivative
    return best, clear


def _functions(subject: Subject) -> list[str]:
    """How the script gets at the two functions: by import, else by their source."""
    lines: list[str] = []
    for role in ("loss", "grad"):
        lines += _function(subject.functions[role], role)
    needs = [need for need in subject.library.needs if need not in lines]
    if subject.library.name == "xp":
        needs.append("from proofcheck.namespaces.strict import Array, StrictNamespace")
    return [
        *dict.fromkeys([*needs, *(line for line in lines if line.startswith(("import", "from", "sys.path")))])
    ] + [line for line in lines if not line.startswith(("import", "from", "sys.path"))]


def _function(function: Callable[..., Any], role: str) -> list[str]:
    name = getattr(function, "__qualname__", "")
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is not None and module.__name__ != "__main__" and name.isidentifier() and hasattr(module, name):
        known = f"from {module.__name__} import {name}"
        lines = []
        file = getattr(module, "__file__", None)
        if file and "." not in module.__name__ and "site-packages" not in file and "/lib/python" not in file:
            lines = ["import sys", f"sys.path.insert(0, {str(Path(file).parent)!r})"]
        return [*lines, known if name == role else f"{known} as {role}"]
    if inspect.isfunction(function) and not function.__closure__ and name.rpartition(".")[2].isidentifier():
        try:
            source = textwrap.dedent(inspect.getsource(function)).rstrip()
        except (OSError, TypeError):
            source = ""
        if source.startswith("def "):
            own = name.rpartition(".")[2]
            return ["", *source.splitlines(), *([] if own == role else [f"{role} = {own}"])]
    return [f"{role} = ...  # the function that was checked: {name or type(function).__name__}"]


def _inputs(subject: Subject, flat: Values) -> list[str]:
    """Assignments of the inputs, exact."""
    inputs = subject.inputs
    lines: list[str] = []
    for number, block in enumerate(inputs.blocks):
        lines += _array(_variable(number, block), flat[block.within].reshape(block.shape))
    for name, value in inputs.fixed.items():
        if name.isidentifier():
            try:
                values = np.asarray(subject.library.to_numpy(value))
            except Exception:
                lines.append(f"{name} = ...  # as it was given")
                continue
            if values.dtype.kind in "iu" and values.shape == ():
                lines.append(f"{name} = {int(values)}")
            else:
                lines += _array(name, values)
    return lines


def _variable(number: int, block: Block) -> str:
    return block.name if block.name.isidentifier() and block.name not in ("loss", "grad") else f"x{number}"


def _array(name: str, values: Values) -> list[str]:
    if values.size <= _LISTED:
        return [f"{name} = np.array({values.tolist()!r})"]
    common, counts = np.unique(values, return_counts=True)
    rest = float(common[np.argmax(counts)])
    others = np.argwhere(values != rest)
    if len(others) > _LISTED:
        return [f"{name} = np.array({values.tolist()!r})"]
    lines = [f"{name} = np.full({values.shape!r}, {rest!r})"]
    return lines + [
        f"{name}[{', '.join(map(str, at.tolist()))}] = {float(values[tuple(at)])!r}" for at in others
    ]


def _comparison(subject: Subject, block: Block, position: int, flat: Values, step: float) -> list[str]:
    inputs = subject.inputs
    code = "Array({})" if subject.library.name == "xp" else subject.library.code
    names = [_variable(k, b) for k, b in enumerate(inputs.blocks)]
    fixed = [
        f"{name}={code.format(name) if _is_array(value) else name}" for name, value in inputs.fixed.items()
    ]
    if inputs.structure == "dict":
        passed = [f"{b.key}={code.format(name)}" for b, name in zip(inputs.blocks, names, strict=True)]
    else:
        passed = [code.format(name) for name in names]
    first = ["StrictNamespace(float, vectorised=True)"] if subject.library.name == "xp" else []
    call = ", ".join([*first, *passed, *fixed])
    name = names[inputs.blocks.index(block)]
    index = np.unravel_index(position - block.start, block.shape) if block.shape else ()
    at = f"[{', '.join(str(int(k)) for k in index)}]" if block.shape else "[()]"
    derivative, gradient = _difference(subject, flat, position, step)
    part = "" if inputs.structure == "one" else f"[{block.key!r}]"
    entry = f"grad({call}){'' if subject.bare else part}"
    entry += ".values" if subject.library.name == "xp" else ""
    values = "float({}.values)" if subject.library.name == "xp" else "float({})"
    return [
        f"here, step = {name}{at}.item(), {step!r}"
        if block.shape
        else f"here, step = {name}.item(), {step!r}",
        f"gradient = float(np.asarray({entry}){at})"
        if subject.library.name != "torch"
        else f"gradient = float({entry}{at})",
        f"{name}{at} = here + step",
        f"above = {values.format(f'loss({call})')}",
        f"{name}{at} = here - step",
        f"below = {values.format(f'loss({call})')}",
        f"print('derivative', (above - below) / (2 * step))  # {derivative!r}",
        f"print('gradient  ', gradient)  # {gradient!r}",
    ]


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray)
