"""What explains a mismatch: hypotheses about the gradient, tried on the measured derivative.

Each hypothesis says what the gradient would be without the mistake; the first that leaves no more than the
errors of measurement, or a ten-thousandth of the mismatch, is the answer.  Simple ones come first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from proofcheck.errors import UserInputError
from proofcheck.gradcheck.factors import recognised
from proofcheck.gradcheck.geometry import Point
from proofcheck.gradcheck.inputs import Block
from proofcheck.gradcheck.probe import BEYOND, Coordinates, Probe
from proofcheck.gradcheck.result import Attribution
from proofcheck.gradcheck.subject import Subject
from proofcheck.loading import one_line

__all__ = ["attribute", "term_vectors"]

Values = np.ndarray[Any, Any]
_LEFT = 1e-4
_SAMPLE = 600
# Relative errors that sums in these formats leave, and how they are called.
_FORMATS = (("float16", np.float16, 2.0**-11), ("float32", np.float32, 2.0**-24))


@dataclass(frozen=True)
class _Evidence:
    """What is known of one input, or of all.

    Attributes:
        derivative, gradient: in the inputs' own units.
        scale: of each coordinate; times it, both are in units of the loss.
        known: which derivatives were measured.
        error: of the measurement and of rounding, in units of the loss.
        shape: of the input; flat for all.
    """

    derivative: Values
    gradient: Values
    scale: Values
    known: Values
    error: Values
    shape: tuple[int, ...]

    def gap(self, gradient: Values) -> Values:
        """|gradient − derivative| in units of the loss; 0 where nothing was measured."""
        with np.errstate(over="ignore", invalid="ignore"):
            gap = np.abs(gradient - self.derivative) * self.scale
        found: Values = np.where(self.known, np.nan_to_num(gap, nan=math.inf), 0.0)
        return found

    @property
    def wrong(self) -> Values:
        """Coordinates that differ."""
        found: Values = self.known & (self.gap(self.gradient) > BEYOND * self.error)
        return found

    def left(self, gradient: Values) -> float | None:
        """What a mended gradient leaves of the mismatch; None if that is too much to explain it."""
        before = float(np.max(self.gap(self.gradient)))
        after = float(np.max(self.gap(gradient)))
        enough = max(BEYOND * float(np.max(self.error, where=self.known, initial=0.0)), _LEFT * before)
        return after / before if after <= min(enough, before / 8) else None

    def ratio(self, gradient: Values) -> float:
        """The c that brings c·gradient nearest to the derivative."""
        g, d = (gradient * self.scale)[self.known], (self.derivative * self.scale)[self.known]
        size = float(np.max(np.abs(g), initial=0.0))
        if not 0 < size < math.inf:
            return math.nan
        return float((d / size) @ (g / size) / ((g / size) @ (g / size)))


def attribute(
    probe: Probe, rows: Coordinates | None, terms: Mapping[str, Any], *, digits: bool
) -> Attribution | None:
    """The simplest hypothesis that explains the mismatch; None if none does."""
    if rows is None:
        size = probe.flat.size
        sample = np.unique(np.linspace(0, size - 1, min(size, _SAMPLE)).astype(int))
        rows = probe.coordinates(sample.tolist())
    whole = _evidence(probe, rows, None)
    blocks = [(b, _evidence(probe, rows, b)) for b in probe.subject.inputs.blocks]
    wrong = [(b, one) for b, one in blocks if np.any(one.wrong)]
    if not wrong:
        return None
    found = _first(probe, whole, wrong, len(blocks), terms)
    if probe.point.name == "given":
        return found
    text = f"right at the inputs given, wrong at the point {probe.point.name}"
    if found is None:
        return Attribution("point", text, 1.0, data={"point": probe.point.name})
    return replace(found, text=f"{text}: {found.text}", data={**found.data, "point": probe.point.name})


def _evidence(probe: Probe, rows: Coordinates, block: Block | None) -> _Evidence:
    part = slice(None) if block is None else block.within
    scale = probe.scale[part]
    derivative = rows.derivative[part] / scale
    known = np.isfinite(derivative) & np.isfinite(rows.radius[part]) & ~rows.kinks[part]
    error = np.where(known, rows.radius[part] + rows.rounding[part], 0.0)
    shape = (scale.size,) if block is None else block.shape
    return _Evidence(np.where(known, derivative, 0.0), probe.grad[part], scale, known, error, shape)


def _first(
    probe: Probe,
    whole: _Evidence,
    wrong: list[tuple[Block, _Evidence]],
    count: int,
    terms: Mapping[str, Any],
) -> Attribution | None:
    shapes = [b.shape for b in probe.subject.inputs.blocks]
    if len(wrong) == count:
        found = _factor(whole, shapes, None)
        if found is not None:
            return found
    if len(wrong) == 1 or count == 1:
        block, one = wrong[0]
        name = block.name if count > 1 else None
        found = _zero(one, block.name) or _factor(one, shapes, name) or _moved(one, shapes, name)
        if found is not None:
            return found
    found = _terms(probe, whole, terms)
    if found is not None:
        return found
    for block, one in wrong:
        name = block.name if count > 1 else None
        for hypothesis in (_zero(one, block.name), _factor(one, shapes, name), _moved(one, shapes, name)):
            if hypothesis is not None:
                return hypothesis
        found = (
            _part(one, block, shapes) or _constant(one, name) or _lower(probe, one, name) or _sums(one, name)
        )
        if found is not None:
            return found
    return None


def _zero(one: _Evidence, name: str) -> Attribution | None:
    if np.any(one.gradient) or (one.gradient.size < 2 and not one.shape):
        return None
    return Attribution("detached", f"the gradient in {name} is 0 everywhere: a detached branch", 0.0, name)


def _factor(one: _Evidence, shapes: list[tuple[int, ...]], block: str | None) -> Attribution | None:
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


def _moved(one: _Evidence, shapes: list[tuple[int, ...]], block: str | None) -> Attribution | None:
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


def _moves(one: _Evidence) -> Iterator[tuple[str, str, Values]]:
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


def _part(one: _Evidence, block: Block, shapes: list[tuple[int, ...]]) -> Attribution | None:
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
        why = _factor(inside, shapes, None) or _moved(inside, shapes, None)
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


def _row(one: _Evidence, axis: int, row: int) -> _Evidence:
    def take(values: Values) -> Values:
        taken: Values = np.take(values.reshape(one.shape), row, axis).reshape(-1)
        return taken

    return _Evidence(
        derivative=take(one.derivative),
        gradient=take(one.gradient),
        scale=take(one.scale),
        known=take(one.known),
        error=take(one.error),
        shape=one.shape[:axis] + one.shape[axis + 1 :],
    )


def _outside(one: _Evidence, wrong: Values) -> float:
    """What is left of the mismatch elsewhere."""
    gap = one.gap(one.gradient)
    rest = np.ones(gap.size, dtype=bool)
    rest[wrong] = False
    return float(np.max(gap[rest], initial=0.0) / np.max(gap))


def _terms(probe: Probe, whole: _Evidence, terms: Mapping[str, Any]) -> Attribution | None:
    """The fewest of the given terms whose combination is what the gradient lacks."""
    vectors = term_vectors(probe.subject, probe.point, terms)
    lacking = (whole.derivative - whole.gradient) * whole.scale
    size = float(np.max(np.abs(lacking[whole.known]), initial=0.0))
    if not vectors or not 0 < size < math.inf:
        return None
    for count in range(1, len(vectors) + 1):
        if count > 3:
            break
        fits = []
        for chosen in itertools.combinations(vectors, count):
            matrix = np.stack([(vectors[name] * whole.scale)[whole.known] for name in chosen], axis=1)
            norms = np.max(np.abs(matrix), axis=0)
            if not np.all((norms > 0) & np.isfinite(norms)):
                continue
            solution, *_ = np.linalg.lstsq(matrix / norms, lacking[whole.known] / size, rcond=None)
            factors = solution * size / norms
            mended = whole.gradient + sum(f * vectors[name] for f, name in zip(factors, chosen, strict=True))
            left = whole.left(mended)
            if left is not None:
                fits.append((sum(abs(abs(f) - 1) > 1e-4 for f in factors), left, chosen, factors))
        if fits:
            _, left, chosen, factors = min(fits, key=lambda fit: fit[:2])
            shapes = [b.shape for b in probe.subject.inputs.blocks]
            text = "; ".join(
                _of_term(name, float(f), shapes) for name, f in zip(chosen, factors, strict=True)
            )
            data = {name: float(f) for name, f in zip(chosen, factors, strict=True)}
            return Attribution("term", text, left, None, data)
    return None


def _of_term(name: str, factor: float, shapes: list[tuple[int, ...]]) -> str:
    known, words = recognised(factor, shapes)
    if known == 1 or abs(factor - 1) < 1e-6:
        return f"missing term '{name}'"
    if known == -1:
        return f"term '{name}' is there once too often"
    if known == 2:
        return f"term '{name}' has the wrong sign"
    return f"missing {words} times the term '{name}'"


def term_vectors(subject: Subject, point: Point, terms: Mapping[str, Any]) -> dict[str, Values]:
    """The terms at a point, each as one vector in the inputs' own units; arrays are of the point given.

    Raises:
        UserInputError: a term that raises or does not have the structure of the gradient.
    """
    found = {}
    inputs = subject.inputs
    for name, term in terms.items():
        if not callable(term) and point.name != "given":
            continue
        try:
            value = inputs.call(subject.library.prepare(term, None), point.flat) if callable(term) else term
            parts = subject.parts(value)
            arrays = [np.asarray(subject.library.to_numpy(part), dtype=np.float64) for part in parts]
        except UserInputError as error:
            raise UserInputError(
                f"terms[{name!r}]: {str(error).replace('grad returned', 'it is', 1)}"
            ) from error
        except Exception as error:
            raise UserInputError(f"terms[{name!r}] raised {one_line(error)}") from error
        for block, array in zip(inputs.blocks, arrays, strict=True):
            if array.shape != block.shape:
                raise UserInputError(
                    f"terms[{name!r}] has shape {array.shape} for {block.name}; expected {block.shape}"
                )
        vector = np.concatenate([array.reshape(-1) for array in arrays])
        if np.all(np.isfinite(vector)):
            found[name] = vector
    return found


def _lower(probe: Probe, one: _Evidence, block: str | None) -> Attribution | None:
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


def _constant(one: _Evidence, block: str | None) -> Attribution | None:
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


def _sums(one: _Evidence, block: str | None) -> Attribution | None:
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
