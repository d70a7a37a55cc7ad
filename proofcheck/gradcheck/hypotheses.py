"""Hypotheses about a mismatch: what the gradient would be without one mistake, tried on the evidence.

Each answers None where it does not explain the mismatch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from proofcheck.gradcheck.evidence import Evidence
from proofcheck.gradcheck.factors import recognised
from proofcheck.gradcheck.inputs import Block
from proofcheck.gradcheck.result import Attribution

__all__ = ["Shapes", "confined", "constant", "detached", "factor", "lower_precision", "moved", "wrong_sums"]

Values = np.ndarray[Any, Any]

#: Of all inputs: factors are recognised as functions of them.
Shapes = list[tuple[int, ...]]

# Relative errors that sums in these formats leave, and how they are called.
_FORMATS = (("float16", np.float16, 2.0**-11), ("float32", np.float32, 2.0**-24))


def detached(one: Evidence, name: str) -> Attribution | None:
    """The gradient is 0 everywhere."""
    if np.any(one.gradient) or (one.gradient.size < 2 and not one.shape):
        return None
    return Attribution("detached", f"the gradient in {name} is 0 everywhere: a detached branch", 0.0, name)


def factor(one: Evidence, shapes: Shapes, block: str | None) -> Attribution | None:
    """A factor that is missing, or the sign."""
    ratio = one.ratio(one.gradient)
    left = one.left(ratio * one.gradient) if math.isfinite(ratio) else None
    if left is None or ratio == 0:
        return None
    known, words = recognised(ratio, shapes)
    if known is None and np.count_nonzero(one.known & (one.gradient != 0)) < 2:
        return None  # any two numbers differ by a factor
    if known is not None:
        left = one.left(known * one.gradient)
        if left is None:
            known, words, left = None, f"{ratio:.10g}", one.left(ratio * one.gradient)
            assert left is not None
    kind = "sign" if known == -1 else "factor"
    text = "wrong sign" if kind == "sign" else f"missing factor {words}"
    return Attribution(kind, text, left, block, {"factor": ratio})


def moved(one: Evidence, shapes: Shapes, block: str | None) -> Attribution | None:
    """Entries that are right but in the wrong places, perhaps times a factor."""
    for kind, text, candidate in _moves(one):
        left = one.left(candidate)
        if left is not None:
            return Attribution(kind, text, left, block)
        ratio = one.ratio(candidate)
        left = one.left(ratio * candidate) if math.isfinite(ratio) and ratio else None
        if left is not None:
            _, words = recognised(ratio, shapes)
            return Attribution(kind, f"{text}, and missing factor {words}", left, block, {"factor": ratio})
    return None


def _moves(one: Evidence) -> Iterator[tuple[str, str, Values]]:
    shape = one.shape
    array = one.gradient.reshape(shape)
    if len(shape) >= 2:
        yield "transpose", "transposed", np.reshape(array, shape[::-1]).T.reshape(-1)
        for axis in range(len(shape) - 1):
            if shape[axis] == shape[axis + 1]:
                yield (
                    "transpose",
                    f"axes {axis} and {axis + 1} exchanged",
                    array.swapaxes(axis, axis + 1).reshape(-1),
                )
    for axis, size in enumerate(shape):
        if size < 2:
            continue
        for shift in (1, -1):
            name = f"off by one along axis {axis}"
            yield "shift", name, np.roll(array, shift, axis).reshape(-1)
        if size > 2:
            yield "reversed", f"reversed along axis {axis}", np.flip(array, axis).reshape(-1)
    if len(shape) >= 2:
        for shift in (1, -1):
            yield "shift", "off by one in the order of entries", np.roll(one.gradient, shift)


def confined(one: Evidence, block: Block, shapes: Shapes) -> Attribution | None:
    """A mismatch that is confined to one entry, row, column or the like."""
    wrong = np.flatnonzero(one.wrong)
    if wrong.size == 1 and one.gradient.size > 1:
        k = int(wrong[0])
        text = f"wrong at {block.coordinate(block.start + k)} only"
        if one.gradient[k]:
            known, words = recognised(float(one.derivative[k] / one.gradient[k]), shapes)
            text += f": missing factor {words}" if known is not None and known != -1 else ""
            text += ": wrong sign" if known == -1 else ""
        return Attribution(
            "coordinate", text, _outside(one, wrong), block.name, {"coordinate": block.start + k}
        )
    index = np.unravel_index(wrong, one.shape) if one.shape else ()
    for axis, along in enumerate(index):
        values = np.unique(along)
        if len(one.shape) < 2 or values.size != 1 or one.shape[axis] < 2:
            continue
        row = int(values[0])
        what = (
            {0: "row", 1: "column"}.get(axis, f"slice of axis {axis},")
            if len(one.shape) == 2
            else f"axis {axis}, index"
        )
        text = f"wrong in {what} {row} of {block.name} only"
        inside = _row(one, axis, row)
        why = factor(inside, shapes, None) or moved(inside, shapes, None)
        if why is not None:
            text += f": {why.text}"
        return Attribution(
            "row" if axis == 0 else "column", text, _outside(one, wrong), block.name, {"index": row}
        )
    if (
        wrong.size
        and one.gradient.size >= 8
        and wrong[-1] - wrong[0] + 1 == wrong.size <= one.gradient.size // 2
    ):
        first, last = (block.coordinate(block.start + int(k)) for k in (wrong[0], wrong[-1]))
        return Attribution("range", f"wrong from {first} to {last} only", _outside(one, wrong), block.name)
    return None


def _row(one: Evidence, axis: int, row: int) -> Evidence:
    def take(values: Values) -> Values:
        taken: Values = np.take(values.reshape(one.shape), row, axis).reshape(-1)
        return taken

    return Evidence(
        derivative=take(one.derivative),
        gradient=take(one.gradient),
        scale=take(one.scale),
        known=take(one.known),
        error=take(one.error),
        shape=one.shape[:axis] + one.shape[axis + 1 :],
    )


def _outside(one: Evidence, wrong: Values) -> float:
    """What is left of the mismatch elsewhere."""
    gap = one.gap(one.gradient)
    rest = np.ones(gap.size, dtype=bool)
    rest[wrong] = False
    return float(np.max(gap[rest], initial=0.0) / np.max(gap))


def lower_precision(one: Evidence, block: str | None) -> Attribution | None:
    """Errors of the size that a lower precision leaves."""
    size = float(np.max(np.abs(one.derivative * one.scale), where=one.known, initial=0.0))
    relative = float(np.max(one.gap(one.gradient))) / size if size else math.inf
    for name, dtype, unit in _FORMATS:
        with np.errstate(over="ignore", under="ignore"):
            kept = one.gradient.astype(dtype).astype(np.float64)
        held = bool(np.any(one.gradient)) and np.array_equal(kept, one.gradient)
        if unit / 64 < relative < 64 * unit or (held and relative < 4096 * unit):
            text = f"accumulated in {name}: errors of {relative:.1e} of the largest entry"
            if held:
                text += f", and every entry is a number of {name}"
            data = {"relative error": relative, "format": name}
            return Attribution("precision", text, 1.0, block, data)
    return None


def constant(one: Evidence, block: str | None) -> Attribution | None:
    """A mean or sum over an axis, or over all entries, that is missing or is there once too often."""
    if one.gradient.size < 4 or not np.all(one.known):
        return None
    gradient, derivative = one.gradient.reshape(one.shape), one.derivative.reshape(one.shape)
    axes: list[int | None] = [
        None,
        *(axis for axis, size in enumerate(one.shape) if len(one.shape) > 1 and size > 1),
    ]
    for axis in axes:
        mended = gradient + (derivative - gradient).mean(axis=axis, keepdims=True)
        left = one.left(mended.reshape(-1))
        if left is not None:
            where = "everywhere" if axis is None else f"along axis {axis}"
            text = f"off by an amount that is constant {where}: a mean that is missing or should not be there"
            return Attribution("constant", text, left, block, {"axis": axis})
    return None


def wrong_sums(one: Evidence, block: str | None) -> Attribution | None:
    """Sums that are 0 in the derivative along one axis, and in the gradient along another or none."""
    if len(one.shape) < 2 or one.gradient.size < 4 or not np.all(one.known):
        return None
    gradient, derivative = one.gradient.reshape(one.shape), one.derivative.reshape(one.shape)
    for axis in range(len(one.shape)):
        if not _vanishes(derivative, axis) or _vanishes(gradient, axis):
            continue
        for other in range(len(one.shape)):
            if other != axis and _vanishes(gradient, other) and not _vanishes(derivative, other):
                text = (
                    f"its sums along axis {other} are 0 where the derivative's along axis {axis} are: "
                    "normalised over the wrong axis"
                )
                return Attribution("axis", text, 1.0, block, {"axis": axis, "instead": other})
        text = f"the derivative's sums along axis {axis} are 0 and the gradient's are not"
        return Attribution("axis", text, 1.0, block, {"axis": axis})
    return None


def _vanishes(array: Values, axis: int) -> bool:
    """Whether sums along an axis are nothing against the entries."""
    size = float(np.max(np.abs(array)))
    return bool(size) and float(np.max(np.abs((array / size).sum(axis=axis)))) < 1e-6
